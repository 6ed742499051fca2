"""Disk full, read-only, damaged, newer, foreign, in use, killed: a clear stop, a remedy, and nothing lost."""

from __future__ import annotations

import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scanner_app.errors import StoreError
from scanner_app.store import schema
from scanner_app.store.database import connect_reader, connect_writer
from scanner_app.store.faults import fault_of
from scanner_app.store.ledger import Saved
from scanner_app.store.verify import verify
from tests.store.ledgers import Writer, key, open_ledger, received, scanned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner_app.store.ledger import Ledger

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534


def refusal(path: Path) -> StoreError:
    """What opening the ledger says; it must refuse."""
    with pytest.raises(StoreError) as refused:
        open_ledger(path).close()
    assert refused.value.remedy
    return refused.value


@contextmanager
def file_size_limit(limit: int) -> Iterator[None]:
    """No file of this process may grow past `limit`; what tries to gets EFBIG, as from a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, former)


def fill_the_disk(writer: Writer) -> None:
    for _ in range(500):
        writer.append(writer.entry(postings=[received(key())], raw=scanned("x" * 2000)))


def test_a_full_disk_stops_the_step_and_nothing_before_it_is_lost(path: Path, writer: Writer) -> None:
    ledger = writer.ledger
    for _ in range(5):
        writer.post(received(key()))
    pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
    ledger._connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreError) as full:
        fill_the_disk(writer)
    assert (full.value.code, full.value.retryable) == ("DISK_FULL", True)
    assert "Free some space" in full.value.remedy
    assert ledger.stopped is None
    ledger._connection.execute("PRAGMA max_page_count=1000000")
    after = writer.post(received(key()))
    assert after.seq == len(writer.written)
    ledger.close()
    assert verify(path).entries == len(writer.written)


def test_a_disk_that_is_full_by_its_file_system_is_told_as_that(path: Path, writer: Writer) -> None:
    writer.post(received(key()))
    wal = path.with_name("ledger.db-wal").stat().st_size
    with file_size_limit(wal + 300_000), pytest.raises(StoreError) as full:
        fill_the_disk(writer)
    assert full.value.code in {"DISK_FULL", "DISK_FAULT"}
    count = len(writer.written)
    assert count > 1
    writer.ledger.close()
    again = open_ledger(path)
    assert again.head[1] == count
    again.close()
    assert verify(path).entries == count


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account can enter: pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@contextmanager
def as_anybody() -> Iterator[None]:
    """Without the superuser's right to write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def filled(path: Path, entries: int = 3) -> Writer:
    writer = Writer(open_ledger(path))
    for number in range(entries):
        writer.append(writer.entry(postings=[received(key(f"S{number}"))], raw=scanned(f"scan {number}")))
    return writer


def test_a_read_only_file_is_told_and_can_still_be_read(open_folder: Path) -> None:
    path = open_folder / "ledger.db"
    filled(path).ledger.close()
    path.chmod(0o444)
    path.with_suffix(".lock").unlink()
    open_folder.chmod(0o555)
    with as_anybody():
        assert refusal(path).code == "READ_ONLY"
        assert verify(path).entries == 3


def test_a_read_only_ledger_in_a_writable_folder(open_folder: Path) -> None:
    path = open_folder / "ledger.db"
    filled(path).ledger.close()
    path.chmod(0o444)
    open_folder.chmod(0o777)
    path.with_suffix(".lock").unlink()
    with as_anybody():
        assert refusal(path).code == "READ_ONLY"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none" / "ledger.db").code == "NOT_OPENABLE"
    with pytest.raises(StoreError) as refused:
        connect_reader(tmp_path / "none" / "ledger.db")
    assert (refused.value.code, "scanner init" in refused.value.remedy) == ("NO_LEDGER", True)


def test_a_folder_in_the_ledgers_place(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").mkdir()
    assert refusal(tmp_path / "ledger.db").code == "NOT_OPENABLE"


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + bytes(84), bytes(5000), b"x" * 8192])
def test_what_is_no_database_is_told_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    assert refusal(path).code == "CORRUPT"
    assert path.read_bytes() == content
    assert not verify(path).ok


def test_another_programs_database_is_told_and_left_alone(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (a)")
    connection.commit()
    connection.close()
    told = refusal(path)
    assert (told.code, "another program" in told.message) == ("CORRUPT", True)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("theirs",)]
    connection.close()


def test_an_empty_file_becomes_a_ledger(path: Path) -> None:
    path.touch()
    open_ledger(path).close()
    assert verify(path).ok


def test_a_later_programs_ledger_is_told(path: Path, ledger: Ledger) -> None:
    ledger.close()
    changed(path, "PRAGMA user_version=99")
    told = refusal(path)
    assert told.code == "NEWER_SCHEMA"
    assert "99" in told.message
    with pytest.raises(StoreError) as refused:
        verify(path)
    assert refused.value.code == "NEWER_SCHEMA"


def changed(path: Path, *statements: str) -> None:
    """Runs statements on the closed file, as somebody with a database tool would."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_ledger_without_its_triggers_is_not_opened(path: Path, ledger: Ledger) -> None:
    ledger.close()
    changed(path, "DROP TRIGGER entry_no_update")
    told = refusal(path)
    assert (told.code, "entry_no_update" in told.message) == ("CORRUPT", True)
    assert "entry_no_update" in verify(path).findings[0]


def test_before_a_migration_a_copy_is_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:2])
        earlier.setattr(schema, "SCHEMA_VERSION", 2)
        earlier.setattr(schema, "TRIGGERS", frozenset({"entry_no_update"}))
        database = connect_writer(path)
        schema.prepare(database.connection, path)
        database.connection.execute("INSERT INTO session (one, state) VALUES (1, 'before')")
        database.close()
    assert "start the scanner once" in verify(path).findings[0]
    ledger = open_ledger(path)
    assert ledger.session() == "before"
    ledger.close()
    assert verify(path).ok
    kept = sqlite3.connect(path.with_name("ledger.db.schema-2"))
    assert kept.execute("PRAGMA user_version").fetchone() == (2,)
    assert kept.execute("SELECT state FROM session").fetchone() == ("before",)
    assert kept.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'item'").fetchone() == (0,)
    kept.close()


def test_opening_again_migrates_nothing_and_keeps_no_copy(path: Path, ledger: Ledger) -> None:
    ledger.close()
    open_ledger(path).close()
    assert sorted(each.name for each in path.parent.iterdir()) == ["ledger.db", "ledger.lock"]


def test_a_second_writer_is_told_who_holds_the_ledger(path: Path, writer: Writer) -> None:
    writer.post(received(key()))
    told = refusal(path)
    assert (told.code, told.retryable) == ("LEDGER_IN_USE", True)
    assert str(os.getpid()) in told.message
    writer.post(received(key()))
    reader = connect_reader(path)
    assert reader.execute("SELECT count(*) FROM entry").fetchone() == (2,)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("INSERT INTO session (one, state) VALUES (1, '')")
    reader.close()


def test_a_database_tool_that_holds_the_file_makes_the_step_wait_then_say_so(path: Path, writer: Writer) -> None:
    writer.ledger._connection.execute("PRAGMA busy_timeout=50")
    tool = sqlite3.connect(path, isolation_level=None)
    tool.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError) as busy:
        writer.post(received(key()))
    assert (busy.value.code, busy.value.retryable) == ("LEDGER_IN_USE", True)
    tool.execute("ROLLBACK")
    tool.close()
    assert writer.post(received(key())).seq == 1


# --- damage ----------------------------------------------------------------------------------------------------------


def page_of_entry(path: Path, text: bytes) -> int:
    """Where the bytes of an entry stand in the file."""
    at = path.read_bytes().find(text)
    assert at > 0
    return at


def overwrite(path: Path, at: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def test_a_page_that_was_overwritten_is_found(path: Path) -> None:
    writer = filled(path, 60)
    writer.ledger.close()
    at = page_of_entry(path, b'"event_id":"event-000030"')
    overwrite(path, at - at % 4096, bytes(range(256)) * 16)
    found = verify(path)
    assert not found.ok
    assert found.entries < 60
    assert found.findings


def test_a_damaged_page_under_a_running_scanner_stops_it_aloud(path: Path) -> None:
    filled(path, 60).ledger.close()
    connection = sqlite3.connect(path)
    root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'on_hand'").fetchone()[0]
    connection.close()
    overwrite(path, (root - 1) * 4096, b"\xff" * 4096)
    writer = Writer(open_ledger(path), [Saved(n, "", b"") for n in range(60)])
    ledger = writer.ledger
    with pytest.raises(StoreError) as damaged:
        writer.post(received(key()))
    assert damaged.value.code == "CORRUPT"
    assert "restore" in damaged.value.remedy
    assert ledger.stopped is damaged.value
    with pytest.raises(StoreError), ledger.step():
        pytest.fail("a stopped ledger began a step")
    ledger.close()
    assert verify(path).findings


def test_one_flipped_byte_of_an_entry_is_found_by_both_verifiers(path: Path) -> None:
    filled(path, 9).ledger.close()
    at = page_of_entry(path, b'"event_id":"event-000004"')
    overwrite(path, at + len(b'"event_id":"event-00000'), b"7")
    found = verify(path)
    assert (found.ok, found.first_bad, found.entries) == (False, 4, 3)
    assert "entry 4: its bytes do not match its hash" in found.findings
    alone = subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "docs" / "verify_ledger.py"), str(path)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert alone.returncode == 1
    assert '"first_bad": 4' in alone.stdout


# --- kills -----------------------------------------------------------------------------------------------------------

CHILD = """
    import sys
    from pathlib import Path
    sys.path.insert(0, {root!r})
    from tests.store.ledgers import Writer, key, open_ledger, received, scanned
    writer = Writer(open_ledger(Path({path!r})))
    writer.written = [None] * writer.ledger.head[1]
    while True:
        n = len(writer.written)
        entry = writer.entry(postings=[received(key(f"S{{n}}"))], raw=scanned("x" * (n % 50 * 40)))
        with writer.ledger.step() as step:
            writer.written.append(step.append(entry))
            print("begun", n + 1, flush=True)
        print("saved", n + 1, flush=True)
"""


def start_child(path: Path) -> subprocess.Popen[str]:
    script = textwrap.dedent(CHILD).format(root=str(ROOT), path=str(path))
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)


def test_killed_at_any_moment_nothing_acknowledged_is_missing(path: Path) -> None:
    chance = random.Random(7)
    acknowledged = 0
    for _ in range(8):
        child = start_child(path)
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(chance.randrange(3, 40))]
        child.kill()
        rest = child.stdout.read().split("\n")
        child.wait()
        child.stdout.close()
        saved = [int(word) for kind, _, word in (line.partition(" ") for line in [*said, *rest]) if kind == "saved"]
        acknowledged = max([acknowledged, *saved])
        ledger = open_ledger(path)
        kept = ledger.head[1]
        ledger.close()
        assert acknowledged <= kept <= acknowledged + 1
        assert verify(path).entries == kept
    assert acknowledged > 50


def test_killed_in_the_midst_of_a_step_nothing_of_it_is_there(path: Path) -> None:
    filled(path, 2).ledger.close()
    script = textwrap.dedent(CHILD).format(root=str(ROOT), path=str(path)).replace(
        'print("begun", n + 1, flush=True)', 'print("begun", flush=True); sys.stdin.read()'
    )  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        told = refusal(path)
        assert (told.code, str(child.pid) in told.message) == ("LEDGER_IN_USE", True)
        child.kill()
    ledger = open_ledger(path)
    assert ledger.head[1] == 2
    ledger.close()
    assert verify(path).ok


# --- what SQLite and the file system say -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (OSError(28, "No space left on device"), "DISK_FULL"),
        (OSError(30, "Read-only file system"), "READ_ONLY"),
        (OSError(5, "Input/output error"), "DISK_FAULT"),
        (OSError("no number"), "DISK_FAULT"),
        (sqlite3.ProgrammingError("closed"), "INCONSISTENT"),
    ],
)
def test_every_fault_has_its_sentence(fault: OSError | sqlite3.Error, code: str) -> None:
    told = fault_of(fault, Path("ledger.db"))
    assert told.code == code
    assert told.remedy
    assert "ledger.db" in told.message
