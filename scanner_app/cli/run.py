"""`scanner run`: the full-screen terminal; with --demo on a throw-away home, whose shift is played without a screen."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from scanner_app.cli.ending import ended_in_order, go_on, leave_by
from scanner_app.errors import DeviceError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from scanner_app.bootstrap import Station
    from scanner_app.bootstrap.terminal import Terminal
    from scanner_app.cli.starting import StartingTerminal
    from scanner_app.config import Config, Home
    from scanner_app.demo.site import DemoSite

DONE = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--demo, --now."""
    parser.add_argument("--demo", action="store_true", help="a throw-away home with the demonstration site")
    parser.add_argument("--now", metavar="T", help="date or time to start at (default: now)")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when the terminal is left, or goes away. Raises DeviceError where there is none."""
    os.environ.setdefault("TEXTUAL_DISABLE_KITTY_KEY", "1")
    with ended_in_order():
        if options.demo:
            with tempfile.TemporaryDirectory(prefix="scanner-demo-") as folder:
                return _demonstrate(Path(folder), options.now)
        if not _on_a_terminal():
            remedy = "`scanner replay` drives it without one, `scanner run --demo` plays its shift."
            raise DeviceError("NO_TERMINAL", "the screen needs a terminal.", remedy=remedy)
        return _work(options)


def _on_a_terminal() -> bool:
    """Whether keys come from a terminal and the screen goes to one; the library writes it to standard error."""
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def _work(options: argparse.Namespace) -> int:
    """The terminal on the home in force; once it was enrolled by a scan it begins anew, under its new name."""
    while _shown(options).enrolled:
        pass
    return DONE


def _shown(options: argparse.Namespace) -> StartingTerminal:
    """The terminal until it is left; only its configuration is read before the first paint."""
    from scanner_app.config import find_home, home_config  # noqa: PLC0415 - after the arguments are known
    from sync.binding import bound, read_binding  # noqa: PLC0415 - after the arguments are known

    home = find_home(config_file=options.config)
    binding = read_binding(home.state_folder)
    config = bound(home_config(home, options.config), binding)
    if not home.ledger_path.exists():
        sys.stderr.write(f"scanner: a new home in {home.state_folder}; `scanner init` configures it.\n")

    def make() -> Terminal:
        from scanner_app.bootstrap import Station, clock_of  # noqa: PLC0415 - after the first paint
        from scanner_app.bootstrap.scanners import scanners_of  # noqa: PLC0415 - after the first paint
        from scanner_app.bootstrap.terminal import Terminal  # noqa: PLC0415 - after the first paint

        station = Station(home, config, clock_of(options.now, config.zone), binding)
        return Terminal(station, scanners_of(station))

    return show(config, make)


def _demonstrate(folder: Path, now: str | None) -> int:
    """The demonstration, with a centre of its own where this installation has one."""
    from scanner_app.cli.demo_centre import demo_centre, has_centre  # noqa: PLC0415 - loaded when it is used
    from scanner_app.cli.init import DEMO_DEVICE, Names, make_home  # noqa: PLC0415 - loaded when it is used
    from scanner_app.config import Home  # noqa: PLC0415 - loaded when it is used

    _tell("scanner: making the demonstration site ... ")
    home = Home(folder / "config.toml", folder)
    with_centre = has_centre()
    site = make_home(home, now, Names(), demo=True, loads=not with_centre)
    if not with_centre:
        _tell("done, without a centre.\n")
        return _show_or_play(home, site, now)
    with demo_centre(folder, now, DEMO_DEVICE):
        _tell("done.\n")
        return _show_or_play(home, site, now)


def _tell(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _show_or_play(home: Home, site: DemoSite, now: str | None) -> int:
    """On a screen, or its shift played line by line where there is none."""
    from scanner_app.bootstrap import instant_of, station_of  # noqa: PLC0415 - after the arguments are known
    from scanner_app.cli.demonstration import play_shift  # noqa: PLC0415 - loaded when it is used
    from scanner_app.clock import SettableClock, SystemClock  # noqa: PLC0415 - loaded when it is used

    station = station_of(home, None, now)
    if station.binding is not None:
        _first_sync(station)
    if _on_a_terminal():
        return _demonstrate_on_screen(station, site)
    start = SystemClock().now() if now is None else instant_of(now, station.config.zone)
    played = replace(station, clock=SettableClock(start))
    return play_shift(played, site, lambda line: print(line, flush=True))


def _first_sync(station: Station) -> None:
    """What the site knows, before anybody looks at the screen."""
    from scanner_app.bootstrap import open_ledger  # noqa: PLC0415 - loaded when it is used
    from scanner_app.cli.sync import ONCE_S, synced_home  # noqa: PLC0415 - loads the network

    ledger = open_ledger(station)
    try:
        synced_home(station, ledger, ONCE_S)
    finally:
        ledger.close()


def _demonstrate_on_screen(station: Station, site: DemoSite) -> int:
    from scanner_app.bootstrap.scanners import pull_trigger, virtual_scanner  # noqa: PLC0415 - loaded when it is used
    from scanner_app.cli.trigger import Trigger  # noqa: PLC0415 - loaded when it is used

    with virtual_scanner(station) as (scanner, plugged):
        guard_ms = station.config.scan.guard_ms
        trigger = Trigger(site, station.clock, guard_ms, lambda label: pull_trigger(scanner, label))

        def make() -> Terminal:
            from scanner_app.bootstrap.terminal import Terminal  # noqa: PLC0415 - after the first paint

            terminal = Terminal(station, [plugged], trigger.stripe)
            terminal.trigger(trigger.pull)
            return terminal

        show(station.config, make)
        return DONE


def show(config: Config, make: Callable[[], Terminal]) -> StartingTerminal:
    """Paints, then makes and starts the terminal, and runs the app on it until it is left. Raises what kept it."""
    from scanner_app.app import ScannerApp  # noqa: PLC0415 - Textual is loaded here and nowhere earlier
    from scanner_app.cli.starting import StartingTerminal, starting_view  # noqa: PLC0415 - with the screen
    from scanner_app.phrases import phrases_of  # noqa: PLC0415 - with the screen
    from screens.theme import ThemeName  # noqa: PLC0415 - with the screen
    from screens.words import words_of  # noqa: PLC0415 - with the screen

    def make_ready() -> Terminal:
        terminal = make()
        terminal.quitting(app.leave)
        terminal.bell(app.ring)
        return terminal

    driver = StartingTerminal(make_ready, starting_view(config))
    words = words_of(phrases_of(config.screen.language))
    sixteen = os.environ.get("TERM") == "linux"
    app = ScannerApp(driver, theme=ThemeName(config.screen.theme), sixteen=sixteen, words=words)
    driver.leave = app.leave
    leave_by(app.leave)
    try:
        app.run(mouse=False)
    finally:
        go_on()
        driver.stop()
    if driver.ended_by is not None:
        raise driver.ended_by
    return driver
