"""A screen as an SVG picture: the page the app draws, in the colours of its theme.

The block characters become rectangles, so that large letters show no seams between rows whatever font the reader has;
nothing is loaded from elsewhere.
"""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

from rich.cells import cell_len
from rich.style import Style

from scanner_app.terminal.view import View
from screens.lines import Role, Row
from screens.page import lay_out
from screens.theme import Palette, ThemeName, palette
from screens.words import Words

CELL_WIDTH: Final = 10
CELL_HEIGHT: Final = 20
BASELINE: Final = 15
FRAME: Final = 14

# The sixteen colours as a good terminal shows them.
_COLOURS: Final = (
    "#0f1316", "#c62631", "#2fae5c", "#e3ab12", "#1f5fd6", "#b01f98", "#1496a0", "#d9dee2",
    "#5f6871", "#ef4b57", "#53d186", "#ffd34d", "#5f98ff", "#de52c6", "#45c8d2", "#ffffff",
)  # fmt: skip
_HALVES: Final = {"█": (0, CELL_HEIGHT), "▀": (0, CELL_HEIGHT // 2), "▄": (CELL_HEIGHT // 2, CELL_HEIGHT // 2)}
_FONTS: Final = "ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace"


def render_svg(view: View, columns: int, rows: int, theme: ThemeName, words: Words | None = None) -> str:
    """The screen of a View at a size, as the text of an SVG file."""
    colours = palette(theme)
    page = lay_out(view, words or Words(), columns, rows)
    width, height = columns * CELL_WIDTH + 2 * FRAME, rows * CELL_HEIGHT + 2 * FRAME
    ground = _colour(colours.style(Role.PLAIN), back=True)
    box = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" font-family="{_FONTS}" font-size="16">',
        f'<rect width="{width}" height="{height}" rx="10" fill="{ground}" stroke="#5f6871"/>',
        f'<g transform="translate({FRAME} {FRAME})">',
    ]
    for y, line in enumerate(page.rows):
        drawn += _row(line, y * CELL_HEIGHT, ground, colours)
    return "\n".join((*drawn, "</g>", "</svg>", ""))


def _row(line: Row, top: int, ground: str, colours: Palette) -> list[str]:
    """Grounds first, then blocks and words."""
    drawn: list[str] = []
    x = 0
    for span in line.spans:
        style = colours.style(span.role)
        width = cell_len(span.text) * CELL_WIDTH
        back = _colour(style, back=True)
        if back != ground:
            drawn.append(f'<rect x="{x}" y="{top}" width="{width}" height="{CELL_HEIGHT}" fill="{back}"/>')
        drawn += _glyphs(span.text, x, top, style)
        x += width
    return drawn


def _glyphs(text: str, x: int, top: int, style: Style) -> list[str]:
    """Runs of one block character as one rectangle each, words as text of exactly their cells' width."""
    fill = _colour(style, back=False)
    drawn: list[str] = []
    for run in _runs(text):
        width = cell_len(run) * CELL_WIDTH
        if run[0] in _HALVES:
            down, height = _HALVES[run[0]]
            drawn.append(f'<rect x="{x}" y="{top + down}" width="{width}" height="{height}" fill="{fill}"/>')
        elif run[0] != " ":
            weight = ' font-weight="700"' if style.bold else ""
            drawn.append(
                f'<text x="{x}" y="{top + BASELINE}" textLength="{width}" lengthAdjust="spacingAndGlyphs" '
                f'fill="{fill}"{weight}>{escape(run)}</text>'
            )
        x += width
    return drawn


def _runs(text: str) -> list[str]:
    """The text in runs: equal block characters, spaces, words."""
    runs: list[str] = []
    for character in text:
        kind = _kind(character)
        if runs and _kind(runs[-1][-1]) == kind:
            runs[-1] += character
        else:
            runs.append(character)
    return runs


def _kind(character: str) -> str:
    return character if character in _HALVES or character == " " else "word"


def _colour(style: Style, *, back: bool) -> str:
    colour = style.bgcolor if back else style.color
    return _COLOURS[(colour.number if colour is not None else None) or 0]
