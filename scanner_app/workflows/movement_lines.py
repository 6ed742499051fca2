"""Movements as an operator reads them: when, what, who, from where to where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.domain.facts import DocumentOf, OperatorOf
from scanner_app.domain.stock import SUPPLIER, is_container
from scanner_app.workflows.goods import container_text
from scanner_app.workflows.local_time import local_clock, local_day
from scanner_app.workflows.step import Line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanner_app.domain.facts import Movement
    from scanner_app.domain.masters import Document, Operator
    from scanner_app.workflows.step import Facts, Moment

YEAR_PREFIX = len("2026-")
SAID_BY_NAME = frozenset(
    {
        "received", "put_away", "moved", "picked", "packed", "unpacked", "staged", "loaded", "sealed", "shipped",
        "voided", "counted", "adjusted", "held", "released", "damaged", "sampled", "returned", "destroyed",
        "decommissioned", "dispensed", "converted", "identified", "opening_balance", "corrected",
    }
)  # fmt: skip
"""Kinds of entries that have a sentence of their own as a movement: `line.movement.<kind>`."""


def movement_lines(
    movements: tuple[Movement, ...], facts: Facts, moment: Moment, changes: Sequence[int] | None = None
) -> tuple[Line, ...]:
    """A line a movement, in the order given; with `changes` each line begins with its signed quantity."""
    people = sorted({movement.operator for movement in movements if movement.operator is not None})
    documents = sorted({movement.document for movement in movements if movement.document is not None})
    names = dict(zip(people, facts.all([OperatorOf(person) for person in people]), strict=True))
    partners = dict(zip(documents, facts.all([DocumentOf(document) for document in documents]), strict=True))
    amounts = [""] * len(movements) if changes is None else [f"{change:+d} " for change in changes]
    return tuple(
        _line(movement, amount, _who(movement, names), _route(movement, partners), moment)
        for movement, amount in zip(movements, amounts, strict=True)
    )


def _line(movement: Movement, amount: str, who: str, route: str, moment: Moment) -> Line:
    day = local_day(movement.event_time, movement.offset)
    today = local_day(moment.now_ms, moment.offset)
    shown = day[YEAR_PREFIX:] if day[:YEAR_PREFIX] == today[:YEAR_PREFIX] else day
    kind = movement.kind
    code = f"line.movement.{kind}" if kind in SAID_BY_NAME else "line.movement.other"
    if movement.from_place is not None and movement.from_place == movement.to_place:
        code = "line.movement.seal"
    clock = local_clock(movement.event_time, movement.offset)
    return Line(
        code,
        {"day": shown, "clock": clock, "kind": kind, "amount": amount, "who": who, "route": route, "seq": movement.seq},
    )


def _who(movement: Movement, names: dict[str, Operator | None]) -> str:
    """The operator's name; the id of one who is no longer known; the device where nobody was signed in."""
    if movement.operator is None:
        return movement.device
    person = names[movement.operator]
    return movement.operator if person is None else person.name


def _route(movement: Movement, partners: dict[str, Document | None]) -> str:
    """`: from > to`, the place alone where only a seal changed, empty for what moved nothing.

    A delivery's partner stands for the supplier.
    """
    if movement.from_place is None or movement.to_place is None:
        return ""
    document = None if movement.document is None else partners[movement.document]
    supplier = SUPPLIER if document is None else document.partner
    ends = [place_text(place, supplier) for place in dict.fromkeys((movement.from_place, movement.to_place))]
    return ": " + " > ".join(ends)


def place_text(place: str, supplier: str = SUPPLIER) -> str:
    """A place as a sentence names it: its code, a container's short form, or the partner for the supplier."""
    if place == SUPPLIER:
        return supplier
    return container_text(place) if is_container(place) else place
