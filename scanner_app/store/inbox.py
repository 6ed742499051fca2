"""Waiting scans: captures spilled by group commit, judged in order after a restart (model.md, Waiting scans)."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

INBOX_ROWS_MAX = 100_000
"""The most that is read back at once; a shift makes a tenth of it."""


@dataclass(frozen=True, slots=True)
class Capture:
    """One scan that has been captured and not yet judged.

    `id` becomes the event id of its entry. `payload` holds the exact bytes, `text` what the intake parses; `method` and
    `ended_by` are words of devices.scan. Times are those of the capture; `monotonic_ns` counts within the
    run `boot_id`. `cut`: bytes are known to be missing.
    """

    id: str
    payload: bytes
    text: str
    symbology: str | None
    source: str
    profile: str
    commissioned: bool
    method: str
    monotonic_ns: int
    wall_ms: int
    boot_id: str
    ended_by: str
    cut: bool


INSERT = (
    "INSERT INTO inbox (id, payload, text, symbology, source, profile, commissioned, method, monotonic_ns, wall_ms, "
    "boot_id, ended_by, cut) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
SELECT = (
    "SELECT id, payload, text, symbology, source, profile, commissioned, method, monotonic_ns, wall_ms, boot_id, "
    "ended_by, cut FROM inbox ORDER BY n LIMIT ?"
)
DELETE = "DELETE FROM inbox WHERE id = ?"
COUNT = "SELECT count(*) FROM inbox"


def insert_captures(connection: sqlite3.Connection, captures: Iterable[Capture]) -> int:
    """Adds captures in their order; how many."""
    return connection.executemany(INSERT, (astuple(capture) for capture in captures)).rowcount


def waiting_captures(connection: sqlite3.Connection) -> list[Capture]:
    """All captures that wait, in the order in which they were spilled."""
    return [_capture_of(*row) for row in connection.execute(SELECT, (INBOX_ROWS_MAX,))]


def _capture_of(*row: Any) -> Capture:  # noqa: ANN401 - a row of SELECT
    """SQLite keeps the two flags as numbers."""
    capture = Capture(*row)
    return replace(capture, commissioned=bool(capture.commissioned), cut=bool(capture.cut))
