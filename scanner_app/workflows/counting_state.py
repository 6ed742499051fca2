"""Counting: the state of one task and the prompt that it shows without a fact. It holds only what the counter did."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scanner_app.domain.counting import Batch
from scanner_app.domain.refusals import Parameters
from scanner_app.workflows.spread_labels import MISSING_NOUNS, Many, Part
from scanner_app.workflows.step import Command, Progress, Prompt

LOTS_MAX = 300
"""Batches of one place whose running totals are kept; a state must stay small."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted of one batch in this place: scans and base units."""

    batch: Batch
    scans: int
    quantity: int


@dataclass(frozen=True, slots=True)
class CountingState:
    """One counting task, place after place. `count` and `place` None: no count is open.

    `begun`: how many counts the task has begun. `tallies`: the batch counted last stands last. `closed`: the place that
    was closed last. `asks_empty`: whether the place is empty was asked.
    """

    begun: int = 0
    count: str | None = None
    place: str | None = None
    scans: int = 0
    tallies: tuple[Tally, ...] = ()
    quantity: int = 0
    times: int = 1
    asks_number: bool = False
    asks_empty: bool = False
    part: Part | None = None
    many: Many | None = None
    closed: str | None = None

    @property
    def progress(self) -> Progress:
        """Base units counted in this place; nobody says how many there should be."""
        return Progress(self.quantity, None)

    @property
    def told(self) -> Parameters:
        """What the counter did so far in this place."""
        lots = len(self.tallies)
        lots_told = lots if lots < LOTS_MAX else f"{LOTS_MAX}+"
        return {"place": self.place, "scans": self.scans, "lots": lots_told, "quantity": self.quantity}

    def with_scan(self, batch: Batch, quantity: int) -> CountingState:
        """One scan more; the batch counted longest ago is no longer told where there are too many."""
        before = next((tally for tally in self.tallies if tally.batch == batch), Tally(batch, 0, 0))
        others = tuple(tally for tally in self.tallies if tally.batch != batch)
        now = Tally(batch, before.scans + 1, before.quantity + quantity)
        return replace(
            self, scans=self.scans + 1, quantity=self.quantity + quantity, tallies=(*others, now)[-LOTS_MAX:],
            times=1, asks_empty=False,
        )  # fmt: skip

    def without_scan(self, batch: Batch, quantity: int) -> CountingState:
        """One scan less."""
        less = (
            replace(tally, scans=tally.scans - 1, quantity=tally.quantity - quantity) if tally.batch == batch else tally
            for tally in self.tallies
        )
        left = tuple(tally for tally in less if tally.scans)
        return replace(self, scans=self.scans - 1, quantity=self.quantity - quantity, tallies=left)


def prompt_of(state: CountingState) -> Prompt:
    """A number that is asked for, what is missing of a label, the place, else what lies in it."""
    if state.asks_number:
        return Prompt("prompt.counting.number", "NUMBER", {}, (Command.BACK,), wants_number=True)
    if state.part is not None:
        return _missing(state.part)
    if state.many is not None:
        return Prompt("prompt.counting.many_again", "NUMBER", {"scanned": state.many.named}, (Command.BACK,))
    if state.place is None:
        return Prompt("prompt.counting.place", "PLACE", {}, (Command.DONE,))
    return _goods(state, state.place)


def _goods(state: CountingState, place: str) -> Prompt:
    """The place is what stands large; what was done, never what there should be."""
    if state.asks_empty:
        return Prompt("prompt.counting.empty_again", place, state.told, (Command.UNDO, Command.QUANTITY, Command.BACK))
    if state.times > 1:
        told: Parameters = {**state.told, "number": state.times}
        return Prompt("prompt.counting.times", place, told, (Command.BACK, Command.UNDO, Command.QUANTITY))
    code = "prompt.counting.goods" if state.scans else "prompt.counting.first"
    return Prompt(code, place, state.told, (Command.UNDO, Command.QUANTITY))


def _missing(part: Part) -> Prompt:
    """The one thing that is missing of a label; a plain text read as its lot is asked for again."""
    commands = (Command.UNDO, Command.BACK)
    if part.text:
        return Prompt("prompt.counting.lot_again", "LOT", {"scanned": part.text}, commands)
    return Prompt(f"prompt.counting.missing_{part.missing}", MISSING_NOUNS[part.missing], {"item": part.item}, commands)
