"""Imported files as rows of text (docs/import.md): CSV with a heading or JSON, each row with the place it stands at.

Pure: text in, rows and bad rows out. Nothing is passed over in silence: a column, a field or a cell that the form does
not know is named, and so is what keeps a file from being read at all.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

SEPARATORS: Final = {";": ";", "\t": "tabs", "|": "|"}
"""What spreadsheets put between cells instead of a comma, and how it is called."""

CSV_FAULTS: Final = {
    "unexpected end of data": "a cell in quotes has no end",
    "',' expected after '\"'": "text follows the end of a cell in quotes; a quote within one is written twice",
}
"""The reader's own words, and what a person can mend."""

SHOWN_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class Form:
    """What one kind of file holds.

    `key`: the column that a row is called by. `needed`: columns without which a heading is none; `spared`: further ones
    that it needs unless the column before the colon is there. `lists`: what lists of rows in a JSON object are called.
    """

    columns: tuple[str, ...]
    key: str
    needed: tuple[str, ...]
    lists: tuple[str, ...]
    spared: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def missing_of(self, names: list[str]) -> list[str]:
        """The columns that a heading lacks."""
        needed = [
            *self.needed,
            *(name for column in self.spared if column not in names for name in self.spared[column]),
        ]
        return [name for name in needed if name not in names]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it stands, as a person finds it in an editor, and its cells by column; empty ones may lack."""

    where: str
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class BadRow:
    """What is wrong: where (empty: the file as a whole), in which column (empty: the row as a whole), the problem."""

    where: str
    column: str
    problem: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a file, and what is wrong with them before a cell is understood."""

    good: list[Row] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


class BadFileError(ValueError):
    """A file that no row can be read from; `bad` says why."""

    def __init__(self, problem: str, where: str = "") -> None:
        super().__init__(problem)
        self.bad = BadRow(where, "", problem)


def shown(value: object) -> str:
    """A value in quotes, at most 40 characters of it."""
    text = repr(value)
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 1] + "…"


def plain_text(text: str) -> str:
    """A file's text with one kind of line end and without its byte order mark. Raises BadFileError for NUL."""
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    nul = plain.find("\0")
    if nul >= 0:
        raise BadFileError("holds a NUL character: save the file as UTF-8 text", _line_at(plain, nul))
    return plain


def is_json(plain: str) -> bool:
    """Whether a text is meant as JSON: no heading begins so."""
    return plain.lstrip(" \t\n")[:1] in {"[", "{"}


def _line_at(plain: str, offset: int) -> str:
    return f"line {plain.count(chr(10), 0, offset) + 1}"


def place_of(where: str, name: object) -> str:
    """A place with what stands there, where that can be said in a few characters."""
    return f"{where} ({name})" if name and str(name).isprintable() and len(str(name)) <= SHOWN_MAX else where


def csv_rows(plain: str, form: Form) -> Rows:
    """The rows below the heading. Raises BadFileError for what is no CSV, and for a heading that does not fit."""
    records = _records(plain)
    where, names = next(records, ("", []))
    if not names:
        raise BadFileError(f"is empty: its first line must name columns, of {', '.join(form.columns)}")
    problems = list(_heading_problems(names, form))
    if problems:
        raise BadFileError("; ".join(problems), where)
    rows = Rows()
    for place, record in records:
        cells = dict(zip(names, record, strict=False))
        row = Row(place_of(place, cells.get(form.key)), cells)
        if len(record) > len(names):
            problem = f"has {len(record)} cells, the heading has {len(names)}: put a cell that holds a comma in quotes"
            rows.bad.append(BadRow(row.where, "", problem))
        else:
            rows.good.append(row)
    return rows


def _records(plain: str) -> Iterator[tuple[str, list[str]]]:
    """The records with the line that each begins on; those without any text are left out. Raises BadFileError."""
    reader = csv.reader((f"{line}\n" for line in plain.split("\n")), strict=True)
    while True:
        where = f"line {reader.line_num + 1}"
        try:
            record = next(reader, None)
        except csv.Error as fault:
            raise BadFileError(f"is no CSV: {CSV_FAULTS.get(str(fault), fault)}", where) from None
        if record is None:
            return
        cells = [cell.strip(" ") for cell in record]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield where, cells


def _heading_problems(names: list[str], form: Form) -> Iterator[str]:
    """What is wrong with a heading, each in a part of a sentence."""
    missing = form.missing_of(names)
    if missing:
        yield f"no column {', '.join(missing)}"
    only = names[0] if len(names) == 1 else ""
    separator = next((name for mark, name in SEPARATORS.items() if mark in only), None)
    if separator is not None:
        yield f"is it separated by {separator}? Separate cells by commas"
        return
    unknown = [name for name in names if name not in form.columns]
    if unknown:
        yield f"{', '.join(map(shown, unknown))} is not known; known are {', '.join(form.columns)}"
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        yield f"{', '.join(map(shown, repeated))} stands there twice"
