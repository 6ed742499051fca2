"""What is known of a unit, an item and its lots, a container, a place or a document; the loudest comes first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scanner_app.domain.facts import (
    ContainerOf,
    ContentOf,
    DocumentSummary,
    Movements,
    StockOf,
    UnitOf,
)
from scanner_app.domain.masters import Item, PlaceKind
from scanner_app.domain.stock import OUTSIDE
from scanner_app.workflows.enquiry_alarms import expiry_alarms, status_alarms, unit_alarms, watch_alarms, watches_on
from scanner_app.workflows.enquiry_parts import (
    SHOWN_MAX,
    container_stands,
    content_lines,
    inner_lines,
    label_differs,
    more_lines,
    place_lines,
    total_lines,
    unit_stands,
)
from scanner_app.workflows.enquiry_why import Subject
from scanner_app.workflows.goods import (
    batch_lines,
    container_text,
    goods_lines,
    item_line,
    said_to_hold_cases,
)
from scanner_app.workflows.local_time import HOUR_MS, local_clock, local_day
from scanner_app.workflows.movement_lines import movement_lines, place_text
from scanner_app.workflows.step import Line, Tone

if TYPE_CHECKING:
    from scanner_app.domain.facts import (
        ContainerFact,
        ContentFact,
        StockLine,
        SummaryFact,
        UnitFact,
    )
    from scanner_app.domain.masters import Document, Place
    from scanner_app.domain.refusals import Parameters
    from scanner_app.workflows.enquiry_alarms import Alarm
    from scanner_app.workflows.goods import Container, Quantity, Unit
    from scanner_app.workflows.step import Facts, Moment


@dataclass(frozen=True, slots=True)
class Found:
    """What a look-up tells: the headline, the lines, how loud, and what WHY would explain (None: no number).

    `named`: what it was, as the history and a later breadcrumb name it.
    """

    say: Line
    lines: tuple[Line, ...]
    named: Parameters
    tone: Tone = Tone.TICK
    subject: Subject | None = None


def about_unit(unit: Unit, facts: Facts, moment: Moment) -> Found:
    """One serialised unit: where it stands by this device's view, what the record says, its last movements."""
    fact: UnitFact | None = facts[UnitOf(unit.gtin, unit.serial)]
    lot, expiry = (unit.lot, unit.expiry) if fact is None else (fact.lot, fact.expiry)
    alarms = unit_alarms(unit, fact, facts, moment)
    here = fact is not None and fact.location not in OUTSIDE
    lines = (
        *(alarm.line for alarm in alarms),
        item_line(unit.item),
        Line("line.enquiry.unit", {"gtin": unit.gtin}),
        *unit_stands(unit, fact, facts),
        *batch_lines(lot, expiry),
        Line("line.serial", {"serial": unit.serial}),
        *label_differs(unit, fact),
        *movement_lines(facts[Movements(unit.gtin, unit.serial, limit=SHOWN_MAX)], facts, moment),
        *total_lines(_on_hand(facts[StockOf(unit.gtin)])),
        _as_of(moment),
    )
    place = "" if fact is None else place_text(fact.location)
    code = "say.enquiry.unit" if here else "say.enquiry.not_here"
    named: Parameters = {"scanned": unit.serial, "item": unit.item.name, "lot": lot, "place": place or None}
    say, tone = Line(code, {"item": unit.item.name, "place": place}), Tone.TICK if here else Tone.ATTENTION
    return _loud(Found(say, lines, named, tone, Subject(unit.gtin, serial=unit.serial)), alarms)


def about_item(goods: Quantity, facts: Facts, moment: Moment) -> Found:
    """An item, or one lot of it: what is here by lot and by place, and its last movements."""
    on_hand = _on_hand(facts[StockOf(goods.gtin, goods.lot)])
    alarms = [
        *watch_alarms(watches_on(_batches(goods, on_hand), facts)),
        *expiry_alarms(on_hand, moment),
        *status_alarms(on_hand),
    ]
    level: Parameters = {"gtin": goods.level.gtin, "level": goods.level.name, "factor": goods.level.factor}
    lines = (
        *(alarm.line for alarm in alarms),
        item_line(goods.item),
        Line("line.enquiry.level", level),
        Line("line.enquiry.class", {"class": goods.item.storage_class.value}),
        *batch_lines(goods.lot, goods.expiry),
        *total_lines(on_hand),
        *place_lines(on_hand),
        *movement_lines(facts[Movements(goods.gtin, lot=goods.lot, limit=SHOWN_MAX)], facts, moment),
        _as_of(moment),
    )
    total = sum(line.quantity for line in on_hand)
    say = Line("say.enquiry.item", {"item": goods.item.name, "quantity": total})
    named: Parameters = {"scanned": goods.item.name, "item": goods.item.name, "lot": goods.lot}
    return _loud(Found(say, lines, named, subject=Subject(goods.gtin, goods.lot)), alarms)


def _batches(goods: Quantity, on_hand: tuple[StockLine, ...]) -> list[tuple[str, str | None]]:
    """The lot asked for, or the lots here, or the item alone: what recalls are looked for."""
    if goods.lot is not None or not on_hand:
        return [(goods.gtin, goods.lot)]
    return [(line.gtin, line.lot) for line in on_hand]


def about_container(container: Container, facts: Facts, moment: Moment) -> Found:
    """A pallet or case: where it stands, its seal, and what is in it by our ledger."""
    fact: ContainerFact | None = facts[ContainerOf(container.id)]
    content: ContentFact = facts[ContentOf(container.id)]
    lines_in = content.lines
    alarms = [*watch_alarms(content.watches), *expiry_alarms(lines_in, moment), *status_alarms(lines_in)]
    here = fact is not None and fact.location not in OUTSIDE
    lines = (
        *(alarm.line for alarm in alarms),
        *goods_lines(container, holds_cases=said_to_hold_cases(content.containers, len(content.lines))),
        *container_stands(container.id, fact, facts),
        *content_lines(content),
        *movement_lines(facts[Movements(container=container.id, limit=SHOWN_MAX)], facts, moment),
        _as_of(moment),
    )
    name = container_text(container.id)
    quantity = sum(line.quantity for line in content.lines)
    named: Parameters = {"scanned": name, "place": None if fact is None else place_text(fact.location)}
    subject = Subject(place=container.id)
    if fact is None or not here:
        return _loud(Found(Line("say.enquiry.not_here", {"item": name}), lines, named, Tone.ATTENTION, subject), alarms)
    say = Line("say.enquiry.container", {"container": name, "place": fact.location, "quantity": quantity})
    return _loud(Found(say, lines, named, subject=subject), alarms)


def about_place(place: Place, facts: Facts, moment: Moment) -> Found:
    """A bin, dock, lane or cage: what lies and stands in it, and its last movements. A cage is no cause for alarm."""
    content: ContentFact = facts[ContentOf(place.code)]
    held = content.lines
    alarms = [*watch_alarms(content.watches), *expiry_alarms(held, moment), *status_alarms(held)]
    by_item = Counter[Item]()
    for line in held:
        by_item[line.item] += line.quantity
    kind = {"place": place.code, "kind": place.kind.value, "class": place.storage_class.value}
    lines = (
        *(alarm.line for alarm in alarms),
        Line("line.enquiry.place", {**kind}),
        *(
            Line("line.enquiry.content", {"quantity": quantity, "item": item.name})
            for item, quantity in by_item.most_common(SHOWN_MAX)
        ),
        *more_lines(len(by_item)),
        *inner_lines(content),
        *movement_lines(facts[Movements(place=place.code, limit=SHOWN_MAX)], facts, moment),
        _as_of(moment),
    )
    say = Line("say.enquiry.place", {"place": place.code, "quantity": sum(by_item.values())})
    quiet = Found(say, lines, {"scanned": place.code, "place": place.code}, subject=Subject(place=place.code))
    return quiet if place.kind is PlaceKind.CAGE else _loud(quiet, alarms)


def about_document(document: Document, facts: Facts) -> Found:
    """An expected delivery: from whom, open or closed, and how much of it is in."""
    summary: SummaryFact | None = facts[DocumentSummary(document.id)]
    state = "line.enquiry.document_closed" if document.closed else "line.enquiry.document_open"
    lines = [Line(state, {"document": document.id, "kind": document.kind.value, "partner": document.partner})]
    if summary is not None:
        lines.append(Line("line.enquiry.progress", {"done": summary.received, "total": summary.expected}))
        lines.append(Line("line.enquiry.apart", {"held": summary.held, "damaged": summary.damaged}))
    say = Line("say.enquiry.document", {"document": document.id, "partner": document.partner})
    return Found(say, tuple(lines), {"scanned": document.id})


def _loud(quiet: Found, alarms: list[Alarm]) -> Found:
    """What was found, with the first alarm as its headline and tone; as it is without one."""
    return replace(quiet, say=alarms[0].line, tone=alarms[0].tone) if alarms else quiet


def _on_hand(stock: tuple[StockLine, ...]) -> tuple[StockLine, ...]:
    """What is at this site, without what is on its way between sites."""
    return tuple(line for line in stock if line.location not in OUTSIDE)


def _as_of(moment: Moment) -> Line:
    """How old what is told is: the site's stock when it was last whole here, or this device's own view, now."""
    at_ms = moment.site_as_of_ms
    if at_ms is None:
        return Line("line.enquiry.as_of", {"clock": local_clock(moment.now_ms, moment.offset)})
    clock, day = local_clock(at_ms, moment.offset), local_day(at_ms, moment.offset)
    if day == local_day(moment.now_ms, moment.offset):
        return Line("line.enquiry.site_as_of", {"clock": clock})
    hours = max(0, moment.now_ms - at_ms) // HOUR_MS
    return Line("line.enquiry.site_as_of_day", {"day": day, "clock": clock, "hours": hours})
