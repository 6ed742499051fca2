"""Put-away: one place for everything in hand, one entry. The storage class is a hard stop; nothing confirms it away.

What is in hand is compared with the ledger once more: a page of other devices' moves may have come in between.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import ContainerOf, ContentOf, StockAt, UnitOf
from scanner_app.domain.lists import MemberList
from scanner_app.domain.masters import PlaceKind
from scanner_app.domain.refusals import Accepted, Outcome, Refusal, Refused, first_refusal
from scanner_app.domain.rules import storage_fits
from scanner_app.domain.stock import ContainerMove, Posting, Seal
from scanner_app.workflows.putaway_taking import NotTaken, above, ask_above, is_of
from scanner_app.workflows.step import Draft, Line, Tone, Transition, refuse

if TYPE_CHECKING:
    from scanner_app.domain.facts import ContainerFact, ContentFact, Query, StockLine, UnitFact
    from scanner_app.domain.masters import Place
    from scanner_app.domain.refusals import Parameters
    from scanner_app.workflows.putaway_state import InHand, PutawayState
    from scanner_app.workflows.step import Facts, Moment

LISTED_BEYOND = 20
"""An entry with more members than this names them in a list."""

PUT_AWAY_AT = frozenset({PlaceKind.STORAGE, PlaceKind.CAGE})


def place_all(state: PutawayState, place: Place, facts: Facts, moment: Moment) -> Transition[PutawayState]:
    """Everything in hand into this place; refused as a whole, with the first reason of the closed table."""
    stale = _stale(state, facts)
    if stale:
        return _moved_meanwhile(state, place, stale)
    found = [refused for held in state.in_hand for refused in _against(held, place, moment)]
    first = first_refusal([one.refused for one in found])
    if first is not None:
        told = next(one for one in found if one.refused is first)
        return replace(refuse(state, first.refusal, first.parameters), say=told.line)
    return _put(state, place, facts)


def _against(held: InHand, place: Place, moment: Moment) -> list[NotTaken]:
    """WRONG_PLACE and WRONG_STORAGE_CLASS of one thing in hand at this place."""
    found = []
    wanted = moment.cage if held.cage else ", ".join(held.classes)
    wrong: Parameters = {"place": place.code, "expected": wanted, "scanned": held.named}
    caged = place.kind is PlaceKind.CAGE
    if place.kind not in PUT_AWAY_AT:
        found.append(NotTaken(Refused(Refusal.WRONG_PLACE, wrong), "say.putaway.not_a_bin"))
    elif held.cage and not caged:
        found.append(NotTaken(Refused(Refusal.WRONG_PLACE, wrong), "say.putaway.cage_only"))
    elif caged and not held.cage:
        found.append(NotTaken(Refused(Refusal.WRONG_PLACE, wrong), "say.putaway.hold_first"))
    if held.place == place.code:
        found.append(NotTaken(Refused(Refusal.WRONG_PLACE, wrong), "say.putaway.there_already"))
    misfits = [storage for storage in held.classes if not storage_fits(storage, place)]
    if misfits:
        item = held.item or held.named
        classes: Parameters = {
            "item": item, "item_class": misfits[0].value, "place": place.code, "place_class": place.storage_class.value,
            "scanned": held.named,
        }  # fmt: skip
        found.append(NotTaken(Refused(Refusal.WRONG_STORAGE_CLASS, classes)))
    return found


def _stale(state: PutawayState, facts: Facts) -> tuple[InHand, ...]:
    """What is in hand and no longer stands where, and as what, it was taken."""
    asked = tuple(_query(held) for held in state.in_hand)
    answers = dict(zip(asked, facts.all(asked), strict=True))
    return tuple(held for held, query in zip(state.in_hand, asked, strict=True) if not _stands(held, answers[query]))


def _query(held: InHand) -> Query:
    if held.container is not None:
        return ContainerOf(held.container)
    return StockAt(held.place, held.gtin) if held.serial is None else UnitOf(held.gtin or "", held.serial)


def _stands(held: InHand, answer: UnitFact | ContainerFact | tuple[StockLine, ...] | None) -> bool:
    """Whether the ledger still agrees with what is in hand."""
    if isinstance(answer, tuple):
        return any(is_of(held, line) and line.quantity >= held.quantity for line in answer)
    if answer is None:
        return False
    if held.container is not None:
        return getattr(answer, "parent", None) == held.place and getattr(answer, "seal", None) is not Seal.DOUBTFUL
    return getattr(answer, "place", None) == held.place and getattr(answer, "status", None) is held.status


def _moved_meanwhile(state: PutawayState, place: Place, stale: tuple[InHand, ...]) -> Transition[PutawayState]:
    """Nothing is posted; what is no longer so leaves the hand and can be scanned anew."""
    kept = tuple(held for held in state.in_hand if held not in stale)
    parameters: Parameters = {"place": place.code, "expected": stale[0].place, "scanned": stale[0].named}
    refused = refuse(replace(state, in_hand=kept, suggested=None), Refusal.WRONG_PLACE, parameters)
    return replace(refused, say=Line("say.putaway.moved_meanwhile", {**parameters, "count": len(stale)}))


def _put(state: PutawayState, place: Place, facts: Facts) -> Transition[PutawayState]:
    """The entry: one posting or container move for each thing in hand, and the seals of what they were taken out of."""
    postings = tuple(
        Posting(held.key, held.quantity, held.place, place.code) for held in state.in_hand if held.container is None
    )
    members = MemberList(postings, (*_openings(state, facts), *_container_moves(state, place, facts)))
    listed = len(members) > LISTED_BEYOND
    last = state.in_hand[-1]
    taken = sum(held.quantity for held in state.in_hand if held.location == state.source != place.code)
    parameters: Parameters = {
        "place": place.code, "count": len(state.in_hand), "quantity": sum(held.quantity for held in state.in_hand),
        "scanned": last.named, "item": last.item, "lot": last.lot, "source": state.source, "taken": taken,
    }  # fmt: skip
    draft = Draft(
        EntryKind.PUT_AWAY,
        Accepted(Outcome.OK, parameters),
        postings=() if listed else members.postings,
        container_moves=() if listed else members.container_moves,
        lists=(members,) if listed else (),
    )
    left = None if state.left is None else max(0, state.left - taken)
    after = replace(state, in_hand=(), suggested=None, times=1, part=None, asks_number=False, left=left)
    one = len(state.in_hand) == 1
    return Transition(
        after, draft, Tone.GOOD, say=Line("say.putaway.put_one" if one else "say.putaway.put", parameters)
    )


def _container_moves(state: PutawayState, place: Place, facts: Facts) -> tuple[ContainerMove, ...]:
    moves = []
    for held in state.in_hand:
        if held.container is not None:
            fact: ContainerFact = facts[ContainerOf(held.container)]
            moves.append(ContainerMove(held.container, fact.parent, place.code, fact.seal, fact.seal))
    return tuple(moves)


def _openings(state: PutawayState, facts: Facts) -> tuple[ContainerMove, ...]:
    """The seals of the containers that something is taken out of: doubtful if their content was inferred, else open."""
    ask_above([held.place for held in state.in_hand], facts)
    sealed = {
        container: fact
        for held in state.in_hand
        for container, fact in above(held.place, facts)
        if fact.seal is Seal.SEALED
    }
    contents: tuple[ContentFact, ...] = facts.all([ContentOf(container) for container in sealed])
    inferred = {container for held in state.in_hand if held.inferred for container, _ in above(held.place, facts)}
    moves = []
    for (container, fact), content in zip(sealed.items(), contents, strict=True):
        doubtful = container in inferred or content.inferred > 0 or content.pending > 0
        seal = Seal.DOUBTFUL if doubtful else Seal.OPEN
        moves.append(ContainerMove(container, fact.parent, fact.parent, seal, fact.seal))
    return tuple(moves)
