"""A page of the feed into the base, in one commit with its cursor (docs/decisions: sync and the site view).

It is done in two halves. `read_page` decodes: entries, their lists, what they do. It needs nothing of the ledger's but
the lists, so the thread that fetched the page can do it with a reader. `Applying` then writes, on the ledger's thread:
about a third of the work. A row that cannot be applied is parked; nothing that a page holds can stop the feed.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from scanner_app.domain.entry import Entry, EntryFormatError, decode_entry
from scanner_app.domain.feed import FedChunk, FedEntry, FedRecord, Standing
from scanner_app.domain.feed_records import RecordFormatError
from scanner_app.domain.folding import Fold
from scanner_app.domain.lists import LIST_LABEL, ListFormatError, MemberList, decode_list
from scanner_app.domain.stock import NO_DELTAS, Deltas, effects
from scanner_app.store import parking
from scanner_app.store.base import Base
from scanner_app.store.overlay import TakenOut, fold_overlay, own_entry
from scanner_app.store.projection import set_closed
from scanner_app.store.records import put_record, read_record
from scanner_app.store.site_movements import insert_movements

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scanner_app.domain.feed import FedRow

OWN = "SELECT position, bytes = ?2 FROM entry WHERE event_id = ?1"
INSERT_ECHO = "INSERT INTO echo (position, n) VALUES (?, ?) ON CONFLICT DO NOTHING"
UNECHO = "DELETE FROM echo WHERE position = ?"
CHUNKS = "SELECT n, bytes FROM site_list_chunk WHERE digest = ?"
OWN_CHUNKS = "SELECT bytes FROM list_chunk WHERE digest = ? ORDER BY n"
DROP_CHUNKS = "DELETE FROM site_list_chunk"
KEEP_CHUNK = "INSERT OR REPLACE INTO site_list_chunk (digest, n, bytes) VALUES (?, ?, ?)"

UNFIT = (
    sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError, ValueError, TypeError,
    AttributeError, KeyError, OverflowError,
)  # fmt: skip
"""What a row comes to that can be decoded and still fits no table, such as a quantity past 64 bits."""


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """An entry of the feed, decoded, with its lists and what it does."""

    row: FedEntry
    entry: Entry
    lists: Mapping[str, MemberList]
    deltas: Deltas


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """A record of the feed, read."""

    row: FedRecord
    value: Any


@dataclass(frozen=True, slots=True)
class Unread:
    """A row that cannot be applied, and why."""

    row: FedEntry | FedRecord
    reason: str


ReadRow = ReadEntry | ReadRecord | Unread


@dataclass(frozen=True, slots=True)
class ReadPage:
    """The numbered rows of a page, read; `chunks`: those of lists that only a later page's entry names."""

    rows: tuple[ReadRow, ...]
    chunks: tuple[FedChunk, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """What a page or snapshot changed. `records`: the kinds of records; `stock`: whether anything of the base.

    `sum_differs`: the base is not what the centre's is; ask for a snapshot.
    """

    records: frozenset[str] = frozenset()
    stock: bool = False
    echoes: int = 0
    sum_differs: bool = False


def read_page(rows: Iterable[FedRow], connection: sqlite3.Connection) -> ReadPage:
    """The rows, decoded. Lists come with the page, from an earlier one, or are our own."""
    lists = _Lists(connection)
    read: list[ReadRow] = []
    waiting: list[FedChunk] = []
    for row in rows:
        if isinstance(row, FedChunk):
            waiting.append(row)
            lists.take(row)
            continue
        waiting.clear()
        read.append(_read(row, lists))
    return ReadPage(tuple(read), tuple(waiting))


def _read(row: FedEntry | FedRecord, lists: _Lists) -> ReadRow:
    try:
        if isinstance(row, FedRecord):
            return ReadRecord(row, read_record(row))
        return _read_entry(row, lists)
    except EntryFormatError:
        return Unread(row, parking.SCHEMA)
    except RecordFormatError:
        return Unread(row, parking.RECORD)
    except ListFormatError:
        return Unread(row, parking.LIST)
    except UNFIT:
        return Unread(row, parking.UNFIT)


def _read_entry(row: FedEntry, lists: _Lists) -> ReadEntry:
    """Only what the centre counted does anything."""
    entry = decode_entry(row.content)
    if row.standing is not Standing.PROJECTED:
        return ReadEntry(row, entry, {}, NO_DELTAS)
    named = {digest: lists.of(digest) for digest in entry.lists}
    return ReadEntry(row, entry, named, effects(entry, named))


class _Lists:
    """Member lists, from the chunks of this page and of those before it, or our own."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._chunks: dict[str, dict[int, bytes]] = {}
        self._read: dict[str, MemberList] = {}

    def take(self, chunk: FedChunk) -> None:
        """A chunk that came with the page; one that is not what its hashes say is passed over."""
        if _is_true(chunk):
            self._chunks.setdefault(chunk.digest, {})[chunk.n] = chunk.content

    def of(self, digest: str) -> MemberList:
        """A list by its digest. Raises ListFormatError where it is not whole."""
        if digest not in self._read:
            self._read[digest] = decode_list(digest, self._all_chunks(digest))
        return self._read[digest]

    def _all_chunks(self, digest: str) -> list[bytes]:
        chunks: dict[int, bytes] = dict(self._connection.execute(CHUNKS, (digest,)).fetchall())
        chunks |= self._chunks.get(digest, {})
        if chunks:
            return [content for _, content in sorted(chunks.items())]
        return [content for (content,) in self._connection.execute(OWN_CHUNKS, (digest,))]


def _is_true(chunk: FedChunk) -> bool:
    """Whether digest and content are what the hashes of all chunks say."""
    try:
        digest = sha256(LIST_LABEL + b"".join(map(bytes.fromhex, chunk.hashes))).hexdigest()
        return digest == chunk.digest and sha256(chunk.content).hexdigest() == chunk.hashes[chunk.n]
    except (ValueError, IndexError):
        return False


# Writing, on the ledger's thread.


def apply_rows(cursor: sqlite3.Cursor, rows: Sequence[ReadRow], total: int) -> tuple[Applied, int]:
    """Writes rows in their order, and gives the checksum after them; those that fit no table are parked.

    Whatever happens, all the others are applied: where one fails, both halves are tried again.
    """
    cursor.execute("SAVEPOINT rows")
    try:
        changes = _Changes(cursor, total)
        for each in rows:
            changes.take(each)
        applied = changes.write()
    except UNFIT:
        cursor.execute("ROLLBACK TO rows")
        applied, total = _apply_halves(cursor, rows, total)
    else:
        total = changes.total
    cursor.execute("RELEASE rows")
    return applied, total


def _apply_halves(cursor: sqlite3.Cursor, rows: Sequence[ReadRow], total: int) -> tuple[Applied, int]:
    if len(rows) == 1:
        parking.park(cursor, rows[0].row, parking.UNFIT, parking.subject_of(rows[0].row))
        return Applied(), total
    middle = len(rows) // 2
    first, total = apply_rows(cursor, rows[:middle], total)
    second, total = apply_rows(cursor, rows[middle:], total)
    both = Applied(first.records | second.records, first.stock or second.stock, first.echoes + second.echoes)
    return both, total


def keep_chunks(cursor: sqlite3.Cursor, page: ReadPage) -> None:
    """Chunks wait for the next numbered row; those before it are done with."""
    if page.rows:
        cursor.execute(DROP_CHUNKS)
    cursor.executemany(KEEP_CHUNK, [(each.digest, each.n, each.content) for each in page.chunks if _is_true(each)])


class _Changes:
    """What some rows change, gathered so that each row of the tables is written once."""

    def __init__(self, cursor: sqlite3.Cursor, total: int) -> None:
        self._cursor = cursor
        self._base = Base(cursor, total)
        self._fold = Fold()
        self._echoes: list[tuple[int, Entry, Deltas]] = []
        self._unechoed = 0
        """Own entries that a snapshot seemed to hold: a chain had parted, and nobody knew it yet."""
        self._documents: set[str] = set()
        self._kinds: set[str] = set()
        self._any_parked = bool(cursor.execute(parking.COUNT).fetchone()[0])

    @property
    def total(self) -> int:
        """The checksum after what was written."""
        return self._base.total

    def take(self, read: ReadRow) -> None:
        """The next row."""
        if isinstance(read, ReadEntry):
            self._take_entry(read)
        elif isinstance(read, ReadRecord):
            self._take_record(read)
        elif isinstance(read.row, FedRecord) or read.row.standing is Standing.PROJECTED:
            self._park(read.row, read.reason, parking.subject_of(read.row))

    def _park(self, row: FedEntry | FedRecord, reason: str, subject: str) -> None:
        parking.park(self._cursor, row, reason, subject)
        self._any_parked = True

    def _take_entry(self, read: ReadEntry) -> None:
        row, entry = read.row, read.entry
        own = self._cursor.execute(OWN, (entry.event_id, row.content)).fetchone()
        if row.standing is Standing.QUARANTINED:
            if own is not None and own[1]:
                self._keep_own(row, entry, own[0])
            return
        self._settle(entry.event_id)
        if row.standing is Standing.PROJECTED:
            self._fold.add(row.n, read.deltas)
            document = self._base.follow(row.n, entry)
            self._documents.update(() if document is None else (document,))
            if own is None:
                insert_movements(self._cursor, row.n, row.seq, entry, read.lists)
        if own is not None:
            self._take_echo(read, *own)

    def _take_echo(self, read: ReadEntry, position: int, same_bytes: int) -> None:
        """The base holds an own entry: what it did leaves the overlay, once."""
        if self._cursor.execute(INSERT_ECHO, (position, read.row.n)).rowcount == 0:
            return
        if same_bytes and read.row.standing is Standing.PROJECTED:
            self._echoes.append((position, read.entry, read.deltas))
        else:
            self._echoes.append((position, *own_entry(self._cursor.connection, position)))

    def _keep_own(self, row: FedEntry, entry: Entry, position: int) -> None:
        """An own entry that the centre did not count stays in the overlay, and is told as parked, once."""
        self._settle(entry.event_id)
        self._park(row, parking.QUARANTINED, entry.event_id)
        self._unechoed += self._cursor.execute(UNECHO, (position,)).rowcount

    def _take_record(self, read: ReadRecord) -> None:
        self._settle(parking.subject_of(read.row))
        document = put_record(self._cursor, read.row, read.value)
        self._documents.update(() if document is None else (document,))
        self._kinds.add(read.row.kind)

    def _settle(self, subject: str) -> None:
        """What waited about the same thing waits no longer."""
        if self._any_parked:
            self._cursor.execute(parking.LEAVE, (subject,))

    def write(self) -> Applied:
        """Writes all that was gathered."""
        self._base.write(self._fold)
        taken = TakenOut(self._cursor)
        for position, entry, deltas in sorted(self._echoes, key=lambda echo: echo[0]):
            taken.add(position, entry, deltas)
        taken.write()
        if self._unechoed:
            fold_overlay(self._cursor.connection, self._cursor)
        for document in self._documents:
            set_closed(self._cursor, document)
        stock = bool(self._fold.lines or self._fold.units or self._fold.containers)
        return Applied(frozenset(self._kinds), stock, len(self._echoes))
