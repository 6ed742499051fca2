"""Receiving: one scan. First what is open (a recall, a close), then what it is; goods go on to `receiving_taking`.

A label may be spread over several symbols, in any order: what one of them leaves open is asked for, never guessed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scanner_app.domain.facts import KnownExpiry, LevelOf, LinesOf
from scanner_app.domain.masters import PlaceKind
from scanner_app.domain.refusals import Refusal, Refused
from scanner_app.domain.scan import Kind
from scanner_app.workflows.goods import (
    Label,
    ScannedDocument,
    ScannedPlace,
    codes_of,
    label_of,
    place_or_document,
    scan_looked_up,
    scan_text,
)
from scanner_app.workflows.receiving_asking import DOCK_WANTED, refuse_first
from scanner_app.workflows.receiving_setting import quantity
from scanner_app.workflows.receiving_state import Asked, Pending, Reading, ReceivingState, prompt_of
from scanner_app.workflows.receiving_taking import quarantine, take_label
from scanner_app.workflows.spread_labels import (
    Part,
    forgotten,
    joined,
    noted_number,
    number_typed,
    plain_lot,
    typed_answer,
)
from scanner_app.workflows.step import Command, Line, Tone, Transition, note, refuse

if TYPE_CHECKING:
    from scanner_app.domain.masters import DocumentLine, Level, Place
    from scanner_app.domain.refusals import Parameters
    from scanner_app.domain.scan import ParsedScan
    from scanner_app.workflows.step import Facts, Moment, Scanned

RECEIVED_AT = frozenset({PlaceKind.DOCK, PlaceKind.LANE})

ANSWERED_BY_THE_SAME = frozenset({Asked.AGAIN, Asked.MANY, Asked.LOT})
"""Questions that the same code again answers; a second pack and a logger's result want a card."""


def on_scan(state: ReceivingState, scanned: Scanned, facts: Facts, moment: Moment) -> Transition[ReceivingState]:
    """What one scan comes to."""
    parsed, pending = scanned.parsed, state.pending
    if pending is not None and pending.asked is Asked.RECALL:
        if parsed.kind is Kind.LOCATION and moment.cage in codes_of(parsed):
            return quarantine(state, pending, facts, moment)
        return refuse_first(state, scan_looked_up(parsed, facts, moment.today))
    if state.closing is not None:
        return refuse_first(state, scan_looked_up(parsed, facts, moment.today))
    if pending is not None and pending.text == parsed.text and pending.asked in ANSWERED_BY_THE_SAME:
        return _again(state, pending, scanned, facts, moment)
    return _anew(state, parsed, facts, moment)


def _again(
    state: ReceivingState, pending: Pending, scanned: Scanned, facts: Facts, moment: Moment
) -> Transition[ReceivingState]:
    """The code of the last refusal: it confirms, unless captured too early to be an answer (floor.md rule 10)."""
    if not scanned.confirms:
        named: Parameters = {"scanned": pending.name}
        bounced = refuse(state, Refusal.ALREADY_SCANNED, named, tone=Tone.NEUTRAL, document=state.document)
        return replace(bounced, say=Line("say.receiving.too_soon", named))
    counted = pending.asked is Asked.MANY
    overrides = pending.overrides if counted else pending.refusal
    return take_label(state, Reading(pending.text, pending.label, overrides, counted), facts, moment)


def _anew(state: ReceivingState, parsed: ParsedScan, facts: Facts, moment: Moment) -> Transition[ReceivingState]:
    """A scan that answers no question: goods, part of a label, a place, a document, or nothing of ours."""
    answered = typed_answer(state.part, parsed, facts, moment.today)
    if answered is not None:
        return take_label(state, Reading(parsed.text, answered), facts, moment)
    number = number_typed(parsed)
    if number is not None and Command.QUANTITY in prompt_of(replace(state, pending=None)).commands:
        return noted_number(quantity(state, number), number, state.document)
    if parsed.kind is Kind.UNKNOWN and state.part is not None and state.part.missing == "lot":
        return _lot_as_text(state, state.part, parsed, facts, moment)
    label = label_of(parsed)
    if label is None:
        return _no_goods(replace(state, pending=None), parsed, facts)
    completed = joined(state.part, label)
    whole = completed or label
    lost = state.part if completed is None else None
    if whole.gtin is None and whole.sscc is None:
        waiting = replace(state, part=Part(whole, "gtin"), pending=None)
        half = note(waiting, say=Line("say.receiving.part_gtin"), tone=Tone.ATTENTION, document=state.document)
        return forgotten(half, lost)
    return forgotten(take_label(state, Reading(parsed.text, whole), facts, moment), lost)


def _no_goods(state: ReceivingState, parsed: ParsedScan, facts: Facts) -> Transition[ReceivingState]:
    """A place, another document, or nothing of ours."""
    found = place_or_document(parsed, facts)
    if isinstance(found, ScannedPlace):
        return _at_place(state, found.place)
    if isinstance(found, ScannedDocument):
        return _other_document(state, found)
    return _refused(state, found, parsed)


def _refused(state: ReceivingState, found: Refused, parsed: ParsedScan) -> Transition[ReceivingState]:
    """Nothing of ours; where part of a label is waiting, the sentence says what is. A fault of typed digits is told."""
    say = None
    if found.refusal is Refusal.BAD_FORMAT and "code" not in found.parameters:
        missing = "goods" if state.part is None else state.part.missing
        say = Line(f"say.receiving.not_{missing}", {"scanned": scan_text(parsed)})
    transition = refuse(state, found.refusal, found.parameters, document=state.document)
    return replace(transition, say=say)


def _lot_as_text(
    state: ReceivingState, part: Part, parsed: ParsedScan, facts: Facts, moment: Moment
) -> Transition[ReceivingState]:
    """Plain text where a lot was asked for: taken when that lot is on record, else only when scanned again."""
    shown = scan_text(parsed)
    lot = plain_lot(parsed)
    if lot is None:
        return _refused(replace(state, pending=None), Refused(Refusal.BAD_FORMAT, {"cause": shown}), parsed)
    label = replace(part.label, lot=lot)
    if _on_record(state, label, facts, moment):
        return take_label(state, Reading(parsed.text, label), facts, moment)
    pending = Pending(Asked.LOT, Refusal.BAD_FORMAT, parsed.text, label, shown)
    refused = refuse(replace(state, pending=pending), Refusal.BAD_FORMAT, {"cause": shown}, document=state.document)
    return replace(refused, say=Line("say.receiving.plain_lot", {"scanned": shown}))


def _on_record(state: ReceivingState, label: Label, facts: Facts, moment: Moment) -> bool:
    """Whether our document or our stock knows this lot of the item."""
    level: Level | None = facts[LevelOf(label.gtin or "", moment.today)]
    if level is None or label.lot is None:
        return False
    lines: tuple[DocumentLine, ...] = ()
    if state.document is not None:
        lines = facts[LinesOf(state.document, level.item.gtin)]
    return any(line.lot == label.lot for line in lines) or bool(facts[KnownExpiry(level.item.gtin, label.lot)])


def _at_place(state: ReceivingState, place: Place) -> Transition[ReceivingState]:
    """A dock or lane is where goods stand from now on; storage comes with put-away."""
    if place.kind in RECEIVED_AT:
        say = Line("say.receiving.at_dock", {"place": place.code})
        return note(replace(state, dock=place.code), say=say, document=state.document)
    expected = state.dock or DOCK_WANTED
    return refuse(state, Refusal.WRONG_PLACE, {"place": place.code, "expected": expected}, document=state.document)


def _other_document(state: ReceivingState, found: ScannedDocument) -> Transition[ReceivingState]:
    """A document is opened from the menu: this one stays open until it is done."""
    document = found.document.id
    if document == state.document:
        say = Line("say.receiving.this_document", {"document": document})
        return note(state, say=say, tone=Tone.NEUTRAL, document=state.document)
    code = "say.receiving.other_document_blind" if state.document is None else "say.receiving.other_document"
    say = Line(code, {"document": state.shown_document, "other": document})
    return note(state, say=say, tone=Tone.ATTENTION, document=state.document)
