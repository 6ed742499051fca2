"""The first paint waits for nothing: a driver that shows "starting" while the terminal behind it is loaded and opened.

What is typed or scanned as keys meanwhile is kept, bounded, and handed on in order once the terminal is there.
"""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import TYPE_CHECKING

from scanner_app.errors import ScannerError
from scanner_app.phrases import phrases_of
from scanner_app.terminal.view import Link, Meter, Room, Status, View

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner_app.bootstrap.terminal import Terminal
    from scanner_app.config import Config

KEPT_MAX = 10_000
PAINT_FIRST_S = 0.05
"""How long loading waits for the paint, which would share the interpreter with it."""


def starting_view(config: Config) -> View:
    """What stands on the screen until the ledger is open."""
    say = phrases_of(config.screen.language)
    status = Status("", config.site.name, config.device.read_point, Link.NO_CENTRE, "", "")
    return View(Room.SIGN_IN, status, Meter(0, 0, 0), "", "", say.say("screen.starting"), "")


class StartingTerminal:
    """Stands in for the terminal until `make` has made and started it on a thread of its own.

    `fault` is what kept it from starting; then `leave` is called, and the command says it.
    """

    def __init__(self, make: Callable[[], Terminal], first: View) -> None:
        self._make = make
        self._first = first
        self._terminal: Terminal | None = None
        self._kept: list[Callable[[], object]] = []
        self._loader = threading.Thread(target=self._load, name="start", daemon=True)
        self._announce: Callable[[], None] = _nothing
        self.leave: Callable[[], object] = _nothing
        self.fault: ScannerError | None = None

    def view(self) -> View:
        """The terminal's view; the first one until it is there. On the app's loop, where what was kept is handed on."""
        terminal = self._terminal
        if terminal is None:
            return self._first
        kept, self._kept = self._kept, []
        for act in kept:
            act()
        return terminal.view()

    def subscribe(self, callback: Callable[[], None]) -> None:
        """The app is about to paint: loading begins right after."""
        self._announce = callback
        asyncio.get_running_loop().call_later(PAINT_FIRST_S, self._loader.start)

    def _load(self) -> None:
        try:
            terminal = self._make()
            terminal.subscribe(self._announce)
            terminal.start()
        except ScannerError as fault:
            self.fault = fault
            self.leave()
            return
        except Exception as fault:  # noqa: BLE001 - said by the command once the screen is given back
            self.fault = _own_fault(fault)
            self.leave()
            return
        self._terminal = terminal
        self._announce()

    @property
    def ended_by(self) -> ScannerError | None:
        """What kept the terminal from starting, or what ended it; None while all is well."""
        return self.fault or (None if self._terminal is None else self._terminal.fault)

    @property
    def enrolled(self) -> bool:
        """Whether the home was bound to a centre meanwhile."""
        return self._terminal is not None and self._terminal.enrolled

    def key(self, name: str) -> None:
        """A key by name."""
        if self._terminal is not None:
            self._terminal.key(name)
        elif name == "ctrl+c":
            self.leave()
        else:
            self._keep(partial(self.key, name))

    def type_text(self, text: str) -> None:
        """Characters typed by hand."""
        if self._terminal is not None:
            self._terminal.type_text(text)
        else:
            self._keep(partial(self.type_text, text))

    def wedge_key(self, name: str, character: str | None, now_ns: int) -> bool:
        """A key before all else; while starting, every key is kept with the time of its arrival."""
        if self._terminal is not None:
            return self._terminal.wedge_key(name, character, now_ns)
        if name == "ctrl+c":
            return False
        self._keep(partial(self._hand_on, name, character, now_ns))
        return True

    def _hand_on(self, name: str, character: str | None, now_ns: int) -> None:
        """A kept key takes the way that it would have taken."""
        from screens.keyboard import hand_on  # noqa: PLC0415 - loaded when it is used

        if not self.wedge_key(name, character, now_ns):
            hand_on(self, name, character)

    def paste(self, text: str) -> bool:
        """A paste is scans; while starting it is kept."""
        if self._terminal is not None:
            return self._terminal.paste(text)
        self._keep(partial(self.paste, text))
        return True

    def _keep(self, act: Callable[[], object]) -> None:
        if len(self._kept) < KEPT_MAX:
            self._kept.append(act)

    def stop(self) -> None:
        """Stops the terminal if it came to be; waits for one that is being made."""
        if self._loader.ident is not None:
            self._loader.join()
        if self._terminal is not None:
            self._terminal.stop()


def _own_fault(fault: Exception) -> ScannerError:
    """A fault of the program's own, by its id."""
    from scanner_app.bootstrap import new_id  # noqa: PLC0415 - loaded when it is used
    from scanner_app.terminal.faults import own_fault  # noqa: PLC0415 - loaded when it is used

    return own_fault(fault, new_id)


def _nothing() -> None:
    """Until the app says how."""
