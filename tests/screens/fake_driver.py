"""A driver that the tests hold in their hands: it shows the Views it is given and notes every key it gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from scanner_app.terminal.view import View


@dataclass
class FakeDriver:
    """screens.base.Driver. `swallows` makes every key part of a burst; `calls` is what arrived, in order."""

    shown: View
    swallows: bool = False
    calls: list[tuple[str, str]] = field(default_factory=list)
    stamps: list[int] = field(default_factory=list)
    burst: list[tuple[str, str | None]] = field(default_factory=list)
    callbacks: list[Callable[[], None]] = field(default_factory=list)
    views_taken: int = 0

    def view(self) -> View:
        self.views_taken += 1
        return self.shown

    def key(self, name: str) -> None:
        self.calls.append(("key", name))

    def type_text(self, text: str) -> None:
        self.calls.append(("text", text))

    def wedge_key(self, name: str, character: str | None, now_ns: int) -> bool:
        self.stamps.append(now_ns)
        if self.swallows:
            self.burst.append((name, character))
        return self.swallows

    def paste(self, text: str) -> bool:
        if self.swallows:
            self.calls.append(("paste", text))
        return self.swallows

    def subscribe(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def show(self, view: View) -> None:
        """A new View, announced to whoever subscribed."""
        self.shown = view
        for callback in self.callbacks:
            callback()
