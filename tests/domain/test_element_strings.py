from __future__ import annotations

import time
from datetime import date

import pytest

from scanner_app.domain.element_strings import Message, format_element_string, read_element_strings
from scanner_app.domain.parsed_scan import ScanError
from scanner_app.domain.parsed_scan import ScanErrorCode as Code

TODAY = date(2026, 11, 24)
GS = "\x1d"
ITEM = "0109506000134352"
UNIT = "00376104250021234569"


def read(text: str) -> Message:
    found = read_element_strings(text, 0, TODAY)
    assert isinstance(found, Message)
    return found


def refused(text: str, start: int = 0) -> ScanError:
    found = read_element_strings(text, start, TODAY)
    assert isinstance(found, ScanError)
    return found


@pytest.mark.parametrize(
    ("text", "ais"),
    [
        (ITEM, ["01"]),
        (ITEM + "17261231" + "10ABC" + GS + "21X-1", ["01", "17", "10", "21"]),
        (ITEM + "21X-1" + GS + "10ABC" + GS + "17261231", ["01", "21", "10", "17"]),
        (ITEM + GS + "17261231" + GS + "10ABC" + GS, ["01", "17", "10"]),
        (ITEM + "10" + "2" * 20 + GS + "21a", ["01", "10", "21"]),
        (ITEM + "3103000123" + "3922" + "1050", ["01", "3103", "3922"]),
        ("4149506000134352" + "254A", ["414", "254"]),
        ("99x", ["99"]),
        ("", []),
    ],
)
def test_messages_are_read_in_their_order(text: str, ais: list[str]) -> None:
    elements = read(text).elements

    assert [ai for ai, _ in elements] == ais
    assert "".join(ai + value for ai, value in elements) == text.replace(GS, "")


def test_a_lot_that_looks_like_element_strings_stays_a_lot() -> None:
    assert read(ITEM + "1021ABC17261231").elements[1] == ("10", "21ABC17261231")


@pytest.mark.parametrize(
    ("text", "code", "ai", "offset"),
    [
        (GS + ITEM, Code.LEADING_SEPARATOR, None, 0),
        (ITEM + "10A" + GS + GS + "21B", Code.DOUBLE_SEPARATOR, None, 19),
        (ITEM + "10A" + GS + GS, Code.DOUBLE_SEPARATOR, None, 19),
        (ITEM + "10Aé", Code.BAD_CHARACTER, None, 19),
        ("0109506000134353", Code.BAD_CHECK_DIGIT, "01", 0),
        ("010950600013435", Code.BAD_LENGTH, "01", 0),
        ("0109506000" + GS + "134352", Code.BAD_LENGTH, "01", 0),
        ("0109506000A34352", Code.BAD_CHARACTER, "01", 0),
        (ITEM + "10", Code.BAD_LENGTH, "10", 16),
        (ITEM + "10" + GS + "21A", Code.BAD_LENGTH, "10", 16),
        (ITEM + "10" + "2" * 21, Code.BAD_LENGTH, "10", 16),
        (ITEM + "10A B", Code.BAD_CHARACTER, "10", 16),
        (ITEM + "10A" + GS + "17261301", Code.BAD_DATE, "17", 20),
        (ITEM + GS + "17260230", Code.BAD_DATE, "17", 17),
        (ITEM + "8101", Code.UNKNOWN_AI, None, 16),
        (ITEM + "1", Code.UNKNOWN_AI, None, 16),
        (ITEM + "21a" + GS + "31", Code.UNKNOWN_AI, None, 20),
        (ITEM + "422000", Code.BAD_VALUE, "422", 16),
    ],
)
def test_a_fault_is_told_with_its_ai_and_offset(text: str, code: Code, ai: str | None, offset: int) -> None:
    error = refused(text)

    assert (error.code, error.ai, error.offset) == (code, ai, offset)
    assert error.message.endswith(".")


def test_offsets_count_from_the_head_of_the_scan() -> None:
    assert refused("]d2" + ITEM + "17261301", 3).offset == 19


@pytest.mark.parametrize("value", ["²²²²²²", "٣٣٣٣٣٣", "\uff11\uff12\uff13\uff11\uff12\uff13"])
def test_digits_of_other_scripts_are_no_digits(value: str) -> None:
    assert refused(ITEM + "17" + value).code is Code.BAD_CHARACTER


@pytest.mark.parametrize(
    ("text", "ai", "offset"),
    [
        (ITEM + "0209506000134352", "02", 16),
        (ITEM + "3712", "01", 0),
        ("0209506000134352" + ITEM, "02", 0),
        (ITEM + "21A" + GS + "235B", "21", 16),
        (ITEM + "3100000001" + "3101000001", "3100", 16),
        ("8017376104250021234569" + GS + "8018376104250021234569", "8017", 0),
        ("2539506000134352" + GS + "8030ABC", "253", 0),
        ("8030ABC" + GS + "2559506000134352", "255", 8),
        ("8030ABC" + GS + "800309506000134352", "8003", 8),
    ],
)
def test_what_must_not_stand_together_is_refused(text: str, ai: str, offset: int) -> None:
    error = refused(text)

    assert (error.code, error.ai, error.offset) == (Code.AI_CONFLICT, ai, offset)


def test_a_signature_is_content_with_a_serialised_key() -> None:
    assert len(read("8030ABC" + GS + "2539506000134352X").elements) == 2
    assert len(read("8030ABC" + GS + "80030950600013435212").elements) == 2
    assert len(read("2539506000134352").elements) == 1


def test_an_ai_may_come_again_with_the_same_value_alone() -> None:
    assert read("10A" + GS + ITEM + "10A").elements == (("10", "A"), ("01", "09506000134352"), ("10", "A"))

    error = refused("10A" + GS + ITEM + "10B")
    assert (error.code, error.ai, error.offset) == (Code.AI_REPEATED, "10", 20)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (ITEM + "10A" + GS + "21B", []),
        ("21B", ["21"]),
        ("10A" + GS + "21B", ["10", "21"]),
        ("0209506000134352" + "3712", ["37"]),
        (UNIT + "0209506000134352" + "3712", []),
        (ITEM + "250A", ["250"]),
        (ITEM + "21B" + GS + "250A", []),
        (ITEM + "39211050", ["3921"]),
        (ITEM + "3103000123" + "39211050", []),
        ("21B" + GS + "21B", ["21"]),
    ],
)
def test_a_missing_companion_is_a_warning(text: str, missing: list[str]) -> None:
    warnings = read(text).warnings

    assert [warning.partition("(")[2].partition(")")[0] for warning in warnings] == missing
    assert all(warning.startswith("MISSING_COMPANION: ") for warning in warnings)


def test_a_companion_is_named_in_words() -> None:
    assert read("7258" + "1/3").warnings == (
        "MISSING_COMPANION: (7258) BIRTH SEQUENCE stands without (8018) with (7259).",
    )


def test_a_message_is_written_with_separators_only_where_they_are_needed() -> None:
    written = format_element_string([("01", "09506000134352"), ("10", "A"), ("17", "261231"), ("21", "B")])

    assert written == ITEM + "10A" + GS + "17261231" + "21B"
    assert format_element_string([("10", "A"), ("17", "261231")]) == "10A" + GS + "17261231"
    assert format_element_string([("04", "x"), ("10", "A")]) == "04x" + GS + "10A"
    assert format_element_string([]) == ""


@pytest.mark.parametrize(
    "text",
    [
        "11010101" * 8192,
        ("10A" + GS) * 16384,
        ITEM + "10" + "A" * 65536,
        "A" * 65536,
        GS * 65536,
        ("91" + "x" * 90 + GS) * 700,
        ("8110" + "1" * 70 + GS) * 880,
        "é" * 65536,
    ],
    ids=["dates", "lots", "lot", "letters", "separators", "internal", "coupons", "accents"],
)
def test_long_input_takes_bounded_time(text: str) -> None:
    start = time.perf_counter()
    read_element_strings(text, 0, TODAY)

    assert time.perf_counter() - start < 2
