"""What has not been sent yet. The journal is the outbox; until there is a centre, all of it waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.domain.entry import decode_entry
from scanner_app.store.chain import read_head

if TYPE_CHECKING:
    import sqlite3

OLDEST = "SELECT bytes FROM entry ORDER BY position LIMIT 1"


def outbox_of(connection: sqlite3.Connection) -> tuple[int, int | None]:
    """How many entries nobody else has, and the event time of the oldest of them (UTC ms; None: there is none)."""
    head = read_head(connection)
    oldest = connection.execute(OLDEST).fetchone()
    if head is None or oldest is None:
        return 0, None
    return head.position, decode_entry(oldest[0]).stamp.event_time
