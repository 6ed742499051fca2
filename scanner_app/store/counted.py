"""The units that own counts hold: kept whatever the site knows, since each is counted once in its count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.domain.counting import count_fact_of
from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import Accepted

if TYPE_CHECKING:
    import sqlite3

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.facts import CountedUnit

INSERT = "INSERT OR REPLACE INTO counted_unit (count, gtin, serial, event_id) VALUES (?, ?, ?, ?)"
TAKE_BACK = "DELETE FROM counted_unit WHERE count = ? AND event_id = ?"
IS_COUNTED = "SELECT 1 FROM counted_unit WHERE count = ? AND gtin = ? AND serial = ?"


def keep_counted(cursor: sqlite3.Cursor, entry: Entry) -> None:
    """Adds the unit of a `counted` entry, or takes away that of the one that a `corrected` entry takes back."""
    if entry.count is None:
        return
    if entry.kind is EntryKind.CORRECTED and isinstance(entry.verdict, Accepted):
        cursor.execute(TAKE_BACK, (entry.count, entry.refers_to))
    fact = count_fact_of(entry)
    if fact is not None and fact.serial:
        cursor.execute(INSERT, (fact.count, fact.batch.gtin, fact.serial, entry.event_id))


def counted_unit(connection: sqlite3.Connection, query: CountedUnit) -> bool:
    """Whether a count holds a unit."""
    return connection.execute(IS_COUNTED, (query.count, query.gtin, query.serial)).fetchone() is not None
