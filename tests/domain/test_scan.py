from __future__ import annotations

import dataclasses
import pickle
import time
from datetime import date

import pytest

from scanner_app.domain.keys import Gtin, Sscc
from scanner_app.domain.parsed_scan import parsed_scan
from scanner_app.domain.scan import (
    DEFAULT_LABELS,
    Kind,
    LabelPrefixes,
    ParsedScan,
    ScanError,
    ScanErrorCode,
    parse_scan,
    symbology_of,
)

TODAY = date(2026, 11, 24)
GS = "\x1d"
ITEM = "0109506000134352"


def understood(text: str, labels: LabelPrefixes = DEFAULT_LABELS) -> ParsedScan:
    found = parse_scan(text, TODAY, labels)
    assert isinstance(found, ParsedScan), found
    assert found.text == text
    return found


def refused(text: str) -> ScanError:
    found = parse_scan(text, TODAY)
    assert isinstance(found, ScanError), found
    return found


def test_a_pharma_pack() -> None:
    parsed = understood("]d2" + ITEM + "17271231" + "10AB/12" + GS + "21000x")

    assert parsed.kind is Kind.GS1
    assert parsed.symbology == "]d2"
    assert parsed.elements == (("01", "09506000134352"), ("17", "271231"), ("10", "AB/12"), ("21", "000x"))
    assert (str(parsed.gtin), str(parsed.lot), str(parsed.serial)) == ("09506000134352", "AB/12", "000x")
    assert parsed.expiry == date(2027, 12, 31)
    assert (parsed.sscc, parsed.gln, parsed.quantity, parsed.content_gtin, parsed.code) == (None,) * 5
    assert parsed.warnings == ()


@pytest.mark.parametrize("symbology", ["]C1", "]e0", "]e1", "]e2", "]d2", "]d8", "]Q3", "]J1"])
def test_every_gs1_carrier_holds_element_strings(symbology: str) -> None:
    parsed = understood(symbology + ITEM)

    assert (parsed.kind, parsed.symbology, str(parsed.gtin)) == (Kind.GS1, symbology, "09506000134352")
    assert refused(symbology).code is ScanErrorCode.EMPTY
    assert refused(symbology).offset == 3
    assert refused(symbology + "LOC-A").code is ScanErrorCode.UNKNOWN_AI


def test_a_pallet_and_its_content() -> None:
    parsed = understood("]C1" + "00376104250021234569" + "0209506000134352" + "3712")

    assert parsed.kind is Kind.GS1
    assert str(parsed.sscc) == "376104250021234569"
    assert str(parsed.content_gtin) == "09506000134352"
    assert parsed.gtin is None
    assert parsed.quantity == 12


def test_other_keys_reach_their_fields() -> None:
    assert str(understood("]C14149506000134352").gln) == "9506000134352"
    assert str(understood("]C10309506000134352").gtin) == "09506000134352"
    assert understood("]C1" + ITEM + "307").quantity == 7
    assert understood("]C1" + ITEM + "70032712312359").expiry == date(2027, 12, 31)


def test_an_expiry_without_day_is_the_last_of_the_month_and_told() -> None:
    parsed = understood("]d2" + ITEM + "17270200")

    assert parsed.expiry == date(2027, 2, 28)
    assert parsed.warnings == ("DAY_00: The expiry names no day; 2027-02-28, the last of the month, is meant.",)


def test_a_serial_alone_warns_of_its_missing_item() -> None:
    assert understood("]d221A").warnings == (
        "MISSING_COMPANION: (21) SERIAL stands without (01) or (03) or (8006).",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "gtin"),
    [
        ("]E04006381333931", "04006381333931"),
        ("]E496385074", "00000096385074"),
        ("]E3400638133393112", "04006381333931"),
        ("]E3400638133393112345", "04006381333931"),
        ("]I109506000134352", "09506000134352"),
        ("]I009506000134352", "09506000134352"),
        ("96385074", "00000096385074"),
        ("614141007349", "00614141007349"),
        ("4006381333931", "04006381333931"),
        ("09506000134352", "09506000134352"),
    ],
)
def test_gtins_of_other_carriers_and_bare_ones(text: str, gtin: str) -> None:
    parsed = understood(text)

    assert (parsed.kind, str(parsed.gtin), parsed.elements) == (Kind.GTIN, gtin, ())
    assert parsed.symbology == (text[:3] if text[0] == "]" else None)


@pytest.mark.parametrize(
    ("text", "code", "offset"),
    [
        ("", "EMPTY", 0),
        ("]", "BAD_SYMBOLOGY", 0),
        ("]d", "BAD_SYMBOLOGY", 0),
        ("]]d2", "BAD_SYMBOLOGY", 0),
        ("]d ", "BAD_SYMBOLOGY", 0),
        ("]é2x", "BAD_SYMBOLOGY", 0),
        ("]D2" + ITEM, "INVERTED_CASE", 0),
        ("]q3" + ITEM, "INVERTED_CASE", 0),
        ("]c1" + ITEM, "INVERTED_CASE", 0),
        ("]j1" + ITEM, "INVERTED_CASE", 0),
        ("+d2" + ITEM, "WRONG_LAYOUT", 0),
        ("+C1" + ITEM, "WRONG_LAYOUT", 0),
        ("$e0" + ITEM, "WRONG_LAYOUT", 0),
        ("+E04006381333931", "WRONG_LAYOUT", 0),
        ("]E0", "EMPTY", 3),
        ("]E04006381333932", "BAD_CHECK_DIGIT", 3),
        ("]E0400638133393", "BAD_LENGTH", 3),
        ("]E0400638133393A", "BAD_CHARACTER", 3),
        ("]E0400638133393²", "BAD_CHARACTER", 3),
        ("]E4963850741", "BAD_LENGTH", 3),
        ("]E3400638133393212", "BAD_CHECK_DIGIT", 3),
        ("]I109506000134353", "BAD_CHECK_DIGIT", 3),
        ("]E04006381333932|]e010A", "BAD_CHECK_DIGIT", 3),
        ("]E04006381333931|]e0", "EMPTY", 20),
        ("]E04006381333931|]e017261301", "BAD_DATE", 20),
        ("]d2" + GS + ITEM, "LEADING_SEPARATOR", 3),
        ("]d2" + ITEM + "10A" + GS + GS + "21B", "DOUBLE_SEPARATOR", 22),
        ("]Q1https://a/b", "BAD_FORMAT", 12),
        ("https://example.org/", "BAD_FORMAT", 0),
        ("]Q1https://a/01/09506000134353", "BAD_CHECK_DIGIT", 13),
        ("LOC-", "BAD_FORMAT", 0),
        ("]C0LOC-A" + GS, "BAD_FORMAT", 3),
        ("USR-\x1b[2J", "BAD_FORMAT", 0),
        ("DOC-" + "x" * 129, "BAD_FORMAT", 0),
        ("CMD-é", "BAD_FORMAT", 0),
    ],
)
def test_scans_that_are_refused(text: str, code: str, offset: int) -> None:
    error = refused(text)

    assert (error.code.value, error.ai if code != "BAD_DATE" else None, error.offset) == (
        code, "01" if text.startswith("]Q1https://a/01") else None, offset,
    )  # fmt: skip
    assert error.message.endswith(".")


def test_a_composite_gives_the_item_of_its_linear_part_and_the_strings_of_the_other() -> None:
    parsed = understood("]E04006381333931|]e010A" + GS + "17271231")

    assert parsed.kind is Kind.GS1
    assert str(parsed.gtin) == "04006381333931"
    assert parsed.elements == (("10", "A"), ("17", "271231"))
    assert str(understood("]E04006381333931|]e0" + ITEM).gtin) == "09506000134352"


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("LOC-A-01-2", Kind.LOCATION, "A-01-2"),
        ("USR-1042.abc", Kind.BADGE, "1042.abc"),
        ("CMD-QTY10", Kind.COMMAND, "QTY10"),
        ("DOC-ASN-1001", Kind.DOCUMENT, "ASN-1001"),
    ],
)
@pytest.mark.parametrize("symbology", ["", "]C0", "]A0", "]d1", "]Q1"])
def test_own_labels(symbology: str, text: str, kind: Kind, code: str) -> None:
    parsed = understood(symbology + text)

    assert (parsed.kind, parsed.code, parsed.symbology) == (kind, code, symbology or None)


def test_prefixes_of_own_labels_are_the_sites_choice() -> None:
    labels = LabelPrefixes(location="%L", badge="%B", command="%C", document="%D")

    assert understood("%LA1", labels).kind is Kind.LOCATION
    assert understood("LOC-A1", labels).kind is Kind.UNKNOWN


def test_a_badge_does_not_show_in_its_representation() -> None:
    assert "1042" not in repr(understood("USR-1042.token"))
    assert "ABC" in repr(understood("ABC"))


def test_bare_keys() -> None:
    assert understood("376104250021234569").sscc == Sscc("376104250021234569")
    assert understood("376104250021234569").kind is Kind.SSCC


@pytest.mark.parametrize(
    "text",
    [
        "4006381333932", "376104250021234560", "123456789", "²" * 14, "ABC", " ", ITEM + "17271231",
        "(01)09506000134352", "]Q1TESTING", "]J0", "]X0", "]C0376104250021234569", "]I012345678901234", "]I1123456",
        "]E312", "]E3x",
        "]E3400638133393112²", "]z0abc", "é", "\x00", "-", "A0", "loc-1",
    ],
)  # fmt: skip
def test_what_says_nothing_stays_unknown(text: str) -> None:
    parsed = understood(text)

    assert parsed.kind is Kind.UNKNOWN
    assert (parsed.gtin, parsed.sscc, parsed.elements, parsed.warnings) == (None, None, (), ())


def test_separators_without_an_identifier_are_warned_of_and_never_guessed() -> None:
    parsed = understood(ITEM + "10A" + GS + "21B")

    assert parsed.kind is Kind.UNKNOWN
    assert parsed.warnings[0].startswith("NO_SYMBOLOGY_ID: ")


@pytest.mark.parametrize("symbology", ["", "]Q1", "]d1", "]J0"])
def test_a_digital_link_in_any_carrier(symbology: str) -> None:
    parsed = understood(symbology + "https://id.example.org/01/09506000134352/10/A/21/B?17=271231")

    assert parsed.kind is Kind.DIGITAL_LINK
    assert (str(parsed.gtin), str(parsed.lot), str(parsed.serial)) == ("09506000134352", "A", "B")
    assert parsed.expiry == date(2027, 12, 31)


def test_symbology_identifiers() -> None:
    assert [symbology_of(text) for text in ("]d2x", "]D2", "d2", "]d", "")] == ["]d2", "]D2", None, None, None]


def test_a_parsed_scan_made_quickly_is_the_same_as_any_other() -> None:
    quick = parsed_scan(
        Kind.GS1, "t", "]d2", (("01", "x"),), Gtin("1"), None, None, None, None, None, 5, None, ("W: w.",)
    )
    plain = ParsedScan(
        Kind.GS1, "t", "]d2", (("01", "x"),), Gtin("1"), quantity=5, warnings=("W: w.",)
    )  # fmt: skip

    assert type(quick) is ParsedScan
    assert quick == plain
    assert hash(quick) == hash(plain)
    assert dataclasses.replace(quick) == plain
    assert pickle.loads(pickle.dumps(quick)) == plain  # noqa: S301 - our own bytes
    with pytest.raises(dataclasses.FrozenInstanceError):
        quick.code = "x"  # type: ignore[misc]


@pytest.mark.parametrize(
    "text",
    [
        *("+" + "A" * 65535, "+A999" + "/" * 65536, "-" + "1" * 65535, "1" * 65536, "LOC-" + "x" * 65536),
        *("[)>\x1e06" + "\x1dSX" * 20000, "[)>\x1e06\x1d" + "A" * 65536, "]E0" + "1" * 65536, "]A0" + "Z" * 65536),
    ],
    ids=range(9),
)
def test_long_scans_take_bounded_time(text: str) -> None:
    start = time.perf_counter()
    parse_scan(text, TODAY)

    assert time.perf_counter() - start < 2
