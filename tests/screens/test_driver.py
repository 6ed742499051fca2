"""The line to the terminal: when it hangs up the app is left once, and what is still written goes nowhere."""

from __future__ import annotations

import io
import os
import pty
import threading
from typing import TYPE_CHECKING, Any

import pytest
from textual.drivers.linux_driver import LinuxDriver

from scanner_app.app import ScannerApp
from screens.driver import FloorDriver
from tests.screens.fake_driver import FakeDriver
from tests.screens.views import SIGN_IN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATIENCE_S = 20.0


class Broken(io.StringIO):
    """A file that cannot be written any more."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error", text)

    def flush(self) -> None:
        raise OSError(5, "Input/output error")

    def fileno(self) -> int:
        return 2


class Line:
    """A driver on a pseudo-terminal of its own, and how often it had the app left."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.master, self.slave = pty.openpty()
        self.app = ScannerApp(FakeDriver(SIGN_IN))
        self.left: list[object] = []
        self.told = threading.Event()
        monkeypatch.setattr(self.app, "call_later", self._leave)
        monkeypatch.setattr("screens.driver.TERMINAL_LINES", (self.slave,))
        monkeypatch.setattr("screens.driver.WATCH_MS", 10)
        self.driver = FloorDriver(self.app)
        self.driver.fileno = self.slave

    def _leave(self, what: object) -> None:
        self.left.append(what)
        self.told.set()

    def hang_up(self) -> None:
        os.close(self.master)
        self.master = -1

    def close(self) -> None:
        for line in (self.master, self.slave):
            if line >= 0:
                os.close(line)


@pytest.fixture
async def line(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    monkeypatch.setattr("signal.signal", lambda *_: None)  # the library's driver takes two for itself
    made = Line(monkeypatch)
    yield made
    made.close()


def test_the_app_draws_through_it() -> None:
    assert ScannerApp(FakeDriver(SIGN_IN)).driver_class is FloorDriver


async def test_a_terminal_that_goes_away_is_noticed(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LinuxDriver, "start_application_mode", lambda _: None)
    line.driver.start_application_mode()
    line.hang_up()
    assert line.told.wait(PATIENCE_S)
    assert line.left == [line.app.exit]
    assert os.read(line.slave, 10) == b"", "what is read now is the end of nothing"
    assert os.write(line.slave, b"frame") == 5


async def test_a_program_that_ends_watches_no_more(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LinuxDriver, "start_application_mode", lambda _: None)
    monkeypatch.setattr(LinuxDriver, "stop_application_mode", lambda _: None)
    before = threading.active_count()
    line.driver.start_application_mode()
    line.driver.stop_application_mode()
    while threading.active_count() > before:
        next(thread for thread in threading.enumerate() if thread.name == "hang-up").join(PATIENCE_S)
    assert line.left == []


async def test_reading_from_a_dead_line_leaves_the_app_once(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Any) -> None:  # noqa: ANN401 - the library's driver
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(LinuxDriver, "run_input_thread", fails)
    line.driver.run_input_thread()
    line.driver.run_input_thread()
    assert line.left == [line.app.exit]


async def test_writing_to_a_dead_line_never_fails(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.__stderr__", Broken())
    driver = FloorDriver(line.app)
    driver._file.write("frame")
    driver._file.flush()
    assert driver._file.fileno() == 2
    assert line.left == [line.app.exit]


async def test_writing_to_a_living_one_writes(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("sys.__stderr__", screen)
    driver = FloorDriver(line.app)
    driver._file.write("frame")
    driver._file.flush()
    assert screen.getvalue() == "frame"
    assert line.left == []
