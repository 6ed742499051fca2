"""`scanner init`: a home with a configuration and an empty ledger; with --demo, the demonstration site in it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from scanner_app.errors import ConfigError

if TYPE_CHECKING:
    import argparse

    from scanner_app.config import Home
    from scanner_app.demo.site import DemoSite

DONE = 0
DEMO_DEVICE = "DEMO-1"
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
    """Exit 0 when the home is there; 2 when there is one already."""
    from scanner_app.config import find_home  # noqa: PLC0415 - after the arguments are known

    home = find_home(config_file=options.config)
    device = options.device or (DEMO_DEVICE if options.demo else os.uname().nodename.upper()) or "HANDHELD-1"
    make_home(home, options.now, demo=options.demo, device=device, site=options.site, zone=options.time_zone)
    sys.stderr.write(f"scanner: configuration in {home.config_path}, ledger in {home.ledger_path}.\n")
    return DONE


def make_home(
    home: Home, now: str | None, *, demo: bool, device: str = DEMO_DEVICE, site: str = "SITE-1", zone: str = "UTC"
) -> DemoSite:
    """Writes the configuration and makes the ledger. Raises ConfigError where a home is there already.

    Gives the demonstration site, whose labels a virtual scanner may want, whether it was loaded or not.
    """
    from scanner_app.bootstrap import Station, clock_of, judge_of, open_ledger  # noqa: PLC0415 - loads the ledger
    from scanner_app.config import config_of, read_config  # noqa: PLC0415 - loaded when it is used
    from scanner_app.demo.site import load_demo  # noqa: PLC0415 - loaded when it is used

    for path in (home.config_path, home.ledger_path):
        if path.exists():
            message = f"{path} is there already."
            raise ConfigError("HOME_EXISTS", message, remedy="Name another home with SCANNER_HOME, or move it away.")
    tables = {"site": {"id": site, "name": _site_name(demo=demo), "time_zone": zone}, "device": {"id": device}}
    zone_info = config_of(tables, "scanner init").zone
    home.state_folder.mkdir(parents=True, exist_ok=True, mode=OWNER_FOLDER)
    home.config_path.parent.mkdir(parents=True, exist_ok=True)
    home.config_path.write_text(_toml(tables), "utf-8")
    home.config_path.chmod(OWNER_FILE)
    station = Station(home, read_config(home.config_path), clock_of(now, zone_info))
    demo_site = load_demo(station.clock.now().astimezone(zone_info).date())
    ledger = open_ledger(station)
    try:
        if demo:
            from scanner_app.bootstrap.loading import load_into  # noqa: PLC0415 - only with --demo

            load_into(ledger, demo_site, judge_of(station))
    finally:
        ledger.close()
    return demo_site


def _site_name(*, demo: bool) -> str:
    return "Demo" if demo else "Site 1"


def _toml(tables: dict[str, dict[str, str]]) -> str:
    """The tables as TOML; values are checked to be printable, and quoted as literal strings cannot be."""
    lines = ["# config.example.toml explains every key; what is not here has its default."]
    for name, table in tables.items():
        lines += ["", f"[{name}]"]
        for key, value in table.items():
            quoted = value.replace("\\", "\\\\").replace('"', '\\"')
            lines.append(f'{key} = "{quoted}"')
    return "\n".join(lines) + "\n"
