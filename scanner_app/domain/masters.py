"""Master records: items with their levels, places, operators, documents; read at every scan, changed seldom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

DEFAULT_OWNER = "own"

PIN_LENGTHS = range(4, 13)
"""How many digits a PIN may have."""


class StorageClass(StrEnum):
    """Where an item may lie (model.md, Storage class)."""

    AMBIENT = "ambient"
    COLD = "cold"
    FROZEN = "frozen"
    CONTROLLED = "controlled"
    HAZARDOUS = "hazardous"


class PlaceKind(StrEnum):
    """What a place is for."""

    DOCK = "dock"
    STORAGE = "storage"
    LANE = "lane"
    CAGE = "cage"


class Role(StrEnum):
    """What an operator may do; each role includes the ones before it."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


class DocumentKind(StrEnum):
    """Documents of model.md, Values in the contract."""

    ASN = "asn"
    PO = "po"
    ORDER = "order"
    SHIPMENT = "shipment"
    TRANSFER = "transfer"
    RMA = "rma"
    VENDOR_RETURN = "vendor_return"
    COUNT = "count"
    STOCKTAKE = "stocktake"
    RECALL = "recall"
    CASE = "case"
    TASK = "task"


@dataclass(frozen=True, slots=True)
class Item:
    """A trade item by its base unit. `serialised`: every base unit bears a serial. `covered`: DSCSA asks for data."""

    gtin: str
    name: str
    strength: str
    storage_class: StorageClass
    serialised: bool = True
    covered: bool = True
    lot_controlled: bool = True
    schedule: str | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """What a GTIN on a label stands for: `factor` base units of `item` (1 for the base unit itself)."""

    gtin: str
    item: Item
    factor: int
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """A bin, dock, lane or cage; `code` is what stands on its label after the prefix."""

    code: str
    kind: PlaceKind
    storage_class: StorageClass
    walk: int = 0


@dataclass(frozen=True, slots=True)
class Operator:
    """A person with a badge. `verifier` is argon2id over PIN ‖ token (model.md, Sign-in)."""

    id: str
    name: str
    role: Role
    verifier: str
    language: str = "en"
    active: bool = True


@dataclass(frozen=True, slots=True)
class Document:
    """An expected delivery. `serialised`: it names units and containers; otherwise lines by lot and quantity."""

    id: str
    kind: DocumentKind
    partner: str
    serialised: bool
    closed: bool
    owner: str = DEFAULT_OWNER


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """What a document expects of an item and lot, and what it has received, in base units."""

    number: int
    gtin: str
    lot: str | None
    expiry: date | None
    expected: int
    received: int


@dataclass(frozen=True, slots=True)
class Watch:
    """A recall or watch-list line: an item's lot, or one serial of it (`lot` None: by serial; both None: the item)."""

    id: str
    kind: str
    gtin: str
    lot: str | None
    serial: str | None
    reason: str
