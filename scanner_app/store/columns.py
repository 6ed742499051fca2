"""How values stand in columns: dates as ISO text; an unknown lot or expiry as '', so that it can be part of a key."""

from __future__ import annotations

from datetime import date


def day_text(day: date | None) -> str:
    """A date as the tables keep it."""
    return "" if day is None else day.isoformat()


def day_of(text: str) -> date | None:
    """The date in a column; None for unknown."""
    return date.fromisoformat(text) if text else None
