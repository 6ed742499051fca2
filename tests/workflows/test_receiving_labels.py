"""Receiving, labels spread over several symbols: what is missing is asked for, in any order, and never guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import Accepted, Outcome
from scanner_app.workflows.goods import Label
from scanner_app.workflows.receiving_state import Asked
from scanner_app.workflows.spread_labels import Part
from scanner_app.workflows.step import Command, Draft, Line
from tests.workflows.delivery import (
    AMOX,
    GOOD,
    GS,
    INSULIN,
    NAMED_CASE,
    OTHER_DATE,
    PAIN,
    PALLET,
    PAST,
    STRAY,
    SWABS,
    SYRUP,
    UNKNOWN,
    VITAMIN,
    Desk,
    box,
    case_gtin,
    label,
    pack,
    said,
)


def test_a_gtin_alone_asks_for_the_lot_and_the_next_symbol_completes_it() -> None:
    desk = Desk().open("PO-1")

    alone = desk.scan(label(PAIN.gtin, None, None, None))
    prompt = desk.workflow.prompt(desk.state)
    whole = desk.scan(label(None, None, "P55", GOOD))

    assert alone.draft == Draft(EntryKind.NOTED, Accepted(Outcome.OK), document="PO-1")
    assert alone.say == Line("say.receiving.part_lot", {"item": "Painaway"})
    assert alone.state.part == Part(Label(PAIN.gtin), "lot", "Painaway")
    assert (prompt.code, prompt.noun) == ("prompt.receiving.missing_lot", "LOT")
    assert said(whole) == ("MATCHED", None, "good")
    assert whole.state.part is None


def test_lot_and_expiry_first_ask_for_the_item() -> None:
    desk = Desk().open("PO-1")

    part = desk.scan(label(None, None, "P55", GOOD))
    prompt = desk.workflow.prompt(desk.state)
    whole = desk.scan(label(PAIN.gtin, None, None, None))

    assert part.say == Line("say.receiving.part_gtin")
    assert (prompt.code, prompt.noun) == ("prompt.receiving.missing_gtin", "ITEM")
    assert said(whole) == ("MATCHED", None, "good")


def test_three_symbols_make_one_pack() -> None:
    desk = Desk().open("PO-1")

    desk.scan(label(AMOX.gtin, None, None, None))
    serial = desk.workflow.prompt(desk.state)
    still = desk.scan(label(None, "Z-1", None, None))
    lot = desk.workflow.prompt(desk.state)
    whole = desk.scan(label(None, None, "Z9", GOOD))

    assert (serial.noun, lot.noun) == ("SERIAL", "LOT")
    assert still.state.part == Part(Label(AMOX.gtin, "Z-1"), "lot", "Amoxidem")
    assert said(whole) == ("MATCHED", None, "good")


def test_a_pack_that_the_document_names_needs_no_lot() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(label(AMOX.gtin, None, None, None))

    assert said(desk.scan(label(None, "L0", None, None))) == ("MATCHED", None, "good")


def test_the_confirming_scan_may_be_the_last_of_several_symbols() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(label(AMOX.gtin, None, None, None))
    wrong = desk.scan(label(None, "L0", "B77", None))

    again = desk.scan(label(None, "L0", "B77", None))

    assert said(wrong) == ("LOT_MISMATCH", None, "bad")
    assert said(again) == ("CONFIRMED", "LOT_MISMATCH", "attention")


@pytest.mark.parametrize("other", [pack(PAIN, lot="P55"), label(PAIN.gtin, None, "P55", GOOD), box(STRAY)])
def test_another_label_does_not_complete_the_one_that_waits(other: str) -> None:
    desk = Desk().open("PO-1")
    desk.scan(label(SYRUP.gtin, None, None, None))

    found = desk.scan(other)

    assert said(found)[0] in {"MATCHED", "WRONG_LEVEL"}
    assert found.state.part is None


def test_the_same_half_twice_is_still_half() -> None:
    desk = Desk().open("PO-1")
    once = desk.scan(label(PAIN.gtin, None, None, None)).state

    assert desk.scan(label(PAIN.gtin, None, None, None)).state == once
    part = desk.scan(label(None, "S", None, None)).state
    assert desk.scan(label(None, "S", None, None)).state == part


def test_a_plain_lot_that_the_document_names_is_taken() -> None:
    desk = Desk().open("PO-1")
    desk.scan(label(PAIN.gtin, None, None, None))

    taken = desk.scan("]C0P55")

    assert said(taken) == ("MATCHED", None, "good")


def test_a_plain_lot_that_stock_knows_is_taken() -> None:
    desk = Desk().open(None)
    desk.ledger.dates[VITAMIN.gtin, "V1"] = (GOOD,)
    desk.scan(label(VITAMIN.gtin, "S1", None, None))

    assert said(desk.scan("V1")) == ("OK", None, "good")


def test_a_plain_lot_that_nothing_knows_is_taken_when_it_is_scanned_again() -> None:
    desk = Desk().open(None)
    desk.scan(label(VITAMIN.gtin, "S1", None, None))

    new = desk.scan("V1")
    bounced = desk.scan("V1", confirms=False)
    prompt = desk.workflow.prompt(desk.state)
    again = desk.scan("V1")

    assert said(new) == ("BAD_FORMAT", None, "bad")
    assert new.say == Line("say.receiving.plain_lot", {"scanned": "V1"})
    assert said(bounced) == ("ALREADY_SCANNED", None, "neutral")
    assert (prompt.code, prompt.noun) == ("prompt.receiving.lot_again", "LOT")
    assert said(again) == ("OK", None, "good")
    assert again.draft is not None
    assert again.draft.postings[0].key.lot == "V1"


def test_what_can_be_no_lot_is_refused() -> None:
    desk = Desk().open("PO-1")
    desk.scan(label(PAIN.gtin, None, None, None))

    refused = desk.scan("no lot has spaces")

    assert said(refused) == ("BAD_FORMAT", None, "bad")
    assert refused.say == Line("say.receiving.not_lot", {"scanned": "no lot has spaces"})
    assert refused.state.part is not None


def test_a_lot_of_an_item_that_left_the_list_is_not_on_record() -> None:
    desk = Desk().open("PO-1")
    desk.scan(label(PAIN.gtin, None, None, None))
    del desk.ledger.levels[PAIN.gtin]

    assert said(desk.scan("P55")) == ("BAD_FORMAT", None, "bad")
    assert said(desk.scan("P55")) == ("UNKNOWN_ITEM", None, "bad")


def test_an_unknown_item_is_put_aside_and_reported() -> None:
    desk = Desk().open("ASN-1")
    text = label(UNKNOWN, "1", "X", None)
    desk.scan(text)
    prompt = desk.workflow.prompt(desk.state)

    reported = desk.scan(text)

    assert prompt.code == "prompt.receiving.report_again"
    assert said(reported) == ("CONFIRMED", "UNKNOWN_ITEM", "attention")
    assert reported.draft is not None
    assert (reported.draft.kind, reported.draft.postings) == (EntryKind.NOTED, ())
    assert reported.state.pending is None


def test_a_number_of_packs_without_serials_must_be_scanned_one_by_one() -> None:
    desk = Desk().open("ASN-1")

    counted = desk.scan(f"]C102{AMOX.gtin}10A12B{GS}3712")

    assert said(counted) == ("WRONG_LEVEL", None, "bad")
    assert counted.state.part is None


def test_a_case_of_goods_without_serials_tells_its_content() -> None:
    desk = Desk().open("PO-1")
    case = label(case_gtin(PAIN), "K-1", "P55", GOOD)

    taken = desk.scan(case)

    assert said(taken) == ("MATCHED", None, "good")
    assert taken.draft is not None
    assert [(posting.quantity, posting.to_place) for posting in taken.draft.postings] == [
        (4, f"sgtin:{case_gtin(PAIN)}:K-1")
    ]
    assert said(desk.scan(case)) == ("ALREADY_SCANNED", None, "neutral")


def test_a_case_without_lot_asks_for_it() -> None:
    desk = Desk().open("PO-1")
    asked = desk.scan(label(case_gtin(PAIN), "K-1", None, None))

    whole = desk.scan(label(None, None, "P55", GOOD))

    assert said(asked) == ("OK", None, "attention")
    assert said(whole) == ("MATCHED", None, "good")


def test_a_case_with_more_than_is_left_goes_to_the_cage_whole() -> None:
    desk = Desk().open("PO-1")
    text = f"{box(STRAY)}02{PAIN.gtin}17{GOOD:%y%m%d}10P55{GS}3725"
    refused = desk.scan(text)

    again = desk.scan(text)

    assert said(refused) == ("OVER_QUANTITY", None, "bad")
    assert said(again) == ("EXTRA", "OVER_QUANTITY", "attention")
    assert desk.ledger.containers[STRAY].parent == "CAGE"
    assert again.state.done == 20


def test_a_label_that_agrees_with_the_case_is_no_mismatch() -> None:
    desk = Desk().open("ASN-1")

    assert said(desk.scan(label(case_gtin(AMOX), "C-77", "A12B", GOOD))) == ("MATCHED", None, "good")


def test_a_label_cannot_contradict_an_empty_case() -> None:
    desk = Desk().open("ASN-1")
    desk.ledger.units_of["ASN-1"] = []

    empty = desk.scan(label(case_gtin(AMOX), NAMED_CASE[-4:], "B77", OTHER_DATE))

    assert said(empty) == ("MATCHED", None, "good")


def test_another_document_is_opened_from_the_menu() -> None:
    desk = Desk().open("ASN-1")

    same = desk.scan("]Q1DOC-ASN-1")
    other = desk.scan("]Q1DOC-ASN-2")

    assert same.say == Line("say.receiving.this_document", {"document": "ASN-1"})
    assert other.say == Line("say.receiving.other_document", {"document": "ASN-1", "other": "ASN-2"})
    assert said(same) == ("OK", None, "neutral")
    assert said(other) == ("OK", None, "attention")


def test_a_question_does_not_outlive_a_place_or_nonsense() -> None:
    desk = Desk().open("ASN-1")
    for between in ("]Q1LOC-DOCK-2", "nonsense", box(PALLET)):
        desk.scan(pack(AMOX, "L0", "B77"))
        assert desk.state.pending is not None
        assert desk.state.pending.asked is Asked.AGAIN
        desk.scan(between)
        assert desk.state.pending is None


def test_cold_content_told_by_a_label_is_cold() -> None:
    desk = Desk().open("PO-1")
    desk.ledger.levels[PAIN.gtin] = desk.ledger.levels[INSULIN.gtin].__class__(
        PAIN.gtin, PAIN.__class__(PAIN.gtin, "Coldaway", "", INSULIN.storage_class, serialised=False), 1, "each"
    )
    text = f"{box(STRAY)}02{PAIN.gtin}17{GOOD:%y%m%d}10P55{GS}3710"

    assert said(desk.scan(text)) == ("CONDITION_MISSING", None, "bad")
    assert said(desk.command(Command.QUARANTINE)) == ("CONFIRMED", "CONDITION_MISSING", "attention")


def test_a_lot_is_asked_for_where_the_document_names_lots_even_of_an_item_without() -> None:
    desk = Desk().open("PO-1")
    lines = desk.ledger.lines_of["PO-1"]
    desk.ledger.lines_of["PO-1"] = [replace(line, lot="W1") if line.gtin == SWABS.gtin else line for line in lines]

    asked = desk.scan(label(SWABS.gtin, None, None, None))
    whole = desk.scan(label(None, None, "W1", None))

    assert asked.say == Line("say.receiving.part_lot", {"item": "Bandex"})
    assert said(whole) == ("MATCHED", None, "good")


def test_expired_goods_of_unknown_lot_count_for_no_line() -> None:
    desk = Desk().open("PO-1")
    text = label(PAIN.gtin, None, None, PAST)
    desk.scan(text)

    caged = desk.scan(text)

    assert said(caged) == ("CONFIRMED", "EXPIRED", "attention")
    assert caged.state.done == 0
