"""Menus: what the digits mean. The main menu, the documents to receive, and the commands of the open task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scanner_app.domain.permissions import permits
from scanner_app.workflows.step import Command, Line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scanner_app.domain.facts import SummaryFact
    from scanner_app.domain.masters import Document, Operator
    from scanner_app.domain.refusals import Parameters
    from scanner_app.store.ledger import TaskRow

DOCUMENTS_SHOWN_MAX = 7
RECEIVABLE = frozenset({"asn", "po", "transfer"})
OWN_KEYS = frozenset({Command.UNDO, Command.BACK, Command.HELP})
"""Commands that have a key of their own everywhere, and need no digit."""


NEXT = (Command.SKIP, Command.ACCEPT_REST, Command.DONE)
"""What the key for next means: the first of these that the prompt offers."""

AMISS = (Command.DAMAGED, Command.SHORT)
"""What the key for damaged or short means: the first of these that the prompt offers."""


def offered(ways: Sequence[Command], commands: Sequence[Command]) -> Command | None:
    """The first of the ways that is among the commands; None when none is."""
    return next((way for way in ways if way in commands), None)


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a menu: its digit, a phrase, and what it does (an action of the front and its argument)."""

    digit: str
    name: Line
    action: str
    argument: str | None = None
    detail: Line | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits to be done, for the menu's details."""

    documents: Sequence[Document] = field(default_factory=tuple)
    tasks: Sequence[TaskRow] = field(default_factory=tuple)
    follow_ups: int = 0


def main_choices(operator: Operator | None, waiting: Waiting) -> tuple[Choice, ...]:
    """The main menu of an operator; what the role does not permit is not shown."""
    receivable = [document for document in waiting.documents if document.kind.value in RECEIVABLE]
    entries = [
        _entry("receiving", "documents", None, Line("screen.menu.open", {"count": len(receivable)})),
        _entry("putaway", "open", "putaway", _running(waiting, "putaway")),
        _entry("enquiry", "open", "enquiry", None),
        _entry("counting", "open", "counting", _running(waiting, "counting")),
        _entry("opening", "open", "opening", _running(waiting, "opening")),
        _entry("parked", "room", "parked", Line("screen.menu.open", {"count": waiting.follow_ups})),
        _entry("history", "room", "history", None),
        _entry("health", "room", "health", None),
        _entry("sign_out", "sign_out", None, None),
    ]
    workflows = {"receiving", "putaway", "enquiry", "counting", "opening"}
    permitted = [
        choice for name, choice in entries
        if name not in workflows or (operator is not None and permits(operator.role, name))
    ]  # fmt: skip
    return tuple(_numbered(permitted))


def _entry(name: str, action: str, argument: str | None, detail: Line | None) -> tuple[str, Choice]:
    return name, Choice("", Line(f"screen.menu.{name}"), action, argument, detail)


def _running(waiting: Waiting, workflow: str) -> Line | None:
    running = any(task.workflow == workflow for task in waiting.tasks)
    return Line("screen.menu.running") if running else None


def document_choices(
    documents: Sequence[Document], first: int, summary_of: Callable[[str], SummaryFact | None]
) -> tuple[Choice, ...]:
    """The documents that can be received, seven at a time, then blind receiving, and more where there are more.

    Each with how much of it is in, and from whom.
    """
    receivable = [document for document in documents if document.kind.value in RECEIVABLE]
    page = receivable[first : first + DOCUMENTS_SHOWN_MAX]
    choices = [
        Choice("", _plain(document.id), "receive", document.id, _progress(document, summary_of(document.id)))
        for document in page
    ]
    choices.append(Choice("", Line("screen.menu.blind"), "receive"))
    if first + DOCUMENTS_SHOWN_MAX < len(receivable):
        choices.append(Choice("", Line("screen.menu.more"), "documents", str(first + DOCUMENTS_SHOWN_MAX)))
    return tuple(_numbered(choices))


def _progress(document: Document, summary: SummaryFact | None) -> Line:
    if summary is None:
        return _plain(document.partner)
    parameters: Parameters = {"done": summary.received, "total": summary.expected, "partner": document.partner}
    return Line("screen.menu.delivery", parameters)


def recall_choices() -> tuple[Choice, ...]:
    """The answers to a recall: into quarantine, or left on the dock by a choice of its own; there is no way around."""
    quarantine = Line(f"command.{Command.QUARANTINE.value}")
    return tuple(
        _numbered(
            [
                Choice("", quarantine, "command", Command.QUARANTINE.value),
                Choice("", Line("screen.menu.left_on_dock"), "command", Command.BACK.value),
            ]
        )
    )


def task_choices(commands: Sequence[Command]) -> tuple[Choice, ...]:
    """The commands that the open task offers now, then leaving it; a menu for thumbs instead of keys."""
    offered = [
        Choice("", Line(f"command.{command.value}"), "command", command.value)
        for command in commands
        if command not in OWN_KEYS
    ]
    return tuple(_numbered([*offered, Choice("", Line("screen.menu.leave"), "leave")]))


def _plain(text: str) -> Line:
    parameters: Parameters = {"text": text}
    return Line("screen.plain", parameters)


def _numbered(choices: Sequence[Choice]) -> list[Choice]:
    return [
        Choice(str(number), choice.name, choice.action, choice.argument, choice.detail)
        for number, choice in enumerate(choices, start=1)
    ]
