"""Readers: a few threads with a read-only connection each; every question is answered from one snapshot."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from server.database import Session, open_reader

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")
THREADS: Final = 2


def within_snapshot(connection: sqlite3.Connection, ask: Callable[[Session], T]) -> T:
    """Asks within one read transaction."""
    session = Session(connection)
    session.run("BEGIN")
    try:
        return ask(session)
    finally:
        session.run("ROLLBACK")


class Readers:
    """Answers questions beside the writer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._executor = ThreadPoolExecutor(THREADS, "reader", initializer=self._connect)

    def _connect(self) -> None:
        self._local.connection = open_reader(self._path)
        self._open.append(self._local.connection)

    async def ask(self, ask: Callable[[Session], T]) -> T:
        """The answer to a question."""
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, lambda: within_snapshot(self._local.connection, ask)
        )

    def close(self) -> None:
        """Ends the threads and their connections."""
        self._executor.shutdown()
        for connection in self._open:
            connection.close()
