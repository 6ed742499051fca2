"""Start to first paint, and memory, against the least that Textual itself needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bench.figures import NS_PER_MS, Bound, Figure, quantile, sample_of
from bench.pty_screen import PtyScreen, visible
from bench.timing import interleaved

ROUNDS = 15
ROUNDS_QUICK = 4
PAINTED_CHARACTERS = 20
PAINT_TIMEOUT_S = 20.0
SETTLED_S = 1.0
GOAL_START = 1.3
GOAL_MEMORY = 1.4
PROJECT = Path(__file__).resolve().parents[1]
OURS = [sys.executable, "-m", "scanner_app", "run"]
MINIMAL = [sys.executable, "-m", "bench.minimal"]


def environment_of(home: Path) -> dict[str, str]:
    """A terminal with all colours, and a home of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SCANNER_")}
    return kept | {
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "SCANNER_HOME": str(home),
        "PYTHONPATH": str(PROJECT),
    }


def make_home(home: Path) -> dict[str, str]:
    """A home with the demonstration site; the environment that uses it."""
    environment = environment_of(home)
    command = [sys.executable, "-m", "scanner_app", "init", "--demo"]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return environment


def measure_starting(folder: Path, *, quick: bool) -> list[Figure]:
    """Medians of fresh starts, taken in turns; both programs' bytecode and pages are warm."""
    environment = make_home(folder / "home")
    paints: dict[str, list[float]] = {"ours": [], "minimal": []}
    memory: dict[str, list[float]] = {"ours": [], "minimal": []}

    def start(name: str, command: list[str]) -> None:
        with PtyScreen(command, environment) as screen:
            _, painted_ns = screen.read_until(_is_painted, PAINT_TIMEOUT_S)
            screen.drain(SETTLED_S)
            paints[name].append((painted_ns - screen.started_ns) / NS_PER_MS)
            memory[name].append(screen.resident_mib())

    interleaved(
        {"ours": lambda _: start("ours", OURS), "minimal": lambda _: start("minimal", MINIMAL)},
        ROUNDS_QUICK if quick else ROUNDS,
        warm_up=1,
    )
    return [
        _compared("start to first paint, ours over minimal Textual", "ms", GOAL_START, paints),
        _compared("resident memory, ours over minimal Textual", "MiB", GOAL_MEMORY, memory),
    ]


def _is_painted(output: bytes) -> bool:
    return len(visible(output)) >= PAINTED_CHARACTERS


def _compared(name: str, unit: str, goal: float, values: dict[str, list[float]]) -> Figure:
    """The ratio of the medians, without the first, cold start of each."""
    warm = {side: each[1:] for side, each in values.items()}
    return Figure(
        name,
        quantile(warm["ours"], 0.5) / quantile(warm["minimal"], 0.5),
        "×",
        goal,
        Bound.AT_MOST,
        (sample_of(f"ours, {unit}", warm["ours"]), sample_of(f"minimal Textual app, {unit}", warm["minimal"])),
    )
