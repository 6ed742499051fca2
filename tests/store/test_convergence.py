"""Devices and a centre, in any order of events: what each device shows is the centre's stock and its own entries.

The centre is a model in tests/store/centre.py. At every step the base is the centre's fold at the device's cursor, and
`verify` finds the overlay to be the fold of the entries that were not echoed; after quiet all devices hold the same.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from scanner_app.domain import facts
from scanner_app.domain.entry import DEMO_DEVICE, Entry, EntryKind, Origin, Raw, Stamp, decode_entry, encode_entry
from scanner_app.domain.lists import MemberList
from scanner_app.domain.refusals import Accepted, Outcome
from scanner_app.domain.stock import SUPPLIER, ContainerMove, Posting, Seal, Status, StockKey, case_place, sscc_place
from scanner_app.store.backup import back_up, restore
from scanner_app.store.database import connect_reader
from scanner_app.store.ledger import Ledger
from scanner_app.store.trail import read_list
from scanner_app.store.verify import verify
from tests.store.centre import Centre, Stock, fetch, fresh_name, load, send
from tests.store.ledgers import make_epoch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner_app.domain.feed import FedRow
    from scanner_app.store.ledger import PageEnd

DEVICES = ("HANDHELD-1", "HANDHELD-2", "HANDHELD-3")
PALLET = sscc_place("095210010000040013")
CASE = case_place("19521001000014", "C1")
PLACES = ["DOCK-1", "A-01-1", PALLET, CASE, SUPPLIER, "customer"]
GTINS = ["09521001000017", "09521001000024"]
SERIALS = [None, "S1", "S2"]
DOCUMENTS = [None, "ASN-1", "PO-2"]
QUIET_ROUNDS_MAX = 400


@st.composite
def postings(draw: st.DrawFn) -> Posting:
    serial = draw(st.sampled_from([*SERIALS, "S1"]))
    gtin = GTINS[0] if serial else draw(st.sampled_from(GTINS))
    key = StockKey(
        "own", gtin, draw(st.sampled_from([None, "L1"])), None, serial,
        draw(st.sampled_from([Status.AVAILABLE, Status.HELD])),
    )  # fmt: skip
    places = draw(st.permutations(PLACES))
    return Posting(key, 1 if serial else draw(st.integers(1, 3)), places[0], places[1])


moves = st.builds(
    ContainerMove, st.sampled_from([PALLET, CASE]), st.sampled_from(["DOCK-1", SUPPLIER]),
    st.sampled_from(["DOCK-1", "A-01-1"]), st.sampled_from(list(Seal)),
)  # fmt: skip


@dataclass(frozen=True)
class Work:
    """What one entry does."""

    kind: EntryKind
    postings: tuple[Posting, ...]
    moves: tuple[ContainerMove, ...]
    members: tuple[Posting, ...]
    document: str | None
    reason: str | None
    back: int
    """How many entries back the one is that a correction refers to."""


NOTHING = Work(EntryKind.MOVED, (), (), (), None, None, 1)
work = st.builds(
    Work,
    st.sampled_from([
        EntryKind.RECEIVED, EntryKind.MOVED, EntryKind.DOCUMENT_CLOSED, EntryKind.DOCUMENT_OPENED, EntryKind.CORRECTED,
    ]),
    st.lists(postings(), max_size=3).map(tuple), st.lists(moves, max_size=2).map(tuple),
    st.one_of(st.just(()), st.lists(postings(), min_size=1, max_size=3).map(tuple)), st.sampled_from(DOCUMENTS),
    st.sampled_from([None, "DAMAGED"]), st.integers(1, 3),
)  # fmt: skip
several = st.lists(work, min_size=1, max_size=4)
devices = st.sampled_from(DEVICES)
sizes = st.integers(1, 5)


class Site(RuleBasedStateMachine):
    """Three devices, of which the third is sometimes put back to an old image of itself, and a centre."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.centre = Centre()
        self.ledgers: dict[str, Ledger] = {}
        self.numbers = count()
        self.written: list[str] = []
        self.snapshots: dict[str, Path] = {}
        self.pages: dict[str, tuple[list[FedRow], PageEnd]] = {}
        self.touched: set[str] = set()
        """Devices of which something may have changed since the invariants were looked at."""
        self.plain = True
        """No image was put back: then what a device shows is exact at every step."""

    @initialize(shared=st.lists(work, max_size=2))
    def made(self, shared: list[Work]) -> None:
        """Perhaps all of them hold the same facts to begin with, as the demonstration's: they count once."""
        opening = [self.entry_of(DEMO_DEVICE, each) for each in shared]
        for device in DEVICES:
            (self.folder / device).mkdir()
            self.open(device)
            for entry, lists in opening:
                with self.of(device).step() as step:
                    step.append(entry, lists)
        self.plain = not opening

    def open(self, device: str) -> None:
        self.ledgers[device] = Ledger.open(self.path(device), device, make_epoch)
        self.ledgers[device]._connection.execute("PRAGMA synchronous=OFF")
        self.touched.add(device)

    def of(self, device: str) -> Ledger:
        """The ledger of a device, to which something happens."""
        self.touched.add(device)
        return self.ledgers[device]

    def path(self, device: str) -> Path:
        return self.folder / device / "ledger.db"

    # What happens.

    @rule(device=devices, done=several, quarantined=st.sampled_from([0, 0, 1]))
    def scan(self, device: str, done: list[Work], quarantined: int) -> None:
        """The first of them may be one that the centre stores without counting it."""
        for each in done:
            entry, lists = self.entry_of(device, each)
            with self.of(device).step() as step:
                step.append(entry, lists)
            self.written.append(entry.event_id)
            if quarantined and each is done[0]:
                self.centre.doubted.add(entry.event_id)

    @rule(device=devices, done=several, quarantined=st.sampled_from([0, 0, 1]), entries=sizes, rows=sizes)
    def scan_and_sync(self, device: str, done: list[Work], quarantined: int, entries: int, rows: int) -> None:
        """What most often happens: some of it is sent, some of that comes back, among what others did."""
        self.scan(device, done, quarantined)
        self.push(device, entries)
        self.pull(device, rows)

    def entry_of(self, device: str, done: Work) -> tuple[Entry, tuple[MemberList, ...]]:
        number = next(self.numbers)
        corrects = done.kind is EntryKind.CORRECTED and len(self.written) >= done.back
        closes = done.kind is EntryKind.DOCUMENT_CLOSED
        entry = Entry(
            kind=done.kind,
            event_id=f"event-{number:04}",
            stamp=Stamp(number, 0, number, "boot"),
            origin=Origin("SITE-1", device, "DOCK-1", "USR-1"),
            verdict=Accepted(Outcome.SHORT if closes else Outcome.OK),
            task="task-1",
            document=done.document,
            raw=Raw(b"x", None, "dock", "commissioned", "scanned"),
            reason=done.reason,
            refers_to=self.written[-done.back] if corrects else None,
            postings=done.postings,
            container_moves=done.moves,
        )
        return entry, (MemberList(done.members),) if done.members else ()

    @rule(device=devices, entries=sizes, rows=sizes)
    def sync(self, device: str, entries: int, rows: int) -> None:
        self.push(device, entries)
        self.pull(device, rows)

    @rule(device=devices, entries=sizes)
    def push(self, device: str, entries: int) -> None:
        send(self.of(device), self.centre, entries)

    def push_all(self, device: str) -> None:
        while send(self.of(device), self.centre, 5):
            pass

    @rule(device=devices, rows=sizes)
    def pull(self, device: str, rows: int) -> None:
        cursor = self.of(device).site.feed_cursor
        page = None if cursor is None else self.centre.page(cursor, rows)
        self.pages |= {} if page is None else {device: page}
        fetch(self.of(device), self.centre, rows, self.folder)

    @rule(device=devices)
    def load_a_snapshot(self, device: str) -> None:
        load(self.of(device), self.centre.snapshot(fresh_name(self.folder)))

    @rule(device=devices)
    def an_answer_comes_twice(self, device: str) -> None:
        """Without the cursor that it was asked with: nobody can tell that it is late."""
        if device in self.pages:
            self.of(device).apply_page(*self.pages[device])

    @rule(device=devices)
    def restart(self, device: str) -> None:
        self.ledgers[device].close()
        self.open(device)

    @rule()
    def release(self) -> None:
        self.centre.release()

    @rule()
    def an_entry_of_a_later_schema(self) -> None:
        """The centre understands it; no device does, so the sums differ until a snapshot."""
        key = StockKey("own", GTINS[1], "L9", None, None, Status.AVAILABLE)
        entry, _ = self.entry_of("OTHER", replace(NOTHING, postings=(Posting(key, 1, SUPPLIER, "DOCK-1"),)))
        stored = encode_entry(entry)
        later = stored.replace(b'{"v":1,', b'{"v":9,')
        self.centre.twins[later] = stored
        self.centre.take("OTHER", "ff" * 16, 1, later)

    @rule(device=devices, lost=several, after=st.lists(work, max_size=3), clone=st.booleans())
    def an_image_is_put_back(self, device: str, lost: list[Work], after: list[Work], clone: bool) -> None:  # noqa: FBT001 - drawn
        """What was written since it was made is known to the centre alone, as far as it was sent."""
        image = fresh_name(self.folder)
        back_up(self.path(device), image)
        self.snapshots[device] = self.centre.snapshot(fresh_name(self.folder))
        self.scan(device, lost, 0)
        self.push_all(device)
        self.put_an_image_back(device, image, clone=clone)
        self.scan(device, after, 0)

    @rule(device=devices, lost=several)
    def the_centre_is_put_back(self, device: str, lost: list[Work]) -> None:
        old = copy.deepcopy(self.centre)
        self.scan(device, lost, 0)
        self.push_all(device)
        self.pull(device, 5)
        self.restore_the_centre(old)

    def put_an_image_back(self, device: str, image: Path, *, clone: bool) -> None:
        """The centre may have what the image lacks. A clone goes on in the old epoch, so the chains part."""
        self.ledgers[device].close()
        if clone:
            shutil.copyfile(image, self.path(device))
        else:
            restore(image, self.path(device), device, make_epoch, f"{next(self.numbers)}")
        self.open(device)
        self.pages.pop(device, None)
        self.plain = False

    def restore_the_centre(self, old: Centre) -> None:
        """It has less than it acknowledged, and its cursors are of another past."""
        lost = self.centre
        self.centre = copy.deepcopy(old)
        self.centre.lists |= lost.lists
        self.centre.twins |= lost.twins
        self.centre.doubted |= lost.doubted - self.centre.counted
        self.centre.past = lost.past + 1
        self.snapshots.clear()
        self.pages.clear()
        self.plain = False

    @rule(device=devices)
    def load_an_old_snapshot(self, device: str) -> None:
        if device in self.snapshots:
            load(self.of(device), self.snapshots[device])
            self.pages.pop(device, None)

    # What holds.

    @invariant()
    def what_was_touched_holds(self) -> None:
        for device in sorted(self.touched):
            ledger = self.ledgers[device]
            assert verify(self.path(device)).findings == ()
            if self.is_current(ledger) and not self.lacks_rows(ledger):
                self.base_is_the_centre_at_its_cursor(device, ledger)
                if self.plain:
                    self.view_is_the_base_and_what_it_does_not_know(device, ledger)
        self.touched.clear()

    def base_is_the_centre_at_its_cursor(self, device: str, ledger: Ledger) -> None:
        stock = self.centre.stock(ledger.site.feed_n)
        assert base_of(self.path(device)) == shown(stock)
        assert ledger.site.site_sum == stock.site_sum

    def view_is_the_base_and_what_it_does_not_know(self, device: str, ledger: Ledger) -> None:
        number = ledger.site.feed_n
        stock, known = self.centre.stock(number), self.centre.known(number)
        for entry, lists in own_entries(self.path(device)):
            if entry.event_id not in known:
                stock.add(entry, lists)
        assert view_of(ledger) == seen(stock)

    def is_current(self, ledger: Ledger) -> bool:
        """Whether its cursor is of the centre's present past."""
        cursor = ledger.site.feed_cursor
        return cursor is not None and cursor.endswith(f".{self.centre.past}")

    def lacks_rows(self, ledger: Ledger) -> bool:
        """Whether a row that it could not read came after its last snapshot."""
        rows = ledger._connection.execute("SELECT count(*) FROM parked WHERE reason = 'schema'").fetchone()
        return bool(rows[0])

    def teardown(self) -> None:
        self.quiet()
        for ledger in self.ledgers.values():
            ledger.close()
        shutil.rmtree(self.folder)

    def quiet(self) -> None:
        """Everything is sent, what was doubted is counted, everything is fetched: all hold the same, and it adds up."""
        if not self.ledgers:
            return
        self.settle()
        self.centre.release()
        self.settle()
        stock = self.centre.stock(len(self.centre.rows))
        own = {event for device in self.ledgers for event in events_of(self.path(device))}
        assert own <= self.centre.counted
        for device, ledger in self.ledgers.items():
            assert base_of(self.path(device)) == shown(stock)
            assert view_of(ledger) == seen(stock)
            counters = ledger.counters()
            assert (counters.scans_sent, counters.parked) == (counters.scans_saved, 0)
            assert verify(self.path(device)).findings == ()

    def settle(self) -> None:
        for _ in range(QUIET_ROUNDS_MAX):
            busy = [send(ledger, self.centre, 50) for ledger in self.ledgers.values()]
            for ledger in self.ledgers.values():
                applied = fetch(ledger, self.centre, 50, self.folder)
                if applied is not None and applied.sum_differs:
                    load(ledger, self.centre.snapshot(fresh_name(self.folder)))
                    busy.append(True)
                busy.append(ledger.site.feed_cursor != self.centre.cursor(len(self.centre.rows)))
            if not any(busy):
                return
        raise AssertionError("it does not come to rest")


def shown(stock: Stock) -> dict[str, Any]:
    """The stock as the base's tables hold it."""
    return {
        "lines": {line: quantity for line, quantity in stock.lines.items() if quantity},
        "units": {unit: (*told, stock.documents[unit]) for unit, told in stock.units.items()},
        "containers": {each: (*stands, stock.documents[each]) for each, stands in stock.containers.items()},
        "progress": {key: quantity for key, quantity in stock.progress.items() if quantity},
        "closed": {document for document, closed in stock.closed.items() if closed},
        "left": set(stock.left) - stock.settled,
    }


def base_of(path: Path) -> dict[str, Any]:
    connection = connect_reader(path)

    def keyed(sql: str, width: int) -> Iterator[tuple[Any, Any]]:
        for row in connection.execute(sql):
            yield (row[:width], row[width]) if len(row) == width + 1 else (row[:width], row[width:])

    try:
        return {
            "lines": dict(keyed("SELECT place, gtin, lot, expiry, status, owner, quantity FROM site_on_hand", 6)),
            "units": dict(keyed("SELECT gtin, serial, owner, lot, expiry, status, place, document FROM site_unit", 2)),
            "containers": {
                row[0]: row[1:] for row in connection.execute("SELECT id, parent, seal, document FROM site_container")
            },
            "progress": dict(keyed("SELECT document, gtin, lot, expiry, status, quantity FROM site_progress", 5)),
            "closed": {row[0] for row in connection.execute("SELECT document FROM site_closed WHERE closed = 1")},
            "left": {
                row[0] for row in connection.execute("SELECT event_id FROM site_follow_up WHERE closed_by IS NULL")
            },
        }
    finally:
        connection.close()


def seen(stock: Stock) -> dict[str, Any]:
    """The stock as a device answers for it."""
    return {
        "lines": {line: quantity for line, quantity in stock.lines.items() if quantity},
        "units": {unit: (*told, stock.documents[unit]) for unit, told in stock.units.items()},
        "containers": {each: (*stands, stock.documents[each]) for each, stands in stock.containers.items()},
        "left": set(stock.left) - stock.settled,
    }


def view_of(ledger: Ledger) -> dict[str, Any]:
    """What the questions of domain.facts say."""

    def ask(query: facts.Query) -> Any:  # noqa: ANN401 - the answers have a type for each query
        return ledger.answer(query)

    lines = {
        (line.place, line.gtin, line.lot or "", "", line.status.value, line.owner): line.quantity
        for gtin in GTINS
        for line in ask(facts.StockOf(gtin))
    }
    units = {
        (gtin, serial): (fact.owner, fact.lot or "", "", fact.status.value, fact.place, fact.document)
        for gtin in GTINS
        for serial in SERIALS
        if serial is not None and (fact := ask(facts.UnitOf(gtin, serial))) is not None
    }
    containers = {
        container: (fact.parent, fact.seal.value, fact.document)
        for container in (PALLET, CASE)
        if (fact := ask(facts.ContainerOf(container))) is not None
    }
    return {
        "lines": lines, "units": units, "containers": containers,
        "left": {row.event_id for row in ledger.follow_ups_open()},
    }  # fmt: skip


def own_entries(path: Path) -> list[tuple[Entry, dict[str, MemberList]]]:
    connection = connect_reader(path)
    try:
        entries = [decode_entry(row[0]) for row in connection.execute("SELECT bytes FROM entry ORDER BY position")]
        return [(entry, {digest: read_list(connection, digest) for digest in entry.lists}) for entry in entries]
    finally:
        connection.close()


def events_of(path: Path) -> set[str]:
    return {entry.event_id for entry, _ in own_entries(path)}


TestSite = Site.TestCase
TestSite.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
