"""kill -9 of handhelds and centre, again and again, while scans flow and are sent: nothing acknowledged is lost."""

from __future__ import annotations

import random
import signal
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.system.handheld import Handheld, wait_until
from tests.system.linked import assert_converged, assert_held, await_settled, linked_home
from tests.system.test_floor import begin_counting_stock, inbox, labels, scanned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devices.simulator import VirtualScanner
    from scanner_app.demo.site import DemoSite
    from tests.centre import RunningCentre

KILLS = 100
SEED = 20261127
CENTRE = "the centre"
BEGUN = 3
"""Scans before the first pack: badge, card, place."""


def kept(home: Path) -> list[str]:
    """Every scan that is saved, and those that wait in the inbox."""
    return scanned(home) + inbox(home)


@dataclass
class AtWork:
    """A handheld that is scanned with and pulled out."""

    home: Path
    scanner: VirtualScanner
    packs: Iterator[str]
    sent: list[str] = field(default_factory=list)
    handheld: Handheld = field(init=False)
    before: int = 0
    """What was kept when it was started last."""
    heard: int = 0
    """Good tones before it was pulled out, each time."""

    def start(self) -> None:
        self.before = len(kept(self.home))
        self.handheld = Handheld(self.home).__enter__()
        wait_until(lambda: b"A-01-1" in self.handheld.output, "the same prompt")

    def scan(self) -> None:
        pack = next(self.packs)
        self.sent.append(pack)
        self.scanner.scan(pack)

    def pull_out(self) -> None:
        """The battery goes; what was heard as good is kept."""
        self.handheld.kill()
        heard = self.handheld.bells
        self.heard += heard
        found = len(kept(self.home))
        assert found >= self.before + heard, (self.home, self.before, heard, found)

    def end(self) -> None:
        """Whatever runs by then is gone."""
        self.handheld.kill()

    def assert_in_order(self) -> None:
        """Nothing is there that was not scanned, nothing twice, and all in the order of the scanner."""
        found = kept(self.home)[BEGUN:]
        assert [pack for pack in self.sent if pack in set(found)] == found


def made(folder: Path, centre: RunningCentre, demo: DemoSite, name: str, stack: ExitStack) -> AtWork:
    """A handheld in the middle of an opening balance."""
    scanner = stack.enter_context(linked_home(folder / name, centre, name))
    home = folder / name / "home"
    with Handheld(home) as handheld:
        begin_counting_stock(handheld, scanner, demo)
    at_work = AtWork(home, scanner, iter(labels(demo, 5000, name)))
    at_work.start()
    stack.callback(at_work.end)
    return at_work


def scan_on(devices: list[AtWork], chance: random.Random) -> None:
    """Packs on all of them at once, as fast as hands can, and a moment in which something is being saved or sent."""
    for _ in range(chance.randrange(2, 10)):
        for device in devices:
            device.scan()
        time.sleep(chance.uniform(0.0, 0.05))
    time.sleep(chance.uniform(0.0, 0.3))


def test_a_hundred_kills_of_devices_and_centre_lose_nothing_that_was_acknowledged(
    tmp_path: Path, centre: RunningCentre, demo: DemoSite
) -> None:
    chance = random.Random(SEED)
    killed, amid = Counter[str](), 0
    with ExitStack() as stack:
        devices = [made(tmp_path, centre, demo, name, stack) for name in ("A", "B")]
        homes = [device.home for device in devices]
        for number in range(KILLS):
            scan_on(devices, chance)
            victim = chance.choice([None, None, *devices])
            name = CENTRE if victim is None else victim.home.parent.name
            sys.stdout.write(f"seed {SEED}, kill {number}: {name}\n")
            if victim is not None:
                victim.pull_out()
                victim.assert_in_order()
            else:
                centre.stop(signal.SIGKILL)
                scan_on(devices, chance)
            held = [assert_held(home, centre) for home in homes]
            amid += any(0 < count < len(scanned(home)) for count, home in zip(held, homes, strict=True))
            killed[name] += 1
            if victim is not None:
                victim.start()
            else:
                centre.start()
        wait_until(lambda: all(not inbox(home) for home in homes), "the inboxes judged")
        await_settled(homes, centre)
        for device in devices:
            device.pull_out()
            device.assert_in_order()
    assert min(killed.values()) > KILLS // 10, killed
    assert all(device.heard > KILLS for device in devices), [device.heard for device in devices]
    assert amid > KILLS // 4, f"only {amid} kills came while something was sent and something was not"
    assert_converged(centre, homes)
