"""Instants as an operator reads them: the site's own day and clock, from UTC milliseconds and an offset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

HOUR_MS = 3_600_000


def local_day(instant_ms: int, offset: int) -> str:
    """The local date as `YYYY-MM-DD`; `instant_ms` is UTC since 1970, `offset` minutes ahead of UTC."""
    return _local(instant_ms, offset).date().isoformat()


def local_clock(instant_ms: int, offset: int) -> str:
    """The local time of day as `HH:MM`; arguments as for `local_day`."""
    return _local(instant_ms, offset).strftime("%H:%M")


def _local(instant_ms: int, offset: int) -> datetime:
    return datetime.fromtimestamp(instant_ms / 1000, UTC) + timedelta(minutes=offset)
