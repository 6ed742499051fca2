"""A fake ledger for workflow tests: tables that answer every query, and drafts applied by `domain.effects`. No SQL."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from scanner_app.domain import facts as f
from scanner_app.domain.counting import COUNT_KINDS, count_fact_of
from scanner_app.domain.entry import Entry, EntryKind, Origin, Raw, Stamp, decode_entry, encode_entry
from scanner_app.domain.lists import MemberList, encode_list
from scanner_app.domain.masters import Document, DocumentLine, Level, Operator, Place, Watch
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.rules import touches
from scanner_app.domain.stock import (
    NOT_OURS,
    SUPPLIER,
    ContainerDelta,
    ContainerMove,
    Deltas,
    Posting,
    Seal,
    Status,
    StockKey,
    UnitDelta,
    effects,
    is_container,
)
from scanner_app.workflows.saving import load_state, save_state
from scanner_app.workflows.step import Need, Transition, asking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from scanner_app.workflows.step import Draft, Facts, Happening, Moment, Workflow

S = TypeVar("S")
ROUNDS_MAX = 60
FACTS_WITHOUT_MOVES = COUNT_KINDS | {EntryKind.CONDITION}
OnHandKey = tuple[str, str, str, str | None, "date | None", Status]


@dataclass(frozen=True)
class Expected:
    """A unit that a document names."""

    gtin: str
    serial: str
    lot: str | None
    expiry: date | None
    parent: str | None = None


@dataclass
class Ledger:
    """Masters, documents and stock as dictionaries; `apply` writes an entry, `answer` answers a query."""

    levels: dict[str, Level] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    operators: dict[str, Operator] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    watches: list[Watch] = field(default_factory=list)
    units_of: dict[str, list[Expected]] = field(default_factory=dict)
    containers_of: dict[str, dict[str, str | None]] = field(default_factory=dict)
    lines_of: dict[str, list[DocumentLine]] = field(default_factory=dict)
    policies: dict[str, int] = field(default_factory=dict)
    dates: dict[tuple[str, str], tuple[date, ...]] = field(default_factory=dict)
    on_hand: Counter[OnHandKey] = field(default_factory=Counter)
    units: dict[tuple[str, str], UnitDelta] = field(default_factory=dict)
    containers: dict[str, ContainerDelta] = field(default_factory=dict)
    progress: Counter[tuple[str, str, str | None, date | None, Status]] = field(default_factory=Counter)
    entries: list[Entry] = field(default_factory=list)
    lists: dict[str, MemberList] = field(default_factory=dict)
    asked: list[f.Query] = field(default_factory=list)

    # Deciding and writing.

    def decide(self, decide: Callable[[Facts], Transition[S]]) -> Transition[S]:
        """Runs a decision, answering its needs; bounded, as the terminal bounds it."""
        answers: dict[f.Query, object] = {}
        for _ in range(ROUNDS_MAX):
            found = asking(decide, answers)
            if isinstance(found, Transition):
                return found
            assert isinstance(found, Need)
            for query in found.queries:
                assert query not in answers, f"asked twice: {query}"
                answers[query] = self.answer(query)
        message = "too many rounds"
        raise AssertionError(message)

    def run(self, workflow: Workflow[S], state: S, happening: Happening, moment: Moment) -> Transition[S]:
        """One step from the state as a restart would read it; its draft is written."""
        restored = load_state(workflow.state_type, save_state(state))
        assert restored == state
        transition = self.decide(lambda facts: workflow.step(restored, happening, facts, moment))
        self.write(transition.draft, moment)
        return transition

    def open(self, workflow: Workflow[S], document: str | None, moment: Moment) -> Transition[S]:
        """Opens a task; its draft is written."""
        transition = self.decide(lambda facts: workflow.open(document, facts, moment))
        self.write(transition.draft, moment)
        return transition

    def write(self, draft: Draft | None, moment: Moment) -> Entry | None:
        """The entry of a draft, through its exact bytes; its deltas are applied."""
        if draft is None:
            return None
        digests = []
        for members in draft.lists:
            digest, _ = encode_list(members)
            self.lists[digest] = members
            digests.append(digest)
        entry = Entry(
            kind=draft.kind,
            event_id=f"event-{len(self.entries)}",
            stamp=Stamp(moment.now_ms, moment.offset, 0, "boot"),
            origin=Origin("S1", "D1", moment.read_point, None if moment.operator is None else moment.operator.id),
            verdict=draft.verdict,
            workflow="test",
            task=moment.task,
            document=draft.document,
            count=draft.count,
            raw=Raw(b"scan", None, "virtual", "text", "scanned"),
            reason=draft.reason,
            note=draft.note,
            refers_to=draft.refers_to,
            postings=draft.postings,
            container_moves=draft.container_moves,
            lists=tuple(digests),
        )
        assert decode_entry(encode_entry(entry)) == entry
        if not isinstance(draft.verdict, Accepted):
            assert (draft.postings, draft.container_moves, draft.lists) == ((), (), ())
        self.entries.append(entry)
        self._apply(effects(entry, self.lists))
        if draft.kind is EntryKind.DOCUMENT_CLOSED and draft.document is not None:
            known = self.documents[draft.document]
            self.documents[draft.document] = Document(
                known.id, known.kind, known.partner, known.serialised, closed=True, owner=known.owner
            )
        return entry

    def _apply(self, deltas: Deltas) -> None:
        for line in deltas.quantities:
            self.on_hand[line.place, line.owner, line.gtin, line.lot, line.expiry, line.status] += line.change
        for unit in deltas.units:
            before = self.units.get((unit.gtin, unit.serial))
            document = unit.document if unit.document is not None or before is None else before.document
            self.units[unit.gtin, unit.serial] = UnitDelta(
                unit.gtin, unit.serial, unit.owner, unit.lot, unit.expiry, unit.status, unit.place, document,
                unit.inferred,
            )  # fmt: skip
        for move in deltas.containers:
            known = self.containers.get(move.container)
            document = move.document if move.document is not None or known is None else known.document
            self.containers[move.container] = ContainerDelta(move.container, move.parent, move.seal, document)
        for row in deltas.documents:
            self.progress[row.document, row.gtin, row.lot, row.expiry, row.status] += row.change

    # Answers.

    def answer(self, query: f.Query) -> Any:  # noqa: ANN401 - each query names its answer's type
        """The answer to one query."""
        self.asked.append(query)
        return getattr(self, f"_{type(query).__name__}")(query)

    def _LevelOf(self, query: f.LevelOf) -> Level | None:  # noqa: N802 - named after the query it answers
        return self.levels.get(query.gtin)

    def _PlaceOf(self, query: f.PlaceOf) -> Place | None:  # noqa: N802 - named after the query it answers
        return self.places.get(query.code)

    def _DocumentOf(self, query: f.DocumentOf) -> Document | None:  # noqa: N802 - named after the query it answers
        return self.documents.get(query.id)

    def _UnitOf(self, query: f.UnitOf) -> f.UnitFact | None:  # noqa: N802 - named after the query it answers
        unit = self.units.get((query.gtin, query.serial))
        if unit is None:
            return None
        return f.UnitFact(
            unit.owner, unit.lot, unit.expiry, unit.status, unit.place, self.location(unit.place), unit.document,
            unit.inferred, 1,
        )  # fmt: skip

    def location(self, place: str) -> str:
        """The place at the top of the one given."""
        while is_container(place):
            place = self.containers[place].parent if place in self.containers else SUPPLIER
        return place

    def _ContainerOf(self, query: f.ContainerOf) -> f.ContainerFact | None:  # noqa: N802 - named after the query it answers
        known = self.containers.get(query.id)
        if known is None:
            return None
        return f.ContainerFact(known.parent, self.location(known.parent), known.seal, known.document, 1)

    def _ExpectedUnit(self, query: f.ExpectedUnit) -> tuple[f.ExpectedUnitFact, ...]:  # noqa: N802 - named after the query it answers
        return tuple(
            f.ExpectedUnitFact(
                document, self.documents[document].closed, unit.lot, unit.expiry, unit.parent,
                self._parents(document, unit.parent),
            )
            for document, units in self.units_of.items()
            for unit in units
            if (unit.gtin, unit.serial) == (query.gtin, query.serial)
        )  # fmt: skip

    def _parents(self, document: str, parent: str | None) -> tuple[str, ...]:
        found = []
        while parent is not None:
            found.append(parent)
            parent = self.containers_of[document].get(parent)
        return tuple(found)

    def _ExpectedContainer(self, query: f.ExpectedContainer) -> tuple[f.ExpectedContainerFact, ...]:  # noqa: N802 - named after the query it answers
        return tuple(
            f.ExpectedContainerFact(
                document, self.documents[document].closed, self._parents(document, containers[query.id])
            )
            for document, containers in self.containers_of.items()
            if query.id in containers
        )

    def _LinesOf(self, query: f.LinesOf) -> tuple[DocumentLine, ...]:  # noqa: N802 - named after the query it answers
        return tuple(line for line in self._lines(query.document) if line.gtin == query.gtin)

    def _lines(self, document: str) -> list[DocumentLine]:
        """Lines with what came in for each; of a serialised document its units by lot and expiry."""
        lines = list(self.lines_of.get(document, ()))
        if self.documents[document].serialised:
            counted = Counter((unit.gtin, unit.lot, unit.expiry) for unit in self.units_of.get(document, ()))
            lines = [DocumentLine(n, *key, number, 0) for n, (key, number) in enumerate(counted.items())]
        received = Counter[int]()
        for (owner, gtin, lot, _, _), number in self.progress.items():
            if owner == document:
                fitting = [line for line in lines if line.gtin == gtin and line.lot == lot]
                fitting = fitting or [line for line in lines if line.gtin == gtin and line.lot is None]
                if fitting:
                    received[fitting[0].number] += number
        return [
            DocumentLine(line.number, line.gtin, line.lot, line.expiry, line.expected, received[line.number])
            for line in lines
        ]

    def _DocumentSummary(self, query: f.DocumentSummary) -> f.SummaryFact:  # noqa: N802 - named after the query it answers
        document = query.document
        lines = self._lines(document)
        came = {key[1:]: number for key, number in self.progress.items() if key[0] == document}
        received, fitting = sum(came.values()), sum(line.received for line in lines)
        unexpected, over = received - fitting, sum(max(0, line.received - line.expected) for line in lines)
        if self.documents[document].serialised:
            named = sum(self._has_come(unit, document) for unit in self.units_of.get(document, ()))
            unexpected, over = received - named, 0
        damaged = sum(number for key, number in came.items() if key[-1] is Status.DAMAGED)
        available = sum(number for key, number in came.items() if key[-1] is Status.AVAILABLE)
        containers = self.containers_of.get(document, {})
        return f.SummaryFact(
            expected=sum(line.expected for line in lines),
            received=received,
            containers_expected=len(containers),
            containers_received=sum(self.is_here(container) for container in containers),
            outstanding_under_sealed=len(self._Inferable(f.Inferable(document)).postings),
            held=received - damaged - available,
            damaged=damaged,
            lines=tuple(lines),
            unexpected=unexpected,
            over=over,
            pallets_outstanding=sum(
                parent is None and container in containers.values() and not self._arrived(container)
                for container, parent in containers.items()
            ),
        )

    def _arrived(self, container: str) -> bool:
        """Whether a container came, wherever it is now."""
        return container in self.containers and self.containers[container].parent != SUPPLIER

    def is_here(self, container: str) -> bool:
        """Whether a container stands with us."""
        return container in self.containers and self.location(container) not in NOT_OURS

    def _has_come(self, unit: Expected, document: str | None = None) -> bool:
        known = self.units.get((unit.gtin, unit.serial))
        return known is not None and known.place != SUPPLIER and document in {None, known.document}

    def _OpenDocumentsNaming(self, query: f.OpenDocumentsNaming) -> tuple[str, ...]:  # noqa: N802 - named after the query it answers
        return tuple(
            document.id
            for document in self.documents.values()
            if not document.closed and any(line.gtin == query.gtin for line in self._lines(document.id))
        )

    def _under(self, document: str, container: str) -> list[str]:
        """The containers within, by the document, outer ones first."""
        inner = [each for each, parent in self.containers_of[document].items() if parent == container]
        return [*inner, *(deeper for each in inner for deeper in self._under(document, each))]

    def _Inferable(self, query: f.Inferable) -> MemberList:  # noqa: N802 - named after the query it answers
        document, within = query.document, query.container
        roots = [
            each
            for each in self.containers_of.get(document, {})
            if self.is_here(each) and self.containers[each].seal is Seal.SEALED
            and self.containers[each].document == document
        ] if within is None else [within]  # fmt: skip
        moves: list[ContainerMove] = []
        postings: list[Posting] = []
        seen: set[str] = set()
        while roots:
            parent = roots.pop(0)
            if parent in seen:
                continue
            seen.add(parent)
            postings += [
                Posting(
                    StockKey(
                        self.documents[document].owner, unit.gtin, unit.lot, unit.expiry, unit.serial, Status.AVAILABLE
                    ),
                    1, SUPPLIER, parent, inferred=True,
                )
                for unit in self.units_of[document]
                if unit.parent == parent and not self._has_come(unit)
            ]  # fmt: skip
            for inner in [each for each, outer in self.containers_of[document].items() if outer == parent]:
                if not self.is_here(inner):
                    moves.append(ContainerMove(inner, SUPPLIER, parent, Seal.SEALED, inferred=True))
                if within is not None or not self.is_here(inner) or self.containers[inner].seal is Seal.SEALED:
                    roots.append(inner)
        return MemberList(tuple(postings), tuple(moves))

    def _content(self, document: str, units: Iterable[Expected]) -> tuple[tuple[f.ContentLine, ...], tuple[Watch, ...]]:
        waiting = [unit for unit in units if not self._has_come(unit)]
        counted = Counter((unit.gtin, unit.lot, unit.expiry) for unit in waiting)
        lines = tuple(
            f.ContentLine(self.levels[gtin].item, lot, expiry, None, number)
            for (gtin, lot, expiry), number in counted.items()
        )
        assert document in self.documents
        watches = tuple(
            watch for watch in self.watches if any(touches(watch, u.gtin, u.lot, u.serial) for u in waiting)
        )
        return lines, watches

    def _ExpectedContent(self, query: f.ExpectedContent) -> f.ExpectedContentFact | None:  # noqa: N802 - named after the query it answers
        document, container = query.document, query.container
        if container not in self.containers_of.get(document, {}):
            return None
        within = {container, *self._under(document, container)}
        units = [unit for unit in self.units_of[document] if unit.parent in within]
        lines, watches = self._content(document, units)
        inner = [each for each in within if each != container]
        came = sum(self.is_here(each) for each in inner)
        return f.ExpectedContentFact(
            lines, len(inner) - came, watches, sum(self._has_come(unit) for unit in units), came
        )

    def _InferableContent(self, query: f.InferableContent) -> f.ExpectedContentFact:  # noqa: N802 - named after the query it answers
        members = self._Inferable(f.Inferable(query.document))
        named = {(posting.key.gtin, posting.key.serial) for posting in members.postings}
        units = [unit for unit in self.units_of[query.document] if (unit.gtin, unit.serial) in named]
        lines, watches = self._content(query.document, units)
        return f.ExpectedContentFact(lines, len(members.container_moves), watches)

    def _PolicyOf(self, query: f.PolicyOf) -> int | None:  # noqa: N802 - named after the query it answers
        return self.policies.get(query.name)

    def _WatchesOn(self, query: f.WatchesOn) -> tuple[Watch, ...]:  # noqa: N802 - named after the query it answers
        return tuple(watch for watch in self.watches if touches(watch, query.gtin, query.lot, query.serial))

    def _KnownExpiry(self, query: f.KnownExpiry) -> tuple[date, ...]:  # noqa: N802 - named after the query it answers
        stock = {
            key[4]
            for key, number in self.on_hand.items()
            if number and (key[2], key[3], key[5]) == (query.gtin, query.lot, Status.AVAILABLE)
        }
        papers = {
            line.expiry
            for document in self.documents
            for line in self._lines(document)
            if (line.gtin, line.lot) == (query.gtin, query.lot)
        }
        found = {*stock, *papers, *self.dates.get((query.gtin, query.lot), ())}
        return tuple(sorted(day for day in found if day is not None))

    def _StockOf(self, query: f.StockOf) -> tuple[f.StockLine, ...]:  # noqa: N802 - named after the query it answers
        return tuple(
            f.StockLine(key[0], self.location(key[0]), *key[1:], number)
            for key, number in self.on_hand.items()
            if number and key[2] == query.gtin and query.lot in {None, key[3]}
        )

    def _Movements(self, query: f.Movements) -> tuple[f.Movement, ...]:  # noqa: N802 - named after the query it answers
        found = [self._movement(entry) for entry in reversed(self.entries) if self._touches(entry, query)]
        return tuple(found[: query.limit])

    def _touches(self, entry: Entry, query: f.Movements) -> bool:
        postings = list(self._postings(entry))
        moves = [move.container for move in entry.container_moves]
        if query.container is not None:
            return query.container in moves
        return any((posting.key.gtin, posting.key.serial) == (query.gtin, query.serial) for posting in postings)

    def _postings(self, entry: Entry) -> Iterator[Posting]:
        yield from entry.postings
        for digest in entry.lists:
            yield from self.lists[digest].postings

    @staticmethod
    def _movement(entry: Entry) -> f.Movement:
        return f.Movement(
            1, entry.event_id, entry.stamp.event_time, entry.stamp.offset, entry.kind.value, None, "D1", None, None,
            None, entry.document, None, "scanned",
        )  # fmt: skip

    def _LastFact(self, query: f.LastFact) -> f.UndoFact | None:  # noqa: N802 - named after the query it answers
        corrected = {entry.refers_to for entry in self.entries}
        for index, entry in reversed(list(enumerate(self.entries))):
            facts = entry.postings or entry.container_moves or entry.lists or entry.kind in FACTS_WITHOUT_MOVES
            own = (entry.origin.operator, entry.task) == (query.operator, query.task)
            accepted = isinstance(entry.verdict, Accepted) and entry.kind is not EntryKind.CORRECTED
            if facts and own and accepted and entry.event_id not in corrected:
                lists = tuple(self.lists[digest] for digest in entry.lists)
                later = [each.event_id for each in self.entries[index + 1 :] if self._shares(entry, each)]
                return f.UndoFact(entry, lists, tuple(later), would_go_below_zero=False)
        return None

    def _CountedUnit(self, query: f.CountedUnit) -> bool:  # noqa: N802 - named after the query it answers
        corrected = {entry.refers_to for entry in self.entries}
        facts = [count_fact_of(entry) for entry in self.entries if entry.event_id not in corrected]
        held = {(fact.count, fact.batch.gtin, fact.serial) for fact in facts if fact is not None}
        return (query.count, query.gtin, query.serial) in held

    def _shares(self, entry: Entry, later: Entry) -> bool:
        """Whether a later entry touches the same units or containers."""
        return bool(set(self._subjects(entry)) & set(self._subjects(later)))

    def _subjects(self, entry: Entry) -> Iterator[tuple[str, ...]]:
        for posting in self._postings(entry):
            if posting.key.serial is not None:
                yield (posting.key.gtin, posting.key.serial)
            yield from ((place,) for place in (posting.from_place, posting.to_place) if is_container(place))
        for digest in entry.lists:
            yield from ((move.container,) for move in self.lists[digest].container_moves)
        yield from ((move.container,) for move in entry.container_moves)
