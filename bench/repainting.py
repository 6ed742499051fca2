"""From the last byte of a scan on the serial line to the green panel on the screen, against the commit alone.

The real program runs on a pseudo-terminal and reads a virtual scanner on another one. Every green result is followed by
the same scan again, which paints another colour, so that each measured one has to turn the whole panel green.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from bench.committing import commit_scan, open_ledger
from bench.figures import NS_PER_MS, Bound, Figure, quantile, sample_of, sample_of_ns
from bench.pty_screen import PtyScreen, visible
from bench.scans import received_entries, task_row
from bench.starting import OURS, PAINT_TIMEOUT_S, make_home
from devices.simulator import VirtualScanner
from scanner_app.cli.demo_centre import demo_centre
from scanner_app.cli.init import DEMO_DEVICE
from scanner_app.demo.labels import badge_scan, document_scan, expected_scan
from scanner_app.demo.site import DemoSite, load_demo
from scanner_app.domain.entry import Entry
from scanner_app.store.ledger import Ledger

DOCUMENT = "ASN-1001"
SCANS_QUICK = 24
WARM_UP = 4
GOAL_ADDED_MS = 12.0
GOAL_LINKED_MS = 1.0
"""Nothing measurable: less than what one run of the same differs from another."""
QUIET_S = 0.25
STEP_TIMEOUT_S = 10.0
KEY_EVERY_S = 0.2
GREEN = re.compile(rb"\x1b\[(?:\d+;)*42(?:;\d+)*m")
"""Select Graphic Rendition 42 (ECMA-48): a green background; nothing but an accepted result has one."""


def measure_repainting(folder: Path, *, quick: bool) -> list[Figure]:
    """Units of a delivery one by one; after each, one commit into a ledger of the same folder, for comparison."""
    painted, alone = _painted(folder, quick=quick)
    repaint = sample_of_ns("scan on the line to green, ms", painted)
    commit = sample_of_ns("commit alone, ms", alone)
    added = [max(0.0, (shown - quantile(alone, 0.5)) / NS_PER_MS) for shown in painted]
    return [
        Figure(
            "scan on the line to green, over the commit alone", repaint.p50 - commit.p50, "ms", GOAL_ADDED_MS,
            Bound.AT_MOST, (repaint, commit, sample_of("added, ms", added)),
        )
    ]  # fmt: skip


def measure_linked(folder: Path, *, quick: bool) -> list[Figure]:
    """The same shift on a handheld that sends each scan to a centre on this machine at once, and on one alone."""
    apart, linked = folder / "apart", folder / "linked"
    apart.mkdir()
    linked.mkdir()
    alone, _ = _painted(apart, quick=quick)
    sending, _ = _painted(linked, quick=quick, enrolled=True)
    without = sample_of_ns("scan to green without a centre, ms", alone)
    with_one = sample_of_ns("scan to green while each is sent, ms", sending)
    return [
        Figure(
            "scan on the line to green, with a centre over without", with_one.p50 - without.p50, "ms", GOAL_LINKED_MS,
            Bound.AT_MOST, (with_one, without),
        )
    ]  # fmt: skip


def _painted(folder: Path, *, quick: bool, enrolled: bool = False) -> tuple[list[int], list[int]]:
    """Nanoseconds to green for each unit once it is warm, and of one commit alone after each."""
    site = load_demo(datetime.now(UTC).date())
    units = [expected_scan(unit) for unit in site.document(DOCUMENT).units]
    units = units[: SCANS_QUICK + WARM_UP] if quick else units
    with VirtualScanner() as scanner, ExitStack() as stack:
        environment = make_home(folder / "home")
        if enrolled:
            stack.enter_context(demo_centre(folder / "home", None, DEMO_DEVICE))
        _plug_in(folder / "home" / "config.toml", scanner.path)
        ledger = open_ledger(folder / "alone.db")
        entries = list(itertools.islice(received_entries(), len(units)))
        try:
            with PtyScreen(OURS, environment) as screen:
                _begin(screen, scanner, site)
                painted, alone = _take_turns(screen, scanner, ledger, units, entries)
        finally:
            ledger.close()
    return painted[WARM_UP:], alone[WARM_UP:]


def _plug_in(config: Path, port: str) -> None:
    """Adds the virtual scanner to a home's configuration."""
    block = f'\n[[scanner]]\nname = "bench"\nport = "{port}"\ncommissioned = true\n'
    config.write_text(config.read_text("utf-8") + block, "utf-8")


def _begin(screen: PtyScreen, scanner: VirtualScanner, site: DemoSite) -> None:
    """Signs in and opens the delivery."""
    person = site.operators[0]
    screen.read_until(lambda output: len(visible(output)) > 0, PAINT_TIMEOUT_S)
    screen.drain(1.0)
    steps: tuple[Callable[[], None], ...] = (
        lambda: scanner.scan(badge_scan(person)),
        lambda: _type_slowly(screen, person.pin + "\r"),
        lambda: scanner.scan(document_scan(DOCUMENT)),
    )
    for step in steps:
        step()
        screen.read_until(lambda output: len(visible(output)) > 0, STEP_TIMEOUT_S)
        screen.drain(1.0)


def _type_slowly(screen: PtyScreen, keys: str) -> None:
    """Types as a person does; all at once it would be taken for a scan."""
    for key in keys:
        screen.type(key.encode("ascii"))
        time.sleep(KEY_EVERY_S)


def _take_turns(
    screen: PtyScreen, scanner: VirtualScanner, ledger: Ledger, units: list[str], entries: list[Entry]
) -> tuple[list[int], list[int]]:
    """Nanoseconds to green for each unit, and of one commit alone after it."""
    painted, alone = [], []
    for number, unit in enumerate(units):
        start = time.perf_counter_ns()
        scanner.scan(unit)
        _, shown = screen.read_until(lambda output: GREEN.search(output) is not None, STEP_TIMEOUT_S)
        painted.append(shown - start)
        screen.drain(QUIET_S)
        start = time.perf_counter_ns()
        commit_scan(ledger, entries[number], task_row(number))
        alone.append(time.perf_counter_ns() - start)
        scanner.scan(unit)
        screen.read_until(lambda output: len(visible(output)) > 0, STEP_TIMEOUT_S)
        screen.drain(QUIET_S)
    return painted, alone
