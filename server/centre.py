"""A running centre: the books with their writer thread, readers, gate, streams and snapshots, in one event loop."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import uuid_utils

from server.bodies import Budget
from server.books import Books
from server.gate import Gate, Tries
from server.metrics import Metrics
from server.readers import Readers
from server.records import drop_tombstones
from server.registry import DAY_MS
from server.signing import read_key
from server.snapshot import Snapshots
from server.stream import Hub
from server.writer import Writer
from server.writing import Means

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from server.authority import Authority
    from server.settings import Settings
    from server.writing import Writing

TOMBSTONE_DAYS: Final = 90
"""How long a device may be away and still go on by the feed alone, though records were deleted."""


def now_ms() -> int:
    """The machine's wall clock, UTC ms."""
    return time.time_ns() // 1_000_000


def new_id() -> str:
    """A UUIDv7 (RFC 9562)."""
    return str(uuid_utils.uuid7())


def means_of(settings: Settings, clock: Callable[[], int] = now_ms) -> Means:
    """The machine's clock and ids, and the centre's key. Raises ServerError NO_KEY."""
    return Means(clock, new_id, read_key(settings.key_path))


def drop_old_tombstones(writing: Writing) -> int:
    """Forgets what was deleted long ago."""
    return drop_tombstones(writing.session, writing.site, writing.now_ms - TOMBSTONE_DAYS * DAY_MS)


class Centre:
    """Everything that requests need. Made and closed on its event loop."""

    def __init__(self, books: Books, snapshot_folder: Path, authority: Authority | None = None) -> None:
        self.books = books
        self.authority = authority
        self.now_ms = books.means.now_ms
        self.metrics = Metrics()
        self.hub = Hub(self.metrics)
        self._loop = asyncio.get_running_loop()
        for site in books.sites():
            books.do(site, drop_old_tombstones)
            self.hub.tell(site, books.numbers[site])
        self.writer = Writer(books, self.metrics, self._committed)
        self.readers = Readers(books.path)
        self.gate = Gate(self.readers, self.writer, self.now_ms)
        self.tries = Tries(self.now_ms)
        self.budget = Budget(self.metrics)
        self.workers = ThreadPoolExecutor(2, "worker")
        self.snapshots = Snapshots(books.path, snapshot_folder, self.workers, self.now_ms)
        self.writer.start()

    def _committed(self, site: str, number: int) -> None:
        """On the writer thread: the hub is told on its own loop."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.hub.tell, site, number)

    async def close(self) -> None:
        """Ends streams, does what waits, and closes the database."""
        self.hub.close()
        await asyncio.to_thread(self.writer.stop)
        await asyncio.to_thread(self.workers.shutdown)
        self.readers.close()
        self.snapshots.close()
        self.books.close()
