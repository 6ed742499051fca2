"""The line to the terminal: when the terminal is gone, the app ends in order instead of reading nothing for ever.

A terminal goes away by itself: a window is closed, a session killed, a connection lost. Then reading gives nothing or
an error, writing an error, and the signal that tells of it may reach another process of the session alone.
"""

from __future__ import annotations

import os
import select
import threading
from typing import IO, TYPE_CHECKING, Any, Final

from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from collections.abc import Callable

WATCH_MS: Final = 1000
"""How often the line is looked at: a hang-up wakes nobody who waits for no input."""

TERMINAL_LINES: Final = (0, 1, 2)


class FloorDriver(LinuxDriver):
    """The library's driver, which leaves the app once when the terminal hangs up; what is written then goes nowhere."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - whatever the library hands over
        super().__init__(*arguments, **named)
        self._lines = [line for line in TERMINAL_LINES if os.isatty(line)]
        self._left = threading.Event()
        self._gone = threading.Lock()
        self._file: Any = _Forgiving(self._file, self.hang_up)

    def start_application_mode(self) -> None:
        """Watches the line as well."""
        super().start_application_mode()  # type: ignore[no-untyped-call] # the library's own
        threading.Thread(target=self._watch, name="hang-up", daemon=True).start()

    def stop_application_mode(self) -> None:
        """Watches no more."""
        self._left.set()
        super().stop_application_mode()

    def run_input_thread(self) -> None:
        """Reads keys until the app ends, or the terminal does."""
        try:
            super().run_input_thread()
        except OSError:
            self.hang_up()

    def hang_up(self) -> None:
        """The terminal is gone: from any thread, once."""
        if not self._gone.acquire(blocking=False):
            return
        nowhere = os.open(os.devnull, os.O_RDWR)
        for line in self._lines:
            os.dup2(nowhere, line)
        os.close(nowhere)
        self._app.call_later(self._app.exit)

    def _watch(self) -> None:
        poller = select.poll()
        poller.register(self.fileno, 0)
        while not self._left.is_set():
            if poller.poll(WATCH_MS):
                self.hang_up()
                return


class _Forgiving:
    """A file whose writes cannot fail: an error is told once, and what could not be written is lost."""

    def __init__(self, file: IO[str], failed: Callable[[], None]) -> None:
        self._file = file
        self._failed = failed

    def write(self, text: str) -> None:
        """Writes what can be written."""
        try:
            self._file.write(text)
        except OSError:
            self._failed()

    def flush(self) -> None:
        """Flushes what can be flushed."""
        try:
            self._file.flush()
        except OSError:
            self._failed()

    def fileno(self) -> int:
        """The file's number."""
        return self._file.fileno()
