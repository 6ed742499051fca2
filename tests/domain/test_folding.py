"""The fold of entries: sums of quantities; units and containers as the last entry that touched them left them."""

from __future__ import annotations

from datetime import date

from scanner_app.domain.folding import ContainerState, Fold, UnitState
from scanner_app.domain.stock import (
    ContainerDelta,
    Deltas,
    DocumentDelta,
    QuantityDelta,
    Seal,
    Status,
    UnitDelta,
)

GTIN = "09521001000017"
DAY = date(2027, 5, 31)
HELD = Status.HELD


def unit(place: str, document: str | None = None, *, inferred: bool = False) -> Deltas:
    return Deltas(units=(UnitDelta(GTIN, "S1", "own", None, DAY, HELD, place, document, inferred),))


def container(parent: str, document: str | None = None) -> Deltas:
    return Deltas(containers=(ContainerDelta("sscc:1", parent, Seal.OPEN, document),))


def test_quantities_and_progress_are_sums_by_line() -> None:
    fold = Fold()
    for change in (5, -2):
        fold.add(1, Deltas(
            quantities=(QuantityDelta("A-1", "own", GTIN, "L1", DAY, HELD, change),),
            documents=(DocumentDelta("ASN-1", GTIN, None, None, HELD, change),),
        ))  # fmt: skip
    assert fold.lines == {("A-1", GTIN, "L1", "2027-05-31", "held", "own"): 3}
    assert fold.progress == {("ASN-1", GTIN, "", "", "held"): 3}


def test_the_last_entry_says_where_a_unit_stands() -> None:
    fold = Fold()
    fold.add(3, unit("DOCK-1", "ASN-1", inferred=True))
    assert fold.units == {
        (GTIN, "S1"): UnitState("own", "", "2027-05-31", "held", "DOCK-1", "ASN-1", True, 3, 3, 1)  # noqa: FBT003 - a row
    }
    fold.add(5, unit("A-1"))
    assert fold.units[GTIN, "S1"][4:] == ("A-1", "ASN-1", False, 5, 3, 2)
    fold.add(9, unit("B-1", "ASN-2"))
    assert fold.units[GTIN, "S1"][4:] == ("B-1", "ASN-2", False, 9, 9, 3)


def test_containers_alike() -> None:
    fold = Fold()
    fold.add(3, container("DOCK-1"))
    assert fold.containers == {"sscc:1": ContainerState("DOCK-1", "open", None, 3, None, 1)}
    fold.add(4, container("A-1", "ASN-1"))
    fold.add(5, container("B-1"))
    assert fold.containers["sscc:1"] == ContainerState("B-1", "open", "ASN-1", 5, 4, 3)
