"""Explain a number: the movements that make it, oldest first, ending in its sum.

At most 50 movements are told. What older ones made together stands before them; where fewer exist and they still do not
make the number, the difference is told as such and never hidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scanner_app.domain.facts import MOVEMENTS_MAX, ContentOf, Movements, StockAt, StockOf, UnitOf
from scanner_app.domain.stock import OUTSIDE
from scanner_app.workflows.movement_lines import movement_lines
from scanner_app.workflows.step import Line

if TYPE_CHECKING:
    from scanner_app.domain.facts import ContentFact, Movement, StockLine, UnitFact
    from scanner_app.workflows.step import Facts, Moment


@dataclass(frozen=True, slots=True)
class Subject:
    """What a number is of: an item (of a lot), one unit (`serial`), or a `place` or container."""

    gtin: str | None = None
    lot: str | None = None
    serial: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """The sentence and the lines of an explanation."""

    say: Line
    lines: tuple[Line, ...]


def why(subject: Subject, facts: Facts, moment: Moment) -> Explained:
    """The movements behind what is here of a subject, and their sum in base units."""
    query = Movements(subject.gtin, subject.serial, subject.lot, place=subject.place, limit=MOVEMENTS_MAX)
    movements: tuple[Movement, ...] = facts[query]
    changes = [(_change(movement, subject), movement) for movement in reversed(movements)]
    telling = [(change, movement) for change, movement in changes if change]
    made = sum(change for change, _ in telling)
    here, within = _here(subject, facts), _within(subject, facts)
    told = movement_lines(tuple(movement for _, movement in telling), facts, moment, [change for change, _ in telling])
    lines = (
        *_before(here - made, complete=len(movements) < MOVEMENTS_MAX),
        *told,
        *([Line("line.enquiry.within", {"quantity": f"{within:+d}"})] if within else []),
        Line("line.enquiry.sum", {"quantity": here + within}),
    )
    return Explained(Line("say.enquiry.why", {"quantity": here + within, "movements": len(telling)}), lines)


def _within(subject: Subject, facts: Facts) -> int:
    """Base units in the containers that stand in a place or container and have movements of their own; else 0."""
    if subject.place is None:
        return 0
    content: ContentFact = facts[ContentOf(subject.place)]
    return sum(line.quantity for line in content.lines) - _here(subject, facts)


def _before(rest: int, *, complete: bool) -> tuple[Line, ...]:
    """What the movements told do not make: made by older ones, or, where all are told, a difference."""
    if rest == 0:
        return ()
    code = "line.enquiry.difference" if complete else "line.enquiry.earlier"
    return (Line(code, {"quantity": f"{rest:+d}"}),)


def _here(subject: Subject, facts: Facts) -> int:
    """Base units on hand: of the unit, the item or lot at this site, or directly in the place."""
    if subject.serial is not None:
        unit: UnitFact | None = facts[UnitOf(subject.gtin or "", subject.serial)]
        return int(unit is not None and _is_here(unit.location))
    if subject.place is not None:
        held: tuple[StockLine, ...] = facts[StockAt(subject.place)]
        return sum(line.quantity for line in held)
    lines: tuple[StockLine, ...] = facts[StockOf(subject.gtin or "", subject.lot)]
    return sum(line.quantity for line in lines if line.location not in OUTSIDE)


def _change(movement: Movement, subject: Subject) -> int:
    """What a movement adds to the number: in is positive, out negative, within is nothing."""
    quantity = movement.quantity or 0
    if subject.place is not None:
        return quantity * ((movement.to_place == subject.place) - (movement.from_place == subject.place))
    return quantity * (_is_here(movement.to_place) - _is_here(movement.from_place))


def _is_here(place: str | None) -> bool:
    return place is not None and place not in OUTSIDE
