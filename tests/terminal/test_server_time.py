"""The centre's time on the device: expiry follows the later of two clocks, whatever happened to ours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from scanner_app.clock import SettableClock
from scanner_app.config import config_of
from scanner_app.store.site import SiteMeta
from scanner_app.terminal.judging import Judge
from scanner_app.terminal.server_time import last_heard, latest_now, server_now

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
NOON_MS = round(NOON.timestamp() * 1000)


def clock_at(wall: datetime, elapsed_ms: int = 0) -> SettableClock:
    return SettableClock(wall, elapsed_ms * 1_000_000, "boot-1")


def test_before_the_first_word_there_is_only_our_own() -> None:
    clock = clock_at(NOON)
    assert server_now(SiteMeta(), clock) is None
    assert latest_now(SiteMeta(), clock) == NOON
    assert last_heard(SiteMeta(), "boot-1") == (None, None)


@pytest.mark.parametrize(
    ("ours", "latest"),
    [
        (NOON - timedelta(days=400), NOON + timedelta(hours=3)),  # a battery that was empty
        (NOON + timedelta(days=1), NOON + timedelta(days=1)),
    ],
    ids=["ours is behind", "ours is ahead"],
)
def test_the_later_clock_counts_and_the_centres_goes_on(ours: datetime, latest: datetime) -> None:
    site = SiteMeta(server_time=NOON_MS, server_mono_ms=1_000, server_boot_id="boot-1")
    clock = clock_at(ours, 1_000 + 3 * 3_600_000)
    assert latest_now(site, clock) == latest
    assert last_heard(site, "boot-1") == (NOON_MS, 1_000)


def test_after_a_restart_the_centres_time_stands_still_but_is_not_forgotten() -> None:
    site = SiteMeta(server_time=NOON_MS, server_mono_ms=9_000_000, server_boot_id="boot-0")
    assert server_now(site, clock_at(NOON - timedelta(days=400), 5)) == NOON
    assert last_heard(site, "boot-1") == (NOON_MS, None)


def test_elapsed_time_that_makes_no_sense_moves_nothing_back() -> None:
    site = SiteMeta(server_time=NOON_MS, server_mono_ms=9_000, server_boot_id="boot-1")
    assert server_now(site, clock_at(NOON, 5)) == NOON


def test_today_at_the_site_follows_the_later_clock() -> None:
    judge = Judge(config_of({"site": {"time_zone": "Europe/Oslo"}}, "test"), clock_at(NOON - timedelta(days=400)), str)
    site = SiteMeta(server_time=NOON_MS + 12 * 3_600_000, as_of=NOON_MS)
    moment = judge.moment(None, None, site)
    assert moment.today == date(2026, 11, 28)
    assert moment.now_ms == NOON_MS - 400 * 24 * 3_600_000
    assert moment.site_as_of_ms == NOON_MS
