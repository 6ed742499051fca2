"""A trace: every entry about a unit, a lot or a container, oldest first; refused scans of it too.

The movements are those of `history`. A lot is also traced through the containers that some of it stood in at the time;
a refused scan moved nothing, so its entry is found by what its raw scan says.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING

from scanner_app.domain.entry import decode_entry
from scanner_app.domain.facts import Movement
from scanner_app.domain.scan import ParsedScan, parse_scan
from scanner_app.domain.stock import SUPPLIER, case_place, is_container, sscc_place
from scanner_app.store.history import (
    ENTRY,
    TRACE_MAX,
    before_receipt,
    by_entry,
    movement_of,
    moves_around,
    steps_of,
)
from scanner_app.store.trail import Trail

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.facts import Movements
    from scanner_app.store.trail import Step

END = 1 << 62
"""After every position."""

REFUSED = "SELECT position, seq, bytes FROM entry WHERE kind = 'refused' ORDER BY position DESC"
LEVELS = "SELECT gtin FROM item_level WHERE item_gtin = ?"
NAMED_UNIT = "SELECT 1 FROM document_unit WHERE gtin = ? AND serial = ? LIMIT 1"
NAMED_LOT = "SELECT 1 FROM document_line WHERE gtin = ? AND lot = ? LIMIT 1"
NAMED_CONTAINER = "SELECT 1 FROM document_container WHERE id = ? LIMIT 1"


def trace_of(connection: sqlite3.Connection, subject: Movements) -> list[Movement] | None:
    """The entries about a unit (gtin, serial), a lot (gtin, lot) or a container, at most the newest 100,000.

    One line for each entry and pair of places; a refused scan has no places. An empty list: documents name it, but it
    was never scanned. None: nothing ever named it.
    """
    trail = Trail(connection)
    if subject.lot is not None and subject.gtin is not None:
        steps = _lot_steps(trail, subject.gtin, subject.lot)
    else:
        steps = steps_of(trail, subject)
    moved = [(step[0], _movement(connection, step)) for step in islice(by_entry(steps), TRACE_MAX)]
    refused = islice(_refused_scans(connection, subject), TRACE_MAX)
    found = sorted(chain(reversed(moved), refused), key=itemgetter(0))
    if not found and not _is_named(connection, subject):
        return None
    return [movement for _, movement in found]


def _movement(connection: sqlite3.Connection, step: Step) -> Movement:
    seq, stored = connection.execute(ENTRY, (step[0],)).fetchone()
    return movement_of(seq, decode_entry(stored), step)


def _lot_steps(trail: Trail, gtin: str, lot: str) -> Iterator[Step]:
    """The postings of a lot, and other entries' moves of containers while some of it stood in them, newest first."""
    own = list(islice(trail.of_lot(gtin, lot), TRACE_MAX))
    posted = {step[0] for step in own}
    stays = (moves_around(trail, *stay) for stay in _stays(trail, own))
    around = {step for stay in stays for step in stay if step[0] not in posted}
    return iter(sorted(chain(own, around), key=itemgetter(0), reverse=True))


def _stays(trail: Trail, newest_first: list[Step]) -> Iterator[tuple[str, int, int]]:
    """Each container that some of it stood in, after which position and before which.

    What came in within a container was in it from the container's receipt on, however late it was scanned or inferred.
    """
    quantities: dict[str, int] = {}
    since: dict[str, int] = {}
    for position, quantity, from_place, to_place, _ in reversed(newest_first):
        if is_container(to_place):
            start = before_receipt(trail, to_place, position) if from_place == SUPPLIER else position
            since[to_place] = min(start, since.get(to_place, start))
            quantities[to_place] = quantities.get(to_place, 0) + (quantity or 0)
        if from_place in since:
            quantities[from_place] -= quantity or 0
            if quantities[from_place] <= 0:
                yield from_place, since.pop(from_place), position
                del quantities[from_place]
    for container, start in since.items():
        yield container, start, END


def _refused_scans(connection: sqlite3.Connection, subject: Movements) -> Iterator[tuple[int, Movement]]:
    """Refused entries whose scan names the subject, newest first, with their positions."""
    gtins = {subject.gtin or "", *(gtin for (gtin,) in connection.execute(LEVELS, (subject.gtin or "",)))}
    for position, seq, stored in connection.execute(REFUSED):
        entry = decode_entry(stored)
        scan = _scan_of(entry)
        if scan is not None and _names(scan, subject, gtins):
            yield position, movement_of(seq, entry, (position, None, "", "", 0))


def _scan_of(entry: Entry) -> ParsedScan | None:
    """The scan that made the entry, understood anew; None where there is none or it cannot be."""
    if entry.raw is None:
        return None
    day = datetime.fromtimestamp(entry.stamp.event_time / 1000, UTC).date()
    parsed = parse_scan(entry.raw.payload.decode("utf-8", "replace"), day)
    return parsed if isinstance(parsed, ParsedScan) else None


def _names(scan: ParsedScan, subject: Movements, gtins: set[str]) -> bool:
    """Whether the scan names the unit, the lot (at any level of the item), or the container."""
    gtin, serial = str(scan.gtin), str(scan.serial)
    if subject.container is not None:
        return subject.container in {sscc_place(str(scan.sscc)), case_place(gtin, serial)}
    if subject.serial is not None:
        return (gtin, serial) == (subject.gtin, subject.serial)
    return gtin in gtins and str(scan.lot) == subject.lot


def _is_named(connection: sqlite3.Connection, subject: Movements) -> bool:
    """Whether a document names it."""
    if subject.container is not None:
        found = connection.execute(NAMED_CONTAINER, (subject.container,))
    elif subject.serial is not None:
        found = connection.execute(NAMED_UNIT, (subject.gtin, subject.serial))
    else:
        found = connection.execute(NAMED_LOT, (subject.gtin, subject.lot))
    return found.fetchone() is not None
