"""A PIN typed as fast as a scanner types, or pasted, in the real terminal: it signs in, and no file ever holds it."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest

from scanner_app.demo.labels import badge_scan
from scanner_app.demo.site import load_demo
from tests.system.handheld import Handheld, command, demo_home, plugged, verified, wait_until
from tests.system.test_floor import inbox, scanned
from tests.system.test_tmux import Tmux

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 22)
ANA = load_demo(TODAY).operator("USR-1001")
PASTE_BEGIN, PASTE_END = "\x1b[200~", "\x1b[201~"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return demo_home(tmp_path, TODAY.isoformat())


def assert_not_kept(home: Path, secret: str) -> None:
    """In no raw scan, in no entry's sentence, in no row of the inbox, in no line of the log."""
    assert not any(secret in text for text in [*scanned(home), *inbox(home)])
    exported = command("ledger", "export", home=home)
    assert exported.returncode == 0, exported.stderr
    assert json.loads(exported.stdout.split("\n")[0])
    logs = [path.read_text("utf-8") for path in (home / "log").glob("*")]
    assert logs
    assert not any(secret in log for log in logs)


@pytest.mark.parametrize("keys", [f"{ANA.pin}\r", f"{PASTE_BEGIN}{ANA.pin}{PASTE_END}", f"{ANA.pin}\n"])
def test_a_pin_at_once_signs_in(home: Path, tmp_path: Path, keys: str) -> None:
    with plugged(tmp_path) as scanner, Handheld(home, TODAY.isoformat()) as handheld:
        handheld.await_text("scan your badge")
        scanner.scan(badge_scan(ANA))
        handheld.await_text("type your PIN")
        handheld.send(keys)
        handheld.await_text("signed in: Ana Moreno")
    assert scanned(home) == [f"{ANA.id}#{scanned(home)[0].partition('#')[2]}"]
    assert_not_kept(home, ANA.pin)
    verified(home)


@pytest.mark.parametrize("keys", [f"{ANA.pin}\r", f"{PASTE_BEGIN}{ANA.pin}{PASTE_END}"])
def test_a_pin_before_the_badge_is_told_and_not_kept(home: Path, keys: str) -> None:
    with Handheld(home, TODAY.isoformat()) as handheld:
        handheld.await_text("scan your badge")
        handheld.send(keys)
        handheld.await_text("the badge first")
    assert scanned(home) == []
    assert_not_kept(home, ANA.pin)


def test_badge_and_pin_in_one_go_by_keys(home: Path) -> None:
    with Tmux(home) as tmux:
        tmux.shows("scan your badge")
        tmux._tmux("send-keys", "-t", "floor", ANA.badge, "Enter", ANA.pin, "Enter")
        tmux.shows("MENU", "Ana Moreno")
    wait_until(lambda: len(scanned(home)) == 1, "the badge's entry")
    assert_not_kept(home, ANA.pin)
    assert_not_kept(home, ANA.badge.partition(".")[2])
