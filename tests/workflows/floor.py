"""A floor with stock for the tests of put-away, opening balance and look-up: places of every class, and a bench."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from scanner_app.domain import facts as f
from scanner_app.domain.entry import EntryKind
from scanner_app.domain.masters import Item, Level, Operator, Place, PlaceKind, Role, StorageClass, Watch
from scanner_app.domain.refusals import Accepted, Outcome, Refused
from scanner_app.domain.stock import SUPPLIER, ContainerMove, Posting, Seal, Status, StockKey
from scanner_app.workflows.step import Command, Commanded, Draft, Moment, Scanned, Typed
from scanner_app.workflows.undo import undo_last
from tests.workflows import delivery
from tests.workflows.delivery import GOOD, TODAY, parsed, typed, verdict_unsaid
from tests.workflows.facts_table import Ledger
from tests.workflows.sentences import unsaid_of

if TYPE_CHECKING:
    from scanner_app.domain.entry import Entry
    from scanner_app.workflows.step import Transition, Workflow

TOM = Operator("USR-1004", "Tom", Role.SUPERVISOR, "verifier")
NOW = 1_795_480_000_000
MOMENT = Moment(NOW, TODAY, TOM, "DOCK-1", "task-1", "CAGE", 60)
SEEDING = replace(MOMENT, task="seed")
VAULTINE = Item(delivery.gtin_of("0952100700011"), "Vaultine", "5 mg, 10", StorageClass.CONTROLLED)
PLACES = (
    Place("A-01-1", PlaceKind.STORAGE, StorageClass.AMBIENT),
    Place("A-01-2", PlaceKind.STORAGE, StorageClass.AMBIENT),
    Place("C-01-1", PlaceKind.STORAGE, StorageClass.COLD),
    Place("V-01-1", PlaceKind.STORAGE, StorageClass.CONTROLLED),
    Place("LANE-1", PlaceKind.LANE, StorageClass.AMBIENT),
    Place("CAGE-C", PlaceKind.CAGE, StorageClass.COLD),
)


@dataclass
class Floor(Ledger):
    """The tables of a ledger with what the other tasks ask besides: people, bins, contents and every movement."""

    def _OperatorOf(self, query: f.OperatorOf) -> Operator | None:  # noqa: N802 - named after the query it answers
        return self.operators.get(query.id)

    def _StockAt(self, query: f.StockAt) -> tuple[f.StockLine, ...]:  # noqa: N802 - named after the query it answers
        return tuple(
            f.StockLine(key[0], self.location(key[0]), *key[1:], number)
            for key, number in self.on_hand.items()
            if number and key[0] == query.place and query.gtin in {None, key[2]}
        )

    def _within(self, container: str) -> list[str]:
        inner = [each for each, known in self.containers.items() if known.parent == container]
        return [*inner, *(deeper for each in inner for deeper in self._within(each))]

    def _item(self, gtin: str) -> Item:
        level = self.levels.get(gtin)
        return Item(gtin, gtin, "", StorageClass.AMBIENT) if level is None else level.item

    def _ContentOf(self, query: f.ContentOf) -> f.ContentFact:  # noqa: N802 - named after the query it answers
        inner = self._within(query.container)
        within = {query.container, *inner}
        lines = tuple(
            f.ContentLine(self._item(key[2]), key[3], key[4], key[5], number)
            for key, number in self.on_hand.items()
            if number and key[0] in within
        )
        units = [unit for unit in self.units.values() if unit.place in within]
        known = self.containers.get(query.container)
        pending = None
        if known is not None and known.document is not None:
            pending = self._ExpectedContent(f.ExpectedContent(known.document, query.container))
        watches = [
            watch for line in lines for watch in self._WatchesOn(f.WatchesOn(line.item.gtin, line.lot, None))
        ] + [watch for unit in units for watch in self._WatchesOn(f.WatchesOn(unit.gtin, unit.lot, unit.serial))]
        waiting = 0 if pending is None else sum(line.quantity for line in pending.lines)
        inferred = sum(unit.inferred for unit in units)
        return f.ContentFact(lines, len(inner), waiting, tuple(dict.fromkeys(watches)), inferred)

    def _Movements(self, query: f.Movements) -> tuple[f.Movement, ...]:  # noqa: N802 - named after the query it answers
        found = [
            self._moved(entry, place, quantity)
            for entry in reversed(self.entries)
            for place, quantity in reversed(self._rows(entry, query))
        ]
        return tuple(found[: query.limit])

    def _rows(self, entry: Entry, query: f.Movements) -> list[tuple[tuple[str, str], int | None]]:
        """From, to and quantity of what an entry moved of the query's subject."""
        rows: list[tuple[tuple[str, str], int | None]] = []
        moves = [
            *entry.container_moves,
            *(move for digest in entry.lists for move in self.lists[digest].container_moves),
        ]
        for move in moves:
            ends = (move.from_parent, move.to_parent)
            if query.container == move.container or (query.place is not None and query.place in ends):
                rows.append((ends, None))
        for posting in self._postings(entry):
            ends = (posting.from_place, posting.to_place)
            key = posting.key
            of_item = query.gtin == key.gtin and query.lot in {None, key.lot} and query.serial in {None, key.serial}
            if of_item or (query.place is not None and query.place in ends):
                rows.append((ends, posting.quantity))
        return rows

    def _moved(self, entry: Entry, ends: tuple[str, str], quantity: int | None) -> f.Movement:
        return f.Movement(
            self.entries.index(entry) + 1, entry.event_id, entry.stamp.event_time, entry.stamp.offset, entry.kind.value,
            entry.origin.operator, "D1", *ends, quantity, entry.document, None, "scanned",
        )  # fmt: skip

    def _RecentScans(self, query: f.RecentScans) -> tuple[f.HistoryLine, ...]:  # noqa: N802 - named after the query it answers
        lines = []
        for seq, entry in reversed(list(enumerate(self.entries, start=1))):
            verdict = entry.verdict
            accepted = isinstance(verdict, Accepted)
            code = verdict.refusal.value if isinstance(verdict, Refused) else verdict.outcome.value
            lines.append(
                f.HistoryLine(
                    seq, entry.stamp.event_time, 60, entry.kind.value, code, accepted, verdict.parameters, "scan"
                )
            )
        return tuple(lines[: query.limit])

    # Seeding.

    def seed(self, *postings: Posting, moves: tuple[ContainerMove, ...] = (), document: str | None = None) -> Floor:
        """Stock that came in before the test, by an entry of another task."""
        draft = Draft(
            EntryKind.RECEIVED, Accepted(Outcome.OK), document=document, postings=postings, container_moves=moves
        )
        self.write(draft, SEEDING)
        return self

    def watched(self, kind: str, item: Item, lot: str | None = None, serial: str | None = None) -> Floor:
        """A line on the recall or watch-list."""
        self.watches.append(Watch(f"W{len(self.watches)}", kind, item.gtin, lot, serial, "reported"))
        return self

    @property
    def ours(self) -> dict[tuple[str, str, str | None, Status], int]:
        """On-hand lines by place, item, lot and status; zero lines left out, negative ones an error."""
        found: dict[tuple[str, str, str | None, Status], int] = {}
        for key, number in self.on_hand.items():
            assert number >= 0, f"below zero: {key}"
            name = self.levels[key[2]].item.name if key[2] in self.levels else key[2]
            line = (key[0], name, key[3], key[5])
            if number:
                found[line] = found.get(line, 0) + number
        return found


def floor() -> Floor:
    """The demonstration deliveries' masters, and places of every class; nothing on hand."""
    small = delivery.site()
    made = Floor(**{name: getattr(small, name) for name in small.__dataclass_fields__})
    made.levels[VAULTINE.gtin] = Level(VAULTINE.gtin, VAULTINE, 1, "each")
    made.places |= {place.code: place for place in PLACES}
    made.operators[TOM.id] = TOM
    return made


def unit(
    item: Item, serial: str, place: str = "DOCK-1", lot: str | None = "A12B", expiry: date | None = GOOD,
    status: Status = Status.AVAILABLE,
) -> Posting:  # fmt: skip
    """One serialised unit that came in."""
    return Posting(StockKey("own", item.gtin, lot, expiry, serial, status), 1, SUPPLIER, place)


def inferred(posting: Posting) -> Posting:
    """The same, known by its container's list alone."""
    return replace(posting, inferred=True)


def some(
    item: Item, quantity: int, place: str = "DOCK-1", lot: str | None = "P55", expiry: date | None = GOOD,
    status: Status = Status.AVAILABLE,
) -> Posting:  # fmt: skip
    """Goods without serials that came in."""
    return Posting(StockKey("own", item.gtin, lot, expiry, None, status), quantity, SUPPLIER, place)


def came(container: str, parent: str = "DOCK-1", seal: Seal = Seal.SEALED) -> ContainerMove:
    """A container that came in."""
    return ContainerMove(container, SUPPLIER, parent, seal)


@dataclass
class Bench:
    """One task at a floor; every step's words are checked, and after every step no line is below zero."""

    workflow: Workflow[Any]
    ledger: Floor = field(default_factory=floor)
    moment: Moment = MOMENT

    def __post_init__(self) -> None:
        """Opens the task."""
        self._keep(self.ledger.open(self.workflow, None, self.moment))

    @property
    def state(self) -> Any:  # noqa: ANN401 - each workflow has its own
        """The present state."""
        return self.last.state

    def _keep(self, transition: Transition[Any]) -> Transition[Any]:
        self.last = transition
        assert unsaid_of(transition, self.workflow.prompt(transition.state)) == []
        assert verdict_unsaid(transition) == []
        assert self.ledger.ours is not None
        return transition

    def scan(self, text: str, *, confirms: bool = True) -> Transition[Any]:
        """One scan: always a draft."""
        done = self._keep(
            self.ledger.run(self.workflow, self.state, Scanned(parsed(text), confirms=confirms), self.moment)
        )
        assert done.draft is not None
        return done

    def scans(self, *texts: str) -> Transition[Any]:
        """Several scans; the last one's transition."""
        for text in texts:
            self.scan(text)
        return self.last

    def type_code(self, text: str) -> Transition[Any]:
        """One code typed by hand: always a draft, since it is a scan."""
        done = self._keep(self.ledger.run(self.workflow, self.state, Scanned(typed(text)), self.moment))
        assert done.draft is not None
        return done

    def command(self, command: Command, number: int | None = None) -> Transition[Any]:
        """One key or card."""
        return self._keep(self.ledger.run(self.workflow, self.state, Commanded(command, number), self.moment))

    def type(self, text: str) -> Transition[Any]:
        """One typed text."""
        return self._keep(self.ledger.run(self.workflow, self.state, Typed(text), self.moment))

    def undo(self) -> Transition[Any]:
        """Undo, as for every workflow."""
        state = self.state
        decided = self.ledger.decide(lambda facts: undo_last(self.workflow, state, facts, self.moment))
        self.ledger.write(decided.draft, self.moment)
        return self._keep(decided)

    @property
    def prompt(self) -> str:
        """The code of what is asked now."""
        return self.workflow.prompt(self.state).code

    @property
    def say(self) -> str:
        """The code of what was said last; the verdict's where it has no words of its own."""
        return "" if self.last.say is None else self.last.say.code


def told(transition: Transition[Any]) -> tuple[str, str]:
    """The verdict's code and the tone."""
    assert transition.draft is not None
    verdict = transition.draft.verdict
    code = verdict.refusal.value if isinstance(verdict, Refused) else verdict.outcome.value
    return code, transition.tone.value
