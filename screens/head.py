"""The quiet top of every screen: stripe, status, the truthful meter, the task and how far it has come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from scanner_app.terminal.view import Link, Meter, Room, Status, View
from screens.fitting import closed_up, cut, fit
from screens.lines import BLANK, Role, Row, Span, row, sides
from screens.words import Words

BAR_CELLS_MIN: Final = 8


def stripe_row(text: str, width: int) -> Row:
    """The permanent stripe across the screen, its word in the middle."""
    word = f" {fit(text, width - 4)} "
    left = (width - len(word)) // 2
    hatch = "/" * max(width, 0)
    return Row((Span(hatch[: max(left, 0)], Role.STRIPE), Span(word, Role.STRIPE), Span(hatch, Role.STRIPE)), Role.STRIPE)


def status_row(status: Status, width: int) -> Row:
    """Who, where, link and clock. The site falls away first, then the clock, then the read point."""
    link = "" if status.link is Link.NO_CENTRE else status.link_text
    for places, clock in (
        (f"{status.site} {status.read_point}", status.clock),
        (status.read_point, status.clock),
        (status.read_point, ""),
        ("", ""),
    ):
        drawn = sides(_who(status.user, places), _joined(link, clock), width)
        if drawn is not None:
            return drawn
    room = width - 3 - len(link)
    return sides(_who(fit(status.user, room), ""), _joined(link, ""), width) or row(fit(link, width - 1))


def _who(user: str, places: str) -> tuple[Span, ...]:
    places = places.strip(" ")
    name = (Span(user, Role.STRONG),) if user else ()
    return (*name, Span(f" {places}" if user else places)) if places else name


def _joined(link: str, clock: str) -> tuple[Span, ...]:
    if link and clock:
        return (Span(link, Role.STRONG), Span(f"  {clock}"))
    return (Span(link or clock, Role.STRONG if link else Role.PLAIN),) if link or clock else ()


def meter_row(meter: Meter, status: Status, words: Words, width: int, fill: Role = Role.PLAIN) -> Row:
    """The meter in the longest form that fits: its words fall away, its numbers stay. Red, with a word, if it is wrong."""
    if not meter.adds_up:
        return _wrong_meter(meter, words, width)
    centre = status.link_text if status.link is Link.NO_CENTRE and status.link_text else words.no_centre
    for left, right in _meter_forms(meter, words, centre):
        ends = (Span(right, fill),) if right else ()
        drawn = sides((Span(left, fill),), ends, width, fill)
        if drawn is not None:
            return drawn
    return row(cut(_sum(meter), width - 1), fill, fill)


def _sum(meter: Meter) -> str:
    waiting = f"+{meter.waiting}" if meter.waiting else ""
    return f"{meter.scans}={meter.saved}{waiting}"


def _meter_forms(meter: Meter, words: Words, centre: str) -> Iterator[tuple[str, str]]:
    """Left and right parts, the longest form first."""
    known = meter.sent is not None
    sent = f"{words.sent} {meter.sent}" if known else centre
    age = f"  {meter.oldest_unsent}" if known and meter.oldest_unsent else ""
    parked = f"  {words.parked} {meter.parked}" if meter.parked else ""
    total = f"{words.scans} {meter.scans} = {words.saved} {meter.saved}"
    more = f" + {meter.waiting}" if meter.waiting else ""
    if meter.waiting:
        yield f"{total}{more} {words.waiting}", f"{sent}{age}{parked}"
    yield total + more, f"{sent}{age}{parked}"
    yield f"{words.scans} {meter.scans} = {meter.saved}{more}", f"{sent}{age}{parked}"
    short_sent = f"→{meter.sent}" if known else centre
    short_age = f" {meter.oldest_unsent}" if age else ""
    short_parked = f" !{meter.parked}" if meter.parked else ""
    yield _sum(meter), f"{sent}{age}{parked}"
    yield _sum(meter), f"{short_sent}{short_age}{short_parked}"
    yield _sum(meter), f"{short_sent}{short_age}"
    yield _sum(meter), short_sent


def _wrong_meter(meter: Meter, words: Words, width: int) -> Row:
    waiting = f" + {meter.waiting}" if meter.waiting else ""
    figures = f"{meter.scans} ≠ {meter.saved}{waiting}"
    for text in (f"■ {words.scans} {figures}  {words.wrong}", f"■ {figures}  {words.wrong}", f"{figures} {words.wrong}"):
        if len(text) <= width - 2:
            return row(text, Role.STOP_WORD, Role.STOP)
    return row(fit(f"{figures.replace(' ', '')} {words.wrong}", width - 1), Role.STOP_WORD, Role.STOP)


def title_row(view: View, width: int) -> Row:
    """The task and its document; the task's name falls away first."""
    role, fill = (Role.STOP_WORD, Role.STOP) if view.room is Room.FAULT else (Role.STRONG, Role.PLAIN)
    text = Role.STOP if view.room is Room.FAULT else Role.PLAIN
    subtitle = closed_up(view.subtitle, max(width - 4 - len(view.title), 0))
    if view.title and len(view.title) + len(subtitle) + 4 <= width:
        return Row((Span(" ", fill), Span(view.title, role), Span(f"  {subtitle}" if subtitle else "", text)), fill)
    return row(fit(view.subtitle or view.title, width - 2), role, fill)


def progress_row(view: View, width: int) -> Row:
    """A bar and its text; the bar falls away where it would be too short to tell anything."""
    text = progress_text(view)
    cells = width - 2 - len(text) - 2
    if not view.total or view.done is None or cells < BAR_CELLS_MIN:
        return row(fit(text, width - 2))
    filled = min(view.done * cells // view.total, cells)
    if view.done > 0:
        filled = max(filled, 1)
    return Row((
        Span(" "), Span("▄" * filled, Role.DONE), Span("▄" * (cells - filled), Role.REST), Span(f"  {text}", Role.STRONG),
    ))  # fmt: skip


def progress_text(view: View) -> str:
    """How far the work has come, empty where nothing is counted."""
    if view.progress_text or view.done is None:
        return view.progress_text
    return f"{view.done}" if view.total is None else f"{view.done}/{view.total}"


def head_rows(view: View, words: Words, width: int, *, merged: bool) -> tuple[Row, ...]:
    """All of the top. `merged`: title and progress share a row, without the bar and the task's name."""
    rows: list[Row] = [stripe_row(view.stripe, width)] if view.stripe else []
    rows += [status_row(view.status, width), meter_row(view.meter, view.status, words, width)]
    progress = progress_text(view)
    if merged and progress and view.subtitle:
        both = sides((Span(fit(view.subtitle, width - 3 - len(progress))),), (Span(progress, Role.STRONG),), width)
        return (*rows, both or row(fit(progress, width - 2), Role.STRONG))
    if view.title or view.subtitle:
        rows.append(title_row(view, width))
    if progress:
        rows.append(progress_row(view, width))
    return tuple(rows) or (BLANK,)
