"""Which actions have a key now, and what each is called: the front obeys this, the screen shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scanner_app.terminal.menus import AMISS, NEXT, offered
from scanner_app.terminal.view import Room
from scanner_app.workflows.step import Command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanner_app.workflows.step import Prompt

OVERLAYS = frozenset({Room.HISTORY, Room.HEALTH, Room.HELP, Room.PARKED})
"""Rooms laid over the work; any scan takes them away."""

WAYS_OF_KEY: dict[str, Sequence[Command]] = {
    "undo": (Command.UNDO,),
    "back": (Command.BACK,),
    "skip": NEXT,
    "damaged": AMISS,
}
"""Keys that mean a command of the prompt: the first of these that it offers."""

HELP = {"help": "screen.key.help"}
BACK = {"back": "command.BACK"}
BADGE = {"back": "screen.key.badge"}
PIN = {"back": "screen.key.pin"}
ENTER = {"enter": "screen.key.enter"}
HISTORY = {"history": "screen.key.history"}
LOOK_UP = {"look_up": "screen.key.look_up"}
MENU = {"menu": "screen.key.menu"}
ANSWER = {"menu": "screen.key.answer"}

Actions = dict[str, str]
"""Action (a name of config.toml's [keys]) → the phrase of its label."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the worker stands, as far as keys depend on it.

    `room` is the work's own; `overlaid`: a list lies over it; `menu_open`: a menu that can be closed again; `recall`:
    one waits for its answer; `unlockable`: the session is locked and the PIN alone would open it; `sync`: the phrase of
    what the sync key does here, empty where there is no centre.
    """

    room: Room
    prompt: Prompt
    overlaid: bool = False
    menu_open: bool = False
    recall: bool = False
    unlockable: bool = False
    sync: str = ""


def actions_at(standing: Standing) -> Actions:
    """What can be done now. While a recall stands only its answers can be given; no question lets a look-up through."""
    if standing.room is Room.FAULT:
        return {"sync": "screen.key.retry"}
    found = _in_room(standing) | ({"sync": standing.sync} if standing.sync else {})
    if standing.overlaid:
        found = {action: label for action, label in found.items() if action not in WAYS_OF_KEY}
    return {**found, **BACK} if standing.overlaid or standing.menu_open else found


def _in_room(standing: Standing) -> Actions:
    if standing.room is Room.SIGN_IN:
        return _at_sign_in(standing)
    if standing.recall:
        return {**HELP, **ENTER, **ANSWER}
    if standing.room is Room.MENU:
        return {**HELP, **HISTORY, **ENTER, **LOOK_UP}
    if standing.room is Room.ENQUIRY:
        return {**HELP, **BACK, **HISTORY, **ENTER, **MENU}
    looks_up = {} if standing.prompt.blocking else LOOK_UP
    return {**HELP, **BACK, **_commands(standing.prompt), **HISTORY, **ENTER, **looks_up, **MENU}


def _at_sign_in(standing: Standing) -> Actions:
    """A badge may be typed where there is no scanner; a PIN is typed as it is. Back goes between the two."""
    if Command.BACK in standing.prompt.commands:
        return {**HELP, **BADGE}
    return {**HELP, **(PIN if standing.unlockable else {}), **ENTER}


def _commands(prompt: Prompt) -> Actions:
    """The keys of the commands that the prompt offers."""
    found = ((action, offered(ways, prompt.commands)) for action, ways in WAYS_OF_KEY.items())
    return {action: f"command.{command.value}" for action, command in found if command is not None}
