"""Opening balance: what lies there when the ledger begins, scanned place by place, by a supervisor.

A place first; it stays until another is scanned. Units by their serials, other goods by lot and number. What is here
already is told with its place and posts nothing. Goods in a cage are not available. Every entry bears in its note where
its stock comes from (model.md: opening_balance carries provenance).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import LastFact
from scanner_app.domain.permissions import refused_to
from scanner_app.domain.refusals import Accepted, Outcome, Refusal, Refused
from scanner_app.workflows import receiving_refusals as tell
from scanner_app.workflows.goods import (
    Container,
    Fragment,
    Quantity,
    ScannedDocument,
    ScannedPlace,
    Unit,
    container_text,
    goods_lines,
    goods_of,
    goods_text,
)
from scanner_app.workflows.opening_posting import lot_is_known, post, refusal_of
from scanner_app.workflows.opening_state import OpeningState, prompt_of
from scanner_app.workflows.spread_labels import (
    NUMBER_MAX,
    NUMBER_WANTED,
    Part,
    forgotten,
    many_of,
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
    from scanner_app.domain.facts import UndoFact
    from scanner_app.domain.refusals import Parameters
    from scanner_app.workflows.goods import Goods, Resolved
    from scanner_app.workflows.spread_labels import Many, Reading
    from scanner_app.workflows.step import Facts, Happening, Moment, Prompt

CONTENT_LEVEL = "each"


class Opening:
    """The machine of the opening balance."""

    name = "opening"
    state_type = OpeningState

    def open(self, document: str | None, facts: Facts, moment: Moment) -> Transition[OpeningState]:  # noqa: ARG002 - the form of every workflow
        """A new task; NOT_SIGNED_IN or NOT_PERMITTED for anybody below supervisor opens none."""
        refused = refused_to(moment.operator, self.name)
        if refused is not None:
            return refuse(OpeningState(), refused.refusal, refused.parameters)
        state = OpeningState()
        return Transition(state, None, Tone.NEUTRAL, Line("say.opening.begun"), progress=state.progress)

    def step(self, state: OpeningState, happening: Happening, facts: Facts, moment: Moment) -> Transition[OpeningState]:
        """What a scan, a command or a typed number comes to."""
        match happening:
            case Scanned():
                return _scanned(state, happening, facts, moment)
            case Typed(text=text):
                return _typed(state, text)
            case Commanded(command=Command.QUANTITY, number=number):
                return _quantity(state, number)
            case Commanded(command=Command.BACK):
                plain = replace(state, asks_number=False, part=None, times=1, many=None)
                return Transition(plain, None, Tone.NEUTRAL)
            case Commanded(command=Command.DONE):
                say = Line("say.opening.done", {"quantity": state.done})
                ended = Transition(replace(state, part=None), None, Tone.DONE, say=say, finished=True)
                return forgotten(ended, state.part)
            case _:
                return Transition(state, None, Tone.NEUTRAL, NOT_NOW)

    def prompt(self, state: OpeningState) -> Prompt:
        """The place first, then goods."""
        return prompt_of(state)

    def take_back(self, state: OpeningState) -> Transition[OpeningState] | None:
        """Undo of a part of a label that waits for the rest; None when nothing waits."""
        if state.part is None:
            return None
        return Transition(replace(state, part=None), None, Tone.NEUTRAL, say=Line("say.opening.part_forgotten"))

    def undone(self, state: OpeningState, facts: Facts, moment: Moment) -> OpeningState:
        """The state without the last posting's count; the running total starts anew."""
        operator = "" if moment.operator is None else moment.operator.id
        last: UndoFact | None = facts[LastFact(operator, moment.task)]
        quantity = 0 if last is None else sum(posting.quantity for posting in last.entry.postings)
        return replace(state, done=state.done - quantity, running=None, part=None)


def _scanned(state: OpeningState, scanned: Scanned, facts: Facts, moment: Moment) -> Transition[OpeningState]:
    # Somebody else may have signed in while the task was open.
    refused = refused_to(moment.operator, Opening.name)
    if refused is not None:
        return refuse(state, refused.refusal, refused.parameters)
    number = number_typed(scanned.parsed)
    if number is not None and Command.QUANTITY in prompt_of(state).commands:
        return noted_number(_quantity(state, number), number)
    asked, state = state.many, replace(state, many=None)
    if asked is not None and asked.text == scanned.parsed.text and scanned.confirms:
        return _so_many(state, asked, facts, moment)
    reading = read(state.part, scanned.parsed, facts, moment.today)
    if isinstance(reading.resolved, Refused):
        return refuse(state, reading.resolved.refusal, reading.resolved.parameters)
    return forgotten(_resolved(state, scanned, reading, reading.resolved, facts, moment), reading.lost)


def _resolved(
    state: OpeningState, scanned: Scanned, reading: Reading, found: Resolved, facts: Facts, moment: Moment
) -> Transition[OpeningState]:
    """What a scan of ours comes to."""
    if isinstance(found, ScannedDocument):
        return _wrong_level(state, found.document.id, "say.opening.document")
    if isinstance(found, ScannedPlace):
        say = Line("say.opening.at_place", {"place": found.place.code})
        draft = Draft(EntryKind.NOTED, Accepted(Outcome.OK, {"place": found.place.code}))
        after = replace(state, place=found.place.code, part=None, running=None)
        return Transition(after, draft, Tone.TICK, say)
    if isinstance(found, Container):
        whole = _wrong_level(state, container_text(found.id), "say.opening.scan_inside")
        return whole if state.place is not None else _place_first(state, found)
    return _read(state, scanned, reading, found, facts, moment)


def _wrong_level(state: OpeningState, scanned: str, say: str) -> Transition[OpeningState]:
    """A pallet, a case or a document: what is inside is what is counted in."""
    wrong = tell.wrong_level(scanned, CONTENT_LEVEL)
    return replace(refuse(state, wrong.refusal, wrong.parameters), say=Line(say, wrong.parameters))


def _read(
    state: OpeningState, scanned: Scanned, reading: Reading, found: Unit | Quantity | Fragment, facts: Facts,
    moment: Moment,
) -> Transition[OpeningState]:  # fmt: skip
    """Goods by their whole label; what is missing of it is asked for, and a lot typed as plain text only once more."""
    part = part_of(reading)
    if part is not None or isinstance(found, Fragment):
        lines = () if isinstance(found, Fragment) else goods_lines(found)
        return note(replace(state, part=part), say=Line("say.opening.part"), tone=Tone.ATTENTION, lines=lines)
    if reading.plain and not _lot_confirmed(state, scanned, found, facts):
        asked = replace(state, part=Part(replace(reading.label, lot=None), "lot", found.item.name, found.lot or ""))
        return note(asked, say=Line("say.opening.plain_lot", {"scanned": found.lot}), tone=Tone.ATTENTION)
    plain = replace(state, part=None)
    return _too_many(plain, found, scanned, reading) or _goods(plain, found, facts, moment)


def _lot_confirmed(state: OpeningState, scanned: Scanned, found: Unit | Quantity, facts: Facts) -> bool:
    """Whether a plain text may be taken as the lot: it is on record, or has come a second time."""
    again = state.part is not None and state.part.text == found.lot and scanned.confirms
    return again or lot_is_known(found, facts)


def _goods(state: OpeningState, goods: Unit | Quantity, facts: Facts, moment: Moment) -> Transition[OpeningState]:
    """One unit, or so many of a lot, posted where they lie; or why not."""
    lines = goods_lines(goods)
    if state.place is None:
        return _place_first(state, goods)
    if isinstance(goods, Quantity) and goods.item.serialised:
        return replace(_wrong_level(state, goods.item.name, "say.opening.each_serial"), lines=lines)
    counted = goods.times(state.times) if isinstance(goods, Quantity) else goods
    first = refusal_of(state.place, counted, facts, moment)
    if first is None:
        return post(state, state.place, counted, facts, moment)
    tone = {Refusal.ALREADY_SCANNED: Tone.NEUTRAL, Refusal.RECALLED: Tone.RECALL}.get(first.refusal, Tone.BAD)
    return refuse(state, first.refusal, first.parameters, tone=tone, lines=lines)


def _place_first(state: OpeningState, goods: Goods) -> Transition[OpeningState]:
    """Goods before anybody said where they lie."""
    parameters: Parameters = {"question": goods_text(goods), "scanned": goods_text(goods)}
    refused = refuse(state, Refusal.ANSWER_FIRST, parameters, lines=goods_lines(goods))
    return replace(refused, say=Line("say.opening.place_first", parameters))


def _too_many(
    state: OpeningState, goods: Unit | Quantity, scanned: Scanned, reading: Reading
) -> Transition[OpeningState] | None:
    """So many at once may be a slip of the finger: the same scan again says that they are there. None for fewer."""
    many = many_of(goods, state.times, scanned.parsed.text, reading.label)
    if many is None or state.place is None:
        return None
    over = tell.over_quantity(goods.item.name, 0, 0, many.number)
    refused = refuse(replace(state, many=many), over.refusal, over.parameters, lines=goods_lines(goods))
    return replace(refused, say=Line("say.opening.so_many", {"scanned": many.named}))


def _so_many(state: OpeningState, asked: Many, facts: Facts, moment: Moment) -> Transition[OpeningState]:
    """There are so many: the goods of the whole label, as they are judged now."""
    goods = goods_of(asked.label, facts, moment.today)
    if isinstance(goods, Refused):
        return refuse(state, goods.refusal, goods.parameters)
    assert isinstance(goods, Quantity), goods
    return _goods(state, goods, facts, moment)


def _typed(state: OpeningState, text: str) -> Transition[OpeningState]:
    """A number in answer to QUANTITY; anything else is asked again."""
    if not state.asks_number:
        return Transition(state, None, Tone.NEUTRAL)
    return _quantity(state, typed_number(text) or 0)


def _quantity(state: OpeningState, number: int | None) -> Transition[OpeningState]:
    """The next scan without serial counts for so many; without a number it is asked for."""
    if number is None:
        return Transition(replace(state, asks_number=True), None, Tone.NEUTRAL)
    if not 1 <= number <= NUMBER_MAX:
        return Transition(state, None, Tone.BAD, NUMBER_WANTED)
    after = replace(state, asks_number=False, times=number)
    return Transition(after, None, Tone.NEUTRAL, say=Line("say.opening.times", {"number": number}))
