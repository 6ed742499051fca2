"""Saves so many scans into a ledger and ends: what strace watches.

    python -m bench.save_scans LEDGER COUNT

The ledger is not closed in order, so that the checkpoint of closing is not counted as a scan's.
"""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

from bench.committing import commit_scan, open_ledger
from bench.scans import received_entries, task_row


def main(ledger: str, count: str) -> None:
    """Opens, saves, leaves."""
    opened = open_ledger(Path(ledger))
    for number, entry in enumerate(itertools.islice(received_entries(), int(count))):
        commit_scan(opened, entry, task_row(number))
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
