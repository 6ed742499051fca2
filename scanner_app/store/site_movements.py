"""What other devices moved, between our own entries: kept within a bound, for look-ups, traces and undo.

Own steps stand in the order of their positions. A step of another device comes after the last own entry that the feed
had brought back before it, so every own entry that the site does not know yet comes after all of them. An **order** is
both in one number: the position in its high bits, and the number of the feed in its low ones, 0 for an own entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.domain.facts import Movement

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.lists import MemberList
    from scanner_app.store.trail import Step

ROWS_MAX = 200_000
"""The most rows that are kept; about two weeks of a site with ten busy handhelds."""

NUMBER_BITS = 40
NUMBER_MASK = (1 << NUMBER_BITS) - 1
END = 1 << 100
"""After every order."""

COLUMNS = (
    "n, seq, event_id, device, operator, event_time, offset, kind, document, reason, method, refers_to, gtin, lot, "
    "serial, container, quantity, from_place, to_place, inferred"
)
INSERT = (
    f"INSERT INTO site_movement ({COLUMNS}) "  # noqa: S608 - the names above
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
FORGET = "DELETE FROM site_movement WHERE event_id = ?"
DROP_OLDEST = "DELETE FROM site_movement WHERE id <= (SELECT max(id) FROM site_movement) - ?"
STEPS = "SELECT n, quantity, from_place, to_place, inferred FROM site_movement WHERE "
OF_UNIT = STEPS + "gtin = ? AND serial = ? AND serial <> '' ORDER BY id DESC"
OF_LOT = STEPS + "gtin = ? AND gtin <> '' AND lot = ? ORDER BY id DESC"
OUT_OF_PLACE = STEPS + "from_place = ? AND quantity IS NOT NULL ORDER BY id DESC"
INTO_PLACE = STEPS + "to_place = ? AND quantity IS NOT NULL ORDER BY id DESC"
OF_CONTAINER = STEPS + "container = ? AND container <> '' ORDER BY id DESC"
OUT_OF_PARENT = STEPS + "from_place = ? AND quantity IS NULL ORDER BY id DESC"
INTO_PARENT = STEPS + "to_place = ? AND quantity IS NULL ORDER BY id DESC"
FIRST_LOT = "SELECT min(lot) FROM site_movement WHERE gtin = ? AND gtin <> ''"
NEXT_LOT = "SELECT min(lot) FROM site_movement WHERE gtin = ? AND gtin <> '' AND lot > ?"
ENTRY = (
    "SELECT seq, event_id, event_time, offset, kind, operator, device, document, reason, method "
    "FROM site_movement WHERE n = ? LIMIT 1"
)
LATER = "SELECT event_id, kind, refers_to FROM site_movement WHERE n = ? LIMIT 1"
IS_CORRECTED = "SELECT 1 FROM site_movement WHERE refers_to = ? AND kind = 'corrected' LIMIT 1"
NUMBER_OF = "SELECT n FROM site_movement WHERE event_id = ? LIMIT 1"
ECHOED_BEFORE = "SELECT position FROM echo WHERE n < ? ORDER BY n DESC, position DESC LIMIT 1"


def own_order(position: int) -> int:
    """The order of the own entry at a position."""
    return position << NUMBER_BITS


def position_in(order: int) -> int:
    """The position of the own entry that has this order, or that comes before the step of another device."""
    return order >> NUMBER_BITS


def number_in(order: int) -> int:
    """The number of the feed of another device's step; 0 for an own one."""
    return order & NUMBER_MASK


class Foreign:
    """Other devices' steps as the trail's, in their order."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._positions: dict[int, int] = {}

    def steps(self, sql: str, *keys: str) -> Iterator[Step]:
        """The steps of one of the queries above, newest first."""
        for n, quantity, from_place, to_place, inferred in self._connection.execute(sql, keys):
            yield self.order(n), quantity, from_place, to_place, inferred

    def order(self, n: int) -> int:
        """Where a number of the feed stands among the own entries."""
        position = self._positions.get(n)
        if position is None:
            row = self._connection.execute(ECHOED_BEFORE, (n,)).fetchone()
            position = self._positions[n] = 0 if row is None else row[0]
        return own_order(position) | n

    def lots_of(self, gtin: str) -> Iterator[str]:
        """The lots of an item that were moved, by hopping from one to the next in the index."""
        lot = self._connection.execute(FIRST_LOT, (gtin,)).fetchone()[0]
        while lot is not None:
            yield lot
            lot = self._connection.execute(NEXT_LOT, (gtin, lot)).fetchone()[0]


def movement_at(connection: sqlite3.Connection, step: Step) -> Movement:
    """The line of another device's step."""
    order, quantity, from_place, to_place, inferred = step
    row = connection.execute(ENTRY, (number_in(order),)).fetchone()
    seq, event_id, event_time, offset, kind, operator, device, document, reason, method = row
    return Movement(
        seq, event_id, event_time, offset, kind, operator, device, from_place, to_place, quantity, document, reason,
        "inferred" if inferred else method,
    )  # fmt: skip


def insert_movements(cursor: sqlite3.Cursor, n: int, seq: int, entry: Entry, lists: Mapping[str, MemberList]) -> None:
    """Keeps what another device's entry moved, once: a centre that lost it may have taken it in again."""
    if entry.postings or entry.container_moves or entry.lists:
        cursor.execute(FORGET, (entry.event_id,))
        cursor.executemany(INSERT, _rows(n, seq, entry, lists))


def drop_oldest(cursor: sqlite3.Cursor) -> None:
    """Drops what is past the bound."""
    cursor.execute(DROP_OLDEST, (ROWS_MAX,))


def _rows(n: int, seq: int, entry: Entry, lists: Mapping[str, MemberList]) -> Iterable[tuple[object, ...]]:
    """One row a posting or container move, the entry's own first, then those of its lists."""
    told = (
        n, seq, entry.event_id, entry.origin.device, entry.origin.operator, entry.stamp.event_time, entry.stamp.offset,
        entry.kind.value, entry.document, entry.reason, "manual" if entry.raw is None else entry.raw.method,
        entry.refers_to,
    )  # fmt: skip
    members: list[Entry | MemberList] = [entry, *(lists[digest] for digest in entry.lists)]
    for part in members:
        for posting in part.postings:
            key = posting.key
            goods = (key.gtin, key.lot or "", key.serial or "", "", posting.quantity)
            yield (*told, *goods, posting.from_place, posting.to_place, posting.inferred)
    for part in members:
        for move in part.container_moves:
            yield (*told, "", "", "", move.container, None, move.from_parent, move.to_parent, move.inferred)
