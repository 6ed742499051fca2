"""The one widget: it draws the page row by row, and of a new View only the rows that differ."""

from __future__ import annotations

from textual.events import Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from scanner_app.terminal.view import Room, View
from screens.lines import Role, Row
from screens.page import Page, lay_out
from screens.theme import Palette
from screens.words import Words


class Sheet(Widget, inherit_bindings=False):
    """A View on the whole screen. `show` replaces it in place; nothing is focused, nothing is pushed."""

    ALLOW_SELECT = False

    def __init__(self, view: View, palette: Palette, words: Words) -> None:
        super().__init__()
        self._view = view
        self._palette = palette
        self._words = words
        self._offset = 0
        self._page = Page(())
        self._strips: list[Strip] = []

    @property
    def page(self) -> Page:
        """What is shown now."""
        return self._page

    def show(self, view: View) -> None:
        """Shows another View; a list stays where it is scrolled to as long as it is the same one."""
        if _list_of(view) != _list_of(self._view):
            self._offset = 0
        self._view = view
        self._draw()

    def dress(self, palette: Palette, words: Words) -> None:
        """Takes other colours or words."""
        self._palette = palette
        self._words = words
        self._page = Page(())
        self._draw()

    def scroll_list(self, rows: int) -> None:
        """Moves the list by so many rows, down if positive."""
        self._offset = self._page.offset + rows
        self._draw()

    def turn_page(self, *, around: bool = False) -> None:
        """Moves the list on by a page; `around`: from its end back to its begin."""
        if around and self._page.below == 0:
            self._offset = 0
            self._draw()
        else:
            self.scroll_list(self._page.list_rows)

    @property
    def is_long(self) -> bool:
        """Whether part of a list is hidden."""
        return self._page.below > 0 or self._page.offset > 0

    def on_resize(self, event: Resize) -> None:
        """Lays the page out for the new size."""
        del event
        self._draw()

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, self._palette.style(Role.PLAIN))

    def _draw(self) -> None:
        before: tuple[Row, ...] = self._page.rows
        width, height = self.size
        self._page = lay_out(self._view, self._words, width, height, self._offset)
        self._offset = self._page.offset
        rows = self._page.rows
        if len(before) != len(rows) or not rows or before[0].width != width:
            self._strips = [self._palette.strip(line) for line in rows]
            self.refresh()
            return
        changed = [y for y, line in enumerate(rows) if line != before[y]]
        for y in changed:
            self._strips[y] = self._palette.strip(rows[y])
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))


def _list_of(view: View) -> tuple[object, ...]:
    """What tells one list from another: its room and title, and for a look-up what was found."""
    return view.room, view.title, view.lines if view.room is Room.ENQUIRY else ()
