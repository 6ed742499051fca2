"""Full-jitter backoff: the longer nothing works, the rarer and the more scattered the tries."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

BASE_MS: Final = 500
CAP_MS: Final = 60_000
RETRY_AFTER_MAX_MS: Final = 15 * 60_000
"""The longest wait that the other side can ask for: no answer stops the asking for good."""


@dataclass(slots=True)
class Backoff:
    """The wait before the next try; `failures` in a row so far."""

    source: Random
    failures: int = 0

    def failed(self, retry_after_ms: int | None = None) -> int:
        """Milliseconds to wait after one more failure: up to a bound that doubles, and what was asked on top of it.

        On top, since all devices that are asked to wait as long would come back at once.
        """
        self.failures += 1
        bound = min(CAP_MS, BASE_MS << min(self.failures - 1, 10))
        asked = min(max(retry_after_ms or 0, 0), RETRY_AFTER_MAX_MS)
        return asked + self.source.randrange(bound // 10, bound + 1)

    def worked(self) -> None:
        """Begins anew."""
        self.failures = 0


@dataclass(slots=True)
class Pauses:
    """A backoff for each thing that can fail by itself, and until when it is left alone (monotonic milliseconds)."""

    source: Random
    _backoffs: dict[Hashable, Backoff] = field(default_factory=dict)
    _ends_ms: dict[Hashable, int] = field(default_factory=dict)

    def failures(self, key: Hashable) -> int:
        """How often it failed in a row."""
        return self._backoffs[key].failures if key in self._backoffs else 0

    def failed(
        self, key: Hashable, now_ms: int, retry_after_ms: int | None = None, *, least_ms: int = 0, free: int = 0
    ) -> None:
        """One more failure, and a pause of at least `least_ms`; none after the first `free` ones."""
        wait_ms = self._backoffs.setdefault(key, Backoff(self.source)).failed(retry_after_ms)
        if self.failures(key) > free:
            self._ends_ms[key] = now_ms + max(wait_ms, least_ms)

    @property
    def failing(self) -> bool:
        """Whether anything failed when it was last tried."""
        return bool(self._backoffs)

    def rest(self, key: Hashable, until_ms: int) -> None:
        """A pause that is no failure's."""
        self._ends_ms[key] = until_ms

    def worked(self, key: Hashable) -> None:
        """Begins anew."""
        self._backoffs.pop(key, None)
        self._ends_ms.pop(key, None)

    def over(self, key: Hashable, now_ms: int) -> bool:
        """Whether it may be tried."""
        return now_ms >= self._ends_ms.get(key, now_ms)

    def next_end_ms(self, now_ms: int) -> int | None:
        """When the next pause ends; None: there is none."""
        return min((end for end in self._ends_ms.values() if end > now_ms), default=None)

    def end(self) -> None:
        """All pauses are over; what failed is remembered, so that the next one is no shorter."""
        self._ends_ms.clear()
