"""A snapshot of the site (docs/contract/snapshot.sql) into the base: attached read-only, copied in one transaction.

It is checked first, on whatever thread fetched it: its form, its pages, and that its rows make the checksum it names.
What the base then holds of our own entries is what the snapshot's vector covers; all the others are folded anew.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from scanner_app.domain.feed import FedRecord
from scanner_app.domain.feed_records import RecordFormatError
from scanner_app.domain.site_sum import CONTAINER, LINE, UNIT, exchanged, row_sum
from scanner_app.errors import StoreError
from scanner_app.store import parking
from scanner_app.store.database import connect_reader
from scanner_app.store.epochs import Chain, chains, link_at, set_held
from scanner_app.store.faults import BAD_SNAPSHOT
from scanner_app.store.feed import DROP_CHUNKS, UNFIT
from scanner_app.store.overlay import fold_overlay
from scanner_app.store.records import DELETE_OLDER_LEASES, RECORD_TABLES, put_record, read_record
from scanner_app.store.site import SiteMeta, write_meta

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMAT = 1
NAME = "snapshot"
"""Under which name the file is attached."""

META = "SELECT key, value FROM meta"
INTEGRITY = "PRAGMA quick_check(1)"
TABLES = {
    "on_hand": "place, gtin, lot, expiry, status, owner, quantity",
    "unit": "gtin, serial, owner, lot, expiry, status, place, document, inferred",
    "container": "id, parent, seal, document",
    "document_progress": "document, gtin, lot, expiry, status, quantity",
    "document_closed": "id",
    "follow_up": "event_id, code, subject, document, closed_by",
    "record": "kind, id, body",
    "vector": "epoch, seq, hash",
    "quarantined": "event_id",
}
"""What is read of a snapshot."""

SUMMED = {
    LINE: "SELECT place, gtin, lot, expiry, status, owner, quantity FROM on_hand",
    UNIT: "SELECT gtin, serial, owner, lot, expiry, status, place FROM unit",
    CONTAINER: "SELECT id, parent, seal FROM container",
}
BODIES = "SELECT body FROM record"
ATTACH = f"ATTACH DATABASE ? AS {NAME}"
DETACH = f"DETACH DATABASE {NAME}"
COPIES = tuple(
    f"INSERT INTO {table} {columns} FROM {NAME}.{source}"
    for table, columns, source in (
        ("site_on_hand", "SELECT place, gtin, lot, expiry, status, owner, quantity", "on_hand"),
        (
            "site_unit",
            "SELECT gtin, serial, owner, lot, expiry, status, place, nullif(document, ''), inferred, ?1",
            "unit",
        ),
        ("site_container", "SELECT id, parent, seal, nullif(document, ''), ?1", "container"),
        (
            "site_progress",
            "SELECT document, gtin, lot, expiry, status, quantity",
            "document_progress WHERE quantity <> 0",
        ),
        ("site_closed", "SELECT id, 1, ?1", "document_closed"),
        (
            "site_follow_up",
            "SELECT event_id, ?1, code, subject, nullif(document, ''), nullif(closed_by, '')",
            "follow_up",
        ),
    )
)
"""In the order of the base's columns."""

BASE = ("site_on_hand", "site_unit", "site_container", "site_progress", "site_closed", "site_follow_up")
RECORDS = "SELECT kind, id, body FROM snapshot.record"
VECTOR = "SELECT epoch, seq, hash FROM snapshot.vector"
CLEAR_COVERED = "DROP TABLE IF EXISTS temp.covered"
MAKE_COVERED = "CREATE TEMP TABLE covered (position INTEGER NOT NULL PRIMARY KEY)"
COVER = (
    "INSERT INTO covered (position) SELECT position FROM entry WHERE position >= ?1 AND position <= ?2 "
    "ON CONFLICT DO NOTHING"
)
COVER_ISSUED_AGAIN = (
    "INSERT INTO covered (position) SELECT position FROM reissue WHERE epoch_no = ? AND seq <= ? ON CONFLICT DO NOTHING"
)
UNCOVER = (
    "DELETE FROM covered WHERE position IN "
    "(SELECT e.position FROM snapshot.quarantined q JOIN entry e ON e.event_id = q.event_id)"
)
UNECHO = "DELETE FROM echo WHERE NOT EXISTS (SELECT 1 FROM covered c WHERE c.position = echo.position)"
ECHO = "INSERT INTO echo (position, n) SELECT position, ? FROM covered WHERE true ON CONFLICT DO NOTHING"
ECHO_NO_LATER = "UPDATE echo SET n = ?1 WHERE n > ?1"
PARK_OWN = (
    "INSERT INTO parked (n, subject, reason, row) SELECT ?1, q.event_id, ?2, '' FROM snapshot.quarantined q "
    "WHERE EXISTS (SELECT 1 FROM entry e WHERE e.event_id = q.event_id)"
)


@dataclass(frozen=True, slots=True)
class SnapshotHead:
    """What a snapshot says of itself: its cursors, the number of the feed, when it was made, and its checksum."""

    feed_cursor: str
    watch_cursor: str
    number: int
    made_ms: int
    site_sum: int


def check_snapshot(path: Path) -> SnapshotHead:
    """Reads a fetched file through, on any thread. Raises StoreError BAD_SNAPSHOT for one that is not to be used."""
    try:
        connection = connect_reader(path)
    except StoreError as fault:
        raise _bad(path, fault.message) from fault
    try:
        return _checked(path, connection)
    except (sqlite3.Error, KeyError, ValueError, TypeError) as fault:
        raise _bad(path, str(fault)) from fault
    finally:
        connection.close()


def _checked(path: Path, connection: sqlite3.Connection) -> SnapshotHead:
    if connection.execute("PRAGMA user_version").fetchone()[0] != FORMAT:
        raise _bad(path, "it is of another form")
    if connection.execute(INTEGRITY).fetchone()[0] != "ok":
        raise _bad(path, "it is damaged")
    for table, columns in TABLES.items():
        connection.execute(f"SELECT {columns} FROM {table} LIMIT 0")  # noqa: S608 - the names above
    head = _head_of(dict(connection.execute(META).fetchall()))
    for (body,) in connection.execute(BODIES):
        json.loads(body)
    total = 0
    for name, sql in SUMMED.items():
        for row in connection.execute(sql):
            total = exchanged(total, new=row_sum(name, *row))
    if total != head.site_sum:
        raise _bad(path, "its rows do not make its checksum")
    return head


def _head_of(told: dict[str, str]) -> SnapshotHead:
    return SnapshotHead(told["cursor"], told["watch"], int(told["number"]), int(told["made_ms"]), int(told["sum"], 16))


def _bad(path: Path, cause: str) -> StoreError:
    message = f"{path} is no snapshot of the site: {cause.rstrip('.')}."
    return StoreError(BAD_SNAPSHOT, message, remedy="It is not used; the next one will be fetched.", retryable=True)


@contextmanager
def attached(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Within it the file can be read beside the ledger."""
    connection.execute(ATTACH, (f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1",))
    try:
        yield
    finally:
        connection.execute(DETACH)


def copy_snapshot(cursor: sqlite3.Cursor, meta: SiteMeta) -> SiteMeta:
    """Replaces the base, records and flags by those of the attached file, within the caller's transaction."""
    head = _head_of(dict(cursor.execute(f"SELECT key, value FROM {NAME}.meta").fetchall()))  # noqa: S608 - our own name
    for table in (*BASE, *RECORD_TABLES):
        cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - one of the names above
    cursor.execute(DROP_CHUNKS)
    cursor.execute(parking.EMPTY)
    for sql in COPIES:
        cursor.execute(sql, (head.number,) if "?1" in sql else ())
    _copy_records(cursor, head.number)
    _echo_covered(cursor, head.number)
    cursor.execute(PARK_OWN, (head.number, parking.QUARANTINED))
    fold_overlay(cursor.connection, cursor)
    meta = replace(
        meta, feed_cursor=head.feed_cursor, feed_n=head.number, watch_cursor=head.watch_cursor, watch_n=head.number,
        as_of=head.made_ms, watch_as_of=head.made_ms, site_sum=head.site_sum,
    )  # fmt: skip
    write_meta(cursor, meta)
    return meta


def _copy_records(cursor: sqlite3.Cursor, number: int) -> None:
    """Records of every kind, by the same way as those of a page; one that cannot be read is parked."""
    with closing(cursor.connection.execute(RECORDS)) as records:
        for kind, record, body in records:
            row = FedRecord(number, kind, record, json.loads(body))
            try:
                put_record(cursor, row, read_record(row))
            except (RecordFormatError, *UNFIT):
                parking.park(cursor, row, parking.RECORD, parking.subject_of(row))
    cursor.execute(DELETE_OLDER_LEASES, (number,))


def _echo_covered(cursor: sqlite3.Cursor, number: int) -> None:
    """Marks as echoed what the vector covers and was counted, and nothing else; numbers that are known are kept.

    Where it is open how much of the vector's chain is ours, what the centre is known to have is covered, and the rest
    as soon as that is told (store.echoes).
    """
    cursor.execute(CLEAR_COVERED)
    cursor.execute(MAKE_COVERED)
    vector = {epoch: (seq, link) for epoch, seq, link in cursor.execute(VECTOR)}
    for chain in chains(cursor.connection):
        seq, link = vector.get(chain.id.hex(), (0, ""))
        covered = _covered(cursor.connection, chain, seq, link)
        held = seq if covered < min(seq, chain.end) else 0
        if held != chain.held:
            set_held(cursor, chain.no, held)
        cursor.execute(COVER_ISSUED_AGAIN, (chain.no, covered))
        cursor.execute(COVER, (chain.position(chain.reissued + 1), chain.position(covered)))
    cursor.execute(UNCOVER)
    cursor.execute(UNECHO)
    cursor.execute(ECHO, (number,))
    cursor.execute(ECHO_NO_LATER, (number,))
    cursor.execute(CLEAR_COVERED)


def _covered(connection: sqlite3.Connection, chain: Chain, seq: int, link: str) -> int:
    """Up to which sequence an epoch is known to be in the chain that ends at `seq` with that link."""
    if seq > chain.end:
        return min(chain.acked, chain.end)
    if link_at(connection, chain, seq).hex() == link or not seq:
        return seq
    return chain.acked if chain.acked < seq else 0
