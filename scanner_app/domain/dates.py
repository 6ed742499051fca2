"""Dates as GS1 writes them: YYMMDD, the century by the rule, day 00 as the last day of the month.

>>> from_yymmdd("260200", date(2026, 11, 24))
datetime.date(2026, 2, 28)
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

YYMMDD_DIGITS: Final = 6
YYYYMMDD_DIGITS: Final = 8
YEARS_AHEAD_MAX: Final = 50
"""The century rule reaches from 49 years before to 50 years after the current year."""

MONTHS: Final = 12
DATES_CACHED: Final = 2048
"""A warehouse knows some hundred expiry dates; each is worked out once."""


def full_year(two_digits: int, today: date) -> int:
    """The year that two digits mean: −49 to +50 years from today's (GS1 General Specifications, section 7.12)."""
    ahead = two_digits - today.year % 100
    century = today.year - today.year % 100
    if ahead > YEARS_AHEAD_MAX:
        return century - 100 + two_digits
    if ahead < YEARS_AHEAD_MAX - 99:
        return century + 100 + two_digits
    return century + two_digits


@lru_cache(maxsize=DATES_CACHED)
def from_yymmdd(text: str, today: date) -> date | None:
    """The date that six digits mean, day 00 being the last day of the month; None if there is no such day."""
    if len(text) != YYMMDD_DIGITS or not _is_digits(text):
        return None
    return _real_date(full_year(int(text[:2]), today), int(text[2:4]), int(text[4:]))


@lru_cache(maxsize=DATES_CACHED)
def from_yyyymmdd(text: str) -> date | None:
    """The date that eight digits mean, day 00 being the last day of the month; None if there is no such day."""
    if len(text) != YYYYMMDD_DIGITS or not _is_digits(text):
        return None
    return _real_date(int(text[:4]), int(text[4:6]), int(text[6:]))


@lru_cache(maxsize=DATES_CACHED)
def from_yyddd(text: str, today: date) -> date | None:
    """The date that a two-digit year and the number of a day in it mean; None if there is no such day."""
    year = full_year(int(text[:2]), today)
    number = int(text[2:])
    found = date(year, 1, 1) + timedelta(days=number - 1)
    return found if number >= 1 and found.year == year else None


def yymmdd_of(day: date) -> str:
    """The six digits that stand for a date on a label."""
    return day.strftime("%y%m%d")


def _real_date(year: int, month: int, day: int) -> date | None:
    """The date in the calendar, or None; day 0 is the last of the month."""
    if not 1 <= month <= MONTHS or year < 1:
        return None
    last = monthrange(year, month)[1]
    if day > last:
        return None
    return date(year, month, day or last)


def _is_digits(text: str) -> bool:
    """ASCII digits alone."""
    return text.isdigit() and text.isascii()


def day_text(day: date | None) -> str:
    """A date as tables and records keep it: ISO text, '' for an unknown one."""
    return "" if day is None else day.isoformat()
