"""A snapshot replaces the base whole and leaves the overlay exact; a file that is none changes and stops nothing."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from scanner_app.domain import facts as f
from scanner_app.domain.entry import EntryKind
from scanner_app.domain.feed_records import bodies_of
from scanner_app.domain.refusals import Refusal
from scanner_app.domain.stock import SUPPLIER, Posting
from scanner_app.errors import StoreError
from scanner_app.store.backup import back_up, restore
from scanner_app.store.snapshot import check_snapshot
from scanner_app.store.verify import verify
from tests.store.centre import Centre, fetch, load, send
from tests.store.feeding import Site
from tests.store.ledgers import DEVICE, GTIN, OTHER_EPOCH, PALLET, Writer, key, moved, open_ledger, received, scanned
from tests.store.test_knowledge import PO, RECORDS, TODAY
from tests.store.test_records import flag, lease, masters

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def site(writer: Writer) -> Iterator[Site]:
    found = Site(writer)
    yield found
    assert verify(writer.ledger.path).findings == ()


@pytest.fixture
def centre() -> Centre:
    return Centre()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "snapshots").mkdir()
    return tmp_path / "snapshots"


def scan(site: Site, *postings: Posting, document: str | None = None) -> None:
    site.writer.append(site.writer.entry(postings=postings, raw=scanned("x"), document=document))


def quantities(site: Site) -> dict[str, int]:
    return {line.place: line.quantity for line in site.ask(f.StockOf(GTIN))}


def take_in(site: Site, centre: Centre, *postings: Posting, **told: Any) -> None:  # noqa: ANN401 - as others_entry
    """Another device's entry, at the centre."""
    row = site.others_row(*postings, **told)
    centre.take(row.device, row.epoch, row.seq, row.content)


def test_the_base_is_the_snapshot_and_the_rest_our_own(site: Site, centre: Centre, folder: Path) -> None:
    take_in(site, centre, received(key("S9"), PALLET), moves=[moved(PALLET, SUPPLIER, "DOCK-1")], document="ASN-1")
    take_in(site, centre, kind=EntryKind.DOCUMENT_CLOSED, document="PO-1")
    take_in(site, centre, received(key(), "A-1", 4), reason="DAMAGED")
    for kind, record, body in bodies_of(RECORDS):
        centre.record(kind, record, body)
    scan(site, received(key("S1"), "A-1"))
    scan(site, received(key("S2"), "A-1"))
    send(site.ledger, centre, 1)
    load(site.ledger, centre.snapshot(folder / "1.db"))
    assert quantities(site) == {PALLET: 1, "A-1": 6}
    assert site.rows_of("SELECT serial FROM unit") == [("S2",)]
    assert site.rows_of("SELECT position, n FROM echo") == [(1, len(centre.rows))]
    assert (site.ask(f.UnitOf(GTIN, "S9")).document, site.ask(f.ContainerOf(PALLET)).location) == ("ASN-1", "DOCK-1")
    assert site.ask(f.LevelOf(GTIN, TODAY)).item.name == "Panacea"
    assert [each.id for each in site.ledger.documents_open()] == ["ASN-1"]
    assert len(site.ledger.follow_ups_open()) == 1
    known = site.ledger.site
    assert (known.feed_cursor, known.watch_cursor, known.feed_n) == (centre.cursor(len(centre.rows)),) * 2 + (
        len(centre.rows),
    )
    assert known.site_sum == centre.stock(len(centre.rows)).site_sum


def test_what_the_centre_no_longer_has_goes(site: Site, centre: Centre, folder: Path) -> None:
    site.take(*site.records(RECORDS), site.record("flag", "F1", flag("F1")), site.record("policy", "p", {}))
    site.take(site.record("lease", "A", lease(site, "A", 1, 9)), site.others_row(received(key())))
    with site.ledger.step() as step:
        step.take_sscc()
    centre.rows = [*centre.rows] * 0
    for _ in range(site.number + 1):
        centre.record("place", "X", {"code": "X", "kind": "dock", "storage_class": "ambient", "walk": 0})
    load(site.ledger, centre.snapshot(folder / "1.db"))
    assert {table: len(rows) for table, rows in masters(site.ledger).items() if rows} == {"place": 1}
    assert (site.ledger.flags_open(), site.ledger.records_of_kind("policy"), quantities(site)) == ([], [], {})
    with site.ledger.step() as step:
        assert step.take_sscc() is Refusal.NO_SSCC_LEFT


def test_a_range_that_is_still_leased_goes_on_where_it_was(site: Site, centre: Centre, folder: Path) -> None:
    body = lease(site, "A", 1, 9)
    site.take(site.record("lease", "A", body))
    with site.ledger.step() as step:
        step.take_sscc()
    centre.record("lease", "A", body)
    load(site.ledger, centre.snapshot(folder / "1.db"))
    assert [each.first for each in site.ledger.leases_open()] == [2]


def test_an_own_entry_that_was_not_counted_stays_ours(site: Site, centre: Centre, folder: Path) -> None:
    scan(site, received(key("S1")))
    scan(site, received(key("S2")))
    centre.doubted.add("event-000001")
    send(site.ledger, centre, 5)
    load(site.ledger, centre.snapshot(folder / "1.db"))
    assert quantities(site) == {"DOCK-1": 2}
    assert (site.ledger.counters().parked, site.rows_of("SELECT position FROM echo")) == (1, [(2,)])
    centre.release()
    fetch(site.ledger, centre, 50, folder)
    assert (quantities(site), site.count("on_hand"), site.ledger.counters().parked) == ({"DOCK-1": 2}, 0, 0)


def test_an_older_snapshot_puts_entries_back_into_the_overlay(site: Site, centre: Centre, folder: Path) -> None:
    scan(site, received(key("S1")))
    send(site.ledger, centre, 5)
    old = centre.snapshot(folder / "old.db")
    load(site.ledger, old)
    scan(site, Posting(key("S1"), 1, "DOCK-1", "A-1"))
    send(site.ledger, centre, 5)
    fetch(site.ledger, centre, 50, folder)
    assert site.count("unit") == 0
    load(site.ledger, old)
    assert (quantities(site), site.count("unit"), site.ask(f.UnitOf(GTIN, "S1")).place) == ({"A-1": 1}, 1, "A-1")
    fetch(site.ledger, centre, 50, folder)
    assert (quantities(site), site.count("unit")) == ({"A-1": 1}, 0)


def test_what_was_issued_again_is_covered_where_its_new_epoch_is(site: Site, centre: Centre, folder: Path) -> None:
    for serial in ("S1", "S2", "S3"):
        scan(site, received(key(serial)))
    site.ledger.cut_epoch(1, 1, OTHER_EPOCH)
    for _ in range(3):
        send(site.ledger, centre, 1)
    load(site.ledger, centre.snapshot(folder / "1.db"))
    assert site.rows_of("SELECT position FROM echo ORDER BY position") == [(1,), (2,), (3,)]
    assert quantities(site) == {"DOCK-1": 3}
    centre.chains[OTHER_EPOCH.hex()].pop()
    centre.rows.pop()
    load(site.ledger, centre.snapshot(folder / "2.db"))
    assert site.rows_of("SELECT position FROM echo ORDER BY position") == [(1,), (2,)]
    assert quantities(site) == {"DOCK-1": 3}


def test_a_record_that_is_none_waits(site: Site, centre: Centre, folder: Path) -> None:
    centre.record("item", GTIN, {"gtin": GTIN})
    centre.record("place", "X", {"code": "X", "kind": "dock", "storage_class": "ambient", "walk": 1 << 70})
    load(site.ledger, centre.snapshot(folder / "1.db"))
    assert site.rows_of("SELECT subject FROM parked ORDER BY subject") == [(f"item {GTIN}",), ("place X",)]


# --- after a restore -------------------------------------------------------------------------------------------------


def test_the_feed_brings_back_what_a_restore_lost(site: Site, centre: Centre, folder: Path) -> None:
    path = site.ledger.path
    scan(site, received(key("S1"), PALLET))
    send(site.ledger, centre, 5)
    fetch(site.ledger, centre, 5, folder)
    fetch(site.ledger, centre, 5, folder)
    centre.record("lease", "A", lease(site, "A", 1, 9))
    back_up(path, folder / "backup.db")
    site.writer.move(moved(PALLET, SUPPLIER, "DOCK-1"))
    scan(site, Posting(key("S1"), 1, PALLET, "A-1"))
    send(site.ledger, centre, 5)
    fetch(site.ledger, centre, 5, folder)
    with site.ledger.step() as step:
        given = step.take_sscc()
    before = (quantities(site), site.ask(f.ContainerOf(PALLET)).parent)
    cursor_then = centre.cursor(1)
    site.ledger.close()
    restore(folder / "backup.db", path, DEVICE, lambda: OTHER_EPOCH, "then")
    site.writer.ledger = open_ledger(path)
    assert (quantities(site), site.ask(f.ContainerOf(PALLET))) == ({PALLET: 1}, None)
    assert site.ledger.site.feed_cursor == cursor_then
    fetch(site.ledger, centre, 5, folder)
    assert (quantities(site), site.ask(f.ContainerOf(PALLET)).parent) == before
    assert [each.device for each in site.ask(f.Movements(gtin=GTIN, serial="S1"))] == [DEVICE] * 3
    with site.ledger.step() as step:
        assert (step.take_sscc(), given) == (Refusal.NO_SSCC_LEFT, "095210010000000017")
    scan(site, Posting(key("S1"), 1, "A-1", "B-1"))
    while send(site.ledger, centre, 5):
        pass
    fetch(site.ledger, centre, 5, folder)
    assert (quantities(site), site.count("unit")) == ({"B-1": 1}, 0)


def test_a_backup_from_before_enrolment_is_the_same_handhelds(writer: Writer, tmp_path: Path) -> None:
    path = writer.ledger.path
    writer.post(received(key()))
    writer.ledger.close()
    back_up(path, tmp_path / "copy.db")
    ledger = open_ledger(path)
    ledger.open_epoch(OTHER_EPOCH, "H-7")
    ledger.close()
    restore(tmp_path / "copy.db", path, "H-7", lambda: bytes(range(32, 48)), "then")
    again = open_ledger(path, "H-7")
    assert [epoch.last for epoch in again.outbox.epochs()] == [1, 0]
    again.close()
    assert verify(path).findings == ()


def put_back(site: Site, content: bytes) -> None:
    """An older state of the disk, as if nothing were."""
    path = site.ledger.path
    site.ledger.close()
    path.write_bytes(content)
    site.writer.ledger = open_ledger(path)


def settle(site: Site, centre: Centre, folder: Path) -> None:
    """Sends all, and brings all back."""
    while send(site.ledger, centre, 5):
        pass
    fetch(site.ledger, centre, 50, folder)


def test_a_disk_that_was_put_back_keeps_what_it_scanned_since_in_sight(
    site: Site, centre: Centre, folder: Path
) -> None:
    """The vector's sequence is that of the lost entries: their links are not ours."""
    scan(site, received(key("S1")))
    send(site.ledger, centre, 5)
    content = site.ledger._connection.serialize()
    scan(site, received(key("S2")))
    send(site.ledger, centre, 5)
    put_back(site, content)
    scan(site, received(key("S3"), "A-1"))
    load(site.ledger, centre.snapshot(folder / "1.db"))
    assert quantities(site) == {"DOCK-1": 2, "A-1": 1}
    assert site.rows_of("SELECT position FROM echo") == [(1,)]
    settle(site, centre, folder)
    assert (quantities(site), site.count("on_hand")) == ({"DOCK-1": 2, "A-1": 1}, 0)


def test_what_the_centre_turns_out_to_have_leaves_the_overlay(site: Site, centre: Centre, folder: Path) -> None:
    """Where the centre has more of a chain than we, only its word tells that ours is the beginning of it."""
    centre.doubted.add("event-000002")
    for serial in ("S1", "S2", "S3"):
        scan(site, received(key(serial)))
    content = site.ledger._connection.serialize()
    scan(site, received(key("S4")))
    while send(site.ledger, centre, 5):
        pass
    put_back(site, content)
    load(site.ledger, centre.snapshot(folder / "1.db"))
    assert site.rows_of("SELECT position FROM echo") == []
    site.ledger.set_watermark(1, 1, 0)
    assert site.rows_of("SELECT position FROM echo") == [(1,)]
    site.ledger.set_watermark(1, 3, 0)
    assert site.rows_of("SELECT position FROM echo") == [(1,), (3,)]
    assert (quantities(site), site.count("unit")) == ({"DOCK-1": 4}, 1)
    site.ledger.set_watermark(1, 0, 0)
    assert site.rows_of("SELECT position FROM echo") == [(1,), (3,)]


def test_a_watermark_of_another_past_covers_nothing_of_a_chain_that_has_parted(
    site: Site, centre: Centre, folder: Path
) -> None:
    """The centre was put back, and a twin went on: what it had of ours it does not have any more."""
    scan(site, received(key("S1")))
    site.ledger.set_watermark(1, 1, 0)
    epoch = site.ledger.head[0].hex()
    centre.chains[epoch] = [(bytes(32), b""), (bytes(range(32)), b"")]
    load(site.ledger, centre.snapshot(folder / "1.db"))
    assert (quantities(site), site.rows_of("SELECT position FROM echo")) == ({"DOCK-1": 1}, [])


# --- what is no snapshot ---------------------------------------------------------------------------------------------


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(statement)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("PRAGMA user_version=2", "another form"),
        ("UPDATE on_hand SET quantity = quantity + 1", "checksum"),
        ("UPDATE meta SET value = 'zz' WHERE key = 'sum'", "invalid literal"),
        ("DELETE FROM meta WHERE key = 'number'", "number"),
        ("DROP TABLE vector", "no such table: vector"),
        ("ALTER TABLE unit DROP COLUMN inferred", "no such column: inferred"),
        ("UPDATE record SET body = '{'", "Expecting property name"),
    ],
)
def test_a_file_that_is_no_snapshot_is_refused(
    site: Site, centre: Centre, folder: Path, statement: str, said: str
) -> None:
    take_in(site, centre, received(key("S1")))
    centre.record("place", "X", {"code": "X"})
    path = centre.snapshot(folder / "1.db")
    head = check_snapshot(path)
    assert (head.number, head.feed_cursor, head.site_sum) == (2, "2.0", centre.stock(2).site_sum)
    change(path, statement)
    with pytest.raises(StoreError, match=said) as refused:
        check_snapshot(path)
    assert (refused.value.code, refused.value.retryable) == ("BAD_SNAPSHOT", True)


def test_a_torn_or_foreign_file_is_refused(folder: Path, centre: Centre) -> None:
    path = centre.snapshot(folder / "1.db")
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"no database", b""):
        path.write_bytes(content)
        with pytest.raises(StoreError) as refused:
            check_snapshot(path)
        assert refused.value.code == "BAD_SNAPSHOT"
    with pytest.raises(StoreError):
        check_snapshot(folder / "none.db")


def test_a_snapshot_that_fails_half_way_changes_nothing(site: Site, centre: Centre, folder: Path) -> None:
    site.take(site.others_row(received(key("S1"))), *site.records(RECORDS))
    before = (quantities(site), masters(site.ledger), site.ledger.site)
    path = centre.snapshot(folder / "1.db")
    change(path, "INSERT INTO record VALUES ('policy', 'x', '{')")
    with pytest.raises(json.JSONDecodeError):
        site.ledger.load_snapshot(path)
    assert (quantities(site), masters(site.ledger), site.ledger.site) == before
    with pytest.raises(StoreError):
        site.ledger.load_snapshot(folder / "none.db")
    assert site.ledger.stopped is None
    scan(site, received(key("S2")))
    load(site.ledger, centre.snapshot(folder / "2.db"))
    assert quantities(site) == {"DOCK-1": 1}
    assert PO.id not in [each.id for each in site.ledger.documents_open()]
