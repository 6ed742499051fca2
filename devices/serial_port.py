"""A scanner on a serial line: USB-CDC, RS-232, Bluetooth SPP, or a pseudo-terminal.

A thread waits in `poll` and reads whatever is there into the framer's own buffer. pyserial opens and configures the
line; its `readline` and `read_until` are never used, because they glue and split frames.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import random
import select
import termios
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from devices.decode import decode
from devices.discovery import account_name
from devices.framing import Frame, Framer
from devices.profile import UNPROVEN, ScannerProfile
from devices.reconnect import Backoff, Reconnect
from devices.scan import Ending
from devices.source import (
    Changed,
    Deliver,
    DeviceAbsent,
    DeviceBusy,
    DeviceDenied,
    DeviceError,
    DeviceUnfit,
    SourceState,
    SourceStatus,
)

if TYPE_CHECKING:
    import serial

READ_BYTES_MAX: Final = 4096
"""The most that is taken from the kernel at once; a terminal's own buffer holds as much."""

DRAIN_READS_MAX: Final = 16
"""How many more reads a stopping source makes for what the device had already sent."""

STOP_SECONDS_MAX: Final = 2.0
"""How long `stop` waits for the thread: only a callable that does not return can keep it."""

_NS_PER_MS: Final = 1_000_000
_ABSENT: Final = (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO, errno.ENOTDIR)
_BUSY: Final = (errno.EBUSY, errno.EAGAIN)
_DENIED: Final = (errno.EACCES, errno.EPERM)
_UNFIT: Final = (errno.ENOTTY, errno.EISDIR, errno.EINVAL, errno.ELOOP, errno.ENAMETOOLONG)


class SerialSource:
    """One serial scanner, opened exclusively and opened again whenever it comes back.

    `path` is kept as it is given: a name under /dev/serial/by-id finds the same scanner in another socket. Stamps are
    taken right after the read that completed a frame. A frame that was half sent when the device went away is
    delivered as cut, so that the loss is seen. Nothing that arrived before the line was opened is thrown away.
    """

    def __init__(  # noqa: PLR0913 - the ports of this adapter, each with its real default
        self,
        path: str,
        profile: ScannerProfile = UNPROVEN,
        *,
        name: str = "",
        backoff: Backoff | None = None,
        uniform: Callable[[], float] = random.random,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Remember what to open; nothing is touched before `start`."""
        self._path = path
        self._profile = profile
        self._name = name or f"serial:{path}"
        self._monotonic_ns = monotonic_ns
        self._wall_ns = wall_ns
        self._reconnect = Reconnect(backoff or Backoff(), uniform=uniform, now_ns=monotonic_ns)
        self._framer = Framer(profile)
        self._status = SourceStatus(self._name, SourceState.STOPPED)
        self._stopping = threading.Event()
        self._wake = os.pipe()
        self._thread: threading.Thread | None = None

    @property
    def name(self) -> str:
        """Give the stable name of the channel: `serial:` and the path, unless another was given."""
        return self._name

    @property
    def status(self) -> SourceStatus:
        """Give the state the source is in now."""
        return self._status

    def start(self, deliver: Deliver, changed: Changed) -> None:
        """Begin to read on a thread of its own; raises RuntimeError when called again."""
        if self._thread is not None or self._stopping.is_set():
            message = f"{self._name} was started before"
            raise RuntimeError(message)
        self._thread = threading.Thread(target=self._run, args=(deliver, changed), name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> bool:
        """Read what is already there, close the line and end the thread; False if it is held up by a callable."""
        if not self._stopping.is_set():
            self._stopping.set()
            os.close(self._wake[1])  # wakes `poll` for good
        if self._thread is not None:
            self._thread.join(STOP_SECONDS_MAX)
            if self._thread.is_alive():
                return False
        if self._wake[0] >= 0:
            os.close(self._wake[0])
            self._wake = (-1, -1)
        return True

    def _run(self, deliver: Deliver, changed: Changed) -> None:
        """Open, read until the device is gone, wait, and so on, until stopped or hopeless."""
        ending = SourceStatus(self._name, SourceState.STOPPED)
        try:
            self._report(SourceStatus(self._name, SourceState.OPENING), changed)
            while not self._stopping.is_set():
                error = self._serve(deliver, changed)
                if error is None:
                    break
                status = SourceStatus(self._name, error.state, error.code, error.detail, error.remedy)
                if not error.retryable:
                    ending = status
                    break
                self._report(status, changed)
                self._rest(self._reconnect.failed_ms())
        finally:
            self._report(ending, changed)

    def _serve(self, deliver: Deliver, changed: Changed) -> DeviceError | None:
        """Open the line once and read it; gives why it ended, None if it was stopped."""
        try:
            with opened(self._path, self._profile.bit_rate) as fd:
                self._reconnect.opened()
                self._report(SourceStatus(self._name, SourceState.READY), changed)
                self._read(fd, deliver)
        except DeviceError as error:
            return error
        finally:
            self._deliver(self._framer.close(Ending.IDLE, cut=True), deliver)
        return None

    def _read(self, fd: int, deliver: Deliver) -> None:
        """Deliver every frame until stopped; raises `DeviceAbsent` once the device is gone."""
        poller = select.poll()
        poller.register(fd, select.POLLIN)
        poller.register(self._wake[0], select.POLLIN)
        reads_left = DRAIN_READS_MAX
        while reads_left:
            ready = {found for found, _ in poller.poll(self._patience_ms())}
            if fd in ready:
                arrived = self._take(fd)
                self._deliver(self._framer.feed(arrived, self._monotonic_ns()), deliver)
                reads_left -= self._stopping.is_set()
            elif ready:
                return
            else:
                self._deliver(self._framer.tick(self._monotonic_ns()), deliver)

    def _take(self, fd: int) -> bytes:
        """Read what is there; a line that is ready and gives nothing, or an error, is a device that went away."""
        try:
            arrived = os.read(fd, READ_BYTES_MAX)
        except OSError as error:
            raise self._gone() from error
        if not arrived:
            raise self._gone()
        return arrived

    def _gone(self) -> DeviceAbsent:
        """Say that the device was there and is no more."""
        detail = f"{self._path} was unplugged or switched off."
        return DeviceAbsent(detail, "Plug the scanner in and switch it on; it is found by itself.")

    def _patience_ms(self) -> float | None:
        """Give how long `poll` may wait before the idle gap ends a frame; None is for ever."""
        due_ns = self._framer.due_ns
        if due_ns is None:
            return None
        return max(0.0, (due_ns - self._monotonic_ns()) / _NS_PER_MS)

    def _deliver(self, frames: list[Frame], deliver: Deliver) -> None:
        """Stamp and hand over frames in the order they came."""
        if not frames:
            return
        wall_ms = self._wall_ns() // _NS_PER_MS
        for frame in frames:
            deliver(decode(frame, self._profile, source=self._name, wall_ms=wall_ms))

    def _report(self, status: SourceStatus, changed: Changed) -> None:
        """Tell of a state once, however often it is found again."""
        if status != self._status or status.state is SourceState.STOPPED:
            self._status = status
            changed(status)

    def _rest(self, wait_ms: int) -> None:
        """Wait between two attempts; `stop` ends it at once."""
        self._stopping.wait(wait_ms / 1000)


@contextlib.contextmanager
def opened(path: str, bit_rate: int) -> Iterator[int]:
    """Give the file descriptor of the line at `path`: 8N1, raw, locked against other programs; raises `DeviceError`.

    flock keeps out programs that ask for the lock, TIOCEXCL those that do not (root passes it). The second is taken
    back on closing: on a pseudo-terminal whose other end stays open it would outlive us.
    """
    try:
        port = _open(path, bit_rate)
    except (OSError, termios.error, ValueError) as error:
        raise _explained(error, path) from error
    fd: int = port.fileno()
    try:
        yield fd
    finally:
        with contextlib.suppress(OSError):
            fcntl.ioctl(fd, termios.TIOCNXCL)
        port.close()


def _open(path: str, bit_rate: int) -> serial.Serial:
    """Open and lock the line with pyserial, which is imported only here."""
    import serial  # noqa: PLC0415 - a terminal without a serial scanner never pays for it

    class KeepingSerial(serial.Serial):
        """pyserial throws away on opening what a scanner that came back has already sent; this keeps it."""

        def _reset_input_buffer(self) -> None:
            """Keep the input."""

    port = KeepingSerial(path, baudrate=bit_rate, timeout=0, exclusive=True)
    try:
        fcntl.ioctl(port.fileno(), termios.TIOCEXCL)
    except OSError:
        port.close()
        raise
    return port


def _explained(error: BaseException, path: str) -> DeviceError:
    """Turn whatever opening a line can raise into the state it means."""
    number = _errno_of(error)
    if number in _ABSENT:
        return DeviceAbsent(f"{path} is not there.", "Plug the scanner in and switch it on; it is found by itself.")
    if number in _BUSY:
        return DeviceBusy(f"{path} is used by another program.", f"Close that program; `fuser {path}` names it.")
    if number in _DENIED:
        remedy = f"Run `sudo usermod -aG dialout {account_name()}`, then sign in to the system again."
        return DeviceDenied(f"This account may not open {path}.", remedy)
    if number in _UNFIT or isinstance(error, ValueError):
        remedy = "Set the path that `scanner devices list` shows, and a bit rate the port offers."
        return DeviceUnfit(f"{path} can't be used as a serial line ({error}).", remedy)
    return DeviceAbsent(f"{path} could not be opened ({error}).", "Unplug the scanner and plug it in again.")


def _errno_of(error: BaseException | None) -> int | None:
    """Find the error number: pyserial wraps termios errors, which carry it as their first argument, without it."""
    while error is not None:
        number = error.errno if isinstance(error, OSError) else next(iter(error.args), None)
        if isinstance(number, int):
            return number
        error = error.__context__
    return None
