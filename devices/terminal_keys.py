r"""A scanner that types into the terminal (a wedge): its bursts are told from a person's typing by time alone. Pure.

The app feeds every key before any binding sees it, and `tick` when `due_ns` has come. Keys that may be the begin of a
burst are held back for one gap; if they turn out to be typing they come back, in order, in `released`.

>>> wedge = TerminalKeys(ScannerProfile("wedge"))
>>> for number, key in enumerate("10A1"):
...     heard = wedge.key(KeyPress(key, key), now_ns=number, wall_ms=0)
>>> wedge.key(KeyPress("ctrl+right_square_bracket", None), now_ns=5, wall_ms=0).verdict.value
'swallow'
>>> wedge.key(KeyPress("enter", "\r"), now_ns=6, wall_ms=0).scans[0].text
'10A1\x1d'
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Final

from devices.decode import decode
from devices.framing import DROPPED_BYTES, Frame, Framer
from devices.profile import ScannerProfile
from devices.scan import WEDGE, Ending, RawScan

KEY_GAP_MS: Final = 35
"""A gap this long means typing: scanners send a key every 1 to 20 ms, people one in 60 or more."""

BURST_KEYS_MIN: Final = 4
"""So many characters at that pace are a burst: nobody rolls over four keys that fast."""

PASTE_BYTES_MAX: Final = 65_536
"""The most that is taken of one paste; what is left over marks its last scan as cut."""

_NS_PER_MS: Final = 1_000_000
_CONTROL_KEYS: Final = {
    "ctrl+at": "\x00",
    **{f"ctrl+{chr(letter)}": chr(letter - 0x60) for letter in range(ord("a"), ord("z") + 1)},
    "escape": "\x1b",
    "ctrl+left_square_bracket": "\x1b",
    "ctrl+backslash": "\x1c",
    "ctrl+right_square_bracket": "\x1d",
    "ctrl+circumflex_accent": "\x1e",
    "ctrl+underscore": "\x1f",
    "enter": "\r",
    "tab": "\t",
    "backspace": "\x7f",
}
_NEVER_FIRST: Final = frozenset("\x08\t\n\r\x1b\x7f")  # keys people press alone and hold down; they begin no scan


class Verdict(enum.StrEnum):
    """What the app does with the key it has just fed."""

    SWALLOW = "swallow"  # it belongs to a scan, or may: nothing else may see it
    PASS = "pass"  # noqa: S105 - no secret: it is a person's: handle it now, after the released ones


@dataclass(frozen=True, slots=True)
class KeyPress:
    """A key by the name the terminal library gives it, and the character it stands for, if any."""

    key: str
    character: str | None


@dataclass(frozen=True, slots=True)
class Heard:
    """The answer to a key or a tick: handle `released` first, in order, then obey `verdict`; `scans` are complete."""

    verdict: Verdict = Verdict.SWALLOW
    released: tuple[KeyPress, ...] = ()
    scans: tuple[RawScan, ...] = ()


class TerminalKeys:
    """Collects the keys of one terminal; holds at most the profile's `payload_bytes_max` of them.

    A burst ends with a terminator of the profile (Enter stands for CR and LF). A burst that stops without one for
    `idle_gap_ms` is delivered as ended by idleness, and as cut if the profile says that a terminator was due. One and
    the same key over and over without a terminator is a key held down, and is released.

    Stamps must be those of the key's arrival, not of its handling: after a stall they would make typing a burst.
    """

    def __init__(
        self,
        profile: ScannerProfile,
        *,
        source: str = WEDGE,
        key_gap_ms: int = KEY_GAP_MS,
        burst_keys_min: int = BURST_KEYS_MIN,
    ) -> None:
        """Start with nothing held; raises ValueError for a gap or a number of keys below 1."""
        if key_gap_ms < 1 or burst_keys_min < 1:
            message = f"key_gap_ms {key_gap_ms} and burst_keys_min {burst_keys_min} must be at least 1"
            raise ValueError(message)
        self._profile = profile
        self._source = source
        self._ends = profile.end_bytes.decode("ascii")
        self._key_gap_ns = key_gap_ms * _NS_PER_MS
        self._idle_gap_ns = max(key_gap_ms, profile.idle_gap_ms) * _NS_PER_MS
        self._burst_keys_min = burst_keys_min
        self._held: list[KeyPress] = []
        self._characters: list[str] = []
        self._spoiled = False
        self._last_ns = 0
        self._ended_ns: int | None = None

    @property
    def due_ns(self) -> int | None:
        """Give the monotonic time at which `tick` has something to say, or None while nothing is held."""
        if not self._held:
            return None
        return self._last_ns + (self._idle_gap_ns if self._is_burst else self._key_gap_ns)

    def key(self, press: KeyPress, *, now_ns: int, wall_ms: int) -> Heard:
        """Take the key that arrived at `now_ns` and say what becomes of it and of those held before it."""
        before = self.tick(now_ns=now_ns, wall_ms=wall_ms)
        after = self._judge(press, now_ns, wall_ms)
        return Heard(after.verdict, before.released + after.released, before.scans + after.scans)

    def tick(self, *, now_ns: int, wall_ms: int) -> Heard:
        """Release keys that proved to be typing, or end a burst that stopped, if the gap has passed by `now_ns`."""
        due_ns = self.due_ns
        if due_ns is None or now_ns < due_ns:
            return Heard()
        return self._give_up(wall_ms)

    def paste(self, text: str, *, now_ns: int, wall_ms: int) -> Heard:
        """Take a block of text at once: one scan, or several with terminators between them, all marked as pasted."""
        before = self._give_up(wall_ms) if self._held else Heard()
        pasted = text.encode("utf-8", "surrogatepass")
        framer = Framer(self._profile)
        frames = framer.feed(pasted[:PASTE_BYTES_MAX], now_ns)
        frames += framer.close(Ending.PASTED, cut=len(pasted) > PASTE_BYTES_MAX)
        scans = tuple(self._scan(replace(frame, ended_by=Ending.PASTED), wall_ms) for frame in frames)
        return Heard(Verdict.SWALLOW, before.released, before.scans + scans)

    @property
    def _is_burst(self) -> bool:
        """Say whether what is held came too fast for a person."""
        return len(self._held) >= self._burst_keys_min

    def _judge(self, press: KeyPress, now_ns: int, wall_ms: int) -> Heard:
        """Decide about one key, knowing that what is still held came just before it."""
        character = press.character or _CONTROL_KEYS.get(press.key)
        if character is not None and self._ends_scan(character):
            return self._terminator(now_ns, wall_ms)
        if not self._held and (character is None or character in _NEVER_FIRST):
            return Heard(Verdict.PASS)
        if not self._is_burst and (character is None or character in _NEVER_FIRST):
            return Heard(Verdict.PASS, self._release())
        self._hold(press, character, now_ns)
        return Heard()

    def _ends_scan(self, character: str) -> bool:
        """Say whether this key is a terminator; Enter arrives as CR or LF whichever the scanner sends."""
        return character in self._ends or (character in "\r\n" and ("\r" in self._ends or "\n" in self._ends))

    def _terminator(self, now_ns: int, wall_ms: int) -> Heard:
        """End a burst; swallow the second of two terminators; else it is a person's, after what that person typed."""
        if self._is_burst:
            self._last_ns = self._ended_ns = now_ns
            return Heard(Verdict.SWALLOW, (), (self._finish(Ending.TERMINATOR, wall_ms, cut=False),))
        if not self._held and self._ended_ns is not None and now_ns - self._ended_ns <= self._key_gap_ns:
            self._ended_ns = None
            return Heard()
        return Heard(Verdict.PASS, self._release())

    def _hold(self, press: KeyPress, character: str | None, now_ns: int) -> None:
        """Keep a key; one that stands for no character, or is one too many, spoils the scan it lies in."""
        self._last_ns = now_ns
        self._ended_ns = None
        if character is None or len(self._held) > self._profile.payload_bytes_max:
            self._spoiled = True
        else:
            self._held.append(press)
            self._characters.append(character)

    def _give_up(self, wall_ms: int) -> Heard:
        """End what is held without a terminator."""
        if not self._is_burst or len(set(self._characters)) == 1:
            return Heard(Verdict.SWALLOW, self._release())
        return Heard(Verdict.SWALLOW, (), (self._finish(Ending.IDLE, wall_ms, cut=bool(self._ends)),))

    def _release(self) -> tuple[KeyPress, ...]:
        """Give back what is held as typing."""
        released = tuple(self._held)
        self._clear()
        return released

    def _finish(self, ended_by: Ending, wall_ms: int, *, cut: bool) -> RawScan:
        """Make the scan of the keys that are held."""
        encoded = "".join(self._characters).encode("utf-8", "surrogatepass").translate(None, DROPPED_BYTES)
        limit = self._profile.payload_bytes_max
        frame = Frame(encoded[:limit], ended_by, cut or self._spoiled or len(encoded) > limit, self._last_ns)
        self._clear()
        return self._scan(frame, wall_ms)

    def _clear(self) -> None:
        """Hold nothing."""
        self._held.clear()
        self._characters.clear()
        self._spoiled = False

    def _scan(self, frame: Frame, wall_ms: int) -> RawScan:
        """Decode a frame of this terminal."""
        return decode(frame, self._profile, source=self._source, wall_ms=wall_ms)
