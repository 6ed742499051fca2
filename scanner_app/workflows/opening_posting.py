"""Opening balance: what speaks against goods at a place, and the entry that makes them stock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import KnownExpiry, PlaceOf, UnitOf, WatchesOn
from scanner_app.domain.masters import PlaceKind
from scanner_app.domain.refusals import Accepted, Outcome, Refusal, Refused, first_refusal
from scanner_app.domain.rules import expired, gravest_watch, storage_fits, watch_refusal
from scanner_app.domain.stock import ADJUSTMENT, NOT_OURS, Posting, Status, StockKey
from scanner_app.workflows import receiving_refusals as tell
from scanner_app.workflows.goods import Quantity, Unit, goods_lines, goods_text
from scanner_app.workflows.opening_state import OpeningState, Running
from scanner_app.workflows.receiving_lines import known_expiry
from scanner_app.workflows.receiving_posting import base_units, key_serial
from scanner_app.workflows.receiving_taking import STATUS_IN_CAGE
from scanner_app.workflows.step import Draft, Line, Tone, Transition

if TYPE_CHECKING:
    from scanner_app.domain.facts import UnitFact
    from scanner_app.domain.masters import Place, Watch
    from scanner_app.domain.refusals import Parameters
    from scanner_app.workflows.step import Facts, Moment

PROVENANCE = "opening balance"
"""The note of every entry: where this stock comes from."""


def refusal_of(code: str, goods: Unit | Quantity, facts: Facts, moment: Moment) -> Refused | None:
    """The first reason of the closed table against these goods at this place; None when they may become stock.

    A cage takes what is not good, or not as its lot should be: there it is no dead end and not available either.
    """
    place: Place | None = facts[PlaceOf(code)]
    if place is None:
        return Refused(Refusal.UNKNOWN_PLACE, {"place": code})
    found = _here_already(place, goods, facts) if isinstance(goods, Unit) else []
    if place.kind is not PlaceKind.CAGE:
        found += [*_unsafe(goods, facts, moment), *known_expiry(goods, facts)]
    item = goods.item
    if not storage_fits(item.storage_class, place):
        classes = {"item_class": item.storage_class.value, "place_class": place.storage_class.value}
        parameters: Parameters = {"item": item.name, "place": code, "scanned": goods_text(goods), **classes}
        found.append(Refused(Refusal.WRONG_STORAGE_CLASS, parameters))
    return first_refusal(found)


def _here_already(place: Place, unit: Unit, facts: Facts) -> list[Refused]:
    """A unit on record: here or elsewhere with us, or gone for good."""
    fact: UnitFact | None = facts[UnitOf(unit.gtin, unit.serial)]
    if fact is None:
        return []
    if fact.location in NOT_OURS:
        return tell.gone(fact.location, unit.serial)
    known: Parameters = {"scanned": unit.serial, "place": fact.location}
    if fact.location == place.code:
        return [Refused(Refusal.ALREADY_SCANNED, known)]
    elsewhere = Refused(Refusal.ALREADY_RECEIVED, known)
    return [elsewhere] if fact.status is Status.AVAILABLE else [elsewhere, tell.on_hold(unit, fact)]


def _unsafe(goods: Unit | Quantity, facts: Facts, moment: Moment) -> list[Refused]:
    """Recalled, watched, suspect or expired goods, which only a cage takes."""
    found = []
    watch = _watch(goods, facts)
    if watch is not None:
        found.append(tell.watched(watch, goods_text(goods), goods.item.name, goods.lot))
    if goods.expiry is not None and expired(goods.expiry, moment.today):
        found.append(tell.is_expired(goods.expiry, moment.today, goods_text(goods)))
    return found


def _watch(goods: Unit | Quantity, facts: Facts) -> Watch | None:
    return gravest_watch(facts[WatchesOn(goods.gtin, goods.lot, key_serial(goods))])


def lot_is_known(goods: Unit | Quantity, facts: Facts) -> bool:
    """Whether stock or a document knows this lot of the item."""
    return goods.lot is not None and bool(facts[KnownExpiry(goods.gtin, goods.lot)])


def post(
    state: OpeningState, code: str, goods: Unit | Quantity, facts: Facts, moment: Moment
) -> Transition[OpeningState]:
    """Adjustment → place; a change of lot or expiry within an item ticks (floor.md rule 19)."""
    place: Place = facts[PlaceOf(code)]
    quantity = base_units(goods)
    status = _status_at(place, goods, facts)
    running = _running(state.running, goods, quantity)
    parameters: Parameters = {
        "scanned": goods_text(goods), "item": goods.item.name, "lot": goods.lot, "quantity": quantity, "place": code,
        "status": status.value,
    }  # fmt: skip
    key = StockKey(moment.owner, goods.gtin, goods.lot, goods.expiry, key_serial(goods), status)
    draft = Draft(
        EntryKind.OPENING_BALANCE,
        Accepted(Outcome.OK, parameters),
        note=PROVENANCE,
        postings=(Posting(key, quantity, ADJUSTMENT, code),),
    )
    after = replace(state, done=state.done + quantity, times=1, running=running)
    total = Line("line.opening.running", {"quantity": running.quantity, "place": code})
    say = Line("say.opening.posted" if status is Status.AVAILABLE else "say.opening.posted_apart", parameters)
    tone = Tone.TICK if _batch_changed(state.running, goods) else Tone.GOOD
    if status is not Status.AVAILABLE:
        tone = Tone.ATTENTION
    return Transition(after, draft, tone, say, (*goods_lines(goods), total), after.progress)


def _status_at(place: Place, goods: Unit | Quantity, facts: Facts) -> Status:
    """Available in a bin; in a cage what its recall or watch-list makes of it, else held."""
    if place.kind is not PlaceKind.CAGE:
        return Status.AVAILABLE
    watch = _watch(goods, facts)
    return Status.HELD if watch is None else STATUS_IN_CAGE.get(watch_refusal(watch), Status.HELD)


def _running(before: Running | None, goods: Unit | Quantity, quantity: int) -> Running:
    """The running total of the same item, lot and expiry in a row."""
    if before is None or before.gtin != goods.gtin or _batch_changed(before, goods):
        return Running(goods.gtin, goods.lot, goods.expiry, quantity)
    return replace(before, quantity=before.quantity + quantity)


def _batch_changed(before: Running | None, goods: Unit | Quantity) -> bool:
    """Whether the item is the one before, and its lot or expiry is another."""
    if before is None or before.gtin != goods.gtin:
        return False
    return (before.lot, before.expiry) != (goods.lot, goods.expiry)
