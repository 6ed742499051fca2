"""The least that Textual itself costs: an app that paints one line. What ours costs is told as a ratio to this."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Static


class MinimalApp(App[None]):
    """One static line, no bindings of its own, no style sheet."""

    def compose(self) -> ComposeResult:
        """The line."""
        yield Static("the least that Textual itself can paint")


if __name__ == "__main__":
    MinimalApp().run()
