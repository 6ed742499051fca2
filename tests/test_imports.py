"""Start-up stays lazy: which libraries are loaded when, looked at in processes of their own.

Eager imports of heavy libraries more than double the time to the first paint and the memory of a handheld (design). The
import rules in pyproject.toml show who may import what; only a running process shows when.
"""

from __future__ import annotations

import importlib.util
import json
import os
import pty
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = frozenset(
    {
        "PIL",
        "argon2",
        "cryptography",
        "evdev",
        "httpcore",
        "httpx",
        "rich",
        "serial",
        "sqlite_utils",
        "textual",
        "zstandard",
        "zxingcpp",
    }
)
"""What a command that only answers `--help` must not load."""

AFTER_THE_FIRST_PAINT = frozenset({"PIL", "evdev", "httpcore", "httpx", "sqlite_utils", "zxingcpp"})
"""What the screen must not wait for."""

NEVER = frozenset(
    {
        "biip", "hypothesis", "msgspec", "prometheus_client", "pydantic", "pytest", "sqlalchemy", "starlette",
        "structlog", "uvicorn",
    }
)  # fmt: skip
"""What has no place on a handheld at all."""

OF_THE_CENTRE = frozenset({"msgspec", "prometheus_client", "starlette", "structlog", "uvicorn"})
"""What is installed for the centre; no handheld process loads it."""

HOMES_OF_THE_HEAVY = frozenset({"sync.download", "sync.enrolment", "sync.line", "sync.packing", "sync.transport"})
"""Modules that are loaded only when there is a centre to talk to."""

START_SECONDS_MAX = 60.0


def environment(**more: str) -> dict[str, str]:
    """This process's environment without what coverage adds to every child: it loads libraries of its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COV")} | more


def loaded_by(code: str) -> set[str]:
    """The top-level modules that are loaded when `code` has run in an interpreter of its own."""
    report = "import json as _json, sys as _sys\n_sys.stderr.write('\\nLOADED ' + _json.dumps(list(_sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=START_SECONDS_MAX,
        env=environment(),
    )
    assert run.returncode == 0, run.stderr[-2000:]
    names: list[str] = json.loads(run.stderr.rpartition("LOADED ")[2])
    return {name.partition(".")[0] for name in names}


def calling_main(*arguments: str) -> str:
    """Code that calls the entry point as the installed command does, and goes on after it."""
    return (
        f"import sys\nsys.argv = {['scanner', *arguments]!r}\n"
        "from scanner_app.__main__ import main\n"
        "try:\n    code = main()\nexcept SystemExit as end:\n    code = end.code\n"
        "assert not code, code"
    )


def test_the_report_sees_what_is_loaded() -> None:
    assert "serial" in loaded_by("import serial")
    assert HEAVY & loaded_by("pass") == set()


@pytest.mark.parametrize("module", ["scanner_app.cli", "scanner_app.__main__"])
def test_the_command_line_is_light(module: str) -> None:
    assert (HEAVY | NEVER) & loaded_by(f"import {module}") == set()


def test_help_is_light() -> None:
    assert (HEAVY | NEVER) & loaded_by(calling_main("--help")) == set()


@pytest.mark.parametrize(
    "module",
    ["scanner_app.domain", "scanner_app.workflows", "scanner_app.phrases", "scanner_app.store", "devices", "sync"],
)
def test_the_core_needs_nothing_beside_the_standard_library(module: str) -> None:
    """Every module of the package, imported; what is heavy stands inside the functions that use it, or in its home."""
    every = (
        f"import importlib, pkgutil, {module}\n"
        f"for found in pkgutil.walk_packages({module}.__path__, '{module}.'):\n"
        f"    if found.name not in {sorted(HOMES_OF_THE_HEAVY)!r}:\n"
    )
    assert (HEAVY | NEVER) & loaded_by(f"{every}        importlib.import_module(found.name)") == set()


def test_the_application_is_built_without_what_can_wait() -> None:
    """Importing the whole of the screen's side; Textual is loaded, nothing that can wait is."""
    loaded = loaded_by("import scanner_app.bootstrap.terminal, scanner_app.app")
    assert "textual" in loaded
    assert (AFTER_THE_FIRST_PAINT | NEVER) & loaded == set()


RUN_AND_TELL = """
import os, sys
told = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
sys.addaudithook(lambda event, of: os.write(told, f"{of[0]}\\n".encode()) if event == "import" else None)
sys.argv = ["scanner", "run"]
from scanner_app.__main__ import main
main()
"""
"""`scanner run` in a process that writes down the name of each module it is about to load."""


def painted_with(home: Path, told: Path) -> set[str]:
    """Run `scanner run` on a terminal until it paints; give the top-level modules it loaded on the way."""
    told.touch()
    master, slave = pty.openpty()
    screen = subprocess.Popen(
        [sys.executable, "-c", RUN_AND_TELL, str(told)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env=environment(SCANNER_HOME=str(home), TERM="xterm-256color", COLUMNS="40", LINES="20"),
    )
    os.close(slave)
    try:
        painted, seen = read_until_painted(master)
    finally:
        screen.kill()
        screen.wait()
        os.close(master)
    assert painted, f"nothing was painted; the last words were: {seen[-2000:]!r}"
    return {name.partition(".")[0] for name in told.read_text("utf-8").split("\n")}


def read_until_painted(master: int) -> tuple[bool, bytes]:
    """Read the terminal until the alternate screen is on and has got its first rows; False if that never came."""
    seen = b""
    end = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < end:
        ready, _, _ = select.select([master], [], [], 1.0)
        if not ready:
            continue
        try:
            seen += os.read(master, 65_536)
        except OSError:  # the other side is closed: the program has ended
            break
        if len(seen.partition(b"\x1b[?1049h")[2]) > 2_000:
            return True, seen
    return False, seen


def test_the_first_paint_waits_for_nothing_that_can_wait(tmp_path: Path) -> None:
    home = tmp_path / "home"
    subprocess.run(
        [sys.executable, "-m", "scanner_app", "init", "--demo"],
        check=True,
        capture_output=True,
        timeout=START_SECONDS_MAX,
        env=environment(SCANNER_HOME=str(home)),
    )
    loaded = painted_with(home, tmp_path / "imports.txt")
    assert "textual" in loaded
    assert (AFTER_THE_FIRST_PAINT | NEVER) & loaded == set()


@pytest.mark.parametrize("name", sorted(NEVER - OF_THE_CENTRE - {"biip", "hypothesis", "pytest"}))
def test_what_a_handheld_never_needs_is_not_even_installed(name: str) -> None:
    assert importlib.util.find_spec(name) is None
