"""The desk: what one happening comes to, from the badge to the last pallet. Headless and synchronous.

Each happening is one step in one transaction; its result is what a screen, a speaker or a replay line tells. Nothing is
said, and no state moves, before the commit has returned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from scanner_app.domain.counting import COUNT_KINDS
from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import LastFact, OperatorOf
from scanner_app.domain.refusals import Accepted, Refusal, Refused
from scanner_app.domain.scan import Kind, ParsedScan
from scanner_app.domain.stock import NOT_OURS
from scanner_app.store.history import scanned_text
from scanner_app.terminal.channels import Channels
from scanner_app.terminal.routing import Router, Seen, text_alone
from scanner_app.terminal.session import session_text
from scanner_app.terminal.work import work_of
from scanner_app.workflows.signing import LockDue, PinChecked, SignOutAsked, badge_of
from scanner_app.workflows.step import Draft, Line, Typed
from scanner_app.workflows.undo import TakesBack

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner_app.domain.masters import Operator
    from scanner_app.domain.refusals import Verdict
    from scanner_app.intake import Intake
    from scanner_app.store.inbox import Capture
    from scanner_app.store.ledger import Ledger, LedgerStep, TaskRow
    from scanner_app.terminal.judging import Judge
    from scanner_app.terminal.routing import Routed
    from scanner_app.terminal.work import Work
    from scanner_app.workflows.signing import Badge, SigningHappening
    from scanner_app.workflows.step import Commanded, Prompt, Tone


@dataclass(frozen=True, slots=True)
class Told:
    """What one happening came to. `verdict` and `entry_id` None: nothing was written."""

    verdict: Verdict | None
    tone: Tone
    say: Line | None
    lines: tuple[Line, ...]
    entry_id: str | None
    kind: EntryKind | None = None
    units: int = 0
    """Base units that came to stand in a place of ours by this step."""
    scanned: str = ""
    """What was scanned, printable, as the entry keeps it; empty for keys."""


class Desk:
    """One device's work. Every method is one step; only one thread may call them."""

    def __init__(
        self, ledger: Ledger, judge: Judge, intake: Intake, check_pin: Callable[[str, str, str], bool]
    ) -> None:
        self._ledger = ledger
        self._judge = judge
        self._intake = intake
        self._check_pin = check_pin
        self._channels = Channels()
        self._held: dict[str, Badge] = {}
        self._has_fact: bool | None = None
        self.work = work_of(ledger)

    @property
    def prompt(self) -> Prompt:
        """What is asked now."""
        return self.work.prompt

    @property
    def operator(self) -> Operator | None:
        """Whose session it is, locked or not."""
        operator_id = self.work.session.signing.operator
        if operator_id is None:
            return None
        return cast("Operator | None", self._ledger.answer(OperatorOf(operator_id)))

    @property
    def undoable(self) -> bool:
        """Whether undo would find something: a scan that is no fact yet, or a fact of this operator in this task."""
        task, operator = self.work.task, self.work.session.signing.operator
        if task is None or operator is None:
            return False
        if isinstance(task.workflow, TakesBack) and task.workflow.take_back(task.state) is not None:
            return True
        if self._has_fact is None:
            self._has_fact = self._ledger.answer(LastFact(operator, task.row.id)) is not None
        return self._has_fact

    def scan(self, capture: Capture, *, confirms: bool = True) -> Told:
        """One scan: always one entry. `confirms` False: captured too early to confirm what was asked."""
        moment = self._judge.moment(self.operator, self.work.session.task, self._ledger.site)
        understood = self._intake.understand(capture, moment.today)
        badge = _badge_in(understood)
        seen = Seen(understood, self._unread(capture), self._channels.second(capture))
        told = self._run(lambda router: router.scan(seen, confirms=confirms), capture, understood)
        if badge is not None:
            self._held[badge.operator] = badge
            self._forget_badges()
        return told

    def _unread(self, capture: Capture) -> ParsedScan:
        """The scan as a text that can be named whatever it is."""
        text = self._intake.kept(capture).text
        return text_alone(text.removeprefix(capture.symbology or ""))

    def set_aside(self, capture: Capture, fault: str) -> Told:
        """A scan that the program fails at is refused and kept: somebody must look at the fault of that id."""
        refused = Refused(Refusal.UNREADABLE, {"cause": f"program fault {fault}", "fault": fault})
        say = Line("say.fault.set_aside", {"scanned": self._unread(capture).text, "fault": fault})
        return self._run(lambda router: router.set_aside(refused, say), capture, refused)

    def _forget_badges(self) -> None:
        """Keeps the tokens of whose session it is and of whose PIN is asked, and no other."""
        signing = self.work.session.signing
        wanted = {signing.operator, signing.asked}
        self._held = {operator: badge for operator, badge in self._held.items() if operator in wanted}

    def command(self, commanded: Commanded) -> Told:
        """A command of the work by key, such as undo, done or damaged."""
        return self._run(lambda router: router.command(commanded))

    def card(self, code: str) -> Told:
        """A card by its code, as if it had been scanned, but for the entry."""
        return self._run(lambda router: router.card(code))

    def typed(self, text: str) -> Told:
        """A number or temperature typed in answer to the prompt."""
        return self._run(lambda router: router.happening(Typed(text)))

    def pin(self, pin: str) -> Told:
        """The PIN of the badge that was scanned; argon2 runs before the transaction begins."""
        asked = self.work.session.signing.asked
        correct = False
        badge = None if asked is None else self._held.get(asked)
        if asked is not None and badge is not None:
            operator = cast("Operator | None", self._ledger.answer(OperatorOf(asked)))
            correct = operator is not None and self._check_pin(operator.verifier, pin, badge.token)
        return self._sign(PinChecked(correct=correct))

    @property
    def unlockable(self) -> bool:
        """Whether the PIN alone would open the locked session: its badge's token is still in memory."""
        signing = self.work.session.signing
        return signing.locked and signing.operator in self._held

    def lock(self) -> Told:
        """Locks the session, which keeps its task; while the badge's token is held the PIN alone unlocks it."""
        return self._sign(LockDue(token_held=self.work.session.signing.operator in self._held))

    def sign_out(self) -> Told:
        """Ends the session; an open task stays open for whoever signs in next."""
        return self._sign(SignOutAsked())

    def open(self, workflow: str, document: str | None = None) -> Told:
        """Opens a task, or takes up the one that is open for this workflow and document."""
        return self._run(lambda router: router.open(workflow, document))

    def find_task(self, workflow: str, document: str | None) -> TaskRow | None:
        """The open task of a workflow and document, whoever began it; None when there is none."""
        tasks = self._ledger.open_tasks()
        return next((task for task in tasks if (task.workflow, task.document) == (workflow, document)), None)

    def leave(self) -> None:
        """Leaves a look-up, or the task for the menu; what is left stays as it is and can be taken up again."""
        work = self.work.at_menu()
        with self._ledger.step() as step:
            step.save_session(session_text(work.session))
        self._move_on(work)

    def _sign(self, happening: SigningHappening) -> Told:
        return self._run(lambda router: router.signing(happening))

    def _run(
        self, route: Callable[[Router], Routed], capture: Capture | None = None,
        understood: ParsedScan | Refused | None = None,
    ) -> Told:  # fmt: skip
        """Decides and writes one step; the work moves on only when the commit has returned."""
        moment = self._judge.moment(self.operator, self.work.session.task, self._ledger.site)
        with self._ledger.step() as step:
            routed = route(Router(self._judge, step, self.work, moment, self.find_task))
            told = self._write(step, routed, capture, understood)
        self._move_on(routed.work, told.kind, routed.transition.draft)
        return told

    def _move_on(self, work: Work, kind: EntryKind | None = None, draft: Draft | None = None) -> None:
        """Takes the work after a commit. The ledger is asked for what undo would find only where it may have changed.

        A fact that moves or counts something is known without asking, so that a good scan costs no question more.
        """
        before, after = self.work.session, work.session
        self.work = work
        self._forget_badges()
        other_work = (before.task, before.signing.operator) != (after.task, after.signing.operator)
        if other_work or kind in {EntryKind.CORRECTED, EntryKind.CONDITION}:
            self._has_fact = None
        elif draft is not None and (draft.postings or draft.container_moves or draft.lists or kind in COUNT_KINDS):
            self._has_fact = True

    def _write(
        self, step: LedgerStep, routed: Routed, capture: Capture | None, understood: ParsedScan | Refused | None
    ) -> Told:
        """The entry, the task's row and the session. Every scan makes an entry, a key only when it changes facts."""
        transition = routed.transition
        draft = transition.draft
        if draft is None and capture is not None:
            draft = Draft(EntryKind.NOTED, Accepted())
        entry_id, raw = None, None
        if draft is not None:
            raw = None if capture is None or understood is None else self._intake.raw_of(capture, understood)
            entry_id = self._judge.write(step, draft, routed.context, capture=capture, raw=raw).event_id
        if routed.task_row is not None:
            step.save_task(routed.task_row)
        if routed.work.session != self.work.session:
            step.save_session(session_text(routed.work.session))
        verdict = None if draft is None else draft.verdict
        kind = None if draft is None else draft.kind
        units = 0 if draft is None else _units_placed(draft)
        scanned = "" if raw is None else scanned_text(raw.payload)
        return Told(verdict, transition.tone, transition.say, transition.lines, entry_id, kind, units, scanned)


def _badge_in(understood: ParsedScan | Refused) -> Badge | None:
    """The badge of a badge scan: its token stays in memory to check the PIN against, never in a state or file."""
    if isinstance(understood, ParsedScan) and understood.kind is Kind.BADGE:
        return badge_of(understood)
    return None


def _units_placed(draft: Draft) -> int:
    """Base units that the draft puts into places of ours: what the `+1` on the panel says."""
    postings = [*draft.postings, *(posting for members in draft.lists for posting in members.postings)]
    return sum(posting.quantity for posting in postings if posting.to_place not in NOT_OURS)
