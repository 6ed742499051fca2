"""Receiving: the entry that goods make, at the dock, in their container, or in the cage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import Accepted, Outcome
from scanner_app.domain.rules import is_cold
from scanner_app.domain.stock import CONVERSION, SUPPLIER, ContainerMove, Posting, Status, StockKey
from scanner_app.workflows.goods import Quantity, Unit, goods_text
from scanner_app.workflows.receiving_containers import Opening, opening, unsealed
from scanner_app.workflows.receiving_state import Condition
from scanner_app.workflows.step import Draft

if TYPE_CHECKING:
    from scanner_app.domain.facts import UnitFact
    from scanner_app.domain.refusals import Parameters
    from scanner_app.workflows.receiving_judging import Judged
    from scanner_app.workflows.receiving_state import ReceivingState
    from scanner_app.workflows.step import Facts, Moment

FROM_DOCUMENT = "from document"
"""The note of an entry whose lot or expiry the label does not tell and the document does."""

DAMAGED = "DAMAGED"
LOGGER_ALARM = "LOGGER_ALARM"
HELD_IN_CAGE = "HELD_IN_CAGE"
"""Reasons: goods that were accepted and are not available all the same; each makes a follow-up."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why goods go to the cage: their status there, the outcome, the refusal overridden, or a reason of their own."""

    status: Status
    outcome: Outcome
    overrode: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """An entry to be, how far it brings the document, and whether the goods went to the cage.

    `waiting`: base units that wait under sealed parents by it (less than 0: no longer); `pallets`: how many came by it.
    """

    draft: Draft
    counts: int
    caged: bool
    waiting: int = 0
    pallets: int = 0


def apart(state: ReceivingState, goods: Unit | Quantity | None, *, cold: bool, blind: bool) -> Cause | None:
    """Why goods that nothing refuses go to the cage all the same: they are damaged, or came too warm or too cold."""
    if state.damaged_next:
        return Cause(Status.DAMAGED, Outcome.DAMAGED, reason=DAMAGED)
    if state.condition is Condition.ALARM and (cold or (goods is not None and is_cold(goods.item.storage_class))):
        return Cause(Status.HELD, Outcome.OK if blind else Outcome.MATCHED, reason=LOGGER_ALARM)
    return None


def receive_goods(state: ReceivingState, judged: Judged, facts: Facts, moment: Moment) -> Received:
    """Accepted units and quantities: into the container they came in, if that is here, else on the dock."""
    cause = apart(state, judged.goods, cold=False, blind=state.document is None)
    if cause is not None:
        return cage_goods(state, judged, cause, facts, moment)
    opened = opening(judged.parents, facts)
    if opened.place is None:
        outcome = Outcome.MATCHED if judged.named else Outcome.OK
        return _into(state, judged, state.dock or "", Cause(Status.AVAILABLE, outcome))
    held = opened.location == moment.cage
    reason = HELD_IN_CAGE if held else None
    cause = Cause(Status.HELD if held else Status.AVAILABLE, Outcome.MATCHED_BY_PARENT, reason=reason)
    return _into(state, judged, opened.place, cause, opened, caged=held)


def _into(
    state: ReceivingState,
    judged: Judged,
    place: str,
    cause: Cause,
    opened: Opening | None = None,
    *,
    caged: bool = False,
) -> Received:
    """Supplier → place, with the openings of the containers the goods were taken out of."""
    posting = Posting(key_of(state, judged.goods, cause.status), base_units(judged.goods), SUPPLIER, place)
    moves = () if opened is None else opened.moves
    return Received(_draft(state, judged, cause, (posting,), moves), judged.counts, caged)


def cage_goods(state: ReceivingState, judged: Judged, cause: Cause, facts: Facts, moment: Moment) -> Received:
    """Units and quantities into the cage: from the supplier, or from where a unit stands already."""
    if judged.standing is not None and isinstance(judged.goods, Unit):
        return _set_apart(state, judged, judged.standing, cause, facts, moment)
    moves = opening(judged.parents, facts).moves
    taken = base_units(judged.goods) - judged.extra if cause.outcome is Outcome.EXTRA else 0
    key = key_of(state, judged.goods, cause.status)
    postings = [Posting(key, base_units(judged.goods) - taken, SUPPLIER, moment.cage)]
    if taken:
        # The part that the line still expects is as good as any other.
        postings.insert(0, Posting(replace(key, status=Status.AVAILABLE), taken, SUPPLIER, state.dock or ""))
    return Received(_draft(state, judged, cause, tuple(postings), moves), judged.counts, caged=True)


def _set_apart(
    state: ReceivingState, judged: Judged, standing: UnitFact, cause: Cause, facts: Facts, moment: Moment
) -> Received:
    """A unit that is ours already changes its status through `conversion` and goes to the cage."""
    unit = judged.goods
    before = StockKey(standing.owner, unit.gtin, standing.lot, standing.expiry, key_serial(unit), standing.status)
    postings = (
        Posting(before, 1, standing.place, CONVERSION),
        Posting(replace(before, status=cause.status), 1, CONVERSION, moment.cage),
    )
    kind = EntryKind.DAMAGED if cause.status is Status.DAMAGED else EntryKind.HELD
    draft = _draft(state, judged, cause, postings, unsealed(standing.place, facts))
    return Received(replace(draft, kind=kind, note=None), 0, caged=True)


def second_pack(state: ReceivingState, unit: Unit, overrode: str, counts: int, moment: Moment) -> Received:
    """A second physical pack with one serial: without serial, suspect, in the cage; its serial stands in the note."""
    key = replace(key_of(state, unit, Status.SUSPECT), serial=None)
    parameters: Parameters = {
        "overrode": overrode, "scanned": unit.serial, "serial": unit.serial, "item": unit.item.name, "quantity": 1,
        "counts": counts,
    }  # fmt: skip
    draft = Draft(
        EntryKind.RECEIVED,
        Accepted(Outcome.CONFIRMED, parameters),
        document=state.document,
        note=unit.serial,
        postings=(Posting(key, 1, SUPPLIER, moment.cage),),
    )
    return Received(draft, counts, caged=True)


def key_of(state: ReceivingState, goods: Unit | Quantity, status: Status) -> StockKey:
    """The stock key of goods of this delivery."""
    return StockKey(state.owner, goods.gtin, goods.lot, goods.expiry, key_serial(goods), status)


def key_serial(goods: Unit | Quantity) -> str | None:
    """The serial of a unit; None for a quantity."""
    return goods.serial if isinstance(goods, Unit) else None


def base_units(goods: Unit | Quantity) -> int:
    """How many base units the goods are."""
    return 1 if isinstance(goods, Unit) else goods.quantity


def _draft(
    state: ReceivingState, judged: Judged, cause: Cause, postings: tuple[Posting, ...],
    moves: tuple[ContainerMove, ...],
) -> Draft:  # fmt: skip
    goods = judged.goods
    parameters: Parameters = {
        "scanned": goods_text(goods),
        "item": goods.item.name,
        "quantity": base_units(goods),
        "counts": judged.counts if judged.standing is None else 0,
    }
    if isinstance(goods, Quantity) and goods.level.factor > 1:
        parameters |= {"level": goods.level.name, "factor": goods.level.factor}
    if cause.overrode is not None:
        parameters["overrode"] = cause.overrode
    if cause.outcome is Outcome.EXTRA:
        parameters["extra"] = judged.extra
    return Draft(
        EntryKind.RECEIVED,
        Accepted(cause.outcome, parameters),
        document=state.document,
        reason=cause.reason,
        note=FROM_DOCUMENT if judged.from_document else None,
        postings=postings,
        container_moves=moves,
    )
