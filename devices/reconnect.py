"""When to try a device again: exponential back-off with full jitter, randomness and clock handed in.

>>> clock = iter([0, 0, 0]).__next__
>>> reconnect = Reconnect(Backoff(first_ms=100, limit_ms=400, least_ms=20), uniform=lambda: 1.0, now_ns=clock)
>>> [reconnect.failed_ms() for _ in range(4)]
[100, 200, 400, 400]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_DOUBLINGS_MAX = 32
_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Backoff:
    """The bounds of the wait, in milliseconds.

    The n-th wait is drawn evenly from `least_ms` to `first_ms` doubled n times, at most `limit_ms`. A device that
    stayed open for `steady_ms` starts again from the first. The limit is what a worker who plugs a scanner back in
    waits at most; an attempt costs one `open`.
    """

    first_ms: int = 100
    limit_ms: int = 2_000
    least_ms: int = 20
    steady_ms: int = 5_000

    def __post_init__(self) -> None:
        """Refuse bounds out of order (ValueError)."""
        if not 0 < self.least_ms <= self.first_ms <= self.limit_ms or self.steady_ms < 0:
            message = f"back-off bounds out of order: {self}"
            raise ValueError(message)

    def wait_ms(self, attempt: int, uniform: float) -> int:
        """Give the wait after failed attempt number `attempt` (from 0); `uniform` lies between 0 and 1."""
        ceiling = min(self.limit_ms, self.first_ms << min(attempt, _DOUBLINGS_MAX))
        return self.least_ms + int(uniform * (ceiling - self.least_ms))


class Reconnect:
    """Counts the failures of one device."""

    __slots__ = ("_attempt", "_backoff", "_now_ns", "_opened_ns", "_uniform")

    def __init__(self, backoff: Backoff, *, uniform: Callable[[], float], now_ns: Callable[[], int]) -> None:
        """Take the bounds, a source of numbers from 0 to 1, and a monotonic clock."""
        self._backoff = backoff
        self._uniform = uniform
        self._now_ns = now_ns
        self._attempt = 0
        self._opened_ns: int | None = None

    def opened(self) -> None:
        """Note that the device is open now."""
        self._opened_ns = self._now_ns()

    def failed_ms(self) -> int:
        """Note that opening failed or the device went away, and give the milliseconds to wait."""
        if self._opened_ns is not None:
            steady = self._now_ns() - self._opened_ns >= self._backoff.steady_ms * _NS_PER_MS
            self._attempt = 0 if steady else self._attempt
            self._opened_ns = None
        wait_ms = self._backoff.wait_ms(self._attempt, self._uniform())
        self._attempt += 1
        return wait_ms
