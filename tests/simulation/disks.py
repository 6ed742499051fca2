"""The files of a run: in memory where the machine has such a folder, made once a process and copied as bytes."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import tempfile
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final
from unittest import mock

from scanner_app.bootstrap import syncing
from scanner_app.bootstrap.station import EPOCH_BYTES
from scanner_app.store import rebuilding
from scanner_app.store.database import connect_writer
from scanner_app.store.schema import MIGRATIONS, prepare, statements_of
from server import database as centre_database
from server.books import Books
from server.imports import put_records
from tests.server.handhelds import RECORDS, open_books

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
SITES: Final = ("OSL", "BGO")


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    made = Path(tempfile.mkdtemp(prefix="scanner-simulation-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
    try:
        yield made
    finally:
        shutil.rmtree(made)


@contextmanager
def repeatable(source: Random) -> Iterator[None]:
    """Within it chance comes from the source alone, and tables to verify with are made once a process and copied."""
    with (
        mock.patch.object(secrets, "token_bytes", source.randbytes),
        mock.patch.object(syncing, "new_epoch", partial(source.randbytes, EPOCH_BYTES)),
        mock.patch.object(rebuilding, "connect_scratch", scratch),
        mock.patch.object(rebuilding, "MIGRATIONS", ()),
        mock.patch.object(centre_database, "statements_of", cache(centre_database.statements_of)),
    ):
        yield


@cache
def fresh_ledger() -> bytes:
    """A ledger's file with its tables and nothing in them."""
    with folder() as made:
        database = connect_writer(made / "ledger.db")
        prepare(database.connection, made / "ledger.db")
        content = database.connection.serialize()
        database.close()
    return content


@cache
def fresh_centre() -> bytes:
    """A centre's file with two sites that have the same master records."""
    with folder() as made, mock.patch.object(secrets, "token_bytes", Random(0).randbytes):
        books = open_books(made / "centre.db")
        for site in SITES:
            books.make_site(site, site.title(), "Europe/Oslo")
            books.do(site, lambda writing: put_records(writing, RECORDS))
        content = content_of(books)
        books.close()
    return content


@cache
def fresh_scratch() -> bytes:
    """The tables that `verify` rebuilds a ledger's projections in."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for migration in MIGRATIONS:
        for statement in statements_of(migration):
            connection.execute(statement)
    content = connection.serialize()
    connection.close()
    return content


def scratch() -> sqlite3.Connection:
    """A copy of them."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.deserialize(fresh_scratch())
    return connection


def content_of(books: Books) -> bytes:
    """The whole database as one file, without a WAL."""
    return books.database.connection.serialize()
