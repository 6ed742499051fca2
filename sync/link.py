"""Online, degraded or offline, from a window of outcomes with hysteresis; and the worker's own word over it.

One lost packet is no outage and one lucky packet no recovery: the word on the screen changes only when several outcomes
say so, and then says since when.
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
        """Takes the worker's word."""
        before = self.state
        self.override = override
        if self.state is not before:
            self.since_ms = now_ms

    def worked(self, now_ms: int) -> None:
        """An answer came, whatever it said."""
        self._outcomes.append(True)
        self._worked_ms = now_ms
        self._judge(now_ms)

    def failed(self, now_ms: int) -> None:
        """No answer came, or none that could be read."""
        self._outcomes.append(False)
        self._judge(now_ms)

    def _judge(self, now_ms: int) -> None:
        before = self.state
        self._state = self._next(now_ms)
        if self.state is not before:
            self.since_ms = now_ms

    def _next(self, now_ms: int) -> LinkState:
        last = list(self._outcomes)
        if not any(last[-FAILURES_TO_OFFLINE:]) and len(last) >= FAILURES_TO_OFFLINE:
            return LinkState.OFFLINE
        if not any(last) or (not last[-1] and now_ms - self._worked_ms >= SILENCE_TO_OFFLINE_MS):
            return LinkState.OFFLINE
        if all(last[-SUCCESSES_TO_ONLINE:]) and len(last) >= SUCCESSES_TO_ONLINE:
            return LinkState.ONLINE
        if self._state is LinkState.ONLINE and last[-1]:
            return LinkState.ONLINE
        return LinkState.DEGRADED
