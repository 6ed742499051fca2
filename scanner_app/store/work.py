"""The state of work that is saved with its facts: tasks, the session, open documents and follow-ups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scanner_app.domain.masters import Document, DocumentKind

if TYPE_CHECKING:
    import sqlite3

ROWS_MAX = 500
SESSION_SAVE = "INSERT INTO session (one, state) VALUES (1, ?) ON CONFLICT DO UPDATE SET state = excluded.state"
SESSION = "SELECT state FROM session WHERE one = 1"
TASK_SET_STATE = (
    "UPDATE task SET state = ? "
    "WHERE id = ? AND open = ? AND workflow = ? AND document IS ? AND operator IS ? AND title = ?"
)
TASK_SET = "UPDATE task SET workflow = ?, document = ?, operator = ?, state = ?, open = ?, title = ? WHERE id = ?"
TASK_NEW = "INSERT INTO task (workflow, document, operator, state, open, title, id) VALUES (?, ?, ?, ?, ?, ?, ?)"
TASK = "SELECT id, workflow, document, operator, state, open, title FROM task WHERE id = ?"
TASKS_OPEN = "SELECT id, workflow, document, operator, state, open, title FROM task WHERE open = 1 ORDER BY no LIMIT ?"
DOCUMENT = "SELECT id, kind, partner, serialised, closed, owner FROM document WHERE id = ?"
DOCUMENTS_OPEN = (
    "SELECT id, kind, partner, serialised, closed, owner FROM document WHERE closed = 0 ORDER BY no DESC LIMIT ?"
)
FOLLOW_UPS_OPEN = (
    "SELECT event_id, code, subject, document FROM ("
    "SELECT 0 AS ours, n AS place, event_id, code, subject, document FROM site_follow_up WHERE closed_by IS NULL "
    "UNION ALL SELECT 1, position, event_id, code, subject, document FROM follow_up) f "
    "WHERE NOT EXISTS (SELECT 1 FROM entry e WHERE e.refers_to = f.event_id AND e.kind = 'corrected' "
    "AND NOT EXISTS (SELECT 1 FROM echo c WHERE c.position = e.position)) "
    "ORDER BY ours, place LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task as saved. `state_json` is the workflow's state (workflows.saving); `title` is what the menu shows."""

    id: str
    workflow: str
    document: str | None
    operator: str | None
    state_json: str
    open: bool
    title: str = ""


@dataclass(frozen=True, slots=True)
class FollowUpRow:
    """Something an entry left to be done (domain.follow_ups); `event_id` names the entry."""

    event_id: str
    code: str
    subject: str
    document: str | None


def save_task(cursor: sqlite3.Cursor, task: TaskRow) -> None:
    """Saves a task, new or known. Mostly its state alone is new: then no index is written."""
    same = (task.state_json, task.id, task.open, task.workflow, task.document, task.operator, task.title)
    if cursor.execute(TASK_SET_STATE, same).rowcount:
        return
    row = (task.workflow, task.document, task.operator, task.state_json, task.open, task.title, task.id)
    if cursor.execute(TASK_SET, row).rowcount == 0:
        cursor.execute(TASK_NEW, row)


def task(connection: sqlite3.Connection, task_id: str) -> TaskRow | None:
    """A task by its id."""
    row = connection.execute(TASK, (task_id,)).fetchone()
    return None if row is None else _task_of(row)


def open_tasks(connection: sqlite3.Connection) -> list[TaskRow]:
    """Tasks that are not finished, oldest first."""
    return [_task_of(row) for row in connection.execute(TASKS_OPEN, (ROWS_MAX,))]


def _task_of(row: tuple[str, str, str | None, str | None, str, int, str]) -> TaskRow:
    return TaskRow(row[0], row[1], row[2], row[3], row[4], bool(row[5]), row[6])


def save_session(connection: sqlite3.Connection, text: str) -> None:
    """Saves the one session."""
    connection.execute(SESSION_SAVE, (text,))


def session(connection: sqlite3.Connection) -> str | None:
    """The session last saved."""
    row = connection.execute(SESSION).fetchone()
    return None if row is None else str(row[0])


def documents_open(connection: sqlite3.Connection) -> list[Document]:
    """Documents that are not closed, newest first."""
    return [document_of(row) for row in connection.execute(DOCUMENTS_OPEN, (ROWS_MAX,))]


def document_of(row: tuple[str, str, str, int, int, str]) -> Document:
    """The document in a row of DOCUMENT or DOCUMENTS_OPEN."""
    return Document(row[0], DocumentKind(row[1]), row[2], bool(row[3]), bool(row[4]), row[5])


def follow_ups_open(connection: sqlite3.Connection) -> list[FollowUpRow]:
    """Follow-ups that nobody has settled, oldest first."""
    return [FollowUpRow(*row) for row in connection.execute(FOLLOW_UPS_OPEN, (ROWS_MAX,))]
