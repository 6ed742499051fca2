"""The ledger thread: every scan in order, spilled before it can be lost, judged first after a restart."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from scanner_app.bootstrap import intake_of, open_ledger
from scanner_app.clock import SettableClock
from scanner_app.domain.facts import RecentScans
from scanner_app.errors import StoreError
from scanner_app.terminal.consumer import Bounds
from tests.terminal.station import Gate, Watched, raw_scan, station_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scanner_app.bootstrap import Station


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return station_in(tmp_path)


@pytest.fixture
def watched(station: Station) -> Iterator[Watched]:
    running = Watched(station)
    running.consumer.start()
    yield running
    running.consumer.stop()


def advance(station: Station, ms: int) -> None:
    assert isinstance(station.clock, SettableClock)
    station.clock.advance(ms)


def scans_in(station: Station) -> list[str]:
    """What is saved, oldest first; at most the 50 that history can show."""
    ledger = open_ledger(station)
    try:
        lines = ledger.answer(RecentScans(50))
        assert isinstance(lines, tuple)
        return [line.scanned for line in reversed(lines)]
    finally:
        ledger.close()


def test_every_scan_is_an_entry_in_order(watched: Watched, station: Station) -> None:
    texts = [f"LOC-A-{number:02}" for number in range(30)]
    for text in texts:
        assert watched.scan(text)
    watched.wait_for(lambda: watched.front.ledger.counters().scans_saved == 30 and watched.waiting == 0)
    assert watched.captured == 30
    watched.consumer.stop()
    assert scans_in(station) == texts


def test_a_scan_that_waits_too_long_is_spilled_and_then_judged_once(watched: Watched, station: Station) -> None:
    gate = Gate(watched)
    for number in range(5):
        watched.scan(f"LOC-{number}")
    advance(station, 250)
    gate.open()
    watched.wait_for(lambda: len(watched.told) == 5)
    watched.consumer.stop()
    assert scans_in(station) == [f"LOC-{number}" for number in range(5)]
    ledger = open_ledger(station)
    assert ledger.counters().waiting == 0
    ledger.close()


def test_more_scans_than_the_queue_holds_wait_in_the_inbox_and_keep_their_order(tmp_path: Path) -> None:
    station = station_in(tmp_path)
    watched = Watched(station, Bounds(guard_ms=700, spill_after_ms=200, queue_max=10))
    watched.consumer.start()
    gate = Gate(watched)
    texts = [f"LOC-{number:02}" for number in range(45)]
    for text in texts:
        watched.scan(text)
    gate.open()
    watched.wait_for(lambda: len(watched.told) == 45)
    watched.consumer.stop()
    assert scans_in(station) == texts


def test_what_was_spilled_is_judged_first_after_a_restart(station: Station) -> None:
    intake = intake_of(station)
    ledger = open_ledger(station)
    ledger.spill([intake.capture(raw_scan(station, f"LOC-{number}")) for number in range(3)])
    ledger.close()
    watched = Watched(station)
    watched.consumer.start()
    watched.scan("LOC-new")
    watched.wait_for(lambda: len(watched.told) == 4)
    assert watched.captured == 4
    watched.consumer.stop()
    assert scans_in(station) == ["LOC-0", "LOC-1", "LOC-2", "LOC-new"]


def test_the_meter_adds_up_at_every_look(station: Station) -> None:
    watched = Watched(station)
    looks: list[tuple[int, int, int]] = []
    publish = watched.front._publish

    def look(front: object) -> None:
        publish(watched.front)
        shown = watched.front.shown
        looks.append((shown.captured, watched.front.ledger.counters().scans_saved, shown.waiting))
        assert front is watched.front

    watched.front._publish = look
    watched.consumer.start()
    for number in range(40):
        watched.scan(f"LOC-{number}")
    watched.wait_for(lambda: len(watched.told) == 40)
    watched.consumer.stop()
    assert len(looks) >= 40
    assert all(captured == saved + waiting for captured, saved, waiting in looks)


def test_a_ledger_that_is_in_use_is_told_at_the_start(station: Station) -> None:
    other = open_ledger(station)
    with pytest.raises(StoreError) as refused:
        Watched(station).consumer.start()
    assert refused.value.code == "LEDGER_IN_USE"
    other.close()


def test_a_full_disk_stops_scanning_and_loses_nothing(watched: Watched) -> None:
    watched.scan("LOC-1")
    watched.wait_for(lambda: len(watched.told) == 1)
    limited = threading.Event()

    def fill() -> None:
        pages = watched.front.ledger._connection.execute("PRAGMA page_count").fetchone()[0]
        watched.front.ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
        limited.set()

    watched.consumer.post(fill)
    assert limited.wait(20)
    sent = 1
    while watched.scan(f"LOC-{'x' * 60}-{sent}") and sent < 2000:
        sent += 1
        if watched.faults:
            break
    watched.wait_for(lambda: watched.faults > 0)
    assert watched.front.shown.fault is not None
    assert watched.front.shown.fault.code == "DISK_FULL"
    assert watched.front.shown.fault.remedy
    assert not watched.scan("LOC-refused")
    assert watched.consumer.waits_since() is not None  # in no file yet: nobody may say that all of before is sent
    captured = watched.captured

    def mend() -> None:
        watched.front.ledger._connection.execute("PRAGMA max_page_count = 1000000")
        watched.consumer.retry()

    watched.consumer.post(mend)
    watched.wait_for(lambda: watched.waiting == 0 and watched.front.shown.fault is None)
    assert watched.front.ledger.counters().scans_saved == captured
    assert watched.consumer.waits_since() is None
