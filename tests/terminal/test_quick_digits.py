"""Digits as quick as a scan's, or pasted: a PIN or a number may be typed so too, and no PIN is ever kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from devices.scan import WEDGE, Ending, scan_of_text
from scanner_app.clock import SettableClock
from scanner_app.domain.refusals import Refused
from scanner_app.terminal.view import Mark, Room
from tests.terminal.floor import ANA, TOM, Worker, badge_scan, command_scan, document_scan, entries_of
from tests.terminal.station import Gate, Watched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scanner_app.intake import RawScan
    from scanner_app.store.inbox import Capture

PIN = "2468"
KEY = "40063812"
"""Eight digits that are a GTIN-8 by their check digit."""


def payloads(worker: Worker) -> list[bytes]:
    return [entry.raw.payload for entry in entries_of(worker.ledger) if entry.raw is not None]


def everything_kept(worker: Worker) -> bytes:
    """All raw scans, all sentences' parameters, and the inbox."""
    entries = entries_of(worker.ledger)
    parameters = repr([entry.verdict.parameters for entry in entries]).encode()
    inbox = b"".join(capture.payload + capture.text.encode() for capture in worker.ledger.inbox())
    return b"\0".join((*payloads(worker), parameters, inbox))


@pytest.mark.parametrize("text", [PIN, f" {PIN} "])
@pytest.mark.parametrize("ended_by", [Ending.TERMINATOR, Ending.PASTED])
def test_a_pin_that_is_typed_fast_or_pasted_signs_in(worker: Worker, text: str, ended_by: Ending) -> None:
    worker.scan(badge_scan(worker.site.operator(ANA)))
    view = worker.burst(text, ended_by)
    assert (view.room, view.status.user) == (Room.MENU, "Ana Moreno")
    assert view.meter.adds_up
    assert len(payloads(worker)) == 1
    assert PIN.encode() not in everything_kept(worker)


def test_a_pin_that_is_pasted_without_a_wedge_is_typing(worker: Worker) -> None:
    worker.scan(badge_scan(worker.site.operator(ANA)))
    worker.type(f"{PIN}\r\n")
    assert worker.press("enter").room is Room.MENU


def test_a_wrong_pin_is_counted_and_not_kept(worker: Worker) -> None:
    worker.scan(badge_scan(worker.site.operator(ANA)))
    view = worker.burst("1357")
    assert view.panel is not None
    assert view.panel.headline == "wrong PIN, 4 tries left"
    assert b"1357" not in everything_kept(worker)


def test_quick_digits_join_what_was_typed_and_wait_for_enter(worker: Worker) -> None:
    worker.scan(badge_scan(worker.site.operator(ANA)))
    worker.type("2")
    waiting = worker.burst("468", Ending.IDLE)
    assert (waiting.room, waiting.entering) == (Room.SIGN_IN, PIN)
    assert worker.press("enter").room is Room.MENU


@pytest.mark.parametrize("digits", ["2468", KEY, "123456789012"])
@pytest.mark.parametrize("ended_by", list(Ending))
def test_where_a_badge_is_asked_for_they_are_told_and_not_kept(worker: Worker, digits: str, ended_by: Ending) -> None:
    before = worker.view()
    view = worker.burst(digits, ended_by)
    assert view.panel is not None
    assert (view.panel.mark, view.panel.headline) == (Mark.ASK, "the badge first: scan it, or type it")
    assert (view.meter, view.entering) == (before.meter, None)
    assert entries_of(worker.ledger) == []


def test_they_are_no_scan_at_a_lock_either(worker: Worker) -> None:
    worker.sign_in()
    worker.clock.advance(11 * 60 * 1000)
    worker.pull_the_battery()
    made = len(entries_of(worker.ledger))
    worker.burst(PIN)
    assert len(entries_of(worker.ledger)) == made
    assert worker.view().giant == "BADGE"


def test_digits_that_no_pin_has_are_a_scan_there(worker: Worker) -> None:
    worker.burst("0" * 13)
    assert payloads(worker) == [b"0" * 13]


def asked_for_a_number(worker: Worker) -> None:
    worker.sign_in()
    worker.scan(document_scan("PO-2001"))
    worker.scan(command_scan("QUANTITY"))
    assert worker.view().giant == "NUMBER"


def test_a_number_that_is_asked_for_is_typed(worker: Worker) -> None:
    asked_for_a_number(worker)
    scans = len(payloads(worker))
    assert worker.burst("1200").verb == "next scan counts 1200"
    assert len(payloads(worker)) == scans


def test_a_key_is_a_scan_even_where_a_number_is_asked_for(worker: Worker) -> None:
    asked_for_a_number(worker)
    worker.burst(KEY)
    assert payloads(worker)[-1] == KEY.encode()


def test_quick_digits_join_what_f6_began(worker: Worker) -> None:
    worker.sign_in()
    worker.scan(document_scan("PO-2001"))
    worker.press("F6")
    worker.burst("1200")
    assert worker.view().verb == "next scan counts 1200"


def test_on_a_task_they_are_a_scan(worker: Worker) -> None:
    worker.sign_in()
    worker.scan(document_scan("ASN-1002"))
    worker.burst(PIN)
    assert payloads(worker)[-1] == PIN.encode()


def test_what_a_scanner_reads_at_the_pin_is_no_pin(worker: Worker) -> None:
    worker.scan(badge_scan(worker.site.operator(ANA)))
    worker.scan(PIN)
    assert isinstance(worker.heard[-1].verdict, Refused)
    assert worker.heard[-1].verdict.refusal.value == "ANSWER_FIRST"


# On the ledger thread: the queue and the inbox.


@pytest.fixture
def watched(worker: Worker) -> Iterator[Watched]:
    """The ledger thread of a home where Ana is at work."""
    worker.sign_in()
    worker.ledger.close()
    running = Watched(worker.station)
    running.consumer.start()
    yield running
    running.consumer.stop()


def keys(watched: Watched, text: str) -> RawScan:
    clock = watched.station.clock
    wall_ms = round(clock.now().timestamp() * 1000)
    return scan_of_text(text, source=WEDGE, monotonic_ns=clock.monotonic_ns(), wall_ms=wall_ms)


def wait_in_line(watched: Watched, *texts: str) -> list[str]:
    """Submits all while the ledger thread is held up so long that they are spilled; what was put into the inbox."""
    gate = Gate(watched)
    for text in texts:
        watched.consumer.submit(keys(watched, text))
    assert isinstance(watched.station.clock, SettableClock)
    watched.station.clock.advance(250)
    spilled: list[str] = []
    spill = watched.front.ledger.spill

    def noted(captures: Sequence[Capture]) -> None:
        spilled.extend(f"{capture.payload!r} {capture.text}" for capture in captures)
        spill(captures)

    watched.front.ledger.spill = noted  # type: ignore[method-assign] # looks on
    gate.open()
    watched.wait_for(lambda: len(watched.told) == len(texts) and watched.waiting == 0)
    watched.consumer.stop()
    return spilled


def test_a_badge_and_its_pin_that_wait_together_leave_no_secret_in_the_inbox(worker: Worker, watched: Watched) -> None:
    tom = worker.site.operator(TOM)
    badge = badge_scan(tom)
    spilled = wait_in_line(watched, "LOC-A-01-1", badge, tom.pin, "LOC-A-01-2")
    assert len(spilled) == 3
    token = badge.partition(".")[2]
    assert not any(tom.pin in capture or token in capture for capture in spilled)
    assert watched.front.desk.work.session.signing.operator == TOM
    assert watched.captured == watched.front.ledger.counters().scans_saved


def test_digits_that_can_be_no_answer_are_spilled_like_any_scan(watched: Watched) -> None:
    assert len(wait_in_line(watched, PIN, "LOC-A-01-1")) == 2
    assert watched.captured == watched.front.ledger.counters().scans_saved == 3


def test_digits_after_a_key_are_kept_in_memory_alone(watched: Watched) -> None:
    gate = Gate(watched)
    watched.consumer.post(watched.front.desk.sign_out)
    watched.consumer.submit(keys(watched, PIN))
    assert isinstance(watched.station.clock, SettableClock)
    watched.station.clock.advance(250)
    gate.open()
    watched.wait_for(lambda: len(watched.told) == 1)
    assert watched.told[0].entry_id is None
    assert watched.front.ledger.counters().waiting == 0
