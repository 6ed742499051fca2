"""On-hand lines as `scanner stock` prints them: where, which, how many, recalled, expired."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from scanner_app.domain.masters import Item, StorageClass, Watch
from scanner_app.domain.site_records import SiteRecords
from scanner_app.domain.stock import CUSTOMER, SUPPLIER, TRANSIT, Posting, Status
from scanner_app.store.database import connect_reader
from scanner_app.store.stock_lines import OnHandLine, Wanted, on_hand_lines
from tests.store.ledgers import CASE, EXPIRY, GTIN, OTHER, PALLET, Writer, key, moved, received

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 22)


@pytest.fixture
def stocked(writer: Writer) -> Path:
    """Two items: in a bin, in a case on a pallet, in the cage, in transit, with the customer."""
    with writer.ledger.step() as step:
        step.put_records(SiteRecords(items=(Item(GTIN, "Panacea", "10 mg", StorageClass.AMBIENT),)))
    writer.move(moved(PALLET, SUPPLIER, "B-1"), moved(CASE, SUPPLIER, PALLET))
    writer.post(received(key("S2"), CASE), received(key("S1"), CASE), received(key("S3"), "A-1"))
    writer.post(received(key(None, "L0", date(2026, 11, 21)), "A-1", 5))
    writer.post(received(key(None, None, None, gtin=OTHER, owner="client"), "A-1", 7))
    writer.post(received(key(None, status=Status.DAMAGED), "CAGE", 2), received(key(), TRANSIT, 1))
    writer.post(received(key(None, "GONE"), "A-1", 3))
    writer.post(Posting(key(None, "GONE"), 3, "A-1", CUSTOMER))
    return writer.ledger.path


def lines(path: Path, wanted: Wanted = Wanted(), today: date = TODAY, *, serials: bool = False) -> list[OnHandLine]:  # noqa: B008 - frozen
    connection = connect_reader(path)
    try:
        return list(on_hand_lines(connection, wanted, today, serials=serials))
    finally:
        connection.close()


def shown(found: list[OnHandLine]) -> list[tuple[str, str | None, str | None, str, int]]:
    return [(line.location, line.container, line.lot, line.status.value, line.quantity) for line in found]


def test_every_line_in_its_order(stocked: Path) -> None:
    assert shown(lines(stocked)) == [
        ("A-1", None, "L0", "available", 5), ("A-1", None, "L1", "available", 1), ("A-1", None, None, "available", 7),
        ("B-1", CASE, "L1", "available", 2), ("CAGE", None, "L1", "damaged", 2),
        ("transit", None, "L1", "available", 1),
    ]  # fmt: skip
    first, second = lines(stocked)[:2]
    assert (first.name, first.expired, first.recalled, first.owner) == ("Panacea 10 mg", True, False, "own")
    assert (second.expiry, second.expired, second.serials) == (EXPIRY, False, ())


@pytest.mark.parametrize(
    ("wanted", "quantities"),
    [
        (Wanted(gtin=OTHER), [7]),
        (Wanted(owner="client"), [7]),
        (Wanted(lot="L1"), [1, 2, 2, 1]),
        (Wanted(lot="l1"), []),
        (Wanted(status="damaged"), [2]),
        (Wanted(location="A-1"), [5, 1, 7]),
        (Wanted(location="B-1"), [2]),
        (Wanted(location=CASE), [2]),
        (Wanted(location=PALLET), []),
        (Wanted(serial="S1"), [1]),
        (Wanted(serial="S1", location="A-1"), []),
        (Wanted(serial="S9"), []),
        (Wanted(near_expiry_days=0), [5]),
        (Wanted(near_expiry_days=(EXPIRY - TODAY).days - 1), [5]),
        (Wanted(near_expiry_days=(EXPIRY - TODAY).days), [5, 1, 2, 2, 1]),
        (Wanted(near_expiry_days=999_999_999), [5, 1, 2, 2, 1]),
    ],
)
def test_each_filter(stocked: Path, wanted: Wanted, quantities: list[int]) -> None:
    assert [line.quantity for line in lines(stocked, wanted)] == quantities


def test_serials_are_told_where_they_are_asked_for(stocked: Path) -> None:
    assert [line.serials for line in lines(stocked, Wanted(gtin=GTIN), serials=True)] == [
        (), ("S3",), ("S1", "S2"), (), (),
    ]  # fmt: skip
    (line,) = lines(stocked, Wanted(serial="S2"))
    assert (line.serials, line.quantity, line.container) == (("S2",), 1, CASE)


def test_goods_expire_after_their_day(stocked: Path) -> None:
    on_the_day = [line.expired for line in lines(stocked, Wanted(lot="L1"), EXPIRY)]
    after = [line.expired for line in lines(stocked, Wanted(lot="L1"), EXPIRY + timedelta(days=1))]
    assert (set(on_the_day), set(after)) == ({False}, {True})
    assert not lines(stocked, Wanted(gtin=OTHER), date.max)[0].expired


def recall(writer: Writer, lot: str | None, serial: str | None, kind: str = "recall") -> None:
    with writer.ledger.step() as step:
        step.put_records(SiteRecords(watches=(Watch("R", kind, GTIN, lot, serial, "glass"),)))


@pytest.mark.parametrize(
    ("lot", "serial", "kind", "recalled"),
    [
        (None, None, "recall", ["A-1 L0", "A-1 L1", "B-1 L1", "CAGE L1", "transit L1"]),
        ("L0", None, "recall", ["A-1 L0"]),
        (None, "S3", "recall", ["A-1 L1"]),
        (None, "S9", "recall", []),
        ("L1", None, "stolen", []),
    ],
)
def test_what_a_recall_names_is_recalled(
    stocked: Path, writer: Writer, lot: str | None, serial: str | None, kind: str, recalled: list[str]
) -> None:
    recall(writer, lot, serial, kind)
    assert [f"{line.location} {line.lot}" for line in lines(stocked) if line.recalled] == recalled


def test_of_a_line_with_one_recalled_unit_the_others_are_not(stocked: Path, writer: Writer) -> None:
    recall(writer, None, "S1")
    assert [line.recalled for line in lines(stocked, Wanted(serial="S1"))] == [True]
    assert [line.recalled for line in lines(stocked, Wanted(serial="S2"))] == [False]


def test_what_stands_in_a_container_that_has_left_is_no_stock(stocked: Path, writer: Writer) -> None:
    writer.move(moved(PALLET, "B-1", CUSTOMER))
    assert "B-1" not in {line.location for line in lines(stocked)}
    assert CUSTOMER not in {line.location for line in lines(stocked)}
