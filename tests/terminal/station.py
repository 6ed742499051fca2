"""A station for tests of the headless terminal: a real ledger in a folder of its own, and a clock that can be set."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from devices.scan import RawScan, scan_of_text
from scanner_app.bootstrap import Station, desk_of, intake_of, open_ledger
from scanner_app.clock import SettableClock
from scanner_app.config import Config, Home
from scanner_app.terminal.consumer import Bounds, Consumer
from scanner_app.terminal.front import Front
from scanner_app.terminal.presenter import Presenter, ScannerText
from scanner_app.workflows.step import Line

if TYPE_CHECKING:
    from pathlib import Path

    from scanner_app.terminal.desk import Told
    from scanner_app.terminal.view import View

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
NS_PER_MS = 1_000_000
PATIENCE_S = 20.0


def station_in(folder: Path, config: Config | None = None) -> Station:
    return Station(Home(folder / "config.toml", folder), config or Config(), SettableClock(START))


@dataclass
class Watched:
    """A running consumer whose results and published figures can be waited for."""

    station: Station
    bounds: Bounds = field(default_factory=lambda: Bounds(guard_ms=700, spill_after_ms=200, queue_max=50))

    def __post_init__(self) -> None:
        self.changed = threading.Condition()
        self.presenter = Presenter(
            self.station.config, self.station.clock, lambda: ScannerText(Line("screen.scanner.ready"), ok=True), None
        )
        self.views: list[View] = []
        self.view: View
        self.told: list[Told] = []
        self.captured = 0
        self.waiting = 0
        self.faults = 0
        self.front = Front(
            lambda ledger: desk_of(self.station, ledger), self.station.clock, self.station.config.keys, 600,
            self._publish, self._tell,
        )  # fmt: skip
        self.consumer = Consumer(
            lambda: open_ledger(self.station), self.front, intake_of(self.station), self.station.clock, self.bounds
        )
        self.front.submit = self.consumer.submit
        self.front.retry = self.consumer.retry

    def _publish(self, front: Front) -> None:
        view = self.presenter.view(front)
        with self.changed:
            self.view = view
            self.views.append(view)
            self.captured, self.waiting = front.shown.captured, front.shown.waiting
            self.faults += front.shown.fault is not None
            self.changed.notify_all()

    def _tell(self, told: Told) -> None:
        with self.changed:
            self.told.append(told)
            self.changed.notify_all()

    def wait_for(self, true: object) -> None:
        with self.changed:
            assert callable(true)
            assert self.changed.wait_for(true, PATIENCE_S)

    def scan(self, text: str) -> bool:
        return self.consumer.submit(raw_scan(self.station, text))


class Gate:
    """Holds the ledger thread until it is opened, as a slow disk would."""

    def __init__(self, watched: Watched) -> None:
        self._entered = threading.Event()
        self._opened = threading.Event()
        watched.consumer.post(self._hold)
        assert self._entered.wait(PATIENCE_S)

    def _hold(self) -> None:
        self._entered.set()
        assert self._opened.wait(PATIENCE_S)

    def open(self) -> None:
        self._opened.set()


def raw_scan(station: Station, text: str) -> RawScan:
    wall_ms = round(station.clock.now().timestamp() * 1000)
    return scan_of_text(text, source="virtual", monotonic_ns=station.clock.monotonic_ns(), wall_ms=wall_ms)
