"""The sign-in, with a scanner and without one: a badge may be typed, a PIN never gets into the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scanner_app.bootstrap import intake_of
from scanner_app.domain.facts import RecentScans
from scanner_app.terminal.view import Mark, Room
from tests.terminal.floor import ANA, TOM, Worker, badge_scan, document_scan, entries_of
from tests.terminal.station import raw_scan

if TYPE_CHECKING:
    from scanner_app.terminal.view import View


def keys_of(view: View) -> dict[str, str]:
    return {hint.key: hint.label for hint in view.keys}


def headline(view: View) -> str:
    return "" if view.panel is None else view.panel.headline


def typed(worker: Worker, text: str) -> View:
    """F6, a text, Enter: what a worker without a scanner does."""
    worker.press("F6")
    worker.type(text)
    return worker.press("enter")


def badge_typed(worker: Worker, operator: str) -> View:
    return typed(worker, worker.site.operator(operator).badge)


def idle(worker: Worker) -> View:
    worker.clock.advance(11 * 60 * 1000)
    worker.front.idle()
    return worker.view()


def test_without_a_scanner_the_badge_is_typed(worker: Worker) -> None:
    assert keys_of(worker.view()) == {"F1": "Help", "F6": "Type"}
    assert worker.press("F6").entering == ""
    assert worker.press("F3").entering is None
    asked = badge_typed(worker, TOM)
    assert (asked.giant, headline(asked)) == ("PIN", "hello Tom Okafor, now the PIN")
    assert keys_of(asked) == {"F1": "Help", "F3": "Badge"}
    worker.type("7531")
    assert worker.press("enter").status.user == "Tom Okafor"
    assert worker.press("F5").history[0].what == "USR-1004"


def test_help_and_leaving_are_told_at_the_sign_in(worker: Worker) -> None:
    view = worker.press("F1")
    assert view.room is Room.HELP
    assert view.notes == ("scan your badge", "", "F6  type a code by hand", "", "Ctrl-C twice ends the program")
    assert worker.press("F1").room is Room.SIGN_IN
    worker.scan(badge_scan(worker.site.operator(ANA)))
    view = worker.press("F1")
    assert view.notes[0] == "Ana Moreno: type your PIN"
    assert "F3  ask for a badge: another one, or this one" in view.notes
    assert view.entering is None
    at_pin = worker.type("2")
    assert (at_pin.room, at_pin.entering) == (Room.SIGN_IN, "2")


@pytest.mark.parametrize("key", ["F2", "F4", "F5", "F7", "F8", "F9", "F10", "1"])
def test_no_other_key_does_anything_at_the_sign_in(worker: Worker, key: str) -> None:
    before = worker.view()
    assert worker.press(key) == before


def test_a_pin_that_is_typed_as_a_code_is_not_saved(worker: Worker) -> None:
    view = typed(worker, "2468")
    assert headline(view) == "the badge first: scan it, or type it"
    assert view.meter.saved == 0
    assert worker.ledger.answer(RecentScans()) == ()
    assert view.giant == "BADGE"


def test_the_pin_alone_opens_a_locked_session_whether_or_not_f6_comes_first(worker: Worker) -> None:
    worker.sign_in()
    worker.scan(document_scan("ASN-1002"))
    locked = idle(worker)
    assert (locked.verb, locked.giant) == ("locked: Ana Moreno, type your PIN", "PIN")
    worker.type("2468")
    assert worker.press("enter").title == "RECEIVE  ASN-1002"
    idle(worker)
    opened = typed(worker, "2468")
    assert (opened.title, headline(opened)) == ("RECEIVE  ASN-1002", "welcome back, Ana Moreno")


def test_back_at_the_lock_asks_for_a_badge_and_back_again_for_the_pin(worker: Worker) -> None:
    worker.sign_in()
    assert idle(worker).menu == ()
    at_badge = worker.press("escape")
    assert (at_badge.giant, keys_of(at_badge)) == ("BADGE", {"F1": "Help", "F3": "PIN", "F6": "Type"})
    at_pin = worker.press("F3")
    assert (at_pin.giant, keys_of(at_pin)) == ("PIN", {"F1": "Help", "F3": "Badge"})
    worker.type("2468")
    assert worker.press("enter").room is Room.MENU


def test_a_colleagues_badge_that_comes_to_nothing_leaves_the_pin_enough(worker: Worker) -> None:
    worker.sign_in()
    idle(worker)
    worker.scan(badge_scan(worker.site.operator(TOM)))
    assert worker.press("F3").giant == "BADGE"
    assert worker.press("F3").verb == "locked: Ana Moreno, type your PIN"
    worker.type("2468")
    assert worker.press("enter").status.user == "Ana Moreno"


def test_a_colleague_takes_over_by_a_typed_badge(worker: Worker) -> None:
    worker.sign_in()
    worker.scan(document_scan("ASN-1002"))
    asked = badge_typed(worker, TOM)
    assert (asked.room, asked.giant, asked.secret) == (Room.SIGN_IN, "PIN", True)
    assert keys_of(asked) == {"F1": "Help", "F3": "Badge"}
    assert worker.press("F3").title == "RECEIVE  ASN-1002"
    badge_typed(worker, TOM)
    worker.type("7531")
    taken = worker.press("enter")
    assert (taken.status.user, taken.title) == ("Tom Okafor", "RECEIVE  ASN-1002")


def test_after_a_restart_that_locks_the_badge_is_needed_and_may_be_typed(worker: Worker) -> None:
    worker.sign_in()
    worker.clock.advance(11 * 60 * 1000)
    worker.pull_the_battery()
    locked = worker.view()
    assert (locked.verb, keys_of(locked)) == ("locked: Ana Moreno, scan your badge", {"F1": "Help", "F6": "Type"})
    assert headline(typed(worker, "2468")) == "the badge first: scan it, or type it"
    badge_typed(worker, ANA)
    worker.type("2468")
    assert worker.press("enter").status.user == "Ana Moreno"


def test_a_restart_within_the_idle_time_goes_on_without_a_pin(worker: Worker) -> None:
    worker.sign_in()
    worker.clock.advance(9 * 60 * 1000)
    worker.pull_the_battery()
    assert worker.view().room is Room.MENU


def test_a_clock_that_was_lost_is_no_way_around_the_lock(worker: Worker) -> None:
    worker.sign_in()
    worker.clock.set(worker.clock.now().replace(year=2020))
    worker.pull_the_battery()
    assert worker.view().room is Room.SIGN_IN


def test_enter_without_a_digit_is_no_wrong_pin(worker: Worker) -> None:
    asked = badge_typed(worker, ANA)
    worker.type("1")
    worker.press("backspace")
    assert worker.press("enter") == asked


def test_a_wrong_pin_is_told_in_red(worker: Worker) -> None:
    badge_typed(worker, ANA)
    worker.type("1111")
    view = worker.press("enter")
    assert view.panel is not None
    assert (view.panel.mark, view.panel.headline) == (Mark.STOP, "wrong PIN, 4 tries left")


def everything_kept(worker: Worker) -> str:
    """All raw scans, all parameters of sentences, the inbox, the saved session."""
    entries = entries_of(worker.ledger)
    raws = [entry.raw.payload.decode() for entry in entries if entry.raw is not None]
    waiting = [repr(capture) for capture in worker.ledger.inbox()]
    return "\n".join([*raws, *(repr(entry.verdict) for entry in entries), *waiting, worker.ledger.session() or ""])


NOISE = ["{}\x1d", " {}", "x{}", "]d2{}", "{}\n", "]C1{}x"]


@pytest.mark.parametrize("working", [False, True], ids=["signed out", "at work"])
@pytest.mark.parametrize("noise", [*NOISE, "lower", "cut"])
def test_a_badge_that_is_not_read_as_one_keeps_no_token(worker: Worker, noise: str, *, working: bool) -> None:
    badge = worker.site.operator(TOM).badge
    token = badge.partition(".")[2]
    if working:
        worker.sign_in()
        worker.scan(document_scan("ASN-1002"))
    text = badge.lower() if noise == "lower" else badge + "x" * 4096 if noise == "cut" else noise.format(badge)
    view = worker.scan(text)
    made = entries_of(worker.ledger)[-1]
    assert made.raw is not None
    assert "1004#" in made.raw.payload.decode()
    for told in (everything_kept(worker), repr(view), repr(worker.press("F5"))):
        assert token not in told
        assert token.lower() not in told


def test_a_badge_that_waits_is_kept_without_its_token_and_asked_for_again_after_a_restart(worker: Worker) -> None:
    badge = badge_scan(worker.site.operator(TOM))
    intake = intake_of(worker.station)
    capture = intake.capture(raw_scan(worker.station, badge))
    worker.ledger.spill([intake.kept(capture)])
    assert badge.partition(".")[2] not in everything_kept(worker)
    worker.pull_the_battery()
    (restored,) = worker.ledger.inbox()
    worker.front.scan(restored, confirms=False)
    view = worker.view()
    assert (view.giant, headline(view)) == ("BADGE", "not readable: no badge is kept over a restart; scan again")
    assert worker.ledger.counters().waiting == 0


def test_a_pin_that_was_waited_for_needs_its_badge_again_after_a_restart(worker: Worker) -> None:
    """Without the token, which was only in memory, the right PIN would be told as a wrong one."""
    badge_typed(worker, ANA)
    worker.pull_the_battery()
    assert worker.view().giant == "BADGE"
    badge_typed(worker, ANA)
    worker.type("2468")
    assert worker.press("enter").status.user == "Ana Moreno"
