"""How answers for people are laid out: columns that align on a terminal, and numbers with the right noun."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.phrases import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

GAP = "  "


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 base unit`, `2 base units`, `0 entries`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def aligned(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> Iterator[str]:
    """Rows as lines, safe for any terminal; each column is as wide as its widest cell, those in `right` end together.

    Width is what a terminal gives a text: a Chinese character takes two places, an accent set beside its letter none.
    """
    from rich.cells import cell_len  # noqa: PLC0415 - loaded when it is used

    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        padded = []
        for number, (cell, width) in enumerate(zip(row, widths, strict=True)):
            room = " " * (width - cell_len(cell))
            padded.append(room + cell if number in right else cell + room)
        yield GAP.join(padded).rstrip(" ")
