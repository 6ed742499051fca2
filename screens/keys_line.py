"""The keys that work now, at the foot of the screen, and what stands just above them."""

from __future__ import annotations

from scanner_app.terminal.view import KeyHint, Mark, View
from screens.fitting import fit
from screens.lines import MARKS, Role, Row, Span, sides
from screens.words import Words


def keys_rows(keys: tuple[KeyHint, ...], width: int, rows_max: int, block: tuple[Role, Role] | None = None) -> tuple[Row, ...]:
    """The keys with their labels on at most `rows_max` rows; where they do not fit the labels fall away, the keys stay.

    `block`: the roles of key and label on a coloured ground.
    """
    key_role, label_role = block or (Role.KEY, Role.PLAIN)
    labelled = _packed(keys, width, key_role, label_role)
    if len(labelled) <= rows_max:
        return labelled
    return _packed(tuple(KeyHint(hint.key, "") for hint in keys), width, key_role, label_role)


def _packed(keys: tuple[KeyHint, ...], width: int, key_role: Role, label_role: Role) -> tuple[Row, ...]:
    rows: list[Row] = []
    spans: list[Span] = []
    used = 0
    for hint in keys:
        cells = len(hint.key) + (len(hint.label) + 1 if hint.label else 0)
        gap = (2 if hint.label else 1) if spans else 1
        if spans and used + gap + cells > width:
            rows.append(Row(tuple(spans), label_role))
            spans, used, gap = [], 0, 1
        spans += [Span(" " * gap, label_role), Span(hint.key, key_role)]
        if hint.label:
            spans.append(Span(f" {hint.label}", label_role))
        used += gap + cells
    return (*rows, Row(tuple(spans), label_role)) if spans else tuple(rows)


def standing_rows(view: View, words: Words, width: int, *, quiet: bool) -> tuple[Row, ...]:
    """Scans that wait for a decision, and the scanner: amber where it is not well, else only if `quiet` lines may stand."""
    waiting = (Span(f"{view.meter.waiting} {words.waiting}", Role.STRONG),) if view.meter.waiting else ()
    if view.scanner_text and not view.scanner_ok:
        roles = MARKS[Mark.ASK]
        room = width - 4 - sum(len(span.text) + 1 for span in waiting)
        scanner = (Span(f" {roles.symbol} {fit(view.scanner_text, room - 2)} ", roles.block),)
    else:
        scanner = (Span(fit(view.scanner_text, width - 2)),) if view.scanner_text and quiet else ()
    if not waiting and not scanner:
        return ()
    both = sides(waiting, scanner, width)
    if both is not None:
        return (both,)
    return tuple(line for line in (sides(waiting, (), width), sides((), scanner, width)) if line is not None)
