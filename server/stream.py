"""Who waits for news: each open stream is woken when its site's number moves; only "there is more" is said."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from server.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from server.metrics import Metrics

KEEP_ALIVE_S: Final = 10.0
STREAMS_MAX: Final = 10_000
KEEP_ALIVE: Final = b": still here\n\n"


class Hub:
    """Wakes streams; belongs to one event loop."""

    def __init__(self, metrics: Metrics, keep_alive_s: float = KEEP_ALIVE_S) -> None:
        self._numbers: dict[str, int] = {}
        self._waiting: dict[tuple[str, str], asyncio.Event] = {}
        self._closed = False
        self._keep_alive_s = keep_alive_s
        self._metrics = metrics
        metrics.streams.set_function(lambda: len(self._waiting))

    def tell(self, site: str, number: int) -> None:
        """A commit has moved a site's number; on the hub's loop."""
        if number == self._numbers.get(site):
            return
        self._numbers[site] = number
        for (of_site, _), event in self._waiting.items():
            if of_site == site:
                event.set()

    def close(self) -> None:
        """Ends every stream."""
        self._closed = True
        for event in self._waiting.values():
            event.set()

    def follow(self, site: str, device: str) -> AsyncIterator[bytes]:
        """Events for one device; a newer stream of the same device ends this one. Raises ProblemError BUSY."""
        key = (site, device)
        former = self._waiting.get(key)
        if former is None and len(self._waiting) >= STREAMS_MAX:
            raise ProblemError("BUSY")
        event = asyncio.Event()
        self._waiting[key] = event
        if former is not None:
            former.set()
        return self._events(key, event)

    async def _events(self, key: tuple[str, str], event: asyncio.Event) -> AsyncIterator[bytes]:
        told: int | None = None
        try:
            while self._waiting.get(key) is event and not self._closed:
                event.clear()
                number = self._numbers.get(key[0], 0)
                if number == told:
                    yield KEEP_ALIVE
                else:
                    told = number
                    yield f"event: more\ndata: {number}\n\n".encode()
                with suppress(TimeoutError):
                    await asyncio.wait_for(event.wait(), self._keep_alive_s)
        finally:
            if self._waiting.get(key) is event:
                del self._waiting[key]
