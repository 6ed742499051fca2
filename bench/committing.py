"""The commit of a scan against the least that any durable commit costs, and against a durable queue.

A scan's commit is the whole transaction: entry, chain, posting, on-hand line, unit, document progress and task state.
The bare commit is one row of the same bytes in a table without indexes: the same journal mode, synchronous FULL,
the same folder. persist-queue's SQLiteAckQueue puts the same bytes.
"""

from __future__ import annotations

import itertools
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from bench.figures import Bound, Figure, Sample, not_measured, quantile, sample_of_ns
from bench.scans import DEVICE, epoch_id, received_entries, task_row
from bench.timing import interleaved
from scanner_app.domain.entry import Entry, encode_entry
from scanner_app.store.ledger import Ledger

ROUNDS = 2000
ROUNDS_QUICK = 300
WARM_UP = 50
GOAL_BARE = 1.25
GOAL_QUEUE_RATE = 0.85
GOAL_SYNCS = 1.05
SYNCED_SCANS = 200
SYNC_CALLS = "fsync,fdatasync,sync_file_range,msync,syncfs"
STRACE_TIMEOUT_S = 120


def open_ledger(path: Path) -> Ledger:
    """A ledger of the bench's device."""
    return Ledger.open(path, DEVICE, epoch_id)


def commit_scan(ledger: Ledger, entry: Entry, number: int) -> None:
    """What the terminal does for one accepted scan once it is judged."""
    with ledger.step() as step:
        step.append(entry)
        step.save_task(task_row(number))


def bare_connection(path: Path) -> sqlite3.Connection:
    """A database that does nothing but keep rows: WAL, synchronous FULL, one table."""
    connection = sqlite3.connect(path, isolation_level=None)
    assert connection.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)")
    return connection


def commit_bare(connection: sqlite3.Connection, stored: bytes) -> None:
    """One row, one commit."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO kept (bytes) VALUES (?)", (stored,))
    connection.execute("COMMIT")


def measure_committing(folder: Path, *, quick: bool) -> list[Figure]:
    """Ledger, bare commit and queue in turns, a new row each in every round."""
    from persistqueue import SQLiteAckQueue  # noqa: PLC0415 - the rival; only here

    rounds = ROUNDS_QUICK if quick else ROUNDS
    entries = list(itertools.islice(received_entries(), rounds + WARM_UP))
    stored = [encode_entry(entry) for entry in entries]
    ledger = open_ledger(folder / "ledger.db")
    bare = bare_connection(folder / "bare.db")
    queue = SQLiteAckQueue(str(folder / "queue"), multithreading=True)
    try:
        durations = interleaved(
            {
                "ours": lambda number: commit_scan(ledger, entries[number], number),
                "bare": lambda number: commit_bare(bare, stored[number]),
                "queue": lambda number: queue.put(stored[number]),
            },
            rounds,
            warm_up=WARM_UP,
        )
    finally:
        queue.close()
        bare.close()
        ledger.close()
    ours, least, rival = (quantile(durations[name], 0.5) for name in ("ours", "bare", "queue"))
    sample = sample_of_ns("a scan's commit, ms", durations["ours"])
    return [
        Figure(
            "commit of a scan over a bare single-row FULL commit", ours / least, "×", GOAL_BARE, Bound.AT_MOST,
            (sample, sample_of_ns("bare commit, ms", durations["bare"])),
        ),
        Figure(
            "rate of scans over the rate of SQLiteAckQueue.put", rival / ours, "×", GOAL_QUEUE_RATE, Bound.AT_LEAST,
            (sample, sample_of_ns("SQLiteAckQueue.put, ms", durations["queue"])),
        ),
    ]  # fmt: skip


def measure_syncs(folder: Path) -> list[Figure]:
    """Calls that force data to the disk, for each of 200 scans, counted by strace in a process of its own."""
    name = "syncs a scan, by strace"
    strace = shutil.which("strace")
    if strace is None:
        return [not_measured(name, "a scan", GOAL_SYNCS, Bound.AT_MOST, "strace is not installed")]
    without, with_scans = (_syncs_of(strace, folder / f"syncs-{count}.db", count) for count in (0, SYNCED_SCANS))
    value = (with_scans - without) / SYNCED_SCANS
    samples = tuple(
        Sample(f"sync calls of a process that saves {count} scans", calls, calls, 1)
        for count, calls in ((0, without), (SYNCED_SCANS, with_scans))
    )
    return [Figure(name, value, "a scan", GOAL_SYNCS, Bound.AT_MOST, samples)]


def _syncs_of(strace: str, ledger: Path, count: int) -> int:
    """How many sync calls a process makes that opens a ledger and saves `count` scans."""
    trace = ledger.with_suffix(".strace")
    command = [strace, "-f", "-q", "-e", f"trace={SYNC_CALLS}", "-o", str(trace)]
    command += [sys.executable, "-m", "bench.save_scans", str(ledger), str(count)]
    subprocess.run(command, check=True, timeout=STRACE_TIMEOUT_S, cwd=Path(__file__).resolve().parents[1])
    return len(re.findall(rf"\b(?:{SYNC_CALLS.replace(',', '|')})\(", trace.read_text("utf-8")))
