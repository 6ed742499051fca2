"""Any entries in any order: the projections are the fold of their effects, whatever was rolled back on the way."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from io import StringIO
from pathlib import Path
from runpy import run_path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner_app.domain import facts
from scanner_app.domain.entry import Entry, EntryKind, Origin, Raw, Stamp, decode_entry, encode_entry
from scanner_app.domain.lists import MemberList, encode_list
from scanner_app.domain.refusals import Accepted, Refusal, Refused
from scanner_app.domain.stock import (
    OUTSIDE,
    SUPPLIER,
    ContainerMove,
    Posting,
    Seal,
    Status,
    StockKey,
    case_place,
    effects,
    is_container,
    sscc_place,
)
from scanner_app.store.database import connect_reader
from scanner_app.store.history import trace
from scanner_app.store.ledger import Ledger, LedgerStep
from scanner_app.store.verify import verify
from tests.store.ledgers import DEVICE, make_epoch

if TYPE_CHECKING:
    from collections.abc import Callable

VERIFIER = Path(__file__).resolve().parents[2] / "docs" / "verify_ledger.py"
PALLET = sscc_place("095210010000040013")
CASE = case_place("19521001000014", "C'1")
PLACES = ["DOCK-1", "A-01-1", "CAGE", "Robert'); DROP TABLE entry;--", PALLET, CASE, *sorted(OUTSIDE)]
GTINS = ["09521001000017", "09521001000024"]
LOTS = [None, "L1", "l1", "1E5", "00123", "\x1d'\"%", "Ünï😀"]
DAYS = [None, date(2027, 5, 31), date(2026, 2, 28)]
SERIALS = [None, None, "S1", "s1", "00123", "';--"]


class RolledBackError(Exception):
    """Thrown into a step."""


keys = st.builds(
    StockKey, st.sampled_from(["own", "other"]), st.sampled_from(GTINS), st.sampled_from(LOTS), st.sampled_from(DAYS),
    st.sampled_from(SERIALS), st.sampled_from(list(Status)),
)  # fmt: skip


@st.composite
def postings(draw: st.DrawFn) -> Posting:
    key = draw(keys)
    quantity = 1 if key.serial is not None else draw(st.integers(1, 3))
    from_place = draw(st.sampled_from(PLACES))
    to_place = draw(st.sampled_from([place for place in PLACES if place != from_place]))
    return Posting(key, quantity, from_place, to_place, inferred=draw(st.booleans()))


@st.composite
def moves(draw: st.DrawFn) -> ContainerMove:
    container = draw(st.sampled_from([PALLET, CASE]))
    inner = [PALLET] if container == CASE else []
    stands = st.sampled_from(["DOCK-1", "A-01-1", SUPPLIER, *inner])
    seals = st.sampled_from(list(Seal))
    return ContainerMove(container, draw(stands), draw(stands), draw(seals), draw(seals), draw(st.booleans()))


members = st.builds(MemberList, st.lists(postings(), max_size=4).map(tuple), st.lists(moves(), max_size=2).map(tuple))


@dataclass(frozen=True)
class Step:
    """One transaction: what it posts, and whether it is thrown away at its end."""

    postings: tuple[Posting, ...]
    moves: tuple[ContainerMove, ...]
    lists: tuple[MemberList, ...]
    document: str | None
    refused: bool
    thrown: bool


steps = st.builds(
    Step, st.lists(postings(), max_size=3).map(tuple), st.lists(moves(), max_size=2).map(tuple),
    st.lists(members, max_size=2).map(tuple), st.sampled_from([None, "ASN-1", "PO'2"]),
    st.sampled_from([False, False, False, True]), st.sampled_from([False, False, False, True]),
)  # fmt: skip


def entry_of(step: Step, number: int) -> Entry:
    refused = step.refused
    return Entry(
        kind=EntryKind.REFUSED if refused else EntryKind.MOVED,
        event_id=f"event-{number}",
        stamp=Stamp(number, 0, number, "boot"),
        origin=Origin("SITE-1", DEVICE, "DOCK-1", "USR-1"),
        verdict=Refused(Refusal.EXPIRED) if refused else Accepted(),
        task="task-1",
        document=step.document,
        raw=Raw(b"\x1d\x00\xff", None, "dock", "commissioned", "scanned"),
        postings=() if refused else step.postings,
        container_moves=() if refused else step.moves,
    )


@dataclass
class Fold:
    """The projections by the shortest code there is: dictionaries, and `effects`."""

    on_hand: Counter[tuple[object, ...]] = field(default_factory=Counter)
    progress: Counter[tuple[object, ...]] = field(default_factory=Counter)
    units: dict[tuple[str, str], tuple[object, ...]] = field(default_factory=dict)
    containers: dict[str, tuple[str, Seal, str | None]] = field(default_factory=dict)
    touched: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add(self, entry: Entry, lists: dict[str, MemberList]) -> None:
        deltas = effects(entry, lists)
        for line in deltas.quantities:
            self.on_hand[line.place, line.owner, line.gtin, line.lot, line.expiry, line.status] += line.change
        for row in deltas.documents:
            self.progress[row.document, row.gtin, row.lot, row.expiry, row.status] += row.change
        for unit in deltas.units:
            before = self.units.get((unit.gtin, unit.serial))
            document = unit.document or (before[-2] if before else None)
            self.units[unit.gtin, unit.serial] = (
                unit.owner, unit.lot, unit.expiry, unit.status, unit.place, document, unit.inferred,
            )  # fmt: skip
        for move in deltas.containers:
            known = self.containers.get(move.container)
            self.containers[move.container] = (move.parent, move.seal, move.document or (known[2] if known else None))
        all_postings = [*entry.postings, *(each for digest in entry.lists for each in lists[digest].postings)]
        for key in {(each.key.gtin, each.key.serial) for each in all_postings if each.key.serial is not None}:
            self.touched.setdefault((key[0], str(key[1])), []).append(entry.event_id)

    def location(self, place: str) -> str:
        for _ in range(16):
            if not is_container(place) or place not in self.containers:
                return place
            place = self.containers[place][0]
        return place


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """A new ledger's path at each call: a copy of one that was made once."""
    folder = tmp_path_factory.mktemp("agreement")
    Ledger.open(folder / "made.db", DEVICE, make_epoch).close()
    numbers = iter(range(1_000_000))

    def copy() -> Path:
        path = folder / f"{next(numbers)}" / "ledger.db"
        path.parent.mkdir()
        shutil.copyfile(folder / "made.db", path)
        return path

    return copy


def write(ledger: Ledger, done: list[Step]) -> Fold:
    """Each step in its own transaction; what is thrown away is no part of the fold."""
    fold = Fold()
    for number, step in enumerate(done):
        lists = () if step.refused else step.lists
        by_digest = {encode_list(each)[0]: each for each in lists}
        entry = replace(entry_of(step, number), lists=tuple(by_digest))
        with suppress(RolledBackError), ledger.step() as transaction:
            append(transaction, entry, lists)
            if step.thrown:
                raise RolledBackError
            fold.add(decode_entry(encode_entry(entry)), by_digest)
    return fold


def append(transaction: LedgerStep, entry: Entry, lists: tuple[MemberList, ...]) -> None:
    before = transaction.head
    saved = transaction.append(entry, lists)
    assert (saved.seq, transaction.head.hash) == (before.seq + 1, saved.hash)


def check(answer: Callable[[facts.Query], Any], fold: Fold) -> None:
    for gtin in GTINS:
        lines = {
            (line.place, line.owner, line.gtin, line.lot, line.expiry, line.status): line.quantity
            for line in answer(facts.StockOf(gtin))
        }
        assert lines == {line: quantity for line, quantity in fold.on_hand.items() if quantity and line[2] == gtin}
    for place in PLACES:
        found = answer(facts.StockAt(place))
        assert {line.location for line in found} <= {fold.location(place)}
        assert len(found) == sum(1 for line, quantity in fold.on_hand.items() if quantity and line[0] == place)
    for (gtin, serial), unit in fold.units.items():
        fact = answer(facts.UnitOf(gtin, serial))
        own = (fact.owner, fact.lot, fact.expiry, fact.status, fact.place, fact.document, fact.inferred)
        assert own == unit
        assert fact.location == fold.location(str(unit[4]))
    for container, (parent, seal, document) in fold.containers.items():
        fact = answer(facts.ContainerOf(container))
        assert (fact.parent, fact.seal, fact.document) == (parent, seal, document)
        assert fact.location == fold.location(parent)


@settings(max_examples=60)
@given(done=st.lists(steps, max_size=12))
def test_projections_are_the_fold_of_effects(done: list[Step], fresh: Callable[[], Path]) -> None:
    path = fresh()
    ledger = Ledger.open(path, DEVICE, make_epoch)
    try:
        fold = write(ledger, done)
        check(ledger.answer, fold)
        head, counters = ledger.head, ledger.counters()
    finally:
        ledger.close()
    saved = sum(not step.thrown for step in done)
    assert (head[1], counters.entries, counters.scans_saved) == (saved, saved, saved)
    found = verify(path)
    assert (found.ok, found.entries, found.head, found.findings) == (True, saved, head[2].hex(), ())
    assert verify_alone(path) == {"ok": True, "entries": saved, "head": found.head, "first_bad": None}
    check_again(path, fold)


def verify_alone(path: Path) -> dict[str, Any]:
    """What docs/verify_ledger.py prints, run as a program in this process."""
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(StringIO()), pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", [str(VERIFIER), str(path)])
        with pytest.raises(SystemExit) as ended:
            run_path(str(VERIFIER), run_name="__main__")
    answer: dict[str, Any] = json.loads(said.getvalue())
    assert ended.value.code == (0 if answer["ok"] else 1)
    return answer


def check_again(path: Path, fold: Fold) -> None:
    """What another process reads: the same progress, and each unit's entries in its trace."""
    reader = connect_reader(path)
    try:
        rows = reader.execute("SELECT document, gtin, lot, expiry, status, quantity FROM document_progress").fetchall()
        kept = {(row[0], row[1], row[2] or None, row[3], row[4]): row[5] for row in rows if row[5]}
        wanted = {
            (key[0], key[1], key[2], key[3].isoformat() if isinstance(key[3], date) else "", str(key[4])): quantity
            for key, quantity in fold.progress.items()
            if quantity
        }
        assert kept == wanted
        for (gtin, serial), event_ids in fold.touched.items():
            traced = [movement.event_id for movement in trace(reader, facts.Movements(gtin=gtin, serial=serial))]
            assert [event for event in dict.fromkeys(traced) if event in event_ids] == event_ids
    finally:
        reader.close()


QUESTIONS: list[facts.Query] = [
    *(facts.Movements(gtin=gtin, serial=serial, limit=50) for gtin in GTINS for serial in SERIALS if serial),
    *(facts.Movements(gtin=gtin, lot=lot, limit=50) for gtin in GTINS for lot in LOTS if lot),
    *(facts.Movements(gtin=gtin, limit=50) for gtin in GTINS),
    *(facts.Movements(container=container, limit=50) for container in (PALLET, CASE)),
    *(facts.Movements(place=place, limit=50) for place in PLACES),
    facts.LastFact("USR-1", "task-1"),
]


@settings(max_examples=25)
@given(done=st.lists(steps, min_size=1, max_size=6))
def test_the_trail_reads_the_same_laid_or_not(done: list[Step], fresh: Callable[[], Path]) -> None:
    answers = []
    for lag_max in (1, 1000):
        path = fresh()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("scanner_app.store.ledger.LAG_MAX", lag_max)
            ledger = Ledger.open(path, DEVICE, make_epoch)
            try:
                write(ledger, done)
                answers.append([ledger.answer(question) for question in QUESTIONS])
            finally:
                ledger.close()
        assert verify(path).ok
    assert answers[0] == answers[1]


CHANGES = {
    "on hand": "UPDATE on_hand SET quantity = quantity + 1",
    "unit": "UPDATE unit SET place = 'CAGE'",
    "container": "DELETE FROM container",
    "document progress": "UPDATE document_progress SET quantity = 99",
    "posting": "DELETE FROM posting WHERE id = 1",
    "fact": "INSERT INTO fact (task, position) VALUES ('task-2', 1)",
    "follow-up": "INSERT INTO follow_up (position, event_id, code, subject) VALUES (1, 'event-0', 'EXPIRED', 'x')",
}


@pytest.mark.parametrize("projection", CHANGES)
def test_a_changed_projection_is_found(projection: str, fresh: Callable[[], Path]) -> None:
    """Nobody hinders it there: projections are no part of the chain. Stock is summed again by both verifiers."""
    path = fresh()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scanner_app.store.ledger.LAG_MAX", 1)
        ledger = Ledger.open(path, DEVICE, make_epoch)
        key = StockKey("own", GTINS[0], "L1", DAYS[1], "S1", Status.AVAILABLE)
        arrival = ContainerMove(PALLET, SUPPLIER, "DOCK-1", Seal.SEALED)
        write(
            ledger, [Step((Posting(key, 1, SUPPLIER, PALLET),), (arrival,), (), "ASN-1", refused=False, thrown=False)]
        )
        ledger.close()
    assert verify(path).ok
    with closing(sqlite3.connect(path)) as plain, plain:
        assert plain.execute(CHANGES[projection]).rowcount == 1
    found = verify(path)
    assert (found.ok, found.entries, found.first_bad) == (False, 1, None)
    assert found.findings[0].startswith(f"{projection}: ")
    assert verify_alone(path)["ok"] is (projection != "on hand")


def test_a_foreign_tool_reads_the_same_stock(fresh: Callable[[], Path]) -> None:
    """The on-hand table is plain: any SQLite sums it."""
    path = fresh()
    ledger = Ledger.open(path, DEVICE, make_epoch)
    key = StockKey("own", GTINS[0], "L1", DAYS[1], None, Status.AVAILABLE)
    step = Step((Posting(key, 7, SUPPLIER, "DOCK-1"),), (), (), None, refused=False, thrown=False)
    write(ledger, [step])
    ledger.close()
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("SELECT sum(quantity) FROM on_hand WHERE place = 'DOCK-1'").fetchone() == (7,)
