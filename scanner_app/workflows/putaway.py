"""Put-away: goods in hand, then a place. Several things may be in hand; the place puts them all, in one entry.

Goods in hand are `noted`: nothing has moved yet. With nothing in hand a place is where goods without serials are taken
from, until another one is scanned; the prompt says how much stands there still. BACK drops what is in hand, undo takes
back the last of it, DONE ends the task.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import ContentOf, LastFact, PlaceOf, StockOf
from scanner_app.domain.masters import PlaceKind
from scanner_app.domain.refusals import Accepted, Outcome, Refusal, Refused
from scanner_app.domain.rules import storage_fits
from scanner_app.domain.stock import OUTSIDE
from scanner_app.workflows import receiving_refusals as tell
from scanner_app.workflows.goods import Container, Fragment, Quantity, ScannedDocument, ScannedPlace, Unit, goods_lines
from scanner_app.workflows.putaway_placing import place_all
from scanner_app.workflows.putaway_state import IN_HAND_MAX, InHand, PutawayState, prompt_of
from scanner_app.workflows.putaway_taking import NotTaken, Taken, take
from scanner_app.workflows.spread_labels import (
    NUMBER_MAX,
    NUMBER_WANTED,
    forgotten,
    noted_number,
    number_typed,
    part_of,
    read,
    typed_number,
)
from scanner_app.workflows.step import (
    NOT_NOW,
    Command,
    Commanded,
    Draft,
    Line,
    Scanned,
    Tone,
    Transition,
    Typed,
    note,
    refuse,
)

if TYPE_CHECKING:
    from scanner_app.domain.facts import ContentFact, StockLine, UndoFact
    from scanner_app.domain.masters import Place
    from scanner_app.domain.refusals import Parameters
    from scanner_app.domain.scan import ParsedScan
    from scanner_app.workflows.goods import Goods, Resolved
    from scanner_app.workflows.spread_labels import Part, Reading
    from scanner_app.workflows.step import Facts, Happening, Moment, Prompt

SUGGESTIONS_LOOKED_AT = 5
"""Places where the same lot lies that are looked at before none is suggested."""


class Putaway:
    """The machine of the put-away."""

    name = "putaway"
    state_type = PutawayState

    def open(self, document: str | None, facts: Facts, moment: Moment) -> Transition[PutawayState]:  # noqa: ARG002 - the form of every workflow
        """Nothing in hand; goods without serials come from the read point until another place is scanned."""
        place: Place | None = None if moment.read_point is None else facts[PlaceOf(moment.read_point)]
        source = None if place is None else place.code
        state = PutawayState(source, left=_left_at(source, facts))
        say = Line("say.putaway.begun")
        if state.left:
            say = Line("say.putaway.begun_left", {"left": state.left, "place": state.source})
        return Transition(state, None, Tone.NEUTRAL, say)

    def step(self, state: PutawayState, happening: Happening, facts: Facts, moment: Moment) -> Transition[PutawayState]:
        """What a scan, a command or a typed number comes to."""
        match happening:
            case Scanned(parsed=parsed):
                return _scanned(state, parsed, facts, moment)
            case Typed(text=text):
                return _typed(state, text)
            case Commanded(command=Command.QUANTITY, number=number):
                return _quantity(state, number)
            case Commanded(command=Command.BACK):
                return _back(state)
            case Commanded(command=Command.DONE):
                return _done(state, facts)
            case _:
                return Transition(state, None, Tone.NEUTRAL, NOT_NOW)

    def prompt(self, state: PutawayState) -> Prompt:
        """What is in hand and where it belongs, else goods."""
        return prompt_of(state)

    def take_back(self, state: PutawayState) -> Transition[PutawayState] | None:
        """Undo with something in hand: the last of it is laid back, and nothing has happened."""
        if not state.in_hand:
            return None
        last = state.in_hand[-1]
        after = replace(state, in_hand=state.in_hand[:-1], part=None, suggested=None)
        return Transition(after, None, Tone.NEUTRAL, say=Line("say.putaway.laid_back", {"scanned": last.named}))

    def undone(self, state: PutawayState, facts: Facts, moment: Moment) -> PutawayState:
        """The same state, with as many more left where they were taken; nothing is in hand."""
        operator = "" if moment.operator is None else moment.operator.id
        last: UndoFact | None = facts[LastFact(operator, moment.task)]
        if last is None or state.left is None:
            return state
        said = last.entry.verdict.parameters
        taken = said.get("taken")
        back = taken if said.get("source") == state.source and isinstance(taken, int) else 0
        return replace(state, left=state.left + back)


PUTAWAY = Putaway()


def _left_at(place: str | None, facts: Facts) -> int | None:
    """How many base units stand in a place, with all that is in the containers there; None where no place is known."""
    if place is None:
        return None
    content: ContentFact = facts[ContentOf(place)]
    return sum(line.quantity for line in content.lines)


def _scanned(state: PutawayState, parsed: ParsedScan, facts: Facts, moment: Moment) -> Transition[PutawayState]:
    number = number_typed(parsed)
    if number is not None and Command.QUANTITY in prompt_of(state).commands:
        return noted_number(_quantity(state, number), number)
    reading = read(state.part, parsed, facts, moment.today)
    if isinstance(reading.resolved, Refused):
        return refuse(state, reading.resolved.refusal, reading.resolved.parameters)
    return forgotten(_read(state, reading, reading.resolved, facts, moment), reading.lost)


def _read(
    state: PutawayState, reading: Reading, found: Resolved, facts: Facts, moment: Moment
) -> Transition[PutawayState]:
    """What a scan of ours comes to; what is missing of a label is asked for."""
    if isinstance(found, ScannedDocument):
        wrong = tell.wrong_level(found.document.id, "each")
        return replace(refuse(state, wrong.refusal, wrong.parameters), say=Line("say.putaway.document"))
    if isinstance(found, ScannedPlace):
        return _at_place(replace(state, part=None), found.place, facts, moment)
    part = part_of(reading)
    if part is not None or isinstance(found, Fragment):
        return _asked(state, part, found)
    return _take(replace(state, part=None), found, facts, moment)


def _asked(state: PutawayState, part: Part | None, found: Goods | Fragment) -> Transition[PutawayState]:
    """Keeps what was read and asks for the rest."""
    lines = () if isinstance(found, Fragment) else goods_lines(found)
    return note(replace(state, part=part), say=Line("say.putaway.part"), tone=Tone.ATTENTION, lines=lines)


def _at_place(state: PutawayState, place: Place, facts: Facts, moment: Moment) -> Transition[PutawayState]:
    """A place puts everything in hand away; with nothing in hand it is the source from now on."""
    if state.in_hand:
        return place_all(state, place, facts, moment)
    say = Line("say.putaway.source", {"place": place.code})
    after = replace(state, source=place.code, left=_left_at(place.code, facts))
    return _noted(after, {"place": place.code}, say, Tone.TICK)


def _noted(
    state: PutawayState, parameters: Parameters, say: Line, tone: Tone, lines: tuple[Line, ...] = ()
) -> Transition[PutawayState]:
    return Transition(state, Draft(EntryKind.NOTED, Accepted(Outcome.OK, parameters)), tone, say, lines)


def _take(
    state: PutawayState, goods: Unit | Container | Quantity, facts: Facts, moment: Moment
) -> Transition[PutawayState]:
    """Goods in hand, or why not; neutral where they are in hand already."""
    taken = take(state, goods, facts, moment)
    lines = goods_lines(goods, holds_cases=None if isinstance(taken, NotTaken) else taken.holds_cases)
    if isinstance(taken, NotTaken):
        neutral = taken.refused.refusal is Refusal.ALREADY_SCANNED
        tone = Tone.NEUTRAL if neutral else Tone.BAD
        refused = refuse(state, taken.refused.refusal, taken.refused.parameters, tone=tone, lines=lines)
        return replace(refused, say=taken.line)
    in_hand = _with(state.in_hand, taken.held)
    if len(in_hand) > IN_HAND_MAX:
        full: Parameters = {"question": taken.held.named, "count": len(state.in_hand)}
        return replace(refuse(state, Refusal.ANSWER_FIRST, full), say=Line("say.putaway.hand_full", full))
    after = replace(state, in_hand=in_hand, times=1, suggested=_suggested(in_hand[-1], facts, moment))
    return _told(after, taken, moment, lines)


def _with(in_hand: tuple[InHand, ...], held: InHand) -> tuple[InHand, ...]:
    """What is in hand with one more: more of the same line counts up, and is the last thing scanned."""
    if held.serial is not None or held.container is not None:
        return (*in_hand, held)
    same = [one for one in in_hand if replace(one, quantity=held.quantity) == held]
    others = tuple(one for one in in_hand if one not in same)
    return (*others, replace(held, quantity=held.quantity + sum(one.quantity for one in same)))


def _told(state: PutawayState, taken: Taken, moment: Moment, lines: tuple[Line, ...]) -> Transition[PutawayState]:
    """In hand: how many, and loudly why something may only go to a cage."""
    held = state.in_hand[-1]
    parameters: Parameters = {
        "scanned": held.named, "item": held.item, "count": len(state.in_hand), "quantity": held.quantity,
        "source": held.location, "lot": held.lot,
    }  # fmt: skip
    tone, say = Tone.TICK, Line("say.putaway.in_hand", parameters)
    if held.cage:
        watch = taken.watch
        tone = Tone.RECALL if held.cage == Refusal.RECALLED.value else Tone.ATTENTION
        reason = "" if watch is None else watch.reason
        named = {**parameters, "cage": moment.cage, "reason": reason, "status": held.status.value}
        say = Line(f"say.putaway.to_cage_{held.cage.lower()}", named)
        parameters = {**parameters, "cage_only": held.cage}
    if held.container is not None and held.item:
        lines = (Line("line.putaway.content", {"item": held.item}), *lines)
    return _noted(state, parameters, say, tone, (*lines, *_in_hand_lines(state)))


def _in_hand_lines(state: PutawayState) -> tuple[Line, ...]:
    """How many of what was scanned last are in hand, and of all, where that is more."""
    last = Line("line.putaway.in_hand", {"quantity": state.in_hand[-1].quantity})
    if len(state.in_hand) == 1:
        return (last,)
    together: Parameters = {"count": len(state.in_hand), "quantity": sum(held.quantity for held in state.in_hand)}
    return (last, Line("line.putaway.all_in_hand", together))


def _suggested(held: InHand, facts: Facts, moment: Moment) -> str | None:
    """The cage for what may only go there, else the bin where most of the same lot lies; None for no such bin."""
    if held.cage:
        return moment.cage
    if held.gtin is None:
        return None
    stock: tuple[StockLine, ...] = facts[StockOf(held.gtin, held.lot)]
    lying = [line for line in stock if line.quantity > 0 and line.location not in OUTSIDE | {held.location}]
    codes = list(dict.fromkeys(line.location for line in sorted(lying, key=lambda line: -line.quantity)))
    places: tuple[Place | None, ...] = facts.all([PlaceOf(code) for code in codes[:SUGGESTIONS_LOOKED_AT]])
    fitting = [place.code for place in places if place is not None and _fits(held, place)]
    return fitting[0] if fitting else None


def _fits(held: InHand, place: Place) -> bool:
    return place.kind is PlaceKind.STORAGE and all(storage_fits(storage, place) for storage in held.classes)


def _typed(state: PutawayState, text: str) -> Transition[PutawayState]:
    """A number in answer to QUANTITY; anything else is asked again."""
    if not state.asks_number:
        return Transition(state, None, Tone.NEUTRAL)
    return _quantity(state, typed_number(text) or 0)


def _quantity(state: PutawayState, number: int | None) -> Transition[PutawayState]:
    """The next scan without serial counts for so many; without a number it is asked for."""
    if number is None:
        return Transition(replace(state, asks_number=True), None, Tone.NEUTRAL)
    if not 1 <= number <= NUMBER_MAX:
        return Transition(state, None, Tone.BAD, NUMBER_WANTED)
    after = replace(state, asks_number=False, times=number)
    return Transition(after, None, Tone.NEUTRAL, say=Line("say.putaway.times", {"number": number}))


def _back(state: PutawayState) -> Transition[PutawayState]:
    """One step back: the number, the part of a label, the quantity, or everything in hand."""
    if state.asks_number or state.part is not None or state.times > 1:
        return Transition(replace(state, asks_number=False, part=None, times=1), None, Tone.NEUTRAL)
    if not state.in_hand:
        return Transition(state, None, Tone.NEUTRAL)
    dropped = Line("say.putaway.dropped", {"count": len(state.in_hand)})
    return Transition(replace(state, in_hand=(), suggested=None), None, Tone.NEUTRAL, say=dropped)


def _done(state: PutawayState, facts: Facts) -> Transition[PutawayState]:
    """Ends the task, saying what is still there; what is in hand must be put somewhere or dropped first."""
    if state.in_hand:
        say = Line("say.putaway.still_in_hand", {"count": len(state.in_hand)})
        return Transition(state, None, Tone.ATTENTION, say=say)
    left = _left_at(state.source, facts)
    say = Line("say.putaway.done_left", {"left": left, "place": state.source}) if left else Line("say.putaway.done")
    return forgotten(Transition(replace(state, part=None), None, Tone.DONE, say=say, finished=True), state.part)
