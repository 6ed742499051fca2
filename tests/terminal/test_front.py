"""What a worker sees and hears at the terminal, key by key and scan by scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scanner_app.domain.facts import RecentScans
from scanner_app.domain.refusals import Refused
from scanner_app.errors import StoreError
from scanner_app.terminal.presenter import ScannerText
from scanner_app.terminal.view import Link, Mark, Room
from scanner_app.workflows.step import Line
from tests.terminal.floor import (
    TOM,
    Worker,
    badge_scan,
    command_scan,
    container_scan,
    document_scan,
    expected_scan,
    place_scan,
)

if TYPE_CHECKING:
    from scanner_app.domain.facts import HistoryLine
    from scanner_app.terminal.view import View


def keys_of(view: View) -> dict[str, str]:
    return {hint.key: hint.label for hint in view.keys}


def loose_pack(worker: Worker, number: int = 0) -> str:
    units = [unit for unit in worker.site.document("ASN-1002").units if unit.lot == "N31"]
    return expected_scan(units[number])


def receiving(worker: Worker) -> View:
    worker.sign_in()
    return worker.scan(document_scan("ASN-1002"))


def test_signing_in_by_badge_and_pin(worker: Worker) -> None:
    assert worker.view().room is Room.SIGN_IN
    asked = worker.scan(badge_scan(worker.site.operator("USR-1001")))
    assert (asked.giant, asked.secret, asked.entering) == ("PIN", True, "")
    typed = worker.type("2468")
    assert (typed.entering, typed.secret) == ("2468", True)
    menu = worker.press("enter")
    assert menu.room is Room.MENU
    assert menu.status.user == "Ana Moreno"
    assert menu.panel is not None
    assert (menu.panel.mark, menu.panel.headline) == (Mark.OK, "signed in: Ana Moreno")
    assert (menu.meter.scans, menu.meter.saved, menu.meter.adds_up, menu.meter.sent) == (1, 1, True, None)
    assert menu.status.link is Link.NO_CENTRE


def test_the_token_of_a_badge_is_nowhere_in_the_ledger(worker: Worker) -> None:
    worker.sign_in()
    worker.ledger.close()
    token = worker.site.operator("USR-1001").token.encode()
    stored = b"".join(path.read_bytes() for path in worker.home.state_folder.iterdir() if "ledger.db" in path.name)
    assert len(stored) > 100_000
    assert token not in stored
    worker.start()


def test_a_wrong_pin_is_refused_and_the_badge_asked_again(worker: Worker) -> None:
    worker.scan(badge_scan(worker.site.operator("USR-1001")))
    worker.type("0000")
    view = worker.press("enter")
    assert view.room is Room.SIGN_IN
    assert view.panel is not None
    assert (view.panel.mark, view.panel.word) == (Mark.STOP, "STOP")


def test_scans_before_sign_in_are_kept_and_refused(worker: Worker) -> None:
    view = worker.scan(loose_pack(worker))
    assert view.panel is not None
    assert view.panel.headline.endswith("not taken: scan your badge first")
    assert view.meter.saved == 1


def test_the_menu_shows_what_the_role_permits(worker: Worker) -> None:
    operator = [entry.name for entry in worker.sign_in().menu]
    assert "OPENING BALANCE" not in operator
    supervisor = [entry.name for entry in worker.sign_in(TOM).menu]
    assert "OPENING BALANCE" in supervisor
    assert supervisor[0] == "RECEIVE"


def test_a_delivery_is_chosen_by_digit_and_left_and_taken_up_again(worker: Worker) -> None:
    worker.sign_in()
    documents = worker.press("1")
    names = {entry.name: entry.digit for entry in documents.menu}
    assert "NO DOCUMENT" in names
    opened = worker.press(names["ASN-1002"])
    assert (opened.room, opened.title) == (Room.TASK, "RECEIVE  ASN-1002")
    assert (opened.done, opened.total) == (0, 35)
    received = worker.scan(loose_pack(worker))
    assert received.panel is not None
    assert (received.panel.mark, received.panel.badge) == (Mark.OK, "+1")
    assert received.progress_text == "1 of 35"
    left = worker.press("F3")
    assert (left.room, left.panel) == (Room.MENU, None)
    again = worker.scan(document_scan("ASN-1002"))
    assert (again.room, again.done) == (Room.TASK, 1)


def test_undo_and_the_keys_that_work_now(worker: Worker) -> None:
    receiving(worker)
    view = worker.scan(loose_pack(worker))
    assert keys_of(view)["F2"] == "Undo"
    assert keys_of(view)["F7"] == "Damaged"
    undone = worker.press("F2")
    assert undone.done == 0
    assert undone.panel is not None
    assert undone.panel.mark is Mark.OK


def test_the_same_code_confirms_only_after_the_guard_time(worker: Worker) -> None:
    receiving(worker)
    expired = next(unit for unit in worker.site.document("ASN-1002").units if unit.lot == "N08")
    assert refusal_of(worker, worker.scan(expected_scan(expired))) == "EXPIRED"
    worker.scan(expected_scan(expired), after_ms=50)
    assert isinstance(worker.heard[-1].verdict, Refused)
    view = worker.scan(expected_scan(expired))
    assert view.panel is not None
    assert view.panel.headline == "confirmed: to the cage"


def refusal_of(worker: Worker, view: View) -> str:
    verdict = worker.heard[-1].verdict
    assert isinstance(verdict, Refused)
    assert view.panel is not None
    return verdict.refusal.value


def test_a_recall_takes_the_whole_screen_until_it_is_answered(worker: Worker) -> None:
    receiving(worker)
    recalled = next(unit for unit in worker.site.document("ASN-1002").units if unit.lot == "C90")
    view = worker.scan(expected_scan(recalled))
    assert view.blocking
    assert worker.front.blocking_since_ns is not None
    assert view.panel is not None
    assert view.panel.mark is Mark.RECALL
    answered = worker.scan(command_scan("QUARANTINE"))
    assert not answered.blocking
    assert worker.front.blocking_since_ns is None


def test_typing_a_code_by_hand_is_a_scan_marked_manual(worker: Worker) -> None:
    worker.sign_in()
    assert worker.press("F6").entering == ""
    worker.type("DOC-ASN-100x")
    worker.press("backspace")
    worker.type("2")
    view = worker.press("enter")
    assert view.title == "RECEIVE  ASN-1002"
    (last,) = recent(worker, 1)
    assert last.scanned == "DOC-ASN-1002"


def recent(worker: Worker, limit: int) -> tuple[HistoryLine, ...]:
    lines = worker.ledger.answer(RecentScans(limit))
    assert isinstance(lines, tuple)
    return lines


def test_escape_leaves_typing_then_overlays_then_the_task(worker: Worker) -> None:
    receiving(worker)
    worker.press("F6")
    assert worker.press("escape").entering is None
    assert worker.press("F5").room is Room.HISTORY
    assert worker.press("escape").room is Room.TASK
    menu = worker.press("F10")
    assert [entry.name for entry in menu.menu][-1] == "LEAVE"
    assert worker.press("F3").menu == ()
    assert worker.press("F3").room is Room.MENU


def test_the_task_menu_gives_commands_to_thumbs(worker: Worker) -> None:
    receiving(worker)
    entries = {entry.name: entry.digit for entry in worker.press("F10").menu}
    assert worker.press(entries["Damaged"]).verb == "scan the damaged item"
    entries = {entry.name: entry.digit for entry in worker.press("F10").menu}
    assert worker.press(entries["LEAVE"]).room is Room.MENU


def test_history_shows_scans_in_words(worker: Worker) -> None:
    receiving(worker)
    worker.scan(loose_pack(worker))
    worker.scan(container_scan(worker.site.document("ASN-1001").containers[0].id))
    worker.scan("]d201\x1b[2J")
    rows = worker.press("F5").history
    assert [row.mark for row in rows[:4]] == [Mark.STOP, Mark.STOP, Mark.OK, Mark.INFO]
    assert rows[1].what.startswith("(00) …")
    assert rows[2].what.startswith("SER N31")
    assert rows[-1].what == "USR-1001"
    assert all(text.isprintable() for row in rows for text in (row.what, row.result))


def test_help_says_what_each_key_does(worker: Worker) -> None:
    receiving(worker)
    notes = worker.press("F1").notes
    assert notes[0] == "scan case or item"
    assert any(note.startswith("F2") for note in notes)
    assert worker.press("F1").room is Room.TASK


def test_health_and_what_is_to_resolve(worker: Worker) -> None:
    digits = {entry.name: entry.digit for entry in worker.sign_in().menu}
    health = worker.press(digits["HEALTH"])
    assert {"scanner", "ledger", "journal", "disk", "clock", "SQLite"} <= {row.name for row in health.health}
    worker.press("F3")
    assert worker.press(digits["TO RESOLVE"]).notes == ("nothing to resolve",)
    worker.press("F3")
    worker.scan(document_scan("ASN-1002"))
    worker.press("F7")
    worker.scan(loose_pack(worker))
    worker.press("F3")
    (followed,) = worker.press(digits["TO RESOLVE"]).notes
    assert "N31" in followed


def test_looking_up_leaves_the_task_where_it_was(worker: Worker) -> None:
    receiving(worker)
    worker.scan(loose_pack(worker))
    assert worker.press("F8").room is Room.ENQUIRY
    found = worker.scan(loose_pack(worker))
    assert any("DOCK-1" in line for line in found.lines)
    why = worker.press("enter")
    assert why.lines != found.lines
    back = worker.press("F3")
    assert (back.room, back.done) == (Room.TASK, 1)


def test_a_scan_on_the_menu_is_looked_up(worker: Worker) -> None:
    worker.sign_in()
    assert worker.scan(place_scan("A-02-1")).room is Room.ENQUIRY


def test_cards_open_workflows(worker: Worker) -> None:
    worker.sign_in()
    assert worker.scan(command_scan("PUTAWAY")).title == "PUT AWAY"
    assert refusal_of(worker, worker.scan(command_scan("NOSUCH"))) == "BAD_FORMAT"
    assert refusal_of(worker, worker.scan(command_scan("OPENING"))) == "NOT_PERMITTED"


def test_a_number_asked_for_is_typed_without_f6(worker: Worker) -> None:
    worker.sign_in()
    worker.scan(document_scan("PO-2001"))
    entries = {entry.name: entry.digit for entry in worker.press("F10").menu}
    asked = worker.press(entries["Quantity"])
    assert asked.giant == "NUMBER"
    assert worker.type("1").entering == "1"
    worker.type("2")
    assert "12" in worker.press("enter").verb


def test_a_battery_pull_shows_the_same_prompt_and_the_last_three_scans(worker: Worker) -> None:
    receiving(worker)
    before = worker.scan(loose_pack(worker))
    worker.pull_the_battery()
    after = worker.view()
    assert (after.room, after.title, after.verb, after.giant) == (before.room, before.title, before.verb, before.giant)
    assert (after.done, after.total) == (1, 35)
    assert len(after.history) == 3
    assert after.history[0].what.startswith("SER N31")


def test_the_idle_lock_keeps_the_task(worker: Worker) -> None:
    receiving(worker)
    worker.clock.advance(11 * 60 * 1000)
    worker.front.idle()
    locked = worker.view()
    assert (locked.room, locked.giant) == (Room.SIGN_IN, "PIN")
    worker.type("2468")
    opened = worker.press("enter")
    assert (opened.room, opened.title) == (Room.TASK, "RECEIVE  ASN-1002")


def test_a_device_that_lay_switched_off_asks_for_the_badge(worker: Worker) -> None:
    receiving(worker)
    worker.clock.advance(60 * 60 * 1000)
    worker.pull_the_battery()
    assert (worker.view().room, worker.view().giant) == (Room.SIGN_IN, "BADGE")


def test_a_colleague_takes_over(worker: Worker) -> None:
    receiving(worker)
    taken = worker.sign_in(TOM)
    assert taken.status.user == "Tom Okafor"
    assert taken.title == "RECEIVE  ASN-1002"


def test_signing_out(worker: Worker) -> None:
    digits = {entry.name: entry.digit for entry in worker.sign_in().menu}
    assert worker.press(digits["SIGN OUT"]).room is Room.SIGN_IN


def test_a_stopped_ledger_is_told_with_its_remedy(worker: Worker) -> None:
    worker.sign_in()
    worker.front.stopped(StoreError("DISK_FULL", "the disk is full.", remedy="Free some space."))
    view = worker.view()
    assert (view.room, view.menu) == (Room.FAULT, ())
    assert view.panel is not None
    assert (view.panel.mark, view.panel.more) == (Mark.STOP, ("Free some space.",))
    assert keys_of(view) == {"F9": "Try again"}
    tried: list[bool] = []
    worker.front.retry = lambda: tried.append(True)
    worker.press("F9")
    assert tried == [True]


def test_an_untested_scanner_is_warned_of(worker: Worker) -> None:
    worker.scanner = ScannerText(Line("screen.scanner.untested", {"name": "dock"}), ok=False)
    view = worker.view()
    assert (view.scanner_text, view.scanner_ok) == ("scanner dock not tested yet", False)


@pytest.mark.parametrize("key", ["F2", "F4", "F7", "F9", "F11", "x", "7", "enter", "backspace", "F10"])
def test_keys_that_mean_nothing_now_change_nothing(worker: Worker, key: str) -> None:
    worker.sign_in()
    worker.press("F8")
    worker.press("F3")
    before = worker.ledger.counters().entries
    worker.press("F5")
    worker.press("F5")
    view = worker.press(key) if key != "7" else worker.type("99")
    assert view.room is Room.MENU
    assert worker.ledger.counters().entries == before
