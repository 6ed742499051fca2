from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.profile import ScannerProfile
from devices.scan import Ending
from devices.terminal_keys import PASTE_BYTES_MAX, Heard, KeyPress, TerminalKeys, Verdict

MS = 1_000_000
WEDGE = ScannerProfile("wedge", idle_gap_ms=200)
BARE = ScannerProfile("bare", terminators=(), idle_gap_ms=200)
GS = KeyPress("ctrl+right_square_bracket", None)
ENTER = KeyPress("enter", "\r")
TAB = KeyPress("tab", "\t")
F2 = KeyPress("f2", None)


def typed(character: str) -> KeyPress:
    return KeyPress(character, character)


class Hand:
    """Presses keys with a gap between them, and keeps what came of each."""

    def __init__(self, profile: ScannerProfile = WEDGE) -> None:
        self.keys = TerminalKeys(profile)
        self.ms = 1000
        self.heard: list[Heard] = []

    def press(self, presses: str | KeyPress | list[KeyPress], gap_ms: int) -> Hand:
        if isinstance(presses, KeyPress):
            presses = [presses]
        for press in presses:
            self.ms += gap_ms
            key = typed(press) if isinstance(press, str) else press
            self.heard.append(self.keys.key(key, now_ns=self.ms * MS, wall_ms=self.ms))
        return self

    def wait(self, gap_ms: int) -> Heard:
        self.ms += gap_ms
        self.heard.append(self.keys.tick(now_ns=self.ms * MS, wall_ms=self.ms))
        return self.heard[-1]

    @property
    def scans(self) -> list[str]:
        return [scan.text for heard in self.heard for scan in heard.scans]

    @property
    def passed(self) -> list[str]:
        """The keys the app may handle, in the order it would, the last being the one just fed."""
        return [press.key for heard in self.heard for press in heard.released]


def test_a_burst_is_swallowed_and_enter_makes_it_a_scan() -> None:
    hand = Hand().press("]d2010950600013435210A1", 2).press(GS, 2).press("21X", 2).press(ENTER, 2)
    scan = hand.heard[-1].scans[0]
    assert (scan.text, scan.payload) == ("]d2010950600013435210A1\x1d21X", b"]d2010950600013435210A1\x1d21X")
    assert (scan.symbology, scan.source, scan.profile, scan.ended_by, scan.cut) == (
        "]d2",
        "wedge",
        "wedge",
        Ending.TERMINATOR,
        False,
    )
    assert (scan.monotonic_ns, scan.wall_ms) == (hand.ms * MS, hand.ms)
    assert {heard.verdict for heard in hand.heard} == {Verdict.SWALLOW}
    assert hand.passed == []


@pytest.mark.parametrize(
    "gs", [GS, KeyPress("ctrl+right_square_bracket", "\x1d"), KeyPress("\x1d", "\x1d"), KeyPress("anything", "\x1d")]
)
def test_gs_is_kept_however_the_terminal_tells_it(gs: KeyPress) -> None:
    assert Hand().press("10A1", 1).press(gs, 1).press(ENTER, 1).scans == ["10A1\x1d"]


def test_a_burst_may_begin_with_gs_or_another_control_character() -> None:
    quits = KeyPress("ctrl+q", None)
    assert Hand().press([GS, quits], 1).press("10A1", 1).press(ENTER, 1).scans == ["\x1d\x1110A1"]


def test_other_control_characters_in_a_burst_are_kept_and_trigger_nothing() -> None:
    inner = [KeyPress("ctrl+circumflex_accent", None), KeyPress("ctrl+d", "\x04"), KeyPress("escape", "\x1b")]
    hand = Hand(ScannerProfile("cr", terminators=("cr",))).press("[)>a", 1).press([*inner, TAB], 1).press(ENTER, 1)
    assert hand.scans == ["[)>a\x1e\x04\x1b\t"]
    assert Verdict.PASS not in {heard.verdict for heard in hand.heard}


def test_stx_and_nul_are_dropped_as_on_a_serial_line() -> None:
    assert Hand().press(KeyPress("ctrl+b", None), 1).press("10A1", 1).press(KeyPress("ctrl+@", "\0"), 1).press(
        KeyPress("ctrl+c", "\x03"), 1
    ).scans == ["10A1"]


def test_typing_comes_back_one_gap_later_in_order() -> None:
    hand = Hand().press("pick", 120)
    assert hand.passed == ["p", "i", "c"]
    assert hand.wait(34) == Heard()
    assert hand.wait(1).released == (typed("k"),)
    assert (hand.scans, hand.keys.due_ns) == ([], None)


def test_typing_is_due_after_the_key_gap_and_a_burst_after_the_idle_gap() -> None:
    hand = Hand()
    due: list[int | None] = []
    for character in "abcd":
        hand.press(character, 1)
        due.append(hand.keys.due_ns)
    assert due == [1036 * MS, 1037 * MS, 1038 * MS, 1204 * MS]


def test_enter_after_typing_comes_after_what_was_typed() -> None:
    hand = Hand().press("12", 30).press(ENTER, 30)
    assert hand.heard[-1] == Heard(Verdict.PASS, (typed("1"), typed("2")))


@pytest.mark.parametrize("press", [ENTER, TAB, F2, KeyPress("escape", "\x1b"), KeyPress("backspace", "\x7f")])
def test_a_key_people_press_alone_passes_at_once(press: KeyPress) -> None:
    hand = Hand().press(press, 500)
    assert hand.heard == [Heard(Verdict.PASS)]
    assert Hand().press("a", 30).press(press, 30).heard[-1] == Heard(Verdict.PASS, (typed("a"),))


def test_a_function_key_inside_a_burst_triggers_nothing_and_spoils_it() -> None:
    hand = Hand().press("10A1", 1).press(F2, 1).press("21X", 1).press(ENTER, 1)
    scan = hand.heard[-1].scans[0]
    assert (scan.text, scan.cut) == ("10A121X", True)
    assert Verdict.PASS not in {heard.verdict for heard in hand.heard}
    assert not Hand().press("10A1", 1).press(ENTER, 1).heard[-1].scans[0].cut


def test_the_next_scan_after_a_spoiled_one_is_whole() -> None:
    hand = Hand().press("10A1", 1).press(F2, 1).press(ENTER, 1).press("10B2", 1).press(ENTER, 1)
    assert [scan.cut for heard in hand.heard for scan in heard.scans] == [True, False]


def test_a_known_burst_may_pause_longer_than_typing() -> None:
    hand = Hand().press("10A1", 5).press("21X", 150).press(ENTER, 150)
    assert hand.scans == ["10A121X"]


def test_a_burst_that_stops_without_its_terminator_is_cut() -> None:
    hand = Hand().press("10A1", 1)
    assert hand.wait(199) == Heard()
    scan = hand.wait(1).scans[0]
    assert (scan.text, scan.ended_by, scan.cut) == ("10A1", Ending.IDLE, True)


def test_a_burst_that_stopped_is_ended_by_the_next_key_too() -> None:
    hand = Hand().press("10A1", 1).press("x", 500)
    assert (hand.scans, hand.heard[-1].verdict) == (["10A1"], Verdict.SWALLOW)
    assert hand.wait(35).released == (typed("x"),)


def test_without_terminators_idleness_is_the_proper_end() -> None:
    hand = Hand(BARE).press("10A1", 1).press(ENTER, 1)
    scan = hand.wait(200).scans[0]
    assert (scan.text, scan.ended_by, scan.cut) == ("10A1\r", Ending.IDLE, False)


def test_a_key_held_down_is_no_scan() -> None:
    hand = Hand().press("aaaaaaaa", 30)
    assert hand.wait(200).released == (typed("a"),) * 8
    assert Hand().press("0000", 1).press(ENTER, 1).scans == ["0000"]


def test_the_second_of_two_terminators_is_swallowed_and_a_later_one_is_a_persons() -> None:
    hand = Hand().press("10A1", 1).press([ENTER, KeyPress("ctrl+j", "\n")], 1)
    assert [heard.verdict for heard in hand.heard[-2:]] == [Verdict.SWALLOW, Verdict.SWALLOW]
    assert hand.press(ENTER, 1).heard[-1] == Heard(Verdict.PASS)
    assert Hand().press("10A1", 1).press(ENTER, 1).press(ENTER, 36).heard[-1].verdict is Verdict.PASS


@pytest.mark.parametrize(
    "end", [ENTER, TAB, KeyPress("enter", None), KeyPress("ctrl+m", "\r"), KeyPress("ctrl+j", "\n")]
)
def test_every_terminator_of_the_profile_ends_a_burst(end: KeyPress) -> None:
    assert Hand().press("10A1", 1).press(end, 1).scans == ["10A1"]


def test_enter_ends_a_burst_whether_the_scanner_sends_cr_or_lf() -> None:
    for terminator in ("cr", "lf"):
        profile = ScannerProfile("wedge", terminators=(terminator,))
        assert Hand(profile).press("10A1", 1).press(ENTER, 1).scans == ["10A1"]
    etx = Hand(ScannerProfile("wedge", terminators=("etx",))).press("10A1", 1).press(ENTER, 1)
    assert etx.press(KeyPress("ctrl+c", None), 1).scans == ["10A1\r"]


def test_a_burst_beyond_the_bound_is_cut_and_holds_no_more() -> None:
    hand = Hand(ScannerProfile("wedge", payload_bytes_max=6)).press("1234567890" * 3, 1)
    assert len(hand.keys._held) == 7
    scan = hand.press(ENTER, 1).heard[-1].scans[0]
    assert (scan.payload, scan.cut) == (b"123456", True)
    wide = Hand(ScannerProfile("wedge", payload_bytes_max=6)).press("\u00e9\u00e8\u00ea\u00eb", 1).press(ENTER, 1)
    assert (wide.heard[-1].scans[0].payload, wide.heard[-1].scans[0].cut) == ("\u00e9\u00e8\u00ea".encode(), True)


def test_the_separator_of_the_profile_is_mapped() -> None:
    hand = Hand(ScannerProfile("wedge", separator="^]")).press("10A1^]21X", 1).press(ENTER, 1)
    assert hand.scans == ["10A1\x1d21X"]


def test_a_paste_is_a_scan_or_several_all_marked() -> None:
    keys = TerminalKeys(WEDGE)
    heard = keys.paste("]d210A1\x1d21X", now_ns=1, wall_ms=2)
    assert [(scan.text, scan.ended_by, scan.cut) for scan in heard.scans] == [("]d210A1\x1d21X", Ending.PASTED, False)]
    several = keys.paste("10A1\r\n10B2\n\n10C3\n", now_ns=1, wall_ms=2).scans
    assert [(scan.text, scan.ended_by) for scan in several] == [
        ("10A1", Ending.PASTED),
        ("10B2", Ending.PASTED),
        ("10C3", Ending.PASTED),
    ]
    assert keys.paste("", now_ns=1, wall_ms=2) == Heard()


def test_a_paste_comes_after_the_keys_before_it() -> None:
    hand = Hand().press("ab", 1)
    heard = hand.keys.paste("10A1", now_ns=hand.ms * MS, wall_ms=0)
    assert (heard.released, [scan.text for scan in heard.scans]) == ((typed("a"), typed("b")), ["10A1"])


def test_a_paste_beyond_the_bound_is_cut() -> None:
    heard = TerminalKeys(WEDGE).paste("10A1\n" * (PASTE_BYTES_MAX // 5) + "10ZZ\n", now_ns=0, wall_ms=0)
    assert [scan.cut for scan in heard.scans] == [False] * (PASTE_BYTES_MAX // 5) + [True]
    assert heard.scans[-1].text == "1"


@pytest.mark.parametrize("wrong", [{"key_gap_ms": 0}, {"burst_keys_min": 0}])
def test_bounds_below_one_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        TerminalKeys(WEDGE, **wrong)  # type: ignore[arg-type] # one key of two


presses = st.one_of(
    st.sampled_from("abc019]\x1d\x11\u00e9\ud800").map(typed),
    st.sampled_from([GS, ENTER, TAB, F2, KeyPress("escape", "\x1b"), KeyPress("up", None), KeyPress("ctrl+j", "\n")]),
)


@given(st.lists(st.tuples(presses, st.sampled_from([0, 1, 34, 35, 100, 199, 200, 500])), max_size=40))
def test_every_key_is_passed_on_swallowed_or_scanned_exactly_once(steps: list[tuple[KeyPress, int]]) -> None:
    hand = Hand(ScannerProfile("wedge", idle_gap_ms=200, payload_bytes_max=8))
    handled: list[KeyPress] = []
    for press, gap_ms in steps:
        hand.press(press, gap_ms)
        handled += hand.heard[-1].released
        if hand.heard[-1].verdict is Verdict.PASS:
            handled.append(press)
    handled += hand.wait(1000).released
    assert hand.keys.due_ns is None
    remaining = iter([press for press, _ in steps])
    assert all(press in remaining for press in handled), "keys come back in the order they were pressed"
    for heard in hand.heard:
        for scan in heard.scans:
            assert len(scan.payload) <= 8
            scan.text.encode("utf-8")


@given(st.text(alphabet=st.sampled_from("0123ABab]\x1d#"), min_size=4, max_size=60), st.integers(0, 34))
def test_any_quick_scan_arrives_whole_and_leaks_no_key(text: str, gap_ms: int) -> None:
    hand = Hand()
    for character in text:
        hand.press(GS if character == "\x1d" else typed(character), gap_ms)
    hand.press(ENTER, gap_ms)
    assert hand.scans == [text]
    assert (hand.passed, {heard.verdict for heard in hand.heard}) == ([], {Verdict.SWALLOW})
