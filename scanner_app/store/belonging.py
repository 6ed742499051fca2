"""Which centre a ledger speaks to: what the former one had, and told, says nothing of another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.store.overlay import fold_overlay
from scanner_app.store.site import SiteMeta, write_meta
from scanner_app.store.snapshot import BASE

if TYPE_CHECKING:
    import sqlite3

CENTRE = "SELECT centre FROM site_meta"
SET_CENTRE = "UPDATE site_meta SET centre = ?"
NOTHING_HELD = "UPDATE watermark SET acked = 0, safe = 0, held = 0"
TOLD = (*BASE, "site_movement", "site_list_chunk", "parked", "echo", "flag", "lease")
"""What only the former centre said. Items, places, people and recalls stay until the new one sends its own: without
them nobody could work, and a recall is a recall."""


def belong_to(connection: sqlite3.Connection, centre: str) -> None:
    """From here on the ledger speaks to this centre; of another one than before it knows nothing yet. One commit."""
    former = connection.execute(CENTRE).fetchone()[0]
    if former == centre:
        return
    cursor = connection.cursor()
    cursor.execute("BEGIN IMMEDIATE")
    try:
        if former is not None:
            _forget(connection, cursor)
        cursor.execute(SET_CENTRE, (centre,))
    except BaseException:
        cursor.execute("ROLLBACK")
        raise
    cursor.execute("COMMIT")


def _forget(connection: sqlite3.Connection, cursor: sqlite3.Cursor) -> None:
    cursor.execute(NOTHING_HELD)
    for table in TOLD:
        cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - one of the names above
    write_meta(cursor, SiteMeta())
    fold_overlay(connection, cursor)
