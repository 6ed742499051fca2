from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.profile import UNPROVEN, VIRTUAL, ProfileError, ScannerProfile


def test_the_defaults_take_every_terminator_and_trust_nobody() -> None:
    assert ScannerProfile("dock").end_bytes == b"\x03\t\n\r"
    assert (UNPROVEN.commissioned, VIRTUAL.commissioned) == (False, True)
    assert UNPROVEN.require_symbology


def test_end_bytes_are_those_of_the_named_terminators() -> None:
    assert ScannerProfile("a", terminators=("crlf", "cr")).end_bytes == b"\n\r"
    assert ScannerProfile("a", terminators=()).end_bytes == b""


@pytest.mark.parametrize(
    ("key", "setting"),
    [
        ("name", ""),
        ("name", "x" * 65),
        ("name", "a\x1b[2J"),
        ("name", None),
        ("bit_rate", 9601),
        ("bit_rate", "9600"),
        ("terminators", "cr"),
        ("terminators", ("cr", "esc")),
        ("terminators", (7,)),
        ("idle_gap_ms", 0),
        ("idle_gap_ms", 10_001),
        ("idle_gap_ms", 5.5),
        ("idle_gap_ms", True),
        ("payload_bytes_max", 0),
        ("payload_bytes_max", 4097),
        ("separator", ""),
        ("separator", "/"),
        ("separator", "%"),
        ("separator", "##"),
        ("separator", ["|"]),
        ("prefix", "x" * 33),
        ("prefix", "\u00e9"),
        ("prefix", "a\r"),
        ("suffix", "\x00"),
        ("suffix", "\x02"),
        ("suffix", 5),
        ("require_symbology", "yes"),
        ("commissioned", 1),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name(key: str, setting: object) -> None:
    settings: dict[str, Any] = {"name": "dock", key: setting}
    with pytest.raises(ProfileError) as caught:
        ScannerProfile(**settings)
    assert (caught.value.key, caught.value.code) == (key, "PROFILE_INVALID")
    assert str(caught.value).startswith(f"{key}: ")


def test_a_prefix_may_hold_what_the_profile_does_not_take_as_an_end() -> None:
    assert ScannerProfile("a", terminators=("cr",), prefix="\t", suffix="\n").prefix == "\t"


words = st.text(alphabet="ab|\x00\x1b\x1d\r\u00e9\ud800", max_size=40)
anything = st.one_of(st.none(), st.booleans(), st.integers(), words, st.lists(words, max_size=3))
keys = st.sampled_from(list(ScannerProfile.__dataclass_fields__))


@given(st.dictionaries(keys, anything))
def test_any_setting_is_taken_or_refused_by_name(settings: dict[str, Any]) -> None:
    try:
        profile = ScannerProfile(**{"name": "dock"} | settings)
    except ProfileError as error:
        assert error.key in settings  # noqa: PT017 - either outcome is right
    else:
        assert profile.end_bytes.isascii()
