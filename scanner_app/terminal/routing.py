"""Where a happening goes: to the sign-in, to a look-up, to undo, to the open task, or to opening one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from scanner_app.domain.facts import DocumentOf
from scanner_app.domain.permissions import refused_to
from scanner_app.domain.refusals import PRECEDENCE, Refusal, Refused, first_refusal
from scanner_app.domain.scan import Kind, ParsedScan
from scanner_app.store.ledger import TaskRow
from scanner_app.terminal.cards import HELP_SHOWN, Opens, card_of
from scanner_app.terminal.judging import Context
from scanner_app.terminal.work import ENQUIRY, OpenTask, Work, saved_task, task_of
from scanner_app.workflows.catalogue import workflow_of
from scanner_app.workflows.goods import codes_of
from scanner_app.workflows.signing import SIGNING
from scanner_app.workflows.spread_labels import NUMBER_MAX, NUMBER_WANTED
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


@dataclass(frozen=True, slots=True)
class Seen:
    """A scan as it was understood. `twice`: SECOND_CHANNEL, where it came before by another one.

    `unread`: the scan as a text that means nothing, safe to name in a sentence.
    """

    understood: ParsedScan | Refused
    unread: ParsedScan
    twice: Refused | None = None


class Router:
    """Routes one happening of one step; made anew for each, so that nothing is carried over by accident."""

    def __init__(self, judge: Judge, step: LedgerStep, work: Work, moment: Moment, find_task: FindTask) -> None:
        self._judge = judge
        self._step = step
        self._work = work
        self._moment = moment
        self._find_task = find_task

    def scan(self, seen: Seen, *, confirms: bool) -> Routed:
        """A scan: badges go to the sign-in, cards are commands, everything else belongs to what is open.

        What is wrong with the scan itself is told in the closed table's precedence with what stands in its way.
        """
        parsed = seen.understood
        found = first_refusal([each for each in (parsed, seen.twice) if isinstance(each, Refused)])
        if found is not None:
            is_badge = isinstance(parsed, ParsedScan) and parsed.kind is Kind.BADGE
            in_the_way = None if is_badge else self._in_the_way(seen.unread) or self._not_permitted()
            return self._first(in_the_way, found)
        assert isinstance(parsed, ParsedScan)
        scanned = Scanned(parsed, confirms=confirms)
        if parsed.kind is Kind.BADGE or not self._working:
            return self.signing(scanned)
        if parsed.kind is Kind.COMMAND:
            return _in_words(self.card(parsed.code or ""), parsed.code or "", self._work)
        if self._work.session.enquiry is not None or self._work.task is not None:
            return self.happening(scanned)
        if parsed.kind is Kind.DOCUMENT:
            return self._scanned_document(parsed)
        return self._look_up(scanned)

    def set_aside(self, refused: Refused, say: Line | None) -> Routed:
        """A refusal that changes nothing but the ledger, whatever is asked."""
        return self._stay(replace(refuse(None, refused.refusal, refused.parameters), say=say))

    def card(self, code: str) -> Routed:
        """A card by its code: a command, or one that opens a workflow or signs out."""
        card = card_of(code)
        if isinstance(card, Opens):
            return self.open(card.workflow, None, named=code)
        if isinstance(card, Commanded):
            return self._commanded(card, code)
        in_the_way = self._in_the_way(text_alone(code))
        if card is None:
            return self._first(in_the_way, Refused(Refusal.BAD_FORMAT, {"cause": f"no such card: {code}"}))
        return in_the_way or self.signing(card)

    def _commanded(self, commanded: Commanded, code: str) -> Routed:
        """The command of a card; one with a number that no scan can count for is refused."""
        number = commanded.number
        if number is not None and not 1 <= number <= NUMBER_MAX:
            refused = Refused(Refusal.BAD_FORMAT, {"cause": code, "most": NUMBER_MAX})
            return self._first(self._in_the_way(text_alone(code)), refused, NUMBER_WANTED)
        if commanded.command is Command.HELP and self._working:
            return self._stay(Transition(None, None, Tone.NEUTRAL, Line(HELP_SHOWN)))
        return self.command(commanded)

    @property
    def _working(self) -> bool:
        return self._work.session.signing.working

    def _in_the_way(self, unread: ParsedScan) -> Routed | None:
        """What keeps from anything that answers no question: the question, or nobody signed in; None for nothing.

        `unread`: the scan as a text that means nothing; whoever asks names it in their own words.
        """
        if not self._working:
            return self.signing(Scanned(unread))
        return self.happening(Scanned(unread)) if self._work.prompt.blocking else None

    def _not_permitted(self) -> Routed | None:
        """What keeps whoever took over a task that their role may not do; None for nothing."""
        task = self._work.task
        if task is None or self._work.session.enquiry is not None:
            return None
        refused = refused_to(self._moment.operator, task.workflow.name)
        return None if refused is None else self._stay(refuse(None, refused.refusal, refused.parameters))

    def _first(self, in_the_way: Routed | None, found: Refused, say: Line | None = None) -> Routed:
        """What is told of two refusals: the first of the closed table."""
        own = self.set_aside(found, say)
        return min((each for each in (in_the_way, own) if each is not None), key=_rank)

    def command(self, commanded: Commanded) -> Routed:
        """A command of the work, by key or card."""
        if not self._working:
            return self.signing(commanded)
        refused = refused_to(self._moment.operator, commanded.command.value)
        if refused is not None:
            return self._stay(refuse(None, refused.refusal, refused.parameters))
        task = self._work.task
        undoes = commanded.command is Command.UNDO and self._work.session.enquiry is None
        if undoes and task is not None and not self._work.prompt.blocking:
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

    def open(self, name: str, document: str | None, *, named: str = "") -> Routed:
        """Opens a task, or takes up the one that is open for this workflow and document. `named`: by the worker."""
        in_the_way = self._in_the_way(text_alone(named or name))
        if in_the_way is not None:
            return in_the_way
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


def text_alone(text: str) -> ParsedScan:
    """A text that means nothing here but can be named."""
    return ParsedScan(Kind.UNKNOWN, text)


def _rank(routed: Routed) -> int:
    """Where a refused step stands in the closed table."""
    draft = routed.transition.draft
    assert draft is not None
    assert isinstance(draft.verdict, Refused), draft.verdict
    return PRECEDENCE[draft.verdict.refusal]


def _in_words(routed: Routed, code: str, before: Work) -> Routed:
    """The step of a card that was scanned; one that has no words of its own says at least which card it was."""
    moved = routed.transition
    if moved.draft is not None or moved.say not in (None, NOT_NOW):
        return routed
    say = "say.card.nothing" if routed.work == before else "say.card.done"
    return replace(routed, transition=replace(moved, say=Line(say, {"card": code})))
