"""ISO 15434 with PPN, HIBC, PZN and Code 32."""

from __future__ import annotations

from datetime import date

import pytest

from scanner_app.domain import hibc, iso15434, national
from scanner_app.domain.parsed_scan import Kind, ParsedScan, ScanError
from scanner_app.domain.parsed_scan import ScanErrorCode as Code
from scanner_app.domain.scan import parse_scan

TODAY = date(2026, 11, 24)
GS, RS, EOT = "\x1d", "\x1e", "\x04"
HEAD_06 = f"[)>{RS}06{GS}"
HEAD_05 = f"[)>{RS}05{GS}"
TAIL = RS + EOT
PPN = "9N111234567842"


def understood(text: str) -> ParsedScan:
    found = parse_scan(text, TODAY)
    assert isinstance(found, ParsedScan), found
    return found


def refused(text: str) -> ScanError:
    found = parse_scan(text, TODAY)
    assert isinstance(found, ScanError), found
    return found


def test_a_german_pack_gives_ppn_lot_expiry_and_serial() -> None:
    text = "]d1" + HEAD_06 + GS.join((PPN, "1T12345ABCD", "D271200", "S12345ABCDEF98765")) + TAIL
    parsed = understood(text)

    assert parsed.kind is Kind.ISO15434
    assert parsed.symbology == "]d1"
    assert parsed.elements == (
        ("9N", "111234567842"), ("1T", "12345ABCD"), ("D", "271200"), ("S", "12345ABCDEF98765"),
    )  # fmt: skip
    assert (str(parsed.lot), str(parsed.serial), parsed.expiry) == (
        "12345ABCD", "12345ABCDEF98765", date(2027, 12, 31),
    )  # fmt: skip
    assert parsed.gtin is None
    assert parsed.warnings[0].startswith("DAY_00: ")


@pytest.mark.parametrize("tail", ["", RS, EOT, TAIL, GS + TAIL])
def test_the_end_of_the_envelope_may_be_cut_off(tail: str) -> None:
    parsed = understood(HEAD_06 + PPN + GS + "Q24" + GS + "8P4006381333931" + GS + "16D20251231" + tail)

    assert str(parsed.gtin) == "04006381333931"
    assert parsed.quantity == 24
    assert parsed.elements[-1] == ("16D", "20251231")


@pytest.mark.parametrize("quantity", ["Q1.5", "Q123456789", "Q٣"])
def test_a_quantity_that_is_no_count_is_left_alone(quantity: str) -> None:
    parsed = understood(HEAD_06 + quantity + TAIL)

    assert parsed.quantity is None
    assert parsed.elements == (("Q", quantity[1:]),)


def test_a_long_expiry_and_a_field_told_twice_alike() -> None:
    parsed = understood(HEAD_06 + "14D20271231" + GS + "SX" + GS + "SX" + TAIL)

    assert parsed.expiry == date(2027, 12, 31)
    assert parsed.warnings == ()
    assert parsed.elements == (("14D", "20271231"), ("S", "X"))


def test_format_05_holds_element_strings() -> None:
    parsed = understood("]d1" + HEAD_05 + "0109506000134352" + "10A" + GS + "21B" + TAIL)

    assert parsed.kind is Kind.ISO15434
    assert (str(parsed.gtin), str(parsed.lot), str(parsed.serial)) == ("09506000134352", "A", "B")
    assert refused("]d1" + HEAD_05 + "0109506000134353" + TAIL).offset == 10


def test_other_formats_are_known_but_not_looked_into() -> None:
    assert understood(f"[)>{RS}12{GS}ABC{TAIL}").elements == ()


@pytest.mark.parametrize(
    ("text", "code", "ai", "offset"),
    [
        ("[)>", Code.BAD_FORMAT, None, 0),
        ("]d1[)>" + RS, Code.BAD_FORMAT, None, 3),
        ("[)>06" + GS + PPN, Code.BAD_FORMAT, None, 0),
        (f"[)>{RS}0X{GS}{PPN}", Code.BAD_FORMAT, None, 0),
        (HEAD_06 + PPN + RS + "05" + GS + "10A" + TAIL, Code.BAD_FORMAT, None, 0),
        (HEAD_06 + TAIL, Code.BAD_FORMAT, None, 7),
        (HEAD_06 + PPN + GS + GS + "SX", Code.BAD_FORMAT, None, 22),
        (HEAD_06 + "SX" + GS + "lot", Code.BAD_FORMAT, None, 10),
        (HEAD_06 + "SX" + GS + "SY", Code.AI_REPEATED, "S", 10),
        (HEAD_06 + "9N111234567843", Code.BAD_CHECK_DIGIT, "9N", 7),
        (HEAD_06 + "9N11", Code.BAD_FORMAT, "9N", 7),
        (HEAD_06 + "8P4006381333932", Code.BAD_CHECK_DIGIT, "8P", 7),
        (HEAD_06 + "8P40063813339", Code.BAD_FORMAT, "8P", 7),
        (HEAD_06 + "1T" + "x" * 21, Code.BAD_FORMAT, "1T", 7),
        (HEAD_06 + "D271301", Code.BAD_DATE, "D", 7),
        (HEAD_06 + "14D20271301", Code.BAD_DATE, "14D", 7),
    ],
)
def test_broken_messages_are_refused_at_their_field(text: str, code: Code, ai: str | None, offset: int) -> None:
    error = refused(text)

    assert (error.code, error.ai, error.offset) == (code, ai, offset)


def test_ppn_check_digits() -> None:
    assert iso15434.ppn_check_digits("1112345678") == "42"
    assert iso15434.ppn_check_digits("1103752864") == iso15434.ppn_check_digits("1103752864").zfill(2)


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("+A123BJC5D6E71G", [("LIC", "A123"), ("PCN", "BJC5D6E7"), ("UOM", "1")]),
        ("+A99912345/$$52001510X33", ["LIC", "PCN", "UOM", ("EXPIRY", "20015"), ("LOT", "10X3")]),
        ("+A123BJC5D6E71/$$52001510X3C", ["LIC", "PCN", "UOM", ("EXPIRY", "20015"), ("LOT", "10X3")]),
        ("+$$52001510X3GD", [("EXPIRY", "20015"), ("LOT", "10X3")]),
    ],
)
def test_hibc_labels_of_the_standard(text: str, elements: list[str | tuple[str, str]]) -> None:
    for scan in (text, "]C0" + text, "]Q1" + text):
        parsed = understood(scan)
        assert parsed.kind is Kind.HIBC
        assert parsed.gtin is None
        pairs = zip(parsed.elements, elements, strict=True)
        assert [pair if isinstance(wanted, tuple) else pair[0] for pair, wanted in pairs] == elements


def hibc_label(data: str) -> str:
    return data + hibc.check_character(data)


@pytest.mark.parametrize(
    ("secondary", "expiry", "lot", "serial", "quantity"),
    [
        ("$LOT1", None, "LOT1", None, None),
        ("$+SER1", None, None, "SER1", None),
        ("$$1226LOT1", date(2026, 12, 31), "LOT1", None, None),
        ("$$0226", date(2026, 2, 28), None, None, None),
        ("$$2123126LOT1", date(2026, 12, 31), "LOT1", None, None),
        ("$$3261231LOT1", date(2026, 12, 31), "LOT1", None, None),
        ("$$426123123LOT1", date(2026, 12, 31), "LOT1", None, None),
        ("$$526365LOT1", date(2026, 12, 31), "LOT1", None, None),
        ("$$62636523LOT1", date(2026, 12, 31), "LOT1", None, None),
        ("$$7LOT1", None, "LOT1", None, None),
        ("$$LOT1", None, "LOT1", None, None),
        ("$$8243261231LOT1", date(2026, 12, 31), "LOT1", None, 24),
        ("$$9002407LOT1", None, "LOT1", None, 240),
        ("$$+3261231SER1", date(2026, 12, 31), None, "SER1", None),
        ("$$+7", None, None, None, None),
        ("26365LOT1", date(2026, 12, 31), "LOT1", None, None),
        ("26365", date(2026, 12, 31), None, None, None),
        ("S1X/14D20261231/16D20251231/Q12/ZZ", date(2026, 12, 31), None, "1X", 12),
        ("$LOT1/S1X", None, "LOT1", "1X", None),
    ],
)
def test_hibc_secondary_data(
    secondary: str, expiry: date | None, lot: str | None, serial: str | None, quantity: int | None
) -> None:
    combined = understood(hibc_label("+A99912345/" + secondary))

    assert combined.elements[:3] == (("LIC", "A999"), ("PCN", "1234"), ("UOM", "5"))
    scans = [combined]
    if secondary[0] != "S":
        scans.append(understood(hibc_label("+" + secondary + "J")))
    for parsed in scans:
        assert (parsed.expiry, parsed.quantity) == (expiry, quantity)
        assert (parsed.lot and str(parsed.lot), parsed.serial and str(parsed.serial)) == (lot, serial)
        assert bool(parsed.warnings) == (secondary[2:4] in {"12", "02"})


def test_what_an_hibc_label_adds_is_kept() -> None:
    assert understood(hibc_label("+A99912345/$L/16D20251231/ZZ")).elements[3:] == (
        ("LOT", "L"), ("MFD", "20251231"), ("OTHER", "ZZ"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("+A99912345/$$3261301X", Code.BAD_DATE),
        ("+A99912345/$$1326X", Code.BAD_DATE),
        ("+A99912345/$$5", Code.BAD_DATE),
        ("+A99912345/$A B", Code.BAD_FORMAT),
        ("+A99912345/S" + "X" * 21, Code.BAD_FORMAT),
        ("+A99912345/QX", Code.BAD_FORMAT),
        ("+A99912345/Q123456", Code.BAD_FORMAT),
        ("+A99912345/14D20261301", Code.BAD_DATE),
        ("+A99912345/", Code.BAD_FORMAT),
        ("+A99912345/$L/", Code.BAD_FORMAT),
        ("+A99912345X", Code.BAD_FORMAT),
        ("+A999" + "1" * 20, Code.BAD_FORMAT),
        ("+26366J", Code.BAD_DATE),
    ],
)
def test_broken_hibc_labels_are_refused(data: str, code: Code) -> None:
    error = refused("]C0" + hibc_label(data))

    assert (error.code, error.offset) == (code, 3)


def test_a_wrong_check_character_is_told_where_the_label_is_surely_one() -> None:
    assert refused("+A123BJC5D6E71H").code is Code.BAD_CHECK_DIGIT
    assert refused("]C0+$LOT1XX").code is Code.BAD_CHECK_DIGIT
    assert understood("]C0+4912345678").kind is Kind.UNKNOWN
    assert understood("+4912345678").kind is Kind.UNKNOWN


@pytest.mark.parametrize("text", ["+", "+a123bjc5", "+A12", "]C0+A123BJC5,", "A123BJC5D6E71G", "+\x1d", "+A9991 2345"])
def test_what_has_not_the_shape_is_no_hibc(text: str) -> None:
    assert understood(text).kind is Kind.UNKNOWN


@pytest.mark.parametrize("text", ["-03752864", "-3752864", "]A0-03752864"])
def test_a_pzn_has_eight_digits(text: str) -> None:
    parsed = understood(text)

    assert parsed.kind is Kind.NATIONAL
    assert parsed.elements == (("PZN", "03752864"),)
    assert parsed.gtin is None


def test_a_wrong_pzn_is_refused() -> None:
    assert refused("-03752865").code is Code.BAD_CHECK_DIGIT
    assert national.pzn_check_digit("0375286") == "4"
    assert understood("]C0-03752864").kind is Kind.UNKNOWN
    assert understood("-037528645").kind is Kind.UNKNOWN


def test_a_pzn_whose_remainder_is_ten_cannot_exist() -> None:
    without = next(f"{number:07}" for number in range(1000) if national.pzn_check_digit(f"{number:07}") is None)

    for digit in "0123456789":
        assert "can exist" in refused("-" + without + digit).message


@pytest.mark.parametrize("text", ["A012345676", "]A0A012345676", "]A00CSSBD"])
def test_a_pharmacode_by_its_digits_or_six_characters(text: str) -> None:
    parsed = understood(text)

    assert parsed.kind is Kind.NATIONAL
    assert parsed.elements == (("CODE32", "012345676"),)


@pytest.mark.parametrize("text", ["A012345677", "]A00CSSBF", "]A0ZZZZZZ", "0CSSBD", "]C00CSSBD", "]A00ASSBD"])
def test_what_is_no_pharmacode_stays_unknown(text: str) -> None:
    assert understood(text).kind is Kind.UNKNOWN
