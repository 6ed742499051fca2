"""Receiving: the entry that a pallet or a case makes, onto the dock, into its own pallet, or into the cage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import Inferable
from scanner_app.domain.lists import MemberList
from scanner_app.domain.refusals import Accepted, Outcome
from scanner_app.domain.stock import SUPPLIER, ContainerMove, Posting, Seal, Status
from scanner_app.workflows.goods import container_text
from scanner_app.workflows.receiving_containers import opening, unsealed
from scanner_app.workflows.receiving_posting import HELD_IN_CAGE, Cause, Received, apart, base_units, key_of
from scanner_app.workflows.step import Draft

if TYPE_CHECKING:
    from scanner_app.domain.refusals import Parameters
    from scanner_app.workflows.receiving_containers import JudgedContainer
    from scanner_app.workflows.receiving_state import ReceivingState
    from scanner_app.workflows.step import Facts, Moment


def receive_container(state: ReceivingState, judged: JudgedContainer, facts: Facts, moment: Moment) -> Received:
    """An accepted container, onto the dock or into the one it came in; what it holds becomes stock when it is known."""
    blind = state.document is None
    cause = apart(state, None, cold=judged.cold, blind=blind)
    if cause is not None:
        return cage_container(state, judged, cause, facts, moment)
    opened = opening(judged.parents, facts)
    seal = Seal.OPEN if judged.opened else Seal.SEALED
    move = ContainerMove(judged.container.id, SUPPLIER, opened.place or state.dock or "", seal)
    by_parent = Outcome.MATCHED_BY_PARENT if opened.place is not None else Outcome.MATCHED
    caged = opened.location == moment.cage
    cause = Cause(
        Status.HELD if caged else Status.AVAILABLE,
        Outcome.OK if blind else by_parent,
        reason=HELD_IN_CAGE if caged else None,
    )
    return _with_content(state, judged, cause, (*opened.moves, move), facts, caged=caged)


def cage_container(
    state: ReceivingState, judged: JudgedContainer, cause: Cause, facts: Facts, moment: Moment
) -> Received:
    """A whole container into the cage, with all that our document says is in it in the cause's status.

    One of which nobody says what it holds is doubtful: its content is not known until it is scanned through.
    """
    standing, container = judged.standing, judged.container.id
    if standing is not None:
        moves = (
            ContainerMove(container, standing.parent, moment.cage, standing.seal, standing.seal),
            *unsealed(standing.parent, facts),
        )
        return _with_content(state, judged, cause, moves, facts, caged=True)
    told = judged.expected is not None or judged.content is not None
    seal = Seal.OPEN if judged.opened else Seal.SEALED if told else Seal.DOUBTFUL
    moves = (*opening(judged.parents, facts).moves, ContainerMove(container, SUPPLIER, moment.cage, seal))
    return _with_content(state, judged, cause, moves, facts, caged=True)


def _with_content(
    state: ReceivingState, judged: JudgedContainer, cause: Cause, moves: tuple[ContainerMove, ...], facts: Facts, *,
    caged: bool,
) -> Received:  # fmt: skip
    """The entry of a container: in the cage its expected content is posted with it; what its label tells, always."""
    members = _members(state, judged, cause.status, facts) if caged else MemberList()
    postings: tuple[Posting, ...] = ()
    counts = len(members.postings)
    if judged.content is not None and judged.standing is None:
        goods = judged.content.goods
        key = key_of(state, goods, cause.status)
        postings = (Posting(key, base_units(goods), SUPPLIER, judged.container.id),)
        counts = judged.content.counts
    draft = Draft(
        EntryKind.RECEIVED if judged.standing is None else EntryKind.HELD,
        Accepted(cause.outcome, _container_parameters(judged, cause, counts)),
        document=state.document,
        reason=cause.reason,
        postings=postings,
        container_moves=moves,
        lists=(members,) if len(members) else (),
    )
    return Received(draft, counts, caged)


def _members(state: ReceivingState, judged: JudgedContainer, status: Status, facts: Facts) -> MemberList:
    """What the document says is in the container and has not come, in the status of the cage."""
    if judged.expected is None or state.document is None:
        return MemberList()
    found: MemberList = facts[Inferable(state.document, judged.container.id)]
    postings = tuple(replace(posting, key=replace(posting.key, status=status)) for posting in found.postings)
    return MemberList(postings, found.container_moves)


def _container_parameters(judged: JudgedContainer, cause: Cause, counts: int) -> Parameters:
    parameters: Parameters = {"scanned": container_text(judged.container.id), "holds": judged.units, "counts": counts}
    if cause.overrode is not None:
        parameters["overrode"] = cause.overrode
    return parameters
