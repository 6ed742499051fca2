"""The quiet top of every screen: stripe, status, the truthful meter, the task and how far it has come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len

from scanner_app.terminal.view import Link, Meter, Room, Status, View
from screens.base import BREAKPOINTS
from screens.fitting import closed_up, cut, fit, wrap
from screens.lines import Role, Row, Span, row, sides
from screens.rooms import prompts
from screens.words import Words

APART: Final = "  "
ONE_CELL: Final = "x"
BAR_CELLS_MIN: Final = 8
USER_CELLS_MIN: Final = 3
USER_CELLS_KEPT: Final = 10
"""So much of a name is kept before what stands beside it falls away."""


def stripe_row(text: str, width: int) -> Row:
    """The permanent stripe across the screen, its word in the middle."""
    word = f" {fit(text, width - 4)} "
    left = max((width - cell_len(word)) // 2, 0)
    right = max(width - left - cell_len(word), 0)
    return Row((Span(f"{'/' * left}{word}{'/' * right}", Role.STRIPE),), Role.STRIPE)


def status_row(status: Status, width: int) -> Row:
    """Who, where, link and clock. The site falls away first, then the end of a long name, the clock, the read point."""
    link = "" if status.link is Link.NO_CENTRE else status.link_text
    for places, clock, user_min in (
        (f"{APART}{status.site} {status.read_point}", status.clock, width),
        (f"{status.site} {status.read_point}", status.clock, width),
        (status.read_point, status.clock, USER_CELLS_KEPT),
        (status.read_point, "", USER_CELLS_KEPT),
        ("", "", USER_CELLS_KEPT),
    ):
        ends = _joined(link, clock)
        others = Row((*_who(ONE_CELL, places), *ends)).width - 1
        user = fit(status.user, max(width - 3 - others, user_min))
        drawn = sides(_who(user, places), ends, width)
        if drawn is not None:
            return drawn
    room = width - 3 - cell_len(link)
    user = fit(status.user, room) if room >= USER_CELLS_MIN else ""
    return sides(_who(user, ""), _joined(link, ""), width) or row(fit(link, width - 1))


def _who(user: str, places: str) -> tuple[Span, ...]:
    """Name and places, one space between them or as many as the places begin with."""
    if not places.strip(" "):
        return (Span(user, Role.STRONG),) if user else ()
    apart = places if places.startswith(APART) else f" {places}"
    return (Span(user, Role.STRONG), Span(apart)) if user else (Span(places.strip(" ")),)


def _joined(link: str, clock: str) -> tuple[Span, ...]:
    if link and clock:
        return (Span(link, Role.STRONG), Span(f"  {clock}"))
    return (Span(link or clock, Role.STRONG if link else Role.PLAIN),) if link or clock else ()


def meter_row(meter: Meter, status: Status, words: Words, width: int, fill: Role = Role.PLAIN) -> Row:
    """The meter in the longest form that fits: words fall away, numbers stay. Red, with a word, if it is wrong."""
    if not meter.adds_up:
        return _wrong_meter(meter, words, width)
    centre = status.link_text if status.link is Link.NO_CENTRE and status.link_text else words.no_centre
    forms, apart = (_long_forms, len(APART)) if width >= BREAKPOINTS[2] else (_short_forms, 1)
    for left, right in forms(meter, words, centre):
        ends = (Span(right, fill),) if right else ()
        drawn = sides((Span(left, fill),), ends, width, fill, apart=apart)
        if drawn is not None:
            return drawn
    return row(cut(_sum(meter), width - 1), fill, fill)


def _sum(meter: Meter) -> str:
    waiting = f"+{meter.waiting}" if meter.waiting else ""
    return f"{meter.scans}={meter.saved}{waiting}"


def _long_forms(meter: Meter, words: Words, centre: str) -> Iterator[tuple[str, str]]:
    """Left and right parts, the longest form first; the short ones where no long one fits."""
    sent = centre if meter.sent is None else f"{words.sent} {meter.sent}"
    age = f"  {meter.oldest_unsent}" if meter.sent is not None and meter.oldest_unsent else ""
    parked = f"  {words.parked} {meter.parked}" if meter.parked else ""
    more = f" + {meter.waiting}" if meter.waiting else ""
    total = f"{words.scans} {meter.scans} = {words.saved} {meter.saved}{more}"
    if meter.waiting:
        yield f"{total} {words.waiting}", f"{sent}{age}{parked}"
    yield total, f"{sent}{age}{parked}"
    yield f"{words.scans} {meter.scans} = {meter.saved}{more}", f"{sent}{age}{parked}"
    yield from _short_forms(meter, words, centre)


def _short_forms(meter: Meter, words: Words, centre: str) -> Iterator[tuple[str, str]]:
    """Numbers and signs alone; what is parked goes first, then the age."""
    del words
    sent = centre if meter.sent is None else f"→{meter.sent}"
    age = f" {meter.oldest_unsent}" if meter.sent is not None and meter.oldest_unsent else ""
    parked = f" !{meter.parked}" if meter.parked else ""
    yield _sum(meter), f"{sent}{age}{parked}"
    yield _sum(meter), f"{sent}{age}"
    yield _sum(meter), sent


def _wrong_meter(meter: Meter, words: Words, width: int) -> Row:
    waiting = f" + {meter.waiting}" if meter.waiting else ""
    figures = f"{meter.scans} ≠ {meter.saved}{waiting}"
    full = f"{figures}  {words.wrong}"
    for text in (f"■ {words.scans} {full}", f"■ {full}", full):
        if cell_len(text) <= width - 2:
            return row(text, Role.STOP_WORD, Role.STOP)
    return row(fit(f"{figures.replace(' ', '')} {words.wrong}", width - 1), Role.STOP_WORD, Role.STOP)


def title_rows(view: View, width: int, *, squeezed: bool) -> tuple[Row, ...]:
    """The task and its document. Where nothing large is asked for, what can be done stands beside it, or below it."""
    if view.room is Room.SIGN_IN or not view.title:
        return ()
    fault = view.room is Room.FAULT
    strong, plain = (Role.STOP_WORD, Role.STOP) if fault else (Role.STRONG, Role.PLAIN)
    beside = "" if prompts(view) else view.subtitle
    both = sides((Span(view.title, strong), Span(f"  {beside}" if beside else "", plain)), (), width, plain)
    if both is not None:
        return (both,)
    title = row(shorter_title(view.title, width - 2), strong, plain)
    below = () if squeezed or view.room is not Room.MENU else tuple(row(text) for text in wrap(beside, width - 2))
    return (title, *below)


def shorter_title(title: str, width: int) -> str:
    """The title in `width` cells: the task's name falls away first, its document stays."""
    document = title.partition("  ")[2].strip(" ")
    return fit(document, width) if document and cell_len(closed_up(title, width)) > width else fit(title, width)


def progress_row(view: View, width: int) -> Row:
    """A bar and its text; the bar falls away where it would be too short to tell anything."""
    text = progress_text(view)
    cells = width - 2 - cell_len(text) - 2
    if not view.total or view.done is None or cells < BAR_CELLS_MIN:
        return row(fit(text, width - 2))
    filled = min(view.done * cells // view.total, cells)
    if view.done > 0:
        filled = max(filled, 1)
    bar = (Span("▄" * filled, Role.DONE), Span("▄" * (cells - filled), Role.REST))
    return Row((Span(" "), *bar, Span(f"  {text}", Role.STRONG)))


def progress_text(view: View) -> str:
    """How far the work has come, empty where nothing is counted."""
    if view.progress_text or view.done is None:
        return view.progress_text
    return f"{view.done}" if view.total is None else f"{view.done}/{view.total}"


def head_rows(view: View, words: Words, width: int, *, merged: bool) -> tuple[Row, ...]:
    """All of the top. `merged`: title and progress share a row, without the bar."""
    rows: list[Row] = [stripe_row(view.stripe, width)] if view.stripe else []
    rows += [status_row(view.status, width), meter_row(view.meter, view.status, words, width)]
    progress = progress_text(view)
    if merged and progress:
        title = shorter_title(view.title, max(width - 3 - cell_len(progress), 0))
        both = sides((Span(title, Role.STRONG),), (Span(progress, Role.STRONG),), width)
        return (*rows, both or row(fit(progress, width - 2), Role.STRONG))
    rows += title_rows(view, width, squeezed=merged)
    if progress:
        rows.append(progress_row(view, width))
    return tuple(rows)
