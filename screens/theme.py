"""Colours: a dark and a light theme of the terminal's own sixteen, so that a Linux console shows them as meant.

A Linux console has no bright backgrounds, makes bold by brightening and so turns bold black to grey, and its font knows
few characters: `sixteen` says that the terminal is one.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Final

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.theme import Theme

from screens.lines import Role, Row

BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE, GREY, SHINING = 0, 1, 2, 3, 4, 5, 6, 7, 8, 15

# One cell for one cell: what a console font of 256 or 512 characters may lack, and what stands in for it.
_PLAINER: Final[dict[int, int | str]] = {
    **str.maketrans("—–−…’“”≠×•‼\u2018\u00a0\ufffd", "---.'\"\"#x*!' ?"),
    **dict.fromkeys(range(0x2400, 0x2440), "."),
}


class ThemeName(StrEnum):
    """The themes there are."""

    DARK = "dark"
    LIGHT = "light"


THEMES: Final = {
    ThemeName.DARK: Theme(
        name="floor-dark",
        ansi=True,
        dark=True,
        primary="ansi_blue",
        background="ansi_black",
        foreground="ansi_white",
        variables={"ansi-background": "ansi_black", "ansi-foreground": "ansi_white"},
    ),
    ThemeName.LIGHT: Theme(
        name="floor-light",
        ansi=True,
        dark=False,
        primary="ansi_blue",
        background="ansi_white",
        foreground="ansi_black",
        variables={"ansi-background": "ansi_white", "ansi-foreground": "ansi_black"},
    ),
}


class Palette:
    """The colours of every role in one theme, as Textual draws them."""

    def __init__(self, name: ThemeName, *, sixteen: bool = False) -> None:
        self.sixteen = sixteen
        self._styles = {role: _style(ink, sixteen=sixteen) for role, ink in _inks(name, sixteen=sixteen).items()}

    def style(self, role: Role) -> Style:
        """How a role is drawn."""
        return self._styles[role]

    def strip(self, line: Row) -> Strip:
        """A row of the screen, ready to be drawn."""
        return Strip([Segment(self._shown(span.text), self._styles[span.role]) for span in line.spans])

    def _shown(self, text: str) -> str:
        return text if not self.sixteen or text.isascii() else text.translate(_PLAINER)


@lru_cache(maxsize=4)
def palette(name: ThemeName, *, sixteen: bool = False) -> Palette:
    """The palette of a theme."""
    return Palette(name, sixteen=sixteen)


def _inks(name: ThemeName, *, sixteen: bool) -> dict[Role, tuple[int, int, bool]]:
    """Foreground, background and boldness of every role. A console's yellow is a brown: white reads better on it."""
    dark = name is ThemeName.DARK
    ink, bright, page = (WHITE, SHINING, BLACK) if dark else (BLACK, BLACK, WHITE)
    inks = {
        Role.PLAIN: (ink, page, False),
        Role.STRONG: (bright, page, True),
        Role.FAINT: (GREY, page, False),
        Role.KEY: (bright, page, True),
        Role.GIANT: (bright, page, True),
        Role.NOUN: (page, ink, True),
        Role.FIELD: (page, ink, False),
        Role.STRIPE: (page, ink, False),
        Role.DONE: (GREEN, page, False),
        Role.REST: (GREY, page, False),
    }
    blocks = (
        (Role.OK, BLACK, GREEN),
        (Role.STOP, SHINING, RED),
        (Role.ASK, SHINING if sixteen else BLACK, YELLOW),
        (Role.INFO, SHINING, BLUE),
        (Role.RECALL, SHINING, MAGENTA),
    )
    for block, on_it, ground in blocks:
        inks[block] = (on_it, ground, False)
        inks[Role(f"{block}_word")] = (on_it, ground, True)
        inks[Role(f"{block}_edge")] = (ground, page, False)
    return inks


def _style(ink: tuple[int, int, bool], *, sixteen: bool) -> Style:
    foreground, background, bold = ink
    return Style(
        color=Color.from_ansi(foreground),
        bgcolor=Color.from_ansi(background),
        bold=bold and not (sixteen and foreground == BLACK),
    )
