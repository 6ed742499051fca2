"""The way back from a thing to the entries about it: movements, traces, the last scans.

A unit's history is its own postings and the moves of the containers it stood in at the time, walked newest first, so
that the last five cost as little in a ledger of years as in a new one.
"""

from __future__ import annotations

from heapq import merge
from itertools import groupby, islice
from typing import TYPE_CHECKING

from scanner_app.domain.entry import decode_entry
from scanner_app.domain.facts import MOVEMENTS_MAX, HistoryLine, Movement, Movements, RecentScans
from scanner_app.domain.refusals import Refused
from scanner_app.domain.stock import CONVERSION, SUPPLIER, is_container
from scanner_app.phrases import printable
from scanner_app.store.places import LEVELS_MAX

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from scanner_app.domain.entry import Entry

TRACE_MAX = 100_000
"""The most movements that one trace gives; a lot of a million units is asked for at the centre."""
ENTRIES_WALKED_MAX = 2_000
"""How many entries back the last scans are looked for; nearly every entry is one."""

END = 1 << 62
"""After every position."""

ENTRY = "SELECT seq, bytes FROM entry WHERE position = ?"
NEWEST_ENTRIES = "SELECT seq, bytes FROM entry ORDER BY position DESC LIMIT ?"
POSTINGS = "SELECT id, position, quantity, from_place, to_place, inferred FROM posting WHERE "
MOVES = "SELECT id, position, NULL, from_parent, to_parent, inferred FROM container_move WHERE "
NEWEST_FIRST = " ORDER BY id DESC"
OF_UNIT = POSTINGS + "gtin = ? AND serial = ? AND serial <> ''" + NEWEST_FIRST
OF_LOT = POSTINGS + "gtin = ? AND lot = ?" + NEWEST_FIRST
FROM_PLACE = POSTINGS + "from_place = ?" + NEWEST_FIRST
TO_PLACE = POSTINGS + "to_place = ?" + NEWEST_FIRST
OF_CONTAINER = MOVES + "container = ?" + NEWEST_FIRST
FROM_PARENT = MOVES + "from_parent = ?" + NEWEST_FIRST
TO_PARENT = MOVES + "to_parent = ?" + NEWEST_FIRST
NEXT_LOT = "SELECT min(lot) FROM posting WHERE gtin = ? AND lot > ?"
FIRST_LOT = "SELECT min(lot) FROM posting WHERE gtin = ?"

Row = tuple[int, int, int | None, str, str, int]
"""id, position, quantity (None: a container), from, to, inferred"""


def movements(connection: sqlite3.Connection, query: Movements) -> tuple[Movement, ...]:
    """The last movements of a subject, newest first."""
    return tuple(islice(_movements(connection, query), min(query.limit, MOVEMENTS_MAX)))


def trace(connection: sqlite3.Connection, query: Movements) -> list[Movement]:
    """Every movement of a subject, oldest first, at most 100,000; the query's limit is not looked at."""
    return list(islice(_movements(connection, query), TRACE_MAX))[::-1]


def _movements(connection: sqlite3.Connection, query: Movements) -> Iterator[Movement]:
    """Newest first, one for each entry and pair of places."""
    for row in _by_entry(_rows(connection, query)):
        seq, stored = connection.execute(ENTRY, (row[1],)).fetchone()
        yield _movement(seq, decode_entry(stored), row)


def _movement(seq: int, entry: Entry, row: Row) -> Movement:
    method = "manual" if entry.raw is None else entry.raw.method
    return Movement(
        seq=seq,
        event_id=entry.event_id,
        event_time=entry.stamp.event_time,
        offset=entry.stamp.offset,
        kind=entry.kind.value,
        operator=entry.origin.operator,
        device=entry.origin.device,
        from_place=row[3],
        to_place=row[4],
        quantity=row[2],
        document=entry.document,
        reason=entry.reason,
        method="inferred" if row[5] else method,
    )


def _rows(connection: sqlite3.Connection, query: Movements) -> Iterator[Row]:
    """The rows of the query's subject, newest first."""
    if query.gtin is not None and query.serial is not None:
        return _unit_rows(connection, query.gtin, query.serial)
    if query.gtin is not None and query.lot is not None:
        return iter(connection.execute(OF_LOT, (query.gtin, query.lot)))
    if query.gtin is not None:
        return _merged([connection.execute(OF_LOT, (query.gtin, lot)) for lot in _lots(connection, query.gtin)])
    if query.container is not None:
        return _container_rows(connection, query.container)
    place = query.place or ""
    return _merged([
        connection.execute(FROM_PLACE, (place,)),
        connection.execute(TO_PLACE, (place,)),
        connection.execute(FROM_PARENT, (place,)),
        connection.execute(TO_PARENT, (place,)),
    ])


def _merged(sources: Iterable[Iterable[Row]]) -> Iterator[Row]:
    """Rows of several sources, each newest first, as one, newest first."""
    return merge(*sources, key=lambda row: (row[1], row[0]), reverse=True)


def _lots(connection: sqlite3.Connection, gtin: str) -> list[str]:
    """The lots of an item that were ever moved, by hopping from one to the next in the index."""
    lots = []
    lot = connection.execute(FIRST_LOT, (gtin,)).fetchone()[0]
    while lot is not None:
        lots.append(lot)
        lot = connection.execute(NEXT_LOT, (gtin, lot)).fetchone()[0]
    return lots


def _unit_rows(connection: sqlite3.Connection, gtin: str, serial: str) -> Iterator[Row]:
    """A unit's own postings, and between them the moves of the containers around it.

    A unit that came in within a container moved with it from the container's receipt on, however late it was scanned or
    inferred.
    """
    until = END
    for row in connection.execute(OF_UNIT, (gtin, serial)):
        _, position, _, from_place, to_place, _ = row
        yield from _moves_around(connection, to_place, position, until)
        yield row
        if from_place == SUPPLIER:
            yield from _moves_around(connection, to_place, _receipt_before(connection, to_place, position), position)
        until = position


def _receipt_before(connection: sqlite3.Connection, container: str, position: int) -> int:
    """The position just before the container's last receipt that is not after `position`; `position` without one."""
    for move in connection.execute(OF_CONTAINER, (container,)):
        if move[1] < position and move[3] == SUPPLIER:
            return int(move[1]) - 1
    return position


def _moves_around(
    connection: sqlite3.Connection, place: str, since: int, until: int, depth: int = 0
) -> Iterator[Row]:
    """The moves of a container, and of those around it at the time, after `since` and before `until`, newest first."""
    if not is_container(place) or depth == LEVELS_MAX:
        return
    for move in connection.execute(OF_CONTAINER, (place,)):
        _, position, _, from_parent, to_parent, _ = move
        if position >= until:
            continue
        yield from _moves_around(connection, to_parent, max(since, position), until, depth + 1)
        if position <= since:
            return
        if from_parent != to_parent:
            yield move
        until = position


def _container_rows(connection: sqlite3.Connection, container: str) -> Iterator[Row]:
    """A container's own moves and changes of seal, and between them the moves of those around it."""
    until = END
    for move in connection.execute(OF_CONTAINER, (container,)):
        yield from _moves_around(connection, move[4], move[1], until)
        yield move
        until = move[1]


def _by_entry(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows of one entry made one for each pair of places; the way through `conversion` shows only its ends."""
    for _, group in groupby(rows, key=lambda row: row[1]):
        summed: dict[tuple[str, str, int], Row] = {}
        for row in group:
            pair = (row[3], row[4], row[5])
            known = summed.get(pair)
            quantity = row[2] if known is None or row[2] is None else row[2] + (known[2] or 0)
            summed[pair] = (row[0], row[1], quantity, *pair)
        yield from _without_conversion(list(summed.values()))


def _without_conversion(rows: list[Row]) -> list[Row]:
    """One row from place to place where an entry converts one quantity of one place."""
    into = [row for row in rows if row[4] == CONVERSION]
    out = [row for row in rows if row[3] == CONVERSION]
    if len(rows) == len(into) + len(out) and len(into) == len(out) == 1 and into[0][2] == out[0][2]:
        return [(*out[0][:3], into[0][3], out[0][4], out[0][5])]
    return rows


def recent_scans(connection: sqlite3.Connection, query: RecentScans) -> tuple[HistoryLine, ...]:
    """The last entries that hold a raw scan, newest first."""
    lines: list[HistoryLine] = []
    for seq, stored in connection.execute(NEWEST_ENTRIES, (ENTRIES_WALKED_MAX,)):
        if len(lines) >= query.limit:
            break
        entry = decode_entry(stored)
        if entry.raw is not None:
            lines.append(_history_line(seq, entry, entry.raw.payload))
    return tuple(lines)


def _history_line(seq: int, entry: Entry, payload: bytes) -> HistoryLine:
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
        scanned=printable(_text_of(payload)),
    )


def _text_of(payload: bytes) -> str:
    """A raw scan as text: UTF-8 where it is valid, else each byte a character."""
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return payload.decode("latin-1")
