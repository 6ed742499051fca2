"""`scanner sync`: sends and fetches now, without the screen. The running terminal does it by itself."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from time import sleep
from typing import TYPE_CHECKING

from scanner_app.cli.telling import counted
from scanner_app.errors import ConfigError
from scanner_app.phrases import phrases_of

if TYPE_CHECKING:
    import argparse

    from scanner_app.bootstrap import Station
    from scanner_app.store.ledger import Ledger

DONE = 0
UNUSABLE = 3
ONCE_S = 60.0
"""How long one round may take at most; a site's first snapshot is the longest part of it."""
TRY_AGAIN_S = 5.0
NOT_ENROLLED = "NOT_ENROLLED"


@dataclass(frozen=True, slots=True)
class Synced:
    """What a round came to. `sent`, `pending`: entries that went now, and that still wait."""

    ok: bool
    sent: int
    pending: int
    parked: int
    link: str
    notice: str

    @property
    def sentence(self) -> str:
        """For people."""
        went = f"{counted(self.sent, 'entry', 'entries')} sent"
        waits = f", {counted(self.pending, 'entry waits', 'entries wait')}" if self.pending else ""
        if self.ok:
            return f"{went}{waits}; the site is up to date"
        why = phrases_of("en").say(f"screen.notice.{self.notice}") if self.notice else f"the centre is {self.link}"
        return f"{went}{waits}; {why}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--once, --json."""
    parser.add_argument("--once", action="store_true", help="give up where the centre cannot be reached")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when all was sent and fetched; 3 where the centre cannot be reached or does not let us in."""
    while True:
        told = sync_once(options.config)
        if told.ok or options.once or told.notice:
            break
        sys.stderr.write(f"scanner: {told.sentence}; trying again.\n")
        sleep(TRY_AGAIN_S)
    figures = {
        "ok": told.ok, "sent": told.sent, "pending": told.pending, "parked": told.parked,
        "link": told.link, "notice": told.notice or None,
    }  # fmt: skip
    print(json.dumps(figures) if options.json else told.sentence)
    return DONE if told.ok else UNUSABLE


def sync_once(config: str | None) -> Synced:
    """One round of the home in force. Raises ConfigError NOT_ENROLLED, StoreError while the ledger is in use."""
    from scanner_app.bootstrap import open_ledger, open_station  # noqa: PLC0415 - after the arguments are known

    station = open_station(config)
    if station.binding is None:
        message = "this handheld is enrolled nowhere."
        raise ConfigError(NOT_ENROLLED, message, remedy="scanner enrol URL CODE binds it to a centre.")
    ledger = open_ledger(station)
    try:
        return synced_home(station, ledger, ONCE_S)
    finally:
        ledger.close()


def synced_home(station: Station, ledger: Ledger, within_s: float) -> Synced:
    """Sends and fetches until there is nothing to do, or for so long; for a home that is enrolled."""
    from scanner_app.bootstrap.syncing import Centre  # noqa: PLC0415 - loads the network

    assert station.binding is not None, "only what is enrolled is synced"
    centre = Centre(station, station.binding, lambda run: run(ledger), lambda: ledger.outbox)
    before, _ = ledger.outbox.outbox()
    try:
        ok = centre.settle(within_s)
    finally:
        centre.close()
    pending, _ = ledger.outbox.outbox()
    notice = centre.state.notice
    return Synced(
        ok and not pending, max(0, before - pending), pending, ledger.counters().parked, centre.state.link.value,
        "" if notice is None else notice.value,
    )  # fmt: skip
