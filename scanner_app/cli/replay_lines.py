"""The input lines of `scanner replay` (docs/commands.md): checked before they are played, and refused by their number.

A line is one step, with what belongs to it, or an expectation of the step before. What sets the stage (the time, the
device, the link, the scanner's profile) stands on a line of its own or beside a step, which it comes before.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, Final

from scanner_app.errors import ConfigError
from scanner_app.phrases import printable
from scanner_app.terminal.cards import card_of
from scanner_app.workflows.catalogue import WORKFLOWS

Line = dict[str, Any]
EXPECT: Final = "expect"
NEW_PROFILE: Final = "new"
PROFILES: Final = ("test", NEW_PROFILE)
OFFLINE: Final = "offline"
LINKS: Final = (OFFLINE, "online")
SHOWN_MAX: Final = 80
SECONDS_MAX: Final = 3600

STAGE: Final = ("at", "device", "link", "wait_synced", "profile")
"""What sets the stage, in the order in which it is set."""

STEPS: Final[dict[str, tuple[str, ...]]] = {
    "scan": ("source",), "key": (), "command": (), "text": (), "sign_in": ("pin",), "open": ("document",),
    "second_pack": (), "restart": (), "tags": (), "witness": ("pin",),
}  # fmt: skip
"""Each step and what belongs to it."""

KNOWN: Final = (EXPECT, *STAGE, *dict.fromkeys(key for name, parts in STEPS.items() for key in (name, *parts)))


@dataclass(frozen=True, slots=True)
class ReplayLine:
    """A checked line: the stage it sets, its step (None: it only sets the stage), and the line as it was given."""

    number: int
    given: Line
    step: str | None = None
    stage: Line = field(default_factory=dict)

    @property
    def expected(self) -> Line | None:
        """What the step before must have come to, if the line says so."""
        found: Line | None = self.given.get(EXPECT)
        return found


def read_line(text: str, number: int) -> ReplayLine:
    """The line in a text. Raises ConfigError with its number, and what is wrong or cannot be played yet."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise refused(number, f"is no JSON: {fault}") from fault
    return checked_line(given, number)


def checked_line(given: object, number: int) -> ReplayLine:
    """The line in a JSON value. Raises ConfigError as `read_line` does."""
    if not isinstance(given, dict):
        raise refused(number, f'is no JSON object: write one such as {{"scan": "LOC-A-01-1"}}, not {_shown(given)}')
    unknown = [key for key in given if key not in KNOWN]
    if unknown:
        raise refused(number, f"{_shown(unknown[0])} is not known; known are {', '.join(KNOWN)}")
    steps = [key for key in given if key in STEPS or key == EXPECT]
    stage = {key: given[key] for key in STAGE if key in given}
    if len(steps) > 1 or (EXPECT in given and stage):
        raise refused(number, f"{' and '.join([*stage, *steps])} cannot stand on one line: a line is one step")
    step = steps[0] if steps else None
    stray = [key for key in given if key not in {step, *stage, *STEPS.get(step or "", ())}]
    if stray or not given:
        raise refused(number, f"names no step that {stray[0]} belongs to" if stray else "names no step")
    for key, value in given.items():
        why = CHECKS[key](value)
        if why:
            raise refused(number, why)
    if step == "sign_in" and "pin" not in given:
        raise refused(number, "sign_in needs a pin beside it")
    return ReplayLine(number, given, None if step == EXPECT else step, stage)


def refused(number: int, why: str) -> ConfigError:
    """The error of a line; a replay ends with it."""
    return ConfigError("REPLAY_LINE", f"line {number}: {why}.")


def _shown(value: object) -> str:
    shown = printable(json.dumps(value, ensure_ascii=False))
    return shown if len(shown) <= SHOWN_MAX else shown[: SHOWN_MAX - 1] + "…"


def _text(key: str) -> Callable[[object], str]:
    return lambda value: "" if isinstance(value, str) and value else f"{key} must be text, not {_shown(value)}"


def _any_text(key: str) -> Callable[[object], str]:
    return lambda value: "" if isinstance(value, str) else f"{key} must be text, not {_shown(value)}"


def _one_of(key: str, words: tuple[str, ...]) -> Callable[[object], str]:
    return lambda value: "" if value in words else f"{key} must be one of {', '.join(words)}, not {_shown(value)}"


def _true(key: str) -> Callable[[object], str]:
    return lambda value: "" if value is True else f"{key} must be true, not {_shown(value)}"


def _not_yet(why: str) -> Callable[[object], str]:
    return lambda _: why


def _at(value: object) -> str:
    if not isinstance(value, str):
        return f"at must be text, not {_shown(value)}"
    from scanner_app.bootstrap import instant_of  # noqa: PLC0415 - loads the ledger

    try:
        instant_of(value, UTC)
    except ConfigError as fault:
        return f"at: {str(fault).rstrip('.')}"
    return ""


def _seconds(value: object) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= SECONDS_MAX
    return "" if number else f"wait_synced must be seconds, 0 to {SECONDS_MAX}, not {_shown(value)}"


def _device(value: object) -> str:
    plain = isinstance(value, str) and value not in {"", ".", ".."} and "/" not in value and "\0" not in value
    return "" if plain else f"device must be the name of a home beside the first, not {_shown(value)}"


def _command(value: object) -> str:
    known = isinstance(value, str) and card_of(value.upper()) is not None
    return "" if known else f"no command is called {_shown(value)}"


def _typed(value: object) -> str:
    typed = isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))
    return "" if typed else f"text must be text or a whole number, not {_shown(value)}"


def _document(value: object) -> str:
    return "" if value is None or isinstance(value, str) else f"document must be text, not {_shown(value)}"


def _expected(value: object) -> str:
    return "" if isinstance(value, dict) else f"expect must be an object, not {_shown(value)}"


CHECKS: Final[dict[str, Callable[[object], str]]] = {
    EXPECT: _expected,
    "at": _at,
    "device": _device,
    "link": _one_of("link", LINKS),
    "wait_synced": _seconds,
    "profile": _one_of("profile", PROFILES),
    "scan": _any_text("scan"),
    "source": _text("source"),
    "key": _text("key"),
    "command": _command,
    "text": _typed,
    "sign_in": _text("sign_in"),
    "pin": _any_text("pin"),
    "open": _one_of("open", tuple(WORKFLOWS)),
    "document": _document,
    "second_pack": _true("second_pack"),
    "restart": _true("restart"),
    "tags": _not_yet("tags cannot be played: no task takes a set of RFID tags yet"),
    "witness": _not_yet("witness cannot be played: no task asks for a second person yet"),
}
"""What is wrong with the value of a key; empty for nothing."""
