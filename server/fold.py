"""The fold: entries one after the other into the stock tables, for one push at a time.

Rows are read once, changed in memory in the order of the entries, and written once. What an entry does is
`domain.stock.effects` alone; this module only applies its deltas, and keeps the checksum of the site's stock in step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.follow_ups import follow_up_of
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.site_sum import CONTAINER, LINE, UNIT, row_sum
from scanner_app.domain.stock import effects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.lists import MemberList
    from scanner_app.domain.stock import Deltas
    from server.database import Session

LineKey = tuple[str, str, str, str, str, str]
"""place, gtin, lot, expiry, status, owner"""
ProgressKey = tuple[str, str, str, str, str]
"""document, gtin, lot, expiry, status"""

GET_LINE: Final = (
    "SELECT quantity FROM on_hand WHERE site_id = ? AND place = ? AND gtin = ? AND lot = ? AND expiry = ? "
    "AND status = ? AND owner = ?"
)
PUT_LINE: Final = (
    "INSERT INTO on_hand (site_id, place, gtin, lot, expiry, status, owner, quantity) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (site_id, place, gtin, lot, expiry, status, owner) DO UPDATE SET quantity = excluded.quantity"
)
DROP_LINE: Final = (
    "DELETE FROM on_hand WHERE site_id = ? AND place = ? AND gtin = ? AND lot = ? AND expiry = ? AND status = ? "
    "AND owner = ?"
)
GET_UNIT: Final = (
    "SELECT owner, lot, expiry, status, place, document, inferred FROM unit "
    "WHERE site_id = ? AND gtin = ? AND serial = ?"
)
PUT_UNIT: Final = (
    "INSERT INTO unit (site_id, gtin, serial, owner, lot, expiry, status, place, document, inferred) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site_id, gtin, serial) DO UPDATE SET owner = excluded.owner, "
    "lot = excluded.lot, expiry = excluded.expiry, status = excluded.status, place = excluded.place, "
    "document = excluded.document, inferred = excluded.inferred"
)
UNITS_AT_ONCE: Final = 20
ONE_OF_UNITS: Final = (
    "SELECT gtin, serial, owner, lot, expiry, status, place, document, inferred FROM unit "
    "WHERE site_id = ? AND gtin = ? AND serial = ?"
)
GET_UNITS: Final = " UNION ALL ".join([ONE_OF_UNITS] * UNITS_AT_ONCE)
"""A list of pairs would not be looked up by the whole key."""
GET_CONTAINER: Final = "SELECT parent, seal, document FROM container WHERE site_id = ? AND id = ?"
PUT_CONTAINER: Final = (
    "INSERT INTO container (site_id, id, parent, seal, document) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (site_id, id) DO UPDATE SET parent = excluded.parent, seal = excluded.seal, "
    "document = excluded.document"
)
ADD_PROGRESS: Final = (
    "INSERT INTO document_progress (site_id, document, gtin, lot, expiry, status, quantity) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site_id, document, gtin, lot, expiry, status) "
    "DO UPDATE SET quantity = document_progress.quantity + excluded.quantity"
)
GET_CLOSED: Final = "SELECT device FROM document_closed WHERE site_id = ? AND id = ?"
SET_CLOSED: Final = (
    "INSERT INTO document_closed (site_id, id, device) VALUES (?, ?, ?) "
    "ON CONFLICT (site_id, id) DO UPDATE SET device = excluded.device"
)
DROP_CLOSED: Final = "DELETE FROM document_closed WHERE site_id = ? AND id = ?"
ADD_FOLLOW_UP: Final = (
    "INSERT INTO follow_up (site_id, event_id, code, subject, document, closed_by) VALUES (?, ?, ?, ?, ?, '') "
    "ON CONFLICT (site_id, event_id) DO NOTHING"
)
SETTLE_FOLLOW_UP: Final = "UPDATE follow_up SET closed_by = ? WHERE site_id = ? AND event_id = ?"


class UnitRow(NamedTuple):
    """Where a unit stands and what it is."""

    owner: str
    lot: str
    expiry: str
    status: str
    place: str
    document: str
    inferred: int


class ContainerRow(NamedTuple):
    """Where a container stands."""

    parent: str
    seal: str
    document: str


class LineChange(NamedTuple):
    """What became of an on-hand line, and the last entry that touched it."""

    key: LineKey
    before: int
    after: int
    event_id: str


def day_text(day: date | None) -> str:
    """A date as a key holds it."""
    return "" if day is None else day.isoformat()


class Fold:
    """The changes of one push to one site's stock; `write` puts them into the tables."""

    def __init__(
        self, session: Session, site: str, exchange: Callable[[int, int], None] = lambda _old, _new: None
    ) -> None:
        self._session = session
        self._site = site
        self._exchange = exchange
        self._lines: dict[LineKey, int] = {}
        self._lines_before: dict[LineKey, int] = {}
        self._touched_by: dict[LineKey, str] = {}
        self._units: dict[tuple[str, str], UnitRow | None] = {}
        self._units_before: dict[tuple[str, str], UnitRow | None] = {}
        self._containers: dict[str, ContainerRow | None] = {}
        self._containers_before: dict[str, ContainerRow | None] = {}
        self._progress: dict[ProgressKey, int] = {}

    # What is there now, the changes so far included.

    def unit(self, gtin: str, serial: str) -> UnitRow | None:
        """Where a unit stands; None where it never was."""
        key = (gtin, serial)
        if key not in self._units:
            row = self._session.one(GET_UNIT, (self._site, gtin, serial))
            self._units[key] = self._units_before[key] = None if row is None else UnitRow(*row)
        return self._units[key]

    def fetch_units(self, entries: Iterable[Entry], lists: Mapping[str, MemberList]) -> None:
        """Reads the units that these entries touch, many at once."""
        parts: list[Entry | MemberList] = []
        for entry in entries:
            parts += [entry, *(lists[digest] for digest in entry.lists)]
        keys = {
            (posting.key.gtin, posting.key.serial): None
            for part in parts
            for posting in part.postings
            if posting.key.serial is not None
        }
        wanted = [key for key in keys if key not in self._units]
        for start in range(0, len(wanted) - UNITS_AT_ONCE + 1, UNITS_AT_ONCE):
            batch = wanted[start : start + UNITS_AT_ONCE]
            values = [value for gtin, serial in batch for value in (self._site, gtin, serial)]
            found = {(row[0], row[1]): UnitRow(*row[2:]) for row in self._session.all(GET_UNITS, values)}
            for gtin, serial in batch:
                key = (gtin, serial or "")
                self._units[key] = self._units_before[key] = found.get(key)

    def container(self, container: str) -> ContainerRow | None:
        """Where a container stands; None where it never was."""
        if container not in self._containers:
            row = self._session.one(GET_CONTAINER, (self._site, container))
            self._containers[container] = self._containers_before[container] = (
                None if row is None else ContainerRow(*row)
            )
        return self._containers[container]

    def line(self, key: LineKey) -> int:
        """The quantity of a line."""
        if key not in self._lines:
            row = self._session.one(GET_LINE, (self._site, *key))
            self._lines[key] = self._lines_before[key] = 0 if row is None else row[0]
        return self._lines[key]

    def closed_by(self, document: str) -> str | None:
        """The device that closed a document; None while it is open."""
        row = self._session.one(GET_CLOSED, (self._site, document))
        return None if row is None else str(row[0])

    # One entry.

    def add(self, entry: Entry, lists: Mapping[str, MemberList], device: str) -> None:
        """Adds the next entry; `device`: whose chain it came in."""
        if entry.postings or entry.container_moves or entry.lists:
            self._apply(effects(entry, lists), entry.event_id)
        if entry.kind is EntryKind.CORRECTED:
            self._session.run(SETTLE_FOLLOW_UP, (entry.event_id, self._site, entry.refers_to))
            return
        left = follow_up_of(entry)
        if left is not None:
            row = (self._site, entry.event_id, left.code, left.subject, left.document or "")
            self._session.run(ADD_FOLLOW_UP, row)
        if isinstance(entry.verdict, Accepted) and entry.document is not None:
            if entry.kind is EntryKind.DOCUMENT_CLOSED:
                self._session.run(SET_CLOSED, (self._site, entry.document, device))
            elif entry.kind is EntryKind.DOCUMENT_OPENED:
                self._session.run(DROP_CLOSED, (self._site, entry.document))

    def _apply(self, deltas: Deltas, event_id: str) -> None:
        for each in deltas.quantities:
            key = (each.place, each.gtin, each.lot or "", day_text(each.expiry), str(each.status), each.owner)
            self._lines[key] = self.line(key) + each.change
            self._touched_by[key] = event_id
        for unit in deltas.units:
            former = self.unit(unit.gtin, unit.serial)
            document = unit.document or ("" if former is None else former.document)
            self._units[unit.gtin, unit.serial] = UnitRow(
                unit.owner, unit.lot or "", day_text(unit.expiry), str(unit.status), unit.place, document,
                int(unit.inferred),
            )  # fmt: skip
        for move in deltas.containers:
            known = self.container(move.container)
            document = move.document or ("" if known is None else known.document)
            self._containers[move.container] = ContainerRow(move.parent, str(move.seal), document)
        for part in deltas.documents:
            progress = (part.document, part.gtin, part.lot or "", day_text(part.expiry), str(part.status))
            self._progress[progress] = self._progress.get(progress, 0) + part.change

    # All of them.

    def write(self) -> list[LineChange]:
        """Writes what changed; the on-hand lines among it."""
        changed = self._write_lines()
        self._write_units()
        self._write_containers()
        rows = [(self._site, *key, change) for key, change in self._progress.items() if change]
        self._session.many(ADD_PROGRESS, rows)
        return changed

    def _write_lines(self) -> list[LineChange]:
        changed = [
            LineChange(key, self._lines_before[key], after, self._touched_by[key])
            for key, after in self._lines.items()
            if after != self._lines_before[key]
        ]
        for key, before, after, _ in changed:
            self._exchange(
                row_sum(LINE, *key, before) if before else 0,
                row_sum(LINE, *key, after) if after else 0,
            )
        self._session.many(PUT_LINE, [(self._site, *each.key, each.after) for each in changed if each.after])
        self._session.many(DROP_LINE, [(self._site, *each.key) for each in changed if not each.after])
        return changed

    def _write_units(self) -> None:
        rows = []
        for (gtin, serial), unit in self._units.items():
            before = self._units_before[gtin, serial]
            if unit is None or unit == before:
                continue
            old = 0 if before is None else row_sum(UNIT, gtin, serial, *before[:5])
            self._exchange(old, row_sum(UNIT, gtin, serial, *unit[:5]))
            rows.append((self._site, gtin, serial, *unit))
        self._session.many(PUT_UNIT, rows)

    def _write_containers(self) -> None:
        rows = []
        for container, row in self._containers.items():
            before = self._containers_before[container]
            if row is None or row == before:
                continue
            old = 0 if before is None else row_sum(CONTAINER, container, before.parent, before.seal)
            self._exchange(old, row_sum(CONTAINER, container, row.parent, row.seal))
            rows.append((self._site, container, *row))
        self._session.many(PUT_CONTAINER, rows)
