"""Flags: the fact is accepted, and what is doubted about it is opened, told and closed by entries of the centre."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from scanner_app.domain.entry import EntryKind, Knew, Stamp, decode_entry
from scanner_app.domain.masters import Item, Operator, Place, PlaceKind, Role, StorageClass
from scanner_app.domain.site_records import SiteRecords
from scanner_app.domain.stock import CUSTOMER, SUPPLIER, Posting, Status
from server.doubts import FlagCode, Severity
from server.exceptions import exceptions, resolve
from server.feed import head_of
from server.imports import put_records
from server.records import TASK
from server.verify import verify
from sync import wire
from tests.server.handhelds import (
    OTHER_GTIN,
    RECALL,
    SITE,
    START_MS,
    Handheld,
    received,
    stock_key,
)

if TYPE_CHECKING:
    from server.books import Books
    from server.exceptions import ExceptionLine

FLAGS = "SELECT code, severity, subject, closed_by FROM flag ORDER BY id"


def flags(books: Books) -> list[tuple[str, str]]:
    """Code and severity of the flags that are open."""
    return [(each.code, each.severity) for each in listed(books)]


def listed(books: Books, *, closed: bool = False) -> list[ExceptionLine]:
    return list(exceptions(books.database.session, SITE, closed=closed))


def told(answer: wire.PushAnswer) -> list[str]:
    assert isinstance(answer, wire.Ack), answer
    return [flag.code for flag in answer.flags]


def records(books: Books, **kinds: Any) -> None:  # noqa: ANN401 - any records
    books.do(SITE, lambda writing: put_records(writing, SiteRecords(**kinds)))


def test_every_flag_of_the_table_has_its_code() -> None:
    assert {code.value for code in FlagCode} == {
        "DUP_SERIAL", "NEGATIVE", "COUNT_STALE", "RECALLED_LOT", "EXPIRED", "CLOCK", "TASK_CONFLICT", "UNKNOWN_REF",
        "FORK", "RIGHTS",
    }  # fmt: skip


def test_the_same_serial_received_twice_stays_in_both_places_and_is_said(books: Books, handheld: Handheld) -> None:
    other = Handheld("B", epoch=b"\x02" * 16)
    handheld.receive("S1")
    other.write(other.entry(received("S1", to="A-01-1"), document="ASN-1"))
    handheld.send(books)

    assert told(other.send(books)) == ["DUP_SERIAL"]

    (line,) = listed(books)
    assert (line.code, line.severity, line.device, line.document) == ("DUP_SERIAL", "high", "B", "ASN-1")
    assert line.subject == "sgtin:09521001000116:S1"
    assert "S1" in line.sentence
    assert "DOCK-1" in line.sentence
    assert verify(books.path).ok


def test_a_unit_that_left_and_comes_from_a_supplier_is_said_but_one_sent_back_is_not(
    books: Books, handheld: Handheld
) -> None:
    handheld.receive("S1", "S2")
    handheld.write(handheld.entry(Posting(stock_key("S1"), 1, "DOCK-1", CUSTOMER), kind=EntryKind.SHIPPED))
    handheld.write(handheld.entry(Posting(stock_key("S2"), 1, "DOCK-1", SUPPLIER), kind=EntryKind.CORRECTED))
    handheld.receive("S1", "S2")

    assert told(handheld.send(books)) == ["DUP_SERIAL"]


def test_a_unit_that_two_devices_moved_is_said_once_for_both_places(books: Books, handheld: Handheld) -> None:
    other = Handheld("B", epoch=b"\x02" * 16)
    handheld.receive("S1", "S2", "S3")
    handheld.write(handheld.entry(Posting(stock_key("S1"), 1, "DOCK-1", "A-01-1"), kind=EntryKind.PUT_AWAY))
    handheld.write(handheld.entry(Posting(stock_key("S1"), 1, "A-01-1", "B-01-1"), kind=EntryKind.PUT_AWAY))
    assert told(handheld.send(books)) == [], "one device's own moves follow each other"
    both = [Posting(stock_key(serial), 1, "DOCK-1", "A-01-1") for serial in ("S1", "S2")]
    other.write(other.entry(*both, kind=EntryKind.PUT_AWAY))

    assert told(other.send(books)) == ["DUP_SERIAL"]

    (line,) = listed(books)
    assert (line.severity, line.device, line.subject) == ("medium", "B", "sgtin:09521001000116:S1")
    assert line.sentence == "S1 is in two places: also at B-01-1"
    assert verify(books.path).ok


def test_a_way_within_one_entry_is_no_doubt(books: Books, handheld: Handheld) -> None:
    handheld.receive("S1")
    way = [Posting(stock_key("S1"), 1, "DOCK-1", "A-01-1"), Posting(stock_key("S1"), 1, "A-01-1", "B-01-1")]
    handheld.write(handheld.entry(*way, kind=EntryKind.PUT_AWAY))
    assert told(handheld.send(books)) == []


def test_stock_below_zero_is_said_and_settles_itself(books: Books, handheld: Handheld) -> None:
    late = Handheld("B", epoch=b"\x02" * 16)
    late.write(late.entry(received(None, 10)))
    handheld.write(handheld.entry(Posting(stock_key(), 4, "DOCK-1", "A-01-1"), kind=EntryKind.PUT_AWAY))

    assert told(handheld.send(books)) == ["NEGATIVE"]
    assert flags(books) == [("NEGATIVE", "medium")]
    handheld.write(handheld.entry(Posting(stock_key(), 1, "DOCK-1", "A-01-1"), kind=EntryKind.PUT_AWAY))
    assert told(handheld.send(books, 2)) == []
    assert len(flags(books)) == 1

    assert told(late.send(books)) == []
    assert flags(books) == []
    (line,) = listed(books, closed=True)
    assert line.closed is not None
    assert (line.closed["how"], line.closed["by"]) == ("SETTLED", None)
    assert verify(books.path).ok


def recalled_pick(handheld: Handheld, **more: Any) -> None:  # noqa: ANN401 - any field of an entry
    key = stock_key(gtin=OTHER_GTIN, lot="C90")
    handheld.write(handheld.entry(Posting(key, 2, "A-01-1", "B-01-1"), kind=EntryKind.MOVED, **more))


def test_a_recalled_lot_is_graver_where_the_device_knew(books: Books, handheld: Handheld) -> None:
    handheld.write(handheld.entry(received(None, 50, gtin=OTHER_GTIN, lot="C90", to="A-01-1")))
    handheld.send(books)
    records(books, watches=(RECALL,))
    cursor = head_of(books.database.session, SITE).cursor
    at_ms = books.means.now_ms() + 1000
    recalled_pick(handheld, at_ms=at_ms - 900_000)
    recalled_pick(handheld, stamp=Stamp(at_ms, 60, 20_000, "boot", at_ms - 1, 19_999))
    recalled_pick(handheld, at_ms=at_ms, knew=Knew("3.x", None))
    recalled_pick(handheld, at_ms=at_ms, knew=Knew(cursor, cursor))
    books.means.now_ms.ms += 10_000  # type: ignore[attr-defined] # the tests' clock

    answer = handheld.send(books, 2)

    assert isinstance(answer, wire.Ack)
    assert [(flag.code, flag.severity) for flag in answer.flags] == [
        ("RECALLED_LOT", "medium"),
        ("RECALLED_LOT", "medium"),
        ("RECALLED_LOT", "high"),
    ]
    assert flags(books) == [("RECALLED_LOT", "medium"), ("RECALLED_LOT", "high")]


@pytest.mark.parametrize(
    ("posting", "kind"),
    [
        (Posting(stock_key(gtin=OTHER_GTIN, lot="C90"), 1, "A-01-1", SUPPLIER), EntryKind.RETURNED),
        (Posting(stock_key(gtin=OTHER_GTIN, lot="C90"), 1, "A-01-1", "CAGE"), EntryKind.MOVED),
        (Posting(stock_key(gtin=OTHER_GTIN, lot="C90", status=Status.HELD), 1, "A-01-1", "B-01-1"), EntryKind.MOVED),
        (Posting(stock_key(gtin=OTHER_GTIN, lot="C91"), 1, "A-01-1", "B-01-1"), EntryKind.MOVED),
        (Posting(stock_key(gtin=OTHER_GTIN, lot="C90"), 1, "B-01-1", "A-01-1"), EntryKind.CORRECTED),
    ],
)
def test_what_is_kept_apart_sent_back_or_taken_back_is_not_used(
    books: Books, handheld: Handheld, posting: Posting, kind: EntryKind
) -> None:
    records(books, watches=(RECALL,))
    handheld.write(handheld.entry(received(None, 50, gtin=OTHER_GTIN, lot=posting.key.lot, to=posting.from_place)))
    handheld.send(books)
    handheld.write(handheld.entry(posting, kind=kind, at_ms=books.means.now_ms() + 1000))

    assert "RECALLED_LOT" not in told(handheld.send(books, 2))


def test_goods_used_after_their_expiry_by_the_sites_date(books: Books, handheld: Handheld) -> None:
    """START_MS is the evening of 18 November 2026 in Oslo."""
    for expiry in (date(2026, 11, 17), date(2026, 11, 18), None):
        handheld.write(handheld.entry(received(None, 5, expiry=expiry, lot=f"L{expiry}")))

    assert told(handheld.send(books)) == ["EXPIRED"]
    (line,) = listed(books)
    assert line.subject == "lot:09521001000116:L2026-11-17"


def test_a_clock_that_is_off_is_said_once_a_device(books: Books, handheld: Handheld) -> None:
    for serial in ("S1", "S2"):
        stamp = Stamp(START_MS - 600_000, 60, 5_000, "boot", START_MS - 10_000, 4_000)
        handheld.write(handheld.entry(received(serial), stamp=stamp))
    handheld.write(handheld.entry(received("S3"), at_ms=START_MS + 10_000_000))

    assert told(handheld.send(books)) == ["CLOCK", "CLOCK", "CLOCK"]
    assert flags(books) == [("CLOCK", "medium")]
    (line,) = listed(books)
    assert (line.subject, line.sentence) == ("device:A", "the clock of A is off by -591 s")


def test_unknown_items_and_places_are_told_and_settle_when_they_become_known(books: Books, handheld: Handheld) -> None:
    new = "09521002000214"
    handheld.write(handheld.entry(received("S1", gtin=new, to="Z-9")))

    assert told(handheld.send(books)) == ["UNKNOWN_REF", "UNKNOWN_REF"]
    assert {line.subject for line in listed(books)} == {f"gtin:{new}", "place:Z-9"}
    assert verify(books.path).findings == [], "its entry names the subject that the flag has"

    records(
        books,
        items=(Item(new, "Tresopan", "75 mg", StorageClass.AMBIENT),),
        places=(Place("Z-9", PlaceKind.STORAGE, StorageClass.AMBIENT),),
    )
    assert flags(books) == []
    handheld.receive("S2", document=None)
    assert told(handheld.send(books, 2)) == []


def test_who_was_not_known_not_active_or_not_allowed(books: Books, handheld: Handheld) -> None:
    later_ms = books.means.now_ms() + 1000
    gone = Operator("USR-9", "Gone", Role.SUPERVISOR, "v", active=False)
    records(books, operators=(gone,))
    for operator, workflow, at_ms in (
        ("USR-404", "receiving", later_ms),
        ("USR-9", "receiving", later_ms),
        ("USR-1001", "opening", later_ms),
        ("USR-1001", "receiving", later_ms),
        ("USR-1004", "opening", later_ms),
        ("USR-9", "receiving", later_ms - 100_000),
        (None, "receiving", later_ms),
    ):
        handheld.write(handheld.entry(kind=EntryKind.NOTED, operator=operator, workflow=workflow, at_ms=at_ms))
    books.means.now_ms.ms += 10_000  # type: ignore[attr-defined] # the tests' clock

    answer = handheld.send(books)

    assert isinstance(answer, wire.Ack)
    assert [(flag.code, flag.severity) for flag in answer.flags] == [
        ("RIGHTS", "high"),
        ("RIGHTS", "medium"),
        ("RIGHTS", "medium"),
    ]


def test_a_document_opened_without_knowing_that_another_device_had_closed_it(books: Books, handheld: Handheld) -> None:
    """Both were offline for the whole delivery: the later one's opening arrives after the other's closing."""
    other = Handheld("B", epoch=b"\x02" * 16)
    for each in (handheld, other):
        each.write(each.entry(kind=EntryKind.DOCUMENT_OPENED, document="ASN-1"))
        each.write(each.entry(kind=EntryKind.DOCUMENT_CLOSED, document="ASN-1"))
    assert told(handheld.send(books)) == []

    assert told(other.send(books)) == ["TASK_CONFLICT"]

    (line,) = listed(books)
    assert (line.subject, line.sentence) == ("document:ASN-1", "ASN-1 was done at A too")
    assert verify(books.path).ok


def test_a_document_closed_by_two_devices_and_a_task_of_another(books: Books, handheld: Handheld) -> None:
    other = Handheld("B", epoch=b"\x02" * 16)
    handheld.write(handheld.entry(kind=EntryKind.DOCUMENT_CLOSED, document="ASN-1"))
    other.write(other.entry(kind=EntryKind.DOCUMENT_CLOSED, document="ASN-1"))
    handheld.send(books)
    assert told(other.send(books)) == ["TASK_CONFLICT"]

    books.do(SITE, lambda writing: writing.put(TASK, "T-1", {"id": "T-1", "holder": "A"}))
    other.write(other.entry(kind=EntryKind.TASK, task="T-1"))
    assert told(other.send(books, 2)) == ["TASK_CONFLICT"]
    books.do(SITE, lambda writing: writing.put(TASK, "T-1", None))
    other.write(other.entry(kind=EntryKind.TASK, task="T-1"))
    assert told(other.send(books, 3)) == []


def test_a_flag_is_an_entry_of_the_centres_chain_and_a_record(books: Books, handheld: Handheld) -> None:
    handheld.receive("S1")
    handheld.receive("S1")
    handheld.send(books)
    session = books.database.session
    own = session.all("SELECT bytes FROM entry WHERE epoch IN (SELECT own_epoch FROM site)")
    case = decode_entry(own[-1][0])
    ((body,),) = session.all("SELECT body FROM record WHERE kind = 'flag'")

    assert (case.kind, case.origin.device, case.origin.site) == (EntryKind.CASE, f"centre:{SITE}", SITE)
    assert case.verdict.parameters["flag"] == "DUP_SERIAL"
    assert json.loads(body)["id"] == case.event_id
    assert json.loads(body)["event_id"] == case.refers_to


def test_a_resolution_is_an_entry_with_a_name_and_happens_once(books: Books, handheld: Handheld) -> None:
    handheld.receive("S1", "S1")
    handheld.send(books)
    (line,) = listed(books)

    assert books.do(SITE, lambda writing: resolve(writing, line.id, "counterfeit", "USR-1004", "second pack in cage"))
    assert not books.do(SITE, lambda writing: resolve(writing, line.id, "again", "USR-1004", "x"))
    assert not books.do(SITE, lambda writing: resolve(writing, "nothing", "again", "USR-1004", "x"))

    (closed,) = listed(books, closed=True)
    assert closed.closed is not None
    assert (closed.closed["by"], closed.closed["how"]) == ("USR-1004", "counterfeit")
    ((stored,),) = books.database.session.all("SELECT bytes FROM entry WHERE n = (SELECT max(n) FROM entry)")
    entry = decode_entry(stored)
    assert (entry.kind, entry.refers_to, entry.origin.operator) == (EntryKind.RESOLVED, line.id, "USR-1004")
    assert (entry.reason, entry.note) == ("counterfeit", "second pack in cage")
    handheld.receive("S1")
    handheld.send(books, 3)
    assert flags(books) == [("DUP_SERIAL", "high")], "what happens again is said again"
    assert verify(books.path).ok


def test_severities_are_the_three_of_the_phrases() -> None:
    assert [severity.value for severity in Severity] == ["high", "medium", "low"]


def test_a_watch_line_that_is_changed_or_taken_away_is_judged_as_it_is(books: Books, handheld: Handheld) -> None:
    records(books, watches=(RECALL, replace(RECALL, id="W", kind="watch_list")))
    watch = '["RCL-1","09521003000114","C90",""]'
    books.do(SITE, lambda writing: writing.put("watch", watch, None))
    recalled_pick(handheld, at_ms=books.means.now_ms() + 5)

    assert "RECALLED_LOT" not in told(handheld.send(books))
