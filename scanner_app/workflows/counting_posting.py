"""Counting: the entry of one scan. It posts nothing; what may not be used is counted all the same, and told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scanner_app.domain.counting import QUANTITY_MAX, Batch
from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import CountedUnit, UnitOf, WatchesOn
from scanner_app.domain.refusals import Accepted, Outcome, Refusal
from scanner_app.domain.rules import expired, gravest_watch, watch_refusal
from scanner_app.workflows import receiving_refusals as tell
from scanner_app.workflows.goods import Unit, goods_lines, goods_text
from scanner_app.workflows.receiving_posting import base_units, key_serial
from scanner_app.workflows.step import Draft, Line, Tone, Transition, refuse

if TYPE_CHECKING:
    from scanner_app.domain.facts import UnitFact
    from scanner_app.domain.masters import Watch
    from scanner_app.domain.refusals import Parameters
    from scanner_app.workflows.counting_state import CountingState
    from scanner_app.workflows.goods import Quantity
    from scanner_app.workflows.step import Facts, Moment


def counted(
    state: CountingState, count: str, place: str, goods: Unit | Quantity, facts: Facts, moment: Moment
) -> Transition[CountingState]:
    """One `counted` entry; a unit that was counted here already is ALREADY_SCANNED, neutral."""
    if isinstance(goods, Unit) and facts[CountedUnit(count, goods.gtin, goods.serial)]:
        scanned: Parameters = {"scanned": goods.serial}
        return refuse(state, Refusal.ALREADY_SCANNED, scanned, tone=Tone.NEUTRAL, lines=goods_lines(goods))
    quantity = base_units(goods)
    if quantity > QUANTITY_MAX:
        return _beyond(state, goods, quantity)
    batch = Batch(goods.gtin, goods.lot or "", "" if goods.expiry is None else goods.expiry.isoformat())
    told: Parameters = {
        "place": place, "gtin": goods.gtin, "lot": batch.lot or None, "expiry": batch.expiry or None,
        "serial": key_serial(goods), "quantity": quantity, "item": goods.item.name, "scanned": goods_text(goods),
    }  # fmt: skip
    after = state.with_scan(batch, quantity)
    so_far = Line("line.counting.so_far", {"quantity": after.tallies[-1].quantity, "place": place})
    draft = Draft(EntryKind.COUNTED, Accepted(Outcome.OK, told))
    tone, say = _told(state, batch, told, _caution(goods, facts, moment))
    return Transition(after, draft, tone, say, (*goods_lines(goods), so_far))


def _beyond(state: CountingState, goods: Unit | Quantity, quantity: int) -> Transition[CountingState]:
    """More than one entry can tell of: no place of ours holds so many."""
    over = tell.over_quantity(goods.item.name, 0, 0, quantity)
    refused = refuse(state, over.refusal, over.parameters, lines=goods_lines(goods))
    return replace(refused, say=Line("say.counting.beyond", {**over.parameters, "most": QUANTITY_MAX}))


def _told(before: CountingState, batch: Batch, told: Parameters, caution: Refusal | None) -> tuple[Tone, Line]:
    """Counted; loudly where it may not be used. A change of lot or expiry within an item ticks (floor.md rule 19)."""
    if caution is not None:
        tone = Tone.RECALL if caution is Refusal.RECALLED else Tone.ATTENTION
        return tone, Line(f"say.counting.counted_{caution.value.lower()}", told)
    last = before.tallies[-1].batch if before.tallies else batch
    changed = last.gtin == batch.gtin and last != batch
    return Tone.TICK if changed else Tone.GOOD, Line("say.counting.counted", told)


def _caution(goods: Unit | Quantity, facts: Facts, moment: Moment) -> Refusal | None:
    """Why the goods may not be used: a recall or watch-list first, then their expiry; by the label, else the record.

    Where they should be, and whether they should, is not asked: the counter is blind.
    """
    lot, expiry = goods.lot, goods.expiry
    if isinstance(goods, Unit) and (lot is None or expiry is None):
        known: UnitFact | None = facts[UnitOf(goods.gtin, goods.serial)]
        if known is not None:
            lot, expiry = lot or known.lot, expiry or known.expiry
    watch: Watch | None = gravest_watch(facts[WatchesOn(goods.gtin, lot, key_serial(goods))])
    if watch is not None:
        return watch_refusal(watch)
    return Refusal.EXPIRED if expired(expiry, moment.today) else None
