from __future__ import annotations

import string

import pytest

from screens.font import BOLD, DOT, ROWS, SLIM, giant, glyph

LETTERS = string.ascii_uppercase + string.digits + "-/ "


@pytest.mark.parametrize("font", [BOLD, SLIM])
def test_every_letter_is_three_rows_of_console_blocks(font: dict[str, str]) -> None:
    assert set(LETTERS) <= set(font)
    for pixels in font.values():
        drawn = glyph(pixels)
        assert len(drawn) == ROWS
        assert len({len(row) for row in drawn}) == 1
        assert set("".join(drawn)) <= set("█▀▄ ")


@pytest.mark.parametrize("font", [BOLD, SLIM])
def test_no_two_letters_look_the_same(font: dict[str, str]) -> None:
    assert len(set(font.values())) == len(font)


def test_a_word_is_drawn_as_heavy_as_fits() -> None:
    assert giant("ITEM", 38) == (
        "██ ▀▀██▀▀ ██▀▀▀ ██▄ ▄██",
        "██   ██   ██▀▀  ██▀█▀██",
        "██   ██   ██▄▄▄ ██   ██",
    )
    assert giant("ITEM", 22) == (
        "█ ▀█▀ █▀▀ █▄ ▄█",
        "█  █  █▀  █ ▀ █",
        "█  █  █▄▄ █   █",
    )
    assert giant("ITEM", 14) is None


def test_what_the_font_lacks_is_not_drawn() -> None:
    assert giant("LÖSUNG", 100) is None
    assert giant("item", 100) is None
    assert giant("", 100) is None
    assert giant(DOT * 4, 38) is not None
