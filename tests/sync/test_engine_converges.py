"""The engine against a centre and a network that fail in every way, seed by seed; deliberate faults are caught."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from tests.sync.mutants import MUTANTS
from tests.sync.world import finding

if TYPE_CHECKING:
    from pathlib import Path

SEEDS: Final = 2_000
SEEDS_A_RUN: Final = 250
MUTANT_SEEDS: Final = 1_500
"""Each mutant is caught by one of these; the last of them by seed 274."""


@pytest.mark.parametrize("first", range(0, SEEDS, SEEDS_A_RUN))
def test_nothing_is_lost_nothing_comes_twice_and_everything_drains(first: int, project_root: Path) -> None:
    """In a process that counts no lines: each rule has its own test, and counting would take twice the time."""
    uncounted = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    command = [sys.executable, "-m", "tests.sync.world", str(first), str(first + SEEDS_A_RUN)]
    found = subprocess.run(command, cwd=project_root, env=uncounted, capture_output=True, text=True, check=False)

    assert (found.stdout, found.stderr, found.returncode) == ("", "", 0), (
        "to see one: .venv/bin/python -m tests.sync.world SEED"
    )


@pytest.mark.parametrize("name", MUTANTS)
def test_a_deliberate_fault_is_caught(name: str) -> None:
    assert any(finding(seed, MUTANTS[name]) for seed in range(MUTANT_SEEDS)), f"{name}: no seed finds it"
