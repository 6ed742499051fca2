"""Items, their levels, operators, and the recall and watch-list lines that touch them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.domain.masters import Item, Level, Operator, Role, StorageClass, Watch

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable

    from scanner_app.domain.facts import ContentLine, LevelOf, OperatorOf, WatchesOn

WATCHES_MAX = 200

ITEM = (
    "SELECT gtin, name, strength, storage_class, serialised, covered, lot_controlled, schedule FROM item WHERE gtin = ?"
)
LEVEL = (
    "SELECT item_gtin, factor, name FROM item_level WHERE gtin = ? AND valid_from <= ? ORDER BY valid_from DESC LIMIT 1"
)
OPERATOR = "SELECT id, name, role, verifier, language, active FROM operator WHERE id = ?"
WATCHES = (
    "SELECT id, kind, gtin, lot, serial, reason FROM watch "
    "WHERE gtin = ?1 AND (serial = ?3 OR (serial = '' AND lot IN ('', ?2))) ORDER BY lot, serial, id LIMIT ?4"
)
WATCHED_EXPECTED = (
    "SELECT w.id, w.kind, w.gtin, w.lot, w.serial, w.reason, e.parent FROM watch w "
    "JOIN document_unit e ON e.gtin = w.gtin AND e.serial = w.serial AND e.document = ?2 "
    "WHERE w.gtin = ?1 AND w.serial <> '' ORDER BY w.lot, w.serial, w.id LIMIT ?3"
)
WATCHED_UNITS = (
    "SELECT w.id, w.kind, w.gtin, w.lot, w.serial, w.reason, coalesce(u.place, s.place) FROM watch w "
    "LEFT JOIN unit u ON u.gtin = w.gtin AND u.serial = w.serial "
    "LEFT JOIN site_unit s ON s.gtin = w.gtin AND s.serial = w.serial "
    "WHERE w.gtin = ? AND w.serial <> '' AND coalesce(u.place, s.place) IS NOT NULL "
    "ORDER BY w.lot, w.serial, w.id LIMIT ?"
)


def item_of(connection: sqlite3.Connection, gtin: str) -> Item | None:
    """An item by the GTIN-14 of its base unit."""
    row = connection.execute(ITEM, (gtin,)).fetchone()
    if row is None:
        return None
    return Item(row[0], row[1], row[2], StorageClass(row[3]), bool(row[4]), bool(row[5]), bool(row[6]), row[7])


def item_or_unnamed(connection: sqlite3.Connection, gtin: str) -> Item:
    """An item, or one that is named by its GTIN where stock of it exists and its master record is gone."""
    return item_of(connection, gtin) or Item(gtin, gtin, "", StorageClass.AMBIENT)


def level_of(connection: sqlite3.Connection, query: LevelOf) -> Level | None:
    """What a GTIN stands for on a day."""
    row = connection.execute(LEVEL, (query.gtin, query.today.isoformat())).fetchone()
    if row is None:
        return None
    item = item_of(connection, row[0])
    return None if item is None else Level(query.gtin, item, row[1], row[2])


def operator_of(connection: sqlite3.Connection, query: OperatorOf) -> Operator | None:
    """An operator by id."""
    row = connection.execute(OPERATOR, (query.id,)).fetchone()
    return None if row is None else Operator(row[0], row[1], Role(row[2]), row[3], row[4], bool(row[5]))


def watches_on(connection: sqlite3.Connection, query: WatchesOn) -> tuple[Watch, ...]:
    """Lines about an item's lot, one serial of it, or all of it."""
    rows = connection.execute(WATCHES, (query.gtin, query.lot or "", query.serial, WATCHES_MAX))
    return tuple(_watch_of(row) for row in rows)


def _watch_of(row: tuple[str, str, str, str, str, str]) -> Watch:
    watch_id, kind, gtin, lot, serial, reason = row[:6]
    return Watch(watch_id, kind, gtin, lot or None, serial or None, reason)


def watches_within(
    connection: sqlite3.Connection,
    lines: Iterable[ContentLine],
    containers: Collection[str],
    document: str | None = None,
) -> tuple[Watch, ...]:
    """Lines about anything in the containers: by lot, and by serials that stand there (or, with `document`, should)."""
    found: dict[Watch, None] = {}
    gtins: dict[str, None] = {}
    for line in lines:
        gtins[line.item.gtin] = None
        rows = connection.execute(WATCHES, (line.item.gtin, line.lot or "", None, WATCHES_MAX))
        found.update((_watch_of(row), None) for row in rows)
    for gtin in gtins:
        if document is None:
            rows = connection.execute(WATCHED_UNITS, (gtin, WATCHES_MAX))
        else:
            rows = connection.execute(WATCHED_EXPECTED, (gtin, document, WATCHES_MAX))
        found.update((_watch_of(row), None) for row in rows if row[6] in containers)
    return tuple(found)
