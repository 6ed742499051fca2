"""What commands share: exit codes, settings, writing whether or not a centre runs, and how answers are printed."""

from __future__ import annotations

import json
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from scanner_app.phrases import printable
from server.books import Books
from server.centre import means_of
from server.commands import COMMANDS
from server.control import ask
from server.database import Session, open_reader
from server.faults import ServerError
from server.settings import KEYS, find_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    from server.settings import Settings
    from server.writing import Writing

T = TypeVar("T")
DONE: Final = 0
NO: Final = 1
USAGE: Final = 2
UNUSABLE: Final = 3


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings that a command line, the environment and the configuration file come to."""
    flags = {name: getattr(options, name, None) for name in KEYS}
    return find_settings(flags, options.config)


class LocalOffice:
    """Commands write into the books themselves, because no centre runs."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def sites(self) -> list[str]:
        """The sites, by id."""
        return self._books.sites()

    def do(self, site: str, work: Callable[[Writing], T]) -> T:
        """One work, committed when it returns."""
        return self._books.do(site, work)


def perform(settings: Settings, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Carries out a command that changes something: here, or in the centre that holds the database."""
    try:
        books = Books.open(settings.database, means_of(settings))
    except ServerError as fault:
        if fault.code != "IN_USE":
            raise
        return ask(settings.socket_path, command, arguments)
    with closing(books):
        return COMMANDS[command](LocalOffice(books), arguments)


@contextmanager
def reading(settings: Settings) -> Iterator[Session]:
    """One read snapshot of the database."""
    with closing(open_reader(settings.database)) as connection:
        session = Session(connection)
        session.run("BEGIN")
        yield session


def print_json(line: object) -> None:
    """A JSON object a line."""
    print(json.dumps(line, ensure_ascii=False))


def print_table(rows: Sequence[Sequence[object]]) -> None:
    """Columns for people; the first row is the heading."""
    cells = [[printable("" if cell is None else str(cell)) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip(" "))


def say(text: str) -> None:
    """A word to whoever runs it."""
    sys.stderr.write(f"scanner-server: {text}\n")
