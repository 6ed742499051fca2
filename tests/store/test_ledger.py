"""One step, one entry, one commit: what is appended stays, what fails leaves nothing, and nothing is ever changed."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from scanner_app.domain.entry import ENTRY_BYTES_MAX, EntryFormatError, EntryKind, chain_hash, encode_entry, genesis
from scanner_app.domain.facts import LastFact, StockAt, UndoFact, UnitFact, UnitOf
from scanner_app.domain.lists import MEMBERS_MAX, ListFormatError, MemberList, encode_list
from scanner_app.domain.refusals import Refusal, Refused
from scanner_app.domain.stock import Posting, Status
from scanner_app.errors import StoreError
from scanner_app.store.inbox import Capture
from scanner_app.store.ledger import Counters, TaskRow
from scanner_app.store.verify import verify
from tests.store.ledgers import DEVICE, EXPIRY, GTIN, Writer, key, make_epoch, open_ledger, received, scanned

if TYPE_CHECKING:
    from pathlib import Path

    from scanner_app.store.ledger import Ledger


def stock_at(ledger: Ledger, place: str) -> list[tuple[str, str | None, Status, int]]:
    lines = ledger.answer(StockAt(place))
    assert isinstance(lines, tuple)
    return [(line.gtin, line.lot, line.status, line.quantity) for line in lines]


def test_a_new_ledger_begins_with_its_genesis(ledger: Ledger) -> None:
    epoch, seq, head = ledger.head
    assert (seq, head) == (0, genesis(DEVICE, epoch))
    assert ledger.counters() == Counters(0, 0, 0)
    assert ledger.journal == "wal"
    assert ledger.stopped is None


def test_an_entry_is_one_link_and_its_stock(writer: Writer) -> None:
    ledger = writer.ledger
    epoch, _, before = ledger.head
    entry = writer.entry(postings=[received(key("S1"))], raw=scanned("one"))
    saved = writer.append(entry)
    assert (saved.seq, saved.event_id) == (1, entry.event_id)
    assert saved.hash == chain_hash(before, 1, encode_entry(entry))
    assert ledger.head == (epoch, 1, saved.hash)
    assert stock_at(ledger, "DOCK-1") == [(GTIN, "L1", Status.AVAILABLE, 1)]
    assert ledger.counters() == Counters(1, 1, 0)
    writer.append(writer.entry(EntryKind.NOTED))
    assert ledger.counters() == Counters(1, 2, 0)


def test_what_is_opened_again_goes_on_where_it_ended(path: Path, writer: Writer) -> None:
    writer.post(received(key(), quantity=3))
    writer.ledger.close()
    again = open_ledger(path)
    try:
        assert again.head[1:] == (1, writer.written[-1].hash)
        assert again.counters() == Counters(1, 1, 0)
        assert Writer(again, list(writer.written)).post(received(key())).seq == 2
        assert stock_at(again, "DOCK-1") == [(GTIN, "L1", Status.AVAILABLE, 4)]
    finally:
        again.close()


def test_a_line_that_comes_to_nothing_is_gone(writer: Writer) -> None:
    writer.post(received(key(), quantity=3))
    writer.post(Posting(key(), 3, "DOCK-1", "A-1"), kind=EntryKind.PUT_AWAY)
    assert stock_at(writer.ledger, "DOCK-1") == []
    assert stock_at(writer.ledger, "A-1") == [(GTIN, "L1", Status.AVAILABLE, 3)]


def fail_after_a_unit(writer: Writer) -> None:
    with writer.ledger.step() as step:
        step.append(writer.entry(postings=[received(key("S1"))], raw=scanned("one")))
        assert isinstance(step.answer(UnitOf(GTIN, "S1")), UnitFact)
        raise ZeroDivisionError


def test_an_exception_in_a_step_leaves_nothing(writer: Writer) -> None:
    ledger = writer.ledger
    head = ledger.head
    with pytest.raises(ZeroDivisionError):
        fail_after_a_unit(writer)
    assert ledger.head == head
    assert ledger.counters() == Counters(0, 0, 0)
    assert ledger.answer(UnitOf(GTIN, "S1")) is None
    assert writer.post(received(key("S1"))).seq == 1


def test_the_same_event_id_is_refused_and_the_ledger_goes_on(writer: Writer) -> None:
    entry = writer.entry()
    writer.append(entry)
    with pytest.raises(StoreError) as refused:
        writer.append(entry)
    assert refused.value.code == "INCONSISTENT"
    assert writer.ledger.stopped is None
    assert writer.post(received(key())).seq == 2


def test_several_entries_may_stand_in_one_step(writer: Writer) -> None:
    first = writer.entry(raw=scanned("1"))
    with writer.ledger.step() as step:
        writer.written.append(step.append(first))
        writer.written.append(step.append(writer.entry(raw=scanned("2"))))
    assert [saved.seq for saved in writer.written] == [1, 2]
    assert verify(writer.ledger.path).ok


def test_what_is_too_large_is_refused(writer: Writer) -> None:
    with pytest.raises(EntryFormatError):
        writer.append(writer.entry(raw=scanned("x" * ENTRY_BYTES_MAX)))
    many = MemberList(tuple(received(key(str(number))) for number in range(MEMBERS_MAX + 1)))
    with pytest.raises(ListFormatError):
        writer.append(writer.entry(), [many])
    assert writer.ledger.head[1] == 0


def test_a_whole_list_is_one_entry(path: Path, writer: Writer) -> None:
    members = MemberList(tuple(received(key(f"{number:05}"), inferred=True) for number in range(1_200)))
    entry = writer.entry(document="ASN-1")
    writer.append(entry, [members])
    digest, _ = encode_list(members)
    assert stock_at(writer.ledger, "DOCK-1") == [(GTIN, "L1", Status.AVAILABLE, 1_200)]
    unit = writer.ledger.answer(UnitOf(GTIN, "00042"))
    assert isinstance(unit, UnitFact)
    assert (unit.place, unit.inferred, unit.document, unit.expiry) == ("DOCK-1", True, "ASN-1", EXPIRY)
    fact = writer.ledger.answer(LastFact("USR-1", "task-1"))
    assert isinstance(fact, UndoFact)
    assert fact.entry.lists == (digest,)
    assert fact.lists == (members,)
    assert verify(path).ok


TABLES = {
    "epoch": ("UPDATE epoch SET device = 'X'", "DELETE FROM epoch"),
    "entry": ("UPDATE entry SET seq = 9", "DELETE FROM entry"),
    "list_chunk": ("UPDATE list_chunk SET n = 9", "DELETE FROM list_chunk"),
}


@pytest.mark.parametrize("statement", [sql for pair in TABLES.values() for sql in pair])
def test_triggers_refuse_to_change_what_was_written(path: Path, writer: Writer, statement: str) -> None:
    writer.append(writer.entry(), [MemberList((received(key("S1")),))])
    writer.ledger.close()
    connection = sqlite3.connect(path)
    try:
        with pytest.raises(sqlite3.IntegrityError, match="are never"):
            connection.execute(statement)
    finally:
        connection.close()
    assert verify(path).ok


def test_replacing_an_entry_is_refused_like_deleting_it(writer: Writer) -> None:
    """REPLACE deletes without DELETE triggers unless recursive triggers are on."""
    writer.post(received(key()))
    with pytest.raises(StoreError) as refused, writer.ledger.step():
        writer.ledger._connection.execute("INSERT OR REPLACE INTO entry SELECT * FROM entry")
    assert refused.value.code == "INCONSISTENT"
    assert verify(writer.ledger.path).ok


def capture(name: str) -> Capture:
    return Capture(
        name, b"\x1dpay\xff", "text\x1d", "]d2", "dock", "p", commissioned=True, method="scanned", monotonic_ns=5,
        wall_ms=6, boot_id="boot", ended_by="CR", cut=False,
    )  # fmt: skip


def test_spilled_captures_wait_in_order_until_they_are_taken(path: Path, ledger: Ledger) -> None:
    ledger.spill([capture("b"), capture("a")])
    ledger.spill([capture("c")])
    assert ledger.counters().waiting == 3
    ledger.close()
    again = open_ledger(path)
    try:
        assert again.inbox() == [capture("b"), capture("a"), capture("c")]
        assert again.counters().waiting == 3
        with again.step() as step:
            step.take_capture("a")
            step.take_capture("never spilled")
        assert [each.id for each in again.inbox()] == ["b", "c"]
        assert again.counters().waiting == 2
    finally:
        again.close()


def test_a_capture_is_spilled_once(ledger: Ledger) -> None:
    ledger.spill([capture("a")])
    with pytest.raises(StoreError):
        ledger.spill([capture("b"), capture("a")])
    assert [each.id for each in ledger.inbox()] == ["a"]
    assert ledger.counters().waiting == 1


def fail_after_taking(ledger: Ledger, name: str) -> None:
    with ledger.step() as step:
        step.take_capture(name)
        raise ZeroDivisionError


def test_a_capture_leaves_the_inbox_only_with_its_entry(writer: Writer) -> None:
    writer.ledger.spill([capture("a")])
    with pytest.raises(ZeroDivisionError):
        fail_after_taking(writer.ledger, "a")
    assert writer.ledger.counters().waiting == 1
    assert len(writer.ledger.inbox()) == 1


def test_tasks_and_the_session_are_saved_with_their_step(ledger: Ledger) -> None:
    first = TaskRow("t1", "receiving", "ASN-1", "USR-1", '{"n": 1}', open=True, title="ASN-1")
    second = TaskRow("t2", "putaway", None, None, "{}", open=True)
    assert (ledger.session(), ledger.open_tasks(), ledger.task("t1")) == (None, [], None)
    with ledger.step() as step:
        step.save_task(first)
        step.save_task(second)
        step.save_session("signed in")
    later = TaskRow("t1", "receiving", "ASN-1", "USR-1", '{"n": 2}', open=True, title="ASN-1")
    closed = TaskRow("t2", "putaway", None, "USR-2", "{}", open=False)
    with ledger.step() as step:
        step.save_task(later)
        step.save_task(closed)
        step.save_session("signed out")
    assert ledger.open_tasks() == [later]
    assert ledger.task("t2") == closed
    assert ledger.session() == "signed out"


def test_a_document_that_closed_with_a_difference_leaves_a_follow_up(writer: Writer) -> None:
    refused = Refused(Refusal.NO_DATA)
    writer.append(writer.entry(EntryKind.REFUSED, verdict=refused))
    held = writer.entry(EntryKind.RECEIVED, [received(key("S1", status=Status.DAMAGED), "CAGE")], reason="DAMAGED")
    writer.append(held)
    left = writer.ledger.follow_ups_open()
    assert [(each.event_id, each.code, each.subject) for each in left] == [
        (held.event_id, "DAMAGED", f"sgtin:{GTIN}:S1")
    ]
    undone = held.postings[0].negated()
    writer.append(writer.entry(EntryKind.CORRECTED, [undone], refers_to=held.event_id))
    assert writer.ledger.follow_ups_open() == []


def test_documents_open_is_empty_without_imports(ledger: Ledger) -> None:
    assert ledger.documents_open() == []


def test_a_ledger_belongs_to_one_device(path: Path, ledger: Ledger) -> None:
    ledger.close()
    with pytest.raises(StoreError) as refused:
        open_ledger(path, "HANDHELD-2")
    assert refused.value.code == "OTHER_DEVICE"
    assert "HANDHELD-1" in refused.value.message
    open_ledger(path).close()


def test_an_epoch_is_made_once(path: Path, ledger: Ledger) -> None:
    epoch = ledger.head[0]
    ledger.close()
    again = open_ledger(path)
    assert again.head[0] == epoch != make_epoch()
    again.close()


def test_idle_moments_lay_the_trail_and_fold_the_wal(path: Path, writer: Writer) -> None:
    wal = path.with_name("ledger.db-wal")
    assert writer.ledger.checkpoint_when_idle()
    for _ in range(80):
        writer.post(received(key()))
    assert wal.stat().st_size > 0
    before = path.stat().st_size
    assert writer.ledger.checkpoint_when_idle()
    assert path.stat().st_size > before
    assert writer.ledger.checkpoint_when_idle()
    writer.ledger.close()
    assert not wal.exists()
    assert verify(path).entries == 80
