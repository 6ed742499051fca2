"""A trace: every entry about a unit, a lot or a container, oldest first; scans of it that moved nothing too.

The movements are those of `history`. A lot is also traced through the containers that some of it stood in at the time,
a container also through what was put into it and taken out of it.
"""

from __future__ import annotations

from heapq import merge
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING

from scanner_app.domain.stock import CASE_PLACE, SSCC_PLACE, SUPPLIER, is_container
from scanner_app.store.history import TRACE_MAX, before_receipt, by_entry, movement_of, moves_around, steps_of
from scanner_app.store.site_movements import END
from scanner_app.store.trail import Trail, merged

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from scanner_app.domain.facts import Movement, Movements
    from scanner_app.store.trail import Step

LEVELS = "SELECT gtin FROM item_level WHERE item_gtin = ?"
NAMED_UNIT = "SELECT 1 FROM document_unit WHERE gtin = ? AND serial = ? LIMIT 1"
NAMED_LOT = "SELECT 1 FROM document_line WHERE gtin = ? AND lot = ? LIMIT 1"
NAMED_CONTAINER = "SELECT 1 FROM document_container WHERE id = ? LIMIT 1"


def trace_of(connection: sqlite3.Connection, subject: Movements) -> list[Movement] | None:
    """The entries about a unit (gtin, serial), a lot (gtin, lot) or a container, at most the newest 100,000.

    One line for each entry and pair of places; a scan that moved nothing has no places. An empty list: documents
    name it, but it was never scanned. None: nothing ever named it.
    """
    trail = Trail(connection)
    steps = merged(_steps(trail, subject), _mentions(connection, trail, subject))
    found = [movement_of(connection, step) for step in islice(by_entry(steps), TRACE_MAX)]
    if not found and not _is_named(connection, subject):
        return None
    return found[::-1]


def _steps(trail: Trail, subject: Movements) -> Iterator[Step]:
    """The movements of the subject, newest first."""
    if subject.lot is not None and subject.gtin is not None:
        return _lot_steps(trail, subject.gtin, subject.lot)
    if subject.container is not None:
        container = subject.container
        out = (trail.out_of(container), trail.containers_out_of(container))
        into = (trail.into(container), trail.containers_into(container))
        moved = (step for step in merged(*out, *into) if step[2] != step[3])
        return merged(moved, steps_of(trail, subject))
    return steps_of(trail, subject)


def _mentions(connection: sqlite3.Connection, trail: Trail, subject: Movements) -> Iterator[Step]:
    """Scans of the subject that moved nothing, as steps without places, newest first."""
    if subject.container is not None:
        orders = _mentions_of_container(trail, subject.container)
    elif subject.serial is not None:
        orders = trail.mentions_of_unit(subject.gtin or "", subject.serial)
    else:
        gtin, lot = subject.gtin or "", subject.lot or ""
        gtins = [gtin, *(level for (level,) in connection.execute(LEVELS, (gtin,)) if level != gtin)]
        found = [trail.mentions_of_lot(each, lot) for each in gtins]
        orders = merge(*found, reverse=True)
    return ((order, None, "", "", 0) for order in orders)


def _mentions_of_container(trail: Trail, container: str) -> Iterator[int]:
    """A logistic unit by its SSCC, a serialised case by its GTIN and serial."""
    if container.startswith(SSCC_PLACE):
        return trail.mentions_of_sscc(container.removeprefix(SSCC_PLACE))
    gtin, _, serial = container.removeprefix(CASE_PLACE).partition(":")
    return trail.mentions_of_unit(gtin, serial)


def _lot_steps(trail: Trail, gtin: str, lot: str) -> Iterator[Step]:
    """The postings of a lot, and other entries' moves of containers while some of it stood in them, newest first."""
    own = list(islice(trail.of_lot(gtin, lot), TRACE_MAX))
    posted = {step[0] for step in own}
    stays = (moves_around(trail, *stay) for stay in _stays(trail, own))
    around = {step for stay in stays for step in stay if step[0] not in posted}
    return iter(sorted(chain(own, around), key=itemgetter(0), reverse=True))


def _stays(trail: Trail, newest_first: list[Step]) -> Iterator[tuple[str, int, int]]:
    """Each container that some of it stood in, after which order and before which.

    What came in within a container was in it from the container's receipt on, however late it was scanned or inferred.
    """
    quantities: dict[str, int] = {}
    since: dict[str, int] = {}
    for order, quantity, from_place, to_place, _ in reversed(newest_first):
        if is_container(to_place):
            start = before_receipt(trail, to_place, order) if from_place == SUPPLIER else order
            since[to_place] = min(start, since.get(to_place, start))
            quantities[to_place] = quantities.get(to_place, 0) + (quantity or 0)
        if from_place in since:
            quantities[from_place] -= quantity or 0
            if quantities[from_place] <= 0:
                yield from_place, since.pop(from_place), order
                del quantities[from_place]
    for container, start in since.items():
        yield container, start, END


def _is_named(connection: sqlite3.Connection, subject: Movements) -> bool:
    """Whether a document names it."""
    if subject.container is not None:
        found = connection.execute(NAMED_CONTAINER, (subject.container,))
    elif subject.serial is not None:
        found = connection.execute(NAMED_UNIT, (subject.gtin, subject.serial))
    else:
        found = connection.execute(NAMED_LOT, (subject.gtin, subject.lot))
    return found.fetchone() is not None
