"""The only connect: one writer, held by a lock file, that owns every checkpoint; everyone else opens read-only.

SQLite before 3.51.3 can damage a WAL when two connections write or checkpoint at once; with one writer process, one
connection in it, and readers in `mode=ro`, which never checkpoint, that cannot happen (sync.md, Limits to reach).
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from scanner_app.errors import StoreError
from scanner_app.store.faults import CORRUPT, LEDGER_IN_USE, NO_LEDGER, fault_of, store_error, translated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Connection = sqlite3.Connection
"""For those who pass one on without knowing SQL."""

SQLITE_VERSION = sqlite3.sqlite_version
"""The library in use; doctor prints it."""

PAGE_BYTES = 4096
CACHE_KIB = 16 * 1024
STATEMENTS_MAX = 256
BUSY_TIMEOUT_S = 2.0
WAL_PAGES_MAX = 8192
"""The hard bound of the WAL, 32 MiB: past it the writer checkpoints in the commit instead of waiting for idleness."""
IDLE_COMMITS_MIN = 64
"""Fewer commits than this are not worth an idle checkpoint; they are as durable in the WAL."""
FILE_MODE = 0o600
RELEASED = -1
"""No descriptor: a number that was closed may belong to another file by now, and must not be closed again."""


@dataclass(slots=True)
class LockFile:
    """An exclusive advisory lock beside the ledger; the kernel lets go of it when the process dies, however it dies."""

    path: Path
    descriptor: int

    def release(self) -> None:
        """Lets go, once; the file itself stays, so that two processes never hold locks on two files of one name."""
        descriptor, self.descriptor = self.descriptor, RELEASED
        if descriptor != RELEASED:
            os.close(descriptor)


def take_lock(ledger: Path) -> LockFile:
    """The lock of a ledger. Raises StoreError LEDGER_IN_USE, naming the process that holds it."""
    path = ledger.with_suffix(".lock")
    with translated(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").rstrip("\n")
        os.close(descriptor)
        message = f"{ledger} is in use by process {holder or 'unknown'}."
        remedy = f"Close the other scanner (process {holder or 'unknown'}), then try again."
        raise StoreError(LEDGER_IN_USE, message, remedy=remedy, retryable=True) from None
    except OSError as fault:
        os.close(descriptor)
        raise fault_of(fault, path) from fault
    return LockFile(path, descriptor)


@dataclass(slots=True)
class Database:
    """The writer's connection with its lock. `journal` is `wal`, or `delete` where the file system refuses WAL."""

    path: Path
    connection: sqlite3.Connection
    lock: LockFile
    journal: str
    commits: int = field(default=0)
    """Commits since the last checkpoint that took everything."""

    @contextmanager
    def unforced(self) -> Iterator[None]:
        """A commit within is not forced to the disk: for what the centre tells again if a power cut takes it.

        The next forced commit forces it too; after a cut the file is as it was before it, whole in any case. On a
        handheld's flash a forced commit takes 20 ms, which a scan would have to wait for.
        """
        if self.journal != "wal":
            yield
            return
        self.connection.execute("PRAGMA synchronous=NORMAL")
        try:
            yield
        finally:
            self.connection.execute("PRAGMA synchronous=FULL")

    def checkpoint_when_idle(self, *, commits_min: int = IDLE_COMMITS_MIN) -> bool:
        """Copies the WAL into the file when enough has gathered; True when nothing worth it is left.

        Called by the owner of the connection while nobody scans. A reader may hold part of it back: then False.
        """
        if self.journal != "wal" or self.commits < commits_min:
            return True
        with translated(self.path):
            busy, in_wal, copied = self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        done = not busy and in_wal == copied
        if done:
            self.commits = 0
        return done

    def close(self) -> None:
        """Closes the connection (which checkpoints and removes the WAL) and lets go of the lock."""
        try:
            with translated(self.path):
                self.connection.close()
        finally:
            self.lock.release()


def connect_writer(path: Path) -> Database:
    """The one writing connection to a ledger file, which is made where there is none.

    WAL with synchronous FULL, both read back; DELETE with EXTRA where WAL is refused. Raises StoreError: LEDGER_IN_USE,
    READ_ONLY, CORRUPT, DISK_FULL, NOT_OPENABLE.
    """
    lock = take_lock(path)
    try:
        with translated(path):
            fresh = not path.exists() or path.stat().st_size == 0
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE))
            connection = _connect(path, "rw")
        try:
            with translated(path):
                journal = _set_up(connection, path, fresh=fresh)
        except StoreError:
            connection.close()
            raise
    except StoreError:
        lock.release()
        raise
    return Database(path, connection, lock, journal)


def _connect(path: Path, mode: str, *, immutable: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode; transactions are begun and ended by name."""
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}" + ("&immutable=1" if immutable else "")
    return sqlite3.connect(
        uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False,
        cached_statements=STATEMENTS_MAX,
    )  # fmt: skip


def _set_up(connection: sqlite3.Connection, path: Path, *, fresh: bool) -> str:
    """Durability, read back and asserted; the journal mode in force."""
    if fresh:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES:d}")
    journal = str(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0])
    wanted = "FULL" if journal == "wal" else "EXTRA"
    if journal != "wal":
        journal = str(connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0])
    connection.execute(f"PRAGMA synchronous={wanted}")
    for pragma in (
        f"wal_autocheckpoint={WAL_PAGES_MAX:d}", f"cache_size=-{CACHE_KIB:d}", "temp_store=MEMORY", "foreign_keys=ON",
        "recursive_triggers=ON", "trusted_schema=OFF", "cell_size_check=ON",
    ):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")
    level = {"FULL": 2, "EXTRA": 3}[wanted]
    if journal not in {"wal", "delete"} or connection.execute("PRAGMA synchronous").fetchone()[0] != level:
        raise store_error(CORRUPT, path, f"journal mode {journal}, synchronous not {wanted}")
    return journal


def connect_reader(path: Path) -> sqlite3.Connection:
    """A read-only connection, safe beside the writer. Raises StoreError NO_LEDGER, CORRUPT or NOT_OPENABLE."""
    if not path.exists():
        raise store_error(NO_LEDGER, path)
    with translated(path):
        try:
            return _reader(path, immutable=False)
        except sqlite3.OperationalError:
            if not _nobody_can_write(path):
                raise
            return _reader(path, immutable=True)


def connect_copy(path: Path) -> sqlite3.Connection:
    """A new file that a backup is written to; only its owner may read it."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
    return _connect(path, "rw")


def connect_scratch() -> sqlite3.Connection:
    """An empty database in a temporary file of SQLite's own, which lives as long as its connection."""
    connection = sqlite3.connect("", isolation_level=None, cached_statements=STATEMENTS_MAX)
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute(f"PRAGMA cache_size=-{CACHE_KIB:d}")
    return connection


def empty_wal(path: Path) -> None:
    """Takes the WAL of a closed ledger into its file, for the holder of its lock; a file too damaged keeps its WAL."""
    connection = _connect(path, "rw")
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError as fault:
        if fault_of(fault, path).code != CORRUPT:
            raise
    finally:
        connection.close()


def _reader(path: Path, *, immutable: bool) -> sqlite3.Connection:
    """A connection that has read the file's first page."""
    connection = _connect(path, "ro", immutable=immutable)
    try:
        connection.execute("PRAGMA query_only=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute(f"PRAGMA cache_size=-{CACHE_KIB:d}")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _nobody_can_write(path: Path) -> bool:
    """Whether the folder is read-only and no WAL stands in it: then SQLite needs no shared memory to read safely."""
    return not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists()
