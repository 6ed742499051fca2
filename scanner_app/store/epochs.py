"""Epochs as chains of links: where each ends, how far the centre has it, and how a cut one is continued.

A sequence of an epoch is an entry of its own, or one of its first links, which refer to entries of earlier epochs that
the centre's chain had no room for (docs/decisions: sync and the site view). The bytes stand once, by position.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scanner_app.domain.entry import Parent, chain_hash
from scanner_app.domain.feed import EpochHeader, EpochState
from scanner_app.store.chain import Head, open_epoch

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

EPOCHS = (
    "SELECT e.no, e.id, e.before, coalesce((SELECT max(seq) FROM reissue WHERE epoch_no = e.no), 0), "
    "coalesce(w.acked, 0), coalesce(w.safe, 0), w.cut, coalesce(w.held, 0) "
    "FROM epoch e LEFT JOIN watermark w ON w.epoch_no = e.no ORDER BY e.no"
)
LAST_POSITION = "SELECT coalesce(max(position), 0) FROM entry"
HEADER = "SELECT id, device, parent_epoch, parent_seq, parent_hash FROM epoch WHERE no = ?"
GENESIS = "SELECT genesis FROM epoch WHERE no = ?"
REISSUED = "SELECT hash FROM reissue WHERE epoch_no = ? AND seq = ?"
LINK = "SELECT hash FROM entry WHERE position = ?"
LINKS_ISSUED_AGAIN = (
    "SELECT r.seq, r.hash, r.position, e.bytes FROM reissue r JOIN entry e ON e.position = r.position "
    "WHERE r.epoch_no = ? AND r.seq >= ? AND r.seq <= ? ORDER BY r.seq"
)
LINKS = "SELECT seq, hash, position, bytes FROM entry WHERE position >= ? AND position <= ? ORDER BY position"
INSERT_REISSUE = "INSERT INTO reissue (epoch_no, seq, position, hash) VALUES (?, ?, ?, ?)"
SET_WATERMARK = (
    "INSERT INTO watermark (epoch_no, acked, safe) VALUES (?, ?, ?) "
    "ON CONFLICT DO UPDATE SET acked = excluded.acked, safe = excluded.safe"
)
SET_CUT = (
    "INSERT INTO watermark (epoch_no, acked, safe, cut) VALUES (?1, 0, 0, ?2) ON CONFLICT DO UPDATE SET "
    "acked = min(acked, ?2), safe = min(safe, ?2), cut = ?2"
)

SET_HELD = (
    "INSERT INTO watermark (epoch_no, acked, safe, held) VALUES (?, 0, 0, ?) "
    "ON CONFLICT DO UPDATE SET held = excluded.held"
)

Link = tuple[int, bytes, int, bytes]
"""Sequence, hash, position, exact bytes."""


class Chain(NamedTuple):
    """One epoch. Its first `reissued` sequences are entries of earlier ones, the others stand after position `before`.

    `cut`: the last sequence that still belongs to it, None: all of them. `held`: see table watermark.
    """

    no: int
    id: bytes
    before: int
    reissued: int
    last: int
    acked: int
    safe: int
    cut: int | None
    held: int = 0

    @property
    def end(self) -> int:
        """The last sequence that is to be sent."""
        return self.last if self.cut is None else min(self.cut, self.last)

    def position(self, seq: int) -> int:
        """Where an entry of its own stands."""
        return self.before + seq - self.reissued


def chains(connection: sqlite3.Connection) -> list[Chain]:
    """All epochs, oldest first."""
    rows = connection.execute(EPOCHS).fetchall()
    ends = [row[2] for row in rows[1:]] + [connection.execute(LAST_POSITION).fetchone()[0]]
    return [
        Chain(no, epoch, before, reissued, reissued + max(end - before, 0), acked, safe, cut, held)
        for (no, epoch, before, reissued, acked, safe, cut, held), end in zip(rows, ends, strict=True)
    ]


def epoch_states(connection: sqlite3.Connection) -> list[EpochState]:
    """All epochs as the outbox tells of them, oldest first."""
    known = chains(connection)
    return [
        EpochState(each.no, each.id.hex(), each.last, each.end, each.acked, each.safe, present=each is known[-1])
        for each in known
    ]


def chain_of(connection: sqlite3.Connection, no: int) -> Chain:
    """One epoch. KeyError where there is none of that number."""
    for each in chains(connection):
        if each.no == no:
            return each
    raise KeyError(no)


def header_of(connection: sqlite3.Connection, no: int) -> EpochHeader:
    """What an epoch's genesis is made of."""
    epoch, device, parent_epoch, parent_seq, parent_hash = connection.execute(HEADER, (no,)).fetchone()
    return EpochHeader(epoch.hex(), device, parent_epoch.hex(), parent_seq, parent_hash.hex())


def link_at(connection: sqlite3.Connection, chain: Chain, seq: int) -> bytes:
    """The hash after a sequence of an epoch, its genesis for 0. KeyError past its end."""
    if not 0 <= seq <= chain.last:
        raise KeyError(seq)
    if seq == 0:
        found = connection.execute(GENESIS, (chain.no,))
    elif seq <= chain.reissued:
        found = connection.execute(REISSUED, (chain.no, seq))
    else:
        found = connection.execute(LINK, (chain.position(seq),))
    return bytes(found.fetchone()[0])


def links_of(connection: sqlite3.Connection, chain: Chain, start: int, end: int) -> Iterator[Link]:
    """The links of an epoch from sequence `start` to `end`, in order."""
    if start <= chain.reissued:
        yield from connection.execute(LINKS_ISSUED_AGAIN, (chain.no, start, end))
    first = max(start, chain.reissued + 1)
    if first <= end:
        yield from connection.execute(LINKS, (chain.position(first), chain.position(end)))


def set_watermark(cursor: sqlite3.Cursor, no: int, acked: int, safe: int) -> None:
    """How far the centre has an epoch; either may be lower than before."""
    cursor.execute(SET_WATERMARK, (no, acked, safe))


def set_held(cursor: sqlite3.Cursor, no: int, held: int) -> None:
    """How far the chain reaches that the base was made from, where it is open how much of it is ours."""
    cursor.execute(SET_HELD, (no, held))


def cut_epoch(cursor: sqlite3.Cursor, head: Head, no: int, seq: int, new_epoch: bytes) -> Head:
    """Ends an epoch after `seq`, and opens a new one from there, whose first links are the entries after `seq`.

    Nothing happens where nothing comes after `seq`. KeyError where there is no such epoch.
    """
    connection = cursor.connection
    chain = chain_of(connection, no)
    if seq >= chain.end:
        return head
    cursor.execute(SET_CUT, (no, seq))
    parent = Parent(chain.id, seq, link_at(connection, chain, seq))
    head = open_epoch(connection, head.device, new_epoch, head, parent)
    link, count = head.hash, 0
    for count, (_, _, position, stored) in enumerate(links_of(connection, chain, seq + 1, chain.end), start=1):
        link = chain_hash(link, count, stored)
        cursor.execute(INSERT_REISSUE, (head.epoch_no, count, position, link))
    return head._replace(seq=count, hash=link)
