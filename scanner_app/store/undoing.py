"""What undo would take back: an operator's last fact in a task, and what stands in the way."""

from __future__ import annotations

from itertools import islice, takewhile
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind, decode_entry
from scanner_app.domain.facts import LastFact, UndoFact
from scanner_app.domain.folding import Fold
from scanner_app.domain.stock import NOT_OURS, Deltas, QuantityDelta
from scanner_app.store import site_movements
from scanner_app.store.site_movements import number_in, own_order, position_in
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

NEVER = (1 << 63) - 1
"""A number that the feed never reaches: nothing of the base comes after an entry that it does not hold."""

FACT = "SELECT event_id, bytes FROM entry WHERE position = ?"
IS_CORRECTED = "SELECT 1 FROM entry WHERE refers_to = ? AND kind = 'corrected'"
ECHOED_AS = "SELECT n FROM echo WHERE position = ?"
IS_UNIT_LATER = "SELECT 1 FROM unit WHERE gtin = ? AND serial = ? AND position > ?"
BASE_UNIT_LATER = "SELECT n FROM site_unit WHERE gtin = ? AND serial = ? AND n > ?"
BASE_CONTAINER_LATER = "SELECT n FROM site_container WHERE id = ? AND n > ?"
IS_ECHO = "SELECT 1 FROM echo WHERE n = ?"
LATER = "SELECT event_id, kind, refers_to FROM entry WHERE position = ?"
POSITION_OF = "SELECT position FROM entry WHERE event_id = ?"
ON_HAND = (
    "SELECT sum(quantity) FROM stock_part "
    "WHERE place = ? AND gtin = ? AND lot = ? AND expiry = ? AND status = ? AND owner = ?"
)


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
    way = _Way(connection, trail, position)
    later = tuple(islice(way.later(postings, moves), LATER_MAX))
    return UndoFact(entry, lists, later, would_go_below_zero=_goes_below_zero(connection, postings))


class _Way:
    """What stands in the way of taking back the own entry at a position."""

    def __init__(self, connection: sqlite3.Connection, trail: Trail, position: int) -> None:
        self._connection = connection
        self._trail = trail
        self._position = position
        self._order = own_order(position)
        echoed = connection.execute(ECHOED_AS, (position,)).fetchone()
        self._n = NEVER if echoed is None else echoed[0]

    def later(self, postings: Iterable[Posting], moves: Iterable[ContainerMove]) -> Iterator[str]:
        """The event ids of later entries that stand; the number of one whose movements are kept no longer."""
        forgotten: list[int] = []
        touching = {*self._of_units(postings, forgotten), *self._of_containers(moves, forgotten)}
        for order in sorted(touching):
            event_id = self._standing(order)
            if event_id is not None:
                yield event_id
        yield from map(str, sorted(forgotten))

    def _of_units(self, postings: Iterable[Posting], forgotten: list[int]) -> Iterator[int]:
        """Steps after it about the same serialised units; most units have none, and their rows say so."""
        for posting in postings:
            unit = (posting.key.gtin, posting.key.serial)
            if posting.key.serial is None:
                continue
            n = self._base_later(BASE_UNIT_LATER, *unit)
            if n is not None or self._connection.execute(IS_UNIT_LATER, (*unit, self._position)).fetchone():
                found = list(self._after(self._trail.of_unit(posting.key.gtin, posting.key.serial)))
                yield from found
                self._forget(n, found, forgotten)

    def _of_containers(self, moves: Iterable[ContainerMove], forgotten: list[int]) -> Iterator[int]:
        """Steps after it about the same containers, their content included."""
        trail = self._trail
        for container in {move.container: None for move in moves}:
            found = list(self._after(trail.of_container(container)))
            yield from found
            self._forget(self._base_later(BASE_CONTAINER_LATER, container), found, forgotten)
            for touching in (trail.into, trail.out_of, trail.containers_into, trail.containers_out_of):
                yield from self._after(touching(container))

    def _base_later(self, sql: str, *key: str | None) -> int | None:
        """The number of the base's last entry about something, where it is later."""
        row = self._connection.execute(sql, (*key, self._n)).fetchone()
        return None if row is None else int(row[0])

    def _forget(self, n: int | None, found: list[int], forgotten: list[int]) -> None:
        """A later number of the base that is neither our own nor among the movements that are kept."""
        if n is None or n in {number_in(order) for order in found}:
            return
        if self._connection.execute(IS_ECHO, (n,)).fetchone() is None:
            forgotten.append(n)

    def _after(self, steps: Iterator[Step]) -> Iterator[int]:
        """The orders of steps, newest first, as far as they are later."""
        return islice(takewhile(lambda each: each > self._order, (step[0] for step in steps)), WALKED_MAX)

    def _standing(self, order: int) -> str | None:
        """The event id of a later entry that is in the way.

        One that was taken back is not, nor the correction that took it back.
        """
        n = number_in(order)
        sql, key = (site_movements.LATER, n) if n else (LATER, position_in(order))
        event_id, kind, refers_to = self._connection.execute(sql, (key,)).fetchone()
        if self._is_corrected(event_id):
            return None
        if kind == EntryKind.CORRECTED.value and self._is_later(refers_to):
            return None
        return str(event_id)

    def _is_corrected(self, event_id: str) -> bool:
        """Whether somebody took the entry back, here or elsewhere."""
        return any(
            self._connection.execute(sql, (event_id,)).fetchone() is not None
            for sql in (IS_CORRECTED, site_movements.IS_CORRECTED)
        )

    def _is_later(self, event_id: str) -> bool:
        """Whether an entry came after the one that is to be taken back."""
        own = self._connection.execute(POSITION_OF, (event_id,)).fetchone()
        if own is not None:
            return bool(own[0] > self._position)
        foreign = self._connection.execute(site_movements.NUMBER_OF, (event_id,)).fetchone()
        return foreign is not None and bool(foreign[0] > self._n)


def _goes_below_zero(connection: sqlite3.Connection, postings: Iterable[Posting]) -> bool:
    """Whether taking the postings back would leave less than nothing of any line."""
    fold = Fold()
    fold.add(0, Deltas(quantities=tuple(_backwards(postings))))
    for line, change in fold.lines.items():
        if change < 0 and (connection.execute(ON_HAND, line).fetchone()[0] or 0) + change < 0:
            return True
    return False


def _backwards(postings: Iterable[Posting]) -> Iterator[QuantityDelta]:
    """The changes that the negated postings would make."""
    for posting in postings:
        key = posting.key
        for place, change in ((posting.to_place, -posting.quantity), (posting.from_place, posting.quantity)):
            if place not in NOT_OURS:
                yield QuantityDelta(place, key.owner, key.gtin, key.lot, key.expiry, key.status, change)
