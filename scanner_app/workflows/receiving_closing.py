"""Receiving: the rest by sealed parents, and the close of a document with its counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import DocumentSummary, Inferable, InferableContent
from scanner_app.domain.lists import MemberList
from scanner_app.domain.refusals import Accepted, Outcome, Refusal, first_refusal
from scanner_app.domain.rules import is_cold
from scanner_app.domain.stock import Status
from scanner_app.workflows.receiving_containers import content_refusals
from scanner_app.workflows.receiving_judging import closed
from scanner_app.workflows.receiving_posting import LOGGER_ALARM
from scanner_app.workflows.receiving_state import Closing, Condition, ReceivingState, closing_code, closing_figures
from scanner_app.workflows.spread_labels import forgotten
from scanner_app.workflows.step import Draft, Line, Tone, Transition, refuse

if TYPE_CHECKING:
    from scanner_app.domain.facts import ExpectedContentFact, SummaryFact
    from scanner_app.domain.refusals import Parameters
    from scanner_app.workflows.step import Facts, Moment

DONE = "DONE"


@dataclass(frozen=True, slots=True)
class Figures:
    """How a delivery stands, in base units. `unexpected`: nothing names them; `over`: beyond a line's quantity."""

    expected: int
    received: int
    short: int
    over: int
    unexpected: int
    held: int
    damaged: int
    inferable: int


def figures_of(summary: SummaryFact) -> Figures:
    """The figures of a document's summary; goods that nothing names make up for nothing that is short."""
    named = summary.received - summary.unexpected - summary.over
    return Figures(
        expected=summary.expected,
        received=summary.received,
        short=max(0, summary.expected - named),
        over=summary.over,
        unexpected=summary.unexpected,
        held=summary.held,
        damaged=summary.damaged,
        inferable=summary.outstanding_under_sealed,
    )


def outcome_of(figures: Figures, *, serialised: bool) -> Outcome:
    """What a document closes with: the first that applies (model.md, Outcomes)."""
    if figures.unexpected:
        return Outcome.PRODUCT_WITHOUT_DATA
    if figures.over:
        return Outcome.OVER
    if figures.short:
        return Outcome.DATA_WITHOUT_PRODUCT if serialised else Outcome.SHORT
    return Outcome.DAMAGED if figures.damaged else Outcome.OK


def on_done(state: ReceivingState, facts: Facts) -> Transition[ReceivingState]:
    """Closes the document, or asks first when something is short; blind receiving simply ends."""
    if state.document is None:
        return _end_blind(state)
    if closed(state, facts):
        refused = refuse(state, Refusal.DOCUMENT_CLOSED, {"document": state.document}, document=state.document)
        return replace(refused, finished=True)
    figures = figures_of(facts[DocumentSummary(state.document)])
    if figures.short and state.closing is None:
        return _ask(state, figures)
    return _close(replace(state, closing=None), figures, state.document)


def _ask(state: ReceivingState, figures: Figures) -> Transition[ReceivingState]:
    """What is short, and all that differs besides, before anything is closed."""
    closing = Closing(figures.short, figures.inferable, figures.over + figures.unexpected)
    lost = state.part
    asked = replace(state, closing=closing, waiting=figures.inferable, pending=None, part=None)
    say = Line(f"say.receiving.{closing_code(closing)}", closing_figures(closing))
    return forgotten(Transition(asked, None, Tone.ATTENTION, say), lost)


def _end_blind(state: ReceivingState) -> Transition[ReceivingState]:
    draft = Draft(EntryKind.TASK, Accepted(Outcome.OK, {"received": state.done}), reason=DONE)
    say = Line("say.receiving.blind_done", {"received": state.done})
    return Transition(state, draft, Tone.DONE, say, progress=state.progress, finished=True)


def _close(state: ReceivingState, figures: Figures, document: str) -> Transition[ReceivingState]:
    """The entry of the close, with all counts; `over` of the sentence is whatever nobody expected."""
    parameters: Parameters = {
        "document": document,
        "expected": figures.expected,
        "received": figures.received,
        "short": figures.short,
        "over": figures.over + figures.unexpected,
        "unexpected": figures.unexpected,
        "held": figures.held,
        "damaged": figures.damaged,
        "inferable": figures.inferable,
    }
    outcome = outcome_of(figures, serialised=state.serialised)
    draft = Draft(EntryKind.DOCUMENT_CLOSED, Accepted(outcome, parameters), document=document)
    both = figures.short and parameters["over"]
    say = Line(f"say.receiving.closed_{'both' if both else outcome.value.lower()}", parameters)
    lines = [Line("line.receiving.closed", parameters)]
    if figures.short or parameters["over"]:
        lines.append(Line("line.receiving.closed_differs", parameters))
    if figures.held or figures.damaged:
        lines.append(Line("line.receiving.closed_apart", parameters))
    return Transition(state, draft, Tone.DONE, say, tuple(lines), state.progress, finished=True)


def accept_rest(state: ReceivingState, facts: Facts, moment: Moment) -> Transition[ReceivingState]:
    """Takes what stands under scanned, still sealed parents; each unit says that it is inferred.

    Refused when recalled, watched or expired goods are among it: their containers must be scanned.
    """
    if state.document is None:
        return nothing_to_accept(state)
    rest: MemberList = facts[Inferable(state.document)]
    if not rest.postings:
        return nothing_to_accept(state)
    content: ExpectedContentFact | None = facts[InferableContent(state.document)]
    found = [*closed(state, facts), *content_refusals(state.document, content, facts, moment)]
    first = first_refusal(found)
    if first is not None:
        open_again = replace(state, closing=None)
        refused = refuse(open_again, first.refusal, first.parameters, document=state.document)
        return replace(refused, say=Line("say.receiving.rest_unsafe", first.parameters))
    return _inferred(state, rest, content)


def nothing_to_accept(state: ReceivingState) -> Transition[ReceivingState]:
    """No sealed parent was scanned whose content is still open."""
    return Transition(replace(state, waiting=0), None, Tone.NEUTRAL, Line("say.receiving.nothing_to_accept"))


def _inferred(
    state: ReceivingState, rest: MemberList, content: ExpectedContentFact | None
) -> Transition[ReceivingState]:
    """One entry for all of it; cold goods are held when the logger gave an alarm after their container came in."""
    warm = frozenset[str]()
    if state.condition is Condition.ALARM and content is not None:
        warm = frozenset(line.item.gtin for line in content.lines if is_cold(line.item.storage_class))
    postings = tuple(
        replace(posting, key=replace(posting.key, status=Status.HELD)) if posting.key.gtin in warm else posting
        for posting in rest.postings
    )
    number = len(postings)
    said: Parameters = {
        "quantity": number, "counts": number, "waiting": -number, "containers": len(rest.container_moves)
    }  # fmt: skip
    draft = Draft(
        EntryKind.RECEIVED,
        Accepted(Outcome.INFERRED, said),
        document=state.document,
        reason=LOGGER_ALARM if warm else None,
        lists=(MemberList(postings, rest.container_moves),),
    )
    after = replace(
        state, done=state.done + number, waiting=max(0, state.waiting - number),
        closing=_still_short(state.closing, number), pending=None, part=None, lot_tally=None, case_tally=None,
    )  # fmt: skip
    return forgotten(Transition(after, draft, Tone.GOOD, progress=after.progress), state.part)


def _still_short(closing: Closing | None, number: int) -> Closing | None:
    """The question that stays open: what not even the sealed parents account for."""
    if closing is None or closing.short <= number:
        return None
    return replace(closing, short=closing.short - number, inferable=max(0, closing.inferable - number))
