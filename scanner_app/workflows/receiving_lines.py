"""Receiving: goods against a document's lines by lot and quantity, and against the expiry on record for a lot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scanner_app.domain.facts import KnownExpiry, LinesOf, OpenDocumentsNaming
from scanner_app.domain.refusals import Refused
from scanner_app.workflows import receiving_refusals as tell
from scanner_app.workflows.goods import Quantity, Unit, goods_text

if TYPE_CHECKING:
    from datetime import date

    from scanner_app.domain.masters import DocumentLine
    from scanner_app.workflows.receiving_state import ReceivingState
    from scanner_app.workflows.step import Facts


@dataclass(frozen=True, slots=True)
class OnLines:
    """What a document's lines say of goods that it names by lot and quantity."""

    found: tuple[Refused, ...]
    named: bool
    expiry: date | None = None
    extra: int = 0
    tally: tuple[int, int] | None = None
    asks_lot: bool = False


def known_expiry(goods: Unit | Quantity, facts: Facts) -> list[Refused]:
    """EXPIRY_MISMATCH when the same lot is on record with another expiry than the label's (model.md, lot, expiry)."""
    if goods.lot is None or goods.expiry is None:
        return []
    known: tuple[date, ...] = facts[KnownExpiry(goods.gtin, goods.lot)]
    others = [day for day in known if day != goods.expiry]
    return [tell.expiry_mismatch(goods_text(goods), goods.expiry, others)] if others else []


def on_lines(state: ReceivingState, goods: Unit | Quantity, facts: Facts) -> OnLines:
    """What the document's lines say of the goods; blind receiving has none."""
    if state.document is None:
        return _blind(state, goods, facts)
    lines: tuple[DocumentLine, ...] = facts[LinesOf(state.document, goods.gtin)]
    if not lines:
        others = _others(state, goods.gtin, facts)
        refused = (
            tell.in_other(goods_text(goods), others[0], state.shown_document)
            if others
            else tell.not_on_document(goods_text(goods), goods.item.name, state.document)
        )
        return OnLines((refused,), named=False)
    return _matching(state, goods, lines)


def _blind(state: ReceivingState, goods: Unit | Quantity, facts: Facts) -> OnLines:
    """Covered goods need a document: one that is open, or at least one that names them."""
    if not goods.item.covered:
        return OnLines((), named=False)
    others = _others(state, goods.gtin, facts)
    scanned = goods_text(goods)
    refused = tell.in_other(scanned, others[0], state.shown_document) if others else tell.nothing_names(scanned)
    return OnLines((refused,), named=False)


def _others(state: ReceivingState, gtin: str, facts: Facts) -> list[str]:
    documents: tuple[str, ...] = facts[OpenDocumentsNaming(gtin)]
    return [document for document in documents if document != state.document]


def _matching(state: ReceivingState, goods: Unit | Quantity, lines: tuple[DocumentLine, ...]) -> OnLines:
    """The lines of this lot, or those without a lot. Where only the label is silent, the lot is asked for."""
    exact = tuple(line for line in lines if line.lot == goods.lot)
    matching = exact or tuple(line for line in lines if line.lot is None)
    if not matching and goods.lot is None:
        return OnLines((), named=False, asks_lot=True)
    if not matching:
        lots = [line.lot or "" for line in lines]
        refused = tell.lot_mismatch(goods_text(goods), goods.lot or "", lots, state.shown_document)
        return OnLines((refused,), named=False)
    return _counted(goods, matching)


def _counted(goods: Unit | Quantity, matching: tuple[DocumentLine, ...]) -> OnLines:
    """Expiry and quantity against the lines that name the goods."""
    found = []
    dates = {line.expiry for line in matching if line.expiry is not None}
    if goods.expiry is not None and dates and goods.expiry not in dates:
        found.append(tell.expiry_mismatch(goods_text(goods), goods.expiry, dates))
    expected = sum(line.expected for line in matching)
    received = sum(line.received for line in matching)
    remaining = max(0, expected - received)
    quantity = goods.quantity if isinstance(goods, Quantity) else 1
    if quantity > remaining:
        found.append(tell.over_quantity(goods.item.name, expected, remaining, quantity))
    told = dates.pop() if len(dates) == 1 else None
    return OnLines(
        tuple(found), named=True, expiry=told, extra=max(0, quantity - remaining), tally=(received, expected)
    )
