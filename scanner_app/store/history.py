"""The way back from a thing to the entries about it: movements, traces, the last scans.

A unit's history is its own postings and the moves of the containers it stood in at the time, walked newest first, so
that the last five cost as little in a ledger of years as in a new one.
"""

from __future__ import annotations

from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind, decode_entry
from scanner_app.domain.facts import MOVEMENTS_MAX, HistoryLine, Movement, Movements, RecentScans
from scanner_app.domain.refusals import Refused
from scanner_app.domain.stock import CONVERSION, SUPPLIER, is_container
from scanner_app.phrases import printable
from scanner_app.store.places import LEVELS_MAX
from scanner_app.store.site_movements import END, movement_at, number_in, position_in
from scanner_app.store.trail import Trail, merged

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from scanner_app.domain.entry import Entry
    from scanner_app.store.trail import Step

TRACE_MAX = 100_000
"""The most movements that one trace gives; a lot of a million units is asked for at the centre."""
ENTRIES_WALKED_MAX = 2_000
"""How many entries back the last scans are looked for; nearly every entry is one."""

ENTRY = "SELECT seq, bytes FROM entry WHERE position = ?"
NEWEST_ENTRIES = "SELECT seq, bytes FROM entry ORDER BY position DESC LIMIT ?"


def movements(connection: sqlite3.Connection, query: Movements) -> tuple[Movement, ...]:
    """The last movements of a subject, newest first."""
    return tuple(islice(_movements(connection, query), min(query.limit, MOVEMENTS_MAX)))


def trace(connection: sqlite3.Connection, query: Movements) -> list[Movement]:
    """Every movement of a subject, oldest first, at most 100,000; the query's limit is not looked at."""
    return list(islice(_movements(connection, query), TRACE_MAX))[::-1]


def _movements(connection: sqlite3.Connection, query: Movements) -> Iterator[Movement]:
    """Newest first, one for each entry and pair of places."""
    return (movement_of(connection, step) for step in by_entry(steps_of(Trail(connection), query)))


def movement_of(connection: sqlite3.Connection, step: Step) -> Movement:
    """The line of an entry and one step of it."""
    order, quantity, from_place, to_place, inferred = step
    if number_in(order):
        return movement_at(connection, step)
    seq, stored = connection.execute(ENTRY, (position_in(order),)).fetchone()
    entry = decode_entry(stored)
    method = "manual" if entry.raw is None else entry.raw.method
    return Movement(
        seq=seq,
        event_id=entry.event_id,
        event_time=entry.stamp.event_time,
        offset=entry.stamp.offset,
        kind=entry.kind.value,
        operator=entry.origin.operator,
        device=entry.origin.device,
        from_place=from_place,
        to_place=to_place,
        quantity=quantity,
        document=entry.document,
        reason=entry.reason,
        method="inferred" if inferred else method,
        refused=entry.verdict if isinstance(entry.verdict, Refused) else None,
    )


def steps_of(trail: Trail, query: Movements) -> Iterator[Step]:
    """The steps of the query's subject, newest first."""
    if query.gtin is not None and query.serial is not None:
        return _unit_steps(trail, query.gtin, query.serial)
    if query.gtin is not None and query.lot is not None:
        return trail.of_lot(query.gtin, query.lot)
    if query.gtin is not None:
        return merged(*(trail.of_lot(query.gtin, lot) for lot in trail.lots_of(query.gtin)))
    if query.container is not None:
        return _container_steps(trail, query.container)
    place = query.place or ""
    left = (step for step in trail.containers_out_of(place) if step[3] != place)
    return merged(trail.out_of(place), trail.into(place), left, trail.containers_into(place))


def _unit_steps(trail: Trail, gtin: str, serial: str) -> Iterator[Step]:
    """A unit's own postings, and between them the moves of the containers around it.

    A unit that came in within a container moved with it from the container's receipt on, however late it was scanned or
    inferred.
    """
    until = END
    for step in trail.of_unit(gtin, serial):
        order, _, from_place, to_place, _ = step
        yield from moves_around(trail, to_place, order, until)
        yield step
        if from_place == SUPPLIER and is_container(to_place):
            yield from moves_around(trail, to_place, before_receipt(trail, to_place, order), order)
        until = order


def before_receipt(trail: Trail, container: str, order: int, depth: int = 0) -> int:
    """The order just before the container was last received, not after `order`, or what it came in within was.

    `order` itself for one that was never received.
    """
    receipt = next((step for step in trail.of_container(container) if step[0] <= order and step[2] == SUPPLIER), None)
    if receipt is None:
        return order
    if is_container(receipt[3]) and depth < LEVELS_MAX:
        return min(receipt[0] - 1, before_receipt(trail, receipt[3], receipt[0], depth + 1))
    return receipt[0] - 1


def moves_around(trail: Trail, place: str, since: int, until: int, depth: int = 0) -> Iterator[Step]:
    """The moves of a container, and of those around it at the time, after `since` and before `until`, newest first.

    A container that was received within another one moved with it before.
    """
    if not is_container(place) or depth == LEVELS_MAX:
        return
    for step in trail.of_container(place):
        order, _, from_parent, to_parent, _ = step
        if order > until:
            continue
        if order < until:
            yield from moves_around(trail, to_parent, max(since, order), until, depth + 1)
            if order <= since:
                return
            if from_parent != to_parent:
                yield step
        if from_parent == SUPPLIER:
            yield from moves_around(trail, to_parent, since, order, depth + 1)
        until = order


def _container_steps(trail: Trail, container: str) -> Iterator[Step]:
    """A container's own moves and changes of seal, and between them the moves of those around it."""
    until = END
    for step in trail.of_container(container):
        order, _, from_parent, to_parent, _ = step
        yield from moves_around(trail, to_parent, order, until)
        yield step
        if from_parent == SUPPLIER and is_container(to_parent):
            yield from moves_around(trail, to_parent, before_receipt(trail, to_parent, order), order)
        until = order


def by_entry(steps: Iterable[Step]) -> Iterator[Step]:
    """Steps of one entry made one for each pair of places; the way through `conversion` shows only its ends."""
    for order, group in groupby(steps, key=itemgetter(0)):
        summed: dict[tuple[str, str, int], int | None] = {}
        for _, quantity, from_place, to_place, inferred in group:
            places = (from_place, to_place, inferred)
            summed[places] = quantity if quantity is None else quantity + (summed.get(places) or 0)
        yield from _without_conversion([(order, quantity, *places) for places, quantity in summed.items()])


def _without_conversion(steps: list[Step]) -> list[Step]:
    """One step from place to place where an entry converts one quantity of one place."""
    into = [step for step in steps if step[3] == CONVERSION]
    out = [step for step in steps if step[2] == CONVERSION]
    if len(steps) == len(into) + len(out) and len(into) == len(out) == 1 and into[0][1] == out[0][1]:
        return [(out[0][0], out[0][1], into[0][2], out[0][3], out[0][4])]
    return steps


def recent_scans(connection: sqlite3.Connection, query: RecentScans) -> tuple[HistoryLine, ...]:
    """The last entries that hold a raw scan, and where they are asked for those that correct one, newest first."""
    lines: list[HistoryLine] = []
    for seq, stored in connection.execute(NEWEST_ENTRIES, (ENTRIES_WALKED_MAX,)):
        if len(lines) >= query.limit:
            break
        entry = decode_entry(stored)
        if entry.raw is not None or (query.corrections and entry.kind is EntryKind.CORRECTED):
            lines.append(_history_line(seq, entry))
    return tuple(lines)


def _history_line(seq: int, entry: Entry) -> HistoryLine:
    verdict = entry.verdict
    refused = isinstance(verdict, Refused)
    return HistoryLine(
        seq=seq,
        event_time=entry.stamp.event_time,
        offset=entry.stamp.offset,
        kind=entry.kind.value,
        code=verdict.refusal.value if isinstance(verdict, Refused) else verdict.outcome.value,
        accepted=not refused,
        parameters=dict(verdict.parameters),
        scanned="" if entry.raw is None else scanned_text(entry.raw.payload),
        event_id=entry.event_id,
        workflow=entry.workflow,
    )


def scanned_text(payload: bytes) -> str:
    """A raw scan as printable text: UTF-8 where it is valid, else each byte a character."""
    try:
        return printable(payload.decode("utf-8"))
    except UnicodeDecodeError:
        return printable(payload.decode("latin-1"))
