"""The trail: from a unit, lot, container, place or task back to the entries about it, newest first.

Its tables and their eight indexes would more than double what a scan writes, and no scan reads them. So they are laid
in batches: while nobody scans, and in the commit itself once 64 entries have gathered. Whoever walks the trail decodes
the few entries after the laid part and sees one whole, with what other devices moved between.
"""

from __future__ import annotations

from functools import cached_property
from heapq import merge
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from scanner_app.domain.counting import COUNT_KINDS
from scanner_app.domain.entry import EntryKind, decode_entry
from scanner_app.domain.lists import MemberList, decode_list
from scanner_app.domain.refusals import Accepted
from scanner_app.store import site_movements
from scanner_app.store.mentions import mention_of
from scanner_app.store.site_movements import Foreign, own_order

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.stock import ContainerMove, Posting
    from scanner_app.store.mentions import Mention

LAG_MAX = 64
"""After so many entries the trail is laid in the commit of the next one."""
LAG_IDLE_MIN = 32
"""Fewer entries are not worth a commit of their own while nobody scans."""

FACTS_WITHOUT_MOVES = COUNT_KINDS | {EntryKind.CONDITION, EntryKind.DOCUMENT_CLOSED}

Step = tuple[int, int | None, str, str, int]
"""Order (store.site_movements), quantity (None: a container), from, to, inferred."""

TRAILED = "SELECT position FROM trailed"
SET_TRAILED = "UPDATE trailed SET position = ?"
UNTRAILED = "SELECT position, bytes FROM entry WHERE position > (SELECT position FROM trailed) ORDER BY position"
CHUNKS = "SELECT bytes FROM list_chunk WHERE digest = ? ORDER BY n"
INSERT_POSTING = (
    "INSERT INTO posting (position, gtin, lot, serial, quantity, from_place, to_place, inferred) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_MOVE = (
    "INSERT INTO container_move (position, container, from_parent, to_parent, inferred) VALUES (?, ?, ?, ?, ?)"
)
INSERT_MENTION = "INSERT INTO mention (position, gtin, lot, serial, sscc) VALUES (?, ?, ?, ?, ?)"
MENTIONS_OF_UNIT = "SELECT position FROM mention WHERE gtin = ? AND serial = ? AND serial <> '' ORDER BY position DESC"
MENTIONS_OF_LOT = "SELECT position FROM mention WHERE gtin = ? AND lot = ? AND lot <> '' ORDER BY position DESC"
MENTIONS_OF_SSCC = "SELECT position FROM mention WHERE sscc = ? AND sscc <> '' ORDER BY position DESC"
INSERT_FACT = "INSERT INTO fact (task, position) VALUES (?, ?)"
OWN_POSTINGS = "SELECT position, quantity, from_place, to_place, inferred FROM posting WHERE "
OWN_MOVES = "SELECT position, NULL, from_parent, to_parent, inferred FROM container_move WHERE "
FIRST_LOT = "SELECT min(lot) FROM posting WHERE gtin = ?"
NEXT_LOT = "SELECT min(lot) FROM posting WHERE gtin = ? AND lot > ?"
FACTS = "SELECT position FROM fact WHERE task = ? ORDER BY position DESC"


class _Source(NamedTuple):
    """The same question to our own trail and to what other devices moved."""

    own: str
    foreign: str


OF_UNIT = _Source(OWN_POSTINGS + "gtin = ? AND serial = ? AND serial <> '' ORDER BY id DESC", site_movements.OF_UNIT)
OF_LOT = _Source(OWN_POSTINGS + "gtin = ? AND lot = ? ORDER BY id DESC", site_movements.OF_LOT)
OUT_OF_PLACE = _Source(OWN_POSTINGS + "from_place = ? ORDER BY id DESC", site_movements.OUT_OF_PLACE)
INTO_PLACE = _Source(OWN_POSTINGS + "to_place = ? ORDER BY id DESC", site_movements.INTO_PLACE)
OF_CONTAINER = _Source(OWN_MOVES + "container = ? ORDER BY id DESC", site_movements.OF_CONTAINER)
OUT_OF_PARENT = _Source(OWN_MOVES + "from_parent = ? ORDER BY id DESC", site_movements.OUT_OF_PARENT)
INTO_PARENT = _Source(OWN_MOVES + "to_parent = ? ORDER BY id DESC", site_movements.INTO_PARENT)


def fact_task_of(entry: Entry) -> str | None:
    """The task of which the entry is a fact: accepted, and it moves something or is of a kind that counts by itself.

    None for refusals, notes and corrections. Undo asks for the last of them, also where it then has to refuse.
    """
    moves_something = bool(entry.postings or entry.container_moves or entry.lists)
    is_fact = entry.kind is not EntryKind.CORRECTED and (moves_something or entry.kind in FACTS_WITHOUT_MOVES)
    return entry.task if is_fact and isinstance(entry.verdict, Accepted) else None


def read_list(connection: sqlite3.Connection, digest: str) -> MemberList:
    """A member list by its digest. Raises ListFormatError when it is not whole."""
    return decode_list(digest, [row[0] for row in connection.execute(CHUNKS, (digest,))])


def members_of(connection: sqlite3.Connection, entry: Entry) -> tuple[list[Posting], list[ContainerMove]]:
    """An entry's postings and container moves, its own first, then those of its lists."""
    lists = [read_list(connection, digest) for digest in entry.lists]
    postings = [*entry.postings, *(posting for members in lists for posting in members.postings)]
    return postings, [*entry.container_moves, *(move for members in lists for move in members.container_moves)]


def trailed_position(connection: sqlite3.Connection) -> int:
    """The position up to which the trail is laid."""
    return int(connection.execute(TRAILED).fetchone()[0])


def lay_trail(connection: sqlite3.Connection) -> int:
    """Lays the trail up to the last entry, within the caller's transaction; that entry's position."""
    position = trailed_position(connection)
    for position, stored in connection.execute(UNTRAILED).fetchall():
        lay_entry(connection, position, decode_entry(stored), connection)
    connection.execute(SET_TRAILED, (position,))
    return position


def lay_entry(target: sqlite3.Connection, position: int, entry: Entry, lists: sqlite3.Connection) -> None:
    """The rows of one entry, into `target`; its member lists are read from `lists`."""
    task = fact_task_of(entry)
    if task is not None:
        target.execute(INSERT_FACT, (task, position))
    mention = mention_of(entry)
    if mention is not None:
        target.execute(INSERT_MENTION, (position, *mention))
    if not (entry.postings or entry.container_moves or entry.lists):
        return
    postings, moves = members_of(lists, entry)
    target.executemany(
        INSERT_POSTING,
        [
            (
                position, posting.key.gtin, posting.key.lot or "", posting.key.serial or "", posting.quantity,
                posting.from_place, posting.to_place, posting.inferred,
            )
            for posting in postings
        ],
    )  # fmt: skip
    target.executemany(
        INSERT_MOVE,
        [(position, move.container, move.from_parent, move.to_parent, move.inferred) for move in moves],
    )


class Trail:
    """One walk, or several, over the trail as it is now. Every method gives its steps newest first."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._foreign = Foreign(connection)

    @cached_property
    def _tail(self) -> list[tuple[int, Entry, list[Posting], list[ContainerMove]]]:
        """The entries that are not laid yet, newest first."""
        rows = self._connection.execute(UNTRAILED).fetchall()
        entries = [(position, decode_entry(stored)) for position, stored in reversed(rows)]
        return [(position, entry, *members_of(self._connection, entry)) for position, entry in entries]

    def _postings(self, wanted: Callable[[Posting], bool], source: _Source, *keys: str) -> Iterator[Step]:
        tail = (
            (position, posting.quantity, posting.from_place, posting.to_place, int(posting.inferred))
            for position, _, postings, _ in self._tail
            for posting in reversed(postings)
            if wanted(posting)
        )
        return self._steps(tail, source, *keys)

    def _moves(self, wanted: Callable[[ContainerMove], bool], source: _Source, key: str) -> Iterator[Step]:
        tail = (
            (position, None, move.from_parent, move.to_parent, int(move.inferred))
            for position, _, _, moves in self._tail
            for move in reversed(moves)
            if wanted(move)
        )
        return self._steps(tail, source, key)

    def _steps(self, tail: Iterator[Step], source: _Source, *keys: str) -> Iterator[Step]:
        """Own steps, the laid ones after the tail, and those of other devices between them."""
        laid = self._connection.execute(source.own, keys)
        own = ((own_order(position), *rest) for position, *rest in chain(tail, laid))
        return merged(own, self._foreign.steps(source.foreign, *keys))

    def of_unit(self, gtin: str, serial: str) -> Iterator[Step]:
        """The postings of a serialised unit."""
        return self._postings(
            lambda posting: posting.key.serial == serial and posting.key.gtin == gtin, OF_UNIT, gtin, serial
        )

    def of_lot(self, gtin: str, lot: str) -> Iterator[Step]:
        """The postings of an item's lot; '' for goods of unknown lot."""
        return self._postings(
            lambda posting: posting.key.gtin == gtin and (posting.key.lot or "") == lot, OF_LOT, gtin, lot
        )

    def lots_of(self, gtin: str) -> list[str]:
        """The lots of an item that were ever moved, by hopping from one to the next in the index."""
        keys = [posting.key for _, _, postings, _ in self._tail for posting in postings]
        lots = {key.lot or "" for key in keys if key.gtin == gtin}
        lot = self._connection.execute(FIRST_LOT, (gtin,)).fetchone()[0]
        while lot is not None:
            lots.add(lot)
            lot = self._connection.execute(NEXT_LOT, (gtin, lot)).fetchone()[0]
        return sorted(lots.union(self._foreign.lots_of(gtin)))

    def out_of(self, place: str) -> Iterator[Step]:
        """Postings out of a place or container."""
        return self._postings(lambda posting: posting.from_place == place, OUT_OF_PLACE, place)

    def into(self, place: str) -> Iterator[Step]:
        """Postings into a place or container."""
        return self._postings(lambda posting: posting.to_place == place, INTO_PLACE, place)

    def of_container(self, container: str) -> Iterator[Step]:
        """The moves and changes of seal of a container."""
        return self._moves(lambda move: move.container == container, OF_CONTAINER, container)

    def containers_out_of(self, place: str) -> Iterator[Step]:
        """Moves of containers out of a place or an outer container."""
        return self._moves(lambda move: move.from_parent == place, OUT_OF_PARENT, place)

    def containers_into(self, place: str) -> Iterator[Step]:
        """Moves of containers into a place or an outer container."""
        return self._moves(lambda move: move.to_parent == place, INTO_PARENT, place)

    def mentions_of_unit(self, gtin: str, serial: str) -> Iterator[int]:
        """The orders of own entries that moved nothing and whose scan names a unit, or a serialised case."""
        return self._mentions(
            lambda found: (found.gtin, found.serial) == (gtin, serial), MENTIONS_OF_UNIT, gtin, serial
        )

    def mentions_of_lot(self, gtin: str, lot: str) -> Iterator[int]:
        """The same of a lot, by the GTIN that the label bore."""
        return self._mentions(lambda found: (found.gtin, found.lot) == (gtin, lot), MENTIONS_OF_LOT, gtin, lot)

    def mentions_of_sscc(self, sscc: str) -> Iterator[int]:
        """The same of a logistic unit, by its 18 digits."""
        return self._mentions(lambda found: found.sscc == sscc, MENTIONS_OF_SSCC, sscc)

    def _mentions(self, wanted: Callable[[Mention], bool], sql: str, *keys: str) -> Iterator[int]:
        found = ((position, mention_of(entry)) for position, entry, *_ in self._tail)
        tail = (position for position, mention in found if mention is not None and wanted(mention))
        laid = (position for (position,) in self._connection.execute(sql, keys))
        return (own_order(position) for position in chain(tail, laid))

    def facts_of(self, task: str) -> Iterable[int]:
        """The positions of a task's facts."""
        tail = (position for position, entry, *_ in self._tail if fact_task_of(entry) == task)
        return chain(tail, (position for (position,) in self._connection.execute(FACTS, (task,))))


def merged(*sources: Iterable[Step]) -> Iterator[Step]:
    """Steps of several sources, each newest first, as one, newest first."""
    return merge(*sources, key=itemgetter(0), reverse=True)
