"""Backups are whole and verified, or not there; a restored ledger goes on in a new epoch, the former one is kept."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from scanner_app.domain.entry import Parent, genesis
from scanner_app.domain.facts import StockAt
from scanner_app.errors import StoreError
from scanner_app.store.backup import back_up, restore
from scanner_app.store.ledger import Saved
from scanner_app.store.verify import verify
from tests.store.ledgers import DEVICE, GTIN, OTHER_EPOCH, Writer, key, open_ledger, received, scanned
from tests.store.test_verify import forge, verified_alone

if TYPE_CHECKING:
    from pathlib import Path

STAMP = "20261122T080000Z"


@pytest.fixture
def copy(path: Path) -> Path:
    return path.with_name("copy.db")


def restored(copy: Path, path: Path, device: str = DEVICE) -> Path | None:
    return restore(copy, path, device, lambda: OTHER_EPOCH, STAMP)


def refused(copy: Path, path: Path, device: str = DEVICE) -> StoreError:
    """What a restore says that must not happen; the folder stays as it was."""
    before = {each.name: each.read_bytes() for each in path.parent.iterdir()}
    with pytest.raises(StoreError) as told:
        restored(copy, path, device)
    after = {each.name: each.read_bytes() for each in path.parent.iterdir()}
    assert {name: content for name, content in after.items() if name in before} == before
    assert {name for name in after if name not in before} <= {"ledger.lock", "copy.db-wal", "copy.db-shm"}
    assert told.value.remedy
    return told.value


def written(path: Path, entries: int = 3) -> Writer:
    writer = Writer(open_ledger(path))
    for _ in range(entries):
        writer.post(received(key()))
    return writer


def test_a_backup_is_made_while_the_ledger_is_in_use(path: Path, copy: Path) -> None:
    writer = written(path)
    found = back_up(path, copy)
    assert (found.ok, found.entries, found.head) == (True, 3, writer.written[-1].hash.hex())
    writer.post(received(key()))
    writer.ledger.close()
    assert verify(copy).entries == 3
    assert verified_alone(copy)["entries"] == 3
    assert copy.stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in path.parent.glob("copy*")) == ["copy.db"]


def test_a_backup_overwrites_nothing(path: Path, copy: Path) -> None:
    written(path).ledger.close()
    copy.write_text("mine", "utf-8")
    for target in (copy, path):
        with pytest.raises(StoreError) as told:
            back_up(path, target)
        assert told.value.code == "BAD_BACKUP"
    assert copy.read_text("utf-8") == "mine"
    assert verify(path).ok


def test_a_backup_into_no_folder_or_of_no_ledger(path: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as told:
        back_up(path, tmp_path / "copy.db")
    assert told.value.code == "NO_LEDGER"
    written(path).ledger.close()
    with pytest.raises(StoreError) as told:
        back_up(path, tmp_path / "none" / "copy.db")
    assert told.value.code == "NOT_OPENABLE"


def test_no_backup_is_left_of_a_ledger_that_does_not_verify(path: Path, copy: Path) -> None:
    written(path).ledger.close()
    forge(path, ("UPDATE on_hand SET quantity = 9", ()))
    with pytest.raises(StoreError) as told:
        back_up(path, copy)
    assert told.value.code == "BAD_BACKUP"
    assert list(path.parent.glob("copy*")) == []


def test_a_restored_ledger_goes_on_in_a_new_epoch(path: Path, copy: Path) -> None:
    writer = written(path)
    epoch, seq, head = writer.ledger.head
    back_up(path, copy)
    writer.post(received(key(), quantity=7))
    writer.ledger.close()
    assert restored(copy, path) == path.with_name(f"ledger.db.before-restore-{STAMP}")

    kept = verify(path.with_name(f"ledger.db.before-restore-{STAMP}"))
    assert (kept.ok, kept.entries) == (True, 4)
    found = verify(path)
    first = genesis(DEVICE, OTHER_EPOCH, Parent(epoch, seq, head))
    assert (found.ok, found.entries, found.head) == (True, 3, first.hex())
    ledger = open_ledger(path)
    assert ledger.head == (OTHER_EPOCH, 0, first)
    assert ledger.counters().scans_saved == 3
    lines = ledger.answer(StockAt("DOCK-1", GTIN))
    assert isinstance(lines, tuple)
    assert [line.quantity for line in lines] == [3]
    again = Writer(ledger, [Saved(n, "", b"") for n in range(4)])
    assert again.append(again.entry(postings=[received(key())], raw=scanned("x"))).seq == 1
    assert ledger.counters().entries == 4
    ledger.close()
    assert verify(path).entries == 4
    assert verified_alone(path)["entries"] == 4


def test_a_restored_ledger_can_be_backed_up_and_restored_again(path: Path, copy: Path) -> None:
    written(path).ledger.close()
    back_up(path, copy)
    restored(copy, path)
    second = copy.with_name("second.db")
    assert back_up(path, second).entries == 3
    restore(second, path, DEVICE, lambda: bytes(range(32, 48)), "20261122T090000Z")
    assert verify(path).ok
    connection = sqlite3.connect(path)
    epochs = connection.execute("SELECT no, parent_seq, before FROM epoch").fetchall()
    connection.close()
    assert epochs == [(1, 0, 0), (2, 3, 3), (3, 0, 3)]


def test_a_restore_into_an_empty_home(path: Path, copy: Path) -> None:
    written(path).ledger.close()
    back_up(path, copy)
    path.unlink()
    assert restored(copy, path) is None
    assert {each.suffix for each in path.parent.iterdir()} == {".db", ".lock"}
    assert verify(path).entries == 3


def test_a_ledger_in_use_is_not_replaced(path: Path, copy: Path) -> None:
    writer = written(path)
    back_up(path, copy)
    with pytest.raises(StoreError) as told:
        restored(copy, path)
    assert (told.value.code, told.value.retryable) == ("LEDGER_IN_USE", True)
    writer.post(received(key()))
    writer.ledger.close()
    assert verify(path).entries == 4


def test_what_does_not_verify_is_not_restored(path: Path, copy: Path) -> None:
    written(path).ledger.close()
    back_up(path, copy)
    content = copy.read_bytes()
    at = content.find(b'"event_id":"event-000002"')
    copy.write_bytes(content[:at] + b"X" + content[at + 1 :])
    assert refused(copy, path).code == "BAD_BACKUP"
    copy.write_bytes(content[:5000])
    assert refused(copy, path).code == "BAD_BACKUP"
    copy.write_text("no ledger at all", "utf-8")
    assert refused(copy, path).code == "BAD_BACKUP"
    copy.unlink()
    assert "There is no file" in refused(copy, path).message
    assert refused(path, path).code == "BAD_BACKUP"
    assert verify(path).entries == 3


def test_another_devices_backup_is_not_restored(path: Path, copy: Path) -> None:
    written(path).ledger.close()
    back_up(path, copy)
    assert refused(copy, path, "HANDHELD-2").code == "OTHER_DEVICE"
    assert verify(path).entries == 3


def test_a_damaged_ledger_is_kept_as_it_was(path: Path, copy: Path) -> None:
    written(path).ledger.close()
    back_up(path, copy)
    broken = b"SQLite format 3\0" + bytes(200)
    path.write_bytes(broken)
    wal = path.with_name("ledger.db-wal")
    wal.write_bytes(b"what was not checkpointed")
    kept = restored(copy, path)
    assert kept is not None
    assert kept.read_bytes() == broken
    assert verify(path).entries == 3
    assert verify(path).ok


def test_what_was_still_in_the_wal_of_the_former_ledger_is_kept(path: Path, copy: Path) -> None:
    """A battery pull leaves a WAL; its commits belong to the former ledger, never to the restored one."""
    writer = written(path)
    back_up(path, copy)
    writer.post(received(key()))
    pulled = {name: path.with_name(name).read_bytes() for name in ("ledger.db", "ledger.db-wal")}
    writer.ledger.close()
    for name, content in pulled.items():
        path.with_name(name).write_bytes(content)
    kept = restored(copy, path)
    assert kept is not None
    assert (verify(kept).entries, verify(path).entries) == (4, 3)


def test_a_wal_that_outlived_its_ledger_is_not_played_into_the_restored_one(path: Path, copy: Path) -> None:
    writer = written(path)
    back_up(path, copy)
    for _ in range(5):
        writer.post(received(key()))
    wal = path.with_name("ledger.db-wal")
    pulled = wal.read_bytes()
    writer.ledger.close()
    path.unlink()
    wal.write_bytes(pulled)
    assert restored(copy, path) is None
    assert not wal.exists()
    assert (verify(path).ok, verify(path).entries) == (True, 3)
    assert path.with_name(f"ledger.db.before-restore-{STAMP}-wal").read_bytes() == pulled
