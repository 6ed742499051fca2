"""A worker's session in a real terminal (tmux, 40×20), read from the screen as the worker reads it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import date
from typing import TYPE_CHECKING, Self

import pytest

from scanner_app.demo.labels import badge_scan, command_scan, container_scan, document_scan, expected_scan, place_scan
from scanner_app.demo.site import DemoSite, load_demo
from tests.system.handheld import SCANNER, command, demo_home, plugged, verified, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devices.simulator import VirtualScanner

TODAY = date(2026, 11, 22)
COLUMNS, ROWS = 40, 20


class Tmux:
    """`scanner run` in a tmux server of its own; `now` empty: at the machine's own time."""

    def __init__(self, home: Path, now: str = TODAY.isoformat()) -> None:
        self._home = home
        self._run = f"{SCANNER} run --now {now}" if now else f"{SCANNER} run"
        self._socket = str(home.parent / "tmux")
        program = shutil.which("tmux")
        assert program is not None, "tmux is missing: make test-system installs it"
        self._program = program

    def _tmux(self, *arguments: str) -> str:
        ran = subprocess.run(
            [self._program, "-S", self._socket, *arguments], capture_output=True, text=True, check=True,
            env={**os.environ, "SCANNER_HOME": str(self._home), "TERM": "xterm-256color"},
        )  # fmt: skip
        return ran.stdout

    def __enter__(self) -> Self:
        size = ("-x", str(COLUMNS), "-y", str(ROWS))
        self._tmux("-f", "/dev/null", "new-session", "-d", "-s", "floor", *size, self._run)
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([self._program, "-S", self._socket, "kill-server"], check=False, capture_output=True)

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p", "-t", "floor")

    def shows(self, *texts: str) -> None:
        """Waits until all the texts stand on the screen."""
        wait_until(lambda: all(text in self.screen() for text in texts), f"{texts} on the screen:\n{self.screen()}")

    def press(self, *keys: str) -> None:
        for key in keys:
            self._tmux("send-keys", "-t", "floor", key)
            subprocess.run(["sleep", "0.08"], check=True)


@pytest.fixture
def site() -> DemoSite:
    return load_demo(TODAY)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return demo_home(tmp_path, TODAY.isoformat())


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[VirtualScanner]:
    with plugged(tmp_path) as virtual:
        yield virtual


def stock_lines(home: Path, *filters: str) -> list[dict[str, object]]:
    asked = command("stock", "--json", "--serials", "--now", TODAY.isoformat(), *filters, home=home)
    assert asked.returncode == 0, asked.stderr
    return [json.loads(line) for line in asked.stdout.split("\n") if line]


def test_a_receivers_first_hour(home: Path, scanner: VirtualScanner, site: DemoSite) -> None:
    ana = site.operator("USR-1001")
    pallets, loose = site.document("ASN-1001"), site.document("ASN-1002")
    packs = [unit for unit in loose.units if unit.lot == "N31"]
    expired = next(unit for unit in loose.units if unit.lot == "N08")
    with Tmux(home) as tmux:
        tmux.shows("scan your badge", "no centre yet")
        scanner.scan(badge_scan(ana))
        tmux.shows("type your PIN")
        tmux.press(*ana.pin, "Enter")
        tmux.shows("MENU", "RECEIVE", "Ana Moreno")
        scanner.scan(document_scan("ASN-1001"))
        tmux.shows("RECEIVE  ASN-1001", "0 of 96")
        scanner.scan(container_scan(pallets.containers[0].id))
        tmux.shows("OK", "48 waiting", "Amoxidem", "PALLET (00)", "F4 Accept")
        scanner.scan(command_scan("ACCEPT_REST"))
        tmux.shows("48 taken by sealed parents", "48 of 96")
        tmux.press("F3")
        tmux.shows("MENU")
        scanner.scan(document_scan("ASN-1002"))
        for number, pack in enumerate(packs[:3], start=1):
            scanner.scan(expected_scan(pack))
            tmux.shows(f"{number} of 35", pack.serial)
        scanner.scan(expected_scan(packs[0]))
        tmux.shows("already scanned")
        scanner.scan(expected_scan(expired))
        tmux.shows("STOP", "expired", expired.serial)
        tmux.press("F2")
        tmux.shows("taken back", "2 of 35")
        scanner.scan(command_scan("PUTAWAY"))
        tmux.shows("PUT AWAY")
        scanner.scan(container_scan(pallets.containers[0].id))
        tmux.shows("in hand")
        scanner.scan(place_scan("B-04-2"))
        tmux.shows("put into B-04-2")
        tmux.press("F8")
        tmux.shows("LOOK UP")
        scanner.scan(expected_scan(packs[0]))
        tmux.shows("DOCK-1  available", packs[0].serial)
        screen = tmux.screen()
    assert "scans 14 = saved 14" in screen
    verified(home)
    assert {(line["location"], line["quantity"]) for line in stock_lines(home, "--lot", "A12B")} == {("B-04-2", 12)}
    (dock,) = stock_lines(home, "--lot", "N31")
    assert (dock["location"], dock["quantity"]) == ("DOCK-1", 2)
    assert dock["serials"] == sorted([packs[0].serial, packs[1].serial])
    assert stock_lines(home, "--lot", "N08") == []


def test_the_screen_fits_every_size(home: Path) -> None:
    with Tmux(home) as tmux:
        tmux.shows("scan your badge")
        for columns, rows in ((30, 20), (26, 16), (80, 24)):
            tmux._tmux("resize-window", "-t", "floor", "-x", str(columns), "-y", str(rows))
            tmux.shows("scan your badge")
            lines = tmux.screen().split("\n")
            assert all(len(line) <= columns for line in lines)
