"""The floor, for real: fast scanning, bursts and battery pulls on the product's own process, pty and ledger."""

from __future__ import annotations

import base64
import json
import random
import sqlite3
import time
from datetime import date
from typing import TYPE_CHECKING

import pytest

from scanner_app.demo.labels import badge_scan, command_scan, place_scan, unit_scan
from scanner_app.demo.site import DemoOperator, DemoSite, load_demo
from tests.system.handheld import Handheld, command, demo_home, plugged, verified, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devices.simulator import VirtualScanner

SUPERVISOR = "USR-1004"
KILLS = 50
SEED = 20261122


@pytest.fixture
def site(today: date) -> DemoSite:
    return load_demo(today)


@pytest.fixture
def today() -> date:
    return date(2026, 11, 22)


@pytest.fixture
def home(tmp_path: Path, today: date) -> Path:
    return demo_home(tmp_path, today.isoformat())


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[VirtualScanner]:
    with plugged(tmp_path) as virtual:
        yield virtual


def labels(site: DemoSite, count: int, batch: str = "B") -> list[str]:
    """Scans of so many different packs of one ambient item."""
    item = next(each for each in site.items if each.serialised and each.storage_class.value == "ambient")
    expiry = site.today.replace(year=site.today.year + 2)
    return [unit_scan(item.gtin, "SYS1", expiry, f"{batch}{number:05d}") for number in range(count)]


def sign_in(handheld: Handheld, scanner: VirtualScanner, person: DemoOperator) -> None:
    """The badge, then the PIN."""
    wait_until(lambda: len(handheld.output) > 1000, "the first paint")
    heard = handheld.bells
    scanner.scan(badge_scan(person))
    wait_until(lambda: handheld.bells > heard, "the badge's tone")
    heard = handheld.bells
    handheld.type(person.pin + "\r")
    wait_until(lambda: handheld.bells > heard, "the sign-in's tone")


def begin_counting_stock(handheld: Handheld, scanner: VirtualScanner, site: DemoSite) -> None:
    """The supervisor signs in and opens an opening balance in an ambient bin."""
    sign_in(handheld, scanner, site.operator(SUPERVISOR))
    for label in (command_scan("OPENING"), place_scan("A-01-1")):
        heard = handheld.bells
        scanner.scan(label)
        wait_until(lambda before=heard: handheld.bells > before, "the place's tone")


def scanned(home: Path) -> list[str]:
    """The text of every saved scan, in the order of the ledger."""
    with sqlite3.connect(f"file:{home / 'ledger.db'}?mode=ro", uri=True) as ledger:
        rows = ledger.execute("SELECT bytes FROM entry ORDER BY epoch_no, seq").fetchall()
    entries = [json.loads(row[0]) for row in rows]
    return [base64.b64decode(entry["raw"]["bytes"]).decode() for entry in entries if entry["raw"] is not None]


def inbox(home: Path) -> list[str]:
    """The text of every scan that waits in the inbox, in order."""
    with sqlite3.connect(f"file:{home / 'ledger.db'}?mode=ro", uri=True) as ledger:
        return [row[0] for row in ledger.execute("SELECT text FROM inbox ORDER BY n")]


def test_a_burst_of_500_frames_is_500_entries_in_order(
    home: Path, scanner: VirtualScanner, site: DemoSite, today: date
) -> None:
    packs = labels(site, 500)
    with Handheld(home, today.isoformat()) as handheld:
        begin_counting_stock(handheld, scanner, site)
        scanner.send("".join(f"{pack}\r" for pack in packs).encode())
        wait_until(lambda: len(scanned(home)) >= 503, "500 entries")
    assert scanned(home)[3:] == packs
    assert inbox(home) == []
    verified(home)


def test_twenty_a_second_for_a_minute_are_1200_entries_in_order(
    home: Path, scanner: VirtualScanner, site: DemoSite, today: date
) -> None:
    packs = labels(site, 1200)
    with Handheld(home, today.isoformat()) as handheld:
        begin_counting_stock(handheld, scanner, site)
        begun = time.monotonic()
        for number, pack in enumerate(packs):
            time.sleep(max(0.0, begun + number / 20 - time.monotonic()))
            scanner.scan(pack)
        wait_until(lambda: len(scanned(home)) >= 1203, "1200 entries")
        assert b"DOES NOT ADD UP" not in handheld.output
    assert scanned(home)[3:] == packs
    verified(home)


def test_a_battery_pull_in_the_burst_loses_nothing_saved_or_spilled(
    home: Path, scanner: VirtualScanner, site: DemoSite, today: date
) -> None:
    packs = labels(site, 500)
    with Handheld(home, today.isoformat()) as handheld:
        begin_counting_stock(handheld, scanner, site)
        scanner.send("".join(f"{pack}\r" for pack in packs).encode())
        wait_until(lambda: len(scanned(home)) >= 150, "150 entries")
    kept = scanned(home)[3:] + inbox(home)
    assert kept == packs[: len(kept)]
    with Handheld(home, today.isoformat()):
        wait_until(lambda: not inbox(home), "the inbox judged")
    assert scanned(home)[3:] == kept
    verified(home)


def test_fifty_battery_pulls_lose_nothing_that_was_acknowledged(
    home: Path, scanner: VirtualScanner, site: DemoSite, today: date
) -> None:
    chance = random.Random(SEED)
    packs = iter(labels(site, 5000, "K"))
    with Handheld(home, today.isoformat()) as handheld:
        begin_counting_stock(handheld, scanner, site)
    sent: list[str] = []
    for _ in range(KILLS):
        before = len(scanned(home)) + len(inbox(home))
        with Handheld(home, today.isoformat()) as handheld:
            wait_until(lambda held=handheld: b"A-01-1" in held.output, "the same prompt")
            for _ in range(chance.randrange(3, 20)):
                pack = next(packs)
                scanner.scan(pack)
                sent.append(pack)
                time.sleep(chance.uniform(0.0, 0.03))
            time.sleep(chance.uniform(0.0, 0.08))
            handheld.kill()
            acknowledged = handheld.bells
        assert len(scanned(home)) + len(inbox(home)) >= before + acknowledged
        verified(home)
    kept = scanned(home)[3:]
    assert [pack for pack in sent if pack in set(kept)] == kept


def test_stock_after_the_shift_is_what_was_scanned(
    home: Path, scanner: VirtualScanner, site: DemoSite, today: date
) -> None:
    packs = labels(site, 5)
    with Handheld(home, today.isoformat()) as handheld:
        begin_counting_stock(handheld, scanner, site)
        for pack in packs:
            scanner.scan(pack)
        wait_until(lambda: len(scanned(home)) >= 8, "5 entries")
    asked = command("stock", "--lot", "SYS1", "--serials", "--json", "--now", today.isoformat(), home=home)
    lines = [json.loads(line) for line in asked.stdout.split("\n") if line]
    assert [(line["location"], line["quantity"], len(line["serials"])) for line in lines] == [("A-01-1", 5, 5)]
