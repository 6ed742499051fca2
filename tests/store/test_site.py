"""What the feed brings and what it takes out of the overlay: nothing twice, nothing lost, nothing that stops it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from scanner_app.domain import facts as f
from scanner_app.domain.entry import EntryKind, encode_entry
from scanner_app.domain.feed import Scope, Standing
from scanner_app.domain.lists import MemberList
from scanner_app.domain.masters import DocumentKind
from scanner_app.domain.site_records import DocumentRecord, LineRecord, SiteRecords
from scanner_app.domain.stock import SUPPLIER, Posting, Seal
from scanner_app.store import chain, parking, schema, site_movements
from scanner_app.store.database import connect_writer
from scanner_app.store.ledger import Applied, Ledger, PageEnd
from scanner_app.store.tracing import trace_of
from scanner_app.store.verify import verify
from tests.store.feeding import OTHER_DEVICE, Site, chunks_of, forged, of_later_schema
from tests.store.ledgers import (
    CASE,
    DEVICE,
    GTIN,
    PALLET,
    START_MS,
    Writer,
    key,
    make_epoch,
    moved,
    open_ledger,
    received,
    scanned,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scanner_app.domain.entry import Entry

PLACE = {"code": "A-1", "kind": "storage", "storage_class": "ambient", "walk": 1}
PO = DocumentRecord("PO-1", DocumentKind.PO, "Trader", lines=(LineRecord(GTIN, "L1", None, 9),))


@pytest.fixture
def site(writer: Writer) -> Iterator[Site]:
    """A device and its feed; whatever a test does, the ledger verifies afterwards."""
    found = Site(writer)
    yield found
    assert verify(writer.ledger.path).findings == ()


def quantities(site: Site, gtin: str = GTIN) -> dict[str, int]:
    return {line.place: line.quantity for line in site.ask(f.StockOf(gtin))}


def own(site: Site, *postings: Posting, document: str | None = None) -> Entry:
    entry = site.writer.entry(postings=postings, raw=scanned("x"), document=document)
    site.writer.append(entry)
    return entry


# --- the base --------------------------------------------------------------------------------------------------------


def test_what_another_device_did_is_the_sites_stock(site: Site) -> None:
    applied = site.take(
        site.others_row(received(key("S1")), document="ASN-1"), site.others_row(received(key(), "A-1", 3))
    )
    assert (applied.stock, applied.echoes, applied.sum_differs, applied.records) == (True, 0, False, frozenset())
    assert quantities(site) == {"DOCK-1": 1, "A-1": 3}
    unit = site.ask(f.UnitOf(GTIN, "S1"))
    assert (unit.place, unit.document, unit.seq) == ("DOCK-1", "ASN-1", 0)
    assert site.count("on_hand") == site.count("unit") == 0


def test_own_entries_come_after_what_the_feed_brings(site: Site) -> None:
    site.take(site.others_row(received(key("S1"), "DOCK-1"), document="ASN-1"))
    own(site, Posting(key("S1"), 1, "DOCK-1", "A-1"))
    assert quantities(site) == {"A-1": 1}
    site.take(site.others_row(Posting(key("S1"), 1, "DOCK-1", "B-2")))
    unit = site.ask(f.UnitOf(GTIN, "S1"))
    assert (unit.place, unit.document, unit.seq) == ("A-1", "ASN-1", 1)
    assert quantities(site) == {"DOCK-1": -1, "A-1": 1, "B-2": 1}


def test_a_cursor_moves_with_its_page_and_is_there_after_a_restart(site: Site, path: Path) -> None:
    site.take(site.others_row(received(key())), total="0" * 16)
    site.take(scope=Scope.WATCH)
    site.ledger.set_server_time(5, 6, "boot")
    before = site.ledger.site
    assert (before.cursor(Scope.FEED), before.cursor(Scope.WATCH), before.as_of) == (
        "cursor-1",
        "cursor-1",
        START_MS + 1,
    )
    assert (before.feed_n, before.watch_n, before.server_time) == (1, 0, 5)
    site.ledger.close()
    again = open_ledger(path)
    assert again.site == before
    again.close()


def test_the_sums_are_compared_where_a_page_reaches_the_end(site: Site) -> None:
    row = site.others_row(received(key()))
    assert site.take(row, total="0" * 16).sum_differs
    assert not site.take(total=f"{site.ledger.site.site_sum:016x}").sum_differs
    assert not site.take(site.others_row(received(key()))).sum_differs


def test_a_page_that_comes_twice_counts_once(site: Site) -> None:
    entry = own(site, received(key("S1")))
    rows = [site.row(entry), site.others_row(received(key(), quantity=2))]
    site.take(*rows)
    assert site.take(*rows).echoes == 0
    site.take(*rows, site.others_row(received(key())))
    assert quantities(site) == {"DOCK-1": 4}


def test_an_answer_to_another_question_changes_nothing(site: Site) -> None:
    site.take(site.others_row(received(key())))
    before = site.ledger.site
    end = PageEnd(Scope.FEED, "cursor-9", START_MS)
    assert site.ledger.apply_page([site.others_row(received(key()))], end, asked="cursor-0") == Applied()
    assert site.ledger.site == before
    site.ledger.apply_page([], end, asked=before.feed_cursor)
    assert site.ledger.site.feed_cursor == "cursor-9"


# --- the overlay -----------------------------------------------------------------------------------------------------


def test_an_echo_leaves_the_overlay(site: Site) -> None:
    entry = own(site, received(key("S1"), PALLET), received(key(), quantity=3), document="ASN-1")
    site.writer.move(moved(PALLET, SUPPLIER, "DOCK-1"), document="ASN-1")
    before = [site.ask(query) for query in (f.StockOf(GTIN), f.ContainerOf(PALLET))]
    assert site.echo(entry).echoes == 1
    assert site.count("on_hand") == site.count("unit") == site.count("document_progress") == 0
    assert site.count("container") == 1
    assert [site.ask(query) for query in (f.StockOf(GTIN), f.ContainerOf(PALLET))] == before
    assert site.ask(f.UnitOf(GTIN, "S1")).document == "ASN-1"


def test_what_is_pending_stays_when_what_came_before_is_echoed(site: Site) -> None:
    """The document came with the first entry: the base knows it, and the overlay must not say it any more."""
    first = own(site, received(key("S1"), PALLET), document="ASN-1")
    site.writer.move(moved(PALLET, SUPPLIER, "DOCK-1"), document="ASN-1")
    own(site, Posting(key("S1"), 1, PALLET, "A-1"))
    site.echo(first)
    assert site.rows_of("SELECT document, document_position, touches, place FROM unit") == [(None, None, 1, "A-1")]
    assert (site.ask(f.UnitOf(GTIN, "S1")).document, site.ask(f.UnitOf(GTIN, "S1")).place) == ("ASN-1", "A-1")
    assert quantities(site) == {"A-1": 1}


def test_echoes_may_come_out_of_order(site: Site) -> None:
    """An entry that the centre stored without counting it comes after all when it is released."""
    doubted = own(site, received(key("S1")), document="ASN-1")
    later = own(site, Posting(key("S1"), 1, "DOCK-1", "A-1"), document="ASN-2")
    site.take(site.row(doubted, Standing.QUARANTINED), site.row(later))
    assert site.ledger.counters().parked == 1
    assert site.ask(f.UnitOf(GTIN, "S1")).place == "DOCK-1"
    assert site.rows_of("SELECT document, touches FROM unit") == [("ASN-1", 1)]
    site.echo(doubted)
    assert site.ledger.counters().parked == 0
    assert site.count("unit") == site.count("on_hand") == 0
    assert quantities(site) == {"A-1": 1}


def test_what_was_not_counted_is_parked_once_however_often_it_is_sent(site: Site) -> None:
    """A tail that was issued again comes back once more, in its new epoch."""
    doubted = own(site, received(key("S1")))
    site.take(site.row(doubted, Standing.QUARANTINED), site.row(doubted, Standing.QUARANTINED))
    assert site.ledger.counters().parked == 1
    site.echo(doubted)
    assert site.ledger.counters().parked == 0


def test_what_others_say_under_our_event_is_not_ours(site: Site) -> None:
    entry = own(site, received(key("S1")))
    site.take(site.row(replace(entry, note="another"), Standing.QUARANTINED))
    assert (site.ledger.counters().parked, quantities(site)) == (0, {"DOCK-1": 1})


def test_what_was_taken_for_counted_and_was_not_comes_back_into_sight(site: Site) -> None:
    """A snapshot seemed to hold it, because nobody knew yet that the chains had parted."""
    entry = own(site, received(key("S1")))
    site.ledger._connection.execute("INSERT INTO echo VALUES (1, 1)")
    site.ledger._connection.execute("DELETE FROM on_hand")
    site.ledger._connection.execute("DELETE FROM unit")
    site.take(site.row(entry, Standing.QUARANTINED))
    assert (quantities(site), site.count("unit"), site.count("echo")) == ({"DOCK-1": 1}, 1, 0)


def test_a_document_named_by_an_older_entry_comes_forward_again(site: Site) -> None:
    first = own(site, received(key("S1")), document="ASN-1")
    second = own(site, received(key("S1"), "DOCK-2"), document="ASN-2")
    own(site, Posting(key("S1"), 1, "DOCK-2", "A-1"))
    site.take(site.row(first, Standing.QUARANTINED), site.row(second))
    assert site.rows_of("SELECT document, document_position, touches FROM unit") == [("ASN-1", 1, 2)]


def test_what_the_centre_counted_before_by_another_way_is_an_echo(site: Site) -> None:
    entry = own(site, received(key("S1")))
    site.take(site.row(entry, Standing.DUPLICATE))
    assert site.count("on_hand") == site.count("site_on_hand") == 0
    assert site.take(site.row(entry, Standing.DUPLICATE)).echoes == 0


def test_the_base_is_what_the_centre_counted_where_bytes_differ(site: Site) -> None:
    """The same event in other bytes is a fork: the centre counted its own, ours leaves the overlay whole."""
    entry = own(site, received(key("S1"), "DOCK-1"))
    site.take(site.row(replace(entry, postings=(received(key("S1"), "DOCK-2"),))))
    assert quantities(site) == {"DOCK-2": 1}
    assert site.count("on_hand") == 0


def test_a_list_of_our_own_leaves_too(site: Site) -> None:
    members = MemberList((received(key("S1"), PALLET), received(key("S2"), PALLET)), (moved(CASE, SUPPLIER, PALLET),))
    entry = site.writer.entry(document="ASN-1")
    site.writer.append(entry, [members])
    digest, _ = chunks_of(members)
    site.echo(replace(entry, lists=(digest,)))
    assert site.count("unit") == site.count("container") == site.count("on_hand") == 0
    assert quantities(site) == {PALLET: 2}


# --- lists -----------------------------------------------------------------------------------------------------------


def test_a_list_comes_before_the_entry_that_names_it(site: Site) -> None:
    digest, chunks = chunks_of(MemberList(tuple(received(key(f"S{n}")) for n in range(1_100))))
    site.take(chunks[0])
    site.take(chunks[1], forged(chunks[2]))
    assert site.count("site_list_chunk") == 2
    site.take(chunks[2], site.others_row(lists=(digest,)))
    assert quantities(site) == {"DOCK-1": 1_100}
    assert site.count("site_list_chunk") == 0


def test_an_entry_whose_list_does_not_come_waits(site: Site) -> None:
    digest, chunks = chunks_of(MemberList((received(key("S1")),)))
    wrong = [replace(chunks[0], digest="0" * 64), replace(chunks[0], hashes=("zz",)), replace(chunks[0], n=7)]
    site.take(*wrong, site.others_row(lists=(digest,)), site.others_row(received(key())))
    assert quantities(site) == {"DOCK-1": 1}
    assert site.rows_of("SELECT n, reason FROM parked") == [(1, parking.LIST)]


# --- what cannot be applied ------------------------------------------------------------------------------------------


def test_an_entry_of_a_later_schema_waits_for_a_later_program(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = site.others_entry(received(key("S1")))
    site.take(site.row(entry, content=of_later_schema(entry)), site.others_row(received(key())))
    assert quantities(site) == {"DOCK-1": 1}
    assert site.ledger.counters().parked == 1
    site.ledger.try_parked()
    assert site.ledger.counters().parked == 1
    with monkeypatch.context() as later:
        later.setattr("scanner_app.domain.entry.SCHEMA", 9)
        assert site.ledger.try_parked().stock
    assert site.ledger.counters().parked == 0
    assert quantities(site) == {"DOCK-1": 2}
    assert not site.ledger.try_parked().stock


def test_what_was_parked_does_not_overtake_what_came_since(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = site.others_entry(received(key("S1"), "OLD"), moves=[moved(PALLET, SUPPLIER, "OLD")], document="ASN-1")
    site.take(site.row(entry, content=of_later_schema(entry)))
    site.take(site.others_row(Posting(key("S1"), 1, "OLD", "NEW"), moves=[moved(PALLET, "OLD", "NEW")]))
    with monkeypatch.context() as later:
        later.setattr("scanner_app.domain.entry.SCHEMA", 9)
        site.ledger.try_parked()
    assert site.ask(f.UnitOf(GTIN, "S1")).place == site.ask(f.ContainerOf(PALLET)).parent == "NEW"
    assert quantities(site) == {"NEW": 1}


POSTING = {
    "key": {"owner": "own", "gtin": GTIN, "lot": "L1", "expiry": None, "serial": None, "status": "available"},
    "quantity": 1, "from": "supplier", "to": "A-1", "inferred": False,
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"postings": [{**POSTING, "quantity": 1 << 70}]},
        {"postings": [{**POSTING, "to": ["list"]}]},
        {"postings": [{**POSTING, "to": "\ud800"}]},
        {"event_id": ["list"]},
        {"verdict": {"outcome": "OK", "parameters": []}},
        {"lists": [3]},
    ],
    ids=str,
)
def test_a_row_that_fits_no_table_stops_nothing(site: Site, change: dict[str, object]) -> None:
    forged_entry = json.dumps({**json.loads(encode_entry(site.others_entry())), **change}).encode()
    before = site.others_row(received(key()))
    bad = site.row(site.others_entry(), content=forged_entry)
    site.take(before, bad, site.others_row(received(key(), "A-1")), site.others_row(received(key(), "A-2")))
    assert quantities(site) == {"DOCK-1": 1, "A-1": 1, "A-2": 1}
    assert [reason for (reason,) in site.rows_of("SELECT reason FROM parked")] == ["unfit"]
    assert site.ledger.site.feed_n == 4


def test_what_the_centre_could_not_read_is_nothing_to_us(site: Site) -> None:
    site.take(site.row(site.others_entry(), Standing.QUARANTINED, content=b"no entry"))
    site.take(site.row(site.others_entry(received(key())), Standing.QUARANTINED))
    assert site.ledger.counters().parked == 0
    assert quantities(site) == {}


def test_what_waits_is_bounded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parking, "PARKED_MAX", 3)
    for _ in range(5):
        entry = site.others_entry(received(key()))
        site.take(site.row(entry, content=of_later_schema(entry)))
    assert site.rows_of("SELECT n FROM parked ORDER BY n") == [(3,), (4,), (5,)]


# --- documents and follow-ups ----------------------------------------------------------------------------------------


def test_a_document_is_closed_by_whoever_closed_it_last(site: Site) -> None:
    site.take(*site.records(SiteRecords(documents=(PO,))))
    assert [each.id for each in site.ledger.documents_open()] == ["PO-1"]
    site.take(site.others_row(kind=EntryKind.DOCUMENT_CLOSED, document="PO-1"))
    assert site.ledger.documents_open() == []
    opened = site.writer.entry(EntryKind.DOCUMENT_OPENED, document="PO-1")
    site.writer.append(opened)
    assert [each.id for each in site.ledger.documents_open()] == ["PO-1"]
    site.take(site.others_row(kind=EntryKind.DOCUMENT_CLOSED, document="PO-1"))
    assert [each.id for each in site.ledger.documents_open()] == ["PO-1"]
    site.echo(opened)
    site.take(site.others_row(kind=EntryKind.DOCUMENT_CLOSED, document="PO-1"))
    assert site.ledger.documents_open() == []


def test_a_document_that_comes_after_it_was_closed_is_closed(site: Site) -> None:
    site.take(site.others_row(kind=EntryKind.DOCUMENT_CLOSED, document="PO-1"))
    site.take(*site.records(SiteRecords(documents=(PO,))))
    assert site.ask(f.DocumentOf("PO-1")).closed


def test_follow_ups_of_the_site_are_settled_by_whoever_corrects(site: Site) -> None:
    left = [site.others_entry(received(key()), reason="DAMAGED") for _ in range(3)]
    mine = site.writer.entry(postings=[received(key())], reason="DAMAGED")
    site.writer.append(mine)
    site.take(*(site.row(entry) for entry in left))
    assert [row.event_id for row in site.ledger.follow_ups_open()] == [*(each.event_id for each in left), mine.event_id]
    undo = site.writer.entry(EntryKind.CORRECTED, refers_to=left[0].event_id)
    site.writer.append(undo)
    site.take(site.others_row(kind=EntryKind.CORRECTED, refers_to=left[1].event_id))
    assert [row.event_id for row in site.ledger.follow_ups_open()] == [left[2].event_id, mine.event_id]
    site.echo(mine, undo)
    assert [row.event_id for row in site.ledger.follow_ups_open()] == [left[2].event_id, mine.event_id]
    assert site.count("follow_up") == 0


# --- movements of others ---------------------------------------------------------------------------------------------


def test_what_others_did_stands_in_history_and_trace(site: Site) -> None:
    mine = own(site, received(key("S1")))
    theirs = site.others_entry(Posting(key("S1"), 1, "DOCK-1", "A-1"), document="TO-1", reason="TIDY")
    site.take(site.row(mine), site.row(theirs))
    own(site, Posting(key("S1"), 1, "A-1", "B-1"))
    found = site.ask(f.Movements(gtin=GTIN, serial="S1"))
    assert [(each.device, each.from_place, each.to_place) for each in found] == [
        ("HANDHELD-1", "A-1", "B-1"), (OTHER_DEVICE, "DOCK-1", "A-1"), ("HANDHELD-1", SUPPLIER, "DOCK-1"),
    ]  # fmt: skip
    told = found[1]
    assert (told.event_id, told.operator, told.document, told.reason) == (theirs.event_id, "USR-2", "TO-1", "TIDY")
    assert (told.method, told.kind, told.quantity, told.seq) == ("scanned", "moved", 1, 2)
    for subject in (f.Movements(gtin=GTIN, lot="L1"), f.Movements(gtin=GTIN), f.Movements(place="A-1")):
        assert theirs.event_id in [each.event_id for each in site.ask(subject)]
    traced = trace_of(site.ledger._connection, f.Movements(gtin=GTIN, serial="S1"))
    assert traced is not None
    assert [each.event_id for each in traced] == [each.event_id for each in found][::-1]


def test_a_unit_moves_with_the_pallet_that_another_device_moved(site: Site) -> None:
    come = site.writer.entry(postings=[received(key("S1"), PALLET)], moves=[moved(PALLET, SUPPLIER, "DOCK-1")])
    site.writer.append(come)
    site.take(site.row(come), site.others_row(moves=[moved(PALLET, "DOCK-1", "A-1")]))
    out = site.writer.entry(postings=[Posting(key("S1"), 1, PALLET, "B-1")])
    site.writer.append(out)
    found = site.ask(f.Movements(gtin=GTIN, serial="S1"))
    assert [(each.from_place, each.to_place) for each in found] == [
        (PALLET, "B-1"), ("DOCK-1", "A-1"), (SUPPLIER, PALLET),
    ]  # fmt: skip
    assert [each.quantity for each in site.ask(f.Movements(container=PALLET))] == [None, None]


def test_movements_of_others_are_kept_within_a_bound_and_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_movements, "ROWS_MAX", 3)
    entries = [site.others_entry(received(key(f"S{n}"))) for n in range(5)]
    site.take(*(site.row(entry) for entry in entries))
    assert [each for (each,) in site.rows_of("SELECT serial FROM site_movement ORDER BY id")] == ["S2", "S3", "S4"]
    site.take(site.row(entries[4]))
    assert [each for (each,) in site.rows_of("SELECT serial FROM site_movement ORDER BY id")] == ["S2", "S3", "S4"]


# --- undo ------------------------------------------------------------------------------------------------------------


def undo(site: Site) -> f.UndoFact:
    found = site.ask(f.LastFact("USR-1", "task-1"))
    assert isinstance(found, f.UndoFact)
    return found


def test_what_another_device_did_later_is_in_the_way(site: Site) -> None:
    mine = own(site, received(key("S1")))
    site.echo(mine)
    assert undo(site).later == ()
    theirs = site.others_entry(Posting(key("S1"), 1, "DOCK-1", "A-1"))
    site.take(site.row(theirs))
    assert (undo(site).later, undo(site).would_go_below_zero) == ((theirs.event_id,), True)
    back = site.others_entry(theirs.postings[0].negated(), kind=EntryKind.CORRECTED, refers_to=theirs.event_id)
    site.take(site.row(back))
    assert (undo(site).later, undo(site).would_go_below_zero) == ((), False)


def test_what_the_site_does_not_know_yet_comes_after_what_others_did(site: Site) -> None:
    site.take(site.others_row(received(key("S1"), "A-1")))
    own(site, Posting(key("S1"), 1, "A-1", "B-1"))
    assert (undo(site).later, undo(site).would_go_below_zero) == ((), False)


def test_a_later_correction_of_something_earlier_is_in_the_way(site: Site) -> None:
    first = site.others_entry(received(key("S1")))
    site.take(site.row(first))
    mine = own(site, Posting(key("S1"), 1, "DOCK-1", "A-1"))
    site.echo(mine)
    back = site.others_entry(first.postings[0].negated(), kind=EntryKind.CORRECTED, refers_to=first.event_id)
    unknown = site.others_entry(Posting(key("S1"), 1, "X", "Y"), kind=EntryKind.CORRECTED, refers_to="never seen")
    site.take(site.row(back), site.row(unknown))
    assert undo(site).later == (back.event_id, unknown.event_id)


def test_what_is_forgotten_is_in_the_way_by_its_number(site: Site) -> None:
    mine = site.writer.entry(postings=[received(key("S1"), PALLET)], moves=[moved(PALLET, SUPPLIER, "DOCK-1")])
    site.writer.append(mine)
    site.take(
        site.row(mine), site.others_row(Posting(key("S1"), 1, PALLET, "A-1"), moves=[moved(PALLET, "DOCK-1", "A-1")])
    )
    site.ledger._connection.execute("DELETE FROM site_movement")
    assert undo(site).later == ("2", "2")


def test_a_pallet_that_another_device_opened_is_in_the_way(site: Site) -> None:
    pallet = site.writer.entry(moves=[moved(PALLET, SUPPLIER, "DOCK-1")])
    site.writer.append(pallet)
    site.echo(pallet)
    theirs = site.others_entry(moves=[moved(PALLET, "DOCK-1", "DOCK-1", Seal.OPEN)])
    into = site.others_entry(received(key("S1"), PALLET))
    site.take(site.row(theirs), site.row(into))
    assert undo(site).later == (theirs.event_id, into.event_id)


# --- an earlier ledger -----------------------------------------------------------------------------------------------


def test_a_ledger_of_an_earlier_schema_makes_its_overlay_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:4])
        earlier.setattr(schema, "SCHEMA_VERSION", 4)
        earlier.setattr(schema, "TRIGGERS", frozenset({"entry_no_update"}))
        database = connect_writer(path)
        schema.prepare(database.connection, path)
        head = chain.open_epoch(database.connection, "HANDHELD-1", bytes(16), None)
        writer = Writer(None)  # type: ignore[arg-type] # it only makes entries here
        for entry in (
            writer.entry(postings=[received(key("S1"))], document="ASN-1", reason="DAMAGED"),
            replace(writer.entry(postings=[Posting(key("S1"), 1, "DOCK-1", "A-1")]), event_id="event-2"),
        ):
            head = chain.link(database.connection.cursor(), head, entry, encode_entry(entry))
        database.close()
    ledger = open_ledger(path)
    assert ledger.answer(f.StockOf(GTIN)) == ledger.answer(f.StockAt("A-1"))
    assert [row.event_id for row in ledger.follow_ups_open()] == ["event-000001"]
    assert ledger._connection.execute("SELECT touches, document FROM unit").fetchall() == [(2, "ASN-1")]
    ledger.close()
    assert verify(path).findings == ()
    open_ledger(path).close()


def test_what_the_centre_would_tell_again_is_not_forced_to_the_disk_and_scans_are(site: Site) -> None:
    """A scan never waits for the flash because of an answer; the next scan is forced as ever."""
    said: list[str] = []
    connection = site.ledger._connection
    connection.set_trace_callback(said.append)
    site.ledger.set_watermark(1, 0, 0)
    site.take(site.others_row(received(key("S1"))))
    own(site, received(key("S2")))
    connection.set_trace_callback(None)
    levels = [text.rpartition("=")[2] if text.startswith("PRAGMA sync") else text for text in said]
    commits = [level for text, level in zip(levels, _in_force(levels), strict=True) if text == "COMMIT"]
    assert commits == ["NORMAL", "NORMAL", "FULL"]


def _in_force(said: list[str]) -> Iterator[str]:
    """The level that was in force at each statement."""
    level = "FULL"
    for text in said:
        level = text if text in {"NORMAL", "FULL"} else level
        yield level


def test_another_centre_has_nothing_yet(site: Site, path: Path) -> None:
    """What the former one had and told says nothing of it; what only we know stays, and all is to be sent again."""

    def opened(centre: str) -> None:
        site.ledger.close()
        site.writer.ledger = Ledger.open(path, DEVICE, make_epoch, centre)

    opened("key-1/SITE-1")
    entry = own(site, received(key("S1")))
    site.echo(entry)
    site.take(site.others_row(received(key("S2"))), site.record("place", "A-1", PLACE))
    site.ledger.set_watermark(1, 1, 1)
    opened("key-1/SITE-1")
    assert site.ledger.counters().scans_sent == site.ledger.counters().scans_safe == 1
    assert quantities(site) == {"DOCK-1": 2}

    opened("key-2/SITE-1")
    counters = site.ledger.counters()
    assert (counters.scans_saved, counters.scans_sent, counters.scans_safe) == (1, 0, 0)
    assert (site.ledger.site.feed_cursor, site.ledger.site.as_of, site.ledger.site.site_sum) == (None, None, 0)
    assert quantities(site) == {"DOCK-1": 1}
    assert site.ask(f.PlaceOf("A-1")) is not None
    assert [each.acked for each in site.ledger.outbox.epochs()] == [0]
