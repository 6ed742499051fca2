"""What a scan and a look-up cost in a ledger of a million postings, against one of a thousand."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench.committing import commit_scan, open_ledger
from bench.figures import NS_PER_MS, Bound, Figure, Sample, quantile, sample_of_ns
from bench.scans import TODAY, event_id, received_entries, task_row, unit_keys
from bench.timing import interleaved
from scanner_app.demo.site import load_demo
from scanner_app.domain.entry import Entry
from scanner_app.domain.facts import StockOf, UnitOf
from scanner_app.domain.masters import PlaceKind
from scanner_app.domain.stock import SUPPLIER, Posting, StockKey
from scanner_app.store.ledger import Ledger

SMALL = 1_000
LARGE = 1_000_000
LARGE_QUICK = 100_000
POSTINGS_AN_ENTRY = 20
ENTRIES_A_COMMIT = 250
PLACES_A_LOT = 4
ROUNDS = 1500
ROUNDS_QUICK = 300
WARM_UP = 50
GOAL_APPEND = 1.2
GOAL_LOOK_UP_MS = 1.0
SEED_STOCK = 17
SEED_NEW = 18
NUMBERS_FROM = 10_000_000


def stocked_entries(postings: int) -> Iterator[Entry]:
    """Entries of twenty units each that fill a warehouse: every lot lies in four of its storage places."""
    source = random.Random(SEED_STOCK)
    template = next(received_entries())
    keys = unit_keys(SEED_STOCK)
    places = [place.code for place in load_demo(TODAY).places if place.kind is PlaceKind.STORAGE]
    for number in range(postings // POSTINGS_AN_ENTRY):
        units = itertools.islice(keys, POSTINGS_AN_ENTRY)
        moved = tuple(Posting(key, 1, SUPPLIER, _place_of(key, places, source)) for key in units)
        yield replace(template, event_id=event_id(number, source), postings=moved)


def _place_of(key: StockKey, places: list[str], source: random.Random) -> str:
    """One of the four places of a lot, which are always the same."""
    first = sum((key.gtin + (key.lot or "")).encode("ascii")) * PLACES_A_LOT
    return places[(first + source.randrange(PLACES_A_LOT)) % len(places)]


def fill(path: Path, postings: int) -> Ledger:
    """A ledger with so many postings, checkpointed; written in large commits, since only what follows is measured."""
    ledger = open_ledger(path)
    entries = stocked_entries(postings)
    while batch := list(itertools.islice(entries, ENTRIES_A_COMMIT)):
        with ledger.step() as step:
            for entry in batch:
                step.append(entry)
    ledger.close()
    return open_ledger(path)


def measure_growth(folder: Path, *, quick: bool) -> list[Figure]:
    """Appends to both ledgers in turns, then look-ups in the large one."""
    rounds, postings = (ROUNDS_QUICK, LARGE_QUICK) if quick else (ROUNDS, LARGE)
    small, large = fill(folder / "small.db", SMALL), fill(folder / "large.db", postings)
    try:
        return [_appends(small, large, rounds, postings), *_look_ups(large, rounds, postings)]
    finally:
        small.close()
        large.close()


def _appends(small: Ledger, large: Ledger, rounds: int, postings: int) -> Figure:
    source = random.Random(SEED_NEW)
    entries = [
        replace(entry, event_id=event_id(NUMBERS_FROM + number, source))
        for number, entry in enumerate(itertools.islice(received_entries(SEED_NEW), rounds + WARM_UP))
    ]
    tasks = [task_row(number) for number in range(rounds + WARM_UP)]

    def idle() -> None:
        small.checkpoint_when_idle()
        large.checkpoint_when_idle()

    durations = interleaved(
        {
            "small": lambda number: commit_scan(small, entries[number], tasks[number]),
            "large": lambda number: commit_scan(large, entries[number], tasks[number]),
        },
        rounds,
        warm_up=WARM_UP,
        idle=idle,
    )
    return Figure(
        f"append at {postings:,} postings over append at {SMALL:,}",
        quantile(durations["large"], 0.5) / quantile(durations["small"], 0.5),
        "×",
        GOAL_APPEND,
        Bound.AT_MOST,
        (
            sample_of_ns(f"at {postings:,}, ms", durations["large"]),
            sample_of_ns(f"at {SMALL:,}, ms", durations["small"]),
        ),
    )


def _look_ups(ledger: Ledger, rounds: int, postings: int) -> list[Figure]:
    """Stock of an item, of one lot of it, and one unit: each a different one every time; the slowest median counts."""
    keys = list(itertools.islice(unit_keys(SEED_STOCK), rounds + WARM_UP))
    durations = interleaved(
        {
            "stock of an item, ms": lambda number: _found(ledger.answer(StockOf(keys[number].gtin))),
            "stock of a lot, ms": lambda number: _found(ledger.answer(StockOf(keys[number].gtin, keys[number].lot))),
            "one unit, ms": lambda number: _found(ledger.answer(UnitOf(keys[number].gtin, keys[number].serial or ""))),
        },
        rounds,
        warm_up=WARM_UP,
    )
    samples: tuple[Sample, ...] = tuple(sample_of_ns(name, each) for name, each in durations.items())
    slowest = max(quantile(each, 0.5) for each in durations.values()) / NS_PER_MS
    name = f"stock look-up at {postings:,} postings, slowest median"
    return [Figure(name, slowest, "ms", GOAL_LOOK_UP_MS, Bound.AT_MOST, samples)]


def _found(answer: object) -> None:
    assert answer, "the look-up found nothing"
