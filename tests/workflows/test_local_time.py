from __future__ import annotations

import pytest

from scanner_app.workflows.local_time import local_clock, local_day

NEW_YEAR_EVE_MS = 1_798_759_800_000  # 2026-12-31T23:30:00Z


@pytest.mark.parametrize(
    ("offset", "day", "clock"),
    [
        (0, "2026-12-31", "23:30"),
        (60, "2027-01-01", "00:30"),
        (-300, "2026-12-31", "18:30"),
        (345, "2027-01-01", "05:15"),
    ],
)
def test_an_instant_is_read_at_the_site(offset: int, day: str, clock: str) -> None:
    assert local_day(NEW_YEAR_EVE_MS, offset) == day
    assert local_clock(NEW_YEAR_EVE_MS, offset) == clock
