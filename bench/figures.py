"""What a benchmark gives: a figure with its goal, the samples it comes from, and the table they are shown in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

NS_PER_MS = 1_000_000
P50 = 0.50
P99 = 0.99


class Bound(StrEnum):
    """Which side of its goal a figure should be on."""

    AT_MOST = "at most"
    AT_LEAST = "at least"


@dataclass(frozen=True, slots=True)
class Sample:
    """One side of a comparison: its name and how long each repetition took, in milliseconds (or MiB, or a count)."""

    name: str
    p50: float
    p99: float
    count: int


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. `goal` None: for information. `value` None: not measured, and `note` says why."""

    name: str
    value: float | None
    unit: str
    goal: float | None
    bound: Bound
    samples: tuple[Sample, ...] = ()
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none or nothing was measured."""
        if self.value is None or self.goal is None:
            return None
        return self.value <= self.goal if self.bound is Bound.AT_MOST else self.value >= self.goal


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie (nearest rank). Raises ValueError when there are none."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def sample_of(name: str, values: Sequence[float]) -> Sample:
    """Median and 99th percentile of repeated measurements."""
    return Sample(name, quantile(values, P50), quantile(values, P99), len(values))


def sample_of_ns(name: str, durations_ns: Sequence[int]) -> Sample:
    """The same of durations in nanoseconds, given in milliseconds."""
    return sample_of(name, [duration / NS_PER_MS for duration in durations_ns])


def not_measured(name: str, unit: str, goal: float | None, bound: Bound, why: str) -> Figure:
    """A figure that could not be measured here, with the reason."""
    return Figure(name, None, unit, goal, bound, note=why)


def figure_object(figure: Figure) -> dict[str, Any]:
    """A figure as it stands in results.json."""
    return {
        "name": figure.name,
        "value": None if figure.value is None else round(figure.value, 4),
        "unit": figure.unit,
        "goal": figure.goal,
        "bound": figure.bound.value,
        "met": figure.met,
        "samples": [
            {"name": sample.name, "p50": round(sample.p50, 5), "p99": round(sample.p99, 5), "count": sample.count}
            for sample in figure.samples
        ],
        "note": figure.note,
    }


def results_text(figures: Sequence[Figure], machine: dict[str, Any]) -> str:
    """The content of results.json: the machine, and every figure."""
    results = {"machine": machine, "figures": [figure_object(figure) for figure in figures]}
    return json.dumps(results, indent=2, ensure_ascii=False) + "\n"


def table_text(figures: Sequence[Figure]) -> str:
    """The table for people: a line for each figure, and below it what was measured."""
    lines: list[str] = []
    for figure in figures:
        lines.append(f"{_mark(figure):<9}{figure.name:<58}{_number(figure):>12}   {_goal(figure)}")
        lines.extend(
            f"{'':<11}{sample.name:<56}p50 {sample.p50:>9.3f}  p99 {sample.p99:>9.3f}  n {sample.count}"
            for sample in figure.samples
        )
        if figure.note:
            lines.append(f"{'':<11}{figure.note}")
    return "\n".join(lines) + "\n"


def _mark(figure: Figure) -> str:
    if figure.value is None:
        return "skipped"
    return {None: "", True: "met", False: "MISSED"}[figure.met]


def _number(figure: Figure) -> str:
    return "—" if figure.value is None else f"{figure.value:.2f} {figure.unit}"


def _goal(figure: Figure) -> str:
    return "" if figure.goal is None else f"goal {figure.bound.value} {figure.goal:g} {figure.unit}"
