from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.reconnect import Backoff, Reconnect


class Clock:
    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


BOUNDS = Backoff(first_ms=100, limit_ms=1000, least_ms=20, steady_ms=5000)


def test_waits_double_up_to_the_limit() -> None:
    reconnect = Reconnect(BOUNDS, uniform=lambda: 1.0, now_ns=Clock())
    assert [reconnect.failed_ms() for _ in range(6)] == [100, 200, 400, 800, 1000, 1000]


def test_jitter_is_full_down_to_the_least() -> None:
    assert BOUNDS.wait_ms(3, 0.0) == 20
    assert BOUNDS.wait_ms(3, 0.5) == 20 + 390


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_no_wait_leaves_the_bounds(attempt: int, uniform: float) -> None:
    assert 20 <= BOUNDS.wait_ms(attempt, uniform) <= 1000


def test_a_device_that_stayed_open_starts_again_from_the_first_wait() -> None:
    clock = Clock()
    reconnect = Reconnect(BOUNDS, uniform=lambda: 1.0, now_ns=clock)
    assert [reconnect.failed_ms() for _ in range(3)] == [100, 200, 400]
    reconnect.opened()
    clock.ns += 5_000_000_000
    assert [reconnect.failed_ms() for _ in range(2)] == [100, 200]


def test_a_device_that_flaps_waits_longer_each_time() -> None:
    clock = Clock()
    reconnect = Reconnect(BOUNDS, uniform=lambda: 1.0, now_ns=clock)
    waits = []
    for _ in range(4):
        reconnect.opened()
        clock.ns += 4_999_999_999
        waits.append(reconnect.failed_ms())
    assert waits == [100, 200, 400, 800]


def test_waits_of_many_devices_spread() -> None:
    rng = random.Random(1)
    assert len({BOUNDS.wait_ms(4, rng.random()) for _ in range(100)}) > 80


@pytest.mark.parametrize(
    "bounds", [{"least_ms": 0}, {"least_ms": 200}, {"first_ms": 3000}, {"limit_ms": 50}, {"steady_ms": -1}]
)
def test_bounds_out_of_order_are_refused(bounds: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="out of order"):
        Backoff(**bounds)
