"""A recall takes the whole screen until it is answered: by quarantine, the cage, or an explicit choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scanner_app.domain.facts import RecentScans
from scanner_app.terminal.view import Mark, Room
from tests.terminal.floor import TOM, Worker, badge_scan, command_scan, document_scan, expected_scan, place_scan

if TYPE_CHECKING:
    from scanner_app.terminal.view import View

HEADLINE = "RECALL lot C90 Cardizol: do not use"


def keys_of(view: View) -> dict[str, str]:
    return {hint.key: hint.label for hint in view.keys}


@pytest.fixture
def recalled(worker: Worker) -> Worker:
    worker.sign_in()
    worker.scan(document_scan("ASN-1002"))
    unit = next(unit for unit in worker.site.document("ASN-1002").units if unit.lot == "C90")
    view = worker.scan(expected_scan(unit))
    stands(view)
    assert view.panel is not None
    assert view.panel.more == ()
    return worker


def stands(view: View) -> None:
    assert view.blocking
    assert view.panel is not None
    assert (view.panel.mark, view.panel.word, view.panel.headline) == (Mark.RECALL, "RECALL", HEADLINE)
    assert any("Cardizol" in line for line in view.lines)
    assert set(keys_of(view)) - {"F3"} == {"F1", "F6", "F10"}


@pytest.mark.parametrize("key", ["F2", "F3", "F4", "F5", "F7", "F8", "F9", "escape", "enter", "1", "2"])
def test_no_key_dismisses_it(recalled: Worker, key: str) -> None:
    before = recalled.view()
    entries = recalled.ledger.counters().entries
    view = recalled.press(key)
    assert view == before
    assert recalled.ledger.counters().entries == entries


@pytest.mark.parametrize(
    ("scan", "told"),
    [
        ("]d2010952100200021417280515\x1d10N31", "STOP LOT N31: Tresopan not taken: c90X9530999 is recalled"),
        ("]C1000952100100000400XX", "STOP ]C1000952100100000400XX: 000952100100000400XX not "),
        ("]Q1DOC-ASN-1001", "STOP ASN-1001: ASN-1001 not taken: c90X9530999 is recalled"),
        ("]Q1CMD-PUTAWAY", "STOP PUTAWAY: PUTAWAY not taken: c90X9530999 is recalled"),
        ("]Q1CMD-UNDO", ""),
    ],
)
def test_any_other_scan_is_told_within_it(recalled: Worker, scan: str, told: str) -> None:
    view = recalled.scan(scan)
    stands(view)
    assert view.panel is not None
    if told:
        assert view.panel.more
        assert view.panel.more[0].startswith(told)


def test_its_answers_are_seen_before_they_can_be_chosen(recalled: Worker) -> None:
    assert recalled.view().menu == ()
    opened = recalled.press("F10")
    stands(opened)
    assert [(entry.digit, entry.name) for entry in opened.menu] == [("1", "Quarantine"), ("2", "LEAVE ON THE DOCK")]
    assert keys_of(opened)["F3"] == "Back"
    assert recalled.press("F3").menu == ()
    assert recalled.press("F10").menu
    assert recalled.press("F10").menu == ()
    stands(recalled.view())


def test_quarantine_is_chosen_from_them(recalled: Worker) -> None:
    recalled.press("F10")
    answered = recalled.press("1")
    assert not answered.blocking
    assert answered.panel is not None
    assert answered.panel.headline == "confirmed: to the cage"


def test_leaving_it_on_the_dock_is_a_choice_with_a_trace(recalled: Worker) -> None:
    recalled.press("F10")
    answered = recalled.press("2")
    assert not answered.blocking
    assert answered.panel is not None
    assert answered.panel.headline == "c90X9530999 stays on the dock: keep it apart"
    assert [row.code for row in recalled.ledger.follow_ups_open()] == ["LEFT_ON_DOCK"]


@pytest.mark.parametrize("answer", [command_scan("QUARANTINE"), place_scan("CAGE")])
def test_a_scan_answers_it(recalled: Worker, answer: str) -> None:
    recalled.scan("]Q1LOC-A-01-1")
    assert not recalled.scan(answer).blocking


def test_help_may_lie_over_it_and_says_how_it_is_answered(recalled: Worker) -> None:
    view = recalled.press("F1")
    assert view.room is Room.HELP
    assert not view.blocking
    assert view.notes[0] == "c90X9530999: quarantine card, or the cage"
    assert "F10  its answers: quarantine, or leave it there" in view.notes
    stands(recalled.press("F3"))
    recalled.press("F1")
    stands(recalled.scan("]Q1LOC-A-01-1"))


def test_the_card_for_quarantine_may_be_typed(recalled: Worker) -> None:
    assert recalled.press("F6").entering == ""
    recalled.type("CMD-QUARANTINE")
    assert not recalled.press("enter").blocking


def test_a_wrong_scan_does_not_put_its_answer_off(recalled: Worker) -> None:
    since = recalled.front.blocking_since_ns
    assert since is not None
    recalled.scan("]Q1LOC-A-01-1")
    assert recalled.front.blocking_since_ns == since
    recalled.scan(command_scan("QUARANTINE"))
    assert recalled.front.blocking_since_ns is None


def test_a_battery_pull_shows_it_again(recalled: Worker) -> None:
    recalled.pull_the_battery()
    view = recalled.view()
    assert view.blocking
    assert view.panel is not None
    assert (view.panel.mark, view.panel.headline) == (Mark.RECALL, "RECALL c90X9530999: do not use")
    assert set(keys_of(view)) == {"F1", "F6", "F10"}
    assert not recalled.scan(command_scan("QUARANTINE")).blocking


def test_it_outlives_a_take_over(recalled: Worker) -> None:
    asked = recalled.scan(badge_scan(recalled.site.operator(TOM)))
    assert (asked.room, asked.giant, asked.blocking) == (Room.SIGN_IN, "PIN", False)
    recalled.type("7531")
    stands(recalled.press("enter"))


def test_a_command_that_is_no_answer_is_told_within_it(recalled: Worker) -> None:
    view = recalled.scan(command_scan("DONE"))
    stands(view)
    assert view.panel is not None
    assert view.panel.more == ("STOP DONE: DONE not taken: c90X9530999 is recalled",)
    assert len(recalled.ledger.answer(RecentScans(1))) == 1  # type: ignore[arg-type] # the query's own type
