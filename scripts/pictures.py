"""Draw the pictures of the documents with the real terminal on the demonstration site: `python scripts/pictures.py`.

Each picture is the screen's own layout of the view that the headless terminal gives after real scans on a real ledger.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scanner_app.bootstrap import Station, desk_of, intake_of, open_ledger
from scanner_app.cli.init import Names, make_home
from scanner_app.clock import SettableClock
from scanner_app.config import Home, read_config
from scanner_app.demo.labels import badge_scan, document_scan, expected_scan
from scanner_app.intake import replayed_scan
from scanner_app.terminal.front import Front
from scanner_app.terminal.presenter import Presenter, ScannerText
from scanner_app.workflows.step import Line
from screens.picture import render_svg
from screens.theme import ThemeName

if TYPE_CHECKING:
    from scanner_app.terminal.desk import Told

TODAY = date(2026, 11, 22)
FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
COLUMNS, ROWS = 40, 20


def main() -> int:
    """Writes docs/pictures/*.svg."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        draw(Path(folder))
    return 0


def draw(folder: Path) -> None:
    """Receives a few packs of a delivery, and draws what the worker sees."""
    home = Home(folder / "config.toml", folder)
    site = make_home(home, TODAY.isoformat(), Names(), demo=True)
    clock = SettableClock(datetime(2026, 11, 22, 8, 40, tzinfo=UTC))
    station = Station(home, read_config(home.config_path), clock)
    heard: list[Told] = []
    front = Front(
        lambda ledger: desk_of(station, ledger), clock, station.config.keys, 600, lambda _: None, heard.append
    )
    presenter = Presenter(station.config, clock, lambda: ScannerText(Line("screen.scanner.ready"), ok=True), None)
    ledger = open_ledger(station)
    front.take(ledger)

    def scan(text: str) -> None:
        clock.advance(1000)
        now_ms = round(clock.now().timestamp() * 1000)
        raw = replayed_scan(text, "virtual", clock.monotonic_ns(), now_ms, commissioned=True)
        front.scan(intake_of(station).capture(raw), confirms=True)

    def picture(name: str) -> None:
        front.publish(ledger.counters().scans_saved, 0)
        svg = render_svg(presenter.view(front), COLUMNS, ROWS, ThemeName.DARK)
        (FOLDER / f"{name}.svg").write_text(svg, "utf-8")

    person = site.operator("USR-1001")
    packs = {unit.lot: unit for unit in site.document("ASN-1002").units}
    scan(badge_scan(person))
    front.type_text(person.pin)
    front.press("enter")
    picture("menu")
    scan(document_scan("ASN-1002"))
    scan(expected_scan(packs["N31"]))
    picture("receiving")
    scan(expected_scan(packs["N08"]))
    picture("stop")
    scan(expected_scan(packs["C90"]))
    picture("recall")
    ledger.close()


if __name__ == "__main__":
    sys.exit(main())
