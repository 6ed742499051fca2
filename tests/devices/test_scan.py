from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.scan import PAYLOAD_BYTES_MAX, Ending, Method, RawScan, scan_of_text, symbology_of, text_of


def test_the_values_are_the_words_of_the_ledger() -> None:
    assert [method.value for method in Method] == ["scanned", "manual", "recovered", "rfid"]
    assert [ending.value for ending in Ending] == ["terminator", "idle", "pasted"]


@pytest.mark.parametrize(
    ("text", "symbology"),
    [
        ("]d2010950600013435210A1", "]d2"),
        ("]C1x", "]C1"),
        ("]D2 inverted capitals stay visible", "]D2"),
        ("]Q3", "]Q3"),
        ("+d2 wrong layout", None),
        ("]", None),
        ("]d", None),
        ("]]d2", None),
        ("]d\u0662", None),
        ("010950600013435210", None),
        ("", None),
    ],
)
def test_the_symbology_identifier_is_what_stands_at_the_head(text: str, symbology: str | None) -> None:
    assert symbology_of(text) == symbology


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"10A\x1d21B", "10A\x1d21B"),
        ("Gr\u00f6\u00dfe".encode(), "Gr\u00f6\u00dfe"),
        (b"Gr\xf6\xdfe", "Gr\u00f6\u00dfe"),
        (b"\xff\xfe", "\u00ff\u00fe"),
    ],
)
def test_bytes_are_utf_8_or_else_latin_1(payload: bytes, text: str) -> None:
    assert text_of(payload) == text


def test_a_text_becomes_a_scan_with_every_fact() -> None:
    scan = scan_of_text("]d2A\x1d", source="keyboard", monotonic_ns=7, wall_ms=8, method=Method.MANUAL)
    assert scan == RawScan(
        payload=b"]d2A\x1d",
        text="]d2A\x1d",
        symbology="]d2",
        source="keyboard",
        profile="text",
        commissioned=True,
        method=Method.MANUAL,
        monotonic_ns=7,
        wall_ms=8,
        ended_by=Ending.TERMINATOR,
        cut=False,
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        scan.text = "other"  # type: ignore[misc] # that it is refused is the test


@given(st.text(alphabet=st.characters(), max_size=60))
def test_any_text_can_be_stored_and_is_what_its_payload_decodes_to(text: str) -> None:
    scan = scan_of_text(text, source="replay", monotonic_ns=0, wall_ms=0)
    scan.text.encode("utf-8")
    assert text_of(scan.payload) == scan.text
    assert not scan.cut
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert scan.text == text


def test_a_text_that_is_too_long_is_cut() -> None:
    whole = scan_of_text("x" * PAYLOAD_BYTES_MAX, source="s", monotonic_ns=0, wall_ms=0)
    long = scan_of_text("x" * (PAYLOAD_BYTES_MAX + 1), source="s", monotonic_ns=0, wall_ms=0)
    assert (whole.cut, long.cut) == (False, True)
    assert whole.payload == long.payload
