"""What lies where: on-hand lines of items, places and containers, and where a unit stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.domain.facts import LINES_MAX, ContentFact, ContentLine, StockLine, UnitFact
from scanner_app.domain.stock import Status
from scanner_app.store.columns import day_of
from scanner_app.store.inferring import content_lines, ids_under, units_under
from scanner_app.store.items import item_or_unnamed, watches_within
from scanner_app.store.places import CONTAINER, LEVELS_MAX, location_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from scanner_app.domain.facts import ContentOf, StockAt, StockOf, UnitOf

OnHandRow = tuple[str, str, str, str, str, str, int]

UNIT = (
    "SELECT owner, lot, expiry, status, place, document, inferred, position FROM unit_now WHERE gtin = ? AND serial = ?"
)
LINES = "SELECT place, gtin, lot, expiry, status, owner, sum(quantity) FROM stock_part WHERE "
STOCK_OF_ITEM = (
    LINES + "gtin = ? GROUP BY lot, place, expiry, status, owner HAVING sum(quantity) <> 0 "
    "ORDER BY lot, place, expiry, status, owner LIMIT ?"
)
STOCK_OF_LOT = (
    LINES + "gtin = ? AND lot = ? GROUP BY place, expiry, status, owner HAVING sum(quantity) <> 0 "
    "ORDER BY place, expiry, status, owner LIMIT ?"
)
STOCK_AT = (
    LINES + "place = ? GROUP BY gtin, lot, expiry, status, owner HAVING sum(quantity) <> 0 "
    "ORDER BY gtin, lot, expiry, status, owner LIMIT ?"
)
STOCK_AT_OF_ITEM = (
    LINES + "place = ? AND gtin = ? GROUP BY lot, expiry, status, owner HAVING sum(quantity) <> 0 "
    "ORDER BY lot, expiry, status, owner LIMIT ?"
)
STANDING = (
    "WITH RECURSIVE standing (id, depth) AS (SELECT ?1, 0 "
    "UNION SELECT c.id, standing.depth + 1 FROM standing JOIN container c ON c.parent = standing.id "
    "WHERE standing.depth < ?2 "
    "UNION SELECT s.id, standing.depth + 1 FROM standing JOIN site_container s ON s.parent = standing.id "
    "WHERE standing.depth < ?2 AND NOT EXISTS (SELECT 1 FROM container c WHERE c.id = s.id)) "
)
STANDING_IDS = STANDING + "SELECT DISTINCT id FROM standing"  # noqa: S608 - both pieces are our own
CONTENT_LINES = STANDING + (  # noqa: S608 - as above
    "SELECT gtin, lot, expiry, status, sum(quantity) FROM ("
    "SELECT o.gtin, o.lot, o.expiry, o.status, o.quantity FROM standing JOIN on_hand o ON o.place = standing.id "
    "UNION ALL SELECT s.gtin, s.lot, s.expiry, s.status, s.quantity "
    "FROM standing JOIN site_on_hand s ON s.place = standing.id) "
    "GROUP BY 1, 2, 3, 4 HAVING sum(quantity) <> 0 ORDER BY 1, 2, 3, 4 LIMIT ?3"
)


def unit_of(connection: sqlite3.Connection, query: UnitOf) -> UnitFact | None:
    """Where a serialised unit stands."""
    row = connection.execute(UNIT, (query.gtin, query.serial)).fetchone()
    if row is None:
        return None
    owner, lot, expiry, status, place, document, inferred, position = row
    return UnitFact(
        owner, lot or None, day_of(expiry), Status(status), place, location_of(connection, place), document,
        bool(inferred), position,
    )  # fmt: skip


def stock_of(connection: sqlite3.Connection, query: StockOf) -> tuple[StockLine, ...]:
    """On-hand lines of an item, or of a lot of it, in all places."""
    if query.lot is None:
        return _lines(connection, connection.execute(STOCK_OF_ITEM, (query.gtin, LINES_MAX)).fetchall())
    return _lines(connection, connection.execute(STOCK_OF_LOT, (query.gtin, query.lot, LINES_MAX)).fetchall())


def stock_at(connection: sqlite3.Connection, query: StockAt) -> tuple[StockLine, ...]:
    """On-hand lines directly in a place or container."""
    if query.gtin is None:
        return _lines(connection, connection.execute(STOCK_AT, (query.place, LINES_MAX)).fetchall())
    return _lines(connection, connection.execute(STOCK_AT_OF_ITEM, (query.place, query.gtin, LINES_MAX)).fetchall())


def _lines(connection: sqlite3.Connection, rows: Iterable[OnHandRow]) -> tuple[StockLine, ...]:
    return tuple(
        StockLine(
            place, location_of(connection, place), owner, gtin, lot or None, day_of(expiry), Status(status), quantity
        )
        for place, gtin, lot, expiry, status, owner, quantity in rows
    )


def content_of(connection: sqlite3.Connection, query: ContentOf) -> ContentFact:
    """What a container holds by our ledger, all levels down, and what its document still expects in it."""
    container = query.container
    within = {row[0] for row in connection.execute(STANDING_IDS, (container, LEVELS_MAX))}
    rows = connection.execute(CONTENT_LINES, (container, LEVELS_MAX, LINES_MAX)).fetchall()
    lines = tuple(
        ContentLine(item_or_unnamed(connection, gtin), lot or None, day_of(expiry), Status(status), quantity)
        for gtin, lot, expiry, status, quantity in rows
    )
    watches = dict.fromkeys(watches_within(connection, lines, within))
    standing = connection.execute(CONTAINER, (container,)).fetchone()
    document = None if standing is None else standing[2]
    expected = [] if document is None else units_under(connection, document, container)
    pending = [unit for unit in expected if not unit.has_come]
    if document is not None and pending:
        named_within = ids_under(connection, document, container)
        pending_lines = content_lines(connection, pending)
        watches |= dict.fromkeys(watches_within(connection, pending_lines, named_within, document))
    inferred = sum(unit.inferred and unit.place in within for unit in expected)
    return ContentFact(lines, len(within) - 1, len(pending), tuple(watches), inferred)
