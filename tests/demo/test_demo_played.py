from __future__ import annotations

import json
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scanner_app.bootstrap import Station, open_ledger
from scanner_app.cli.init import Names, make_home
from scanner_app.cli.player import Player
from scanner_app.clock import SettableClock
from scanner_app.config import Home, read_config
from scanner_app.demo.shift import shift_lines
from scanner_app.demo.site import DemoSite
from scanner_app.domain.facts import StockAt, StockLine, UnitFact, UnitOf
from scanner_app.domain.stock import Status

UTC_ZONE = ZoneInfo("UTC")


def station_of(folder: Path, today: date) -> tuple[Station, DemoSite]:
    home = Home(folder / "config.toml", folder)
    site = make_home(home, today.isoformat(), Names(), demo=True)
    clock = SettableClock(datetime.combine(today, time(7), UTC_ZONE))
    return Station(home, read_config(home.config_path), clock), site


def play(station: Station, site: DemoSite) -> tuple[list[dict[str, object]], Player]:
    """The lines whose expectation was not met, and the player, whose ledger is still open."""
    player = Player(station)
    told = [player.step(json.loads(line), number) for number, line in enumerate(shift_lines(site), start=1)]
    return [step for step in told if step is not None and step.get("matched") is False], player


@pytest.mark.parametrize("today", [date(2026, 11, 22), date(2028, 2, 29), date(2030, 12, 31)])
def test_the_shift_comes_to_what_it_says_on_any_day(tmp_path: Path, today: date) -> None:
    station, site = station_of(tmp_path, today)
    differing, player = play(station, site)
    player.close()
    assert differing == []


def test_the_stock_after_the_shift_is_what_was_done(tmp_path: Path) -> None:
    station, site = station_of(tmp_path, date(2026, 11, 22))
    differing, player = play(station, site)
    assert differing == []
    player.close()

    ledger = open_ledger(station)
    try:
        cage = [line for line in _lines(ledger.answer(StockAt("CAGE"))) if line.lot in {"C90", "N09"}]
        assert sorted((line.lot, line.status, line.quantity) for line in cage) == [
            ("C90", Status.QUARANTINED, 1), ("N09", Status.DAMAGED, 1),
        ]  # fmt: skip
        first = site.document("ASN-1001").units[0]
        unit = ledger.answer(UnitOf(first.gtin, first.serial))
        assert isinstance(unit, UnitFact)
        assert (unit.location, unit.place, unit.inferred) == ("B-04-2", first.parent, True)
        loose = next(line for line in _lines(ledger.answer(StockAt("A-01-2"))) if line.lot == "N31")
        assert loose.quantity == 3
    finally:
        ledger.close()


def _lines(answer: object) -> tuple[StockLine, ...]:
    assert isinstance(answer, tuple)
    return answer
