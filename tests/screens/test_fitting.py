from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from screens.fitting import closed_up, cut, fit, tail, wrap

WIDTHS = st.integers(min_value=0, max_value=60)


def test_a_cut_never_halves_a_wide_character() -> None:
    assert cut("日本語", 5) == "日本"
    assert cut("日本語", 6) == "日本語"
    assert cut("abc", 0) == ""


def test_spaces_close_up_only_as_far_as_needed() -> None:
    line = "LOT A12B          EXP 2027-05-31"
    assert closed_up(line, 40) == line
    assert closed_up(line, 24) == "LOT A12B  EXP 2027-05-31"
    assert closed_up(line, 23) == "LOT A12B EXP 2027-05-31"


@pytest.mark.parametrize(
    ("text", "width", "fitted"),
    [
        ("Amoxidem 500 mg caps, 100", 25, "Amoxidem 500 mg caps, 100"),
        ("Amoxidem 500 mg caps, 100", 24, "Amoxidem 500 mg caps,…"),
        ("Amoxidem 500 mg caps, 100", 13, "Amoxidem 500…"),
        ("7J3K0012219ABCDEF", 8, "7J3K001…"),
        ("a 7J3K0012219ABCDEF", 10, "a 7J3K001…"),
        ("日本語の薬", 5, "日本…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
        ("", 5, ""),
    ],
)
def test_what_does_not_fit_ends_with_a_whole_word(text: str, width: int, fitted: str) -> None:
    assert fit(text, width) == fitted


def test_the_tail_of_what_is_typed_stays_in_sight() -> None:
    assert tail("(01)09521234543213", 8) == "…4543213"
    assert tail("48_", 8) == "48_"
    assert tail("48_", 0) == ""


@pytest.mark.parametrize(
    ("text", "width", "rows"),
    [
        ("", 10, ()),
        ("   ", 10, ()),
        ("abc", 0, ()),
        ("LOT A12B     EXP 2027-05-31", 24, ("LOT A12B  EXP 2027-05-31",)),
        ("LOT IR-7781       EXP 2024-01-31", 24, ("LOT IR-7781", "EXP 2024-01-31")),
        ("A  B  CCCCCCCC", 6, ("A  B", "CCCCCC", "CC")),
        ("this is B77 — the ASN says A12B", 24, ("this is B77 — the ASN", "says A12B")),
        ("short  a very long group of words here", 12, ("short", "a very long", "group of", "words here")),
        ("7J3K0012219ABCDEF", 8, ("7J3K0012", "219ABCDE", "F")),
        ("日本語", 1, ("日", "本", "語")),
    ],
)
def test_long_text_breaks_between_groups_then_words(text: str, width: int, rows: tuple[str, ...]) -> None:
    assert wrap(text, width) == rows


def test_a_product_has_two_rows_at_most() -> None:
    product = "Insulem rapid 100 IU/ml solution for injection, 5 pens of 3 ml"
    assert wrap(product, 28, 2) == ("Insulem rapid 100 IU/ml", "solution for injection, 5…")
    assert wrap(product, 40, 2) == ("Insulem rapid 100 IU/ml solution for", "injection, 5 pens of 3 ml")
    assert wrap(product, 24, 1) == ("Insulem rapid 100 IU/ml…",)


@given(st.text(), WIDTHS)
def test_nothing_is_ever_wider_than_asked(text: str, width: int) -> None:
    assert cell_len(cut(text, width)) <= width
    assert cell_len(fit(text, width)) <= width
    assert cell_len(tail(text, width)) <= width
    assert len(wrap(text, width, 2)) <= 2


@given(st.text(alphabet="ab 1-"), st.integers(min_value=2, max_value=60))
def test_wrapping_loses_no_character_but_spaces(text: str, width: int) -> None:
    rows = wrap(text, width)
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")
    assert all(cell_len(row) <= width for row in rows)
