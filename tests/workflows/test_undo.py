from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.entry import Entry, EntryKind, Origin, Stamp
from scanner_app.domain.facts import LastFact, LevelOf, UndoFact
from scanner_app.domain.lists import MemberList, encode_list
from scanner_app.domain.masters import Item, Level, Operator, Role, StorageClass
from scanner_app.domain.refusals import Accepted, Outcome, Refusal, Refused
from scanner_app.domain.stock import (
    CONVERSION,
    SUPPLIER,
    ContainerMove,
    Posting,
    Seal,
    Status,
    StockKey,
    effects,
)
from scanner_app.workflows.signing import SIGNED_OUT, SIGNING, SigningState
from scanner_app.workflows.step import Facts, Moment, Tone
from scanner_app.workflows.undo import DID_NOT_OCCUR, undo_last
from tests.workflows.sentences import unsaid_of

if TYPE_CHECKING:
    from scanner_app.domain.facts import Query
    from scanner_app.workflows.step import Draft, Transition

TODAY = date(2026, 11, 24)
ANA = Operator("USR-1042", "Ana", Role.OPERATOR, "verifier")
AMOXIDEM = Item("09521001000116", "Amoxidem", "500 mg caps, 100", StorageClass.AMBIENT)
CASE = "sscc:095210010000047118"
PALLET = "sscc:095210010000040013"


def key(serial: str | None, status: Status = Status.AVAILABLE) -> StockKey:
    return StockKey("own", AMOXIDEM.gtin, "A12B", date(2027, 5, 31), serial, status)


RECEIVED = Posting(key("S1"), 1, SUPPLIER, "DOCK-2")
OPENED = ContainerMove(CASE, CASE, CASE, Seal.OPEN, Seal.SEALED)
BROUGHT = ContainerMove(PALLET, SUPPLIER, "DOCK-2", Seal.SEALED)
DAMAGED = (
    Posting(key("S1"), 1, "DOCK-2", CONVERSION),
    Posting(key("S1", Status.DAMAGED), 1, CONVERSION, "CAGE"),
)


def moment(operator: Operator | None = ANA) -> Moment:
    return Moment(1_795_000_000_000, TODAY, operator, "DOCK-2", "task-1", "CAGE")


def entry(
    kind: EntryKind = EntryKind.RECEIVED,
    postings: tuple[Posting, ...] = (),
    moves: tuple[ContainerMove, ...] = (),
    lists: tuple[str, ...] = (),
) -> Entry:
    return Entry(
        kind=kind,
        event_id="0190-event",
        stamp=Stamp(1_795_000_000_000, 60, 1, "boot"),
        origin=Origin("SITE-1", "DEV-1", "DOCK-2", "USR-1042"),
        verdict=Accepted(Outcome.MATCHED),
        document="ASN-1001",
        postings=postings,
        container_moves=moves,
        lists=lists,
    )


def undo(fact: UndoFact | None, *, known: bool = True, operator: Operator | None = ANA) -> Transition[SigningState]:
    answers: dict[Query, object] = {
        LastFact("USR-1042", "task-1"): fact,
        LevelOf(AMOXIDEM.gtin, TODAY): Level(AMOXIDEM.gtin, AMOXIDEM, 1, "each") if known else None,
    }
    done = undo_last(SIGNING, SIGNED_OUT, Facts(answers), moment(operator))
    assert unsaid_of(done) == []
    return done


def draft_of(transition: Transition[SigningState]) -> Draft:
    assert transition.draft is not None
    return transition.draft


def test_a_received_unit_goes_back_to_the_supplier() -> None:
    done = undo(UndoFact(entry(postings=(RECEIVED,)), (), (), would_go_below_zero=False))
    draft = draft_of(done)
    assert draft.kind is EntryKind.CORRECTED
    assert (draft.refers_to, draft.document, draft.reason) == ("0190-event", "ASN-1001", DID_NOT_OCCUR)
    assert draft.postings == (Posting(key("S1"), 1, "DOCK-2", SUPPLIER),)
    assert draft.lists == ()
    assert draft.verdict == Accepted(Outcome.OK, {"undone": "received", "quantity": 1, "item": "Amoxidem"})
    assert done.say is not None
    assert done.say.code == "say.undo.goods"
    assert done.tone is Tone.GOOD
    assert done.state == SIGNED_OUT


def test_parents_and_seals_are_restored() -> None:
    done = undo(UndoFact(entry(moves=(BROUGHT, OPENED)), (), (), would_go_below_zero=False))
    assert draft_of(done).container_moves == (
        ContainerMove(CASE, CASE, CASE, Seal.SEALED, Seal.OPEN),
        ContainerMove(PALLET, "DOCK-2", SUPPLIER, Seal.SEALED, Seal.SEALED),
    )
    assert done.say is not None
    assert done.say.parameters == {"container": "(00) …0013"}


def test_a_conversion_is_taken_back_in_reverse_and_counts_once() -> None:
    done = undo(UndoFact(entry(EntryKind.DAMAGED, DAMAGED), (), (), would_go_below_zero=False))
    assert draft_of(done).postings == (
        Posting(key("S1", Status.DAMAGED), 1, "CAGE", CONVERSION),
        Posting(key("S1"), 1, CONVERSION, "DOCK-2"),
    )
    assert done.say is not None
    assert done.say.parameters["quantity"] == 1


def test_an_item_that_is_no_longer_known_is_named_by_its_gtin() -> None:
    done = undo(UndoFact(entry(postings=(RECEIVED,)), (), (), would_go_below_zero=False), known=False)
    assert done.say is not None
    assert done.say.parameters["item"] == AMOXIDEM.gtin


def test_lists_are_taken_back_last_first_and_the_entrys_own_members_after_them() -> None:
    first = MemberList((RECEIVED,), (BROUGHT,))
    second = MemberList((Posting(key("S2"), 1, SUPPLIER, CASE),))
    fact = UndoFact(entry(postings=DAMAGED, lists=("a", "b")), (first, second), (), would_go_below_zero=False)
    draft = draft_of(undo(fact))
    assert (draft.postings, draft.container_moves) == ((), ())
    assert draft.lists == (
        MemberList((Posting(key("S2"), 1, CASE, SUPPLIER),)),
        MemberList((RECEIVED.negated(),), (BROUGHT.negated(),)),
        MemberList((DAMAGED[1].negated(), DAMAGED[0].negated())),
    )


def test_lists_alone_stay_lists_alone() -> None:
    fact = UndoFact(entry(lists=("a",)), (MemberList((RECEIVED,)),), (), would_go_below_zero=False)
    draft = draft_of(undo(fact))
    assert (draft.postings, draft.lists) == ((), (MemberList((RECEIVED.negated(),)),))


@pytest.mark.parametrize(
    ("fact", "parameters"),
    [
        (None, {"cause": "nothing"}),
        (
            UndoFact(entry(postings=(RECEIVED,)), (), ("0191-later", "0192"), would_go_below_zero=False),
            {"cause": "later", "later": "0191-later"},
        ),
        (UndoFact(entry(postings=(RECEIVED,)), (), (), would_go_below_zero=True), {"cause": "below_zero"}),
        (
            UndoFact(entry(EntryKind.DOCUMENT_CLOSED), (), (), would_go_below_zero=False),
            {"cause": "closed", "kind": "document_closed"},
        ),
    ],
)
def test_what_stands_in_the_way_is_named(fact: UndoFact | None, parameters: dict[str, str]) -> None:
    done = undo(fact)
    assert draft_of(done).verdict == Refused(Refusal.NOT_UNDOABLE, {**parameters})
    assert draft_of(done).postings == ()
    assert done.say is not None
    assert done.say.code == f"say.undo.{parameters['cause']}"
    assert done.tone is Tone.BAD
    assert done.state == SIGNED_OUT


def test_a_condition_moved_nothing_and_is_undone_all_the_same() -> None:
    done = undo(UndoFact(entry(EntryKind.CONDITION), (), (), would_go_below_zero=False))
    assert draft_of(done).kind is EntryKind.CORRECTED
    assert done.say is not None
    assert done.say.code == "say.undo.done"


def test_nobody_undoes_nothing() -> None:
    assert draft_of(undo(None, operator=None)).verdict == Refused(Refusal.NOT_SIGNED_IN)


places = st.sampled_from(["supplier", "DOCK-2", "A-01-1", "CAGE", CASE, PALLET])


def _posting(serial: int | None, quantity: int, ends: tuple[str, str]) -> Posting:
    unit = None if serial is None else f"S{serial}"
    return Posting(key(unit), quantity if serial is None else 1, *ends)


ends = st.tuples(places, places).filter(lambda pair: pair[0] != pair[1])
postings = st.lists(st.builds(_posting, st.none() | st.integers(0, 5), st.integers(1, 30), ends), max_size=6).map(tuple)
seals = st.sampled_from(list(Seal))
moves = st.lists(
    st.builds(ContainerMove, st.sampled_from([CASE, PALLET]), places, places, seals, seals), max_size=4
).map(tuple)
member_lists = st.builds(MemberList, postings, moves)


def _digests(lists: tuple[MemberList, ...]) -> tuple[str, ...]:
    return tuple(encode_list(one)[0] for one in lists)


def _listed(members: tuple[MemberList, ...]) -> dict[str, MemberList]:
    return dict(zip(_digests(members), members, strict=True))


@given(postings, moves, st.lists(member_lists, max_size=3).map(tuple))
def test_a_fact_and_its_correction_leave_no_trace_in_the_stock(
    own: tuple[Posting, ...], own_moves: tuple[ContainerMove, ...], lists: tuple[MemberList, ...]
) -> None:
    fact = entry(EntryKind.CONDITION, own, own_moves, _digests(lists))
    draft = draft_of(undo(UndoFact(fact, lists, (), would_go_below_zero=False)))
    back = entry(EntryKind.CORRECTED, draft.postings, draft.container_moves, _digests(draft.lists))
    stock: Counter[tuple[str, str]] = Counter()
    for deltas in (effects(fact, _listed(lists)), effects(back, _listed(draft.lists))):
        for quantity in deltas.quantities:
            stock[quantity.place, quantity.status] += quantity.change
    assert {line: left for line, left in stock.items() if left} == {}


@given(st.lists(st.tuples(seals, places), min_size=1, max_size=8), st.integers(1, 3))
def test_a_container_moved_several_times_stands_where_it_stood(path: list[tuple[Seal, str]], parts: int) -> None:
    before, seal_before = "supplier", Seal.SEALED
    taken = []
    for seal, place in path:
        taken.append(ContainerMove(PALLET, before, place, seal, seal_before))
        before, seal_before = place, seal
    size = -(-len(taken) // parts)
    lists = tuple(MemberList((), tuple(taken[start : start + size])) for start in range(0, len(taken), size))
    fact = UndoFact(entry(EntryKind.CONDITION, lists=("x",) * len(lists)), lists, (), would_go_below_zero=False)
    last = draft_of(undo(fact)).lists[-1].container_moves[-1]
    assert (last.to_parent, last.seal) == ("supplier", Seal.SEALED)
