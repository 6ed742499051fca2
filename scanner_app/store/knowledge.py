"""Answers to the closed set of questions of domain.facts, each by indexed SQL: a scan costs the same in any ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scanner_app.domain import facts
from scanner_app.store import contents, counted, expected, history, inferring, items, places, records, undoing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from scanner_app.domain.facts import Query

ANSWERS: dict[type[Any], Callable[[sqlite3.Connection, Any], object]] = {
    facts.LevelOf: items.level_of,
    facts.PlaceOf: places.place_of,
    facts.OperatorOf: items.operator_of,
    facts.DocumentOf: expected.document_by_id,
    facts.UnitOf: contents.unit_of,
    facts.ContainerOf: places.container_of,
    facts.ExpectedUnit: expected.expected_unit,
    facts.ExpectedContainer: expected.expected_container,
    facts.LinesOf: expected.lines_of,
    facts.DocumentSummary: expected.summary_of,
    facts.OpenDocumentsNaming: expected.open_documents_naming,
    facts.Inferable: inferring.inferable,
    facts.InferableContent: inferring.inferable_content,
    facts.ExpectedContent: inferring.expected_content,
    facts.WatchesOn: items.watches_on,
    facts.KnownExpiry: expected.known_expiry,
    facts.StockOf: contents.stock_of,
    facts.StockAt: contents.stock_at,
    facts.ContentOf: contents.content_of,
    facts.Movements: history.movements,
    facts.PolicyOf: records.policy_of,
    facts.LastFact: undoing.last_fact,
    facts.CountedUnit: counted.counted_unit,
    facts.RecentScans: history.recent_scans,
}


def answer(connection: sqlite3.Connection, query: Query) -> object:
    """The answer to one query; its type is named by the query's own docstring."""
    return ANSWERS[type(query)](connection, query)
