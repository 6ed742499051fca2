"""`python -m tests.simulation SEED --verbose` plays a seed again; `python -m tests.simulation --seeds N` plays many."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from tests.simulation.world import WEATHER, Result, run

CHUNK: Final = 25
TELL_EVERY_S: Final = 30.0


def main() -> int:
    """1 where a promise does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", help="play this one")
    parser.add_argument("--verbose", action="store_true", help="say what happens")
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--results", type=Path, help="a file that the line of results is added to")
    given = parser.parse_args()
    if given.seed is not None:
        result = run(given.seed, telling=given.verbose)
        sys.stdout.write(f"seed {given.seed}: {result.finding or 'every promise holds'}\n")
        return int(result.finding is not None)
    return many(given)


def many(given: argparse.Namespace) -> int:
    """Many seeds in several processes; says how far it is, every finding, and the figures."""
    started = told = time.monotonic()
    figures: Counter[str] = Counter()
    failures = done = 0
    with ProcessPoolExecutor(given.workers) as pool:
        for result in pool.map(run, range(given.first, given.first + given.seeds), chunksize=CHUNK):
            figures += result.figures
            done += 1
            if result.finding is not None:
                failures += 1
                sys.stdout.write(f"{failed(result)}\n")
            if time.monotonic() - told > TELL_EVERY_S:
                told = time.monotonic()
                sys.stderr.write(f"{done} of {given.seeds} seeds, {failures} failed, {told - started:.0f} s\n")
    table = figures_of(figures, given, failures, time.monotonic() - started)
    sys.stdout.write(table)
    if given.results is not None:
        with given.results.open("a", encoding="utf-8") as file:
            file.write(table.splitlines()[-1] + "\n")
    return int(failures > 0)


def failed(result: Result) -> str:
    """A finding, and how to see it again."""
    return f"seed {result.seed}: {result.finding}\n  .venv/bin/python -m tests.simulation {result.seed} --verbose"


def figures_of(figures: Counter[str], given: argparse.Namespace, failures: int, seconds: float) -> str:
    """A line for each figure, and one for the whole."""
    lines = [f"{name:32} {figures[name]:>12,}" for name in sorted(figures)]
    faults = sum(figures[name] for name in WEATHER)
    lines.append(
        f"seeds {given.first} to {given.first + given.seeds - 1}: {given.seeds} seeds, {figures['steps']} steps, "
        f"{figures['entries']} entries, {faults} faults, {failures} failures, {seconds:.0f} s"
    )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
