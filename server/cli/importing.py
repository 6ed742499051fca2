"""`scanner-server import`: records from CSV or JSON; a bad file changes nothing, and each bad row is named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanner_app.errors import ConfigError
from scanner_app.phrases import printable
from server.cli.answers import DONE, NO, perform, say, settings_of
from server.commands import usage
from server.imports import KINDS

if TYPE_CHECKING:
    import argparse

FILE_BYTES_MAX = 64 * 1024 * 1024
BAD_ROWS_SHOWN = 50


def add_arguments(parser: argparse.ArgumentParser, _: str) -> None:
    """What is imported, and from where."""
    parser.add_argument("kind", choices=KINDS, help="what the file holds")
    parser.add_argument("file", metavar="FILE", help="CSV with a heading, or JSON (docs/import.md)")
    parser.add_argument("--site", metavar="ID", help="the site, where there are several")
    parser.add_argument("--dry-run", action="store_true", help="check the file and import nothing")
    parser.add_argument("--partial", action="store_true", help="import the good rows of a file with bad ones")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when all, or with --partial what is good, is imported; 1 where a row is bad; 2 for an unreadable file."""
    if options.partial and options.kind == "documents":
        raise usage("--partial: a document is imported whole or not at all.")
    given: dict[str, Any] = {
        "kind": options.kind, "content": _content_of(Path(options.file)), "site": options.site,
        "dry_run": options.dry_run, "partial": options.partial,
    }  # fmt: skip
    done = perform(settings_of(options), "import", given)
    for row in done["bad"][:BAD_ROWS_SHOWN]:
        place = ", ".join(part for part in (row["where"], row["column"]) if part)
        say(printable(f"{options.file}: {place}{': ' if place else ''}{row['problem']}"))
    bad = len(done["bad"])
    rows = f"{bad} bad {'row' if bad == 1 else 'rows'}"
    left = bad - BAD_ROWS_SHOWN
    more = f", {left} of them not shown" if left > 0 else ""
    if not done["records"]:
        say(f"{rows}{more}; nothing was imported." if bad else f"{options.file} holds no {options.kind}.")
        return NO
    did = "checked" if options.dry_run else "imported"
    say(f"{done['records']} {options.kind} {did}" + (f"; {rows} left out{more}." if bad else "."))
    return NO if bad and not options.partial else DONE


def _content_of(path: Path) -> str:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise ConfigError("IMPORT_TOO_LARGE", f"{path}: over {FILE_BYTES_MAX} bytes.", remedy="Split the file.")
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError("IMPORT_UNREADABLE", f"{path}: cannot be read as UTF-8 text: {fault}.") from fault
