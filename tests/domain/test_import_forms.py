"""Imported files: a row is right, or it is named with its column."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.import_forms import (
    BadRowError,
    Reading,
    container_id,
    document_rows,
    read_documents,
    read_items,
    read_locations,
    read_operators,
    read_watches,
    rows_of,
)
from scanner_app.domain.masters import DocumentKind, Item, Operator, Place, PlaceKind, Role, StorageClass, Watch
from scanner_app.domain.site_records import (
    ContainerRecord,
    DocumentRecord,
    LevelRecord,
    LineRecord,
    SiteRecords,
    UnitRecord,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ITEM = "09521001000017"
CASE = "19521001000014"
PALLET = "095210010000040013"


def csv_rows(text: str) -> list[dict[str, str]]:
    return rows_of(text, as_json=False, lists=())


def test_items_and_levels() -> None:
    reading = read_items(
        csv_rows(
            "\ufeffgtin,name,strength,storage_class,serialised,covered,lot_controlled,schedule,item,factor,valid_from\r\n"
            f'{ITEM},Amoxidem,"500 mg caps, 100",cold,no,,yes,CII,,,\r\n\r\n'
            f"{CASE},,,,,,,,{ITEM},12,2026-01-01\r\n"
        )
    )
    assert reading.bad == []
    assert reading.items == [
        Item(ITEM, "Amoxidem", "500 mg caps, 100", StorageClass.COLD, False, True, True, "CII")  # noqa: FBT003 - positional as declared
    ]
    assert reading.levels == [LevelRecord(CASE, ITEM, 12, "case", date(2026, 1, 1))]


def test_places_operators_and_watches() -> None:
    places = read_locations(csv_rows("code,kind,storage_class,walk\nA-1,storage,ambient,7\nD,dock,cold,\n"))
    assert places.places == [
        Place("A-1", PlaceKind.STORAGE, StorageClass.AMBIENT, 7),
        Place("D", PlaceKind.DOCK, StorageClass.COLD, 0),
    ]
    people = read_operators(
        [
            {"id": "USR-1", "name": "Ana", "role": "operator", "token": "t", "pin": "1234"},
            {
                "id": "USR-2",
                "name": "Li",
                "role": "supervisor",
                "verifier": "$argon2",
                "active": "no",
                "language": "de",
            },
        ]
    )
    assert people.operators == [
        (Operator("USR-1", "Ana", Role.OPERATOR, ""), "1234t"),
        (Operator("USR-2", "Li", Role.SUPERVISOR, "$argon2", "de", active=False), ""),
    ]
    watches = read_watches(
        [
            {"id": "R1", "kind": "recall", "gtin": ITEM, "lot": "C90", "serial": "", "reason": "sterility"},
            {"id": "W1", "kind": "watch_list", "gtin": ITEM, "lot": "", "serial": "a1", "reason": "stolen"},
        ]
    )
    assert watches.watches == [
        Watch("R1", "recall", ITEM, "C90", None, "sterility"),
        Watch("W1", "watch_list", ITEM, None, "a1", "stolen"),
    ]


def test_a_document_in_json_and_in_csv_is_the_same() -> None:
    as_json = {
        "id": "ASN-1", "kind": "asn", "partner": "Meridian",
        "containers": [{"id": PALLET}, {"id": f"{CASE}:c1", "parent": PALLET}],
        "units": [{"gtin": ITEM, "serial": "s1", "lot": "L", "expiry": "2027-05-31", "parent": f"{CASE}:c1"}],
    }  # fmt: skip
    as_csv = (
        "document,kind,partner,container,parent,gtin,serial,lot,expiry,quantity\n"
        f"ASN-1,asn,Meridian,{PALLET},,,,,,\n"
        f"ASN-1,,,{CASE}:c1,{PALLET},,,,,\n"
        f"ASN-1,,,,{CASE}:c1,{ITEM},s1,L,2027-05-31,\n"
    )
    wanted = DocumentRecord(
        "ASN-1", DocumentKind.ASN, "Meridian",
        containers=(ContainerRecord(f"sscc:{PALLET}"), ContainerRecord(f"sgtin:{CASE}:c1", f"sscc:{PALLET}")),
        units=(UnitRecord(ITEM, "s1", "L", date(2027, 5, 31), f"sgtin:{CASE}:c1"),),
    )  # fmt: skip
    assert read_documents(document_rows([as_json])).documents == [wanted]
    assert read_documents(csv_rows(as_csv)).documents == [wanted]
    assert wanted.serialised
    assert wanted.all_lines() == (LineRecord(ITEM, "L", date(2027, 5, 31), 1),)


def test_a_document_by_lines() -> None:
    given_document = {
        "id": "PO-1",
        "kind": "po",
        "partner": "B",
        "owner": "acme",
        "lines": {"gtin": ITEM, "quantity": 5},
    }
    (document,) = read_documents(document_rows([given_document])).documents
    assert document == DocumentRecord("PO-1", DocumentKind.PO, "B", "acme", lines=(LineRecord(ITEM, None, None, 5),))
    assert not document.serialised
    assert len(SiteRecords(documents=(document,), items=())) == 1


@pytest.mark.parametrize(
    ("read", "row", "column"),
    [
        (read_items, {"gtin": ITEM, "name": "", "storage_class": "ambient"}, "name"),
        (read_items, {"gtin": "09521001000018", "name": "x", "storage_class": "ambient"}, "gtin"),
        (read_items, {"gtin": ITEM, "name": "x", "storage_class": "warm"}, "storage_class"),
        (read_items, {"gtin": ITEM, "name": "x", "storage_class": "cold", "covered": "maybe"}, "covered"),
        (read_items, {"gtin": ITEM, "name": "a\x1b[2J", "storage_class": "cold"}, "name"),
        (read_items, {"gtin": ITEM, "name": "x" * 81, "storage_class": "cold"}, "name"),
        (read_items, {"gtin": CASE, "item": ITEM, "factor": "0"}, "factor"),
        (read_items, {"gtin": CASE, "item": ITEM, "factor": "٣"}, "factor"),
        (read_items, {"gtin": CASE, "item": ITEM, "factor": "2", "valid_from": "soon"}, "valid_from"),
        (read_locations, {"code": "supplier", "kind": "dock", "storage_class": "ambient"}, "code"),
        (read_locations, {"code": f"sscc:{PALLET}", "kind": "dock", "storage_class": "ambient"}, "code"),
        (read_locations, {"code": "A", "kind": "shelf", "storage_class": "ambient"}, "kind"),
        (read_locations, {"code": "A", "kind": "dock", "storage_class": "ambient", "walk": "x"}, "walk"),
        (read_operators, {"id": "USR-1", "name": "A", "role": "boss", "token": "t", "pin": "1"}, "role"),
        (read_operators, {"id": "USR-1", "name": "A", "role": "operator", "token": "t"}, "pin"),
        (read_watches, {"id": "R", "kind": "rumour", "gtin": ITEM, "reason": "x"}, "kind"),
        (read_watches, {"id": "R", "kind": "recall", "gtin": ITEM, "lot": "ä", "reason": "x"}, "lot"),
        (read_watches, {"id": "R", "kind": "recall", "gtin": ITEM, "serial": "s" * 21, "reason": "x"}, "serial"),
        (read_documents, {"document": "", "kind": "asn", "partner": "M"}, "document"),
        (read_documents, {"document": "D", "kind": "letter", "partner": "M"}, "kind"),
        (read_documents, {"document": "D", "kind": "asn", "partner": "M", "container": "12"}, "container"),
        (
            read_documents,
            {"document": "D", "kind": "asn", "partner": "M", "container": "095210010000040014"},
            "container",
        ),
        (read_documents, {"document": "D", "kind": "asn", "partner": "M", "gtin": ITEM, "quantity": "-1"}, "quantity"),
    ],
)
def test_a_bad_row_is_named(read: Callable[[list[dict[str, str]]], Reading], row: dict[str, str], column: str) -> None:
    good_before = len(read([]).bad)
    bad = read([row]).bad
    assert [(one.row, one.column) for one in bad[good_before:]] == [(1, column)]
    assert bad[0].problem


def test_rows_of_json() -> None:
    assert rows_of(json.dumps([{"a": 1, "b": None, "c": True}]), as_json=True, lists=()) == [
        {"a": "1", "b": "", "c": "true"}
    ]
    both = json.dumps({"items": [{"a": 1}], "levels": {"a": 2}, "other": 3})
    assert rows_of(both, as_json=True, lists=("items", "levels")) == [{"a": "1"}, {"a": "2"}]


@pytest.mark.parametrize("text", ["{", "3", "[3]", "[" * 100_000])
def test_what_is_no_json_list_is_refused(text: str) -> None:
    with pytest.raises(BadRowError) as bad:
        rows_of(text, as_json=True, lists=("items",))
    assert bad.value.column == "file"


def test_what_is_no_csv_is_refused() -> None:
    with pytest.raises(BadRowError, match="no CSV"):
        csv_rows('a,b\n"x"y,2\n')


def test_cells_beyond_the_heading_are_left_out_and_missing_ones_are_empty() -> None:
    assert csv_rows("a,b\n1,2,3\n4\n") == [{"a": "1", "b": "2"}, {"a": "4", "b": ""}]


def test_document_parts_must_be_objects() -> None:
    with pytest.raises(BadRowError, match="units"):
        document_rows([{"id": "D", "units": ["s1"]}])


def test_container_ids_may_be_place_ids() -> None:
    assert container_id(f"sscc:{PALLET}", "container") == f"sscc:{PALLET}"
    assert container_id(f"sgtin:{CASE}:c1", "container") == f"sgtin:{CASE}:c1"


READERS = (read_items, read_locations, read_operators, read_watches, read_documents)
COLUMNS = ("gtin", "name", "item", "factor", "code", "kind", "storage_class", "document", "container", "serial", "lot")


@given(
    st.sampled_from(READERS),
    st.lists(st.dictionaries(st.sampled_from(COLUMNS), st.text(max_size=20), max_size=6), max_size=4),
)
def test_no_row_raises_anything(read: Callable[[list[dict[str, str]]], Reading], rows: list[dict[str, str]]) -> None:
    reading = read(rows)
    assert all(1 <= bad.row <= len(rows) for bad in reading.bad)


@given(st.text(max_size=200), st.booleans())
def test_no_text_raises_anything_but_its_own_error(text: str, as_json: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
    try:
        rows = rows_of(text, as_json=as_json, lists=("items",))
    except BadRowError as bad:
        rows = [{"problem": bad.problem}]
    assert all(isinstance(value, str) for row in rows for value in row.values())
