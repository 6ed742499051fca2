"""Look-up: any code says what it is, where, what happened, the loudest first; WHY makes the number add up."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import DocumentSummary, Movement, Movements, StockOf
from scanner_app.domain.refusals import Accepted, Outcome
from scanner_app.domain.stock import CUSTOMER, DESTROYED, TRANSIT, ContainerMove, Posting, Seal, Status
from scanner_app.workflows.enquiry import Enquiry, EnquiryState
from scanner_app.workflows.enquiry_lines import about_document
from scanner_app.workflows.enquiry_why import Subject, why
from scanner_app.workflows.goods import Label, container_text
from scanner_app.workflows.movement_lines import SAID_BY_NAME, movement_lines
from scanner_app.workflows.saving import load_state, save_state
from scanner_app.workflows.step import Command, Draft, Facts
from tests.workflows.delivery import (
    AMOX,
    CASE_1,
    CASE_2,
    GOOD,
    INSULIN,
    NAMED_CASE,
    NORTAVEL,
    OTHER_DATE,
    PAIN,
    PALLET,
    PAST,
    STRAY,
    SWABS,
    UNKNOWN,
    box,
    case_gtin,
    label,
    pack,
)
from tests.workflows.floor import MOMENT, NOW, SEEDING, TOM, Bench, came, floor, inferred, some, told, unit
from tests.workflows.sentences import unsaid

if TYPE_CHECKING:
    from datetime import date

    from scanner_app.domain.refusals import Parameter
    from scanner_app.workflows.step import Line

DAY_MS = 24 * 3_600_000


def bench(*postings: Posting, moves: tuple[ContainerMove, ...] = (), document: str | None = None) -> Bench:
    return Bench(Enquiry(), floor().seed(*postings, moves=moves, document=document) if postings or moves else floor())


def line_of(at: Bench, code: str) -> dict[str, Parameter]:
    """The parameters of the one line with this code."""
    found = [line for line in at.last.lines if line.code == code]
    assert len(found) == 1, [line.code for line in at.last.lines]
    return found[0].parameters


def codes(at: Bench) -> list[str]:
    return [line.code for line in at.last.lines]


def noted(at: Bench) -> None:
    assert at.last.draft is not None
    assert at.last.draft.kind is EntryKind.NOTED
    assert isinstance(at.last.draft.verdict, Accepted)
    assert at.last.draft.verdict.outcome is Outcome.OK


def test_it_begins_with_any_code_and_nothing_to_explain() -> None:
    at = bench()
    assert (at.last.draft, at.state, at.prompt) == (None, EnquiryState(), "prompt.enquiry.any")
    assert at.workflow.prompt(at.state).commands == (Command.BACK,)


# Units.


def test_a_unit_tells_name_place_lot_movements_and_totals() -> None:
    at = bench(unit(AMOX, "S1"), unit(AMOX, "S2"), unit(AMOX, "S3", lot="A14"))
    at.ledger.write(
        Draft(EntryKind.PUT_AWAY, Accepted(), postings=(Posting(unit(AMOX, "S1").key, 1, "DOCK-1", "A-01-1"),)), SEEDING
    )
    at.scan(pack(AMOX, "S1"))
    noted(at)
    assert (at.last.tone.value, at.say) == ("tick", "say.enquiry.unit")
    assert codes(at) == [
        "line.item", "line.enquiry.unit", "line.enquiry.stands", "line.lot", "line.serial", "line.movement.put_away",
        "line.movement.received", "line.enquiry.here", "line.enquiry.as_of",
    ]  # fmt: skip
    assert line_of(at, "line.enquiry.stands") == {"place": "A-01-1", "status": "available"}
    assert line_of(at, "line.enquiry.here") == {"quantity": 3, "lots": "A12B 2, A14 1"}
    assert line_of(at, "line.movement.put_away")["route"] == ": DOCK-1 > A-01-1"
    assert line_of(at, "line.movement.put_away")["who"] == "Tom"
    assert line_of(at, "line.enquiry.as_of") == {"clock": "01:26"}
    assert at.state == EnquiryState(Subject(AMOX.gtin, serial="S1"), Label(AMOX.gtin, "S1", "A12B", GOOD))


def test_the_sites_stock_is_as_old_as_it_says() -> None:
    """Today by its time of day, older by day and age: nobody should take last week's stock for today's."""
    at = bench(unit(AMOX, "S1"))
    at.moment = replace(MOMENT, site_as_of_ms=MOMENT.now_ms - 60_000)
    at.scan(pack(AMOX, "S1"))
    assert line_of(at, "line.enquiry.site_as_of") == {"clock": "01:25"}
    at.moment = replace(MOMENT, site_as_of_ms=MOMENT.now_ms - 50 * 3_600_000)
    at.scan(pack(AMOX, "S1"))
    told = line_of(at, "line.enquiry.site_as_of_day")
    assert (told["clock"], told["hours"]) == ("23:26", 50)
    assert "line.enquiry.as_of" not in codes(at)


def test_five_movements_are_told_newest_first() -> None:
    at = bench(unit(AMOX, "S1"))
    for n in range(6):
        ends = ("DOCK-1", "A-01-1") if n % 2 == 0 else ("A-01-1", "DOCK-1")
        at.ledger.seed(Posting(unit(AMOX, "S1").key, 1, *ends))
    at.scan(pack(AMOX, "S1"))
    movements = [line for line in at.last.lines if line.code.startswith("line.movement.")]
    assert [line.parameters["seq"] for line in movements] == [7, 6, 5, 4, 3]


def test_a_unit_in_a_case_tells_both() -> None:
    at = bench(inferred(unit(AMOX, "S1", CASE_1)), moves=(came(PALLET), came(CASE_1, PALLET)))
    at.scan(pack(AMOX, "S1"))
    assert line_of(at, "line.enquiry.stands_in") == {
        "place": "DOCK-1", "status": "available", "container": container_text(CASE_1),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "code", "tone"),
    [
        ("recall", "line.enquiry.recalled", "recall"),
        ("watch_list", "line.enquiry.watch_listed", "attention"),
        ("suspect", "line.enquiry.suspect", "attention"),
    ],
)
def test_a_recall_or_watch_is_said_first_and_loudly(kind: str, code: str, tone: str) -> None:
    at = bench(unit(AMOX, "S1", expiry=PAST, status=Status.HELD))
    at.ledger.watched(kind, AMOX, "A12B")
    at.scan(pack(AMOX, "S1"))
    assert codes(at)[:3] == [code, "line.enquiry.expired", "line.enquiry.held"]
    assert (at.say, at.last.tone.value) == (code, tone)
    assert line_of(at, code) == {"named": "A12B", "reason": "reported"}


@pytest.mark.parametrize(
    ("posting", "code", "parameters"),
    [
        (unit(AMOX, "S1", expiry=PAST), "line.enquiry.expired", {"expiry": "2026-11-23", "quantity": 1}),
        (unit(AMOX, "S1", status=Status.DAMAGED), "line.enquiry.held", {"status": "damaged", "quantity": 1}),
    ],
)
def test_what_is_not_good_asks_attention(posting: Posting, code: str, parameters: dict[str, Parameter]) -> None:
    at = bench(posting)
    at.scan(pack(AMOX, "S1", None, None))
    assert (at.say, at.last.tone.value) == (code, "attention")
    assert line_of(at, code) == parameters


@pytest.mark.parametrize(
    ("text", "code", "document"),
    [(pack(AMOX, "A0"), "line.enquiry.expected_on", "ASN-1"), (pack(AMOX, "S9"), "line.enquiry.never_here", None)],
)
def test_a_unit_that_never_came_tells_what_expects_it(text: str, code: str, document: str | None) -> None:
    at = bench()
    at.scan(text)
    assert (at.say, at.last.tone.value) == ("say.enquiry.not_here", "attention")
    assert line_of(at, code).get("document") == document


@pytest.mark.parametrize("outside", [CUSTOMER, DESTROYED, TRANSIT])
def test_a_unit_that_left_is_not_here_and_still_told(outside: str) -> None:
    at = bench(unit(AMOX, "S1"))
    at.ledger.seed(Posting(unit(AMOX, "S1").key, 1, "DOCK-1", outside))
    at.scan(pack(AMOX, "S1"))
    assert (at.say, at.last.tone.value) == ("say.enquiry.not_here", "attention")
    assert line_of(at, "line.enquiry.stands")["place"] == outside
    assert line_of(at, "line.enquiry.here") == {"quantity": 0, "lots": "-"}


@pytest.mark.parametrize(
    ("lot", "expiry", "differs"),
    [("B77", GOOD, True), ("A12B", OTHER_DATE, True), (None, None, False), ("A12B", GOOD, False)],
)
def test_a_label_that_says_otherwise_is_shown(lot: str | None, expiry: date | None, *, differs: bool) -> None:
    at = bench(unit(AMOX, "S1"))
    at.scan(label(AMOX.gtin, "S1", lot, expiry))
    assert ("line.enquiry.label_differs" in codes(at)) is differs


# Items and lots.


def test_an_item_tells_lots_places_and_what_is_wrong_with_some_of_it() -> None:
    at = bench(
        some(PAIN, 90, "A-01-1"), some(PAIN, 6, "A-01-2"), some(PAIN, 16, lot="P56"),
        some(PAIN, 2, lot="P57", expiry=PAST), some(PAIN, 3, "CAGE", "P58", status=Status.HELD),
        some(PAIN, 50, TRANSIT, "P59"),
    )  # fmt: skip
    at.ledger.watched("recall", PAIN, "P56")
    at.scan(label(PAIN.gtin, None, None, None))
    assert codes(at)[:3] == ["line.enquiry.recalled", "line.enquiry.expired", "line.enquiry.held"]
    assert line_of(at, "line.enquiry.here") == {"quantity": 117, "lots": "P55 96, P56 16, P58 3, P57 2"}
    assert line_of(at, "line.enquiry.places") == {"places": "A-01-1 90, DOCK-1 18, A-01-2 6, CAGE 3"}
    assert line_of(at, "line.enquiry.level") == {"gtin": PAIN.gtin, "level": "each", "factor": 1}
    assert line_of(at, "line.enquiry.expired") == {"expiry": "2026-11-23", "quantity": 2}
    assert at.last.tone.value == "recall"


def test_a_lot_tells_of_itself_alone() -> None:
    at = bench(some(PAIN, 90, "A-01-1"), some(PAIN, 16, lot="P56"))
    at.ledger.watched("recall", PAIN, "P56")
    at.scan(pack(PAIN, None, "P55"))
    assert (at.say, at.last.tone.value) == ("say.enquiry.item", "tick")
    assert line_of(at, "line.enquiry.here") == {"quantity": 90, "lots": "P55 90"}
    assert at.state.subject == Subject(PAIN.gtin, "P55")


def test_an_item_that_is_nowhere_says_so() -> None:
    at = bench()
    at.ledger.watched("recall", AMOX)
    at.scan(label(case_gtin(AMOX), None, None, None))
    assert line_of(at, "line.enquiry.level")["factor"] == 4
    assert line_of(at, "line.enquiry.here") == {"quantity": 0, "lots": "-"}
    assert "line.enquiry.places" not in codes(at)
    assert at.say == "line.enquiry.recalled"


def test_a_long_list_of_lots_is_counted_beyond_five() -> None:
    at = bench(*(some(PAIN, 10 - n, lot=f"L{n}") for n in range(7)), some(PAIN, 1, lot=None))
    at.scan(label(PAIN.gtin, None, None, None))
    assert line_of(at, "line.enquiry.here")["lots"] == "L0 10, L1 9, L2 8, L3 7, L4 6, +3"


# Labels read in two symbols, and what is nobody's.


def test_a_lot_alone_belongs_to_the_item_looked_up_before() -> None:
    at = bench(some(PAIN, 90))
    at.scan(label(None, None, "P55", GOOD))
    assert (told(at.last), at.say) == (("OK", "attention"), "say.enquiry.fragment")
    at.scans(label(PAIN.gtin, None, None, None), label(None, None, "P55", GOOD))
    assert at.state.subject == Subject(PAIN.gtin, "P55")
    at.scan(label(None, None, "P56", GOOD))
    assert at.say == "say.enquiry.fragment"


def test_a_serial_alone_belongs_to_the_item_before() -> None:
    at = bench(unit(AMOX, "S1"))
    at.scans(label(AMOX.gtin, None, None, None), label(None, "S1", None, None))
    assert at.state == EnquiryState(Subject(AMOX.gtin, serial="S1"), Label(AMOX.gtin, "S1"))


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (label(UNKNOWN, "S1", "L1", None), "UNKNOWN_ITEM"),
        ("LOC-NOWHERE", "UNKNOWN_PLACE"),
        ("DOC-NONE", "UNKNOWN_DOCUMENT"),
        ("what is this", "BAD_FORMAT"),
    ],
)
def test_an_unknown_code_is_refused_and_shown(text: str, refusal: str) -> None:
    at = bench()
    at.scan(text)
    assert told(at.last) == (refusal, "bad")
    assert line_of(at, "line.enquiry.scanned")["scanned"]
    assert at.state == EnquiryState()


def scanned_before(at: Bench, *parameters: dict[str, Parameter]) -> None:
    for one in parameters:
        at.ledger.write(Draft(EntryKind.NOTED, Accepted(Outcome.OK, one)), SEEDING)


@pytest.mark.parametrize(
    ("before", "scans", "breadcrumb"),
    [
        (
            {"scanned": "S1", "lot": "A12", "place": "B-04-2"},
            3,
            [
                ("line.enquiry.after", {"scans": 3, "scanned": "S1"}),
                ("line.lot_alone", {"lot": "A12"}),
                ("line.enquiry.was_in", {"place": "B-04-2"}),
            ],
        ),
        ({"lot": None}, 2, [("line.enquiry.after", {"scans": 2, "scanned": "scan"})]),
        ({}, 1, [("line.enquiry.after_one", {"scans": 1, "scanned": "scan"})]),
    ],
)
def test_an_unknown_code_leaves_a_breadcrumb(
    before: dict[str, Parameter], scans: int, breadcrumb: list[tuple[str, dict[str, Parameter]]]
) -> None:
    at = bench()
    scanned_before(at, before)
    at.scans(*["what is this"] * scans)
    assert [(line.code, line.parameters) for line in at.last.lines[1:]] == breadcrumb


def test_a_look_up_is_a_breadcrumb_itself() -> None:
    at = bench(unit(AMOX, "S1"))
    at.scans(pack(AMOX, "S1"), "what is this")
    assert [line.parameters for line in at.last.lines[1:]] == [
        {"scans": 1, "scanned": "S1"}, {"lot": "A12B"}, {"place": "DOCK-1"},
    ]  # fmt: skip


def test_a_badge_tells_its_name_and_nothing_else() -> None:
    at = bench()
    at.scan(f"{TOM.id}.secrettoken")
    assert (at.say, at.last.lines) == ("say.enquiry.badge", ())
    assert "secrettoken" not in repr(at.last)
    assert told(at.scan("USR-9999.secrettoken"))[0] == "UNKNOWN_BADGE"


# Containers.


def test_a_pallet_tells_place_seal_and_content() -> None:
    at = bench(
        inferred(unit(AMOX, "S1", CASE_1)), inferred(unit(AMOX, "S2", CASE_1)), some(SWABS, 3, PALLET, None),
        moves=(came(PALLET), came(CASE_1, PALLET)),
    )  # fmt: skip
    at.scan(box(PALLET))
    assert (at.say, at.last.tone.value) == ("say.enquiry.container", "tick")
    assert line_of(at, "line.enquiry.container_stands") == {"place": "DOCK-1", "seal": "sealed"}
    assert line_of(at, "line.enquiry.content_lot") == {"quantity": 2, "item": "Amoxidem", "lot": "A12B"}
    assert line_of(at, "line.enquiry.content") == {"quantity": 3, "item": "Bandex"}
    assert line_of(at, "line.enquiry.inner") == {"containers": 1}
    assert at.state.subject == Subject(place=PALLET)
    at.scan(box(CASE_1))
    assert line_of(at, "line.enquiry.container_stands_in")["container"] == container_text(PALLET)


def test_a_pallet_tells_what_is_still_expected_in_it() -> None:
    at = bench(moves=(came(CASE_1),), document="ASN-1")
    at.scan(box(CASE_1))
    assert line_of(at, "line.enquiry.pending") == {"quantity": 3}


def test_a_serialised_case_tells_its_item() -> None:
    at = bench(moves=(came(NAMED_CASE),))
    at.scan(box(NAMED_CASE))
    assert line_of(at, "line.item")["item"] == "Amoxidem"


def test_a_pallet_with_recalled_content_is_loud() -> None:
    at = bench(unit(AMOX, "S1", PALLET), moves=(came(PALLET),))
    at.ledger.watched("recall", AMOX, serial="S1")
    at.scan(box(PALLET))
    assert (at.say, at.last.tone.value) == ("line.enquiry.recalled", "recall")


def test_held_and_expired_content_is_said_first() -> None:
    at = bench(unit(AMOX, "S1", PALLET, expiry=PAST, status=Status.HELD), moves=(came(PALLET),))
    at.scan(box(PALLET))
    assert (codes(at)[:2], at.last.tone.value) == (["line.enquiry.expired", "line.enquiry.held"], "attention")


@pytest.mark.parametrize(
    ("container", "code"), [(CASE_2, "line.enquiry.expected_on"), (STRAY, "line.enquiry.never_here")]
)
def test_a_container_that_never_came_tells_what_expects_it(container: str, code: str) -> None:
    at = bench()
    at.scan(box(container))
    assert (at.say, at.last.tone.value) == ("say.enquiry.not_here", "attention")
    assert code in codes(at)


def test_a_container_that_left_is_not_here() -> None:
    at = bench(moves=(came(PALLET),))
    at.ledger.seed(moves=(ContainerMove(PALLET, "DOCK-1", CUSTOMER, Seal.SEALED),))
    at.scan(box(PALLET))
    assert at.say == "say.enquiry.not_here"
    assert line_of(at, "line.enquiry.container_stands")["place"] == "customer"


# Places and documents.


def test_a_place_tells_what_lies_in_it() -> None:
    at = bench(some(PAIN, 4), unit(AMOX, "S1", expiry=PAST), unit(NORTAVEL, "S2", lot="N08", status=Status.SUSPECT))
    at.scan("LOC-DOCK-1")
    assert codes(at)[:3] == ["line.enquiry.expired", "line.enquiry.held", "line.enquiry.place"]
    assert line_of(at, "line.enquiry.place") == {"place": "DOCK-1", "kind": "dock", "class": "ambient"}
    content = [line.parameters for line in at.last.lines if line.code == "line.enquiry.content"]
    assert content == [
        {"quantity": 4, "item": "Painaway"}, {"quantity": 1, "item": "Amoxidem"}, {"quantity": 1, "item": "Nortavel"},
    ]  # fmt: skip


def test_a_recall_in_a_bin_is_loud_and_in_a_cage_is_where_it_belongs() -> None:
    at = bench(some(PAIN, 4, "A-01-1"), some(PAIN, 4, "CAGE", status=Status.HELD))
    at.ledger.watched("recall", PAIN, "P55")
    at.scan("LOC-A-01-1")
    assert (at.say, at.last.tone.value) == ("line.enquiry.recalled", "recall")
    at.scan("LOC-CAGE")
    assert (at.say, at.last.tone.value) == ("say.enquiry.place", "tick")
    assert codes(at)[:2] == ["line.enquiry.recalled", "line.enquiry.held"]


def test_a_full_place_counts_the_items_beyond_five() -> None:
    goods = [some(item, 1, "CAGE") for item in (PAIN, SWABS, AMOX, NORTAVEL, INSULIN)]
    at = bench(*goods, some(replace(PAIN, gtin=UNKNOWN), 9, "CAGE"))
    at.scan("LOC-CAGE")
    assert line_of(at, "line.enquiry.more") == {"more": 1}


def test_an_item_that_is_no_longer_known_is_named_by_its_gtin() -> None:
    at = bench(some(PAIN, 9, "CAGE"))
    known, at.ledger.levels = at.ledger.levels, {}
    at.scan("LOC-CAGE")
    at.ledger.levels = known
    assert {"quantity": 9, "item": PAIN.gtin} in [line.parameters for line in at.last.lines]


def test_a_place_tells_what_the_pallets_in_it_hold() -> None:
    stock = (some(PAIN, 9), unit(AMOX, "S1", CASE_1), unit(AMOX, "S2", CASE_1))
    at = bench(*stock, moves=(came(PALLET), came(CASE_1, PALLET)))
    at.scan("LOC-DOCK-1")
    assert at.last.say is not None
    assert at.last.say.parameters == {"place": "DOCK-1", "quantity": 11}
    assert {"quantity": 2, "item": AMOX.name} in [line.parameters for line in at.last.lines]
    assert line_of(at, "line.enquiry.inner") == {"containers": 2}
    assert told_why(at)[-2:] == [("line.enquiry.within", "+2"), ("line.enquiry.sum", 11)]


def test_an_empty_place_is_empty() -> None:
    at = bench()
    at.scan("LOC-A-01-1")
    assert at.last.say is not None
    assert at.last.say.parameters == {"place": "A-01-1", "quantity": 0}


def test_a_document_tells_how_far_it_is() -> None:
    at = bench(unit(AMOX, "L0"), unit(AMOX, "L1", status=Status.DAMAGED), document="ASN-1")
    at.scan("DOC-ASN-1")
    assert (at.say, codes(at)[0]) == ("say.enquiry.document", "line.enquiry.document_open")
    assert line_of(at, "line.enquiry.progress") == {"done": 2, "total": 16}
    assert line_of(at, "line.enquiry.apart") == {"held": 0, "damaged": 1}
    assert at.workflow.prompt(at.state).commands == (Command.BACK,)
    at.ledger.documents["ASN-1"] = replace(at.ledger.documents["ASN-1"], closed=True)
    at.scan("DOC-ASN-1")
    assert codes(at)[0] == "line.enquiry.document_closed"


def test_a_document_of_which_nothing_is_counted_is_named_all_the_same() -> None:
    document = floor().documents["PO-1"]
    found = about_document(document, Facts({DocumentSummary("PO-1"): None}))
    assert [line.code for line in found.lines] == ["line.enquiry.document_open"]


# Why.


def told_why(at: Bench) -> list[tuple[str, Parameter]]:
    """The lines of an explanation by code and amount."""
    at.command(Command.WHY)
    noted(at)
    return [(line.code, line.parameters.get("amount", line.parameters.get("quantity"))) for line in at.last.lines]


def test_why_an_item_has_this_number() -> None:
    at = bench(some(PAIN, 90))
    at.ledger.seed(Posting(some(PAIN, 1).key, 60, "DOCK-1", "A-01-1"))
    at.ledger.seed(Posting(some(PAIN, 1).key, 20, "A-01-1", CUSTOMER))
    at.scan(label(PAIN.gtin, None, None, None))
    assert Command.WHY in at.workflow.prompt(at.state).commands
    assert told_why(at) == [
        ("line.movement.received", "+90 "), ("line.movement.received", "-20 "), ("line.enquiry.sum", 70),
    ]  # fmt: skip
    assert at.last.say is not None
    assert at.last.say.parameters == {"quantity": 70, "movements": 2}


def test_why_a_place_has_this_number() -> None:
    at = bench(some(PAIN, 90), moves=(came(PALLET),))
    at.ledger.seed(Posting(some(PAIN, 1).key, 60, "DOCK-1", "A-01-1"))
    at.scan("LOC-DOCK-1")
    assert told_why(at) == [
        ("line.movement.received", "+90 "), ("line.movement.received", "-60 "), ("line.enquiry.sum", 30),
    ]  # fmt: skip


def test_why_a_pallet_holds_this_number() -> None:
    stock = (unit(AMOX, "S1", CASE_1), unit(AMOX, "S2", CASE_1), some(SWABS, 3, PALLET, None))
    at = bench(*stock, moves=(came(PALLET), came(CASE_1, PALLET)))
    at.scan(box(PALLET))
    assert told_why(at) == [
        ("line.movement.received", "+3 "), ("line.enquiry.within", "+2"), ("line.enquiry.sum", 5),
    ]  # fmt: skip
    at.scan(box(CASE_1))
    assert told_why(at)[-2:] == [("line.movement.received", "+1 "), ("line.enquiry.sum", 2)]


@pytest.mark.parametrize(("after", "total"), [([], 1), ([Posting(unit(AMOX, "S1").key, 1, "DOCK-1", DESTROYED)], 0)])
def test_why_a_unit_is_one_or_none(after: list[Posting], total: int) -> None:
    at = bench(unit(AMOX, "S1"))
    at.ledger.seed(*after)
    at.scan(pack(AMOX, "S1"))
    assert told_why(at)[-1] == ("line.enquiry.sum", total)


def test_why_a_unit_that_never_came_is_none() -> None:
    at = bench()
    at.scan(pack(AMOX, "S9"))
    assert told_why(at) == [("line.enquiry.sum", 0)]


def test_older_movements_than_fifty_are_summed() -> None:
    at = bench(some(PAIN, 7))
    for _ in range(52):
        at.ledger.seed(some(PAIN, 1))
    at.scan(label(PAIN.gtin, None, None, None))
    lines = told_why(at)
    assert lines[0] == ("line.enquiry.earlier", "+9")
    assert (len(lines), lines[-1]) == (52, ("line.enquiry.sum", 59))


def test_what_no_movement_makes_is_told_as_a_difference() -> None:
    at = bench(some(PAIN, 7))
    at.ledger.on_hand["DOCK-1", "own", PAIN.gtin, "P55", GOOD, Status.AVAILABLE] -= 2
    at.scan(label(PAIN.gtin, None, None, None))
    assert told_why(at) == [
        ("line.enquiry.difference", "-2"), ("line.movement.received", "+7 "), ("line.enquiry.sum", 5),
    ]  # fmt: skip


def test_a_subject_without_a_number_has_none() -> None:
    empty = Facts({Movements(limit=50): (), StockOf("", None): ()})
    assert why(Subject(), empty, MOMENT).say.parameters == {"quantity": 0, "movements": 0}


def test_why_without_a_look_up_does_nothing() -> None:
    at = bench()
    at.command(Command.WHY)
    assert (at.last.draft, at.state) == (None, EnquiryState())


# Movement lines.


PLAIN_MOVEMENT = Movement(
    1, "e", NOW, 60, "moved", "USR-1004", "D1", "DOCK-1", "A-01-1", 1, None, None, "scanned"
)  # fmt: skip


def line_for(one: Movement) -> Line:
    (line,) = floor().decide(lambda facts: replace(PLAIN, lines=movement_lines((one,), facts, MOMENT))).lines
    assert unsaid(line.code, line.parameters) == []
    return line


PLAIN = Enquiry().open(None, Facts({}), MOMENT)


@pytest.mark.parametrize("kind", list(EntryKind))
def test_every_kind_of_entry_has_a_sentence_as_a_movement(kind: EntryKind) -> None:
    line = line_for(replace(PLAIN_MOVEMENT, kind=kind.value))
    assert line.code == (f"line.movement.{kind.value}" if kind.value in SAID_BY_NAME else "line.movement.other")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, {"day": "11-24", "clock": "01:26", "who": "Tom", "route": ": DOCK-1 > A-01-1"}),
        ({"offset": -300}, {"day": "11-23", "clock": "19:26"}),
        ({"event_time": NOW - 330 * DAY_MS}, {"day": "2025-12-29"}),
        ({"operator": None}, {"who": "D1"}),
        ({"operator": "USR-7777"}, {"who": "USR-7777"}),
        ({"from_place": None}, {"route": ""}),
        ({"from_place": "DOCK-1", "to_place": "DOCK-1"}, {"route": ": DOCK-1"}),
        ({"to_place": None}, {"route": ""}),
        ({"from_place": "supplier"}, {"route": ": supplier > A-01-1"}),
        ({"from_place": "supplier", "document": "ASN-1"}, {"route": ": Meridian > A-01-1"}),
        ({"from_place": "supplier", "document": "ASN-9"}, {"route": ": supplier > A-01-1"}),
        ({"from_place": PALLET}, {"route": f": {container_text(PALLET)} > A-01-1"}),
    ],
)
def test_a_movement_says_when_who_and_from_where_to_where(given: dict[str, Any], shown: dict[str, str]) -> None:
    parameters = line_for(replace(PLAIN_MOVEMENT, **given)).parameters
    assert {name: parameters[name] for name in shown} == shown


def test_a_change_of_seal_says_where() -> None:
    assert line_for(replace(PLAIN_MOVEMENT, to_place="DOCK-1")).code == "line.movement.seal"


# Commands and restart.


@pytest.mark.parametrize("command", [Command.BACK, Command.DONE])
def test_back_and_done_leave(command: Command) -> None:
    at = bench()
    at.scan(pack(AMOX, "S1"))
    at.command(command)
    assert (at.last.finished, at.last.draft) == (True, None)


def test_other_commands_and_typed_text_do_nothing() -> None:
    at = bench()
    at.command(Command.DAMAGED)
    assert (at.last.draft, at.last.finished) == (None, False)
    at.type("12")
    assert (at.last.draft, at.state) == (None, EnquiryState())


def test_nothing_is_undone_here() -> None:
    at = bench()
    assert told(at.undo())[0] == "NOT_UNDOABLE"
    assert at.workflow.undone(at.state, Facts({}), MOMENT) == at.state


def test_a_battery_pull_keeps_what_why_would_explain() -> None:
    at = bench(unit(AMOX, "S1"))
    at.scan(pack(AMOX, "S1"))
    assert load_state(EnquiryState, json.loads(json.dumps(save_state(at.state)))) == at.state


ANYTHING = st.sampled_from([
    pack(AMOX, "S1"), pack(AMOX, "S9"), pack(PAIN, None, "P55"), label(PAIN.gtin, None, None, None),
    label(None, None, "P55", GOOD), label(None, "S1", None, None), label(UNKNOWN, None, None, None), box(PALLET),
    box(CASE_1), box(STRAY), "LOC-DOCK-1", "LOC-NOWHERE", "DOC-ASN-1", "DOC-NONE", "USR-1004.token", "rubbish",
])  # fmt: skip


@given(st.lists(st.one_of(ANYTHING, ANYTHING, st.sampled_from(list(Command))), max_size=20))
def test_a_look_up_never_changes_stock_and_always_makes_an_entry(shift: list[object]) -> None:
    at = bench(
        unit(AMOX, "S1", PALLET), some(PAIN, 5), some(PAIN, 2, lot="P56", expiry=PAST), moves=(came(PALLET),),
        document="ASN-1",
    )  # fmt: skip
    at.ledger.watched("recall", PAIN, "P56")
    before = dict(at.ledger.ours)
    for happening in shift:
        if isinstance(happening, Command):
            at.undo() if happening is Command.UNDO else at.command(happening)
        else:
            at.scan(str(happening))
            assert at.last.draft is not None
            assert at.last.draft.kind in {EntryKind.NOTED, EntryKind.REFUSED}
    assert at.ledger.ours == before
