"""Records of the feed into the tables that the scanner reads; a kind that has none is kept as it came."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from scanner_app.domain.feed_records import (
    DOCUMENT,
    DOCUMENT_PART,
    ITEM,
    LEVEL,
    OPERATOR,
    PLACE,
    WATCH,
    DocumentHead,
    DocumentPart,
    RecordFormatError,
    record_of,
)
from scanner_app.domain.masters import Item, Operator, Place, Watch
from scanner_app.domain.site_records import LevelRecord
from scanner_app.domain.site_state import FLAG, LEASE, Flag, Lease, flag_of, lease_of
from scanner_app.store import masters

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from scanner_app.domain.facts import PolicyOf
    from scanner_app.domain.feed import FedRecord

RECORD_TABLES = (
    "item", "item_level", "place", "operator", "watch", "document", "document_line", "document_unit",
    "document_container", "flag", "record",
)  # fmt: skip
"""What a snapshot brings whole."""

PUT_FLAG = (
    "INSERT OR REPLACE INTO flag (id, code, severity, subject, event_id, parameters, n) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
DELETE_FLAG = "DELETE FROM flag WHERE id = ?"
PUT_LEASE = (
    "INSERT INTO lease (id, kind, device, epoch, subject, until, next, last, n) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET kind = excluded.kind, device = excluded.device, epoch = excluded.epoch, "
    "subject = excluded.subject, until = excluded.until, next = max(next, excluded.next), last = excluded.last, "
    "n = excluded.n"
)
DELETE_LEASE = "DELETE FROM lease WHERE id = ?"
DELETE_OLDER_LEASES = "DELETE FROM lease WHERE n < ?"
PUT_RECORD = "INSERT OR REPLACE INTO record (kind, id, body, n) VALUES (?, ?, ?, ?)"
DELETE_RECORD = "DELETE FROM record WHERE kind = ? AND id = ?"
FLAGS = "SELECT id, code, severity, subject, event_id, parameters FROM flag ORDER BY n, id LIMIT ?"
RECORDS = "SELECT id, body FROM record WHERE kind = ? ORDER BY id"
RECOUNTS = (
    "SELECT json_extract(body, '$.place') FROM record WHERE kind = 'count' "
    "AND json_extract(body, '$.state') = 'recount' AND json_type(body, '$.place') = 'text' "
    "AND NOT EXISTS (SELECT 1 FROM flag f WHERE f.code = 'COUNT_STALE' AND f.subject = 'count:' || record.id) "
    "ORDER BY n, id LIMIT ?"
)
FLAGS_MAX = 500
POLICY = "policy"
RECORD_BODY = "SELECT body FROM record WHERE kind = ? AND id = ?"
RECOUNTS_MAX = 500

Value = Any
"""The record in a body: of domain.feed_records or domain.site_state, or the body itself; None: it is gone."""


def read_record(row: FedRecord) -> Value:
    """What a row brings. Raises RecordFormatError for a body that is not of its kind."""
    if row.body is None:
        _key_of(row)
        return None
    if row.kind == FLAG:
        return flag_of(row.body)
    if row.kind == LEASE:
        return lease_of(row.body)
    record = record_of(row.kind, row.body)
    return row.body if record is None else record


def put_record(cursor: sqlite3.Cursor, row: FedRecord, value: Value) -> str | None:
    """Writes what `read_record` read; the id of the document that became visible by it, else None."""
    if value is None:
        _delete(cursor, row)
        return None
    put = PUTS.get(type(value))
    if put is not None:
        put(cursor.connection, value)
    elif isinstance(value, Flag):
        told = (value.id, value.code, value.severity, value.subject, value.event_id, value.parameters)
        cursor.execute(PUT_FLAG, (*told, row.n))
    elif isinstance(value, Lease):
        lease = (value.id, value.kind, value.device, value.epoch, value.subject, value.until, value.first, value.last)
        cursor.execute(PUT_LEASE, (*lease, row.n))
    else:
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        cursor.execute(PUT_RECORD, (row.kind, row.id, body, row.n))
    return value.id if isinstance(value, DocumentHead) else None


PUTS: dict[type[Any], Callable[[sqlite3.Connection, Any], None]] = {
    Item: masters.put_item, LevelRecord: masters.put_level, Place: masters.put_place, Operator: masters.put_operator,
    Watch: masters.put_watch, DocumentPart: masters.put_part, DocumentHead: masters.put_head,
}  # fmt: skip


def _delete(cursor: sqlite3.Cursor, row: FedRecord) -> None:
    """Takes a record away."""
    key = _key_of(row)
    if row.kind == DOCUMENT:
        masters.drop_document(cursor.connection, row.id)
    elif row.kind == DOCUMENT_PART:
        masters.drop_part(cursor.connection, key[0], int(key[1]))
    elif row.kind in DELETES:
        for sql, fields in DELETES[row.kind]:
            cursor.execute(sql, key[:fields])
    else:
        cursor.execute(DELETE_RECORD, (row.kind, row.id))


DELETES = {
    ITEM: ((masters.DELETE_ITEM, 1), (masters.DELETE_BASE_LEVEL, 1)), LEVEL: ((masters.DELETE_LEVEL, 2),),
    PLACE: ((masters.DELETE_PLACE, 1),), OPERATOR: ((masters.DELETE_OPERATOR, 1),),
    WATCH: ((masters.DELETE_WATCH, 4),), FLAG: ((DELETE_FLAG, 1),), LEASE: ((DELETE_LEASE, 1),),
}  # fmt: skip
FIELDS = {LEVEL: 2, WATCH: 4, DOCUMENT_PART: 2}
"""Kinds whose id is the JSON text of a list, and how long it is."""


def _key_of(row: FedRecord) -> tuple[str, ...]:
    """The parts of a record's id. Raises RecordFormatError."""
    wanted = FIELDS.get(row.kind)
    if wanted is None:
        return (row.id,)
    try:
        parts = json.loads(row.id)
    except ValueError as fault:
        raise RecordFormatError(f"no id of a {row.kind}: {row.id}") from fault
    if not isinstance(parts, list) or len(parts) != wanted:
        raise RecordFormatError(f"no id of a {row.kind}: {row.id}")
    return tuple(map(str, parts))


def policy_of(connection: sqlite3.Connection, query: PolicyOf) -> int | None:
    """A policy's whole number; None where the centre has set none."""
    row = connection.execute(RECORD_BODY, (POLICY, query.name)).fetchone()
    value = None if row is None else json.loads(row[0]).get("value")
    return value if type(value) is int else None


def open_flags(connection: sqlite3.Connection) -> list[Flag]:
    """Doubts of the centre that are open, oldest first, at most 500."""
    return [Flag(*row) for row in connection.execute(FLAGS, (FLAGS_MAX,))]


def recounts_due(connection: sqlite3.Connection) -> list[str]:
    """The places that the centre wants counted again, each once, oldest first, at most 500; no open flag says so."""
    return list(dict.fromkeys(place for (place,) in connection.execute(RECOUNTS, (RECOUNTS_MAX,))))


def records_of_kind(connection: sqlite3.Connection, kind: str) -> list[tuple[str, dict[str, Any]]]:
    """Id and body of each record of a kind that has no table of its own."""
    return [(record, json.loads(body)) for record, body in connection.execute(RECORDS, (kind,))]
