"""Imported rows as master records: items with their levels, places, operators, watch-list lines (docs/import.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from scanner_app.domain.import_rows import BadRow, shown
from scanner_app.domain.masters import DEFAULT_OWNER, Item, Operator, Place, PlaceKind, Role, StorageClass, Watch
from scanner_app.domain.rules import RECALL, SUSPECT
from scanner_app.domain.site_records import LevelRecord
from scanner_app.domain.stock import OUTSIDE, is_container

if TYPE_CHECKING:
    from scanner_app.domain.import_cells import Cells
    from scanner_app.domain.site_records import DocumentRecord

WATCH_KINDS: Final = (RECALL, "watch_list", SUSPECT)


@dataclass(slots=True)
class Reading:
    """What a file held: its records by kind, and the rows that could not be used.

    `owner`: whose goods a document brings that does not say so.
    """

    owner: str = DEFAULT_OWNER
    items: list[Item] = field(default_factory=list)
    levels: list[LevelRecord] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    operators: list[tuple[Operator, str]] = field(default_factory=list)
    """Each operator with the text that its verifier is to be made of (PIN ‖ token); empty where the file has one."""
    documents: list[DocumentRecord] = field(default_factory=list)
    watches: list[Watch] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    first: dict[tuple[str, ...], str] = field(default_factory=dict)
    """Where each key stood first: ("operator", id), ("document", id) …"""
    wanted: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Base items that rows name: where, and in which column."""

    def want(self, cells: Cells, column: str, gtin: str) -> None:
        """Notes that a row needs an item to be known; a wrong GTIN is empty."""
        if gtin:
            self.wanted.setdefault(gtin, []).append((cells.where, column))


def read_item(cells: Cells, reading: Reading) -> None:
    """An item, or a level: a row with `item`, or what only a level has, is a level of that item."""
    if any(map(cells.has, ("item", "factor", "valid_from"))):
        _read_level(cells, reading)
        return
    item = Item(
        gtin=cells.gtin("gtin"),
        name=cells.text("name"),
        strength=cells.optional("strength") or "",
        storage_class=cells.word("storage_class", StorageClass),
        serialised=cells.flag("serialised"),
        covered=cells.flag("covered"),
        lot_controlled=cells.flag("lot_controlled"),
        schedule=cells.optional("schedule"),
    )
    cells.once(reading.first, "gtin", "item", item.gtin)
    reading.items.append(item)


def _read_level(cells: Cells, reading: Reading) -> None:
    level = LevelRecord(
        gtin=cells.gtin("gtin"),
        item=cells.gtin("item"),
        factor=cells.count("factor"),
        name=cells.optional("name") or "case",
        valid_from=cells.day("valid_from"),
    )
    if level.gtin and level.gtin == level.item and level.factor != 1:
        cells.refuse("factor", "must be 1 here: the item's own GTIN stands for one base unit")
    cells.once(reading.first, "gtin", *_key_of(level))
    reading.want(cells, "item", level.item)
    reading.levels.append(level)


def _key_of(level: LevelRecord) -> tuple[str, ...]:
    return "level", str(level.valid_from), level.gtin


def place_of_level(reading: Reading, level: LevelRecord) -> str:
    """Where a level stands in the file."""
    return reading.first[_key_of(level)]


def check_levels(reading: Reading) -> None:
    """Adds levels that bear the GTIN of another item of the file: which of both a label means would be chance."""
    for level in reading.levels:
        if level.gtin != level.item and ("item", level.gtin) in reading.first:
            where = reading.first["item", level.gtin]
            reading.bad.append(BadRow(place_of_level(reading, level), "gtin", f"{level.gtin} is the item on {where}"))


def read_location(cells: Cells, reading: Reading) -> None:
    """A place; the names of outside places and containers are refused."""
    place = Place(
        code=cells.text("code"),
        kind=cells.word("kind", PlaceKind),
        storage_class=cells.word("storage_class", StorageClass),
        walk=cells.count("walk", least=0) if cells.has("walk") else 0,
    )
    if place.code in OUTSIDE or is_container(place.code):
        cells.refuse("code", f"{shown(place.code)} is reserved; name the place otherwise")
    cells.once(reading.first, "code", "location", place.code)
    reading.places.append(place)


def read_operator(cells: Cells, reading: Reading) -> None:
    """An operator: with a `verifier`, or with `token` and `pin`, from which the importer makes one."""
    verifier, secret = cells.secret()
    person = Operator(
        id=cells.text("id"),
        name=cells.text("name"),
        role=cells.word("role", Role),
        verifier=verifier,
        language=cells.language(),
        active=cells.flag("active"),
    )
    cells.once(reading.first, "id", "operator", person.id)
    reading.operators.append((person, secret))


def read_watch(cells: Cells, reading: Reading) -> None:
    """A recall or watch-list line: an item, its lot, or one serial of it."""
    watch = Watch(
        id=cells.text("id"),
        kind=cells.one_of("kind", WATCH_KINDS),
        gtin=cells.gtin("gtin"),
        lot=cells.lot(),
        serial=cells.serial(),
        reason=cells.text("reason"),
    )
    cells.once(reading.first, "id", "watch", watch.id)
    reading.watches.append(watch)


READERS: Final = {
    "items": read_item,
    "locations": read_location,
    "operators": read_operator,
    "watches": read_watch,
}
"""How a row becomes a record; documents are gathered from many."""
