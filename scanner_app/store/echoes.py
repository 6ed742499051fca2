"""Own entries that the base turns out to hold: told by a watermark, where a snapshot alone could not tell it.

A snapshot says how far the centre has each chain. Of a ledger that was put back, or has a twin, it is open which of its
entries those are until the centre has compared links; what it then says that it has, the base holds too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.store import parking
from scanner_app.store.epochs import chain_of, links_of, set_held
from scanner_app.store.overlay import fold_overlay
from scanner_app.store.site import read_meta

if TYPE_CHECKING:
    import sqlite3

ECHO = "INSERT INTO echo (position, n) VALUES (?, ?) ON CONFLICT DO NOTHING"
IS_UNCOUNTED = (
    f"SELECT 1 FROM entry e JOIN parked p ON p.subject = e.event_id AND p.reason = '{parking.QUARANTINED}' "  # noqa: S608 - a word of our own
    "WHERE e.position = ?"
)


def echo_held(cursor: sqlite3.Cursor, no: int) -> None:
    """Takes out of the overlay what an epoch's watermark shows to be in the base; within the caller's transaction."""
    connection = cursor.connection
    chain = chain_of(connection, no)
    if not chain.held:
        return
    told = min(chain.acked, chain.held)
    number = read_meta(connection).feed_n
    positions = [position for _, _, position, _ in links_of(connection, chain, 1, told)]
    counted = [each for each in positions if cursor.execute(IS_UNCOUNTED, (each,)).fetchone() is None]
    cursor.executemany(ECHO, [(position, number) for position in counted])
    if told == min(chain.held, chain.end):
        set_held(cursor, no, 0)
    fold_overlay(connection, cursor)
