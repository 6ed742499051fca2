"""Put-away and opening balance against the closed table: each refusal they can reach, its precedence, tone and words.

Receiving's own table stands in `test_receiving_refusals`. What can be said is checked by the bench at every step.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from scanner_app.domain.refusals import PRECEDENCE, Refusal
from scanner_app.domain.stock import CUSTOMER, DESTROYED, ContainerMove, Posting, Seal, Status
from scanner_app.workflows.opening import Opening
from scanner_app.workflows.putaway import Putaway
from scanner_app.workflows.receiving_state import ReceivingState
from tests.workflows.delivery import (
    AMOX,
    ANA,
    GOOD,
    INSULIN,
    OTHER_DATE,
    PAIN,
    PALLET,
    PAST,
    STRAY,
    UNKNOWN,
    Desk,
    box,
    case_gtin,
    label,
    pack,
    said,
)
from tests.workflows.floor import MOMENT, Bench, came, floor, some, told, unit

R = Refusal
BIN, BIN_2, COLD_BIN, CAGE = "LOC-A-01-1", "LOC-A-01-2", "LOC-C-01-1", "LOC-CAGE"
S1 = unit(AMOX, "S1")
HELD = unit(AMOX, "H1", status=Status.HELD)


@dataclass(frozen=True)
class Case:
    """What lies there, what is scanned, and the refusal that the last scan comes to. `typed`: by hand."""

    refusal: Refusal
    scans: tuple[str, ...]
    stock: tuple[Posting, ...] = ()
    moves: tuple[ContainerMove, ...] = ()
    tone: str = "bad"
    watch: str | None = None
    read_point: str | None = "DOCK-1"
    typed: bool = False
    then: tuple[Posting, ...] = field(default=())


PUTAWAY = (
    Case(R.ANSWER_FIRST, (pack(PAIN, None, "P55"),), (some(PAIN, 5),), read_point=None),
    Case(R.BAD_FORMAT, ("rubbish",)),
    Case(R.BAD_CHECK_DIGIT, ("095210040000070018",), typed=True),
    Case(R.UNKNOWN_ITEM, (label(UNKNOWN, "S1", None, None),)),
    Case(R.UNKNOWN_PLACE, ("LOC-NOWHERE",)),
    Case(R.UNKNOWN_DOCUMENT, ("DOC-NONE",)),
    Case(R.DESTROYED, (pack(AMOX, "S1"),), (S1,), then=(Posting(S1.key, 1, "DOCK-1", DESTROYED),)),
    Case(R.ALREADY_OUT, (pack(AMOX, "S1"),), (S1,), then=(Posting(S1.key, 1, "DOCK-1", CUSTOMER),)),
    Case(R.ALREADY_SCANNED, (pack(AMOX, "S1"), pack(AMOX, "S1")), (S1,), tone="neutral"),
    Case(R.NO_DATA, (pack(AMOX, "S9"),)),
    Case(R.LOT_MISMATCH, (pack(AMOX, "S1", "B77", OTHER_DATE),), (S1,)),
    Case(R.EXPIRY_MISMATCH, (pack(AMOX, "S1", expiry=OTHER_DATE),), (S1,)),
    Case(R.WRONG_PLACE, (pack(AMOX, "H1"), COLD_BIN), (HELD,)),
    Case(R.WRONG_STORAGE_CLASS, (pack(AMOX, "S1"), COLD_BIN), (S1,)),
    Case(R.WRONG_LEVEL, (label(case_gtin(AMOX), None, None, None),)),
    Case(R.CONTAINER_DOUBTFUL, (box(PALLET),), moves=(came(PALLET, seal=Seal.DOUBTFUL),)),
    Case(R.OVER_QUANTITY, (pack(PAIN, None, "P55"),)),
)
OPENING = (
    Case(R.ANSWER_FIRST, (box(STRAY),)),
    Case(R.BAD_FORMAT, ("rubbish",)),
    Case(R.BAD_CHECK_DIGIT, ("095210040000070018",), typed=True),
    Case(R.UNKNOWN_ITEM, (BIN, label(UNKNOWN, "S1", None, None))),
    Case(R.UNKNOWN_PLACE, ("LOC-NOWHERE",)),
    Case(R.UNKNOWN_DOCUMENT, ("DOC-NONE",)),
    Case(R.RECALLED, (BIN, pack(AMOX, "S1", expiry=PAST)), watch="recall", tone="recall"),
    Case(R.WATCH_LISTED, (BIN, pack(AMOX, "S1", expiry=PAST)), watch="watch_list"),
    Case(R.SUSPECT, (BIN, pack(AMOX, "S1", expiry=PAST)), watch="suspect"),
    Case(R.ON_HOLD, (BIN, pack(AMOX, "H1", expiry=PAST)), (HELD,)),
    Case(R.EXPIRED, (COLD_BIN, pack(AMOX, "S1", expiry=PAST))),
    Case(R.DESTROYED, (BIN, pack(AMOX, "S1")), (S1,), then=(Posting(S1.key, 1, "DOCK-1", DESTROYED),)),
    Case(R.ALREADY_OUT, (BIN, pack(AMOX, "S1")), (S1,), then=(Posting(S1.key, 1, "DOCK-1", CUSTOMER),)),
    Case(R.ALREADY_RECEIVED, (COLD_BIN, pack(AMOX, "S1")), (S1,)),
    Case(R.ALREADY_SCANNED, (BIN, pack(AMOX, "S1"), pack(AMOX, "S1")), tone="neutral"),
    Case(R.EXPIRY_MISMATCH, (COLD_BIN, pack(PAIN, None, "P55", OTHER_DATE)), (some(PAIN, 5),)),
    Case(R.WRONG_STORAGE_CLASS, (BIN, pack(INSULIN, "S1", "F03"))),
    Case(R.WRONG_LEVEL, (BIN, box(PALLET))),
    Case(R.OVER_QUANTITY, (BIN, f"]C102{PAIN.gtin}10P55\x1d375000")),
)

BY_KEY = {R.NOT_UNDOABLE, R.NOT_SIGNED_IN}
"""Of undo, in any task (test_undo)."""
BY_ROLE = {R.NOT_PERMITTED}
"""The opening balance is for supervisors (test_opening)."""
BEFORE = {
    R.LEDGER_STOPPED, R.UNREADABLE, R.SECOND_CHANNEL, R.UNTRUSTED_SCANNER, R.WRONG_PIN, R.LOCKED_OUT, R.UNKNOWN_BADGE,
}  # fmt: skip
"""Before a scan comes to a task."""
LATER = {
    R.TASK_LEASED, R.VOIDED, R.RESERVED, R.NOT_FIRST_EXPIRED, R.SHELF_LIFE_TOO_SHORT,
    R.LICENCE_INVALID, R.TI_MISSING, R.NO_SSCC_LEFT, R.SECOND_PERSON_NEEDED, R.REASON_NEEDED,
}  # fmt: skip
"""Of a centre, or of goods that go out."""
OF_A_DELIVERY = {
    R.DOCUMENT_CLOSED, R.IN_OTHER_DOCUMENT, R.NOT_ON_DOCUMENT, R.CONDITION_MISSING, R.RECALL_LIST_TOO_OLD,
}  # fmt: skip
TOLD_AND_TAKEN = {R.RECALLED, R.WATCH_LISTED, R.SUSPECT, R.ON_HOLD, R.EXPIRED}
"""Put-away takes such goods in hand, loudly, and refuses every place but a cage."""


def begun(workflow: Putaway | Opening, case: Case) -> Bench:
    ledger = floor()
    if case.stock or case.moves:
        ledger.seed(*case.stock, moves=case.moves)
    if case.then:
        ledger.seed(*case.then)
    if case.watch is not None:
        ledger.watched(case.watch, AMOX, "A12B")
    return Bench(workflow, ledger, replace(MOMENT, read_point=case.read_point))


@pytest.mark.parametrize(
    ("workflow", "case"),
    [*((Putaway(), case) for case in PUTAWAY), *((Opening(), case) for case in OPENING)],
    ids=lambda each: each.refusal.value if isinstance(each, Case) else each.name,
)
def test_each_refusal_is_told_in_its_precedence_and_posts_nothing(workflow: Putaway | Opening, case: Case) -> None:
    at = begun(workflow, case)
    at.scans(*case.scans[:-1])
    before = at.ledger.ours

    last = at.type_code(case.scans[-1]) if case.typed else at.scan(case.scans[-1])

    assert told(last) == (case.refusal.value, case.tone)
    assert at.ledger.ours == before


def test_every_refusal_of_the_table_is_reached_or_named_as_another_parts() -> None:
    putaway, opening = {case.refusal for case in PUTAWAY}, {case.refusal for case in OPENING}
    elsewhere = BY_KEY | BEFORE | LATER | OF_A_DELIVERY

    assert putaway | elsewhere | TOLD_AND_TAKEN | BY_ROLE | {R.ALREADY_RECEIVED} == set(Refusal)
    assert opening | elsewhere | BY_ROLE | {R.NO_DATA, R.LOT_MISMATCH, R.WRONG_PLACE, R.CONTAINER_DOUBTFUL} == set(
        Refusal
    )
    assert putaway.isdisjoint(elsewhere)
    assert opening.isdisjoint(elsewhere)


def test_a_wrong_place_is_told_before_a_wrong_class() -> None:
    assert PRECEDENCE[R.WRONG_PLACE] < PRECEDENCE[R.WRONG_STORAGE_CLASS]
    at = begun(Putaway(), Case(R.WRONG_PLACE, (), (unit(INSULIN, "I1", lot="F03", status=Status.HELD),)))
    at.scan(pack(INSULIN, "I1", "F03"))
    assert told(at.scan(BIN))[0] == "WRONG_PLACE"


# Receiving: what is found before anybody said where the goods stand.


def without_dock(document: str) -> Desk:
    return Desk(moment=replace(MOMENT, operator=ANA, read_point=None)).open(document)


def test_what_is_graver_than_a_missing_dock_is_told_before_it() -> None:
    desk = without_dock("ASN-1").watch("recall", AMOX, "A12B")
    assert desk.state == replace(ReceivingState(), **{
        name: getattr(desk.state, name) for name in ("document", "partner", "serialised", "expected", "pallets")
    })  # fmt: skip

    assert said(desk.scan(pack(AMOX, "L0"))) == ("RECALLED", None, "recall")


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("ASN-1", pack(AMOX, "L0")),
        ("ASN-COLD", pack(INSULIN, "I9", "F03")),
        ("PO-1", f"]C102{PAIN.gtin}17{GOOD:%y%m%d}10P55\x1d3799"),
    ],
    ids=["good", "cold", "too many"],
)
def test_the_dock_comes_before_what_is_less_grave(document: str, text: str) -> None:
    desk = without_dock(document)

    assert said(desk.scan(text)) == ("WRONG_PLACE", None, "bad")
    assert not +desk.ledger.on_hand


def test_goods_that_only_a_cage_takes_need_no_dock() -> None:
    desk = without_dock("ASN-1")
    desk.scan(pack(AMOX, "L0", "B77"))

    assert said(desk.scan(pack(AMOX, "L0", "B77"))) == ("CONFIRMED", "LOT_MISMATCH", "attention")
