"""Which way a key goes that is no part of a scan. The driver decides what it does."""

from __future__ import annotations

from typing import Final

from screens.base import FUNCTION_KEYS, Driver

_NAMED: Final = {
    **{name.lower(): name for name in FUNCTION_KEYS},
    "escape": "escape",
    "enter": "enter",
    "backspace": "backspace",
    "ctrl+c": "ctrl+c",
}


def hand_on(driver: Driver, name: str, character: str | None) -> bool:
    """Gives a person's key to the driver; `name` and `character` as the terminal library has them. False: no such key.

    Digits are choices on a menu and text everywhere else. Other control keys do nothing.
    """
    known = _NAMED.get(name)
    if known is not None:
        driver.key(known)
        return True
    if character is None or not character.isprintable():
        return False
    view = driver.view()
    if view.menu and view.entering is None and character.isascii() and character.isdigit():
        driver.key(character)
    else:
        driver.type_text(character)
    return True
