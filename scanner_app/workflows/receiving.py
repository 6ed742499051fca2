"""Receiving: goods come in, against an expected document or blind.

Pallet, case or pack in any order; each scan comes to one outcome of the closed table (model.md, Refused, then
confirmed; pharma.md, Receive matching). What is refused posts nothing; what lies there is confirmed into the cage.

The parts: `receiving_state` (state and prompt), `_scanning` (what was scanned), `_judging`, `_lines` and `_containers`
(what it comes to), `_refusals` and `_asking` (what is told and asked), `_taking`, `_posting` and `_container_posting`
(the entry), `_telling` (lines and tones), `_commands` and `_closing`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import DocumentOf, DocumentSummary, LastFact, PlaceOf
from scanner_app.domain.masters import DocumentKind
from scanner_app.domain.refusals import Accepted, Outcome, Refusal
from scanner_app.workflows.receiving_closing import figures_of
from scanner_app.workflows.receiving_commands import on_command, on_typed
from scanner_app.workflows.receiving_scanning import RECEIVED_AT, on_scan
from scanner_app.workflows.receiving_state import ReceivingState, prompt_of
from scanner_app.workflows.step import Commanded, Draft, Line, Scanned, Tone, Transition, refuse

if TYPE_CHECKING:
    from scanner_app.domain.facts import SummaryFact, UndoFact
    from scanner_app.domain.masters import Document, Place
    from scanner_app.domain.refusals import Parameters
    from scanner_app.workflows.step import Facts, Happening, Moment, Prompt

INBOUND = frozenset({DocumentKind.ASN, DocumentKind.PO, DocumentKind.TRANSFER})
CLAIMED = "CLAIMED"


class Receiving:
    """The receiving workflow; see the module."""

    name = "receiving"
    state_type = ReceivingState

    def open(self, document: str | None, facts: Facts, moment: Moment) -> Transition[ReceivingState]:
        """A new task for a document, or blind without one; UNKNOWN_DOCUMENT or DOCUMENT_CLOSED opens none."""
        if document is None:
            return self._open_blind(facts, moment)
        found: Document | None = facts[DocumentOf(document)]
        refused: ReceivingState = ReceivingState(document)
        if found is None or found.kind not in INBOUND:
            return refuse(refused, Refusal.UNKNOWN_DOCUMENT, {"document": document}, document=document)
        if found.closed:
            return refuse(refused, Refusal.DOCUMENT_CLOSED, {"document": document}, document=document)
        return self._opened(found, facts[DocumentSummary(document)], _dock(facts, moment))

    @staticmethod
    def _open_blind(facts: Facts, moment: Moment) -> Transition[ReceivingState]:
        state = ReceivingState(owner=moment.owner, dock=_dock(facts, moment))
        draft = Draft(EntryKind.TASK, Accepted(Outcome.OK), reason=CLAIMED)
        return Transition(state, draft, Tone.NEUTRAL, Line("say.receiving.opened_blind"), progress=state.progress)

    @staticmethod
    def _opened(document: Document, summary: SummaryFact, dock: str | None) -> Transition[ReceivingState]:
        """The first state, with what has come in for the document already."""
        figures = figures_of(summary)
        state = ReceivingState(
            document=document.id,
            partner=document.partner,
            serialised=document.serialised,
            owner=document.owner,
            dock=dock,
            done=figures.received - figures.unexpected - figures.over,
            expected=figures.expected,
            waiting=figures.inferable,
            pallets=summary.pallets_outstanding,
            cased=summary.containers_expected > 0,
        )
        parameters: Parameters = {"document": document.id, "partner": document.partner, "expected": figures.expected}
        draft = Draft(EntryKind.DOCUMENT_OPENED, Accepted(Outcome.OK, parameters), document=document.id)
        say = Line("say.receiving.opened", parameters)
        return Transition(state, draft, Tone.NEUTRAL, say, progress=state.progress)

    def step(
        self, state: ReceivingState, happening: Happening, facts: Facts, moment: Moment
    ) -> Transition[ReceivingState]:
        """What one scan, key, card or typed number comes to."""
        if isinstance(happening, Scanned):
            return on_scan(state, happening, facts, moment)
        if isinstance(happening, Commanded):
            return on_command(state, happening, facts, moment)
        return on_typed(state, happening.text)

    def prompt(self, state: ReceivingState) -> Prompt:
        """What the state asks next."""
        return prompt_of(state)

    def take_back(self, state: ReceivingState) -> Transition[ReceivingState] | None:
        """Undo of a scan that is no fact yet: the part of a label that waits for the rest; None when nothing waits."""
        if state.part is None:
            return None
        return Transition(replace(state, part=None), None, Tone.GOOD, Line("say.receiving.part_forgotten"))

    def undone(self, state: ReceivingState, facts: Facts, moment: Moment) -> ReceivingState:
        """The state after the task's last fact was corrected: its counts taken back, nothing left open."""
        operator = "" if moment.operator is None else moment.operator.id
        last: UndoFact | None = facts[LastFact(operator, moment.task)]
        plain = replace(
            state, part=None, pending=None, closing=None, last=None, lot_tally=None, case_tally=None
        )  # fmt: skip
        if last is None:
            return plain
        said = last.entry.verdict.parameters
        condition = None if last.entry.kind is EntryKind.CONDITION else state.condition
        return replace(
            plain, done=state.done - _number(said, "counts"), waiting=max(0, state.waiting - _number(said, "waiting")),
            pallets=state.pallets + _number(said, "pallets"), condition=condition,
        )  # fmt: skip


def _dock(facts: Facts, moment: Moment) -> str | None:
    """The read point where goods stand first; None where it is no place to receive at: then the dock is asked for."""
    place: Place | None = None if moment.read_point is None else facts[PlaceOf(moment.read_point)]
    return None if place is None or place.kind not in RECEIVED_AT else place.code


def _number(said: Parameters, name: str) -> int:
    """A number that an entry says it added; 0 where it says none."""
    found = said.get(name)
    return found if isinstance(found, int) else 0
