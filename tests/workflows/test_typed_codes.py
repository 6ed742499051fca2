"""Codes typed by hand in each task: what is printed under a symbol, bare keys, serials, lots and numbers."""

from __future__ import annotations

import pytest

from scanner_app.domain.refusals import Refused
from scanner_app.domain.stock import SSCC_PLACE
from scanner_app.workflows.opening import Opening
from scanner_app.workflows.putaway import Putaway
from scanner_app.workflows.spread_labels import UNASKED_MAX
from scanner_app.workflows.step import Command, Line
from tests.workflows.delivery import (
    AMOX,
    GOOD,
    GS,
    PAIN,
    PALLET,
    STRAY,
    SWABS,
    SYRUP,
    VITAMIN,
    Desk,
    box,
    label,
    pack,
    said,
)
from tests.workflows.floor import Bench, floor, some, told, unit

SSCC = PALLET.removeprefix(SSCC_PLACE)


@pytest.mark.parametrize("text", [SSCC, f"00{SSCC}", f"(00){SSCC}", f"(00) {SSCC[:1]} {SSCC[1:]}"])
def test_a_damaged_pallet_label_is_typed_as_it_is_printed(text: str) -> None:
    assert said(Desk().open("ASN-1").type_code(text)) == ("MATCHED", None, "good")


def test_a_pack_is_typed_as_it_is_printed() -> None:
    desk = Desk().open("ASN-1")

    assert said(desk.type_code(f"(01){AMOX.gtin}(17){GOOD:%y%m%d}(10)A12B(21)L0")) == ("MATCHED", None, "good")


@pytest.mark.parametrize(
    ("text", "refusal", "cause"),
    [
        (SSCC[:-1] + "1", "BAD_CHECK_DIGIT", f"An SSCC {SSCC[:-1]}1 ends in 1, the check digit is {SSCC[-1]}."),
        (SSCC[:-1], "BAD_FORMAT", "17 digits: an SSCC has 18, a GTIN 8, 12, 13 or 14."),
    ],
)
def test_digits_that_are_no_key_are_told_why(text: str, refusal: str, cause: str) -> None:
    refused = Desk().open("ASN-1").type_code(text)

    assert said(refused) == (refusal, None, "bad")
    assert refused.draft is not None
    assert (refused.draft.verdict.parameters["cause"], refused.say) == (cause, None)


def test_a_typed_text_that_means_nothing_is_named() -> None:
    assert Desk().open("ASN-1").type_code("hello").say == Line("say.receiving.not_goods", {"scanned": "hello"})


# Serials and lots, typed where they are asked for.


def test_a_serial_that_was_asked_for_is_typed_bare() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(label(AMOX.gtin, None, None, None))

    assert said(desk.type_code("L0")) == ("MATCHED", None, "good")


@pytest.mark.parametrize("serial", ["12345678", "96385074", SSCC, "0112345678901234", "-01234562", "1"])
def test_a_serial_may_look_like_a_key_and_is_one_all_the_same(serial: str) -> None:
    desk = Desk().open(None)
    desk.scan(label(VITAMIN.gtin, None, "V1", None))

    assert said(desk.type_code(serial)) == ("OK", None, "good")
    assert (VITAMIN.gtin, serial) in desk.ledger.units


def test_a_gtin_of_ours_begins_another_label_and_the_half_before_it_is_told() -> None:
    desk = Desk().open("PO-1")
    desk.scan(label(AMOX.gtin, None, None, None))

    other = desk.type_code(SWABS.gtin)

    assert said(other) == ("MATCHED", None, "attention")
    assert other.lines[0] == Line("line.forgotten", {"part": "Amoxidem"})


def test_a_lot_is_taken_at_once_when_it_is_typed_and_only_once_more_when_it_is_scanned() -> None:
    desk = Desk().open(None)
    desk.scan(label(VITAMIN.gtin, "S1", None, None))
    scanned = desk.scan("v1")
    taken = desk.type_code("v1a")

    assert said(scanned) == ("BAD_FORMAT", None, "bad")
    assert said(taken) == ("OK", None, "good")
    assert taken.draft is not None
    assert taken.draft.postings[0].key.lot == "v1a"


def test_a_serial_that_nothing_names_is_confirmed_by_typing_it_again() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(label(AMOX.gtin, None, None, None))

    assert said(desk.type_code("X9")) == ("NO_DATA", None, "bad")
    assert said(desk.type_code("X9")) == ("CONFIRMED", "NO_DATA", "attention")


@pytest.mark.parametrize("text", ["two words", "x" * 21])
def test_what_can_be_no_serial_is_refused_and_the_question_stays(text: str) -> None:
    desk = Desk().open("ASN-1")
    desk.scan(label(AMOX.gtin, None, None, None))

    refused = desk.type_code(text)

    assert said(refused) == ("BAD_FORMAT", None, "bad")
    assert refused.state.part is not None


def test_an_item_that_was_asked_for_is_typed_as_a_key() -> None:
    desk = Desk().open("PO-1")
    desk.scan(label(None, None, "P55", GOOD))

    assert said(desk.type_code(PAIN.gtin)) == ("MATCHED", None, "good")


@pytest.mark.parametrize("place", ["loc-dock-2", "LOC-DOCK-2", "loc-DOCK-2"])
def test_a_place_is_typed_in_small_letters(place: str) -> None:
    desk = Desk().open("ASN-1")

    assert desk.type_code(place).state.dock == "DOCK-2"
    assert said(desk.type_code("loc-nowhere")) == ("UNKNOWN_PLACE", None, "bad")


def test_a_cage_typed_in_small_letters_answers_a_recall() -> None:
    desk = Desk().open("ASN-1").watch("recall", AMOX, "A12B")
    desk.scan(pack(AMOX, "L0"))
    other = desk.type_code("hello")

    assert other.say == Line("say.receiving.recall_first", {"question": "L0", "scanned": "hello"})
    assert said(desk.type_code("loc-cage")) == ("CONFIRMED", "RECALLED", "attention")


def test_a_document_is_typed_in_small_letters() -> None:
    desk = Desk().open("ASN-1")

    assert desk.type_code("doc-asn-1").say == Line("say.receiving.this_document", {"document": "ASN-1"})
    assert said(desk.type_code("doc-asn-9")) == ("UNKNOWN_DOCUMENT", None, "bad")


# Numbers.


def test_a_number_typed_where_goods_are_asked_for_counts_the_next_scan() -> None:
    desk = Desk().open("PO-1")

    typed = desk.type_code("5")
    taken = desk.scan(pack(PAIN, lot="P55"))

    assert typed.say == Line("say.receiving.times", {"number": 5})
    assert typed.draft is not None
    assert (typed.draft.kind.value, typed.draft.verdict.parameters) == ("noted", {"number": 5})
    assert taken.state.done == 5


@pytest.mark.parametrize(("document", "text"), [("ASN-1", "5"), ("PO-1", "0"), ("PO-1", "123456"), ("PO-1", "1.5")])
def test_what_is_no_number_here_is_refused(document: str, text: str) -> None:
    assert said(Desk().open(document).type_code(text)) == ("BAD_FORMAT", None, "bad")


def test_a_number_that_is_scanned_is_not_a_quantity() -> None:
    assert said(Desk().open("PO-1").scan("5")) == ("BAD_FORMAT", None, "bad")


def test_a_number_typed_where_a_lot_is_asked_for_is_the_lot() -> None:
    desk = Desk().open("PO-1")
    desk.scan(label(PAIN.gtin, None, None, None))

    assert said(desk.type_code("12")) == ("LOT_MISMATCH", None, "bad")


def test_a_number_after_a_refusal_counts_too() -> None:
    desk = Desk().open("PO-1")
    desk.scan(pack(PAIN, lot="B77"))

    assert desk.type_code("3").state.times == 3


# Far too many at once.


def test_a_slip_of_the_finger_is_asked_for_again_before_it_is_confirmed() -> None:
    desk = Desk().open("ASN-1")
    text = pack(SYRUP, lot="S1")
    desk.command(Command.QUANTITY, 99_999)
    first = desk.scan(text)
    many = desk.scan(text)
    prompt = desk.workflow.prompt(desk.state)
    bounced = desk.scan(text, confirms=False)
    stock = +desk.ledger.on_hand
    confirmed = desk.scan(text)

    assert said(first) == ("IN_OTHER_DOCUMENT", None, "bad")
    assert said(many) == ("OVER_QUANTITY", None, "bad")
    assert many.say == Line("say.receiving.so_many", {"scanned": "99999 x Syrupol"})
    assert (prompt.code, prompt.noun, prompt.commands) == ("prompt.receiving.many_again", "NUMBER", (Command.BACK,))
    assert said(bounced) == ("ALREADY_SCANNED", None, "neutral")
    assert not stock
    assert said(confirmed) == ("CONFIRMED", "IN_OTHER_DOCUMENT", "attention")
    assert sum((+desk.ledger.on_hand).values()) == 99_999


def test_back_forgets_so_many() -> None:
    desk = Desk().open(None)
    desk.command(Command.QUANTITY, UNASKED_MAX + 1)
    desk.scan(pack(PAIN, lot="P9"))
    desk.command(Command.BACK)

    assert said(desk.scan(pack(PAIN, lot="P9"))) == ("OK", None, "good")
    assert sum((+desk.ledger.on_hand).values()) == 1


@pytest.mark.parametrize(("number", "verdict"), [(UNASKED_MAX, "OK"), (UNASKED_MAX + 1, "OVER_QUANTITY")])
def test_the_bound_holds_where_no_document_expects_anything(number: int, verdict: str) -> None:
    desk = Desk().open(None)
    desk.command(Command.QUANTITY, number)

    assert said(desk.scan(pack(PAIN, lot="P9")))[0] == verdict
    assert said(desk.scan(pack(PAIN, lot="P9")))[0] == "OK"


def test_as_many_as_the_document_expects_are_not_asked_for() -> None:
    desk = Desk()
    lines = desk.ledger.lines_of["PO-1"]
    desk.ledger.lines_of["PO-1"] = [
        line if line.gtin != PAIN.gtin else line.__class__(1, PAIN.gtin, "P55", GOOD, 5000, 0) for line in lines
    ]
    desk.open("PO-1")
    desk.command(Command.QUANTITY, 5000)

    assert said(desk.scan(pack(PAIN, lot="P55"))) == ("MATCHED", None, "good")


def test_far_more_than_the_document_expects_is_asked_for_after_it_was_told() -> None:
    desk = Desk().open("PO-1")
    desk.command(Command.QUANTITY, 99_999)
    verdicts = [said(desk.scan(pack(PAIN, lot="P55")))[0] for _ in range(3)]

    assert verdicts == ["OVER_QUANTITY", "OVER_QUANTITY", "EXTRA"]
    assert desk.state.done == 20


def test_a_pallet_of_very_many_is_what_its_label_says() -> None:
    desk = Desk().open("PO-1")
    text = f"{box(STRAY)}02{PAIN.gtin}10P55{GS}375000"
    desk.scan(text)

    assert said(desk.scan(text)) == ("EXTRA", "OVER_QUANTITY", "attention")


# Put-away and opening balance.


def test_put_away_takes_what_is_typed() -> None:
    at = Bench(Putaway(), floor().seed(unit(AMOX, "S1"), some(PAIN, 30)))
    at.type_code("12")
    assert (at.prompt, at.say) == ("prompt.putaway.times", "say.putaway.times")
    at.scan(label(PAIN.gtin, None, None, None))
    at.type_code("P55")
    assert [held.quantity for held in at.state.in_hand] == [12]
    at.type_code(f"(01){AMOX.gtin}")
    at.type_code("S1")
    assert [held.serial for held in at.state.in_hand] == [None, "S1"]
    assert told(at.type_code("loc-a-01-1")) == ("OK", "good")
    assert told(at.type_code(SSCC[:-1] + "1")) == ("BAD_CHECK_DIGIT", "bad")


def test_opening_takes_what_is_typed() -> None:
    at = Bench(Opening(), floor())
    at.type_code("loc-a-01-1")
    at.type_code("7")
    assert at.say == "say.opening.times"
    at.scan(label(PAIN.gtin, None, None, None))
    at.type_code("p55")
    assert told(at.last) == ("OK", "good")
    at.scan(label(AMOX.gtin, None, "A12B", GOOD))
    at.type_code("7J3k")
    assert {(gtin, serial) for gtin, serial in at.ledger.units} == {(AMOX.gtin, "7J3k")}
    assert sum(at.ledger.ours.values()) == 8


def test_opening_asks_again_for_very_many() -> None:
    at = Bench(Opening(), floor())
    at.scan("LOC-A-01-1")
    at.type_code("99999")
    text = label(PAIN.gtin, None, "P55", GOOD)
    assert told(at.scan(text)) == ("OVER_QUANTITY", "bad")
    assert (at.prompt, at.say, at.ledger.ours) == ("prompt.opening.many_again", "say.opening.so_many", {})
    assert told(at.scan(text, confirms=False)) == ("OVER_QUANTITY", "bad")
    assert told(at.scan(text)) == ("OK", "good")
    assert sum(at.ledger.ours.values()) == 99_999


def test_opening_asks_again_for_very_many_by_a_label_in_two_symbols() -> None:
    at = Bench(Opening(), floor())
    at.scan("LOC-A-01-1")
    at.command(Command.QUANTITY, 5000)
    at.scan(label(PAIN.gtin, None, None, None))
    at.scan(label(None, None, "P55", GOOD))
    assert at.say == "say.opening.so_many"
    at.scan(label(None, None, "P55", GOOD))
    assert sum(at.ledger.ours.values()) == 5000


def test_opening_forgets_so_many_by_another_scan_and_by_back() -> None:
    at = Bench(Opening(), floor())
    at.scan("LOC-A-01-1")
    at.command(Command.QUANTITY, 5000)
    at.scan(pack(PAIN, None, "P55"))
    at.scan("LOC-A-01-2")
    assert at.state.many is None
    at.scan(pack(PAIN, None, "P55"))
    at.command(Command.BACK)
    assert (at.state.many, at.state.times) == (None, 1)
    assert at.ledger.ours == {}


def test_so_many_of_an_item_that_left_the_list_meanwhile_are_told_so() -> None:
    at = Bench(Opening(), floor())
    at.scan("LOC-A-01-1")
    at.command(Command.QUANTITY, 5000)
    at.scan(pack(PAIN, None, "P55"))
    del at.ledger.levels[PAIN.gtin]
    refused = at.scan(pack(PAIN, None, "P55"))
    assert refused.draft is not None
    assert isinstance(refused.draft.verdict, Refused)
    assert told(refused) == ("UNKNOWN_ITEM", "bad")


# Half a label is never forgotten in silence.


def test_half_a_label_in_the_opening_balance_is_told_when_something_else_comes() -> None:
    at = Bench(Opening(), floor())
    at.scans("LOC-A-01-1", label(AMOX.gtin, None, None, None))
    at.scan(label(SWABS.gtin, None, None, None))
    assert (told(at.last), at.last.lines[0]) == (
        ("OK", "attention"), Line("line.forgotten", {"part": "Amoxidem"}),
    )  # fmt: skip
    at.scans(label(AMOX.gtin, None, None, None), "LOC-A-01-2")
    assert at.last.lines == (Line("line.forgotten", {"part": "Amoxidem"}),)
    at.scan(label(AMOX.gtin, None, None, None))
    at.command(Command.DONE)
    assert at.last.lines == (Line("line.forgotten", {"part": "Amoxidem"}),)


def test_half_a_label_that_stays_is_not_told_to_be_forgotten() -> None:
    for workflow in (Opening(), Putaway()):
        at = Bench(workflow, floor())
        at.scans("LOC-A-01-1", label(AMOX.gtin, None, None, None))
        for text in ("DOC-ASN-1", "nonsense"):
            refused = at.scan(text)
            assert refused.lines == ()
            assert at.state.part is not None


def test_half_a_label_without_an_item_is_named_by_what_is_on_it() -> None:
    at = Bench(Putaway(), floor().seed(unit(AMOX, "S1")))
    at.scan(label(None, None, "P55", GOOD))
    at.scan(pack(AMOX, "S1"))
    assert at.last.lines[0] == Line("line.forgotten", {"part": "P55"})
    at.scan("LOC-A-01-1")
    at.scan(label(PAIN.gtin, None, None, None))
    at.command(Command.DONE)
    assert (at.last.finished, at.last.lines) == (True, (Line("line.forgotten", {"part": "Painaway"}),))


def test_two_halves_without_an_item_are_kept_together() -> None:
    at = Bench(Opening(), floor())
    at.scans("LOC-A-01-1", label(None, None, "A12B", GOOD), label(None, "S1", None, None))
    assert told(at.scan(label(AMOX.gtin, None, None, None))) == ("OK", "good")
    (posted,) = at.ledger.units.values()
    assert (posted.lot, posted.serial) == ("A12B", "S1")


def test_two_halves_of_two_labels_in_receiving_are_told() -> None:
    desk = Desk().open("PO-1")
    desk.scan(label(None, None, "P55", GOOD))

    other = desk.scan(label(None, None, "P56", GOOD))

    assert other.lines == (Line("line.forgotten", {"part": "P55"}),)
    assert other.state.part is not None
    assert other.state.part.label.lot == "P56"
