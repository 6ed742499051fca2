"""The engine against a centre and a network that fail in every way, seed by seed; deliberate faults are caught."""

from __future__ import annotations

from typing import Final

import pytest

from tests.sync.mutants import MUTANTS
from tests.sync.world import finding

SEEDS: Final = 2_000
SEEDS_A_TEST: Final = 100
MUTANT_SEEDS: Final = 1_500
"""Each mutant is caught by one of these; the last of them by seed 274."""


@pytest.mark.parametrize("first", range(0, SEEDS, SEEDS_A_TEST))
def test_nothing_is_lost_nothing_comes_twice_and_everything_drains(first: int) -> None:
    found = {seed: said for seed in range(first, first + SEEDS_A_TEST) if (said := finding(seed))}

    assert not found, f"{found}\nto see one: .venv/bin/python -m tests.sync.world {min(found)}"


@pytest.mark.parametrize("name", MUTANTS)
def test_a_deliberate_fault_is_caught(name: str) -> None:
    assert any(finding(seed, MUTANTS[name]) for seed in range(MUTANT_SEEDS)), f"{name}: no seed finds it"
