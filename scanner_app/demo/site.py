"""The demonstration site as plain values, read from the CSV tables for a given day.

>>> from datetime import date
>>> site = load_demo(date(2026, 11, 22))
>>> len(site.items), len(site.places), len(site.operators), len(site.documents)
(60, 80, 6, 4)
>>> site.operators[0].badge.startswith("USR-1001.")
True
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING

from scanner_app.domain.masters import DocumentKind, Item, Place, PlaceKind, Role, StorageClass, Watch
from scanner_app.domain.stock import Status

if TYPE_CHECKING:
    from datetime import date

Row = dict[str, str]
YES = "yes"
CASE = "case"

READ_POINT = "DOCK-1"
"""The dock at which the demonstration receives."""

CAGE = "CAGE"
"""Where its exceptions are put."""


@dataclass(frozen=True, slots=True)
class DatedLevel:
    """From `valid_from` on (None: always) a label with `gtin` stands for `factor` base units of `item`."""

    gtin: str
    item: str
    factor: int
    name: str
    valid_from: date | None


@dataclass(frozen=True, slots=True)
class DemoOperator:
    """A person with the secrets that a real site would never keep: the badge's token and the PIN."""

    id: str
    name: str
    role: Role
    language: str
    token: str
    pin: str

    @property
    def badge(self) -> str:
        """What the badge's symbol says: `USR-1001.<token>`."""
        return f"{self.id}.{self.token}"


@dataclass(frozen=True, slots=True)
class ExpectedContainer:
    """A container that a document names (place id), and the one it stands in."""

    id: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class ExpectedUnit:
    """A serialised unit that a document names, and the container it stands in."""

    gtin: str
    serial: str
    lot: str
    expiry: date
    parent: str | None


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """So many base units of an item and lot that a document names without serials."""

    gtin: str
    lot: str | None
    expiry: date | None
    quantity: int


@dataclass(frozen=True, slots=True)
class DemoDocument:
    """An inbound delivery; containers stand before what they hold. Lines only where it is not serialised."""

    id: str
    kind: DocumentKind
    partner: str
    partner_gln: str
    serialised: bool
    containers: tuple[ExpectedContainer, ...]
    units: tuple[ExpectedUnit, ...]
    lines: tuple[ExpectedLine, ...]


@dataclass(frozen=True, slots=True)
class OpeningLine:
    """Stock that is there before the first shift; `container` (place id) stands in `place` and holds it."""

    place: str
    container: str | None
    gtin: str
    lot: str | None
    expiry: date | None
    status: Status
    quantity: int
    serials: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemoSite:
    """Everything the demonstration starts from, on the day `today`."""

    today: date
    items: tuple[Item, ...]
    levels: tuple[DatedLevel, ...]
    places: tuple[Place, ...]
    operators: tuple[DemoOperator, ...]
    documents: tuple[DemoDocument, ...]
    watches: tuple[Watch, ...]
    opening: tuple[OpeningLine, ...]

    def document(self, document: str) -> DemoDocument:
        """The document with this id. Raises KeyError."""
        return {known.id: known for known in self.documents}[document]

    def item(self, gtin: str) -> Item:
        """The item with this base GTIN-14. Raises KeyError."""
        return {known.gtin: known for known in self.items}[gtin]

    def operator(self, operator: str) -> DemoOperator:
        """The operator with this id. Raises KeyError."""
        return {known.id: known for known in self.operators}[operator]

    def case_gtin(self, item: str) -> str:
        """The GTIN-14 of the case of an item. Raises KeyError for an item without one."""
        return {level.item: level.gtin for level in self.levels if level.name == CASE}[item]


def load_demo(today: date) -> DemoSite:
    """The demonstration site as it is on `today`."""

    def day(offset: str) -> date | None:
        return today + timedelta(days=int(offset)) if offset else None

    expected = _rows("expected")
    return DemoSite(
        today=today,
        items=tuple(_item(row) for row in _rows("items")),
        levels=tuple(
            DatedLevel(row["gtin"], row["item"], int(row["factor"]), row["name"], day(row["valid_from_day"]))
            for row in _rows("levels")
        ),
        places=tuple(
            Place(row["code"], PlaceKind(row["kind"]), StorageClass(row["storage_class"]), int(row["walk"]))
            for row in _rows("places")
        ),
        operators=tuple(
            DemoOperator(row["id"], row["name"], Role(row["role"]), row["language"], row["token"], row["pin"])
            for row in _rows("operators")
        ),
        documents=tuple(_document(row, expected, today) for row in _rows("documents")),
        watches=tuple(
            Watch(row["id"], row["kind"], row["gtin"], row["lot"] or None, row["serial"] or None, row["reason"])
            for row in _rows("watches")
        ),
        opening=tuple(_opening(row, day(row["expiry_day"])) for row in _rows("opening")),
    )


def _rows(table: str) -> list[Row]:
    """The rows of one of the CSV tables beside this file."""
    text = (files(__package__) / f"{table}.csv").read_text("utf-8")
    return list(csv.DictReader(text.split("\n")))


def _item(row: Row) -> Item:
    return Item(
        gtin=row["gtin"],
        name=row["name"],
        strength=row["strength"],
        storage_class=StorageClass(row["storage_class"]),
        serialised=row["serialised"] == YES,
        covered=row["covered"] == YES,
        lot_controlled=row["lot_controlled"] == YES,
        schedule=row["schedule"] or None,
    )


def _document(row: Row, expected: list[Row], today: date) -> DemoDocument:
    """A document with the rows of `expected` that are its own, in their order."""
    own = [member for member in expected if member["document"] == row["id"]]
    return DemoDocument(
        id=row["id"],
        kind=DocumentKind(row["kind"]),
        partner=row["partner"],
        partner_gln=row["partner_gln"],
        serialised=row["serialised"] == YES,
        containers=tuple(
            ExpectedContainer(member["container"], member["parent"] or None)
            for member in own
            if member["row"] == "container"
        ),
        units=tuple(
            ExpectedUnit(
                member["gtin"],
                member["serial"],
                member["lot"],
                today + timedelta(days=int(member["expiry_day"])),
                member["parent"] or None,
            )
            for member in own
            if member["row"] == "unit"
        ),
        lines=tuple(
            ExpectedLine(
                member["gtin"],
                member["lot"] or None,
                today + timedelta(days=int(member["expiry_day"])) if member["expiry_day"] else None,
                int(member["quantity"]),
            )
            for member in own
            if member["row"] == "line"
        ),
    )


def _opening(row: Row, expiry: date | None) -> OpeningLine:
    return OpeningLine(
        place=row["place"],
        container=row["container"] or None,
        gtin=row["gtin"],
        lot=row["lot"] or None,
        expiry=expiry,
        status=Status(row["status"]),
        quantity=int(row["quantity"]),
        serials=tuple(row["serials"].split(" ")) if row["serials"] else (),
    )
