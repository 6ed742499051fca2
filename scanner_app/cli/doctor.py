"""`scanner doctor`: permissions, devices, disk, clock and ledger, each with a remedy; exit 0 only when all is well."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from scanner_app.cli.streams import tell
from scanner_app.domain.facts import PlaceOf
from scanner_app.domain.masters import PlaceKind
from scanner_app.errors import ConfigError, StoreError
from scanner_app.phrases import printable
from scanner_app.terminal.health import clock_line, disk_line, health_rows, sqlite_line
from scanner_app.workflows.receiving_scanning import RECEIVED_AT
from sync.exchange import Failure

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from scanner_app.bootstrap import Station
    from scanner_app.config import DeviceTable, ScannerTable
    from scanner_app.domain.masters import Place
    from scanner_app.domain.refusals import Parameters
    from scanner_app.phrases import Phrases
    from scanner_app.store.ledger import Ledger
    from scanner_app.terminal.health import HealthLine

HOLDS = 0
FAILS = 1
OWNER_ONLY = 0o077
CAGES = frozenset({PlaceKind.CAGE})
INDENT = "     "
WIDTH_MIN = 20


@dataclass(frozen=True, slots=True)
class Check:
    """One thing, whether it is well, how it is, and what to do where it is not: whole sentences, safe to print."""

    name: str
    ok: bool
    text: str
    remedy: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help="a JSON object a line")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when every check holds, 1 when one does not."""
    from scanner_app.bootstrap import open_station  # noqa: PLC0415 - after the arguments are known
    from scanner_app.terminal.telling import phrases_for  # noqa: PLC0415 - loaded when it is used

    station = open_station(options.config)
    exit_code = HOLDS
    for check in checks(station, phrases_for(station.config)):
        exit_code = exit_code if check.ok else FAILS
        if options.json:
            told = {"check": check.name, "ok": check.ok, "text": check.text, "remedy": check.remedy}
            tell(json.dumps(told, ensure_ascii=False))
        else:
            tell("\n".join(lines_of(check, terminal_width())))
    return exit_code


def terminal_width() -> int:
    """How many characters a line of the terminal takes; 0 where the answer does not go to one."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def lines_of(check: Check, width: int) -> list[str]:
    """The check as lines of at most `width` characters (0: of any length); its remedy begins a line of its own."""
    told = [f"{'ok  ' if check.ok else 'FAIL'} {check.name}: {check.text}"]
    if check.remedy:
        told.append(f"{INDENT}remedy: {check.remedy}")
    if not width:
        return told
    return [
        line
        for text in told
        for line in textwrap.wrap(text, max(width, WIDTH_MIN), subsequent_indent=INDENT, break_on_hyphens=False)
    ]


def checks(station: Station, say: Phrases) -> Iterator[Check]:
    """Every check, in the order in which a person would mend them."""
    home = station.home
    code = "screen.health.config.text" if home.config_path.exists() else "screen.health.config.default"
    text = say.say(code, {"path": str(home.config_path)}, whole=True)
    yield Check(say.say("screen.health.config"), ok=True, text=text)
    yield from _folder(station, say)
    text = say.say("screen.health.log.text", {"path": str(home.log_folder)}, whole=True)
    yield Check(say.say("screen.health.log"), ok=True, text=text)
    yield from _ledger(station, say)
    yield from _scanners(station, say)
    yield _centre(station, say)


def _centre(station: Station, say: Phrases) -> Check:
    """Whether the centre lets this device in, asked now; a home that is enrolled nowhere needs none."""
    name, binding = say.say("screen.health.centre"), station.binding
    if binding is None:
        return Check(name, ok=True, text=say.say("screen.link.no_centre"))
    from scanner_app.bootstrap.syncing import reach  # noqa: PLC0415 - loads the network

    told: Parameters = {"url": binding.url, "device": binding.device, "site": binding.site}
    failed = reach(station.home.state_folder, binding)
    if failed is None:
        return Check(name, ok=True, text=say.say("screen.health.centre.text", told, whole=True))
    text = say.say(f"screen.health.centre.{failed.failure.value}", told, whole=True)
    kind = "turned_away" if failed.failure is Failure.TURNED_AWAY else "other"
    return Check(name, ok=False, text=text, remedy=say.say(f"screen.health.centre.remedy.{kind}", told, whole=True))


def _folder(station: Station, say: Phrases) -> Iterator[Check]:
    """The home's folder: there, ours, and closed to others."""
    folder = station.home.state_folder
    if not folder.exists():
        return
    mode = folder.stat().st_mode
    ok = os.access(folder, os.W_OK) and not mode & OWNER_ONLY
    text = say.say("screen.health.folder.text", {"path": str(folder), "mode": f"{mode & 0o777:o}"}, whole=True)
    yield Check(say.say("screen.health.folder"), ok, text, "" if ok else say.say("screen.health.folder.remedy"))


def _ledger(station: Station, say: Phrases) -> Iterator[Check]:
    from scanner_app.bootstrap import open_ledger  # noqa: PLC0415 - opens the file only here

    name, path = say.say("screen.health.ledger"), station.home.ledger_path
    if not path.exists():
        text = say.say("screen.health.ledger.missing", {"path": str(path)}, whole=True)
        yield Check(name, ok=False, text=text, remedy=say.say("screen.health.ledger.init"))
        yield from (_said(line, say) for line in (clock_line(station.clock.now()), sqlite_line()))
        return
    try:
        ledger = open_ledger(station)
    except StoreError as fault:
        in_use = fault.code == "LEDGER_IN_USE"
        yield Check(name, in_use, printable(fault.message), "" if in_use else printable(fault.remedy))
        yield from (_said(line, say) for line in (disk_line(path), clock_line(station.clock.now()), sqlite_line()))
        return
    try:
        yield from [_said(line, say) for line in health_rows(ledger, station.clock.now())]
        yield from _places(ledger, station.config.device, say)
    finally:
        ledger.close()


def _places(ledger: Ledger, device: DeviceTable, say: Phrases) -> Iterator[Check]:
    """The places that the configuration names: there, and of a kind that takes what is put there."""
    for name, code, kinds in (("read_point", device.read_point, RECEIVED_AT), ("cage", device.cage, CAGES)):
        place = cast("Place | None", ledger.answer(PlaceOf(code)))
        is_fit = place is not None and place.kind in kinds
        how = "text" if is_fit else "missing" if place is None else "other"
        ok = is_fit or not ledger.has_places()
        kind = "" if place is None else place.kind.value
        how = how if is_fit or not ok else "none"
        told = say.say(f"screen.health.place.{how}", {"place": code, "kind": kind}, whole=True)
        yield Check(say.say(f"screen.health.{name}"), ok, told, "" if ok else say.say(f"screen.health.{name}.remedy"))


def _said(line: HealthLine, say: Phrases) -> Check:
    """A row of the health screen in full."""
    remedy = "" if line.remedy is None else say.say(line.remedy, line.text.parameters, whole=True)
    return Check(say.say(line.name), line.ok, say.say(line.text.code, line.text.parameters, whole=True), remedy)


def _scanners(station: Station, say: Phrases) -> Iterator[Check]:
    """Each configured scanner: its settings make sense, its port is there and open to this account."""
    name = say.say("screen.health.scanner")
    configured = [table for table in station.config.scanner if table.port]
    if not configured:
        yield Check(name, ok=True, text=say.say("screen.scanner.none"))
    for table in configured:
        problem, remedy = _problem_of(table, station.config.origin)
        text = f"{table.name}: {problem}" if problem else f"{table.name} {table.port}"
        yield Check(name, not problem, printable(text), printable(remedy))
        if not table.commissioned:
            yield Check(name, ok=True, text=say.say("screen.scanner.untested", {"name": table.name}, whole=True))


def _problem_of(table: ScannerTable, origin: str) -> tuple[str, str]:
    """What keeps a scanner from being used, and the remedy; two empty texts where nothing does."""
    from scanner_app.bootstrap.scanners import port_problem, profile_of  # noqa: PLC0415 - loaded when it is used

    try:
        profile_of(table, origin)
    except ConfigError as fault:
        return fault.message, fault.remedy
    return port_problem(table.port)
