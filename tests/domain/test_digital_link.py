from __future__ import annotations

import time
from datetime import date

import pytest

from scanner_app.domain.digital_link import is_link, read_digital_link
from scanner_app.domain.element_strings import Message
from scanner_app.domain.parsed_scan import ScanError
from scanner_app.domain.parsed_scan import ScanErrorCode as Code

TODAY = date(2026, 11, 24)
PALLET = "https://a/00/376104250021234569"
ITEM = "https://example.org/01/09506000134352"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://a", True),
        ("HTTPS://a", True),
        ("http:/a", False),
        ("ftp://a", False),
        ("", False),
        ("a http://", False),
    ],
)
def test_a_web_address_is_told_by_its_scheme(text: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_link(text, 0) is expected
    assert is_link("]Q1" + text, 3) is expected


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        (ITEM, [("01", "09506000134352")]),
        (ITEM + "?", [("01", "09506000134352")]),
        (ITEM + "#top/of?it", [("01", "09506000134352")]),
        ("http://a.b:8080/x/y/01/09506000134352", [("01", "09506000134352")]),
        ("https://[2001:db8::1]/01/09506000134352", [("01", "09506000134352")]),
        (ITEM + "/10/A%2FB/21/c+d", [("01", "09506000134352"), ("10", "A/B"), ("21", "c+d")]),
        (ITEM + "/22/x/10/y/21/z", [("01", "09506000134352"), ("22", "x"), ("10", "y"), ("21", "z")]),
        (ITEM + "/235/x", [("01", "09506000134352"), ("235", "x")]),
        (ITEM + "?17=261231&linkType=all&single&=x", [("01", "09506000134352"), ("17", "261231")]),
        (ITEM + "?17=261231;11=251231&&", [("01", "09506000134352"), ("17", "261231"), ("11", "251231")]),
        (ITEM + "?99=%41%zz%4", [("01", "09506000134352"), ("99", "A%zz%4")]),
        (ITEM.replace("/01/", "/10/A/01/"), [("01", "09506000134352")]),
        ("https://a/414/9506000134352/254/x", [("414", "9506000134352"), ("254", "x")]),
        ("https://a/8010/9506000/8011/1", [("8010", "9506000"), ("8011", "1")]),
        (PALLET + "?02=09506000134352&37=5", [("00", "376104250021234569"), ("02", "09506000134352"), ("37", "5")]),
    ],
)
def test_addresses_that_are_digital_links(text: str, elements: list[tuple[str, str]]) -> None:
    found = read_digital_link(text, 0, TODAY)

    assert isinstance(found, Message)
    assert list(found.elements) == elements


@pytest.mark.parametrize(
    ("text", "code", "ai", "offset"),
    [
        ("http://", Code.BAD_FORMAT, None, 0),
        ("http:///01/09506000134352", Code.BAD_FORMAT, None, 0),
        ("http://a", Code.BAD_FORMAT, None, 0),
        ("http://a/", Code.BAD_FORMAT, None, 0),
        ("http://a@b/01/09506000134352", Code.BAD_FORMAT, None, 0),
        ("http://a?b/01/09506000134352", Code.BAD_FORMAT, None, 0),
        (ITEM + "|", Code.BAD_FORMAT, None, 0),
        (ITEM + "é", Code.BAD_FORMAT, None, 0),
        (ITEM + "\x1d", Code.BAD_FORMAT, None, 0),
        ("http://a/b", Code.BAD_FORMAT, None, 8),
        ("http://a/b/c", Code.BAD_FORMAT, None, 8),
        ("http://a/gtin/09506000134352", Code.BAD_FORMAT, None, 8),
        ("http://a/10/ABC", Code.BAD_FORMAT, None, 8),
        (ITEM + "/", Code.BAD_FORMAT, None, 19),
        (ITEM.replace("/01/", "/01//"), Code.BAD_FORMAT, None, 19),
        (ITEM + "/10/A/22/B", Code.BAD_FORMAT, None, 19),
        (ITEM + "/235/A/10/B", Code.BAD_FORMAT, None, 19),
        (ITEM + "/17/261231", Code.BAD_FORMAT, None, 19),
        (ITEM + "/10/A/10/A", Code.BAD_FORMAT, None, 19),
        ("https://a/00/376104250021234569/10/A", Code.BAD_FORMAT, None, 9),
        (ITEM + "/10/", Code.BAD_LENGTH, "10", 38),
        (ITEM + "/10/A%20B", Code.BAD_CHARACTER, "10", 38),
        (ITEM + "/10/A%00", Code.BAD_CHARACTER, "10", 38),
        (ITEM + "/10/A%C2%B2", Code.BAD_CHARACTER, "10", 38),
        (ITEM + "?3103=%B2%B2%B2%B2%B2%B2", Code.BAD_CHARACTER, "3103", 38),
        (ITEM + "?400=A+B", Code.BAD_CHARACTER, "400", 38),
        (ITEM + "?17=", Code.BAD_LENGTH, "17", 38),
        (ITEM + "?x=1&17=261301", Code.BAD_DATE, "17", 42),
        (ITEM + "?18=1", Code.UNKNOWN_AI, None, 38),
        (ITEM + "?17=261231&17=261231", Code.AI_REPEATED, "17", 48),
        (ITEM + "?01=09506000134352", Code.AI_REPEATED, "01", 38),
        (ITEM + "?21=A", Code.BAD_FORMAT, "21", 38),
        (ITEM + "?10=A", Code.BAD_FORMAT, "10", 38),
        (ITEM + "?02=09506000134352", Code.AI_CONFLICT, "02", 38),
        (ITEM.replace("352", "353"), Code.BAD_CHECK_DIGIT, "01", 20),
        ("https://a/01/9506000134352", Code.BAD_LENGTH, "01", 10),
    ],
)
def test_addresses_that_are_none_say_why_and_where(text: str, code: Code, ai: str | None, offset: int) -> None:
    found = read_digital_link(text, 0, TODAY)

    assert isinstance(found, ScanError)
    assert (found.code, found.ai, found.offset) == (code, ai, offset)


def test_a_serialised_item_asks_its_other_qualifiers_into_the_path() -> None:
    found = read_digital_link(ITEM + "/21/A?10=B", 0, TODAY)

    assert isinstance(found, ScanError)
    assert found.message == "(10) must not stand in the query."


def test_a_lot_of_a_pallets_content_may_stand_in_the_query() -> None:
    found = read_digital_link("https://a/00/376104250021234569?02=09506000134352&37=5&10=A", 0, TODAY)

    assert isinstance(found, Message)
    assert found.elements[-1] == ("10", "A")


@pytest.mark.parametrize(
    "text",
    [
        "https://a" + "/10/a" * 13000,
        "https://a/01/09506000134352?" + "17=1&" * 13000,
        "https://a/01/09506000134352?" + "&" * 65536,
        "https://a/01/09506000134352?400=" + "%41" * 21845,
        "https://" + "a" * 65536,
        "https://a" + "/" * 65536,
    ],
    ids=["qualifiers", "repeats", "ampersands", "percent", "host", "slashes"],
)
def test_long_addresses_take_bounded_time(text: str) -> None:
    start = time.perf_counter()
    read_digital_link(text, 0, TODAY)

    assert time.perf_counter() - start < 2
