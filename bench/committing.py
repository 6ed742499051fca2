"""The commit of a scan against the least that any durable commit costs, and against a durable queue.

A scan's commit is the whole transaction: encoding, chain, entry, posting, on-hand line, unit, document progress and
task state. The bare commit is one row of the same bytes in a table without indexes: WAL, synchronous FULL, the same
folder. persist-queue's SQLiteAckQueue puts the same bytes.

Where the WAL stands decides what a commit costs: while it grows the file system records its new size at each commit,
once it starts over it does not (0.45 and 0.25 ms for the bare commit on one disk). Between the rounds our ledger gets
the idle moment that the terminal gives it between two scans, so that its WAL starts over; bare commit and queue are as
SQLite makes them, in a new file. For information stands beside it a bare commit whose file gets the same moments. Each
rival takes turns with the ledger alone, since a third one would have to be waited for by both.
"""

from __future__ import annotations

import itertools
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.figures import NS_PER_MS, Bound, Figure, Sample, not_measured, quantile, sample_of_ns
from bench.scans import DEVICE, epoch_id, received_entries, task_row
from bench.timing import Action, interleaved
from scanner_app.domain.entry import Entry, encode_entry
from scanner_app.store.database import IDLE_COMMITS_MIN
from scanner_app.store.ledger import Ledger, TaskRow

ROUNDS = 700
ROUNDS_QUICK = 300
WARM_UP = 100
GOAL_BARE = 1.25
GOAL_QUEUE_RATE = 0.85
GOAL_SYNCS = 1.05
SYNCED_SCANS = 200
SYNC_CALLS = "fsync,fdatasync,sync_file_range,msync,syncfs"
STRACE_TIMEOUT_S = 120
BUSY_IDLE_NS = 100_000


def open_ledger(path: Path) -> Ledger:
    """A ledger of the bench's device."""
    return Ledger.open(path, DEVICE, epoch_id)


def commit_scan(ledger: Ledger, entry: Entry, task: TaskRow) -> None:
    """What the terminal does for one accepted scan once it is judged."""
    with ledger.step() as step:
        step.append(entry)
        step.save_task(task)


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
    """Three pairs, each with a ledger of its own; the two of a pair take turns, a new row each in every round."""
    from persistqueue import SQLiteAckQueue  # noqa: PLC0415 - the rival; only here

    rounds = ROUNDS_QUICK if quick else ROUNDS
    entries = list(itertools.islice(received_entries(), rounds + WARM_UP))
    stored = [encode_entry(entry) for entry in entries]
    bare, idled = bare_connection(folder / "bare.db"), bare_connection(folder / "idled.db")
    queue = SQLiteAckQueue(str(folder / "queue"), multithreading=True)

    def checkpoint_idled() -> None:
        if idled.total_changes % IDLE_COMMITS_MIN == 0:
            idled.execute("PRAGMA wal_checkpoint(PASSIVE)")

    try:
        over_bare = _pair(folder / "beside-bare.db", entries, lambda number: commit_bare(bare, stored[number]))
        over_idled = _pair(
            folder / "beside-idled.db", entries, lambda number: commit_bare(idled, stored[number]), checkpoint_idled
        )
        over_queue = _pair(folder / "beside-queue.db", entries, lambda number: queue.put(stored[number]))
    finally:
        queue.close()
        bare.close()
        idled.close()
    name = "commit of a scan over a bare single-row FULL commit"
    return [
        over_bare.figure(name, GOAL_BARE, "bare commit, ms"),
        over_idled.figure(f"{name} with idle moments", None, "bare commit, checkpointed in idle moments, ms"),
        over_queue.rate_figure("rate of scans over the rate of SQLiteAckQueue.put", "SQLiteAckQueue.put, ms"),
        _idle_figure(over_bare.idle_ns),
    ]


@dataclass(frozen=True, slots=True)
class Pair:
    """What the two sides took, in nanoseconds, and what the ledger's idle moments took."""

    ours: list[int]
    theirs: list[int]
    idle_ns: list[int]

    def figure(self, name: str, goal: float | None, rival: str) -> Figure:
        """Our median over theirs."""
        ratio = quantile(self.ours, 0.5) / quantile(self.theirs, 0.5)
        return Figure(name, ratio, "×", goal, Bound.AT_MOST, self._samples(rival))

    def rate_figure(self, name: str, rival: str) -> Figure:
        """Our rate over theirs, by the medians."""
        ratio = quantile(self.theirs, 0.5) / quantile(self.ours, 0.5)
        return Figure(name, ratio, "×", GOAL_QUEUE_RATE, Bound.AT_LEAST, self._samples(rival))

    def _samples(self, rival: str) -> tuple[Sample, Sample]:
        return sample_of_ns("a scan's commit, ms", self.ours), sample_of_ns(rival, self.theirs)


def _pair(path: Path, entries: list[Entry], rival: Action, rival_idle: Callable[[], None] | None = None) -> Pair:
    """A new ledger and one rival, in turns; after each round the idle moment."""
    tasks = [task_row(number) for number in range(len(entries))]
    idle_ns: list[int] = []
    ledger = open_ledger(path)

    def idle() -> None:
        start = time.perf_counter_ns()
        ledger.checkpoint_when_idle()
        idle_ns.append(time.perf_counter_ns() - start)
        if rival_idle is not None:
            rival_idle()

    actions = {"ours": lambda number: commit_scan(ledger, entries[number], tasks[number]), "theirs": rival}
    try:
        durations = interleaved(actions, len(entries) - WARM_UP, warm_up=WARM_UP, idle=idle)
    finally:
        ledger.close()
    return Pair(durations["ours"], durations["theirs"], idle_ns)


def _idle_figure(idle_ns: list[int]) -> Figure:
    """What a scan leaves to be done while nobody waits: a mean, since most idle moments have nothing to do."""
    mean_ms = sum(idle_ns) / len(idle_ns) / NS_PER_MS
    busy = [duration for duration in idle_ns if duration > BUSY_IDLE_NS]
    samples = (sample_of_ns("an idle moment with something to do, ms", busy),) if busy else ()
    return Figure("left to idle moments by a scan, mean", mean_ms, "ms", None, Bound.AT_MOST, samples)


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
