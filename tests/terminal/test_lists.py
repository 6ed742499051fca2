"""The lists laid over the work: history says what the screen said, and nothing of a menu stands above any of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from scanner_app.config import KeysTable
from scanner_app.demo.labels import gtin_scan, lot_scan
from scanner_app.terminal.shown import REMEMBERED_MAX
from scanner_app.terminal.view import HistoryRow, Mark, Room
from tests.terminal.floor import (
    Worker,
    badge_scan,
    command_scan,
    container_scan,
    document_scan,
    expected_scan,
    place_scan,
)

if TYPE_CHECKING:
    from scanner_app.terminal.view import View


def packs(worker: Worker) -> list[str]:
    return [expected_scan(unit) for unit in worker.site.document("ASN-1002").units if unit.lot == "N31"]


def receiving(worker: Worker) -> View:
    worker.sign_in()
    return worker.scan(document_scan("ASN-1002"))


def newest(worker: Worker) -> HistoryRow:
    """The first row of history; where the work stood comes back."""
    worker.press("F5")
    row = worker.view().history[0]
    worker.press("F5")
    return row


def test_history_agrees_with_the_screen_scan_by_scan(worker: Worker) -> None:
    worker.sign_in()
    scans = [
        expected_scan(worker.site.document("ASN-1002").units[0]), place_scan("A-02-1"), command_scan("BACK"),
        command_scan("UNDO"), command_scan("NOSUCH"), document_scan("ASN-1002"), packs(worker)[0], packs(worker)[0],
        "TEST040", "]d201\x1b[2J", container_scan(worker.site.document("ASN-1001").containers[0].id),
        badge_scan(worker.site.operator("USR-1001")), command_scan("DAMAGED"), command_scan("HELP"),
    ]  # fmt: skip
    for scan in scans:
        view = worker.scan(scan)
        if view.room is Room.HELP:
            view = worker.press("F1")
        assert view.panel is not None, scan
        row = newest(worker)
        assert (row.mark, row.result) == (view.panel.mark, view.panel.headline), scan


def test_what_only_is_noted_says_what_it_was(worker: Worker) -> None:
    worker.sign_in()
    said = {
        command_scan("UNDO"): "card UNDO: nothing to do here",
        command_scan("PUTAWAY"): "scan goods, then their place",
        command_scan("DAMAGED"): "card DAMAGED: nothing to do here",
    }
    for scan, headline in said.items():
        view = worker.scan(scan)
        assert view.panel is not None
        assert (view.panel.mark, view.panel.headline) == (Mark.INFO, headline)


def test_each_undo_is_a_line_of_history_by_key_and_by_card(worker: Worker) -> None:
    receiving(worker)
    for pack in packs(worker)[:4]:
        worker.scan(pack)
    for _ in range(3):
        worker.press("F2")
    worker.scan(command_scan("UNDO"))
    worker.press("F2")
    rows = worker.press("F5").history[:5]
    assert [row.what for row in rows[:4]] == ["UNDO", "Undo", "Undo", "Undo"]
    assert rows[4].what.startswith("SER N31")
    assert {row.result for row in rows[:4]} == {"taken back: 1 x Tresopan"}
    worker.pull_the_battery()
    rows = worker.press("F5").history[:2]
    assert [(row.mark, row.what, row.result) for row in rows] == [
        (Mark.OK, "UNDO", "taken back"), (Mark.OK, "Undo", "taken back"),
    ]  # fmt: skip


def test_after_a_restart_history_tells_what_the_ledger_keeps(worker: Worker) -> None:
    receiving(worker)
    worker.press("F8")
    worker.scan(packs(worker)[0])
    worker.scan("TEST040")
    worker.press("F3")
    worker.scan(packs(worker)[0])
    worker.scan(packs(worker)[0])
    worker.pull_the_battery()
    rows = worker.press("F5").history
    told = [(row.mark, row.result) for row in rows]
    assert told[0][0] is Mark.INFO
    assert told[1] == (Mark.OK, "matched")
    assert told[2] == (Mark.STOP, "bad label: TEST040")
    assert told[3] == (Mark.OK, "looked up")
    assert told[-1] == (Mark.OK, "badge, PIN asked")


def test_no_more_results_are_remembered_than_history_can_want(worker: Worker) -> None:
    worker.sign_in()
    for number in range(REMEMBERED_MAX + 5):
        worker.scan(place_scan(f"NO-{number}"))
    assert newest(worker).result == f"unknown place NO-{REMEMBERED_MAX + 4}"
    assert len(worker.front._results._by_entry) == REMEMBERED_MAX


@pytest.mark.parametrize(
    ("name", "room"), [("TO RESOLVE", Room.PARKED), ("HISTORY", Room.HISTORY), ("HEALTH", Room.HEALTH)]
)
def test_a_list_from_the_menu_stands_alone(worker: Worker, name: str, room: Room) -> None:
    digits = {entry.name: entry.digit for entry in worker.sign_in().menu}
    view = worker.press(digits[name])
    assert (view.room, view.menu) == (room, ())
    assert view.notes or view.history or view.health
    assert worker.press("1") == view, "a digit chooses nothing that is not seen"
    assert worker.press("F3").menu


def test_help_over_a_tasks_menu_stands_alone(worker: Worker) -> None:
    receiving(worker)
    assert worker.press("F10").menu
    assert worker.press("F1").menu == ()
    assert worker.press("F1").menu
    assert worker.press("F10").menu == ()


def test_the_menu_of_a_task_has_no_old_scans_below_it(worker: Worker) -> None:
    receiving(worker)
    worker.pull_the_battery()
    assert worker.view().history
    assert worker.press("F10").history == ()


def test_the_card_for_help_shows_it(worker: Worker) -> None:
    receiving(worker)
    view = worker.scan(command_scan("HELP"))
    assert view.room is Room.HELP
    assert any(note.startswith("F7") for note in view.notes)
    assert worker.scan(packs(worker)[0]).room is Room.TASK


def test_what_is_to_resolve_has_names(worker: Worker) -> None:
    documents = {document.id: document for document in worker.site.documents}
    expired = next(unit for unit in documents["ASN-1002"].units if unit.lot == "N08")
    receiving(worker)
    for _ in range(2):
        worker.scan(expected_scan(expired))
    worker.press("F3")
    by_lot, by_item = documents["PO-2001"].lines[0], documents["PO-2001"].lines[4]
    assert by_lot.lot is not None
    assert by_lot.expiry is not None
    damaged = {
        "ASN-1001": container_scan(documents["ASN-1001"].containers[0].id),
        "PO-2001": lot_scan(by_lot.gtin, by_lot.lot, by_lot.expiry),
        "PO-2001 again": gtin_scan(by_item.gtin),
    }
    for document, scan in damaged.items():
        worker.scan(document_scan(document.partition(" ")[0]))
        worker.press("F7")
        worker.scan(scan)
        worker.press("F3")
    digits = {entry.name: entry.digit for entry in worker.view().menu}
    assert worker.press(digits["TO RESOLVE"]).notes == (
        f"•  expired, in the cage: Nortavel  SER {expired.serial}",
        "•  damaged: (00) …0013",
        f"•  damaged: Painaway  LOT {by_lot.lot}",
        "•  damaged: Bandex",
    )


def test_undo_is_shown_only_where_it_would_find_something(worker: Worker) -> None:
    def shown() -> bool:
        return "F2" in {hint.key for hint in worker.view().keys}

    receiving(worker)
    assert not shown()
    worker.scan(packs(worker)[0])
    assert shown()
    worker.press("F2")
    assert not shown()
    worker.scan(packs(worker)[0])
    worker.pull_the_battery()
    assert shown(), "asked of the ledger after a restart"
    worker.press("F3", "F3")
    worker.scan(document_scan("ASN-1001"))
    assert not shown()
    worker.press("F3")
    worker.scan(document_scan("ASN-1002"))
    assert shown()
    worker.sign_in("USR-1004")
    assert not shown(), "another operator takes nothing of Ana's back"
    worker.press("F2")
    view = worker.view()
    assert view.panel is not None
    assert view.panel.headline == "nothing to undo in this task"


def test_undo_is_shown_while_half_a_label_waits_and_after_a_logger_result(worker: Worker) -> None:
    receiving(worker)
    worker.scan("]d210N31")
    assert "F2" in {hint.key for hint in worker.view().keys}
    worker.press("F2", "F3")
    worker.scan(document_scan("ASN-1003"))
    worker.scan(command_scan("LOGGER_OK"))
    assert "F2" in {hint.key for hint in worker.view().keys}


def test_the_list_of_deliveries_says_what_it_is_and_how_far_each_has_come(worker: Worker) -> None:
    receiving(worker)
    worker.scan(packs(worker)[0])
    worker.press("F3")
    view = worker.press("1")
    assert (view.title, view.subtitle) == ("RECEIVE", "choose, or scan its label")
    assert {hint.key: hint.label for hint in view.keys}["F3"] == "Back"
    details = {entry.name: entry.detail for entry in view.menu}
    assert details["ASN-1002"] == "1 of 35, Northwall Pharma"
    assert details["NO DOCUMENT"] == ""
    back = worker.press("F3")
    assert (back.title, back.menu[0].name) == ("MENU", "RECEIVE")
    assert "F3" not in {hint.key for hint in back.keys}
    worker.press("1")
    opened = worker.scan(document_scan("ASN-1001"))
    assert opened.room is Room.TASK
    assert worker.press("F3").title == "MENU"


def test_enter_explains_a_number_and_is_among_the_keys(worker: Worker) -> None:
    worker.sign_in()
    assert "Enter" not in {hint.key for hint in worker.press("F8").keys}
    asked = worker.view()
    assert worker.press("enter") == asked
    view = worker.scan(place_scan("B-01-1"))
    assert {hint.key: hint.label for hint in view.keys}["Enter"] == "Why?"
    assert "F8" not in {hint.key for hint in view.keys}
    why = worker.press("enter")
    assert why.panel is not None
    assert why.panel.headline.startswith("why 204")


def test_the_menu_key_on_a_look_up_leads_to_the_menu_beneath(worker: Worker) -> None:
    receiving(worker)
    worker.press("F8")
    view = worker.press("F10")
    assert (view.room, view.menu[-1].name) == (Room.TASK, "LEAVE")
    worker.press("F3", "F3", "F8")
    assert worker.press("F10").room is Room.MENU


def test_paging_has_the_key_for_next_where_it_has_no_other_use(worker: Worker) -> None:
    view = receiving(worker)
    assert view.paging is None
    view = worker.press("F5")
    assert view.paging is not None
    assert (view.paging.key, view.paging.label) == ("F4", "Page")


def test_keys_are_shown_as_they_are_configured(worker: Worker) -> None:
    table = KeysTable(help="F2", undo="f1", skip="f11")
    station = replace(worker.station, config=replace(worker.station.config, keys=table))
    worker.ledger.close()
    worker.station = station
    worker.start()
    view = receiving(worker)
    assert {hint.key: hint.label for hint in view.keys}["F11"] == "Done"
    help_ = worker.press("F2")
    assert help_.room is Room.HELP
    assert help_.paging is not None
    assert help_.paging.key == "F11"
    assert any(note.startswith("F1  take back") for note in help_.notes)


def test_when_a_result_came_is_told_once_the_clock_has_gone_on(worker: Worker) -> None:
    receiving(worker)
    view = worker.scan(packs(worker)[0])
    assert view.panel is not None
    assert (view.status.clock, view.panel.clock) == ("08:00", "")
    worker.clock.advance(3 * 60 * 1000)
    view = worker.view()
    assert view.panel is not None
    assert (view.status.clock, view.panel.clock) == ("08:03", "08:00")


def test_ctrl_c_once_says_that_once_more_ends(worker: Worker) -> None:
    receiving(worker)
    worker.front.ask_to_leave()
    assert worker.view().notice == "Ctrl-C again ends"
    worker.clock.advance(2500)
    assert worker.view().notice == ""
    worker.front.ask_to_leave()
    assert worker.scan(packs(worker)[0]).notice == ""
