"""What a screen shows, as plain values: the terminal makes one View after every step, a screen only lays it out.

Every text is already in the operator's language and printable. A screen decides nothing: it knows sizes and colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

OTHER_KEYS = 99
"""Where keys without a number stand: after all that have one."""


class Room(StrEnum):
    """Which screen is shown."""

    SIGN_IN = "sign_in"
    MENU = "menu"
    TASK = "task"
    ENQUIRY = "enquiry"
    HISTORY = "history"
    HEALTH = "health"
    HELP = "help"
    PARKED = "parked"
    FAULT = "fault"


class Mark(StrEnum):
    """How the result panel speaks; each mark has a word, a symbol, a colour and a tone of its own."""

    OK = "ok"
    STOP = "stop"
    ASK = "ask"
    INFO = "info"
    RECALL = "recall"


class Link(StrEnum):
    """What is known of the centre. NO_CENTRE: this home is enrolled nowhere yet."""

    NO_CENTRE = "no_centre"
    ONLINE = "online"
    DEGRADED = "degraded"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Status:
    """The first line: who, where, link and clock. `link_text` is the phrase (`no centre yet`, `OFFLINE 2h`)."""

    user: str
    site: str
    read_point: str
    link: Link
    link_text: str
    clock: str


@dataclass(frozen=True, slots=True)
class Meter:
    """The truthful meter: scans captured = saved + waiting, counted independently of each other.

    `sent` None: there is no centre yet. `oldest_unsent` is a short age such as `2h`, empty when nothing is unsent.
    """

    scans: int
    saved: int
    waiting: int
    sent: int | None = None
    parked: int = 0
    oldest_unsent: str = ""

    @property
    def adds_up(self) -> bool:
        """Whether every scan captured is saved or waiting."""
        return self.scans == self.saved + self.waiting


@dataclass(frozen=True, slots=True)
class Panel:
    """The result of the last step: `word` (OK, STOP, RECALL), `headline`, at most three more lines, `badge` (+1)."""

    mark: Mark
    word: str
    headline: str
    more: tuple[str, ...] = ()
    badge: str = ""
    clock: str = ""


@dataclass(frozen=True, slots=True)
class KeyHint:
    """A key that works now. `key` such as F2; `label` falls away on narrow screens."""

    key: str
    label: str

    @property
    def order(self) -> tuple[int, str]:
        """Function keys by their numbers, then the others."""
        digits = self.key[1:]
        is_function = self.key[:1] == "F" and digits.isascii() and digits.isdigit()
        return (int(digits), "") if is_function else (OTHER_KEYS, self.key)


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A line of the menu: digit, name, and what waits there (`4 open, 1 late`)."""

    digit: str
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One saved scan: time, mark, what, result."""

    clock: str
    mark: Mark
    what: str
    result: str


@dataclass(frozen=True, slots=True)
class HealthRow:
    """One line of health: what, how it is, the remedy where it is not well."""

    name: str
    mark: Mark
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """Everything a screen needs. `giant` is the one thing that is large: ITEM, a bin, a number.

    `verb` stands above it (SCAN, TYPE, WAIT). `lines` say what was scanned, most important first. `blocking`: the whole
    screen is the panel until answered (a recall). `entering`: text typed by hand so far, None when not typing;
    `secret`: show it as dots. `stripe`: a permanent line such as TRAINING or DEMO, empty otherwise. `paging`: the key
    that turns the pages of what is longer than the screen; None while it has a use of its own. `notice`: what must be
    said beside all else for a moment (one more Ctrl-C ends the program), empty otherwise.
    """

    room: Room
    status: Status
    meter: Meter
    title: str
    subtitle: str
    verb: str
    giant: str
    done: int | None = None
    total: int | None = None
    progress_text: str = ""
    lines: tuple[str, ...] = ()
    panel: Panel | None = None
    keys: tuple[KeyHint, ...] = ()
    paging: KeyHint | None = None
    notice: str = ""
    scanner_text: str = ""
    scanner_ok: bool = True
    blocking: bool = False
    entering: str | None = None
    secret: bool = False
    stripe: str = ""
    menu: tuple[MenuEntry, ...] = ()
    history: tuple[HistoryRow, ...] = ()
    health: tuple[HealthRow, ...] = ()
    notes: tuple[str, ...] = ()
    """Help text, or the lines of a long answer, already phrased; the screen wraps and pages them."""
