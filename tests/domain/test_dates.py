from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.dates import from_yyddd, from_yymmdd, from_yyyymmdd, full_year, yymmdd_of

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("year", "two_digits", "expected"),
    [
        (2026, 26, 2026),
        (2026, 76, 2076),
        (2026, 77, 1977),
        (2026, 0, 2000),
        (2000, 50, 2050),
        (2000, 51, 1951),
        (2051, 0, 2100),
        (2051, 1, 2101),
        (2051, 2, 2002),
        (2098, 48, 2148),
        (2098, 49, 2049),
        (1999, 49, 2049),
        (1999, 50, 1950),
    ],
)
def test_the_century_reaches_from_49_years_back_to_50_ahead(year: int, two_digits: int, expected: int) -> None:
    assert full_year(two_digits, date(year, 6, 1)) == expected


@given(st.integers(1950, 2150), st.integers(0, 99))
def test_the_century_rule_holds_for_every_year(year: int, two_digits: int) -> None:
    found = full_year(two_digits, date(year, 1, 1))

    assert found % 100 == two_digits
    assert -49 <= found - year <= 50


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("271231", date(2027, 12, 31)),
        ("260200", date(2026, 2, 28)),
        ("280200", date(2028, 2, 29)),
        ("280229", date(2028, 2, 29)),
        ("260229", None),
        ("260431", None),
        ("261300", None),
        ("260001", None),
        ("26010", None),
        ("2601011", None),
        ("26o101", None),
        ("²60101", None),
        ("", None),
    ],
)
def test_six_digits_are_a_day_of_the_calendar(text: str, expected: date | None) -> None:
    assert from_yymmdd(text, TODAY) == expected


def test_the_leap_day_of_a_year_that_is_none_by_the_century() -> None:
    assert from_yymmdd("000229", date(2026, 1, 1)) == date(2000, 2, 29)
    assert from_yymmdd("000229", date(2060, 1, 1)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20200131", date(2020, 1, 31)),
        ("20200200", date(2020, 2, 29)),
        ("00000101", None),
        ("20201301", None),
        ("2020013", None),
        ("2020013x", None),
    ],
)
def test_eight_digits_are_a_day_of_the_calendar(text: str, expected: date | None) -> None:
    assert from_yyyymmdd(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("28366", date(2028, 12, 31)), ("27001", date(2027, 1, 1)), ("27366", None), ("27000", None), ("27999", None)],
)
def test_the_number_of_a_day_in_its_year(text: str, expected: date | None) -> None:
    assert from_yyddd(text, TODAY) == expected


@given(st.dates(date(1978, 1, 1), date(2075, 12, 31)))
def test_a_date_comes_back_from_its_six_digits(day: date) -> None:
    assert from_yymmdd(yymmdd_of(day), TODAY) == day
