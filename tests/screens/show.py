"""Shows the Views of tests/screens/views.py in the real app, to be looked at: F2 or Enter shows the next one.

    python -m tests.screens.show [name] [dark|light]

Ctrl-C leaves.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace

os.environ["TEXTUAL_DISABLE_KITTY_KEY"] = "1"

from scanner_app.app import ScannerApp
from screens.theme import ThemeName
from tests.screens.fake_driver import FakeDriver
from tests.screens.views import VIEWS


class Show(FakeDriver):
    """Steps through the Views; typed text goes to an entry field, so that typing can be looked at."""

    def __init__(self, name: str) -> None:
        self.names = list(VIEWS)
        self.at = self.names.index(name)
        self.leave: Callable[[], object] = sys.exit
        super().__init__(VIEWS[name])

    def key(self, name: str) -> None:
        """Any key that does something."""
        if name == "ctrl+c":
            self.leave()
        step = {"F2": 1, "enter": 1, "F3": -1}.get(name, 0)
        self.at = (self.at + step) % len(self.names)
        if name == "backspace" and self.shown.entering is not None:
            self.show(replace(self.shown, entering=self.shown.entering[:-1]))
        else:
            self.show(VIEWS[self.names[self.at]])

    def type_text(self, text: str) -> None:
        """What a person types."""
        self.show(replace(self.shown, entering=(self.shown.entering or "") + text))


def main(name: str = "receiving", theme: str = "dark") -> None:
    """Runs until Ctrl-C."""
    driver = Show(name)
    app = ScannerApp(driver, theme=ThemeName(theme), sixteen=os.environ.get("TERM") == "linux")
    driver.leave = app.exit
    app.run(mouse=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
