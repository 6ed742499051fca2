"""Counting at the terminal: by menu and by card, through a battery pull, a lock and a take-over; what is left to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from scanner_app.demo.labels import stock_scan
from scanner_app.domain.counting import counts_of
from scanner_app.domain.entry import EntryKind
from scanner_app.domain.feed import FedRecord, Scope
from scanner_app.store.ledger import PageEnd
from scanner_app.terminal.view import Mark, Room
from tests.terminal.floor import ANA, TOM, Worker, badge_scan, command_scan, entries_of, place_scan

if TYPE_CHECKING:
    from scanner_app.domain.entry import Entry

PLACE = "A-01-2"


def packs(worker: Worker) -> list[str]:
    """The units that lie in the place from the beginning."""
    return [stock_scan(line, serial) for line in worker.site.opening if line.place == PLACE for serial in line.serials]


@pytest.fixture
def counting(worker: Worker) -> Worker:
    """A worker with a count open."""
    worker.sign_in()
    worker.scan(command_scan("COUNT"))
    worker.scan(place_scan(PLACE))
    return worker


def of_count(worker: Worker) -> list[Entry]:
    return [entry for entry in entries_of(worker.ledger) if entry.count is not None]


def seen(worker: Worker) -> list[list[str]]:
    """The serials of each closed count."""
    counts = counts_of((seq, seq, entry) for seq, entry in enumerate(entries_of(worker.ledger), start=1))
    return [[one.serial for one in count.seen] for count in counts]


def menu_of(worker: Worker) -> dict[str, tuple[str, str]]:
    """Digit and detail of each entry of the main menu."""
    if worker.view().room is not Room.MENU:
        entries = {entry.name: entry.digit for entry in worker.press("F10").menu}
        worker.press(entries["LEAVE"])
    return {entry.name: (entry.digit, entry.detail) for entry in worker.view().menu}


def test_the_menu_opens_it_and_the_place_stands_large(worker: Worker) -> None:
    worker.sign_in()
    view = worker.press(menu_of(worker)["COUNT"][0])
    assert (view.title, view.giant, view.verb) == ("COUNT", "PLACE", "scan the place to count")

    view = worker.scan(place_scan(PLACE))
    assert (view.giant, view.verb) == (PLACE, "scan what lies here, each pack")


def test_a_scan_says_what_was_scanned_and_how_many_so_far(counting: Worker) -> None:
    first, second, *_ = packs(counting)
    counting.scan(first)
    view = counting.scan(second)

    assert (view.verb, view.done) == ("2 scanned, 1 lot; place again closes", 2)
    assert view.panel is not None
    assert (view.panel.mark, view.panel.headline) == (Mark.OK, "+1 Tresopan")
    assert view.lines[-1] == f"2 units of it so far in {PLACE}"


def test_every_entry_of_it_names_the_count(counting: Worker) -> None:
    counting.scan(packs(counting)[0])
    counting.scan(packs(counting)[0])
    counting.press("F2")
    counting.scan(packs(counting)[1])
    counting.scan(place_scan(PLACE))

    made = of_count(counting)
    assert [entry.kind.value for entry in made] == [
        "count_opened", "counted", "refused", "corrected", "counted", "count_closed"
    ]  # fmt: skip
    assert len({entry.count for entry in made}) == 1
    assert made[0].count == f"{made[0].task}.1"
    assert {entry.workflow for entry in made} == {"counting"}
    assert len(seen(counting)[0]) == 1


def test_a_battery_pull_resumes_at_the_same_place_and_forgets_no_unit(counting: Worker) -> None:
    first, second, *_ = packs(counting)
    before = counting.scan(first)
    counting.pull_the_battery()
    after = counting.view()
    assert (after.giant, after.verb, after.done) == (before.giant, before.verb, before.done)

    counting.scan(first)
    assert entries_of(counting.ledger)[-1].kind is EntryKind.REFUSED
    counting.scan(second)
    counting.scan(place_scan(PLACE))
    assert len(seen(counting)[0]) == 2


def test_undo_is_shown_where_it_finds_something(counting: Worker) -> None:
    def keys() -> set[str]:
        return {hint.key for hint in counting.view().keys}

    counting.scan(packs(counting)[0])
    assert "F2" in keys()
    counting.scan(place_scan(PLACE))
    assert "F2" not in keys()
    counting.scan(place_scan("A-01-3"))
    assert "F2" in keys(), "a count that was only begun can be taken back"


def test_another_takes_over_with_a_trace(counting: Worker) -> None:
    first, second, *_ = packs(counting)
    counting.scan(first)
    counting.sign_in(TOM)
    assert counting.view().giant == PLACE
    counting.scan(second)
    counting.scan(place_scan(PLACE))

    operators = [entry.origin.operator for entry in of_count(counting)]
    assert operators == [ANA, ANA, TOM, TOM]
    assert len(seen(counting)[0]) == 2


def test_the_lock_keeps_the_count(counting: Worker) -> None:
    counting.clock.advance(11 * 60 * 1000)
    counting.front.idle()
    assert counting.view().room is Room.SIGN_IN
    counting.scan(packs(counting)[0])
    assert entries_of(counting.ledger)[-1].kind is EntryKind.REFUSED

    counting.type(counting.site.operator(ANA).pin)
    assert counting.press("enter").giant == PLACE


def test_nobody_counts_without_a_badge(worker: Worker) -> None:
    worker.scan(command_scan("COUNT"))
    assert worker.view().room is Room.SIGN_IN


def test_an_open_count_is_to_resolve_until_it_is_closed(counting: Worker) -> None:
    menu = menu_of(counting)
    assert (menu["COUNT"][1], menu["TO RESOLVE"][1]) == ("in work", "1 open")
    assert counting.press(menu["TO RESOLVE"][0]).notes == (f"•  count not closed: {PLACE}",)

    counting.press("F3")
    counting.press(menu_of(counting)["COUNT"][0])
    counting.scan(packs(counting)[0])
    counting.scan(place_scan(PLACE))
    menu = menu_of(counting)
    assert (menu["COUNT"][1], menu["TO RESOLVE"][1]) == ("in work", "0 open")


def count_record(n: int, place: object, state: str) -> FedRecord:
    body = {"id": f"c{n}", "place": place, "gtin": None, "state": state, "opened_ms": 1, "closed_ms": 2}
    return FedRecord(n, "count", f"c{n}", body)


def test_what_the_centre_wants_counted_again_is_to_resolve(counting: Worker) -> None:
    """Each place once, not the one that is being counted; what is no place is passed over."""
    rows = [
        count_record(n, place, state)
        for n, (place, state) in enumerate(
            [
                ("B-01-1", "recount"), ("B-01-1", "recount"), ("B-01-2", "variance"), (PLACE, "recount"),
                (7, "recount"), (None, "recount"),
            ],
            start=1,
        )
    ]  # fmt: skip
    counting.ledger.apply_page(rows, PageEnd(Scope.FEED, "6.x", 6))
    menu = menu_of(counting)
    assert menu["TO RESOLVE"][1] == "2 open"

    notes = counting.press(menu["TO RESOLVE"][0]).notes
    assert notes == (f"•  count not closed: {PLACE}", "•  count again: B-01-1")


def test_a_recount_that_a_doubt_of_the_centre_tells_of_is_told_once(counting: Worker) -> None:
    told = {"id": "f1", "code": "COUNT_STALE", "severity": "medium", "subject": "count:c1", "event_id": None}
    body = {**told, "device": None, "document": None, "parameters": {"place": "B-01-1"}, "opened_ms": 1, "closed": None}
    rows = [count_record(1, "B-01-1", "recount"), FedRecord(2, "flag", "f1", body)]
    counting.ledger.apply_page(rows, PageEnd(Scope.FEED, "2.x", 2))

    notes = counting.press(menu_of(counting)["TO RESOLVE"][0]).notes
    assert len(notes) == 2
    assert "count B-01-1 again" in notes[0]


def test_history_tells_a_count_and_what_was_taken_back(counting: Worker) -> None:
    counting.scan(packs(counting)[0])
    counting.press("F2")
    rows = counting.press("F5").history
    assert [row.result for row in rows[:3]] == [
        "not counted any more: 1 x Tresopan", "+1 Tresopan", f"count of {PLACE} begun"
    ]  # fmt: skip


def test_a_state_that_cannot_be_read_is_no_open_count(counting: Worker) -> None:
    [row] = counting.ledger.open_tasks()
    with counting.ledger.step() as step:
        step.save_task(type(row)(**{**{name: getattr(row, name) for name in row.__slots__}, "state_json": "{}"}))
    counting.pull_the_battery()

    assert json.loads(counting.ledger.open_tasks()[0].state_json) == {}
    assert menu_of(counting)["TO RESOLVE"][1] == "0 open"


def test_a_badge_scan_in_a_count_is_no_goods(counting: Worker) -> None:
    counting.scan(badge_scan(counting.site.operator(ANA)))
    assert of_count(counting)[-1].kind is EntryKind.COUNT_OPENED
