"""Five handhelds without a network for a shift, then all of them at once over a network that misbehaves.

Each is a real `scanner run` on a pty of its own; their shift is played in four parts, each begun two hours later than
the one before by `--now`, because real processes cannot be told to hurry.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from scanner_app.demo.labels import (
    command_scan,
    container_scan,
    document_scan,
    expected_scan,
    lot_scan,
    place_scan,
    stock_scan,
    unit_scan,
)
from scanner_app.domain.entry import decode_entry
from scanner_app.domain.lists import decode_list
from scanner_app.domain.stock import NOT_COME, NOT_OURS, OUTSIDE, case_place
from tests.sync.proxy import CLEAN, Fate, Proxy, Weather
from tests.system.handheld import PATIENCE_S, Handheld, wait_until
from tests.system.linked import (
    assert_converged,
    at_centre,
    await_settled,
    is_sent,
    json_lines,
    linked_home,
    read,
    scans_saved,
    stock_at_centre,
)
from tests.system.test_floor import sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from devices.simulator import VirtualScanner
    from scanner_app.demo.site import DemoOperator, DemoSite
    from scanner_app.domain.stock import Posting
    from tests.centre import RunningCentre

SEED = 20261128
NAMES = "ABCDE"
PART_H = 2
NO_NETWORK = Weather(refused=1.0)
STORM = Weather(
    refused=0.1, dropped=0.08, cut_before=0.08, cut_after=0.12, truncated=0.08, duplicated=0.12, delay_s=(0.0, 0.15),
)  # fmt: skip
SAVED_WITHIN_S = 120.0
STORM_S = 90.0
"""The longest: who has not got through by then does so in the calm."""

STANDS_S = 1.0
"""Longer than the guard before a scan can be an answer."""

SHARED_PLACE, SHARED_LOT = "B-01-1", "P55"
"""Goods without serials that all devices take from, more than there are together."""

SHARED_UNITS = "A-01-2"
"""A bin whose units several devices move, each believing that they are still there."""

QUIET_BIN = "C-01-2"

CHUNKS = "SELECT bytes FROM list_chunk WHERE digest = ? ORDER BY n"
CLOSED = "SELECT json_extract(CAST(bytes AS TEXT), '$.document') FROM entry WHERE kind = 'document_closed'"


ANSWER = ""
"""Stands before a scan that answers what the one before it asks: it is made when the question stands on the screen."""


def cards(*codes: str) -> list[str]:
    return [code and command_scan(code) for code in codes]


@dataclass
class Shift:
    """What one worker scans, in four parts; drawn by a seed of its own."""

    site: DemoSite
    number: int
    chance: Random

    def parts(self) -> list[list[str]]:
        return [
            [*self.receive_with_document(), *self.look_up(30)],
            [*self.receive_without_document(), *self.open_balance()],
            [*self.put_away(), *self.take_of_the_shared_lot(), *self.look_up(30)],
            [*self.count(), *self.move_shared_units(), *self.scan_what_is_wrong(), *self.look_up(20)],
        ]

    def receive_with_document(self) -> list[str]:
        """A and B the same loose packs, and both close the delivery; C and D the same pallet; E what has no serials."""
        if self.number in {0, 1}:
            packs = [expected_scan(unit) for unit in self.site.document("ASN-1002").units if unit.lot == "N31"]
            self.chance.shuffle(packs)
            return [document_scan("ASN-1002"), *packs[:7], *cards("UNDO"), *packs[7:], *cards("DONE", ANSWER, "DONE")]
        if self.number in {2, 3}:
            pallets = [each.id for each in self.site.document("ASN-1001").containers if each.parent is None]
            chosen = pallets[: self.number - 1]
            return [
                document_scan("ASN-1001"), *map(container_scan, chosen), *cards("ACCEPT_REST", "UNDO", "ACCEPT_REST"),
                *cards("DONE", ANSWER, "DONE"),
            ]  # fmt: skip
        lines = [line for line in self.site.document("PO-2001").lines if line.lot and line.expiry]
        labels = [lot_scan(line.gtin, line.lot, line.expiry) for line in lines if line.lot and line.expiry]
        return [document_scan("PO-2001"), *labels * 4, *cards("UNDO", "DONE", ANSWER, "DONE")]

    @property
    def own_lots(self) -> list[str]:
        loose = [item.gtin for item in self.site.items if not item.serialised and item.storage_class.value == "ambient"]
        expiry = self.site.today + timedelta(days=700)
        return [lot_scan(gtin, f"F{self.number}", expiry) for gtin in loose[:3]]

    def receive_without_document(self) -> list[str]:
        """Goods without serials, of a lot of its own, to a dock."""
        packs = [self.chance.choice(self.own_lots) for _ in range(60)]
        return [
            *cards("RECEIVE"), place_scan(self.dock), *self.own_lots, *packs, *cards("UNDO", "UNDO", "QTY10"), packs[0],
            *cards("DONE"),
        ]  # fmt: skip

    def open_balance(self) -> list[str]:
        """The supervisors' devices, D and E: units, some serials on both of them."""
        if self.number not in {3, 4}:
            return self.look_up(20)
        gtin = next(item.gtin for item in self.site.items if item.name == "Vellorin")
        serials = [f"BOTH{number}" for number in range(10)] + [f"{NAMES[self.number]}{n:03d}" for n in range(60)]
        self.chance.shuffle(serials)
        packs = [unit_scan(gtin, "OB1", self.site.today + timedelta(days=600), serial) for serial in serials]
        return [*cards("OPENING"), place_scan(f"A-05-{self.number}"), *packs, *cards("UNDO", "DONE")]

    @property
    def dock(self) -> str:
        return f"DOCK-{self.number % 2 + 1}"

    def put_away(self) -> list[str]:
        moves = []
        for _ in range(20):
            bin_ = f"A-0{self.chance.randint(1, 6)}-{self.chance.randint(1, 4)}"
            moves += [place_scan(self.dock), *self.chance.sample(self.own_lots, 2), place_scan(bin_)]
        return [*cards("PUTAWAY"), *moves, *cards("UNDO", "DONE")]

    def take_of_the_shared_lot(self) -> list[str]:
        line = next(line for line in self.site.opening if line.lot == SHARED_LOT)
        to = place_scan(f"B-03-{self.number % 4 + 1}")
        return [*cards("PUTAWAY"), place_scan(SHARED_PLACE), *cards("QTY40"), stock_scan(line), to, *cards("DONE")]

    def count(self) -> list[str]:
        """A counts a bin that nobody touches, B the one whose units the others move meanwhile."""
        if self.number > 1:
            return []
        bin_ = (QUIET_BIN, SHARED_UNITS)[self.number]
        packs = [
            stock_scan(line, serial) for line in self.site.opening if line.place == bin_ for serial in line.serials
        ]
        return [*cards("COUNT"), place_scan(bin_), *packs, *cards("UNDO"), packs[-1], ANSWER, place_scan(bin_)]

    def move_shared_units(self) -> list[str]:
        line = next(line for line in self.site.opening if line.place == SHARED_UNITS)
        moves: list[str] = []
        for serial in self.chance.sample(line.serials, 3):
            moves += [stock_scan(line, serial), place_scan(f"B-04-{self.chance.randint(1, 4)}")]
        return [*cards("PUTAWAY"), *moves, *cards("UNDO", "DONE")]

    def look_up(self, count: int) -> list[str]:
        places = [place_scan(self.chance.choice(self.site.places).code) for _ in range(count)]
        return [*cards("LOOKUP"), *places, *cards("DONE")]

    def scan_what_is_wrong(self) -> list[str]:
        """Unknown, unreadable, not for here: saved all the same."""
        return [
            place_scan("Z-99-9"), "]d20109521001000117", "]d2010950600013435210\x1d21", document_scan("ASN-9"), "12",
            *cards("NONSENSE", "UNDO"),
        ] * 4  # fmt: skip


@dataclass
class Worker:
    """One device with the network before it."""

    name: str
    home: Path
    scanner: VirtualScanner
    proxy: Proxy
    person: DemoOperator
    parts: list[list[str]]
    scans: int = 0

    def work(self, part: int, begun: datetime) -> None:
        """One part of the shift, without a network; then the battery is pulled."""
        now = begun + timedelta(hours=PART_H * part)
        with Handheld(self.home, now.isoformat(timespec="seconds")) as handheld:
            sign_in(handheld, self.scanner, self.person)
            self.scans += 1
            for label in [*self.parts[part], *cards(ANSWER, "SIGN_OUT")]:
                if label == ANSWER:
                    self.await_saved()
                else:
                    self.scanner.scan(label, patience_s=PATIENCE_S)
                    self.scans += 1
            self.await_saved()
            assert b"does not add up" not in handheld.output

    def await_saved(self) -> None:
        """Until every scan so far is saved; what it asks has stood there a moment by then."""
        wait_until(lambda: scans_saved(self.home) == self.scans, f"{self.name}: {self.scans} scans", SAVED_WITHIN_S)
        time.sleep(STANDS_S)

    @property
    def goes_wrong(self) -> int:
        """How often the network misbehaved to it."""
        return sum(count for fate, count in self.proxy.fates.items() if fate is not Fate.PASSED)


def make_workers(folder: Path, centre: RunningCentre, site: DemoSite, stack: ExitStack) -> list[Worker]:
    workers = []
    for number, name in enumerate(NAMES):
        proxy = stack.enter_context(Proxy("127.0.0.1", centre.port, seed=SEED + number))
        scanner = stack.enter_context(linked_home(folder / name, centre, name, proxy.url))
        parts = Shift(site, number, Random(f"{SEED}/{name}")).parts()
        workers.append(Worker(name, folder / name / "home", scanner, proxy, site.operators[number], parts))
    return workers


def test_a_shift_of_five_devices_without_a_network_arrives_whole_over_a_bad_one(
    tmp_path: Path, centre: RunningCentre, demo: DemoSite
) -> None:
    sys.stdout.write(f"seed {SEED}\n")
    begun = datetime.now(UTC) - timedelta(hours=PART_H * 4)
    with ExitStack() as stack:
        workers = make_workers(tmp_path, centre, demo, stack)
        homes = [worker.home for worker in workers]
        before = len(at_centre(centre))
        work_offline(workers, begun)
        assert len(at_centre(centre)) == before, "nothing was sent"
        assert min(worker.scans for worker in workers) > 250, [worker.scans for worker in workers]
        set_weather(workers, STORM)
        for worker in workers:
            stack.enter_context(Handheld(worker.home))
        until = time.monotonic() + STORM_S
        wait_until(lambda: all(map(is_sent, homes)) or time.monotonic() > until, "the storm's end", 2 * STORM_S)
        assert min(worker.goes_wrong for worker in workers) > 3, [worker.proxy.fates for worker in workers]
        set_weather(workers, CLEAN)
        await_settled(homes, centre)
    assert_converged(centre, homes)
    assert_explained(centre, workers)


def work_offline(workers: list[Worker], begun: datetime) -> None:
    set_weather(workers, NO_NETWORK)
    for part in range(4):
        with ThreadPoolExecutor(len(workers)) as pool:
            for done in [pool.submit(worker.work, part, begun) for worker in workers]:
                done.result()


def set_weather(workers: list[Worker], weather: Weather) -> None:
    for worker in workers:
        worker.proxy.weather = weather


# Conflicts, found in the devices' own ledgers, against what the centre flags.


def assert_explained(centre: RunningCentre, workers: list[Worker]) -> None:
    flags = json_lines(centre.command("report", "exceptions", "--json"))
    by_code: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for flag in flags:
        by_code[flag["code"]].append(flag)
    for tells in (has_arrived, has_left_the_shared_bin):
        doubled = told_by_several(workers, tells)
        assert doubled, "the shift has no unit of which two devices tell the same"
        events, subjects = {flag["event_id"] for flag in by_code["DUP_SERIAL"]}, subjects_of(by_code["DUP_SERIAL"])
        unexplained = [
            unit for unit, came in doubled.items() if not came & events and case_place(*unit) not in subjects
        ]
        assert not unexplained, unexplained
    below = {line["location"] for line in stock_at_centre(centre) if line["quantity"] < 0}
    assert SHARED_PLACE in below
    flagged = {json.loads(flag["subject"].removeprefix("line:"))[0] for flag in by_code["NEGATIVE"]}
    assert below == flagged <= {SHARED_PLACE, SHARED_UNITS}
    closed = closed_on_several(workers)
    assert closed == {"ASN-1001", "ASN-1002"}
    assert {flag["document"] for flag in by_code["TASK_CONFLICT"]} == closed
    assert subjects_of(by_code["CLOCK"]) == {f"device:{worker.name}" for worker in workers}, "they were moved by hours"
    assert len(by_code["COUNT_STALE"]) == 1, "of two counts, one whose bin was taken from meanwhile"
    assert set(by_code) == {"DUP_SERIAL", "NEGATIVE", "TASK_CONFLICT", "CLOCK", "COUNT_STALE"}, flags


def subjects_of(flags: list[dict[str, Any]]) -> set[str]:
    return {flag["subject"] for flag in flags}


def told_by_several(workers: list[Worker], tells: Callable[[Posting], bool]) -> dict[tuple[str, str], set[str]]:
    """Units of which more than one device tells the same, and has not taken it back; with all entries that ever did."""
    told: dict[tuple[str, str], set[str]] = defaultdict(set)
    by: dict[tuple[str, str], set[str]] = defaultdict(set)
    for worker in workers:
        for event, posting in unit_postings(worker.home):
            unit = posting.key.gtin, posting.key.serial or ""
            if tells(posting):
                told[unit].add(event)
                by[unit].add(worker.name)
            elif tells(posting.negated()):
                by[unit].discard(worker.name)
    return {unit: told[unit] for unit, names in by.items() if len(names) > 1}


def has_arrived(posting: Posting) -> bool:
    return posting.from_place in NOT_COME and posting.to_place not in NOT_OURS


def has_left_the_shared_bin(posting: Posting) -> bool:
    return posting.from_place == SHARED_UNITS and posting.to_place not in OUTSIDE


def unit_postings(home: Path) -> Iterator[tuple[str, Posting]]:
    """What moved serialised units, member lists included, with the event id of the entry."""
    for (stored,) in read(home / "ledger.db", "SELECT bytes FROM entry ORDER BY position"):
        entry = decode_entry(stored)
        postings = [*entry.postings]
        for digest in entry.lists:
            postings += decode_list(digest, [row[0] for row in read(home / "ledger.db", CHUNKS, digest)]).postings
        yield from ((entry.event_id, posting) for posting in postings if posting.key.serial is not None)


def closed_on_several(workers: list[Worker]) -> set[str]:
    closed = [{row[0] for row in read(worker.home / "ledger.db", CLOSED)} for worker in workers]
    return {document for found in closed for document in found if sum(document in each for each in closed) > 1}
