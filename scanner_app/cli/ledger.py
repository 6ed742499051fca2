"""`scanner ledger verify|export|backup|restore`."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scanner_app.cli.asking import reading
from scanner_app.cli.streams import tell
from scanner_app.cli.telling import counted
from scanner_app.errors import ConfigError

if TYPE_CHECKING:
    import argparse

    from scanner_app.bootstrap import Station

HOLDS = 0
BROKEN = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    verify = actions.add_parser(
        "verify", help="check the chain, rebuild the stock from it and compare; exit 1 if it does not hold"
    )
    export = actions.add_parser("export", help="every epoch, list and entry as JSON lines on standard output")
    for answering in (verify, export):
        answering.add_argument("--json", action="store_true", help="the answer is JSON in any case")
    export.add_argument("--signed", metavar="FILE", help="to a signed file (needs an enrolled device)")
    backup = actions.add_parser("backup", help="a verified copy, while the ledger may be in use")
    backup.add_argument("file", metavar="FILE")
    restore = actions.add_parser("restore", help="put a verified copy in the ledger's place; the former one is kept")
    restore.add_argument("file", metavar="FILE")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when done or it holds, 1 when the ledger does not verify."""
    from scanner_app.bootstrap import open_station  # noqa: PLC0415 - loaded when it is used

    station = open_station(options.config)
    if options.action == "verify":
        return _verify(station)
    if options.action == "export":
        return _export(station, options.signed)
    return (
        _back_up(station, Path(options.file)) if options.action == "backup" else _restore(station, Path(options.file))
    )


def _verify(station: Station) -> int:
    from scanner_app.store.verify import verify  # noqa: PLC0415 - loaded when it is used

    found = verify(station.home.ledger_path)
    tell(json.dumps({"ok": found.ok, "entries": found.entries, "head": found.head, "first_bad": found.first_bad}))
    for finding in found.findings:
        sys.stderr.write(f"scanner: {finding}\n")
    return HOLDS if found.ok else BROKEN


def _export(station: Station, signed: str | None) -> int:
    from scanner_app.store.export import exported_lines  # noqa: PLC0415 - loaded when it is used

    if signed is not None:
        message = "signed exports are not there yet."
        raise ConfigError("NOT_THERE_YET", message, remedy="Export without --signed: each line has its link.")
    with reading(station) as connection:
        for line in exported_lines(connection):
            print(json.dumps({key: _text(part) for key, part in line.items()}))
    return HOLDS


def _text(part: str | int | bytes) -> str | int:
    """Bytes travel as base64."""
    return base64.b64encode(part).decode() if isinstance(part, bytes) else part


def _back_up(station: Station, file: Path) -> int:
    from scanner_app.store.backup import back_up  # noqa: PLC0415 - loaded when it is used

    found = back_up(station.home.ledger_path, file)
    sys.stderr.write(f"scanner: {counted(found.entries, 'entry', 'entries')} in {file}, verified.\n")
    return HOLDS


def _restore(station: Station, file: Path) -> int:
    from scanner_app.bootstrap.station import new_epoch  # noqa: PLC0415 - loaded when it is used
    from scanner_app.store.backup import restore  # noqa: PLC0415 - loaded when it is used

    stamp = station.clock.now().strftime("%Y%m%dT%H%M%SZ")
    station.home.state_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = restore(file, station.home.ledger_path, station.config.device.id, new_epoch, stamp)
    aside = "" if kept is None else f" The former ledger is kept as {kept}."
    sys.stderr.write(f"scanner: restored; the chain goes on in a new epoch.{aside}\n")
    return HOLDS
