"""A walk over the ledger's own chains, entry by entry, each epoch with the links that were issued again in it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scanner_app.domain.entry import DEMO_DEVICE, NO_HASH, Parent, chain_hash, decode_entry, genesis
from scanner_app.store.epochs import Chain, link_at
from scanner_app.store.trail import read_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.lists import MemberList

EPOCHS = (
    "SELECT e.no, e.id, e.device, e.parent_epoch, e.parent_seq, e.parent_hash, e.genesis, e.before, w.cut "
    "FROM epoch e LEFT JOIN watermark w ON w.epoch_no = e.no ORDER BY e.no"
)
ENTRIES = "SELECT position, epoch_no, seq, event_id, kind, scans, refers_to, hash, bytes FROM entry ORDER BY position"
ISSUED_AGAIN = (
    "SELECT r.seq, r.position, r.hash, e.bytes FROM reissue r LEFT JOIN entry e ON e.position = r.position "
    "WHERE r.epoch_no = ? ORDER BY r.seq"
)

EntryRow = tuple[int, int, int, str, str, int, str | None, bytes, bytes]


class BadEntryError(Exception):
    """An entry or epoch that does not hold; the sentence says why."""


UNFIT = (BadEntryError, sqlite3.Error, ValueError, TypeError, KeyError, OverflowError)
"""What bytes that somebody forged, or a page that was overwritten, come to on their way into the projections."""


@dataclass(frozen=True, slots=True)
class _Epoch:
    no: int
    id: bytes
    device: str
    parent: Parent
    genesis: bytes
    before: int
    cut: int | None


class Walk:
    """How far the walk has come: the position and hash of the last entry that holds."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._ahead = [
            _Epoch(no, epoch, device, Parent(parent, seq, link), first, before, cut)
            for no, epoch, device, parent, seq, link, first, before, cut in connection.execute(EPOCHS)
        ]
        self._left: dict[bytes, tuple[Chain, int | None]] = {}
        self._epoch: _Epoch | None = None
        self._reissued = 0
        self._seq = 0
        self._scans = 0
        self.position = 0
        self.head = NO_HASH

    def entries(self) -> Iterator[tuple[int, Entry, dict[str, MemberList]]]:
        """Every entry with its position and lists. Raises one of UNFIT at the first that does not hold."""
        for row in self._connection.execute(ENTRIES):
            self._enter_epochs()
            entry, lists = self._checked(row)
            yield row[0], entry, lists
            self.position, self._seq, self._scans, self.head = row[0], row[2], row[5], row[7]
        self._enter_epochs()
        if self._ahead:
            raise BadEntryError(f"epoch {self._ahead[0].no} begins after position {self._ahead[0].before}")

    def _enter_epochs(self) -> None:
        """Goes into each epoch that begins here, and over the links that were issued again in it."""
        while self._ahead and self._ahead[0].before == self.position:
            epoch = self._ahead.pop(0)
            self._leave()
            if epoch.no != len(self._left) + 1:
                raise BadEntryError(f"epoch {epoch.no} is out of order")
            if self._left and not self._is_link(epoch.parent):
                raise BadEntryError(f"epoch {epoch.no} does not continue an earlier one from its end or cut")
            if genesis(epoch.device, epoch.id, epoch.parent) != epoch.genesis:
                raise BadEntryError(f"epoch {epoch.no}: its genesis is not that of its device and parent")
            self._epoch, self._seq, self.head = epoch, 0, epoch.genesis
            self._follow_links(epoch)

    def _leave(self) -> None:
        """Remembers where the present epoch ends."""
        if self._epoch is not None:
            known = self._epoch
            chain = Chain(known.no, known.id, known.before, self._reissued, self._seq, 0, 0, known.cut)
            self._left[known.id] = (chain, known.cut)

    def _is_link(self, parent: Parent) -> bool:
        """Whether an epoch may continue there: the end of an earlier one, or a link at or after its cut."""
        if parent.epoch not in self._left:
            return False
        chain, cut = self._left[parent.epoch]
        is_end = parent.seq == chain.last and chain.no == len(self._left)
        is_cut = cut is not None and cut <= parent.seq < chain.last
        return (is_end or is_cut) and link_at(self._connection, chain, parent.seq) == parent.hash

    def _follow_links(self, epoch: _Epoch) -> None:
        """The links of entries that stand in earlier epochs."""
        self._reissued = 0
        for seq, position, link, stored in self._connection.execute(ISSUED_AGAIN, (epoch.no,)):
            if seq != self._seq + 1 or position > self.position:
                raise BadEntryError(
                    f"link {seq} of epoch {epoch.no}, to position {position}, does not follow {self._seq}"
                )
            if chain_hash(self.head, seq, stored) != link:
                raise BadEntryError(f"link {seq} of epoch {epoch.no} does not match the bytes at position {position}")
            self._seq = self._reissued = seq
            self.head = link

    def _checked(self, row: EntryRow) -> tuple[Entry, dict[str, MemberList]]:
        """The entry of a row and its lists."""
        position, epoch_no, seq, event_id, kind, scans, refers_to, link, stored = row
        epoch = self._epoch
        if position != self.position + 1 or seq != self._seq + 1 or epoch is None or epoch_no != epoch.no:
            raise BadEntryError(
                f"sequence {seq} of epoch {epoch_no} at position {position} does not follow {self._seq}"
            )
        if chain_hash(self.head, seq, stored) != link:
            raise BadEntryError("its bytes do not match its hash")
        entry = decode_entry(stored)
        if entry.origin.device not in {epoch.device, DEMO_DEVICE}:
            raise BadEntryError(f"it is of device {entry.origin.device}, the chain of {epoch.device}")
        own = (entry.event_id, entry.kind.value, self._scans + (entry.raw is not None), entry.refers_to)
        if own != (event_id, kind, scans, refers_to):
            raise BadEntryError("its columns do not repeat its bytes")
        return entry, {digest: read_list(self._connection, digest) for digest in entry.lists}
