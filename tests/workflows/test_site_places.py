"""Places that the configuration names may be missing, or of another kind: asked for, or told, and never posted to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner_app.domain.masters import Place, PlaceKind, StorageClass
from scanner_app.domain.refusals import Parameters
from scanner_app.workflows.opening import Opening
from scanner_app.workflows.putaway import Putaway
from scanner_app.workflows.putaway_state import PutawayState
from scanner_app.workflows.step import Command, Line
from tests.workflows.delivery import AMOX, COLD_PALLET, MOMENT, PAIN, PALLET, VITAMIN, Desk, box, label, pack, said
from tests.workflows.floor import MOMENT as FLOOR_MOMENT
from tests.workflows.floor import Bench, floor

NO_CAGE = "say.receiving.no_cage"
CAGELESS = replace(MOMENT, cage="CAGE-9")


@pytest.mark.parametrize("read_point", ["DOCK-9", "B-04-2", "CAGE"])
@pytest.mark.parametrize("document", ["ASN-1", None], ids=["document", "blind"])
def test_a_read_point_that_is_no_dock_is_asked_for(document: str | None, read_point: str) -> None:
    desk = Desk(moment=replace(MOMENT, read_point=read_point)).open(document)

    prompt = desk.workflow.prompt(desk.state)
    good = pack(AMOX, "L0") if document else pack(VITAMIN, "V1")
    first = desk.scan(good)
    desk.scan("]Q1LOC-DOCK-2")
    taken = desk.scan(good)

    assert (prompt.code, desk.state.dock) == ("prompt.receiving.dock", "DOCK-2")
    assert (said(first)[0], first.say and first.say.code) == ("WRONG_PLACE", "say.receiving.dock_first")
    assert said(taken)[0] in {"MATCHED", "OK"}


def test_goods_are_taken_from_no_place_that_is_none() -> None:
    moment = replace(FLOOR_MOMENT, read_point="DOCK-9")
    at = Bench(Putaway(), floor(), moment)
    assert at.state == PutawayState()
    at.scan(label(PAIN.gtin, None, "P55", None))
    assert at.say == "say.putaway.source_first"


def cageless(document: str = "ASN-1") -> Desk:
    return Desk(moment=CAGELESS).open(document)


def assert_refused(desk: Desk, scanned: str) -> None:
    assert said(desk.last) == ("WRONG_PLACE", None, "bad")
    expected: Parameters = {"place": "CAGE-9", "expected": "CAGE", "scanned": scanned}
    assert desk.last.say == Line(NO_CAGE, expected)
    assert not +desk.ledger.on_hand


def test_nothing_is_confirmed_into_a_cage_that_is_none() -> None:
    desk = cageless()
    for _ in range(2):
        desk.scan(pack(AMOX, "L0", "B77"))
    assert_refused(desk, "L0")


def test_a_cage_of_another_kind_is_none() -> None:
    desk = Desk(moment=replace(MOMENT, cage="B-04-2")).open()
    for _ in range(2):
        desk.scan(pack(AMOX, "L0", "B77"))
    assert (said(desk.last)[0], desk.last.say and desk.last.say.code) == ("WRONG_PLACE", NO_CAGE)


def test_nothing_damaged_goes_there() -> None:
    desk = cageless()
    desk.command(Command.DAMAGED)
    desk.scan(pack(AMOX, "L0"))
    assert_refused(desk, "L0")


def test_no_pallet_that_was_too_warm_goes_there() -> None:
    desk = cageless("ASN-COLD")
    desk.command(Command.LOGGER_ALARM)
    desk.scan(box(COLD_PALLET))
    assert_refused(desk, f"(00) …{COLD_PALLET[-4:]}")


def test_a_recall_stays_until_there_is_a_cage_or_it_is_left() -> None:
    desk = cageless().watch("recall", AMOX, "A12B")
    desk.scan(pack(AMOX, "L0"))
    desk.command(Command.QUARANTINE)
    assert_refused(desk, "L0")
    assert desk.workflow.prompt(desk.state).blocking

    desk.ledger.places["CAGE-9"] = Place("CAGE-9", PlaceKind.CAGE, StorageClass.AMBIENT)
    desk.command(Command.QUARANTINE)
    assert said(desk.last) == ("CONFIRMED", "RECALLED", "attention")


def test_no_second_pack_goes_there() -> None:
    desk = cageless()
    for _ in range(2):
        desk.scan(pack(AMOX, "L0"))
    before = +desk.ledger.on_hand
    desk.command(Command.SECOND_PACK)
    assert (said(desk.last)[0], desk.last.say and desk.last.say.code) == ("WRONG_PLACE", NO_CAGE)
    assert +desk.ledger.on_hand == before


def test_what_is_good_needs_no_cage() -> None:
    desk = cageless()
    assert said(desk.scan(box(PALLET)))[0] == "MATCHED"


# Whose goods these are.


def owners(desk: Desk) -> set[str]:
    return {owner for _, owner, *_ in +desk.ledger.on_hand}


def test_goods_without_a_document_are_the_sites() -> None:
    desk = Desk(moment=replace(MOMENT, owner="acme")).open(None)
    desk.scan(pack(VITAMIN, "V1"))
    assert owners(desk) == {"acme"}


def test_a_documents_goods_are_its_owners() -> None:
    desk = Desk(moment=replace(MOMENT, owner="acme")).open()
    desk.scan(pack(AMOX, "L0"))
    assert owners(desk) == {"own"}


def test_what_lies_there_to_begin_with_is_the_sites() -> None:
    at = Bench(Opening(), floor(), replace(FLOOR_MOMENT, owner="acme"))
    at.scans("LOC-A-01-1", pack(AMOX, "S1"))
    assert at.last.draft is not None
    assert [posting.key.owner for posting in at.last.draft.postings] == ["acme"]
