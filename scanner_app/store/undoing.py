"""What undo would take back: an operator's last fact in a task, and what stands in the way."""

from __future__ import annotations

from itertools import islice, takewhile
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind, decode_entry
from scanner_app.domain.facts import LastFact, UndoFact
from scanner_app.domain.stock import NOT_OURS, QuantityDelta
from scanner_app.store.projection import ON_HAND, summed_quantities
from scanner_app.store.trail import Trail, read_list

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.stock import ContainerMove, Posting
    from scanner_app.store.trail import Step

LATER_MAX = 8
WALKED_MAX = 1_000
"""How many later steps of one unit or container are looked at."""
FACTS_WALKED_MAX = 1_000
"""How many facts of a task are gone back over those taken back already or made by somebody else."""

FACT = "SELECT event_id, bytes FROM entry WHERE position = ?"
IS_CORRECTED = "SELECT 1 FROM entry WHERE refers_to = ? AND kind = 'corrected'"
UNIT_POSITION = "SELECT position FROM unit WHERE gtin = ? AND serial = ?"
LATER = "SELECT event_id, kind, refers_to FROM entry WHERE position = ?"
POSITION_OF = "SELECT position FROM entry WHERE event_id = ?"
EVENT_ID = "SELECT event_id FROM entry WHERE position = ?"


def last_fact(connection: sqlite3.Connection, query: LastFact) -> UndoFact | None:
    """The operator's last accepted fact in the task that nothing has taken back."""
    trail = Trail(connection)
    for position in islice(trail.facts_of(query.task), FACTS_WALKED_MAX):
        event_id, stored = connection.execute(FACT, (position,)).fetchone()
        entry = decode_entry(stored)
        is_own = entry.origin.operator == query.operator
        if is_own and connection.execute(IS_CORRECTED, (event_id,)).fetchone() is None:
            return _undo_fact(connection, trail, position, entry)
    return None


def _undo_fact(connection: sqlite3.Connection, trail: Trail, position: int, entry: Entry) -> UndoFact:
    lists = tuple(read_list(connection, digest) for digest in entry.lists)
    postings = [*entry.postings, *(posting for members in lists for posting in members.postings)]
    moves = [*entry.container_moves, *(move for members in lists for move in members.container_moves)]
    touching = {*_later_of_units(connection, trail, position, postings), *_later_of_containers(trail, position, moves)}
    standing = (each for each in sorted(touching) if _stands(connection, each, position))
    later = tuple(connection.execute(EVENT_ID, (each,)).fetchone()[0] for each in islice(standing, LATER_MAX))
    return UndoFact(entry, lists, later, would_go_below_zero=_goes_below_zero(connection, postings))


def _later_of_units(
    connection: sqlite3.Connection, trail: Trail, position: int, postings: Iterable[Posting]
) -> Iterator[int]:
    """Entries after `position` about the same serialised units; most units have none, and their row says so."""
    for posting in postings:
        serial = posting.key.serial
        if serial is not None:
            row = connection.execute(UNIT_POSITION, (posting.key.gtin, serial)).fetchone()
            if row is not None and row[0] > position:
                yield from _after(position, trail.of_unit(posting.key.gtin, serial))


def _later_of_containers(trail: Trail, position: int, moves: Iterable[ContainerMove]) -> Iterator[int]:
    """Entries after `position` about the same containers, their content included."""
    for container in {move.container: None for move in moves}:
        for touching in (
            trail.of_container, trail.into, trail.out_of, trail.containers_into, trail.containers_out_of
        ):  # fmt: skip
            yield from _after(position, touching(container))


def _after(position: int, steps: Iterator[Step]) -> Iterator[int]:
    """The positions of steps, newest first, as far as they are later."""
    return islice(takewhile(lambda each: each > position, (step[0] for step in steps)), WALKED_MAX)


def _stands(connection: sqlite3.Connection, later: int, position: int) -> bool:
    """Whether a later entry is in the way: one that was taken back is not, nor the correction that took it back."""
    event_id, kind, refers_to = connection.execute(LATER, (later,)).fetchone()
    if connection.execute(IS_CORRECTED, (event_id,)).fetchone() is not None:
        return False
    if kind != EntryKind.CORRECTED.value:
        return True
    corrected = connection.execute(POSITION_OF, (refers_to,)).fetchone()
    return corrected is None or corrected[0] <= position


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
