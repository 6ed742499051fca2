"""Text made to fit a number of terminal cells, without cutting a meaning in half where that can be helped.

Widths are cells, not characters: a CJK character takes two. Nothing here knows colours.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from rich.cells import cell_len

ELLIPSIS: Final = "…"
WRAPS_KEPT: Final = 256
"""A page is tried at several heights and drawn again with few changes: most of its texts were wrapped before."""


def cut(text: str, width: int) -> str:
    """The most of `text` that takes at most `width` cells; never half of a wide character."""
    if cell_len(text) <= width:
        return text
    taken = ""
    room = width
    for character in text:
        room -= cell_len(character)
        if room < 0:
            break
        taken += character
    return taken


def tail(text: str, width: int) -> str:
    """The end of `text` in `width` cells, after `…` where something is left out: what was typed last."""
    if cell_len(text) <= width:
        return text
    return (ELLIPSIS + cut(text[::-1], width - 1)[::-1]) if width > 0 else ""


def closed_up(text: str, width: int) -> str:
    """`text` with its runs of spaces shortened, first to two, then to one, as far as `width` cells ask for it."""
    if cell_len(text) <= width:
        return text
    two = "  ".join(_groups(text))
    return two if cell_len(two) <= width else " ".join(_groups(text))


def _groups(text: str) -> list[str]:
    """What stands between runs of two spaces and more."""
    parts = (part.strip(" ") for part in text.split("  "))
    return [part for part in parts if part]


def fit(text: str, width: int) -> str:
    """One row of at most `width` cells: spaces close up first, then whole words go and `…` stands for them."""
    text = closed_up(text, width)
    if cell_len(text) <= width:
        return text
    if width <= 0:
        return ""
    room = width - cell_len(ELLIPSIS)
    head = cut(text, room)
    at_word = text[len(head) : len(head) + 1] == " "
    words, space, _ = head.rpartition(" ")
    whole = head if at_word or not space or cell_len(words) < room // 2 else words
    return whole.rstrip(" ") + ELLIPSIS


@lru_cache(maxsize=WRAPS_KEPT)
def wrap(text: str, width: int, rows_max: int | None = None) -> tuple[str, ...]:
    """`text` on rows of at most `width` cells, broken between groups (two spaces), else words, else anywhere.

    At most `rows_max` rows; the last one is fitted. An empty text has no rows.
    """
    if width <= 0:
        return ()
    text = text.strip(" ")
    if not text:
        return ()
    closed = closed_up(text, width)
    if cell_len(closed) <= width:
        return (closed,)
    rows: list[str] = []
    for group in _groups(text):
        _append(rows, group, width, "  ")
    if rows_max is None or len(rows) <= rows_max:
        return tuple(rows)
    kept = rows[: rows_max - 1]
    rest = " ".join(rows[rows_max - 1 :])
    return (*kept, fit(rest, width))


def _append(rows: list[str], group: str, width: int, glue: str) -> None:
    """Adds one group to the last row if it fits there whole, else on rows of its own, word by word."""
    if _joined(rows, group, width, glue):
        return
    if cell_len(group) <= width:
        rows.append(group)
        return
    fresh = True
    for word in group.split(" "):
        if not fresh and _joined(rows, word, width, " "):
            continue
        rows.extend(_broken(word, width))
        fresh = False


def _joined(rows: list[str], text: str, width: int, glue: str) -> bool:
    """Whether `text` went onto the last row."""
    if not rows or cell_len(rows[-1]) + len(glue) + cell_len(text) > width:
        return False
    rows[-1] += glue + text
    return True


def _broken(word: str, width: int) -> list[str]:
    """A word on as many rows as it needs; one row where it fits."""
    pieces: list[str] = []
    while word:
        piece = cut(word, width) or word[0]
        pieces.append(piece)
        word = word[len(piece) :]
    return pieces
