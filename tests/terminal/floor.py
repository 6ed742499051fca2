"""A worker at the headless terminal of the demonstration site: real ledger, real front, real presenter, no threads."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from devices.scan import WEDGE, Ending, scan_of_text
from scanner_app.bootstrap import Station, desk_of, intake_of, open_ledger
from scanner_app.cli.init import Names, make_home
from scanner_app.clock import SettableClock
from scanner_app.config import Home, read_config
from scanner_app.demo.labels import badge_scan, command_scan, container_scan, document_scan, expected_scan, place_scan
from scanner_app.demo.site import load_demo
from scanner_app.domain.entry import EntryKind, decode_entry
from scanner_app.intake import replayed_scan
from scanner_app.store.export import exported_lines
from scanner_app.terminal.front import Front
from scanner_app.terminal.presenter import Presenter, ScannerText
from scanner_app.workflows.step import Line

if TYPE_CHECKING:
    from pathlib import Path

    from scanner_app.config import Config
    from scanner_app.domain.entry import Entry
    from scanner_app.intake import RawScan
    from scanner_app.store.ledger import Ledger
    from scanner_app.terminal.desk import Told
    from scanner_app.terminal.view import View

__all__ = ["Worker", "badge_scan", "command_scan", "container_scan", "document_scan", "expected_scan", "place_scan"]

TODAY = date(2026, 11, 22)
ANA = "USR-1001"
TOM = "USR-1004"


def make_demo_home(folder: Path) -> Path:
    make_home(Home(folder / "config.toml", folder), TODAY.isoformat(), Names(), demo=True)
    return folder


def entries_of(ledger: Ledger, *, opening: bool = False) -> list[Entry]:
    """Every entry that was made at work, oldest first: not those of the site's own loading, but where `opening` is."""
    stored = [line["bytes"] for line in exported_lines(ledger._connection) if line["type"] == "entry"]
    entries = [decode_entry(each) for each in stored if isinstance(each, bytes)]
    loading = {EntryKind.IMPORT, EntryKind.OPENING_BALANCE}
    return [entry for entry in entries if opening or entry.kind not in loading]


class Worker:
    """Scans, keys and typing, and what the screen would show."""

    def __init__(self, template: Path, folder: Path, config: Config | None = None) -> None:
        shutil.copytree(template, folder, dirs_exist_ok=True)
        self.home = Home(folder / "config.toml", folder)
        self.clock = SettableClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
        self.station = Station(self.home, config or read_config(self.home.config_path), self.clock)
        self.site = load_demo(TODAY)
        self.heard: list[Told] = []
        self.scanner = ScannerText(Line("screen.scanner.ready"), ok=True)
        self.start()

    def start(self) -> None:
        config = self.station.config
        self.presenter = Presenter(config, self.clock, lambda: self.scanner, None)
        self.front = Front(
            lambda ledger: desk_of(self.station, ledger), self.clock, config.keys,
            config.screen.idle_lock_minutes * 60, lambda _: None, self.heard.append,
        )  # fmt: skip
        self.front.submit = self._submit
        self.ledger = open_ledger(self.station)
        self.captured = self.ledger.counters().scans_saved
        self.front.take(self.ledger)

    def pull_the_battery(self) -> None:
        self.ledger.close()
        self.start()

    def _submit(self, raw: RawScan) -> None:
        self.captured += 1
        guard_ns = self.station.config.scan.guard_ms * 1_000_000
        confirms = raw.monotonic_ns >= self.front.prompt_shown_ns + guard_ns
        capture = intake_of(self.station).capture(raw)
        if self.front.is_answer(capture):
            self.captured -= 1
            self.front.answer(capture)
        else:
            self.front.scan(capture, confirms=confirms)

    def scan(self, text: str, after_ms: int = 1000) -> View:
        self.clock.advance(after_ms)
        wall_ms = round(self.clock.now().timestamp() * 1000)
        self._submit(replayed_scan(text, "virtual", self.clock.monotonic_ns(), wall_ms, commissioned=True))
        return self.view()

    def burst(self, text: str, ended_by: Ending = Ending.TERMINATOR) -> View:
        """Keys as quick as a scanner's, or a paste."""
        self.clock.advance(1000)
        wall_ms = round(self.clock.now().timestamp() * 1000)
        now_ns = self.clock.monotonic_ns()
        self._submit(scan_of_text(text, source=WEDGE, monotonic_ns=now_ns, wall_ms=wall_ms, ended_by=ended_by))
        return self.view()

    def press(self, *keys: str) -> View:
        for key in keys:
            self.clock.advance(100)
            self.front.press(key)
        return self.view()

    def type(self, text: str) -> View:
        self.front.type_text(text)
        return self.view()

    def sign_in(self, operator: str = ANA) -> View:
        person = self.site.operator(operator)
        self.scan(badge_scan(person))
        self.type(person.pin)
        return self.press("enter")

    def view(self) -> View:
        self.front.publish(self.captured, 0)
        return self.presenter.view(self.front)
