"""The overlay, which is the fold of own entries without an echo: what an echo takes out of it, and making it anew.

An echo subtracts what its entry added. Of a unit or container only the last entry shows, and it goes with the last one
that touched it; where echoes come out of order (an entry that waits at the centre, a tail that was issued again) the
row is folded anew from the entries that the trail leads to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scanner_app.domain.entry import decode_entry
from scanner_app.domain.folding import Fold
from scanner_app.domain.stock import Deltas, effects
from scanner_app.store.projection import add_on_hand, add_progress, closed_by, project, set_closed, write_overlay
from scanner_app.store.site_movements import number_in, position_in
from scanner_app.store.trail import Trail, read_list

if TYPE_CHECKING:
    import sqlite3

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.folding import ContainerState, UnitState

OVERLAY = ("on_hand", "unit", "container", "document_progress", "closing", "follow_up")
DELETE_CLOSING = "DELETE FROM closing WHERE position = ?"
DELETE_FOLLOW_UP = "DELETE FROM follow_up WHERE position = ?"
IS_ECHOED = "SELECT 1 FROM echo WHERE position = ?"
STORED = "SELECT bytes FROM entry WHERE position = ?"
UNECHOED = (
    "SELECT e.position, e.bytes FROM entry e WHERE NOT EXISTS (SELECT 1 FROM echo c WHERE c.position = e.position) "
    "ORDER BY e.position"
)
DOCUMENTS = "SELECT id FROM document"
IS_FOLDED = "SELECT folded FROM site_meta"
SET_FOLDED = "UPDATE site_meta SET folded = 1"


class _Rows(NamedTuple):
    """How the overlay keeps where units, or containers, stand."""

    find: str
    delete: str
    leave: str
    undocument: str


UNITS = _Rows(
    "SELECT position, document_position, touches FROM unit WHERE gtin = ? AND serial = ?",
    "DELETE FROM unit WHERE gtin = ? AND serial = ?",
    "UPDATE unit SET touches = ? WHERE gtin = ? AND serial = ?",
    "UPDATE unit SET touches = ?, document = NULL, document_position = NULL WHERE gtin = ? AND serial = ?",
)
CONTAINERS = _Rows(
    "SELECT position, document_position, touches FROM container WHERE id = ?",
    "DELETE FROM container WHERE id = ?",
    "UPDATE container SET touches = ? WHERE id = ?",
    "UPDATE container SET touches = ?, document = NULL, document_position = NULL WHERE id = ?",
)


class TakenOut:
    """Own entries whose echoes have come, in the order of their positions; table echo names them already."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        self._trail = Trail(cursor.connection)
        self._fold = Fold()
        self._entries: list[tuple[int, Entry]] = []

    def add(self, position: int, entry: Entry, deltas: Deltas) -> None:
        """The next one."""
        self._entries.append((position, entry))
        self._fold.add(position, deltas)

    def write(self) -> None:
        """Takes all of them out of the overlay."""
        fold, cursor = self._fold, self._cursor
        for line, change in fold.lines.items():
            if change:
                add_on_hand(cursor, line, -change)
        for progress, change in fold.progress.items():
            if change:
                add_progress(cursor, progress, -change)
        for unit, state in fold.units.items():
            self._take(UNITS, unit, state)
        for container, stands in fold.containers.items():
            self._take(CONTAINERS, (container,), stands)
        for position, entry in self._entries:
            cursor.execute(DELETE_FOLLOW_UP, (position,))
            if closed_by(entry) is not None:
                cursor.execute(DELETE_CLOSING, (position,))
                set_closed(cursor, entry.document)

    def _take(self, rows: _Rows, key: tuple[str, ...], state: UnitState | ContainerState) -> None:
        """Takes the last of a row's entries away, or as many as there were of them."""
        cursor = self._cursor
        position, document_position, touches = cursor.execute(rows.find, key).fetchone()
        left = touches - state.touches
        if not left:
            cursor.execute(rows.delete, key)
        elif position == state.number:
            self._fold_anew(rows, key)
        elif document_position is not None and document_position == state.document_number:
            if any(each < document_position for each in self._unechoed(key)):
                self._fold_anew(rows, key)
            else:
                cursor.execute(rows.undocument, (left, *key))
        else:
            cursor.execute(rows.leave, (left, *key))

    def _fold_anew(self, rows: _Rows, key: tuple[str, ...]) -> None:
        """The row from the entries that still are without an echo."""
        fold = Fold()
        for position in self._unechoed(key):
            fold.add(position, _about(key, own_entry(self._cursor.connection, position)[1]))
        self._cursor.execute(rows.delete, key)
        write_overlay(self._cursor, fold)

    def _unechoed(self, key: tuple[str, ...]) -> list[int]:
        """The positions of own entries without an echo about a unit (gtin, serial) or a container, in order."""
        steps = self._trail.of_container(*key) if len(key) == 1 else self._trail.of_unit(*key)
        positions = {position_in(step[0]) for step in steps if not number_in(step[0])}
        return sorted(each for each in positions if self._cursor.execute(IS_ECHOED, (each,)).fetchone() is None)


def _about(key: tuple[str, ...], deltas: Deltas) -> Deltas:
    """What of an entry's deltas says where the unit or container stands."""
    return Deltas(
        units=tuple(each for each in deltas.units if (each.gtin, each.serial) == key),
        containers=tuple(each for each in deltas.containers if (each.container,) == key),
    )


def own_entry(connection: sqlite3.Connection, position: int) -> tuple[Entry, Deltas]:
    """An own entry and what it does."""
    entry = decode_entry(connection.execute(STORED, (position,)).fetchone()[0])
    return entry, effects(entry, {digest: read_list(connection, digest) for digest in entry.lists})


def fold_overlay(source: sqlite3.Connection, target: sqlite3.Cursor) -> None:
    """Makes the overlay of `target` anew, from the entries of `source` that have no echo."""
    for table in OVERLAY:
        target.execute(f"DELETE FROM {table}")  # noqa: S608 - one of the names above
    for position, stored in source.execute(UNECHOED):
        entry = decode_entry(stored)
        project(target, position, entry, {digest: read_list(source, digest) for digest in entry.lists})
    for (document,) in target.execute(DOCUMENTS).fetchall():
        set_closed(target, document)


def fold_if_due(connection: sqlite3.Connection) -> None:
    """Makes the overlay once after the migration that emptied it; the writer's connection, outside a transaction."""
    if connection.execute(IS_FOLDED).fetchone()[0]:
        return
    cursor = connection.cursor()
    cursor.execute("BEGIN IMMEDIATE")
    try:
        fold_overlay(connection, cursor)
        cursor.execute(SET_FOLDED)
        cursor.execute("COMMIT")
    finally:
        if connection.in_transaction:
            cursor.execute("ROLLBACK")
