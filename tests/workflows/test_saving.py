"""Task states: what is saved is read back the same, and what does not fit is refused with one error."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.refusals import Refusal
from scanner_app.workflows.goods import Label
from scanner_app.workflows.receiving_state import (
    Asked,
    Batch,
    Closing,
    Condition,
    Pending,
    ReceivingState,
    Tally,
)
from scanner_app.workflows.saving import StateFormatError, load_state, save_state
from scanner_app.workflows.spread_labels import Part


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Leaf:
    day: date
    colour: Colour | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    leaves: tuple[Leaf, ...]
    names: dict[str, int]
    either: int | str
    deep: Leaf | None = None


TREE = Tree((Leaf(date(2026, 11, 24), Colour.RED), Leaf(date(2026, 1, 1))), {"a": 1}, "x", Leaf(date(2027, 1, 1)))


def test_a_state_is_plain_json() -> None:
    assert save_state(TREE) == {
        "leaves": [{"day": "2026-11-24", "colour": "red"}, {"day": "2026-01-01", "colour": None}],
        "names": {"a": 1}, "either": "x", "deep": {"day": "2027-01-01", "colour": None},
    }  # fmt: skip


@pytest.mark.parametrize("tree", [TREE, replace(TREE, either=7, deep=None, leaves=())])
def test_a_state_comes_back(tree: Tree) -> None:
    assert load_state(Tree, json.loads(json.dumps(save_state(tree)))) == tree


@pytest.mark.parametrize(
    "change",
    [
        {"leaves": 7}, {"leaves": [{}]}, {"leaves": [{"day": "never", "colour": None}]}, {"names": 7},
        {"either": None}, {"either": [1]}, {"deep": "leaf"}, {"leaves": [{"day": "2026-01-01", "colour": "blue"}]},
        {"leaves": [{"day": 20260101, "colour": None}]},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_one_error(change: dict[str, object]) -> None:
    with pytest.raises(StateFormatError, match="not a Tree"):
        load_state(Tree, {**save_state(TREE), **change})


def test_a_field_that_an_earlier_version_did_not_know_has_its_default() -> None:
    saved = save_state(ReceivingState("ASN-1", done=4))
    del saved["times"]
    assert load_state(ReceivingState, saved) == ReceivingState("ASN-1", done=4)


@pytest.mark.parametrize("saved", [None, 7, "x", [], {}])
def test_what_is_no_state_at_all_is_refused(saved: object) -> None:
    with pytest.raises(StateFormatError):
        load_state(Tree, saved)


TEXT = st.text(max_size=12)
MAYBE = st.none() | TEXT
DAYS = st.none() | st.dates()
LABELS = st.builds(Label, MAYBE, MAYBE, MAYBE, DAYS, MAYBE, st.none() | st.integers(0, 10**8))
TALLIES = st.none() | st.builds(Tally, TEXT, st.integers(0), st.none() | st.integers(0))
STATES = st.builds(
    ReceivingState,
    document=MAYBE,
    partner=TEXT,
    serialised=st.booleans(),
    owner=TEXT,
    dock=MAYBE,
    done=st.integers(0),
    expected=st.none() | st.integers(0),
    condition=st.none() | st.sampled_from(Condition),
    damaged_next=st.booleans(),
    times=st.integers(1, 99_999),
    asks_number=st.booleans(),
    part=st.none() | st.builds(Part, LABELS, st.sampled_from(["gtin", "serial", "lot"]), TEXT),
    pending=st.none() | st.builds(
        Pending, st.sampled_from(Asked), st.sampled_from(Refusal), TEXT, LABELS, TEXT
    ),
    closing=st.none() | st.builds(Closing, st.integers(0), st.integers(0)),
    last=st.none() | st.builds(Batch, TEXT, MAYBE, DAYS),
    lot_tally=TALLIES,
    case_tally=TALLIES,
)  # fmt: skip


@given(STATES)
def test_every_state_of_receiving_survives_a_battery_pull(state: ReceivingState) -> None:
    assert load_state(ReceivingState, json.loads(json.dumps(save_state(state)))) == state
