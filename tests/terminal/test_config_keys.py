"""Every key of config.example.toml does something: what a home with another value does otherwise, key by key."""

from __future__ import annotations

import dataclasses
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from devices.scan import scan_of_text
from scanner_app import app as screen_app
from scanner_app import config as configuration
from scanner_app import phrases
from scanner_app.bootstrap import intake_of
from scanner_app.bootstrap.scanners import ScannerBoard, beeper_of, profile_of, scanners_of
from scanner_app.bootstrap.terminal import Terminal
from scanner_app.cli.player import Player
from scanner_app.cli.run import show
from scanner_app.config import TABLES, Config, ScannerTable, config_of
from scanner_app.demo.labels import unit_scan
from scanner_app.errors import ConfigError, StoreError
from scanner_app.phrases import en
from tests.terminal.floor import TODAY, TOM, Worker, command_scan, document_scan, entries_of, expected_scan, place_scan
from tests.terminal.station import raw_scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Home(Protocol):
    """Makes a home with the demonstration site and a configuration, and a worker in it."""

    def __call__(self, config: Config) -> Worker:
        """A worker; a home of its own each time."""


def at_receiving(worker: Worker) -> Worker:
    worker.sign_in()
    worker.scan(document_scan("ASN-1002"))
    worker.scan(expected_scan(next(unit for unit in worker.site.document("ASN-1002").units if unit.lot == "N31")))
    return worker


# What is seen, of one configuration.


def status(home: Home, config: Config) -> object:
    return home(config).view().status


def origin(home: Home, config: Config) -> object:
    worker = home(config)
    worker.scan(place_scan("A-01-1"))
    return entries_of(worker.ledger)[-1].origin


def owner(home: Home, config: Config) -> object:
    worker = home(config)
    worker.sign_in(TOM)
    worker.scan(command_scan("OPENING"))
    worker.scan(place_scan("A-01-1"))
    item = next(item for item in worker.site.items if item.serialised and item.storage_class.value == "ambient")
    worker.scan(unit_scan(item.gtin, "NEW1", TODAY.replace(year=2030), "N1"))
    return [posting.key.owner for posting in entries_of(worker.ledger, opening=True)[-1].postings]


def whose_ledger(home: Home, config: Config) -> object:
    try:
        home(config)
    except StoreError as fault:
        return fault.code
    return None


def quarantined(home: Home, config: Config) -> object:
    worker = at_receiving(home(config))
    worker.scan(expected_scan(next(unit for unit in worker.site.document("ASN-1002").units if unit.lot == "C90")))
    worker.scan(command_scan("QUARANTINE"))
    return [posting.to_place for posting in entries_of(worker.ledger)[-1].postings]


class _LookedAt(Exception):  # noqa: N818 - ends the program where it would paint
    pass


def theme(_: Home, config: Config) -> object:
    seen: list[object] = []

    def app(*_: object, theme: object, **__: object) -> None:
        seen.append(theme)
        raise _LookedAt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(screen_app, "ScannerApp", app)
        with pytest.raises(_LookedAt):
            show(config, lambda: pytest.fail("nothing is started"))
    return seen


def language(home: Home, config: Config) -> object:
    """With a second language, which says everything backwards."""
    backwards = {code: sentence[::-1] for code, sentence in en.SENTENCES.items() if "{" not in sentence}

    def module(name: str) -> object:
        return (
            type("xx", (), {"SENTENCES": backwards, "form_of": en.form_of})
            if name.endswith(".xx")
            else import_module(name)
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phrases, "LANGUAGES", ("en", "xx"))
        patch.setattr(phrases, "import_module", module)
        return home(config).view().verb


def locked(home: Home, config: Config) -> object:
    worker = home(config)
    worker.sign_in()
    worker.clock.advance(6 * 60 * 1000)
    worker.front.idle()
    return worker.view().room


def confirmed(home: Home, config: Config) -> object:
    """The same code again a second after it was refused."""
    worker = home(config)
    ana = worker.site.operator("USR-1001")
    expired = next(unit for unit in worker.site.document("ASN-1002").units if unit.lot == "N08")
    worker.ledger.close()
    player = Player(worker.station)
    player.step({"sign_in": ana.badge, "pin": ana.pin}, 1)
    player.step({"open": "receiving", "document": "ASN-1002"}, 2)
    steps = [player.step({"scan": expected_scan(expired)}, number) for number in (3, 4)]
    player.close()
    return steps[-1] and steps[-1]["result"]


def bounds(home: Home, config: Config) -> object:
    return Terminal(home(config).station, [])._consumer._bounds


def pasted(home: Home, config: Config) -> object:
    terminal = Terminal(home(config).station, [])
    return terminal.paste("LOC-1\n")


def understood(home: Home, config: Config) -> object:
    """What each kind of own label is."""
    station = home(config).station
    intake = intake_of(station)
    today = station.clock.now().date()
    scans = [f"{prefix}1" for prefix in ("LOC-", "USR-", "CMD-", "DOC-")]
    return [intake.understand(intake.capture(raw_scan(station, text)), today) for text in scans]


def key_does(action: str) -> Callable[[Home, Config], object]:
    """Whether F12, or the key as it is by default, does what the action does in a task; of `sync`, at a fault."""

    def seen(home: Home, config: Config) -> object:
        worker = at_receiving(home(config))
        tried: list[bool] = []
        worker.front.retry = lambda: tried.append(True)
        if action == "sync":
            worker.front.stopped(ConfigError("X", "x"))
            return [hint.key for hint in worker.view().keys]
        before = worker.view()
        return worker.press("F12") == before

    return seen


def beeper(_: Home, config: Config) -> object:
    made = beeper_of(config, lambda _: None, console=False)
    made.close()
    return type(made)


def scanner_status(home: Home, config: Config) -> object:
    scanners = scanners_of(home(config).station)
    board = ScannerBoard(scanners)
    return [(each.name, each.tested) for each in scanners], board.text()


def profile(_: Home, config: Config) -> object:
    return profile_of(config.scanner[0])


def promises(home: Home, config: Config) -> object:
    """Whether a scan without a symbology identifier is understood."""
    station = home(config).station
    intake = intake_of(station)
    raw = scan_of_text("4006381333931", source="s", monotonic_ns=0, wall_ms=0, profile="scanner")
    return intake.understand(intake.capture(raw), station.clock.now().date())


SEEN: dict[tuple[str, str], tuple[Any, Callable[[Home, Config], object]]] = {
    ("site", "id"): ("OSL", origin),
    ("site", "name"): ("Oslo", status),
    ("site", "time_zone"): ("Asia/Tokyo", status),
    ("site", "owner"): ("acme", owner),
    ("device", "id"): ("OTHER", whose_ledger),
    ("device", "read_point"): ("DOCK-2", status),
    ("device", "cage"): ("CAGE-9", quarantined),
    ("screen", "theme"): ("light", theme),
    ("screen", "language"): ("xx", language),
    ("screen", "idle_lock_minutes"): (5, locked),
    ("scan", "guard_ms"): (2000, confirmed),
    ("scan", "spill_after_ms"): (50, bounds),
    ("scan", "queue_max"): (20, bounds),
    ("scan", "wedge"): (False, pasted),
    **{("labels", name): (f"X{name}-", understood) for name in ("location", "badge", "command", "document")},
    **{("keys", each.name): ("F12", key_does(each.name)) for each in dataclasses.fields(TABLES["keys"])},
    ("sound", "adapter"): ("silent", beeper),
    ("scanner", "name"): ("cold room", scanner_status),
    ("scanner", "port"): ("", scanner_status),
    ("scanner", "bit_rate"): (19200, profile),
    ("scanner", "terminator"): ("CR", profile),
    ("scanner", "idle_gap_ms"): (50, profile),
    ("scanner", "separator"): ("#", profile),
    ("scanner", "prefix"): ("<", profile),
    ("scanner", "suffix"): (">", profile),
    ("scanner", "require_symbology"): (False, promises),
    ("scanner", "commissioned"): (True, scanner_status),
}  # fmt: skip
"""Another value for each key, and where it is seen."""

KNOWN = {
    *((name, each.name) for name, kind in TABLES.items() for each in dataclasses.fields(kind)),
    *(("scanner", each.name) for each in dataclasses.fields(ScannerTable)),
}


def test_every_key_is_looked_at() -> None:
    assert set(SEEN) == KNOWN


def with_key(table: str, key: str, value: object | None) -> Config:
    """The demonstration's configuration with one scanner, and one key changed."""
    tables: dict[str, Any] = {"device": {"id": "DEMO-1"}, "scanner": [{"port": "/nowhere/scanner"}]}
    if value is not None:
        place = tables["scanner"][0] if table == "scanner" else tables.setdefault(table, {})
        place[key] = value
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(configuration.CHOICES, ("screen", "language"), ("en", "xx"))
        return config_of(tables, "test")


@pytest.fixture
def home(demo_home: Path, tmp_path: Path) -> Iterator[Home]:
    made: list[Worker] = []

    def make(config: Config) -> Worker:
        worker = Worker(demo_home, tmp_path / f"home{len(made)}", config)
        made.append(worker)
        return worker

    yield make
    for worker in made:
        worker.ledger.close()


@pytest.mark.parametrize(("table", "key"), sorted(SEEN))
def test_a_key_changes_what_is_seen(home: Home, table: str, key: str) -> None:
    value, seen = SEEN[table, key]
    assert seen(home, with_key(table, key, None)) != seen(home, with_key(table, key, value))
