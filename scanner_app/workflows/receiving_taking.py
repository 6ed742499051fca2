"""Receiving: goods are taken in, refused, or confirmed into the cage.

A refusal posts nothing and keeps the text of its scan: the same code again puts the goods into the cage. They are
judged anew then, so that nothing is confirmed that was not told.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scanner_app.domain.refusals import PRECEDENCE, Outcome, Refusal, Refused
from scanner_app.domain.stock import Status
from scanner_app.workflows.goods import Quantity, Unit, goods_lines, goods_of
from scanner_app.workflows.receiving_asking import (
    IN_ALREADY,
    asks_again_for_many,
    lot_wanted,
    no_cage,
    no_dock,
    refuse_goods,
    report,
    unknown_item,
    without_serial,
)
from scanner_app.workflows.receiving_container_posting import cage_container, receive_container
from scanner_app.workflows.receiving_containers import JudgedContainer, judge_container
from scanner_app.workflows.receiving_judging import Judged, counted_by, in_this_task, judge_quantity, judge_unit
from scanner_app.workflows.receiving_lines import on_lines
from scanner_app.workflows.receiving_posting import (
    DAMAGED,
    Cause,
    Received,
    apart,
    cage_goods,
    receive_goods,
    second_pack,
)
from scanner_app.workflows.receiving_state import Pending, Reading, ReceivingState
from scanner_app.workflows.receiving_telling import settled, told_container, told_goods
from scanner_app.workflows.receiving_waiting import with_waiting
from scanner_app.workflows.step import Line, Tone, Transition, refuse

if TYPE_CHECKING:
    from scanner_app.workflows.goods import Goods
    from scanner_app.workflows.step import Facts, Moment

STATUS_IN_CAGE = {
    Refusal.RECALLED: Status.QUARANTINED,
    Refusal.WATCH_LISTED: Status.QUARANTINED,
    Refusal.SUSPECT: Status.SUSPECT,
    Refusal.DESTROYED: Status.SUSPECT,
    Refusal.ALREADY_OUT: Status.SUSPECT,
}
"""What goods are in the cage, by what was overridden; held for everything else."""


def take_label(state: ReceivingState, reading: Reading, facts: Facts, moment: Moment) -> Transition[ReceivingState]:
    """Goods by their label, once it is known what they are and where they stand."""
    goods = goods_of(reading.label, facts, moment.today)
    state = replace(state, part=None, pending=None)
    if isinstance(goods, Refused):
        return report(state, goods) if reading.overrides is goods.refusal else unknown_item(state, goods, reading)
    if isinstance(goods, Quantity) and goods.item.serialised:
        return without_serial(state, goods, reading.label)
    return _take(state, goods, reading, facts, moment)


def _take(
    state: ReceivingState, goods: Goods, reading: Reading, facts: Facts, moment: Moment
) -> Transition[ReceivingState]:
    """Accepted, set apart as damaged, confirmed into the cage, or refused."""
    judged = _judge(state, goods, facts, moment)
    first = judged.first
    if state.dock is None and (first is None or PRECEDENCE[first.refusal] > PRECEDENCE[Refusal.WRONG_PLACE]):
        return no_dock(state, goods)
    if first is None:
        asked = lot_wanted(state, judged, reading.label) or asks_again_for_many(state, judged, reading, facts)
        return asked or _accept(state, judged, facts, moment)
    if newly_damaged(state, judged, moment):
        return _cage(state, judged, Cause(Status.DAMAGED, Outcome.DAMAGED, reason=DAMAGED), facts, moment)
    if reading.overrides is first.refusal:
        asked = asks_again_for_many(state, judged, reading, facts)
        return asked or _cage(state, judged, _confirmed(state, judged, first.refusal), facts, moment)
    return refuse_goods(state, judged, first, reading, facts)


def _judge(state: ReceivingState, goods: Goods, facts: Facts, moment: Moment) -> Judged | JudgedContainer:
    if isinstance(goods, Unit):
        return judge_unit(state, goods, facts, moment)
    if isinstance(goods, Quantity):
        return judge_quantity(state, goods.times(state.times), facts, moment)
    return judge_container(state, goods, facts, moment)


def _accept(
    state: ReceivingState, judged: Judged | JudgedContainer, facts: Facts, moment: Moment
) -> Transition[ReceivingState]:
    if isinstance(judged, JudgedContainer):
        received = receive_container(state, judged, facts, moment)
    else:
        received = receive_goods(state, judged, facts, moment)
    return _received(state, judged, received, facts, moment)


def _cage(
    state: ReceivingState, judged: Judged | JudgedContainer, cause: Cause, facts: Facts, moment: Moment
) -> Transition[ReceivingState]:
    if isinstance(judged, JudgedContainer):
        received = cage_container(state, judged, cause, facts, moment)
    else:
        received = cage_goods(state, judged, cause, facts, moment)
    return _received(state, judged, received, facts, moment)


def _received(
    state: ReceivingState, judged: Judged | JudgedContainer, received: Received, facts: Facts, moment: Moment
) -> Transition[ReceivingState]:
    """The entry with what it leaves waiting, as it is told; no entry puts anything into a cage that is none."""
    goods = judged.container if isinstance(judged, JudgedContainer) else judged.goods
    refused = no_cage(state, goods, facts, moment) if received.caged else None
    if refused is not None:
        return refused
    whole = with_waiting(state, judged, received, facts)
    if isinstance(judged, JudgedContainer):
        return told_container(state, judged, whole, _say(whole))
    return told_goods(state, judged, whole, facts, _say(whole))


def _confirmed(state: ReceivingState, judged: Judged | JudgedContainer, overrode: Refusal) -> Cause:
    """Why confirmed goods are in the cage. Damage and a logger's alarm count there too."""
    if isinstance(judged, JudgedContainer):
        cause = apart(state, None, cold=judged.cold, blind=False)
    else:
        cause = apart(state, judged.goods, cold=False, blind=False)
    status = STATUS_IN_CAGE.get(overrode, Status.HELD if cause is None else cause.status)
    extra = overrode is Refusal.OVER_QUANTITY and cause is None
    outcome = Outcome.EXTRA if extra else Outcome.CONFIRMED
    return Cause(status, outcome, overrode.value, None if cause is None else cause.reason)


def _say(received: Received) -> Line | None:
    """The sentence where the outcome's own does not fit."""
    parameters = received.draft.verdict.parameters
    if received.draft.reason is not None and "overrode" not in parameters:
        return Line(f"say.receiving.{received.draft.reason.lower()}", parameters)
    if received.waiting > 0:
        return Line("say.receiving.waiting_inside", parameters)
    if parameters.get("extra") and parameters["counts"]:
        return Line("say.receiving.extra_part", parameters)
    return None


def newly_damaged(state: ReceivingState, judged: Judged | JudgedContainer, moment: Moment) -> bool:
    """Whether the pack is one of this task's, good until now, that turns out to be damaged."""
    if isinstance(judged, JudgedContainer) or judged.standing is None or not state.damaged_next:
        return False
    standing = judged.standing
    ours = in_this_task(state, standing.document, standing.location, moment)
    known = all(refused.refusal in IN_ALREADY for refused in judged.found)
    return ours and known and standing.status is Status.AVAILABLE


def quarantine(state: ReceivingState, pending: Pending, facts: Facts, moment: Moment) -> Transition[ReceivingState]:
    """The recalled goods of the open question go to the cage, quarantined."""
    goods = goods_of(pending.label, facts, moment.today)
    if isinstance(goods, Refused):
        return refuse(replace(state, pending=None), goods.refusal, goods.parameters, document=state.document)
    unanswered = no_cage(state, goods, facts, moment)
    if unanswered is not None:
        return unanswered
    state = replace(state, pending=None)
    judged = _judge(state, goods, facts, moment)
    cause = Cause(Status.QUARANTINED, Outcome.CONFIRMED, pending.refusal.value)
    return _cage(state, judged, cause, facts, moment)


def take_second_pack(
    state: ReceivingState, pending: Pending, facts: Facts, moment: Moment
) -> Transition[ReceivingState]:
    """Another pack with a serial that is in already: into the cage, suspect, without its serial."""
    unit = goods_of(pending.label, facts, moment.today)
    state = replace(state, pending=None)
    if not isinstance(unit, Unit):
        return Transition(state, None, Tone.NEUTRAL)
    refused = no_cage(state, unit, facts, moment)
    if refused is not None:
        return refused
    counts = counted_by(state, on_lines(state, unit, facts), unit)
    received = second_pack(state, unit, Refusal.SUSPECT.value, counts, moment)
    say = Line("say.receiving.second_pack", received.draft.verdict.parameters)
    after = replace(settled(state, received), lot_tally=None, case_tally=None)
    return Transition(after, received.draft, Tone.ATTENTION, say, goods_lines(unit), after.progress)
