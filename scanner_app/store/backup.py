"""Backup and restore: whole, verified copies; a restored ledger goes on in a new epoch.

Entries made after the backup may exist elsewhere, under the old epoch's next sequences. A restored ledger therefore
never continues that epoch: it opens a new one whose parent is the restored head (sync.md, Identity). It does so before
it takes the ledger's name, so that no power cut leaves a ledger behind that would go on in the old one.
"""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

from scanner_app.errors import StoreError
from scanner_app.store.chain import open_epoch, read_head
from scanner_app.store.database import connect_copy, connect_reader, connect_writer, empty_wal, take_lock
from scanner_app.store.faults import BAD_BACKUP, OTHER_DEVICE, translated
from scanner_app.store.schema import prepare
from scanner_app.store.verify import Verification, verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PART_SUFFIX = ".part"
RESTORING = ".restoring.db"
WAL_FILES = ("-wal", "-shm")
EPOCHS = "SELECT id FROM epoch"


def back_up(ledger: Path, copy: Path) -> Verification:
    """A verified copy of the ledger in one file, made while it may be in use. Raises StoreError; then there is none.

    The copy is written beside its name, forced to the disk, verified, and only then named. Nothing is overwritten.
    """
    if copy.exists():
        message = f"{copy} is there already."
        raise StoreError(BAD_BACKUP, message, remedy="Name another file; a backup is never overwritten.")
    part = copy.with_name(copy.name + PART_SUFFIX)
    try:
        _copy(ledger, part)
        found = _verified(part)
        with translated(copy):
            part.rename(copy)
            _sync(copy.parent)
    finally:
        part.unlink(missing_ok=True)
    return found


def _copy(source: Path, target: Path) -> None:
    """The whole database in one snapshot, in one file that needs no WAL beside it, forced to the disk."""
    reader = connect_reader(source)
    try:
        with translated(target):
            target.unlink(missing_ok=True)
            copy = connect_copy(target)
            try:
                reader.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")
            finally:
                copy.close()
            _sync(target)
    finally:
        reader.close()


def _verified(copy: Path) -> Verification:
    found = verify(copy)
    if not found.ok:
        message = f"{copy} does not verify: {found.findings[0].rstrip('.')}."
        raise StoreError(BAD_BACKUP, message, remedy="It is not used; nothing was changed.")
    return found


def restore(copy: Path, ledger: Path, device: str, make_epoch: Callable[[], bytes], stamp: str) -> Path | None:
    """Puts a verified copy in the ledger's place, in a new epoch; the former ledger is kept beside it.

    Gives the former ledger's new name, which ends in `stamp`; None where there was none. Raises StoreError BAD_BACKUP
    for a copy that does not verify, OTHER_DEVICE for one of another handheld, LEDGER_IN_USE while a terminal runs; then
    nothing has changed. A copy under a former name of this handheld is known by its epoch. How far the feed was applied
    stands in the copy, so the centre brings back what was lost since; leases are the former epoch's.
    """
    if not copy.exists():
        raise StoreError(BAD_BACKUP, f"There is no file {copy}.", remedy="Name the backup's file.")
    if ledger.exists() and copy.samefile(ledger):
        raise StoreError(BAD_BACKUP, f"{copy} is the ledger itself.", remedy="Name the backup's file.")
    _verified(copy)
    part = ledger.with_name(ledger.name + RESTORING)
    lock = take_lock(ledger)
    try:
        _copy(copy, part)
        _go_on_in_new_epoch(part, device, make_epoch, _epochs_of(ledger, device))
        with translated(ledger):
            return _swap(part, ledger, ledger.with_name(f"{ledger.name}.before-restore-{stamp}"))
    finally:
        for left in (part, part.with_suffix(".lock"), *(part.with_name(part.name + suffix) for suffix in WAL_FILES)):
            left.unlink(missing_ok=True)
        lock.release()


def _epochs_of(ledger: Path, device: str) -> frozenset[bytes]:
    """The epochs of the device's ledger that is to be replaced; none where there is none that can be read."""
    try:
        connection = connect_reader(ledger)
        try:
            head = read_head(connection)
            is_own = head is not None and head.device == device
            return frozenset(epoch for (epoch,) in connection.execute(EPOCHS) if is_own)
        finally:
            connection.close()
    except (StoreError, sqlite3.Error):
        return frozenset()


def _go_on_in_new_epoch(path: Path, device: str, make_epoch: Callable[[], bytes], own_epochs: frozenset[bytes]) -> None:
    """Opens the new epoch in the copy and leaves it as one file on the disk."""
    database = connect_writer(path)
    try:
        prepare(database.connection, path)
        with translated(path):
            head = read_head(database.connection)
            if head is not None and head.device != device and head.epoch not in own_epochs:
                message = f"This is a backup of device {head.device}, not of {device}."
                raise StoreError(OTHER_DEVICE, message, remedy="Restore it in the home of that device.")
            open_epoch(database.connection, device, make_epoch(), head)
    finally:
        database.close()
    with translated(path):
        _sync(path)


def _swap(part: Path, ledger: Path, aside: Path) -> Path | None:
    """Keeps the former ledger under a second name and gives the new one its own.

    A WAL that the former one is too damaged to take in, or that outlived it, goes aside too: SQLite would play it into
    whatever file bears its name.
    """
    kept = None
    if ledger.exists():
        empty_wal(ledger)
        os.link(ledger, aside)
        kept = aside
    wal, memory = (ledger.with_name(ledger.name + suffix) for suffix in WAL_FILES)
    if wal.exists() and wal.stat().st_size:
        wal.rename(aside.with_name(aside.name + WAL_FILES[0]))
    wal.unlink(missing_ok=True)
    memory.unlink(missing_ok=True)
    part.replace(ledger)
    _sync(ledger.parent)
    return kept


def _sync(path: Path) -> None:
    """Forces a file's bytes, or a folder's names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
