"""Handhelds with real ledgers, threads and sockets at a real centre: what one saves the others see, in order."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bench.handhelds import Handset
from scanner_app.domain import facts as f
from scanner_app.domain.entry import Entry, Origin
from scanner_app.store.verify import verify
from sync.driver import Driver
from sync.exchange import NoticeCode
from sync.link import LinkState, Override
from tests.server.handhelds import GTIN, SITE, Handheld, Ids, received
from tests.sync.proxy import CLEAN, Fate, Proxy, Weather

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from scanner_app.store.ledger import Ledger
    from sync.driver import SyncState
    from tests.sync.conftest import Centre

COMMITS = 200
FATES_MIN = 3
STORM_S = 20.0


@pytest.fixture
def make(centre: Centre, tmp_path: Path) -> Iterator[Callable[..., Handset]]:
    """Handhelds, ended when the test is over; every ledger verifies then."""
    made: list[Handset] = []

    def one(name: str, url: str = "") -> Handset:
        folder = tmp_path / name
        folder.mkdir()
        made.append(Handset(folder, url or centre.url, centre.code(name)))
        return made[-1]

    yield one
    for each in made:
        each.close()
        assert verify(each.folder / "ledger.db").findings == ()


def entries(handset: Handset, many: int, salt: int = 1) -> list[Entry]:
    maker = Handheld(handset.name, ids=Ids(salt + 256 * ord(handset.name)))
    return [
        replace(maker.entry(received(f"{handset.name}{salt}-{n}")), origin=Origin(SITE, handset.name, "DOCK-1", "U"))
        for n in range(many)
    ]


def units(ledger: Ledger) -> int:
    lines = ledger.answer(f.StockOf(GTIN))
    assert isinstance(lines, tuple)
    return sum(line.quantity for line in lines)


def agree(*handsets: Handset) -> None:
    """The same stock at every one of them, all of it sent and come back."""
    for each in handsets:
        each.wait_sent()
        each.wait_for(lambda ledger: ledger._connection.execute("SELECT count(*) FROM on_hand").fetchone() == (0,))
    sums = {each.on_ledger(lambda ledger: ledger.site.site_sum) for each in handsets}
    assert len(sums) == 1


def test_what_one_saves_the_other_sees_in_order(make: Callable[..., Handset]) -> None:
    first, second = make("A"), make("B")
    seen: list[int] = []
    perform = second.books.perform

    def watched(effect: object, now_ms: int) -> bool:
        done = perform(effect, now_ms)  # type: ignore[arg-type] # an effect, whatever it is
        seen.append(second.on_ledger(units))
        return done

    second.books.perform = watched  # type: ignore[method-assign] # to look on
    first.start()
    second.start()
    first.write(entries(first, COMMITS))
    second.wait_for(lambda ledger: units(ledger) == COMMITS)
    assert seen == sorted(seen)
    second.write(entries(second, 3))
    first.wait_for(lambda ledger: units(ledger) == COMMITS + 3)
    agree(first, second)
    assert first.faults == second.faults == []


@pytest.mark.parametrize("seed", [1, 2])
def test_they_agree_whatever_the_network_does(make: Callable[..., Handset], centre: Centre, seed: int) -> None:
    weather = Weather(
        refused=0.1, dropped=0.1, cut_before=0.1, cut_after=0.15, truncated=0.1, duplicated=0.15, delay_s=(0.0, 0.02)
    )
    with Proxy("127.0.0.1", centre.port, seed=seed) as proxy:
        handsets = [make(name, proxy.url) for name in "AB"]
        proxy.weather = weather
        for each in handsets:
            each.start()
        for number in range(10):
            for each in handsets:
                each.write(entries(each, 3, 10 + number))
                each.driver.hurry()
        storm_ends = time.monotonic() + STORM_S
        while len(proxy.fates) <= FATES_MIN and time.monotonic() < storm_ends:
            for each in handsets:
                each.driver.hurry()
            threading.Event().wait(0.02)
        proxy.weather = CLEAN
        proxy.cut_all()
        for each in handsets:
            each.driver.hurry()
        for each in handsets:
            each.wait_for(lambda ledger: units(ledger) == 60, 40)
        agree(*handsets)
        assert [each.faults for each in handsets] == [[], []]
        assert len(proxy.fates) > FATES_MIN


def test_stopping_is_quick_with_a_request_in_the_air(make: Callable[..., Handset], centre: Centre) -> None:
    with Proxy("127.0.0.1", centre.port) as proxy:
        handset = make("A", proxy.url)
        handset.start()
        handset.wait_sent()
        proxy.weather = Weather(black_hole=True)
        handset.write(entries(handset, 1))
        handset.driver.hurry()
        while not proxy.fates[Fate.SWALLOWED]:
            handset.on_ledger(units)
        assert handset.driver.stop(2.0)


def test_a_word_of_the_worker_keeps_it_offline(make: Callable[..., Handset]) -> None:
    handset = make("A")
    states: list[SyncState] = []
    driver: Driver = handset.driver
    driver.changed = states.append
    handset.turn()
    assert states[-1].link is LinkState.ONLINE
    driver.set_override(Override.OFFLINE)
    handset.write(entries(handset, 2))
    handset.turn()
    assert (states[-1].link, states[-1].override) == (LinkState.OFFLINE, Override.OFFLINE)
    assert handset.on_ledger(lambda ledger: ledger.outbox.outbox()[0]) == 2
    driver.set_override(Override.AUTOMATIC)
    handset.turn()
    assert states[-1].link is LinkState.ONLINE
    assert handset.on_ledger(lambda ledger: ledger.outbox.outbox()[0]) == 0


def test_a_device_that_is_revoked_says_so_and_keeps_all(make: Callable[..., Handset], centre: Centre) -> None:
    handset = make("A")
    handset.turn()
    centre.told("device", action="revoke", name="A")
    handset.write(entries(handset, 1))
    handset.turn()
    assert (handset.driver.state.notice, handset.driver.state.told) == (NoticeCode.TURNED_AWAY, "REVOKED")
    assert handset.on_ledger(lambda ledger: ledger.outbox.outbox()[0]) == 1


def test_a_token_is_rotated_although_the_device_died_on_the_way(
    make: Callable[..., Handset], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the centre's commit and the device's file: the former token works until the new one was used."""
    handset = make("A")
    former = handset.keys.token()
    monkeypatch.setattr(handset.books, "token_due_ms", lambda: 0)

    def died(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(handset.keys, "keep", died)
        with pytest.raises(ZeroDivisionError):
            handset.turn()
    assert handset.keys.token() == former
    handset.driver.hurry()
    handset.turn()
    renewed = handset.keys.token()
    assert renewed != former
    handset.driver.hurry()
    handset.turn()
    assert handset.driver.state.notice is None
    monkeypatch.setattr(handset.keys, "token", lambda: former)
    handset.talking._token = handset.keys.token
    handset.driver.hurry()
    handset.turn()
    assert handset.driver.state.told == "UNAUTHENTICATED"
