"""`scanner-server`: the answer goes to standard output, the rest to standard error.

Exit codes: 0 done, 1 the answer is no, 2 usage or configuration, 3 the database or server cannot be used.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, NoReturn

from scanner_app.errors import ConfigError, ScannerError
from server.cli.answers import DONE, NO, UNUSABLE, USAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS: Final = {
    "init": ("init", "create the database: schema, a site, with --demo the demonstration site"),
    "migrate": ("init", "bring the database to this program's schema"),
    "serve": ("serving", "answer devices over HTTP until SIGTERM"),
    "enrol-code": ("devices", "print a code that enrols a device once, within a day"),
    "device": ("devices", "list devices, revoke one, or declare one lost"),
    "import": ("importing", "items, locations, operators, documents, watch lines or policy from CSV or JSON"),
    "recall": ("deciding", "open a recall; it reaches every device before all else"),
    "exceptions": ("deciding", "list what is doubted, or resolve it"),
    "counts": ("counting", "list the counts that wait for a decision, approve or reject one"),
    "lease": ("leasing", "lease SSCC ranges and tasks to devices, list or end leases"),
    "report": ("reporting", "on hand, a trace, the exceptions, counts or leases"),
    "verify": ("keeping", "every chain, and every projection rebuilt and compared"),
    "backup": ("keeping", "a verified copy while the centre runs"),
    "restore": ("keeping", "put a verified copy in the database's place"),
    "doctor": ("doctor", "check database, disk, clock and key, each with a remedy"),
}
"""Command → module of this package and its help. A module has `add_arguments(parser, command)` and `run(options)`."""

SHARED: Final = ("database", "config")


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
    command = import_module(f"server.cli.{COMMANDS[options.command][0]}")
    try:
        code: int = command.run(options)
        sys.stdout.flush()
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
    """The parser; only the command that is called brings its arguments."""
    parser = Parser(prog="scanner-server", description="The centre: the ledger of all sites.")
    parser.add_argument("--version", action="version", version=f"scanner-server {version('scanner-app')}")
    for name, flags in _shared().items():
        parser.add_argument(*flags, dest=name, metavar="URL" if name == "database" else "FILE", help=HELP[name])
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    called = next((word for word in given if word in COMMANDS), None)
    for command, (module, summary) in COMMANDS.items():
        sub = commands.add_parser(command, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        for name, flags in _shared().items():
            sub.add_argument(*flags, dest=name, default=argparse.SUPPRESS, help=HELP[name])
        if command == called:
            import_module(f"server.cli.{module}").add_arguments(sub, command)
    return parser


HELP: Final = {
    "database": "sqlite:///path (default: centre.db in the home, SCANNER_SERVER_HOME)",
    "config": "the configuration file (also: SCANNER_SERVER_CONFIG)",
}


def _shared() -> dict[str, tuple[str, ...]]:
    return {name: (f"--{name}",) for name in SHARED}


def _said(fault: ScannerError | str, code: int) -> int:
    text = f"{fault.code}: {fault}" if isinstance(fault, ScannerError) else fault
    sys.stderr.write(f"scanner-server: {text}\n")
    return code
