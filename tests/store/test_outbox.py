"""The journal is the outbox: what of it the centre has, chains that go on after a cut, and what a push is made of."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from scanner_app.domain.entry import Parent, chain_hash, encode_entry, genesis
from scanner_app.domain.feed import EpochState
from scanner_app.domain.lists import MemberList
from scanner_app.errors import StoreError
from scanner_app.store.inbox import Capture
from scanner_app.store.outbox import QUIET_MARGIN_MS, OutboxReader
from scanner_app.store.verify import verify
from tests.store.feeding import chunks_of
from tests.store.ledgers import DEVICE, OTHER_EPOCH, START_MS, Writer, key, open_ledger, received, scanned
from tests.store.test_verify import forge, verified_alone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scanner_app.store.ledger import Ledger

THIRD_EPOCH = bytes(range(32, 48))
NOW_MS = START_MS + 1_000_000


@pytest.fixture
def outbox(writer: Writer) -> Iterator[OutboxReader]:
    """A reader of its own, beside the ledger."""
    reader = OutboxReader.open(writer.ledger.path)
    yield reader
    reader.close()
    assert verify(writer.ledger.path).findings == ()
    assert verified_alone(writer.ledger.path)["ok"]


def write(writer: Writer, count: int) -> list[bytes]:
    """So many scans; their exact bytes."""
    stored = []
    for _ in range(count):
        entry = writer.entry(postings=[received(key())], raw=scanned("x"))
        writer.append(entry)
        stored.append(encode_entry(entry))
    return stored


def ends(ledger: Ledger) -> list[tuple[int, int, int, int, bool]]:
    return [(each.no, each.last, each.end, each.acked, each.present) for each in ledger.outbox.epochs()]


# --- one epoch -------------------------------------------------------------------------------------------------------


def test_what_is_to_be_sent_is_what_was_written(writer: Writer, outbox: OutboxReader) -> None:
    assert outbox.outbox() == (0, None)
    stored = write(writer, 5)
    epoch, _, head = writer.ledger.head
    assert outbox.epochs() == [EpochState(1, epoch.hex(), 5, 5, 0, 0, present=True)]
    found = outbox.batch(1, 1, 500, 1 << 20)
    assert (found.entries, found.start, found.last, found.last_hash) == (tuple(stored), 1, 5, head.hex())
    assert (found.epoch.id, found.epoch.device, found.epoch.parent_seq) == (epoch.hex(), DEVICE, 0)
    assert found.prev_hash == genesis(DEVICE, epoch).hex() == outbox.link_at(1, 0).hex()
    assert outbox.link_at(1, 5) == head
    assert outbox.outbox() == (5, START_MS + 1000)


def test_a_batch_keeps_its_bounds_and_one_entry_always_fits(writer: Writer, outbox: OutboxReader) -> None:
    stored = write(writer, 5)
    assert outbox.batch(1, 2, 2, 1 << 20).entries == tuple(stored[1:3])
    assert outbox.batch(1, 2, 500, len(stored[1]) + len(stored[2])).entries == tuple(stored[1:3])
    assert outbox.batch(1, 5, 500, 1).entries == (stored[4],)
    heartbeat = outbox.batch(1, 6, 0, 0)
    assert (heartbeat.entries, heartbeat.last, heartbeat.prev_hash) == ((), 5, heartbeat.last_hash)
    for no, seq in ((2, 1), (1, 6), (1, -1)):
        with pytest.raises(KeyError):
            outbox.link_at(no, seq)


def test_a_batch_names_the_lists_of_its_entries(writer: Writer, outbox: OutboxReader) -> None:
    members = MemberList((received(key("S1")),))
    writer.append(writer.entry(), [members])
    writer.append(writer.entry())
    digest, chunks = chunks_of(members)
    assert outbox.batch(1, 1, 9, 1 << 20).lists == (digest,)
    assert outbox.batch(1, 2, 9, 1 << 20).lists == ()
    assert outbox.chunks_of(digest) == [each.content for each in chunks]
    assert outbox.chunks_of("0" * 64) == []


def test_the_watermark_goes_up_and_down(writer: Writer, outbox: OutboxReader) -> None:
    write(writer, 4)
    writer.append(writer.entry())
    ledger = writer.ledger
    assert ledger.counters().scans_sent == 0
    for acked, safe in ((5, 3), (2, 0), (3, 3)):
        ledger.set_watermark(1, acked, safe)
        assert (outbox.epochs()[0].acked, outbox.epochs()[0].safe) == (acked, safe)
        counters = ledger.counters()
        assert (counters.scans_sent, counters.scans_safe) == (min(acked, 4), safe)
        assert outbox.outbox() == (5 - acked, START_MS + 1000 * (acked + 1) if acked < 5 else None)
    ledger.close()
    again = open_ledger(ledger.path)
    assert (again.counters().scans_sent, again.counters().scans_safe) == (3, 3)
    again.close()


def test_a_reader_looks_on_while_the_ledger_writes(writer: Writer) -> None:
    found: list[int] = []
    done = threading.Event()

    def look() -> None:
        reader = OutboxReader.open(writer.ledger.path)
        while not done.is_set():
            batch = reader.batch(1, 1, 500, 1 << 20)
            link = bytes.fromhex(batch.prev_hash)
            for seq, stored in enumerate(batch.entries, start=1):
                link = chain_hash(link, seq, stored)
            assert link.hex() == batch.last_hash
            found.append(batch.last)
        reader.close()

    looking = threading.Thread(target=look)
    looking.start()
    write(writer, 200)
    done.set()
    looking.join()
    assert found
    assert found == sorted(found)


def test_a_reader_needs_a_ledger_of_this_schema(path: Path) -> None:
    with pytest.raises(StoreError) as missing:
        OutboxReader.open(path)
    assert missing.value.code == "NO_LEDGER"
    ledger = open_ledger(path)
    ledger._connection.execute("PRAGMA user_version=4")
    with pytest.raises(StoreError):
        OutboxReader.open(path)
    ledger.close()


# --- quiet -----------------------------------------------------------------------------------------------------------


def capture(wall_ms: int) -> Capture:
    return Capture("c1", b"x", "x", None, "dock", "p", True, "scanned", 1, wall_ms, "boot", "enter", False)  # noqa: FBT003 - a row


def test_before_what_is_not_sent_there_is_no_quiet(writer: Writer, outbox: OutboxReader) -> None:
    assert outbox.quiet_until(NOW_MS, 1, 0) == NOW_MS - QUIET_MARGIN_MS
    write(writer, 5)
    assert outbox.quiet_until(NOW_MS, 1, 0) == START_MS + 1000
    assert outbox.quiet_until(NOW_MS, 1, 3) == START_MS + 4000
    assert outbox.quiet_until(NOW_MS, 1, 5) == NOW_MS - QUIET_MARGIN_MS
    write(writer, 1)
    assert outbox.quiet_until(NOW_MS, 1, 5) == START_MS + 6000
    assert outbox.quiet_until(NOW_MS, 1, 2) == START_MS + 3000
    writer.ledger.spill([capture(START_MS + 500)])
    assert outbox.quiet_until(NOW_MS, 1, 6) == START_MS + 500


def test_a_clock_that_was_put_back_counts_by_what_it_said(writer: Writer, outbox: OutboxReader) -> None:
    late, early = writer.entry(), writer.entry()
    writer.append(late)
    writer.append(replace(early, event_id="early", stamp=replace(early.stamp, event_time=START_MS - 5000)))
    assert outbox.quiet_until(NOW_MS, 1, 0) == outbox.quiet_until(NOW_MS, 1, 1) == START_MS - 5000


# --- several epochs --------------------------------------------------------------------------------------------------


def test_a_cut_epoch_goes_on_in_a_new_one(writer: Writer, outbox: OutboxReader) -> None:
    stored = write(writer, 5)
    ledger = writer.ledger
    first_epoch = ledger.head[0]
    ledger.set_watermark(1, 4, 4)
    ledger.cut_epoch(1, 3, OTHER_EPOCH)
    assert ends(ledger) == [(1, 5, 3, 3, False), (2, 2, 2, 0, True)]
    assert ledger.counters().scans_sent == 3
    parent = Parent(first_epoch, 3, outbox.link_at(1, 3))
    link = genesis(DEVICE, OTHER_EPOCH, parent)
    assert outbox.link_at(2, 0) == link
    for seq, each in enumerate(stored[3:], start=1):
        link = chain_hash(link, seq, each)
        assert outbox.link_at(2, seq) == link
    assert ledger.head == (OTHER_EPOCH, 2, link)
    found = outbox.batch(2, 1, 9, 1 << 20)
    assert (found.entries, found.last_hash) == (tuple(stored[3:]), link.hex())
    assert found.epoch.parent_hash == parent.hash.hex()
    assert outbox.outbox() == (2, START_MS + 4000)
    assert outbox.quiet_until(NOW_MS, 2, 1) == START_MS + 5000
    more = write(writer, 2)
    assert writer.written[-1].seq == 4
    assert outbox.batch(2, 2, 9, 1 << 20).entries == (stored[4], *more)
    assert outbox.batch(2, 3, 9, 1 << 20).entries == tuple(more)
    assert outbox.link_at(2, 4) == ledger.head[2]
    ledger.set_watermark(2, 1, 0)
    assert ledger.counters().scans_sent == 4
    assert outbox.outbox() == (3, START_MS + 5000)
    assert outbox.quiet_until(NOW_MS, 2, 2) == START_MS + 6000
    ledger.close()
    again = open_ledger(ledger.path)
    assert again.head == ledger.head
    again.close()


def test_a_new_epoch_without_entries_is_opened_again_where_it_ended(path: Path, writer: Writer) -> None:
    write(writer, 2)
    writer.ledger.cut_epoch(1, 0, OTHER_EPOCH)
    head = writer.ledger.head
    writer.ledger.close()
    again = open_ledger(path)
    assert again.head == head
    assert Writer(again, list(writer.written)).post(received(key())).seq == 3
    again.close()


def test_an_older_epoch_can_be_cut_and_a_cut_one_again(writer: Writer, outbox: OutboxReader) -> None:
    write(writer, 4)
    writer.ledger.open_epoch(OTHER_EPOCH)
    write(writer, 2)
    writer.ledger.cut_epoch(1, 2, THIRD_EPOCH)
    assert ends(writer.ledger) == [(1, 4, 2, 0, False), (2, 2, 2, 0, False), (3, 2, 2, 0, True)]
    write(writer, 1)
    writer.ledger.cut_epoch(3, 1, bytes(range(48, 64)))
    assert ends(writer.ledger)[2:] == [(3, 3, 1, 0, False), (4, 2, 2, 0, True)]
    writer.ledger.cut_epoch(1, 1, bytes(range(64, 80)))
    assert ends(writer.ledger)[0] == (1, 4, 1, 0, False)
    assert ends(writer.ledger)[4] == (5, 1, 1, 0, True)
    assert sum(each.end for each in outbox.epochs()) == 7
    assert [len(outbox.batch(no, 1, 9, 1 << 20).entries) for no in range(1, 6)] == [1, 2, 1, 2, 1]


def test_a_cut_at_the_end_cuts_nothing(writer: Writer, outbox: OutboxReader) -> None:
    write(writer, 2)
    head = writer.ledger.head
    writer.ledger.cut_epoch(1, 2, OTHER_EPOCH)
    assert writer.ledger.head == head
    with pytest.raises(KeyError):
        writer.ledger.cut_epoch(9, 0, OTHER_EPOCH)
    assert len(outbox.epochs()) == 1


def test_enrolment_goes_on_under_the_new_name(path: Path, writer: Writer, outbox: OutboxReader) -> None:
    write(writer, 2)
    writer.ledger.open_epoch(OTHER_EPOCH, "HANDHELD-7")
    assert [outbox.batch(no, 1, 0, 0).epoch.device for no in (1, 2)] == [DEVICE, "HANDHELD-7"]
    writer.ledger.close()
    with pytest.raises(StoreError) as refused:
        open_ledger(path)
    assert refused.value.code == "OTHER_DEVICE"
    open_ledger(path, "HANDHELD-7").close()


@pytest.mark.parametrize(
    ("statement", "first_bad", "said"),
    [
        ("UPDATE reissue SET hash = zeroblob(32) WHERE seq = 1", 4, "link 1 of epoch 2 does not match"),
        ("UPDATE reissue SET position = 1 WHERE seq = 2", 4, "link 2 of epoch 2 does not match"),
        ("UPDATE reissue SET position = 9 WHERE seq = 2", 4, "does not follow 1"),
        ("DELETE FROM reissue WHERE seq = 1", 4, "does not follow 0"),
        ("DELETE FROM reissue", 4, "does not follow 0"),
        ("UPDATE watermark SET cut = 2", 4, "does not continue"),
        ("UPDATE watermark SET cut = NULL", 4, "does not continue"),
        ("UPDATE epoch SET parent_seq = 2 WHERE no = 2", 4, "does not continue"),
        ("UPDATE reissue SET epoch_no = 3", 4, "does not follow 0"),
        ("UPDATE watermark SET acked = 2", None, "watermark: epoch 1 ends at 1"),
        ("UPDATE watermark SET safe = -1", None, "watermark"),
        ("INSERT INTO reissue VALUES (9, 1, 1, zeroblob(32))", None, "there is no epoch 9"),
        ("INSERT INTO echo VALUES (9, 9)", None, "echo: position 9"),
        ("INSERT INTO echo VALUES (2, 9)", None, "on hand"),
        ("UPDATE site_meta SET site_sum = '0000000000000001'", None, "site stock: its checksum is kept as 0"),
        ("INSERT INTO site_container VALUES ('sscc:1', 'A-1', 'sealed', NULL, 1)", None, "site stock"),
        ("INSERT INTO document VALUES (1, 'PO-1', 'po', 'x', 'own', 0, 1)", None, "PO-1 is kept as closed"),
    ],
)
def test_what_was_changed_is_found(path: Path, statement: str, first_bad: int | None, said: str) -> None:
    writer = Writer(open_ledger(path))
    write(writer, 3)
    writer.ledger.cut_epoch(1, 1, OTHER_EPOCH)
    write(writer, 1)
    writer.ledger.close()
    assert verify(path).ok
    forge(path, (statement, ()))
    found = verify(path)
    assert (found.ok, found.first_bad) == (False, first_bad)
    assert any(said in finding for finding in found.findings), found.findings
    if first_bad is not None and "watermark" not in statement:
        assert verified_alone(path)["first_bad"] == 4
