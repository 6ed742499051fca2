"""What a look-up must say before all else: recalls, watch-lists, expiry, and goods that are not available."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scanner_app.domain.facts import WatchesOn
from scanner_app.domain.refusals import Refusal
from scanner_app.domain.rules import expired, gravest_watch, watch_refusal
from scanner_app.domain.stock import Status
from scanner_app.workflows.step import Line, Tone

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from scanner_app.domain.facts import ContentLine, StockLine, UnitFact
    from scanner_app.domain.masters import Watch
    from scanner_app.workflows.goods import Unit
    from scanner_app.workflows.step import Facts, Moment

LOTS_WATCHED_MAX = 20
"""Lots whose recalls are asked for when a whole item or place is looked up."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """What must be said first: a recall, a watch-list, an expiry, a status."""

    line: Line
    tone: Tone


def unit_alarms(unit: Unit, fact: UnitFact | None, facts: Facts, moment: Moment) -> list[Alarm]:
    """Of one unit: by its record where there is one, else by its label."""
    lot, expiry = (unit.lot, unit.expiry) if fact is None else (fact.lot, fact.expiry)
    alarms = watch_alarms(facts[WatchesOn(unit.gtin, lot, unit.serial)])
    if expiry is not None and expired(expiry, moment.today):
        alarms.append(_expired(expiry, 1))
    if fact is not None and fact.status is not Status.AVAILABLE:
        alarms.append(_held(fact.status, 1))
    return alarms


def watches_on(batches: Iterable[tuple[str, str | None]], facts: Facts) -> list[Watch]:
    """Recall and watch-list lines on items' lots (GTIN, lot); of more than 20 lots the first ones are asked for."""
    queries = [WatchesOn(gtin, lot, None) for gtin, lot in dict.fromkeys(batches)]
    return [watch for watches in facts.all(queries[:LOTS_WATCHED_MAX]) for watch in watches]


def watch_alarms(watches: Iterable[Watch]) -> list[Alarm]:
    """The gravest recall or watch-list line; recalls sound their own tone."""
    watch = gravest_watch(watches)
    if watch is None:
        return []
    refusal = watch_refusal(watch)
    tone = Tone.RECALL if refusal is Refusal.RECALLED else Tone.ATTENTION
    named = watch.serial or watch.lot or watch.gtin
    return [Alarm(Line(f"line.enquiry.{refusal.value.lower()}", {"named": named, "reason": watch.reason}), tone)]


def expiry_alarms(lines: Iterable[StockLine | ContentLine], moment: Moment) -> list[Alarm]:
    """How much has expired, by the earliest date."""
    gone = [(line.expiry, line.quantity) for line in lines if line.expiry and expired(line.expiry, moment.today)]
    if not gone:
        return []
    first = min(expiry for expiry, _ in gone)
    quantity = sum(quantity for _, quantity in gone)
    return [_expired(first, quantity)]


def _expired(expiry: date, quantity: int) -> Alarm:
    return Alarm(Line("line.enquiry.expired", {"expiry": expiry.isoformat(), "quantity": quantity}), Tone.ATTENTION)


def status_alarms(lines: Iterable[StockLine | ContentLine]) -> list[Alarm]:
    """How much is not available, by status."""
    apart = Counter[Status]()
    for line in lines:
        if line.status not in {None, Status.AVAILABLE}:
            apart[Status(line.status)] += line.quantity
    return [_held(status, quantity) for status, quantity in sorted(apart.items())]


def _held(status: Status, quantity: int) -> Alarm:
    return Alarm(Line("line.enquiry.held", {"status": status.value, "quantity": quantity}), Tone.ATTENTION)
