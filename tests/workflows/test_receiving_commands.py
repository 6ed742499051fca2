"""Receiving, keys and cards: damage, quantity, logger, second pack, recall and its answers; what does not work now."""

from __future__ import annotations

import pytest

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import ContainerFact, ContainerOf
from scanner_app.domain.refusals import Accepted, Outcome
from scanner_app.domain.stock import CONVERSION, SUPPLIER, ContainerMove, Posting, Seal, Status, StockKey
from scanner_app.workflows.receiving_containers import DEPTH_MAX, unsealed
from scanner_app.workflows.spread_labels import NUMBER_MAX
from scanner_app.workflows.step import Command, Draft, Facts, Line, Tone
from tests.workflows.delivery import (
    AMOX,
    CASE_1,
    COLD_PALLET,
    GOOD,
    INSULIN,
    NORTAVEL,
    PAIN,
    PALLET,
    STRAY,
    VITAMIN,
    Desk,
    box,
    label,
    pack,
    said,
)

UNIT = pack(AMOX, "L0")


def key(serial: str | None, status: Status) -> StockKey:
    return StockKey("own", AMOX.gtin, "A12B", GOOD, serial, status)


def recalled(document: str | None = "ASN-1", scan: str = UNIT) -> Desk:
    desk = Desk().open(document).watch("recall", AMOX, "A12B")
    desk.scan(scan)
    return desk


def test_damaged_is_for_the_next_scan_alone() -> None:
    desk = Desk().open("ASN-1")

    marked = desk.command(Command.DAMAGED)
    prompt = desk.workflow.prompt(desk.state)
    damaged = desk.scan(UNIT)
    good = desk.scan(pack(AMOX, "L1"))

    assert (marked.draft, marked.tone, prompt.code) == (None, Tone.TICK, "prompt.receiving.damaged")
    assert said(damaged) == ("DAMAGED", None, "attention")
    assert damaged.draft is not None
    assert damaged.draft.reason == "DAMAGED"
    assert damaged.draft.postings == (Posting(key("L0", Status.DAMAGED), 1, SUPPLIER, "CAGE"),)
    assert damaged.state.done == 1
    assert said(good) == ("MATCHED", None, "good")


def test_damaged_again_takes_it_back() -> None:
    desk = Desk().open("ASN-1")
    desk.command(Command.DAMAGED)

    assert desk.command(Command.DAMAGED).say == Line("say.receiving.damaged_not")
    assert not desk.state.damaged_next


def test_damage_found_after_receipt_turns_the_unit_over() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))
    desk.scan(box(CASE_1))
    desk.scan(pack(AMOX, "A0"))
    desk.command(Command.DAMAGED)

    damaged = desk.scan(pack(AMOX, "A0"))

    assert damaged.draft == Draft(
        EntryKind.DAMAGED,
        Accepted(Outcome.DAMAGED, {"scanned": "A0", "item": "Amoxidem", "quantity": 1, "counts": 0}),
        document="ASN-1",
        reason="DAMAGED",
        postings=(
            Posting(key("A0", Status.AVAILABLE), 1, CASE_1, CONVERSION),
            Posting(key("A0", Status.DAMAGED), 1, CONVERSION, "CAGE"),
        ),
    )
    assert damaged.state.done == 1


def test_damage_of_an_inferred_unit_opens_what_it_is_taken_from() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))
    desk.command(Command.ACCEPT_REST)
    desk.command(Command.DAMAGED)

    damaged = desk.scan(pack(AMOX, "A0"))

    assert said(damaged) == ("DAMAGED", None, "attention")
    assert damaged.draft is not None
    assert [(move.container, move.seal) for move in damaged.draft.container_moves] == [
        (CASE_1, Seal.OPEN),
        (PALLET, Seal.OPEN),
    ]


def test_a_damaged_unit_that_nothing_names_is_damaged_in_the_cage_too() -> None:
    desk = Desk().open("ASN-1")
    desk.command(Command.DAMAGED)
    desk.scan(pack(AMOX, "X"))

    confirmed = desk.scan(pack(AMOX, "X"))

    assert said(confirmed) == ("CONFIRMED", "NO_DATA", "attention")
    assert desk.ledger.units[AMOX.gtin, "X"].status is Status.DAMAGED


def test_a_damaged_pallet_goes_to_the_cage_with_all_that_is_in_it() -> None:
    desk = Desk().open("ASN-1")
    desk.command(Command.DAMAGED)

    damaged = desk.scan(box(PALLET))

    assert said(damaged) == ("DAMAGED", None, "attention")
    assert damaged.draft is not None
    assert damaged.draft.container_moves == (ContainerMove(PALLET, SUPPLIER, "CAGE", Seal.SEALED),)
    assert {unit.status for unit in desk.ledger.units.values()} == {Status.DAMAGED}
    assert (len(desk.ledger.units), damaged.state.done) == (6, 6)


def test_a_damaged_pallet_that_is_in_is_only_told_to_be() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))
    desk.command(Command.DAMAGED)

    assert said(desk.scan(box(PALLET))) == ("ALREADY_SCANNED", None, "neutral")


def test_a_second_pack_with_one_serial_is_suspect_and_has_no_serial() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(UNIT)
    desk.scan(UNIT)
    offered = Command.SECOND_PACK in desk.workflow.prompt(desk.state).commands

    second = desk.command(Command.SECOND_PACK)

    assert offered
    assert said(second) == ("CONFIRMED", "SUSPECT", "attention")
    assert second.draft is not None
    assert second.draft.postings == (Posting(key(None, Status.SUSPECT), 1, SUPPLIER, "CAGE"),)
    assert (second.draft.note, second.state.pending, second.state.done) == ("L0", None, 1)
    assert desk.ledger.units[AMOX.gtin, "L0"].place == "DOCK-1"


def test_a_second_pack_needs_a_first() -> None:
    desk = Desk().open("ASN-1")

    assert desk.command(Command.SECOND_PACK).say == Line("say.receiving.second_pack_needs")
    desk.scan(UNIT)
    desk.scan(UNIT)
    del desk.ledger.levels[AMOX.gtin]
    vanished = desk.command(Command.SECOND_PACK)
    assert (vanished.draft, vanished.tone) == (None, Tone.NEUTRAL)


def test_the_quantity_is_asked_for_and_typed() -> None:
    desk = Desk().open("PO-1")

    asked = desk.command(Command.QUANTITY)
    prompt = desk.workflow.prompt(desk.state)
    typed = desk.type("12")
    shown = desk.workflow.prompt(desk.state)
    taken = desk.scan(pack(PAIN, lot="P55"))

    assert asked.draft is None
    assert (prompt.noun, prompt.wants_number) == ("NUMBER", True)
    assert typed.say == Line("say.receiving.times", {"number": 12})
    assert shown.parameters == {"number": 12}
    assert taken.state.done == 12


@pytest.mark.parametrize("text", ["0", "100000", "1234567", "-1", "1.5", "²", "", "ten"])
def test_what_is_no_quantity_is_asked_again(text: str) -> None:
    desk = Desk().open("PO-1")
    desk.command(Command.QUANTITY)

    typed = desk.type(text)

    assert typed.say == Line("say.number_wanted", {"most": NUMBER_MAX})
    assert typed.state.asks_number


def test_typing_where_nothing_is_asked_changes_nothing() -> None:
    desk = Desk().open("PO-1")
    before = desk.state

    assert (desk.type("12").state, desk.last.say) == (before, Line("say.not_now"))


def test_the_logger_lets_cold_goods_in() -> None:
    desk = Desk().open("ASN-COLD")
    desk.scan(box(COLD_PALLET))
    prompt = desk.workflow.prompt(desk.state)

    well = desk.command(Command.LOGGER_OK)
    pallet = desk.scan(box(COLD_PALLET))
    unit = desk.scan(pack(INSULIN, "I9", "F03"))

    assert (prompt.noun, prompt.commands[:2]) == ("LOGGER", (Command.LOGGER_OK, Command.LOGGER_ALARM))
    assert well.say == Line("say.receiving.condition_ok_again", {"scanned": "(00) …0062"})
    assert well.draft == Draft(EntryKind.CONDITION, Accepted(Outcome.OK, {"result": "ok"}), document="ASN-COLD")
    assert (well.tone, well.state.pending) == (Tone.GOOD, None)
    assert said(pallet) == said(unit) == ("MATCHED", None, "good")


def test_an_alarm_puts_a_cold_pallet_into_the_cage_held() -> None:
    desk = Desk().open("ASN-COLD")
    alarm = desk.command(Command.LOGGER_ALARM)

    pallet = desk.scan(box(COLD_PALLET))

    assert alarm.draft is not None
    assert alarm.draft.reason == "LOGGER_ALARM"
    assert said(pallet) == ("MATCHED", None, "attention")
    assert pallet.draft is not None
    assert pallet.draft.reason == "LOGGER_ALARM"
    assert {unit.status for unit in desk.ledger.units.values()} == {Status.HELD}
    assert desk.ledger.location(COLD_PALLET) == "CAGE"


def test_an_alarm_does_not_touch_other_goods() -> None:
    desk = Desk().open(None)
    desk.scan(UNIT)
    desk.command(Command.LOGGER_ALARM)

    assert desk.state.pending is not None
    assert said(desk.scan(pack(VITAMIN, "V", "V1"))) == ("OK", None, "good")


def test_cold_goods_received_blind_are_held_after_an_alarm() -> None:
    desk = Desk().open(None)
    desk.ledger.levels[VITAMIN.gtin] = desk.ledger.levels[INSULIN.gtin].__class__(
        VITAMIN.gtin,
        VITAMIN.__class__(VITAMIN.gtin, "Coldivit", "", INSULIN.storage_class, covered=False),
        1,
        "each",
    )
    desk.command(Command.LOGGER_ALARM)

    assert said(desk.scan(pack(VITAMIN, "V", "V1"))) == ("OK", None, "attention")
    assert desk.ledger.units[VITAMIN.gtin, "V"].status is Status.HELD


@pytest.mark.parametrize("answer", ["card", "cage"])
def test_a_recalled_unit_blocks_until_it_is_in_the_cage(answer: str) -> None:
    desk = recalled()
    prompt = desk.workflow.prompt(desk.state)

    first = desk.scan(pack(NORTAVEL, "N0"))
    key_first = desk.command(Command.DONE)
    caged = desk.command(Command.QUARANTINE) if answer == "card" else desk.scan("]Q1LOC-CAGE")

    assert (prompt.blocking, prompt.commands) == (True, (Command.QUARANTINE, Command.BACK))
    assert said(first) == ("ANSWER_FIRST", None, "bad")
    assert said(key_first) == ("ANSWER_FIRST", None, "bad")
    assert said(caged) == ("CONFIRMED", "RECALLED", "attention")
    assert caged.draft is not None
    assert caged.draft.postings == (Posting(key("L0", Status.QUARANTINED), 1, SUPPLIER, "CAGE"),)
    assert not desk.workflow.prompt(desk.state).blocking


@pytest.mark.parametrize("scan", [UNIT, "]Q1LOC-DOCK-2"])
def test_neither_the_same_code_nor_another_place_answers_a_recall(scan: str) -> None:
    desk = recalled()

    assert said(desk.scan(scan)) == ("ANSWER_FIRST", None, "bad")
    assert desk.workflow.prompt(desk.state).blocking


def test_recalled_goods_may_be_left_on_the_dock_with_a_trace() -> None:
    desk = recalled()

    left = desk.command(Command.BACK)

    assert left.draft == Draft(
        EntryKind.NOTED,
        Accepted(Outcome.OK, {"scanned": "L0", "refused": "RECALLED"}),
        document="ASN-1",
        reason="LEFT_ON_DOCK",
        note="L0",
    )
    assert left.state.pending is None
    assert not +desk.ledger.on_hand


def test_a_pallet_with_recalled_goods_is_quarantined_whole() -> None:
    desk = recalled(scan=box(PALLET))

    caged = desk.command(Command.QUARANTINE)

    assert said(caged) == ("CONFIRMED", "RECALLED", "attention")
    assert {(unit.status, unit.inferred) for unit in desk.ledger.units.values()} == {(Status.QUARANTINED, True)}
    assert {desk.ledger.location(unit.place) for unit in desk.ledger.units.values()} == {"CAGE"}
    assert caged.state.done == 6


def test_a_recall_that_arrives_after_the_pallet_is_found_at_its_next_scan() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))
    desk.watch("recall", AMOX, "A12B")

    refused = desk.scan(box(PALLET))
    caged = desk.command(Command.QUARANTINE)

    assert said(refused) == ("RECALLED", None, "recall")
    assert caged.draft is not None
    assert caged.draft.kind is EntryKind.HELD
    assert caged.draft.container_moves == (ContainerMove(PALLET, "DOCK-1", "CAGE", Seal.SEALED, Seal.SEALED),)
    assert {unit.status for unit in desk.ledger.units.values()} == {Status.QUARANTINED}
    assert said(desk.scan(box(PALLET))) == ("ALREADY_SCANNED", None, "neutral")


def test_a_recall_that_arrives_after_the_unit_turns_it_over() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(UNIT)
    desk.watch("recall", AMOX, "A12B")
    desk.scan(UNIT)

    caged = desk.command(Command.QUARANTINE)

    assert caged.draft is not None
    assert caged.draft.kind is EntryKind.HELD
    assert caged.draft.postings == (
        Posting(key("L0", Status.AVAILABLE), 1, "DOCK-1", CONVERSION),
        Posting(key("L0", Status.QUARANTINED), 1, CONVERSION, "CAGE"),
    )
    assert said(desk.scan(UNIT)) == ("ALREADY_SCANNED", None, "neutral")


def test_recalled_goods_of_an_item_that_left_the_list_are_told_so() -> None:
    desk = recalled()
    del desk.ledger.levels[AMOX.gtin]

    assert said(desk.command(Command.QUARANTINE)) == ("UNKNOWN_ITEM", None, "bad")


def test_a_wrong_unit_of_a_scanned_pallet_opens_the_pallet() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))
    desk.scan(pack(AMOX, "A0", "B77"))

    caged = desk.scan(pack(AMOX, "A0", "B77"))

    assert said(caged) == ("CONFIRMED", "LOT_MISMATCH", "attention")
    assert caged.draft is not None
    assert [(move.container, move.to_parent, move.seal) for move in caged.draft.container_moves] == [
        (CASE_1, PALLET, Seal.OPEN),
        (PALLET, "DOCK-1", Seal.OPEN),
    ]


def test_goods_of_a_pallet_in_the_cage_are_held() -> None:
    desk = Desk().open("ASN-2")
    desk.scan(box(PALLET))
    desk.scan(box(PALLET))
    assert desk.ledger.containers[PALLET].seal is Seal.DOUBTFUL

    there = Desk(desk.ledger).open("ASN-1")
    case = there.scan(box(CASE_1))
    unit = there.scan(pack(AMOX, "B0"))

    assert said(case) == said(unit) == ("MATCHED_BY_PARENT", None, "attention")
    assert unit.draft is not None
    assert unit.draft.reason == "HELD_IN_CAGE"
    assert {each.status for each in there.ledger.units.values()} == {Status.HELD}
    assert len(there.ledger.units) == 4


def test_opening_stops_where_a_container_is_not_known() -> None:
    lost = Facts({ContainerOf(STRAY): None})
    ring = Facts({ContainerOf(STRAY): ContainerFact(STRAY, "DOCK-1", Seal.SEALED, None, 1)})

    assert unsealed("DOCK-1", lost) == unsealed(STRAY, lost) == ()
    assert len(unsealed(STRAY, ring)) == DEPTH_MAX


@pytest.mark.parametrize(
    ("command", "say"),
    [
        (Command.SKIP, "say.receiving.skip_needs"),
        (Command.SHORT, "say.receiving.short_needs"),
        (Command.QUARANTINE, "say.receiving.quarantine_needs"),
        (Command.SECOND_PACK, "say.receiving.second_pack_needs"),
        (Command.HELP, "say.not_now"),
        (Command.WHY, "say.not_now"),
    ],
)
def test_what_does_not_work_now_changes_nothing_and_says_what_it_needs(command: Command, say: str) -> None:
    desk = Desk().open("ASN-1")
    before = desk.state

    nothing = desk.command(command)

    assert (nothing.state, nothing.draft, nothing.say) == (before, None, Line(say))


def test_back_forgets_what_was_asked_or_set() -> None:
    desk = Desk().open("PO-1")
    plain = desk.state
    desk.scan(label(PAIN.gtin, None, None, None))
    desk.command(Command.DAMAGED)
    desk.command(Command.QUANTITY, 5)
    desk.command(Command.QUANTITY)

    back = desk.command(Command.BACK)

    assert (back.state, back.draft) == (plain, None)
