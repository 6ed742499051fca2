"""`verify` on real ledgers: whatever somebody changes, the first place that does not hold is named."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scanner_app.domain.entry import EntryKind, Parent, chain_hash, genesis
from scanner_app.domain.lists import MemberList
from scanner_app.domain.masters import DocumentKind
from scanner_app.domain.refusals import Refusal, Refused
from scanner_app.domain.site_records import DocumentRecord, LineRecord, SiteRecords
from scanner_app.domain.stock import SUPPLIER, Posting, Status
from scanner_app.errors import StoreError
from scanner_app.store.chain import open_epoch, read_head
from scanner_app.store.ledger import Saved
from scanner_app.store.verify import verify
from tests.store.ledgers import (
    DEVICE,
    GTIN,
    OTHER_EPOCH,
    PALLET,
    Writer,
    key,
    moved,
    open_ledger,
    received,
    scanned,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = 7
NEXT_EPOCH = "INSERT INTO epoch SELECT 2, zeroblob(16), device, id, 7, genesis, genesis, {before} FROM epoch"


@pytest.fixture
def closed(path: Path) -> Path:
    """A closed ledger with something of everything: stock, units, a pallet, a list, progress, a follow-up."""
    writer = Writer(open_ledger(path))
    with writer.ledger.step() as step:
        step.put_records(SiteRecords(documents=(
            DocumentRecord("PO-1", DocumentKind.PO, "Trader", lines=(LineRecord(GTIN, "L1", None, 9),)),
        )))  # fmt: skip
        writer.written.append(step.append(writer.entry(EntryKind.IMPORT)))
    writer.move(moved(PALLET, SUPPLIER, "DOCK-1"), document="ASN-1")
    writer.post(received(key("S1"), PALLET), document="ASN-1")
    writer.append(
        writer.entry(document="ASN-1"), [MemberList((received(key("S2"), PALLET), received(key("S3"), PALLET)))]
    )
    writer.append(writer.entry(EntryKind.REFUSED, verdict=Refused(Refusal.EXPIRED), raw=scanned("old")))
    damaged = received(key(None, status=Status.DAMAGED), "CAGE", 4)
    writer.append(writer.entry(postings=[damaged], reason="DAMAGED", document="PO-1"))
    writer.append(writer.entry(EntryKind.DOCUMENT_CLOSED, document="PO-1"))
    writer.ledger.checkpoint_when_idle()
    writer.ledger.close()
    assert verify(path).ok
    return path


def forge(path: Path, *statements: tuple[str, tuple[object, ...]]) -> None:
    """Changes the file with its triggers out of the way, and puts them back."""
    connection = sqlite3.connect(path, isolation_level=None)
    triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for sql, arguments in statements:
        connection.execute(sql, arguments)
    for _, sql in triggers:
        connection.execute(sql)
    connection.close()


def run_alone(path: Path) -> tuple[dict[str, Any], str]:
    """What the stand-alone verifier answers, and what it says beside it."""
    ran = subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "docs" / "verify_ledger.py"), str(path)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(ran.stdout)
    assert ran.returncode == (0 if answer["ok"] else 1)
    return answer, ran.stderr


def verified_alone(path: Path) -> dict[str, Any]:
    return run_alone(path)[0]


def test_a_whole_ledger_verifies_here_and_alone(closed: Path) -> None:
    found = verify(closed)
    assert (found.ok, found.entries, found.first_bad, found.findings) == (True, ENTRIES, None, ())
    assert verified_alone(closed) == {"ok": True, "entries": ENTRIES, "head": found.head, "first_bad": None}


def test_an_empty_ledger_verifies(path: Path) -> None:
    ledger = open_ledger(path)
    head = ledger.head[2].hex()
    ledger.close()
    found = verify(path)
    assert (found.ok, found.entries, found.head, found.first_bad) == (True, 0, head, None)
    assert verified_alone(path)["head"] == head


@pytest.mark.parametrize(
    ("statement", "first_bad", "said"),
    [
        (
            "UPDATE entry SET bytes = CAST(replace(bytes, 'DOCK', 'D') AS BLOB) WHERE seq = 2",
            2,
            "do not match its hash",
        ),
        ("UPDATE entry SET hash = zeroblob(32) WHERE position = 5", 5, "do not match its hash"),
        ("DELETE FROM entry WHERE position = 3", 3, "does not follow 2"),
        ("UPDATE entry SET seq = 9 WHERE position = 4", 4, "does not follow 3"),
        ("UPDATE entry SET epoch_no = 2 WHERE position = 4", 4, "of epoch 2"),
        ("UPDATE entry SET position = 99 WHERE position = 7", 7, "at position 99"),
        ("UPDATE entry SET event_id = 'other' WHERE position = 3", 3, "columns do not repeat"),
        ("UPDATE entry SET kind = 'noted' WHERE position = 3", 3, "columns do not repeat"),
        ("UPDATE entry SET scans = 9 WHERE position = 3", 3, "columns do not repeat"),
        ("UPDATE entry SET refers_to = 'e' WHERE position = 3", 3, "columns do not repeat"),
        ("UPDATE list_chunk SET bytes = CAST(replace(bytes, 'S2', 'S9') AS BLOB)", 4, "does not match its digest"),
        ("DELETE FROM list_chunk", 4, "does not match its digest"),
        ("UPDATE epoch SET device = 'HANDHELD-2'", 1, "genesis"),
        ("UPDATE epoch SET genesis = zeroblob(32)", 1, "genesis"),
        ("UPDATE epoch SET parent_seq = 1", 1, "genesis"),
        ("UPDATE epoch SET no = 2", 1, "epoch 2 is out of order"),
        ("UPDATE epoch SET before = 3", 1, "does not follow 0"),
        ("DELETE FROM epoch", 1, "does not follow 0"),
        (NEXT_EPOCH.format(before=7), 8, "does not continue"),
        (NEXT_EPOCH.format(before=99), 8, "begins after"),
    ],
)
def test_a_change_of_the_chain_is_found(closed: Path, statement: str, first_bad: int, said: str) -> None:
    forge(closed, ("PRAGMA foreign_keys=OFF", ()), (statement, ()))
    found = verify(closed)
    assert (found.ok, found.first_bad, found.entries) == (False, first_bad, first_bad - 1)
    assert said in found.findings[0]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE on_hand SET quantity = quantity + 1 WHERE place = 'CAGE'", "on hand: the ledger holds"),
        ("DELETE FROM on_hand WHERE place = 'CAGE'", "on hand"),
        ("INSERT INTO on_hand VALUES ('z-9', '1', '', '', 'held', 'own', 1)", "its entries make no more rows"),
        ("UPDATE unit SET place = 'A-1' WHERE serial = 'S2'", "unit"),
        ("UPDATE unit SET status = 'held'", "unit"),
        ("UPDATE container SET seal = 'open'", "container"),
        ("UPDATE document_progress SET quantity = 1", "document progress"),
        ("UPDATE document SET closed = 0", "document: PO-1 is kept as open"),
        ("DELETE FROM follow_up", "follow-up"),
        ("UPDATE posting SET to_place = 'A-1' WHERE serial = 'S3'", "posting"),
        ("DELETE FROM container_move", "container move"),
        ("UPDATE fact SET task = 'task-2'", "fact"),
    ],
)
def test_a_projection_that_does_not_follow_is_found(closed: Path, statement: str, said: str) -> None:
    forge(closed, (statement, ()))
    found = verify(closed)
    assert (found.ok, found.first_bad, found.entries) == (False, None, ENTRIES)
    assert found.findings[0].startswith(said) or said in found.findings[0]


def test_entries_cut_off_at_the_end_are_found_by_what_they_did(closed: Path) -> None:
    """The chain alone cannot know what came after its head; the stock does."""
    forge(closed, ("DELETE FROM entry WHERE position > 5", ()))
    found = verify(closed)
    assert (found.ok, found.entries) == (False, 5)
    assert any("follow-up" in finding for finding in found.findings)


def rewritten(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """The last entry changed and its hash made anew: a forger who knows how, but not what the code refuses."""
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT position, seq, hash, bytes FROM entry ORDER BY position DESC LIMIT 2").fetchall()
    connection.close()
    (position, seq, _, stored), (_, _, before, _) = rows
    entry = json.loads(stored)
    change(entry)
    forged = json.dumps(entry).encode()
    forge(
        path,
        (
            "UPDATE entry SET bytes = ?, hash = ? WHERE position = ?",
            (forged, chain_hash(before, seq, forged), position),
        ),
    )


POSTING = {
    "key": {"owner": "own", "gtin": GTIN, "lot": "L1", "expiry": None, "serial": None, "status": "available"},
    "quantity": 1, "from": "supplier", "to": "A-1", "inferred": False,
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"kind": "dance"},
        {"verdict": {}},
        {"device": "HANDHELD-2"},
        {"event_id": "event-000003"},
        {"postings": [{**POSTING, "quantity": 0}]},
        {"postings": [{**POSTING, "quantity": 1.5}]},
        {"postings": [{**POSTING, "quantity": 1 << 70}]},
        {"postings": [{**POSTING, "to": "supplier"}]},
        {"postings": [{**POSTING, "to": ["list"]}]},
        {"postings": [{**POSTING, "to": "\ud800"}]},
        {"lists": ["0" * 64]},
        {"lists": [3]},
    ],
    ids=str,
)
def test_a_forged_entry_is_no_entry(closed: Path, change: dict[str, Any]) -> None:
    rewritten(closed, lambda entry: entry.update(change))
    found = verify(closed)
    assert (found.ok, found.first_bad, found.entries) == (False, ENTRIES, ENTRIES - 1)


def test_a_chain_goes_on_in_a_new_epoch(closed: Path) -> None:
    connection = sqlite3.connect(closed, isolation_level=None)
    former = read_head(connection)
    assert former is not None
    open_epoch(connection, DEVICE, OTHER_EPOCH, former)
    connection.close()
    empty = verify(closed)
    parent = Parent(former.epoch, former.seq, former.hash)
    assert (empty.ok, empty.entries, empty.head) == (True, ENTRIES, genesis(DEVICE, OTHER_EPOCH, parent).hex())
    assert verified_alone(closed)["head"] == empty.head
    writer = Writer(open_ledger(closed), [Saved(n, "", b"") for n in range(ENTRIES)])
    assert writer.post(received(key("S8"))).seq == 1
    assert writer.ledger.counters().entries == ENTRIES + 1
    writer.ledger.close()
    found = verify(closed)
    assert (found.ok, found.entries, found.head) == (True, ENTRIES + 1, writer.written[-1].hash.hex())
    assert verified_alone(closed)["entries"] == ENTRIES + 1


def test_verify_runs_beside_the_writer(path: Path) -> None:
    writer = Writer(open_ledger(path))
    writer.post(received(key()))
    answers = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            answers.append(verify(path))

    looking = threading.Thread(target=look)
    looking.start()
    for number in range(150):
        writer.post(Posting(key(), 1, SUPPLIER, f"A-{number % 5}"))
    done.set()
    looking.join()
    writer.ledger.close()
    assert len(answers) > 1
    assert [found.findings for found in answers if not found.ok] == []
    assert verify(path).entries == 151


def test_verifying_changes_nothing(closed: Path) -> None:
    before = closed.read_bytes()
    assert verify(closed).ok
    assert closed.read_bytes() == before


def test_without_a_ledger_there_is_nothing_to_verify(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as refused:
        verify(tmp_path / "none.db")
    assert refused.value.code == "NO_LEDGER"


def test_what_was_changed_behind_a_dropped_trigger_is_named(writer: Writer) -> None:
    path = writer.ledger.path
    for serial in ("S1", "S2", "S3"):
        writer.post(received(key(serial)))
    writer.ledger.close()
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER entry_no_update")
    connection.execute("UPDATE entry SET bytes = CAST(replace(bytes, 'S2', 'S9') AS BLOB) WHERE position = 2")
    connection.commit()
    connection.close()
    found = verify(path)
    assert (found.ok, found.entries, found.first_bad) == (False, 1, 2)
    assert found.findings[0] == "trigger entry_no_update is missing"
