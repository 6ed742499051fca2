"""The running terminal and a real centre: nothing is lost, and the screen says what is so."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scanner_app.bootstrap import station_of
from scanner_app.bootstrap.scanners import virtual_scanner
from scanner_app.bootstrap.terminal import Terminal
from scanner_app.config import Home, SoundTable
from scanner_app.terminal.view import Link, Mark, Room
from sync.binding import read_binding
from tests.bootstrap.running import Running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scanner_app.terminal.view import HealthRow, View
    from tests.linked.conftest import Homes

SOON_S = 10.0
LINE = {"gtin": "09521006000715", "lot": "S11", "expiry": "2030-10-22", "quantity": 9}
BADGE, PIN = "USR-1001.9q5ZE4C4v4b2XT4J", "2468"


@contextmanager
def at_work(home: Path) -> Iterator[Running]:
    station = station_of(Home(home / "config.toml", home))
    station = replace(station, config=replace(station.config, sound=SoundTable("bell")))
    with virtual_scanner(station) as (scanner, plugged):
        terminal = Terminal(station, [plugged])
        running = Running(station, scanner, terminal)
        terminal.start()
        running.wait_for(lambda: terminal.view().scanner_text == "scanner ready")
        try:
            yield running
        finally:
            terminal.stop()


def view(running: Running) -> View:
    return running.terminal.view()


def sign_in(running: Running) -> None:
    running.scanner.scan(BADGE)
    running.wait_for(lambda: view(running).secret)
    running.terminal.type_text(PIN)
    running.terminal.key("enter")
    running.wait_for(lambda: view(running).room is Room.MENU)


def health(running: Running, name: str) -> HealthRow:
    return next(row for row in view(running).health if row.name == name)


def test_what_is_scanned_is_at_the_centre_at_once_and_the_meter_says_so(homes: Homes) -> None:
    with at_work(homes.enrolled("A")) as running:
        running.wait_for(lambda: view(running).status.link is Link.ONLINE)
        for number in range(20):
            running.scanner.scan(f"LOC-A-01-{number}")
        running.wait_for(lambda: view(running).meter.sent == 20)
        meter = view(running).meter
        assert (meter.scans, meter.saved, meter.waiting, meter.parked, meter.oldest_unsent) == (20, 20, 0, 0, "")
        assert view(running).status.link_text == "online"


def test_the_meter_tells_the_truth_while_the_centre_is_away(homes: Homes) -> None:
    with at_work(homes.enrolled("A")) as running:
        running.scanner.scan("LOC-A-01-1")
        running.wait_for(lambda: view(running).meter.sent == 1)
        homes.centre.stop()
        for number in range(50):
            running.scanner.scan(f"LOC-B-01-{number}")
        running.wait_for(lambda: view(running).meter.saved == 51)
        assert view(running).meter.sent == 1
        running.wait_for(lambda: view(running).status.link is Link.OFFLINE)
        assert view(running).status.link_text == "OFFLINE"
        homes.centre.start()
        running.wait_for(lambda: view(running).meter.sent == 51)
    assert homes.centre.command("verify").startswith('{"ok": true')


def test_what_one_handheld_scanned_the_other_hears_of_by_the_stream(homes: Homes) -> None:
    """Long before its own next look at the feed, which is in fifteen seconds."""
    with at_work(homes.enrolled("A")) as first, at_work(homes.enrolled("B")) as second:
        sign_in(second)
        second.wait_for(lambda: view(second).meter.sent == 1)
        before = _number(second)
        first.scanner.scan("LOC-A-01-1")
        first.wait_for(lambda: view(first).meter.sent == 1)
        second.look_for(lambda: _number(second) > before, SOON_S)


def _number(running: Running) -> int:
    return running.terminal._consumer.call(lambda ledger: ledger.site.feed_n)


def test_a_worker_can_stay_offline_and_go_on(homes: Homes) -> None:
    with at_work(homes.enrolled("A")) as running:
        running.wait_for(lambda: view(running).status.link is Link.ONLINE)
        sign_in(running)
        running.wait_for(lambda: view(running).meter.sent == 1)
        assert ("F9", "Sync") in [(hint.key, hint.label) for hint in view(running).keys]
        running.terminal.key("F9")
        running.wait_for(lambda: view(running).room is Room.HEALTH)
        assert health(running, "centre").text == "online"
        assert health(running, "site stock").text == "up to date"
        running.terminal.key("F9")
        running.wait_for(lambda: view(running).status.link is Link.OFFLINE)
        assert health(running, "centre").remedy == "kept offline by hand: F9 ends it"
        assert ("F9", "Go online") in [(hint.key, hint.label) for hint in view(running).keys]
        running.scanner.scan("LOC-A-01-1")
        running.wait_for(lambda: view(running).meter.saved == 2)
        assert view(running).meter.sent == 1
        running.terminal.key("F3")
        running.wait_for(lambda: view(running).room is Room.MENU)
        running.terminal.key("F9")
        running.terminal.key("F9")
        running.wait_for(lambda: view(running).meter.sent == 2)


def test_a_revoked_handheld_says_so_where_everybody_looks(homes: Homes) -> None:
    home = homes.enrolled("A")
    binding = read_binding(home)
    assert binding is not None
    with at_work(home) as running:
        running.wait_for(lambda: view(running).status.link is Link.ONLINE)
        sign_in(running)
        homes.centre.command("device", "revoke", binding.device)
        running.scanner.scan("LOC-A-01-1")
        running.wait_for(lambda: view(running).status.link_text == "NOT LET IN")
        running.terminal.key("F3")
        running.terminal.key("F9")
        running.wait_for(lambda: view(running).room is Room.HEALTH)
        row = health(running, "centre")
        assert row.mark is Mark.STOP
        assert row.remedy == "the centre does not know this device: tell a supervisor. Scans are kept"
        assert view(running).meter.saved == 2


def test_a_delivery_that_comes_while_the_menu_is_shown_is_counted_in_it(homes: Homes) -> None:
    def waiting(running: Running) -> str:
        return view(running).menu[0].detail

    with at_work(homes.enrolled("A")) as running:
        sign_in(running)
        before = waiting(running)
        document = {"id": f"PO-{running.station.config.device.id}", "kind": "po", "partner": "Trader", "lines": [LINE]}
        told = homes.centre.tried("import", "documents", str(_written(running.station.home.state_folder, document)))
        assert told.returncode == 0, told.stdout + told.stderr
        running.wait_for(lambda: waiting(running) != before)


def _written(folder: Path, document: dict[str, Any]) -> Path:
    path = folder / "documents.json"
    path.write_text(json.dumps([document]), "utf-8")
    return path


def test_a_handheld_is_enrolled_by_scanning_the_code_and_no_file_holds_it(homes: Homes) -> None:
    home = homes.make("A")
    code = homes.centre.code(f"{homes.folder.name}-scanned")
    with at_work(home) as running:
        left: list[bool] = []
        running.terminal.quitting(lambda: left.append(running.terminal.enrolled))
        running.scanner.scan(f"{homes.centre.url}/#enrol={code}X")
        running.wait_for(lambda: "not enrolled" in _headline(running))
        assert "does not take the code" in _headline(running)
        running.scanner.scan(f"{homes.centre.url}/#enrol={code}")
        running.look_for(lambda: bool(left))
        assert left == [True]
        assert view(running).meter.scans == 0
    kept = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    assert not [content for content in kept if code.encode() in content]
    with at_work(home) as running:
        running.wait_for(lambda: view(running).status.link is Link.ONLINE)
        assert view(running).status.site == "Demo"


def test_a_worker_in_a_task_can_hurry_while_there_is_no_link(homes: Homes) -> None:
    def keys(running: Running) -> list[tuple[str, str]]:
        return [(hint.key, hint.label) for hint in view(running).keys]

    with at_work(homes.enrolled("A")) as running:
        sign_in(running)
        running.wait_for(lambda: view(running).status.link is Link.ONLINE)
        running.terminal.key("F8")
        running.wait_for(lambda: view(running).room is Room.ENQUIRY)
        assert ("F9", "Sync") not in keys(running)
        homes.centre.stop()
        running.scanner.scan("LOC-A-01-1")
        running.wait_for(lambda: view(running).status.link is Link.OFFLINE)
        assert ("F9", "Sync") in keys(running)
        homes.centre.start()
        running.terminal.key("F9")
        running.wait_for(lambda: view(running).status.link is Link.ONLINE)
        assert view(running).room is Room.ENQUIRY
        running.wait_for(lambda: view(running).meter.sent == 2)


def test_no_label_takes_a_handheld_over(homes: Homes) -> None:
    """Not while somebody works, and not one that is enrolled: its own centre has to send it away first."""
    home = homes.enrolled("A")
    before = read_binding(home)
    address = f"{homes.centre.url}/#enrol={homes.centre.code(f'{homes.folder.name}-other')}"
    with at_work(home) as running:
        running.scanner.scan(address)
        running.wait_for(lambda: "enrolled already" in _headline(running))
        sign_in(running)
        running.scanner.scan(address)
        running.wait_for(lambda: "sign out first" in _headline(running))
        assert view(running).meter.scans == 1
    assert read_binding(home) == before


def _headline(running: Running) -> str:
    panel = view(running).panel
    return "" if panel is None else panel.headline
