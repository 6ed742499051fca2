"""Online, degraded or offline, from a window of outcomes with hysteresis; and the worker's own word over it.

One lost packet is no outage and one lucky packet no recovery: the word on the screen changes only when several outcomes
say so, what ends a state is further away than what began it, and the screen says since when.

    offline     FAILURES_TO_OFFLINE in a row, or failures only for SILENCE_TO_OFFLINE_MS; the window begins anew
    online      from offline SUCCESSES_TO_ONLINE in a row; from degraded the same, in a window that is almost clean
    degraded    from online DEGRADED_FAILURES of the window; from offline as many successes, but not in a row
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

WINDOW: Final = 10
FAILURES_TO_OFFLINE: Final = 3
SUCCESSES_TO_ONLINE: Final = 2
SILENCE_TO_OFFLINE_MS: Final = 30_000
"""No success for so long, and failures only, is offline however few they were."""

DEGRADED_FAILURES: Final = 3
CLEAN_FAILURES_MAX: Final = 1
"""Failures in the window that make it degraded, and those it may still hold when it is online again."""


class LinkState(StrEnum):
    """How the centre can be reached."""

    ONLINE = "online"
    DEGRADED = "degraded"
    OFFLINE = "offline"


class Override(StrEnum):
    """The worker's own word: automatic, or offline until said otherwise."""

    AUTOMATIC = "automatic"
    OFFLINE = "offline"


@dataclass(slots=True)
class Link:
    """The state of the link. `since_ms`: monotonic time of the last change; before the first outcome it is offline."""

    since_ms: int = 0
    override: Override = Override.AUTOMATIC
    _state: LinkState = LinkState.OFFLINE
    _outcomes: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW))
    _worked_ms: int = 0

    @property
    def state(self) -> LinkState:
        """The state in force."""
        return LinkState.OFFLINE if self.override is Override.OFFLINE else self._state

    def set_override(self, override: Override, now_ms: int) -> None:
        """Takes the worker's word. After it nothing is known: what was seen before it is forgotten."""
        if override is self.override:
            return
        if self.state is not LinkState.OFFLINE:
            self.since_ms = now_ms
        self.override = override
        self._state = LinkState.OFFLINE
        self._outcomes.clear()

    def worked(self, now_ms: int) -> None:
        """An answer came, whatever it said."""
        self._outcomes.append(True)
        self._worked_ms = now_ms
        self._judge(now_ms)

    def failed(self, now_ms: int) -> None:
        """No answer came, or none that could be read."""
        self._outcomes.append(False)
        self._judge(now_ms)

    def look(self, now_ms: int) -> None:
        """Silence after a failure grows without an outcome."""
        if self._outcomes and not self._outcomes[-1]:
            self._judge(now_ms)

    def _judge(self, now_ms: int) -> None:
        before = self.state
        self._state = self._next(now_ms)
        if self.state is not before:
            self.since_ms = now_ms

    def _next(self, now_ms: int) -> LinkState:
        last = list(self._outcomes)
        if self._lost(last, now_ms):
            self._outcomes.clear()
            return LinkState.OFFLINE
        failures = last.count(False)
        in_a_row = all(last[-SUCCESSES_TO_ONLINE:]) and len(last) >= SUCCESSES_TO_ONLINE
        if self._state is LinkState.ONLINE:
            return LinkState.DEGRADED if failures >= DEGRADED_FAILURES else LinkState.ONLINE
        if self._state is LinkState.DEGRADED:
            return LinkState.ONLINE if in_a_row and failures <= CLEAN_FAILURES_MAX else LinkState.DEGRADED
        if in_a_row:
            return LinkState.ONLINE
        return LinkState.DEGRADED if last.count(True) >= SUCCESSES_TO_ONLINE else LinkState.OFFLINE

    def _lost(self, last: list[bool], now_ms: int) -> bool:
        silent = not last[-1] and now_ms - self._worked_ms >= SILENCE_TO_OFFLINE_MS
        return silent or (len(last) >= FAILURES_TO_OFFLINE and not any(last[-FAILURES_TO_OFFLINE:]))
