r"""Bytes to frames: pure, incremental, and the same whatever pieces the bytes arrive in.

>>> framer = Framer(ScannerProfile("dock"))
>>> framer.feed(b"]d2010950600013", 1), framer.feed(b"4352\r\n", 2)
([], [Frame(payload=b']d20109506000134352', ended_by=<Ending.TERMINATOR: 'terminator'>, cut=False, last_ns=2)])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from devices.profile import ScannerProfile
from devices.scan import Ending

DROPPED_BYTES: Final = b"\x00\x02"
"""NUL is line noise and padding; STX says nothing that a terminator does not."""
_NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Frame:
    """The bytes of one scan, without terminator, STX and NUL; `last_ns` (monotonic) is when the last of them came.

    `cut` means that it was longer than the profile allows, or that the device went away in its middle.
    """

    payload: bytes
    ended_by: Ending
    cut: bool
    last_ns: int


class Framer:
    """Collects the bytes of one device; holds at most `payload_bytes_max` of its profile.

    Empty frames (the second half of CRLF, repeated terminators) give nothing. Once a frame grows past the bound it is
    handed over as cut, and everything up to the next terminator is dropped.
    """

    __slots__ = ("_ends", "_held", "_idle_gap_ns", "_last_ns", "_limit", "_mark", "_skipping")

    def __init__(self, profile: ScannerProfile) -> None:
        """Start empty, with the terminators, the idle gap and the bound of `profile`."""
        self._mark = profile.end_bytes[:1]
        self._ends = bytes.maketrans(profile.end_bytes, self._mark * len(profile.end_bytes))
        self._idle_gap_ns = profile.idle_gap_ms * _NS_PER_MS
        self._limit = profile.payload_bytes_max
        self._held = b""
        self._last_ns = 0
        self._skipping = False

    @property
    def due_ns(self) -> int | None:
        """Give the monotonic time at which `tick` would end what is held, or None where only a terminator can."""
        if self._mark or not (self._held or self._skipping):
            return None
        return self._last_ns + self._idle_gap_ns

    def feed(self, arrived: bytes, now_ns: int) -> list[Frame]:
        """Take the bytes that arrived at `now_ns` and give the frames they complete, in order."""
        kept = arrived.translate(self._ends, DROPPED_BYTES)
        if not kept:
            return []
        self._last_ns = now_ns
        frames: list[Frame] = []
        ended, rest = (kept.split(self._mark), b"") if self._mark else ([], kept)
        if ended:
            rest = ended.pop()
        for part in ended:
            self._take(part, frames)
            self._end(Ending.TERMINATOR, frames, cut=False)
        self._take(rest, frames)
        return frames

    def tick(self, now_ns: int) -> list[Frame]:
        """End what is held if the idle gap has passed by `now_ns`; never for a profile with a terminator.

        Call it only when the device has nothing more to read, so that a late reader never splits a scan.
        """
        due_ns = self.due_ns
        if due_ns is None or now_ns < due_ns:
            return []
        return self.close(Ending.IDLE, cut=False)

    def close(self, ended_by: Ending, *, cut: bool) -> list[Frame]:
        """Hand over what is held although nothing ended it, and start anew; `cut` where its end is known to lack."""
        frames: list[Frame] = []
        self._end(ended_by, frames, cut=cut)
        return frames

    def _take(self, part: bytes, frames: list[Frame]) -> None:
        """Add bytes without a terminator; past the bound, hand the frame over as cut and skip the rest of it."""
        if self._skipping:
            return
        self._held += part
        if len(self._held) > self._limit:
            frames.append(Frame(self._held[: self._limit], Ending.TERMINATOR, cut=True, last_ns=self._last_ns))
            self._held = b""
            self._skipping = True

    def _end(self, ended_by: Ending, frames: list[Frame], *, cut: bool) -> None:
        """Finish the frame that is held, if there is one."""
        if self._held:
            frames.append(Frame(self._held, ended_by, cut, self._last_ns))
        self._held = b""
        self._skipping = False
