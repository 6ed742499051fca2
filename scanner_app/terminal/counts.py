"""Counts that somebody must see to: begun here and not closed, or wanted again by the centre."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.terminal.work import task_of
from scanner_app.workflows.counting_state import CountingState
from scanner_app.workflows.step import Line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scanner_app.store.ledger import Ledger, TaskRow


def counts_due(ledger: Ledger, tasks: Iterable[TaskRow]) -> tuple[Line, ...]:
    """A line for each place whose count is open in one of the tasks, then for each that is to be counted again."""
    open_here = [place for task in tasks for place in _open_in(task)]
    again = [place for place in ledger.recounts_due() if place not in open_here]
    return (
        *(Line("screen.parked.count_open", {"place": place}) for place in open_here),
        *(Line("screen.parked.recount", {"place": place}) for place in again),
    )


def _open_in(row: TaskRow) -> list[str]:
    """The place that a task is counting."""
    task = task_of(row)
    state = None if task is None else task.state
    return [state.place] if isinstance(state, CountingState) and state.place is not None else []
