"""`scanner-server verify`, `backup` and `restore`."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from server.backup import back_up, restore
from server.centre import means_of
from server.cli.answers import DONE, NO, perform, print_json, say, settings_of
from server.database import Session, open_reader
from server.safety import heads_in
from server.verify import verify

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The file of a copy."""
    if command != "verify":
        parser.add_argument("file", metavar="FILE", help="the copy")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when it is done or holds, 1 when something does not hold."""
    settings = settings_of(options)
    if options.command == "verify":
        found = verify(settings.database)
        for finding in found.findings:
            say(finding)
        print_json({
            "ok": found.ok, "sites": found.sites, "chains": found.chains, "entries": found.entries,
            "findings": found.findings,
        })  # fmt: skip
        return DONE if found.ok else NO
    copy = Path(options.file)
    if options.command == "backup":
        found = back_up(settings.database, copy)
        with closing(open_reader(copy)) as connection:
            heads = heads_in(Session(connection))
        moved = perform(settings, "backed-up", {"heads": heads})["moved"]
        say(f"{copy} holds {found.entries} entries of {found.sites} sites; chains of which more is safe now: {moved}.")
        say(f"The centre's key {settings.key_path} is not in it: keep a copy of it elsewhere.")
        return DONE
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    kept = restore(copy, settings.database, means_of(settings), stamp)
    former = f" {kept} is the former one." if kept else ""
    say(f"{settings.database} is restored; devices send again what it lacks.{former}")
    return DONE
