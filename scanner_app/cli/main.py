"""`scanner`: what can be asked on the command line. The answer goes to standard output, the rest to standard error.

Exit codes: 0 done, 1 the answer is no, 2 usage or configuration, 3 a device, database or server cannot be used.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from scanner_app.errors import ConfigError, ScannerError

if TYPE_CHECKING:
    from collections.abc import Sequence

DONE = 0
NO = 1
USAGE = 2
UNUSABLE = 3
COMMANDS = {
    "init": ("init", "create a home: configuration, ledger, with --demo the demonstration site"),
    "run": ("run", "the full-screen terminal"),
    "parse": ("parse", "understand scans from standard input, a JSON line for each"),
    "replay": ("replay", "drive the headless terminal by a file of JSON lines"),
    "stock": ("stock", "what is on hand, where, which lot, until when"),
    "trace": ("trace", "every ledger entry about a unit, lot or pallet"),
    "import": ("importing", "documents, items, locations, operators and watch lists from CSV or JSON"),
    "ledger": ("ledger", "verify, export, back up and restore the ledger"),
    "outbox": ("outbox", "what has not been sent yet"),
    "devices": ("devices", "scanners: list them, watch one, simulate one"),
    "doctor": ("doctor", "check permissions, devices, disk, clock and ledger, each with a remedy"),
}
"""Command → module of this package and its one-line help. A module has `add_arguments(parser)` and `run(options)`."""


class Version(argparse.Action):
    """--version: says it and ends. The library that knows it takes 35 ms to load, so it is loaded for this alone."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Prints name and version."""
        from importlib.metadata import version  # noqa: PLC0415 - not before the first paint

        print(f"scanner {version('scanner-app')}")
        parser.exit(DONE)


class Parser(argparse.ArgumentParser):
    """A usage error is exit 2 with one clear sentence."""

    def error(self, message: str) -> NoReturn:
        """Says what is wrong and where help is."""
        self.exit(USAGE, f"{self.prog}: {message}. See `{self.prog} --help`.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = make_parser(given)
    options = parser.parse_args(given)
    if options.command is None:
        parser.print_help(sys.stderr)
        return USAGE
    command = import_module(f"scanner_app.cli.{COMMANDS[options.command][0]}")
    try:
        code: int = command.run(options)
    except ConfigError as fault:
        return _said(fault, USAGE)
    except ScannerError as fault:
        return _said(fault, UNUSABLE)
    except KeyboardInterrupt:
        return _said("interrupted", NO)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return code


def make_parser(given: Sequence[str]) -> Parser:
    """The parser; only the command that is called brings its arguments, so that start-up is quick."""
    parser = Parser(prog="scanner", description="Warehouse scanning on a hash-chained ledger.")
    parser.add_argument("--version", action=Version, nargs=0, help="print the version")
    parser.add_argument("--config", metavar="FILE", help="the configuration file (also: SCANNER_CONFIG)")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    called = next((word for word in given if word in COMMANDS), None)
    for name, (module, summary) in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        sub.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        if name == called:
            import_module(f"scanner_app.cli.{module}").add_arguments(sub)
    return parser


def _said(fault: ScannerError | str, code: int) -> int:
    text = f"scanner: {fault.code}: {fault}" if isinstance(fault, ScannerError) else f"scanner: {fault}"
    sys.stderr.write(text + "\n")
    return code
