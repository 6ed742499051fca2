"""The standard streams of a real process: closed, full, or read by somebody who has enough."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.terminal.floor import make_demo_home

if TYPE_CHECKING:
    from collections.abc import Callable

Ran = subprocess.CompletedProcess[str]
SCANNER = Path(sys.executable).parent / "scanner"
FULL = Path("/dev/full")
REPLAYED = 300


@pytest.fixture(scope="module")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo_home(tmp_path_factory.mktemp("streams"))


@pytest.fixture
def sh(demo_home: Path, tmp_path: Path) -> Callable[..., Ran]:
    """Runs a line of shell in which `scanner` is the installed command; its exit code, output and errors."""
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)

    def run(line: str, **environment: str) -> Ran:
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", line.replace("scanner ", f"{SCANNER} ")],
            capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path,
            env={**os.environ, "SCANNER_HOME": str(home), **environment},
        )  # fmt: skip

    return run


@pytest.mark.parametrize(
    "line",
    [
        "scanner stock | head -1",
        "scanner stock --json | head -1",
        "scanner ledger export | head -1",
        "scanner trace --gtin 09521001000116 --lot A11Z | true",
        "scanner --help | true",
        "scanner --version | true",
        "yes '\"LOC-1\"' | head -100000 | scanner parse | head -1",
    ],
)
def test_a_reader_that_has_enough_is_no_fault(line: str, sh: Callable[..., Ran]) -> None:
    ran = sh(f"{line}; exit ${{PIPESTATUS[-2]}}")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_replay_is_played_to_its_end_whoever_listens(sh: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "lines").write_text('{"scan": "LOC-1"}\n' * REPLAYED, "utf-8")
    assert sh("scanner replay lines | head -1 > told").stderr == ""
    counted = json.loads(sh("scanner outbox --json").stdout)["pending"]
    sh("scanner replay lines")
    assert json.loads(sh("scanner outbox --json").stdout)["pending"] == counted + REPLAYED


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("scanner stock >&-", 0),
        ("scanner ledger verify --json >&-", 0),
        ("scanner --help >&-", 0),
        ("scanner parse <&-", 0),
        ("scanner parse --raw <&- >&- 2>&-", 0),
        ("scanner replay - <&-", 0),
        ("scanner devices simulate <&-", 0),
        ("scanner stock --status expired 2>&-", 2),
        ("scanner stock --nothing 2>&-", 2),
        ("scanner trace --sscc 095210010000090018 2>&- >&-", 1),
    ],
)
def test_a_closed_stream_changes_no_answer(line: str, code: int, sh: Callable[..., Ran]) -> None:
    ran = sh(line)
    assert ran.returncode == code
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_does_not_hold_is_exit_1_also_where_nobody_reads_it(
    unbuffered: str, sh: Callable[..., Ran], tmp_path: Path
) -> None:
    (tmp_path / "home" / "ledger.db").write_bytes(b"no ledger")
    for command in ("ledger verify", "doctor"):
        ran = sh(f"scanner {command} | true; exit ${{PIPESTATUS[0]}}", PYTHONUNBUFFERED=unbuffered)
        assert ran.returncode == 1
        assert sh(f"scanner {command} >&-").returncode == 1


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", ["stock", "stock --json", "ledger verify", "doctor --json", "--help", "--version"])
def test_an_answer_that_cannot_be_written_is_exit_3(command: str, sh: Callable[..., Ran]) -> None:
    ran = sh(f"scanner {command} > {FULL}", PYTHONUNBUFFERED="")
    assert ran.returncode == 3
    assert ran.stderr == "scanner: standard output cannot be written: No space left on device.\n"


def test_answers_are_utf_8_whatever_the_locale(sh: Callable[..., Ran], tmp_path: Path) -> None:
    lines = [{"sign_in": "USR-1006.dmGTq8z88nhqrDbd", "pin": "6047"}, {"scan": "\ud800"}]
    (tmp_path / "lines").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    ran = sh("scanner replay lines", PYTHONIOENCODING="ascii")
    assert ran.returncode == 0
    assert [json.loads(line)["result"] for line in ran.stdout.split("\n") if line] == ["accepted", "refused"]
    assert "Dvořák" in ran.stdout


def test_bytes_that_are_no_utf_8_are_a_scan_that_is_answered(sh: Callable[..., Ran]) -> None:
    ran = sh(r"printf '\xef\xbb\xbf\xff\n' | scanner parse --raw")
    assert (ran.returncode, json.loads(ran.stdout)["ok"]) == (0, True)
    ran = sh(r"printf '\xff\n' | scanner replay -")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("scanner: REPLAY_LINE: line 1: is no JSON: ")
