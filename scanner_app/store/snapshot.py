"""A snapshot of the site (docs/contract/snapshot.sql) into the base: attached read-only, copied in one transaction.

It is checked first, on whatever thread fetched it: its form, its pages, and that its rows make the checksum it names.
What the base then holds of our own entries is what the snapshot's vector covers; all the others are folded anew.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from scanner_app.domain.feed import FedRecord
from scanner_app.domain.feed_records import RecordFormatError
from scanner_app.domain.site_sum import CONTAINER, LINE, UNIT, exchanged, row_sum
from scanner_app.errors import StoreError
from scanner_app.store import parking
from scanner_app.store.database import connect_reader
from scanner_app.store.epochs import epoch_states
from scanner_app.store.faults import BAD_SNAPSHOT
from scanner_app.store.feed import DROP_CHUNKS, UNFIT
from scanner_app.store.overlay import fold_overlay
from scanner_app.store.records import DELETE_OLDER_LEASES, TABLES, put_record, read_record
from scanner_app.store.site import SiteMeta, write_meta

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMAT = 1
NAME = "snapshot"
"""Under which name the file is attached."""

META = "SELECT key, value FROM meta"
INTEGRITY = "PRAGMA quick_check(1)"
SUMMED = {
    LINE: "SELECT place, gtin, lot, expiry, status, owner, quantity FROM on_hand",
    UNIT: "SELECT gtin, serial, owner, lot, expiry, status, place FROM unit",
    CONTAINER: "SELECT id, parent, seal FROM container",
}
ATTACH = f"ATTACH DATABASE ? AS {NAME}"
DETACH = f"DETACH DATABASE {NAME}"
COPIES = (
    "INSERT INTO site_on_hand (place, gtin, lot, expiry, status, owner, quantity) "
    "SELECT place, gtin, lot, expiry, status, owner, quantity FROM snapshot.on_hand",
    "INSERT INTO site_unit (gtin, serial, owner, lot, expiry, status, place, document, inferred, n) "
    "SELECT gtin, serial, owner, lot, expiry, status, place, nullif(document, ''), inferred, ?1 FROM snapshot.unit",
    "INSERT INTO site_container (id, parent, seal, document, n) "
    "SELECT id, parent, seal, nullif(document, ''), ?1 FROM snapshot.container",
    "INSERT INTO site_progress (document, gtin, lot, expiry, status, quantity) "
    "SELECT document, gtin, lot, expiry, status, quantity FROM snapshot.document_progress WHERE quantity <> 0",
    "INSERT INTO site_closed (document, closed, n) SELECT id, 1, ?1 FROM snapshot.document_closed",
    "INSERT INTO site_follow_up (event_id, n, code, subject, document, closed_by) "
    "SELECT event_id, ?1, code, subject, nullif(document, ''), nullif(closed_by, '') FROM snapshot.follow_up",
)
BASE = ("site_on_hand", "site_unit", "site_container", "site_progress", "site_closed", "site_follow_up")
RECORDS = "SELECT kind, id, body FROM snapshot.record"
VECTOR = "SELECT epoch, seq FROM snapshot.vector"
COVERED_ISSUED_AGAIN = (
    "INSERT INTO covered (position) SELECT position FROM reissue WHERE epoch_no = ? AND seq <= ? "
    "ON CONFLICT DO NOTHING"
)
COVERED = (
    "INSERT INTO covered (position) SELECT position FROM entry WHERE epoch_no = ? AND seq <= ? ON CONFLICT DO NOTHING"
)
