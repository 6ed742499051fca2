"""The projections once more, from the entries alone, in a scratch database; and where the ledger's own differ.

The scratch database is a temporary file of SQLite's own, so that memory stays bounded however long the ledger is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.store.counted import keep_counted
from scanner_app.store.database import connect_scratch
from scanner_app.store.projection import project
from scanner_app.store.schema import MIGRATIONS, statements_of
from scanner_app.store.trail import lay_entry, trailed_position

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.lists import MemberList

ECHOES = "SELECT position FROM echo ORDER BY position"

COMPARED = {
    "on hand": (
        "SELECT place, gtin, lot, expiry, status, owner, quantity FROM on_hand "
        "ORDER BY place, gtin, lot, expiry, status, owner"
    ),
    "unit": (
        "SELECT gtin, serial, owner, lot, expiry, status, place, document, inferred, position, document_position, "
        "touches FROM unit ORDER BY gtin, serial"
    ),
    "container": ("SELECT id, parent, seal, document, position, document_position, touches FROM container ORDER BY id"),
    "document progress": (
        "SELECT document, gtin, lot, expiry, status, quantity FROM document_progress "
        "ORDER BY document, gtin, lot, expiry, status"
    ),
    "closing": "SELECT position, document, closed FROM closing ORDER BY position",
    "follow-up": "SELECT position, event_id, code, subject, document FROM follow_up ORDER BY position",
    "counted unit": "SELECT count, gtin, serial, event_id FROM counted_unit ORDER BY count, gtin, serial",
    "posting": (
        "SELECT position, gtin, lot, serial, quantity, from_place, to_place, inferred FROM posting ORDER BY id"
    ),
    "container move": ("SELECT position, container, from_parent, to_parent, inferred FROM container_move ORDER BY id"),
    "mention": "SELECT position, gtin, lot, serial, sscc FROM mention ORDER BY position",
    "fact": "SELECT task, position FROM fact ORDER BY task, position",
}
"""What is compared, row by row, in the order of the key."""


class Rebuilding:
    """Projections of the entries added so far. `close` throws them away."""

    def __init__(self, ledger: sqlite3.Connection) -> None:
        self._ledger = ledger
        self._trailed = trailed_position(ledger)
        self._scratch = connect_scratch()
        self._cursor = self._scratch.cursor()
        self._scratch.execute("BEGIN")
        for migration in MIGRATIONS:
            for statement in statements_of(migration):
                self._scratch.execute(statement)
        self._echoes = ledger.execute(ECHOES)
        self._echo = self._next_echo()

    def _next_echo(self) -> int | None:
        row = self._echoes.fetchone()
        return None if row is None else int(row[0])

    def add(self, position: int, entry: Entry, lists: Mapping[str, MemberList]) -> None:
        """Adds the next entry: to the overlay unless the base holds it, to the trail as far as that is laid."""
        if position == self._echo:
            self._echo = self._next_echo()
        else:
            project(self._cursor, position, entry, lists)
        keep_counted(self._cursor, entry)
        if position <= self._trailed:
            lay_entry(self._scratch, position, entry, self._ledger)

    def differences(self) -> Iterator[str]:
        """One sentence for the first row of each projection that is not as the entries make it."""
        if self._echo is not None:
            yield f"echo: position {self._echo} is marked as known to the site, and no entry stands there"
        for name, sql in COMPARED.items():
            yield from _first_difference(name, self._ledger.execute(sql), self._scratch.execute(sql))

    def close(self) -> None:
        """Throws the scratch database away."""
        self._scratch.close()


def _first_difference(name: str, kept: sqlite3.Cursor, rebuilt: sqlite3.Cursor) -> Iterator[str]:
    while True:
        found, wanted = kept.fetchone(), rebuilt.fetchone()
        if found != wanted:
            yield f"{name}: the ledger holds {_shown(found)}, its entries make {_shown(wanted)}"
            return
        if found is None:
            return


def _shown(row: tuple[object, ...] | None) -> str:
    return "no more rows" if row is None else repr(row)
