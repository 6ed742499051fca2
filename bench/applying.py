"""What the feed costs a handheld: a page's commit on the ledger's thread, which a scan may have to wait for.

Decoding is measured apart: it runs on the thread that fetched the page. A snapshot is checked there too, and copied in
one transaction on the ledger's thread.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from bench.committing import open_ledger
from bench.figures import NS_PER_MS, Bound, Figure, Sample, quantile, sample_of_ns
from bench.scans import DOCK, DOCUMENT, received_entries, unit_keys
from scanner_app.domain.entry import encode_entry
from scanner_app.domain.feed import ROWS_WHILE_SCANNING, FedEntry, Scope, Standing
from scanner_app.domain.feed_records import PART_ROWS_MAX, compound
from scanner_app.domain.site_sum import UNIT, exchanged, row_sum
from scanner_app.store.ledger import Ledger, PageEnd
from scanner_app.store.snapshot import check_snapshot

PAGE_ROWS = 500
PAGES = 40
PAGES_QUICK = 12
WARM_UP = 2
GOAL_SCANNING_MS = 10.0
SNAPSHOT_ROWS = 1_100_000
SNAPSHOT_ROWS_QUICK = 110_000
IN_DOCUMENTS = 5
"""Every so many rows of the snapshot one stands in a document; the others are units."""
SEED = 31
SCHEMA = Path(__file__).resolve().parents[1] / "docs" / "contract" / "snapshot.sql"


def measure_applying(folder: Path, *, quick: bool) -> list[Figure]:
    """Pages of other devices' entries, of echoes, small ones, and one snapshot."""
    pages = PAGES_QUICK if quick else PAGES
    return [
        _page_figure(folder, f"page of {PAGE_ROWS} entries of others, commit", pages),
        _page_figure(folder, f"page of {PAGE_ROWS} entries of our own, commit", pages, own=True),
        _page_figure(
            folder, f"page of {ROWS_WHILE_SCANNING} entries while somebody scans, commit", pages,
            rows=ROWS_WHILE_SCANNING, goal=GOAL_SCANNING_MS,
        ),
        _snapshot_figure(folder, SNAPSHOT_ROWS_QUICK if quick else SNAPSHOT_ROWS),
    ]  # fmt: skip


def _page_figure(
    folder: Path, name: str, pages: int, *, rows: int = PAGE_ROWS, own: bool = False, goal: float | None = None
) -> Figure:
    """Pages of a receiving shift, one after the other, with the ledger's idle moment between them."""
    ledger = open_ledger(folder / f"{rows}-{own}.db")
    read, written = [], []
    try:
        for number, page in enumerate(_pages(ledger, rows, pages + WARM_UP, own=own)):
            start = time.perf_counter_ns()
            decoded = ledger.outbox.read_page(page)
            middle = time.perf_counter_ns()
            ledger.apply_page(decoded, PageEnd(Scope.FEED, str(number), 0))
            end = time.perf_counter_ns()
            ledger.checkpoint_when_idle()
            read.append(middle - start)
            written.append(end - middle)
    finally:
        ledger.close()
    samples = (
        sample_of_ns("on the ledger's thread, ms", written[WARM_UP:]),
        sample_of_ns("decoding, on another, ms", read[WARM_UP:]),
    )
    return Figure(name, quantile(written[WARM_UP:], 0.5) / NS_PER_MS, "ms", goal, Bound.AT_MOST, samples)


def _pages(ledger: Ledger, rows: int, pages: int, *, own: bool) -> Iterator[list[FedEntry]]:
    """The pages of entries that the ledger has too, or does not have."""
    entries = list(itertools.islice(received_entries(SEED), rows * pages))
    if own:
        with ledger.step() as step:
            for entry in entries:
                step.append(entry)
    for first in range(0, len(entries), rows):
        yield [
            FedEntry(n, "HANDHELD-2", "aa" * 16, n, Standing.PROJECTED, 0, encode_entry(entry))
            for n, entry in enumerate(entries[first : first + rows], start=first + 1)
        ]


def _snapshot_figure(folder: Path, rows: int) -> Figure:
    """A site's snapshot into an empty home."""
    path = _made_snapshot(folder / "snapshot.db", rows)
    ledger = open_ledger(folder / "site.db")
    try:
        start = time.perf_counter_ns()
        check_snapshot(path)
        middle = time.perf_counter_ns()
        ledger.load_snapshot(path)
        end = time.perf_counter_ns()
    finally:
        ledger.close()
    checked, copied = ((stop - begin) / NS_PER_MS for begin, stop in ((start, middle), (middle, end)))
    samples = (
        Sample("on the ledger's thread, ms", copied, copied, 1),
        Sample("checking, on another, ms", checked, checked, 1),
    )
    return Figure(f"snapshot of {rows:,} rows, copied", copied, "ms", None, Bound.AT_MOST, samples)


def _made_snapshot(path: Path, rows: int) -> Path:
    """Units on the dock, and documents that name some of them, as docs/contract/snapshot.sql says."""
    total = 0
    in_documents = rows // IN_DOCUMENTS
    units = [
        (key.gtin, key.serial or "", key.owner, key.lot or "", str(key.expiry), key.status.value, DOCK)
        for key in itertools.islice(unit_keys(SEED), rows - in_documents)
    ]
    for unit in units:
        total = exchanged(total, new=row_sum(UNIT, *unit))
    with closing(sqlite3.connect(path)) as file, file:
        file.executescript(SCHEMA.read_text("utf-8"))
        file.executemany(
            "INSERT OR IGNORE INTO unit VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)", [(*unit, DOCUMENT) for unit in units]
        )
        file.executemany("INSERT INTO record VALUES (?, ?, ?)", _documents(units[:in_documents]))
        told = {"cursor": "1.aa", "watch": "1.aa", "number": "1", "made_ms": "0", "sum": f"{total:016x}"}
        file.executemany("INSERT INTO meta VALUES (?, ?)", told.items())
    return path


def _documents(units: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, str, str]]:
    """Each a part of units, and its head."""
    for number, first in enumerate(range(0, len(units), PART_ROWS_MAX)):
        document = f"ASN-{number}"
        named = [
            [gtin, serial, lot, expiry, ""] for gtin, serial, _, lot, expiry, *_ in units[first : first + PART_ROWS_MAX]
        ]
        part = {"document": document, "number": 0, "containers": [], "units": named, "lines": []}
        yield "document_part", compound(document, 0), json.dumps(part)
        head = {"id": document, "kind": "asn", "partner": "P", "owner": "own", "serialised": True, "parts": 1}
        yield "document", document, json.dumps(head)
