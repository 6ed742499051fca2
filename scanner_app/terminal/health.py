"""How the handheld is: ledger, disk, clock, program. The health screen and `scanner doctor` show the same rows."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scanner_app.store.database import SQLITE_VERSION
from scanner_app.workflows.step import Line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from scanner_app.store.ledger import Ledger

FREE_BYTES_MIN = 200 * 1024 * 1024
MEBIBYTE = 1024 * 1024
EARLIEST_SANE = datetime(2026, 1, 1, tzinfo=UTC)
WAL_RESET_FIXED = (3, 51, 3)
"""SQLite below this has a rare corruption when two connections checkpoint at once; one writer avoids it."""


@dataclass(frozen=True, slots=True)
class HealthLine:
    """One thing and how it is; `remedy` is a phrase code where it is not well."""

    name: str
    ok: bool
    text: Line
    remedy: str | None = None


def health_rows(ledger: Ledger, now: datetime) -> Sequence[HealthLine]:
    """The rows of an open ledger."""
    counters = ledger.counters()
    entries = Line("screen.health.entries", {"entries": counters.entries, "waiting": counters.waiting})
    return (
        HealthLine("screen.health.ledger", ok=True, text=entries),
        journal_line(ledger.journal),
        disk_line(ledger.path),
        clock_line(now),
        sqlite_line(),
    )


def journal_line(journal: str) -> HealthLine:
    """Whether the file system takes WAL."""
    ok = journal == "wal"
    remedy = None if ok else "screen.health.journal.remedy"
    return HealthLine("screen.health.journal", ok, Line("screen.health.journal.text", {"journal": journal}), remedy)


def disk_line(path: Path) -> HealthLine:
    """Free space where the ledger lies."""
    room = os.statvfs(path.parent)
    free = room.f_bavail * room.f_frsize
    ok = free >= FREE_BYTES_MIN
    text = Line("screen.health.disk.text", {"free": free // MEBIBYTE})
    return HealthLine("screen.health.disk", ok, text, None if ok else "screen.health.disk.remedy")


def clock_line(now: datetime) -> HealthLine:
    """Whether the clock is plausible: a handheld whose battery was empty starts years ago."""
    ok = now >= EARLIEST_SANE
    text = Line("screen.health.clock.text", {"now": now.strftime("%Y-%m-%d %H:%M UTC")})
    return HealthLine("screen.health.clock", ok, text, None if ok else "screen.health.clock.remedy")


def sqlite_line() -> HealthLine:
    """The SQLite in use."""
    fixed = tuple(int(part) for part in SQLITE_VERSION.split(".")) >= WAL_RESET_FIXED
    code = "screen.health.sqlite.text" if fixed else "screen.health.sqlite.one_writer"
    return HealthLine("screen.health.sqlite", ok=True, text=Line(code, {"version": SQLITE_VERSION}))
