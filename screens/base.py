"""What the screens need from outside: a driver to ask and to tell, and the sizes they are made for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from scanner_app.terminal.view import View

BREAKPOINTS: Final = (26, 30, 40, 60)
"""Columns at which the layout changes: usable, complete, design, comfortable."""

FUNCTION_KEYS: Final = tuple(f"F{number}" for number in range(1, 13))


class Driver(Protocol):
    """The headless terminal as the screens see it. No method may block: the app's one loop calls them all."""

    def view(self) -> View:
        """The latest View."""

    def key(self, name: str) -> None:
        """A key that does something: F1…F12, escape, enter, backspace, ctrl+c, and on menus a digit."""

    def type_text(self, text: str) -> None:
        """Printable characters typed by a person."""

    def wedge_key(self, name: str, character: str | None, now_ns: int) -> bool:
        """Any key, before all else; True if it belongs, or may belong, to a scan. `now_ns`: monotonic, of its arrival.

        Keys held back that turn out to be typing are the driver's to hand on (screens.keyboard.hand_on).
        """

    def paste(self, text: str) -> bool:
        """A bracketed paste, as it came; True if it was taken as a scan."""

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Has `callback` called, from any thread, whenever there is a new View; it returns at once."""
