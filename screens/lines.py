"""Rows of a screen before they have colours: spans of text, each in a role that a theme knows how to draw."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rich.cells import cell_len

from scanner_app.phrases import printable
from scanner_app.terminal.view import Mark
from screens.fitting import cut


class Role(StrEnum):
    """What a span is for. A theme gives each role its colours; no other place knows any."""

    PLAIN = "plain"
    STRONG = "strong"
    FAINT = "faint"  # decoration only: never carries a meaning of its own
    KEY = "key"
    GIANT = "giant"
    NOUN = "noun"
    FIELD = "field"
    STRIPE = "stripe"
    DONE = "done"
    REST = "rest"
    OK = "ok"
    OK_WORD = "ok_word"
    OK_EDGE = "ok_edge"
    STOP = "stop"
    STOP_WORD = "stop_word"
    STOP_EDGE = "stop_edge"
    ASK = "ask"
    ASK_WORD = "ask_word"
    ASK_EDGE = "ask_edge"
    INFO = "info"
    INFO_WORD = "info_word"
    INFO_EDGE = "info_edge"
    RECALL = "recall"
    RECALL_WORD = "recall_word"
    RECALL_EDGE = "recall_edge"


@dataclass(frozen=True, slots=True)
class MarkRoles:
    """How a mark is drawn: its block, the words that stand out in it, its edge on the page, and its symbol (CP437)."""

    block: Role
    word: Role
    edge: Role
    symbol: str


MARKS: Final = {
    Mark.OK: MarkRoles(Role.OK, Role.OK_WORD, Role.OK_EDGE, "√"),
    Mark.STOP: MarkRoles(Role.STOP, Role.STOP_WORD, Role.STOP_EDGE, "■"),
    Mark.ASK: MarkRoles(Role.ASK, Role.ASK_WORD, Role.ASK_EDGE, "?"),
    Mark.INFO: MarkRoles(Role.INFO, Role.INFO_WORD, Role.INFO_EDGE, "►"),
    Mark.RECALL: MarkRoles(Role.RECALL, Role.RECALL_WORD, Role.RECALL_EDGE, "‼"),
}


@dataclass(frozen=True, slots=True)
class Span:
    """Some text in one role."""

    text: str
    role: Role = Role.PLAIN


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the screen; what its spans leave free is filled in the role `fill`."""

    spans: tuple[Span, ...] = ()
    fill: Role = Role.PLAIN

    @property
    def width(self) -> int:
        """Cells the spans take."""
        return sum(cell_len(span.text) for span in self.spans)

    @property
    def text(self) -> str:
        """The text without its roles."""
        return "".join(span.text for span in self.spans)


BLANK: Final = Row()


def row(text: str, role: Role = Role.PLAIN, fill: Role | None = None) -> Row:
    """A row with one column of margin on the left; the margin and the rest are in `fill`, else in PLAIN."""
    ground = fill or Role.PLAIN
    return Row((Span(" ", ground), Span(text, role)), ground)


def sides(
    left: tuple[Span, ...], right: tuple[Span, ...], width: int, fill: Role = Role.PLAIN, *, apart: int = 1
) -> Row | None:
    """Left and right at either margin of a row, `apart` spaces or more between them; None where they do not fit."""
    taken = sum(cell_len(span.text) for span in (*left, *right))
    between = width - 2 - taken
    if between < (apart if left and right else 0):
        return None
    return Row((Span(" ", fill), *left, Span(" " * between, fill), *right), fill)


def _safe(text: str) -> str:
    """Text a terminal shows as it stands: control characters as pictures, foreign spaces and line breaks as a space."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in printable(text))


def whole(line: Row, width: int) -> Row:
    """The row as exactly `width` cells of printable text: padded, or cut where a caller misjudged."""
    spans: list[Span] = []
    room = width
    for span in line.spans:
        text = cut(_safe(span.text), room)
        if text:
            spans.append(Span(text, span.role))
            room -= cell_len(text)
        if room <= 0:
            break
    if room > 0:
        spans.append(Span(" " * room, line.fill))
    return Row(tuple(spans), line.fill)
