"""Postings and `effects`: whatever an entry says, quantities move and never come from nowhere."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.entry import Entry, EntryKind, Origin, Stamp
from scanner_app.domain.lists import MemberList, encode_list
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.stock import (
    CONVERSION,
    CUSTOMER,
    LOSS,
    NO_DELTAS,
    NOT_OURS,
    OUTSIDE,
    SUPPLIER,
    TRANSIT,
    ContainerDelta,
    ContainerMove,
    Deltas,
    DocumentDelta,
    Posting,
    QuantityDelta,
    Seal,
    Status,
    StockKey,
    UnitDelta,
    case_place,
    effects,
    is_container,
    sscc_place,
)

EXPIRY = date(2027, 5, 31)
PALLET = "sscc:095210010000000017"


def key(serial: str | None = "S1", status: Status = Status.AVAILABLE) -> StockKey:
    return StockKey("own", "g", "L", EXPIRY, serial, status)


def entry(
    *postings: Posting, moves: tuple[ContainerMove, ...] = (), lists: tuple[str, ...] = (), document: str | None = "D"
) -> Entry:
    return Entry(
        EntryKind.RECEIVED, "e", Stamp(0, 0, 0, "b"), Origin("S", "D", None, None), Accepted(), document=document,
        postings=postings, container_moves=moves, lists=lists,
    )  # fmt: skip


def test_receiving_a_unit_adds_it_to_its_place_and_to_the_document() -> None:
    assert effects(entry(Posting(key(), 1, SUPPLIER, "DOCK-1")), {}) == Deltas(
        quantities=(QuantityDelta("DOCK-1", "own", "g", "L", EXPIRY, Status.AVAILABLE, 1),),
        units=(UnitDelta("g", "S1", "own", "L", EXPIRY, Status.AVAILABLE, "DOCK-1", "D", inferred=False),),
        documents=(DocumentDelta("D", "g", "L", EXPIRY, Status.AVAILABLE, 1),),
    )


def test_moving_takes_from_one_place_and_adds_to_the_other() -> None:
    moved = effects(entry(Posting(key(None), 12, "DOCK-1", "B-04-2")), {})

    assert [(delta.place, delta.change) for delta in moved.quantities] == [("DOCK-1", -12), ("B-04-2", 12)]
    assert (moved.units, moved.documents) == ((), ())


def test_a_unit_that_only_moves_keeps_the_document_that_brought_it() -> None:
    (unit,) = effects(entry(Posting(key(), 1, "DOCK-1", "B-04-2")), {}).units

    assert (unit.place, unit.document) == ("B-04-2", None)


def test_conversion_shows_only_its_end() -> None:
    held = effects(
        entry(Posting(key(), 1, "B-04-2", CONVERSION), Posting(key(status=Status.HELD), 1, CONVERSION, "CAGE")),
        {},
    )

    assert [(unit.place, unit.status) for unit in held.units] == [("CAGE", Status.HELD)]
    assert [(delta.place, delta.status, delta.change) for delta in held.quantities] == [
        ("B-04-2", Status.AVAILABLE, -1),
        ("CAGE", Status.HELD, 1),
    ]


def test_what_is_in_transit_still_counts_as_ours() -> None:
    sent = effects(entry(Posting(key(), 1, "DOCK-1", TRANSIT)), {})

    assert [delta.place for delta in sent.quantities] == ["DOCK-1", TRANSIT]
    assert {TRANSIT} == OUTSIDE - NOT_OURS


def test_back_to_the_supplier_counts_the_document_down() -> None:
    taken_back = effects(entry(Posting(key(), 1, "DOCK-1", SUPPLIER)), {})

    assert [delta.change for delta in taken_back.documents] == [-1]
    assert [(unit.place, unit.document) for unit in taken_back.units] == [(SUPPLIER, None)]


def test_without_a_document_none_counts() -> None:
    blind = effects(entry(Posting(key(), 1, SUPPLIER, "DOCK-1"), document=None), {})

    assert (blind.documents, blind.units[0].document) == ((), None)


def test_a_container_inherits_by_its_parent() -> None:
    moves = (
        ContainerMove(PALLET, SUPPLIER, "DOCK-1", Seal.SEALED),
        ContainerMove(PALLET, "DOCK-1", "DOCK-1", Seal.OPEN, Seal.SEALED),
    )

    assert effects(entry(moves=moves), {}) == Deltas(
        containers=(
            ContainerDelta(PALLET, "DOCK-1", Seal.SEALED, "D"),
            ContainerDelta(PALLET, "DOCK-1", Seal.OPEN, None),
        )
    )


def test_members_of_lists_follow_the_entrys_own() -> None:
    members = MemberList(
        (Posting(key("S2"), 1, SUPPLIER, PALLET, inferred=True),), (ContainerMove("c", "a", "b", Seal.OPEN),)
    )
    digest, _ = encode_list(members)

    found = effects(entry(Posting(key("S1"), 1, SUPPLIER, "CAGE"), lists=(digest,)), {digest: members})

    assert [(unit.serial, unit.inferred) for unit in found.units] == [("S1", False), ("S2", True)]
    assert [move.container for move in found.containers] == ["c"]
    with pytest.raises(KeyError):
        effects(entry(lists=(digest,)), {})


def test_what_posts_nothing_has_no_effects() -> None:
    assert effects(entry(), {}) is NO_DELTAS


@pytest.mark.parametrize(
    ("posted", "quantity", "start", "end"),
    [(key(None), 0, "a", "b"), (key(None), -1, "a", "b"), (key(None), 1, "a", "a"), (key("S1"), 2, "a", "b")],
)
def test_what_is_no_posting_cannot_be_made(posted: StockKey, quantity: int, start: str, end: str) -> None:
    with pytest.raises(ValueError, match=r"not a posting|one unit"):
        Posting(posted, quantity, start, end)


def test_a_negated_move_restores_parent_and_seal() -> None:
    opened = ContainerMove(PALLET, "DOCK-1", "B-04-2", Seal.OPEN, Seal.SEALED, inferred=True)

    assert opened.negated() == ContainerMove(PALLET, "B-04-2", "DOCK-1", Seal.SEALED, Seal.OPEN, inferred=True)
    assert opened.negated().negated() == opened


@pytest.mark.parametrize(
    ("place", "contains"),
    [
        (sscc_place("095210010000000017"), True),
        (case_place("19521001000113", "C:1"), True),
        ("B-04-2", False),
        (CUSTOMER, False),
    ],
)
def test_containers_are_places_with_a_name_of_their_own(place: str, *, contains: bool) -> None:
    assert is_container(place) is contains


PLACES = st.sampled_from(["DOCK-1", "B-04-2", "CAGE", PALLET, SUPPLIER, CUSTOMER, LOSS, CONVERSION, TRANSIT])
KEYS = st.builds(key, st.sampled_from([None, "S1", "S2"]), st.sampled_from([Status.AVAILABLE, Status.HELD]))
POSTINGS = st.lists(
    st.tuples(KEYS, st.integers(1, 9), PLACES, PLACES)
    .filter(lambda made: made[2] != made[3])
    .map(lambda made: Posting(made[0], 1 if made[0].serial else made[1], made[2], made[3])),
    max_size=8,
)


@given(POSTINGS)
def test_an_entry_and_its_correction_leave_nothing(postings: list[Posting]) -> None:
    undone = [posting.negated() for posting in reversed(postings)]
    change: Counter[tuple[str, Status]] = Counter()
    documents: Counter[Status] = Counter()
    for made in (entry(*postings), entry(*undone)):
        found = effects(made, {})
        for delta in found.quantities:
            change[delta.place, delta.status] += delta.change
        for row in found.documents:
            documents[row.status] += row.change

    assert not any(change.values())
    assert not any(documents.values())


@given(POSTINGS)
def test_stock_changes_only_by_what_crosses_the_border(postings: list[Posting]) -> None:
    crossed = sum(
        posting.quantity * ((posting.from_place in NOT_OURS) - (posting.to_place in NOT_OURS)) for posting in postings
    )

    assert sum(delta.change for delta in effects(entry(*postings), {}).quantities) == crossed
