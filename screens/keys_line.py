"""The keys that work now, at the foot of the screen, and what stands just above them."""

from __future__ import annotations

from rich.cells import cell_len

from scanner_app.terminal.view import KeyHint, Mark, View
from screens.fitting import fit, wrap
from screens.lines import MARKS, Role, Row, Span, row, sides
from screens.words import Words


def keys_rows(
    keys: tuple[KeyHint, ...], width: int, rows_max: int, block: tuple[Role, Role] = (Role.KEY, Role.PLAIN)
) -> tuple[Row, ...]:
    """The keys with their labels on at most `rows_max` rows; where they do not fit the last labels go, the keys stay.

    `block`: the roles of key and label. Labels stand in columns where that takes no more rows.
    """
    labelled = _packed(keys, width, block)
    if len(labelled) <= rows_max:
        columns = _in_columns(keys, width, block)
        return columns if 1 < len(columns) <= len(labelled) else labelled
    for kept in range(len(keys) - 1, 0, -1):
        some = _packed((*keys[:kept], *(KeyHint(hint.key, "") for hint in keys[kept:])), width, block)
        if len(some) <= rows_max:
            return some
    return _packed(tuple(KeyHint(hint.key, "") for hint in keys), width, block)


def _key(hint: KeyHint, block: tuple[Role, Role]) -> tuple[Span, ...]:
    return (Span(hint.key, block[0]), Span(f" {hint.label}" if hint.label else "", block[1]))


def _cells(hint: KeyHint) -> int:
    return cell_len(hint.key) + (cell_len(hint.label) + 1 if hint.label else 0)


def _packed(keys: tuple[KeyHint, ...], width: int, block: tuple[Role, Role]) -> tuple[Row, ...]:
    """As many keys on a row as there is room for; the first at the margin."""
    rows: list[Row] = []
    spans: list[Span] = []
    used = 0
    for hint in keys:
        gap = (2 if hint.label else 1) if spans else 1
        if spans and used + gap + _cells(hint) > width:
            rows.append(Row(tuple(spans), block[1]))
            spans, used, gap = [], 0, 1
        spans += [Span(" " * gap, block[1]), *_key(hint, block)]
        used += gap + _cells(hint)
    return (*rows, Row(tuple(spans), block[1])) if spans else tuple(rows)


def _in_columns(keys: tuple[KeyHint, ...], width: int, block: tuple[Role, Role]) -> tuple[Row, ...]:
    """The keys under each other, column by column as wide as the widest of all."""
    widest = max((_cells(hint) for hint in keys), default=0)
    across = max((width - 1 + 2) // (widest + 2), 1)
    rows: list[Row] = []
    for first in range(0, len(keys), across):
        spans: list[Span] = []
        for hint in keys[first : first + across]:
            spans += [Span(" " if not spans else "  ", block[1]), *_key(hint, block)]
            spans.append(Span(" " * (widest - _cells(hint)), block[1]))
        rows.append(Row(tuple(spans), block[1]))
    return tuple(rows)


def notice_rows(view: View, width: int) -> tuple[Row, ...]:
    """What must be said beside all else, as a bar just above the keys."""
    return tuple(row(f" {text} ", Role.NOUN) for text in wrap(view.notice, width - 4))


def standing_rows(view: View, words: Words, width: int, *, quiet: bool) -> tuple[Row, ...]:
    """Scans that wait for a decision, and the scanner: amber where it is not well, else only if `quiet`."""
    waiting = (Span(f"{view.meter.waiting} {words.waiting}", Role.STRONG),) if view.meter.waiting else ()
    alone = sides(waiting, (), width) if waiting else None
    first = (alone,) if alone is not None else ()
    if not view.scanner_text or (view.scanner_ok and not quiet):
        return first
    if not view.scanner_ok:
        roles = MARKS[Mark.ASK]
        texts = wrap(f"{roles.symbol} {view.scanner_text}", width - 2)
        return (*first, *(row(text, roles.block, roles.block) for text in texts))
    both = sides(waiting, (Span(fit(view.scanner_text, width - 2)),), width)
    return first if both is None else (both,)
