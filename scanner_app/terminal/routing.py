"""Where a happening goes: to the sign-in, to a look-up, to undo, to the open task, or to opening one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from scanner_app.domain.facts import DocumentOf
from scanner_app.domain.permissions import refused_to
from scanner_app.domain.refusals import Refusal, Refused
from scanner_app.domain.scan import Kind, ParsedScan
from scanner_app.store.ledger import TaskRow
from scanner_app.terminal.cards import HELP_SHOWN, card_command, card_workflow
from scanner_app.terminal.judging import Context
from scanner_app.terminal.work import ENQUIRY, OpenTask, Work, saved_task, task_of
from scanner_app.workflows.catalogue import workflow_of
from scanner_app.workflows.goods import codes_of
from scanner_app.workflows.signing import SIGNING
from scanner_app.workflows.step import NOT_NOW, Command, Commanded, Line, Scanned, Tone, Transition, refuse
from scanner_app.workflows.undo import undo_last

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner_app.domain.masters import Document
    from scanner_app.store.ledger import LedgerStep
    from scanner_app.terminal.judging import Judge
    from scanner_app.workflows.signing import SigningHappening
    from scanner_app.workflows.step import Happening, Moment, Workflow

    FindTask = Callable[[str, str | None], TaskRow | None]

RECEIVING = "receiving"
WORKFLOW_OF_DOCUMENT = {"asn": RECEIVING, "po": RECEIVING, "transfer": RECEIVING}


@dataclass(frozen=True, slots=True)
class Routed:
    """A decided step: its transition, the work after it, the entry's context, and the task row to save."""

    transition: Transition[Any]
    work: Work
    context: Context
    task_row: TaskRow | None = None


class Router:
    """Routes one happening of one step; made anew for each, so that nothing is carried over by accident."""

    def __init__(self, judge: Judge, step: LedgerStep, work: Work, moment: Moment, find_task: FindTask) -> None:
        self._judge = judge
        self._step = step
        self._work = work
        self._moment = moment
        self._find_task = find_task

    def scan(self, understood: ParsedScan | Refused, *, confirms: bool) -> Routed:
        """A scan: badges go to the sign-in, cards are commands, everything else belongs to what is open."""
        if isinstance(understood, Refused):
            return self._stay(refuse(None, understood.refusal, understood.parameters))
        session = self._work.session
        scanned = Scanned(understood, confirms=confirms)
        if understood.kind is Kind.BADGE or not session.signing.working:
            return self.signing(scanned)
        if understood.kind is Kind.COMMAND:
            return self._card(understood.code or "")
        if session.enquiry is not None or self._work.task is not None:
            return self.happening(scanned)
        if understood.kind is Kind.DOCUMENT:
            return self._scanned_document(understood)
        return self._look_up(scanned)

    def _card(self, code: str) -> Routed:
        """A card, of a command or a workflow; one whose step has no words of its own says at least which it was."""
        routed = self._by_card(code)
        moved = routed.transition
        if moved.draft is not None or moved.say not in (None, NOT_NOW):
            return routed
        say = "say.card.nothing" if routed.work == self._work else "say.card.done"
        return replace(routed, transition=replace(moved, say=Line(say, {"card": code})))

    def _by_card(self, code: str) -> Routed:
        """A decision that is asked for comes before any other work."""
        workflow = card_workflow(code)
        if workflow is not None and self._work.prompt.blocking:
            return self._stay(refuse(None, Refusal.ANSWER_FIRST, {"question": self._work.prompt.noun}))
        if workflow is not None:
            return self.open(workflow, None)
        commanded = card_command(code)
        if commanded is None:
            return self._stay(refuse(None, Refusal.BAD_FORMAT, {"cause": f"no such card: {code}"}))
        if commanded.command is Command.HELP:
            return self._stay(Transition(None, None, Tone.NEUTRAL, Line(HELP_SHOWN)))
        return self.command(commanded)

    def command(self, commanded: Commanded) -> Routed:
        """A command of the work, by key or card."""
        if not self._work.session.signing.working:
            return self.signing(commanded)
        refused = refused_to(self._moment.operator, commanded.command.value)
        if refused is not None:
            return self._stay(refuse(None, refused.refusal, refused.parameters))
        task = self._work.task
        if commanded.command is Command.UNDO and self._work.session.enquiry is None and task is not None:
            decided = self._judge.decide(
                self._step, lambda facts: undo_last(task.workflow, task.state, facts, self._moment)
            )
            return self._at_task(task, decided)
        return self.happening(commanded)

    def happening(self, happening: Happening) -> Routed:
        """Anything else, for the look-up or the task that is open; on the menu it is only noted."""
        enquiry_state, task = self._work.session.enquiry, self._work.task
        if enquiry_state is not None:
            enquiry = workflow_of(ENQUIRY)
            decided = self._judge.decide(
                self._step, lambda facts: enquiry.step(enquiry_state, happening, facts, self._moment)
            )
            return Routed(decided, self._work.at_enquiry(decided), self._context(ENQUIRY))
        if task is None:
            return self._stay(Transition(None, None, Tone.NEUTRAL))
        decided = self._judge.decide(
            self._step, lambda facts: task.workflow.step(task.state, happening, facts, self._moment)
        )
        return self._at_task(task, decided)

    def signing(self, happening: Happening | SigningHappening) -> Routed:
        """Badge, PIN, lock, sign-out."""
        signing = self._work.session.signing
        decided = self._judge.decide(self._step, lambda facts: SIGNING.step(signing, happening, facts, self._moment))
        work = replace(self._work, session=replace(self._work.session, signing=decided.state))
        operator = decided.state.operator or signing.operator
        return Routed(decided, work, Context(SIGNING.name, None, None, operator))

    def open(self, name: str, document: str | None) -> Routed:
        """Opens a task, or takes up the one that is open for this workflow and document."""
        refused = refused_to(self._moment.operator, name)
        if refused is not None:
            return self._stay(refuse(None, refused.refusal, refused.parameters))
        workflow = workflow_of(name)
        if name == ENQUIRY:
            return self._look_up(None)
        row = self._find_task(name, document)
        resumed = None if row is None else task_of(row)
        if resumed is not None:
            return self._at_task(resumed, Transition(resumed.state, None, Tone.NEUTRAL))
        return self._open_new(workflow, document)

    def _open_new(self, workflow: Workflow[Any], document: str | None) -> Routed:
        operator = self._work.session.signing.operator
        row = TaskRow(self._judge.make_id(), workflow.name, document, operator, "", open=True)
        moment = replace(self._moment, task=row.id)
        decided = self._judge.decide(self._step, lambda facts: workflow.open(document, facts, moment))
        if decided.draft is not None and isinstance(decided.draft.verdict, Refused):
            return self._stay(decided)
        return self._at_task(OpenTask(row, workflow, decided.state), decided)

    def _scanned_document(self, parsed: ParsedScan) -> Routed:
        for code in codes_of(parsed):
            document = cast("Document | None", self._step.answer(DocumentOf(code)))
            if document is not None and document.kind.value in WORKFLOW_OF_DOCUMENT:
                return self.open(WORKFLOW_OF_DOCUMENT[document.kind.value], document.id)
        return self._stay(refuse(None, Refusal.UNKNOWN_DOCUMENT, {"document": parsed.code}))

    def _look_up(self, first: Scanned | None) -> Routed:
        """Lays a look-up over what is open; a scan on the menu is looked up at once."""
        enquiry = workflow_of(ENQUIRY)
        decided = self._judge.decide(self._step, lambda facts: enquiry.open(None, facts, self._moment))
        if first is not None:
            opened = decided.state
            decided = self._judge.decide(self._step, lambda facts: enquiry.step(opened, first, facts, self._moment))
        return Routed(decided, self._work.at_enquiry(decided), self._context(ENQUIRY))

    def _at_task(self, task: OpenTask, decided: Transition[Any]) -> Routed:
        moved = replace(task, state=decided.state, progress=decided.progress or task.progress)
        context = Context(task.workflow.name, task.row.id, task.row.document, self._work.session.signing.operator)
        row = saved_task(moved, is_open=not decided.finished)
        return Routed(decided, self._work.at_task(task, decided), context, row)

    def _stay(self, transition: Transition[None]) -> Routed:
        """A result that changes nothing but the ledger, in the context of what is open."""
        task = self._work.task
        if self._work.session.enquiry is not None or task is None:
            return Routed(transition, self._work, self._context(None))
        context = Context(task.workflow.name, task.row.id, task.row.document, self._work.session.signing.operator)
        return Routed(transition, self._work, context)

    def _context(self, workflow: str | None) -> Context:
        return Context(workflow, None, None, self._work.session.signing.operator)
