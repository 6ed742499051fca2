"""Undo, for every workflow: this operator's last accepted fact in this task is taken back by an entry of its own.

The `corrected` entry carries the negated postings, newest first, and restores parents and seals (model.md, Posting; an
EPCIS errorDeclaration with reason did_not_occur). It refers to the entry that it corrects and deletes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from scanner_app.domain.counting import count_fact_of
from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import LastFact, LevelOf
from scanner_app.domain.lists import MemberList
from scanner_app.domain.refusals import Accepted, Outcome, Refusal
from scanner_app.domain.stock import CONVERSION
from scanner_app.workflows.goods import container_text
from scanner_app.workflows.step import Draft, Line, Tone, Transition, refuse

if TYPE_CHECKING:
    from scanner_app.domain.entry import Entry
    from scanner_app.domain.facts import UndoFact
    from scanner_app.domain.masters import Level
    from scanner_app.domain.refusals import Parameters
    from scanner_app.workflows.step import Facts, Moment, Progress, Workflow

DID_NOT_OCCUR = "did_not_occur"
UNDOABLE_WITHOUT_MOVES = frozenset({EntryKind.CONDITION, EntryKind.COUNT_OPENED, EntryKind.COUNTED})
S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)


@runtime_checkable
class TakesBack(Protocol[S]):
    """A workflow that holds scans which are no facts yet: undo takes the last of them back before any fact."""

    def take_back(self, state: S) -> Transition[S] | None:
        """The state without its last scan, and no entry; None when there is none to take back."""


@runtime_checkable
class Keeps(Protocol[S_contra]):
    """A workflow that knows facts of its own which undo must leave."""

    def obstacle(self, state: S_contra, entry: Entry) -> Parameters | None:
        """The `cause` of NOT_UNDOABLE with what its sentence names; None where undo may go on."""


@runtime_checkable
class Progressing(Protocol):
    """A state that knows how far its task is."""

    @property
    def progress(self) -> Progress:
        """How far the task is."""


def undo_last(workflow: Workflow[S], state: S, facts: Facts, moment: Moment) -> Transition[S]:
    """Takes back the last scan that is no fact yet, else corrects the last fact; NOT_UNDOABLE names what is in the way.

    NOT_SIGNED_IN without an operator. `cause` of NOT_UNDOABLE: nothing, later (something touched the same goods since),
    below_zero, closed (the entry moved nothing that could be moved back), or one of the workflow's own.
    """
    if isinstance(workflow, TakesBack):
        taken_back = workflow.take_back(state)
        if taken_back is not None:
            return taken_back
    if moment.operator is None:
        return refuse(state, Refusal.NOT_SIGNED_IN, {})
    fact: UndoFact | None = facts[LastFact(moment.operator.id, moment.task)]
    if fact is None:
        return _not_undoable(state, {"cause": "nothing"})
    own = workflow.obstacle(state, fact.entry) if isinstance(workflow, Keeps) else None
    cause = own or _obstacle(fact)
    if cause is not None:
        return _not_undoable(state, cause)
    said = _said(fact, facts, moment)
    draft = _correction(fact, {"undone": fact.entry.kind.value, **said.parameters})
    after = workflow.undone(state, facts, moment)
    progress = after.progress if isinstance(after, Progressing) else None
    return Transition(after, draft, Tone.GOOD, said, progress=progress)


def _obstacle(fact: UndoFact) -> Parameters | None:
    """Why a fact cannot be corrected now; None when it can."""
    if fact.later:
        return {"cause": "later", "later": fact.later[0]}
    if fact.would_go_below_zero:
        return {"cause": "below_zero"}
    if fact.entry.kind in UNDOABLE_WITHOUT_MOVES or _moved(fact):
        return None
    return {"cause": "closed", "kind": fact.entry.kind.value}


def _not_undoable(state: S, parameters: Parameters) -> Transition[S]:
    refused: Transition[S] = refuse(state, Refusal.NOT_UNDOABLE, parameters)
    return Transition(state, refused.draft, refused.tone, say=Line(f"say.undo.{parameters['cause']}", parameters))


def _correction(fact: UndoFact, parameters: Parameters) -> Draft:
    """The entry that takes a fact back. With lists the entry's own members go into a last list: order is kept."""
    entry = fact.entry
    own = _negated(MemberList(entry.postings, entry.container_moves))
    lists = tuple(_negated(members) for members in reversed(fact.lists))
    if lists and len(own):
        lists, own = (*lists, own), MemberList()
    return Draft(
        EntryKind.CORRECTED,
        Accepted(Outcome.OK, parameters),
        document=entry.document,
        count=entry.count,
        reason=DID_NOT_OCCUR,
        refers_to=entry.event_id,
        postings=own.postings,
        container_moves=own.container_moves,
        lists=lists,
    )


def _negated(members: MemberList) -> MemberList:
    return MemberList(
        tuple(posting.negated() for posting in reversed(members.postings)),
        tuple(move.negated() for move in reversed(members.container_moves)),
    )


def _moved(fact: UndoFact) -> list[MemberList]:
    """The entry's members and its lists', without empty ones."""
    own = MemberList(fact.entry.postings, fact.entry.container_moves)
    return [members for members in (own, *fact.lists) if len(members)]


@dataclass(frozen=True, slots=True)
class _Sum:
    """What a fact moved: base units by their first item, and containers that changed their place."""

    quantity: int
    gtin: str | None
    containers: tuple[str, ...]


def _sum(fact: UndoFact) -> _Sum:
    """Base units and containers moved; what only passes through `conversion` counts once."""
    postings = [posting for members in _moved(fact) for posting in members.postings if posting.to_place != CONVERSION]
    containers = tuple(
        move.container
        for members in _moved(fact)
        for move in members.container_moves
        if move.from_parent != move.to_parent
    )
    gtin = postings[0].key.gtin if postings else None
    return _Sum(sum(posting.quantity for posting in postings), gtin, containers)


def _said(fact: UndoFact, facts: Facts, moment: Moment) -> Line:
    """The sentence that names what was taken back."""
    count = count_fact_of(fact.entry)
    if count is not None:
        code = "say.undo.counted" if count.kind is EntryKind.COUNTED else "say.undo.count"
        return Line(code, fact.entry.verdict.parameters)
    moved = _sum(fact)
    if moved.gtin is not None:
        level: Level | None = facts[LevelOf(moved.gtin, moment.today)]
        item = moved.gtin if level is None else level.item.name
        return Line("say.undo.goods", {"quantity": moved.quantity, "item": item})
    if moved.containers:
        return Line("say.undo.container", {"container": container_text(moved.containers[0])})
    return Line("say.undo.done")
