"""The demonstration shift, played line by line where there is no screen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from scanner_app.cli.player import Player
from scanner_app.demo.shift import shift_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner_app.bootstrap import Station
    from scanner_app.demo.site import DemoSite

DONE = 0
NO = 1
MARKS = {"accepted": "OK  ", "refused": "STOP", "prompt": "    ", "noop": "    "}


def play_shift(station: Station, site: DemoSite, write: Callable[[str], None]) -> int:
    """Plays the shift headlessly, tells each step in a line, then the stock it made; exit 1 if a step differs."""
    from scanner_app.cli.stock import print_stock  # noqa: PLC0415 - only after the shift

    player = Player(station)
    exit_code, told = DONE, ""
    try:
        for number, text in enumerate(shift_lines(site), start=1):
            line = json.loads(text)
            step = player.step(line, number)
            if step is None:
                continue
            if step.get("matched") is False:
                exit_code = NO
                write(f"     differs: expected {step['expected']}, got {step['got']}")
            else:
                write(f"{MARKS[step['result']]} {_what(line)[:34]:34}  {step['say'] or step['prompt']}")
        told = player.told_of_centre()
    finally:
        player.close()
    write("")
    print_stock(station, write)
    if told:
        write(told)
    return exit_code


def _what(line: dict[str, Any]) -> str:
    """A line of the shift in a few words."""
    if "sign_in" in line:
        return "badge " + str(line["sign_in"]).partition(".")[0]
    if "open" in line:
        return f"{line['open']} {line.get('document') or ''}"
    if "text" in line:
        return "the PIN at the lock"
    name, value = next(iter(line.items()))
    shown = str(value).replace("\x1d", "␝")
    return shown if name == "scan" else f"{name} {shown}"
