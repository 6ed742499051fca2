"""The middle of a screen: the one giant thing, what was scanned, and the lists of the rooms that have one."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len

from scanner_app.terminal.view import HealthRow, HistoryRow, Mark, MenuEntry, Room, View
from screens.base import BREAKPOINTS
from screens.fitting import fit, tail, wrap
from screens.font import DOT, giant
from screens.lines import MARKS, Role, Row, Span, row, sides
from screens.words import Words

CURSOR: Final = "_"
PROMPTING: Final = frozenset({Room.SIGN_IN, Room.TASK, Room.ENQUIRY})
PRODUCT_ROWS_MAX: Final = 2
HISTORY_MARK_CELLS: Final = 4
UNDER_CLOCK: Final = 7
MENU_INDENT: Final = 5
FIRST_COLUMN_MAX: Final = 12
SET_IN: Final = "  "


def prompts(view: View) -> bool:
    """Whether the room asks for something: a list laid over the work, or a menu, has no large word."""
    return view.entering is not None or (view.room in PROMPTING and not view.menu)


def _answered(view: View) -> bool:
    """Whether a look-up has its answer, which needs the room more than the question."""
    return view.room is Room.ENQUIRY and bool(view.lines or view.notes)


def prompt_rows(view: View, width: int, *, big: bool) -> tuple[Row, ...]:
    """What is wanted now: the sentence, and under it the one large thing; while typing, what is typed instead."""
    if not prompts(view):
        return ()
    if view.entering is not None:
        return (*_asked_rows(view, width), *_typed_rows(view, view.entering, width, big=big))
    if _answered(view):
        return tuple(row(text) for text in wrap(view.subtitle or view.verb, width - 2))
    if not view.giant:
        return _asked_rows(view, width)
    drawn = giant(view.giant, width - 2) if big else None
    if drawn is None:
        return _bold_rows(view, width)
    return (*_asked_rows(view, width), *(row(line, Role.GIANT) for line in drawn))


def _bold_rows(view: View, width: int) -> tuple[Row, ...]:
    """The word in bold, its letters apart: beside its verb where both fit, else below the sentence."""
    spaced = " ".join(view.giant)
    beside = sides((Span(view.verb, Role.STRONG), Span(" "), Span(f" {spaced} ", Role.NOUN)), (), width)
    if beside is not None and view.verb:
        said = view.subtitle.casefold() == f"{view.verb} {view.giant}".casefold()
        return (*(() if said else (row(text) for text in wrap(view.subtitle, width - 2))), beside)
    texts = (spaced,) if cell_len(spaced) <= width - 4 else wrap(view.giant, width - 4)
    return (*_asked_rows(view, width), *(row(f" {text} ", Role.NOUN) for text in texts))


def _asked_rows(view: View, width: int) -> tuple[Row, ...]:
    """The sentence of the prompt after its verb, which falls away where the sentence has it too or needs the room."""
    sentence = view.subtitle
    if not sentence:
        named = view.entering is None or view.giant.casefold() in view.verb.casefold()
        sentence = view.verb if named else f"{view.verb}  {view.giant}"
        return tuple(row(text, Role.STRONG) for text in wrap(sentence, width - 2))
    both = f"{view.verb}  {sentence}"
    if view.verb and view.verb.casefold() not in sentence.casefold() and cell_len(both) <= width - 2:
        sentence = both
    return tuple(row(text, Role.STRONG) for text in wrap(sentence, width - 2))


def _typed_rows(view: View, typed: str, width: int, *, big: bool) -> tuple[Row, ...]:
    """What is typed so far with a cursor, large if it fits, else in a field that shows its end."""
    shown = DOT * len(typed) if view.secret else typed
    drawn = giant(shown + CURSOR, width - 2) if big else None
    if drawn is not None:
        return tuple(row(line, Role.GIANT) for line in drawn)
    text = tail(f"{shown}{CURSOR}", width - 4)
    field = Row((Span(" "), Span(f" {text}{' ' * (width - 3 - cell_len(text))}", Role.FIELD)))
    cells = max(width - 2, 0)
    return (row("▄" * cells), field, row("▀" * cells)) if big else (field,)


def item_rows(view: View, width: int, *, product_rows: int, lines_max: int) -> tuple[Row, ...]:
    """What was scanned: the product first and strong, then lot, expiry, serial and whatever else is said of it.

    A look-up's answer is a list instead: none of it falls away.
    """
    if not view.lines or view.room is Room.ENQUIRY:
        return ()
    rows = [row(text, Role.STRONG) for text in wrap(view.lines[0], width - 2, product_rows)]
    rows += [row(text) for line in view.lines[1:] for text in wrap(line, width - 2)]
    return tuple(rows[: max(lines_max, 1)])


def list_rows(view: View, words: Words, width: int, rows_free: int) -> tuple[Row, ...]:
    """The list of a room: a menu, scans, health, text, or a look-up's answer; as many rows as it takes."""
    rows = [*_answer_rows(view, width), *_menu_rows(view.menu, width, rows_free)]
    marks = {line.mark for line in view.health}
    mark_cells = max((cell_len(words.of(mark)) for mark in marks), default=0)
    what_cells = max((cell_len(entry.what) for entry in view.history), default=0)
    rows += [line for entry in view.history for line in _history_rows(entry, words, what_cells, width)]
    name_cells = max((cell_len(entry.name) for entry in view.health), default=0)
    rows += [line for entry in view.health for line in _health_rows(entry, words, mark_cells, name_cells, width)]
    return (*rows, *(line for note in view.notes for line in _note_rows(note, width)))


def _answer_rows(view: View, width: int) -> tuple[Row, ...]:
    """What a look-up found, the first line strong; what goes on on another row is set in."""
    if view.room is not Room.ENQUIRY:
        return ()
    rows: list[Row] = []
    for number, line in enumerate(view.lines):
        first, *more = wrap(line, width - 2) or ("",)
        rows.append(row(first, Role.PLAIN if number else Role.STRONG))
        going_on = wrap(" ".join(more), width - 2 - len(SET_IN))
        rows += [row(SET_IN + text, Role.PLAIN if number else Role.STRONG) for text in going_on]
    return tuple(rows)


def _menu_rows(entries: tuple[MenuEntry, ...], width: int, rows_free: int) -> tuple[Row, ...]:
    """Digit, name and what waits there: in columns, else all of it below the names, else beside them what fits."""
    names = max((cell_len(entry.name) for entry in entries), default=0)
    details = max((cell_len(entry.detail) for entry in entries), default=0)
    columns = MENU_INDENT + names + 2 + details < width
    below = not columns and rows_free >= len(entries) + sum(1 for entry in entries if entry.detail)
    rows: list[Row] = []
    for entry in entries:
        pad = " " * (names - cell_len(entry.name)) if columns else ""
        room = width - MENU_INDENT - 3 - cell_len(entry.name)
        beside = "" if below else _parts_that_fit(entry.detail, room)
        digit = (Span(" "), Span(f" {entry.digit} ", Role.FIELD), Span(" "))
        name = Span(fit(entry.name, width - MENU_INDENT - 1) + pad, Role.STRONG)
        rows.append(Row((*digit, name, Span(f"  {beside}" if beside else ""))))
        if below and entry.detail:
            rows.append(Row((Span(" " * MENU_INDENT), Span(fit(entry.detail, width - MENU_INDENT - 1)))))
    if columns and 2 * len(rows) - 1 <= rows_free:
        rows = [line for each in rows for line in (each, Row())][:-1]
    return tuple(rows)


def _parts_that_fit(detail: str, width: int) -> str:
    """As many of the parts between commas, from the first on, as fit whole."""
    while detail and cell_len(detail) > width:
        detail = detail.rpartition(", ")[0]
    return detail


def _badge(mark: Mark, words: Words, cells: int) -> Span:
    """The word of a mark as a block of its colour, `cells` wide within."""
    word = words.of(mark)
    return Span(f" {word}{' ' * (cells - cell_len(word))} ", MARKS[mark].word)


def _history_rows(entry: HistoryRow, words: Words, what_cells: int, width: int) -> tuple[Row, ...]:
    """One row a scan where it fits, results under each other if they can be; else the result below what was scanned.

    On narrow screens it is the other way round, the result beside its mark.
    """
    name = words.of(entry.mark)
    word = Span(name + " " * (HISTORY_MARK_CELLS - cell_len(name)), MARKS[entry.mark].word)
    head = (Span(f" {entry.clock} "), word, Span(" "))
    indent = sum(cell_len(span.text) for span in head)
    room = width - 1 - indent
    what, result = Span(entry.what, Role.STRONG), Span(entry.result)
    if cell_len(entry.what) + 2 + cell_len(entry.result) <= room:
        free = room - cell_len(entry.what) - cell_len(entry.result)
        gap = max(min(what_cells + 2 - cell_len(entry.what), free), 2)
        return (Row((*head, what, Span(" " * gap), result)),)
    narrow = width < BREAKPOINTS[2]
    beside, below = (result, what) if narrow else (what, result)
    under = UNDER_CLOCK // 2 if narrow else UNDER_CLOCK
    texts = wrap(beside.text, room)
    rows = [Row((*head, Span(texts[0] if texts else "", beside.role)))]
    rows += [Row((Span(" " * indent), Span(text, beside.role))) for text in texts[1:]]
    rows += [Row((Span(" " * under), Span(text, below.role))) for text in wrap(below.text, width - 1 - under)]
    return tuple(rows)


def _health_rows(entry: HealthRow, words: Words, mark_cells: int, name_cells: int, width: int) -> tuple[Row, ...]:
    """What, how it is, and below it the remedy where it is not well."""
    head = (Span(" "), _badge(entry.mark, words, mark_cells), Span(" "))
    indent = mark_cells + 4
    name = Span(entry.name + " " * (name_cells - cell_len(entry.name)), Role.STRONG)
    column = indent + name_cells + 2
    rows: list[Row] = []
    if column + cell_len(entry.text) < width:
        rows.append(Row((*head, name, Span(f"  {entry.text}"))))
    else:
        rows.append(Row((*head, Span(fit(entry.name, width - indent - 1), Role.STRONG))))
        rows += [Row((Span(" " * indent), Span(text))) for text in wrap(entry.text, width - 1 - indent)]
    remedy = wrap(entry.remedy, width - 3 - indent)
    leads = ("► ", *("  ",) * len(remedy))
    lines = (f"{lead}{text}" for lead, text in zip(leads, remedy, strict=False))
    return (*rows, *(Row((Span(" " * indent), Span(text, Role.STRONG))) for text in lines))


def _note_rows(note: str, width: int) -> tuple[Row, ...]:
    """A note on as many rows as it needs; a short first column (`F2  undo`) hangs out to the left."""
    if not note.strip(" "):
        return (Row(),)
    indented = note.lstrip(" ")
    first, gap, rest = indented.partition("  ")
    hang = len(note) - len(rest.lstrip(" "))
    if not gap or " " in first or cell_len(first) > FIRST_COLUMN_MAX or hang > width // 2:
        hang = len(note) - len(indented)
    texts = wrap(note[hang:], width - 2 - hang)
    top = Row((Span(" "), Span(note[:hang], Role.STRONG), Span(texts[0] if texts else "")))
    return (top, *(Row((Span(" " * (hang + 1)), Span(text))) for text in texts[1:]))
