"""Whatever fails, the ledger thread goes on, says so on the screen, and loses no scan in silence."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from scanner_app.bootstrap import Station, open_ledger
from scanner_app.clock import SettableClock
from scanner_app.domain.refusals import Refused
from scanner_app.errors import ProgramError
from scanner_app.store.database import PAGE_BYTES
from scanner_app.terminal import consumer
from scanner_app.terminal.consumer import FAILURES_MAX, RESTART_AFTER_NS, RESTARTS_MAX
from scanner_app.terminal.desk import Desk
from scanner_app.terminal.faults import FAULT_ID_LENGTH
from scanner_app.terminal.front import Front
from scanner_app.terminal.presenter import Presenter
from scanner_app.terminal.view import Mark, Room
from tests.terminal.floor import Worker, badge_scan, entries_of, place_scan
from tests.terminal.station import Gate, Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scanner_app.store.inbox import Capture
    from scanner_app.terminal.desk import Told
    from scanner_app.terminal.view import View

GOOD, BAD = place_scan("A-01-1"), place_scan("A-06-6")
SECRET = "this may be anything that was scanned"


@pytest.fixture(autouse=True)
def quick_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "TICK_S", 0.01)


@pytest.fixture
def watched(worker: Worker) -> Iterator[Watched]:
    """The ledger thread of a home where Ana is at work."""
    worker.sign_in()
    worker.ledger.close()
    running = Watched(worker.station)
    running.consumer.start()
    yield running
    running.consumer.stop()


def later(watched: Watched, ns: int = RESTART_AFTER_NS) -> None:
    assert isinstance(watched.station.clock, SettableClock)
    watched.station.clock.advance(ns // 1_000_000)


def failing(monkeypatch: pytest.MonkeyPatch, fails: Callable[[Capture], bool]) -> None:
    """Has the desk fail at some scans, before they are saved."""
    judge = Desk.scan

    def scan(desk: Desk, capture: Capture, *, confirms: bool = True) -> Told:
        assert not fails(capture), SECRET
        return judge(desk, capture, confirms=confirms)

    monkeypatch.setattr(Desk, "scan", scan)


def fault_shown(view: View) -> str:
    """The id on the fault screen."""
    assert view.room is Room.FAULT
    assert view.panel is not None
    assert view.panel.mark is Mark.STOP
    begin, _, rest = view.panel.headline.partition("program fault ")
    assert begin == ""
    return rest.partition(":")[0]


def looked_at(watched: Watched) -> None:
    """Waits until the ledger thread has come round twice."""
    seen = len(watched.views)
    watched.wait_for(lambda: len(watched.views) > seen + 1)


def headline(view: View) -> str:
    return "" if view.panel is None else view.panel.headline


def saved_texts(station: Station) -> list[str]:
    ledger = open_ledger(station)
    try:
        return [entry.raw.payload.decode() for entry in entries_of(ledger) if entry.raw is not None][1:]
    finally:
        ledger.close()


def test_a_fault_of_our_own_is_shown_by_its_id_and_the_work_goes_on(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures = iter([True])
    failing(monkeypatch, lambda _: next(failures, False))
    gate = Gate(watched)
    for text in (BAD, GOOD):
        assert watched.scan(text)
    gate.open()
    watched.wait_for(lambda: watched.view.room is Room.FAULT)
    known_as = fault_shown(watched.view)
    assert len(known_as) == FAULT_ID_LENGTH
    assert watched.view.keys
    assert watched.view.meter.adds_up
    assert watched.told[-1].tone.value == "bad"
    assert not watched.scan("LOC-refused"), "what is scanned meanwhile is refused aloud"
    watched.wait_for(lambda: watched.front.ledger.counters().waiting == 2)
    later(watched)
    watched.wait_for(lambda: watched.view.room is Room.ENQUIRY and watched.waiting == 0)
    assert watched.view.meter.adds_up
    assert headline(next(view for view in watched.views if view.room is Room.MENU and view.panel)) == (
        f"started again after fault {known_as}: scan on"
    )
    watched.consumer.stop()
    assert saved_texts(watched.station) == [BAD, GOOD]
    (told,) = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert (told.fault, told.exc_info is not None) == (known_as, True)  # type: ignore[attr-defined] # of `extra`


def test_a_scan_that_always_fails_is_set_aside_and_told(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, lambda capture: capture.text == BAD)
    gate = Gate(watched)
    for text in (BAD, GOOD):
        watched.scan(text)
    gate.open()
    for _ in range(FAILURES_MAX):
        watched.wait_for(lambda: watched.view.room is Room.FAULT)
        seen = len(watched.views)
        later(watched)
        watched.wait_for(lambda before=seen: any(view.room is not Room.FAULT for view in watched.views[before:]))
    watched.wait_for(lambda: watched.view.room is Room.ENQUIRY and watched.waiting == 0)
    aside = next(told for told in watched.told if isinstance(told.verdict, Refused))
    assert isinstance(aside.verdict, Refused)
    assert (aside.verdict.refusal.value, aside.entry_id is not None) == ("UNREADABLE", True)
    assert any(headline(view).startswith("LOC-A-06-6 not judged: keep it apart") for view in watched.views)
    watched.consumer.stop()
    assert saved_texts(watched.station) == [BAD, GOOD]


def test_a_scan_that_was_saved_before_the_fault_is_not_judged_again(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    show, failures = Front.show, iter([True])

    def told(front: Front, what: Told) -> None:
        assert not next(failures, False)
        show(front, what)

    monkeypatch.setattr(Front, "show", told)
    watched.scan(GOOD)
    watched.wait_for(lambda: watched.view.room is Room.FAULT)
    assert watched.view.meter.adds_up
    later(watched)
    watched.wait_for(lambda: watched.view.room is Room.ENQUIRY)
    watched.consumer.stop()
    assert saved_texts(watched.station) == [GOOD]


def test_a_key_that_fails_is_not_pressed_again(watched: Watched) -> None:
    pressed: list[bool] = []

    def press() -> None:
        pressed.append(True)
        raise RuntimeError

    watched.consumer.post(press)
    watched.wait_for(lambda: watched.view.room is Room.FAULT)
    later(watched)
    watched.wait_for(lambda: watched.view.room is Room.MENU and len(watched.views) > 2)
    assert pressed == [True]


def test_it_starts_again_a_few_times_by_itself_and_then_when_it_is_asked(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[bool] = []

    def view(presenter: Presenter, front: Front) -> View:
        if front.shown.fault is not None:
            return presenter._stopped_view(front, front.shown.fault)
        tries.append(True)
        raise KeyError(SECRET)

    watch = Presenter.view
    monkeypatch.setattr(Presenter, "view", view)
    watched.consumer.post(lambda: None)
    for number in range(RESTARTS_MAX + 1):
        watched.wait_for(lambda wanted=number + 1: len(tries) == wanted)
        looked_at(watched)
        later(watched)
    looked_at(watched)
    later(watched, 60 * RESTART_AFTER_NS)
    looked_at(watched)
    assert len(tries) == RESTARTS_MAX + 1
    assert fault_shown(watched.view)
    monkeypatch.setattr(Presenter, "view", watch)
    watched.consumer.post(lambda: watched.front.press("F9"))
    watched.wait_for(lambda: watched.view.room is Room.MENU)
    assert watched.scan(GOOD)


def test_a_fault_that_cannot_even_be_shown_ends_the_program(watched: Watched) -> None:
    died: list[ProgramError] = []
    watched.consumer.died = died.append

    def publish(front: Front) -> None:
        raise RuntimeError(front)

    watched.front._publish = publish
    watched.consumer.post(lambda: None)
    watched.consumer._thread.join(20)
    assert len(died) == 1
    assert not watched.scan(GOOD)


def test_what_fails_at_the_start_is_raised_and_lets_go_of_the_ledger(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.ledger.close()
    with monkeypatch.context() as patch:
        patch.setattr(Front, "take", lambda *_: pytest.fail("no take"))
        with pytest.raises(pytest.fail.Exception):
            Watched(worker.station).consumer.start()
    open_ledger(worker.station).close()


# The ledger itself fails.


def overwrite(station: Station, table: str) -> bytes:
    """Destroys the first page of a table under the running terminal; gives what stood there."""
    ledger = open_ledger(station)
    page = ledger._connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
    ledger.close()
    with station.home.ledger_path.open("r+b") as file:
        file.seek((page - 1) * PAGE_BYTES)
        former = file.read(PAGE_BYTES)
        file.seek((page - 1) * PAGE_BYTES)
        file.write(b"\xa5" * PAGE_BYTES)
    return former


def test_a_damaged_page_stops_scanning_aloud_and_the_thread_lives(worker: Worker) -> None:
    badge = badge_scan(worker.site.operator("USR-1001"))
    worker.ledger.close()
    watched = Watched(worker.station)
    damaged_at = worker.station.home.ledger_path
    whole = damaged_at.read_bytes()
    overwrite(worker.station, "operator")
    watched.consumer.start()
    assert watched.scan(badge)
    watched.wait_for(lambda: watched.view.room is Room.FAULT)
    assert headline(watched.view).startswith("ledger stopped: ")
    assert "damaged" in headline(watched.view)
    assert watched.view.panel is not None
    assert "restore" in watched.view.panel.more[0]
    assert watched.view.meter.adds_up
    assert not watched.scan(GOOD)
    captured = watched.captured
    damaged_at.write_bytes(whole)
    watched.consumer.post(lambda: watched.front.press("F9"))
    watched.wait_for(lambda: watched.view.giant == "PIN" and watched.waiting == 0)
    assert watched.front.ledger.counters().scans_saved == captured
    watched.consumer.stop()
