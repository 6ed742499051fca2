"""`verify`: the ledger's own chain, its member lists, and its projections rebuilt and compared (model.md).

It reads a snapshot through a read-only connection, also while the scanner runs, and goes through the entries once, in
order; nothing is kept of them but the scratch projections.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scanner_app.domain.entry import NO_HASH, Parent, chain_hash, decode_entry, genesis
from scanner_app.errors import StoreError
from scanner_app.store.database import connect_reader
from scanner_app.store.faults import CORRUPT, fault_of
from scanner_app.store.rebuilding import Rebuilding
from scanner_app.store.schema import check_readable, missing_triggers
from scanner_app.store.trail import read_list

if TYPE_CHECKING:
    from pathlib import Path

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.lists import MemberList

FINDINGS_MAX = 20
EPOCHS = "SELECT no, id, device, parent_epoch, parent_seq, parent_hash, genesis, before FROM epoch ORDER BY no"
ENTRIES = "SELECT position, epoch_no, seq, event_id, kind, scans, refers_to, hash, bytes FROM entry ORDER BY position"
INTEGRITY = "PRAGMA integrity_check(10)"

EntryRow = tuple[int, int, int, str, str, int, str | None, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found. `entries`: how many hold, from the first on; `head`: the last one's hash (hex).

    `first_bad` is the position of the first entry that does not hold, counted over all epochs in the file; None when
    none is bad, also where something else is (`findings` says what).
    """

    ok: bool
    entries: int
    head: str
    first_bad: int | None
    findings: tuple[str, ...]


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


@dataclass(slots=True)
class _Walk:
    """How far the walk over the entries has come, and what it found."""

    ahead: list[_Epoch] = field(default_factory=list)
    epoch: _Epoch | None = None
    position: int = 0
    seq: int = 0
    scans: int = 0
    head: bytes = NO_HASH
    first_bad: int | None = None
    findings: list[str] = field(default_factory=list)


def verify(path: Path) -> Verification:
    """Verifies a ledger file. Raises StoreError where there is none (NO_LEDGER) or a later program's (NEWER_SCHEMA)."""
    walk = _Walk()
    try:
        connection = connect_reader(path)
        try:
            _verify(connection, path, walk)
        finally:
            connection.close()
    except sqlite3.Error as fault:
        walk.findings.append(fault_of(fault, path).message)
    except StoreError as fault:
        if fault.code != CORRUPT:
            raise
        walk.findings.append(fault.message)
    findings = tuple(walk.findings[:FINDINGS_MAX])
    return Verification(not findings, walk.position, walk.head.hex(), walk.first_bad, findings)


def _verify(connection: sqlite3.Connection, path: Path, walk: _Walk) -> None:
    check_readable(connection, path)
    walk.findings += [f"trigger {name} is missing" for name in missing_triggers(connection, path)]
    connection.execute("BEGIN")
    walk.ahead = [
        _Epoch(no, epoch, device, Parent(parent_epoch, parent_seq, parent_hash), first_hash, before)
        for no, epoch, device, parent_epoch, parent_seq, parent_hash, first_hash, before in connection.execute(EPOCHS)
    ]
    _walk_entries(connection, walk)
    walk.findings += [row[0] for row in connection.execute(INTEGRITY) if row[0] != "ok"]


def _walk_entries(connection: sqlite3.Connection, walk: _Walk) -> None:
    """All entries in order; then, when all of them hold, the projections."""
    rebuilding = Rebuilding(connection)
    try:
        if _hold_all(connection, walk, rebuilding):
            walk.findings += rebuilding.differences()
    finally:
        rebuilding.close()


def _hold_all(connection: sqlite3.Connection, walk: _Walk, rebuilding: Rebuilding) -> bool:
    """Whether every entry holds, up to the first that does not; whatever cannot be read does not."""
    try:
        for row in connection.execute(ENTRIES):
            _enter_epochs(walk)
            entry, lists = _checked(connection, row, walk)
            rebuilding.add(row[0], entry, lists)
            walk.position, walk.seq, walk.scans, walk.head = row[0], row[2], row[5], row[7]
        _enter_epochs(walk)
        _refuse_epochs_ahead(walk)
    except UNFIT as fault:
        walk.first_bad = walk.position + 1
        walk.findings.append(f"entry {walk.first_bad}: {fault}")
        return False
    return True


def _enter_epochs(walk: _Walk) -> None:
    """Goes into each epoch that begins here; its parent must be the end of the one before it."""
    while walk.ahead and walk.ahead[0].before == walk.position:
        epoch = walk.ahead.pop(0)
        if epoch.no != (0 if walk.epoch is None else walk.epoch.no) + 1:
            raise BadEntryError(f"epoch {epoch.no} is out of order")
        if walk.epoch is not None and epoch.parent != Parent(walk.epoch.id, walk.seq, walk.head):
            raise BadEntryError(f"epoch {epoch.no} does not continue the head of the one before it")
        if genesis(epoch.device, epoch.id, epoch.parent) != epoch.genesis:
            raise BadEntryError(f"epoch {epoch.no}: its genesis is not that of its device and parent")
        walk.epoch, walk.seq, walk.head = epoch, 0, epoch.genesis


def _refuse_epochs_ahead(walk: _Walk) -> None:
    """After the last entry no epoch may be left: it would begin where the file does not reach."""
    if walk.ahead:
        raise BadEntryError(f"epoch {walk.ahead[0].no} begins after position {walk.ahead[0].before}")


def _checked(connection: sqlite3.Connection, row: EntryRow, walk: _Walk) -> tuple[Entry, dict[str, MemberList]]:
    """The entry of a row and its lists. Raises BadEntryError, EntryFormatError or ListFormatError."""
    position, epoch_no, seq, event_id, kind, scans, refers_to, link, stored = row
    if position != walk.position + 1 or seq != walk.seq + 1 or walk.epoch is None or epoch_no != walk.epoch.no:
        raise BadEntryError(f"sequence {seq} of epoch {epoch_no} at position {position} does not follow {walk.seq}")
    if chain_hash(walk.head, seq, stored) != link:
        raise BadEntryError("its bytes do not match its hash")
    entry = decode_entry(stored)
    if entry.origin.device != walk.epoch.device:
        raise BadEntryError(f"it is of device {entry.origin.device}, the chain of {walk.epoch.device}")
    own = (entry.event_id, entry.kind.value, walk.scans + (entry.raw is not None), entry.refers_to)
    if own != (event_id, kind, scans, refers_to):
        raise BadEntryError("its columns do not repeat its bytes")
    return entry, {digest: read_list(connection, digest) for digest in entry.lists}
