"""The base: the site's stock as the centre has it at the cursor, with its checksum kept in step (domain.site_sum)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.follow_ups import follow_up_of
from scanner_app.domain.site_sum import CONTAINER, LINE, UNIT, exchanged, row_sum
from scanner_app.store.projection import closed_by

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.folding import ContainerState, Fold, LineKey, ProgressKey, UnitKey, UnitState

LINE_ROW = (
    "SELECT quantity FROM site_on_hand "
    "WHERE place = ? AND gtin = ? AND lot = ? AND expiry = ? AND status = ? AND owner = ?"
)
NEW_LINE = "INSERT INTO site_on_hand (place, gtin, lot, expiry, status, owner, quantity) VALUES (?, ?, ?, ?, ?, ?, ?)"
SET_LINE = (
    "UPDATE site_on_hand SET quantity = ?7 "
    "WHERE place = ?1 AND gtin = ?2 AND lot = ?3 AND expiry = ?4 AND status = ?5 AND owner = ?6"
)
DELETE_LINE = (
    "DELETE FROM site_on_hand WHERE place = ? AND gtin = ? AND lot = ? AND expiry = ? AND status = ? AND owner = ?"
)
UNIT_ROW = "SELECT owner, lot, expiry, status, place, document, n FROM site_unit WHERE gtin = ? AND serial = ?"
PUT_UNIT = (
    "INSERT OR REPLACE INTO site_unit (gtin, serial, owner, lot, expiry, status, place, document, inferred, n) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
CONTAINER_ROW = "SELECT parent, seal, document, n FROM site_container WHERE id = ?"
PUT_CONTAINER = "INSERT OR REPLACE INTO site_container (id, parent, seal, document, n) VALUES (?, ?, ?, ?, ?)"
PROGRESS_ROW = (
    "SELECT quantity FROM site_progress WHERE document = ? AND gtin = ? AND lot = ? AND expiry = ? AND status = ?"
)
PUT_PROGRESS = (
    "INSERT OR REPLACE INTO site_progress (document, gtin, lot, expiry, status, quantity) VALUES (?, ?, ?, ?, ?, ?)"
)
DELETE_PROGRESS = "DELETE FROM site_progress WHERE document = ? AND gtin = ? AND lot = ? AND expiry = ? AND status = ?"
PUT_CLOSED = (
    "INSERT INTO site_closed (document, closed, n) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET "
    "closed = excluded.closed, n = excluded.n WHERE excluded.n > n"
)
INSERT_FOLLOW_UP = (
    "INSERT INTO site_follow_up (event_id, n, code, subject, document) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
SETTLE_FOLLOW_UP = "UPDATE site_follow_up SET closed_by = ? WHERE event_id = ?"

ALL_LINES = "SELECT place, gtin, lot, expiry, status, owner, quantity FROM site_on_hand"
ALL_UNITS = "SELECT gtin, serial, owner, lot, expiry, status, place FROM site_unit"
ALL_CONTAINERS = "SELECT id, parent, seal FROM site_container"


class Base:
    """The base's tables within one transaction. `total` is the checksum after what was written."""

    def __init__(self, cursor: sqlite3.Cursor, total: int) -> None:
        self._cursor = cursor
        self.total = total

    def write(self, fold: Fold) -> None:
        """Adds a fold of entries of the feed, which are later than all before them, except where they were parked."""
        for line, change in fold.lines.items():
            if change:
                self._add_line(line, change)
        for unit, state in fold.units.items():
            self._put_unit(unit, state)
        for container, stands in fold.containers.items():
            self._put_container(container, stands)
        for progress, change in fold.progress.items():
            if change:
                self._add_progress(progress, change)

    def follow(self, n: int, entry: Entry) -> str | None:
        """What an entry says beside its stock: follow-ups, and the document that it closes or opens, which it gives."""
        if entry.kind is EntryKind.CORRECTED:
            self._cursor.execute(SETTLE_FOLLOW_UP, (entry.event_id, entry.refers_to))
            return None
        left = follow_up_of(entry)
        if left is not None:
            self._cursor.execute(INSERT_FOLLOW_UP, (entry.event_id, n, left.code, left.subject, left.document))
        closed = closed_by(entry)
        if closed is None:
            return None
        self._cursor.execute(PUT_CLOSED, (entry.document, closed, n))
        return entry.document

    def _add_line(self, line: LineKey, change: int) -> None:
        row = self._cursor.execute(LINE_ROW, line).fetchone()
        if row is None:
            self._cursor.execute(NEW_LINE, (*line, change))
            self.total = exchanged(self.total, new=row_sum(LINE, *line, change))
            return
        old, quantity = row[0], row[0] + change
        if quantity:
            self._cursor.execute(SET_LINE, (*line, quantity))
        else:
            self._cursor.execute(DELETE_LINE, line)
        new = row_sum(LINE, *line, quantity) if quantity else 0
        self.total = exchanged(self.total, old=row_sum(LINE, *line, old), new=new)

    def _put_unit(self, unit: UnitKey, state: UnitState) -> None:
        row = self._cursor.execute(UNIT_ROW, unit).fetchone()
        document, old = state.document, 0
        if row is not None:
            if row[6] > state.number:
                return
            document, old = row[5] if document is None else document, row_sum(UNIT, *unit, *row[:5])
        told = (state.owner, state.lot, state.expiry, state.status, state.place)
        self._cursor.execute(PUT_UNIT, (*unit, *told, document, state.inferred, state.number))
        self.total = exchanged(self.total, old=old, new=row_sum(UNIT, *unit, *told))

    def _put_container(self, container: str, state: ContainerState) -> None:
        row = self._cursor.execute(CONTAINER_ROW, (container,)).fetchone()
        document, old = state.document, 0
        if row is not None:
            if row[3] > state.number:
                return
            document, old = row[2] if document is None else document, row_sum(CONTAINER, container, *row[:2])
        self._cursor.execute(PUT_CONTAINER, (container, state.parent, state.seal, document, state.number))
        new = row_sum(CONTAINER, container, state.parent, state.seal)
        self.total = exchanged(self.total, old=old, new=new)

    def _add_progress(self, progress: ProgressKey, change: int) -> None:
        row = self._cursor.execute(PROGRESS_ROW, progress).fetchone()
        quantity = change if row is None else row[0] + change
        if quantity:
            self._cursor.execute(PUT_PROGRESS, (*progress, quantity))
        else:
            self._cursor.execute(DELETE_PROGRESS, progress)


def sum_of_rows(connection: sqlite3.Connection) -> int:
    """The checksum of the base as it stands, from its rows alone."""
    total = 0
    for name, sql in ((LINE, ALL_LINES), (UNIT, ALL_UNITS), (CONTAINER, ALL_CONTAINERS)):
        for part in _parts(name, connection.execute(sql)):
            total = exchanged(total, new=part)
    return total


def _parts(name: str, rows: sqlite3.Cursor) -> Iterator[int]:
    return (row_sum(name, *row) for row in rows)
