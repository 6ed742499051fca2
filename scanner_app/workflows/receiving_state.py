"""Receiving: the state of one task and the prompt that it shows, without a fact, so that a restart shows the same.

The state is bounded: it never holds a list of scans, only the last ones that still mean something.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from scanner_app.domain.masters import DEFAULT_OWNER
from scanner_app.domain.refusals import Parameters, Refusal
from scanner_app.workflows.goods import Label
from scanner_app.workflows.spread_labels import MISSING_NOUNS, Part
from scanner_app.workflows.step import Command, Progress, Prompt


class Condition(StrEnum):
    """What the temperature logger of this delivery said."""

    OK = "ok"
    ALARM = "alarm"


class Asked(StrEnum):
    """What the last refusal left open."""

    AGAIN = "again"
    """The same code again puts the goods into the cage (or, for an unknown item, reports it)."""
    LOT = "lot"
    """The same plain text again is taken as the lot that was asked for."""
    SECOND_PACK = "second_pack"
    """The serial is in already: a command says that another pack bears it too."""
    RECALL = "recall"
    """Recalled goods block everything until they are in the cage, or left on the dock."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An open question. `text` is the scan that would confirm; `label` are the goods it is about."""

    asked: Asked
    refusal: Refusal
    text: str
    label: Label
    name: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A scan as far as a question needs it: its text, the whole label, and the refusal that it confirms against."""

    text: str
    label: Label
    overrides: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """The question before a document closes: what is short, and how much of it sealed parents could account for."""

    short: int
    inferable: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Running count in base units of one lot or one case; `total` None where nothing is expected."""

    key: str
    done: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Item, lot and expiry of the last goods received."""

    gtin: str
    lot: str | None
    expiry: date | None


@dataclass(frozen=True, slots=True)
class ReceivingState:
    """One receiving task. `document` None: blind. `dock`: where goods stand first. `done`, `expected`: base units."""

    document: str | None = None
    partner: str = ""
    serialised: bool = False
    owner: str = DEFAULT_OWNER
    dock: str | None = None
    done: int = 0
    expected: int | None = None
    condition: Condition | None = None
    damaged_next: bool = False
    times: int = 1
    asks_number: bool = False
    part: Part | None = None
    pending: Pending | None = None
    closing: Closing | None = None
    last: Batch | None = None
    lot_tally: Tally | None = None
    case_tally: Tally | None = None

    @property
    def progress(self) -> Progress:
        """How far the document is, in base units that it names."""
        return Progress(self.done, self.expected)

    @property
    def shown_document(self) -> str:
        """The document as refusals name it."""
        return "blind" if self.document is None else self.document


def prompt_of(state: ReceivingState) -> Prompt:
    """What the state asks next: a question first, then what is missing of a label, then goods."""
    for ask in (_question, _number, _missing, _dock):
        found = ask(state)
        if found is not None:
            return found
    return _goods(state)


def _question(state: ReceivingState) -> Prompt | None:
    """The open question of a close, a recall or a refusal."""
    if state.closing is not None:
        accept = (Command.ACCEPT_REST,) if state.closing.inferable else ()
        code = "prompt.receiving.close_inferable" if state.closing.inferable else "prompt.receiving.close_short"
        parameters: Parameters = {"short": state.closing.short, "inferable": state.closing.inferable}
        return Prompt(code, "ANSWER", parameters, (*accept, Command.DONE, Command.BACK), blocking=True)
    pending = state.pending
    if pending is None or pending.asked is Asked.SECOND_PACK:
        return None
    named: Parameters = {"scanned": pending.name}
    if pending.asked is Asked.RECALL:
        return Prompt("prompt.receiving.recall", "CAGE", named, (Command.QUARANTINE, Command.BACK), blocking=True)
    if pending.refusal is Refusal.CONDITION_MISSING:
        commands = (Command.LOGGER_OK, Command.LOGGER_ALARM, Command.BACK)
        return Prompt("prompt.receiving.logger", "LOGGER", named, commands)
    if pending.asked is Asked.LOT:
        return Prompt("prompt.receiving.lot_again", "LOT", named, (Command.BACK,))
    unknown = pending.refusal is Refusal.UNKNOWN_ITEM
    code = "prompt.receiving.report_again" if unknown else "prompt.receiving.cage_again"
    return Prompt(code, "ITEM", named, (Command.UNDO, Command.DONE, Command.BACK))


def _number(state: ReceivingState) -> Prompt | None:
    if not state.asks_number:
        return None
    return Prompt("prompt.receiving.number", "NUMBER", {}, (Command.BACK,), wants_number=True)


def _missing(state: ReceivingState) -> Prompt | None:
    """The one thing that is missing of a label spread over several symbols."""
    part = state.part
    if part is None:
        return None
    code = f"prompt.receiving.missing_{part.missing}"
    return Prompt(code, MISSING_NOUNS[part.missing], {"item": part.item}, (Command.UNDO, Command.BACK))


def _dock(state: ReceivingState) -> Prompt | None:
    return None if state.dock is not None else Prompt("prompt.receiving.dock", "PLACE", {}, ())


def _goods(state: ReceivingState) -> Prompt:
    """Scan goods; what the next scan will count for, where that was set."""
    commands = _commands(state)
    if state.damaged_next:
        return Prompt("prompt.receiving.damaged", "ITEM", {}, (*commands, Command.BACK))
    if state.times > 1:
        return Prompt("prompt.receiving.times", "ITEM", {"number": state.times}, (*commands, Command.BACK))
    code = "prompt.receiving.any" if state.serialised else "prompt.receiving.item"
    return Prompt(code, "ITEM", {}, commands)


def _commands(state: ReceivingState) -> tuple[Command, ...]:
    """The commands that work while goods are asked for, the most used first."""
    second = (Command.SECOND_PACK,) if state.pending is not None else ()
    kind = Command.ACCEPT_REST if state.serialised else Command.QUANTITY
    return (*second, Command.UNDO, Command.DAMAGED, kind, Command.DONE)
