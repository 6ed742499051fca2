from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.decode import UNEXPECTED_SEPARATOR, decode
from devices.framing import Frame
from devices.profile import SEPARATOR_CHARACTERS, SEPARATOR_TOKENS, VIRTUAL, ScannerProfile
from devices.scan import Ending, Method, RawScan


def scanned(payload: bytes, profile: ScannerProfile = VIRTUAL, *, cut: bool = False) -> RawScan:
    frame = Frame(payload, Ending.TERMINATOR, cut=cut, last_ns=11)
    return decode(frame, profile, source="virtual", wall_ms=22)


def test_a_frame_becomes_a_scan_with_every_fact() -> None:
    payload = b"]d2010950600013435210A1\x1d21X"
    assert scanned(payload) == RawScan(
        payload=payload,
        text=payload.decode(),
        symbology="]d2",
        source="virtual",
        profile="virtual",
        commissioned=True,
        method=Method.SCANNED,
        monotonic_ns=11,
        wall_ms=22,
        ended_by=Ending.TERMINATOR,
        cut=False,
    )


def test_the_ending_the_method_and_the_profile_are_handed_on() -> None:
    frame = Frame(b"3034", Ending.IDLE, cut=False, last_ns=0)
    scan = decode(frame, ScannerProfile("gate"), source="serial:x", wall_ms=0, method=Method.RFID)
    assert (scan.ended_by, scan.method, scan.profile, scan.commissioned, scan.symbology) == (
        Ending.IDLE,
        Method.RFID,
        "gate",
        False,
        None,
    )


@pytest.mark.parametrize("separator", [*SEPARATOR_CHARACTERS, *SEPARATOR_TOKENS])
def test_the_separator_of_the_profile_becomes_gs_and_the_payload_stays(separator: str) -> None:
    payload = f"]d210A1{separator}21X{separator}".encode()
    scan = scanned(payload, ScannerProfile("old", separator=separator))
    assert scan.text == "]d210A1\x1d21X\x1d"
    assert (scan.payload, scan.symbology) == (payload, "]d2")


def test_what_is_no_separator_in_the_profile_stays_as_it_is() -> None:
    assert scanned(b"]d210A1|21X<GS>91Y").text == "]d210A1|21X<GS>91Y"
    assert scanned(b"10A1|21X#91Y", ScannerProfile("old", separator="#")).text == "10A1|21X\x1d91Y"


def test_a_real_gs_from_a_device_that_should_send_another_is_not_taken_as_one() -> None:
    text = scanned(b"]d210A1\x1d21X|91Y", ScannerProfile("old", separator="|")).text
    assert text == f"]d210A1{UNEXPECTED_SEPARATOR}21X\x1d91Y"
    assert not text.isascii()


def test_the_flag_character_at_the_head_is_no_separator() -> None:
    profile = ScannerProfile("odd", separator="]")
    assert scanned(b"]d210A1]21X", profile).text == "]d210A1\x1d21X"
    assert scanned(b"]10A1", profile).text == "\x1d10A1"


@pytest.mark.parametrize("payload", [b"~]C110A1;", b"~;"])
def test_prefix_and_suffix_are_taken_off_the_text_alone(payload: bytes) -> None:
    scan = scanned(payload, ScannerProfile("framed", prefix="~", suffix=";"))
    assert (scan.text, scan.payload, scan.cut) == (payload[1:-1].decode(), payload, False)


@pytest.mark.parametrize("payload", [b"]C110A1;", b"~]C110A1", b"~", b";", b"~]C110A1;x"])
def test_a_missing_prefix_or_suffix_means_lost_bytes(payload: bytes) -> None:
    scan = scanned(payload, ScannerProfile("framed", prefix="~", suffix=";"))
    assert (scan.text, scan.cut) == (payload.decode(), True)


def test_overlapping_prefix_and_suffix_are_not_counted_twice() -> None:
    assert scanned(b"~~", ScannerProfile("tilde", prefix="~~", suffix="~")).cut


def test_a_cut_frame_stays_cut() -> None:
    assert scanned(b"]d2", cut=True).cut


def test_bytes_that_are_no_utf_8_are_latin_1() -> None:
    assert scanned(b"]d0Gr\xf6\xdfe").text == "]d0Gr\u00f6\u00dfe"


@given(st.binary(max_size=80), st.sampled_from(["\x1d", "|", "]", "<GS>"]), st.booleans())
def test_any_bytes_decode_and_are_kept(payload: bytes, separator: str, cut: bool) -> None:  # noqa: FBT001 - drawn
    scan = scanned(payload, ScannerProfile("any", separator=separator), cut=cut)
    scan.text.encode("utf-8")
    assert (scan.payload, scan.cut) == (payload, cut)
    assert scan.symbology is None or scan.text.startswith(scan.symbology)
