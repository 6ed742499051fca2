"""Put-away: taking goods in hand. Nothing is posted yet; what may only go to a cage is taken, loudly.

Everything that speaks against it is collected, and the first of the closed table is told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scanner_app.domain.facts import ContainerOf, ContentOf, ExpectedContent, StockAt, UnitOf, WatchesOn
from scanner_app.domain.refusals import Refusal, Refused, first_refusal
from scanner_app.domain.rules import expired, gravest_watch, watch_refusal
from scanner_app.domain.stock import OUTSIDE, Seal, Status, is_container
from scanner_app.workflows import receiving_refusals as tell
from scanner_app.workflows.goods import Container, Quantity, Unit, container_text, said_to_hold_cases
from scanner_app.workflows.putaway_state import InHand, PutawayState
from scanner_app.workflows.step import Line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from scanner_app.domain.facts import (
        ContainerFact,
        ContentFact,
        ContentLine,
        ExpectedContentFact,
        StockLine,
        UnitFact,
    )
    from scanner_app.domain.masters import Watch
    from scanner_app.workflows.goods import Goods
    from scanner_app.workflows.step import Facts, Moment

DEPTH_MAX = 16
"""How deep containers may stand in one another; beyond it nothing is looked for."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Goods that may be taken in hand; `watch`: the recall or watch-list line that sends them to the cage.

    `holds_cases`: whether further containers are in a container; None where nothing is known to be in it.
    """

    held: InHand
    watch: Watch | None = None
    holds_cases: bool | None = None


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Why goods stay where they are; `say` where the refusal's own sentence does not fit."""

    refused: Refused
    say: str = ""

    @property
    def line(self) -> Line | None:
        """The sentence of its own; None where the refusal's fits."""
        return Line(self.say, self.refused.parameters) if self.say else None


def take(state: PutawayState, goods: Goods, facts: Facts, moment: Moment) -> Taken | NotTaken:
    """Goods as they may be taken in hand, or why not."""
    if isinstance(goods, Unit):
        return _unit(state, goods, facts, moment)
    if isinstance(goods, Container):
        return _container(state, goods, facts, moment)
    return _quantity(state, goods, facts, moment)


def above(place: str, facts: Facts) -> tuple[tuple[str, ContainerFact], ...]:
    """The containers that a place is or stands in, innermost first."""
    found: list[tuple[str, ContainerFact]] = []
    while is_container(place) and len(found) < DEPTH_MAX:
        fact: ContainerFact | None = facts[ContainerOf(place)]
        if fact is None:
            break
        found.append((place, fact))
        place = fact.parent
    return tuple(found)


def ask_above(places: Iterable[str], facts: Facts) -> None:
    """Asks for the containers above many places a level at a time, so that `above` costs a few rounds, not hundreds."""
    frontier = {place for place in places if is_container(place)}
    seen: set[str] = set()
    while frontier:
        seen |= frontier
        answers: tuple[ContainerFact | None, ...] = facts.all([ContainerOf(place) for place in sorted(frontier)])
        parents = {fact.parent for fact in answers if fact is not None}
        frontier = {parent for parent in parents if is_container(parent)} - seen


def _unit(state: PutawayState, unit: Unit, facts: Facts, moment: Moment) -> Taken | NotTaken:
    """A unit, from wherever it stands; its lot and expiry are those on record."""
    if any((held.gtin, held.serial) == (unit.gtin, unit.serial) for held in state.in_hand):
        return NotTaken(Refused(Refusal.ALREADY_SCANNED, {"scanned": unit.serial}))
    fact: UnitFact | None = facts[UnitOf(unit.gtin, unit.serial)]
    if fact is None or fact.location in OUTSIDE:
        return _absent(None if fact is None else fact.location, unit.serial)
    mismatch = first_refusal(_against_record(unit, fact))
    if mismatch is not None:
        return NotTaken(mismatch, f"say.putaway.{mismatch.refusal.value.lower()}")
    if _carried(state, fact.place, facts):
        return NotTaken(Refused(Refusal.ALREADY_SCANNED, {"scanned": unit.serial}), "say.putaway.container_in_hand")
    watch = gravest_watch(facts[WatchesOn(unit.gtin, fact.lot, unit.serial)])
    cage = _cage_for(watch, [fact.expiry], [fact.status], moment)
    held = InHand(
        unit.item.name, fact.place, fact.location, (unit.item.storage_class,), 1, cage, None,
        fact.owner, unit.gtin, fact.lot, fact.expiry, unit.serial, fact.status, fact.inferred,
    )  # fmt: skip
    return Taken(held, watch)


def _absent(location: str | None, scanned: str) -> NotTaken:
    """DESTROYED or ALREADY_OUT for what left us, NO_DATA for what was not received."""
    gone = [] if location is None else tell.gone(location, scanned)
    return NotTaken(gone[0]) if gone else NotTaken(tell.nothing_names(scanned), "say.putaway.not_received")


def _against_record(unit: Unit, fact: UnitFact) -> list[Refused]:
    """LOT_MISMATCH and EXPIRY_MISMATCH of the label against what was received."""
    found = []
    if unit.lot is not None and fact.lot is not None and unit.lot != fact.lot:
        found.append(tell.lot_mismatch(unit.serial, unit.lot, [fact.lot], fact.document or fact.location))
    if unit.expiry is not None and fact.expiry is not None and unit.expiry != fact.expiry:
        found.append(tell.expiry_mismatch(unit.serial, unit.expiry, [fact.expiry]))
    return found


def _carried(state: PutawayState, place: str, facts: Facts) -> bool:
    """Whether the place is, or stands in, a container that is in hand."""
    in_hand = {held.container for held in state.in_hand if held.container is not None}
    return bool(in_hand) and any(container in in_hand for container, _ in above(place, facts))


def _cage_for(
    watch: Watch | None, expiries: Iterable[date | None], statuses: Iterable[Status | None], moment: Moment
) -> str:
    """Why goods may only go to a cage: a recall or watch-list, an expiry, a status; empty for good ones."""
    if watch is not None:
        return watch_refusal(watch).value
    if any(expired(expiry, moment.today) for expiry in expiries):
        return Refusal.EXPIRED.value
    if any(status not in {None, Status.AVAILABLE} for status in statuses):
        return Refusal.ON_HOLD.value
    return ""


def _container(state: PutawayState, container: Container, facts: Facts, moment: Moment) -> Taken | NotTaken:
    """A pallet or case as a whole, with all that is in it or is still expected in it."""
    scanned = container_text(container.id)
    if any(held.container == container.id for held in state.in_hand):
        return NotTaken(Refused(Refusal.ALREADY_SCANNED, {"scanned": scanned}))
    fact: ContainerFact | None = facts[ContainerOf(container.id)]
    if fact is None or fact.location in OUTSIDE:
        return _absent(None if fact is None else fact.location, scanned)
    if _carried(state, fact.parent, facts):
        return NotTaken(Refused(Refusal.ALREADY_SCANNED, {"scanned": scanned}), "say.putaway.container_in_hand")
    ask_above([held.place for held in state.in_hand], facts)
    if any(container.id in {inner for inner, _ in above(held.place, facts)} for held in state.in_hand):
        return NotTaken(Refused(Refusal.ALREADY_SCANNED, {"scanned": scanned}), "say.putaway.content_in_hand")
    if fact.seal is Seal.DOUBTFUL:
        return NotTaken(Refused(Refusal.CONTAINER_DOUBTFUL, {"container": scanned, "scanned": scanned}))
    return _whole(container, fact, facts, moment)


def _whole(container: Container, fact: ContainerFact, facts: Facts, moment: Moment) -> Taken:
    """A container in hand: the classes, dates, statuses and recalls of everything in it count."""
    content: ContentFact = facts[ContentOf(container.id)]
    expected: ExpectedContentFact | None = None
    if content.pending and fact.document is not None:
        expected = facts[ExpectedContent(fact.document, container.id)]
    lines = content.lines + (() if expected is None else expected.lines)
    watches = content.watches + (() if expected is None else expected.watches)
    watch = gravest_watch(watches)
    cage = _cage_for(watch, [line.expiry for line in lines], [line.status for line in lines], moment)
    classes = tuple(sorted({line.item.storage_class for line in lines}))
    quantity = sum(line.quantity for line in content.lines)
    only = _only_item(lines)
    held = InHand(
        "" if only is None else only.item.name, fact.parent, fact.location, classes, quantity, cage, container.id,
        gtin=None if only is None else only.item.gtin, lot=None if only is None else only.lot,
    )  # fmt: skip
    containers = content.containers + (0 if expected is None else expected.containers)
    return Taken(held, watch, said_to_hold_cases(containers, len(lines)))


def _only_item(lines: tuple[ContentLine, ...]) -> ContentLine | None:
    """The first line of the one item inside; None where a container holds nothing or several."""
    return lines[0] if len({line.item.gtin for line in lines}) == 1 else None


def _quantity(state: PutawayState, goods: Quantity, facts: Facts, moment: Moment) -> Taken | NotTaken:
    """Goods without serials, from the source: available ones first, then others of the same lot."""
    if goods.item.serialised:
        return NotTaken(tell.wrong_level(goods.item.name, "each"))
    if state.source is None:
        return NotTaken(Refused(Refusal.ANSWER_FIRST, {"question": goods.item.name}), "say.putaway.source_first")
    wanted = goods.times(state.times).quantity
    lines: tuple[StockLine, ...] = facts[StockAt(state.source, goods.gtin)]
    # A lot of None is one that the item does not have; goods whose lot is missing on the label do not come this far.
    fitting = [line for line in lines if goods.lot in {None, line.lot}]
    dated = [line for line in fitting if goods.expiry is None or line.expiry in {None, goods.expiry}]
    if goods.expiry is not None and fitting and not dated:
        known = [line.expiry for line in fitting if line.expiry is not None]
        mismatch = tell.expiry_mismatch(goods.item.name, goods.expiry, known)
        return NotTaken(mismatch, "say.putaway.expiry_mismatch")
    left = [(line, line.quantity - _in_hand_of(state, line)) for line in sorted(dated, key=_good_first)]
    chosen = next((line for line, remaining in left if remaining >= wanted), None)
    if chosen is None:
        remaining = sum(max(0, remaining) for _, remaining in left)
        over = tell.over_quantity(goods.item.name, remaining, remaining, wanted)
        refused = replace(over, parameters={**over.parameters, "place": state.source})
        return NotTaken(refused, "say.putaway.over_quantity")
    watch = gravest_watch(facts[WatchesOn(goods.gtin, chosen.lot, None)])
    cage = _cage_for(watch, [chosen.expiry], [chosen.status], moment)
    held = InHand(
        goods.item.name, state.source, chosen.location, (goods.item.storage_class,), wanted, cage, None,
        chosen.owner, goods.gtin, chosen.lot, chosen.expiry, None, chosen.status,
    )  # fmt: skip
    return Taken(held, watch)


def _good_first(line: StockLine) -> tuple[bool, str]:
    return (line.status is not Status.AVAILABLE, line.status.value)


def _in_hand_of(state: PutawayState, line: StockLine) -> int:
    """Base units of an on-hand line that are in hand already."""
    return sum(held.quantity for held in state.in_hand if is_of(held, line))


def is_of(held: InHand, line: StockLine) -> bool:
    """Whether a quantity in hand was taken from this on-hand line."""
    mine = (held.place, held.owner, held.gtin, held.lot, held.expiry, held.status)
    return held.serial is None and mine == (line.place, line.owner, line.gtin, line.lot, line.expiry, line.status)
