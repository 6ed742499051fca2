from __future__ import annotations

import json

import pytest

from bench.figures import (
    Bound,
    Figure,
    Sample,
    not_measured,
    quantile,
    results_text,
    sample_of,
    sample_of_ns,
    table_text,
)
from bench.timing import interleaved

COMMIT = Figure("commit", 1.2, "×", 1.25, Bound.AT_MOST, (Sample("ours", 0.5, 0.9, 10),))


def test_a_goal_is_met_on_its_own_side() -> None:
    assert COMMIT.met is True
    assert Figure("commit", 1.3, "×", 1.25, Bound.AT_MOST).met is False
    assert Figure("parse", 10.0, "×", 10.0, Bound.AT_LEAST).met is True
    assert Figure("parse", 9.9, "×", 10.0, Bound.AT_LEAST).met is False


def test_a_figure_without_goal_or_value_is_neither_met_nor_missed() -> None:
    assert Figure("whole step", 0.8, "ms", None, Bound.AT_MOST).met is None
    skipped = not_measured("syncs", "a scan", 1.05, Bound.AT_MOST, "strace is not here")
    assert skipped.met is None
    assert "strace is not here" in table_text([skipped])
    assert table_text([skipped]).startswith("skipped")


def test_quantiles_are_values_that_occurred() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert (quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1.0)) == (51.0, 100.0, 100.0)
    assert quantile([7.0], 0.99) == 7.0
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)


def test_samples_of_durations_are_in_milliseconds() -> None:
    assert sample_of_ns("ours", [1_000_000, 2_000_000, 3_000_000]) == Sample("ours", 2.0, 3.0, 3)
    assert sample_of("MiB", [40.0]) == Sample("MiB", 40.0, 40.0, 1)


def test_results_hold_every_figure_and_the_machine() -> None:
    results = json.loads(results_text([COMMIT], {"cores": 2}))
    assert results["machine"] == {"cores": 2}
    assert results["figures"][0]["met"] is True
    assert results["figures"][0]["samples"] == [{"name": "ours", "p50": 0.5, "p99": 0.9, "count": 10}]


def test_the_table_says_met_and_missed() -> None:
    text = table_text([COMMIT, Figure("rss", 1.5, "×", 1.4, Bound.AT_MOST)])
    assert text.split("\n")[0].startswith("met ")
    assert "MISSED" in text


def test_interleaving_runs_every_action_in_every_round() -> None:
    seen: list[tuple[str, int]] = []
    durations = interleaved(
        {"a": lambda number: seen.append(("a", number)), "b": lambda number: seen.append(("b", number))}, 20, warm_up=3
    )
    assert sorted(seen) == sorted((name, number) for name in "ab" for number in range(23))
    assert [len(each) for each in durations.values()] == [20, 20]
    firsts = {seen[place][0] for place in range(0, len(seen), 2)}
    assert firsts == {"a", "b"}
