"""Every question of domain.facts, answered from real tables, each by an index and never by reading a table through."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, get_args

import pytest

from scanner_app.domain import facts as f
from scanner_app.domain.entry import EntryKind, decode_entry
from scanner_app.domain.lists import MemberList
from scanner_app.domain.masters import (
    Document,
    DocumentKind,
    DocumentLine,
    Item,
    Level,
    Operator,
    Place,
    PlaceKind,
    Role,
    StorageClass,
    Watch,
)
from scanner_app.domain.refusals import Refusal, Refused
from scanner_app.domain.site_records import (
    ContainerRecord,
    DocumentRecord,
    LevelRecord,
    LineRecord,
    SiteRecords,
    UnitRecord,
)
from scanner_app.domain.stock import ADJUSTMENT, SUPPLIER, ContainerMove, Posting, Seal, Status
from scanner_app.store.knowledge import ANSWERS, answer
from tests.store.feeding import Site
from tests.store.ledgers import (
    CASE,
    CASE_GTIN,
    EXPIRY,
    GTIN,
    OTHER,
    PALLET,
    START_MS,
    Writer,
    key,
    moved,
    received,
    scanned,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

TODAY = date(2026, 11, 22)
ITEM = Item(GTIN, "Panacea", "10 mg", StorageClass.AMBIENT)
VIAL = Item(OTHER, "Vaccine", "1 ml", StorageClass.COLD, serialised=False, covered=False, schedule="II")
LATER_CASE = LevelRecord(CASE_GTIN, GTIN, 12, "case of 12", date(2027, 1, 1))
DOCK = Place("DOCK-1", PlaceKind.DOCK, StorageClass.AMBIENT, 1)
ANN = Operator("USR-1", "Ann", Role.SUPERVISOR, "verifier", "en", active=True)
RECALLED = Watch("R-1", "recall", GTIN, "R9", None, "glass")
STOLEN = Watch("W-1", "stolen", GTIN, None, "S3", "theft")
WHOLE = Watch("W-2", "suspect", OTHER, None, None, "label")
ASN = DocumentRecord(
    "ASN-1", DocumentKind.ASN, "Maker", "client",
    containers=(ContainerRecord(PALLET), ContainerRecord(CASE, PALLET)),
    units=(
        UnitRecord(GTIN, "S1", "L1", EXPIRY, CASE),
        UnitRecord(GTIN, "S2", "L1", EXPIRY, CASE),
        UnitRecord(GTIN, "S3", "L2", EXPIRY, PALLET),
        UnitRecord(GTIN, "S4", "L2", None),
    ),
)  # fmt: skip
PO = DocumentRecord(
    "PO-1", DocumentKind.PO, "Trader",
    lines=(
        LineRecord(OTHER, "L1", EXPIRY, 10),
        LineRecord(OTHER, None, None, 5),
        LineRecord(GTIN, "L1", date(2027, 6, 30), 3),
    ),
)  # fmt: skip
RECORDS = SiteRecords(
    items=(ITEM, VIAL), levels=(LevelRecord(CASE_GTIN, GTIN, 10, "case"), LATER_CASE), places=(DOCK,), operators=(ANN,),
    documents=(ASN, PO), watches=(RECALLED, STOLEN, WHOLE),
)  # fmt: skip


@pytest.fixture
def site(writer: Writer) -> Writer:
    """A site with its masters, before anything came in."""
    with writer.ledger.step() as step:
        step.put_records(RECORDS)
        writer.written.append(step.append(writer.entry(EntryKind.IMPORT, task=None)))
    return writer


def ask(writer: Writer, query: f.Query) -> Any:  # noqa: ANN401 - the answers have a type for each query
    return writer.ledger.answer(query)


def take_pallet(site: Writer) -> None:
    site.move(moved(PALLET, SUPPLIER, "DOCK-1"), document="ASN-1")


def test_no_question_is_without_an_answer() -> None:
    assert set(ANSWERS) == set(get_args(f.Query))


def test_what_a_label_stands_for_on_a_day(site: Writer) -> None:
    assert ask(site, f.LevelOf(GTIN, TODAY)) == Level(GTIN, ITEM, 1, "each")
    assert ask(site, f.LevelOf(CASE_GTIN, TODAY)) == Level(CASE_GTIN, ITEM, 10, "case")
    assert ask(site, f.LevelOf(CASE_GTIN, date(2027, 1, 1))) == Level(CASE_GTIN, ITEM, 12, "case of 12")
    assert ask(site, f.LevelOf(OTHER, TODAY)) == Level(OTHER, VIAL, 1, "each")
    assert ask(site, f.LevelOf("00000000000000", TODAY)) is None


def test_a_level_without_its_item_stands_for_nothing(site: Writer) -> None:
    with site.ledger.step() as step:
        step.put_records(SiteRecords(levels=(LevelRecord("19521001000021", "09521001009999", 5, "case"),)))
    assert ask(site, f.LevelOf("19521001000021", TODAY)) is None


def test_places_operators_and_documents(site: Writer) -> None:
    assert ask(site, f.PlaceOf("DOCK-1")) == DOCK
    assert ask(site, f.PlaceOf("dock-1")) is None
    assert ask(site, f.OperatorOf("USR-1")) == ANN
    assert ask(site, f.OperatorOf("USR-2")) is None
    asn = Document("ASN-1", DocumentKind.ASN, "Maker", serialised=True, closed=False, owner="client")
    po = Document("PO-1", DocumentKind.PO, "Trader", serialised=False, closed=False)
    assert ask(site, f.DocumentOf("ASN-1")) == asn
    assert ask(site, f.DocumentOf("ASN-2")) is None
    assert site.ledger.documents_open() == [po, asn]
    site.append(site.entry(EntryKind.DOCUMENT_CLOSED, document="PO-1"))
    site.append(site.entry(EntryKind.DOCUMENT_CLOSED, document="ASN-1", verdict=Refused(Refusal.NOT_PERMITTED)))
    assert site.ledger.documents_open() == [asn]
    site.append(site.entry(EntryKind.DOCUMENT_OPENED, document="PO-1"))
    assert site.ledger.documents_open() == [po, asn]


def test_an_import_replaces_masters_and_refuses_a_document_that_is_there(site: Writer) -> None:
    with site.ledger.step() as step:
        step.put_records(SiteRecords(places=(Place("DOCK-1", PlaceKind.CAGE, StorageClass.COLD, 2),)))
    assert ask(site, f.PlaceOf("DOCK-1")) == Place("DOCK-1", PlaceKind.CAGE, StorageClass.COLD, 2)
    with pytest.raises(Exception, match="UNIQUE"), site.ledger.step() as step:
        step.put_records(SiteRecords(documents=(PO,)))
    assert site.ledger.stopped is None


def test_where_a_unit_and_its_containers_stand(site: Writer) -> None:
    assert ask(site, f.UnitOf(GTIN, "S1")) is None
    assert ask(site, f.ContainerOf(PALLET)) is None
    take_pallet(site)
    site.move(moved(CASE, SUPPLIER, PALLET, Seal.OPEN), document="ASN-1")
    last = site.post(received(key("S1", owner="client"), CASE), document="ASN-1")
    pallet = ask(site, f.ContainerOf(PALLET))
    assert pallet == f.ContainerFact("DOCK-1", "DOCK-1", Seal.SEALED, "ASN-1", 2)
    assert ask(site, f.ContainerOf(CASE)) == f.ContainerFact(PALLET, "DOCK-1", Seal.OPEN, "ASN-1", 3)
    unit = f.UnitFact("client", "L1", EXPIRY, Status.AVAILABLE, CASE, "DOCK-1", "ASN-1", inferred=False, seq=last.seq)
    assert ask(site, f.UnitOf(GTIN, "S1")) == unit
    assert ask(site, f.UnitOf(GTIN, "s1")) is None
    site.move(moved(PALLET, "DOCK-1", "A-1"), kind=EntryKind.PUT_AWAY)
    assert ask(site, f.UnitOf(GTIN, "S1")).location == "A-1"
    assert ask(site, f.ContainerOf(CASE)).document == "ASN-1"


def test_containers_in_a_ring_end_somewhere(site: Writer) -> None:
    site.move(moved(PALLET, SUPPLIER, CASE), moved(CASE, SUPPLIER, PALLET))
    assert ask(site, f.ContainerOf(PALLET)).location in {PALLET, CASE}
    site.post(received(key("S1"), "sscc:000000000000000000"))
    assert ask(site, f.UnitOf(GTIN, "S1")).location == "sscc:000000000000000000"
    assert ask(site, f.ContentOf(PALLET)).containers == 1


def test_what_documents_expect(site: Writer) -> None:
    s1 = f.ExpectedUnitFact("ASN-1", False, "L1", EXPIRY, CASE, (CASE, PALLET))  # noqa: FBT003 - open
    assert ask(site, f.ExpectedUnit(GTIN, "S1")) == (s1,)
    s4 = f.ExpectedUnitFact("ASN-1", False, "L2", None, None, ())  # noqa: FBT003 - open
    assert ask(site, f.ExpectedUnit(GTIN, "S4")) == (s4,)
    assert ask(site, f.ExpectedUnit(GTIN, "S9")) == ()
    assert ask(site, f.ExpectedContainer(CASE)) == (f.ExpectedContainerFact("ASN-1", False, (PALLET,)),)  # noqa: FBT003 - open
    assert ask(site, f.ExpectedContainer("sscc:1")) == ()
    assert ask(site, f.OpenDocumentsNaming(GTIN)) == ("PO-1", "ASN-1")
    assert ask(site, f.OpenDocumentsNaming("0")) == ()
    site.append(site.entry(EntryKind.DOCUMENT_CLOSED, document="ASN-1"))
    assert ask(site, f.OpenDocumentsNaming(GTIN)) == ("PO-1",)
    assert ask(site, f.ExpectedUnit(GTIN, "S1"))[0].closed


def test_lines_count_what_came_for_them(site: Writer) -> None:
    site.post(received(key(lot="L1", gtin=OTHER), quantity=12), document="PO-1")
    site.post(received(key(lot="L7", gtin=OTHER), "CAGE", 2), document="PO-1")
    site.post(received(key(lot="L8", status=Status.DAMAGED), "CAGE", 4), document="PO-1")
    assert ask(site, f.LinesOf("PO-1", OTHER)) == (
        DocumentLine(1, OTHER, "L1", EXPIRY, 10, 12), DocumentLine(2, OTHER, None, None, 5, 2),
    )  # fmt: skip
    assert ask(site, f.LinesOf("PO-1", "0")) == ()
    found = ask(site, f.DocumentSummary("PO-1"))
    assert (found.expected, found.received, found.over, found.unexpected, found.damaged, found.held) == (
        18, 18, 2, 4, 4, 0,
    )  # fmt: skip
    assert ask(site, f.DocumentSummary("none")) is None


def test_the_summary_of_a_serialised_document(site: Writer) -> None:
    assert ask(site, f.DocumentSummary("ASN-1")).pallets_outstanding == 1
    take_pallet(site)
    assert ask(site, f.DocumentSummary("ASN-1")).pallets_outstanding == 0
    site.post(received(key("S1", owner="client"), CASE), document="ASN-1")
    site.post(received(key("S9", status=Status.HELD), "CAGE"), document="ASN-1")
    found = ask(site, f.DocumentSummary("ASN-1"))
    assert (found.expected, found.received, found.unexpected, found.over, found.held) == (4, 2, 1, 0, 1)
    assert (found.containers_expected, found.containers_received) == (2, 1)
    assert found.outstanding_under_sealed == 2
    assert [(line.lot, line.expected, line.received) for line in found.lines] == [
        ("L1", 2, 2), ("L2", 1, 0), ("L2", 1, 0),
    ]  # fmt: skip


def test_only_sealed_containers_that_came_are_inferred_from(site: Writer) -> None:
    assert ask(site, f.Inferable("ASN-1")) == MemberList()
    take_pallet(site)
    rest = ask(site, f.Inferable("ASN-1"))
    assert rest.container_moves == (ContainerMove(CASE, SUPPLIER, PALLET, Seal.SEALED, inferred=True),)
    assert [(each.key.serial, each.key.owner, each.to_place, each.inferred) for each in rest.postings] == [
        ("S3", "client", PALLET, True), ("S1", "client", CASE, True), ("S2", "client", CASE, True),
    ]  # fmt: skip
    content = ask(site, f.InferableContent("ASN-1"))
    assert [(line.lot, line.quantity) for line in content.lines] == [("L1", 2), ("L2", 1)]
    assert (content.containers, content.watches) == (1, (STOLEN,))
    site.append(site.entry(document="ASN-1"), [rest])
    assert ask(site, f.Inferable("ASN-1")) == MemberList()
    assert ask(site, f.InferableContent("none")) is None


def test_goods_whose_opening_balance_was_taken_back_have_not_come(site: Writer) -> None:
    opening = Posting(key("S1"), 1, ADJUSTMENT, "A-01-1")
    site.post(opening)
    take_pallet(site)
    assert "S1" not in [each.key.serial for each in ask(site, f.Inferable("ASN-1")).postings]
    assert ask(site, f.ExpectedContent("ASN-1", PALLET)).received == 1
    site.post(opening.negated())
    assert "S1" in [each.key.serial for each in ask(site, f.Inferable("ASN-1")).postings]
    assert ask(site, f.ExpectedContent("ASN-1", PALLET)).received == 0


def test_nothing_is_inferred_out_of_an_opened_container(site: Writer) -> None:
    site.move(ContainerMove(PALLET, SUPPLIER, "DOCK-1", Seal.OPEN), document="ASN-1")
    assert ask(site, f.Inferable("ASN-1")) == MemberList()
    within = ask(site, f.Inferable("ASN-1", CASE))
    assert [each.key.serial for each in within.postings] == ["S1", "S2"]


def test_what_a_document_says_a_container_holds(site: Writer) -> None:
    found = ask(site, f.ExpectedContent("ASN-1", PALLET))
    assert [(line.item, line.lot, line.status, line.quantity) for line in found.lines] == [
        (ITEM, "L1", None, 2), (ITEM, "L2", None, 1),
    ]  # fmt: skip
    assert (found.containers, found.received, found.containers_received, found.watches) == (1, 0, 0, (STOLEN,))
    take_pallet(site)
    site.move(moved(CASE, SUPPLIER, PALLET), document="ASN-1")
    site.post(received(key("S1"), CASE), document="ASN-1")
    found = ask(site, f.ExpectedContent("ASN-1", PALLET))
    assert (found.received, found.containers_received) == (1, 1)
    assert ask(site, f.ExpectedContent("PO-1", PALLET)) is None


def test_recalls_and_watches(site: Writer) -> None:
    assert ask(site, f.WatchesOn(GTIN, "R9", "S1")) == (RECALLED,)
    assert ask(site, f.WatchesOn(GTIN, "r9", "S3")) == (STOLEN,)
    assert ask(site, f.WatchesOn(GTIN, None, None)) == ()
    assert ask(site, f.WatchesOn(OTHER, "any", None)) == (WHOLE,)


def test_known_expiries_come_from_documents_and_good_stock(site: Writer) -> None:
    other_day = date(2027, 1, 31)
    assert ask(site, f.KnownExpiry(GTIN, "L1")) == (EXPIRY, date(2027, 6, 30))
    site.post(received(key(expiry=other_day, status=Status.HELD), "CAGE"))
    assert ask(site, f.KnownExpiry(GTIN, "L1")) == (EXPIRY, date(2027, 6, 30))
    site.post(received(key(expiry=other_day)))
    assert ask(site, f.KnownExpiry(GTIN, "L1")) == (other_day, EXPIRY, date(2027, 6, 30))
    assert ask(site, f.KnownExpiry(GTIN, "none")) == ()


def test_stock_of_an_item_and_at_a_place(site: Writer) -> None:
    take_pallet(site)
    site.post(received(key("S1"), PALLET), received(key(None, None, None, gtin=OTHER), quantity=7))
    in_pallet = f.StockLine(PALLET, "DOCK-1", "own", GTIN, "L1", EXPIRY, Status.AVAILABLE, 1)
    loose = f.StockLine("DOCK-1", "DOCK-1", "own", OTHER, None, None, Status.AVAILABLE, 7)
    assert ask(site, f.StockOf(GTIN)) == ask(site, f.StockOf(GTIN, "L1")) == (in_pallet,)
    assert ask(site, f.StockOf(GTIN, "l1")) == ()
    assert ask(site, f.StockAt("DOCK-1")) == ask(site, f.StockAt("DOCK-1", OTHER)) == (loose,)
    assert ask(site, f.StockAt("DOCK-1", GTIN)) == ()
    assert ask(site, f.StockAt(PALLET)) == (in_pallet,)


def test_what_a_container_holds_by_the_ledger(site: Writer) -> None:
    assert ask(site, f.ContentOf(PALLET)) == f.ContentFact((), 0, 0, ())
    take_pallet(site)
    site.move(moved(CASE, SUPPLIER, PALLET), document="ASN-1")
    site.post(received(key("S1"), CASE), received(key("S3", "L2"), PALLET, inferred=True), document="ASN-1")
    site.post(
        received(key(None, "R9", gtin=GTIN), CASE, 2), received(key(None, None, None, gtin="09999999999994"), CASE)
    )
    found = ask(site, f.ContentOf(PALLET))
    assert [(line.item.name, line.lot, line.quantity) for line in found.lines] == [
        ("Panacea", "L1", 1), ("Panacea", "L2", 1), ("Panacea", "R9", 2), ("09999999999994", None, 1),
    ]  # fmt: skip
    assert (found.containers, found.pending, found.inferred) == (1, 1, 1)
    assert set(found.watches) == {RECALLED, STOLEN}


def test_the_last_fact_and_what_came_after_it(site: Writer) -> None:
    assert ask(site, f.LastFact("USR-1", "task-1")) is None
    first = site.entry(postings=[received(key("S1"))], raw=scanned("1"))
    site.append(first)
    site.append(site.entry(EntryKind.REFUSED, verdict=Refused(Refusal.EXPIRED), raw=scanned("2")))
    fact = ask(site, f.LastFact("USR-1", "task-1"))
    assert (fact.entry, fact.later, fact.would_go_below_zero) == (first, (), False)
    assert ask(site, f.LastFact("USR-2", "task-1")) is None
    later = site.entry(EntryKind.PUT_AWAY, [Posting(key("S1"), 1, "DOCK-1", "A-1")], task="task-2")
    site.append(later)
    fact = ask(site, f.LastFact("USR-1", "task-1"))
    assert (fact.later, fact.would_go_below_zero) == ((later.event_id,), True)
    undo = site.entry(EntryKind.CORRECTED, [later.postings[0].negated()], refers_to=later.event_id, task="task-2")
    site.append(undo)
    assert ask(site, f.LastFact("USR-1", "task-2")) is None
    assert not ask(site, f.LastFact("USR-1", "task-1")).would_go_below_zero


def test_undoing_a_pallet_is_hindered_by_what_happened_in_it(site: Writer) -> None:
    pallet = site.entry(moves=[moved(PALLET, SUPPLIER, "DOCK-1")], raw=scanned("p"))
    site.append(pallet)
    unit = site.append(site.entry(postings=[received(key("S1"), PALLET)], task=None))
    assert ask(site, f.LastFact("USR-1", "task-1")).later == (unit.event_id,)
    case = site.append(site.entry(moves=[moved(CASE, SUPPLIER, PALLET)], task=None))
    assert ask(site, f.LastFact("USR-1", "task-1")).later == (unit.event_id, case.event_id)
    site.move(moved(PALLET, "DOCK-1", "A-1"), kind=EntryKind.PUT_AWAY)
    assert ask(site, f.LastFact("USR-1", "task-1")).entry.kind is EntryKind.PUT_AWAY


def test_recent_scans_are_told_newest_first(site: Writer) -> None:
    assert ask(site, f.RecentScans()) == ()
    site.append(site.entry(EntryKind.NOTED))
    site.append(site.entry(raw=scanned("one\x1dtwo"), postings=[received(key())]))
    refused = Refused(Refusal.EXPIRED, {"days": 3})
    site.append(site.entry(EntryKind.REFUSED, verdict=refused, raw=scanned("old")))
    newest, before = ask(site, f.RecentScans(5))
    assert newest == f.HistoryLine(
        4, START_MS + 4000, 60, "refused", "EXPIRED", accepted=False, parameters={"days": 3}, scanned="old",
        event_id="event-000004", workflow="receiving",
    )  # fmt: skip
    assert (before.code, before.accepted, before.scanned) == ("OK", True, "one␝two")
    assert len(ask(site, f.RecentScans(1))) == 1
    site.append(site.entry(EntryKind.CORRECTED))
    assert ask(site, f.RecentScans(1)) == (newest,)
    (corrected,) = ask(site, f.RecentScans(1, corrections=True))
    assert (corrected.kind, corrected.scanned) == ("corrected", "")


# --- by indexes alone ------------------------------------------------------------------------------------------------

QUESTIONS: list[f.Query] = [
    f.LevelOf(GTIN, TODAY), f.PlaceOf("DOCK-1"), f.OperatorOf("USR-1"), f.DocumentOf("ASN-1"), f.UnitOf(GTIN, "S1"),
    f.ContainerOf(PALLET), f.ExpectedUnit(GTIN, "S1"), f.ExpectedContainer(CASE), f.LinesOf("PO-1", OTHER),
    f.PolicyOf("recall_list_hours"),
    f.DocumentSummary("ASN-1"), f.DocumentSummary("PO-1"), f.OpenDocumentsNaming(GTIN), f.Inferable("ASN-1"),
    f.Inferable("ASN-1", CASE), f.InferableContent("ASN-1"), f.ExpectedContent("ASN-1", PALLET),
    f.WatchesOn(GTIN, "L1", "S1"), f.KnownExpiry(GTIN, "L1"), f.StockOf(GTIN), f.StockOf(GTIN, "L1"),
    f.StockAt("DOCK-1"), f.StockAt("DOCK-1", GTIN), f.ContentOf(PALLET), f.Movements(gtin=GTIN, serial="S1"),
    f.Movements(gtin=GTIN, lot="L1"), f.Movements(gtin=GTIN), f.Movements(container=PALLET),
    f.Movements(place="DOCK-1"), f.LastFact("USR-1", "task-1"), f.RecentScans(),
    f.CountedUnit("task-1.1", GTIN, "S1"),
]  # fmt: skip
BOUNDED_SCANS = {
    "standing", "under", "trailed",  # what a recursive query has gathered so far; a table of one row
    "entry",  # the newest entries, backwards and at most 2,000 (recent scans)
    "d",  # the open documents, through the index that holds no others
    "unit_now", "container_now", "stock_part", "progress_part",  # what both halves of a view gave, each by its index
}  # fmt: skip


def write_something_of_everything(site: Writer) -> None:
    take_pallet(site)
    site.move(moved(CASE, SUPPLIER, PALLET), document="ASN-1")
    site.post(received(key("S1"), CASE), received(key("S9")), document="ASN-1")
    site.post(received(key(None, "L1", gtin=OTHER), quantity=4), document="PO-1")


@pytest.fixture
def traced(site: Writer) -> Iterator[tuple[sqlite3.Connection, list[str]]]:
    """A connection to a ledger with something of everything in base and overlay, and the statements that it runs."""
    write_something_of_everything(site)
    feed = Site(site)
    feed.echo(*(decode_entry(row[0]) for row in feed.rows_of("SELECT bytes FROM entry ORDER BY position LIMIT 3")))
    feed.take(feed.others_row(Posting(key("S9"), 1, "DOCK-1", PALLET), moves=[moved(PALLET, "DOCK-1", "DOCK-2")]))
    connection = site.ledger._connection
    said: list[str] = []
    connection.set_trace_callback(said.append)
    yield connection, said
    connection.set_trace_callback(None)


@pytest.mark.parametrize("query", QUESTIONS, ids=lambda query: type(query).__name__)
def test_no_question_reads_a_table_through(traced: tuple[sqlite3.Connection, list[str]], query: f.Query) -> None:
    connection, said = traced
    answer(connection, query)
    connection.set_trace_callback(None)
    assert said
    for statement in dict.fromkeys(said):
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
        read = [scan for step in plan for scan in re.findall(r"^SCAN (?!CONSTANT)(\w+)", step)]
        assert set(read) <= BOUNDED_SCANS, (statement, plan)
        if "d" in read:
            assert any("document_open" in step for step in plan)
        if "entry" in read:
            assert "DESC LIMIT" in statement
            assert not any("TEMP B-TREE" in step for step in plan)


def without_seq(found: object) -> object:
    return replace(found, seq=0) if isinstance(found, f.UnitFact | f.ContainerFact) else found


def test_every_answer_is_the_same_once_the_site_knows(site: Writer) -> None:
    """Own entries answer from the overlay, their echoes from the base, and half of each from both."""
    write_something_of_everything(site)
    site.post(received(key("S3", "L2"), PALLET, inferred=True), document="ASN-1")
    before = [without_seq(ask(site, query)) for query in QUESTIONS]
    open_before, left_before = site.ledger.documents_open(), site.ledger.follow_ups_open()
    feed = Site(site)
    entries = [decode_entry(row[0]) for row in feed.rows_of("SELECT bytes FROM entry ORDER BY position")]
    for part in (entries[:4], entries[4:]):
        feed.echo(*part)
        assert [without_seq(ask(site, query)) for query in QUESTIONS] == before
    assert feed.count("on_hand") == feed.count("unit") == feed.count("container") == 0
    assert (site.ledger.documents_open(), site.ledger.follow_ups_open()) == (open_before, left_before)


def test_every_question_was_asked() -> None:
    assert {type(query) for query in QUESTIONS} == set(ANSWERS)
