"""Receiving: what pallets and cases come to, and what happens to the containers that goods are taken out of.

A recalled, watched, expired or cold unit inside is found at the container's own scan, before anybody opens it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from scanner_app.domain.facts import ContainerOf, ExpectedContainer, ExpectedContent, LinesOf
from scanner_app.domain.refusals import Refusal, Refused, first_refusal
from scanner_app.domain.rules import expired, gravest_watch, is_cold
from scanner_app.domain.stock import OUTSIDE, SUPPLIER, ContainerMove, Seal, is_container
from scanner_app.workflows import receiving_refusals as tell
from scanner_app.workflows.goods import container_text, said_to_hold_cases
from scanner_app.workflows.receiving_judging import closed, in_this_task, judge_quantity, list_too_old

if TYPE_CHECKING:
    from datetime import date

    from scanner_app.domain.facts import ContainerFact, ExpectedContainerFact, ExpectedContentFact
    from scanner_app.workflows.goods import Container
    from scanner_app.workflows.receiving_judging import Judged
    from scanner_app.workflows.receiving_state import ReceivingState
    from scanner_app.workflows.step import Facts, Moment

CONTENT_LEVEL = "each"
DEPTH_MAX = 16
"""How deep containers may stand in one another; beyond it nothing is looked for."""


@dataclass(frozen=True, slots=True)
class JudgedContainer:
    """What a container came to. `expected`: what our document says is in it; `content`: what its own label says.

    `parents`: the containers above it by the document, innermost first. `standing`: it is here already.
    """

    container: Container
    found: tuple[Refused, ...]
    expected: ExpectedContentFact | None = None
    content: Judged | None = None
    parents: tuple[str, ...] = ()
    standing: ContainerFact | None = None

    @property
    def first(self) -> Refused | None:
        """The refusal that is told."""
        return first_refusal(list(self.found))

    @property
    def cold(self) -> bool:
        """Whether anything in it is cold."""
        lines = () if self.expected is None else self.expected.lines
        labelled = self.content is not None and is_cold(self.content.goods.item.storage_class)
        return labelled or any(is_cold(line.item.storage_class) for line in lines)

    @property
    def holds_cases(self) -> bool | None:
        """Whether further containers are in it, by the document or by its own label; None where neither says."""
        if self.expected is not None:
            return said_to_hold_cases(self._cases, self.units + self.expected.received)
        content = self.container.content
        return None if content is None else content.level.factor > 1

    @property
    def is_pallet(self) -> bool:
        """Whether our document names it as one that holds others and stands in none."""
        return self._cases > 0 and not self.parents

    @property
    def _cases(self) -> int:
        """How many containers our document says are in it, come or not."""
        return 0 if self.expected is None else self.expected.containers + self.expected.containers_received

    @property
    def opened(self) -> bool:
        """Whether part of its content came in on its own before it: nothing may be inferred from it any more."""
        return self.expected is not None and bool(self.expected.received or self.expected.containers_received)

    @property
    def units(self) -> int:
        """How many base units it is said to hold that are not in yet; 0 where nobody says."""
        if self.expected is not None:
            return sum(line.quantity for line in self.expected.lines)
        return 0 if self.container.content is None else self.container.content.quantity


def judge_container(state: ReceivingState, container: Container, facts: Facts, moment: Moment) -> JudgedContainer:
    """An SSCC or a serialised case, against the document, our stock, recalls and the calendar."""
    fact: ContainerFact | None
    naming: tuple[ExpectedContainerFact, ...]
    fact, naming = facts.all((ContainerOf(container.id), ExpectedContainer(container.id)))
    named = next((line for line in naming if line.document == state.document), None)
    found = closed(state, facts)
    standing = fact if fact is not None and fact.location not in OUTSIDE else None
    if fact is not None and standing is None:
        found += tell.gone(fact.location, container_text(container.id))
    if standing is not None:
        found.append(_in_already(state, container, standing, moment))
    if named is None or state.document is None:
        return _unnamed(state, JudgedContainer(container, tuple(found), standing=standing), naming, facts, moment)
    expected: ExpectedContentFact | None = facts[ExpectedContent(state.document, container.id)]
    judged = JudgedContainer(container, tuple(found), expected, None, named.parents, standing)
    return _named(state, judged, facts, moment)


def _in_already(state: ReceivingState, container: Container, standing: ContainerFact, moment: Moment) -> Refused:
    """ALREADY_SCANNED in this task, else ALREADY_RECEIVED."""
    scanned = {"scanned": container_text(container.id), "place": standing.location}
    if in_this_task(state, standing.document, standing.location, moment):
        return Refused(Refusal.ALREADY_SCANNED, dict(scanned))
    return Refused(Refusal.ALREADY_RECEIVED, dict(scanned))


def _named(state: ReceivingState, judged: JudgedContainer, facts: Facts, moment: Moment) -> JudgedContainer:
    """A container of our document. One that is kept apart, or whose content is in or opened, is not judged again."""
    standing, expected = judged.standing, judged.expected
    if standing is not None and (standing.location == moment.cage or not _waits(judged)):
        return judged
    found = [*judged.found, *content_refusals(container_text(judged.container.id), expected, facts, moment)]
    if standing is None:
        found += _label_against(state, judged)
        if judged.cold and state.condition is None:
            found.append(tell.condition_missing(container_text(judged.container.id)))
    return JudgedContainer(judged.container, tuple(found), expected, None, judged.parents, standing)


def _waits(judged: JudgedContainer) -> bool:
    """Whether content of a container that is here could still be inferred."""
    return judged.standing is not None and judged.standing.seal is Seal.SEALED and judged.units > 0


def content_refusals(scanned: str, expected: ExpectedContentFact | None, facts: Facts, moment: Moment) -> list[Refused]:
    """Recalled, watched, suspect or expired content, told of what holds it; or that nobody can tell any more."""
    if expected is None:
        return []
    found = list_too_old(scanned, facts, moment)
    watch = gravest_watch(expected.watches)
    if watch is not None:
        names = [line.item.name for line in expected.lines if line.item.gtin == watch.gtin]
        found.append(tell.watched(watch, scanned, names[0] if names else watch.gtin, None))
    dates = [line.expiry for line in expected.lines if line.expiry is not None and expired(line.expiry, moment.today)]
    if dates:
        found.append(tell.is_expired(min(dates), moment.today, scanned))
    return found


def _label_against(state: ReceivingState, judged: JudgedContainer) -> list[Refused]:
    """Lot and expiry of the container's label against what the document says is in it."""
    container, expected = judged.container, judged.expected
    scanned, lines = container_text(container.id), () if expected is None else expected.lines
    lots = {line.lot for line in lines if line.lot is not None}
    dates: set[date] = {line.expiry for line in lines if line.expiry is not None}
    found = []
    if container.lot is not None and lots and container.lot not in lots:
        found.append(tell.lot_mismatch(scanned, container.lot, lots, state.shown_document))
    if container.expiry is not None and dates and container.expiry not in dates:
        found.append(tell.expiry_mismatch(scanned, container.expiry, dates))
    return found


def _unnamed(
    state: ReceivingState,
    judged: JudgedContainer,
    naming: tuple[ExpectedContainerFact, ...],
    facts: Facts,
    moment: Moment,
) -> JudgedContainer:
    """A container that our document does not name: another one may, its own label may say enough, or nothing does."""
    if judged.standing is not None:
        return judged
    container = judged.container
    scanned = container_text(container.id)
    content = None if container.content is None else judge_quantity(state, container.content, facts, moment)
    other = next((line.document for line in naming if not line.closed), None)
    if other is not None:
        refused: tuple[Refused, ...] = (tell.in_other(scanned, other, state.shown_document),)
    elif content is not None:
        refused = content.found
    else:
        refused = (_told_by_nothing(state, container, scanned, facts),)
    return JudgedContainer(container, (*judged.found, *refused), None, content)


def _told_by_nothing(state: ReceivingState, container: Container, scanned: str, facts: Facts) -> Refused:
    """Nobody says what is in it: it is no data for a serialised document, else its content must be scanned."""
    level = container.level
    if state.serialised and state.document is not None:
        if level is not None and not facts[LinesOf(state.document, level.item.gtin)]:
            return tell.not_on_document(scanned, level.item.name, state.document)
        return tell.nothing_names(scanned)
    covered = level is None or level.item.covered
    if state.document is None and covered:
        return tell.nothing_names(scanned)
    return tell.wrong_level(scanned, CONTENT_LEVEL)


@dataclass(frozen=True, slots=True)
class Opening:
    """The container that holds goods by the document and is here, and the moves that record the opening of all above.

    `place` None: none of the parents is here. `location`: the place that it stands in at the top.
    """

    place: str | None
    location: str | None
    moves: tuple[ContainerMove, ...]


def opening(parents: tuple[str, ...], facts: Facts) -> Opening:
    """What taking goods out of their document parents (innermost first) does; inner ones not yet moved come along.

    A container that stands here keeps to what we know of it, whatever the document says is above it.
    """
    ahead: list[str] = []
    standing: tuple[ContainerFact | None, ...] = facts.all([ContainerOf(parent) for parent in parents])
    for parent, fact in zip(parents, standing, strict=True):
        if fact is None or fact.location in OUTSIDE:
            ahead.append(parent)
            continue
        above = [*ahead, parent]
        moves = [ContainerMove(inner, SUPPLIER, outer, Seal.OPEN) for inner, outer in pairwise(above)]
        return Opening(parents[0], fact.location, (*reversed(moves), *unsealed(parent, facts)))
    return Opening(None, None, ())


def unsealed(place: str, facts: Facts) -> tuple[ContainerMove, ...]:
    """The seal changes of a container that something was taken out of, and of all that it stands in."""
    moves = []
    for _ in range(DEPTH_MAX):
        fact: ContainerFact | None = facts[ContainerOf(place)] if is_container(place) else None
        if fact is None:
            break
        if fact.seal is Seal.SEALED:
            moves.append(ContainerMove(place, fact.parent, fact.parent, Seal.OPEN, fact.seal))
        place = fact.parent
    return tuple(moves)
