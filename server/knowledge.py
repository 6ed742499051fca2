"""What the centre knows of a site while it judges: its master records in memory, kept in step by the writer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

from scanner_app.domain.feed_records import ITEM, OPERATOR, PLACE, WATCH, record_of
from scanner_app.domain.masters import Item, Operator, Place, PlaceKind, Watch
from server.records import TASK, Body, decode_body, records_of_kind

if TYPE_CHECKING:
    from server.database import Session
    from server.records import RecordRow

ZONE: Final = "SELECT time_zone FROM site WHERE site_id = ?"
OTHER_SITES: Final = "SELECT site_id FROM site WHERE site_id <> ?"
DAY_MS: Final = 86_400_000
EPOCH: Final = date(1970, 1, 1)
KINDS: Final = (ITEM, PLACE, OPERATOR, WATCH, TASK)


class KnownWatch(NamedTuple):
    """A watch line with the number and time of its row: which devices could know it, and since when it holds."""

    watch: Watch
    n: int
    made_ms: int


class KnownOperator(NamedTuple):
    """An operator, and since when the record is as it is."""

    operator: Operator
    changed_ms: int


@dataclass(slots=True)
class Knowledge:
    """The master records of one site that flags are judged by."""

    zone: ZoneInfo
    other_sites: frozenset[str]
    items: set[str] = field(default_factory=set)
    places: dict[str, PlaceKind] = field(default_factory=dict)
    cages: set[str] = field(default_factory=set)
    operators: dict[str, KnownOperator] = field(default_factory=dict)
    watches: dict[str, dict[str, KnownWatch]] = field(default_factory=dict)
    """By item, then by record."""
    tasks: dict[str, Body] = field(default_factory=dict)
    _item_of_watch: dict[str, str] = field(default_factory=dict)
    _day: tuple[int, date] = (-1, date.min)

    @classmethod
    def load(cls, session: Session, site: str) -> Knowledge:
        """Reads a site's records."""
        row = session.one(ZONE, (site,))
        others = session.all(OTHER_SITES, (site,))
        known = cls(ZoneInfo("UTC" if row is None else row[0]), frozenset(name for (name,) in others))
        for kind in KINDS:
            for each in records_of_kind(session, site, kind):
                known.put(each)
        return known

    def day_after(self, at_ms: int) -> date:
        """A date that is past for nobody at this instant: what expires on it or later needs no closer look."""
        number = at_ms // DAY_MS
        if self._day[0] != number:
            self._day = (number, EPOCH + timedelta(days=number + 2))
        return self._day[1]

    def put(self, row: RecordRow) -> None:
        """Takes a record's new state."""
        if row.kind not in KINDS:
            return
        body = decode_body(row.body) if row.body else None
        if row.kind == TASK:
            self._put_task(row.id, body)
            return
        value = None if body is None else record_of(row.kind, body)
        match row.kind:
            case "item":
                (self.items.add if isinstance(value, Item) else self.items.discard)(row.id)
            case "place":
                self._put_place(row.id, value)
            case "operator":
                self._put_operator(row, value)
            case _:
                self._put_watch(row, value)

    def _put_task(self, task: str, body: Body | None) -> None:
        if body is None:
            self.tasks.pop(task, None)
        else:
            self.tasks[task] = body

    def _put_place(self, code: str, value: object) -> None:
        self.places.pop(code, None)
        self.cages.discard(code)
        if isinstance(value, Place):
            self.places[code] = value.kind
            if value.kind is PlaceKind.CAGE:
                self.cages.add(code)

    def _put_operator(self, row: RecordRow, value: object) -> None:
        if isinstance(value, Operator):
            self.operators[row.id] = KnownOperator(value, row.changed_ms)
        else:
            self.operators.pop(row.id, None)

    def _put_watch(self, row: RecordRow, value: object) -> None:
        former = self._item_of_watch.pop(row.id, None)
        if former is not None:
            del self.watches[former][row.id]
        if isinstance(value, Watch):
            self._item_of_watch[row.id] = value.gtin
            self.watches.setdefault(value.gtin, {})[row.id] = KnownWatch(value, row.n, row.made_ms)
