r"""A virtual scanner: one end of a pseudo-terminal that sends what a real scanner would.

Scans come from code (`VirtualScanner.scan`), from a file or from typed lines (`run_simulator`).

>>> list(scans_of(['"]d2010950600013435210A1\\u001d21X"', '{"scan": "LOC1"}', "", "10A1<GS>21X"]))
[']d2010950600013435210A1\x1d21X', 'LOC1', '10A1\x1d21X']
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import pty
import re
import select
import struct
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from devices.scan import GROUP_SEPARATOR

PER_SECOND_MAX: Final = 1000.0
"""The highest rate that is paced; 0 sends as fast as the reader takes it."""

WRITE_POLL_MS: Final = 100
"""How often a full line is looked at again: a wake-up of the other end may be missed, a request to stop must not."""

SETTLE_SECONDS: Final = 0.05
"""How long the kernel may take to hand written bytes from one end to the other."""

_TIOCGEXCL: Final = 0x80045440  # Linux: is this terminal opened exclusively; the termios module has no name for it
_ESCAPE: Final = re.compile(r"\\u([0-9A-Fa-f]{4})")


class ScanFileError(ValueError):
    """A line that holds no scan; `line` counts from 1, `code` is stable."""

    def __init__(self, line: int, problem: str) -> None:
        """Name the line and say what is wrong with it."""
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.code = "SCAN_FILE_INVALID"


class ReaderAbsentError(Exception):
    """Nobody took the scan in time: the line is full, or the virtual scanner is unplugged."""

    code = "READER_ABSENT"


class VirtualScanner:
    """A pseudo-terminal whose readable end is at `path`; with `link`, a stable name that points to it.

    The readable end is raw and without echo from the start, and what is sent before a reader comes waits in the kernel
    (about 20 kB), as does what is sent while the reader is away. `unplug` takes the device away and `plug` brings a
    new one behind the same link.
    """

    def __init__(self, *, link: Path | None = None, terminator: bytes = b"\r") -> None:
        """Plug the scanner in; an old symbolic link at `link` is replaced, anything else there is FileExistsError."""
        self._link = link
        self._terminator = terminator
        self._controller = self._terminal = -1
        self._terminal_path = ""
        self.plug()

    @property
    def path(self) -> str:
        """Give the path to open: the link if there is one, else the terminal itself."""
        return str(self._link) if self._link else self._terminal_path

    @property
    def plugged(self) -> bool:
        """Say whether the device is there."""
        return self._controller >= 0

    def plug(self) -> None:
        """Make the terminal and point the link at it; nothing happens if it is plugged in."""
        if self.plugged:
            return
        self._controller, self._terminal = pty.openpty()
        os.set_blocking(self._controller, False)
        tty.setraw(self._terminal)
        self._terminal_path = os.ttyname(self._terminal)
        if self._link:
            try:
                _point(self._link, self._terminal_path)
            except OSError:
                self._hang_up()
                raise

    def unplug(self) -> None:
        """Take the device away; what the reader has not read yet is lost, as with a real one."""
        if not self.plugged:
            return
        if self._link and self._link.is_symlink() and str(self._link.readlink()) == self._terminal_path:
            self._link.unlink()
        self._hang_up()

    def scan(self, text: str, *, patience_s: float = 10.0) -> None:
        """Send one scan with its terminator; see `send`. Characters above U+007F travel as UTF-8."""
        self.send(text.encode("utf-8", "surrogatepass") + self._terminator, patience_s=patience_s)

    def send(self, payload: bytes, *, patience_s: float = 10.0, stop: threading.Event | None = None) -> None:
        """Send exact bytes; while the line is full, wait for a reader.

        Raises `ReaderAbsentError` after `patience_s`, when `stop` is set meanwhile, or if the scanner is unplugged.
        """
        end_s = time.monotonic() + patience_s
        while payload:
            if not self.plugged:
                message = "the virtual scanner is unplugged"
                raise ReaderAbsentError(message)
            try:
                payload = payload[os.write(self._controller, payload) :]
            except BlockingIOError:
                self._await_room(end_s, stop)

    def free_stale_lock(self) -> bool:
        """Take back the exclusive mark of a reader that was killed; without this nobody but root could open it again.

        Gives True if there was one. A living reader holds an flock beside the mark, so it is never touched.
        """
        if not self.plugged or not _is_exclusive(self._terminal):
            return False
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self._terminal, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.ioctl(self._terminal, termios.TIOCNXCL)
            fcntl.flock(self._terminal, fcntl.LOCK_UN)
            return True
        return False

    def unread(self) -> int:
        """Give the number of bytes at the terminal that no reader has taken."""
        room = bytearray(4)
        fcntl.ioctl(self._terminal, termios.TIOCINQ, room)
        return int(struct.unpack("i", room)[0])

    def __enter__(self) -> Self:
        """Give the scanner itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Unplug it."""
        self.unplug()

    def _await_room(self, end_s: float, stop: threading.Event | None) -> None:
        """Wait a moment for the reader to take something; raises `ReaderAbsentError` when there is no more patience."""
        if time.monotonic() >= end_s or (stop is not None and stop.is_set()):
            message = f"nobody reads {self.path}"
            raise ReaderAbsentError(message)
        self.free_stale_lock()
        poller = select.poll()
        poller.register(self._controller, select.POLLOUT)
        poller.poll(WRITE_POLL_MS)

    def _hang_up(self) -> None:
        """Close both ends."""
        os.close(self._terminal)
        os.close(self._controller)
        self._controller = self._terminal = -1


def scans_of(lines: Iterable[str]) -> Iterator[str]:
    """Give the scan on each line, blank lines left out. Raises `ScanFileError` naming the line."""
    for number, line in enumerate(lines, start=1):
        text = line.rstrip("\r\n")
        if text.strip(" \t"):
            yield scan_of_line(text, number)


def scan_of_line(text: str, number: int) -> str:
    r"""Give the scan on a line without its line end: a JSON string, an object with the key `scan`, or plain text.

    In plain text `<GS>` and escapes of the form \u001d stand for characters. Raises `ScanFileError` with `number`.
    """
    return _from_json(text, number) if text.startswith(('"', "{")) else _from_plain(text)


def run_simulator(  # noqa: PLR0913 - what the command offers, each with its meaning
    lines: Iterable[str],
    *,
    say: Callable[[str], None],
    per_second: float = 0.0,
    link: Path | None = None,
    terminator: bytes = b"\r",
    stop: threading.Event | None = None,
    stay: bool = False,
) -> int:
    """Play `lines` (a file, or standard input) as scans, and give how many were sent.

    The path is said first. `per_second` paces them (0: as fast as they are read). At the end the scanner waits until
    the reader has taken everything and, with `stay`, until `stop` is set. Raises `ScanFileError` and ValueError.
    """
    if not 0 <= per_second <= PER_SECOND_MAX:
        message = f"per_second: {per_second!r} is not a number from 0 to {PER_SECOND_MAX:g}"
        raise ValueError(message)
    stopped = stop or threading.Event()
    with VirtualScanner(link=link, terminator=terminator) as scanner:
        say(scanner.path)
        sent = _play(scanner, scans_of(lines), per_second, terminator, stopped)
        while not stopped.wait(SETTLE_SECONDS) and (stay or scanner.unread()):
            scanner.free_stale_lock()
    return sent


def _play(
    scanner: VirtualScanner, scans: Iterator[str], per_second: float, terminator: bytes, stopped: threading.Event
) -> int:
    """Send scans at an even rate that does not drift, until there are no more or `stopped` is set."""
    sent = 0
    due_s = time.monotonic()
    for text in scans:
        if stopped.wait(max(0.0, due_s - time.monotonic())):
            break
        scanner.free_stale_lock()
        try:
            scanner.send(text.encode("utf-8", "surrogatepass") + terminator, patience_s=float("inf"), stop=stopped)
        except ReaderAbsentError:
            break
        sent += 1
        due_s = max(due_s + 1 / per_second, time.monotonic() - 1) if per_second else 0.0
    return sent


def _from_json(text: str, number: int) -> str:
    """Give the scan of a JSON line."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        problem = f"no JSON ({error})"
        raise ScanFileError(number, problem) from error
    scan = parsed.get("scan") if isinstance(parsed, dict) else parsed
    if not isinstance(scan, str):
        problem = 'neither a JSON string nor an object with a text under "scan"'
        raise ScanFileError(number, problem)
    return scan


def _from_plain(text: str) -> str:
    """Give the scan of a plain line."""
    unescaped = _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), text)
    return unescaped.replace("<GS>", GROUP_SEPARATOR)


def _point(link: Path, target: str) -> None:
    """Point the symbolic link at the terminal in one step, replacing an older link but nothing else."""
    if link.exists() and not link.is_symlink():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(link))
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def _is_exclusive(terminal: int) -> bool:
    """Say whether the terminal refuses further openings."""
    mark = bytearray(4)
    fcntl.ioctl(terminal, _TIOCGEXCL, mark)
    return bool(struct.unpack("i", mark)[0])
