"""Receiving: what units and quantities come to. Everything that applies is collected; the first of the table is told.

Posts nothing; `receiving_posting` turns a judgement into an entry.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scanner_app.domain.facts import DocumentOf, ExpectedUnit, KnownExpiry, PolicyOf, UnitOf, WatchesOn
from scanner_app.domain.refusals import Refusal, Refused, first_refusal
from scanner_app.domain.rules import expired, gravest_watch, is_cold
from scanner_app.domain.stock import NOT_OURS, OUTSIDE, Status
from scanner_app.workflows import receiving_refusals as tell
from scanner_app.workflows.goods import Quantity, Unit, goods_text
from scanner_app.workflows.local_time import HOUR_MS
from scanner_app.workflows.receiving_lines import OnLines, known_expiry, on_lines

if TYPE_CHECKING:
    from scanner_app.domain.facts import ExpectedUnitFact, Query, UnitFact
    from scanner_app.domain.masters import Document, Watch
    from scanner_app.workflows.receiving_state import ReceivingState
    from scanner_app.workflows.step import Facts, Moment


@dataclass(frozen=True, slots=True)
class Judged:
    """What goods came to. `goods` bears lot and expiry of the document where its label is silent (`from_document`).

    `found`: every refusal that applies. `counts`: base units that the document's progress gains by them; `extra`: base
    units beyond what its line expects. `parents`: containers above a named unit, innermost first. `standing`: a unit
    that counts as ours already. `tally`: received and expected of its lot, where the document's lines were read.
    `asks_lot`: the document names the item by lots, and the label tells none.
    """

    goods: Unit | Quantity
    found: tuple[Refused, ...]
    named: bool
    counts: int
    extra: int = 0
    from_document: bool = False
    parents: tuple[str, ...] = ()
    standing: UnitFact | None = None
    tally: tuple[int, int] | None = None
    asks_lot: bool = False

    @property
    def by_unit(self) -> bool:
        """Whether the document names this very unit, not only its item and lot."""
        return self.named and self.tally is None

    @property
    def first(self) -> Refused | None:
        """The refusal that is told."""
        return first_refusal(list(self.found))


def judge_unit(state: ReceivingState, unit: Unit, facts: Facts, moment: Moment) -> Judged:
    """A serialised unit, against the document, our stock, recalls and the calendar."""
    fact: UnitFact | None
    asked = (UnitOf(unit.gtin, unit.serial), ExpectedUnit(unit.gtin, unit.serial))
    fact, naming, *_ = facts.all((*asked, *_asked_anyway(state, unit)))
    named = next((line for line in naming if line.document == state.document), None)
    goods = unit if named is None else replace(unit, lot=unit.lot or named.lot, expiry=unit.expiry or named.expiry)
    found = list(closed(state, facts))
    standing = fact if fact is not None and fact.location not in NOT_OURS else None
    if fact is not None:
        found += _standing(state, unit, fact, moment)
    if standing is None or standing.status is Status.AVAILABLE:
        found += _safety(goods, facts, moment)
    if fact is not None and fact.location not in NOT_OURS:
        return Judged(goods, tuple(found), named is not None, 0, standing=standing, parents=_parents(named))
    if named is None:
        return _unnamed_unit(state, goods, naming, found, facts)
    found += _against(state, unit, named, facts)
    found += cold(state, goods)
    from_document = goods != unit
    return Judged(goods, tuple(found), named=True, counts=1, from_document=from_document, parents=named.parents)


def _asked_anyway(state: ReceivingState, goods: Unit | Quantity) -> list[Query]:
    """What nearly every judgement asks, so that one round answers it."""
    serial = goods.serial if isinstance(goods, Unit) else None
    queries: list[Query] = [WatchesOn(goods.gtin, goods.lot, serial)]
    if state.document is not None:
        queries.append(DocumentOf(state.document))
    if goods.lot is not None and goods.expiry is not None:
        queries.append(KnownExpiry(goods.gtin, goods.lot))
    return queries


def judge_quantity(state: ReceivingState, goods: Quantity, facts: Facts, moment: Moment) -> Judged:
    """A quantity without serials, against the document's lines, recalls and the calendar."""
    facts.all(_asked_anyway(state, goods))
    found = [*closed(state, facts), *_safety(goods, facts, moment), *known_expiry(goods, facts), *cold(state, goods)]
    lines = on_lines(state, goods, facts)
    return _by_lines(state, goods, found, lines)


def closed(state: ReceivingState, facts: Facts) -> list[Refused]:
    """DOCUMENT_CLOSED when somebody closed the document meanwhile."""
    if state.document is None:
        return []
    document: Document | None = facts[DocumentOf(state.document)]
    return [tell.document_closed(state.document)] if document is not None and document.closed else []


def cold(state: ReceivingState, goods: Unit | Quantity) -> list[Refused]:
    """CONDITION_MISSING for cold goods while nobody has read the logger."""
    missing = state.condition is None and is_cold(goods.item.storage_class)
    return [tell.condition_missing(goods_text(goods))] if missing else []


def _by_lines(state: ReceivingState, goods: Unit | Quantity, found: list[Refused], lines: OnLines) -> Judged:
    """The judgement of goods that lines name, with their expiry where the label is silent."""
    silent = goods.expiry is None and lines.expiry is not None
    whole = replace(goods, expiry=lines.expiry) if silent else goods
    return Judged(
        whole, (*found, *lines.found), lines.named, counted_by(state, lines, goods), lines.extra,
        from_document=silent, tally=lines.tally, asks_lot=lines.asks_lot,
    )  # fmt: skip


def counted_by(state: ReceivingState, lines: OnLines, goods: Unit | Quantity) -> int:
    """Base units that the document's progress gains by goods that it names by lot and quantity.

    A serialised document counts its own units alone; blind receiving counts whatever comes.
    """
    quantity = goods.quantity if isinstance(goods, Quantity) else 1
    return quantity - lines.extra if (lines.named or state.document is None) and not state.serialised else 0


def _standing(state: ReceivingState, unit: Unit, fact: UnitFact, moment: Moment) -> list[Refused]:
    """What it means that we know the unit: it left us, or it is here."""
    if fact.location in OUTSIDE:
        return tell.gone(fact.location, unit.serial)
    if in_this_task(state, fact.document, fact.location, moment) and not fact.inferred:
        # Also what this task put into the cage itself: the same serial again in a job is neutral.
        return [Refused(Refusal.ALREADY_SCANNED, {"scanned": unit.serial, "place": fact.location})]
    here = Refused(Refusal.ALREADY_RECEIVED, {"scanned": unit.serial, "place": fact.location})
    return [here] if fact.status is Status.AVAILABLE else [here, tell.on_hold(unit, fact)]


def in_this_task(state: ReceivingState, document: str | None, location: str, moment: Moment) -> bool:
    """Whether goods came in by this task: by its document, or blind and still where blind receiving puts them."""
    if state.document is not None or document is not None:
        return document == state.document
    return location in {state.dock, moment.cage}


def _safety(goods: Unit | Quantity, facts: Facts, moment: Moment) -> list[Refused]:
    """Recall, watch-list, suspicion and expiry: what makes goods unusable wherever they come from."""
    serial = goods.serial if isinstance(goods, Unit) else None
    watches: tuple[Watch, ...] = facts[WatchesOn(goods.gtin, goods.lot, serial)]
    watch = gravest_watch(watches)
    found = [] if watch is None else [tell.watched(watch, goods_text(goods), goods.item.name, goods.lot)]
    found += list_too_old(goods_text(goods), facts, moment)
    if goods.expiry is not None and expired(goods.expiry, moment.today):
        found.append(tell.is_expired(goods.expiry, moment.today, goods_text(goods)))
    return found


def list_too_old(scanned: str, facts: Facts, moment: Moment) -> list[Refused]:
    """Where the centre has set how old the list of recalls may be: nothing comes in by one that is older."""
    if moment.recalls_age_ms is None:
        return []
    hours: int | None = facts[PolicyOf("recall_list_hours")]
    return [] if hours is None or moment.recalls_age_ms <= hours * HOUR_MS else [tell.too_old(scanned, moment)]


def _against(state: ReceivingState, unit: Unit, named: ExpectedUnitFact, facts: Facts) -> list[Refused]:
    """The label against the document's line for this very unit."""
    found = []
    if unit.lot is not None and named.lot is not None and unit.lot != named.lot:
        found.append(tell.lot_mismatch(unit.serial, unit.lot, [named.lot], state.shown_document))
    if unit.expiry is not None and named.expiry is not None and unit.expiry != named.expiry:
        return [*found, tell.expiry_mismatch(unit.serial, unit.expiry, [named.expiry])]
    return [*found, *known_expiry(unit, facts)]


def _unnamed_unit(
    state: ReceivingState, goods: Unit, naming: tuple[ExpectedUnitFact, ...], found: list[Refused], facts: Facts
) -> Judged:
    """A unit that our document does not name: another one may, its lines may, or nothing does."""
    found = [*found, *known_expiry(goods, facts), *cold(state, goods)]
    other = next((line.document for line in naming if not line.closed), None)
    if other is not None:
        refused = tell.in_other(goods.serial, other, state.shown_document)
        return Judged(goods, (*found, refused), named=False, counts=0 if state.document is not None else 1)
    lines = on_lines(state, goods, facts)
    if (
        state.serialised
        and goods.item.covered
        and not any(refused.refusal in {Refusal.NOT_ON_DOCUMENT, Refusal.IN_OTHER_DOCUMENT} for refused in lines.found)
    ):
        return Judged(goods, (*found, tell.nothing_names(goods.serial)), named=False, counts=0)
    return _by_lines(state, goods, found, lines)


def _parents(named: ExpectedUnitFact | None) -> tuple[str, ...]:
    return () if named is None else named.parents
