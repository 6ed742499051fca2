"""Backup and restore of the whole centre: verified copies; a restored centre goes on in new chains of its own.

Entries that the centre took after the backup are on the devices still, because only what was safe may be forgotten:
they push them again. The centre's own entries since then are gone; a new chain begins where the copy ends.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from scanner_app.domain.entry import NO_EPOCH, Parent
from server.books import Books
from server.chains import find_epoch
from server.database import lock_path, open_reader, take_lock, uri_of
from server.faults import ServerError, translated
from server.leases import go_on_above
from server.own_chain import open_own_epoch
from server.verify import Verification, verify

if TYPE_CHECKING:
    from pathlib import Path

    from server.writing import Means, Writing

PART: Final = ".part"
RESTORING: Final = ".restoring"
WAL_FILES: Final = ("-wal", "-shm")
PAGES_A_STEP: Final = 4096


def back_up(database: Path, copy: Path) -> Verification:
    """A verified copy in one file, made while the centre may run. Raises ServerError; then there is none."""
    if copy.exists():
        raise ServerError("BAD_BACKUP", f"{copy} is there already.", remedy="Name another file; none is overwritten.")
    part = copy.with_name(copy.name + PART)
    try:
        _copy(database, part)
        found = _verified(part)
        with translated(copy):
            part.rename(copy)
            _sync(copy.parent)
    finally:
        for left in (part, *(part.with_name(part.name + suffix) for suffix in WAL_FILES)):
            left.unlink(missing_ok=True)
    return found


def _copy(source: Path, target: Path) -> None:
    """The whole database in one snapshot, as one file that needs no WAL beside it, forced to the disk."""
    with closing(open_reader(source)) as reader, translated(target):
        target.unlink(missing_ok=True)
        os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(uri_of(target, "rw"), uri=True, isolation_level=None)) as copy:
            reader.backup(copy, pages=PAGES_A_STEP)
            copy.execute("PRAGMA journal_mode=DELETE")
        _sync(target)


def _verified(copy: Path) -> Verification:
    found = verify(copy)
    if not found.ok:
        message = f"{copy} does not verify: {found.findings[0].rstrip('.')}."
        raise ServerError("BAD_BACKUP", message, remedy="It is not used; nothing was changed.")
    return found


def restore(copy: Path, database: Path, means: Means, stamp: str) -> Path | None:
    """Puts a verified copy in the database's place; the former one is kept beside it under a name that ends in `stamp`.

    Gives that name; None where there was none. Raises ServerError BAD_BACKUP, IN_USE; then nothing has changed.
    """
    if not copy.exists() or (database.exists() and copy.samefile(database)):
        raise ServerError("BAD_BACKUP", f"{copy} is no backup.", remedy="Name the backup's file.")
    _verified(copy)
    part = database.with_name(database.name + RESTORING)
    lock = take_lock(database)
    try:
        _copy(copy, part)
        books = Books.open(part, means)
        try:
            for site in books.sites():
                books.do(site, partial(_go_on, epoch=secrets.token_bytes(len(NO_EPOCH))))
        finally:
            books.close()
        with translated(database):
            return _swap(part, database, database.with_name(f"{database.name}.before-restore-{stamp}"))
    finally:
        for left in (part, lock_path(part), *(part.with_name(part.name + suffix) for suffix in WAL_FILES)):
            left.unlink(missing_ok=True)
        lock.release()


def _go_on(writing: Writing, epoch: bytes) -> None:
    """The site's own chain goes on in a new one, whose parent is the restored head; no number is given twice."""
    former = find_epoch(writing.session, writing.site, writing.own_epoch)
    assert former is not None
    open_own_epoch(writing, epoch, Parent(former.epoch, former.seq, former.hash))
    go_on_above(writing)


def _swap(part: Path, database: Path, aside: Path) -> Path | None:
    """Keeps the former file under a second name and gives the new one its own; there is a database at every moment.

    A WAL that the former one is too damaged to take in goes aside too: SQLite would play it into the new file.
    """
    _sync(part)
    kept = None
    if database.exists():
        _take_wal_in(database)
        os.link(database, aside)
        kept = aside
    for suffix in WAL_FILES:
        left = database.with_name(database.name + suffix)
        if left.exists():
            left.rename(aside.with_name(aside.name + suffix))
    part.replace(database)
    _sync(database.parent)
    return kept


def _take_wal_in(database: Path) -> None:
    """Copies the WAL of a closed database into its file, for the holder of its lock; a damaged file keeps its WAL."""
    with (
        suppress(sqlite3.DatabaseError),
        closing(sqlite3.connect(uri_of(database, "rw"), uri=True, isolation_level=None)) as connection,
    ):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _sync(path: Path) -> None:
    """Forces a file's bytes, or a folder's names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
