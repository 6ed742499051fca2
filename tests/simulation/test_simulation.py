"""Thousands of seeds of the simulation, and that a seed is the same run each time."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from tests.simulation.__main__ import failed
from tests.simulation.mutants import MUTANTS, Mutant, caught
from tests.simulation.world import Result, run

if TYPE_CHECKING:
    from pathlib import Path

SEEDS: Final = int(os.environ.get("SIMULATION_SEEDS", "1200"))
PARTS: Final = 12
MUTANT_SEEDS: Final = 150
"""Each deliberate fault is found by one of these; the last of them by seed 78."""

HEALING_SEEDS: Final = 10
FAULTS: Final = [mutant for mutant in MUTANTS if not mutant.heals]
HEALING: Final = [mutant for mutant in MUTANTS if mutant.heals]


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost_nothing_comes_twice_and_all_hold_the_same(part: int) -> None:
    found = [result for result in map(run, range(part, SEEDS, PARTS)) if result.finding is not None]
    assert not found, "\n".join(map(failed, found))


@pytest.mark.parametrize("mutant", FAULTS, ids=lambda mutant: f"{mutant.about}-{mutant.name}")
def test_a_deliberate_fault_is_caught(mutant: Mutant) -> None:
    assert caught(mutant, MUTANT_SEEDS) is not None, f"{mutant.name}: no seed finds it"


@pytest.mark.parametrize("mutant", HEALING, ids=lambda mutant: f"{mutant.about}-{mutant.name}")
def test_a_deliberate_fault_heals(mutant: Mutant) -> None:
    assert caught(mutant, HEALING_SEEDS) is None, mutant.heals


def test_there_are_faults_of_every_kind() -> None:
    kinds = [mutant.about for mutant in MUTANTS]
    assert kinds.count("push") >= 10
    assert len(kinds) - kinds.count("push") >= 10
    assert set(kinds) == {"push", "pull", "lists", "snapshot"}


def test_a_seed_is_the_same_run_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    """Also with a telling, which is what a finding is looked at with."""
    first = run(7)
    assert (run(7), run(7, telling=True)) == (first, first)
    assert "quiet" in capsys.readouterr().out
    assert first.figures["steps"] > 0


def test_a_finding_says_how_to_see_it_again() -> None:
    told = failed(Result(7, "BrokenPromiseError: x is lost", run(7).figures))
    assert "python -m tests.simulation 7 --verbose" in told


def test_the_figures_are_printed(project_root: Path, tmp_path: Path) -> None:
    results = tmp_path / "results.txt"
    command = [sys.executable, "-m", "tests.simulation", "--seeds", "2", "--workers", "1", "--results", str(results)]
    told = subprocess.run(command, cwd=project_root, capture_output=True, text=True, check=True).stdout
    assert "seeds 0 to 1: 2 seeds" in results.read_text("utf-8")
    assert "request lost" in told
    assert "0 failures" in told
