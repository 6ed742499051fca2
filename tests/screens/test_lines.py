from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from screens.lines import BLANK, Role, Row, Span, row, sides, whole
from screens.theme import Palette, ThemeName, palette


@given(st.lists(st.text()), st.integers(min_value=1, max_value=80))
def test_a_whole_row_is_printable_and_exactly_as_wide_as_the_screen(texts: list[str], width: int) -> None:
    line = whole(Row(tuple(Span(text) for text in texts)), width)
    assert line.width == width
    assert line.text.isprintable()


def test_sides_stand_at_either_margin_or_not_at_all() -> None:
    left, right = (Span("ab"),), (Span("c"),)
    drawn = sides(left, right, 8, Role.OK)
    assert drawn is not None
    assert (drawn.text, drawn.fill) == (" ab   c", Role.OK)
    assert sides(left, right, 6) is not None
    assert sides(left, right, 5) is None
    assert sides(left, (), 4) is not None
    assert sides(left, (), 3) is None


def test_a_row_has_a_margin_in_its_own_ground() -> None:
    assert row("x", Role.STOP_WORD, Role.STOP) == Row((Span(" ", Role.STOP), Span("x", Role.STOP_WORD)), Role.STOP)
    assert whole(BLANK, 3).text == "   "


def test_every_role_has_colours_in_both_themes_and_all_are_of_the_sixteen() -> None:
    for name in ThemeName:
        for role in Role:
            style = palette(name).style(role)
            assert style.color is not None
            assert style.bgcolor is not None
            assert style.color.number is not None
            assert style.bgcolor.number is not None
            assert style.bgcolor.number < 8, "a console has no bright grounds"
            assert style.color.number != style.bgcolor.number


def test_a_console_gets_no_bold_black_and_only_characters_its_font_has() -> None:
    console, terminal = Palette(ThemeName.DARK, sixteen=True), Palette(ThemeName.DARK)
    assert not console.style(Role.OK_WORD).bold
    assert terminal.style(Role.OK_WORD).bold
    assert console.style(Role.STOP_WORD).bold
    line = row("this is B77 — the ASN… ‼ ≠ ␝ •")
    assert console.strip(line).text == " this is B77 - the ASN. ! # . *"
    assert terminal.strip(line).text == line.text
    assert console.strip(row("√ ■ ► █▀▄ → ▲▼")).text == " √ ■ ► █▀▄ → ▲▼"
