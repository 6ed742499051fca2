"""Receiving: what waits under scanned, still sealed parents, and which pallets have not come.

Both are kept step by step, so that a prompt can say them without a fact. Each entry says what it adds, so that undo
can take it back; the close asks the ledger anew.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scanner_app.domain.facts import ContainerOf, ExpectedContent
from scanner_app.domain.stock import Seal
from scanner_app.workflows.receiving_containers import JudgedContainer

if TYPE_CHECKING:
    from scanner_app.domain.facts import ContainerFact, ExpectedContentFact
    from scanner_app.domain.stock import ContainerMove
    from scanner_app.workflows.receiving_judging import Judged
    from scanner_app.workflows.receiving_posting import Received
    from scanner_app.workflows.receiving_state import ReceivingState
    from scanner_app.workflows.step import Facts


def with_waiting(state: ReceivingState, judged: Judged | JudgedContainer, received: Received, facts: Facts) -> Received:
    """The same entry, saying what then waits, more or less than before, and whether a pallet has come."""
    waiting, pallets = -_opened(state, received.draft.container_moves, facts), 0
    if isinstance(judged, JudgedContainer):
        waiting += _brought(judged, received)
        pallets = int(judged.standing is None and judged.is_pallet)
    if not waiting and not pallets:
        return received
    verdict = received.draft.verdict
    said = {name: number for name, number in (("waiting", waiting), ("pallets", pallets)) if number}
    draft = replace(received.draft, verdict=replace(verdict, parameters={**verdict.parameters, **said}))
    return replace(received, draft=draft, waiting=waiting, pallets=pallets)


def _brought(judged: JudgedContainer, received: Received) -> int:
    """What a container brings in that can be inferred; of one that goes to the cage nothing, since that posts it."""
    if judged.expected is None:
        return 0
    if judged.standing is not None:
        return -judged.units
    return 0 if received.caged or judged.opened else judged.units


def _opened(state: ReceivingState, moves: tuple[ContainerMove, ...], facts: Facts) -> int:
    """What waited in containers that are opened by these moves: whatever the outermost of them still lacks.

    A sealed container has no other sealed one in it that lacks anything: scanning that one would have opened it.
    """
    opened = [move.container for move in moves if move.from_parent == move.to_parent and move.seal is Seal.OPEN]
    if not opened or state.document is None:
        return 0
    fact: ContainerFact | None
    expected: ExpectedContentFact | None
    fact, expected = facts.all((ContainerOf(opened[-1]), ExpectedContent(state.document, opened[-1])))
    if fact is None or expected is None or fact.document != state.document:
        return 0
    return sum(line.quantity for line in expected.lines)
