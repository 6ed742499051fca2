"""`scanner init`: a home with a configuration and an empty ledger; with --demo, the demonstration site in it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from scanner_app.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from scanner_app.bootstrap import Station
    from scanner_app.config import Home
    from scanner_app.demo.site import DemoSite

DONE = 0
DEMO_DEVICE = "DEMO-1"
EXAMPLE_NAME = "config.example.toml"
OWNER_FOLDER = 0o700
OWNER_FILE = 0o600


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--demo, --now, and what makes this device and site."""
    parser.add_argument("--demo", action="store_true", help="put the demonstration site into it")
    parser.add_argument("--now", metavar="DATE", help="the day from which the demonstration counts expiry dates")
    parser.add_argument("--device", metavar="ID", help="this handheld's id (default: the machine's name)")
    parser.add_argument("--site", metavar="ID", default="SITE-1", help="the site's id")
    parser.add_argument("--time-zone", metavar="ZONE", default="UTC", help="the site's time zone, such as Europe/Oslo")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when the home is there; 2 when there is one already, 3 where none can be made."""
    from scanner_app.config import find_home  # noqa: PLC0415 - after the arguments are known

    home = find_home(config_file=options.config)
    device = options.device or (DEMO_DEVICE if options.demo else own_name())
    make_home(home, options.now, Names(device, options.site, options.time_zone), demo=options.demo)
    sys.stderr.write(f"scanner: configuration in {home.config_path}, ledger in {home.ledger_path}.\n")
    return DONE


def own_name() -> str:
    """What a handheld is called until somebody says otherwise: the machine's name."""
    return os.uname().nodename.upper() or "HANDHELD-1"


@dataclass(frozen=True, slots=True)
class Names:
    """What a new home is called: the handheld, its site, and the site's time zone."""

    device: str = DEMO_DEVICE
    site: str = "SITE-1"
    zone: str = "UTC"


def make_home(home: Home, now: str | None, names: Names, *, demo: bool, loads: bool = True) -> DemoSite:
    """Writes the configuration and makes the ledger. Raises ConfigError where a home is there already.

    Gives the demonstration site, whose labels a virtual scanner may want, whether it was loaded or not; one that is
    enrolled at the demonstration's centre is not, since it comes from there.
    """
    from scanner_app.bootstrap import Station, clock_of  # noqa: PLC0415 - loads the ledger
    from scanner_app.config import config_of  # noqa: PLC0415 - loaded when it is used
    from scanner_app.demo.site import load_demo  # noqa: PLC0415 - loaded when it is used

    for path in (home.config_path, home.ledger_path):
        if path.exists():
            message = f"{path} is there already."
            raise ConfigError("HOME_EXISTS", message, remedy="Name another home with SCANNER_HOME, or move it away.")
    named = {"id": names.site, "name": _site_name(demo=demo), "time_zone": names.zone}
    chosen = {"site": named, "device": {"id": names.device}}
    config = config_of(chosen, "scanner init")
    station = Station(home, config, clock_of(now, config.zone))
    demo_site = load_demo(station.clock.now().astimezone(config.zone).date())
    home.state_folder.mkdir(parents=True, exist_ok=True, mode=OWNER_FOLDER)
    home.config_path.parent.mkdir(parents=True, exist_ok=True)
    home.config_path.touch(OWNER_FILE)
    home.config_path.write_text(explained_config(chosen), "utf-8")
    _make_ledger(station, demo_site if demo and loads else None)
    return demo_site


def _make_ledger(station: Station, demo_site: DemoSite | None) -> None:
    """The ledger; with the demonstration site in it, where there is one."""
    from scanner_app.bootstrap import judge_of, open_ledger  # noqa: PLC0415 - loads the ledger

    ledger = open_ledger(station)
    try:
        if demo_site is not None:
            from scanner_app.bootstrap.loading import load_into  # noqa: PLC0415 - only with --demo

            load_into(ledger, demo_site, judge_of(station))
    finally:
        ledger.close()


def _site_name(*, demo: bool) -> str:
    return "Demo" if demo else "Site 1"


def explained_config(chosen: Mapping[str, Mapping[str, str]]) -> str:
    """config.example.toml with the chosen texts (table, key, text) in the place of its defaults."""
    table, lines = "", []
    for line in (files("scanner_app") / EXAMPLE_NAME).read_text("utf-8").split("\n"):
        table = line.strip("[]") if line.startswith("[") else table
        key = line.partition(" = ")[0]
        text = chosen.get(table, {}).get(key)
        lines.append(line if text is None else f"{key} = {_quoted(text)}")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """Printable text as a TOML string; literal strings cannot hold an apostrophe."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
