"""The terminal app: keys go to the driver before anything else can see them, Views come back and are drawn in place.

It has no bindings at all: with the library's own, a barcode that holds 0x11 would quit it.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import ClassVar, Final

from textual import events
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.screen import Screen

import screens
from screens.base import BREAKPOINTS, Driver
from screens.driver import FloorDriver
from screens.keyboard import hand_on
from screens.sheet import Sheet
from screens.theme import THEMES, ThemeName, palette
from screens.words import Words

NS_PER_S: Final = 1_000_000_000
LIST_KEYS: Final = {"up": -1, "down": 1}
STYLE_SHEET: Final = Path(screens.__file__).with_name("screens.tcss")


class FloorScreen(Screen[None], inherit_bindings=False):
    """The only screen; all rooms are drawn on it."""

    AUTO_FOCUS = None
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = []
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - the library declares it so
        (0, "-tiny"),
        *zip(BREAKPOINTS, ("-usable", "-complete", "-design", "-comfortable"), strict=True),
    ]

    def __init__(self, sheet: Sheet) -> None:
        super().__init__()
        self._sheet = sheet

    def compose(self) -> ComposeResult:
        """The sheet, over all of it."""
        yield self._sheet


class ScannerApp(App[None], inherit_bindings=False):
    """Draws the driver's Views and hands keys to it; run it with `mouse=False`.

    `sixteen`: the terminal is a Linux console. Set TEXTUAL_DISABLE_KITTY_KEY=1 before Textual is imported.
    """

    CSS_PATH = STYLE_SHEET
    TITLE = "scanner"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = []

    class ViewReady(Message, bubble=False):
        """The driver has a new View."""

    def __init__(
        self, driver: Driver, *, theme: ThemeName = ThemeName.DARK, sixteen: bool = False, words: Words | None = None
    ) -> None:
        super().__init__(driver_class=FloorDriver)
        self.animation_level = "none"
        self._driver_of_views = driver
        self._sixteen = sixteen
        self._words = words or Words()
        self._announced = threading.Event()
        for known in THEMES.values():
            self.register_theme(known)
        self.theme = THEMES[theme].name
        self._sheet = Sheet(driver.view(), palette(theme, sixteen=sixteen), self._words)

    @property
    def sheet(self) -> Sheet:
        """What is on the screen."""
        return self._sheet

    def get_default_screen(self) -> Screen[None]:
        """The floor screen, from the first paint on."""
        return FloorScreen(self._sheet)

    def dress(self, theme: ThemeName, words: Words | None = None) -> None:
        """Changes the theme, and the words where the operator's language changed."""
        self._words = words or self._words
        self.theme = THEMES[theme].name
        self._sheet.dress(palette(theme, sixteen=self._sixteen), self._words)

    def on_mount(self) -> None:
        """Asks for new Views from now on, and draws what came in between."""
        self._driver_of_views.subscribe(self._announce)
        self._announce()

    def _announce(self) -> None:
        """Called from any thread: at most one message is on its way, however many Views there are."""
        if not self._announced.is_set():
            self._announced.set()
            self.post_message(self.ViewReady())

    def on_scanner_app_view_ready(self) -> None:
        """Draws the latest View; those in between were never drawn."""
        self._announced.clear()
        self._sheet.show(self._driver_of_views.view())

    async def on_event(self, event: events.Event) -> None:
        """Takes keys and pastes before any binding or widget can; all else goes its way."""
        if isinstance(event, events.Key):
            self._take_key(event)
        elif isinstance(event, events.Paste):
            self._take_paste(event.text)
        else:
            await super().on_event(event)

    def _take_key(self, event: events.Key) -> None:
        driver = self._driver_of_views
        if driver.wedge_key(event.key, event.character, int(event.time * NS_PER_S)):
            return
        if not self._turned(event.key):
            hand_on(driver, event.key, event.character)

    def _take_paste(self, text: str) -> None:
        if not self._driver_of_views.paste(text):
            self._driver_of_views.type_text(text)

    def leave(self) -> bool:
        """Has the app end in its own turn, from any thread or signal; False where it does not run yet."""
        loop = self._loop
        if loop is None:
            return False
        if not loop.is_closed():
            loop.call_soon_threadsafe(self.exit)
        return True

    def ring(self, text: str) -> None:
        """Writes the bell's characters to the terminal, between two frames; called from any thread."""
        self.call_later(self._write_bell, text)

    def _write_bell(self, text: str) -> None:
        if self._driver is not None and not self.is_headless:
            self._driver.write(text)

    def _turned(self, name: str) -> bool:
        """Whether the key moved a list that is longer than the screen."""
        if not self._sheet.is_long:
            return False
        paging = self._driver_of_views.view().paging
        if name in LIST_KEYS:
            self._sheet.scroll_list(LIST_KEYS[name])
        elif name == "pageup":
            self._sheet.scroll_list(-self._sheet.page.list_rows)
        elif name == "pagedown":
            self._sheet.turn_page()
        elif paging is not None and name == paging.key.lower():
            self._sheet.turn_page(around=True)
        else:
            return False
        return True
