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
from scanner_app.store import epochs, inbox, leases, parking, records, site, snapshot, work
from scanner_app.store.belonging import belong_to
from scanner_app.store.chain import Head, link, open_epoch, read_head
from scanner_app.store.counted import keep_counted
from scanner_app.store.database import Database, connect_writer
from scanner_app.store.echoes import echo_held
from scanner_app.store.faults import OTHER_DEVICE, fault_of, translated
from scanner_app.store.feed import Applied, ReadPage
from scanner_app.store.knowledge import answer
from scanner_app.store.masters import put_records
from scanner_app.store.outbox import OutboxReader, scans_sent
from scanner_app.store.overlay import fold_if_due
from scanner_app.store.places import has_places
from scanner_app.store.projection import project
from scanner_app.store.schema import prepare
from scanner_app.store.site import PageEnd, SiteMeta, read_meta
from scanner_app.store.trail import LAG_IDLE_MIN, LAG_MAX, lay_trail, trailed_position
from scanner_app.store.work import FollowUpRow, TaskRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.facts import Query
    from scanner_app.domain.feed import FedRow
    from scanner_app.domain.feed_records import Body
    from scanner_app.domain.lists import MemberList
    from scanner_app.domain.masters import Document
    from scanner_app.domain.refusals import Refusal
    from scanner_app.domain.site_records import SiteRecords
    from scanner_app.domain.site_state import Flag, Lease
    from scanner_app.store.inbox import Capture

__all__ = ["Applied", "Counters", "FollowUpRow", "Ledger", "LedgerStep", "PageEnd", "Saved", "SiteMeta", "TaskRow"]

INSERT_CHUNK = "INSERT INTO list_chunk (digest, n, bytes) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class Saved:
    """An entry as appended: its sequence in the epoch, its event id, its link of the chain."""

    seq: int
    event_id: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class Counters:
    """For the meter: entries that hold a raw scan, all entries, and captures that wait in the inbox.

    `scans_sent`: of the first, those that the centre has; `scans_safe`: those that it has on a second disk too.
    `parked`: rows of the feed that could not be applied, and own entries that the centre did not count.
    """

    scans_saved: int
    entries: int
    waiting: int
    scans_sent: int = 0
    scans_safe: int = 0
    parked: int = 0


class LedgerStep:
    """What may be done within one transaction; made by Ledger.step alone."""

    __slots__ = ("_connection", "_cursor", "head", "site", "trailed", "waiting")

    def __init__(self, cursor: sqlite3.Cursor, head: Head, waiting: int, trailed: int, site: SiteMeta) -> None:
        self._connection = cursor.connection
        self._cursor = cursor
        self.head = head
        self.site = site
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
        keep_counted(self._cursor, entry)
        if members or self.head.position - self.trailed >= LAG_MAX:
            self.trailed = lay_trail(self._connection)
        return Saved(self.head.seq, entry.event_id, self.head.hash)

    def put_records(self, records: SiteRecords) -> None:
        """Writes imported master records; the entry that tells of the import is appended in the same step."""
        put_records(self._connection, records)

    def take_sscc(self) -> str | Refusal:
        """The next SSCC of a range that is leased to this ledger, or NO_SSCC_LEFT; given once this step is saved."""
        return leases.take_sscc(self._cursor, self.head.epoch)

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
        self._site = read_meta(self._connection)
        self._sent = self._count_sent()
        self.outbox = OutboxReader(database.path, database.connection)
        """What the centre has not taken, read on the ledger's thread; others open a reader of their own."""

    @classmethod
    def open(cls, path: Path, device: str, make_epoch: Callable[[], bytes], centre: str | None = None) -> Ledger:
        """Opens the ledger at `path`, made if there is none; `make_epoch` gives 16 random bytes for a new one.

        `centre`: an enrolment bound it there, and gave `device` its name; a ledger of another goes on under it in a new
        epoch, and one that spoke to another centre forgets what that one had and told.

        Raises StoreError: LEDGER_IN_USE, NEWER_SCHEMA, CORRUPT, READ_ONLY, DISK_FULL, NOT_OPENABLE, OTHER_DEVICE.
        """
        database = connect_writer(path)
        try:
            prepare(database.connection, path)
            with translated(path):
                head = read_head(database.connection)
                if head is None:
                    head = open_epoch(database.connection, device, make_epoch(), None)
                if centre is not None:
                    belong_to(database.connection, centre)
                    if head.device != device:
                        head = open_epoch(database.connection, device, make_epoch(), head)
                _refuse_other_device(head, device, path)
                fold_if_due(database.connection)
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
            step = LedgerStep(cursor, self._head, self._waiting, self._trailed, self._site)
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
        return Counters(self._head.scans, self._head.position, self._waiting, *self._sent)

    # What the centre has, and what it brings.

    @property
    def site(self) -> SiteMeta:
        """How far the feed was applied, without reading the file."""
        return self._site

    def set_watermark(self, no: int, acked: int, safe: int) -> None:
        """How far the centre has an epoch, and how far on a second disk too; either may be lower than before."""
        with self._database.unforced(), self.step():
            epochs.set_watermark(self._cursor, no, acked, safe)
            echo_held(self._cursor, no)
        self._sent = self._count_sent()

    def cut_epoch(self, no: int, seq: int, new_epoch: bytes) -> None:
        """Ends an epoch after `seq`; what follows goes on in a new one, which is the present one from now on.

        Leases are those of an epoch: they are given up. Nothing happens where nothing comes after `seq`.
        """
        with self.step() as step:
            step.head = epochs.cut_epoch(self._cursor, step.head, no, seq, new_epoch)
        self._sent = self._count_sent()

    def open_epoch(self, new_epoch: bytes, device: str | None = None) -> None:
        """Goes on in a new epoch from here, also under another device id: the one that enrolment gave."""
        with self.step() as step:
            step.head = open_epoch(self._connection, device or step.head.device, new_epoch, step.head)

    def apply_page(self, page: ReadPage | Sequence[FedRow], end: PageEnd, asked: str | None = None) -> Applied:
        """A page of the feed, its cursor with it, in one commit; what `OutboxReader.read_page` gave, or its rows.

        `asked`: the cursor that it was asked with. An answer to one that is no longer the scope's changes nothing.
        """
        if asked is not None and asked != self._site.cursor(end.scope):
            return Applied()
        read = page if isinstance(page, ReadPage) else self.outbox.read_page(page)
        with self._database.unforced(), self.step():
            applied, site_meta = site.apply_page(self._cursor, read, end, self._site)
        return self._took(applied, site_meta)

    def try_parked(self) -> Applied:
        """Applies what could not be applied before, as far as this program can; to be called once after a start."""
        with self.step():
            applied, site_meta = site.try_parked(self._cursor, self._site)
        return self._took(applied, site_meta)

    def load_snapshot(self, path: Path) -> None:
        """Replaces the base and all records by a snapshot that `check_snapshot` has found good, in one commit."""
        with translated(path), snapshot.attached(self._connection, path), self.step():
            site_meta = snapshot.copy_snapshot(self._cursor, self._site)
        self._took(Applied(stock=True), site_meta)

    def set_server_time(self, server_time: int, mono_ms: int, boot_id: str) -> None:
        """Keeps when the centre last said what time it is; a commit of its own, so not after each answer."""
        site_meta = replace(self._site, server_time=server_time, server_mono_ms=mono_ms, server_boot_id=boot_id)
        with self._database.unforced(), self.step():
            site.write_meta(self._cursor, site_meta)
        self._site = site_meta

    def _took(self, applied: Applied, site_meta: SiteMeta) -> Applied:
        self._site = site_meta
        self._sent = self._count_sent()
        return applied

    def _count_sent(self) -> tuple[int, int, int]:
        """Scans that the centre has, those on a second disk too, and what is parked."""
        parked = int(self._connection.execute(parking.COUNT).fetchone()[0])
        return scans_sent(self._connection), scans_sent(self._connection, safe=True), parked

    def flags_open(self) -> list[Flag]:
        """Doubts of the centre that are open, oldest first, at most 500."""
        with translated(self.path):
            return records.open_flags(self._connection)

    def leases_open(self) -> list[Lease]:
        """What is leased to this incarnation of the ledger and not used up, at most 500."""
        with translated(self.path):
            return leases.open_leases(self._connection, self._head.epoch)

    def records_of_kind(self, kind: str) -> list[tuple[str, Body]]:
        """Records of a kind that no other question answers (policy, task, count …), by id."""
        with translated(self.path):
            return records.records_of_kind(self._connection, kind)

    def recounts_due(self) -> list[str]:
        """The places that the centre wants counted again, oldest first, at most 500."""
        with translated(self.path):
            return records.recounts_due(self._connection)

    # The state of work.

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
