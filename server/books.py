"""The centre's books: many works into one commit, a savepoint each; nothing is told as done before the commit returns.

    books = Books.open(path, means)
    (answer,) = books.write("OSL", [lambda writing: take_push(writing, push)])

One thread at a time may write; server.writer is that thread in a running centre, tests and the simulation call it
plainly.
"""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from scanner_app.domain.entry import NO_EPOCH, NO_PARENT
from scanner_app.errors import ConfigError
from server.database import Database, open_writer
from server.faults import fault_of
from server.own_chain import open_own_epoch
from server.records import SETTING
from server.writing import LINK_BYTES, Writing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from server.knowledge import Knowledge
    from server.writing import Means

T = TypeVar("T")
ADD_SITE: Final = (
    "INSERT INTO site (site_id, name, time_zone, number, link, link0, floor, own_epoch, site_sum, trailed) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
SITES: Final = "SELECT site_id FROM site ORDER BY site_id"


@dataclass(frozen=True, slots=True)
class Failed:
    """A work that raised: nothing of it is in the books."""

    fault: Exception


class Books:
    """The database, open for writing, with what the centre keeps in memory of its sites."""

    def __init__(self, database: Database, means: Means) -> None:
        self.database = database
        self.means = means
        self.numbers: dict[str, int] = {}
        """The last committed number of each site that was written."""
        self._knowledge: dict[str, Knowledge] = {}

    @classmethod
    def open(cls, path: Path, means: Means, *, create: bool = False) -> Books:
        """Opens the database at `path`. Raises ServerError."""
        return cls(open_writer(path, create=create), means)

    @property
    def path(self) -> Path:
        """The database file."""
        return self.database.path

    def sites(self) -> list[str]:
        """The sites, by id."""
        return [row[0] for row in self.database.session.all(SITES)]

    def write(self, site: str, works: Sequence[Callable[[Writing], T]]) -> list[T | Failed]:
        """Does works about one site in one commit, each whole or not at all. Raises ServerError: nothing is done."""
        session = self.database.session
        try:
            session.run("BEGIN IMMEDIATE")
            try:
                writing = Writing(session, site, self.means, self._knowledge)
                results = [self._one(writing, work) for work in works]
                writing.save()
                session.run("COMMIT")
            except BaseException:
                self._knowledge.pop(site, None)
                if self.database.connection.in_transaction:
                    session.run("ROLLBACK")
                raise
        except sqlite3.Error as fault:
            raise fault_of(fault, self.path) from fault
        self.numbers[site] = writing.number
        return results

    def _one(self, writing: Writing, work: Callable[[Writing], T]) -> T | Failed:
        try:
            with writing.savepoint():
                return work(writing)
        except sqlite3.OperationalError:
            raise
        except Exception as fault:  # noqa: BLE001 - a fault in one work is its caller's answer, the others go on
            return Failed(fault)

    def do(self, site: str, work: Callable[[Writing], T]) -> T:
        """One work in a commit of its own; raises what it raised."""
        (result,) = self.write(site, [work])
        if isinstance(result, Failed):
            raise result.fault
        return result

    def make_site(self, site: str, name: str, time_zone: str) -> None:
        """Adds a site with an empty feed and an own chain. Raises ConfigError SITE_EXISTS."""
        if site in self.sites():
            raise ConfigError("SITE_EXISTS", f"Site {site} is there already.", remedy="Name another one with --site.")
        link0 = secrets.token_bytes(LINK_BYTES)
        row = (site, name, time_zone, 0, link0, link0, 0, NO_EPOCH, f"{0:016x}", 0)
        self.database.session.run(ADD_SITE, row)
        self._knowledge.clear()
        self.do(site, lambda writing: _begin(writing, name, time_zone))

    def close(self) -> None:
        """Closes the database and lets go of its lock."""
        self.database.close()


def _begin(writing: Writing, name: str, time_zone: str) -> None:
    """A site's own chain, and what devices are told of it."""
    open_own_epoch(writing, secrets.token_bytes(len(NO_EPOCH)), NO_PARENT)
    for setting, value in (("site_name", name), ("time_zone", time_zone)):
        writing.put(SETTING, setting, {"name": setting, "value": value})
