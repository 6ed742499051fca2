"""Receiving, the rest and the close: what sealed parents account for, what is short, over or not on paper."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.follow_ups import FollowUp, follow_up_of
from scanner_app.domain.lists import MemberList
from scanner_app.domain.refusals import Accepted, Outcome, Refusal
from scanner_app.domain.stock import SUPPLIER, ContainerMove, Posting, Seal, Status, StockKey
from scanner_app.phrases.en import SENTENCES
from scanner_app.workflows.receiving_asking import CONFIRMED_IN_CAGE
from scanner_app.workflows.receiving_closing import Figures, outcome_of
from scanner_app.workflows.receiving_state import Closing
from scanner_app.workflows.step import Command, Commanded, Draft, Line, Progress, Tone
from tests.workflows.delivery import (
    AMOX,
    CASE_1,
    CASE_2,
    COLD_PALLET,
    GOOD,
    INSULIN,
    MIXED,
    NAMED_CASE,
    NORTAVEL,
    OTHER_PALLET,
    PAIN,
    PALLET,
    PAST,
    SWABS,
    SYRUP,
    VITAMIN,
    Desk,
    box,
    label,
    pack,
    said,
)


def all_in() -> Desk:
    """Everything of ASN-1 scanned or accepted."""
    desk = Desk().open("ASN-1")
    for container in (PALLET, NAMED_CASE, MIXED):
        desk.scan(box(container))
    for n in range(4):
        desk.scan(pack(AMOX, f"L{n}"))
    desk.command(Command.ACCEPT_REST)
    return desk


def test_the_rest_is_taken_by_sealed_parents_in_one_entry() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))

    rest = desk.command(Command.ACCEPT_REST)

    postings = tuple(
        Posting(
            StockKey("own", AMOX.gtin, "A12B", GOOD, f"{case}{n}", Status.AVAILABLE), 1, SUPPLIER, place, inferred=True
        )
        for case, place in (("A", CASE_1), ("B", CASE_2))
        for n in range(3)
    )
    moves = tuple(
        ContainerMove(case, SUPPLIER, PALLET, Seal.SEALED, Seal.SEALED, inferred=True) for case in (CASE_1, CASE_2)
    )
    assert rest.draft == Draft(
        EntryKind.RECEIVED,
        Accepted(Outcome.INFERRED, {"quantity": 6, "counts": 6, "waiting": -6, "containers": 2}),
        document="ASN-1",
        lists=(MemberList(postings, moves),),
    )
    assert (rest.tone, rest.progress, rest.state.done) == (Tone.GOOD, Progress(6, 16), 6)
    assert all(unit.inferred for unit in desk.ledger.units.values())


def test_nothing_is_inferred_from_an_opened_container() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))
    desk.scan(pack(AMOX, "A0"))

    nothing = desk.command(Command.ACCEPT_REST)

    assert (nothing.draft, nothing.say) == (None, Line("say.receiving.nothing_to_accept"))


def test_a_sealed_case_of_an_opened_pallet_still_tells_its_own() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))
    desk.scan(pack(AMOX, "A0"))
    desk.scan(box(CASE_2))

    assert desk.command(Command.ACCEPT_REST).progress == Progress(4, 16)
    assert {serial for _, serial in desk.ledger.units} == {"A0", "B0", "B1", "B2"}


def test_blind_receiving_infers_nothing() -> None:
    assert Desk().open(None).command(Command.ACCEPT_REST).say == Line("say.receiving.nothing_to_accept")


@pytest.mark.parametrize("why", ["recall", "watch_list", "expired", "closed"])
def test_the_rest_is_refused_when_not_all_of_it_is_good(why: str) -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))
    expected = {"recall": "RECALLED", "watch_list": "WATCH_LISTED", "expired": "EXPIRED", "closed": "DOCUMENT_CLOSED"}
    if why == "expired":
        desk.ledger.units_of["ASN-1"] = [replace(unit, expiry=PAST) for unit in desk.ledger.units_of["ASN-1"]]
    elif why == "closed":
        desk.ledger.documents["ASN-1"] = replace(desk.ledger.documents["ASN-1"], closed=True)
    else:
        desk.watch(why, AMOX, None, "A1")

    refused = desk.command(Command.ACCEPT_REST)

    assert said(refused) == (expected[why], None, "bad")
    assert refused.say is not None
    assert refused.say.code == "say.receiving.rest_unsafe"
    assert not +desk.ledger.on_hand


def test_an_alarm_after_the_pallet_holds_what_is_inferred_of_it() -> None:
    desk = Desk().open("ASN-COLD")
    desk.command(Command.LOGGER_OK)
    desk.scan(box(COLD_PALLET))
    desk.command(Command.LOGGER_ALARM)

    rest = desk.command(Command.ACCEPT_REST)

    assert rest.draft is not None
    assert rest.draft.reason == "LOGGER_ALARM"
    assert {unit.status for unit in desk.ledger.units.values()} == {Status.HELD}


def test_a_document_that_is_all_in_closes_at_once() -> None:
    desk = all_in()

    closed = desk.command(Command.DONE)

    assert closed.draft == Draft(
        EntryKind.DOCUMENT_CLOSED,
        Accepted(
            Outcome.OK,
            {
                "document": "ASN-1", "expected": 16, "received": 16, "short": 0, "over": 0, "unexpected": 0, "held": 0,
                "damaged": 0, "inferable": 0,
            },
        ),
        document="ASN-1",
    )  # fmt: skip
    assert (closed.tone, closed.finished, closed.progress) == (Tone.DONE, True, Progress(16, 16))
    assert closed.lines == (Line("line.receiving.closed", closed.draft.verdict.parameters),)


def test_what_sealed_parents_hold_is_asked_for_before_the_close() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))

    asked = desk.command(Command.DONE)
    prompt = desk.workflow.prompt(desk.state)
    first = desk.scan(pack(AMOX, "L0"))
    not_now = desk.command(Command.DAMAGED)
    rest = desk.command(Command.ACCEPT_REST)
    still = desk.workflow.prompt(desk.state)
    closed = desk.command(Command.DONE)

    assert (asked.draft, asked.state.closing, asked.finished) == (None, Closing(16, 6), False)
    assert asked.say == Line("say.receiving.close_inferable", {"short": 16, "over": 0, "inferable": 6})
    assert (prompt.blocking, prompt.commands) == (True, (Command.ACCEPT_REST, Command.DONE, Command.BACK))
    assert said(first) == ("ANSWER_FIRST", None, "bad")
    assert first.say == Line("say.receiving.close_first_accept", {"question": "ASN-1", "scanned": "L0"})
    assert said(not_now) == ("ANSWER_FIRST", None, "bad")
    assert not_now.say == Line("say.receiving.close_first_accept", {"question": "ASN-1", "scanned": "DAMAGED"})
    assert (rest.state.closing, still.commands) == (Closing(10, 0), (Command.DONE, Command.BACK))
    assert said(closed) == ("DATA_WITHOUT_PRODUCT", None, "done")
    assert closed.finished


def test_a_close_may_be_thought_better_of() -> None:
    desk = Desk().open("ASN-1")
    desk.command(Command.DONE)

    desk.command(Command.BACK)

    assert said(desk.scan(pack(AMOX, "L0"))) == ("MATCHED", None, "good")


def test_the_rest_may_answer_all_that_was_short() -> None:
    desk = Desk().open("ASN-2")
    desk.scan(box(OTHER_PALLET))
    desk.scan(pack(NORTAVEL, "N1", "N31"))
    desk.command(Command.DONE)

    rest = desk.command(Command.ACCEPT_REST)

    assert rest.state.closing is None
    assert said(desk.command(Command.DONE)) == ("OK", None, "done")


def test_goods_that_nothing_names_make_up_for_nothing() -> None:
    desk = all_in()
    desk.undo()
    for _ in range(2):
        desk.scan(pack(AMOX, "X"))
    desk.command(Command.DONE)

    closed = desk.command(Command.DONE)

    assert said(closed) == ("PRODUCT_WITHOUT_DATA", None, "done")
    assert closed.draft is not None
    parameters = closed.draft.verdict.parameters
    assert [parameters[name] for name in ("short", "over", "unexpected", "held")] == [12, 1, 1, 1]


def test_lines_close_over_short_or_with_goods_not_on_paper() -> None:
    desk = Desk().open("PO-1")
    for text, times in ((pack(PAIN, lot="P55"), 20), (pack(SYRUP, lot="S1"), 5)):
        desk.command(Command.QUANTITY, times)
        desk.scan(text)
    desk.command(Command.QUANTITY, 10)
    desk.scan(label(SWABS.gtin, None, None, None))
    for serial in ("V0", "V1"):
        desk.scan(pack(VITAMIN, serial, "V"))
    desk.scan(pack(AMOX, "Z0", "Z9"))
    desk.command(Command.DONE)
    short = desk.workflow.prompt(desk.state)
    closed_short = desk.ledger.decide(lambda facts: desk.workflow.step(desk.state, _done(), facts, desk.moment))
    desk.command(Command.BACK)
    desk.scan(pack(AMOX, "Z1", "Z9"))
    for _ in range(2):
        desk.scan(pack(PAIN, lot="P55"))
    closed_over = desk.ledger.decide(lambda facts: desk.workflow.step(desk.state, _done(), facts, desk.moment))
    for _ in range(2):
        desk.scan(pack(PAIN, lot="B77"))
    closed_strange = desk.command(Command.DONE)

    assert short.code == "prompt.receiving.close_short"
    assert said(closed_short) == ("SHORT", None, "done")
    assert said(closed_over) == ("OVER", None, "done")
    assert said(closed_strange) == ("PRODUCT_WITHOUT_DATA", None, "done")


def _done() -> Commanded:
    return Commanded(Command.DONE)


def test_damage_is_what_a_close_tells_when_nothing_graver_does() -> None:
    desk = Desk().open("ASN-2")
    desk.scan(box(OTHER_PALLET))
    desk.command(Command.ACCEPT_REST)
    desk.command(Command.DAMAGED)
    desk.scan(pack(NORTAVEL, "N1", "N31"))

    closed = desk.command(Command.DONE)

    assert said(closed) == ("DAMAGED", None, "done")
    assert closed.lines[-1].code == "line.receiving.closed_apart"
    assert closed.say is not None
    assert closed.say.code == "say.receiving.closed_damaged"


def test_a_document_that_somebody_closed_ends_the_task() -> None:
    desk = Desk().open("ASN-1")
    desk.ledger.documents["ASN-1"] = replace(desk.ledger.documents["ASN-1"], closed=True)

    ended = desk.command(Command.DONE)

    assert said(ended) == ("DOCUMENT_CLOSED", None, "bad")
    assert ended.finished


def test_blind_receiving_simply_ends() -> None:
    desk = Desk().open(None)
    desk.scan(pack(VITAMIN, "V", "V1"))

    ended = desk.command(Command.DONE)

    assert ended.draft == Draft(EntryKind.TASK, Accepted(Outcome.OK, {"received": 1}), reason="DONE")
    assert (ended.finished, ended.tone) == (True, Tone.DONE)


FIGURES = Figures(expected=9, received=9, short=0, over=0, unexpected=0, held=0, damaged=0, inferable=0)


@pytest.mark.parametrize(
    ("figures", "serialised", "outcome"),
    [
        (FIGURES, True, Outcome.OK),
        (replace(FIGURES, held=1), True, Outcome.OK),
        (replace(FIGURES, damaged=1), True, Outcome.DAMAGED),
        (replace(FIGURES, damaged=1, short=1), True, Outcome.DATA_WITHOUT_PRODUCT),
        (replace(FIGURES, damaged=1, short=1), False, Outcome.SHORT),
        (replace(FIGURES, short=1, over=1), False, Outcome.OVER),
        (replace(FIGURES, short=1, over=1, unexpected=1), False, Outcome.PRODUCT_WITHOUT_DATA),
    ],
)
def test_the_gravest_finding_names_the_close(figures: Figures, outcome: Outcome, *, serialised: bool) -> None:
    assert outcome_of(figures, serialised=serialised) is outcome


def test_every_exception_of_a_shift_leaves_a_follow_up() -> None:
    desk = Desk().open("ASN-1").watch("recall", NORTAVEL, "N08")
    for text in (pack(AMOX, "L0", "B77"), box(OTHER_PALLET)):
        desk.scan(text)
        desk.scan(text)
    desk.scan(box(MIXED))
    desk.command(Command.QUARANTINE)
    desk.command(Command.DAMAGED)
    desk.scan(pack(AMOX, "L1"))
    desk.scan(pack(AMOX, "L1"))
    desk.command(Command.SECOND_PACK)
    desk.command(Command.DONE)
    desk.command(Command.DONE)

    found = [follow_up_of(entry) for entry in desk.ledger.entries]
    assert [each for each in found if each is not None] == [
        FollowUp("LOT_MISMATCH", f"sgtin:{AMOX.gtin}:L0", "ASN-1"),
        FollowUp("IN_OTHER_DOCUMENT", OTHER_PALLET, "ASN-1"),
        FollowUp("RECALLED", MIXED, "ASN-1"),
        FollowUp("DAMAGED", f"sgtin:{AMOX.gtin}:L1", "ASN-1"),
        FollowUp("SUSPECT", f"lot:{AMOX.gtin}:A12B", "ASN-1"),
        FollowUp("PRODUCT_WITHOUT_DATA", "ASN-1", "ASN-1"),
    ]


def test_cold_goods_of_another_item_are_not_held_by_the_alarm() -> None:
    desk = Desk().open("ASN-COLD")
    units = desk.ledger.units_of["ASN-COLD"]
    desk.ledger.units_of["ASN-COLD"] = [replace(units[0], gtin=AMOX.gtin), *units[1:]]
    desk.command(Command.LOGGER_OK)
    desk.scan(box(COLD_PALLET))
    desk.command(Command.LOGGER_ALARM)
    desk.command(Command.ACCEPT_REST)

    assert {unit.gtin: unit.status for unit in desk.ledger.units.values()} == {
        AMOX.gtin: Status.AVAILABLE,
        INSULIN.gtin: Status.HELD,
    }


def test_whatever_can_be_confirmed_has_words_for_what_is_left_to_be_done() -> None:
    causes = {*CONFIRMED_IN_CAGE, Refusal.RECALLED, Refusal.UNKNOWN_ITEM}

    assert {cause for cause in causes if f"follow_up.{cause}" not in SENTENCES} == set()
