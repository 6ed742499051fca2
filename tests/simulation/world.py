"""One seed is one run: devices, their network and their centre, all real, and all that goes wrong between them."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from server.feed import head_of
from server.problems import ProblemError
from server.pushes import prepare
from sync.backoff import RETRY_AFTER_MAX_MS
from sync.engine import HEADS_EVERY_MS, Engine
from sync.wire import ROWS_MAX
from tests.server.handhelds import START_MS
from tests.simulation.centre import Centre
from tests.simulation.device import Device, Holder
from tests.simulation.disks import SITES, folder, repeatable
from tests.simulation.outcome import look_at
from tests.simulation.promises import BrokenPromiseError, promise
from tests.simulation.stranger import Stranger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from server.pushes import Identity, Prepared

STEPS: Final = (8, 16, 24)
DEVICES_MAX: Final = 4
CALM_MS: Final = RETRY_AFTER_MAX_MS + HEADS_EVERY_MS
"""Pauses are over then, and the heads are due."""

QUIET_ROUNDS_MAX: Final = 30
QUIET_TURNS_MAX: Final = 400
BETWEEN_ROUNDS_MS: Final = 8 * 60_000
SOON_MS: Final = 5_000
TOLD_MAX: Final = 240
"""Characters of one thing that happens, for a reader."""

DIGESTS: Final = "SELECT DISTINCT digest FROM list_chunk ORDER BY digest"

WEATHER: Final[dict[str, tuple[float, ...]]] = {
    "request lost": (0, 0.05, 0.3),
    "late request": (0, 0.05, 0.2),
    "request twice": (0, 0.05, 0.3),
    "request spoilt": (0, 0, 0.05),
    "refused": (0, 0.02, 0.1),
    "answer lost": (0, 0.05, 0.3),
    "answer spoilt": (0, 0.02, 0.1),
    "centre ends before commit": (0, 0.05, 0.2),
    "centre ends after commit": (0, 0.02, 0.1),
    "device ends before an effect": (0, 0.01, 0.05),
    "device ends after an effect": (0, 0.01, 0.05),
    "meanwhile": (0, 0.1, 0.3),
    "scan beside": (0, 0.05, 0.2),
    "snapshot spoilt on the disk": (0, 0, 0.2),
    "list lost or spoilt": (0, 0, 0.3),
    "program restarted": (0, 0.02, 0.1),
    "image kept": (0.1,),
    "disk put back": (0, 0.03, 0.1),
    "cloned": (0, 0, 0.05),
    "renamed": (0, 0, 0.02),
    "clock jumps": (0, 0.05),
    "base spoilt": (0, 0, 0.05),
    "standby follows": (0.1,),
    "backup": (0, 0.02, 0.05),
    "centre put back": (0, 0.02, 0.06),
    "records kept": (0, 0.1, 0.3),
    "poison": (0, 0.1, 0.3),
    "list sent by another": (0, 0.1, 0.3),
}
"""What may happen, and how often: of each kind none, a little or a lot, drawn for each run."""

NO_FAULTS: Final = frozenset({"meanwhile", "scan beside", "image kept", "standby follows", "backup", "records kept"})
"""What happens on a good day too."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to. `finding`: what does not hold, None: everything does."""

    seed: int
    finding: str | None
    figures: Counter[str]


class World:
    """One run."""

    def __init__(
        self, seed: int, place: Path, engine: Callable[..., Engine] = Engine, *, telling: bool = False
    ) -> None:
        """Everything follows from the seed, and from which engine it is."""
        self.source = Random(seed)
        self.place = place
        self.engine = engine
        self.telling = telling
        self.now_ms = self.source.randrange(10_000_000)
        self.weather = {name: self.source.choice(odds) for name, odds in WEATHER.items()}
        self.is_quiet = False
        self.figures: Counter[str] = Counter()
        self.late: list[tuple[Identity, bytes]] = []
        self.events: list[str] = []
        self.doubted: set[str] = set()
        """Events that the centre will not count."""
        self.doubtful_lists: set[str] = set()
        """Lists that some device lost or spoilt."""
        self.replaced: set[str] = set()
        """Events of which a disk was put away: they may be lost, if they were nowhere else."""
        self.devices: list[Device] = []
        self.ids = Random(self.source.getrandbits(60))
        self.centre = Centre(place, Random(self.source.getrandbits(60)), self.centre_ms, self.new_id)
        self.sites = SITES[: self.source.choice((1, 1, 2))]
        self.strangers = [Stranger(self, Random(self.source.getrandbits(60)), self.sites[-1])]
        for number in range(self.source.choice((1, 2, 2, 3))):
            self.add_device(number)

    def add_device(self, number: int) -> None:
        """A fresh handheld."""
        label = f"D{number}"
        holder = Holder(label, self.sites[number % len(self.sites)])
        source = Random(self.source.getrandbits(60))
        self.devices.append(Device(self, label, holder, self.place / label, source))

    # What devices and centre need of their surroundings.

    def centre_ms(self) -> int:
        """The centre's clock."""
        return START_MS + self.now_ms

    def new_id(self) -> str:
        """A UUIDv7's text."""
        digits = f"{self.ids.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-7{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"

    def make_engine(self, source: Random, entries_max: int) -> Engine:
        """The engine of a program that has just been started."""
        return self.engine(source, entries_max=entries_max)

    def other_site(self, site: str) -> str:
        """Another site of the same centre."""
        return next(each for each in SITES if each != site)

    def some_event(self) -> str | None:
        """An event that some device has made."""
        return self.source.choice(self.events) if self.events else None

    def some_list(self, site: str) -> tuple[str, list[bytes]] | None:
        """A member list of some device of a site; one that its device has lost, if there is any."""
        devices = [device for device in self.devices if device.identity.site == site]
        lost = [(device, digest) for device in devices for digest in sorted(device.lost_lists)]
        known = lost or [(device, row[0]) for device in devices for row in device.ledger._connection.execute(DIGESTS)]
        if not known:
            return None
        device, digest = self.source.choice(known)
        return digest, device.ledger.outbox.chunks_of(digest)

    def made(self, event_id: str) -> None:
        """An entry was saved."""
        self.events.append(event_id)
        self.figures["entries"] += 1

    def happens(self, what: str) -> bool:
        """Whether it does, now; counted."""
        if self.source.random() >= self.weather[what]:
            return False
        self.figures[what] += 1
        if what not in {"meanwhile", "scan beside"}:
            self.tell(what)
        return True

    def count(self, what: str) -> None:
        """For the figures."""
        self.figures[what] += 1

    def did(self, what: str) -> bool:
        """Whether it has happened in this run."""
        return self.figures[what] > 0

    def tell(self, *words: object) -> None:
        """What happens, for a reader."""
        if self.telling:
            sys.stdout.write(f"{self.now_ms:>9} {' '.join(map(str, words))[:TOLD_MAX]}\n")

    def meanwhile(self, asking: Device) -> None:
        """While one waits for its answer, another goes on; or its own worker does."""
        if self.is_quiet or not self.happens("meanwhile"):
            return
        others = [device for device in self.devices if device is not asking]
        if others and self.source.random() < 0.5:
            other = self.source.choice(others)
            former, self.weather["meanwhile"] = self.weather["meanwhile"], 0
            other.turn()
            self.weather["meanwhile"] = former
        else:
            asking.scan()

    def scan_beside(self, device: Device) -> None:
        """The worker does not wait for the sync."""
        if self.happens("scan beside"):
            device.scan()

    def late_beside(self, site: str) -> list[Prepared]:
        """Late requests of a site that come into the same commit."""
        found = [each for each in self.late if each[0].site == site] if self.source.random() < 0.2 else []
        for each in found[:2]:
            self.late.remove(each)
        return [prepare(*each) for each in found[:2]]

    # What happens.

    def play(self) -> None:
        """Raises BrokenPromiseError where a promise does not hold."""
        for _ in range(self.source.choice(STEPS)):
            self.now_ms += self.source.choice((1, 50, 2_000, 20_000))
            self.figures["steps"] += 1
            self.happen()
            device = self.source.choice(self.devices)
            for _ in range(self.source.choice((1, 1, 2, 4))):
                device.turn()
                self.figures["turns"] += 1
            device.check()
        self.be_quiet()

    def happen(self) -> None:
        """Scans, and what nobody hopes for."""
        device = self.source.choice(self.devices)
        for _ in range(self.source.choice((0, 0, 1, 1, 2, 4))):
            device.scan()
        if self.source.random() < 0.1:
            self.source.choice((device.driver.engine.hint, device.driver.engine.hurry))()
        self.happen_to(device)
        self.happen_to_centre()
        while self.late and self.source.random() < 0.3:
            self.arrive_late()

    def happen_to(self, device: Device) -> None:
        """What becomes of a device and its disk."""
        if self.happens("program restarted"):
            device.restart(reboot=self.source.random() < 0.5)
        if self.happens("clock jumps"):
            device.skew_ms += self.source.choice((-1, 1)) * self.source.choice((1_000, 3_600_000, 400 * 86_400_000))
            if self.source.random() < 0.3:
                device.started_ms += self.source.randrange(device.mono_ms() + 1)
        if self.happens("image kept"):
            device.keep_image()
        if device.image is not None and self.happens("disk put back"):
            self.replaced |= device.put_image_back()
        if len(self.devices) < DEVICES_MAX and self.happens("cloned"):
            label = f"D{len(self.devices)}"
            self.devices.append(device.twin(label, self.place / label))
        if self.happens("renamed"):
            device.rename(f"{device.label}-{self.figures['renamed']}")
        if self.weather["base spoilt"] and self.happens("base spoilt"):
            device.spoil_base()

    def happen_to_centre(self) -> None:
        """What becomes of the centre and its books."""
        if self.happens("standby follows"):
            self.centre.follow()
        if self.happens("backup"):
            self.centre.back_up()
        if self.happens("centre put back"):
            self.tell("the centre is", self.centre.restore())
        if self.happens("records kept"):
            self.tell(self.centre.keep_records(self.source.choice(self.sites)))
        if self.happens("poison"):
            stranger = self.source.choice(self.strangers)
            self.tell("a stranger:", stranger.write())
            if self.source.random() < 0.5:
                stranger.push()
        if self.happens("list sent by another"):
            self.source.choice(self.strangers).meddle()

    def arrive_late(self) -> None:
        """A request that its sender gave up, or has sent again, reaches the centre."""
        identity, body = self.late.pop(self.source.randrange(len(self.late)))
        self.count("arrived late")
        try:
            self.centre.push(identity, body)
        except ProblemError as problem:
            promise(problem.code != "INTERNAL", "a late request is a fault of the centre's")

    # When it is over.

    def be_quiet(self) -> None:
        """The weather turns fine: everything drains, soon and without a storm of requests, and all hold the same."""
        self.tell("quiet")
        self.is_quiet = True
        self.weather = dict.fromkeys(WEATHER, 0.0)
        for device in self.devices:
            device.page_rows = ROWS_MAX
        while self.late:
            self.arrive_late()
        for stranger in self.strangers:
            stranger.push_all()
        self.drain()
        self.now_ms += CALM_MS
        self.drain()
        look_at(self)

    def drain(self) -> None:
        """Until every device waits, has sent all, and has all there is; between the rounds much time goes by."""
        for _ in range(QUIET_ROUNDS_MAX):
            for device in self.devices:
                self.rest(device)
            if self.is_drained():
                return
            self.now_ms += BETWEEN_ROUNDS_MS
        left = [device.label for device in self.devices if not is_drained(device)]
        raise BrokenPromiseError(f"does not drain: {left}")

    def rest(self, device: Device) -> None:
        """One device until it has nothing to do for a while."""
        for _ in range(QUIET_TURNS_MAX):
            self.figures["turns until quiet"] += 1
            due_ms = device.turn()
            if due_ms > self.now_ms + SOON_MS:
                return device.check()
            self.now_ms = due_ms
        raise BrokenPromiseError(f"{device.label} asks and asks, and does not get further")

    def is_drained(self) -> bool:
        """Whether every device has sent all, knows it, and has all there is."""
        return all(map(is_drained, self.devices))

    def close(self) -> None:
        """Lets go of all files."""
        for device in self.devices:
            device.end()
        self.centre.books.close()


def is_drained(device: Device) -> bool:
    """Whether all of a device is acknowledged, and both its cursors are where the feed ends."""
    cursor = head_of(device.world.centre.session, device.identity.site).cursor
    site = device.ledger.site
    at_head = site.feed_cursor == cursor == site.watch_cursor
    return at_head and all(epoch.acked == epoch.end for epoch in device.books.epochs())


def run(seed: int, engine: Callable[..., Engine] = Engine, *, telling: bool = False) -> Result:
    """Plays one seed."""
    figures: Counter[str] = Counter()
    with folder() as place, repeatable(Random(seed)):
        try:
            world = World(seed, place, engine, telling=telling)
            figures = world.figures
            try:
                world.play()
            finally:
                world.close()
        except Exception as fault:
            if telling:
                raise
            return Result(seed, f"{type(fault).__name__}: {fault}", figures)
    return Result(seed, None, figures)
