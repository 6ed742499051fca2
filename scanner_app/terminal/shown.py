"""What stands on the screen beside the work itself, and the last results in their own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner_app.errors import ScannerError
    from scanner_app.terminal.desk import Told
    from scanner_app.terminal.menus import Choice
    from scanner_app.terminal.view import Room

REMEMBERED_MAX = 64
"""Results that history can tell in their own words; older ones are told by what the ledger keeps."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the front adds to the desk's work: a room laid over it, a menu, text being typed, the last result.

    `deliveries`: the menu is the list of deliveries. `told_ms`: when the last result came. `alarm`: the result that a
    recall began with, as long as it stands. `leaving_ns`: when Ctrl-C was pressed once.
    """

    overlay: Room | None = None
    menu: tuple[Choice, ...] = ()
    deliveries: bool = False
    entering: str | None = None
    told: Told | None = None
    told_ms: int = 0
    alarm: Told | None = None
    fault: ScannerError | None = None
    leaving_ns: int | None = None
    captured: int = 0
    waiting: int = 0


class Results:
    """The last results by their entries, at most 64; those of an earlier run are not among them."""

    def __init__(self) -> None:
        self._by_entry: dict[str, Told] = {}

    def add(self, told: Told) -> None:
        """Remembers a result that made an entry."""
        if told.entry_id is None:
            return
        self._by_entry[told.entry_id] = told
        if len(self._by_entry) > REMEMBERED_MAX:
            del self._by_entry[next(iter(self._by_entry))]

    def of(self, event_id: str) -> Told | None:
        """The result that made this entry; None where it is not remembered."""
        return self._by_entry.get(event_id)
