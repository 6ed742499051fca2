"""What a scan is of: units, containers, quantities, parts of labels, places, documents, or nothing of ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.facts import DocumentOf, LevelOf, PlaceOf, Query
from scanner_app.domain.keys import GTIN_DIGITS, Gtin, Lot, Serial
from scanner_app.domain.masters import Document, DocumentKind, Level, Place, PlaceKind, StorageClass
from scanner_app.domain.refusals import Refusal, Refused
from scanner_app.domain.scan import Kind, ParsedScan, parse_scan
from scanner_app.domain.stock import case_place, sscc_place
from scanner_app.workflows.goods import (
    TEXT_SHOWN_MAX,
    Container,
    Fragment,
    Label,
    Quantity,
    ScannedDocument,
    ScannedPlace,
    Unit,
    batch_lines,
    container_text,
    goods_lines,
    goods_text,
    label_of,
    resolve,
    said_to_hold_cases,
    scan_looked_up,
    scan_named,
    scan_text,
)
from scanner_app.workflows.step import Facts, Line
from tests.workflows.delivery import (
    AMOX,
    GOOD,
    GS,
    PAIN,
    PALLET,
    TODAY,
    UNKNOWN,
    case_gtin,
    label,
    parsed,
)

SSCC = PALLET.removeprefix("sscc:")
LEVELS = {
    each.gtin: each
    for item in (AMOX, PAIN)
    for each in (Level(item.gtin, item, 1, "each"), Level(case_gtin(item), item, 4, "case"))
}
DOCK = Place("DOCK-1", PlaceKind.DOCK, StorageClass.AMBIENT)
ASN = Document("ASN-1", DocumentKind.ASN, "Meridian", serialised=True, closed=False)
EACH, CASE, PAIN_EACH = LEVELS[AMOX.gtin], LEVELS[case_gtin(AMOX)], LEVELS[PAIN.gtin]
FACTS = Facts(
    {
        **{LevelOf(gtin, TODAY): level for gtin, level in LEVELS.items()},
        LevelOf(UNKNOWN, TODAY): None,
        PlaceOf("DOCK-1"): DOCK,
        PlaceOf("NOWHERE"): None,
        DocumentOf("ASN-1"): ASN,
        DocumentOf("ASN-9"): None,
    }
)


@pytest.mark.parametrize(
    ("text", "goods"),
    [
        (label(AMOX.gtin, "S1", "A12B", GOOD), Unit(AMOX, "S1", "A12B", GOOD)),
        (label(AMOX.gtin, "S1", None, None), Unit(AMOX, "S1", None, None)),
        (label(AMOX.gtin, None, "A12B", GOOD), Quantity(EACH, "A12B", GOOD, 1)),
        (f"]E0{PAIN.gtin[1:]}", Quantity(PAIN_EACH, None, None, 1)),
        (label(case_gtin(AMOX), None, "A12B", GOOD), Quantity(CASE, "A12B", GOOD, 1)),
        (
            label(case_gtin(AMOX), "C1", "A12B", GOOD),
            Container(case_place(case_gtin(AMOX), "C1"), CASE, "A12B", GOOD),
        ),
        (
            label(case_gtin(PAIN), "C1", "P55", GOOD),
            Container(
                case_place(case_gtin(PAIN), "C1"), LEVELS[case_gtin(PAIN)], "P55", GOOD,
                Quantity(LEVELS[case_gtin(PAIN)], "P55", GOOD, 1),
            ),
        ),
        (f"]C100{SSCC}", Container(sscc_place(SSCC))),
        (
            f"]C100{SSCC}02{PAIN.gtin}10P55{GS}3712",
            Container(sscc_place(SSCC), None, "P55", None, Quantity(PAIN_EACH, "P55", None, 12)),
        ),
        (f"]C100{SSCC}02{AMOX.gtin}10A12B{GS}3712", Container(sscc_place(SSCC), None, "A12B")),
        (f"]C102{PAIN.gtin}10P55{GS}3712", Quantity(PAIN_EACH, "P55", None, 12)),
        (f"]C102{PAIN.gtin}370", Quantity(PAIN_EACH, None, None, 1)),
        (label(None, "S1", "A12B", GOOD), Fragment(Label(None, "S1", "A12B", GOOD))),
        ("]Q1LOC-DOCK-1", ScannedPlace(DOCK)),
        ("]Q1DOC-ASN-1", ScannedDocument(ASN)),
        (label(UNKNOWN, "S1", None, None), Refused(Refusal.UNKNOWN_ITEM, {"gtin": UNKNOWN})),
        ("]Q1LOC-NOWHERE", Refused(Refusal.UNKNOWN_PLACE, {"place": "NOWHERE"})),
        ("]Q1DOC-ASN-9", Refused(Refusal.UNKNOWN_DOCUMENT, {"document": "ASN-9"})),
        ("]C0hello", Refused(Refusal.BAD_FORMAT, {"cause": "hello"})),
        ("]Q1CMD-UNDO", Refused(Refusal.BAD_FORMAT, {"cause": "CMD-UNDO"})),
    ],
)  # fmt: skip
def test_a_scan_is_of_one_thing(text: str, goods: object) -> None:
    assert resolve(parsed(text), FACTS, TODAY) == goods


def test_quantities_are_base_units() -> None:
    case = Quantity(CASE, "A12B", GOOD, 2)

    assert (case.quantity, case.times(3).quantity, case.gtin, case.item) == (8, 24, AMOX.gtin, AMOX)
    assert Unit(AMOX, "S1", None, None).gtin == AMOX.gtin


def test_other_carriers_tell_no_part_of_a_gs1_label() -> None:
    hibc = ParsedScan(Kind.HIBC, "+A123", lot=Lot("A12B"), serial=Serial("S1"))
    link = ParsedScan(Kind.DIGITAL_LINK, "https://id", gtin=Gtin(AMOX.gtin), serial=Serial("S1"))

    assert label_of(hibc) is None
    assert label_of(link) == Label(AMOX.gtin, "S1")
    assert resolve(hibc, FACTS, TODAY) == Refused(Refusal.BAD_FORMAT, {"cause": "+A123"})


def test_labels_of_ours_without_text_name_nothing() -> None:
    facts = Facts({PlaceOf(""): None, DocumentOf(""): None})

    assert resolve(ParsedScan(Kind.LOCATION, "LOC-"), facts, TODAY) == Refused(Refusal.UNKNOWN_PLACE, {"place": ""})
    assert resolve(ParsedScan(Kind.DOCUMENT, "DOC-"), facts, TODAY) == Refused(
        Refusal.UNKNOWN_DOCUMENT, {"document": ""}
    )


FIRST = Label(gtin=AMOX.gtin, lot="A12B")


@pytest.mark.parametrize(
    ("second", "whole"),
    [
        (Label(serial="S1"), Label(AMOX.gtin, "S1", "A12B")),
        (Label(expiry=GOOD, lot="A12B"), Label(AMOX.gtin, None, "A12B", GOOD)),
        (FIRST, FIRST),
        (Label(lot="a12b"), None),
        (Label(gtin=PAIN.gtin), None),
    ],
)
def test_two_symbols_of_one_label_are_put_together(second: Label, whole: Label | None) -> None:
    assert FIRST.completed_by(second) == whole
    assert second.completed_by(FIRST) == whole


def test_what_is_shown_is_short_and_names_the_thing() -> None:
    case = Container(case_place(case_gtin(AMOX), "C:1"), CASE)

    assert container_text(PALLET) == f"(00) …{SSCC[-4:]}"
    assert goods_text(case) == "(21) C:1"
    assert goods_text(Unit(AMOX, "S1", None, None)) == "S1"
    assert goods_text(Quantity(EACH, None, None, 1)) == "Amoxidem"
    assert scan_text(parsed("]C0hello")) == "hello"
    long = scan_text(ParsedScan(Kind.UNKNOWN, "x" * 99))
    assert (len(long), long[-1]) == (TEXT_SHOWN_MAX, "…")


ITEM_LINE = Line("line.item", {"item": "Amoxidem", "strength": "500 mg caps, 100"})
LOT_LINE = Line("line.lot", {"lot": "A12B", "expiry": "2027-05-31"})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (label(AMOX.gtin, "S1", "A12B", GOOD), "S1"),
        (f"]C100{SSCC}", f"(00) …{SSCC[-4:]}"),
        (label(AMOX.gtin, None, "A12B", GOOD), AMOX.gtin),
        (label(None, None, "A12B", GOOD), "A12B"),
        (f"]E0{PAIN.gtin[1:]}", PAIN.gtin),
        (label(None, None, None, GOOD), "2027-05-31"),
        ("]Q1LOC-DOCK-1", "DOCK-1"),
        ("]Q1CMD-UNDO", "UNDO"),
        ("]C0hello", "hello"),
    ],
)
def test_a_scan_is_named_by_what_its_label_tells(text: str, named: str) -> None:
    assert scan_named(parsed(text)) == named


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (label(AMOX.gtin, None, "A12B", GOOD), "Amoxidem"),
        (label(UNKNOWN, None, "A12B", GOOD), UNKNOWN),
        (label(None, None, "A12B", GOOD), "A12B"),
        (f"]C100{SSCC}", f"(00) …{SSCC[-4:]}"),
        ("]Q1LOC-NOWHERE", "NOWHERE"),
    ],
)
def test_a_scan_is_named_by_its_item_where_that_is_known(text: str, named: str) -> None:
    assert scan_looked_up(parsed(text), FACTS, TODAY) == named


def test_the_lines_of_goods_label_lot_and_expiry() -> None:
    assert goods_lines(Unit(AMOX, "S1", "A12B", GOOD)) == (ITEM_LINE, LOT_LINE, Line("line.serial", {"serial": "S1"}))
    assert goods_lines(Quantity(EACH, "A12B", GOOD, 1)) == (ITEM_LINE, LOT_LINE)
    assert goods_lines(Container(case_place("g", "C1"), CASE)) == (
        ITEM_LINE, Line("line.case_alone", {"container": "(21) C1"}),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("containers", "units", "holds_cases", "code"),
    [
        (2, 0, True, "line.pallet"),
        (1, 8, True, "line.pallet"),
        (0, 6, False, "line.case_alone"),
        (0, 0, None, "line.sscc"),
    ],
)
def test_a_logistic_unit_is_named_by_what_is_in_it(
    containers: int, units: int, code: str, *, holds_cases: bool | None
) -> None:
    found = said_to_hold_cases(containers, units)

    assert found is holds_cases
    assert goods_lines(Container(PALLET), holds_cases=found) == (Line(code, {"container": container_text(PALLET)}),)


@pytest.mark.parametrize(
    ("lot", "expiry", "code"),
    [
        ("A12B", GOOD, "line.lot"),
        ("A12B", None, "line.lot_alone"),
        (None, GOOD, "line.expiry"),
        (None, None, None),
    ],
)
def test_what_is_not_known_has_no_line(lot: str | None, expiry: date | None, code: str | None) -> None:
    assert [line.code for line in batch_lines(lot, expiry)] == ([] if code is None else [code])


TEXT = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


@given(TEXT, TEXT)
def test_lots_and_serials_stay_what_they_are(lot: str, serial: str) -> None:
    """Never numbers, never another case: `00123`, `a1B` and `1E5` come out as they went in."""
    unit = resolve(ParsedScan(Kind.GS1, "", gtin=Gtin(AMOX.gtin), lot=Lot(lot), serial=Serial(serial)), FACTS, TODAY)

    assert unit == Unit(AMOX, serial, lot, None)


@given(st.text(max_size=60))
def test_no_scan_raises_anything(text: str) -> None:
    for raw in (text, f"]d2{text}", f"]C1{text}", f"]Q1{text}", f"]d201{AMOX.gtin}{text}"):
        scan = parse_scan(raw, TODAY)
        if isinstance(scan, ParsedScan):
            everything: dict[Query, object] = {
                **{LevelOf(str(gtin), TODAY): None for gtin in (scan.gtin, scan.content_gtin) if gtin is not None},
                LevelOf(AMOX.gtin, TODAY): EACH,
                PlaceOf(scan.code or ""): None,
                DocumentOf(scan.code or ""): None,
            }
            found = resolve(scan, Facts(everything), TODAY)
            assert found is not None
            assert len(scan_text(scan)) <= TEXT_SHOWN_MAX


def test_a_dated_pack_factor_is_asked_for_the_day() -> None:
    tomorrow = TODAY.replace(day=25)
    facts = Facts({LevelOf(case_gtin(AMOX), tomorrow): replace(CASE, factor=12)})

    goods = resolve(parsed(label(case_gtin(AMOX), None, "A12B", GOOD)), facts, tomorrow)

    assert isinstance(goods, Quantity)
    assert (goods.quantity, len(goods.level.gtin)) == (12, GTIN_DIGITS)
