"""`scanner doctor`: permissions, devices, disk, clock and ledger, each with a remedy; exit 0 only when all is well."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from scanner_app.errors import StoreError
from scanner_app.terminal.health import HealthLine, clock_line, disk_line, health_rows, sqlite_line
from scanner_app.workflows.step import Line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from scanner_app.bootstrap import Station

HOLDS = 0
FAILS = 1
OWNER_ONLY = 0o077


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help="a JSON object a line")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when every check holds, 1 when one does not."""
    from scanner_app.bootstrap import open_station  # noqa: PLC0415 - after the arguments are known
    from scanner_app.phrases import phrases_of  # noqa: PLC0415 - loaded when it is used

    station = open_station(options.config)
    say = phrases_of(station.config.screen.language)
    exit_code = HOLDS
    for line in checks(station):
        name, text = say.say(line.name), say.say(line.text.code, line.text.parameters)
        remedy = "" if line.remedy is None else say.say(line.remedy, line.text.parameters)
        exit_code = exit_code if line.ok else FAILS
        if options.json:
            print(json.dumps({"check": name, "ok": line.ok, "text": text, "remedy": remedy}, ensure_ascii=False))
        else:
            print(f"{'ok  ' if line.ok else 'FAIL'} {name}: {text}{'. ' + remedy if remedy else ''}")
    return exit_code


def checks(station: Station) -> Iterator[HealthLine]:
    """Every check, in the order in which a person would mend them."""
    home = station.home
    present = home.config_path.exists()
    code = "screen.health.config.text" if present else "screen.health.config.default"
    yield HealthLine("screen.health.config", ok=True, text=Line(code, {"path": str(home.config_path)}))
    yield from _folder(station)
    if not home.ledger_path.exists():
        missing = Line("screen.health.ledger.missing", {"path": str(home.ledger_path)})
        yield HealthLine("screen.health.ledger", ok=False, text=missing, remedy="screen.health.ledger.init")
        yield from (clock_line(station.clock.now()), sqlite_line())
    else:
        yield from _ledger(station)
    yield from _scanners(station)


def _folder(station: Station) -> Iterator[HealthLine]:
    """The home's folder: there, ours, and closed to others."""
    folder = station.home.state_folder
    if not folder.exists():
        return
    mode = folder.stat().st_mode
    ok = os.access(folder, os.W_OK) and not mode & OWNER_ONLY
    text = Line("screen.health.folder.text", {"path": str(folder), "mode": oct(mode & 0o777)})
    yield HealthLine("screen.health.folder", ok, text, None if ok else "screen.health.folder.remedy")


def _ledger(station: Station) -> Iterator[HealthLine]:
    from scanner_app.bootstrap import open_ledger  # noqa: PLC0415 - opens the file only here

    try:
        ledger = open_ledger(station)
    except StoreError as fault:
        text = Line("screen.plain", {"text": str(fault)})
        yield HealthLine("screen.health.ledger", ok=fault.code == "LEDGER_IN_USE", text=text)
        yield disk_line(station.home.ledger_path)
        return
    try:
        yield from health_rows(ledger, station.clock.now())
    finally:
        ledger.close()


def _scanners(station: Station) -> Iterator[HealthLine]:
    """Each configured scanner's port: there, and open to this account."""
    from scanner_app.bootstrap.scanners import port_problem  # noqa: PLC0415 - loaded when it is used

    configured = [table for table in station.config.scanner if table.port]
    if not configured:
        yield HealthLine("screen.health.scanner", ok=True, text=Line("screen.scanner.none"))
    for table in configured:
        problem, remedy = port_problem(table.port)
        shown = Line("screen.plain", {"text": f"{table.name} {table.port} {problem} {remedy}".rstrip(" ")})
        yield HealthLine("screen.health.scanner", ok=not problem, text=shown)
        if not table.commissioned:
            untested = Line("screen.scanner.untested", {"name": table.name})
            yield HealthLine("screen.health.scanner", ok=True, text=untested)
