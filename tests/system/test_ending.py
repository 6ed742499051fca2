"""The terminal goes away, or the program is asked to end: it ends in order, and nothing of it is left."""

from __future__ import annotations

import shlex
import signal
from typing import TYPE_CHECKING

import pytest

from scanner_app.demo.labels import place_scan
from tests.system.handheld import SCANNER, Handheld, demo_home, plugged, verified, wait_until
from tests.system.test_floor import scanned

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TODAY = "2026-11-22"
END_SECONDS_MAX = 20.0
DEMO = [str(SCANNER), "run", "--demo", "--now", TODAY]


def hangs_up(handheld: Handheld) -> None:
    handheld.hang_up()


def is_hung_up_on(handheld: Handheld) -> None:
    handheld.signal(signal.SIGHUP)


def is_terminated(handheld: Handheld) -> None:
    handheld.signal(signal.SIGTERM)


ENDS = pytest.mark.parametrize("end", [hangs_up, is_hung_up_on, is_terminated])


@ENDS
def test_the_demonstration_leaves_no_folder_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: Callable[[Handheld], None]
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Handheld(tmp_path / "none", TODAY, command=DEMO) as handheld:
        handheld.await_text("F12 scan")
        wait_until(lambda: list(tmp_path.glob("scanner-demo-*/ledger.db")), "the throw-away home")
        end(handheld)
        assert handheld.ended(END_SECONDS_MAX) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_that_goes_away_under_a_program_that_nobody_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under make: the session's leader gets the hang-up and goes on waiting; the screen could read for ever."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    code = tmp_path / "code"
    script = f"trap : HUP; {shlex.join(DEMO)}; echo $? > {shlex.quote(str(code))}"
    with Handheld(tmp_path / "none", TODAY, command=["sh", "-c", script]) as handheld:
        handheld.await_text("F12 scan")
        handheld.hang_up()
        wait_until(lambda: code.is_file() and code.read_text("ascii"), "the program's end", END_SECONDS_MAX)
    assert code.read_text("ascii") == "0\n"
    assert [path.name for path in tmp_path.iterdir()] == ["code"]


@ENDS
def test_what_was_scanned_is_saved_and_the_ledger_closed(tmp_path: Path, end: Callable[[Handheld], None]) -> None:
    home = demo_home(tmp_path, TODAY)
    labels = [place_scan(f"A-01-{number}") for number in range(1, 5)] * 10
    with plugged(tmp_path) as scanner, Handheld(home, TODAY) as handheld:
        handheld.await_text("scan your badge")
        scanner.send("".join(f"{label}\r" for label in labels).encode())
        wait_until(lambda: handheld.bells > 0, "the first scan saved")
        wait_until(lambda: scanner.unread() == 0, "the line read")
        end(handheld)
        assert handheld.ended(END_SECONDS_MAX) == 0
    assert not (home / "ledger.db-wal").exists(), "the last connection that closes takes it along"
    assert scanned(home) == labels
    verified(home)
