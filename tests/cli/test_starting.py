"""The driver that stands in while the terminal is loaded: nothing typed or scanned meanwhile is lost."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from scanner_app.bootstrap import Station
from scanner_app.bootstrap.terminal import Terminal
from scanner_app.cli.starting import KEPT_MAX, StartingTerminal, starting_view
from scanner_app.clock import SystemClock
from scanner_app.config import Config, Home, SoundTable
from scanner_app.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = Config(sound=SoundTable("silent"))
PATIENCE_S = 20.0


async def started(driver: StartingTerminal) -> None:
    """Subscribes as the app does, and waits until the terminal is there or has failed."""
    loop, there = asyncio.get_running_loop(), asyncio.Event()
    announced = threading.Event()

    def announce() -> None:
        announced.set()
        loop.call_soon_threadsafe(there.set)

    driver.leave = announce
    driver.subscribe(announce)
    await asyncio.wait_for(there.wait(), PATIENCE_S)
    while driver.fault is None and driver.view().verb == "starting":
        there.clear()
        await asyncio.wait_for(there.wait(), PATIENCE_S)


def test_what_comes_while_starting_is_handed_on_in_order(tmp_path: Path) -> None:
    station = Station(Home(tmp_path / "config.toml", tmp_path), CONFIG, SystemClock())
    driver = StartingTerminal(lambda: Terminal(station, []), starting_view(CONFIG))

    async def work() -> int:
        assert driver.view().verb == "starting"
        driver.key("F1")
        driver.type_text("x")
        assert driver.paste("LOC-1\n")
        for number, key in enumerate("LOC-2"):
            assert driver.wedge_key(key, key, number * 1_000_000)
        assert driver.wedge_key("enter", "\r", 6_000_000)
        await started(driver)
        saved = threading.Event()
        terminal = driver._terminal
        assert terminal is not None
        terminal.subscribe(lambda: saved.set() if terminal.view().meter.saved >= 2 else None)
        terminal.key("F1")
        assert await asyncio.to_thread(saved.wait, PATIENCE_S)
        driver.key("F1")
        driver.type_text("y")
        assert driver.paste("LOC-3\n")
        assert not driver.wedge_key("f5", None, 10**12)
        await asyncio.to_thread(driver.stop)
        return terminal.view().meter.saved

    assert asyncio.run(work()) >= 2


def test_what_keeps_the_terminal_from_starting_is_kept_for_the_command() -> None:
    def fail() -> Terminal:
        code = "LEDGER_IN_USE"
        raise StoreError(code, "in use.")

    driver = StartingTerminal(fail, starting_view(CONFIG))
    asyncio.run(started(driver))
    assert isinstance(driver.fault, StoreError)
    driver.stop()


def test_leaving_while_starting_and_a_bound_on_what_is_kept() -> None:
    left: list[bool] = []
    driver = StartingTerminal(lambda: pytest.fail("never started"), starting_view(CONFIG))
    driver.leave = lambda: left.append(True)
    assert not driver.wedge_key("ctrl+c", None, 0)
    driver.key("ctrl+c")
    assert left == [True]
    for _ in range(KEPT_MAX + 10):
        driver.key("F1")
    assert len(driver._kept) == KEPT_MAX
    driver.stop()
