"""What documents expect: units, containers and lines, against what has come in."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from scanner_app.domain.facts import LINES_MAX, ExpectedContainerFact, ExpectedUnitFact, SummaryFact
from scanner_app.domain.masters import DocumentLine
from scanner_app.domain.stock import Status
from scanner_app.store.columns import day_of
from scanner_app.store.inferring import outstanding_units, received_containers
from scanner_app.store.places import LEVELS_MAX
from scanner_app.store.work import DOCUMENT, document_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from scanner_app.domain.facts import (
        DocumentOf,
        DocumentSummary,
        ExpectedContainer,
        ExpectedUnit,
        KnownExpiry,
        LinesOf,
        OpenDocumentsNaming,
    )
    from scanner_app.domain.masters import Document

NAMED_MAX = 8

ProgressRow = tuple[str, str, str, str, int]
"""gtin, lot, expiry, status, quantity"""

UNIT_DOCUMENTS = (
    "SELECT u.document, d.closed, u.lot, u.expiry, u.parent FROM document_unit u JOIN document d ON d.id = u.document "
    "WHERE u.gtin = ? AND u.serial = ? ORDER BY d.no DESC LIMIT ?"
)
CONTAINER_DOCUMENTS = (
    "SELECT c.document, d.closed, c.parent FROM document_container c JOIN document d ON d.id = c.document "
    "WHERE c.id = ? ORDER BY d.no DESC LIMIT ?"
)
EXPECTED_PARENT = "SELECT parent FROM document_container WHERE id = ? AND document = ?"
LINES = "SELECT number, gtin, lot, expiry, expected FROM document_line WHERE document = ? ORDER BY gtin, number LIMIT ?"
LINES_OF_ITEM = (
    "SELECT number, gtin, lot, expiry, expected FROM document_line WHERE document = ? AND gtin = ? "
    "ORDER BY number LIMIT ?"
)
PROGRESS = (
    "SELECT gtin, lot, expiry, status, sum(quantity) FROM progress_part WHERE document = ? "
    "GROUP BY gtin, lot, expiry, status HAVING sum(quantity) <> 0 ORDER BY gtin, lot, expiry, status LIMIT ?"
)
PROGRESS_OF_ITEM = (
    "SELECT gtin, lot, expiry, status, sum(quantity) FROM progress_part WHERE document = ? AND gtin = ? "
    "GROUP BY lot, expiry, status HAVING sum(quantity) <> 0 ORDER BY lot, expiry, status LIMIT ?"
)
OPEN_NAMING = (
    "SELECT d.id FROM document d WHERE d.closed = 0 AND EXISTS "
    "(SELECT 1 FROM document_line l WHERE l.document = d.id AND l.gtin = ?) ORDER BY d.no DESC LIMIT ?"
)
KNOWN_EXPIRY = (
    "SELECT expiry FROM (SELECT expiry FROM stock_part "
    "WHERE gtin = ?1 AND lot = ?2 AND status = 'available' AND expiry <> '' "
    "GROUP BY place, expiry, owner HAVING sum(quantity) <> 0) "
    "UNION SELECT expiry FROM document_line WHERE gtin = ?1 AND lot = ?2 AND expiry <> '' ORDER BY expiry LIMIT ?3"
)
NAMED_RECEIVED = (
    "SELECT count(*) FROM document_unit e LEFT JOIN unit u ON u.gtin = e.gtin AND u.serial = e.serial "
    "LEFT JOIN site_unit s ON s.gtin = e.gtin AND s.serial = e.serial "
    "WHERE e.document = ?1 AND coalesce(u.document, s.document) = ?1 AND coalesce(u.place, s.place) <> 'supplier'"
)
CONTAINERS_EXPECTED = "SELECT count(*) FROM document_container WHERE document = ?"
PALLETS_OUTSTANDING = (
    "SELECT count(*) FROM document_container e LEFT JOIN container c ON c.id = e.id "
    "LEFT JOIN site_container s ON s.id = e.id WHERE e.document = ?1 AND e.parent = '' "
    "AND coalesce(c.parent, s.parent, 'supplier') = 'supplier' AND EXISTS "
    "(SELECT 1 FROM document_container i WHERE i.document = ?1 AND i.parent = e.id)"
)


def document_by_id(connection: sqlite3.Connection, query: DocumentOf) -> Document | None:
    """A document by id."""
    row = connection.execute(DOCUMENT, (query.id,)).fetchone()
    return None if row is None else document_of(row)


def expected_unit(connection: sqlite3.Connection, query: ExpectedUnit) -> tuple[ExpectedUnitFact, ...]:
    """The documents that name a unit, newest first."""
    rows = connection.execute(UNIT_DOCUMENTS, (query.gtin, query.serial, NAMED_MAX)).fetchall()
    return tuple(
        ExpectedUnitFact(
            document, bool(closed), lot or None, day_of(expiry), parent or None, _parents(connection, document, parent)
        )
        for document, closed, lot, expiry, parent in rows
    )


def expected_container(connection: sqlite3.Connection, query: ExpectedContainer) -> tuple[ExpectedContainerFact, ...]:
    """The documents that name a container, newest first."""
    rows = connection.execute(CONTAINER_DOCUMENTS, (query.id, NAMED_MAX)).fetchall()
    return tuple(
        ExpectedContainerFact(document, bool(closed), _parents(connection, document, parent))
        for document, closed, parent in rows
    )


def _parents(connection: sqlite3.Connection, document: str, parent: str) -> tuple[str, ...]:
    """`parent` and all containers above it by the document, innermost first."""
    parents: list[str] = []
    while parent and parent not in parents and len(parents) < LEVELS_MAX:
        parents.append(parent)
        row = connection.execute(EXPECTED_PARENT, (parent, document)).fetchone()
        parent = "" if row is None else row[0]
    return tuple(parents)


def lines_of(connection: sqlite3.Connection, query: LinesOf) -> tuple[DocumentLine, ...]:
    """A document's lines of one item with what each has received."""
    arguments = (query.document, query.gtin, LINES_MAX)
    lines = [_line_of(row) for row in connection.execute(LINES_OF_ITEM, arguments)]
    return tuple(_with_received(lines, connection.execute(PROGRESS_OF_ITEM, arguments))[0])


def _line_of(row: tuple[int, str, str, str, int]) -> DocumentLine:
    number, gtin, lot, expiry, expected = row
    return DocumentLine(number, gtin, lot or None, day_of(expiry), expected, 0)


def _with_received(lines: list[DocumentLine], progress: Iterable[ProgressRow]) -> tuple[list[DocumentLine], int]:
    """The lines with what has come in for each, and how much fits none.

    Goods count for the lines of their lot (the one of their expiry first, each up to what it expects, the rest on the
    first), or for those without a lot where none names theirs.
    """
    received = [0] * len(lines)
    unexpected = 0
    for gtin, lot, expiry, _, quantity in progress:
        fitting = _fitting_lines(lines, gtin, lot or None, day_of(expiry))
        left = quantity
        for index in fitting:
            taken = max(min(left, lines[index].expected - received[index]), 0)
            received[index] += taken
            left -= taken
        if fitting:
            received[fitting[0]] += left
        else:
            unexpected += left
    counted = [replace(line, received=count) for line, count in zip(lines, received, strict=True)]
    return counted, unexpected


def _fitting_lines(lines: list[DocumentLine], gtin: str, lot: str | None, expiry: date | None) -> list[int]:
    """The indexes of the lines that goods of this lot count for, the nearest first."""
    of_item = [(index, line) for index, line in enumerate(lines) if line.gtin == gtin]
    named = [(index, line) for index, line in of_item if line.lot == lot and lot is not None]
    fitting = named or [(index, line) for index, line in of_item if line.lot is None]
    return [index for index, line in sorted(fitting, key=lambda each: each[1].expiry not in {expiry, None})]


def summary_of(connection: sqlite3.Connection, query: DocumentSummary) -> SummaryFact | None:
    """What a document expects and has received."""
    row = connection.execute(DOCUMENT, (query.document,)).fetchone()
    if row is None:
        return None
    document = document_of(row)
    progress = connection.execute(PROGRESS, (document.id, LINES_MAX)).fetchall()
    lines = [_line_of(row) for row in connection.execute(LINES, (document.id, LINES_MAX))]
    counted, unexpected = _with_received(lines, progress)
    over = sum(max(line.received - line.expected, 0) for line in counted)
    received = sum(quantity for *_, quantity in progress)
    if document.serialised:
        named = connection.execute(NAMED_RECEIVED, (document.id,)).fetchone()[0]
        unexpected, over = received - named, 0
    damaged = _of_status(progress, Status.DAMAGED)
    return SummaryFact(
        expected=sum(line.expected for line in lines),
        received=received,
        containers_expected=connection.execute(CONTAINERS_EXPECTED, (document.id,)).fetchone()[0],
        containers_received=len(received_containers(connection, document.id)),
        outstanding_under_sealed=outstanding_units(connection, document.id),
        held=received - damaged - _of_status(progress, Status.AVAILABLE),
        damaged=damaged,
        lines=tuple(counted),
        unexpected=unexpected,
        over=over,
        pallets_outstanding=connection.execute(PALLETS_OUTSTANDING, (document.id,)).fetchone()[0],
    )


def _of_status(progress: Iterable[ProgressRow], status: Status) -> int:
    return sum(quantity for _, _, _, found, quantity in progress if found == status)


def open_documents_naming(connection: sqlite3.Connection, query: OpenDocumentsNaming) -> tuple[str, ...]:
    """Open documents with a line of an item, newest first."""
    return tuple(row[0] for row in connection.execute(OPEN_NAMING, (query.gtin, NAMED_MAX)))


def known_expiry(connection: sqlite3.Connection, query: KnownExpiry) -> tuple[date, ...]:
    """Expiry dates on record for an item's lot, earliest first."""
    rows = connection.execute(KNOWN_EXPIRY, (query.gtin, query.lot, NAMED_MAX))
    return tuple(date.fromisoformat(row[0]) for row in rows)
