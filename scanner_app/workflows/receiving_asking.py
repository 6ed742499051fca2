"""Receiving: what is asked when goods are not simply taken: refusals with their question, and what a label lacks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import LinesOf, Movements, PlaceOf, StockOf
from scanner_app.domain.masters import PlaceKind
from scanner_app.domain.refusals import Accepted, Outcome, Refusal, Refused
from scanner_app.workflows.goods import Unit, goods_lines, goods_text
from scanner_app.workflows.local_time import local_clock
from scanner_app.workflows.receiving_containers import CONTENT_LEVEL, JudgedContainer
from scanner_app.workflows.receiving_posting import base_units, key_serial
from scanner_app.workflows.receiving_refusals import over_quantity, own_words
from scanner_app.workflows.receiving_state import Asked, Pending, Reading, ReceivingState
from scanner_app.workflows.receiving_telling import lines_of
from scanner_app.workflows.spread_labels import UNASKED_MAX, Part
from scanner_app.workflows.step import Draft, Line, Tone, Transition, note, refuse

if TYPE_CHECKING:
    from scanner_app.domain.facts import Movement, StockLine
    from scanner_app.domain.masters import DocumentLine, Place
    from scanner_app.domain.refusals import Parameters
    from scanner_app.workflows.goods import Goods, Label, Quantity
    from scanner_app.workflows.receiving_judging import Judged
    from scanner_app.workflows.step import Facts, Moment

CONFIRMED_IN_CAGE = frozenset({
    Refusal.WATCH_LISTED, Refusal.SUSPECT, Refusal.EXPIRED, Refusal.DESTROYED, Refusal.ALREADY_OUT,
    Refusal.IN_OTHER_DOCUMENT, Refusal.NOT_ON_DOCUMENT, Refusal.NO_DATA, Refusal.LOT_MISMATCH, Refusal.EXPIRY_MISMATCH,
    Refusal.OVER_QUANTITY,
})  # fmt: skip
"""Refusals of goods that lie there all the same: the same code again puts them into the cage."""

IN_ALREADY = frozenset({Refusal.ALREADY_SCANNED, Refusal.ALREADY_RECEIVED})
WITH_US = IN_ALREADY | {Refusal.ON_HOLD}
"""Refusals of a serial that is ours: another pack in the hand that bears it is suspect."""
DOCK_WANTED = "DOCK"
CAGE_WANTED = "CAGE"


def refuse_goods(
    state: ReceivingState, judged: Judged | JudgedContainer, first: Refused, reading: Reading, facts: Facts
) -> Transition[ReceivingState]:
    """The refusal that is told, its sentence, and the question that it leaves open."""
    lines, say, tone = lines_of(judged), own_words(first, blind=state.document is None), Tone.BAD
    if first.refusal in IN_ALREADY:
        say = _when(judged, first, facts)
        tone = Tone.NEUTRAL if first.refusal is Refusal.ALREADY_SCANNED else Tone.BAD
    if first.refusal is Refusal.RECALLED:
        lines, tone = (*lines, *_known_here(judged, facts)), Tone.RECALL
    asked = replace(state, pending=_left_open(judged, first, reading))
    refused = refuse(asked, first.refusal, first.parameters, tone=tone, lines=lines, document=state.document)
    return replace(refused, say=say)


def _left_open(judged: Judged | JudgedContainer, first: Refused, reading: Reading) -> Pending | None:
    """What is asked after a refusal; None where only another scan helps."""
    goods = _goods(judged)
    asked = None
    if first.refusal is Refusal.RECALLED:
        asked = Asked.RECALL
    elif first.refusal is Refusal.CONDITION_MISSING:
        asked = Asked.LOGGER
    elif first.refusal in CONFIRMED_IN_CAGE:
        asked = Asked.AGAIN
    elif first.refusal in WITH_US and isinstance(goods, Unit):
        asked = Asked.SECOND_PACK
    return None if asked is None else Pending(asked, first.refusal, reading.text, reading.label, goods_text(goods))


def _goods(judged: Judged | JudgedContainer) -> Goods:
    return judged.container if isinstance(judged, JudgedContainer) else judged.goods


def _when(judged: Judged | JudgedContainer, first: Refused, facts: Facts) -> Line | None:
    """`already scanned 09:14`, in the site's local time; None where no movement is known (floor.md rule 16)."""
    if isinstance(judged, JudgedContainer):
        asked = Movements(container=judged.container.id, limit=1)
    else:
        asked = Movements(gtin=judged.goods.gtin, serial=key_serial(judged.goods), limit=1)
    movements: tuple[Movement, ...] = facts[asked]
    if not movements:
        return None
    last = movements[0]
    parameters = {**first.parameters, "at": local_clock(last.event_time, last.offset)}
    return Line(f"say.receiving.{first.refusal.value.lower()}", parameters)


def _known_here(judged: Judged | JudgedContainer, facts: Facts) -> tuple[Line, ...]:
    """How many base units of a recalled lot we have; of a container its lines tell enough."""
    if isinstance(judged, JudgedContainer):
        return ()
    stock: tuple[StockLine, ...] = facts[StockOf(judged.goods.gtin, judged.goods.lot)]
    return (Line("line.receiving.known_here", {"quantity": sum(line.quantity for line in stock)}),)


def unknown_item(state: ReceivingState, refused: Refused, reading: Reading) -> Transition[ReceivingState]:
    """UNKNOWN_ITEM: nothing can be posted of an item that is on no list; the same code again reports it."""
    pending = Pending(Asked.AGAIN, refused.refusal, reading.text, reading.label, reading.label.gtin or "")
    parameters = {**refused.parameters, "scanned": reading.label.gtin}
    return refuse(replace(state, pending=pending), refused.refusal, parameters, document=state.document)


def report(state: ReceivingState, refused: Refused) -> Transition[ReceivingState]:
    """An unknown item put aside and reported: no stock, but a follow-up."""
    parameters = {**refused.parameters, "scanned": refused.parameters["gtin"], "overrode": refused.refusal.value}
    draft = Draft(EntryKind.NOTED, Accepted(Outcome.CONFIRMED, parameters), document=state.document)
    return Transition(state, draft, Tone.ATTENTION, Line("say.receiving.reported", parameters))


def no_dock(state: ReceivingState, goods: Goods) -> Transition[ReceivingState]:
    """Goods before anybody said where they stand."""
    parameters: Parameters = {"place": goods_text(goods), "expected": DOCK_WANTED, "scanned": goods_text(goods)}
    refused = refuse(state, Refusal.WRONG_PLACE, parameters, lines=goods_lines(goods), document=state.document)
    return replace(refused, say=Line("say.receiving.dock_first", parameters))


def no_cage(state: ReceivingState, goods: Goods, facts: Facts, moment: Moment) -> Transition[ReceivingState] | None:
    """WRONG_PLACE where the cage of the configuration is none: nothing can be put apart there. None where it is one."""
    place: Place | None = facts[PlaceOf(moment.cage)]
    if place is not None and place.kind is PlaceKind.CAGE:
        return None
    parameters: Parameters = {"place": moment.cage, "expected": CAGE_WANTED, "scanned": goods_text(goods)}
    refused = refuse(state, Refusal.WRONG_PLACE, parameters, lines=goods_lines(goods), document=state.document)
    return replace(refused, say=Line("say.receiving.no_cage", parameters))


def without_serial(state: ReceivingState, goods: Quantity, label: Label) -> Transition[ReceivingState]:
    """A serialised item without a serial: of one pack it is asked for; a number of packs must be scanned one by one."""
    if goods.level.factor == 1 and label.count is None:
        return _lacking(state, goods, label, "serial")
    parameters: Parameters = {"scanned": goods.item.name, "expected": CONTENT_LEVEL}
    return refuse(state, Refusal.WRONG_LEVEL, parameters, lines=goods_lines(goods), document=state.document)


def lot_wanted(
    state: ReceivingState, judged: Judged | JudgedContainer, label: Label
) -> Transition[ReceivingState] | None:
    """Asks for the lot of goods whose item has lots, and whose label and document do not tell it; None otherwise."""
    told = judged.content if isinstance(judged, JudgedContainer) else judged
    if told is None or told.by_unit or told.goods.lot is not None:
        return None
    if not told.goods.item.lot_controlled and not told.asks_lot:
        return None
    return _lacking(state, told.goods, label, "lot")


def _lacking(state: ReceivingState, goods: Unit | Quantity, label: Label, missing: str) -> Transition[ReceivingState]:
    """Keeps the label as far as it was read and asks for the rest."""
    part = Part(label, missing, goods.item.name)
    say = Line(f"say.receiving.part_{missing}", {"item": goods.item.name})
    return note(
        replace(state, part=part), say=say, tone=Tone.ATTENTION, lines=goods_lines(goods), document=state.document
    )


def asks_again_for_many(
    state: ReceivingState, judged: Judged | JudgedContainer, reading: Reading, facts: Facts
) -> Transition[ReceivingState] | None:
    """Asks once more for a number far beyond what is expected; None where it is not, or was the answer to that."""
    if reading.counted or isinstance(judged, JudgedContainer):
        return None
    number, goods = base_units(judged.goods), judged.goods
    expected = 0 if number <= UNASKED_MAX or state.document is None else _expected(state.document, goods.gtin, facts)
    if number <= max(UNASKED_MAX, expected):
        return None
    named = f"{number} x {goods.item.name}"
    pending = Pending(
        Asked.MANY, Refusal.OVER_QUANTITY, reading.text, reading.label, named, overrides=reading.overrides
    )
    over = over_quantity(goods.item.name, expected, 0, number)
    refused = refuse(
        replace(state, pending=pending), over.refusal, over.parameters, lines=goods_lines(goods),
        document=state.document,
    )  # fmt: skip
    return replace(refused, say=Line("say.receiving.so_many", {"scanned": named}))


def _expected(document: str, gtin: str, facts: Facts) -> int:
    """Base units of an item that a document expects, come or not."""
    lines: tuple[DocumentLine, ...] = facts[LinesOf(document, gtin)]
    return sum(line.expected for line in lines)


def refuse_first(state: ReceivingState, scanned: str) -> Transition[ReceivingState]:
    """ANSWER_FIRST while a recall or a close is asked about: nothing else may happen before the answer."""
    if state.closing is not None:
        question = state.shown_document
        code = "say.receiving.close_first_accept" if state.closing.inferable else "say.receiving.close_first"
    else:
        question = "" if state.pending is None else state.pending.name
        code = "say.receiving.recall_first"
    parameters: Parameters = {"question": question, "scanned": scanned}
    refused = refuse(state, Refusal.ANSWER_FIRST, parameters, document=state.document)
    return replace(refused, say=Line(code, parameters))
