"""What is said of the centre, in words and rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scanner_app.phrases import phrases_of
from scanner_app.terminal.linked import DAY_MS, HOUR_MS, MINUTE_MS, age_text, centre_rows, link_of
from scanner_app.terminal.view import Link
from sync.driver import SyncState
from sync.exchange import NoticeCode
from sync.link import LinkState, Override
from tests.store.feeding import Site
from tests.store.ledgers import START_MS, Writer, key, open_ledger, received, scanned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SAY = phrases_of("en")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    writer = Writer(open_ledger(tmp_path / "ledger.db"))
    yield Site(writer)
    writer.ledger.close()


@pytest.mark.parametrize(
    ("age_ms", "text"),
    [
        (-5, "0m"), (0, "0m"), (MINUTE_MS - 1, "0m"), (59 * MINUTE_MS, "59m"), (HOUR_MS, "1h"),
        (DAY_MS - 1, "23h"), (3 * DAY_MS + HOUR_MS, "3d"),
    ],
)  # fmt: skip
def test_an_age_is_one_number(age_ms: int, text: str) -> None:
    assert age_text(age_ms, SAY) == text


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (None, (Link.NO_CENTRE, "no centre yet")),
        (SyncState(LinkState.ONLINE, 0), (Link.ONLINE, "online")),
        (SyncState(LinkState.OFFLINE, 2 * HOUR_MS), (Link.OFFLINE, "OFFLINE")),
        (SyncState(LinkState.OFFLINE, 0), (Link.OFFLINE, "OFFLINE 2h")),
        (SyncState(LinkState.DEGRADED, HOUR_MS + 55 * MINUTE_MS), (Link.DEGRADED, "weak link 5m")),
        (SyncState(LinkState.ONLINE, 0, notice=NoticeCode.TURNED_AWAY), (Link.OFFLINE, "NOT LET IN")),
        (SyncState(LinkState.ONLINE, 0, notice=NoticeCode.OTHER_VERSION), (Link.OFFLINE, "UPDATE ME")),
        (SyncState(LinkState.ONLINE, 0, notice=NoticeCode.FORKED), (Link.ONLINE, "online")),
    ],
    ids=str,
)
def test_the_link_is_a_word_with_its_age(state: SyncState | None, said: tuple[Link, str]) -> None:
    assert link_of(state, 2 * HOUR_MS, SAY) == said


def told(site: Site, state: SyncState, now_ms: int = START_MS) -> dict[str, tuple[bool, str, str]]:
    return {
        SAY.say(row.name): (row.ok, SAY.say(row.text.code, row.text.parameters), SAY.say(row.remedy or ""))
        for row in centre_rows(site.ledger, state, 0, now_ms, SAY)
    }


def test_health_tells_how_far_everything_has_come(site: Site) -> None:
    online = SyncState(LinkState.ONLINE, 0)
    assert told(site, online)["site stock"] == (True, "not fetched yet", "")
    entry = site.writer.entry(postings=[received(key("S1"))], raw=scanned("x"))
    site.writer.append(entry)
    at_ms = entry.stamp.event_time
    assert told(site, online, at_ms)["sent"] == (True, "0 of 1", "")
    assert told(site, online, at_ms + 2 * HOUR_MS)["sent"] == (True, "0 of 1, the oldest waits 2h", "")
    site.echo(entry)
    site.ledger.set_watermark(1, 1, 1)
    site.take(total=f"{site.ledger.site.site_sum:016x}")
    rows = told(site, online, START_MS)
    assert rows["sent"] == (True, "all 1, 1 of them in a backup too", "")
    assert rows["site stock"] == (True, "up to date", "")
    assert rows["parked"] == (True, "0", "")
    assert told(site, online, START_MS + 3 * HOUR_MS)["site stock"] == (True, "2h old", "")


def test_health_tells_what_only_a_person_can_help_with(site: Site) -> None:
    by_hand = told(site, SyncState(LinkState.OFFLINE, 0, Override.OFFLINE))["centre"]
    assert by_hand == (True, "OFFLINE", "kept offline by hand: F9 ends it")
    for code in NoticeCode:
        ok, _, remedy = told(site, SyncState(LinkState.ONLINE, 0, notice=code))["centre"]
        assert not ok
        assert not remedy.startswith("screen.")
    assert centre_rows(site.ledger, None, 0, 0, SAY) == []
