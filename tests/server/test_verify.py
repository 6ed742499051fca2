"""`verify`, backup and restore: one changed byte is found; a restored centre is filled again by its devices."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import Accepted
from server import backup
from server.backup import back_up, restore
from server.books import Books
from server.database import MIGRATIONS, Session, open_reader, open_writer, schema_version, statements_of
from server.faults import ServerError
from server.feed import head_of, page
from server.leases import set_prefix
from server.safety import heads_in, mark_safe
from server.verify import FINDINGS_MAX, Verification, verify
from server.writing import Means
from sync import wire
from sync.wire import Scope, SnapshotDue
from tests.server.handhelds import CENTRE_KEY, SITE, Clock, Handheld, Ids, new_books

if TYPE_CHECKING:
    from pathlib import Path

PALLET = "sscc:095210010000040013"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A centre with some history: a list, a duplicate, poison, a flag, records that changed."""
    books = new_books(tmp_path / "centre.db")
    device, other = Handheld("A"), Handheld("B", epoch=b"\x02" * 16)
    device.receive("S1", "S2", "S1")
    digest = device.receive_list(["L1", "L2"], PALLET)
    device.write(b"poison")
    other.write(device.entries[0])
    device.send(books, 1, 0, lists=device.chunks(digest))
    device.send(books)
    other.send(books)
    books.do(SITE, lambda writing: writing.put("policy", "active_days", {"name": "active_days", "value": 7}))
    books.do(SITE, lambda writing: writing.put("policy", "active_days", {"name": "active_days", "value": 8}))
    books.do(SITE, lambda writing: set_prefix(writing, "0952100"))
    told = Accepted(parameters={"place": "A-01-1"})
    for kind in (EntryKind.COUNT_OPENED, EntryKind.COUNT_CLOSED):
        other.write(other.entry(kind=kind, count="C1", verdict=told))
    other.send(books, 2)
    device.send(books, len(device.entries) + 1)
    books.close()
    return tmp_path / "centre.db"


def change(path: Path, *statements: str) -> None:
    """Changes the file behind the centre's back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for sql in statements:
            assert connection.execute(sql).rowcount > 0, sql


def means() -> Means:
    return Means(Clock(), Ids(0xBB), CENTRE_KEY)


def test_a_centre_that_nobody_touched_verifies(path: Path) -> None:
    found = verify(path)
    assert (found.ok, found.sites, found.chains, found.entries) == (True, 1, 3, 11)


@pytest.mark.parametrize(
    ("sql", "finding"),
    [
        ("UPDATE entry SET bytes = x'00' WHERE seq = 2 AND epoch = x'01010101010101010101010101010101'", "entry 2"),
        ("UPDATE entry SET hash = x'00' WHERE seq = 3 AND epoch = x'01010101010101010101010101010101'", "entry 3"),
        ("UPDATE entry SET standing = 'projected' WHERE standing = 'duplicate'", "number"),
        ("DELETE FROM entry WHERE bytes = CAST('poison' AS BLOB)", "its head is not its last entry"),
        ("UPDATE epoch SET genesis = x'00' WHERE device = 'A'", "genesis"),
        ("UPDATE epoch SET seq = 4 WHERE device = 'A'", "its head is not its last entry"),
        ("UPDATE epoch SET signature = zeroblob(64) WHERE device = 'A'", "not signed"),
        ("UPDATE epoch SET signer = zeroblob(3) WHERE device = 'A'", "not signed"),
        ("UPDATE record SET body = '{}' WHERE kind = 'policy'", "policy active_days was changed"),
        ("DELETE FROM past_number", "does not follow"),
        ("UPDATE site SET link = x'00'", "the feed ends"),
        ("UPDATE site SET site_sum = '0000000000000000'", "checksum"),
        ("UPDATE on_hand SET quantity = quantity + 1", "on hand"),
        ("DELETE FROM unit WHERE serial = 'S2'", "unit"),
        ("UPDATE container SET parent = 'B-01-1'", "container"),
        ("INSERT INTO document_closed VALUES ('OSL', 'ASN-1', 'A')", "closed document"),
        ("UPDATE flag SET closed_by = 'x'", "flag"),
        ("UPDATE list_chunk SET bytes = x'00'", "cannot be folded"),
        ("UPDATE count SET state = 'approved'", "count C1 is approved, and is told as agrees"),
        ("DELETE FROM count_entry", "an entry of count C1"),
        ("UPDATE lease SET first = 0", "numbers of another one"),
        ("UPDATE lease SET last = 150 WHERE first = 1", "numbers of another one"),
        ("UPDATE sscc_space SET next = 200", "were not given"),
        ("UPDATE lease SET ended = 'LOST'", "not told so"),
    ],
)
def test_what_was_changed_is_named(path: Path, sql: str, finding: str) -> None:
    change(path, sql)
    found = verify(path)
    assert not found.ok
    assert finding in " / ".join(found.findings)


def test_a_damaged_page_is_a_finding(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for page_number in range(2, len(content) // 4096):
        content[page_number * 4096 : page_number * 4096 + 8] = b"\xff" * 8
    path.write_bytes(content)
    assert not verify(path).ok


def test_of_very_much_the_first_findings_are_told() -> None:
    found = Verification()
    for number in range(100):
        found.found(str(number))
    assert len(found.findings) == FINDINGS_MAX


# --- the file --------------------------------------------------------------------------------------------------------


def fault(call: object, *arguments: object) -> str:
    with pytest.raises(ServerError) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value.code


def test_a_second_process_is_told_who_has_it(path: Path) -> None:
    first = open_writer(path)
    assert fault(open_writer, path) == "IN_USE"
    first.close()
    first.lock.release()
    open_writer(path).close()


def test_files_that_cannot_be_used_are_named(path: Path, tmp_path: Path) -> None:
    assert fault(open_reader, tmp_path / "none.db") == "NO_DATABASE"
    assert fault(open_writer, tmp_path / "none.db") == "NO_DATABASE"
    (tmp_path / "text.db").write_text("no database" * 1000)
    assert fault(open_writer, tmp_path / "text.db") == "CORRUPT"
    change_version(path, 99)
    assert fault(open_reader, path) == "NEWER_SCHEMA"
    assert fault(open_writer, path) == "NEWER_SCHEMA"
    change_version(path, 1)
    assert fault(open_reader, path) == "OLDER_SCHEMA"
    assert fault(open_writer, tmp_path / "no folder" / "x.db") == "NO_DATABASE"


def change_version(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version={version:d}")


def test_an_older_file_is_migrated_and_a_copy_kept(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements_of(MIGRATIONS[0]):
            connection.execute(statement)
        connection.execute("PRAGMA user_version=1")
    database = open_writer(path)
    assert schema_version(database.connection) == len(MIGRATIONS)
    database.close()
    assert (tmp_path / "old.db.schema-1").exists()


# --- backup and restore ----------------------------------------------------------------------------------------------


def test_a_backup_is_verified_and_moves_safe(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    books = Books.open(path, means())
    found = back_up(path, copy)
    assert found.ok
    with closing(open_reader(copy)) as connection:
        heads = heads_in(Session(connection))
    safe = {bytes.fromhex(epoch): (seq, bytes.fromhex(link)) for epoch, (seq, link) in heads[SITE].items()}
    assert books.do(SITE, lambda writing: mark_safe(writing, safe)) == 3
    assert books.do(SITE, lambda writing: mark_safe(writing, safe)) == 0
    foreign = {epoch: (seq, b"\0" * 32) for epoch, (seq, _) in safe.items()}
    assert books.do(SITE, lambda writing: mark_safe(writing, foreign)) == 0
    assert books.database.session.all("SELECT safe_seq FROM epoch WHERE device = 'A'") == [(5,)]
    books.close()
    assert verify(path).ok
    assert fault(back_up, path, copy) == "BAD_BACKUP"


def test_a_copy_that_does_not_verify_is_not_used(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "copy.db"
    back_up(path, copy)
    change(copy, "UPDATE on_hand SET quantity = 99")
    before = path.read_bytes()
    assert fault(restore, copy, path, means(), "now") == "BAD_BACKUP"
    assert fault(restore, tmp_path / "none", path, means(), "now") == "BAD_BACKUP"
    assert fault(restore, path, path, means(), "now") == "BAD_BACKUP"
    assert path.read_bytes() == before
    monkeypatch.setattr(backup, "verify", lambda _: Verification(findings=["it was cut."]))
    assert fault(back_up, path, tmp_path / "other.db") == "BAD_BACKUP"
    assert sorted(tmp_path.glob("other*")) == []


def test_devices_fill_a_restored_centre_again(tmp_path: Path) -> None:
    path, copy = tmp_path / "centre.db", tmp_path / "copy.db"
    books = new_books(path)
    device = Handheld()
    device.receive("S1", "S2")
    device.send(books)
    back_up(path, copy)
    device.receive("S3", "S4")
    device.send(books, 3)
    cursor = head_of(books.database.session, SITE).cursor
    assert fault(restore, copy, path, means(), "now") == "IN_USE"
    books.close()

    kept = restore(copy, path, means(), "now")

    assert kept is not None
    assert verify(kept).ok
    again = Books.open(path, means())
    answer = page(again.database.session, SITE, Scope.FEED, cursor, 500, 0)
    assert isinstance(answer, SnapshotDue)
    acked = device.send(again, 3)
    assert isinstance(acked, wire.Ack)
    assert acked.seq == 4
    own = again.database.session.all(
        "SELECT parent_epoch <> zeroblob(16) FROM epoch WHERE device = ?", (f"centre:{SITE}",)
    )
    assert sorted(own) == [(0,), (1,)]
    again.close()
    assert verify(path).ok
    assert sorted(each.name for each in tmp_path.glob("*restoring*")) == []


def test_a_copy_is_restored_where_there_is_no_database(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    back_up(path, copy)
    assert restore(copy, tmp_path / "new.db", means(), "now") is None
    assert verify(tmp_path / "new.db").ok


def test_a_damaged_database_goes_aside_with_its_wal(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    back_up(path, copy)
    path.write_bytes(b"no database at all" * 500)
    wal = path.with_name(path.name + "-wal")
    wal.write_bytes(b"some frames")
    kept = restore(copy, path, means(), "now")
    assert kept is not None
    assert kept.read_bytes().startswith(b"no database")
    assert verify(path).ok
