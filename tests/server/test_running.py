"""The parts of a running centre by themselves: writer, streams, budget, snapshots, settings, logs."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
import zstandard

from scanner_app.errors import ConfigError
from server import snapshot, writer
from server.bodies import Budget
from server.centre import new_id, now_ms
from server.control import perform
from server.database import Database
from server.faults import ServerError
from server.logs import set_up
from server.metrics import Metrics
from server.problems import ProblemError
from server.settings import find_settings
from server.snapshot import ROWS_BEHIND_MAX, Snapshots, build
from server.stream import Hub
from server.writer import Writer
from tests.server.handhelds import SITE, START_MS, Handheld

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from server.books import Books

SECOND = "BGO"


def code_of(caught: pytest.ExceptionInfo[ProblemError]) -> str:
    return caught.value.code


# --- the writer ------------------------------------------------------------------------------------------------------


async def test_what_waits_goes_into_one_commit_and_other_sites_keep_their_turn(books: Books) -> None:
    books.make_site(SECOND, "Bergen", "Europe/Oslo")
    metrics = Metrics()
    committed: list[str] = []
    thread = Writer(books, metrics, lambda site, _: committed.append(site))
    works = [thread.do(site, lambda writing: writing.site) for site in (SITE, SECOND, SITE, SECOND, SITE)]
    tasks = [asyncio.create_task(work) for work in works]
    await asyncio.sleep(0)
    thread.start()

    assert await asyncio.gather(*tasks) == [SITE, SECOND, SITE, SECOND, SITE]
    assert committed[:2] == [SITE, SECOND]
    await asyncio.to_thread(thread.stop)


async def test_a_full_queue_says_busy(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "WAITING_MAX", 2)
    thread = Writer(books, Metrics(), lambda _site, _number: None)
    waiting = [asyncio.create_task(thread.do(SITE, lambda _: None)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(ProblemError) as caught:
        await thread.do(SITE, lambda _: None)
    assert code_of(caught) == "BUSY"
    thread.start()
    await asyncio.gather(*waiting)
    await asyncio.to_thread(thread.stop)


async def test_a_commit_that_fails_is_told_to_each_and_the_thread_lives(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = Writer(books, Metrics(), lambda _site, _number: None)
    thread.start()
    write = books.write
    for fault, code in ((ServerError("DISK_FULL", "full"), "UNAVAILABLE"), (ZeroDivisionError(), "INTERNAL")):

        def failing(*_: object, fault: Exception = fault) -> list[Any]:
            raise fault

        monkeypatch.setattr(books, "write", failing)
        with pytest.raises(ProblemError) as caught:
            await thread.do(SITE, lambda _: None)
        assert code_of(caught) == code
    monkeypatch.setattr(books, "write", write)
    with pytest.raises(ProblemError) as caught:
        await thread.do("nowhere", lambda _: None)
    assert code_of(caught) == "UNAVAILABLE"
    assert await thread.do(SITE, lambda writing: writing.site) == SITE
    await asyncio.to_thread(thread.stop)


def trailed(books: Books) -> int:
    with closing(sqlite3.connect(books.path)) as connection:
        return int(connection.execute("SELECT trailed FROM site").fetchone()[0])


async def test_the_trail_is_laid_while_nobody_waits(
    books: Books, handheld: Handheld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "IDLE_S", 0.01)
    monkeypatch.setattr(writer, "TRAIL_ROWS", 2)
    handheld.receive("S1", "S2", "S3")
    handheld.send(books)
    number = books.numbers[SITE]
    laid = threading.Event()
    checkpoint = Database.checkpoint

    def told(database: Database) -> None:
        checkpoint(database)
        laid.set()

    monkeypatch.setattr(type(books.database), "checkpoint", told)
    thread = Writer(books, Metrics(), lambda _site, _number: None)
    thread.start()
    await asyncio.to_thread(laid.wait, 10)
    assert trailed(books) == number
    await asyncio.to_thread(thread.stop)


async def test_a_disk_that_is_full_while_nobody_waits_does_not_end_the_writing(
    books: Books, handheld: Handheld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "IDLE_S", 0.01)
    handheld.receive("S1")
    handheld.send(books)
    tried = threading.Event()

    def full(_: Database) -> None:
        tried.set()
        raise ServerError("DISK_FULL", "full")

    monkeypatch.setattr(type(books.database), "checkpoint", full)
    thread = Writer(books, Metrics(), lambda _site, _number: None)
    thread.start()
    assert await asyncio.to_thread(tried.wait, 10)
    async with asyncio.timeout(10):
        assert await thread.do(SITE, lambda writing: writing.site) == SITE
    await asyncio.to_thread(thread.stop)


async def test_the_trail_is_laid_under_load_too(
    books: Books, handheld: Handheld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "TRAIL_LAG_MAX", 0)
    monkeypatch.setattr(writer, "TRAIL_ROWS", 1)
    handheld.receive("S1", "S2", "S3")
    handheld.send(books)
    thread = Writer(books, Metrics(), lambda _site, _number: None)
    works = [asyncio.create_task(thread.do(SITE, lambda _: None)) for _ in range(3)]
    await asyncio.sleep(0)
    thread.start()
    await asyncio.gather(*works)
    await asyncio.to_thread(thread.stop)
    assert trailed(books) > 0


async def test_a_trail_that_cannot_be_laid_stops_nothing(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(writer, "lay_trail", broken)
    monkeypatch.setattr(writer, "IDLE_S", 0.01)
    thread = Writer(books, Metrics(), lambda _site, _number: None)
    thread.start()
    assert await thread.do(SITE, lambda writing: writing.site) == SITE
    await asyncio.to_thread(thread.stop)


# --- streams, budget -------------------------------------------------------------------------------------------------


async def take(events: AsyncIterator[bytes], many: int) -> list[bytes]:
    return [await anext(events) for _ in range(many)]


async def test_a_stream_says_the_number_then_that_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(Metrics(), keep_alive_s=0.01)
    hub.tell(SITE, 7)
    events = hub.follow(SITE, "A")
    assert await take(events, 2) == [b"event: more\ndata: 7\n\n", b": still here\n\n"]
    hub.tell(SITE, 7)
    hub.tell("elsewhere", 9)
    hub.tell(SITE, 8)
    assert await take(events, 1) == [b"event: more\ndata: 8\n\n"]
    hub.close()
    assert [event async for event in events] == []
    monkeypatch.setattr("server.stream.STREAMS_MAX", 0)
    with pytest.raises(ProblemError):
        Hub(Metrics()).follow(SITE, "A")


def test_the_budget_is_given_back() -> None:
    budget = Budget(Metrics(), 100)
    with budget.take(60):
        with pytest.raises(ProblemError) as caught, budget.take(50):
            pass
        assert code_of(caught) == "BUSY"
    with budget.take(100):
        pass


# --- snapshots -------------------------------------------------------------------------------------------------------


async def test_a_snapshot_is_kept_until_the_feed_has_moved_on_too_far(
    books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor(2) as executor:
        snapshots = Snapshots(books.path, tmp_path / "snapshots", executor, lambda: START_MS)
        number = books.numbers[SITE]
        first, same = await asyncio.gather(snapshots.newest(SITE, number), snapshots.newest(SITE, number))
        assert first is same
        assert await snapshots.newest(SITE, number + ROWS_BEHIND_MAX) is first
        books.do(SITE, lambda writing: writing.put("policy", "x", {"name": "x"}))
        later = await snapshots.newest(SITE, number + ROWS_BEHIND_MAX + 1)
        assert later.number == number + 1
        assert not first.path.exists()
        monkeypatch.setattr(snapshot, "KEPT_S", -1.0)
        assert (await snapshots.newest(SITE, number + 2)).number == number + 1
        with pytest.raises(KeyError):
            await snapshots.newest("nowhere", 1)
        assert zstandard.decompress(later.path.read_bytes(), max_output_size=later.length)[:6] == b"SQLite"
        snapshots.close()
    assert not (tmp_path / "snapshots").exists()


def test_a_snapshot_holds_what_the_site_has(books: Books, handheld: Handheld, tmp_path: Path) -> None:
    handheld.receive("S1", document="ASN-1", reason="DAMAGED")
    handheld.send(books)
    path = tmp_path / "snapshot.db"
    assert build(books.path, SITE, path, START_MS) == books.numbers[SITE]
    with closing(sqlite3.connect(path)) as connection:
        counts = {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - our tables
            for table in ("on_hand", "unit", "container", "document_progress", "document_closed", "follow_up", "vector")
        }
        kinds = {kind for (kind,) in connection.execute("SELECT DISTINCT kind FROM record")}
        meta = dict(connection.execute("SELECT key, value FROM meta"))
    assert counts == {
        "on_hand": 1, "unit": 1, "container": 0, "document_progress": 1, "document_closed": 0, "follow_up": 1,
        "vector": 1,
    }  # fmt: skip
    assert {"item", "place", "operator", "document", "document_part", "setting"} == kinds
    assert set(meta) == {"schema", "site", "cursor", "watch", "number", "made_ms", "sum"}


# --- settings, logs, control -----------------------------------------------------------------------------------------


def test_a_flag_stands_above_the_environment_above_the_file(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[server]\nlisten = "127.0.0.1:1"\ndatabase = "sqlite:///from-file.db"\n')
    environment = {"SCANNER_SERVER_HOME": str(tmp_path), "HOME": "/h"}
    found = find_settings({}, environment=environment)
    assert (found.port, found.database) == (1, Path("from-file.db"))
    environment["SCANNER_SERVER_LISTEN"] = "[::1]:2"
    assert (find_settings({}, environment=environment).host, find_settings({}, environment=environment).port) == (
        "::1",
        2,
    )
    assert find_settings({"listen": "h:3"}, environment=environment).port == 3
    plain = find_settings({}, environment={"HOME": "/h"})
    assert plain.database == Path("/h/.local/share/scanner-server/centre.db")
    assert plain.key_path == Path("/h/.local/share/scanner-server/keys/centre.key")


@pytest.mark.parametrize(
    "text", ["[other]\n", "server = 1\n", "[server]\nport = 1\n", "[server]\nlisten = 1\n", "[", None]
)
def test_an_unknown_key_is_refused_with_its_place(tmp_path: Path, text: str | None) -> None:
    config = tmp_path / "c.toml"
    if text is not None:
        config.write_text(text)
    with pytest.raises(ConfigError, match=r"c\.toml"):
        find_settings({}, str(config), {"HOME": "/h"})


def test_no_log_holds_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    structlog.get_logger().info("enrolled", device="A", token="secret!", code="secret!", pin="secret!")
    (line,) = capsys.readouterr().err.strip("\n").split("\n")
    assert "secret!" not in line
    assert json.loads(line)["device"] == "A"
    structlog.reset_defaults()


def test_a_standard_error_that_is_closed_stops_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_up()
    with (tmp_path / "gone").open("w") as gone:
        monkeypatch.setattr("sys.stderr", gone)
    structlog.get_logger().info("nobody hears this")
    structlog.reset_defaults()


def test_a_command_that_fails_is_told_and_the_centre_goes_on(books: Books) -> None:
    class Centre:
        """Enough of one."""

        books: Any

    centre: Any = Centre()
    centre.books = books
    with closing(asyncio.new_event_loop()) as loop:
        for asked in (b"no json", b'{"command":"nothing"}', b'{"command":"device","arguments":{}}'):
            assert perform(centre, loop, asked)["fault"]["code"] == "INTERNAL"
        usage = perform(centre, loop, b'{"command":"enrol-code","arguments":{"device":"","site":null}}')
    assert usage["fault"]["family"] == "Config"


def test_ids_are_uuids_of_version_7_and_time_is_in_milliseconds() -> None:
    assert new_id()[14] == "7"
    assert now_ms() > START_MS // 2
