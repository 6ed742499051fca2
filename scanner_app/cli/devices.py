"""`scanner devices list|monitor|simulate`: what is plugged in, what it sends, and a scanner that is none."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from scanner_app.cli.given import text_given
from scanner_app.cli.streams import input_lines
from scanner_app.errors import DeviceError
from scanner_app.phrases import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from scanner_app.bootstrap.scanners import SourceStatus
    from scanner_app.intake import RawScan

DONE = 0
PER_SECOND_DEFAULT = 2.0
UNUSABLE = frozenset({"stopped", "denied", "busy"})
READY, LOST = "ready", "lost"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="serial ports that may be scanners, each with its stable name")
    listing.add_argument("--json", action="store_true", help="a JSON object a line")
    monitor = actions.add_parser("monitor", help="print what a scanner sends, as it comes")
    monitor.add_argument("port", metavar="PORT", help="a path such as /dev/serial/by-id/…")
    monitor.add_argument("--bit-rate", type=int, default=9600, metavar="N", help="bits per second (default 9600)")
    monitor.add_argument("--json", action="store_true", help="the answer is JSON in any case")
    monitor.add_argument("--count", type=int, default=0, metavar="N", help="end after N scans (default: never)")
    monitor.add_argument("--wait", action="store_true", help="wait for a port that is not there yet")
    simulate = actions.add_parser("simulate", help="a virtual scanner on a pty; prints its path first")
    simulate.add_argument("file", nargs="?", metavar="FILE", help="scans, one a line (default: typed lines)")
    simulate.add_argument(
        "--rate", type=float, default=PER_SECOND_DEFAULT, metavar="N", help="scans a second, 0 as fast as they are read"
    )
    simulate.add_argument("--link", metavar="PATH", help="a stable name for the pty")
    simulate.add_argument("--stay", action="store_true", help="stay plugged in after the last scan")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when done, 2 for an unusable file, 3 when the port cannot be used."""
    if options.action == "list":
        return _list(as_json=options.json)
    if options.action == "monitor":
        return _monitor(options.port, options.bit_rate, options.count, wait=options.wait)
    return _simulate(options)


def _list(*, as_json: bool) -> int:
    from scanner_app.bootstrap.scanners import serial_ports  # noqa: PLC0415 - loaded when it is used

    candidates = serial_ports()
    for candidate in candidates:
        if as_json:
            found = {
                "path": candidate.path, "device": candidate.device, "label": candidate.label,
                "usb_id": candidate.usb_id, "problem": candidate.problem, "remedy": candidate.remedy,
            }  # fmt: skip
            print(json.dumps(found, ensure_ascii=False))
        else:
            trouble = f"  {candidate.problem} {candidate.remedy}" if candidate.problem else ""
            print(f"{candidate.path}  {printable(candidate.label)}{trouble}")
    if not candidates:
        sys.stderr.write("scanner: no serial port was found; `scanner devices simulate` makes a virtual one.\n")
    return DONE


def _monitor(port: str, bit_rate: int, count: int, *, wait: bool) -> int:
    """Prints scans until there were `count`. A port that was there may be unplugged: it is waited for."""
    from scanner_app.bootstrap.scanners import watch_port  # noqa: PLC0415 - loaded when it is used

    ended = threading.Event()
    failed: list[SourceStatus] = []
    seen = 0
    waits = wait

    def deliver(raw: RawScan) -> None:
        nonlocal seen
        seen += 1
        shown = {"scan": raw.text, "bytes": raw.payload.hex(), "symbology": raw.symbology}
        print(json.dumps({**shown, "ended_by": raw.ended_by.value, "cut": raw.cut}), flush=True)
        if count and seen >= count:
            ended.set()

    def changed(status: SourceStatus) -> None:
        nonlocal waits
        sys.stderr.write(f"scanner: {status.state.value} {status.detail} {status.remedy}".rstrip(" ") + "\n")
        waits = waits or status.state.value == READY
        is_missing = status.state.value == LOST and not waits
        if (is_missing or status.state.value in UNUSABLE) and not ended.is_set():
            failed.append(status)
            ended.set()

    source = watch_port(port, bit_rate, deliver, changed)
    try:
        ended.wait()
    finally:
        ended.set()
        source.stop()
    if failed:
        raise DeviceError(failed[0].code, failed[0].detail, remedy=failed[0].remedy, retryable=True)
    return DONE


def _simulate(options: argparse.Namespace) -> int:
    from scanner_app.bootstrap.scanners import simulate  # noqa: PLC0415 - loaded when it is used

    link = None if options.link is None else Path(options.link)
    simulate(
        _lines(options.file), lambda line: print(line, flush=True), per_second=options.rate, link=link,
        stay=options.stay,
    )  # fmt: skip
    return DONE


def _lines(name: str | None) -> Iterable[str]:
    return input_lines() if name is None else text_given(name, "SIMULATOR").split("\n")
