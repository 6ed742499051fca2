"""`scanner-server recall` and `exceptions`: what a person decides; each decision is an entry with their name."""

from __future__ import annotations

import os
import sys
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanner_app.errors import ConfigError
from server.cli.answers import DONE, NO, perform, print_json, print_table, reading, say, settings_of
from server.commands import usage
from server.exceptions import exceptions

if TYPE_CHECKING:
    import argparse

PIN = "SCANNER_PIN"
SITES = "SELECT site_id FROM site ORDER BY site_id"


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """What is decided, by whom, and why."""
    parser.add_argument("--site", metavar="ID", help="the site, where there are several")
    parser.add_argument("--by", metavar="OPERATOR", required=command == "recall", help="USR-…, or the whole badge text")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, in a few words")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")
    if command == "recall":
        parser.add_argument("--gtin", metavar="GTIN", required=True, help="the item")
        parser.add_argument("--lot", metavar="LOT", help="its lot")
        parser.add_argument("--serials", metavar="FILE", help="a file with a serial a line")
        return
    parser.add_argument("action", nargs="?", choices=("list", "resolve"), default="list", help="default: list")
    parser.add_argument("id", nargs="?", metavar="ID", help="the exception")
    parser.add_argument("--how", metavar="HOW", help="how it was resolved, in a word")
    parser.add_argument("--all", action="store_true", help="resolved ones too")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when it is done, 1 for an exception that is not open."""
    if options.command == "recall":
        return _recall(options)
    return _resolve(options) if options.action == "resolve" else list_exceptions(options)


def signed(options: argparse.Namespace) -> dict[str, Any]:
    """Who decides; the PIN is asked for where the whole badge was given."""
    pin = os.environ.get(PIN)
    if pin is None and "." in options.by and sys.stdin.isatty():
        pin = getpass("PIN: ")
    return {"by": options.by, "pin": pin, "reason": options.reason, "site": options.site}


def _recall(options: argparse.Namespace) -> int:
    serials: list[str] = []
    if options.serials is not None:
        try:
            serials = [line for line in Path(options.serials).read_text("utf-8").split("\n") if line]
        except (OSError, UnicodeDecodeError) as fault:
            raise ConfigError("USAGE", f"--serials {options.serials}: {fault}.") from fault
    given = {"gtin": options.gtin, "lot": options.lot, "serials": serials, **signed(options)}
    done = perform(settings_of(options), "recall", given)
    if options.json:
        print_json(done)
    else:
        print(done["recall"])
        say(f"recall opened, lines: {done['lines']}; every device of {done['site']} hears of it first of all.")
    return DONE


def _resolve(options: argparse.Namespace) -> int:
    missing = [flag for flag, given in (("ID", options.id), ("--how", options.how), ("--by", options.by)) if not given]
    if missing or not options.reason:
        raise usage(f"exceptions resolve: name {', '.join([*missing, *([] if options.reason else ['--reason'])])}.")
    done = perform(settings_of(options), "resolve", {"id": options.id, "how": options.how, **signed(options)})
    if not done["resolved"]:
        say(f"no exception {options.id} is open.")
        return NO
    say(f"{options.id} is resolved.")
    return DONE


def list_exceptions(options: argparse.Namespace) -> int:
    """The open ones, oldest first."""
    with reading(settings_of(options)) as session:
        sites = [site for (site,) in session.all(SITES) if options.site in {None, site}]
        found = [(site, each) for site in sites for each in exceptions(session, site, closed=options.all)]
    if options.json:
        for site, each in found:
            print_json(each.line(site))
    else:
        heading = ("id", "site", "severity", "code", "what")
        print_table([heading, *((each.id, site, each.severity, each.code, each.sentence) for site, each in found)])
    return DONE
