"""Traces and on-hand lines at the centre, over entries of several devices."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind, Raw
from scanner_app.domain.masters import Watch
from scanner_app.domain.refusals import Refusal, Refused
from scanner_app.domain.site_records import SiteRecords
from scanner_app.domain.stock import CONVERSION, CUSTOMER, SUPPLIER, ContainerMove, Posting, Seal, Status
from server.imports import put_records
from server.stock import on_hand
from server.tracing import Subject, Tracer
from server.trail import lay_trail
from tests.server.handhelds import GTIN, LOT, OTHER_GTIN, RECALL, SITE, Handheld, received, stock_key

if TYPE_CHECKING:
    from server.books import Books

PALLET = "sscc:095210010000040013"
CASE = "sscc:195210010000047118"
DATA = "]d2010952100100011617270531" + "10A12B\x1d21S9"


def move(container: str, from_place: str, to_place: str, seal: Seal = Seal.SEALED) -> ContainerMove:
    return ContainerMove(container, from_place, to_place, seal)


def way(lines: list[dict[str, object]] | None) -> list[tuple[object, ...]] | None:
    return None if lines is None else [(line["from"], line["to"], line["quantity"]) for line in lines]


def traced(books: Books, subject: Subject) -> list[dict[str, object]] | None:
    """The lines, which do not depend on how far the trail is laid."""
    lines = Tracer(books.database.session, SITE).lines(subject)
    while books.do(SITE, lambda writing: lay_trail(writing, 2)):
        assert Tracer(books.database.session, SITE).lines(subject) == lines
    return lines


def deliver(books: Books, device: Handheld) -> None:
    """A pallet with a case with three units is put away; then the case is taken off, and a unit out of it."""
    device.write(device.entry(container_moves=(move(PALLET, SUPPLIER, "DOCK-1"),), document="ASN-1"))
    device.write(device.entry(container_moves=(move(PALLET, "DOCK-1", "A-01-1"),), kind=EntryKind.PUT_AWAY))
    units = tuple(received(f"S{n}", to=CASE) for n in range(3))
    device.write(device.entry(*units, container_moves=(move(CASE, SUPPLIER, PALLET),), document="ASN-1"))
    device.write(device.entry(container_moves=(move(CASE, PALLET, "B-01-1"),), kind=EntryKind.MOVED))
    device.write(device.entry(Posting(stock_key("S1"), 1, CASE, "CAGE"), kind=EntryKind.MOVED))
    device.write(device.entry(container_moves=(move(CASE, "B-01-1", "DOCK-1", Seal.OPEN),), kind=EntryKind.MOVED))
    device.send(books)


def test_a_unit_moves_with_the_containers_around_it(books: Books, handheld: Handheld) -> None:
    deliver(books, handheld)
    assert way(traced(books, Subject(GTIN, serial="S0"))) == [
        (SUPPLIER, "DOCK-1", None),
        ("DOCK-1", "A-01-1", None),
        (SUPPLIER, CASE, 1),
        (PALLET, "B-01-1", None),
        ("B-01-1", "DOCK-1", None),
    ]


def test_a_unit_that_was_taken_out_no_longer_moves_with_it(books: Books, handheld: Handheld) -> None:
    deliver(books, handheld)
    assert way(traced(books, Subject(GTIN, serial="S1"))) == [
        (SUPPLIER, "DOCK-1", None),
        ("DOCK-1", "A-01-1", None),
        (SUPPLIER, CASE, 1),
        (PALLET, "B-01-1", None),
        (CASE, "CAGE", 1),
    ]


def test_a_lot_is_one_line_an_entry_and_pair_of_places(books: Books, handheld: Handheld) -> None:
    deliver(books, handheld)
    assert way(traced(books, Subject(GTIN, lot=LOT))) == [
        (SUPPLIER, "DOCK-1", None),
        ("DOCK-1", "A-01-1", None),
        (SUPPLIER, CASE, 3),
        (PALLET, "B-01-1", None),
        (CASE, "CAGE", 1),
        ("B-01-1", "DOCK-1", None),
    ]


def test_a_container_has_its_moves_and_what_went_in_and_out(books: Books, handheld: Handheld) -> None:
    deliver(books, handheld)
    assert way(traced(books, Subject(container=CASE))) == [
        (SUPPLIER, "DOCK-1", None),
        ("DOCK-1", "A-01-1", None),
        (SUPPLIER, CASE, 3),
        (SUPPLIER, PALLET, None),
        (PALLET, "B-01-1", None),
        (CASE, "CAGE", 1),
        ("B-01-1", "DOCK-1", None),
    ]


def test_a_lot_that_left_its_container_no_longer_moves_with_it(books: Books, handheld: Handheld) -> None:
    handheld.write(handheld.entry(received(None, 4, to=CASE), container_moves=(move(CASE, SUPPLIER, "DOCK-1"),)))
    handheld.write(handheld.entry(Posting(stock_key(), 4, CASE, "A-01-1"), kind=EntryKind.PUT_AWAY))
    handheld.write(handheld.entry(container_moves=(move(CASE, "DOCK-1", CUSTOMER),), kind=EntryKind.SHIPPED))
    handheld.send(books)
    lines = way(traced(books, Subject(GTIN, lot=LOT)))
    assert lines is not None
    assert ("DOCK-1", CUSTOMER, None) not in lines
    assert (CASE, "A-01-1", 4) in lines


def test_a_change_of_status_shows_its_two_ends(books: Books, handheld: Handheld) -> None:
    handheld.receive("S1")
    held = stock_key("S1", status=Status.HELD)
    handheld.write(
        handheld.entry(
            Posting(stock_key("S1"), 1, "DOCK-1", CONVERSION), Posting(held, 1, CONVERSION, "CAGE"), kind=EntryKind.HELD
        )
    )
    handheld.send(books)
    assert way(traced(books, Subject(GTIN, serial="S1"))) == [(SUPPLIER, "DOCK-1", 1), ("DOCK-1", "CAGE", 1)]


def test_a_refused_scan_of_it_is_told_without_places(books: Books, handheld: Handheld) -> None:
    refused = Refused(Refusal.EXPIRED, {"expiry": "2020-01-01"})
    raw = Raw(DATA.encode(), "]d2", "serial", "scanner", "scanned")
    handheld.write(handheld.entry(kind=EntryKind.REFUSED, verdict=refused, raw=raw))
    handheld.write(handheld.entry(kind=EntryKind.NOTED, raw=Raw(b"]E09", None, "serial", "scanner", "scanned")))
    sscc = Raw(b"]C100095210010000040013", "]C1", "serial", "scanner", "scanned")
    handheld.write(handheld.entry(kind=EntryKind.NOTED, raw=sscc))
    handheld.send(books)
    (line,) = traced(books, Subject(GTIN, serial="S9")) or []
    assert (line["kind"], line["from"], line["quantity"], line["method"]) == ("refused", None, None, "scanned")
    assert way(traced(books, Subject(GTIN, lot="A12B"))) == [(None, None, None)]
    assert way(traced(books, Subject(container=PALLET))) == [(None, None, None)]


def test_what_documents_alone_name_is_known_and_the_rest_is_not(books: Books) -> None:
    assert traced(books, Subject(GTIN, lot=LOT)) == []
    assert traced(books, Subject(GTIN, lot="nothing")) is None
    assert traced(books, Subject(GTIN, serial="nothing")) is None
    assert traced(books, Subject(container=PALLET)) is None


def test_containers_in_a_ring_hold_nobody_up(books: Books, handheld: Handheld) -> None:
    handheld.write(handheld.entry(received("S1", to=CASE), container_moves=(move(CASE, SUPPLIER, PALLET),)))
    handheld.write(handheld.entry(container_moves=(move(PALLET, SUPPLIER, CASE),)))
    handheld.send(books)
    assert traced(books, Subject(GTIN, serial="S1"))
    assert list(on_hand(books.database.session, SITE, date(2026, 11, 22), "now"))


def test_on_hand_lines_have_the_form_of_the_contract(books: Books, handheld: Handheld) -> None:
    deliver(books, handheld)
    handheld.write(handheld.entry(received(None, 5, gtin=OTHER_GTIN, lot="C90", expiry=date(2026, 1, 1), to="A-01-1")))
    handheld.write(handheld.entry(received("X1", gtin="09521002000214", to=PALLET)))
    handheld.write(handheld.entry(container_moves=(move(PALLET, "A-01-1", CUSTOMER),), kind=EntryKind.SHIPPED))
    handheld.send(books, len(handheld.entries) - 2)
    unit = Watch("W-1", "recall", GTIN, None, "S0", "x")
    gone = Watch("W-2", "recall", GTIN, None, "nowhere", "x")
    books.do(SITE, lambda writing: put_records(writing, SiteRecords(watches=(RECALL, unit, gone))))

    lines = list(on_hand(books.database.session, SITE, date(2026, 11, 22), "now"))

    told = [
        (line["location"], line["container"], line["gtin"], line["quantity"], line["recalled"], line["expired"])
        for line in lines
    ]
    assert told == [
        ("A-01-1", None, OTHER_GTIN, 5, True, True),
        ("CAGE", None, GTIN, 1, False, False),
        ("DOCK-1", CASE, GTIN, 2, True, False),
    ]
    assert lines[2]["name"] == "Amoxidem 500 mg caps, 100"
    assert list(on_hand(books.database.session, SITE, date(2026, 11, 22), "now", OTHER_GTIN)) == lines[:1]
