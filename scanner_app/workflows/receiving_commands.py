"""Receiving: what keys and command cards do. One that changes no fact makes no entry."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import Accepted, Outcome, Refusal
from scanner_app.workflows.receiving_closing import accept_rest, on_done
from scanner_app.workflows.receiving_posting import LOGGER_ALARM
from scanner_app.workflows.receiving_state import Asked, Condition, Pending, ReceivingState
from scanner_app.workflows.receiving_taking import quarantine, take_second_pack
from scanner_app.workflows.spread_labels import NUMBER_MAX
from scanner_app.workflows.step import Command, Commanded, Draft, Line, Tone, Transition

if TYPE_CHECKING:
    from scanner_app.workflows.step import Facts, Moment

LEFT_ON_DOCK = "LEFT_ON_DOCK"
"""The reason of a recall that was answered by leaving the goods where they are; it makes a follow-up."""

ANSWERS_A_CLOSE = frozenset({Command.DONE, Command.ACCEPT_REST, Command.BACK})
NUMBER_DIGITS_MAX = 6


def on_command(state: ReceivingState, commanded: Commanded, facts: Facts, moment: Moment) -> Transition[ReceivingState]:
    """What a key or card comes to. While a recall or a close is asked about only its answers work."""
    command, pending = commanded.command, state.pending
    if pending is not None and pending.asked is Asked.RECALL:
        return _answer_recall(state, pending, command, facts, moment)
    if state.closing is not None and command not in ANSWERS_A_CLOSE:
        return Transition(state, None, Tone.BAD, Line("say.receiving.answer_close"))
    if command is Command.DONE:
        return on_done(state, facts)
    if command is Command.ACCEPT_REST:
        return accept_rest(state, facts, moment)
    if command is Command.SECOND_PACK and pending is not None and pending.asked is Asked.SECOND_PACK:
        return take_second_pack(state, pending, facts, moment)
    return _setting(state, commanded)


def _answer_recall(
    state: ReceivingState, pending: Pending, command: Command, facts: Facts, moment: Moment
) -> Transition[ReceivingState]:
    """Into the cage, or left on the dock with a trace; nothing else."""
    if command is Command.QUARANTINE:
        return quarantine(state, pending, facts, moment)
    named = {"scanned": pending.name}
    if command is not Command.BACK:
        return Transition(state, None, Tone.BAD, Line("say.receiving.answer_recall", dict(named)))
    draft = Draft(
        EntryKind.NOTED,
        Accepted(Outcome.OK, {**named, "refused": pending.refusal.value}),
        document=state.document,
        reason=LEFT_ON_DOCK,
        note=pending.name,
    )
    say = Line("say.receiving.left_on_dock", dict(named))
    return Transition(replace(state, pending=None), draft, Tone.ATTENTION, say)


def _setting(state: ReceivingState, commanded: Commanded) -> Transition[ReceivingState]:
    """Commands that set something for the scans to come."""
    command = commanded.command
    if command is Command.BACK:
        return _back(state)
    if command is Command.DAMAGED:
        return _damaged(state)
    if command is Command.QUANTITY:
        return _quantity(state, commanded.number)
    if command is Command.LOGGER_OK:
        return _condition(state, Condition.OK)
    if command is Command.LOGGER_ALARM:
        return _condition(state, Condition.ALARM)
    return Transition(state, None, Tone.NEUTRAL, Line("say.receiving.not_now"))


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


def _quantity(state: ReceivingState, number: int | None) -> Transition[ReceivingState]:
    """How many the next scan counts for: from the card, or asked for."""
    if number is None:
        return Transition(replace(state, asks_number=True, pending=None), None, Tone.TICK)
    if not 1 <= number <= NUMBER_MAX:
        say = Line("say.receiving.bad_number", {"most": NUMBER_MAX})
        return Transition(state, None, Tone.BAD, say)
    after = replace(state, times=number, asks_number=False, pending=None)
    return Transition(after, None, Tone.TICK, Line("say.receiving.times", {"number": number}))


def _condition(state: ReceivingState, condition: Condition) -> Transition[ReceivingState]:
    """What the temperature logger said: a fact of its own."""
    alarm = condition is Condition.ALARM
    draft = Draft(
        EntryKind.CONDITION,
        Accepted(Outcome.OK, {"result": condition.value}),
        document=state.document,
        reason=LOGGER_ALARM if alarm else None,
    )
    say = Line("say.receiving.condition_alarm" if alarm else "say.receiving.condition_ok")
    after = replace(state, condition=condition, pending=_but_for_logger(state.pending))
    return Transition(after, draft, Tone.ATTENTION if alarm else Tone.GOOD, say)


def _but_for_logger(pending: Pending | None) -> Pending | None:
    """The open question, unless it was the logger's result."""
    return None if pending is not None and pending.refusal is Refusal.CONDITION_MISSING else pending


def on_typed(state: ReceivingState, text: str) -> Transition[ReceivingState]:
    """A number typed where one was asked for."""
    if not state.asks_number:
        return Transition(state, None, Tone.NEUTRAL, Line("say.receiving.not_now"))
    digits = text if text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX else "0"
    return _quantity(state, int(digits))
