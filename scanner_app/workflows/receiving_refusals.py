"""Receiving: each refusal with the parameters of its sentence; it names what was scanned and what was expected."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from scanner_app.domain.refusals import Refusal, Refused
from scanner_app.domain.rules import watch_refusal
from scanner_app.domain.stock import CUSTOMER, DESTROYED, LOSS, TRANSIT
from scanner_app.workflows.local_time import HOUR_MS
from scanner_app.workflows.step import Line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scanner_app.domain.facts import UnitFact
    from scanner_app.domain.masters import Watch
    from scanner_app.domain.refusals import Parameters
    from scanner_app.workflows.goods import Unit
    from scanner_app.workflows.step import Moment

ANY_LOT = "*"
"""Shown where a recall concerns an item whatever its lot, or goods whose lot is not known."""

EXPECTED_SHOWN_MAX = 3
GONE = frozenset({CUSTOMER, LOSS, TRANSIT})
"""Outside places from which goods cannot come back by a delivery."""


def watched(watch: Watch, scanned: str, item: str, lot: str | None) -> Refused:
    """RECALLED, WATCH_LISTED or SUSPECT, by the kind of the line."""
    parameters: Parameters = {
        "scanned": scanned,
        "item": item,
        "lot": watch.lot or lot or ANY_LOT,
        "serial": watch.serial or scanned,
        "reason": watch.reason,
        "watch": watch.id,
    }
    return Refused(watch_refusal(watch), parameters)


def is_expired(expiry: date, today: date, scanned: str) -> Refused:
    """EXPIRED, with both dates."""
    return Refused(Refusal.EXPIRED, {"scanned": scanned, "expiry": expiry.isoformat(), "today": today.isoformat()})


def too_old(scanned: str, moment: Moment) -> Refused:
    """RECALL_LIST_TOO_OLD, with its age."""
    hours = (moment.recalls_age_ms or 0) // HOUR_MS
    return Refused(Refusal.RECALL_LIST_TOO_OLD, {"scanned": scanned, "age": f"{hours} h"})


def gone(location: str, scanned: str) -> list[Refused]:
    """DESTROYED or ALREADY_OUT for goods that left us; nothing for goods that are here or never came."""
    if location == DESTROYED:
        return [Refused(Refusal.DESTROYED, {"serial": scanned, "scanned": scanned})]
    return [Refused(Refusal.ALREADY_OUT, {"serial": scanned, "scanned": scanned})] if location in GONE else []


def in_other(scanned: str, other: str, document: str) -> Refused:
    """IN_OTHER_DOCUMENT, naming that document."""
    return Refused(Refusal.IN_OTHER_DOCUMENT, {"scanned": scanned, "other": other, "document": document})


def not_on_document(scanned: str, item: str, document: str) -> Refused:
    """NOT_ON_DOCUMENT: the item is no part of it."""
    return Refused(Refusal.NOT_ON_DOCUMENT, {"scanned": scanned, "item": item, "document": document})


def nothing_names(scanned: str) -> Refused:
    """NO_DATA: no document names these goods."""
    return Refused(Refusal.NO_DATA, {"scanned": scanned})


def lot_mismatch(scanned: str, lot: str, expected: Iterable[str], document: str) -> Refused:
    """LOT_MISMATCH, with the lots that the document names."""
    return Refused(
        Refusal.LOT_MISMATCH, {"scanned": scanned, "lot": lot, "expected": _listed(expected), "document": document}
    )


def expiry_mismatch(scanned: str, expiry: date, expected: Iterable[date]) -> Refused:
    """EXPIRY_MISMATCH, with the dates on record for this lot."""
    dates = _listed(day.isoformat() for day in expected)
    return Refused(Refusal.EXPIRY_MISMATCH, {"scanned": scanned, "expiry": expiry.isoformat(), "expected": dates})


def on_hold(unit: Unit, fact: UnitFact) -> Refused:
    """ON_HOLD: it is here, in a status that keeps it apart."""
    return Refused(
        Refusal.ON_HOLD,
        {"scanned": unit.serial, "item": unit.item.name, "status": fact.status.value, "place": fact.location},
    )


def condition_missing(scanned: str) -> Refused:
    """CONDITION_MISSING: the logger's result comes first."""
    return Refused(Refusal.CONDITION_MISSING, {"scanned": scanned})


def wrong_level(scanned: str, expected: str) -> Refused:
    """WRONG_LEVEL: what is inside must be scanned."""
    return Refused(Refusal.WRONG_LEVEL, {"scanned": scanned, "expected": expected})


def over_quantity(item: str, expected: int, remaining: int, quantity: int) -> Refused:
    """OVER_QUANTITY: more than the document's line still expects. All in base units."""
    return Refused(
        Refusal.OVER_QUANTITY,
        {"scanned": item, "item": item, "expected": expected, "remaining": remaining, "quantity": quantity},
    )


def document_closed(document: str) -> Refused:
    """DOCUMENT_CLOSED: somebody closed it meanwhile."""
    return Refused(Refusal.DOCUMENT_CLOSED, {"document": document})


def _listed(values: Iterable[str]) -> str:
    """At most three values in order, and an ellipsis for more."""
    ordered = sorted(set(values))
    shown = ", ".join(ordered[:EXPECTED_SHOWN_MAX])
    return shown if len(ordered) <= EXPECTED_SHOWN_MAX else f"{shown}, …"


def own_words(refused: Refused, *, blind: bool) -> Line | None:
    """The sentence where the general one does not fit; None where it does."""
    found = refused.parameters
    if refused.refusal is Refusal.IN_OTHER_DOCUMENT and blind:
        return Line("say.receiving.in_other_blind", found)
    if refused.refusal is Refusal.RECALLED and found["lot"] == ANY_LOT:
        return Line("say.receiving.recalled_item", found)
    if refused.refusal is Refusal.OVER_QUANTITY and found["remaining"]:
        return Line("say.receiving.over_part", found)
    return None
