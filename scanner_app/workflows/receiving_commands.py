"""Receiving: what keys and command cards do: answers first, then what sets something for the scans to come.

One that changes no fact makes no entry.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import Accepted, Outcome
from scanner_app.workflows.receiving_asking import refuse_first
from scanner_app.workflows.receiving_closing import accept_rest, on_done
from scanner_app.workflows.receiving_setting import on_setting, quantity
from scanner_app.workflows.receiving_state import Asked, Pending, Reading, ReceivingState
from scanner_app.workflows.receiving_taking import quarantine, take_label, take_second_pack
from scanner_app.workflows.spread_labels import typed_number
from scanner_app.workflows.step import NOT_NOW, Command, Commanded, Draft, Line, Tone, Transition

if TYPE_CHECKING:
    from scanner_app.workflows.step import Facts, Moment

LEFT_ON_DOCK = "LEFT_ON_DOCK"
"""The reason of a recall that was answered by leaving the goods where they are; it makes a follow-up."""

ANSWERS_A_CLOSE = frozenset({Command.DONE, Command.ACCEPT_REST, Command.BACK})


def on_command(state: ReceivingState, commanded: Commanded, facts: Facts, moment: Moment) -> Transition[ReceivingState]:
    """What a key or card comes to. While a recall or a close is asked about only its answers work."""
    command, pending = commanded.command, state.pending
    if pending is not None and pending.asked is Asked.RECALL:
        return _answer_recall(state, pending, command, facts, moment)
    if state.closing is not None and command not in ANSWERS_A_CLOSE:
        return refuse_first(state, command.value)
    if command is Command.DONE:
        return on_done(state, facts)
    if command is Command.ACCEPT_REST:
        return accept_rest(state, facts, moment)
    answered = None if pending is None else _answer(state, pending, command, facts, moment)
    return answered or on_setting(state, commanded)


def _answer(
    state: ReceivingState, pending: Pending, command: Command, facts: Facts, moment: Moment
) -> Transition[ReceivingState] | None:
    """What a card answers to a question that lets other things happen too; None where it is no answer to it."""
    if command is Command.SECOND_PACK and pending.asked is Asked.SECOND_PACK:
        return take_second_pack(state, pending, facts, moment)
    if command is Command.QUARANTINE and pending.asked is Asked.LOGGER:
        # Nobody has a logger to read: the goods are held, by a card and never by a second scan.
        return take_label(state, Reading(pending.text, pending.label, pending.refusal), facts, moment)
    return None


def _answer_recall(
    state: ReceivingState, pending: Pending, command: Command, facts: Facts, moment: Moment
) -> Transition[ReceivingState]:
    """Into the cage, or left on the dock with a trace; nothing else."""
    if command is Command.QUARANTINE:
        return quarantine(state, pending, facts, moment)
    if command is not Command.BACK:
        return refuse_first(state, command.value)
    named = {"scanned": pending.name}
    draft = Draft(
        EntryKind.NOTED,
        Accepted(Outcome.OK, {**named, "refused": pending.refusal.value}),
        document=state.document,
        reason=LEFT_ON_DOCK,
        note=pending.name,
    )
    say = Line("say.receiving.left_on_dock", dict(named))
    return Transition(replace(state, pending=None), draft, Tone.ATTENTION, say)


def on_typed(state: ReceivingState, text: str) -> Transition[ReceivingState]:
    """A number typed where one was asked for."""
    if not state.asks_number:
        return Transition(state, None, Tone.NEUTRAL, NOT_NOW)
    return quantity(state, typed_number(text) or 0)
