"""One scan by two channels: a scanner that is read by its port and types into the terminal as well says all twice."""

from __future__ import annotations

import hashlib
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from scanner_app.domain.refusals import Refusal, Refused

if TYPE_CHECKING:
    from scanner_app.store.inbox import Capture

SAME_SCAN_WITHIN_MS = 200
"""Captured so close to each other, one payload of two sources is one pull of a trigger: nobody aims twice that fast."""

REMEMBERED_MAX = 16
"""Scans that are compared with; more do not come within the time."""

NS_PER_MS = 1_000_000


class _Heard(NamedTuple):
    digest: bytes
    source: str
    boot_id: str
    monotonic_ns: int


class Channels:
    """The last scans by what they say; only hashes, since a badge may be among them."""

    def __init__(self) -> None:
        self._heard: deque[_Heard] = deque(maxlen=REMEMBERED_MAX)

    def second(self, capture: Capture) -> Refused | None:
        """SECOND_CHANNEL where another source has said the same just before or after; remembers this one."""
        text = capture.text.removeprefix(capture.symbology or "")
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        heard = _Heard(digest, capture.source, capture.boot_id, capture.monotonic_ns)
        other = next((before for before in self._heard if _is_same_pull(before, heard)), None)
        self._heard.append(heard)
        if other is None:
            return None
        return Refused(Refusal.SECOND_CHANNEL, {"source": heard.source, "other": other.source})


def _is_same_pull(one: _Heard, other: _Heard) -> bool:
    apart_ns = abs(one.monotonic_ns - other.monotonic_ns)
    alike = (one.digest, one.boot_id) == (other.digest, other.boot_id)
    return alike and one.source != other.source and apart_ns <= SAME_SCAN_WITHIN_MS * NS_PER_MS
