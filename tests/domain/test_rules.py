"""Expiry, recalls and watch-lists, storage classes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.masters import Place, PlaceKind, StorageClass, Watch
from scanner_app.domain.refusals import Refusal
from scanner_app.domain.rules import expired, gravest_watch, is_cold, storage_fits, touches, watch_refusal

GTIN = "09521001000116"
DAYS = st.dates(date(2000, 1, 1), date(2090, 1, 1))


@given(DAYS)
def test_goods_are_usable_through_their_expiry_date(day: date) -> None:
    assert not expired(day, day)
    assert expired(day, day + timedelta(days=1))
    assert not expired(None, day)


def watch(kind: str = "recall", lot: str | None = None, serial: str | None = None) -> Watch:
    return Watch("W1", kind, GTIN, lot, serial, "reason")


@pytest.mark.parametrize(
    ("line", "goods", "named"),
    [
        (watch(lot="C90"), (GTIN, "C90", "S1"), True),
        (watch(lot="C90"), (GTIN, "c90", "S1"), False),
        (watch(lot="C90"), (GTIN, None, "S1"), False),
        (watch(lot="C90"), ("other", "C90", "S1"), False),
        (watch(serial="S1"), (GTIN, None, "S1"), True),
        (watch(serial="S1"), (GTIN, "C90", None), False),
        (watch(lot="C90", serial="S1"), (GTIN, "C90", "S2"), False),
        (watch(), (GTIN, None, None), True),
    ],
)
def test_a_line_names_a_serial_a_lot_or_the_item(
    line: Watch, goods: tuple[str, str | None, str | None], *, named: bool
) -> None:
    assert touches(line, *goods) is named


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [
        ("recall", Refusal.RECALLED),
        ("watch_list", Refusal.WATCH_LISTED),
        ("suspect", Refusal.SUSPECT),
        ("any other", Refusal.WATCH_LISTED),
    ],
)
def test_the_kind_of_a_line_names_the_refusal(kind: str, refusal: Refusal) -> None:
    assert watch_refusal(watch(kind)) is refusal


def test_the_gravest_line_is_told() -> None:
    lines = [watch("suspect"), watch("watch_list"), watch("recall")]

    assert gravest_watch(lines) == watch("recall")
    assert gravest_watch(lines[:2]) == watch("watch_list")
    assert gravest_watch([]) is None


@pytest.mark.parametrize("kind", [PlaceKind.DOCK, PlaceKind.LANE, PlaceKind.CAGE])
@pytest.mark.parametrize("item_class", StorageClass)
def test_goods_of_any_class_pass_docks_lanes_and_the_cage(kind: PlaceKind, item_class: StorageClass) -> None:
    assert storage_fits(item_class, Place("P", kind, StorageClass.AMBIENT))


@pytest.mark.parametrize("item_class", StorageClass)
@pytest.mark.parametrize("place_class", StorageClass)
def test_storage_takes_its_own_class_alone(item_class: StorageClass, place_class: StorageClass) -> None:
    place = Place("B-04-2", PlaceKind.STORAGE, place_class)

    assert storage_fits(item_class, place) is (item_class is place_class)


def test_only_cold_and_frozen_goods_need_a_logger() -> None:
    assert {each for each in StorageClass if is_cold(each)} == {StorageClass.COLD, StorageClass.FROZEN}
