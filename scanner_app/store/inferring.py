"""Down a document's tree of containers: what one should hold, and what "accept the rest" may take.

Inference starts only from containers that were scanned and are still sealed, and passes through inner ones that have
not come yet or are sealed too; nothing is ever inferred out of an opened container (model.md, containers).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scanner_app.domain.facts import LINES_MAX, ContentLine, ExpectedContentFact
from scanner_app.domain.lists import MEMBERS_MAX, MemberList
from scanner_app.domain.masters import DEFAULT_OWNER
from scanner_app.domain.stock import NOT_COME, SUPPLIER, ContainerMove, Posting, Seal, Status, StockKey
from scanner_app.store.columns import day_of
from scanner_app.store.items import item_or_unnamed, watches_within
from scanner_app.store.places import LEVELS_MAX

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from scanner_app.domain.facts import ExpectedContent, Inferable, InferableContent

OWNER = "SELECT owner FROM document WHERE id = ?"
IS_NAMED = "SELECT 1 FROM document_container WHERE id = ? AND document = ?"
RECEIVED = (
    "SELECT e.id, coalesce(c.seal, s.seal) FROM document_container e LEFT JOIN container c ON c.id = e.id "
    "LEFT JOIN site_container s ON s.id = e.id WHERE e.document = ?1 AND coalesce(c.document, s.document) = ?1 "
    "AND coalesce(c.parent, s.parent) <> 'supplier' ORDER BY e.id"
)
CONTAINERS_IN = (
    "SELECT e.id, coalesce(c.seal, s.seal), coalesce(c.parent, s.parent) FROM document_container e "
    "LEFT JOIN container c ON c.id = e.id LEFT JOIN site_container s ON s.id = e.id "
    "WHERE e.document = ? AND e.parent = ? ORDER BY e.id"
)
UNITS_IN = (
    "SELECT e.gtin, e.serial, e.lot, e.expiry, e.parent FROM document_unit e "
    "LEFT JOIN unit u ON u.gtin = e.gtin AND u.serial = e.serial "
    "LEFT JOIN site_unit s ON s.gtin = e.gtin AND s.serial = e.serial WHERE e.document = ? AND e.parent = ? "
    "AND coalesce(u.place, s.place, 'supplier') IN ('supplier', 'adjustment') "
    "ORDER BY e.gtin, e.serial"
)
UNDER = (
    "WITH RECURSIVE under (id, depth) AS (SELECT ?2, 0 UNION SELECT e.id, under.depth + 1 FROM under "
    "JOIN document_container e ON e.document = ?1 AND e.parent = under.id WHERE under.depth < ?3) "
)
UNDER_IDS = UNDER + "SELECT DISTINCT id FROM under"  # noqa: S608 - both pieces are our own
UNDER_UNITS = UNDER + (  # noqa: S608 - as above
    "SELECT e.gtin, e.lot, e.expiry, coalesce(u.place, s.place), coalesce(u.inferred, s.inferred) FROM under "
    "JOIN document_unit e ON e.document = ?1 AND e.parent = under.id "
    "LEFT JOIN unit u ON u.gtin = e.gtin AND u.serial = e.serial "
    "LEFT JOIN site_unit s ON s.gtin = e.gtin AND s.serial = e.serial"
)
UNDER_RECEIVED = UNDER + (  # noqa: S608 - as above
    "SELECT count(*) FROM under LEFT JOIN container c ON c.id = under.id LEFT JOIN site_container s ON s.id = under.id "
    "WHERE coalesce(c.parent, s.parent) NOT IN ('supplier', 'adjustment') AND under.id <> ?2"
)

Unit = tuple[str, str, str, str, str]
"""gtin, serial, lot, expiry, the container it should be in"""


def received_containers(connection: sqlite3.Connection, document: str) -> dict[str, Seal]:
    """The containers of a document that it has received, with their seals as they are now."""
    return {container: Seal(seal) for container, seal in connection.execute(RECEIVED, (document,))}


def outstanding_units(connection: sqlite3.Connection, document: str) -> int:
    """How many expected units have not come whose scanned container is still sealed."""
    return sum(not isinstance(member, ContainerMove) for member in _outstanding(connection, document, None))


def inferable(connection: sqlite3.Connection, query: Inferable) -> MemberList:
    """What may be accepted unseen, at most as much as one list may hold; asked again, it gives the next ones."""
    row = connection.execute(OWNER, (query.document,)).fetchone()
    owner = DEFAULT_OWNER if row is None else row[0]
    moves: list[ContainerMove] = []
    postings: list[Posting] = []
    for member in _outstanding(connection, query.document, query.container):
        if len(moves) + len(postings) == MEMBERS_MAX:
            break
        if isinstance(member, ContainerMove):
            moves.append(member)
            continue
        gtin, serial, lot, expiry, parent = member
        key = StockKey(owner, gtin, lot or None, day_of(expiry), serial, Status.AVAILABLE)
        postings.append(Posting(key, 1, SUPPLIER, parent, inferred=True))
    return MemberList(tuple(postings), tuple(moves))


def _outstanding(connection: sqlite3.Connection, document: str, within: str | None) -> Iterator[ContainerMove | Unit]:
    """Inner containers that come along and units that have not come, container by container, outer ones first.

    Starts at each container that came and is sealed; with `within`, at that one alone, whatever is known of it.
    """
    came = received_containers(connection, document)
    sealed = [container for container, seal in came.items() if seal is Seal.SEALED]
    waiting = sorted(sealed, reverse=True) if within is None else [within]
    seen: set[str] = set()
    while waiting:
        parent = waiting.pop()
        if parent in seen:
            continue
        seen.add(parent)
        yield from connection.execute(UNITS_IN, (document, parent)).fetchall()
        for container, seal, standing in connection.execute(CONTAINERS_IN, (document, parent)).fetchall():
            has_come = standing is not None and standing not in NOT_COME
            if not has_come:
                yield ContainerMove(container, SUPPLIER, parent, Seal.SEALED, inferred=True)
            if within is not None or not has_come or seal == Seal.SEALED:
                waiting.append(container)


def ids_under(connection: sqlite3.Connection, document: str, container: str) -> set[str]:
    """The container and all that should stand in it by the document."""
    return {row[0] for row in connection.execute(UNDER_IDS, (document, container, LEVELS_MAX))}


def expected_content(connection: sqlite3.Connection, query: ExpectedContent) -> ExpectedContentFact | None:
    """What the document says a container holds, all levels down; None when it does not name it."""
    document, container = query.document, query.container
    if connection.execute(IS_NAMED, (container, document)).fetchone() is None:
        return None
    units = units_under(connection, document, container)
    lines = content_lines(connection, units)
    within = ids_under(connection, document, container)
    came = connection.execute(UNDER_RECEIVED, (document, container, LEVELS_MAX)).fetchone()[0]
    return ExpectedContentFact(
        lines,
        len(within) - 1,
        watches_within(connection, lines, within, document),
        received=sum(unit.has_come for unit in units),
        containers_received=came,
    )


def inferable_content(connection: sqlite3.Connection, query: InferableContent) -> ExpectedContentFact | None:
    """What "accept the rest" would take, by item, lot and expiry; None for a document that is not known."""
    document = query.document
    if connection.execute(OWNER, (document,)).fetchone() is None:
        return None
    members = list(_outstanding(connection, document, None))
    found = [member for member in members if not isinstance(member, ContainerMove)]
    units = [ExpectedMember(gtin, lot, expiry) for gtin, _, lot, expiry, _ in found]
    lines = content_lines(connection, units)
    within = {parent for *_, parent in found}
    return ExpectedContentFact(lines, len(members) - len(found), watches_within(connection, lines, within, document))


@dataclass(frozen=True, slots=True)
class ExpectedMember:
    """A unit that a document expects; `place` where it stands by our ledger, None if it never came."""

    gtin: str
    lot: str
    expiry: str
    place: str | None = None
    inferred: bool = False

    @property
    def has_come(self) -> bool:
        """Whether it has been received, wherever it is now."""
        return self.place is not None and self.place not in NOT_COME


def units_under(connection: sqlite3.Connection, document: str, container: str) -> list[ExpectedMember]:
    """The units that a document expects in a container, all levels down."""
    rows = connection.execute(UNDER_UNITS, (document, container, LEVELS_MAX))
    return [ExpectedMember(gtin, lot, expiry, place, bool(inferred)) for gtin, lot, expiry, place, inferred in rows]


def content_lines(connection: sqlite3.Connection, units: Iterable[ExpectedMember]) -> tuple[ContentLine, ...]:
    """Units counted by item, lot and expiry, at most 2,000 lines."""
    counts = Counter((unit.gtin, unit.lot, unit.expiry) for unit in units)
    return tuple(
        ContentLine(item_or_unnamed(connection, gtin), lot or None, day_of(expiry), None, count)
        for (gtin, lot, expiry), count in sorted(counts.items())[:LINES_MAX]
    )
