"""What entries come to, one after the other: the pure fold of their deltas (domain.stock.effects).

The overlay, the base, `verify` and the tests' model of a centre are all this fold; tables only take in what it gives.
Keys and values stand as tables keep them: dates as ISO text, an unknown lot or expiry as ''.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scanner_app.domain.dates import day_text

if TYPE_CHECKING:
    from scanner_app.domain.stock import ContainerDelta, Deltas, UnitDelta

LineKey = tuple[str, str, str, str, str, str]
"""place, gtin, lot, expiry, status, owner"""
ProgressKey = tuple[str, str, str, str, str]
"""document, gtin, lot, expiry, status"""
UnitKey = tuple[str, str]
"""gtin, serial"""


class UnitState(NamedTuple):
    """Where a unit stands after the entries that touched it. `number`: of the last of them.

    `document_number`: of the last that named a document, which is `document`. `touches`: how many deltas there were.
    """

    owner: str
    lot: str
    expiry: str
    status: str
    place: str
    document: str | None
    inferred: bool
    number: int
    document_number: int | None
    touches: int


class ContainerState(NamedTuple):
    """Where a container stands; the rest as for units."""

    parent: str
    seal: str
    document: str | None
    number: int
    document_number: int | None
    touches: int


class Fold:
    """The sum of what entries did. Quantities commute; of units and containers the last entry added stands."""

    __slots__ = ("containers", "lines", "progress", "units")

    def __init__(self) -> None:
        self.lines: dict[LineKey, int] = {}
        self.progress: dict[ProgressKey, int] = {}
        self.units: dict[UnitKey, UnitState] = {}
        self.containers: dict[str, ContainerState] = {}

    def add(self, number: int, deltas: Deltas) -> None:
        """Adds the deltas of the next entry, which has this number (a position, or a number of the feed)."""
        lines, progress = self.lines, self.progress
        for each in deltas.quantities:
            line = (each.place, each.gtin, each.lot or "", day_text(each.expiry), each.status.value, each.owner)
            lines[line] = lines.get(line, 0) + each.change
        for unit in deltas.units:
            self._add_unit(number, unit)
        for container in deltas.containers:
            self._add_container(number, container)
        for row in deltas.documents:
            key = (row.document, row.gtin, row.lot or "", day_text(row.expiry), row.status.value)
            progress[key] = progress.get(key, 0) + row.change

    def _add_unit(self, number: int, delta: UnitDelta) -> None:
        key = (delta.gtin, delta.serial)
        document, named_by, touches = _documented(self.units.get(key), number, delta.document)
        self.units[key] = UnitState(
            delta.owner, delta.lot or "", day_text(delta.expiry), delta.status.value, delta.place, document,
            delta.inferred, number, named_by, touches,
        )  # fmt: skip

    def _add_container(self, number: int, delta: ContainerDelta) -> None:
        document, named_by, touches = _documented(self.containers.get(delta.container), number, delta.document)
        self.containers[delta.container] = ContainerState(
            delta.parent, delta.seal.value, document, number, named_by, touches
        )


def _documented(
    former: UnitState | ContainerState | None, number: int, document: str | None
) -> tuple[str | None, int | None, int]:
    """The document in force, the number of the entry that named it, and how many deltas there have been."""
    if former is None:
        return document, None if document is None else number, 1
    if document is None:
        return former.document, former.document_number, former.touches + 1
    return document, number, former.touches + 1
