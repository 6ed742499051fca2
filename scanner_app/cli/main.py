"""`scanner`: what can be asked on the command line. The answer goes to standard output, the rest to standard error.

Exit codes: 0 done, 1 the answer is no, 2 usage or configuration, 3 a device, database or server cannot be used.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from scanner_app.cli.streams import deliver, make_streams_ready, unwritten
from scanner_app.errors import ConfigError, ScannerError
from scanner_app.phrases import printable

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
    "sync": ("sync", "send and fetch now"),
    "enrol": ("enrol", "bind this handheld to a centre"),
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
    """A usage error is exit 2 with one clear sentence; an option has one spelling, its whole name."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - whatever argparse takes
        super().__init__(**{"allow_abbrev": False, **given})

    def error(self, message: str) -> NoReturn:
        """Says what is wrong and where help is."""
        self.exit(USAGE, f"{self.prog}: {printable(message)}. See `{self.prog} --help`.\n")


class Command(Parser):
    """The parser of a command or one of its actions: --config may stand after it too.

    Its module is loaded for its arguments only when it is called, so that start-up is quick.
    """

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - whatever argparse takes
        super().__init__(**given)
        self.module = ""
        self.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help=argparse.SUPPRESS)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401 - as argparse has it
        """Parses what follows the command; what it does not know is its own error, not the program's."""
        if self.module:
            import_module(self.module).add_arguments(self)
            self.module = ""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return options, unknown


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; its exit code. Raises SystemExit for usage errors, --help and --version."""
    make_streams_ready()
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
    except SystemExit:
        if deliver():
            raise
        return UNUSABLE
    except (ScannerError, OSError, KeyboardInterrupt) as fault:
        code = _ended_by(fault)
    return code if deliver() else UNUSABLE


def _run(given: Sequence[str]) -> int:
    """The command's exit code."""
    parser = make_parser()
    options = parser.parse_args(given)
    if options.command is None:
        parser.print_help(sys.stderr)
        return USAGE
    code: int = import_module(_module_of(options.command)).run(options)
    return code


def _ended_by(fault: ScannerError | OSError | KeyboardInterrupt) -> int:
    """The exit code of a command that could not go on, which is said; a reader that left is no fault."""
    match fault:
        case ScannerError():
            return _said(f"{fault.code}: {fault}", USAGE if isinstance(fault, ConfigError) else UNUSABLE)
        case BrokenPipeError():
            return DONE
        case OSError():
            return _said(_words_of(fault), UNUSABLE) if deliver() else UNUSABLE
        case KeyboardInterrupt():
            return _said("interrupted", NO)


def make_parser() -> Parser:
    """The parser of every command."""
    parser = Parser(prog="scanner", description="Warehouse scanning on a hash-chained ledger.")
    parser.add_argument("--version", action=Version, nargs=0, help="print the version")
    parser.add_argument("--config", metavar="FILE", help="the configuration file (also: SCANNER_CONFIG)")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Command)
    for name, (_, summary) in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        sub.module = _module_of(name)
    return parser


def _module_of(command: str) -> str:
    return f"scanner_app.cli.{COMMANDS[command][0]}"


def _words_of(fault: OSError) -> str:
    """What the system refused, and where; what names no file is the answer itself."""
    return unwritten(fault) if fault.filename is None else printable(f"{fault.filename}: {fault.strerror}.")


def _said(sentence: str, code: int) -> int:
    sys.stderr.write(f"scanner: {sentence}\n")
    return code
