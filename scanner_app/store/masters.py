"""Master records into their tables, in the transaction of the entry that tells of the import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.store.columns import day_text

if TYPE_CHECKING:
    import sqlite3

    from scanner_app.domain.site_records import DocumentRecord, SiteRecords

PUT_ITEM = "INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
PUT_LEVEL = "INSERT OR REPLACE INTO item_level (gtin, valid_from, item_gtin, factor, name) VALUES (?, ?, ?, ?, ?)"
PUT_BASE_LEVEL = (
    "INSERT OR IGNORE INTO item_level (gtin, valid_from, item_gtin, factor, name) VALUES (?, '', ?, 1, 'each')"
)
PUT_PLACE = "INSERT OR REPLACE INTO place (code, kind, storage_class, walk) VALUES (?, ?, ?, ?)"
PUT_OPERATOR = "INSERT OR REPLACE INTO operator (id, name, role, verifier, language, active) VALUES (?, ?, ?, ?, ?, ?)"
PUT_WATCH = "INSERT OR REPLACE INTO watch (id, gtin, lot, serial, kind, reason) VALUES (?, ?, ?, ?, ?, ?)"
PUT_DOCUMENT = "INSERT INTO document (id, kind, partner, owner, serialised, closed) VALUES (?, ?, ?, ?, ?, 0)"
PUT_LINE = "INSERT INTO document_line (document, gtin, number, lot, expiry, expected) VALUES (?, ?, ?, ?, ?, ?)"
PUT_UNIT = "INSERT INTO document_unit (document, gtin, serial, lot, expiry, parent) VALUES (?, ?, ?, ?, ?, ?)"
PUT_CONTAINER = "INSERT INTO document_container (document, id, parent) VALUES (?, ?, ?)"


def put_records(connection: sqlite3.Connection, records: SiteRecords) -> None:
    """Writes what an import brings. A document that is there already is a sqlite3.IntegrityError: check before."""
    connection.executemany(
        PUT_ITEM,
        [
            (
                item.gtin, item.name, item.strength, item.storage_class.value, item.serialised, item.covered,
                item.lot_controlled, item.schedule,
            )
            for item in records.items
        ],
    )  # fmt: skip
    connection.executemany(PUT_BASE_LEVEL, [(item.gtin, item.gtin) for item in records.items])
    connection.executemany(
        PUT_LEVEL,
        [(level.gtin, day_text(level.valid_from), level.item, level.factor, level.name) for level in records.levels],
    )
    connection.executemany(
        PUT_PLACE,
        [(place.code, place.kind.value, place.storage_class.value, place.walk) for place in records.places],
    )
    connection.executemany(
        PUT_OPERATOR,
        [
            (person.id, person.name, person.role.value, person.verifier, person.language, person.active)
            for person in records.operators
        ],
    )
    connection.executemany(
        PUT_WATCH,
        [
            (watch.id, watch.gtin, watch.lot or "", watch.serial or "", watch.kind, watch.reason)
            for watch in records.watches
        ],
    )
    for document in records.documents:
        _put_document(connection, document)


def _put_document(connection: sqlite3.Connection, document: DocumentRecord) -> None:
    connection.execute(
        PUT_DOCUMENT,
        (document.id, document.kind.value, document.partner, document.owner, document.serialised),
    )
    connection.executemany(
        PUT_LINE,
        [
            (document.id, line.gtin, number, line.lot or "", day_text(line.expiry), line.quantity)
            for number, line in enumerate(document.all_lines(), start=1)
        ],
    )
    connection.executemany(
        PUT_UNIT,
        [
            (document.id, unit.gtin, unit.serial, unit.lot or "", day_text(unit.expiry), unit.parent or "")
            for unit in document.units
        ],
    )
    connection.executemany(
        PUT_CONTAINER,
        [(document.id, container.id, container.parent or "") for container in document.containers],
    )
