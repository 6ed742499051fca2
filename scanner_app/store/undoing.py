"""What undo would take back: an operator's last fact in a task, and what stands in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.domain.entry import decode_entry
from scanner_app.domain.facts import LastFact, UndoFact
from scanner_app.domain.lists import MemberList, decode_list
from scanner_app.domain.stock import NOT_OURS, QuantityDelta
from scanner_app.store.projection import summed_quantities

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.stock import ContainerMove, Posting

LATER_MAX = 8
FACTS_WALKED_MAX = 1_000
"""How many facts of a task are gone back over those taken back already or made by somebody else."""

FACTS = "SELECT position, event_id, bytes FROM entry WHERE fact_task = ? ORDER BY position DESC LIMIT ?"
IS_CORRECTED = "SELECT 1 FROM entry WHERE refers_to = ? AND kind = 'corrected'"
CHUNKS = "SELECT bytes FROM list_chunk WHERE digest = ? ORDER BY n"
UNIT_POSITION = "SELECT position FROM unit WHERE gtin = ? AND serial = ?"
CONTAINER_POSITION = "SELECT position FROM container WHERE id = ?"
POSTINGS_INTO = "SELECT position FROM posting WHERE to_place = ? ORDER BY id DESC LIMIT ?"
POSTINGS_OUT_OF = "SELECT position FROM posting WHERE from_place = ? ORDER BY id DESC LIMIT ?"
MOVES_INTO = "SELECT position FROM container_move WHERE to_parent = ? ORDER BY id DESC LIMIT ?"
MOVES_OUT_OF = "SELECT position FROM container_move WHERE from_parent = ? ORDER BY id DESC LIMIT ?"
EVENT_ID = "SELECT event_id FROM entry WHERE position = ?"
ON_HAND = (
    "SELECT quantity FROM on_hand "
    "WHERE place = ? AND gtin = ? AND lot = ? AND expiry = ? AND status = ? AND owner = ?"
)


def last_fact(connection: sqlite3.Connection, query: LastFact) -> UndoFact | None:
    """The operator's last accepted fact in the task that nothing has taken back."""
    for position, event_id, stored in connection.execute(FACTS, (query.task, FACTS_WALKED_MAX)).fetchall():
        entry = decode_entry(stored)
        is_own = entry.origin.operator == query.operator
        if is_own and connection.execute(IS_CORRECTED, (event_id,)).fetchone() is None:
            return _undo_fact(connection, position, entry)
    return None


def _undo_fact(connection: sqlite3.Connection, position: int, entry: Entry) -> UndoFact:
    lists = tuple(read_list(connection, digest) for digest in entry.lists)
    postings = [*entry.postings, *(posting for members in lists for posting in members.postings)]
    moves = [*entry.container_moves, *(move for members in lists for move in members.container_moves)]
    later = sorted(set(_later_positions(connection, position, postings, moves)))[:LATER_MAX]
    event_ids = tuple(connection.execute(EVENT_ID, (each,)).fetchone()[0] for each in later)
    return UndoFact(entry, lists, event_ids, would_go_below_zero=_goes_below_zero(connection, postings))


def read_list(connection: sqlite3.Connection, digest: str) -> MemberList:
    """A member list by its digest. Raises ListFormatError when it is not whole."""
    return decode_list(digest, [row[0] for row in connection.execute(CHUNKS, (digest,))])


def _later_positions(
    connection: sqlite3.Connection, position: int, postings: Iterable[Posting], moves: Iterable[ContainerMove]
) -> Iterator[int]:
    """Entries after `position` about the same units or containers, their content included."""
    for posting in postings:
        if posting.key.serial is not None:
            row = connection.execute(UNIT_POSITION, (posting.key.gtin, posting.key.serial)).fetchone()
            if row is not None and row[0] > position:
                yield row[0]
    for move in moves:
        row = connection.execute(CONTAINER_POSITION, (move.container,)).fetchone()
        if row is not None and row[0] > position:
            yield row[0]
        for sql in (POSTINGS_INTO, POSTINGS_OUT_OF, MOVES_INTO, MOVES_OUT_OF):
            rows = connection.execute(sql, (move.container, LATER_MAX))
            yield from (found for (found,) in rows if found > position)


def _goes_below_zero(connection: sqlite3.Connection, postings: Iterable[Posting]) -> bool:
    """Whether taking the postings back would leave less than nothing of any line."""
    for line, change in summed_quantities(_backwards(postings)).items():
        row = connection.execute(ON_HAND, line).fetchone()
        if change < 0 and (0 if row is None else row[0]) + change < 0:
            return True
    return False


def _backwards(postings: Iterable[Posting]) -> Iterator[QuantityDelta]:
    """The changes that the negated postings would make."""
    for posting in postings:
        key = posting.key
        for place, change in ((posting.to_place, -posting.quantity), (posting.from_place, posting.quantity)):
            if place not in NOT_OURS:
                yield QuantityDelta(place, key.owner, key.gtin, key.lot, key.expiry, key.status, change)
