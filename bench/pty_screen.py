"""A program on a pseudo-terminal: what it paints and when, and how much memory it takes."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

COLUMNS = 40
ROWS = 20
CHUNK_BYTES = 65536
END_TIMEOUT_S = 5.0
KIB_A_MIB = 1024
ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_].*?\x1b\\|[@-Z\\-_]|[ -/]+[0-~])")
"""Control sequences (ECMA-48): CSI, OSC, the other strings, and two-character escapes."""


class ScreenTimeoutError(Exception):
    """The awaited output did not come; the message holds the end of what did."""


def visible(output: bytes) -> bytes:
    """The printable characters of terminal output, without control sequences and white space."""
    return b"".join(ESCAPE.sub(b"", output).split())


class PtyScreen:
    """Runs a command on a pseudo-terminal of 40×20 characters; a context manager that ends it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.started_ns = time.perf_counter_ns()
        self._process = subprocess.Popen(
            list(command), stdin=slave, stdout=slave, stderr=slave, env=dict(environment), start_new_session=True
        )
        os.close(slave)

    def __enter__(self) -> Self:
        """The running program."""
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        """Asks it to end, then makes it."""
        self._process.terminate()
        try:
            self._process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._master)

    @property
    def pid(self) -> int:
        """The program's process id."""
        return self._process.pid

    def type(self, keys: bytes) -> None:
        """Sends keys as a keyboard would."""
        os.write(self._master, keys)

    def read_until(self, wanted: Callable[[bytes], bool], timeout_s: float) -> tuple[bytes, int]:
        """Reads output until `wanted` says yes of all that came since the call; that output, and when it was complete.

        Raises ScreenTimeoutError when it did not come in time or the program has ended.
        """
        output = b""
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self._master], [], [], left)[0]:
                break
            try:
                output += os.read(self._master, CHUNK_BYTES)
            except OSError:
                break
            if wanted(output):
                return output, time.perf_counter_ns()
        raise ScreenTimeoutError(f"not painted within {timeout_s} s; last: {visible(output)[-200:]!r}")

    def drain(self, quiet_s: float) -> bytes:
        """Reads until nothing has come for `quiet_s` seconds; what came."""
        output = b""
        while select.select([self._master], [], [], quiet_s)[0]:
            try:
                output += os.read(self._master, CHUNK_BYTES)
            except OSError:
                break
        return output

    def resident_mib(self) -> float:
        """Resident memory of the program and all its children, in MiB."""
        return sum(_resident_kib(process) for process in _family(self.pid)) / KIB_A_MIB


def _family(pid: int) -> list[int]:
    """A process and its descendants."""
    tasks = Path(f"/proc/{pid}/task")
    children = [int(child) for task in tasks.iterdir() for child in (task / "children").read_text("ascii").split()]
    return [pid] + [member for child in children for member in _family(child)]


def _resident_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found.group(1))
