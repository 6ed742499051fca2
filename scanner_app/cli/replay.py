"""`scanner replay`: drives the headless terminal by JSON lines, through the very pipeline of the screen.

Each line is one step and prints one line (docs/contract). Time moves on by a second a line and not otherwise, so that a
replay comes to the same on every machine; `{"at": …}` sets the clock.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanner_app.clock import SettableClock, SystemClock
from scanner_app.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable

    from scanner_app.bootstrap import Station

DONE = 0
NO = 1
LINE_BYTES_MAX = 1 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """FILE or -, and the time it starts at."""
    parser.add_argument("file", metavar="FILE", help="JSON lines, - for standard input")
    parser.add_argument("--now", metavar="T", help="date or time at which the replay starts (default: now)")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when every line ran, 1 where an `expect` did not match, 2 for a line that cannot be run."""
    from scanner_app.bootstrap import Station, instant_of, open_station  # noqa: PLC0415 - after the arguments are known

    found = open_station(options.config)
    start = SystemClock().now() if options.now is None else instant_of(options.now, found.config.zone)
    station = Station(found.home, found.config, SettableClock(start))
    lines = sys.stdin if options.file == "-" else _lines_of(options.file)
    return play(lines, station, lambda line: print(line, flush=True))


def _lines_of(name: str) -> Iterable[str]:
    try:
        return Path(name).read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as fault:
        message = f"{name}: cannot be read: {fault}."
        raise ConfigError("REPLAY_UNREADABLE", message) from fault


def play(lines: Iterable[str], station: Station, write: Callable[[str], None]) -> int:
    """Plays the lines on a station whose clock can be set; writes a JSON line for each step."""
    from scanner_app.cli.player import Player  # noqa: PLC0415 - loads the whole terminal

    player = Player(station)
    exit_code = DONE
    try:
        for number, text in enumerate(lines, start=1):
            if not text.strip("\r\n\t "):
                continue
            step = player.step(_object_of(text, number), number)
            if step is None:
                continue
            if step.get("matched") is False:
                exit_code = NO
            write(json.dumps(step, ensure_ascii=False))
    finally:
        player.close()
    return exit_code


def _object_of(text: str, number: int) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as fault:
        message = f"line {number}: is no JSON: {fault}."
        raise ConfigError("REPLAY_LINE", message) from fault
    if not isinstance(given, dict):
        message = f"line {number}: is no JSON object."
        raise ConfigError("REPLAY_LINE", message)
    return given
