"""The word on the screen: it changes for reasons only, says since when, and does not flicker."""

from __future__ import annotations

import itertools
from random import Random

import pytest

from sync.link import SILENCE_TO_OFFLINE_MS, WINDOW, Link, LinkState, Override

ONLINE, DEGRADED, OFFLINE = LinkState.ONLINE, LinkState.DEGRADED, LinkState.OFFLINE


def after(outcomes: str, *, every_ms: int = 1_000) -> Link:
    """A link after outcomes, `s` worked and `f` failed, one every so often."""
    link = Link()
    seen(link, outcomes, every_ms=every_ms)
    return link


def seen(link: Link, outcomes: str, *, start_ms: int = 0, every_ms: int = 1_000) -> list[LinkState]:
    """The states after each outcome."""
    states = []
    for number, outcome in enumerate(outcomes, 1):
        (link.worked if outcome == "s" else link.failed)(start_ms + number * every_ms)
        states.append(link.state)
    return states


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ("", OFFLINE),
        ("s", OFFLINE),
        ("ss", ONLINE),
        ("ssf", ONLINE),
        ("ssff", ONLINE),
        ("ssfff", OFFLINE),
        ("ssfsf", ONLINE),
        ("ssfsfsf", DEGRADED),
        ("ssfffs", OFFLINE),
        ("ssfffss", ONLINE),
        ("ssfffsfs", DEGRADED),
        ("ssfffsfsfff", OFFLINE),
        ("ssfsfsfss", DEGRADED),
        ("ssfsfsf" + WINDOW * "s", ONLINE),
        ("ssfsfsf" + 7 * "s", DEGRADED),
        ("ssfsfsf" + 8 * "s", ONLINE),
        ("fff", OFFLINE),
        ("fffsss", ONLINE),
        ("ffss", ONLINE),
        ("fffffss", ONLINE),
        ("sf", OFFLINE),
        ("sfs", DEGRADED),
        ("fs", OFFLINE),
    ],
)
def test_several_outcomes_make_a_state(outcomes: str, state: LinkState) -> None:
    assert after(outcomes).state is state


def test_one_lost_packet_is_no_outage_and_one_lucky_packet_no_recovery() -> None:
    link = after("ssssssssss")
    assert set(seen(link, "fssssssssss" * 3, start_ms=10_000)) == {ONLINE}

    link = after("ssfff")
    assert set(seen(link, "sfff" * 5, start_ms=10_000)) == {OFFLINE}


def test_an_outage_is_over_with_two_answers_however_long_it_was() -> None:
    link = after("ss" + 50 * "f")

    assert seen(link, "ss" + 20 * "s", start_ms=60_000) == [OFFLINE, ONLINE] + 20 * [ONLINE]


@pytest.mark.parametrize("loss", [0.05, 0.2, 0.35, 0.5, 0.8])
def test_a_flapping_network_does_not_make_the_screen_flicker(loss: float) -> None:
    """Whatever is lost, the word holds for several outcomes on average: at worst it changes with one in five."""
    source = Random(f"loss {loss}")
    outcomes = "".join("f" if source.random() < loss else "s" for _ in range(5_000))
    states = seen(Link(), outcomes)
    changes = sum(before is not now for before, now in itertools.pairwise(states))

    assert changes < 1_000


@pytest.mark.parametrize("pattern", ["ssf", "sf", "ssssf", "sssf", "ssff", "sff"])
def test_a_steady_pattern_of_losses_settles_on_one_word(pattern: str) -> None:
    assert len(set(seen(Link(), pattern * 40)[2 * WINDOW :])) == 1


def test_failures_only_for_half_a_minute_are_offline_however_few() -> None:
    link = after("ss")
    link.failed(2_000 + SILENCE_TO_OFFLINE_MS - 1)
    assert link.state is ONLINE

    link = after("ss")
    link.failed(2_000 + SILENCE_TO_OFFLINE_MS)
    assert (link.state, link.since_ms) == (OFFLINE, 2_000 + SILENCE_TO_OFFLINE_MS)


def test_silence_after_a_failure_grows_without_an_outcome() -> None:
    link = after("ssf")
    link.look(2_000 + SILENCE_TO_OFFLINE_MS - 1)
    assert link.state is ONLINE
    link.look(2_000 + SILENCE_TO_OFFLINE_MS)

    assert (link.state, link.since_ms) == (OFFLINE, 2_000 + SILENCE_TO_OFFLINE_MS)


def test_silence_without_a_failure_says_nothing() -> None:
    link = after("ss")
    link.look(10 * SILENCE_TO_OFFLINE_MS)

    assert link.state is ONLINE


def test_it_says_since_when() -> None:
    assert [after(outcomes).since_ms for outcomes in ("s", "ss", "sssf", "ssfff", "ssffffff", "ssfffss")] == [
        0, 2_000, 2_000, 5_000, 5_000, 7_000,
    ]  # fmt: skip


def test_a_clock_that_goes_back_makes_no_silence() -> None:
    link = after("ss", every_ms=1_000_000)
    link.failed(5)

    assert link.state is ONLINE


def test_the_workers_word_stands_above_what_is_seen() -> None:
    link = after("ss")
    link.set_override(Override.OFFLINE, 9_000)
    link.worked(10_000)
    link.worked(11_000)

    assert (link.state, link.since_ms) == (OFFLINE, 9_000)


def test_after_the_workers_word_nothing_is_taken_for_known() -> None:
    link = after("ss")
    link.set_override(Override.OFFLINE, 9_000)
    link.set_override(Override.AUTOMATIC, 3_600_000)

    assert (link.state, link.since_ms) == (OFFLINE, 9_000)
    assert seen(link, "ss", start_ms=3_600_000) == [OFFLINE, ONLINE]
    assert link.since_ms == 3_602_000


def test_the_same_word_twice_changes_nothing() -> None:
    link = after("ss")
    link.set_override(Override.AUTOMATIC, 9_000)

    assert (link.state, link.since_ms) == (ONLINE, 2_000)
