"""Master records into their tables, in the transaction of the entry that tells of an import, or of the feed's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.domain.dates import day_text

if TYPE_CHECKING:
    import sqlite3

    from scanner_app.domain.feed_records import DocumentHead, DocumentPart
    from scanner_app.domain.masters import Item, Operator, Place, Watch
    from scanner_app.domain.site_records import DocumentRecord, LevelRecord, SiteRecords

PUT_ITEM = "INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
PUT_LEVEL = "INSERT OR REPLACE INTO item_level (gtin, valid_from, item_gtin, factor, name) VALUES (?, ?, ?, ?, ?)"
PUT_BASE_LEVEL = (
    "INSERT OR IGNORE INTO item_level (gtin, valid_from, item_gtin, factor, name) VALUES (?, '', ?, 1, 'each')"
)
PUT_PLACE = "INSERT OR REPLACE INTO place (code, kind, storage_class, walk) VALUES (?, ?, ?, ?)"
PUT_OPERATOR = "INSERT OR REPLACE INTO operator (id, name, role, verifier, language, active) VALUES (?, ?, ?, ?, ?, ?)"
PUT_WATCH = "INSERT OR REPLACE INTO watch (id, gtin, lot, serial, kind, reason) VALUES (?, ?, ?, ?, ?, ?)"
PUT_DOCUMENT = "INSERT INTO document (id, kind, partner, owner, serialised, closed) VALUES (?, ?, ?, ?, ?, 0)"
SET_DOCUMENT = (
    PUT_DOCUMENT + " ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, partner = excluded.partner, "
    "owner = excluded.owner, serialised = excluded.serialised"
)
PUT_LINE = (
    "INSERT OR REPLACE INTO document_line (document, gtin, number, lot, expiry, expected, part) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
PUT_UNIT = (
    "INSERT OR REPLACE INTO document_unit (document, gtin, serial, lot, expiry, parent, part) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
PUT_CONTAINER = "INSERT OR REPLACE INTO document_container (document, id, parent, part) VALUES (?, ?, ?, ?)"
DROP_PART = tuple(
    f"DELETE FROM {table} WHERE document = ? AND part = ?"  # noqa: S608 - one of these names
    for table in ("document_line", "document_unit", "document_container")
)
DROP_PARTS_AFTER = tuple(
    f"DELETE FROM {table} WHERE document = ? AND part >= ?"  # noqa: S608 - one of these names
    for table in ("document_line", "document_unit", "document_container")
)
DELETE_ITEM = "DELETE FROM item WHERE gtin = ?"
DELETE_BASE_LEVEL = "DELETE FROM item_level WHERE gtin = ?1 AND valid_from = '' AND item_gtin = ?1"
DELETE_LEVEL = "DELETE FROM item_level WHERE gtin = ? AND valid_from = ?"
DELETE_PLACE = "DELETE FROM place WHERE code = ?"
DELETE_OPERATOR = "DELETE FROM operator WHERE id = ?"
DELETE_WATCH = "DELETE FROM watch WHERE id = ? AND gtin = ? AND lot = ? AND serial = ?"
DELETE_DOCUMENT = "DELETE FROM document WHERE id = ?"


def put_records(connection: sqlite3.Connection, records: SiteRecords) -> None:
    """Writes what an import brings. A document that is there already is a sqlite3.IntegrityError: check before."""
    for item in records.items:
        put_item(connection, item)
    for level in records.levels:
        put_level(connection, level)
    for place in records.places:
        put_place(connection, place)
    for operator in records.operators:
        put_operator(connection, operator)
    for watch in records.watches:
        put_watch(connection, watch)
    for document in records.documents:
        _put_document(connection, document)


def put_item(connection: sqlite3.Connection, item: Item) -> None:
    """An item, and the level of its base unit."""
    connection.execute(
        PUT_ITEM,
        (
            item.gtin, item.name, item.strength, item.storage_class.value, item.serialised, item.covered,
            item.lot_controlled, item.schedule,
        ),
    )  # fmt: skip
    connection.execute(PUT_BASE_LEVEL, (item.gtin, item.gtin))


def put_level(connection: sqlite3.Connection, level: LevelRecord) -> None:
    """What a GTIN stands for, from a day on."""
    connection.execute(PUT_LEVEL, (level.gtin, day_text(level.valid_from), level.item, level.factor, level.name))


def put_place(connection: sqlite3.Connection, place: Place) -> None:
    """A place."""
    connection.execute(PUT_PLACE, (place.code, place.kind.value, place.storage_class.value, place.walk))


def put_operator(connection: sqlite3.Connection, person: Operator) -> None:
    """An operator."""
    row = (person.id, person.name, person.role.value, person.verifier, person.language, person.active)
    connection.execute(PUT_OPERATOR, row)


def put_watch(connection: sqlite3.Connection, watch: Watch) -> None:
    """A recall or watch-list line."""
    row = (watch.id, watch.gtin, watch.lot or "", watch.serial or "", watch.kind, watch.reason)
    connection.execute(PUT_WATCH, row)


def put_part(connection: sqlite3.Connection, part: DocumentPart) -> None:
    """A part of a document: its rows instead of those that came with it before."""
    drop_part(connection, part.document, part.number)
    document, number = part.document, part.number
    connection.executemany(
        PUT_LINE,
        [(document, gtin, line, lot, expiry, expected, number) for line, gtin, lot, expiry, expected in part.lines],
    )
    connection.executemany(PUT_UNIT, [(document, *unit, number) for unit in part.units])
    connection.executemany(PUT_CONTAINER, [(document, *container, number) for container in part.containers])


def drop_part(connection: sqlite3.Connection, document: str, number: int) -> None:
    """Takes a part's rows away."""
    for sql in DROP_PART:
        connection.execute(sql, (document, number))


def put_head(connection: sqlite3.Connection, head: DocumentHead) -> None:
    """Makes a document visible, without the parts that it no longer has."""
    connection.execute(SET_DOCUMENT, (head.id, head.kind.value, head.partner, head.owner, head.serialised))
    for sql in DROP_PARTS_AFTER:
        connection.execute(sql, (head.id, head.parts))


def drop_document(connection: sqlite3.Connection, document: str) -> None:
    """Takes a document and all its rows away."""
    connection.execute(DELETE_DOCUMENT, (document,))
    for sql in DROP_PARTS_AFTER:
        connection.execute(sql, (document, 0))


def _put_document(connection: sqlite3.Connection, document: DocumentRecord) -> None:
    connection.execute(
        PUT_DOCUMENT,
        (document.id, document.kind.value, document.partner, document.owner, document.serialised),
    )
    connection.executemany(
        PUT_LINE,
        [
            (document.id, line.gtin, number, line.lot or "", day_text(line.expiry), line.quantity, 0)
            for number, line in enumerate(document.all_lines(), start=1)
        ],
    )
    connection.executemany(
        PUT_UNIT,
        [
            (document.id, unit.gtin, unit.serial, unit.lot or "", day_text(unit.expiry), unit.parent or "", 0)
            for unit in document.units
        ],
    )
    connection.executemany(
        PUT_CONTAINER,
        [(document.id, container.id, container.parent or "", 0) for container in document.containers],
    )
