"""Master records as they are imported: what a site knows before the first scan (docs/import.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scanner_app.domain.masters import DEFAULT_OWNER

if TYPE_CHECKING:
    from datetime import date

    from scanner_app.domain.masters import DocumentKind, Item, Operator, Place, Watch


@dataclass(frozen=True, slots=True)
class LevelRecord:
    """From `valid_from` on (None: always) a label with `gtin` stands for `factor` base units of `item`."""

    gtin: str
    item: str
    factor: int
    name: str
    valid_from: date | None = None


@dataclass(frozen=True, slots=True)
class LineRecord:
    """So many base units of an item and lot that a document names; lot and expiry None: not said."""

    gtin: str
    lot: str | None
    expiry: date | None
    quantity: int


@dataclass(frozen=True, slots=True)
class UnitRecord:
    """A serialised base unit that a document names, and the container (place id) it stands in."""

    gtin: str
    serial: str
    lot: str | None
    expiry: date | None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class ContainerRecord:
    """A container (place id) that a document names, and the one it stands in."""

    id: str
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """An expected delivery: units and containers, or lines by lot and quantity."""

    id: str
    kind: DocumentKind
    partner: str
    owner: str = DEFAULT_OWNER
    containers: tuple[ContainerRecord, ...] = ()
    units: tuple[UnitRecord, ...] = ()
    lines: tuple[LineRecord, ...] = ()

    @property
    def serialised(self) -> bool:
        """Whether it names units."""
        return bool(self.units or self.containers)

    def all_lines(self) -> tuple[LineRecord, ...]:
        """Its lines; for a serialised document also the sums of its units by item, lot and expiry, in their order."""
        sums: dict[tuple[str, str | None, date | None], int] = {}
        for unit in self.units:
            key = (unit.gtin, unit.lot, unit.expiry)
            sums[key] = sums.get(key, 0) + 1
        return (*self.lines, *(LineRecord(*key, quantity) for key, quantity in sums.items()))


@dataclass(frozen=True, slots=True)
class SiteRecords:
    """What one import brings; items replace those of the same key, documents are new."""

    items: tuple[Item, ...] = ()
    levels: tuple[LevelRecord, ...] = ()
    places: tuple[Place, ...] = ()
    operators: tuple[Operator, ...] = ()
    documents: tuple[DocumentRecord, ...] = ()
    watches: tuple[Watch, ...] = ()

    def counts(self) -> dict[str, int]:
        """How many records there are of each kind that there are any of, by the noun for one."""
        parts = {
            "item": self.items, "level": self.levels, "location": self.places, "operator": self.operators,
            "document": self.documents, "watch-list line": self.watches,
        }  # fmt: skip
        return {noun: len(records) for noun, records in parts.items() if records}

    def __len__(self) -> int:
        """How many records there are."""
        return sum(self.counts().values())
