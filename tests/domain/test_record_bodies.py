"""Master records as JSON bodies: what is written is read again, what is none of a kind says so."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from scanner_app.domain.feed_records import (
    PART_ROWS_MAX,
    DocumentHead,
    DocumentPart,
    RecordFormatError,
    bodies_of,
    record_of,
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

GTIN = "09521001000017"
DAY = date(2027, 5, 31)
RECORDS = SiteRecords(
    items=(Item(GTIN, "Panacea", "10 mg", StorageClass.COLD, schedule="II"),),
    levels=(LevelRecord("19521001000014", GTIN, 10, "case", DAY), LevelRecord("19521001000014", GTIN, 12, "case")),
    places=(Place("DOCK-1", PlaceKind.DOCK, StorageClass.AMBIENT, 3),),
    operators=(Operator("USR-1", "Ann", Role.SUPERVISOR, "verifier", "de", active=False),),
    watches=(Watch("R-1", "recall", GTIN, "L1", None, "glass"), Watch("W-1", "stolen", GTIN, None, "S1", "theft")),
    documents=(
        DocumentRecord(
            "ASN-1", DocumentKind.ASN, "Maker", "client", containers=(ContainerRecord("sscc:1"),),
            units=(UnitRecord(GTIN, "S1", "L1", DAY, "sscc:1"), UnitRecord(GTIN, "S2", None, None)),
        ),
        DocumentRecord("PO-1", DocumentKind.PO, "Trader", lines=(LineRecord(GTIN, None, None, 7),)),
        DocumentRecord("PO-2", DocumentKind.PO, "Trader"),
    ),
)  # fmt: skip


def read(kind: str) -> list[Any]:
    bodies = [(each, json.loads(json.dumps(body))) for each, _, body in bodies_of(RECORDS)]
    return [record_of(each, body) for each, body in bodies if each == kind]


def test_what_is_written_is_read_again() -> None:
    assert read("item") == list(RECORDS.items)
    assert read("level") == list(RECORDS.levels)
    assert read("place") == list(RECORDS.places)
    assert read("operator") == list(RECORDS.operators)
    assert read("watch") == list(RECORDS.watches)
    assert read("document_part") == [
        DocumentPart(
            "ASN-1", 0, (("sscc:1", ""),), ((GTIN, "S1", "L1", "2027-05-31", "sscc:1"), (GTIN, "S2", "", "", "")),
            ((1, GTIN, "L1", "2027-05-31", 1), (2, GTIN, "", "", 1)),
        ),
        DocumentPart("PO-1", 0, lines=((1, GTIN, "", "", 7),)),
        DocumentPart("PO-2", 0),
    ]  # fmt: skip
    assert read("document") == [
        DocumentHead("ASN-1", DocumentKind.ASN, "Maker", "client", serialised=True, parts=1),
        DocumentHead("PO-1", DocumentKind.PO, "Trader", "own", serialised=False, parts=1),
        DocumentHead("PO-2", DocumentKind.PO, "Trader", "own", serialised=False, parts=1),
    ]


def test_ids_name_all_parts_of_a_key() -> None:
    ids = [record for _, record, _ in bodies_of(RECORDS)]
    assert ids == [
        GTIN, '["19521001000014","2027-05-31"]', '["19521001000014",""]', "DOCK-1", "USR-1",
        f'["R-1","{GTIN}","L1",""]', f'["W-1","{GTIN}","","S1"]', '["ASN-1",0]', "ASN-1", '["PO-1",0]', "PO-1",
        '["PO-2",0]', "PO-2",
    ]  # fmt: skip


def test_a_part_holds_no_more_than_its_bound() -> None:
    lines = tuple(LineRecord(GTIN, str(n), None, 1) for n in range(PART_ROWS_MAX + 1))
    found = [
        body
        for _, _, body in bodies_of(SiteRecords(documents=(DocumentRecord("P", DocumentKind.PO, "x", lines=lines),)))
    ]
    assert [len(body.get("lines", ())) for body in found] == [PART_ROWS_MAX, 1, 0]
    assert found[-1]["parts"] == 2


@pytest.mark.parametrize(
    ("kind", "body"),
    [("item", {}), ("item", {"gtin": 3}), ("place", []), ("level", {"valid_from": "soon"}), ("operator", {"id": None}),
     ("document", {"id": "x", "kind": "dance"}), ("document_part", {"containers": [[1]], "units": [], "lines": []}),
     ("document_part", {"containers": [], "units": [], "lines": [["1", "", "", "", 1]], "document": "x", "number": 0})],
)  # fmt: skip
def test_a_body_that_is_none_of_its_kind(kind: str, body: Any) -> None:  # noqa: ANN401 - anything may come
    with pytest.raises(RecordFormatError, match=kind):
        record_of(kind, body)


def test_a_kind_that_is_not_known_is_nothing() -> None:
    assert record_of("policy", {}) is None
