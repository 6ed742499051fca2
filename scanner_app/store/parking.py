"""Rows that wait: what could not be applied, until a program that can comes; and what the centre did not count yet."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from scanner_app.domain.feed import FedEntry, FedRecord, Standing

if TYPE_CHECKING:
    import sqlite3

SCHEMA = "schema"
"""An entry of a later schema."""
RECORD = "record"
"""A record that is not of its kind, as far as this program knows it."""
LIST = "list"
"""An entry whose member list did not come."""
UNFIT = "unfit"
"""A row that fits no table."""
QUARANTINED = "quarantined"
"""An own entry that the centre stored without counting it; it stays in the overlay."""

PARKED_MAX = 10_000
"""The most that waits; what is dropped then is made good by a snapshot, since the sums differ."""

PARK = "INSERT OR REPLACE INTO parked (n, subject, reason, row) VALUES (?, ?, ?, ?)"
LEAVE = "DELETE FROM parked WHERE subject = ?"
COUNT = "SELECT count(*) FROM parked"
TO_TRY = f"SELECT row FROM parked WHERE reason <> '{QUARANTINED}' ORDER BY n"  # noqa: S608 - a word of our own
DROP_TO_TRY = f"DELETE FROM parked WHERE reason <> '{QUARANTINED}'"  # noqa: S608 - a word of our own
DROP_OLDEST = "DELETE FROM parked WHERE n <= (SELECT n FROM parked ORDER BY n DESC LIMIT 1 OFFSET ?)"
EMPTY = "DELETE FROM parked"


def park(cursor: sqlite3.Cursor, row: FedEntry | FedRecord, reason: str, subject: str) -> None:
    """Keeps a row."""
    text = json.dumps(_object(row), ensure_ascii=False, separators=(",", ":"))
    cursor.execute(PARK, (row.n, subject, reason, text))
    cursor.execute(DROP_OLDEST, (PARKED_MAX,))


def subject_of(row: FedEntry | FedRecord) -> str:
    """What a later row may settle: a record by its kind and id; of an entry that cannot be read only its number."""
    return f"{row.kind} {row.id}" if isinstance(row, FedRecord) else ""


def rows_to_try(connection: sqlite3.Connection) -> list[FedEntry | FedRecord]:
    """The rows that could not be applied, in their order."""
    return [_row_of(json.loads(text)) for (text,) in connection.execute(TO_TRY)]


def _object(row: FedEntry | FedRecord) -> dict[str, Any]:
    if isinstance(row, FedRecord):
        return {"n": row.n, "kind": row.kind, "id": row.id, "body": row.body}
    return {
        "n": row.n, "device": row.device, "epoch": row.epoch, "seq": row.seq, "standing": row.standing.value,
        "record_time": row.record_time, "content": base64.b64encode(row.content).decode("ascii"),
    }  # fmt: skip


def _row_of(told: dict[str, Any]) -> FedEntry | FedRecord:
    if "kind" in told:
        return FedRecord(told["n"], told["kind"], told["id"], told["body"])
    return FedEntry(
        told["n"], told["device"], told["epoch"], told["seq"], Standing(told["standing"]), told["record_time"],
        base64.b64decode(told["content"]),
    )  # fmt: skip
