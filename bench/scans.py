"""Entries as a receiving shift makes them: one serialised unit a scan, from the supplier to the dock."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from datetime import date, timedelta

from scanner_app.demo.labels import unit_scan
from scanner_app.demo.site import load_demo
from scanner_app.domain.entry import Entry, EntryKind, Origin, Raw, Stamp
from scanner_app.domain.masters import DEFAULT_OWNER
from scanner_app.domain.refusals import Accepted, Outcome
from scanner_app.domain.stock import SUPPLIER, Posting, Status, StockKey
from scanner_app.store.ledger import TaskRow

TODAY = date(2026, 11, 22)
DEVICE = "BENCH-1"
DOCK = "DOCK-1"
DOCUMENT = "ASN-BENCH"
TASK = "0193a5b2-7c1e-7000-8000-000000000001"
EVENT_TIME = 1_795_000_000_000
LOTS_EACH = 4
ID_RANDOM_BITS = 74
MS_BETWEEN_SCANS = 3000


def epoch_id() -> bytes:
    """A new ledger's epoch, always the same one."""
    return bytes(range(16))


def event_id(number: int, source: random.Random) -> str:
    """A UUIDv7 (RFC 9562) of a scan three seconds after the one before it."""
    random_bits = source.getrandbits(ID_RANDOM_BITS)
    high, low = random_bits >> 62, random_bits & ((1 << 62) - 1)
    value = ((EVENT_TIME + number * MS_BETWEEN_SCANS) << 80) | (7 << 76) | (high << 64) | (2 << 62) | low
    return str(uuid.UUID(int=value))


def unit_keys(seed: int) -> Iterator[StockKey]:
    """Serialised units without end: every item of the demonstration site, some lots each, serials of eleven digits."""
    source = random.Random(seed)
    gtins = [item.gtin for item in load_demo(TODAY).items if item.serialised]
    while True:
        gtin = source.choice(gtins)
        lot = source.randrange(LOTS_EACH)
        expiry = TODAY + timedelta(days=200 + 100 * lot)
        serial = f"{source.randrange(10**11):011d}"
        yield StockKey(DEFAULT_OWNER, gtin, f"L{lot}{gtin[-4:]}", expiry, serial, Status.AVAILABLE)


def received_entries(seed: int = 952) -> Iterator[Entry]:
    """A receiving shift's accepted scans, one after the other."""
    source = random.Random(seed)
    for number, key in enumerate(unit_keys(seed + 1)):
        assert key.lot is not None
        assert key.expiry is not None
        assert key.serial is not None
        scan = unit_scan(key.gtin, key.lot, key.expiry, key.serial)
        yield Entry(
            kind=EntryKind.RECEIVED,
            event_id=event_id(number, source),
            stamp=Stamp(EVENT_TIME + number * MS_BETWEEN_SCANS, 0, number * MS_BETWEEN_SCANS, "bench"),
            origin=Origin("SITE-1", DEVICE, DOCK, "USR-1001"),
            verdict=Accepted(Outcome.MATCHED, {"item": "Amoxidem 500 mg caps, 100", "lot": key.lot}),
            workflow="receiving",
            task=TASK,
            document=DOCUMENT,
            raw=Raw(scan.encode("ascii"), "]d2", "serial:bench", "bench", "scanned"),
            postings=(Posting(key, 1, SUPPLIER, DOCK),),
        )


def task_row(number: int) -> TaskRow:
    """The receiving task as it is saved after scan `number`: a state of the usual size."""
    state = {
        "document": DOCUMENT, "mode": "document", "last": f"09521001000116 {number}", "damaged": False, "quantity": 1,
        "logger": None, "done": number, "prompt": {"code": "prompt.receiving", "noun": "ITEM", "blocking": False},
    }  # fmt: skip
    saved = json.dumps({"state": state, "progress": {"done": number, "total": 10_000}}, separators=(",", ":"))
    return TaskRow(TASK, "receiving", DOCUMENT, "USR-1001", saved, open=True)
