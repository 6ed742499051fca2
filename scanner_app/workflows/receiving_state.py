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
    LOGGER = "logger"
    """Cold goods wait for what the temperature logger says; the same code again does not answer for it."""
    MANY = "many"
    """The same code again says that there are so many."""
    LOT = "lot"
    """The same plain text again is taken as the lot that was asked for."""
    SECOND_PACK = "second_pack"
    """The serial is in already: a command says that another pack bears it too."""
    RECALL = "recall"
    """Recalled goods block everything until they are in the cage, or left on the dock."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An open question. `text` is the scan that would confirm; `label` are the goods it is about.

    `overrides`: of the number asked for again, the refusal that the scan was to confirm against.
    """

    asked: Asked
    refusal: Refusal
    text: str
    label: Label
    name: str = ""
    overrides: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A scan as far as a question needs it: its text, the whole label, and the refusal that it confirms against.

    `counted`: the number of packs was asked for again, and this is the answer.
    """

    text: str
    label: Label
    overrides: Refusal | None = None
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Closing:
    """The question before a document closes: what is short, and how much of it sealed parents could account for.

    `over`: what came that nobody expects.
    """

    short: int
    inferable: int
    over: int = 0


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
    """One receiving task. `document` None: blind. `dock`: where goods stand first. `done`, `expected`: base units.

    `waiting`: base units under scanned, still sealed parents, which "accept the rest" would bring in. `pallets`: those
    of the document that have not come; `cased`: it names pallets or cases at all.
    """

    document: str | None = None
    partner: str = ""
    serialised: bool = False
    owner: str = DEFAULT_OWNER
    dock: str | None = None
    done: int = 0
    expected: int | None = None
    waiting: int = 0
    pallets: int = 0
    cased: bool = True
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
        code = f"prompt.receiving.{closing_code(state.closing)}"
        return Prompt(
            code, "ANSWER", closing_figures(state.closing), (*accept, Command.DONE, Command.BACK), blocking=True
        )
    pending = state.pending
    if pending is None or pending.asked is Asked.SECOND_PACK:
        return None
    return _asked(pending)


def _asked(pending: Pending) -> Prompt:
    """What a refusal left open: how it is answered."""
    named: Parameters = {"scanned": pending.name}
    if pending.asked is Asked.RECALL:
        return Prompt("prompt.receiving.recall", "CAGE", named, (Command.QUARANTINE, Command.BACK), blocking=True)
    if pending.asked is Asked.LOGGER:
        commands = (Command.LOGGER_OK, Command.LOGGER_ALARM, Command.QUARANTINE, Command.BACK)
        return Prompt("prompt.receiving.logger", "LOGGER", named, commands)
    if pending.asked is Asked.MANY:
        return Prompt("prompt.receiving.many_again", "NUMBER", named, (Command.BACK,))
    if pending.asked is Asked.LOT:
        return Prompt("prompt.receiving.lot_again", "LOT", named, (Command.BACK,))
    unknown = pending.refusal is Refusal.UNKNOWN_ITEM
    code = "prompt.receiving.report_again" if unknown else "prompt.receiving.cage_again"
    return Prompt(code, "ITEM", named, (Command.UNDO, Command.DONE, Command.BACK))


def closing_code(closing: Closing) -> str:
    """The end of the codes that ask before a close: what is short, over, and waiting in sealed parents."""
    code = "close_inferable" if closing.inferable else "close_short"
    return f"{code}_over" if closing.over else code


def closing_figures(closing: Closing) -> Parameters:
    """The figures that a close is asked with."""
    return {"short": closing.short, "over": closing.over, "inferable": closing.inferable}


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
    return _what_is_left(state, commands)


def _what_is_left(state: ReceivingState, commands: tuple[Command, ...]) -> Prompt:
    """Done when all is in, Accept when all that is left waits in sealed parents, else what may still come."""
    left = (state.expected or 0) - state.done
    noun = "PALLET" if state.pallets else "ITEM"
    if state.waiting:
        code, noun = ("accept", "ACCEPT") if left <= state.waiting else ("any_or_accept", noun)
        return Prompt(f"prompt.receiving.{code}", noun, {"waiting": state.waiting}, commands)
    if state.expected and left <= 0:
        parameters: Parameters = {"expected": state.expected, "document": state.document}
        return Prompt("prompt.receiving.all_in", "DONE", parameters, commands)
    return Prompt(f"prompt.receiving.{_may_come(state)}", noun, {}, commands)


def _may_come(state: ReceivingState) -> str:
    """Pallets, cases or items: the largest of what may still come."""
    if state.pallets:
        return "any"
    return "case_or_item" if state.serialised and state.cased else "item"


def _commands(state: ReceivingState) -> tuple[Command, ...]:
    """The commands that work while goods are asked for, the most used first.

    Accept as long as it would bring something in, since it comes before Done on the key that both share.
    """
    second = (Command.SECOND_PACK,) if state.pending is not None else ()
    accept = (Command.ACCEPT_REST,) if state.waiting else ()
    quantity = () if state.serialised else (Command.QUANTITY,)
    return (*second, Command.UNDO, Command.DAMAGED, *accept, *quantity, Command.DONE)
