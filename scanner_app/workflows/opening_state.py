"""Opening balance: the state of one task and the prompt that it shows without a fact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from scanner_app.domain.refusals import Parameters
from scanner_app.workflows.spread_labels import MISSING_NOUNS, Many, Part
from scanner_app.workflows.step import Command, Progress, Prompt


@dataclass(frozen=True, slots=True)
class Running:
    """Base units of one item, lot and expiry posted in a row at this place."""

    gtin: str
    lot: str | None
    expiry: date | None
    quantity: int


@dataclass(frozen=True, slots=True)
class OpeningState:
    """One opening balance. `place` stays until another is scanned; `done` counts base units posted by this task.

    `many`: the scan whose number is asked for again.
    """

    place: str | None = None
    done: int = 0
    times: int = 1
    asks_number: bool = False
    part: Part | None = None
    running: Running | None = None
    many: Many | None = None

    @property
    def progress(self) -> Progress:
        """Base units posted; nobody knows how many there are."""
        return Progress(self.done, None)


def prompt_of(state: OpeningState) -> Prompt:
    """A number that is asked for, what is missing of a label, the place, else goods."""
    if state.asks_number:
        return Prompt("prompt.opening.number", "NUMBER", {}, (Command.BACK,), wants_number=True)
    if state.part is not None:
        return _missing(state.part)
    if state.many is not None:
        return Prompt("prompt.opening.many_again", "NUMBER", {"scanned": state.many.named}, (Command.BACK,))
    if state.place is None:
        return Prompt("prompt.opening.place", "PLACE", {}, (Command.DONE,))
    commands = (Command.UNDO, Command.QUANTITY, Command.DONE)
    if state.times > 1:
        parameters: Parameters = {"place": state.place, "number": state.times}
        return Prompt("prompt.opening.times", "ITEM", parameters, (Command.BACK, *commands))
    return Prompt("prompt.opening.goods", "ITEM", {"place": state.place}, commands)


def _missing(part: Part) -> Prompt:
    """The one thing that is missing of a label; a plain text read as its lot is asked for again."""
    commands = (Command.UNDO, Command.BACK)
    if part.text:
        return Prompt("prompt.opening.lot_again", "LOT", {"scanned": part.text}, commands)
    return Prompt(f"prompt.opening.missing_{part.missing}", MISSING_NOUNS[part.missing], {"item": part.item}, commands)
