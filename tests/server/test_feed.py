"""The feed: nothing is missed, nothing doubled, and who follows it has the centre's own stock."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from scanner_app.domain.entry import Parent
from scanner_app.domain.lists import MemberList, decode_list, list_digest
from scanner_app.domain.site_records import LineRecord, SiteRecords
from server.centre import TOMBSTONE_DAYS
from server.database import Session, open_scratch
from server.feed import cursor_text, head_of, heads, page, read_cursor
from server.fold import Fold
from server.imports import put_records
from server.records import drop_tombstones
from server.registry import DAY_MS
from server.strict import read_entry
from server.verify import verify
from sync import wire
from sync.wire import Page, Scope, SnapshotDue, Standing
from tests.server.handhelds import EXPIRY, GTIN, RECALL, RECORDS, SITE, Handheld

if TYPE_CHECKING:
    from server.books import Books

PALLET = "sscc:095210010000040013"


def start(books: Books) -> str:
    return cursor_text(0, head_of(books.database.session, SITE).link0)


def pull(books: Books, cursor: str, scope: Scope = Scope.FEED, limit: int = 500) -> Page:
    answer = page(books.database.session, SITE, scope, cursor, limit, 0)
    assert isinstance(answer, Page), answer
    return wire.read(Page, wire.write(answer))


def follow(books: Books, limit: int, scope: Scope = Scope.FEED) -> tuple[list[wire.Row], Page]:
    """All rows from the beginning, and the last page."""
    rows: list[wire.Row] = []
    found = pull(books, start(books), scope, limit)
    while True:
        rows += found.rows
        if not found.more:
            return rows, found
        assert found.site_sum is None
        found = pull(books, found.cursor, scope, limit)


def folded(rows: list[wire.Row]) -> int:
    """The checksum of what a device makes of the rows."""
    session = Session(open_scratch(("0002_stock",)))
    total = 0

    def exchange(old: int, new: int) -> None:
        nonlocal total
        total = (total - old + new) % (1 << 64)

    lists: dict[str, MemberList] = {}
    chunks: dict[str, list[bytes]] = {}
    for row in rows:
        if isinstance(row, wire.ListRow):
            chunks.setdefault(row.chunk.digest, []).append(row.chunk.content)
        elif isinstance(row, wire.EntryRow) and row.standing is Standing.PROJECTED:
            entry = read_entry(row.content).entry
            assert entry is not None
            lists |= {digest: decode_list(digest, chunks[digest]) for digest in entry.lists}
            fold = Fold(session, SITE, exchange)
            fold.add(entry, lists, row.device)
            fold.write()
    return total


@pytest.mark.parametrize("limit", [1, 3, 500])
def test_who_follows_the_feed_has_the_centres_stock(books: Books, handheld: Handheld, limit: int) -> None:
    other = Handheld("B", epoch=b"\x02" * 16)
    handheld.receive(*(f"S{n}" for n in range(12)))
    digest = handheld.receive_list([f"L{n}" for n in range(700)], PALLET)
    handheld.write(b"poison")
    other.receive("S3", "S4", "T1")
    other.write(handheld.entries[0])
    handheld.send(books, 1, 0, lists=handheld.chunks(digest))
    other.send(books, 1, 2)
    handheld.send(books)
    other.send(books)
    books.do(SITE, lambda writing: put_records(writing, SiteRecords(watches=(RECALL,))))

    rows, last = follow(books, limit)

    numbers = [row.n for row in rows if not isinstance(row, wire.ListRow)]
    assert numbers == sorted(set(numbers))
    assert last.cursor == head_of(books.database.session, SITE).cursor
    assert last.site_sum == f"{folded(rows):016x}"
    entries = [row for row in rows if isinstance(row, wire.EntryRow)]
    assert {row.standing for row in entries} == set(Standing)
    assert [row.content for row in entries if row.device == "A"] == handheld.entries
    records = [row for row in rows if isinstance(row, wire.RecordRow)]
    assert "watch" not in {row.kind for row in records}
    assert all(row.body is not None for row in records)
    assert verify(books.path).ok


def test_watch_lines_have_a_scope_of_their_own(books: Books) -> None:
    books.do(SITE, lambda writing: put_records(writing, SiteRecords(watches=(RECALL,))))

    rows, last = follow(books, 500, Scope.WATCH)

    (row,) = rows
    assert isinstance(row, wire.RecordRow)
    assert row.kind == "watch"
    assert row.body == {
        "id": "RCL-1", "kind": "recall", "gtin": RECALL.gtin, "lot": "C90", "serial": None, "reason": "sterility",
    }  # fmt: skip
    assert last.site_sum is None
    assert pull(books, last.cursor, Scope.WATCH).rows == ()


def test_a_list_comes_once_a_page_before_the_entry(books: Books, handheld: Handheld) -> None:
    digest = handheld.receive_list(["L1", "L2"], PALLET)
    chunks = handheld.chunks(digest)
    handheld.write(handheld.entry(lists=(digest,)))
    handheld.send(books, 1, 0, lists=chunks)
    handheld.send(books)

    rows, _ = follow(books, 500)

    kinds = [row.type for row in rows if row.type != "record"]
    assert kinds == ["list", "entry", "entry", "entry"], "the last one opens the flag of the doubled units"
    (row,) = [row for row in rows if isinstance(row, wire.ListRow)]
    assert list_digest([row.chunk.content]) == digest == row.chunk.digest


def test_a_page_is_bounded_by_its_bytes(books: Books, handheld: Handheld) -> None:
    for _ in range(12):
        handheld.write(b"x" * 60_000)
    for at in range(1, 13, 4):
        handheld.send(books, at, at + 3)

    found = pull(books, start(books))

    assert found.more
    assert 400_000 < len(wire.write(found)) < 700_000


def test_a_record_stands_at_its_last_change_and_an_older_cursor_still_leads_on(books: Books) -> None:
    first = pull(books, start(books), limit=3)
    books.do(SITE, lambda writing: writing.put("policy", "active_days", {"name": "active_days", "value": 1}))
    at = head_of(books.database.session, SITE).cursor
    books.do(SITE, lambda writing: writing.put("policy", "active_days", {"name": "active_days", "value": 2}))
    assert not books.do(SITE, lambda w: w.put("policy", "active_days", {"name": "active_days", "value": 2}))

    later = [row for row in pull(books, first.cursor).rows if isinstance(row, wire.RecordRow) and row.kind == "policy"]

    assert [row.body for row in later] == [{"name": "active_days", "value": 2}]
    assert [row.n for row in pull(books, at).rows if not isinstance(row, wire.ListRow)] == [later[0].n]
    assert verify(books.path).ok


def test_what_is_deleted_leaves_a_tombstone_until_its_horizon(books: Books) -> None:
    before = head_of(books.database.session, SITE).cursor
    books.do(SITE, lambda writing: writing.put("policy", "x", {"name": "x"}))
    books.do(SITE, lambda writing: writing.put("policy", "x", None))
    assert not books.do(SITE, lambda writing: writing.put("policy", "x", None))
    (row,) = pull(books, before).rows
    assert isinstance(row, wire.RecordRow)
    assert row.body is None

    late_ms = books.means.now_ms() + TOMBSTONE_DAYS * DAY_MS
    assert books.do(SITE, lambda writing: drop_tombstones(writing.session, SITE, late_ms)) == 1
    answer = page(books.database.session, SITE, Scope.FEED, before, 500, 0)
    assert answer == SnapshotDue("snapshot", "TOO_OLD", 0)
    assert pull(books, head_of(books.database.session, SITE).cursor).rows == ()
    assert verify(books.path).ok
    books.do(SITE, lambda writing: writing.put("policy", "x", {"name": "x"}))
    assert verify(books.path).ok


@pytest.mark.parametrize(
    ("cursor", "reason"),
    [
        ("", "NO_CURSOR"),
        ("x", "NO_CURSOR"),
        ("1.zz", "NO_CURSOR"),
        ("1." + "z" * 32, "NO_CURSOR"),
        ("9" * 19 + "." + "0" * 32, "NO_CURSOR"),
        ("\u0661." + "0" * 32, "NO_CURSOR"),
        ("3." + "0" * 32, "OTHER_PAST"),
        ("0." + "0" * 32, "OTHER_PAST"),
        ("99999." + "0" * 32, "OTHER_PAST"),
    ],
)
def test_a_cursor_that_leads_nowhere_leads_to_a_snapshot(books: Books, cursor: str, reason: str) -> None:
    answer = page(books.database.session, SITE, Scope.FEED, cursor, 500, 7)
    assert answer == SnapshotDue("snapshot", reason, 7)


def test_every_number_can_be_gone_on_from(books: Books, handheld: Handheld) -> None:
    handheld.receive("S1", "S1")
    handheld.send(books)
    books.do(SITE, lambda writing: put_records(writing, SiteRecords(watches=(RECALL,))))
    rows, _ = follow(books, 1)
    assert len(rows) > 10
    for limit in (1, 2):
        assert [row.n for row in follow(books, limit)[0] if not isinstance(row, wire.ListRow)] == [
            row.n for row in rows if not isinstance(row, wire.ListRow)
        ]


def test_heads_tell_what_the_centre_has_of_the_asking_device(books: Books, handheld: Handheld) -> None:
    other = Handheld("B", epoch=b"\x02" * 16)
    handheld.receive("S1")
    other.receive("S2", "S3")
    handheld.send(books)
    other.send(books)

    answer = heads(books.database.session, SITE, "B", 5)

    assert answer.epochs == (wire.EpochHead("02" * 16, 2, other.links[2].hex(), 0),)
    assert answer.feed == answer.watch == head_of(books.database.session, SITE).cursor


def test_cursors_are_read_as_they_are_written() -> None:
    assert read_cursor(cursor_text(12, b"\xab" * 16)) == (12, b"\xab" * 16)
    with pytest.raises(KeyError):
        head_of(Session(open_scratch(("0001_chains",))), "nowhere")


def test_other_sites_are_not_seen(books: Books, handheld: Handheld) -> None:
    books.make_site("BGO", "Bergen", "Europe/Oslo")
    handheld.receive("S1")
    handheld.send(books)
    session = books.database.session
    answer = page(session, "BGO", Scope.FEED, cursor_text(0, head_of(session, "BGO").link0), 500, 0)
    assert isinstance(answer, Page)
    assert {row.kind for row in answer.rows if isinstance(row, wire.RecordRow)} == {"setting"}
    assert len(answer.rows) == 2
    assert head_of(session, "BGO").site_sum == "0" * 16
    assert page(session, "BGO", Scope.FEED, head_of(session, SITE).cursor, 500, 0).type == "snapshot"


def test_a_longer_document_that_becomes_shorter_loses_its_parts(books: Books) -> None:
    (document,) = RECORDS.documents
    lines = tuple(LineRecord(GTIN, f"L{n}", EXPIRY, 1) for n in range(1100))
    books.do(SITE, lambda writing: put_records(writing, SiteRecords(documents=(replace(document, lines=lines),))))
    before = head_of(books.database.session, SITE).cursor
    books.do(SITE, lambda writing: put_records(writing, SiteRecords(documents=(document,))))

    rows = [row for row in pull(books, before).rows if isinstance(row, wire.RecordRow)]

    parts = [(row.kind, json.loads(row.id)[1] if row.kind == "document_part" else 0, row.body is None) for row in rows]
    assert parts == [
        ("document_part", 0, False),
        ("document", 0, False),
        ("document_part", 1, True),
        ("document_part", 2, True),
    ]


def test_heads_name_what_a_device_pushed_under_an_earlier_name(books: Books, handheld: Handheld) -> None:
    handheld.receive("S1", "S2")
    handheld.send(books)
    parent = Parent(handheld.epoch, 2, handheld.links[2])
    renamed = Handheld("NEW", epoch=b"\x05" * 16, parent=parent)
    renamed.receive("S3")
    renamed.send(books)
    stranger = Handheld("X", epoch=b"\x06" * 16, parent=Parent(handheld.epoch, 2, b"\x00" * 32))
    further = Handheld("Y", epoch=b"\x07" * 16, parent=Parent(handheld.epoch, 3, handheld.links[2]))
    for device in (stranger, further):
        device.receive("S4")
        device.send(books)

    def known(device: str) -> list[tuple[str, int]]:
        return [(head.epoch[:2], head.seq) for head in heads(books.database.session, SITE, device, 5).epochs]

    assert known("NEW") == [("01", 2), ("05", 1)]
    assert known("A") == [("01", 2)], "what others made of it is not its own"
    assert (known("X"), known("Y")) == ([("06", 1)], [("07", 1)]), "only who knows the chain"
