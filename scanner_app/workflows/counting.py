"""Counting: what lies in a place, blind. A place opens a count, each scan is one fact, the place again closes it.

A count posts nothing: expected and variance are derived at the centre (domain.counting). Nothing here says what there
should be, and the ledger is asked only for what may not be used. The next place begins the next count, DONE the end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scanner_app.domain.counting import count_fact_of
from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import LastFact
from scanner_app.domain.refusals import Accepted, Outcome, Refusal, Refused
from scanner_app.workflows import receiving_refusals as tell
from scanner_app.workflows.counting_posting import counted
from scanner_app.workflows.counting_state import CountingState, prompt_of
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
    from scanner_app.domain.entry import Entry
    from scanner_app.domain.facts import UndoFact
    from scanner_app.domain.masters import Place
    from scanner_app.domain.refusals import Parameters
    from scanner_app.workflows.goods import Goods, Resolved
    from scanner_app.workflows.spread_labels import Many, Reading
    from scanner_app.workflows.step import Facts, Happening, Moment, Prompt

CONTENT_LEVEL = "each"


class Counting:
    """The machine of counting."""

    name = "counting"
    state_type = CountingState

    def open(self, document: str | None, facts: Facts, moment: Moment) -> Transition[CountingState]:  # noqa: ARG002 - the form of every workflow
        """A new task; no count is open yet."""
        state = CountingState()
        return Transition(state, None, Tone.NEUTRAL, Line("say.counting.begun"), progress=state.progress)

    def step(
        self, state: CountingState, happening: Happening, facts: Facts, moment: Moment
    ) -> Transition[CountingState]:
        """What a scan, a command or a typed number comes to. Whatever is written while a count is open bears its id."""
        done = _decided(state, happening, facts, moment)
        count = done.state.count or state.count
        draft = None if done.draft is None else replace(done.draft, count=count)
        return replace(done, draft=draft, progress=done.state.progress)

    def prompt(self, state: CountingState) -> Prompt:
        """The place first, then what lies in it."""
        return prompt_of(state)

    def take_back(self, state: CountingState) -> Transition[CountingState] | None:
        """Undo of a part of a label that waits for the rest; None when nothing waits."""
        if state.part is None:
            return None
        return Transition(replace(state, part=None), None, Tone.NEUTRAL, say=Line("say.counting.part_forgotten"))

    def obstacle(self, state: CountingState, entry: Entry) -> Parameters | None:
        """Why a fact of this task stays: its count is closed, or somebody else counted in it since."""
        if entry.kind is EntryKind.COUNT_CLOSED or entry.count != state.count:
            return {"cause": "closed", "kind": entry.kind.value}
        if entry.kind is EntryKind.COUNT_OPENED and state.scans:
            return {"cause": "counted_since", "place": state.place}
        return None

    def undone(self, state: CountingState, facts: Facts, moment: Moment) -> CountingState:
        """The state without the last scan, or without the count that was only begun."""
        operator = "" if moment.operator is None else moment.operator.id
        last: UndoFact = facts[LastFact(operator, moment.task)]
        fact = count_fact_of(last.entry)
        assert fact is not None, last.entry
        plain = replace(state, part=None, many=None, asks_empty=False)
        if fact.kind is EntryKind.COUNT_OPENED:
            return replace(plain, count=None, place=None)
        return plain.without_scan(fact.batch, fact.quantity)


def _decided(state: CountingState, happening: Happening, facts: Facts, moment: Moment) -> Transition[CountingState]:
    match happening:
        case Scanned():
            return _scanned(state, happening, facts, moment)
        case Typed(text=text):
            return _typed(state, text)
        case Commanded(command=Command.QUANTITY, number=number):
            return _quantity(state, number)
        case Commanded(command=Command.BACK):
            plain = replace(state, asks_number=False, asks_empty=False, part=None, times=1, many=None)
            return Transition(plain, None, Tone.NEUTRAL)
        case Commanded(command=Command.DONE):
            return _done(state)
        case _:
            return Transition(state, None, Tone.NEUTRAL, NOT_NOW)


def _done(state: CountingState) -> Transition[CountingState]:
    """Ends the task; an open count is closed first, by its place."""
    if state.place is not None:
        return Transition(state, None, Tone.ATTENTION, Line("say.counting.still_open", {"place": state.place}))
    ended = Transition(replace(state, part=None), None, Tone.DONE, Line("say.counting.done"), finished=True)
    return forgotten(ended, state.part)


def _scanned(state: CountingState, scanned: Scanned, facts: Facts, moment: Moment) -> Transition[CountingState]:
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
    state: CountingState, scanned: Scanned, reading: Reading, found: Resolved, facts: Facts, moment: Moment
) -> Transition[CountingState]:
    """What a scan of ours comes to."""
    if isinstance(found, ScannedDocument):
        return _wrong_level(state, found.document.id, "say.counting.document")
    if isinstance(found, ScannedPlace):
        return _at_place(replace(state, part=None), found.place, moment, confirms=scanned.confirms)
    if isinstance(found, Container):
        whole = _wrong_level(state, container_text(found.id), "say.counting.scan_inside")
        return whole if state.place is not None else _place_first(state, found)
    return _read(state, scanned, reading, found, facts, moment)


# Places.


def _at_place(state: CountingState, place: Place, moment: Moment, *, confirms: bool) -> Transition[CountingState]:
    """A place opens its count; the same again closes it; any other one waits until then."""
    if state.place is None:
        return _opened(state, place.code, moment, confirms=confirms)
    if place.code == state.place:
        return _closed(state, place.code, confirms=confirms)
    told: Parameters = {"question": state.place, "scanned": place.code, "place": state.place}
    return replace(refuse(state, Refusal.ANSWER_FIRST, told), say=Line("say.counting.close_first", told))


def _opened(state: CountingState, place: str, moment: Moment, *, confirms: bool) -> Transition[CountingState]:
    """A bounced second read of the place that was just closed begins nothing."""
    if place == state.closed and not confirms:
        return refuse(state, Refusal.ALREADY_SCANNED, {"scanned": place}, tone=Tone.NEUTRAL)
    begun = state.begun + 1
    opened = CountingState(begun, f"{moment.task}.{begun}", place, times=state.times, closed=state.closed)
    told: Parameters = {"place": place}
    draft = Draft(EntryKind.COUNT_OPENED, Accepted(Outcome.OK, told))
    return Transition(opened, draft, Tone.TICK, Line("say.counting.opened", told))


def _closed(state: CountingState, place: str, *, confirms: bool) -> Transition[CountingState]:
    """What was counted stands; a place where nothing was is asked for again."""
    if not state.scans and not (state.asks_empty and confirms):
        say = Line("say.counting.empty_again", {"place": place})
        return note(replace(state, asks_empty=True), say=say, tone=Tone.ATTENTION)
    draft = Draft(EntryKind.COUNT_CLOSED, Accepted(Outcome.OK, state.told))
    say = Line("say.counting.closed" if state.scans else "say.counting.closed_empty", state.told)
    after = CountingState(state.begun, closed=place)
    return Transition(after, draft, Tone.DONE, say)


# Goods.


def _wrong_level(state: CountingState, scanned: str, say: str) -> Transition[CountingState]:
    """A pallet, a case or a document: what is inside is what is counted."""
    wrong = tell.wrong_level(scanned, CONTENT_LEVEL)
    return replace(refuse(state, wrong.refusal, wrong.parameters), say=Line(say, wrong.parameters))


def _place_first(state: CountingState, goods: Goods) -> Transition[CountingState]:
    """Goods before anybody said where they lie."""
    told: Parameters = {"question": goods_text(goods), "scanned": goods_text(goods)}
    refused = refuse(state, Refusal.ANSWER_FIRST, told, lines=goods_lines(goods))
    return replace(refused, say=Line("say.counting.place_first", told))


def _read(
    state: CountingState, scanned: Scanned, reading: Reading, found: Unit | Quantity | Fragment, facts: Facts,
    moment: Moment,
) -> Transition[CountingState]:  # fmt: skip
    """Goods by their whole label; what is missing of it is asked for, and a lot typed as plain text once more."""
    part = part_of(reading)
    if part is not None or isinstance(found, Fragment):
        lines = () if isinstance(found, Fragment) else goods_lines(found)
        return note(replace(state, part=part), say=Line("say.counting.part"), tone=Tone.ATTENTION, lines=lines)
    if reading.plain and not _is_again(state.part, scanned, found):
        asked = replace(state, part=Part(replace(reading.label, lot=None), "lot", found.item.name, found.lot or ""))
        return note(asked, say=Line("say.counting.plain_lot", {"scanned": found.lot}), tone=Tone.ATTENTION)
    plain = replace(state, part=None)
    return _too_many(plain, found, scanned, reading) or _goods(plain, found, facts, moment)


def _is_again(part: Part | None, scanned: Scanned, found: Unit | Quantity) -> bool:
    """Whether a plain text that is taken as a lot has come a second time."""
    return part is not None and part.text == found.lot and scanned.confirms


def _goods(state: CountingState, goods: Unit | Quantity, facts: Facts, moment: Moment) -> Transition[CountingState]:
    """One unit, or so many of a lot, counted where they lie; or why not."""
    if state.place is None or state.count is None:
        return _place_first(state, goods)
    if isinstance(goods, Quantity) and goods.item.serialised:
        return replace(_wrong_level(state, goods.item.name, "say.counting.each_serial"), lines=goods_lines(goods))
    so_many = goods.times(state.times) if isinstance(goods, Quantity) else goods
    return counted(state, state.count, state.place, so_many, facts, moment)


def _too_many(
    state: CountingState, goods: Unit | Quantity, scanned: Scanned, reading: Reading
) -> Transition[CountingState] | None:
    """So many at once may be a slip of the finger: the same scan again says that they are there. None for fewer."""
    many = many_of(goods, state.times, scanned.parsed.text, reading.label)
    if many is None or state.place is None:
        return None
    over = tell.over_quantity(goods.item.name, 0, 0, many.number)
    refused = refuse(replace(state, many=many), over.refusal, over.parameters, lines=goods_lines(goods))
    return replace(refused, say=Line("say.counting.so_many", {"scanned": many.named}))


def _so_many(state: CountingState, asked: Many, facts: Facts, moment: Moment) -> Transition[CountingState]:
    """There are so many: the goods of the whole label, as they are judged now."""
    goods = goods_of(asked.label, facts, moment.today)
    if isinstance(goods, Refused):
        return refuse(state, goods.refusal, goods.parameters)
    assert isinstance(goods, Quantity), goods
    return _goods(state, goods, facts, moment)


# Numbers.


def _typed(state: CountingState, text: str) -> Transition[CountingState]:
    """A number in answer to QUANTITY; anything else is asked again."""
    if not state.asks_number:
        return Transition(state, None, Tone.NEUTRAL)
    return _quantity(state, typed_number(text) or 0)


def _quantity(state: CountingState, number: int | None) -> Transition[CountingState]:
    """The next scan without serial counts for so many; without a number it is asked for."""
    if number is None:
        return Transition(replace(state, asks_number=True), None, Tone.NEUTRAL)
    if not 1 <= number <= NUMBER_MAX:
        return Transition(state, None, Tone.BAD, NUMBER_WANTED)
    after = replace(state, asks_number=False, times=number)
    return Transition(after, None, Tone.NEUTRAL, say=Line("say.counting.times", {"number": number}))
