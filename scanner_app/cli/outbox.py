"""`scanner outbox`: what has not been sent yet, and what the centre has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from scanner_app.cli.asking import reading
from scanner_app.cli.telling import counted
from scanner_app.store.outbox import whole_outbox

if TYPE_CHECKING:
    import argparse

DONE = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(options: argparse.Namespace) -> int:
    """Exit 0."""
    from scanner_app.bootstrap import open_station  # noqa: PLC0415 - loaded when it is used

    station = open_station(options.config)
    with reading(station) as connection:
        found = whole_outbox(connection)
    now_s = station.clock.now().timestamp()
    age_s = None if found.oldest_ms is None else max(0, round(now_s - found.oldest_ms / 1000))
    if options.json:
        figures = {"pending": found.pending, "acked": found.acked, "safe": found.safe, "parked": found.parked}
        print(json.dumps({**figures, "oldest_pending_s": age_s}))
        return DONE
    waits = counted(found.pending, "entry waits", "entries wait")
    if station.binding is None:
        print(f"{waits}; this handheld is enrolled nowhere")
    else:
        print(f"{waits}{'' if age_s is None else f', the oldest for {age_s} s'}; the centre has {found.acked}")
    return DONE
