"""The ledger: one step, one entry, one commit. Only the thread that opened it touches it.

    with ledger.step() as step:
        fact = step.answer(query)
        saved = step.append(entry, lists)
        step.save_task(row)

Leaving the block commits; an exception in it rolls everything back. Nothing is true before the block is left.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scanner_app.domain.entry import encode_entry
from scanner_app.domain.lists import encode_list
from scanner_app.errors import StoreError
from scanner_app.store import inbox, work
from scanner_app.store.chain import Head, link, open_epoch, read_head
from scanner_app.store.database import Database, connect_writer
from scanner_app.store.faults import OTHER_DEVICE, fault_of, translated
from scanner_app.store.knowledge import answer
from scanner_app.store.masters import put_records
from scanner_app.store.places import has_places
from scanner_app.store.projection import project
from scanner_app.store.schema import prepare
from scanner_app.store.trail import LAG_IDLE_MIN, LAG_MAX, lay_trail, trailed_position
from scanner_app.store.work import FollowUpRow, TaskRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.facts import Query
    from scanner_app.domain.lists import MemberList
    from scanner_app.domain.masters import Document
    from scanner_app.domain.site_records import SiteRecords
    from scanner_app.store.inbox import Capture

__all__ = ["Counters", "FollowUpRow", "Ledger", "LedgerStep", "Saved", "TaskRow"]

INSERT_CHUNK = "INSERT INTO list_chunk (digest, n, bytes) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class Saved:
    """An entry as appended: its sequence in the epoch, its event id, its link of the chain."""

    seq: int
    event_id: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class Counters:
    """For the meter: entries that hold a raw scan, all entries, and captures that wait in the inbox."""

    scans_saved: int
    entries: int
    waiting: int


class LedgerStep:
    """What may be done within one transaction; made by Ledger.step alone."""

    __slots__ = ("_connection", "_cursor", "head", "trailed", "waiting")

    def __init__(self, cursor: sqlite3.Cursor, head: Head, waiting: int, trailed: int) -> None:
        self._connection = cursor.connection
        self._cursor = cursor
        self.head = head
        self.waiting = waiting
        self.trailed = trailed

    def answer(self, query: Query) -> object:
        """The answer to a query, this step's own changes included; `domain.facts` names its type."""
        return answer(self._connection, query)

    def append(self, entry: Entry, lists: Sequence[MemberList] = ()) -> Saved:
        """Appends one entry and its lists to the chain and to every projection.

        The digests of `lists` are put into the entry when it names none itself. Raises EntryFormatError over 64 KiB,
        ListFormatError over 10,000 members, StoreError for a repeated event id.
        """
        members: dict[str, MemberList] = {}
        for member_list in lists:
            digest, chunks = encode_list(member_list)
            members[digest] = member_list
            rows = ((digest, n, chunk) for n, chunk in enumerate(chunks))
            self._connection.executemany(INSERT_CHUNK, rows)
        if members and not entry.lists:
            entry = replace(entry, lists=tuple(members))
        self.head = link(self._cursor, self.head, entry, encode_entry(entry))
        project(self._cursor, self.head.position, entry, members)
        if members or self.head.position - self.trailed >= LAG_MAX:
            self.trailed = lay_trail(self._connection)
        return Saved(self.head.seq, entry.event_id, self.head.hash)

    def put_records(self, records: SiteRecords) -> None:
        """Writes imported master records; the entry that tells of the import is appended in the same step."""
        put_records(self._connection, records)

    def save_task(self, task: TaskRow) -> None:
        """Saves a task's state, new or known."""
        work.save_task(self._cursor, task)

    def save_session(self, text: str) -> None:
        """Saves who is signed in and what is open, as the terminal's own text."""
        work.save_session(self._connection, text)

    def take_capture(self, capture_id: str) -> None:
        """Takes a judged capture out of the inbox; one that was never spilled is not there."""
        if self.waiting:
            self.waiting -= self._connection.execute(inbox.DELETE, (capture_id,)).rowcount


class Ledger:
    """A device's ledger, open for writing. Made by `Ledger.open`."""

    def __init__(self, database: Database, head: Head) -> None:
        self._database = database
        self._connection = database.connection
        self._cursor = database.connection.cursor()
        self._head = head
        self._waiting = int(self._connection.execute(inbox.COUNT).fetchone()[0])
        self._trailed = trailed_position(self._connection)
        self._stopped: StoreError | None = None

    @classmethod
    def open(cls, path: Path, device: str, make_epoch: Callable[[], bytes]) -> Ledger:
        """Opens the ledger at `path`, made if there is none; `make_epoch` gives 16 random bytes for a new one.

        Raises StoreError: LEDGER_IN_USE, NEWER_SCHEMA, CORRUPT, READ_ONLY, DISK_FULL, NOT_OPENABLE, OTHER_DEVICE.
        """
        database = connect_writer(path)
        try:
            prepare(database.connection, path)
            with translated(path):
                head = read_head(database.connection)
                if head is None:
                    head = open_epoch(database.connection, device, make_epoch(), None)
                _refuse_other_device(head, device, path)
                return cls(database, head)
        except BaseException:
            database.close()
            raise

    @property
    def path(self) -> Path:
        """The ledger's file."""
        return self._database.path

    @property
    def head(self) -> tuple[bytes, int, bytes]:
        """Epoch, last sequence in it (0: none yet) and last hash (genesis at 0)."""
        return self._head.epoch, self._head.seq, self._head.hash

    @property
    def journal(self) -> str:
        """The journal mode in force: `wal`, or `delete` where the file system refuses WAL."""
        return self._database.journal

    @property
    def stopped(self) -> StoreError | None:
        """The fault after which nothing can be written until the ledger is opened anew; None while all is well."""
        return self._stopped

    @contextmanager
    def step(self) -> Iterator[LedgerStep]:
        """One transaction: BEGIN IMMEDIATE … COMMIT. Raises StoreError when it cannot be saved; then nothing is."""
        if self._stopped is not None:
            raise self._stopped
        cursor = self._cursor
        try:
            cursor.execute("BEGIN IMMEDIATE")
            step = LedgerStep(cursor, self._head, self._waiting, self._trailed)
            yield step
            cursor.execute("COMMIT")
        except sqlite3.Error as fault:
            self._roll_back()
            raise self._fault(fault) from fault
        except BaseException:
            self._roll_back()
            raise
        self._head, self._waiting, self._trailed = step.head, step.waiting, step.trailed
        self._database.commits += 1

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _fault(self, fault: sqlite3.Error) -> StoreError:
        """The error of a failed step; one that does not pass by itself stops the ledger."""
        error = fault_of(fault, self.path)
        is_constraint = isinstance(fault, sqlite3.IntegrityError)
        if not error.retryable and not is_constraint:
            self._stopped = error
        return error

    def spill(self, captures: Sequence[Capture]) -> None:
        """Writes waiting captures to the inbox, all in one commit. Raises StoreError; then none of them is in it."""
        with self.step() as step:
            step.waiting += inbox.insert_captures(self._connection, captures)

    def inbox(self) -> list[Capture]:
        """The captures that wait, in order."""
        with translated(self.path):
            return inbox.waiting_captures(self._connection)

    def answer(self, query: Query) -> object:
        """The answer to a query outside a step."""
        with translated(self.path):
            return answer(self._connection, query)

    def counters(self) -> Counters:
        """The meter's numbers, without reading the file."""
        return Counters(self._head.scans, self._head.position, self._waiting)

    def session(self) -> str | None:
        """The session text last saved."""
        with translated(self.path):
            return work.session(self._connection)

    def task(self, task_id: str) -> TaskRow | None:
        """A task by its id."""
        with translated(self.path):
            return work.task(self._connection, task_id)

    def open_tasks(self) -> list[TaskRow]:
        """Tasks that are not finished, oldest first, at most 500."""
        with translated(self.path):
            return work.open_tasks(self._connection)

    def documents_open(self) -> list[Document]:
        """Documents that are not closed, newest first, at most 500."""
        with translated(self.path):
            return work.documents_open(self._connection)

    def follow_ups_open(self) -> list[FollowUpRow]:
        """What is left for somebody to do, oldest first, at most 500."""
        with translated(self.path):
            return work.follow_ups_open(self._connection)

    def has_places(self) -> bool:
        """Whether any place has been imported."""
        with translated(self.path):
            return has_places(self._connection)

    def checkpoint_when_idle(self) -> bool:
        """To be called while nobody scans: lays the trail, copies the WAL into the file. True when nothing is left."""
        if self._stopped is None and self._head.position - self._trailed >= LAG_IDLE_MIN:
            with self.step() as step:
                step.trailed = lay_trail(self._connection)
        return self._database.checkpoint_when_idle()

    def close(self) -> None:
        """Checkpoints, closes the file and lets go of its lock."""
        self._database.close()


def _refuse_other_device(head: Head, device: str, path: Path) -> None:
    """A ledger belongs to one device: its id is part of every chain."""
    if head.device != device:
        message = f"{path} is the ledger of device {head.device}, not of {device}."
        raise StoreError(OTHER_DEVICE, message, remedy="Set [device] id back, or begin a home of its own.")
