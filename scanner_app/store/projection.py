"""From an entry to the projections: the deltas of domain.stock.effects, upserted in the entry's own commit.

Nothing here decides anything: what an entry does to stock is `effects`; this module only adds its deltas to the tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.follow_ups import follow_up_of
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.stock import effects
from scanner_app.store.columns import day_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.lists import MemberList
    from scanner_app.domain.stock import Deltas, DocumentDelta, QuantityDelta

K = TypeVar("K", bound=tuple[str, ...])
OnHandKey = tuple[str, str, str, str, str, str]
"""place, gtin, lot, expiry, status, owner"""
ProgressKey = tuple[str, str, str, str, str]
"""document, gtin, lot, expiry, status"""

ON_HAND = (
    "SELECT quantity FROM on_hand WHERE place = ? AND gtin = ? AND lot = ? AND expiry = ? AND status = ? AND owner = ?"
)
NEW_ON_HAND = "INSERT INTO on_hand (quantity, place, gtin, lot, expiry, status, owner) VALUES (?, ?, ?, ?, ?, ?, ?)"
ADD_ON_HAND = (
    "UPDATE on_hand SET quantity = quantity + ?1 "
    "WHERE place = ?2 AND gtin = ?3 AND lot = ?4 AND expiry = ?5 AND status = ?6 AND owner = ?7 AND quantity + ?1 <> 0"
)
DELETE_ON_HAND = (
    "DELETE FROM on_hand WHERE place = ? AND gtin = ? AND lot = ? AND expiry = ? AND status = ? AND owner = ?"
)
SET_UNIT = (
    "INSERT INTO unit (gtin, serial, owner, lot, expiry, status, place, document, inferred, position) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET owner = excluded.owner, lot = excluded.lot, "
    "expiry = excluded.expiry, status = excluded.status, place = excluded.place, "
    "document = coalesce(excluded.document, document), inferred = excluded.inferred, position = excluded.position"
)
SET_CONTAINER = (
    "INSERT INTO container (id, parent, seal, document, position) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
    "parent = excluded.parent, seal = excluded.seal, document = coalesce(excluded.document, document), "
    "position = excluded.position"
)
ADD_PROGRESS = (
    "UPDATE document_progress SET quantity = quantity + ? "
    "WHERE document = ? AND gtin = ? AND lot = ? AND expiry = ? AND status = ?"
)
NEW_PROGRESS = "INSERT INTO document_progress (quantity, document, gtin, lot, expiry, status) VALUES (?, ?, ?, ?, ?, ?)"
SET_CLOSED = "UPDATE document SET closed = ? WHERE id = ?"
INSERT_FOLLOW_UP = "INSERT INTO follow_up (position, event_id, code, subject, document) VALUES (?, ?, ?, ?, ?)"
SETTLE_FOLLOW_UP = "UPDATE follow_up SET closed_by = ? WHERE event_id = ?"

CLOSED_BY_KIND = {EntryKind.DOCUMENT_CLOSED: 1, EntryKind.DOCUMENT_OPENED: 0}


def project(cursor: sqlite3.Cursor, position: int, entry: Entry, lists: Mapping[str, MemberList]) -> None:
    """Adds one entry, at `position` in the file, to every projection; `lists` holds its member lists by digest."""
    closed = CLOSED_BY_KIND.get(entry.kind)
    if closed is not None and isinstance(entry.verdict, Accepted):
        cursor.execute(SET_CLOSED, (closed, entry.document))
    project_follow_up(cursor, position, entry)
    if entry.postings or entry.container_moves or entry.lists:
        apply_deltas(cursor, position, effects(entry, lists))


def project_follow_up(cursor: sqlite3.Cursor, position: int, entry: Entry) -> None:
    """What the entry leaves to be done; a correction settles what the corrected entry had left."""
    if entry.kind is EntryKind.CORRECTED:
        cursor.execute(SETTLE_FOLLOW_UP, (entry.event_id, entry.refers_to))
        return
    left = follow_up_of(entry)
    if left is not None:
        row = (position, entry.event_id, left.code, left.subject, left.document)
        cursor.execute(INSERT_FOLLOW_UP, row)


def apply_deltas(cursor: sqlite3.Cursor, position: int, deltas: Deltas) -> None:
    """Upserts deltas: quantities summed by line first, units and containers in order, lines of zero deleted."""
    for line, change in summed_quantities(deltas.quantities).items():
        _add_on_hand(cursor, line, change)
    for unit in deltas.units:
        cursor.execute(
            SET_UNIT,
            (
                unit.gtin, unit.serial, unit.owner, unit.lot or "", day_text(unit.expiry), unit.status.value,
                unit.place, unit.document, unit.inferred, position,
            ),
        )  # fmt: skip
    for container in deltas.containers:
        cursor.execute(
            SET_CONTAINER,
            (container.container, container.parent, container.seal.value, container.document, position),
        )
    for progress, change in summed_progress(deltas.documents).items():
        row = (change, *progress)
        if cursor.execute(ADD_PROGRESS, row).rowcount == 0:
            cursor.execute(NEW_PROGRESS, row)


def _add_on_hand(cursor: sqlite3.Cursor, line: OnHandKey, change: int) -> None:
    """Mostly the line is there and stays; else it comes to nothing, or is new."""
    row = (change, *line)
    if cursor.execute(ADD_ON_HAND, row).rowcount == 0 and cursor.execute(DELETE_ON_HAND, line).rowcount == 0:
        cursor.execute(NEW_ON_HAND, row)


def summed_quantities(deltas: Iterable[QuantityDelta]) -> dict[OnHandKey, int]:
    """The change of each on-hand line, without those that come to nothing."""
    return _summed(
        ((each.place, each.gtin, each.lot or "", day_text(each.expiry), each.status.value, each.owner), each.change)
        for each in deltas
    )


def summed_progress(deltas: Iterable[DocumentDelta]) -> dict[ProgressKey, int]:
    """The change of what each document has received, without those that come to nothing."""
    return _summed(
        ((each.document, each.gtin, each.lot or "", day_text(each.expiry), each.status.value), each.change)
        for each in deltas
    )


def _summed(changes: Iterable[tuple[K, int]]) -> dict[K, int]:
    sums: dict[K, int] = {}
    for key, change in changes:
        sums[key] = sums.get(key, 0) + change
    return {key: change for key, change in sums.items() if change}
