"""Interleaved timing: what is compared takes turns, so that a slow moment of the machine strikes both sides alike."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Mapping

Action = Callable[[int], object]
"""One repetition; its argument is the number of the round."""


def interleaved(
    actions: Mapping[str, Action],
    rounds: int,
    *,
    seed: int = 952,
    warm_up: int = 5,
    idle: Callable[[], object] | None = None,
) -> dict[str, list[int]]:
    """Runs each action once a round, in an order shuffled anew each round; nanoseconds of each, without the warm-up.

    `idle` runs after every round and is not timed: what a program does while nobody waits for it.
    """
    order = list(actions)
    shuffle = random.Random(seed).shuffle
    durations: dict[str, list[int]] = {name: [] for name in actions}
    gc.collect()
    for number in range(warm_up + rounds):
        shuffle(order)
        for name in order:
            start = time.perf_counter_ns()
            actions[name](number)
            elapsed = time.perf_counter_ns() - start
            if number >= warm_up:
                durations[name].append(elapsed)
        if idle is not None:
            idle()
    return durations
