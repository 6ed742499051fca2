"""`scanner outbox`: what has not been sent yet. There is no centre, so nothing has: the answer says just that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from scanner_app.cli.asking import reading
from scanner_app.cli.telling import counted
from scanner_app.store.outbox import outbox_of

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
        pending, oldest_ms = outbox_of(connection)
    age = None if oldest_ms is None else max(0, round(station.clock.now().timestamp() - oldest_ms / 1000))
    found = {"pending": pending, "acked": 0, "safe": 0, "parked": 0, "oldest_pending_s": age}
    waiting = f"{counted(pending, 'entry waits', 'entries wait')}; there is no centre yet"
    print(json.dumps(found) if options.json else waiting)
    return DONE
