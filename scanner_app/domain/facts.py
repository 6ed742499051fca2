"""The closed set of bounded questions a step may ask, and what the store answers.

A workflow that lacks a fact returns Need(queries); the terminal has the store answer them inside the same transaction
and asks again. Every query has an index behind it, so that a scan never costs more as the ledger grows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.lists import MemberList
    from scanner_app.domain.masters import DocumentLine, Item, Watch
    from scanner_app.domain.refusals import Refused
    from scanner_app.domain.stock import Seal, Status

CONTENT_MAX = 10_000
LINES_MAX = 2_000
MOVEMENTS_MAX = 50


# Questions. Each names its answer's type; a query whose subject is unknown is answered with None or ().


@dataclass(frozen=True, slots=True)
class LevelOf:
    """The level a GTIN-14 stands for, on a day (pack factors are dated) → Level | None."""

    gtin: str
    today: date


@dataclass(frozen=True, slots=True)
class PlaceOf:
    """A place by its code → Place | None."""

    code: str


@dataclass(frozen=True, slots=True)
class OperatorOf:
    """An operator by id → Operator | None."""

    id: str


@dataclass(frozen=True, slots=True)
class DocumentOf:
    """A document by id → Document | None."""

    id: str


@dataclass(frozen=True, slots=True)
class UnitOf:
    """A serialised unit by base GTIN-14 and serial → UnitFact | None."""

    gtin: str
    serial: str


@dataclass(frozen=True, slots=True)
class ContainerOf:
    """A container by place id (`sscc:…`, `sgtin:…`) → ContainerFact | None (None: never stood anywhere of ours)."""

    id: str


@dataclass(frozen=True, slots=True)
class ExpectedUnit:
    """The open or closed documents that name a unit, newest first, at most 8 → tuple[ExpectedUnitFact, ...]."""

    gtin: str
    serial: str


@dataclass(frozen=True, slots=True)
class ExpectedContainer:
    """The documents that name a container, newest first, at most 8 → tuple[ExpectedContainerFact, ...]."""

    id: str


@dataclass(frozen=True, slots=True)
class LinesOf:
    """A document's lines of one item (at most 2,000) → tuple[DocumentLine, ...].

    Of a serialised document: its units of the item by lot and expiry. Goods received (in any status) count for the line
    of their lot, or for the one without a lot where no line names theirs.
    """

    document: str
    gtin: str


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """What a document expects and has received, by line (at most 2,000) → SummaryFact | None."""

    document: str


@dataclass(frozen=True, slots=True)
class OpenDocumentsNaming:
    """Other open documents with a line of this item, at most 8 → tuple[str, ...]."""

    gtin: str


@dataclass(frozen=True, slots=True)
class Inferable:
    """What "accept the rest" may take: expected members under scanned, still sealed containers → MemberList.

    Postings (status available, the document's owner, inferred) from `supplier` into the container that the document
    names, container moves for inner cases; only members that have not been received, at most 10,000. With `container`,
    what stands under that one, whether it was scanned or not, and whatever its seal is.
    """

    document: str
    container: str | None = None


@dataclass(frozen=True, slots=True)
class InferableContent:
    """What Inferable(document) would take, by item, lot and expiry; what recalls touch → ExpectedContentFact | None."""

    document: str


@dataclass(frozen=True, slots=True)
class ExpectedContent:
    """What the document says a container holds, all levels down → ExpectedContentFact | None."""

    document: str
    container: str


@dataclass(frozen=True, slots=True)
class WatchesOn:
    """Recall and watch-list lines that touch an item, lot and serial → tuple[Watch, ...]."""

    gtin: str
    lot: str | None
    serial: str | None


@dataclass(frozen=True, slots=True)
class KnownExpiry:
    """Expiry dates on record for an item's lot, at most 8 → tuple[date, ...]: from documents and from available stock.

    Goods in another status are left out: one mislabelled pack in the cage must not put the rest of its lot in doubt.
    """

    gtin: str
    lot: str


@dataclass(frozen=True, slots=True)
class StockOf:
    """On-hand lines of an item (and lot), all places, at most 2,000 → tuple[StockLine, ...]."""

    gtin: str
    lot: str | None = None


@dataclass(frozen=True, slots=True)
class StockAt:
    """On-hand lines directly in a place or container (of one item), at most 2,000 → tuple[StockLine, ...]."""

    place: str
    gtin: str | None = None


@dataclass(frozen=True, slots=True)
class ContentOf:
    """What a container, or a place with the containers in it, holds by our ledger, all levels down → ContentFact."""

    container: str


@dataclass(frozen=True, slots=True)
class Movements:
    """The last movements of a subject, newest first, at most `limit` ≤ 50 → tuple[Movement, ...].

    Subjects: a unit (gtin, serial), an item's lot (gtin, lot), an item (gtin), a container, or a place.
    """

    gtin: str | None = None
    serial: str | None = None
    lot: str | None = None
    container: str | None = None
    place: str | None = None
    limit: int = 5


@dataclass(frozen=True, slots=True)
class PolicyOf:
    """A policy that the centre set, by its name → int | None."""

    name: str


@dataclass(frozen=True, slots=True)
class LastFact:
    """This operator's last accepted, uncorrected fact in a task → UndoFact | None."""

    operator: str
    task: str


@dataclass(frozen=True, slots=True)
class CountedUnit:
    """Whether a count of this device holds a unit, by base GTIN-14 and serial; not one that was taken back → bool."""

    count: str
    gtin: str
    serial: str


@dataclass(frozen=True, slots=True)
class RecentScans:
    """The last scans of the device with their results, newest first → tuple[HistoryLine, ...].

    `corrections`: also what was taken back by a key, of which nothing was scanned.
    """

    limit: int = 20
    corrections: bool = False


Query = (
    LevelOf | PlaceOf | OperatorOf | DocumentOf | UnitOf | ContainerOf | ExpectedUnit | ExpectedContainer | LinesOf
    | DocumentSummary | OpenDocumentsNaming | Inferable | InferableContent | ExpectedContent | WatchesOn | KnownExpiry
    | StockOf | StockAt | ContentOf | Movements | PolicyOf | LastFact | CountedUnit | RecentScans
)  # fmt: skip


# Answers.


@dataclass(frozen=True, slots=True)
class UnitFact:
    """Where a unit stands by this device's view. `place` may be a container; `location` is the place that stands in.

    `location` is an outside place (`supplier`, `customer`, `destroyed`, …) for units that are not here.
    """

    owner: str
    lot: str | None
    expiry: date | None
    status: Status
    place: str
    location: str
    document: str | None
    inferred: bool
    seq: int
    """The position in this ledger of the last entry about it that the site does not know yet; 0: the site knows all."""


@dataclass(frozen=True, slots=True)
class ContainerFact:
    """A container that stands somewhere: its parent, the place at the top, its seal, the document that brought it."""

    parent: str
    location: str
    seal: Seal
    document: str | None
    seq: int


@dataclass(frozen=True, slots=True)
class ExpectedUnitFact:
    """A document's line for one unit; `parent` is the container it should be in (place id) or None."""

    document: str
    closed: bool
    lot: str | None
    expiry: date | None
    parent: str | None
    parents: tuple[str, ...]
    """All containers above it by the document, innermost first."""


@dataclass(frozen=True, slots=True)
class ExpectedContainerFact:
    """A document's line for one container and its parents, innermost first."""

    document: str
    closed: bool
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContentLine:
    """Base units of an item, lot and expiry within a container."""

    item: Item
    lot: str | None
    expiry: date | None
    status: Status | None
    quantity: int


@dataclass(frozen=True, slots=True)
class ExpectedContentFact:
    """What a document says stands in a container and has not been received yet: by item and lot, and inner cases."""

    lines: tuple[ContentLine, ...]
    containers: int
    watches: tuple[Watch, ...]
    """Recall and watch-list lines that touch anything of it that has not been received (lots and serials)."""
    received: int = 0
    """Base units of it, beside `lines`, that have been received, wherever they stand now."""
    containers_received: int = 0
    """Inner containers of it, beside `containers`, that have been received."""


@dataclass(frozen=True, slots=True)
class ContentFact:
    """What stands in a container by our ledger; `pending`: expected units of its document not yet received."""

    lines: tuple[ContentLine, ...]
    containers: int
    pending: int
    watches: tuple[Watch, ...]
    inferred: int = 0
    """Base units in it that are known by inference alone, never scanned."""


@dataclass(frozen=True, slots=True)
class StockLine:
    """One on-hand line. `place` may be a container, `location` the place it stands in."""

    place: str
    location: str
    owner: str
    gtin: str
    lot: str | None
    expiry: date | None
    status: Status
    quantity: int


@dataclass(frozen=True, slots=True)
class SummaryFact:
    """A document's progress: base units expected and received, containers expected and received, and its lines.

    `outstanding_under_sealed`: expected units not received whose scanned container is still sealed (inferable).
    `held`, `damaged`: base units that came in with another status than available (damaged counts in `damaged` alone).
    `received` counts whatever came in for it, the two below included. What is short is
    expected - (received - unexpected - over).
    """

    expected: int
    received: int
    containers_expected: int
    containers_received: int
    outstanding_under_sealed: int
    held: int
    damaged: int
    lines: tuple[DocumentLine, ...]
    unexpected: int = 0
    """Base units received that nothing on it names: of a serialised document, whatever is none of its units (a second
    pack posted without serial too); else what fits no line of the item with the same lot or without one."""
    over: int = 0
    """Base units received beyond what a line expects, where lines count; 0 for a serialised document."""
    pallets_outstanding: int = 0
    """Containers that hold further ones, stand in none by the document, and have not come."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One ledger entry about a subject, as `trace` prints it."""

    seq: int
    event_id: str
    event_time: int
    offset: int
    kind: str
    operator: str | None
    device: str
    from_place: str | None
    to_place: str | None
    quantity: int | None
    document: str | None
    reason: str | None
    method: str
    refused: Refused | None = None
    """Why nothing moved; None for an accepted entry."""


@dataclass(frozen=True, slots=True)
class UndoFact:
    """The entry that undo would correct, its lists, and what stands in the way."""

    entry: Entry
    lists: tuple[MemberList, ...]
    later: tuple[str, ...]
    """Event ids of later entries that touch the same units or containers, at most 8."""
    would_go_below_zero: bool


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One saved scan: when, what kind, its verdict code and parameters, what was scanned (printable).

    `scanned` is empty for a correction made by a key. `event_id` and `workflow` are those of the entry.
    """

    seq: int
    event_time: int
    offset: int
    kind: str
    code: str
    accepted: bool
    parameters: dict[str, str | int | None]
    scanned: str
    event_id: str = ""
    workflow: str | None = None
