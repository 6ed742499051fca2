"""The result of the last step, the only thing on a screen that shouts, and the recall that takes all of it."""

from __future__ import annotations

from rich.cells import cell_len

from scanner_app.terminal.view import Panel
from screens.fitting import wrap
from screens.lines import MARKS, MarkRoles, Row, Span, sides


def panel_rows(panel: Panel, width: int, *, rows_min: int, edges: int, clock: bool) -> tuple[Row, ...]:
    """The panel as a block of its mark's colour over the full width.

    `rows_min`: it is filled up to so many rows; `edges`: half rows of colour above (1) and also below (2), so that it
    breathes; `clock`: it may take the last row's right end.
    """
    roles = MARKS[panel.mark]
    rows = _content(panel, roles, width)
    rows += [Row((), roles.block)] * (rows_min - len(rows))
    if clock and panel.clock:
        rows[-1] = _with_clock(rows[-1], panel.clock, roles, width, alone=len(rows) == 1 and bool(panel.badge))
    above = (Row((Span("▄" * width, roles.edge),)),) if edges >= 1 else ()
    below = (Row((Span("▀" * width, roles.edge),)),) if edges >= 2 else ()  # noqa: PLR2004 - both edges
    return (*above, *rows, *below)


def _content(panel: Panel, roles: MarkRoles, width: int) -> list[Row]:
    """Beside the word, else from the margin on, else below the word: whichever takes the fewest rows, in this order."""
    indent = cell_len(panel.word) + 5
    ways = (
        _beside(panel, roles, width, indent, indent + 1),
        _beside(panel, roles, width, indent, 1),
        _below(panel, roles, width),
    )
    return min(ways, key=len)


def _beside(panel: Panel, roles: MarkRoles, width: int, indent: int, margin: int) -> list[Row]:
    """The headline beside the word; what follows starts at the margin."""
    word = f"{roles.symbol} {panel.word}   "
    first = wrap(panel.headline, width - indent - 2 - (cell_len(panel.badge) + 1 if panel.badge else 0))
    rows = [_badged(word + (first[0] if first else ""), panel, roles, width)]
    rows += [_indented(text, indent + 1, roles, strong=True) for text in first[1:]]
    return rows + _more(panel, roles, width, margin)


def _below(panel: Panel, roles: MarkRoles, width: int) -> list[Row]:
    rows = [_badged(f"{roles.symbol} {panel.word}", panel, roles, width)]
    rows += [_indented(text, 1, roles, strong=True) for text in wrap(panel.headline, width - 2)]
    return rows + _more(panel, roles, width, 1)


def _more(panel: Panel, roles: MarkRoles, width: int, margin: int) -> list[Row]:
    texts = [text for line in panel.more for text in wrap(line, width - margin - 1)]
    return [_indented(text, margin, roles, strong=False) for text in texts]


def _badged(text: str, panel: Panel, roles: MarkRoles, width: int) -> Row:
    """The first row, with the badge at its right end where there is room."""
    left = (Span(text.rstrip(" "), roles.word),)
    badged = sides(left, (Span(panel.badge, roles.word),), width, roles.block) if panel.badge else None
    return badged or Row((Span(" ", roles.block), *left), roles.block)


def _indented(text: str, indent: int, roles: MarkRoles, *, strong: bool) -> Row:
    return Row((Span(" " * indent, roles.block), Span(text, roles.word if strong else roles.block)), roles.block)


def _with_clock(line: Row, clock: str, roles: MarkRoles, width: int, *, alone: bool) -> Row:
    """The row with the clock at its right end; unchanged where that is taken."""
    room = width - 1 - line.width - cell_len(clock)
    if alone or room < 2:  # noqa: PLR2004 - two spaces set the clock off from a sentence
        return line
    return Row((*line.spans, Span(" " * room, roles.block), Span(clock, roles.block)), roles.block)
