"""Receiving: commands that set something for the scans to come: damage, quantity, the logger's result, or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import Accepted, Outcome
from scanner_app.workflows.receiving_posting import LOGGER_ALARM
from scanner_app.workflows.receiving_state import Asked, Condition, ReceivingState
from scanner_app.workflows.spread_labels import NUMBER_MAX, NUMBER_WANTED
from scanner_app.workflows.step import NOT_NOW, Command, Commanded, Draft, Line, Tone, Transition

if TYPE_CHECKING:
    from scanner_app.domain.refusals import Parameters
    from scanner_app.workflows.receiving_state import Pending

CONDITIONS = {Command.LOGGER_OK: Condition.OK, Command.LOGGER_ALARM: Condition.ALARM}
WHAT_IT_NEEDS = {
    Command.SECOND_PACK: "say.receiving.second_pack_needs",
    Command.QUARANTINE: "say.receiving.quarantine_needs",
    Command.SHORT: "say.receiving.short_needs",
    Command.SKIP: "say.receiving.skip_needs",
}
"""What a command that does not work now would need before it, where that is more than nothing."""


def on_setting(state: ReceivingState, commanded: Commanded) -> Transition[ReceivingState]:
    """What a command comes to that answers no question."""
    command = commanded.command
    if command is Command.BACK:
        return _back(state)
    if command is Command.DAMAGED:
        return _damaged(state)
    if command is Command.QUANTITY:
        return quantity(state, commanded.number)
    if command in CONDITIONS:
        return _condition(state, CONDITIONS[command])
    needs = WHAT_IT_NEEDS.get(command)
    return Transition(state, None, Tone.NEUTRAL, NOT_NOW if needs is None else Line(needs))


def _back(state: ReceivingState) -> Transition[ReceivingState]:
    """Forgets what was asked or set; no scan is lost by it."""
    plain = replace(
        state, pending=None, part=None, closing=None, damaged_next=False, times=1, asks_number=False
    )  # fmt: skip
    return Transition(plain, None, Tone.NEUTRAL, Line("say.receiving.back"))


def _damaged(state: ReceivingState) -> Transition[ReceivingState]:
    """The next scan is damaged, or is not after all."""
    marked = replace(state, damaged_next=not state.damaged_next, pending=None)
    say = Line("say.receiving.damaged_next" if marked.damaged_next else "say.receiving.damaged_not")
    return Transition(marked, None, Tone.TICK, say)


def quantity(state: ReceivingState, number: int | None) -> Transition[ReceivingState]:
    """How many the next scan counts for: from the card, typed, or asked for."""
    if number is None:
        return Transition(replace(state, asks_number=True, pending=None), None, Tone.TICK)
    if not 1 <= number <= NUMBER_MAX:
        return Transition(state, None, Tone.BAD, NUMBER_WANTED)
    after = replace(state, times=number, asks_number=False, pending=None)
    return Transition(after, None, Tone.TICK, Line("say.receiving.times", {"number": number}))


def _condition(state: ReceivingState, condition: Condition) -> Transition[ReceivingState]:
    """What the temperature logger said: a fact of its own, so that goods that waited for it are scanned again."""
    alarm = condition is Condition.ALARM
    draft = Draft(
        EntryKind.CONDITION,
        Accepted(Outcome.OK, {"result": condition.value}),
        document=state.document,
        reason=LOGGER_ALARM if alarm else None,
    )
    waiting = _waiting_for_logger(state.pending)
    code = "say.receiving.condition_alarm" if alarm else "say.receiving.condition_ok"
    named: Parameters = {} if waiting is None else {"scanned": waiting.name}
    after = replace(state, condition=condition, pending=state.pending if waiting is None else None)
    tone = Tone.ATTENTION if alarm else Tone.GOOD
    return Transition(after, draft, tone, Line(code if waiting is None else f"{code}_again", named))


def _waiting_for_logger(pending: Pending | None) -> Pending | None:
    """The open question, where it is the logger's result."""
    return pending if pending is not None and pending.asked is Asked.LOGGER else None
