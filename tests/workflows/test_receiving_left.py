"""Receiving, what is left: pallets, what waits in sealed parents, what one key does now, and what a close tells."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from scanner_app.domain.facts import DocumentSummary
from scanner_app.domain.stock import ContainerDelta, Seal
from scanner_app.terminal.menus import NEXT, offered
from scanner_app.workflows.step import Command, Line
from tests.workflows.delivery import (
    AMOX,
    CASE_1,
    CASE_2,
    MIXED,
    NAMED_CASE,
    NORTAVEL,
    OTHER_PALLET,
    PAIN,
    PALLET,
    STRAY,
    SWABS,
    Desk,
    box,
    case_gtin,
    label,
    pack,
    said,
)

if TYPE_CHECKING:
    from scanner_app.domain.refusals import Parameters


def asked(desk: Desk) -> tuple[str, str, object]:
    """The prompt's code, its giant noun, and how much waits."""
    prompt = desk.workflow.prompt(desk.state)
    return prompt.code.removeprefix("prompt.receiving."), prompt.noun, prompt.parameters.get("waiting")


def next_key(desk: Desk) -> Command | None:
    """What the one key for next does now."""
    return offered(NEXT, desk.workflow.prompt(desk.state).commands)


def test_a_delivery_is_led_from_pallets_to_accept_to_done() -> None:
    desk = Desk().open("ASN-1")
    steps = [(asked(desk), next_key(desk))]
    for text in (box(PALLET), *(pack(AMOX, f"L{n}") for n in range(4)), box(NAMED_CASE), box(MIXED)):
        desk.scan(text)
        steps.append((asked(desk), next_key(desk)))
    desk.command(Command.ACCEPT_REST)
    steps.append((asked(desk), next_key(desk)))

    accept, done = Command.ACCEPT_REST, Command.DONE
    assert steps == [
        (("any", "PALLET", None), done),
        *((("any_or_accept", "ITEM", 6), accept) for _ in range(5)),
        (("any_or_accept", "ITEM", 10), accept),
        (("accept", "ACCEPT", 12), accept),
        (("all_in", "DONE", None), done),
    ]
    assert said(desk.command(Command.DONE)) == ("OK", None, "done")


def test_a_pallet_says_how_much_waits_in_it() -> None:
    desk = Desk().open("ASN-1")

    pallet = desk.scan(box(PALLET))

    assert pallet.say is not None
    assert pallet.say.code == "say.receiving.waiting_inside"
    assert (pallet.say.parameters["scanned"], pallet.say.parameters["waiting"]) == ("(00) …0017", 6)


def test_accept_is_not_offered_when_nothing_can_be_inferred() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))
    desk.scan(pack(AMOX, "A0"))

    assert (asked(desk), next_key(desk)) == (("case_or_item", "ITEM", None), Command.DONE)


def test_a_document_without_pallets_asks_for_items() -> None:
    desk = Desk()
    desk.ledger.containers_of.pop("ASN-COLD")
    loose = [replace(unit, parent=None) for unit in desk.ledger.units_of["ASN-COLD"]]
    desk.ledger.units_of["ASN-COLD"] = loose

    assert asked(desk.open("ASN-COLD")) == ("item", "ITEM", None)


def test_a_case_of_an_opened_pallet_tells_its_own_again() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))
    case = desk.scan(box(CASE_2))

    assert desk.state.waiting == 3
    assert case.draft is not None
    assert case.draft.verdict.parameters["waiting"] == -3


@pytest.mark.parametrize(
    "scans", [[box(PALLET)], [box(PALLET), box(CASE_1)], [box(PALLET), pack(AMOX, "A0")], [box(MIXED)]]
)
def test_undo_restores_what_waits_and_which_pallets_are_left(scans: list[str]) -> None:
    desk = Desk().open("ASN-1")
    for text in scans[:-1]:
        desk.scan(text)
    before = (desk.state.waiting, desk.state.pallets, asked(desk))
    desk.scan(scans[-1])

    desk.undo()

    assert (desk.state.waiting, desk.state.pallets, asked(desk)) == before


def test_undo_of_the_rest_lets_it_wait_again() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))
    desk.command(Command.ACCEPT_REST)
    desk.undo()

    assert (desk.state.waiting, desk.state.done, next_key(desk)) == (6, 0, Command.ACCEPT_REST)


def test_a_task_taken_up_by_another_knows_what_waits() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))

    again = Desk(desk.ledger).open("ASN-1")

    assert (again.state.waiting, again.state.pallets) == (6, 0)


def test_a_pallet_in_the_cage_lets_nothing_wait() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))
    desk.watch("recall", AMOX, "A12B")
    desk.scan(box(PALLET))
    desk.command(Command.QUARANTINE)

    assert (desk.state.waiting, desk.state.done) == (0, 6)


def test_what_another_delivery_brought_waits_for_nothing_of_ours() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(NAMED_CASE))
    desk.ledger.containers[PALLET] = ContainerDelta(PALLET, "DOCK-1", Seal.SEALED, "ASN-0")
    desk.scan(pack(AMOX, "A0"))

    assert desk.state.waiting == desk.ledger.answer(DocumentSummary("ASN-1")).outstanding_under_sealed == 4


def test_what_was_received_elsewhere_meanwhile_is_no_longer_offered() -> None:
    desk = Desk().open("ASN-2")
    desk.scan(box(OTHER_PALLET))
    Desk(desk.ledger).open("ASN-2").command(Command.ACCEPT_REST)

    nothing = desk.command(Command.ACCEPT_REST)

    assert nothing.say == Line("say.receiving.nothing_to_accept")
    assert next_key(desk) is Command.DONE


def test_a_logistic_unit_is_a_pallet_a_case_or_not_known() -> None:
    desk = Desk().open("ASN-1")
    lines = [[line.code for line in desk.scan(box(container)).lines] for container in (PALLET, MIXED, STRAY)]

    assert "line.pallet" in lines[0]
    assert "line.case_alone" in lines[1]
    assert lines[2] == ["line.sscc"]


@pytest.mark.parametrize(("gtin", "code"), [(PAIN.gtin, "line.case_alone"), (case_gtin(PAIN), "line.pallet")])
def test_a_label_that_tells_its_content_tells_what_it_is(gtin: str, code: str) -> None:
    desk = Desk().open("PO-1")

    taken = desk.scan(f"{box(STRAY)}02{gtin}10P55\x1d372")

    assert [line.code for line in taken.lines if line.parameters.get("container")] == [code]


def test_lines_say_done_when_all_of_them_are_full() -> None:
    desk = Desk().open("PO-1")
    desk.ledger.lines_of["PO-1"] = desk.ledger.lines_of["PO-1"][:1]
    desk = Desk(desk.ledger).open("PO-1")
    assert (asked(desk), next_key(desk)) == (("item", "ITEM", None), Command.DONE)
    desk.command(Command.QUANTITY, 20)
    desk.scan(pack(PAIN, lot="P55"))

    assert asked(desk)[:2] == ("all_in", "DONE")
    assert desk.workflow.prompt(desk.state).parameters == {"expected": 20, "document": "PO-1"}


# Over and short together.


def over_and_short() -> Desk:
    """PO-1 with one Painaway too many and everything else short."""
    desk = Desk().open("PO-1")
    desk.command(Command.QUANTITY, 21)
    for _ in range(2):
        desk.scan(pack(PAIN, lot="P55"))
    return desk


def test_over_and_short_are_both_told_before_and_after_the_close() -> None:
    desk = over_and_short()

    before = desk.command(Command.DONE)
    prompt = desk.workflow.prompt(desk.state)
    refused = desk.scan(pack(SWABS, lot=None, expiry=None))
    card = desk.command(Command.DAMAGED)
    closed = desk.command(Command.DONE)

    figures: Parameters = {"short": 19, "over": 1, "inferable": 0}
    assert before.say == Line("say.receiving.close_short_over", figures)
    assert (prompt.code, prompt.parameters) == ("prompt.receiving.close_short_over", figures)
    assert refused.say == Line("say.receiving.close_first", {"question": "PO-1", "scanned": "Bandex"})
    assert said(card) == ("ANSWER_FIRST", None, "bad")
    assert card.say == Line("say.receiving.close_first", {"question": "PO-1", "scanned": "DAMAGED"})
    assert said(closed) == ("OVER", None, "done")
    assert closed.say is not None
    assert (closed.say.code, closed.say.parameters["short"], closed.say.parameters["over"]) == (
        "say.receiving.closed_both", 19, 1,
    )  # fmt: skip
    assert [line.code for line in closed.lines] == [
        "line.receiving.closed", "line.receiving.closed_differs", "line.receiving.closed_apart",
    ]  # fmt: skip


def test_what_waits_is_asked_for_with_what_is_over() -> None:
    desk = Desk().open("ASN-2")
    desk.scan(box(OTHER_PALLET))
    for _ in range(2):
        desk.scan(pack(NORTAVEL, "X", "N31"))

    question = desk.command(Command.DONE)
    rest = desk.command(Command.ACCEPT_REST)

    assert question.say == Line("say.receiving.close_inferable_over", {"short": 2, "over": 1, "inferable": 1})
    assert rest.state.closing is not None
    assert (rest.state.closing.short, rest.state.closing.over) == (1, 1)
    assert desk.workflow.prompt(desk.state).code == "prompt.receiving.close_short_over"


def test_half_a_label_that_waits_when_the_rest_is_accepted_or_closed_is_told() -> None:
    for command in (Command.ACCEPT_REST, Command.DONE):
        desk = Desk().open("ASN-1")
        desk.scan(box(PALLET))
        desk.scan(label(AMOX.gtin, None, None, None))

        done = desk.command(command)

        assert done.lines[:1] == (Line("line.forgotten", {"part": "Amoxidem"}),)
        assert done.tone.value == "attention"
