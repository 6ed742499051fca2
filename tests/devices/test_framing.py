from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.framing import Frame, Framer
from devices.profile import ScannerProfile, Terminator
from devices.scan import Ending

DOCK = ScannerProfile("dock")
SHORT = ScannerProfile("short", payload_bytes_max=8)
BARE = ScannerProfile("bare", terminators=(), idle_gap_ms=50)
MS = 1_000_000


def payloads(frames: list[Frame]) -> list[bytes]:
    return [frame.payload for frame in frames]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\t", b"\x03"])
def test_every_terminator_ends_a_frame_and_is_no_part_of_it(end: bytes) -> None:
    frames = Framer(DOCK).feed(b"]d2A\x1dB" + end + b"C" + end, 5)
    assert frames == [
        Frame(b"]d2A\x1dB", Ending.TERMINATOR, cut=False, last_ns=5),
        Frame(b"C", Ending.TERMINATOR, cut=False, last_ns=5),
    ]


def test_stx_and_nul_are_dropped_and_other_control_characters_kept() -> None:
    assert payloads(Framer(DOCK).feed(b"\x00\x02[)>\x1e06\x1d9N\x1e\x04\x00\x03", 0)) == [b"[)>\x1e06\x1d9N\x1e\x04"]


def test_crlf_over_two_reads_gives_no_empty_frame() -> None:
    framer = Framer(DOCK)
    assert payloads(framer.feed(b"A\r", 1)) == [b"A"]
    assert framer.feed(b"\n", 2) == []
    assert payloads(framer.feed(b"B\r\n", 3)) == [b"B"]


def test_a_frame_is_stamped_when_its_last_byte_came() -> None:
    framer = Framer(DOCK)
    assert framer.feed(b"A", 10) == []
    assert framer.feed(b"B\r", 20)[0].last_ns == 20


def test_only_the_terminators_of_the_profile_end_a_frame() -> None:
    framer = Framer(ScannerProfile("etx", terminators=(Terminator.ETX,)))
    assert payloads(framer.feed(b"\x02line one\r\nline\ttwo\x03", 0)) == [b"line one\r\nline\ttwo"]


def test_an_over_long_frame_is_handed_over_once_as_cut_and_the_next_is_whole() -> None:
    framer = Framer(SHORT)
    assert framer.feed(b"12345678", 1) == []
    assert framer.feed(b"9", 2) == [Frame(b"12345678", Ending.TERMINATOR, cut=True, last_ns=2)]
    assert framer.feed(b"abc" * 100, 3) == []
    assert framer.feed(b"\rGOOD\r", 4) == [Frame(b"GOOD", Ending.TERMINATOR, cut=False, last_ns=4)]


def test_a_frame_of_just_the_bound_is_whole() -> None:
    assert Framer(SHORT).feed(b"12345678\r", 1) == [Frame(b"12345678", Ending.TERMINATOR, cut=False, last_ns=1)]


def test_a_terminator_profile_never_ends_by_idleness() -> None:
    framer = Framer(DOCK)
    framer.feed(b"A", 0)
    assert framer.due_ns is None
    assert framer.tick(10**15) == []
    assert payloads(framer.feed(b"B\r", 10**15)) == [b"AB"]


def test_without_terminators_the_idle_gap_ends_a_frame() -> None:
    framer = Framer(BARE)
    assert framer.feed(b"A\r\x1d", 10 * MS) == []
    assert framer.feed(b"B", 40 * MS) == []
    assert framer.due_ns == 90 * MS
    assert framer.tick(90 * MS - 1) == []
    assert framer.tick(90 * MS) == [Frame(b"A\r\x1dB", Ending.IDLE, cut=False, last_ns=40 * MS)]
    assert framer.tick(500 * MS) == []


def test_without_terminators_the_idle_gap_ends_the_skipping_of_an_over_long_frame() -> None:
    framer = Framer(ScannerProfile("bare", terminators=(), idle_gap_ms=50, payload_bytes_max=4))
    assert framer.feed(b"12345", 0) == [Frame(b"1234", Ending.TERMINATOR, cut=True, last_ns=0)]
    assert framer.feed(b"678", 0) == []
    assert framer.due_ns == 50 * MS
    assert framer.tick(50 * MS) == []
    framer.feed(b"ok", 60 * MS)
    assert framer.tick(110 * MS) == [Frame(b"ok", Ending.IDLE, cut=False, last_ns=60 * MS)]


def test_closing_hands_over_what_was_begun_once() -> None:
    framer = Framer(DOCK)
    framer.feed(b"half", 3)
    assert framer.close(Ending.IDLE, cut=True) == [Frame(b"half", Ending.IDLE, cut=True, last_ns=3)]
    assert framer.close(Ending.IDLE, cut=True) == []


def test_nothing_and_noise_alone_change_nothing() -> None:
    framer = Framer(BARE)
    assert framer.feed(b"", 1) == []
    assert framer.feed(b"\x00\x02\x00", 2) == []
    assert framer.due_ns is None


pieces = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.sampled_from([b"\r", b"\n", b"\r\n", b"\t", b"\x03", b"\x02", b"\x00", b"\x1d", b"]d2"]),
    ),
    max_size=30,
)
profiles = st.sampled_from([DOCK, SHORT, BARE, ScannerProfile("cr", terminators=("cr",), payload_bytes_max=5)])


@given(pieces, profiles)
def test_frames_do_not_depend_on_how_the_bytes_are_split(parts: list[bytes], profile: ScannerProfile) -> None:
    stream = b"".join(parts)
    whole, pieced, single = Framer(profile), Framer(profile), Framer(profile)
    expected = whole.feed(stream, 1) + whole.close(Ending.IDLE, cut=True)
    assert [frame for part in parts for frame in pieced.feed(part, 1)] + pieced.close(Ending.IDLE, cut=True) == expected
    bytewise = [frame for byte in stream for frame in single.feed(bytes([byte]), 1)]
    assert bytewise + single.close(Ending.IDLE, cut=True) == expected


@given(pieces, profiles)
def test_no_frame_is_empty_too_long_or_holds_what_framing_takes(parts: list[bytes], profile: ScannerProfile) -> None:
    framer = Framer(profile)
    for frame in [frame for part in parts for frame in framer.feed(part, 1)] + framer.close(Ending.IDLE, cut=True):
        assert 0 < len(frame.payload) <= profile.payload_bytes_max
        assert not set(frame.payload) & {0x00, 0x02, *profile.end_bytes}


def test_every_good_frame_is_found_between_random_bytes() -> None:
    rng = random.Random(2)
    framer = Framer(DOCK)
    good = [b"]d2010950600013435221%06d" % number for number in range(300)]
    found = []
    for payload in good:
        stream = rng.randbytes(rng.randrange(9_000)) + b"\r" + payload + b"\r"
        while stream:
            size = rng.randrange(1, 700)
            found += framer.feed(stream[:size], 0)
            stream = stream[size:]
    whole = {frame.payload for frame in found if not frame.cut}
    assert [payload for payload in good if payload not in whole] == []
    assert framer.close(Ending.IDLE, cut=True) == []
