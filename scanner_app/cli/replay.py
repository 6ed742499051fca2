"""`scanner replay`: drives the headless terminal by JSON lines, through the very pipeline of the screen.

Each line is one step and prints one line (docs/commands.md). Time moves on by a second a line and not otherwise, so
that a replay comes to the same on every machine; `{"at": …}` sets the clock.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from scanner_app.cli.given import text_given
from scanner_app.cli.streams import input_lines, tell
from scanner_app.clock import SettableClock, SystemClock

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator

    from scanner_app.bootstrap import Station
    from scanner_app.cli.replay_lines import ReplayLine

DONE = 0
NO = 1
UNREADABLE = "REPLAY_UNREADABLE"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """FILE or -, and the time it starts at."""
    parser.add_argument("file", metavar="FILE", help="JSON lines (docs/commands.md), - for standard input")
    parser.add_argument("--now", metavar="T", help="date or time at which the replay starts (default: now)")
    parser.add_argument("--json", action="store_true", help="the answer is JSON in any case")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when every line ran, 1 where an `expect` did not match, 2 for a line that cannot be run: it ends there.

    A file is checked as a whole first, so that nothing of one with a bad line is played.
    """
    from scanner_app.bootstrap import instant_of, open_station  # noqa: PLC0415 - after the arguments are known

    found = open_station(options.config)
    start = SystemClock().now() if options.now is None else instant_of(options.now, found.config.zone)
    station = replace(found, clock=SettableClock(start))
    lines = (
        checked(input_lines())
        if options.file == "-"
        else list(checked(text_given(options.file, UNREADABLE).split("\n")))
    )
    return play(lines, station, tell)


def checked(texts: Iterable[str]) -> Iterator[ReplayLine]:
    """The lines of a replay, each checked as it comes; empty ones are left out. Raises ConfigError."""
    from scanner_app.cli.replay_lines import read_line  # noqa: PLC0415 - loads the workflows

    for number, text in enumerate(texts, start=1):
        if text.strip("\r\n\t "):
            yield read_line(text, number)


def play(lines: Iterable[ReplayLine], station: Station, write: Callable[[str], None]) -> int:
    """Plays the lines on a station whose clock can be set; writes a JSON line for each step."""
    from scanner_app.cli.player import Player  # noqa: PLC0415 - loads the whole terminal

    player = Player(station)
    exit_code = DONE
    try:
        for line in lines:
            step = player.play(line)
            if step is None:
                continue
            if step.get("matched") is False:
                exit_code = NO
            write(json.dumps(step, ensure_ascii=False))
    finally:
        player.close()
    return exit_code
