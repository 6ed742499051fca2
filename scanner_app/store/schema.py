"""Migrations: numbered plain SQL, run through sqlite_utils.Migrations when the file's version says that one is due.

The version is the number of the last migration (PRAGMA user_version). A copy of the file is kept before each run of an
older one. The triggers that make entries, epochs and lists append-only are asserted after every open.
"""

from __future__ import annotations

import sqlite3
from importlib.resources import files
from typing import TYPE_CHECKING

from scanner_app.errors import StoreError
from scanner_app.store.faults import CORRUPT, NEWER_SCHEMA, store_error, translated

if TYPE_CHECKING:
    from pathlib import Path

    from sqlite_utils import Database as ToolDatabase

MIGRATIONS = ("0001_entries", "0002_stock", "0003_masters", "0004_mentions", "0005_site", "0006_counted")
SCHEMA_VERSION = len(MIGRATIONS)
MIGRATION_SET = "scanner-ledger"
TRIGGERS = frozenset({
    "epoch_no_update", "epoch_no_delete", "entry_no_update", "entry_no_delete", "list_no_update", "list_no_delete",
    "reissue_no_update", "reissue_no_delete",
})  # fmt: skip
COPY_PAGES_A_STEP = 1024


def version_of(connection: sqlite3.Connection) -> int:
    """The number of the last migration that the file has had; 0 for a fresh one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Brings a writer's file to this schema and asserts its triggers.

    Raises StoreError NEWER_SCHEMA for a file of a later program, CORRUPT for a foreign or damaged one.
    """
    with translated(path):
        check_version(connection, path)
        found = version_of(connection)
        if found < SCHEMA_VERSION:
            _refuse_foreign(connection, path, found)
            if found:
                keep_copy(connection, path, found)
            _migrate(connection)
        check_triggers(connection, path)


def check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Raises StoreError NEWER_SCHEMA when a later program has written the file."""
    found = version_of(connection)
    if found > SCHEMA_VERSION:
        message = f"{path} has schema {found}; this program knows up to {SCHEMA_VERSION}."
        raise StoreError(NEWER_SCHEMA, message, remedy="Install the version that wrote it, or a later one.")


def check_readable(connection: sqlite3.Connection, path: Path) -> None:
    """For readers, which never migrate: raises StoreError unless the file has exactly this schema."""
    with translated(path):
        check_version(connection, path)
        if version_of(connection) < SCHEMA_VERSION:
            raise store_error(CORRUPT, path, f"schema {version_of(connection)}: start the scanner once to bring it up")


def check_triggers(connection: sqlite3.Connection, path: Path) -> None:
    """Raises StoreError CORRUPT when a trigger that keeps entries append-only is missing."""
    missing = missing_triggers(connection, path)
    if missing:
        raise store_error(CORRUPT, path, f"trigger {missing[0]} is missing")


def missing_triggers(connection: sqlite3.Connection, path: Path) -> list[str]:
    """The names of the triggers that should keep entries append-only and are not there."""
    with translated(path):
        present = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")}
    return sorted(TRIGGERS - present)


def _refuse_foreign(connection: sqlite3.Connection, path: Path, found: int) -> None:
    """A file of version 0 with tables in it is somebody else's database."""
    tables = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE '\\_sqlite%' ESCAPE '\\'")
    if found == 0 and tables.fetchone()[0]:
        raise store_error(CORRUPT, path, "a database of another program")


def keep_copy(connection: sqlite3.Connection, path: Path, version: int) -> Path:
    """A whole copy of the file as it is, beside it, named by its schema version."""
    kept = path.with_name(f"{path.name}.schema-{version}")
    copy = sqlite3.connect(kept)
    try:
        connection.backup(copy, pages=COPY_PAGES_A_STEP)
    finally:
        copy.close()
    return kept


def _migrate(connection: sqlite3.Connection) -> None:
    """Runs what is due, each migration in a transaction of its own together with its version."""
    from sqlite_utils import Database as Tool  # noqa: PLC0415 - 0.14 s that only a migration pays
    from sqlite_utils import Migrations  # noqa: PLC0415 - as above

    migrations = Migrations(MIGRATION_SET)
    for version, name in enumerate(MIGRATIONS, start=1):

        def run(tool: ToolDatabase, name: str = name, version: int = version) -> None:
            for statement in statements_of(name):
                tool.conn.execute(statement)
            tool.conn.execute(f"PRAGMA user_version={version:d}")

        migrations(name=name)(run)
    migrations.apply(Tool(connection))


def statements_of(migration: str) -> list[str]:
    """The statements of a migration file, one by one, so that they run inside the transaction around them."""
    statements: list[str] = []
    pending = ""
    for line in (files("scanner_app.store") / "migrations" / f"{migration}.sql").read_text("utf-8").split("\n"):
        pending += line + "\n"
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return statements
