"""Receiving, the way it should go: state, entry and feedback of each accepted step together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.masters import Document, DocumentKind
from scanner_app.domain.refusals import Accepted, Outcome, Refusal, Refused
from scanner_app.domain.stock import SUPPLIER, ContainerMove, Posting, Seal, Status, StockKey
from scanner_app.workflows.goods import Label
from scanner_app.workflows.receiving import Receiving
from scanner_app.workflows.receiving_containers import content_refusals
from scanner_app.workflows.receiving_posting import FROM_DOCUMENT
from scanner_app.workflows.receiving_state import Batch, Condition, ReceivingState, Tally
from scanner_app.workflows.spread_labels import Part
from scanner_app.workflows.step import Command, Draft, Facts, Line, Progress, Tone
from tests.workflows.delivery import (
    AMOX,
    CASE_1,
    CASE_2,
    CASE_FACTOR,
    GOOD,
    GS,
    MIXED,
    MOMENT,
    NAMED_CASE,
    OTHER_DATE,
    PAIN,
    PALLET,
    STRAY,
    SWABS,
    SYRUP,
    VITAMIN,
    Desk,
    box,
    case_gtin,
    label,
    pack,
    said,
    site,
)


def key(serial: str | None, lot: str = "A12B", status: Status = Status.AVAILABLE) -> StockKey:
    return StockKey("own", AMOX.gtin, lot, GOOD, serial, status)


def test_opening_a_document_tells_what_is_expected() -> None:
    opened = Desk().open("ASN-1").last

    assert opened.state == ReceivingState("ASN-1", "Meridian", serialised=True, dock="DOCK-1", expected=16, pallets=1)
    assert opened.draft == Draft(
        EntryKind.DOCUMENT_OPENED,
        Accepted(Outcome.OK, {"document": "ASN-1", "partner": "Meridian", "expected": 16}),
        document="ASN-1",
    )
    assert (opened.tone, opened.progress) == (Tone.NEUTRAL, Progress(0, 16))


def test_a_document_that_was_begun_goes_on_where_it_stood() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(pack(AMOX, "L0"))

    assert Desk(desk.ledger).open("ASN-1").last.progress == Progress(1, 16)


@pytest.mark.parametrize(
    ("document", "refusal"),
    [
        ("ASN-9", Refusal.UNKNOWN_DOCUMENT),
        ("ORDER-1", Refusal.UNKNOWN_DOCUMENT),
        ("ASN-CLOSED", Refusal.DOCUMENT_CLOSED),
    ],
)
def test_what_is_no_open_delivery_opens_no_task(document: str, refusal: Refusal) -> None:
    ledger = site()
    ledger.documents["ORDER-1"] = Document("ORDER-1", DocumentKind.ORDER, "A", serialised=True, closed=False)
    ledger.documents["ASN-CLOSED"] = Document("ASN-CLOSED", DocumentKind.ASN, "A", serialised=True, closed=True)

    opened = Desk(ledger).open(document).last

    assert opened.draft == Draft(EntryKind.REFUSED, Refused(refusal, {"document": document}), document=document)
    assert opened.tone is Tone.BAD


def test_a_pallet_comes_in_sealed_and_its_content_is_not_stock_yet() -> None:
    desk = Desk().open("ASN-1")
    before = desk.state

    pallet = desk.scan(box(PALLET))

    assert pallet.state == replace(before, waiting=6, pallets=0)
    assert pallet.draft == Draft(
        EntryKind.RECEIVED,
        Accepted(Outcome.MATCHED, {"scanned": "(00) …0017", "holds": 6, "counts": 0, "waiting": 6, "pallets": 1}),
        document="ASN-1",
        container_moves=(ContainerMove(PALLET, SUPPLIER, "DOCK-1", Seal.SEALED),),
    )
    assert (pallet.tone, pallet.progress) == (Tone.GOOD, Progress(0, 16))
    assert pallet.lines == (
        Line("line.item", {"item": "Amoxidem", "strength": "500 mg caps, 100"}),
        Line("line.lot", {"lot": "A12B", "expiry": "2027-05-31"}),
        Line("line.pallet", {"container": "(00) …0017"}),
        Line("line.receiving.holds", {"units": 6, "cases": 2}),
    )
    assert not +desk.ledger.on_hand


def test_a_pallet_of_several_items_tells_only_how_much_it_holds() -> None:
    desk = Desk().open("ASN-1")

    assert desk.scan(box(MIXED)).lines == (
        Line("line.case_alone", {"container": "(00) …0048"}),
        Line("line.receiving.holds_units", {"units": 2, "cases": 0}),
    )


def test_a_unit_of_a_scanned_pallet_opens_all_that_it_was_taken_out_of() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))

    unit = desk.scan(pack(AMOX, "A0"))

    assert unit.draft == Draft(
        EntryKind.RECEIVED,
        Accepted(
            Outcome.MATCHED_BY_PARENT,
            {"scanned": "A0", "item": "Amoxidem", "quantity": 1, "counts": 1, "waiting": -6},
        ),
        document="ASN-1",
        postings=(Posting(key("A0"), 1, SUPPLIER, CASE_1),),
        container_moves=(
            ContainerMove(CASE_1, SUPPLIER, PALLET, Seal.OPEN),
            ContainerMove(PALLET, "DOCK-1", "DOCK-1", Seal.OPEN, Seal.SEALED),
        ),
    )
    assert unit.state == replace(
        Desk().open("ASN-1").state,
        done=1,
        pallets=0,
        last=Batch(AMOX.gtin, "A12B", GOOD),
        lot_tally=Tally(f"{AMOX.gtin} A12B", 1, 15),
        case_tally=Tally(CASE_1, 1, 3),
    )
    assert (unit.tone, unit.progress) == (Tone.GOOD, Progress(1, 16))
    assert unit.lines[2:] == (
        Line("line.serial", {"serial": "A0"}),
        Line("line.case", {"container": "(00) …0024", "done": 1, "total": 3}),
        Line("line.receiving.lot_progress", {"lot": "A12B", "done": 1, "total": 15}),
    )


def test_the_next_unit_of_the_case_needs_no_more_opening_and_counts_on() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))
    desk.scan(pack(AMOX, "A0"))
    desk.ledger.asked.clear()

    unit = desk.scan(pack(AMOX, "A1"))

    assert unit.draft is not None
    assert unit.draft.container_moves == ()
    assert unit.lines[3] == Line("line.case", {"container": "(00) …0024", "done": 2, "total": 3})
    assert unit.state.lot_tally == Tally(f"{AMOX.gtin} A12B", 2, 15)
    asked = [type(query).__name__ for query in desk.ledger.asked]
    assert "ExpectedContent" not in asked
    assert "LinesOf" not in asked


def test_an_inner_case_of_a_scanned_pallet_is_matched_by_it_and_stays_sealed() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))

    case = desk.scan(box(CASE_2))

    assert said(case) == ("MATCHED_BY_PARENT", None, "good")
    assert case.draft is not None
    assert case.draft.container_moves == (
        ContainerMove(PALLET, "DOCK-1", "DOCK-1", Seal.OPEN, Seal.SEALED),
        ContainerMove(CASE_2, SUPPLIER, PALLET, Seal.SEALED),
    )


@pytest.mark.parametrize("before", [pack(AMOX, "A0"), box(CASE_1)])
def test_a_pallet_of_which_something_came_in_before_comes_in_opened(before: str) -> None:
    desk = Desk().open("ASN-1")
    desk.scan(before)

    pallet = desk.scan(box(PALLET))

    assert said(pallet) == ("MATCHED", None, "good")
    assert desk.ledger.containers[PALLET].seal is Seal.OPEN


def test_a_unit_none_of_whose_parents_came_stands_on_the_dock() -> None:
    desk = Desk().open("ASN-1")

    unit = desk.scan(pack(AMOX, "A0"))

    assert said(unit) == ("MATCHED", None, "good")
    assert unit.draft is not None
    assert unit.draft.postings == (Posting(key("A0"), 1, SUPPLIER, "DOCK-1"),)
    assert unit.draft.container_moves == ()


def test_a_serialised_case_comes_in_like_any_container() -> None:
    desk = Desk().open("ASN-1")

    case = desk.scan(box(NAMED_CASE))
    unit = desk.scan(pack(AMOX, "C0"))

    assert said(case) == ("MATCHED", None, "good")
    assert case.lines[-2:] == (
        Line("line.case_alone", {"container": "(21) C-77"}),
        Line("line.receiving.holds_units", {"units": 4, "cases": 0}),
    )
    assert unit.draft is not None
    assert unit.draft.container_moves == (ContainerMove(NAMED_CASE, "DOCK-1", "DOCK-1", Seal.OPEN),)


def test_what_the_label_does_not_say_comes_from_the_document_and_is_marked() -> None:
    desk = Desk().open("ASN-1")

    bare = desk.scan(pack(AMOX, "L0", lot=None, expiry=None))
    whole = desk.scan(pack(AMOX, "L1"))

    assert bare.draft is not None
    assert whole.draft is not None
    assert bare.draft.postings == (Posting(key("L0"), 1, SUPPLIER, "DOCK-1"),)
    assert (bare.draft.note, whole.draft.note) == (FROM_DOCUMENT, None)


def test_day_00_of_an_expiry_is_the_last_day_of_its_month() -> None:
    desk = Desk().open("ASN-1")

    assert said(desk.scan(f"]d201{AMOX.gtin}1727050010A12B\x1d21L0")) == ("MATCHED", None, "good")


def test_another_lot_of_the_item_ticks() -> None:
    desk = Desk().open("ASN-1")
    units = desk.ledger.units_of["ASN-1"]
    desk.ledger.units_of["ASN-1"] = [replace(unit, lot="A13") if unit.serial == "L1" else unit for unit in units]
    desk.scan(pack(AMOX, "L0"))

    other = desk.scan(pack(AMOX, "L1", lot="A13"))

    assert said(other) == ("MATCHED", None, "tick")
    assert Line("line.receiving.changed") in other.lines
    assert other.state.last == Batch(AMOX.gtin, "A13", GOOD)


def test_goods_of_another_owner_stay_his() -> None:
    ledger = site()
    ledger.documents["ASN-1"] = replace(ledger.documents["ASN-1"], owner="meridian")
    desk = Desk(ledger).open("ASN-1")
    desk.scan(pack(AMOX, "L0"))

    assert [unit.owner for unit in ledger.units.values()] == ["meridian"]


def test_goods_without_serials_count_by_one_by_the_case_and_by_a_number() -> None:
    desk = Desk().open("PO-1")
    one = pack(PAIN, lot="P55")

    first = desk.scan(one)
    case = desk.scan(label(case_gtin(PAIN), None, "P55", GOOD))
    desk.command(Command.QUANTITY, 3)
    three = desk.scan(one)

    assert [said(each) for each in (first, case, three)] == [("MATCHED", None, "good")] * 3
    assert first.draft is not None
    assert case.draft is not None
    pain = StockKey("own", PAIN.gtin, "P55", GOOD, None, Status.AVAILABLE)
    assert first.draft.postings == (Posting(pain, 1, SUPPLIER, "DOCK-1"),)
    assert case.draft.postings == (Posting(pain, CASE_FACTOR, SUPPLIER, "DOCK-1"),)
    assert case.draft.verdict.parameters == {
        "scanned": "Painaway", "item": "Painaway", "quantity": 4, "counts": 4, "level": "case", "factor": 4,
    }  # fmt: skip
    assert three.state.times == 1
    assert three.progress == Progress(8, 39)
    assert three.lines[-1] == Line("line.receiving.lot_progress", {"lot": "P55", "done": 8, "total": 20})


def test_an_item_without_lots_is_not_asked_for_one() -> None:
    desk = Desk().open("PO-1")

    swabs = desk.scan(label(SWABS.gtin, None, None, None))

    assert said(swabs) == ("MATCHED", None, "good")
    assert swabs.lines[-1] == Line("line.receiving.item_progress", {"done": 1, "total": 10})


def test_a_line_without_expiry_takes_the_one_on_the_label() -> None:
    desk = Desk().open("PO-1")

    desk.scan(pack(SYRUP, lot="S1", expiry=OTHER_DATE))

    assert [found[4] for found in +desk.ledger.on_hand] == [OTHER_DATE]


def test_the_expiry_of_the_line_fills_a_silent_label() -> None:
    desk = Desk().open("PO-1")

    pain = desk.scan(pack(PAIN, lot="P55", expiry=None))

    assert pain.draft is not None
    assert (pain.draft.postings[0].key.expiry, pain.draft.note) == (GOOD, FROM_DOCUMENT)


def test_serialised_goods_are_matched_by_line_where_the_document_names_no_units() -> None:
    desk = Desk().open("PO-1")

    unit = desk.scan(pack(AMOX, "Z-1", lot="Z9"))
    vitamin = desk.scan(pack(VITAMIN, "V-1", lot="V1"))

    assert said(unit) == said(vitamin) == ("MATCHED", None, "good")
    assert unit.draft is not None
    assert unit.draft.postings == (Posting(key("Z-1", "Z9"), 1, SUPPLIER, "DOCK-1"),)
    assert vitamin.progress == Progress(2, 39)


def test_a_logistic_label_tells_its_content() -> None:
    desk = Desk().open("PO-1")

    pallet = desk.scan(f"{box(STRAY)}02{PAIN.gtin}1727053110P55{GS}3712")

    assert said(pallet) == ("MATCHED", None, "good")
    assert pallet.draft is not None
    pain = StockKey("own", PAIN.gtin, "P55", GOOD, None, Status.AVAILABLE)
    assert pallet.draft.postings == (Posting(pain, 12, SUPPLIER, STRAY),)
    assert pallet.draft.container_moves == (ContainerMove(STRAY, SUPPLIER, "DOCK-1", Seal.SEALED),)
    assert pallet.progress == Progress(12, 39)


def test_blind_receiving_takes_what_needs_no_data() -> None:
    desk = Desk().open(None)
    opened = desk.last

    vitamin = desk.scan(pack(VITAMIN, "V-1", lot="V1"))
    pain = desk.scan(pack(PAIN, lot="P1"))
    more = desk.scan(pack(PAIN, lot="P1"))

    assert opened.draft == Draft(EntryKind.TASK, Accepted(Outcome.OK), reason="CLAIMED")
    assert [said(each) for each in (vitamin, pain, more)] == [("OK", None, "good")] * 3
    assert more.lines[-1] == Line("line.receiving.running", {"done": 2})
    assert more.progress == Progress(3, None)


def test_a_dock_that_is_scanned_is_where_goods_stand_from_then_on() -> None:
    desk = Desk().open("ASN-1")

    dock = desk.scan("]Q1LOC-DOCK-2")
    desk.scan(pack(AMOX, "L0"))

    assert dock.draft == Draft(EntryKind.NOTED, Accepted(Outcome.OK), document="ASN-1")
    assert dock.say == Line("say.receiving.at_dock", {"place": "DOCK-2"})
    assert desk.ledger.units[AMOX.gtin, "L0"].place == "DOCK-2"


def test_without_a_read_point_the_dock_comes_first() -> None:
    desk = Desk(moment=replace(MOMENT, read_point=None)).open("ASN-1")
    asked = desk.workflow.prompt(desk.state)

    refused = desk.scan(pack(AMOX, "L0"))
    desk.scan("]Q1LOC-DOCK-2")
    taken = desk.scan(pack(AMOX, "L0"))

    assert (asked.code, asked.noun) == ("prompt.receiving.dock", "PLACE")
    assert said(refused) == ("WRONG_PLACE", None, "bad")
    assert refused.say == Line("say.receiving.dock_first", {"place": "L0", "expected": "DOCK", "scanned": "L0"})
    assert said(taken) == ("MATCHED", None, "good")


def test_undo_takes_the_last_scan_back_and_the_count_with_it() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))
    desk.scan(pack(AMOX, "A0"))

    undone = desk.undo()
    again = desk.scan(pack(AMOX, "A0"))

    assert undone.state.progress == Progress(0, 16)
    assert undone.state.case_tally is None
    assert desk.ledger.containers[PALLET].seal is Seal.OPEN
    assert said(again) == ("MATCHED_BY_PARENT", None, "good")
    assert again.progress == Progress(1, 16)


def test_undo_restores_seals() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))
    desk.scan(pack(AMOX, "A0"))
    desk.undo()

    assert desk.ledger.containers[PALLET].seal is Seal.SEALED
    assert desk.ledger.containers[CASE_1].parent == SUPPLIER


def test_undo_of_the_loggers_result_asks_for_it_again() -> None:
    desk = Desk().open("ASN-COLD")
    state = desk.command(Command.LOGGER_OK).state

    undone = desk.ledger.decide(lambda facts: replace(desk.last, state=desk.workflow.undone(state, facts, desk.moment)))

    assert (state.condition, undone.state.condition) == (Condition.OK, None)


def test_undone_without_a_fact_or_an_operator_keeps_the_count() -> None:
    desk = Desk().open("ASN-1")
    state = replace(desk.state, done=3)
    nobody = replace(desk.moment, operator=None)

    assert (
        desk.ledger.decide(
            lambda facts: replace(desk.last, state=desk.workflow.undone(state, facts, nobody))
        ).state.done
        == 3
    )


def test_half_a_label_is_taken_back_before_any_fact() -> None:
    workflow = Receiving()
    waiting = ReceivingState("ASN-1", part=Part(Label(lot="A12B"), "gtin"))

    taken_back = workflow.take_back(waiting)

    assert taken_back is not None
    assert (taken_back.state.part, taken_back.draft) == (None, None)
    assert workflow.take_back(taken_back.state) is None


def test_a_unit_whose_container_its_document_does_not_list_comes_in_all_the_same() -> None:
    desk = Desk().open("ASN-1")
    units = desk.ledger.units_of["ASN-1"]
    desk.ledger.units_of["ASN-1"] = [replace(unit, parent=STRAY) if unit.serial == "L0" else unit for unit in units]

    unit = desk.scan(pack(AMOX, "L0"))

    assert said(unit) == ("MATCHED", None, "good")
    assert "line.case" not in {line.code for line in unit.lines}


def test_content_that_nobody_tells_is_no_reason_to_refuse() -> None:
    assert content_refusals("(00) …0017", None, Facts({}), MOMENT) == []
