"""Epochs and the head of the chain: where the next entry goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scanner_app.domain.entry import NO_PARENT, Parent, chain_hash, genesis

if TYPE_CHECKING:
    import sqlite3

    from scanner_app.domain.entry import Entry

INSERT_EPOCH = (
    "INSERT INTO epoch (no, id, device, parent_epoch, parent_seq, parent_hash, genesis, before) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
LAST_EPOCH = "SELECT no, id, device, genesis, before FROM epoch ORDER BY no DESC LIMIT 1"
LAST_REISSUE = "SELECT seq, hash FROM reissue WHERE epoch_no = ? ORDER BY seq DESC LIMIT 1"
LAST_ENTRY = "SELECT position, epoch_no, seq, hash, scans FROM entry ORDER BY position DESC LIMIT 1"
INSERT_ENTRY = (
    "INSERT INTO entry (position, epoch_no, seq, event_id, kind, scans, refers_to, hash, bytes) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Head(NamedTuple):
    """The end of the chain. `seq` and `hash` within the present epoch; `position` and `scans` over the whole file."""

    epoch_no: int
    epoch: bytes
    device: str
    seq: int
    hash: bytes
    position: int
    scans: int


def read_head(connection: sqlite3.Connection) -> Head | None:
    """The head of the last epoch; None in a file without one."""
    epoch = connection.execute(LAST_EPOCH).fetchone()
    if epoch is None:
        return None
    epoch_no, epoch_id, device, first_hash, before = epoch
    last = connection.execute(LAST_ENTRY).fetchone()
    position, entry_epoch, seq, last_hash, scans = last or (before, 0, 0, first_hash, 0)
    if entry_epoch != epoch_no:
        seq, last_hash = connection.execute(LAST_REISSUE, (epoch_no,)).fetchone() or (0, first_hash)
    return Head(epoch_no, epoch_id, device, seq, last_hash, position, scans)


def open_epoch(
    connection: sqlite3.Connection, device: str, epoch: bytes, former: Head | None, parent: Parent | None = None
) -> Head:
    """Begins an epoch whose parent is the former head, or the link that is given; the head of the new one."""
    if parent is None:
        parent = NO_PARENT if former is None else Parent(former.epoch, former.seq, former.hash)
    first_hash = genesis(device, epoch, parent)
    number, position, scans = (1, 0, 0) if former is None else (former.epoch_no + 1, former.position, former.scans)
    connection.execute(
        INSERT_EPOCH, (number, epoch, device, parent.epoch, parent.seq, parent.hash, first_hash, position)
    )
    return Head(number, epoch, device, 0, first_hash, position, scans)


def link(cursor: sqlite3.Cursor, head: Head, entry: Entry, stored: bytes) -> Head:
    """Appends an entry's exact bytes to the chain; the new head."""
    seq, position = head.seq + 1, head.position + 1
    scans = head.scans + (entry.raw is not None)
    digest = chain_hash(head.hash, seq, stored)
    cursor.execute(
        INSERT_ENTRY,
        (
            position, head.epoch_no, seq, entry.event_id, entry.kind.value, scans, entry.refers_to, digest, stored,
        ),
    )  # fmt: skip
    return Head(head.epoch_no, head.epoch, head.device, seq, digest, position, scans)
