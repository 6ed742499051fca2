"""The running terminal: a real pty scanner, a real ledger thread, keys and pastes as the app hands them on."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest

from devices.source import SourceState, SourceStatus
from scanner_app.bootstrap import Station, new_id
from scanner_app.bootstrap.scanners import Scanner, ScannerBoard, beeper_of, scanners_of, virtual_scanner
from scanner_app.bootstrap.terminal import Terminal
from scanner_app.clock import SystemClock
from scanner_app.config import Config, Home, ScannerTable, SoundTable, config_of
from scanner_app.errors import ConfigError
from scanner_app.terminal.view import Room
from scanner_app.workflows.step import Line
from tests.bootstrap.running import PATIENCE_S, Running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


SILENT = Config(sound=SoundTable("bell"))


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    station = Station(Home(tmp_path / "config.toml", tmp_path), SILENT, SystemClock())
    with virtual_scanner(station) as (scanner, plugged):
        terminal = Terminal(station, [plugged])
        at_work = Running(station, scanner, terminal)
        terminal.start()
        at_work.wait_for(lambda: terminal.view().scanner_text == "scanner ready")
        yield at_work
        terminal.stop()


def saved(running: Running) -> int:
    return running.terminal.view().meter.saved


def test_a_scan_on_the_line_is_saved_shown_and_heard(running: Running) -> None:
    running.scanner.scan("LOC-A-01-1")
    running.wait_for(lambda: saved(running) == 1)
    view = running.terminal.view()
    assert view.room is Room.SIGN_IN
    assert view.panel is not None
    assert view.panel.headline == "A-01-1 not taken: scan your badge first"
    end = time.monotonic() + PATIENCE_S
    while not running.rung and time.monotonic() < end:
        threading.Event().wait(0.01)
    assert "\x07" in "".join(running.rung)


def test_unplugging_and_return_are_told(running: Running) -> None:
    running.scanner.unplug()
    running.wait_for(lambda: not running.terminal.view().scanner_ok)
    assert running.terminal.view().scanner_text == "scanner virtual: lost"


def test_a_burst_of_keys_is_one_scan_and_no_key(running: Running) -> None:
    async def burst() -> list[bool]:
        now_ns = time.monotonic_ns()
        keys = [(key, key) for key in "LOC-A"] + [("ctrl+right_square_bracket", None), ("enter", "\r")]
        return [
            running.terminal.wedge_key(name, character, now_ns + number * 1_000_000)
            for number, (name, character) in enumerate(keys)
        ]

    swallowed = asyncio.run(burst())
    assert all(swallowed)
    running.wait_for(lambda: saved(running) == 1)


def test_a_burst_of_digits_is_no_scan_where_a_badge_is_asked_for(running: Running) -> None:
    async def burst() -> None:
        now_ns = time.monotonic_ns()
        for number, key in enumerate("2468\r"):
            name = "enter" if key == "\r" else key
            assert running.terminal.wedge_key(name, key, now_ns + number * 1_000_000)

    asyncio.run(burst())
    running.wait_for(lambda: running.terminal.view().panel is not None)
    assert running.terminal.paste("1357")
    running.scanner.scan("LOC-A-01-1")
    running.wait_for(lambda: saved(running) == 1)
    assert running.terminal.view().meter.scans == 1


def test_single_keys_come_back_as_typing(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    async def type_slowly() -> None:
        came = asyncio.Event()

        def take(text: str) -> None:
            seen.append(text)
            came.set()

        monkeypatch.setattr(running.terminal, "type_text", take)
        assert running.terminal.wedge_key("x", "x", time.monotonic_ns())
        await asyncio.wait_for(came.wait(), PATIENCE_S)

    asyncio.run(type_slowly())
    assert seen == ["x"]


def test_a_paste_is_scans(running: Running) -> None:
    assert running.terminal.paste("LOC-1\nLOC-2\n")
    running.wait_for(lambda: saved(running) == 2)


def test_without_wedge_keys_and_pastes_are_typing(tmp_path: Path) -> None:
    config = config_of({"scan": {"wedge": False}, "sound": {"adapter": "silent"}}, "test")
    terminal = Terminal(Station(Home(tmp_path / "config.toml", tmp_path), config, SystemClock()), [])
    assert not terminal.wedge_key("x", "x", 0)
    assert not terminal.paste("x")
    with pytest.raises(AssertionError):
        terminal.view()


def test_the_virtual_trigger_is_pulled_on_the_ledger_thread(running: Running) -> None:
    pulled: list[str] = []
    running.terminal.trigger(lambda front: pulled.append(f"{threading.current_thread().name} {front.room}"))
    assert running.terminal.wedge_key("f12", None, 0)
    running.wait_for(lambda: pulled == ["ledger sign_in"])


def test_ctrl_c_says_that_once_more_ends(running: Running) -> None:
    left: list[bool] = []
    running.terminal.quitting(lambda: left.append(True))
    running.terminal.key("ctrl+c")
    running.wait_for(lambda: running.terminal.view().notice == "Ctrl-C again ends")
    assert left == []
    running.terminal.key("ctrl+c")
    assert left == [True]


def test_keys_and_typing_reach_the_front(running: Running) -> None:
    running.terminal.key("F1")
    running.terminal.type_text("1")
    running.scanner.scan("LOC-1")
    running.wait_for(lambda: saved(running) == 1)
    assert running.terminal.view().room is Room.SIGN_IN


def test_the_board_tells_the_worst_of_the_scanners_by_its_configured_name(tmp_path: Path) -> None:
    tables = (
        ScannerTable(name="spare"),
        ScannerTable(name="dock", port=str(tmp_path / "a")),
        ScannerTable(name="cold room", port=str(tmp_path / "b"), commissioned=True),
    )
    station = Station(Home(tmp_path / "c", tmp_path), Config(scanner=tables), SystemClock())
    scanners = scanners_of(station)
    first, second = (scanner.source.name for scanner in scanners)
    assert [first, second] == [f"serial:{tmp_path / 'a'}", f"serial:{tmp_path / 'b'}"]
    board = ScannerBoard(scanners)
    assert board.text().line.code == "screen.scanner.none"
    board.changed(SourceStatus(first, SourceState.READY))
    assert board.text().line == Line("screen.scanner.untested", {"name": "dock"})
    board.changed(SourceStatus(second, SourceState.BUSY))
    assert board.text().line == Line("screen.scanner.state", {"name": "cold room", "state": "busy"})


def test_a_tested_scanner_is_ready_without_a_warning(tmp_path: Path) -> None:
    tables = (ScannerTable(name="dock", port=str(tmp_path / "a"), commissioned=True),)
    scanners: list[Scanner] = scanners_of(
        Station(Home(tmp_path / "c", tmp_path), Config(scanner=tables), SystemClock())
    )
    board = ScannerBoard(scanners)
    board.changed(SourceStatus(scanners[0].source.name, SourceState.READY))
    assert (board.text().line.code, board.text().ok) == ("screen.scanner.ready", True)


def test_a_sound_device_that_is_not_there_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigError, match="adapter"):
        beeper_of(Config(sound=SoundTable("sound")), lambda _: None, console=False)


def test_ids_are_version_7_and_in_order() -> None:
    ids = [new_id() for _ in range(100)]
    assert all(one[14] == "7" for one in ids)
    assert ids == sorted(ids)
