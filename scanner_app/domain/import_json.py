"""Imported JSON as rows: a list of objects, an object of such lists, or one object, each with the line it begins on."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from scanner_app.domain.import_rows import BadFileError, BadRow, Row, Rows, place_of, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner_app.domain.import_rows import Form

STRING_OR_OBJECT: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\{')

NESTED: Final = "…"
"""Stands for a list or object where a cell should be."""


def json_rows(plain: str, form: Form) -> Rows:
    """The rows of a text that `is_json`: a list of objects, an object of such lists, or one. Raises BadFileError."""
    rows = Rows()
    given = JsonFile(plain)
    for where, members in given.objects(form.lists, form.key):
        row = row_of(members, place_of(where, members.get(form.key)), form.columns, rows.bad)
        rows.good.append(row)
    return rows


def row_of(members: dict[str, Any], where: str, known: tuple[str, ...], bad: list[BadRow]) -> Row:
    """The row that an object is; what is no cell of it is added to `bad`."""
    cells: dict[str, str] = {}
    for name, value in members.items():
        if name not in known:
            bad.append(BadRow(where, "", f"{shown(name)} is not known; known are {', '.join(known)}"))
            continue
        nested = isinstance(value, dict | list)
        if nested:
            bad.append(BadRow(where, name, "must be text, a number, true or false"))
        cells[name] = NESTED if nested else _text_of(value)
    return Row(where, cells)


def _text_of(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value).strip(" ")


class JsonFile:
    """A list or object in JSON, and the line that each object of it begins on. Raises BadFileError for what is none."""

    def __init__(self, plain: str) -> None:
        try:
            self.value = json.loads(plain, object_pairs_hook=_members)
            self._lines = dict(zip(_objects_in(self.value), _object_lines(plain), strict=True))
        except json.JSONDecodeError as fault:
            raise BadFileError(f"is no JSON: {fault.msg}", f"line {fault.lineno}") from None
        except (ValueError, RecursionError) as fault:
            raise BadFileError(f"is no JSON: {fault}") from None

    def objects(self, lists: tuple[str, ...], key: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The objects that rows are made of, each with its place: `items 3, line 12`. Raises BadFileError.

        `key`: the member by which an object that stands alone is known from one of lists.
        """
        value = self.value
        if isinstance(value, list):
            yield from self.members_of(value, lists[0])
        elif key in value:
            yield self._line_of(value), value
        else:
            unknown = [name for name in value if name not in lists]
            if unknown:
                known = f"known are {', '.join(lists)}, or the {key} of one object"
                raise BadFileError(f"{', '.join(map(shown, unknown))} is not known; {known}")
            for name in lists:
                yield from self.members_of(value.get(name, []), name)

    def members_of(self, value: object, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The objects of a list, or the one that stands in its stead, each with its place. Raises BadFileError."""
        members = value if isinstance(value, list) else [value]
        for number, member in enumerate(members, start=1):
            if not isinstance(member, dict):
                what = "a list" if isinstance(member, list) else shown(member)
                raise BadFileError(f"{name} {number} is {what}, not an object")
            yield f"{name} {number}, {self._line_of(member)}", member

    def _line_of(self, value: dict[str, Any]) -> str:
        return f"line {self._lines[id(value)]}"


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members. Raises ValueError where one is named twice: which of them was meant is not known."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{shown(twice)} is named twice in one object")
    return members


def _objects_in(value: object) -> Iterator[int]:
    """The identities of all objects in a value, in the order of the text."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            yield id(found)
            waiting += reversed(found.values())
        elif isinstance(found, list):
            waiting += reversed(found)


def _object_lines(plain: str) -> Iterator[int]:
    """The line of each `{` that begins an object, in the order of the text."""
    line, offset = 1, 0
    for mark in STRING_OR_OBJECT.finditer(plain):
        if mark[0] == "{":
            line += plain.count("\n", offset, mark.start())
            offset = mark.start()
            yield line
