"""How values stand in columns: dates as ISO text (domain.dates); unknown as '', so that it can be part of a key."""

from __future__ import annotations

from datetime import date


def day_of(text: str) -> date | None:
    """The date in a column; None for unknown."""
    return date.fromisoformat(text) if text else None
