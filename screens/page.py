"""A View laid out for a size: which rows there are, what falls away when they do not fit, and in which order."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Final

from scanner_app.terminal.view import KeyHint, Room, View
from screens.alarm import alarm_rows
from screens.base import BREAKPOINTS
from screens.head import head_rows
from screens.keys_line import keys_rows, notice_rows, standing_rows
from screens.lines import BLANK, Role, Row, Span, row, sides, whole
from screens.panel import panel_rows
from screens.rooms import PRODUCT_ROWS_MAX, item_rows, list_rows, prompt_rows
from screens.words import Words

ROWS_FOR_GIANT_MIN: Final = 18
LIST_ROWS_MIN: Final = 4
LINES_MAX: Final = 12
TYPED_CELLS: Final = 28
"""Room for a PIN in large dots: what is typed does not move while it grows."""


@dataclass(frozen=True, slots=True)
class Squeeze:
    """How much is given up so that the rest fits."""

    blanks: int = 3
    key_rows: int = 5
    quiet: bool = True
    panel_rows_min: int = 3
    edges: int = 2
    merged: bool = False
    product_rows: int = PRODUCT_ROWS_MAX
    clock: bool = True
    lines_max: int = LINES_MAX
    big: bool = True


def _levels() -> tuple[Squeeze, ...]:
    """From all there is to the least: ornament first, then what may fall away, the giant size near the end."""
    steps: tuple[dict[str, int | bool], ...] = (
        {"quiet": False},
        {"blanks": 2},
        {"key_rows": 4},
        {"edges": 1},
        {"blanks": 1},
        {"key_rows": 3},
        {"panel_rows_min": 2},
        {"blanks": 0},
        {"edges": 0},
        {"panel_rows_min": 1},
        {"key_rows": 2},
        {"merged": True},
        {"product_rows": 1},
        {"clock": False},
        {"key_rows": 1},
        {"lines_max": 4},
        {"lines_max": 3},
        {"big": False},
        {"lines_max": 2},
        {"lines_max": 1},
    )
    levels = [Squeeze()]
    for step in steps:
        levels.append(replace(levels[-1], **step))  # type: ignore[arg-type] # each step names fields of its own type
    return tuple(levels)


LEVELS: Final = _levels()
PLAIN_LEVEL: Final = next(number for number, level in enumerate(LEVELS) if level.key_rows == 2)  # noqa: PLR2004 - as below
"""No ornament, and keys on two rows: a list that does not fit there is turned by pages, rather than more given up."""
SMALL_LEVELS: Final = tuple(replace(level, big=False) for level in LEVELS)


@dataclass(frozen=True, slots=True)
class Page:
    """A laid-out screen: exactly as many rows as it has height, each exactly as wide as the screen.

    `list_rows` of the list are shown from `offset` on, `below` of it are hidden further down.
    """

    rows: tuple[Row, ...]
    offset: int = 0
    list_rows: int = 0
    below: int = 0


@dataclass(frozen=True, slots=True)
class _Parts:
    """The groups of a page, top to bottom."""

    head: tuple[Row, ...]
    giant: tuple[Row, ...]
    items: tuple[Row, ...]
    foot: tuple[Row, ...]

    @property
    def height(self) -> int:
        return len(self.head) + len(self.giant) + len(self.items) + len(self.foot)


def lay_out(view: View, words: Words, width: int, height: int, offset: int = 0) -> Page:
    """The page of a View. `offset`: how far its list is scrolled; it is brought within what there is.

    The key that turns the pages is among the others where there is more than one page.
    """
    if width <= 0 or height <= 0:
        return Page(())
    if view.blocking and view.panel is not None:
        return _finished(alarm_rows(view, view.panel, words, width, height), width, height)
    page = _laid(view, words, (width, height), offset)
    if view.paging is None or not (page.below or page.offset):
        return page
    with_paging = sorted((*view.keys, view.paging), key=lambda hint: hint.order)
    return _laid(replace(view, keys=tuple(with_paging)), words, (width, height), offset)


def _laid(view: View, words: Words, size: tuple[int, int], offset: int) -> Page:
    width, height = size
    listed = len(list_rows(view, words, width, 0))
    squeeze = _squeeze(view, words, size, listed)
    parts = _parts(view, words, width, squeeze)
    if listed:
        return _with_list(view, words, parts, size, offset)
    return _finished(_spread(view, parts, squeeze.blanks, height), width, height)


def _squeeze(view: View, words: Words, size: tuple[int, int], listed: int) -> Squeeze:
    """How much must be given up: ornament for the whole of a list, anything else only for a few rows of it."""
    width, height = size
    big = width >= BREAKPOINTS[1] and height >= ROWS_FOR_GIANT_MIN
    levels = LEVELS if big else SMALL_LEVELS

    def fits(level: Squeeze, rows: int) -> bool:
        return _parts(view, words, width, level).height + level.blanks + rows <= height

    def first(begin: int, end: int, rows: int) -> int:
        """The first level from `begin` that fits, else `end`; no level is higher than the one before."""
        return bisect_left(levels, 1, lo=begin, hi=end, key=lambda level: int(fits(level, rows)))

    found = first(0, PLAIN_LEVEL, listed)
    if not fits(levels[found], listed):
        found = first(PLAIN_LEVEL, len(levels) - 1, min(listed, LIST_ROWS_MIN))
    return levels[found]


def _parts(view: View, words: Words, width: int, squeeze: Squeeze) -> _Parts:
    panel = view.panel
    block = () if panel is None else panel_rows(
        panel, width, rows_min=squeeze.panel_rows_min, edges=squeeze.edges, clock=squeeze.clock
    )  # fmt: skip
    standing = standing_rows(view, words, width, quiet=squeeze.quiet)
    rule = () if block or squeeze.edges == 0 else (Row((Span("─" * width, Role.FAINT),)),)
    giants = prompt_rows(view, width, big=squeeze.big)
    if view.room is Room.SIGN_IN:
        giants = _centred(giants, width, TYPED_CELLS if view.entering is not None else 0)
    return _Parts(
        head_rows(view, words, width, merged=squeeze.merged),
        giants,
        item_rows(view, width, product_rows=squeeze.product_rows, lines_max=squeeze.lines_max),
        (*rule, *block, *standing, *notice_rows(view, width), *keys_rows(view.keys, width, squeeze.key_rows)),
    )


def _spread(view: View, parts: _Parts, blanks: int, height: int) -> tuple[Row, ...]:
    """The parts over the height: the foot at the bottom, the free rows above it, a few between the groups."""
    free = max(height - parts.height, 0)
    above = min(free, 1 if blanks else 0)
    if view.room is Room.SIGN_IN:
        above = free // 2
    between = min(free - above, 1) if blanks > 1 and parts.items and parts.giant else 0
    rest = free - above - between
    top = (*parts.head, *(BLANK,) * above, *parts.giant, *(BLANK,) * between, *parts.items)
    return (*top[: max(height - len(parts.foot), 0)], *(BLANK,) * rest, *parts.foot)


def _with_list(view: View, words: Words, parts: _Parts, size: tuple[int, int], offset: int) -> Page:
    """The list in what the other parts leave free; its last row tells how much of it is hidden."""
    width, height = size
    top = (*parts.head, *parts.giant, *parts.items)
    room = max(height - len(top) - len(parts.foot), 1)
    rows = list_rows(view, words, width, room - 1)
    upper = (*parts.giant, *parts.items)
    if upper and len(rows) + 2 <= room:
        top = (*parts.head, BLANK, *upper, BLANK)
    elif len(rows) < room:
        top = (*top, BLANK)
    room = max(height - len(top) - len(parts.foot), 1)
    shown, below, start = rows, 0, 0
    if len(rows) > room:
        inside = max(room - 1, 1)
        start = min(max(offset, 0), len(rows) - inside)
        below = len(rows) - inside - start
        shown = (*rows[start : start + inside], _hidden(start, below, width, view.paging))
        room = inside
    body = (*top, *shown)
    body = (*body, *(BLANK,) * (height - len(body) - len(parts.foot)))
    page = _finished((*body[: max(height - len(parts.foot), 0)], *parts.foot), width, height)
    return replace(page, offset=start, list_rows=room, below=below)


def _hidden(above: int, below: int, width: int, paging: KeyHint | None) -> Row:
    """How many rows of the list are hidden above and below, and the key that shows them, at the right end of a row."""
    text = "  ".join(f"{arrow} {count}" for arrow, count in (("▲", above), ("▼", below)) if count)
    turns = (Span(text),) if paging is None else (Span(f"{paging.key} ", Role.KEY), Span(text))
    return sides((), turns, width) or row(text)


def _centred(rows: tuple[Row, ...], width: int, typed: int) -> tuple[Row, ...]:
    """The rows moved to the middle together. `typed`: cells that they are taken to be, so that typing moves nothing."""
    widest = max((line.width for line in rows), default=typed)
    pad = max(min((width - (typed or widest) - 1) // 2, width - widest - 1), 0)
    return tuple(Row((Span(" " * pad), *line.spans), line.fill) for line in rows)


def _finished(rows: tuple[Row, ...], width: int, height: int) -> Page:
    rows = rows[:height]
    return Page(tuple(whole(line, width) for line in (*rows, *(BLANK,) * (height - len(rows)))))
