"""`python -m bench [--quick] [--only PART …]`: prints the table and writes bench/results.json.

The ledgers that are measured stand in a temporary folder beside this file (or in --folder), so that the disk is the
project's own and not a memory file system.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.applying import measure_applying
from bench.committing import measure_committing, measure_syncs
from bench.figures import Figure, results_text, table_text
from bench.growing import measure_growth
from bench.parsing import measure_parsing
from bench.repainting import measure_linked, measure_repainting
from bench.serving import measure_serving
from bench.starting import measure_starting
from bench.syncing import measure_syncing

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
PARTS: dict[str, Callable[[Path, bool], list[Figure]]] = {
    "parse": lambda _, quick: measure_parsing(quick=quick),
    "commit": lambda folder, quick: measure_committing(folder, quick=quick),
    "syncs": lambda folder, _: measure_syncs(folder),
    "repaint": lambda folder, quick: measure_repainting(folder, quick=quick),
    "linked": lambda folder, quick: measure_linked(folder, quick=quick),
    "start": lambda folder, quick: measure_starting(folder, quick=quick),
    "apply": lambda folder, quick: measure_applying(folder, quick=quick),
    "serving": lambda folder, quick: measure_serving(folder, quick=quick),
    "syncing": lambda folder, quick: measure_syncing(folder, quick=quick),
    "growth": lambda folder, quick: measure_growth(folder, quick=quick),
}


def main(arguments: list[str] | None = None) -> int:
    """Measures every part, or those named; 0 unless something crashed."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="figures, each a ratio to a limit of the same run"
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and 100,000 postings instead of 1,000,000")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"some of: {', '.join(PARTS)}")
    parser.add_argument("--folder", type=Path, default=HERE, help="where the measured ledgers stand for the while")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the figures are written as JSON")
    options = parser.parse_args(arguments)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix=".run-", dir=options.folder) as run_folder:
        for name in options.only or PARTS:
            sys.stderr.write(f"bench: {name} ...")
            sys.stderr.flush()
            start = time.monotonic()
            part_folder = Path(run_folder) / name
            part_folder.mkdir()
            figures += PARTS[name](part_folder, options.quick)
            sys.stderr.write(f" {time.monotonic() - start:.0f} s\n")
    print(table_text(figures), end="")
    options.results.write_text(results_text(figures, machine(quick=options.quick)), "utf-8")
    return 0


def machine(*, quick: bool) -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load": round(os.getloadavg()[0], 2),
        "quick": quick,
    }


if __name__ == "__main__":
    sys.exit(main())
