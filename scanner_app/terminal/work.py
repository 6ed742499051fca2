"""What the worker has before them: session, open task and progress, as one value that a step replaces whole."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from scanner_app.terminal.session import Session, session_of
from scanner_app.workflows.catalogue import workflow_of
from scanner_app.workflows.saving import StateFormatError, load_state, save_state
from scanner_app.workflows.signing import SIGNING
from scanner_app.workflows.step import Command, Progress, Prompt

if TYPE_CHECKING:
    from scanner_app.store.ledger import Ledger, TaskRow
    from scanner_app.workflows.step import Transition, Workflow

ENQUIRY = "enquiry"
MENU_PROMPT = Prompt("prompt.menu", "TASK")


@dataclass(frozen=True, slots=True)
class OpenTask:
    """The task at work: its row, its workflow, its state, and how far it is."""

    row: TaskRow
    workflow: Workflow[Any]
    state: Any
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """Session and open task. A step makes a new Work; it counts only once its commit has returned."""

    session: Session
    task: OpenTask | None = None

    @property
    def prompt(self) -> Prompt:
        """What is asked now."""
        if not self.session.signing.working:
            return SIGNING.prompt(self.session.signing)
        if self.session.enquiry is not None:
            return workflow_of(ENQUIRY).prompt(self.session.enquiry)
        if self.task is not None:
            return self.task.workflow.prompt(self.task.state)
        return MENU_PROMPT

    @property
    def recall(self) -> Prompt | None:
        """The question of a recall that the open task waits for, whatever is asked before it; None without one."""
        if self.task is None:
            return None
        prompt = self.task.workflow.prompt(self.task.state)
        return prompt if prompt.blocking and Command.QUARANTINE in prompt.commands else None

    def at_task(self, task: OpenTask, after: Transition[Any]) -> Work:
        """The work after a step of this task; a finished one is left for the menu."""
        if after.finished:
            return Work(replace(self.session, task=None, enquiry=None))
        moved = replace(task, state=after.state, progress=after.progress or task.progress)
        return Work(replace(self.session, task=task.row.id, enquiry=None), moved)

    def at_enquiry(self, after: Transition[Any]) -> Work:
        """The work with a look-up laid over it; a finished one is taken away."""
        return replace(self, session=replace(self.session, enquiry=None if after.finished else after.state))

    def at_menu(self) -> Work:
        """Back by one: a look-up is taken away, else the task is left open and the menu shown."""
        if self.session.enquiry is not None:
            return replace(self, session=replace(self.session, enquiry=None))
        return Work(replace(self.session, task=None))


def saved_task(task: OpenTask, *, is_open: bool) -> TaskRow:
    """The row that keeps a task's state and progress."""
    saved = {"state": save_state(task.state), "progress": save_state(task.progress)}
    return replace(task.row, state_json=json.dumps(saved, separators=(",", ":")), open=is_open)


def task_of(row: TaskRow) -> OpenTask | None:
    """The open task in a saved row; None when it is closed or of a version that cannot be read."""
    if not row.open:
        return None
    workflow = workflow_of(row.workflow)
    try:
        saved = json.loads(row.state_json)
        state = load_state(workflow.state_type, saved["state"])
        progress = None if saved["progress"] is None else load_state(Progress, saved["progress"])
    except (StateFormatError, ValueError, KeyError, TypeError):
        return None
    return OpenTask(row, workflow, state, progress)


def work_of(ledger: Ledger) -> Work:
    """What a restart takes up: the saved session and its task, at the exact prompt.

    A PIN that was waited for is not: the token of its badge was only in memory, and without it every PIN is wrong.
    """
    session = session_of(ledger.session())
    session = replace(session, signing=replace(session.signing, asked=None, asked_name=None))
    row = None if session.task is None else ledger.task(session.task)
    task = None if row is None else task_of(row)
    return Work(session if task is not None else replace(session, task=None), task)
