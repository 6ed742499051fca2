"""Parts of a look-up's answer: where something stands, what is in it, how much of each lot is here."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scanner_app.domain.facts import ExpectedContainer, ExpectedUnit
from scanner_app.workflows.goods import batch_lines, container_text
from scanner_app.workflows.movement_lines import place_text
from scanner_app.workflows.step import Line

if TYPE_CHECKING:
    from scanner_app.domain.facts import (
        ContainerFact,
        ContentFact,
        ExpectedContainerFact,
        ExpectedUnitFact,
        StockLine,
        UnitFact,
    )
    from scanner_app.domain.masters import Item
    from scanner_app.workflows.goods import Unit
    from scanner_app.workflows.step import Facts

SHOWN_MAX = 5
"""Lots, places, content lines and movements that are told at once; what is more is counted."""


def unit_stands(unit: Unit, fact: UnitFact | None, facts: Facts) -> tuple[Line, ...]:
    """Where the unit stands and its status; what expects it where it never came in."""
    if fact is None:
        expected: tuple[ExpectedUnitFact, ...] = facts[ExpectedUnit(unit.gtin, unit.serial)]
        return _expected(tuple(line.document for line in expected))
    parameters = {"place": place_text(fact.location), "status": fact.status.value}
    if fact.place == fact.location:
        return (Line("line.enquiry.stands", {**parameters}),)
    return (Line("line.enquiry.stands_in", {**parameters, "container": container_text(fact.place)}),)


def container_stands(container: str, fact: ContainerFact | None, facts: Facts) -> tuple[Line, ...]:
    """Where the container stands, in what, and its seal; what expects it where it never came in."""
    if fact is None:
        expected: tuple[ExpectedContainerFact, ...] = facts[ExpectedContainer(container)]
        return _expected(tuple(line.document for line in expected))
    parameters = {"place": place_text(fact.location), "seal": fact.seal.value}
    if fact.parent == fact.location:
        return (Line("line.enquiry.container_stands", {**parameters}),)
    return (Line("line.enquiry.container_stands_in", {**parameters, "container": container_text(fact.parent)}),)


def _expected(documents: tuple[str, ...]) -> tuple[Line, ...]:
    if not documents:
        return (Line("line.enquiry.never_here"),)
    return (Line("line.enquiry.expected_on", {"document": documents[0]}),)


def label_differs(unit: Unit, fact: UnitFact | None) -> tuple[Line, ...]:
    """What the label says where the record says something else."""
    if fact is None:
        return ()
    lot = unit.lot if unit.lot not in {None, fact.lot} else None
    expiry = unit.expiry if unit.expiry not in {None, fact.expiry} else None
    if lot is None and expiry is None:
        return ()
    return (Line("line.enquiry.label_differs"), *batch_lines(lot, expiry))


def content_lines(content: ContentFact) -> tuple[Line, ...]:
    """What is in a container: items and lots, inner containers, and what its document still expects there."""
    lines = [_content_line(line.quantity, line.item, line.lot) for line in content.lines[:SHOWN_MAX]]
    lines.extend(more_lines(len(content.lines)))
    lines.extend(inner_lines(content))
    if content.pending:
        lines.append(Line("line.enquiry.pending", {"quantity": content.pending}))
    return tuple(lines)


def inner_lines(content: ContentFact) -> tuple[Line, ...]:
    """How many containers stand in it; none where there is none."""
    return (Line("line.enquiry.inner", {"containers": content.containers}),) if content.containers else ()


def _content_line(quantity: int, item: Item, lot: str | None) -> Line:
    if lot is None:
        return Line("line.enquiry.content", {"quantity": quantity, "item": item.name})
    return Line("line.enquiry.content_lot", {"quantity": quantity, "item": item.name, "lot": lot})


def total_lines(on_hand: tuple[StockLine, ...]) -> tuple[Line, ...]:
    """`here 212: A12B 96, A14 116`."""
    lots = Counter[str]()
    for line in on_hand:
        lots[line.lot or "-"] += line.quantity
    return (Line("line.enquiry.here", {"quantity": sum(lots.values()), "lots": _told_briefly(lots)}),)


def place_lines(on_hand: tuple[StockLine, ...]) -> tuple[Line, ...]:
    """`B-04-2 96, DOCK-2 12`; none where nothing is here."""
    places = Counter[str]()
    for line in on_hand:
        places[line.location] += line.quantity
    return (Line("line.enquiry.places", {"places": _told_briefly(places)}),) if places else ()


def _told_briefly(counted: Counter[str]) -> str:
    """The largest of a count, and how many more there are."""
    shown = [f"{name} {quantity}" for name, quantity in counted.most_common(SHOWN_MAX)]
    more = [f"+{len(counted) - SHOWN_MAX}"] if len(counted) > SHOWN_MAX else []
    return ", ".join(shown + more) or "-"


def more_lines(count: int) -> tuple[Line, ...]:
    """How many of `count` are not told, where there are more than are told at once."""
    return (Line("line.enquiry.more", {"more": count - SHOWN_MAX}),) if count > SHOWN_MAX else ()
