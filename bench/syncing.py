"""Handhelds and a real centre over loopback: how soon one sees what the other saved, and how fast a queue is sent.

The limit of sending is the centre's own rate: the same entries in pushes as full, posted one after the other on one
connection by a client that does nothing else. Handhelds and client share the cores with the centre, which is a process
of its own.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from bench.figures import P99, Bound, Figure, quantile, sample_of, sample_of_ns
from bench.handhelds import Handset
from bench.scans import received_entries
from bench.serving import BATCH, Centre, post_all, running
from scanner_app.domain.entry import Entry
from scanner_app.domain.facts import UnitOf
from scanner_app.store.ledger import Ledger
from sync import wire

COMMITS = 400
COMMITS_QUICK = 60
PAUSE_S_MAX = 0.05
QUEUED = 100_000
QUEUED_QUICK = 5_000
IN_A_STEP = 500
LIMIT_POSTS = 80
DRAIN_S_MAX = 900.0
GOAL_VISIBLE_S = 1.0
WARM_UP = 10


def measure_syncing(folder: Path, *, quick: bool) -> list[Figure]:
    """Two handhelds with threads and event streams, and then one of them with a long queue."""
    with running(folder / "home") as centre:
        with (
            closing(_handset(folder, centre, "SYNC-A")) as first,
            closing(_handset(folder, centre, "SYNC-B")) as second,
        ):
            for each in (first, second):
                each.start()
                each.wait_for(lambda ledger: ledger.site.feed_cursor is not None)
            visible = _visible(first, second, COMMITS_QUICK if quick else COMMITS)
        with closing(_handset(folder, centre, "SYNC-C")) as third:
            drained = _drained(centre, third, QUEUED_QUICK if quick else QUEUED)
    return [visible, drained]


def _handset(folder: Path, centre: Centre, name: str) -> Handset:
    home = folder / name
    home.mkdir()
    return Handset(home, centre.url, centre.code(name))


def _visible(first: Handset, second: Handset, commits: int) -> Figure:
    """One entry at a time, at odd moments, until the other handheld's ledger answers with the unit."""
    pauses = random.Random(7)
    took_ns: list[int] = []
    for entry in itertools.islice(received_entries(seed=71), commits + WARM_UP):
        time.sleep(pauses.uniform(0, PAUSE_S_MAX))
        key = entry.postings[0].key
        started = time.perf_counter_ns()
        first.write([entry])
        second.wait_for(lambda ledger, key=key: ledger.answer(UnitOf(key.gtin, key.serial)) is not None)  # type: ignore[misc] # bound for this round
        took_ns.append(time.perf_counter_ns() - started)
    sample = sample_of_ns("commit on one → visible on the other, ms", took_ns[WARM_UP:])
    value = quantile(took_ns[WARM_UP:], P99) / 1e9
    return Figure(
        "commit on one device → visible on another, p99", value, "s", GOAL_VISIBLE_S, Bound.AT_MOST, (sample,)
    )


def _drained(centre: Centre, handset: Handset, queued: int) -> Figure:
    """Everything queued while offline, until the centre has all of it and until all of it has come back."""
    entries = received_entries(seed=72)
    for _ in range(queued // IN_A_STEP):
        batch = list(itertools.islice(entries, IN_A_STEP))
        handset.on_ledger(lambda ledger, batch=batch: _append(ledger, batch))  # type: ignore[misc] # the same
    limit = _post_rate(centre)
    started = time.perf_counter()
    handset.start()
    handset.wait_sent(DRAIN_S_MAX)
    sent_s = time.perf_counter() - started
    head = _head_of(handset)
    handset.wait_for(lambda ledger: ledger.site.feed_cursor == head, DRAIN_S_MAX)
    back_s = time.perf_counter() - started
    rate = queued / sent_s
    note = f"{queued:,} entries: {rate:,.0f} entries/s sent, {limit:,.0f} entries/s by bare POSTs of {BATCH} before it"
    samples = (sample_of("until the centre has all, s", [sent_s]), sample_of("until all has come back, s", [back_s]))
    return Figure(
        "queue sent / bare durable POSTs on one connection", rate / limit, "×", None, Bound.AT_LEAST, samples, note
    )


def _head_of(handset: Handset) -> str:
    """Where the feed ends."""
    with closing(handset.connection()) as transport:
        answer = transport.get("/v1/heads")
    assert isinstance(answer, bytes), answer
    return wire.read(wire.Heads, answer).feed


def _append(ledger: Ledger, entries: Sequence[Entry]) -> None:
    with ledger.step() as step:
        for entry in entries:
            step.append(entry)


def _post_rate(centre: Centre) -> float:
    """Entries a second that the centre takes of one connection, durable when they are answered."""
    (device,) = centre.enrolled(["SYNC-LIMIT"])
    bodies = [device.body(BATCH) for _ in range(LIMIT_POSTS)]
    return LIMIT_POSTS * BATCH * 1e9 / asyncio.run(post_all(centre.url, [device], [bodies]))
