"""What the centre has not taken yet. The journal is the outbox: nothing is queued beside it.

Everything here only reads, so that the thread that talks to the centre does it with a reader of its own and the
ledger's thread is not burdened.
"""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from scanner_app.domain.entry import decode_entry
from scanner_app.domain.feed import Batch
from scanner_app.store import parking
from scanner_app.store.database import connect_reader
from scanner_app.store.epochs import LAST_POSITION, chain_of, chains, epoch_states, header_of, link_at, links_of
from scanner_app.store.faults import translated
from scanner_app.store.feed import read_page
from scanner_app.store.schema import check_readable
from scanner_app.store.site import read_meta

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from scanner_app.domain.feed import EpochState, FedRow
    from scanner_app.store.epochs import Chain
    from scanner_app.store.feed import ReadPage
    from scanner_app.store.site import SiteMeta

CHUNKS = "SELECT bytes FROM list_chunk WHERE digest = ? ORDER BY n"
STORED = "SELECT bytes FROM entry WHERE position = ?"
AFTER = "SELECT bytes FROM entry WHERE position > ? ORDER BY position"
ISSUED_AGAIN = "SELECT position FROM reissue WHERE epoch_no = ? AND seq > ? AND seq <= ? ORDER BY seq"
SCANS_AT = "SELECT scans FROM entry WHERE position = ?"
SCANS_ISSUED_AGAIN = (
    "SELECT count(*) FROM reissue r JOIN entry e ON e.position = r.position "
    "LEFT JOIN entry f ON f.position = e.position - 1 "
    "WHERE r.epoch_no = ? AND r.seq > ? AND r.seq <= ? AND e.scans > coalesce(f.scans, 0)"
)
OLDEST_WAITING = "SELECT min(wall_ms) FROM inbox"

NO_LISTS = b'"lists":[]}'
"""How an entry ends that names no list: most need not be decoded to know it."""

QUIET_MARGIN_MS = 2_000
"""A scan that was captured so long ago is saved, or waits in the inbox."""


def batch(connection: sqlite3.Connection, no: int, start: int, entries_max: int, bytes_max: int) -> Batch:
    """Entries of an epoch from a sequence on, as many as the bounds allow; one always fits, none is a heartbeat.

    KeyError for an epoch or a start that there is not.
    """
    chain = chain_of(connection, no)
    last, last_hash = start - 1, link_at(connection, chain, start - 1)
    entries: list[bytes] = []
    prev_hash, size = last_hash, 0
    for seq, link, _, stored in links_of(connection, chain, start, min(chain.end, start - 1 + entries_max)):
        size += len(stored)
        if entries and size > bytes_max:
            break
        entries.append(stored)
        last, last_hash = seq, link
    lists = dict.fromkeys(digest for stored in entries for digest in lists_named_in(stored))
    return Batch(header_of(connection, no), start, prev_hash.hex(), tuple(entries), last, last_hash.hex(), tuple(lists))


def lists_named_in(stored: bytes) -> tuple[str, ...]:
    """The digests of the member lists that an entry's bytes name."""
    return () if stored.endswith(NO_LISTS) else decode_entry(stored).lists


def chunks_of(connection: sqlite3.Connection, digest: str) -> list[bytes]:
    """The chunks of one of our member lists, in order; none: we do not have it."""
    return [stored for (stored,) in connection.execute(CHUNKS, (digest,))]


def outbox_of(connection: sqlite3.Connection) -> tuple[int, int | None]:
    """How many entries the centre has not taken, and the event time of the oldest of them (UTC ms; None: all taken)."""
    pending, oldest = 0, None
    for chain in chains(connection):
        pending += chain.end - min(chain.acked, chain.end)
        first = _first_unsent(connection, chain)
        oldest = first if oldest is None or (first is not None and first < oldest) else oldest
    if oldest is None:
        return pending, None
    return pending, decode_entry(connection.execute(STORED, (oldest,)).fetchone()[0]).stamp.event_time


@dataclass(frozen=True, slots=True)
class Outbox:
    """How many entries wait for the centre, it has, and has on a second disk too; rows that are parked.

    `oldest_ms`: the event time of the oldest that waits, UTC.
    """

    pending: int
    acked: int
    safe: int
    parked: int
    oldest_ms: int | None


def whole_outbox(connection: sqlite3.Connection) -> Outbox:
    """All that `scanner outbox` tells."""
    pending, oldest_ms = outbox_of(connection)
    known = chains(connection)
    acked = sum(min(each.acked, each.end) for each in known)
    safe = sum(min(each.safe, each.end) for each in known)
    return Outbox(pending, acked, safe, int(connection.execute(parking.COUNT).fetchone()[0]), oldest_ms)


def _first_unsent(connection: sqlite3.Connection, chain: Chain) -> int | None:
    """The position of an epoch's first entry that the centre does not have; None where it has all."""
    if chain.acked >= chain.end:
        return None
    if chain.acked < chain.reissued:
        row = connection.execute(ISSUED_AGAIN, (chain.no, chain.acked, chain.end)).fetchone()
        return int(row[0])
    return chain.position(chain.acked + 1)


def scans_sent(connection: sqlite3.Connection, *, safe: bool = False) -> int:
    """How many entries with a raw scan the centre has; with `safe`, on a second disk too."""
    sent = _scans_at(connection, connection.execute(LAST_POSITION).fetchone()[0])
    for chain in chains(connection):
        taken = min(chain.safe if safe else chain.acked, chain.end)
        sent -= connection.execute(SCANS_ISSUED_AGAIN, (chain.no, taken, chain.end)).fetchone()[0]
        sent += _scans_at(connection, chain.position(max(taken, chain.reissued)))
        sent -= _scans_at(connection, chain.position(max(chain.end, chain.reissued)))
    return sent


def _scans_at(connection: sqlite3.Connection, position: int) -> int:
    """How many scans there were up to a position; 0 is before the first."""
    row = connection.execute(SCANS_AT, (position,)).fetchone()
    return 0 if row is None else int(row[0])


class OutboxReader:
    """The outbox, and what the base knows of the feed, for a thread of its own. Made by `OutboxReader.open`."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._times = array("q")
        self._times_from = 1
        """The event times of entries from a position on; each entry is decoded for it once."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Opens a ledger that its writer has brought to this schema. Raises StoreError."""
        connection = connect_reader(path)
        try:
            check_readable(connection, path)
        except BaseException:
            connection.close()
            raise
        return cls(path, connection)

    def epochs(self) -> list[EpochState]:
        """All epochs, oldest first."""
        with translated(self._path):
            return epoch_states(self._connection)

    def link_at(self, no: int, seq: int) -> bytes:
        """The hash after a sequence of an epoch, its genesis for 0. KeyError past its end."""
        with translated(self._path):
            return link_at(self._connection, chain_of(self._connection, no), seq)

    def batch(self, no: int, start: int, entries_max: int, bytes_max: int) -> Batch:
        """Entries of an epoch from a sequence on; see `batch`."""
        with translated(self._path):
            self._connection.execute("BEGIN")
            try:
                return batch(self._connection, no, start, entries_max, bytes_max)
            finally:
                self._connection.execute("COMMIT")

    def chunks_of(self, digest: str) -> list[bytes]:
        """The chunks of one of our member lists, in order; none: we do not have it."""
        with translated(self._path):
            return chunks_of(self._connection, digest)

    def site(self) -> SiteMeta:
        """How far the feed was applied."""
        with translated(self._path):
            return read_meta(self._connection)

    def read_page(self, rows: Iterable[FedRow]) -> ReadPage:
        """A page of the feed, decoded for `Ledger.apply_page`: most of the work, and not on the ledger's thread."""
        with translated(self._path):
            return read_page(rows, self._connection)

    def outbox(self) -> tuple[int, int | None]:
        """How many entries the centre has not taken, and the event time of the oldest of them."""
        with translated(self._path):
            return outbox_of(self._connection)

    def quiet_until(self, now_ms: int, no: int, seq: int) -> int:
        """The time before which there is no unsent fact once the centre has the epoch `no` up to `seq`.

        Facts are entries that it does not have, and captures that wait in the inbox.
        """
        with translated(self._path):
            self._connection.execute("BEGIN")
            try:
                return min([now_ms - QUIET_MARGIN_MS, *self._unsent_times(no, seq)])
            finally:
                self._connection.execute("COMMIT")

    def _unsent_times(self, no: int, seq: int) -> Iterator[int]:
        """The earliest event times of what is not sent: each epoch's, and the inbox's."""
        unsent = []
        for chain in chains(self._connection):
            taken = seq if chain.no == no else chain.acked
            rows = self._connection.execute(ISSUED_AGAIN, (chain.no, taken, chain.end))
            unsent += [(position, position) for (position,) in rows]
            first, last = chain.position(max(taken, chain.reissued) + 1), chain.position(chain.end)
            unsent += [(first, last)] if first <= last else []
        if unsent:
            self._look_at_times(min(first for first, _ in unsent))
        for first, last in unsent:
            yield min(self._times[first - self._times_from : last - self._times_from + 1])
        waiting = self._connection.execute(OLDEST_WAITING).fetchone()[0]
        if waiting is not None:
            yield waiting

    def _look_at_times(self, first: int) -> None:
        """Reads the event times of entries from a position on, as far as they are not known."""
        if first < self._times_from or not self._times:
            self._times, self._times_from = array("q"), first
        known = self._times_from + len(self._times) - 1
        for (stored,) in self._connection.execute(AFTER, (known,)):
            self._times.append(json.loads(stored)["event_time"])

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()
