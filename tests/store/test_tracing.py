"""Traces: a unit's, a lot's and a container's way, through whatever it stood in at the time, oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scanner_app.domain.entry import EntryKind, Raw
from scanner_app.domain.facts import Movements
from scanner_app.domain.lists import MemberList
from scanner_app.domain.masters import DocumentKind
from scanner_app.domain.refusals import Refusal, Refused
from scanner_app.domain.site_records import (
    ContainerRecord,
    DocumentRecord,
    LevelRecord,
    LineRecord,
    SiteRecords,
    UnitRecord,
)
from scanner_app.domain.stock import CONVERSION, CUSTOMER, SUPPLIER, ContainerMove, Posting, Seal, Status
from scanner_app.store.database import connect_reader
from scanner_app.store.export import exported_lines
from scanner_app.store.outbox import outbox_of
from scanner_app.store.tracing import trace_of
from scanner_app.store.trail import LAG_MAX
from tests.store.ledgers import CASE, CASE_GTIN, GTIN, OTHER, PALLET, START_MS, Writer, key, moved, received, scanned

if TYPE_CHECKING:
    from scanner_app.domain.facts import Movement

UNIT = Movements(gtin=GTIN, serial="S1")
LOT = Movements(gtin=GTIN, lot="L1")
Told = tuple[str, str | None, str | None, int | None, str]


def traced(writer: Writer, subject: Movements) -> list[Movement] | None:
    """The trace as another process reads it."""
    connection = connect_reader(writer.ledger.path)
    try:
        return trace_of(connection, subject)
    finally:
        connection.close()


def told(writer: Writer, subject: Movements) -> list[Told]:
    return [
        (each.kind, each.from_place, each.to_place, each.quantity, each.method)
        for each in traced(writer, subject) or []
    ]


def put_away(writer: Writer, container: str, from_place: str, to_place: str) -> None:
    writer.move(ContainerMove(container, from_place, to_place, Seal.SEALED), kind=EntryKind.PUT_AWAY)


def take_pallet(writer: Writer) -> None:
    writer.move(moved(PALLET, SUPPLIER, "DOCK-1"), moved(CASE, SUPPLIER, PALLET), document="ASN-1")


def test_a_pallets_put_away_shows_in_the_trace_of_a_unit_in_it(writer: Writer) -> None:
    take_pallet(writer)
    writer.append(writer.entry(), [MemberList((received(key("S1"), CASE, inferred=True),))])
    put_away(writer, PALLET, "DOCK-1", "B-1")
    writer.post(Posting(key("S1"), 1, CASE, "A-1"), kind=EntryKind.PUT_AWAY)
    put_away(writer, PALLET, "B-1", "B-2")
    assert told(writer, UNIT) == [
        ("received", SUPPLIER, PALLET, None, "scanned"),
        ("received", SUPPLIER, CASE, 1, "inferred"),
        ("put_away", "DOCK-1", "B-1", None, "scanned"),
        ("put_away", CASE, "A-1", 1, "scanned"),
    ]


def test_what_a_case_did_within_its_pallet_before_it_was_taken_in_is_its_way_too(writer: Writer) -> None:
    """The pallet is received and put away by its label; the rest is accepted afterwards, case and unit in one entry."""
    put_away(writer, PALLET, CUSTOMER, "DOCK-9")
    writer.move(moved(PALLET, SUPPLIER, "DOCK-1"))
    put_away(writer, PALLET, "DOCK-1", "B-1")
    rest = MemberList(
        (received(key("S1"), CASE, inferred=True),),
        (ContainerMove(CASE, SUPPLIER, PALLET, Seal.SEALED, inferred=True),),
    )
    writer.append(writer.entry(), [rest])
    put_away(writer, PALLET, "B-1", "B-2")
    way = [("received", "DOCK-1"), ("put_away", "B-1"), ("received", CASE), ("put_away", "B-2")]
    assert [(step[0], step[2]) for step in told(writer, UNIT)] == way
    assert [(step[0], step[2]) for step in told(writer, LOT)] == way
    way[2:3] = [("received", PALLET), ("received", CASE)]
    assert [(step[0], step[2]) for step in told(writer, Movements(container=CASE))] == way


def test_a_lot_is_traced_through_the_pallets_it_rode_on_while_some_of_it_was_there(writer: Writer) -> None:
    put_away(writer, PALLET, SUPPLIER, "DOCK-1")
    writer.post(received(key("S1"), PALLET), received(key("S2"), PALLET))
    put_away(writer, PALLET, "DOCK-1", "B-1")
    writer.post(Posting(key("S1"), 1, PALLET, "A-1"), kind=EntryKind.MOVED)
    put_away(writer, PALLET, "B-1", "B-2")
    writer.post(Posting(key("S2"), 1, PALLET, "A-1"), kind=EntryKind.MOVED)
    put_away(writer, PALLET, "B-2", "B-3")
    writer.post(received(key("X1", "L2"), PALLET))
    put_away(writer, PALLET, "B-3", "B-4")
    assert [(kind, to_place, quantity) for kind, _, to_place, quantity, _ in told(writer, LOT)] == [
        ("put_away", "DOCK-1", None), ("received", PALLET, 2), ("put_away", "B-1", None), ("moved", "A-1", 1),
        ("put_away", "B-2", None), ("moved", "A-1", 1),
    ]  # fmt: skip
    later = told(writer, Movements(gtin=GTIN, lot="L2"))
    assert [step[2] for step in later][-2:] == [PALLET, "B-4"]


def test_a_lot_that_left_its_container_and_came_back(writer: Writer) -> None:
    writer.post(received(key(), quantity=4))
    put_away(writer, CASE, SUPPLIER, "DOCK-1")
    writer.post(Posting(key(), 4, "DOCK-1", CASE), kind=EntryKind.PACKED)
    put_away(writer, CASE, "DOCK-1", "B-1")
    writer.post(Posting(key(), 4, CASE, "A-1"), kind=EntryKind.UNPACKED)
    put_away(writer, CASE, "B-1", "B-2")
    writer.post(Posting(key(), 1, "A-1", CASE), kind=EntryKind.PACKED)
    put_away(writer, CASE, "B-2", "B-3")
    assert [step[2] for step in told(writer, LOT)] == ["DOCK-1", CASE, "B-1", "A-1", CASE, "B-3"]


def test_a_container_is_traced_with_what_it_stood_in(writer: Writer) -> None:
    take_pallet(writer)
    writer.move(ContainerMove(CASE, PALLET, PALLET, Seal.OPEN), kind=EntryKind.UNPACKED)
    put_away(writer, PALLET, "DOCK-1", "B-1")
    put_away(writer, CASE, PALLET, "A-1")
    put_away(writer, PALLET, "B-1", "B-2")
    assert [(step[0], step[2]) for step in told(writer, Movements(container=CASE))] == [
        ("received", PALLET), ("unpacked", PALLET), ("put_away", "B-1"), ("put_away", "A-1"),
    ]  # fmt: skip
    assert [step[1:3] for step in told(writer, Movements(container=PALLET))] == [
        (SUPPLIER, "DOCK-1"), (SUPPLIER, PALLET), ("DOCK-1", "B-1"), (PALLET, "A-1"), ("B-1", "B-2"),
    ]  # fmt: skip


def test_a_change_of_status_is_one_step_in_its_place(writer: Writer) -> None:
    writer.post(received(key("S1"), "A-1"))
    held = key("S1", status=Status.HELD)
    writer.post(
        Posting(key("S1"), 1, "A-1", CONVERSION), Posting(held, 1, CONVERSION, "CAGE"), kind=EntryKind.HELD
    )  # fmt: skip
    writer.post(Posting(held, 1, "CAGE", CUSTOMER), kind=EntryKind.SHIPPED)
    assert [step[:4] for step in told(writer, UNIT)] == [
        ("received", SUPPLIER, "A-1", 1), ("held", "A-1", "CAGE", 1), ("shipped", "CAGE", CUSTOMER, 1),
    ]  # fmt: skip


def test_what_an_entry_says_stands_in_its_line(writer: Writer) -> None:
    writer.append(
        writer.entry(
            EntryKind.RECEIVED, [received(key("S1"))], raw=scanned("x", "manual"), document="ASN-1", reason="DAMAGED"
        )
    )
    (line,) = traced(writer, UNIT) or []
    assert (line.seq, line.event_id, line.event_time, line.offset) == (1, "event-000001", START_MS + 1000, 60)
    assert (line.operator, line.device, line.document, line.reason, line.method) == (
        "USR-1", "HANDHELD-1", "ASN-1", "DAMAGED", "manual",
    )  # fmt: skip


# --- refused scans ---------------------------------------------------------------------------------------------------


def refuse(writer: Writer, text: str, raw: Raw | None = None) -> None:
    writer.append(
        writer.entry(
            EntryKind.REFUSED,
            verdict=Refused(Refusal.EXPIRED),
            raw=raw or Raw(text.encode(), None, "d", "p", "scanned"),
        )
    )


PACK = f"]d201{GTIN}1727053110L1\x1d21S1"


def test_a_refused_scan_is_an_entry_about_what_it_names(writer: Writer) -> None:
    refuse(writer, PACK)
    writer.post(received(key("S1")))
    refuse(writer, PACK)
    assert told(writer, UNIT) == [
        ("refused", "", "", None, "scanned"), ("received", SUPPLIER, "DOCK-1", 1, "scanned"),
        ("refused", "", "", None, "scanned"),
    ]  # fmt: skip
    assert len(told(writer, LOT)) == 3
    assert traced(writer, Movements(gtin=GTIN, serial="s1")) is None
    assert traced(writer, Movements(gtin=OTHER, serial="S1")) is None


def test_a_look_up_is_an_entry_about_what_it_names(writer: Writer) -> None:
    writer.post(received(key("S1")))
    writer.append(writer.entry(EntryKind.NOTED, raw=scanned(PACK)))
    writer.append(writer.entry(EntryKind.NOTED, raw=scanned("]C100" + PALLET.removeprefix("sscc:"))))
    assert [step[0] for step in told(writer, UNIT)] == ["received", "noted"]
    assert [step[0] for step in told(writer, LOT)] == ["received", "noted"]
    assert [step[0] for step in told(writer, Movements(container=PALLET))] == ["noted"]


def test_a_look_up_is_found_once_the_trail_is_laid_too(writer: Writer) -> None:
    for _ in range(LAG_MAX + 1):
        writer.append(writer.entry(EntryKind.NOTED, raw=scanned(PACK)))
    assert len(told(writer, UNIT)) == len(told(writer, LOT)) == LAG_MAX + 1


def test_a_refused_container_and_a_refused_case(writer: Writer) -> None:
    refuse(writer, "]C100" + PALLET.removeprefix("sscc:"))
    refuse(writer, f"]d201{CASE_GTIN}21C1")
    assert [step[0] for step in told(writer, Movements(container=PALLET))] == ["refused"]
    assert [step[0] for step in told(writer, Movements(container=CASE))] == ["refused"]


def test_a_lot_on_the_label_of_a_case_is_the_items_lot(writer: Writer) -> None:
    with writer.ledger.step() as step:
        step.put_records(SiteRecords(levels=(LevelRecord(CASE_GTIN, GTIN, 10, "case"),)))
    refuse(writer, f"]d201{CASE_GTIN}10L1")
    assert [step_told[0] for step_told in told(writer, LOT)] == ["refused"]


def test_refusals_without_a_readable_scan_are_about_nothing(writer: Writer) -> None:
    refuse(writer, "]d201123")
    refuse(writer, "\ufffd", Raw(b"\xff\xfe", None, "d", "p", "scanned"))
    writer.append(writer.entry(EntryKind.REFUSED, verdict=Refused(Refusal.NOT_UNDOABLE)))
    assert traced(writer, UNIT) is None
    assert traced(writer, LOT) is None


# --- known or not ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "known"),
    [
        (UNIT, True), (LOT, True), (Movements(container=PALLET), True), (Movements(container=CASE), False),
        (Movements(gtin=GTIN, serial="S2"), False), (Movements(gtin=GTIN, lot="l1"), False),
    ],
)  # fmt: skip
def test_what_a_document_names_is_known_before_it_came(writer: Writer, subject: Movements, *, known: bool) -> None:
    document = DocumentRecord(
        "ASN-1", DocumentKind.ASN, "Maker", containers=(ContainerRecord(PALLET),),
        units=(UnitRecord(GTIN, "S1", "L9", None, PALLET),),
    )  # fmt: skip
    lines = DocumentRecord("PO-1", DocumentKind.PO, "Trader", lines=(LineRecord(GTIN, "L1", None, 4),))
    with writer.ledger.step() as step:
        step.put_records(SiteRecords(documents=(document, lines)))
    assert traced(writer, subject) == ([] if known else None)


# --- outbox and export -----------------------------------------------------------------------------------------------


def test_the_outbox_holds_every_entry(writer: Writer) -> None:
    connection = connect_reader(writer.ledger.path)
    assert outbox_of(connection) == (0, None)
    writer.post(received(key()))
    writer.post(received(key()))
    assert outbox_of(connection) == (2, START_MS + 1000)
    connection.close()


def test_an_export_tells_a_list_once_and_before_the_entry_that_names_it(writer: Writer) -> None:
    members = MemberList((received(key("S1")),))
    writer.append(writer.entry(), [members])
    writer.post(received(key()))
    writer.append(writer.entry(EntryKind.CORRECTED), [members])
    connection = connect_reader(writer.ledger.path)
    lines = list(exported_lines(connection))
    connection.close()
    assert [line["type"] for line in lines] == ["epoch", "list", "entry", "entry", "entry"]
    assert [line["hash"] for line in lines if line["type"] == "entry"] == [saved.hash for saved in writer.written]


@pytest.mark.parametrize(
    ("text", "method"),
    [("(01)09521001000116(21)T-1(10)L9", "manual"), ("]d2010952100100011621T-1\x1d10L9", "scanned")],
)
def test_a_refused_scan_is_traced_however_it_was_read(writer: Writer, text: str, method: str) -> None:
    refused = Refused(Refusal.IN_OTHER_DOCUMENT, {})
    writer.append(writer.entry(EntryKind.REFUSED, raw=scanned(text, method), verdict=refused))
    found = traced(writer, Movements(gtin="09521001000116", serial="T-1"))
    assert found is not None
    assert [movement.kind for movement in found] == ["refused"]
