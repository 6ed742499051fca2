"""Any message that can be written comes back as it was; nothing that can be scanned raises."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from scanner_app.domain.dates import yymmdd_of
from scanner_app.domain.element_strings import Message, format_element_string, read_element_strings
from scanner_app.domain.keys import CSET82, check_digit
from scanner_app.domain.parsed_scan import ScanError
from scanner_app.domain.scan import Kind, ParsedScan, parse_scan

TODAY = date(2026, 11, 24)
DAYS = st.dates(date(1978, 1, 1), date(2075, 12, 31))
TEXT20 = st.text(sorted(CSET82), min_size=1, max_size=20)


def keys(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length - 1, max_size=length - 1).map(lambda text: text + check_digit(text))


ELEMENTS: dict[str, st.SearchStrategy[str]] = {
    "00": keys(18),
    "01": keys(14),
    "10": TEXT20,
    "11": DAYS.map(yymmdd_of),
    "17": DAYS.map(lambda day: f"{day:%y%m}00"),
    "20": st.integers(0, 99).map("{:02}".format),
    "21": TEXT20,
    "240": st.text(sorted(CSET82), min_size=1, max_size=30),
    "30": st.integers(0, 99999999).map(str),
    "3103": st.integers(0, 999999).map("{:06}".format),
    "400": st.text(sorted(CSET82), min_size=1, max_size=30),
    "414": keys(13),
    "7003": DAYS.map(lambda day: f"{day:%y%m%d}2359"),
    "710": TEXT20,
    "8008": DAYS.map(lambda day: f"{day:%y%m%d}23"),
    "91": st.text(sorted(CSET82), min_size=1, max_size=90),
}
MESSAGES = st.lists(st.sampled_from(sorted(ELEMENTS)), min_size=1, max_size=8, unique=True).flatmap(
    lambda ais: st.tuples(*[st.tuples(st.just(ai), ELEMENTS[ai]) for ai in ais])
)


@given(MESSAGES)
def test_what_was_written_is_what_is_read(elements: tuple[tuple[str, str], ...]) -> None:
    found = read_element_strings(format_element_string(elements), 0, TODAY)

    assert isinstance(found, Message)
    assert found.elements == elements


@given(MESSAGES)
def test_keys_reach_their_fields_unchanged(elements: tuple[tuple[str, str], ...]) -> None:
    parsed = parse_scan("]d2" + format_element_string(elements), TODAY)

    assert isinstance(parsed, ParsedScan)
    values = dict(elements)
    for ai, field in (("01", parsed.gtin), ("10", parsed.lot), ("21", parsed.serial), ("414", parsed.gln)):
        assert (None if field is None else str(field)) == values.get(ai)
    assert (None if parsed.sscc is None else str(parsed.sscc)) == values.get("00")
    assert (None if parsed.quantity is None else parsed.quantity) == (int(values["30"]) if "30" in values else None)


HEADS = st.sampled_from(
    [
        *(
            "",
            "]",
            "]d2",
            "]C1",
            "]Q3",
            "]e0",
            "]J1",
            "]Q1",
            "]d1",
            "]E0",
            "]E4",
            "]E3",
            "]I1",
            "]A0",
            "]D2",
            "+",
            "+$$",
        ),
        *("]Q1https://", "https://id.gs1.org/01/", "[)>\x1e06\x1d", "]d1[)>\x1e05\x1d", "LOC-", "USR-", "A0", "]A0-"),
        *("\x1d", "-"),
    ]
)
FRAGMENTS = st.lists(
    st.one_of(
        st.text(max_size=12),
        st.text("0123456789", max_size=20),
        st.sampled_from(
            ["\x1d", "\x1e", "\x04", "/", "?", "=", "&", "%", "%00", "#", "|]e0", "01", "10", "21", "8110"]
        ),
        st.sampled_from(
            ["0109506000134352", "17261231", "3922", "7003", "$", "+", "9N", "1T", "D", "Q", "²", "\ud800"]
        ),
        st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%", max_size=20),
    ),
    max_size=8,
).map("".join)


@settings(max_examples=400)
@given(HEADS, FRAGMENTS)
@example("]E3", "²²²²²²²²²²²²²²²")
@example("", "²" * 14)
@example("]A0-", "²²²²²²²²")
def test_nothing_that_can_be_scanned_raises(head: str, rest: str) -> None:
    text = head + rest
    found = parse_scan(text, TODAY)

    if isinstance(found, ScanError):
        assert 0 <= found.offset <= len(text)
        assert found.message.isprintable()
        assert found.message.endswith(".")
    else:
        assert found.text == text
        assert all(": " in warning for warning in found.warnings)


@given(HEADS, FRAGMENTS)
def test_what_a_scan_says_does_not_depend_on_the_day_but_for_dates(head: str, rest: str) -> None:
    first, second = (parse_scan(head + rest, date(year, 1, 1)) for year in (2026, 2027))
    assume(isinstance(first, ParsedScan) and isinstance(second, ParsedScan))
    assert isinstance(first, ParsedScan)
    assert isinstance(second, ParsedScan)

    assert (first.kind, first.elements, first.gtin, first.lot) == (
        second.kind,
        second.elements,
        second.gtin,
        second.lot,
    )


@settings(max_examples=60)
@given(keys(14), DAYS, st.text("ABCXYZ0123456789", min_size=1, max_size=20), st.text("AZ09", min_size=1, max_size=20))
def test_biip_agrees_on_valid_pharma_strings(gtin: str, day: date, lot: str, serial: str) -> None:
    biip = pytest.importorskip("biip", reason="biip, the second opinion, is not installed")
    scan = f"]d201{gtin}17{yymmdd_of(day)}10{lot}\x1d21{serial}"
    parsed = parse_scan(scan, TODAY)
    assert isinstance(parsed, ParsedScan)
    assert parsed.kind is Kind.GS1

    theirs = biip.parse(scan).gs1_message
    assume(theirs is not None)
    assert [(element.ai.ai, element.value) for element in theirs.element_strings] == list(parsed.elements)


@settings(max_examples=60)
@given(keys(14), DAYS, st.text("ABCXYZ0123456789", min_size=1, max_size=20))
def test_python_stdnum_agrees_on_valid_pharma_strings(gtin: str, day: date, lot: str) -> None:
    gs1_128 = pytest.importorskip("stdnum.gs1_128", reason="python-stdnum, the second opinion, is not installed")
    message = f"01{gtin}17{yymmdd_of(day)}10{lot}"
    parsed = parse_scan("]C1" + message, TODAY)
    assert isinstance(parsed, ParsedScan)

    theirs = gs1_128.info(message)
    assert theirs["01"] == str(parsed.gtin)
    assert theirs["10"] == str(parsed.lot)
    assert {"17": theirs["17"]}.keys() <= dict(parsed.elements).keys()
