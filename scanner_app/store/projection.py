"""From an own entry to the overlay: the deltas of domain.stock.effects, folded and written in the entry's own commit.

Nothing here decides anything: what an entry does to stock is `effects`; this module only adds its fold to the tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.folding import Fold
from scanner_app.domain.follow_ups import follow_up_of
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.stock import effects

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.folding import LineKey, ProgressKey
    from scanner_app.domain.lists import MemberList

NEW_ON_HAND = "INSERT INTO on_hand (quantity, place, gtin, lot, expiry, status, owner) VALUES (?, ?, ?, ?, ?, ?, ?)"
ADD_ON_HAND = (
    "UPDATE on_hand SET quantity = quantity + ?1 "
    "WHERE place = ?2 AND gtin = ?3 AND lot = ?4 AND expiry = ?5 AND status = ?6 AND owner = ?7 AND quantity + ?1 <> 0"
)
DELETE_ON_HAND = (
    "DELETE FROM on_hand WHERE place = ? AND gtin = ? AND lot = ? AND expiry = ? AND status = ? AND owner = ?"
)
SET_UNIT = (
    "INSERT INTO unit (gtin, serial, owner, lot, expiry, status, place, document, inferred, position, "
    "document_position, touches) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
    "owner = excluded.owner, lot = excluded.lot, expiry = excluded.expiry, status = excluded.status, "
    "place = excluded.place, document = coalesce(excluded.document, document), inferred = excluded.inferred, "
    "position = excluded.position, document_position = coalesce(excluded.document_position, document_position), "
    "touches = touches + excluded.touches"
)
SET_CONTAINER = (
    "INSERT INTO container (id, parent, seal, document, position, document_position, touches) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET parent = excluded.parent, seal = excluded.seal, "
    "document = coalesce(excluded.document, document), position = excluded.position, "
    "document_position = coalesce(excluded.document_position, document_position), touches = touches + excluded.touches"
)
ADD_PROGRESS = (
    "UPDATE document_progress SET quantity = quantity + ?1 WHERE document = ?2 AND gtin = ?3 AND lot = ?4 "
    "AND expiry = ?5 AND status = ?6 AND quantity + ?1 <> 0"
)
DELETE_PROGRESS = (
    "DELETE FROM document_progress WHERE document = ? AND gtin = ? AND lot = ? AND expiry = ? AND status = ?"
)
NEW_PROGRESS = "INSERT INTO document_progress (quantity, document, gtin, lot, expiry, status) VALUES (?, ?, ?, ?, ?, ?)"
INSERT_CLOSING = "INSERT INTO closing (position, document, closed) VALUES (?, ?, ?)"
SET_CLOSED = (
    "UPDATE document SET closed = coalesce("
    "(SELECT closed FROM closing WHERE document = ?1 ORDER BY position DESC LIMIT 1), "
    "(SELECT closed FROM site_closed WHERE document = ?1), 0) WHERE id = ?1"
)
INSERT_FOLLOW_UP = "INSERT INTO follow_up (position, event_id, code, subject, document) VALUES (?, ?, ?, ?, ?)"

CLOSED_BY_KIND = {EntryKind.DOCUMENT_CLOSED: 1, EntryKind.DOCUMENT_OPENED: 0}


def project(cursor: sqlite3.Cursor, position: int, entry: Entry, lists: Mapping[str, MemberList]) -> None:
    """Adds one entry, at `position` in the file, to the overlay; `lists` holds its member lists by digest."""
    closed = closed_by(entry)
    if closed is not None:
        cursor.execute(INSERT_CLOSING, (position, entry.document, closed))
        set_closed(cursor, entry.document)
    left = follow_up_of(entry) if entry.kind is not EntryKind.CORRECTED else None
    if left is not None:
        cursor.execute(INSERT_FOLLOW_UP, (position, entry.event_id, left.code, left.subject, left.document))
    if entry.postings or entry.container_moves or entry.lists:
        fold = Fold()
        fold.add(position, effects(entry, lists))
        write_overlay(cursor, fold)


def closed_by(entry: Entry) -> int | None:
    """1 where the entry closes its document, 0 where it opens it again, else None."""
    closes = CLOSED_BY_KIND.get(entry.kind)
    return closes if entry.document is not None and isinstance(entry.verdict, Accepted) else None


def set_closed(cursor: sqlite3.Cursor, document: str | None) -> None:
    """A document is closed by the last own entry without an echo that says so, else by the base."""
    cursor.execute(SET_CLOSED, (document,))


def write_overlay(cursor: sqlite3.Cursor, fold: Fold) -> None:
    """Adds a fold of own entries to the overlay."""
    for line, change in fold.lines.items():
        if change:
            add_on_hand(cursor, line, change)
    for unit, state in fold.units.items():
        cursor.execute(SET_UNIT, (*unit, *state))
    for container, stands in fold.containers.items():
        cursor.execute(SET_CONTAINER, (container, *stands))
    for progress, change in fold.progress.items():
        if change:
            add_progress(cursor, progress, change)


def add_on_hand(cursor: sqlite3.Cursor, line: LineKey, change: int) -> None:
    """Mostly the line is there and stays; else it comes to nothing, or is new."""
    row = (change, *line)
    if cursor.execute(ADD_ON_HAND, row).rowcount == 0 and cursor.execute(DELETE_ON_HAND, line).rowcount == 0:
        cursor.execute(NEW_ON_HAND, row)


def add_progress(cursor: sqlite3.Cursor, progress: ProgressKey, change: int) -> None:
    """The same of what a document has received."""
    row = (change, *progress)
    if cursor.execute(ADD_PROGRESS, row).rowcount == 0 and cursor.execute(DELETE_PROGRESS, progress).rowcount == 0:
        cursor.execute(NEW_PROGRESS, row)
