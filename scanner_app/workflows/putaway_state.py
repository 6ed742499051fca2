"""Put-away: what is in hand, and the prompt that says so without a fact, so that a restart shows the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from scanner_app.domain.masters import StorageClass
from scanner_app.domain.refusals import Parameters
from scanner_app.domain.stock import Status, StockKey
from scanner_app.workflows.goods import container_text
from scanner_app.workflows.spread_labels import MISSING_NOUNS, Part
from scanner_app.workflows.step import Command, Prompt

IN_HAND_MAX = 200
"""Scans that may be in hand at once; a cart holds less, and a state must stay small."""


@dataclass(frozen=True, slots=True)
class InHand:
    """One scan in hand: a unit, a quantity of one on-hand line, or a container (`container`, without a key's fields).

    `place` is what it is taken out of: a bin, or a container. `cage`: why it may only go to a cage (a refusal's code),
    or empty. `inferred`: a unit whose presence was known from its container's list alone.
    """

    item: str
    place: str
    location: str
    classes: tuple[StorageClass, ...]
    quantity: int
    cage: str = ""
    container: str | None = None
    owner: str = ""
    gtin: str | None = None
    lot: str | None = None
    expiry: date | None = None
    serial: str | None = None
    status: Status = Status.AVAILABLE
    inferred: bool = False

    @property
    def key(self) -> StockKey:
        """The stock key of a unit or quantity."""
        return StockKey(self.owner, self.gtin or "", self.lot, self.expiry, self.serial, self.status)

    @property
    def named(self) -> str:
        """How a sentence names it: a container's short form, a serial, or the item."""
        return container_text(self.container) if self.container is not None else self.serial or self.item


@dataclass(frozen=True, slots=True)
class PutawayState:
    """One put-away task. `source` is where goods without serials are taken from until another place is scanned.

    `times`: how many the next scan of such goods counts for. `suggested`: where the last thing in hand should go.
    `left`: base units that stand at the source, those in hand among them; None where there is no source.
    """

    source: str | None = None
    in_hand: tuple[InHand, ...] = ()
    times: int = 1
    asks_number: bool = False
    part: Part | None = None
    suggested: str | None = None
    left: int | None = None


def prompt_of(state: PutawayState) -> Prompt:
    """A number that is asked for, what is missing of a label, a place for what is in hand, else goods."""
    if state.asks_number:
        return Prompt("prompt.putaway.number", "NUMBER", {}, (Command.BACK,), wants_number=True)
    if state.part is not None:
        noun = MISSING_NOUNS[state.part.missing]
        return Prompt(f"prompt.putaway.missing_{state.part.missing}", noun, {"item": state.part.item}, (Command.BACK,))
    return _place(state) if state.in_hand else _goods(state)


def _goods(state: PutawayState) -> Prompt:
    commands = (Command.UNDO, Command.QUANTITY, Command.DONE)
    if state.times > 1:
        return Prompt("prompt.putaway.times", "ITEM", {"number": state.times}, (Command.BACK, *commands))
    if state.source is None:
        return Prompt("prompt.putaway.goods", "ITEM", {}, commands)
    if state.left:
        return Prompt("prompt.putaway.goods_left", "ITEM", {"source": state.source, "left": state.left}, commands)
    return Prompt("prompt.putaway.goods_from", "ITEM", {"source": state.source}, commands)


def _place(state: PutawayState) -> Prompt:
    """What is in hand, the storage class it wants, and where the same lot lies already."""
    last = state.in_hand[-1]
    classes = sorted({storage.value for held in state.in_hand for storage in held.classes})
    parameters: Parameters = {"count": len(state.in_hand), "last": last.named, "class": ", ".join(classes) or "-"}
    commands = (Command.UNDO, Command.QUANTITY, Command.BACK)
    if last.cage:
        return Prompt("prompt.putaway.cage", "CAGE", {**parameters, "cage": state.suggested}, commands)
    if state.suggested is None:
        return Prompt("prompt.putaway.place", "PLACE", parameters, commands)
    return Prompt("prompt.putaway.place_suggested", "PLACE", {**parameters, "suggested": state.suggested}, commands)
