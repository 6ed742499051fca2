"""A panel that takes the whole screen until it is answered: a recall, a ledger that has stopped."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len

from scanner_app.terminal.view import MenuEntry, Panel, View
from screens.fitting import fit, tail, wrap
from screens.font import DOT, giant
from screens.head import meter_row, stripe_row
from screens.keys_line import keys_rows
from screens.lines import MARKS, MarkRoles, Role, Row, Span
from screens.rooms import CURSOR
from screens.words import Words

TAPE_GAP: Final = "   "
CHOICE_INDENT: Final = 7
KEY_ROWS_MAX: Final = 2


def alarm_rows(view: View, panel: Panel, words: Words, width: int, height: int) -> tuple[Row, ...]:
    """Exactly `height` rows, all in the mark's colour; blank rows go first, then the size of the word, then labels."""
    roles = MARKS[panel.mark]
    stripe = (stripe_row(view.stripe, width),) if view.stripe else ()
    top = (*stripe, meter_row(view.meter, view.status, words, width, roles.block))
    groups: tuple[list[Row], ...] = ()
    foot: tuple[Row, ...] = ()
    room = 0
    for big, key_rows in ((True, KEY_ROWS_MAX), (False, KEY_ROWS_MAX), (False, 1)):
        groups = _groups(view, panel, roles, width, big=big)
        foot = _foot(view, words, roles, width, key_rows)
        room = height - len(top) - len(foot)
        if sum(map(len, groups)) <= room:
            break
    blank = Row((), roles.block)
    rows: list[Row] = []
    spare = room - sum(map(len, groups))
    for group in groups:
        if group and spare > 0:
            rows.append(blank)
            spare -= 1
        rows += group
    rows = rows[: max(room, 0)]
    rows += [blank] * (room - len(rows))
    return (*top, *rows, *foot)[:height]


def _foot(view: View, words: Words, roles: MarkRoles, width: int, key_rows: int) -> tuple[Row, ...]:
    """What is asked, what must be said for a moment, and the keys."""
    notice = tuple(_on(text, roles.word, roles) for text in wrap(view.notice, width - 2))
    return (
        *_ask(view, words, roles, width), *notice, *keys_rows(view.keys, width, key_rows, (roles.word, roles.block))
    )  # fmt: skip


def _groups(view: View, panel: Panel, roles: MarkRoles, width: int, *, big: bool) -> tuple[list[Row], ...]:
    """The word, the headline, the choices where they are open, what is to be known, and what was scanned."""
    named = f"{roles.symbol} {panel.word}"
    drawn = giant(panel.word, width - 2) if big else None
    word = [_on(fit(named, width - 2), roles.word, roles)]
    if drawn is not None:
        tape = TAPE_GAP.join((named,) * max((width + 1) // (cell_len(named) + len(TAPE_GAP)), 1))
        word = [_on(fit(tape, width - 2), roles.word, roles), *(_on(line, roles.word, roles) for line in drawn)]
    headline = [_on(text, roles.word, roles) for text in wrap(panel.headline, width - 2)]
    more = [_on(text, roles.block, roles) for line in panel.more for text in wrap(line, width - 2)]
    lines = [_on(text, roles.block, roles) for line in view.lines for text in wrap(line, width - 2)]
    return word, headline, [_choice(entry, width, roles) for entry in view.menu], more, lines


def _choice(entry: MenuEntry, width: int, roles: MarkRoles) -> Row:
    """A digit and what it does."""
    name = Span(f"  {fit(entry.name, width - CHOICE_INDENT)}", roles.word)
    return Row((Span(" ", roles.block), Span(f" {entry.digit} ", Role.FIELD), name), roles.block)


def _ask(view: View, words: Words, roles: MarkRoles, width: int) -> tuple[Row, ...]:
    """What is wanted now, what is typed so far, and how many scans wait for the answer."""
    named = view.giant.casefold() in view.verb.casefold()
    wanted = view.verb if named else f"{view.verb}  {view.giant}"
    rows = [_on(text, roles.word, roles) for line in (view.subtitle, wanted) for text in wrap(line, width - 2)]
    if view.entering is not None:
        shown = DOT * len(view.entering) if view.secret else view.entering
        text = tail(shown + CURSOR, width - 4)
        field = f" {text}{' ' * (width - 3 - cell_len(text))}"
        rows.append(Row((Span(" ", roles.block), Span(field, Role.FIELD)), roles.block))
    if view.meter.waiting:
        rows.append(_on(f"{view.meter.waiting} {words.waiting}", roles.block, roles))
    return tuple(rows)


def _on(text: str, role: Role, roles: MarkRoles) -> Row:
    return Row((Span(" ", roles.block), Span(text, role)), roles.block)
