"""The only connect: one writer, held by a lock file, that owns every checkpoint; everyone else opens read-only.

Modules with SQL speak to a Session: plain statements with `?`, the site first in every key. Another engine needs a
Session of its own and its own schema files, nothing else.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from server.faults import ServerError, fault_of, translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

Row = tuple[Any, ...]
Values = "Sequence[object]"

MIGRATIONS: Final = ("0001_chains", "0002_stock", "0003_registry", "0004_planner", "0005_counts", "0006_leases")
SCHEMA_VERSION: Final = len(MIGRATIONS)
SQLITE_VERSION: Final = sqlite3.sqlite_version
STATEMENTS_MAX: Final = 256
CACHE_KIB: Final = 64 * 1024
WAL_PAGES_MAX: Final = 16_384
"""The hard bound of the WAL, 64 MiB: past it the writer checkpoints in the commit instead of waiting for idleness."""
BUSY_TIMEOUT_S: Final = 2.0
FILE_MODE: Final = 0o600
FULL: Final = 2
"""`synchronous` as the engine tells it."""


class Session:
    """The statements of one transaction or one read snapshot."""

    __slots__ = ("_connection", "_cursor")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()

    def one(self, sql: str, values: Sequence[object] = ()) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._cursor.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Every row; only where their number is bounded."""
        return self._cursor.execute(sql, values).fetchall()

    def each(self, sql: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """Every row, one after the other, on a cursor of its own."""
        return iter(self._connection.execute(sql, values))

    def run(self, sql: str, values: Sequence[object] = ()) -> int:
        """Changes rows; how many."""
        return self._cursor.execute(sql, values).rowcount

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """The same change for many rows."""
        self._cursor.executemany(sql, rows)


@dataclass(slots=True)
class LockFile:
    """An exclusive advisory lock beside the database; the kernel lets go of it when the process dies."""

    descriptor: int | None

    def release(self) -> None:
        """Lets go, once; the file stays, so that two processes never hold locks on two files of one name."""
        descriptor, self.descriptor = self.descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def lock_path(path: Path) -> Path:
    """The lock file of a database."""
    return path.with_name(path.name + ".lock")


def take_lock(path: Path) -> LockFile:
    """The lock of a database. Raises ServerError IN_USE, naming the process that holds it."""
    with translated(path):
        descriptor = os.open(lock_path(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").rstrip("\n") or "unknown"
        os.close(descriptor)
        remedy = f"Stop process {holder}, then try again."
        raise ServerError("IN_USE", f"{path} is in use by process {holder}.", remedy=remedy, retryable=True) from None
    except OSError as fault:
        os.close(descriptor)
        raise fault_of(fault, path) from fault
    return LockFile(descriptor)


@dataclass(slots=True)
class Database:
    """The writer's connection with its lock."""

    path: Path
    connection: sqlite3.Connection
    session: Session
    lock: LockFile

    def checkpoint(self) -> None:
        """Copies the WAL into the file as far as readers allow; called while nobody waits."""
        with translated(self.path):
            self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def close(self) -> None:
        """Closes the connection (which checkpoints and removes the WAL) and lets go of the lock."""
        try:
            with translated(self.path):
                self.connection.close()
        finally:
            self.lock.release()


def open_writer(path: Path, *, create: bool = False) -> Database:
    """The one writing connection, its schema brought up to this program's.

    Raises ServerError: NO_DATABASE unless `create`, IN_USE, NEWER_SCHEMA, CORRUPT, READ_ONLY, NOT_OPENABLE.
    """
    if not path.exists() and not create:
        raise _no_database(path)
    lock = take_lock(path)
    try:
        with translated(path):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE))
            connection = _connect(path, "rw")
            try:
                _set_up(connection, path)
                _migrate(connection, path)
            except BaseException:
                connection.close()
                raise
    except BaseException:
        lock.release()
        raise
    return Database(path, connection, Session(connection), lock)


def _no_database(path: Path) -> ServerError:
    return ServerError("NO_DATABASE", f"There is no database at {path}.", remedy="Run `scanner-server init` first.")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    """A connection in autocommit mode; transactions are begun and ended by name."""
    return sqlite3.connect(
        uri_of(path, mode), uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False,
        cached_statements=STATEMENTS_MAX,
    )  # fmt: skip


def uri_of(path: Path, mode: str) -> str:
    """The file as SQLite's URI."""
    return f"file:{quote(str(path.absolute()))}?mode={mode}"


def _set_up(connection: sqlite3.Connection, path: Path) -> None:
    """Durability, read back and asserted."""
    journal = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    for pragma in (
        "synchronous=FULL", f"wal_autocheckpoint={WAL_PAGES_MAX:d}", f"cache_size=-{CACHE_KIB:d}", "temp_store=MEMORY",
        "trusted_schema=OFF", "cell_size_check=ON",
    ):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")
    if journal != "wal" or connection.execute("PRAGMA synchronous").fetchone()[0] != FULL:
        remedy = "Put the database on a local file system."
        raise ServerError("NOT_DURABLE", f"{path}: WAL with synchronous FULL is refused here.", remedy=remedy)


def schema_version(connection: sqlite3.Connection) -> int:
    """The number of the last migration that the file has had; 0 for a fresh one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Runs what is due, each migration in a transaction of its own together with its version; a copy is kept before."""
    found = schema_version(connection)
    _refuse_newer(found, path)
    if 0 < found < SCHEMA_VERSION:
        with sqlite3.connect(path.with_name(f"{path.name}.schema-{found}")) as copy:
            connection.backup(copy)
        copy.close()
    for version, name in enumerate(MIGRATIONS[found:], start=found + 1):
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements_of(name):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={version:d}")
        connection.execute("COMMIT")


def _refuse_newer(found: int, path: Path) -> None:
    if found > SCHEMA_VERSION:
        message = f"{path} has schema {found}; this program knows up to {SCHEMA_VERSION}."
        raise ServerError("NEWER_SCHEMA", message, remedy="Install the version that wrote it, or a later one.")


def _refuse_other(found: int, path: Path) -> None:
    """For readers, which never migrate."""
    _refuse_newer(found, path)
    if found < SCHEMA_VERSION:
        remedy = "Run `scanner-server migrate`."
        raise ServerError("OLDER_SCHEMA", f"{path} has schema {found}, not {SCHEMA_VERSION}.", remedy=remedy)


def statements_of(migration: str) -> list[str]:
    """The statements of a migration file, one by one, so that they run inside the transaction around them."""
    statements: list[str] = []
    pending = ""
    for line in (files("server") / "schema" / f"{migration}.sql").read_text("utf-8").split("\n"):
        pending += line + "\n"
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return statements


def open_reader(path: Path) -> sqlite3.Connection:
    """A read-only connection, safe beside the writer. Raises ServerError NO_DATABASE, NEWER_SCHEMA, CORRUPT."""
    if not path.exists():
        raise _no_database(path)
    with translated(path):
        connection = _connect(path, "ro")
        try:
            connection.execute("PRAGMA query_only=ON")
            connection.execute("PRAGMA trusted_schema=OFF")
            _refuse_other(schema_version(connection), path)
        except BaseException:
            connection.close()
            raise
    return connection


def open_scratch(migrations: Sequence[str]) -> sqlite3.Connection:
    """An empty database with these tables in a temporary file of SQLite's own, which ends with its connection."""
    connection = sqlite3.connect("", isolation_level=None, cached_statements=STATEMENTS_MAX)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{CACHE_KIB:d}"):
        connection.execute(f"PRAGMA {pragma}")
    for migration in migrations:
        for statement in statements_of(migration):
            connection.execute(statement)
    return connection
