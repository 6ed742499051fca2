"""Waits grow, scatter and stay within their bounds; a pause holds up only what it is for."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.backoff import BASE_MS, CAP_MS, RETRY_AFTER_MAX_MS, Backoff, Pauses

# --- one wait --------------------------------------------------------------------------------------------------------


def test_waits_stay_below_a_bound_that_doubles_up_to_a_minute() -> None:
    bounds = [BASE_MS, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, CAP_MS, CAP_MS, CAP_MS]
    for seed in range(200):
        backoff = Backoff(Random(seed))
        assert all(bound // 10 <= backoff.failed() <= bound for bound in bounds)


def test_waits_scatter_over_the_whole_bound() -> None:
    waits = [Backoff(Random(seed), failures=20).failed() for seed in range(500)]

    assert min(waits) < CAP_MS // 5
    assert max(waits) > CAP_MS * 9 // 10


def test_it_never_gives_up_and_never_overflows() -> None:
    backoff = Backoff(Random(1), failures=10**9)

    assert (0 < backoff.failed() <= CAP_MS, backoff.failures) == (True, 10**9 + 1)


def test_what_worked_begins_anew() -> None:
    backoff = Backoff(Random(1), failures=9)
    backoff.worked()

    assert (backoff.failed() <= BASE_MS, backoff.failures) == (True, 1)


def test_devices_that_were_asked_to_wait_as_long_do_not_come_back_at_once() -> None:
    waits = {Backoff(Random(seed)).failed(30_000) for seed in range(100)}

    assert min(waits) >= 30_000
    assert len(waits) > 50


@pytest.mark.parametrize(("asked", "kept"), [(None, 0), (0, 0), (-5_000, 0), (10**12, RETRY_AFTER_MAX_MS)])
def test_no_answer_stops_the_asking_for_good(asked: int | None, kept: int) -> None:
    assert kept < Backoff(Random(3)).failed(asked) <= kept + BASE_MS


@given(seed=st.integers(), failures=st.integers(0, 10**6), asked=st.none() | st.integers())
def test_every_wait_is_positive_and_bounded(seed: int, failures: int, asked: int | None) -> None:
    assert 0 < Backoff(Random(seed), failures).failed(asked) <= RETRY_AFTER_MAX_MS + CAP_MS


# --- pauses ----------------------------------------------------------------------------------------------------------


def test_a_pause_holds_up_only_what_it_is_for() -> None:
    pauses = Pauses(Random(1))
    pauses.failed("a", 1_000)
    end = pauses.next_end_ms(1_000)

    assert end is not None
    assert 1_000 < end <= 1_000 + BASE_MS
    assert (pauses.over("a", end - 1), pauses.over("a", end), pauses.over("b", 0)) == (False, True, True)
    assert (pauses.failures("a"), pauses.failures("b"), pauses.next_end_ms(end)) == (1, 0, None)


def test_each_has_a_backoff_of_its_own() -> None:
    pauses = Pauses(Random(1))
    for _ in range(8):
        pauses.failed("a", 0)
    pauses.failed("b", 0)
    pauses.worked("b")

    assert (pauses.failures("a"), pauses.failures("b")) == (8, 0)
    assert not pauses.over("a", CAP_MS // 10 - 1)


def test_a_pause_may_be_longer_than_the_backoff_and_asks_for_the_later_of_both() -> None:
    pauses = Pauses(Random(1))
    pauses.failed("a", 0, least_ms=5_000)
    pauses.failed("b", 0, 9_000, least_ms=5_000)

    assert pauses.next_end_ms(0) == 5_000
    assert not pauses.over("b", 9_000)


def test_the_first_failures_may_be_free() -> None:
    pauses = Pauses(Random(1))
    free = []
    for _ in range(3):
        pauses.failed("a", 0, free=2)
        free.append(pauses.over("a", 0))

    assert (free, pauses.failures("a")) == ([True, True, False], 3)


def test_a_rest_is_no_failure() -> None:
    pauses = Pauses(Random(1))
    pauses.rest("a", 700)

    assert (pauses.failures("a"), pauses.over("a", 699), pauses.over("a", 700)) == (0, False, True)


def test_ended_pauses_forget_no_failure() -> None:
    pauses = Pauses(Random(1))
    for _ in range(8):
        pauses.failed("a", 0)
    pauses.end()

    assert (pauses.over("a", 0), pauses.failures("a"), pauses.next_end_ms(0)) == (True, 8, None)


def test_what_worked_has_no_pause() -> None:
    pauses = Pauses(Random(1))
    pauses.failed("a", 0)
    pauses.worked("a")
    pauses.worked("b")

    assert (pauses.over("a", 0), pauses.failures("a")) == (True, 0)
