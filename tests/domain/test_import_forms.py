"""Imported files: a row is right, or it is named with every column that is wrong."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.import_cells import Cells, container_id
from scanner_app.domain.import_forms import FORMS, read_file
from scanner_app.domain.import_rows import Row
from scanner_app.domain.keys import KeyFormatError
from scanner_app.domain.masters import DocumentKind, Item, Operator, Place, PlaceKind, Role, StorageClass, Watch
from scanner_app.domain.site_records import (
    ContainerRecord,
    DocumentRecord,
    LevelRecord,
    LineRecord,
    SiteRecords,
    UnitRecord,
)

ITEM = "09521001000116"
OTHER = "09521001000215"
CASE = "19521001000113"
PALLET = "095210010000040013"
TOKEN = "9q5ZE4C4v4b2XT4J"
VERIFIER = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$" + "h" * 43


def bad_columns(kind: str, *rows: dict[str, str]) -> list[tuple[str, str]]:
    """The line and column of each cell that is refused; the rows come as CSV."""
    columns = FORMS[kind].columns
    text = ",".join(columns) + "\n"
    for row in rows:
        text += ",".join('"' + row.get(column, "").replace('"', '""') + '"' for column in columns) + "\n"
    return [(bad.where.partition(" (")[0], bad.column) for bad in read_file(kind, text).bad]


def test_items_and_levels() -> None:
    reading = read_file(
        "items",
        "\ufeffgtin,name,strength,storage_class,serialised,covered,lot_controlled,schedule,item,factor,valid_from\r\n"
        f'{ITEM},Amoxidem,"500 mg caps, 100",cold,no,,yes,CII,,,\r\n\r\n'
        f"{CASE},,,,,,,,{ITEM},12,2026-01-01\r\n",
    )
    assert reading.bad == []
    assert reading.items == [
        Item(ITEM, "Amoxidem", "500 mg caps, 100", StorageClass.COLD, False, True, True, "CII")  # noqa: FBT003 - positional as declared
    ]
    assert reading.levels == [LevelRecord(CASE, ITEM, 12, "case", date(2026, 1, 1))]
    assert reading.wanted == {ITEM: [(f"line 4 ({CASE})", "item")]}


def test_places_operators_and_watches() -> None:
    places = read_file("locations", "code,kind,storage_class,walk\nA-1,storage,ambient,7\nD,dock,cold,\n")
    assert places.places == [
        Place("A-1", PlaceKind.STORAGE, StorageClass.AMBIENT, 7),
        Place("D", PlaceKind.DOCK, StorageClass.COLD, 0),
    ]
    people = read_file(
        "operators",
        "id,name,role,token,pin,verifier,active,language\n"
        f'USR-1,Ana,operator,{TOKEN},1234,,,en\nUSR-2,Li,supervisor,,,"{VERIFIER}",no,\n',
    )
    assert people.operators == [
        (Operator("USR-1", "Ana", Role.OPERATOR, ""), f"1234{TOKEN}"),
        (Operator("USR-2", "Li", Role.SUPERVISOR, VERIFIER, active=False), ""),
    ]
    watches = read_file(
        "watches",
        f"id,kind,gtin,lot,serial,reason\nR1,recall,{ITEM},C90,,sterility\nW1,watch_list,{ITEM},,a1,stolen\n",
    )
    assert watches.watches == [
        Watch("R1", "recall", ITEM, "C90", None, "sterility"),
        Watch("W1", "watch_list", ITEM, None, "a1", "stolen"),
    ]
    assert places.bad == people.bad == watches.bad == []


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
        f"ASN-1,,Meridian,,{CASE}:c1,{ITEM},s1,L,2027-05-31,1\n"
    )
    wanted = DocumentRecord(
        "ASN-1", DocumentKind.ASN, "Meridian",
        containers=(ContainerRecord(f"sscc:{PALLET}"), ContainerRecord(f"sgtin:{CASE}:c1", f"sscc:{PALLET}")),
        units=(UnitRecord(ITEM, "s1", "L", date(2027, 5, 31), f"sgtin:{CASE}:c1"),),
    )  # fmt: skip
    for text in (json.dumps(as_json), json.dumps({"documents": [as_json]}), json.dumps([as_json]), as_csv):
        reading = read_file("documents", text)
        assert reading.bad == []
        assert reading.documents == [wanted]
        assert list(reading.wanted) == [ITEM]
    assert wanted.serialised
    assert wanted.all_lines() == (LineRecord(ITEM, "L", date(2027, 5, 31), 1),)


def test_a_document_by_lines_of_another_owner() -> None:
    given_document = {
        "id": "PO-1",
        "kind": "po",
        "partner": "B",
        "owner": "acme",
        "lines": {"gtin": ITEM, "quantity": 5},
    }
    (document,) = read_file("documents", json.dumps(given_document)).documents
    assert document == DocumentRecord("PO-1", DocumentKind.PO, "B", "acme", lines=(LineRecord(ITEM, None, None, 5),))
    assert not document.serialised


def test_records_are_counted_by_their_noun() -> None:
    records = SiteRecords(levels=(LevelRecord(CASE, ITEM, 12, "case"), LevelRecord(CASE, ITEM, 10, "case")))
    assert records.counts() == {"level": 2}
    assert (len(records), len(SiteRecords())) == (2, 0)


GOOD: dict[str, dict[str, str]] = {
    "items": {"gtin": ITEM, "name": "x", "storage_class": "cold"},
    "locations": {"code": "A", "kind": "dock", "storage_class": "ambient"},
    "operators": {"id": "USR-1", "name": "A", "role": "operator", "token": TOKEN, "pin": "1234"},
    "watches": {"id": "R", "kind": "recall", "gtin": ITEM, "reason": "x"},
    "documents": {"document": "D", "kind": "asn", "partner": "M", "gtin": ITEM, "quantity": "1"},
}
CELLS = [
    ("items", "name", ["", "a\x1b[2J", "x" * 81]),
    ("items", "gtin", ["", "09521001000117", "abc", "x" * 99]),
    ("items", "storage_class", ["", "warm"]),
    ("items", "covered", ["maybe"]),
    ("locations", "code", ["", "supplier", f"sscc:{PALLET}", f"sgtin:{CASE}:1"]),
    ("locations", "kind", ["shelf"]),
    ("locations", "walk", ["x", "-1", "1000001"]),
    ("operators", "role", ["boss"]),
    ("operators", "pin", ["", "123", "1234567890123", "12a4", "١٢٣٤"]),
    ("operators", "token", ["", "abc", "x" * 15, "x" * 65, f"{TOKEN}.", f"{TOKEN} x", "ä" * 16]),
    ("operators", "language", ["xx", "EN"]),
    ("operators", "active", ["2"]),
    ("watches", "kind", ["rumour"]),
    ("watches", "lot", ["ä"]),
    ("watches", "serial", ["s" * 21]),
    ("watches", "reason", [""]),
    ("documents", "document", [""]),
    ("documents", "kind", ["letter", ""]),
    ("documents", "quantity", ["", "0", "1.5", "1000001", "٣", "9" * 5000]),
    ("documents", "expiry", ["soon", "2027-13-01"]),
    ("documents", "parent", [PALLET]),
]


@pytest.mark.parametrize(
    ("kind", "column", "value"), [(kind, column, value) for kind, column, values in CELLS for value in values]
)
def test_a_bad_cell_is_named(kind: str, column: str, value: str) -> None:
    assert bad_columns(kind, GOOD[kind]) == []
    assert bad_columns(kind, {**GOOD[kind], column: value}) == [("line 2", column)]


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ({"gtin": CASE, "item": ITEM, "factor": "0", "valid_from": "soon"}, ["factor", "valid_from"]),
        ({"gtin": CASE, "factor": "2"}, ["item"]),
        ({"gtin": "1", "item": "2", "factor": "2"}, ["gtin", "item"]),
    ],
)
def test_a_bad_level_is_named(row: dict[str, str], columns: list[str]) -> None:
    assert bad_columns("items", row) == [("line 2", column) for column in columns]


def test_every_bad_cell_of_a_row_is_named() -> None:
    wrong = {"id": "", "name": "", "role": "boss", "token": "abc", "pin": "12", "language": "xx", "active": "?"}
    assert {column for _, column in bad_columns("operators", wrong)} == set(wrong)


@pytest.mark.parametrize(
    "more", [{"verifier": "$argon2"}, {"verifier": VERIFIER, "pin": "1234"}, {"verifier": VERIFIER + "x" * 200}]
)
def test_a_verifier_is_one_and_stands_alone(more: dict[str, str]) -> None:
    row = {"id": "USR-1", "name": "A", "role": "operator", **more}
    assert {column for _, column in bad_columns("operators", row)} == {"verifier"}


def test_no_sentence_repeats_a_secret() -> None:
    text = "id,name,role,token,pin\nUSR-1,A,operator,secret!secret!secret!,98x\n"
    said = " ".join(bad.problem for bad in read_file("operators", text).bad)
    assert "secret!" not in said
    assert "98x" not in said


@pytest.mark.parametrize(
    ("kind", "column"), [("items", "gtin"), ("locations", "code"), ("operators", "id"), ("watches", "id")]
)
def test_a_key_that_stands_twice_is_named_with_the_first(kind: str, column: str) -> None:
    assert bad_columns(kind, GOOD[kind], GOOD[kind]) == [("line 3", column)]


def test_a_level_may_stand_twice_only_with_another_date() -> None:
    level = {"gtin": CASE, "item": ITEM, "factor": "12"}
    assert bad_columns("items", level, {**level, "valid_from": "2027-01-01"}) == []
    assert bad_columns("items", level, level) == [("line 3", "gtin")]


UNIT = {"document": "D", "kind": "asn", "partner": "M", "gtin": ITEM, "serial": "s1"}
CONTAINER = {"document": "D", "kind": "asn", "partner": "M", "container": PALLET}


@pytest.mark.parametrize(
    ("rows", "bad"),
    [
        ([UNIT, {**UNIT, "serial": "s2"}, {**UNIT, "document": "E"}], []),
        ([UNIT, UNIT], [("line 3", "serial")]),
        ([{**UNIT, "quantity": "2"}], [("line 2", "quantity")]),
        ([{**UNIT, "parent": "095210010000040014", "serial": "ä"}], [("line 2", "serial"), ("line 2", "parent")]),
        ([CONTAINER, CONTAINER], [("line 3", "container")]),
        ([{**CONTAINER, "container": "12"}], [("line 2", "container")]),
        ([{**CONTAINER, "container": f"{CASE}:"}], [("line 2", "container")]),
        ([{**CONTAINER, "gtin": ITEM, "lot": "L"}], [("line 2", "gtin"), ("line 2", "lot")]),
        ([UNIT, {"document": "D", "serial": "s2", "gtin": ITEM, "partner": "N"}], [("line 3", "partner")]),
        ([UNIT, {"document": "D", "serial": "s2", "gtin": ITEM, "owner": "acme"}], [("line 3", "owner")]),
        ([GOOD["documents"], CONTAINER], [("line 2", "")]),
        ([{"document": "D", "kind": "asn", "partner": "M"}], [("line 2", "")]),
        ([{**UNIT, "kind": "letter"}, {**UNIT, "kind": "letter", "serial": "s2"}], [("line 2", "kind")]),
    ],
)  # fmt: skip
def test_the_rows_of_a_document_belong_together(rows: list[dict[str, str]], bad: list[tuple[str, str]]) -> None:
    assert bad_columns("documents", *rows) == bad


def told(given_json: Any) -> list[tuple[str, str, str]]:  # noqa: ANN401 - any JSON value
    return [(bad.where, bad.column, bad.problem) for bad in read_file("documents", json.dumps(given_json)).bad]


def test_what_is_wrong_in_a_json_document_is_named_by_part_and_document() -> None:
    document = {
        "id": "A", "kind": "asn", "partner": "M", "date": "today",
        "containers": [{"id": "12", "weight": 3}], "units": [{"gtin": ITEM}],
    }  # fmt: skip
    assert told(document) == [
        ("line 1 (A)", "", "'date' is not known; known are id, kind, partner, owner, containers, units, lines"),
        ("containers 1, line 1 (A)", "", "'weight' is not known; known are id, parent"),
        ("containers 1, line 1 (A)", "container", "'12' is no SSCC of 18 digits and no case as GTIN:serial"),
        ("units 1, line 1 (A)", "quantity", "'' is no whole number from 1 to 1000000"),
        ("line 1 (A)", "", "names lines beside containers or units: use one of both"),
    ]


def nested(*containers: tuple[str, str | None], unit_in: str | None = None) -> dict[str, Any]:
    """A delivery of containers, each with the one it stands in, and a unit."""
    rows = [{"id": f"{CASE}:{name}", "parent": parent and f"{CASE}:{parent}"} for name, parent in containers]
    unit = {"gtin": ITEM, "serial": "s1", "parent": unit_in and f"{CASE}:{unit_in}"}
    return {"id": "A", "kind": "asn", "partner": "M", "containers": rows, "units": [unit]}


def problems(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(where.partition(",")[0], problem.replace(f"sgtin:{CASE}:", "")) for where, _, problem in told(document)]


def test_containers_stand_in_containers_of_the_same_document_and_never_in_themselves() -> None:
    named = "is no container of this document: give it a row of its own"
    assert problems(nested(("a", None), ("b", "a"), ("c", "b"), unit_in="c")) == []
    assert problems(nested(("a", None), unit_in="z")) == [("units 1", f"z {named}")]
    assert problems(nested(("a", "z"))) == [("containers 1", f"z {named}")]
    assert problems(nested(("a", "a"))) == [("containers 1", "a cannot stand in itself")]
    for ring in ((("a", "b"), ("b", "a")), (("a", "b"), ("b", "c"), ("c", "b"))):
        ((where, problem),) = problems(nested(*ring))
        assert where == "line 1 (A)"
        assert " stands in itself, by way of " in problem


def test_what_nobody_says_otherwise_is_the_sites_own() -> None:
    given_document = {"id": "A", "kind": "po", "partner": "B", "lines": {"gtin": ITEM, "quantity": 5}}
    (document,) = read_file("documents", json.dumps(given_document), "acme").documents
    assert document.owner == "acme"
    said = {**given_document, "owner": "own"}
    (document,) = read_file("documents", json.dumps(said), "acme").documents
    assert document.owner == "own"


@pytest.mark.parametrize(
    ("level", "bad"),
    [
        ({"gtin": ITEM, "item": ITEM, "factor": "12"}, [("line 4", "factor")]),
        ({"gtin": ITEM, "item": ITEM, "factor": "1"}, []),
        ({"gtin": OTHER, "item": ITEM, "factor": "12"}, [("line 4", "gtin")]),
        ({"gtin": CASE, "item": ITEM, "factor": "12"}, []),
    ],
)
def test_a_label_stands_for_one_thing(level: dict[str, str], bad: list[tuple[str, str]]) -> None:
    items = [{"gtin": gtin, "name": "A", "storage_class": "cold"} for gtin in (ITEM, OTHER)]
    assert bad_columns("items", *items, level) == bad


def test_one_id_is_one_document() -> None:
    document = {"id": "A", "kind": "asn", "partner": "M", "lines": [{"gtin": ITEM, "quantity": 1}]}
    (bad,) = told([document, document])
    assert bad == ("documents 2, line 1 (A)", "id", "A stands on documents 1, line 1 (A) already")


@pytest.mark.parametrize("text", ["[3]", '{"documents": 3}', "{", '{"document": []}', '{"id": "A", "units": ["s1"]}'])
def test_a_file_that_holds_no_documents_is_refused(text: str) -> None:
    (bad,) = read_file("documents", text).bad
    assert bad.problem


def test_container_ids_may_be_place_ids() -> None:
    assert container_id(f"sscc:{PALLET}") == f"sscc:{PALLET}"
    assert container_id(f"sgtin:{CASE}:c1") == f"sgtin:{CASE}:c1"
    with pytest.raises(KeyFormatError):
        container_id(f"{CASE}.c1")


def test_a_missing_column_is_an_empty_cell() -> None:
    cells = Cells(Row("line 2", {}))
    assert (cells.raw("x"), cells.has("x"), cells.optional("x"), cells.text("x")) == ("", False, None, "")
    assert [bad.problem for bad in cells.bad] == ["is empty"]


VALUES = st.text(max_size=20) | st.sampled_from(
    [ITEM, OTHER, CASE, PALLET, f"{CASE}:1", "1", "cold", "asn", "operator"]
)


@given(st.sampled_from(sorted(FORMS)), st.data())
def test_no_row_raises_anything(kind: str, data: st.DataObject) -> None:
    columns = [*FORMS[kind].columns, "id", "units", "lines", "containers"]
    rows = data.draw(st.lists(st.dictionaries(st.sampled_from(columns), VALUES, max_size=8), max_size=4))
    reading = read_file(kind, json.dumps(rows))
    assert all(bad.problem and (bad.where or not bad.column) for bad in reading.bad)
