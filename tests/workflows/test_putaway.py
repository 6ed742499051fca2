"""Put-away: goods in hand, then one place and one entry; what may not lie there stays in hand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import Accepted, Outcome
from scanner_app.domain.stock import CUSTOMER, DESTROYED, LOSS, ContainerMove, Posting, Seal, Status, case_place
from scanner_app.phrases import phrases_of
from scanner_app.workflows.putaway import Putaway
from scanner_app.workflows.putaway_placing import LISTED_BEYOND
from scanner_app.workflows.putaway_state import IN_HAND_MAX, PutawayState
from scanner_app.workflows.saving import load_state, save_state
from scanner_app.workflows.step import Command, Line
from tests.workflows.delivery import (
    AMOX,
    CASE_1,
    CASE_2,
    GOOD,
    INSULIN,
    NORTAVEL,
    OTHER_DATE,
    PAIN,
    PALLET,
    PAST,
    STRAY,
    SWABS,
    TODAY,
    UNKNOWN,
    box,
    case_gtin,
    label,
    pack,
)
from tests.workflows.floor import MOMENT, VAULTINE, Bench, Floor, came, floor, inferred, some, told, unit

if TYPE_CHECKING:
    from datetime import date

    from scanner_app.domain.masters import Item
    from scanner_app.workflows.step import Draft

DOCK, DOCK_2, BIN, BIN_2, COLD_BIN, VAULT, LANE, CAGE = (
    f"LOC-{code}" for code in ("DOCK-1", "DOCK-2", "A-01-1", "A-01-2", "C-01-1", "V-01-1", "LANE-1", "CAGE")
)
IN_BIN = ("A-01-1", "Amoxidem", "A12B", Status.AVAILABLE)


def bench(*postings: Posting, moves: tuple[ContainerMove, ...] = (), document: str | None = None) -> Bench:
    return Bench(Putaway(), floor().seed(*postings, moves=moves, document=document) if postings or moves else floor())


def draft_of(at: Bench) -> Draft:
    assert at.last.draft is not None
    return at.last.draft


def pallet(*postings: Posting, seal: Seal = Seal.SEALED) -> Bench:
    """A pallet on the dock with a case in it and what stands in the two."""
    return bench(*postings, moves=(came(PALLET, seal=seal), came(CASE_1, PALLET, seal)))


# Golden path.


def test_a_unit_goes_from_the_dock_to_its_bin_in_one_entry() -> None:
    at = bench(unit(AMOX, "S1"))
    assert at.workflow.prompt(at.state).parameters == {"source": "DOCK-1", "left": 1}
    at.scan(pack(AMOX, "S1"))
    assert draft_of(at).kind is EntryKind.NOTED
    assert (told(at.last), at.say) == (("OK", "tick"), "say.putaway.in_hand")
    assert at.workflow.prompt(at.state).parameters == {"count": 1, "last": "S1", "class": "ambient"}
    at.scan(BIN)
    draft = draft_of(at)
    assert draft.kind is EntryKind.PUT_AWAY
    assert draft.postings == (Posting(unit(AMOX, "S1").key, 1, "DOCK-1", "A-01-1"),)
    assert (draft.container_moves, draft.lists) == ((), ())
    assert told(at.last) == ("OK", "good")
    assert at.ledger.ours == {IN_BIN: 1}
    assert (at.state, at.prompt) == (PutawayState("DOCK-1", left=0), "prompt.putaway.goods_from")


def test_several_things_in_hand_make_one_entry() -> None:
    at = bench(unit(AMOX, "S1"), unit(NORTAVEL, "S2", lot="N08"), some(PAIN, 30), moves=(came(CASE_1),))
    at.scans(pack(AMOX, "S1"), pack(NORTAVEL, "S2", "N08"), pack(PAIN, None, "P55"), box(CASE_1), BIN)
    draft = draft_of(at)
    assert [posting.to_place for posting in draft.postings] == ["A-01-1"] * 3
    assert draft.container_moves == (ContainerMove(CASE_1, "DOCK-1", "A-01-1", Seal.SEALED, Seal.SEALED),)
    assert draft.verdict.parameters["count"] == 4


@pytest.mark.parametrize(("number", "listed"), [(LISTED_BEYOND, False), (LISTED_BEYOND + 1, True)])
def test_many_members_are_named_in_a_list(number: int, *, listed: bool) -> None:
    at = bench(*(unit(AMOX, f"S{n}") for n in range(number)))
    for n in range(number):
        at.scan(pack(AMOX, f"S{n}"))
    at.scan(BIN)
    draft = draft_of(at)
    assert (len(draft.lists), len(draft.postings)) == ((1, 0) if listed else (0, number))
    assert at.ledger.ours == {IN_BIN: number}


def test_a_pallet_moves_whole_and_keeps_its_seal() -> None:
    at = pallet(inferred(unit(AMOX, "S1", CASE_1)))
    at.scans(box(PALLET), BIN)
    assert draft_of(at).container_moves == (ContainerMove(PALLET, "DOCK-1", "A-01-1", Seal.SEALED, Seal.SEALED),)
    assert draft_of(at).postings == ()
    assert at.ledger.location(CASE_1) == "A-01-1"


@pytest.mark.parametrize(
    ("moves", "inside", "code"),
    [
        ((came(PALLET), came(CASE_1, PALLET)), (), "line.pallet"),
        ((came(PALLET),), (unit(AMOX, "S1", PALLET),), "line.case_alone"),
        ((came(PALLET),), (), "line.sscc"),
    ],
)
def test_a_logistic_unit_is_named_by_what_is_in_it(
    moves: tuple[ContainerMove, ...], inside: tuple[Posting, ...], code: str
) -> None:
    at = bench(*inside, moves=moves)
    assert [line.code for line in at.scan(box(PALLET)).lines if line.parameters.get("container")] == [code]


def test_a_serialised_case_moves_by_its_own_label() -> None:
    case = case_place(case_gtin(AMOX), "C-77")
    at = bench(unit(AMOX, "S1", case), moves=(came(case, seal=Seal.OPEN),))
    at.scans(box(case), BIN)
    assert draft_of(at).container_moves == (ContainerMove(case, "DOCK-1", "A-01-1", Seal.OPEN, Seal.OPEN),)


# The source of goods without serials.


def test_goods_without_serials_count_up_and_come_from_the_read_point() -> None:
    at = bench(some(PAIN, 30))
    at.scans(pack(PAIN, None, "P55"), pack(PAIN, None, "P55"))
    assert [held.quantity for held in at.state.in_hand] == [2]
    at.command(Command.QUANTITY, 10)
    at.scan(pack(PAIN, None, "P55"))
    assert [held.quantity for held in at.state.in_hand] == [12]
    at.scan(label(case_gtin(PAIN), None, "P55", GOOD))
    assert [held.quantity for held in at.state.in_hand] == [16]
    at.scan(BIN)
    assert at.ledger.ours == {
        ("DOCK-1", "Painaway", "P55", Status.AVAILABLE): 14,
        ("A-01-1", "Painaway", "P55", Status.AVAILABLE): 16,
    }


def test_a_place_scanned_with_nothing_in_hand_is_the_source_until_another_is() -> None:
    at = bench(some(PAIN, 5, "DOCK-2"))
    at.scan(DOCK_2)
    assert (draft_of(at).kind, at.say) == (EntryKind.NOTED, "say.putaway.source")
    assert at.workflow.prompt(at.state).parameters == {"source": "DOCK-2", "left": 5}
    at.scans(pack(PAIN, None, "P55"), BIN)
    assert draft_of(at).postings[0].from_place == "DOCK-2"
    assert at.state.source == "DOCK-2"


def test_without_a_read_point_the_source_is_asked_for() -> None:
    at = Bench(Putaway(), floor().seed(some(PAIN, 5)), replace(MOMENT, read_point=None))
    assert at.prompt == "prompt.putaway.goods"
    assert told(at.scan(pack(PAIN, None, "P55"))) == ("ANSWER_FIRST", "bad")
    at.scans(DOCK, pack(PAIN, None, "P55"), BIN)
    assert told(at.last) == ("OK", "good")


def test_no_more_than_the_source_holds_is_taken() -> None:
    at = bench(some(PAIN, 2))
    at.scans(pack(PAIN, None, "P55"), pack(PAIN, None, "P55"))
    assert told(at.scan(pack(PAIN, None, "P55"))) == ("OVER_QUANTITY", "bad")
    assert draft_of(at).verdict.parameters["remaining"] == 0
    assert [held.quantity for held in at.state.in_hand] == [2]


@pytest.mark.parametrize(
    ("text", "refusal", "say"),
    [
        (pack(PAIN, None, "P56"), "OVER_QUANTITY", "say.putaway.over_quantity"),
        (pack(PAIN, None, "P55", OTHER_DATE), "EXPIRY_MISMATCH", "say.putaway.expiry_mismatch"),
        (pack(SWABS, None, None, None), "OVER_QUANTITY", "say.putaway.over_quantity"),
    ],
)
def test_what_the_source_does_not_hold_is_not_taken(text: str, refusal: str, say: str) -> None:
    at = bench(some(PAIN, 2))
    assert told(at.scan(text)) == (refusal, "bad")
    assert at.say == say
    assert at.state.in_hand == ()


def test_goods_without_lots_are_taken_whatever_line_they_stand_on() -> None:
    at = bench(some(SWABS, 3, lot=None, expiry=None))
    at.scans(pack(SWABS, None, None, None), BIN)
    assert at.ledger.ours["A-01-1", "Bandex", None, Status.AVAILABLE] == 1


def test_an_expiry_that_is_unknown_on_record_is_no_mismatch() -> None:
    at = bench(some(PAIN, 3, expiry=None))
    assert told(at.scan(pack(PAIN, None, "P55", GOOD))) == ("OK", "tick")


def test_good_stock_is_taken_before_held_stock_of_the_same_lot() -> None:
    at = bench(some(PAIN, 1, status=Status.HELD), some(PAIN, 1))
    at.scans(pack(PAIN, None, "P55"), BIN)
    assert draft_of(at).postings[0].key.status is Status.AVAILABLE
    at.scan(pack(PAIN, None, "P55"))
    assert at.say == "say.putaway.to_cage_on_hold"
    assert at.prompt == "prompt.putaway.cage"
    at.scan(CAGE)
    assert told(at.last) == ("OK", "good")


# Labels spread over several symbols.


def test_a_label_is_read_in_two_symbols_in_any_order() -> None:
    at = bench(some(PAIN, 2))
    at.scan(label(PAIN.gtin, None, None, None))
    assert (at.prompt, told(at.last)) == ("prompt.putaway.missing_lot", ("OK", "attention"))
    at.scan(label(None, None, "P55", GOOD))
    at.scan(label(None, None, "P55", GOOD))
    assert at.prompt == "prompt.putaway.missing_gtin"
    at.scan(label(PAIN.gtin, None, None, None))
    assert [held.quantity for held in at.state.in_hand] == [2]


def test_a_serial_alone_completes_the_item() -> None:
    at = bench(unit(AMOX, "S1"))
    at.scan(label(AMOX.gtin, None, None, None))
    assert at.prompt == "prompt.putaway.missing_serial"
    at.scan(label(None, "S1", None, None))
    assert at.state.in_hand[0].serial == "S1"


def test_a_lot_in_plain_text_is_taken_where_it_is_on_record() -> None:
    at = bench(some(PAIN, 2))
    at.scans(label(PAIN.gtin, None, None, None), "P55")
    assert [held.lot for held in at.state.in_hand] == ["P55"]


@pytest.mark.parametrize("text", ["P99", "no lot at all because it is far too long"])
def test_a_plain_text_that_is_no_lot_here_is_refused(text: str) -> None:
    at = bench(some(PAIN, 2))
    at.scans(label(PAIN.gtin, None, None, None), text)
    assert told(at.last)[0] in {"OVER_QUANTITY", "BAD_FORMAT"}
    assert at.state.in_hand == ()


def test_another_pack_than_the_one_begun_stands_for_itself() -> None:
    at = bench(some(PAIN, 2), unit(AMOX, "S1"))
    at.scans(label(PAIN.gtin, None, None, None), pack(AMOX, "S1"))
    assert (at.state.part, at.state.in_hand[0].serial) == (None, "S1")


def test_a_pallets_label_does_not_complete_the_one_begun() -> None:
    at = bench(some(PAIN, 2), moves=(came(PALLET),))
    at.scans(label(PAIN.gtin, None, None, None), box(PALLET))
    assert at.state.in_hand[0].container == PALLET


# What is refused at the scan.


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (pack(AMOX, "S9"), "NO_DATA"),
        (box(STRAY), "NO_DATA"),
        (label(UNKNOWN, "S1", None, None), "UNKNOWN_ITEM"),
        ("LOC-NOWHERE", "UNKNOWN_PLACE"),
        ("DOC-ASN-1", "WRONG_LEVEL"),
        ("DOC-NONE", "UNKNOWN_DOCUMENT"),
        ("what is this", "BAD_FORMAT"),
        (label(case_gtin(AMOX), None, None, None), "WRONG_LEVEL"),
        (pack(AMOX, "S1", "B77"), "LOT_MISMATCH"),
        (pack(AMOX, "S1", "A12B", OTHER_DATE), "EXPIRY_MISMATCH"),
    ],
)
def test_what_cannot_be_taken_is_named(text: str, refusal: str) -> None:
    at = bench(unit(AMOX, "S1"))
    assert told(at.scan(text)) == (refusal, "bad")
    assert at.state == PutawayState("DOCK-1", left=1)


@pytest.mark.parametrize(
    ("outside", "refusal"), [(CUSTOMER, "ALREADY_OUT"), (LOSS, "ALREADY_OUT"), (DESTROYED, "DESTROYED")]
)
def test_what_left_us_is_refused(outside: str, refusal: str) -> None:
    away = unit(AMOX, "S1")
    at = bench(away)
    at.ledger.seed(Posting(away.key, 1, "DOCK-1", outside), moves=(came(PALLET, outside),))
    assert told(at.scan(pack(AMOX, "S1")))[0] == refusal
    assert told(at.scan(box(PALLET)))[0] == refusal


def test_what_is_taken_back_to_the_supplier_is_not_received() -> None:
    away = unit(AMOX, "S1")
    at = bench(away)
    at.ledger.seed(away.negated())
    assert told(at.scan(pack(AMOX, "S1"))) == ("NO_DATA", "bad")
    assert at.say == "say.putaway.not_received"


def test_an_expected_pallet_that_did_not_come_is_not_received() -> None:
    assert told(bench().scan(box(PALLET))) == ("NO_DATA", "bad")


def test_in_hand_already_is_neutral() -> None:
    at = bench(unit(AMOX, "S1"), moves=(came(PALLET),))
    at.scans(pack(AMOX, "S1"), box(PALLET))
    assert told(at.scan(pack(AMOX, "S1"))) == ("ALREADY_SCANNED", "neutral")
    assert told(at.scan(box(PALLET))) == ("ALREADY_SCANNED", "neutral")
    assert len(at.state.in_hand) == 2


def test_what_is_inside_a_pallet_in_hand_is_in_hand() -> None:
    at = pallet(unit(AMOX, "S1", CASE_1), seal=Seal.OPEN)
    at.scan(box(PALLET))
    for text in (pack(AMOX, "S1"), box(CASE_1)):
        assert told(at.scan(text)) == ("ALREADY_SCANNED", "neutral")
        assert at.say == "say.putaway.container_in_hand"


def test_a_pallet_waits_until_what_came_out_of_it_is_put_away() -> None:
    at = pallet(unit(AMOX, "S1", CASE_1), unit(AMOX, "S2"), seal=Seal.OPEN)
    at.scans(pack(AMOX, "S2"), pack(AMOX, "S1"))
    assert told(at.scan(box(PALLET))) == ("ALREADY_SCANNED", "neutral")
    assert at.say == "say.putaway.content_in_hand"
    at.scans(BIN, box(PALLET), BIN_2)
    assert told(at.last) == ("OK", "good")


def test_a_doubtful_container_does_not_move_by_its_label() -> None:
    at = pallet(unit(AMOX, "S1", CASE_1), seal=Seal.DOUBTFUL)
    assert told(at.scan(box(PALLET))) == ("CONTAINER_DOUBTFUL", "bad")
    at.scans(pack(AMOX, "S1"), BIN)
    assert draft_of(at).container_moves == ()


def test_the_hand_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert IN_HAND_MAX == 200
    monkeypatch.setattr("scanner_app.workflows.putaway.IN_HAND_MAX", 4)
    at = bench(some(PAIN, 9), *(unit(AMOX, f"S{n}") for n in range(4)))
    at.scans(pack(PAIN, None, "P55"), *(pack(AMOX, f"S{n}") for n in range(3)))
    assert told(at.scan(pack(AMOX, "S3"))) == ("ANSWER_FIRST", "bad")
    assert at.say == "say.putaway.hand_full"
    assert told(at.scan(pack(PAIN, None, "P55"))) == ("OK", "tick")
    at.scan(BIN)
    assert at.ledger.ours[IN_BIN] == 3


def test_many_things_from_many_cases_cost_few_rounds() -> None:
    cases = [f"sscc:{n:018d}" for n in range(60)]
    stock = [inferred(unit(AMOX, f"S{n}", case)) for n, case in enumerate(cases)]
    at = bench(*stock, moves=tuple(came(case) for case in cases))
    for n in range(len(cases)):
        at.scan(pack(AMOX, f"S{n}"))
    at.scan(BIN)  # The tables allow sixty rounds of questions a step.
    assert {at.ledger.containers[case].seal for case in cases} == {Seal.DOUBTFUL}


# Opening containers.


@pytest.mark.parametrize(
    ("inside", "seal"),
    [
        ([inferred(unit(AMOX, "S1", CASE_1))], Seal.DOUBTFUL),
        ([unit(AMOX, "S1", CASE_1), inferred(unit(AMOX, "S2", CASE_1))], Seal.DOUBTFUL),
        ([unit(AMOX, "S1", CASE_1), unit(AMOX, "S2", CASE_1)], Seal.OPEN),
    ],
)
def test_taking_a_unit_out_opens_every_container_above(inside: list[Posting], seal: Seal) -> None:
    at = pallet(*inside)
    at.scans(pack(AMOX, "S1"), BIN)
    assert draft_of(at).container_moves == (
        ContainerMove(CASE_1, PALLET, PALLET, seal, Seal.SEALED),
        ContainerMove(PALLET, "DOCK-1", "DOCK-1", seal, Seal.SEALED),
    )
    assert draft_of(at).postings[0].from_place == CASE_1


def test_a_pallet_whose_content_is_still_expected_becomes_doubtful() -> None:
    moves = (came(PALLET), came(CASE_1, PALLET))
    at = bench(unit(AMOX, "A0", CASE_1), moves=moves, document="ASN-1")
    at.scans(pack(AMOX, "A0"), BIN)
    assert {move.seal for move in draft_of(at).container_moves} == {Seal.DOUBTFUL}


def test_a_case_taken_out_keeps_its_own_seal() -> None:
    at = pallet(inferred(unit(AMOX, "S1", CASE_1)))
    at.scans(box(CASE_1), BIN)
    assert draft_of(at).container_moves == (
        ContainerMove(PALLET, "DOCK-1", "DOCK-1", Seal.DOUBTFUL, Seal.SEALED),
        ContainerMove(CASE_1, PALLET, "A-01-1", Seal.SEALED, Seal.SEALED),
    )


def test_a_container_that_is_on_no_record_opens_nothing() -> None:
    at = pallet(unit(AMOX, "S1", CASE_1))
    at.scan(pack(AMOX, "S1"))
    del at.ledger.containers[CASE_1]
    at.scan(BIN)
    assert draft_of(at).container_moves == ()


# What may only go to a cage.


@pytest.mark.parametrize(
    ("kind", "say", "tone"),
    [
        ("recall", "say.putaway.to_cage_recalled", "recall"),
        ("watch_list", "say.putaway.to_cage_watch_listed", "attention"),
        ("suspect", "say.putaway.to_cage_suspect", "attention"),
    ],
)
def test_watched_goods_go_to_the_cage_alone(kind: str, say: str, tone: str) -> None:
    at = bench(unit(AMOX, "S1"))
    at.ledger.watched(kind, AMOX, "A12B")
    at.scan(pack(AMOX, "S1"))
    assert (told(at.last), at.say) == (("OK", tone), say)
    assert (at.prompt, at.state.suggested) == ("prompt.putaway.cage", "CAGE")
    assert told(at.scan(BIN)) == ("WRONG_PLACE", "bad")
    assert (at.say, draft_of(at).verdict.parameters["expected"]) == ("say.putaway.cage_only", "CAGE")
    assert told(at.scan(CAGE)) == ("OK", "good")
    assert at.ledger.ours == {("CAGE", "Amoxidem", "A12B", Status.AVAILABLE): 1}


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.AVAILABLE])
def test_goods_that_are_not_available_go_to_the_cage_alone(status: Status) -> None:
    at = bench(unit(AMOX, "S1", status=status))
    at.scan(pack(AMOX, "S1"))
    assert told(at.last) == ("OK", "attention")
    assert told(at.scan(BIN))[0] == "WRONG_PLACE"
    at.scan(CAGE)
    assert at.ledger.ours == {("CAGE", "Amoxidem", "A12B", status): 1}


@pytest.mark.parametrize(("expiry", "code"), [(PAST, "say.putaway.to_cage_expired"), (TODAY, "say.putaway.in_hand")])
def test_expired_goods_go_to_the_cage_from_the_day_after(expiry: date, code: str) -> None:
    at = bench(unit(AMOX, "S1", expiry=expiry), some(PAIN, 2, expiry=expiry))
    at.scan(pack(AMOX, "S1", "A12B", expiry))
    assert at.say == code
    at.scan(pack(PAIN, None, "P55", expiry))
    assert at.say == code


def test_a_pallet_with_a_recalled_unit_goes_to_the_cage() -> None:
    at = pallet(inferred(unit(AMOX, "S1", CASE_1)))
    at.ledger.watched("recall", AMOX, serial="S1")
    at.scan(box(PALLET))
    assert at.say == "say.putaway.to_cage_recalled"
    at.scan(CAGE)
    assert at.ledger.location(PALLET) == "CAGE"


def test_good_goods_are_held_before_they_go_to_the_cage() -> None:
    at = bench(unit(AMOX, "S1"))
    at.scan(pack(AMOX, "S1"))
    assert told(at.scan(CAGE)) == ("WRONG_PLACE", "bad")
    assert at.say == "say.putaway.hold_first"
    assert told(at.scan(CAGE)) == ("WRONG_PLACE", "bad")
    assert len(at.state.in_hand) == 1


# Where it may lie.


@pytest.mark.parametrize(
    ("item", "place", "fits"),
    [
        (AMOX, BIN, True),
        (AMOX, COLD_BIN, False),
        (AMOX, VAULT, False),
        (INSULIN, COLD_BIN, True),
        (INSULIN, BIN, False),
        (VAULTINE, VAULT, True),
        (VAULTINE, BIN, False),
    ],
)
def test_the_storage_class_is_a_hard_stop(item: Item, place: str, *, fits: bool) -> None:
    at = bench(unit(item, "S1"))
    at.scan(pack(item, "S1"))
    if fits:
        assert told(at.scan(place)) == ("OK", "good")
        return
    for _ in range(2):
        assert told(at.scan(place)) == ("WRONG_STORAGE_CLASS", "bad")
    assert len(at.state.in_hand) == 1


def test_every_class_inside_a_container_must_fit() -> None:
    at = bench(unit(AMOX, "S1", PALLET), unit(INSULIN, "S2", PALLET), moves=(came(PALLET, seal=Seal.OPEN),))
    at.scan(box(PALLET))
    assert at.workflow.prompt(at.state).parameters["class"] == "ambient, cold"
    for place in (BIN, COLD_BIN):
        assert told(at.scan(place))[0] == "WRONG_STORAGE_CLASS"


def test_what_is_still_expected_in_a_sealed_pallet_counts() -> None:
    at = bench(moves=(came(PALLET),), document="ASN-1")
    at.scan(box(PALLET))
    assert at.state.in_hand[0].classes == ("ambient",)
    assert told(at.scan(COLD_BIN))[0] == "WRONG_STORAGE_CLASS"


def test_an_empty_container_fits_everywhere() -> None:
    at = bench(moves=(came(STRAY, seal=Seal.OPEN),))
    at.scan(box(STRAY))
    assert at.workflow.prompt(at.state).parameters["class"] == "-"
    assert told(at.scan(COLD_BIN)) == ("OK", "good")


@pytest.mark.parametrize("place", [DOCK_2, LANE])
def test_docks_and_lanes_are_no_storage(place: str) -> None:
    at = bench(unit(AMOX, "S1"))
    at.scan(pack(AMOX, "S1"))
    assert told(at.scan(place)) == ("WRONG_PLACE", "bad")
    assert at.say == "say.putaway.not_a_bin"


def test_where_it_lies_already_is_no_place_to_put_it() -> None:
    at = bench(unit(AMOX, "S1", "A-01-1"))
    at.scan(pack(AMOX, "S1"))
    assert told(at.scan(BIN)) == ("WRONG_PLACE", "bad")
    assert at.say == "say.putaway.there_already"


# Suggestions.


@pytest.mark.parametrize(
    ("lying", "suggested"),
    [
        ([], None),
        ([unit(AMOX, "X1", "A-01-1"), unit(AMOX, "X2", "A-01-2"), unit(AMOX, "X3", "A-01-2")], "A-01-2"),
        ([unit(AMOX, "X1", "A-01-1", lot="B77")], None),
        ([unit(AMOX, "X1", "DOCK-2")], None),
        ([unit(AMOX, "X1", "C-01-1")], None),
        ([unit(AMOX, "X1", "GONE-1")], None),
        ([unit(AMOX, "X1", CUSTOMER)], None),
    ],
)
def test_the_bin_where_the_same_lot_lies_is_suggested(lying: list[Posting], suggested: str | None) -> None:
    at = bench(unit(AMOX, "S1"), *lying)
    at.scan(pack(AMOX, "S1"))
    assert at.state.suggested == suggested
    assert at.prompt == ("prompt.putaway.place" if suggested is None else "prompt.putaway.place_suggested")


def test_a_pallet_of_several_items_has_no_suggestion() -> None:
    mixed = (unit(AMOX, "S1", PALLET), unit(NORTAVEL, "S2", PALLET), unit(AMOX, "X1", "A-01-1"))
    at = bench(*mixed, moves=(came(PALLET),))
    at.scan(box(PALLET))
    assert at.state.suggested is None


# Other devices' moves.


@pytest.mark.parametrize(
    ("text", "stock", "moves", "meanwhile"),
    [
        (pack(AMOX, "S1"), unit(AMOX, "S1"), (), Posting(unit(AMOX, "S1").key, 1, "DOCK-1", "A-01-2")),
        (pack(PAIN, None, "P55"), some(PAIN, 1), (), Posting(some(PAIN, 1).key, 1, "DOCK-1", "A-01-2")),
        (box(PALLET), None, (came(PALLET),), ContainerMove(PALLET, "DOCK-1", "A-01-2", Seal.SEALED)),
        (box(PALLET), None, (came(PALLET),), ContainerMove(PALLET, "DOCK-1", "DOCK-1", Seal.DOUBTFUL)),
    ],
)
def test_what_was_moved_meanwhile_is_not_moved_again(
    text: str, stock: Posting | None, moves: tuple[ContainerMove, ...], meanwhile: Posting | ContainerMove
) -> None:
    at = bench(unit(NORTAVEL, "S2"), *([stock] if stock else []), moves=moves)
    at.scans(pack(NORTAVEL, "S2"), text)
    at.ledger.seed(
        *([meanwhile] if isinstance(meanwhile, Posting) else []),
        moves=(meanwhile,) if isinstance(meanwhile, ContainerMove) else (),
    )
    assert told(at.scan(BIN)) == ("WRONG_PLACE", "bad")
    assert at.say == "say.putaway.moved_meanwhile"
    assert [held.serial for held in at.state.in_hand] == ["S2"]
    assert told(at.scan(BIN)) == ("OK", "good")


def test_a_unit_that_vanished_from_the_record_is_not_moved() -> None:
    at = bench(unit(AMOX, "S1"))
    at.scan(pack(AMOX, "S1"))
    del at.ledger.units[AMOX.gtin, "S1"]
    assert told(at.scan(BIN))[0] == "WRONG_PLACE"
    assert at.state.in_hand == ()


# Commands.


def test_back_goes_one_step_and_then_drops_the_hand() -> None:
    at = bench(unit(AMOX, "S1"), some(PAIN, 5))
    before = at.state
    at.scan(pack(AMOX, "S1"))
    at.command(Command.QUANTITY)
    assert at.prompt == "prompt.putaway.number"
    at.command(Command.BACK)
    at.command(Command.QUANTITY, 5)
    at.command(Command.BACK)
    assert (at.state.times, len(at.state.in_hand)) == (1, 1)
    at.command(Command.BACK)
    assert (at.state.in_hand, at.say, at.last.draft) == ((), "say.putaway.dropped", None)
    at.command(Command.BACK)
    assert (at.state, at.last.draft) == (before, None)


def test_done_waits_until_nothing_is_in_hand() -> None:
    at = bench(unit(AMOX, "S1"))
    at.scan(pack(AMOX, "S1"))
    at.command(Command.DONE)
    assert (at.last.finished, at.last.tone.value, at.say) == (False, "attention", "say.putaway.still_in_hand")
    at.scan(BIN)
    at.command(Command.DONE)
    assert (at.last.finished, at.last.draft) == (True, None)


@pytest.mark.parametrize("number", [0, 100_000, 10**100])
def test_a_card_sets_no_number_that_no_scan_may_count_for(number: int) -> None:
    at = bench()
    at.command(Command.QUANTITY, number)
    assert (at.say, at.state.times, at.last.tone.value) == ("say.number_wanted", 1, "bad")


def test_a_number_is_typed_in_answer_alone() -> None:
    at = bench(some(PAIN, 50))
    at.type("12")
    assert at.state.times == 1
    at.command(Command.QUANTITY)
    for text in ("twelve", "0", "123456", "١٢"):
        at.type(text)
        assert (at.say, at.state.asks_number) == ("say.number_wanted", True)
    at.type("12")
    assert (at.prompt, at.state.times) == ("prompt.putaway.times", 12)
    at.scan(pack(PAIN, None, "P55"))
    assert at.state.in_hand[0].quantity == 12


@pytest.mark.parametrize("command", [Command.SKIP, Command.DAMAGED, Command.WHY, Command.ACCEPT_REST])
def test_other_commands_do_nothing_here(command: Command) -> None:
    at = bench()
    at.command(command)
    assert (at.state, at.last.draft, at.say) == (PutawayState("DOCK-1", left=0), None, "say.not_now")


# Undo and battery pull.


def test_undo_lays_back_what_is_in_hand_and_then_takes_the_entry_back() -> None:
    at = pallet(inferred(unit(AMOX, "S1", CASE_1)), unit(AMOX, "S2"))
    before = dict(at.ledger.ours)
    at.scans(pack(AMOX, "S1"), BIN, pack(AMOX, "S2"))
    at.undo()
    assert (at.say, at.last.draft, at.state.in_hand) == ("say.putaway.laid_back", None, ())
    at.undo()
    assert draft_of(at).kind is EntryKind.CORRECTED
    assert draft_of(at).verdict == Accepted(Outcome.OK, {"undone": "put_away", "quantity": 1, "item": "Amoxidem"})
    assert at.ledger.ours == before
    assert {at.ledger.containers[each].seal for each in (PALLET, CASE_1)} == {Seal.SEALED}
    assert told(at.undo())[0] == "NOT_UNDOABLE"


def test_undo_of_a_long_list_restores_every_unit() -> None:
    at = bench(*(unit(AMOX, f"S{n}") for n in range(30)))
    before = dict(at.ledger.ours)
    for n in range(30):
        at.scan(pack(AMOX, f"S{n}"))
    at.scan(BIN)
    at.undo()
    assert at.ledger.ours == before


def test_a_battery_pull_keeps_what_is_in_hand() -> None:
    at = bench(unit(AMOX, "S1"), some(PAIN, 3), moves=(came(CASE_2),))
    at.scans(pack(AMOX, "S1"), pack(PAIN, None, "P55"), box(CASE_2), label(PAIN.gtin, None, None, None))
    restored = load_state(PutawayState, json.loads(json.dumps(save_state(at.state))))
    assert restored == at.state
    assert at.workflow.prompt(restored) == at.workflow.prompt(at.state)


# How much is left.


def test_the_prompt_counts_down_what_stands_at_the_source() -> None:
    at = bench(unit(AMOX, "S1"), some(PAIN, 20), unit(AMOX, "S2", CASE_1), moves=(came(CASE_1),))
    assert at.last.say == Line("say.putaway.begun_left", {"left": 22, "place": "DOCK-1"})
    left = [at.workflow.prompt(at.state).parameters.get("left")]
    for texts in ([pack(AMOX, "S1")], [box(CASE_1)], [pack(PAIN, None, "P55")]):
        at.scans(*texts, BIN)
        left.append(at.workflow.prompt(at.state).parameters.get("left"))
    assert left == [22, 21, 20, 19]
    assert draft_of(at).verdict.parameters["taken"] == 1


def test_what_comes_from_elsewhere_leaves_as_much_at_the_source() -> None:
    at = bench(unit(AMOX, "S1"), unit(AMOX, "S2", "DOCK-2"))
    at.scans(pack(AMOX, "S2"), BIN)
    assert (at.state.left, draft_of(at).verdict.parameters["taken"]) == (1, 0)


def test_what_is_taken_out_of_a_pallet_into_the_bin_it_stands_in_stays_there() -> None:
    at = bench(unit(AMOX, "S1", PALLET), moves=(came(PALLET, "A-01-1"),))
    at.scans(BIN, pack(AMOX, "S1"), BIN)
    assert (told(at.last), at.state.left) == (("OK", "good"), 1)


def test_done_tells_what_still_stands_there() -> None:
    at = bench(unit(AMOX, "S1"), some(PAIN, 20))
    at.scans(pack(AMOX, "S1"), BIN)
    done = at.command(Command.DONE)
    assert (done.finished, done.tone.value) == (True, "done")
    assert done.say == Line("say.putaway.done_left", {"left": 20, "place": "DOCK-1"})
    assert phrases_of("en").say("say.putaway.done_left", {"left": 1, "place": "DOCK-1"}) == (
        "put-away done; 1 unit still at DOCK-1"
    )


def test_done_is_done_where_nothing_is_left_or_nobody_knows_where() -> None:
    nowhere = Bench(Putaway(), floor().seed(some(PAIN, 5)), replace(MOMENT, read_point=None))
    for at in (bench(some(PAIN, 5, "DOCK-2")), nowhere):
        assert at.say == "say.putaway.begun"
        at.command(Command.DONE)
        assert (at.last.finished, at.say) == (True, "say.putaway.done")


def test_undo_counts_back_what_was_taken_from_the_source() -> None:
    at = bench(unit(AMOX, "S1"), some(PAIN, 20))
    at.scans(pack(PAIN, None, "P55"), BIN)
    assert at.state.left == 20
    at.undo()
    assert at.state.left == 21
    at.scans(pack(PAIN, None, "P55"), BIN, DOCK_2)
    at.undo()
    assert (at.state.source, at.state.left) == ("DOCK-2", 0)


def test_undo_without_a_source_counts_nothing() -> None:
    at = Bench(Putaway(), floor().seed(unit(AMOX, "S1")), replace(MOMENT, read_point=None))
    at.scans(pack(AMOX, "S1"), BIN)
    at.undo()
    assert at.state.left is None
    nobody = replace(MOMENT, operator=None)
    found = at.ledger.decide(lambda facts: replace(at.last, state=at.workflow.undone(at.state, facts, nobody)))
    assert found.state == at.state


def test_what_is_in_hand_is_told_in_words() -> None:
    at = bench(unit(AMOX, "S1"), some(PAIN, 20))
    one = at.scan(pack(AMOX, "S1"))
    at.command(Command.QUANTITY, 12)
    more = at.scan(pack(PAIN, None, "P55"))
    say = phrases_of("en").say
    assert say(one.lines[-1].code, one.lines[-1].parameters) == "1 unit of it in hand"
    assert [say(line.code, line.parameters) for line in more.lines[-2:]] == [
        "12 units of it in hand", "in hand: 2 things, 13 units",
    ]  # fmt: skip


# Whatever happens.

SCANS = st.sampled_from([
    pack(AMOX, "S1"), pack(AMOX, "S2"), pack(INSULIN, "I1", "F03"), pack(PAIN, None, "P55"),
    pack(SWABS, None, None, None), label(PAIN.gtin, None, None, None), label(None, None, "P55", GOOD), "P55",
    box(PALLET), box(CASE_1), box(CASE_2), box(STRAY), DOCK, DOCK_2, BIN, BIN_2, COLD_BIN, CAGE, LANE, "LOC-NOWHERE",
    "rubbish",
])  # fmt: skip
HAPPENINGS = st.one_of(
    SCANS,
    SCANS,
    st.sampled_from(list(Command)),
    st.integers(1, 12).map(lambda number: (Command.QUANTITY, number)),
    st.sampled_from(["7", "x"]).map(lambda text: ("typed", text)),
)


def _crowded() -> Floor:
    made = floor().watched("recall", AMOX, serial="S2")
    return made.seed(
        inferred(unit(AMOX, "S1", CASE_1)), unit(AMOX, "S2"), unit(INSULIN, "I1", lot="F03"), some(PAIN, 20),
        some(PAIN, 3, status=Status.HELD), some(SWABS, 4, lot=None, expiry=None), unit(AMOX, "S3", CASE_2),
        moves=(came(PALLET), came(CASE_1, PALLET), came(CASE_2, "DOCK-2", Seal.OPEN)),
    )  # fmt: skip


@given(st.lists(HAPPENINGS, max_size=25))
def test_nothing_is_ever_lost_made_or_put_where_it_may_not_lie(shift: list[object]) -> None:
    ledger = _crowded()
    total = sum(ledger.ours.values())
    at = Bench(Putaway(), ledger)
    for happening in shift:
        if isinstance(happening, Command):
            at.undo() if happening is Command.UNDO else at.command(happening)
        elif isinstance(happening, tuple):
            at.type(happening[1]) if happening[0] == "typed" else at.command(*happening)
        else:
            at.scan(str(happening))
        assert sum(ledger.ours.values()) == total
    for place, item, _, status in ledger.ours:
        at_top = ledger.places[ledger.location(place)]
        if at_top.kind.value == "storage":
            assert status is Status.AVAILABLE
            assert at_top.storage_class.value == {"Insulora": "cold"}.get(item, "ambient")
    assert ledger.location(ledger.units[AMOX.gtin, "S2"].place) in {"DOCK-1", "CAGE"}
