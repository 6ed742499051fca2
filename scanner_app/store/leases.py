"""SSCCs from leased ranges: the next serial reference is given in the commit that uses it, and never again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.domain.refusals import Refusal
from scanner_app.domain.site_state import SSCC_LEASE, Lease, sscc_of

if TYPE_CHECKING:
    import sqlite3

RANGE = (
    f"SELECT id, subject, next FROM lease WHERE kind = '{SSCC_LEASE}' AND epoch = ? AND next <= last "  # noqa: S608 - our own word
    "ORDER BY n, id LIMIT 1"
)
TAKE = "UPDATE lease SET next = next + 1 WHERE id = ?"
OPEN = (
    "SELECT id, kind, device, epoch, subject, until, next, last FROM lease WHERE epoch = ? AND next <= last "
    "ORDER BY kind, n, id LIMIT ?"
)
LEASES_MAX = 500


def take_sscc(cursor: sqlite3.Cursor, epoch: bytes) -> str | Refusal:
    """The next SSCC (18 digits) of a range that is leased to this incarnation; NO_SSCC_LEFT where all are used up."""
    row = cursor.execute(RANGE, (epoch.hex(),)).fetchone()
    if row is None:
        return Refusal.NO_SSCC_LEFT
    lease, prefix, reference = row
    cursor.execute(TAKE, (lease,))
    return sscc_of(prefix, reference)


def open_leases(connection: sqlite3.Connection, epoch: bytes) -> list[Lease]:
    """What this incarnation may use, tasks and ranges; `first` of a range is what is given next. At most 500."""
    return [Lease(*row) for row in connection.execute(OPEN, (epoch.hex(), LEASES_MAX))]
