"""Chains and entries as rows."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from server.database import Session
    from sync.wire import Standing

EPOCH: Final = (
    "SELECT site_id, epoch, device, chain_device, parent_epoch, parent_seq, parent_hash, genesis, seq, hash, safe_seq, "
    "signed_seq, signature, signer FROM epoch WHERE site_id = ? AND epoch = ?"
)
EPOCHS_OF_DEVICE: Final = (
    "SELECT site_id, epoch, device, chain_device, parent_epoch, parent_seq, parent_hash, genesis, seq, hash, safe_seq, "
    "signed_seq, signature, signer FROM epoch WHERE site_id = ? AND device = ? ORDER BY epoch"
)
PUT_EPOCH: Final = (
    "INSERT INTO epoch (site_id, epoch, device, chain_device, parent_epoch, parent_seq, parent_hash, genesis, seq, "
    "hash, safe_seq, signed_seq, signature, signer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (site_id, epoch) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, "
    "safe_seq = excluded.safe_seq, signed_seq = excluded.signed_seq, signature = excluded.signature, "
    "signer = excluded.signer"
)
APPEND: Final = (
    "INSERT INTO entry (site_id, n, link, epoch, seq, hash, event_id, standing, record_ms, bytes) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
LINK: Final = "SELECT hash FROM entry WHERE site_id = ? AND epoch = ? AND seq = ?"
EVENTS_AT_ONCE: Final = 50
SAME_EVENT: Final = "SELECT event_id, standing, bytes FROM entry WHERE site_id = ? AND event_id = ?"
SAME_EVENTS: Final = SAME_EVENT.removesuffix("= ?") + f"IN ({', '.join('?' * EVENTS_AT_ONCE)})"
AT_NUMBER: Final = (
    "SELECT site_id, n, link, epoch, seq, hash, event_id, standing, record_ms, bytes FROM entry "
    "WHERE site_id = ? AND n = ?"
)


class EpochRow(NamedTuple):
    """A row of table epoch."""

    site: str
    epoch: bytes
    device: str
    chain_device: str
    parent_epoch: bytes
    parent_seq: int
    parent_hash: bytes
    genesis: bytes
    seq: int
    hash: bytes
    safe_seq: int
    signed_seq: int
    signature: bytes
    signer: bytes


class EntryRow(NamedTuple):
    """A row of table entry."""

    site: str
    n: int
    link: bytes
    epoch: bytes
    seq: int
    hash: bytes
    event_id: bytes
    standing: str
    record_ms: int
    bytes: bytes


def entry_hash(epoch: bytes, seq: int, link: bytes, standing: Standing) -> bytes:
    """What an entry's row adds to the feed's chain."""
    return hashlib.sha256(b"entry" + epoch + seq.to_bytes(8, "big") + link + standing.encode()).digest()


def find_epoch(session: Session, site: str, epoch: bytes) -> EpochRow | None:
    """A chain; None where the centre has nothing of it."""
    row = session.one(EPOCH, (site, epoch))
    return None if row is None else EpochRow(*row)


def epochs_of(session: Session, site: str, device: str) -> list[EpochRow]:
    """All chains that a device pushes."""
    return [EpochRow(*row) for row in session.all(EPOCHS_OF_DEVICE, (site, device))]


def line_of(session: Session, site: str, device: str) -> list[EpochRow]:
    """All chains that a device pushes, and those they go on from: it pushed them under an earlier name."""
    found = {row.epoch: row for row in epochs_of(session, site, device)}
    waiting = list(found.values())
    while waiting:
        child = waiting.pop()
        parent = find_epoch(session, site, child.parent_epoch)
        if parent is None or parent.epoch in found or child.parent_seq > parent.seq:
            continue
        if link_at(session, parent, child.parent_seq) == child.parent_hash:
            found[parent.epoch] = parent
            waiting.append(parent)
    return [found[epoch] for epoch in sorted(found)]


def put_epoch(session: Session, row: EpochRow) -> None:
    """Writes a chain, new or grown."""
    session.run(PUT_EPOCH, row)


def append(session: Session, rows: Iterable[EntryRow]) -> None:
    """Adds entries."""
    session.many(APPEND, rows)


def link_at(session: Session, epoch: EpochRow, seq: int) -> bytes:
    """The link after a sequence that the chain has."""
    if seq == epoch.seq:
        return epoch.hash
    if seq == 0:
        return epoch.genesis
    row = session.one(LINK, (epoch.site, epoch.epoch, seq))
    assert row is not None
    found: bytes = row[0]
    return found


def same_events(session: Session, site: str, event_ids: Sequence[bytes]) -> dict[bytes, list[tuple[str, bytes]]]:
    """Standing and bytes of the entries that bear one of these event ids already; an unreadable one (empty) is none."""
    found: dict[bytes, list[tuple[str, bytes]]] = {}
    wanted = [event_id for event_id in event_ids if event_id]
    for start in range(0, len(wanted), EVENTS_AT_ONCE):
        batch = wanted[start : start + EVENTS_AT_ONCE]
        if len(batch) > 1:
            batch += [batch[-1]] * (EVENTS_AT_ONCE - len(batch))
        for event_id, standing, stored in session.all(SAME_EVENT if len(batch) == 1 else SAME_EVENTS, (site, *batch)):
            found.setdefault(event_id, []).append((standing, stored))
    return found


def known_seqs(head: int) -> Sequence[int]:
    """The head, then 1, 2, 4 … back, and 0."""
    back = [head]
    step = 1
    while head - step > 0:
        back.append(head - step)
        step *= 2
    return [*back, 0] if head else back
