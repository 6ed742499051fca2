"""What a person types off a damaged label: as strict as a symbol, and told exactly what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.element_strings import format_element_string
from scanner_app.domain.keys import Gtin, KeyFormatError, Sscc
from scanner_app.domain.scan import DEFAULT_LABELS, Kind, LabelPrefixes, ParsedScan, ScanError, parse_scan
from scanner_app.domain.typed_entry import key_fault, read_typed

TODAY = date(2026, 11, 24)
SSCC = "095210040000070017"
GTIN = "09521004001011"
HRI = f"(01){GTIN}(17)270615(10)F03(21)CRYa1"


def typed(text: str, labels: LabelPrefixes = DEFAULT_LABELS) -> ParsedScan:
    found = read_typed(text, TODAY, labels)
    assert isinstance(found, ParsedScan), found
    return found


def wrong(text: str) -> tuple[str, str | None, int, str]:
    found = read_typed(text, TODAY)
    assert isinstance(found, ScanError), found
    return found.code.value, found.ai, found.offset, found.message


def test_what_is_printed_under_a_symbol_says_what_the_symbol_says() -> None:
    pallet, pack = typed(f"(00){SSCC}"), typed(HRI)
    scanned = parse_scan(f"]d201{GTIN}1727061510F03\x1d21CRYa1", TODAY)

    assert (pallet.kind, pallet.sscc, pallet.elements) == (Kind.GS1, Sscc(SSCC), (("00", SSCC),))
    assert isinstance(scanned, ParsedScan)
    assert pack == replace(scanned, text=HRI, symbology=None, typed=True)


@pytest.mark.parametrize(
    "text",
    [f" (01) {GTIN} (17) 27 06 15 (10) F03 (21)CRYa1 ", f"(01)0 {GTIN[1:7]} {GTIN[7:]}(17)270615(10)F03(21)CRYa1"],
)
def test_spaces_between_groups_are_not_part_of_a_value(text: str) -> None:
    assert typed(text).elements == typed(HRI).elements


def test_brackets_that_hold_no_identifier_belong_to_the_value() -> None:
    assert str(typed(f"(01){GTIN}(10)A(B)1(21)X").lot) == "A(B)1"


@pytest.mark.parametrize(
    ("text", "code", "ai", "offset", "message"),
    [
        ("(00)095210040000070018", "BAD_CHECK_DIGIT", "00", 0, "(00) SSCC ends in 8, the check digit is 7."),
        ("(00)09521004000007001", "BAD_LENGTH", "00", 0, "(00) SSCC is too short: 17 characters."),
        ("(00)0952100400000700171", "BAD_LENGTH", "00", 0, "(00) SSCC is too long: 19 characters, at most 18."),
        (f"(01){GTIN}(05)1", "UNKNOWN_AI", None, 18, "No application identifier is (05)."),
        (f"(01){GTIN}(310)000123", "UNKNOWN_AI", None, 18, "No application identifier is (310)."),
        (f"(01){GTIN}(17)271315", "BAD_DATE", "17", 18, "(17) USE BY or EXPIRY is no date: 271315."),
        (f"(01){GTIN}(10)", "BAD_LENGTH", "10", 18, "(10) BATCH/LOT is empty."),
        (f"(01){GTIN}(10)A\x1dB", "BAD_CHARACTER", "10", 18, "(10) BATCH/LOT must be characters of GS1 set 82."),
        (f"(01){GTIN}(01)09506000134352", "AI_REPEATED", "01", 18, "(01) comes again with another value."),
        (f"(01){GTIN}(10)Ä", "BAD_CHARACTER", None, 22, "Character 'Ä' cannot stand in a GS1 message."),
        ("(00095210040000070017", "BAD_FORMAT", None, 0,
         "After ( come 2 to 4 digits of an application identifier and then )."),
        ("(A)1(10)B", "BAD_FORMAT", None, 0, "After ( come 2 to 4 digits of an application identifier and then )."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_exactly(text: str, code: str, ai: str | None, offset: int, message: str) -> None:
    assert wrong(text) == (code, ai, offset, message)


@pytest.mark.parametrize(
    ("text", "kind", "key"),
    [
        (SSCC, Kind.SSCC, Sscc(SSCC)),
        (f"00{SSCC}", Kind.SSCC, Sscc(SSCC)),
        ("0 9521004 000007001 7", Kind.SSCC, Sscc(SSCC)),
        (GTIN, Kind.GTIN, Gtin(GTIN)),
        (f"01{GTIN}", Kind.GTIN, Gtin(GTIN)),
        ("9521004001011", Kind.GTIN, Gtin(GTIN)),
        ("96385074", Kind.GTIN, Gtin("00000096385074")),
    ],
)
def test_a_key_may_be_typed_with_its_identifier_and_without(text: str, kind: Kind, key: Gtin | Sscc) -> None:
    found = typed(text)

    assert (found.kind, found.sscc or found.gtin, found.typed) == (kind, key, True)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("095210040000070018", "BAD_CHECK_DIGIT", "An SSCC 095210040000070018 ends in 8, the check digit is 7."),
        (f"00{SSCC[:-1]}8", "BAD_CHECK_DIGIT", "An SSCC 095210040000070018 ends in 8, the check digit is 7."),
        (f"01{GTIN[:-1]}2", "BAD_CHECK_DIGIT", "A GTIN 09521004001012 ends in 2, the check digit is 1."),
        ("95210040000070017", "BAD_LENGTH", "17 digits: an SSCC has 18, a GTIN 8, 12, 13 or 14."),
        (f"11{SSCC}", "BAD_LENGTH", "20 digits: an SSCC has 18, a GTIN 8, 12, 13 or 14."),
    ],
)
def test_digits_that_are_no_key_are_told_why(text: str, code: str, message: str) -> None:
    """They stay unknown, since a lot or a serial may be what is asked for; who wants a key tells the fault."""
    fault = key_fault(text)

    assert typed(text).kind is Kind.UNKNOWN
    assert fault is not None
    assert (fault.code, fault.message) == (code, message)


@pytest.mark.parametrize("text", ["", "1234567", "A1234567890123", "²²²²²²²²", SSCC, f"01{GTIN}", "96385074"])
def test_what_is_no_attempt_at_a_key_or_a_good_one_has_no_fault(text: str) -> None:
    assert key_fault(text) is None


@pytest.mark.parametrize(
    ("text", "kind", "canonical"),
    [
        ("cmd-done", Kind.COMMAND, "CMD-DONE"),
        ("Cmd-Qty10", Kind.COMMAND, "CMD-QTY10"),
        ("loc-c-01-3", Kind.LOCATION, "LOC-c-01-3"),
        ("doc-ASN-1001", Kind.DOCUMENT, "DOC-ASN-1001"),
        ("usr-1001.aBc", Kind.BADGE, "USR-1001.aBc"),
        ("  LOC-B-04-2 ", Kind.LOCATION, "LOC-B-04-2"),
    ],
)
def test_prefixes_of_own_labels_may_be_typed_in_small_letters(text: str, kind: Kind, canonical: str) -> None:
    found = typed(text)

    assert (found.kind, found.text, found.code) == (kind, canonical, canonical[4:])


def test_a_sites_own_prefixes_count() -> None:
    assert typed("bin:a1", LabelPrefixes(location="BIN:")).code == "a1"


@pytest.mark.parametrize("text", ["a1B", "cry7", "loc", "A12B"])
def test_lots_and_serials_stay_as_they_are_typed(text: str) -> None:
    found = typed(text)

    assert (found.kind, found.text) == (Kind.UNKNOWN, text)


def test_nothing_typed_is_an_empty_scan() -> None:
    assert wrong("   ")[0] == "EMPTY"


@given(st.text())
def test_no_typed_text_raises_anything(text: str) -> None:
    found = read_typed(text, TODAY)

    assert isinstance(found, ScanError) or found.typed
    assert isinstance(key_fault(text), KeyFormatError | None)


@given(
    lot=st.text("ABab01()-./", min_size=1, max_size=20).filter(lambda lot: not any(c in lot for c in ("(0", "(1"))),
    serial=st.text("XYxy89", min_size=1, max_size=20),
)
def test_typing_and_scanning_one_label_come_to_the_same(lot: str, serial: str) -> None:
    elements = (("01", GTIN), ("17", "270615"), ("10", lot), ("21", serial))
    scanned = parse_scan("]d2" + format_element_string(elements), TODAY)
    found = typed("".join(f"({ai}){value}" for ai, value in elements))

    assert isinstance(scanned, ParsedScan)
    assert replace(found, text=scanned.text, symbology="]d2", typed=False) == scanned
