"""Stock: keys, postings, and `effects`, the one pure function that turns an entry into stock (model.md, Posting).

Device, centre, `verify` and simulation all use `effects`; stores only upsert its deltas. Quantities are whole base
units. A posting moves a quantity of one key from one place to another, so every entry sums to zero by its form. Deltas
are named tuples: several are made within every scan's commit, and a frozen dataclass takes three times as long to make.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.lists import MemberList


class Status(StrEnum):
    """Physical, posted status. Recalled and expired are derived, never posted."""

    AVAILABLE = "available"
    HELD = "held"
    QUARANTINED = "quarantined"
    SUSPECT = "suspect"
    DAMAGED = "damaged"
    RETURNED = "returned"
    SAMPLE = "sample"


class Seal(StrEnum):
    """What is known of a container's content (model.md, containers)."""

    SEALED = "sealed"
    OPEN = "open"
    DOUBTFUL = "doubtful"


SUPPLIER = "supplier"
CUSTOMER = "customer"
LOSS = "loss"
DESTROYED = "destroyed"
ADJUSTMENT = "adjustment"
CONVERSION = "conversion"
TRANSIT = "transit"
OUTSIDE = frozenset({SUPPLIER, CUSTOMER, LOSS, DESTROYED, ADJUSTMENT, CONVERSION, TRANSIT})
NOT_OURS = OUTSIDE - {TRANSIT}
"""Places whose quantities are not stock; goods in transit between own sites still count as ours."""

NOT_COME = frozenset({SUPPLIER, ADJUSTMENT})
"""Where a unit or container stands whose coming (by a delivery, or by an opening balance or find) was taken back."""

SSCC_PLACE = "sscc:"
CASE_PLACE = "sgtin:"


def sscc_place(sscc: str) -> str:
    """The place id of a logistic unit: `sscc:` and its 18 digits."""
    return SSCC_PLACE + sscc


def case_place(gtin: str, serial: str) -> str:
    """The place id of a serialised case: `sgtin:`, its GTIN-14, a colon and its serial."""
    return f"{CASE_PLACE}{gtin}:{serial}"


def is_container(place: str) -> bool:
    """Whether the place is a container: an SSCC or a serialised case."""
    return place.startswith((SSCC_PLACE, CASE_PLACE))


@dataclass(frozen=True, slots=True)
class StockKey:
    """What a quantity is of. `lot` and `expiry` None: unknown. `serial` None: not serialised (or not known by serial).

    `gtin` is the base unit's GTIN-14; lot and serial are compared as strings, case-sensitive.
    """

    owner: str
    gtin: str
    lot: str | None
    expiry: date | None
    serial: str | None
    status: Status


@dataclass(frozen=True, slots=True)
class Posting:
    """Moves `quantity` (base units, > 0; 1 for a serialised key) of `key` from one place to another."""

    key: StockKey
    quantity: int
    from_place: str
    to_place: str
    inferred: bool = False

    def __post_init__(self) -> None:
        """A posting moves something, from one place to another, and a serial is one unit."""
        if self.quantity <= 0 or self.from_place == self.to_place:
            message = f"not a posting: {self.quantity} from {self.from_place} to {self.to_place}"
            raise ValueError(message)
        if self.key.serial is not None and self.quantity != 1:
            message = f"a serialised unit is one unit, not {self.quantity}"
            raise ValueError(message)

    def negated(self) -> Posting:
        """The posting that takes this one back."""
        return Posting(self.key, self.quantity, self.to_place, self.from_place, self.inferred)


@dataclass(frozen=True, slots=True)
class ContainerMove:
    """Moves a container from one place to another; its content inherits. `seal` is its seal after the move.

    `seal_before` is what a correction restores. Equal places mean that only the seal changes.
    """

    container: str
    from_parent: str
    to_parent: str
    seal: Seal
    seal_before: Seal = Seal.SEALED
    inferred: bool = False

    def negated(self) -> ContainerMove:
        """The move that restores the former parent and seal."""
        return ContainerMove(
            self.container, self.to_parent, self.from_parent, self.seal_before, self.seal, self.inferred
        )


class QuantityDelta(NamedTuple):
    """Adds `change` base units to one on-hand line; the serial is left out of a line's key."""

    place: str
    owner: str
    gtin: str
    lot: str | None
    expiry: date | None
    status: Status
    change: int


class UnitDelta(NamedTuple):
    """Sets where one serialised unit stands and what it is. `document`: the one that received it, None: unchanged."""

    gtin: str
    serial: str
    owner: str
    lot: str | None
    expiry: date | None
    status: Status
    place: str
    document: str | None
    inferred: bool


class ContainerDelta(NamedTuple):
    """Sets a container's place and seal. `document` as for units."""

    container: str
    parent: str
    seal: Seal
    document: str | None


class DocumentDelta(NamedTuple):
    """Adds `change` base units to what a document has received of an item and lot (in status `status`)."""

    document: str
    gtin: str
    lot: str | None
    expiry: date | None
    status: Status
    change: int


class Deltas(NamedTuple):
    """What one entry does to the projections, each in order of application."""

    quantities: tuple[QuantityDelta, ...] = ()
    units: tuple[UnitDelta, ...] = ()
    containers: tuple[ContainerDelta, ...] = ()
    documents: tuple[DocumentDelta, ...] = ()


NO_DELTAS = Deltas()


def effects(entry: Entry, lists: Mapping[str, MemberList]) -> Deltas:
    """The projection of one entry: deltas to on-hand lines, units, containers and documents.

    `lists` holds every member list that the entry names, by digest (KeyError if one is missing). Postings of the lists
    follow the entry's own, in order. Refused and noted entries have no effects.
    """
    postings = list(entry.postings)
    moves = list(entry.container_moves)
    for digest in entry.lists:
        postings.extend(lists[digest].postings)
        moves.extend(lists[digest].container_moves)
    if not postings and not moves:
        return NO_DELTAS
    return Deltas(
        quantities=tuple(_quantity_deltas(postings)),
        units=tuple(_unit_deltas(postings, entry.document)),
        containers=tuple(_container_delta(move, entry.document) for move in moves),
        documents=tuple(_document_deltas(postings, entry.document)),
    )


def _quantity_deltas(postings: Iterable[Posting]) -> Iterable[QuantityDelta]:
    """Two deltas a posting, without the places that are not ours."""
    for posting in postings:
        key = posting.key
        for place, change in ((posting.from_place, -posting.quantity), (posting.to_place, posting.quantity)):
            if place not in NOT_OURS:
                yield QuantityDelta(place, key.owner, key.gtin, key.lot, key.expiry, key.status, change)


def _unit_deltas(postings: Iterable[Posting], document: str | None) -> Iterable[UnitDelta]:
    """Where each serialised unit stands afterwards; the way through `conversion` shows only its end."""
    for posting in postings:
        key = posting.key
        if key.serial is not None and posting.to_place != CONVERSION:
            received_by = document if posting.from_place == SUPPLIER else None
            yield UnitDelta(
                key.gtin, key.serial, key.owner, key.lot, key.expiry, key.status, posting.to_place, received_by,
                posting.inferred,
            )  # fmt: skip


def _container_delta(move: ContainerMove, document: str | None) -> ContainerDelta:
    """Where the container stands afterwards."""
    return ContainerDelta(move.container, move.to_parent, move.seal, document if move.from_parent == SUPPLIER else None)


def _document_deltas(postings: Iterable[Posting], document: str | None) -> Iterable[DocumentDelta]:
    """What the document has received: in from the supplier counts up, back to the supplier counts down."""
    if document is None:
        return
    for posting in postings:
        key = posting.key
        if posting.from_place == SUPPLIER:
            yield DocumentDelta(document, key.gtin, key.lot, key.expiry, key.status, posting.quantity)
        elif posting.to_place == SUPPLIER:
            yield DocumentDelta(document, key.gtin, key.lot, key.expiry, key.status, -posting.quantity)
