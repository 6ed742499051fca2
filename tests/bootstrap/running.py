"""A started terminal whose views can be waited for."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from devices.simulator import VirtualScanner
    from scanner_app.bootstrap import Station
    from scanner_app.bootstrap.terminal import Terminal

PATIENCE_S = 20.0
LOOK_EVERY_S = 0.02


class Running:
    """A started terminal whose views can be waited for."""

    def __init__(self, station: Station, scanner: VirtualScanner, terminal: Terminal) -> None:
        self.station = station
        self.scanner = scanner
        self.terminal = terminal
        self._changed = threading.Condition()
        self._pause = threading.Event()
        self.rung: list[str] = []
        terminal.bell(self.rung.append)
        terminal.subscribe(self._notify)

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, true: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(true, PATIENCE_S), self.terminal.view()

    def look_for(self, true: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
        """Looks now and then at what no view tells."""
        end = time.monotonic() + within_s
        while not true():
            assert time.monotonic() < end, self.terminal.view()
            self._pause.wait(LOOK_EVERY_S)
