"""The demonstration's centre: a process of its own on a free port of this machine, gone with the demonstration."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from scanner_app.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sync.binding import Binding

CENTRE_FOLDER = "centre"
HOME = "SCANNER_SERVER_HOME"
LISTEN = "127.0.0.1:0"
ENDS_WITHIN_S = 10


def has_centre() -> bool:
    """Whether this installation has the centre's program beside the handheld's."""
    return find_spec("server") is not None and find_spec("uvicorn") is not None


@contextmanager
def demo_centre(folder: Path, now: str | None, device: str) -> Iterator[Binding]:
    """A centre with the demonstration site, and the home in `folder` bound to it. Raises SyncError NO_DEMO_CENTRE."""
    from sync.enrolment import Invitation, enrol  # noqa: PLC0415 - loads the network

    home = folder / CENTRE_FOLDER
    _run(home, "init", "--demo", *(("--now", now) if now else ()))
    with subprocess.Popen(
        _command("serve", "--listen", LISTEN), env=_environment(home), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as centre:  # fmt: skip
        try:
            url = centre.stdout.readline().strip() if centre.stdout is not None else ""
            if not url:
                raise _cannot("serve")
            code = _run(home, "enrol-code", "--device", device)
            yield enrol(folder, Invitation(url, code), version("scanner-app"))
        finally:
            centre.terminate()
            try:
                centre.wait(ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                centre.kill()


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "server", *arguments]


def _environment(home: Path) -> dict[str, str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith("SCANNER_SERVER_")}
    return {**others, HOME: str(home)}


def _run(home: Path, *arguments: str) -> str:
    """What a command of the centre prints."""
    done = subprocess.run(
        _command(*arguments), env=_environment(home), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise _cannot(arguments[0], done.stderr)
    return done.stdout.strip()


def _cannot(what: str, told: str = "") -> SyncError:
    said = told.strip().rpartition("\n")[2]
    return SyncError("NO_DEMO_CENTRE", f"the demonstration's centre did not {what}. {said}".rstrip())
