"""A real handheld for system tests: `scanner run` in a child process on a pty, with a virtual scanner on another pty.

Nothing is faked: the product's own command, its own configuration file, a real ledger, and tones heard as BEL
characters in the terminal's output.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from devices.simulator import VirtualScanner

SCANNER = Path(sys.executable).with_name("scanner")
PATIENCE_S = 60.0
BELL = b"\x07"
COMMAND_TO_TERMINAL = re.compile(rb"\x1b\][^\x07]*\x07")
CONFIG = """
[site]
name = "Test"

[device]
id = "DEMO-1"

[sound]
adapter = "bell"

[[scanner]]
name = "dock"
port = "{port}"
commissioned = true
"""


def command(*arguments: str, home: Path, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a `scanner` command on a home."""
    environment = {**os.environ, "SCANNER_HOME": str(home)}
    return subprocess.run(
        [SCANNER, *arguments], input=given, capture_output=True, text=True, check=False, env=environment,
        timeout=PATIENCE_S * 5,
    )  # fmt: skip


def demo_home(folder: Path, now: str) -> Path:
    """A home with the demonstration site, whose scanner is the virtual one beside it."""
    home = folder / "home"
    made = command("init", "--demo", "--now", now, home=home)
    assert made.returncode == 0, made.stderr
    (home / "config.toml").write_text(CONFIG.format(port=folder / "scanner"), "utf-8")
    return home


class Handheld:
    """One running `scanner run`; its output is read all the time. `now` empty: at the machine's own time.

    `command`: what is run on the pty instead of it.
    """

    def __init__(
        self, home: Path, now: str = "", size: tuple[int, int] = (40, 20), command: Sequence[str] = ()
    ) -> None:
        self._home = home
        self._command = list(command) or [str(SCANNER), "run", *(("--now", now) if now else ())]
        self._size = size
        self._heard = threading.Condition()
        self._hung_up = False
        self.output = bytearray()
        self._pid = 0

    def __enter__(self) -> Self:
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            environment = {**os.environ, "SCANNER_HOME": str(self._home), "TERM": "xterm-256color"}
            os.execvpe(self._command[0], self._command, environment)  # noqa: S606 - no shell is wanted
        columns, rows = self._size
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _read(self) -> None:
        while not self._hung_up:
            try:
                ready, _, _ = select.select([self._fd], [], [], 0.2)
                if not ready:
                    continue
                got = os.read(self._fd, 65536)
            except (OSError, ValueError):
                return
            if not got:
                return
            with self._heard:
                self.output += got
                self._heard.notify_all()

    @property
    def bells(self) -> int:
        """The tones heard so far; a BEL that only ends an operating-system command is none."""
        with self._heard:
            return COMMAND_TO_TERMINAL.sub(b"", bytes(self.output)).count(BELL)

    def await_text(self, text: str, since: int = 0) -> None:
        """Returns when the text has been painted in one piece; fails after the patience."""
        with self._heard:
            found = self._heard.wait_for(lambda: text.encode() in self.output[since:], PATIENCE_S)
        assert found, f"{text!r} was never painted: {bytes(self.output[-3000:])!r}"

    def type(self, keys: str) -> None:
        """Keys typed by a person: one at a time, slower than any scanner."""
        for key in keys:
            os.write(self._fd, key.encode())
            time.sleep(0.07)

    def send(self, keys: str) -> None:
        """Keys at once: as fast as a scanner that types, a remote terminal, or a hand that knows its PIN."""
        os.write(self._fd, keys.encode())

    def kill(self) -> None:
        """kill -9, and the child reaped."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0
            self.hang_up()

    def hang_up(self) -> None:
        """The terminal goes away under the program."""
        if not self._hung_up:
            self._hung_up = True
            self._reader.join(PATIENCE_S)
            os.close(self._fd)

    def signal(self, number: signal.Signals) -> None:
        """Sends the child a signal."""
        os.kill(self._pid, number)

    def ended(self, patience_s: float = PATIENCE_S) -> int:
        """The exit code of the child that ends by itself; fails after the patience."""
        found: list[int] = []

        def is_over() -> bool:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            found.append(status)
            return pid != 0

        wait_until(is_over, "the program's end", patience_s)
        self._pid = 0
        return os.waitstatus_to_exitcode(found[-1])


def wait_until(true: object, what: str, patience_s: float = PATIENCE_S) -> None:
    """Polls until a callable gives something true."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if callable(true) and true():
            return
        time.sleep(0.05)
    message = f"{what} did not happen within {patience_s:.0f} s"
    raise AssertionError(message)


def verified(home: Path) -> dict[str, object]:
    """What `scanner ledger verify` says; it must hold."""
    ran = command("ledger", "verify", home=home)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found: dict[str, object] = json.loads(ran.stdout)
    assert found["ok"] is True
    return found


def plugged(folder: Path) -> VirtualScanner:
    """The virtual scanner behind the name that `demo_home` configures."""
    return VirtualScanner(link=folder / "scanner")
