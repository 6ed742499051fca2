"""The forms of imported files (docs/import.md): rows of CSV or JSON become records, or a bad row that is named.

Pure: text in, records and bad rows out. Nothing is guessed; a row is right or it is named with its column and a remedy.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from scanner_app.domain.keys import Gtin, KeyFormatError, Lot, Serial, Sscc
from scanner_app.domain.masters import (
    DEFAULT_OWNER,
    DocumentKind,
    Item,
    Operator,
    Place,
    PlaceKind,
    Role,
    StorageClass,
    Watch,
)
from scanner_app.domain.site_records import (
    ContainerRecord,
    DocumentRecord,
    LevelRecord,
    LineRecord,
    UnitRecord,
)
from scanner_app.domain.stock import CASE_PLACE, OUTSIDE, SSCC_PLACE, case_place, is_container, sscc_place

TEXT_MAX = 80
QUANTITY_MAX = 1_000_000
SSCC_DIGITS = 18
TRUE = frozenset({"yes", "true", "1"})
FALSE = frozenset({"no", "false", "0"})
WATCH_KINDS = ("recall", "watch_list", "suspect")
E = TypeVar("E", bound=StrEnum)
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class BadRow:
    """What is wrong: the row (1 is the first after the heading, or the first object), its column, the problem."""

    row: int
    column: str
    problem: str


class BadRowError(ValueError):
    """Raised within the reading of one row; becomes a BadRow."""

    def __init__(self, column: str, problem: str) -> None:
        super().__init__(f"{column}: {problem}")
        self.column = column
        self.problem = problem


@dataclass(slots=True)
class Reading:
    """What a file held: its records by kind, and the rows that could not be used."""

    items: list[Item] = field(default_factory=list)
    levels: list[LevelRecord] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    operators: list[tuple[Operator, str]] = field(default_factory=list)
    """Each operator with the text that its verifier is to be made of (PIN ‖ token); empty where the file has one."""
    documents: list[DocumentRecord] = field(default_factory=list)
    watches: list[Watch] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


def rows_of(text: str, *, as_json: bool, lists: tuple[str, ...]) -> list[Row]:
    """The rows of a file as texts. JSON: a list of objects, or an object of lists whose names are in `lists`.

    Raises BadRowError (column `file`) for what is no such file.
    """
    if not as_json:
        return _csv_rows(text)
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise BadRowError("file", f"is no JSON: {fault}") from None
    if isinstance(given, dict):
        given = [row for name in lists for row in _list_in(given, name)]
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        raise BadRowError("file", "must be a list of objects")
    return [{str(key): _text_of(value) for key, value in row.items()} for row in given]


def _list_in(given: dict[str, Any], name: str) -> list[Any]:
    found = given.get(name, [])
    return found if isinstance(found, list) else [found]


def _text_of(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _csv_rows(text: str) -> list[Row]:
    """CSV with a heading; a byte order mark and empty lines are tolerated."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    try:
        reader = csv.DictReader([line for line in lines if line], strict=True)
        return [{str(key): value or "" for key, value in row.items() if key is not None} for row in reader]
    except csv.Error as fault:
        raise BadRowError("file", f"is no CSV: {fault}") from None


def read_items(rows: list[Row]) -> Reading:
    """Items, and levels: a row with `item` filled is a level of that item."""
    reading = Reading()
    for number, row in enumerate(rows, start=1):
        try:
            if row.get("item"):
                reading.levels.append(_level(row))
            else:
                reading.items.append(_item(row))
        except BadRowError as bad:
            reading.bad.append(BadRow(number, bad.column, bad.problem))
    return reading


def _item(row: Row) -> Item:
    return Item(
        gtin=_gtin(row, "gtin"),
        name=_text(row, "name"),
        strength=_optional_text(row, "strength") or "",
        storage_class=_word(row, "storage_class", StorageClass),
        serialised=_flag(row, "serialised", default=True),
        covered=_flag(row, "covered", default=True),
        lot_controlled=_flag(row, "lot_controlled", default=True),
        schedule=_optional_text(row, "schedule"),
    )


def _level(row: Row) -> LevelRecord:
    return LevelRecord(
        gtin=_gtin(row, "gtin"),
        item=_gtin(row, "item"),
        factor=_count(row, "factor"),
        name=_optional_text(row, "name") or "case",
        valid_from=_day(row, "valid_from"),
    )


def read_locations(rows: list[Row]) -> Reading:
    """Places; the names of outside places and containers are refused."""
    reading = Reading()
    for number, row in enumerate(rows, start=1):
        try:
            reading.places.append(_place(row))
        except BadRowError as bad:
            reading.bad.append(BadRow(number, bad.column, bad.problem))
    return reading


def _place(row: Row) -> Place:
    code = _text(row, "code")
    if code in OUTSIDE or is_container(code):
        raise BadRowError("code", f"{code!r} is reserved; name the place otherwise")
    return Place(
        code=code,
        kind=_word(row, "kind", PlaceKind),
        storage_class=_word(row, "storage_class", StorageClass),
        walk=_count(row, "walk", least=0) if row.get("walk") else 0,
    )


def read_operators(rows: list[Row]) -> Reading:
    """Operators: with a `verifier`, or with `token` and `pin`, from which the importer makes one."""
    reading = Reading()
    for number, row in enumerate(rows, start=1):
        try:
            reading.operators.append(_operator(row))
        except BadRowError as bad:
            reading.bad.append(BadRow(number, bad.column, bad.problem))
    return reading


def _operator(row: Row) -> tuple[Operator, str]:
    verifier = row.get("verifier", "")
    secret = "" if verifier else _text(row, "pin") + _text(row, "token")
    person = Operator(
        id=_text(row, "id"),
        name=_text(row, "name"),
        role=_word(row, "role", Role),
        verifier=verifier,
        language=_optional_text(row, "language") or "en",
        active=_flag(row, "active", default=True),
    )
    return person, secret


def read_watches(rows: list[Row]) -> Reading:
    """Recall and watch-list lines: an item, its lot, or one serial of it."""
    reading = Reading()
    for number, row in enumerate(rows, start=1):
        try:
            reading.watches.append(_watch(row))
        except BadRowError as bad:
            reading.bad.append(BadRow(number, bad.column, bad.problem))
    return reading


def _watch(row: Row) -> Watch:
    kind = _text(row, "kind")
    if kind not in WATCH_KINDS:
        raise BadRowError("kind", f"{kind!r} is none of {', '.join(WATCH_KINDS)}")
    lot, serial = _lot(row), _serial(row) if row.get("serial") else None
    return Watch(_text(row, "id"), kind, _gtin(row, "gtin"), lot, serial, _text(row, "reason"))


@dataclass(slots=True)
class _Gathering:
    """A document while its rows are read."""

    kind: DocumentKind
    partner: str
    owner: str
    containers: list[ContainerRecord] = field(default_factory=list)
    units: list[UnitRecord] = field(default_factory=list)
    lines: list[LineRecord] = field(default_factory=list)


def read_documents(rows: list[Row]) -> Reading:
    """Documents, one row for each container, unit or line; the rows of a document belong together by `document`."""
    reading = Reading()
    gathered: dict[str, _Gathering] = {}
    for number, row in enumerate(rows, start=1):
        try:
            _gather(gathered, row)
        except BadRowError as bad:
            reading.bad.append(BadRow(number, bad.column, bad.problem))
    for document, parts in gathered.items():
        reading.documents.append(
            DocumentRecord(
                document, parts.kind, parts.partner, parts.owner,
                tuple(parts.containers), tuple(parts.units), tuple(parts.lines),
            )
        )  # fmt: skip
    return reading


def _gather(gathered: dict[str, _Gathering], row: Row) -> None:
    document = _text(row, "document")
    known = gathered.get(document)
    if known is None:
        kind, partner = _word(row, "kind", DocumentKind), _text(row, "partner")
        known = gathered[document] = _Gathering(kind, partner, _optional_text(row, "owner") or DEFAULT_OWNER)
    parent = container_id(row["parent"], "parent") if row.get("parent") else None
    if row.get("container"):
        known.containers.append(ContainerRecord(container_id(row["container"], "container"), parent))
    elif row.get("serial"):
        known.units.append(UnitRecord(_gtin(row, "gtin"), _serial(row), _lot(row), _day(row, "expiry"), parent))
    else:
        known.lines.append(LineRecord(_gtin(row, "gtin"), _lot(row), _day(row, "expiry"), _count(row, "quantity")))


def container_id(text: str, column: str) -> str:
    """The place id of a container: 18 digits are an SSCC, `<case GTIN>:<serial>` a serialised case; prefixes may stand.

    Raises BadRowError.
    """
    plain = text.removeprefix(SSCC_PLACE).removeprefix(CASE_PLACE)
    try:
        if len(plain) == SSCC_DIGITS and plain.isascii() and plain.isdigit():
            return sscc_place(str(Sscc.of(plain)))
        gtin, colon, serial = plain.partition(":")
        if colon:
            return case_place(str(Gtin.of(gtin)), str(Serial.of(serial)))
    except KeyFormatError as fault:
        raise BadRowError(column, str(fault)) from None
    raise BadRowError(column, f"{text!r} is no SSCC of 18 digits and no case as GTIN:serial")


def document_rows(given: list[dict[str, Any]]) -> list[Row]:
    """The rows of JSON documents: `{"id", "kind", "partner", "containers": […], "units": […], "lines": […]}`."""
    rows: list[Row] = []
    for document in given:
        shared = {"document": document.get("id"), **{name: document.get(name) for name in ("kind", "partner", "owner")}}
        for name in ("containers", "units", "lines"):
            for part in _list_in(document, name):
                if not isinstance(part, dict):
                    raise BadRowError(name, "must hold objects")
                own = {"container": part.get("id"), **part} if name == "containers" else part
                rows.append({key: _text_of(value) for key, value in {**shared, **own}.items()})
    return rows


def _text(row: Row, column: str) -> str:
    found = _optional_text(row, column)
    if found is None:
        raise BadRowError(column, "is empty")
    return found


def _optional_text(row: Row, column: str) -> str | None:
    found = row.get(column, "").strip(" ")
    if len(found) > TEXT_MAX or not found.isprintable():
        raise BadRowError(column, f"must be printable and at most {TEXT_MAX} characters")
    return found or None


def _gtin(row: Row, column: str) -> str:
    try:
        return str(Gtin.of(_text(row, column)))
    except KeyFormatError as fault:
        raise BadRowError(column, str(fault)) from None


def _lot(row: Row) -> str | None:
    try:
        return str(Lot.of(row["lot"])) if row.get("lot") else None
    except KeyFormatError as fault:
        raise BadRowError("lot", str(fault)) from None


def _serial(row: Row) -> str:
    try:
        return str(Serial.of(row["serial"]))
    except KeyFormatError as fault:
        raise BadRowError("serial", str(fault)) from None


def _day(row: Row, column: str) -> date | None:
    found = row.get(column, "")
    try:
        return date.fromisoformat(found) if found else None
    except ValueError:
        raise BadRowError(column, f"{found!r} is no date: write 2027-05-31") from None


def _count(row: Row, column: str, least: int = 1) -> int:
    found = row.get(column, "")
    if not (found.isascii() and found.isdigit() and least <= int(found[:10]) <= QUANTITY_MAX):
        raise BadRowError(column, f"{found[:20]!r} is no whole number from {least} to {QUANTITY_MAX}")
    return int(found)


def _flag(row: Row, column: str, *, default: bool) -> bool:
    found = row.get(column, "").lower()
    if not found:
        return default
    if found not in TRUE | FALSE:
        raise BadRowError(column, f"{found!r} is neither yes nor no")
    return found in TRUE


def _word(row: Row, column: str, words: type[E]) -> E:
    found = row.get(column, "")
    try:
        return words(found)
    except ValueError:
        known = ", ".join(word.value for word in words)
        raise BadRowError(column, f"{found!r} is none of {known}") from None
