"""A handheld: the real ledger, engine and driver, a worker who scans, and what may become of its disk."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner_app.bootstrap.syncing import SiteBooks
from scanner_app.clock import NS_PER_MS, SystemClock
from scanner_app.domain.entry import Entry, Knew, Stamp
from scanner_app.domain.lists import encode_list
from scanner_app.errors import StoreError
from scanner_app.store.backup import back_up, restore
from scanner_app.store.base import sum_of_rows
from scanner_app.store.ledger import Ledger
from scanner_app.store.outbox import OutboxReader
from server.pushes import Identity
from sync import wire
from sync.driver import Driver
from sync.exchange import ApplyPage, LoadSnapshot, SetWatermark
from tests.server.handhelds import START_MS
from tests.simulation.disks import fresh_ledger
from tests.simulation.network import Network
from tests.simulation.promises import promise
from tests.simulation.work import Moment, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from scanner_app.domain.lists import MemberList
    from sync.exchange import Effect
    from tests.simulation.world import World

T = TypeVar("T")
DISK_FAULT_MS: Final = 5_000
"""How long a round that failed by itself is left alone (sync.driver)."""


class EndedError(Exception):
    """The device's program ended in the middle of something."""


@cache
def key_of(name: str) -> Ed25519PrivateKey:
    """A device's key follows from its name."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a device is at the centre (sync.driver.Identity)."""

    device: str
    site: str

    @property
    def until_ms(self) -> int:
        """Its token is good for longer than any run."""
        return 1 << 60

    @property
    def at_centre(self) -> Identity:
        """As the centre knows it by its token."""
        return Identity(self.site, self.device, key_of(self.device).public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """Its signature."""
        return key_of(self.device).sign(message)


class Fact(NamedTuple):
    """What was said to the worker to be saved."""

    event_id: str
    event_time: int
    is_scan: bool

    @property
    def key(self) -> bytes:
        """The id as the centre keeps it."""
        return bytes.fromhex(self.event_id.replace("-", ""))


class Image(NamedTuple):
    """A disk as it was: its bytes (or a backup by the command), and what was known of it then."""

    content: bytes
    copy: Path | None
    holder: Holder
    facts: tuple[Fact, ...]
    told: dict[int, int]
    base_spoilt: bool
    base_past: int


class Clock(SystemClock):
    """A device's own clocks, which may be wrong."""

    def __init__(self, device: Device) -> None:
        self._device = device

    @property
    def boot_id(self) -> str:
        """Another one after each reboot."""
        return f"boot-{self._device.boots}"

    def now(self) -> datetime:
        """The wall clock."""
        return datetime.fromtimestamp(self._device.wall_ms() / 1000, UTC)

    def monotonic_ns(self) -> int:
        """The monotonic one."""
        return self._device.mono_ms() * NS_PER_MS


class Shelf(SiteBooks):
    """The product's own way from driver to ledger, on which the program may end, lists rot, and a worker scans."""

    def __init__(self, device: Device) -> None:
        self.device = device
        home = SimpleNamespace(state_folder=device.folder)
        config = SimpleNamespace(device=SimpleNamespace(read_point="DOCK-1"))
        station: Any = SimpleNamespace(clock=Clock(device), home=home, config=config)
        keys: Any = device.identity
        super().__init__(station, keys, self._now, lambda: OutboxReader.open(device.path))

    def _now(self, run: Callable[[Ledger], T], /) -> T:
        """As if on the ledger's thread, where a scan may come first."""
        self.device.world.scan_beside(self.device)
        return run(self.device.ledger)

    def health(self) -> dict[str, str | int | bool | None]:
        """Without a look at what is installed."""
        return {"version": "simulation"}

    def chunks_of(self, digest: str) -> Sequence[bytes]:
        """As the disk gives them."""
        chunks = super().chunks_of(digest)
        if digest not in self.device.lost_lists:
            return chunks
        return [chunk[:-1] + b"!" for chunk in chunks] if digest < "8" else []

    def perform(self, effect: Effect, now_ms: int) -> bool:
        """An effect, before or after which the program may end."""
        device, world = self.device, self.device.world
        if world.happens("device ends before an effect"):
            raise EndedError
        world.scan_beside(device)
        world.tell(device.label, effect)
        same = super().perform(effect, now_ms)
        promise(same or device.base_spoilt, f"{device.label}: its base is not the centre's")
        if not same:
            world.count("sum differs")
        device.note(effect)
        if world.happens("device ends after an effect"):
            raise EndedError
        return same


@dataclass
class Device:
    """One handheld. `told`: epoch number → the centre's past in which its watermark was set."""

    world: World
    label: str
    identity: Holder
    folder: Path
    source: Random
    facts: list[Fact] = field(default_factory=list)
    told: dict[int, int] = field(default_factory=dict)
    image: Image | None = None
    lost_lists: set[str] = field(default_factory=set)
    base_spoilt: bool = False
    base_past: int = 0
    """The centre's past that the base is of."""
    page_rows: int = 500
    started_ms: int = 0
    skew_ms: int = 0
    boots: int = 0
    waits_until_ms: int = 0
    past: int = 0
    """The centre's past at the time of the request that is in the air."""
    written: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.path.write_bytes(fresh_ledger())
        self.work = Work(self.source, self.world.doubted)
        self.start()

    @property
    def path(self) -> Path:
        """The ledger's file."""
        return self.folder / "ledger.db"

    def make_epoch(self) -> bytes:
        """A new epoch's id."""
        return self.source.randbytes(16)

    # Its program.

    def start(self) -> None:
        """The program starts."""
        self.ledger = Ledger.open(self.path, self.identity.device, self.make_epoch)
        self.books = Shelf(self)
        engine = self.world.make_engine(Random(self.source.getrandbits(60)), self.source.choice((1, 2, 500)))
        self.driver = Driver(engine, self.books, Network(self.world, self), self.identity, self.mono_ms)
        self.page_rows = self.source.choice((1, 3, 10, wire.ROWS_MAX))
        self.waits_until_ms = 0

    def end(self) -> None:
        """The program ends, in whatever way: what was committed is on the disk."""
        self.books.close()
        self.ledger.close()

    def restart(self, *, reboot: bool = False) -> None:
        """Another run of the program; after a reboot the monotonic clock begins anew."""
        self.end()
        if reboot:
            self.boots += 1
            self.started_ms = self.world.now_ms
        self.start()

    def mono_ms(self) -> int:
        """Its monotonic clock."""
        return self.world.now_ms - self.started_ms

    def wall_ms(self) -> int:
        """Its wall clock, which may be wrong."""
        return START_MS + self.world.now_ms + self.skew_ms

    def turn(self) -> int:
        """One round of its sync; the world's time of the next one."""
        self.past = self.world.centre.past
        try:
            until_ms = self.driver.turn()
        except EndedError:
            self.restart(reboot=self.source.random() < 0.3)
            until_ms = None
        except StoreError as fault:
            promise(fault.code == "BAD_SNAPSHOT" and self.world.did("snapshot spoilt on the disk"), f"{fault}")
            until_ms = self.mono_ms() + DISK_FAULT_MS
        now_ms = self.mono_ms()
        promise(until_ms is None or until_ms > now_ms, f"{self.label}: waits for the past")
        return self.world.now_ms + (1 if until_ms is None else until_ms - now_ms)

    # Its worker.

    def scan(self) -> None:
        """One step: an entry, its lists, one commit."""
        site = self.ledger.site
        boot = f"boot-{self.boots}"
        known = site.server_boot_id == boot
        stamp = Stamp(
            self.wall_ms(), 60, self.mono_ms(), boot, site.server_time if known else None,
            site.server_mono_ms if known else None,
        )  # fmt: skip
        knew = Knew(site.watch_cursor, site.feed_cursor)
        moment = Moment(stamp, self.identity.site, self.identity.device, knew, tuple(self.written[-4:]))
        entry, lists = self.work.step(moment)
        self.write(entry, lists)

    def write(self, entry: Entry, lists: tuple[MemberList, ...] = ()) -> None:
        """Saves an entry; from now on it must not be lost but with the disk."""
        with self.ledger.step() as step:
            step.append(entry, lists)
        self.facts.append(Fact(entry.event_id, entry.stamp.event_time, entry.raw is not None))
        if not lists:
            self.written.append(entry)
        self.world.made(entry.event_id)
        if lists and self.world.happens("list lost or spoilt"):
            self.lost_lists.add(encode_list(self.source.choice(lists))[0])
            self.world.doubtful_lists |= self.lost_lists

    def note(self, effect: Effect) -> None:
        """Keeps in mind in which of the centre's pasts something was told."""
        match effect:
            case SetWatermark(no):
                self.told[no] = self.past
            case ApplyPage(page) if page.scope is wire.Scope.FEED:
                self.base_past = self.past
            case LoadSnapshot():
                self.base_spoilt, self.base_past = False, self.past
                if self._check_watermarks():
                    self._check_echoes()
            case _:
                pass
        self.world.count(type(effect).__name__)

    # Its disk.

    def keep_image(self) -> None:
        """A copy of the disk, or a backup by the command, that may be put back later."""
        told = (self.identity, tuple(self.facts), dict(self.told), self.base_spoilt, self.base_past)
        if self.source.random() < 0.8:
            self.image = Image(self.ledger._connection.serialize(), None, *told)
            return
        copy = self.folder / f"backup-{self.source.getrandbits(40)}.db"
        back_up(self.path, copy)
        self.image = Image(b"", copy, *told)

    def put_image_back(self) -> set[str]:
        """The older disk in the device's place; the events that only the newer one had."""
        assert self.image is not None
        image = self.image
        before = {fact.event_id for fact in self.facts}
        self.end()
        if image.copy is None:
            for suffix in ("-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            self.path.write_bytes(image.content)
            self.identity = image.holder
        else:
            stamp = f"{self.source.getrandbits(40)}"
            restore(image.copy, self.path, self.identity.device, self.make_epoch, stamp)
        self.facts, self.told = list(image.facts), dict(image.told)
        self.written = [entry for entry in self.written if entry.event_id in {fact.event_id for fact in self.facts}]
        self.base_spoilt, self.base_past = image.base_spoilt, image.base_past
        self.start()
        return before - {fact.event_id for fact in self.facts}

    def twin(self, label: str, folder: Path) -> Device:
        """Another handheld with a copy of this one's disk: the same name, the same key, the same epoch."""
        content = self.ledger._connection.serialize()
        other = Device(
            self.world, label, self.identity, folder, Random(self.source.getrandbits(60)),
            lost_lists=set(self.lost_lists), skew_ms=self.skew_ms, started_ms=self.started_ms,
        )  # fmt: skip
        told = (self.identity, tuple(self.facts), dict(self.told), self.base_spoilt, self.base_past)
        other.image = Image(content, None, *told)
        other.put_image_back()
        return other

    def rename(self, device: str) -> None:
        """Enrolled anew under another name: what was written before stays in its epoch."""
        self.ledger.open_epoch(self.make_epoch(), device)
        self.identity = replace(self.identity, device=device)
        self.driver.identity = self.identity

    def spoil_base(self) -> None:
        """The base loses a line, as if a row of the feed had been passed over: it agrees with itself alone."""
        connection = self.ledger._connection
        rows = connection.execute(
            "DELETE FROM site_on_hand WHERE place = (SELECT min(place) FROM site_on_hand)"
        ).rowcount
        connection.execute("UPDATE site_meta SET site_sum = ?", (f"{sum_of_rows(connection):016x}",))
        self.base_spoilt = self.base_spoilt or rows > 0
        self.restart()

    # What must hold.

    def check(self) -> None:
        """The meter tells no more than is true, and nothing that was saved is missing."""
        counters = self.ledger.counters()
        promise(counters.entries == len(self.facts), f"{self.label}: entries are missing on the disk")
        scans = sum(fact.is_scan for fact in self.facts)
        promise(counters.scans_saved == scans, f"{self.label}: {counters.scans_saved} scans instead of {scans}")
        promise(0 <= counters.scans_safe <= counters.scans_sent <= scans, f"{self.label}: an odd meter: {counters}")
        fresh = self._check_watermarks()
        if fresh:
            held = self.world.centre.events(self.identity.site)
            sent = sum(fact.is_scan and fact.key in held for fact in self.facts)
            promise(counters.scans_sent <= sent, f"{self.label}: tells {counters.scans_sent} as sent, {sent} are")
            self._check_echoes()

    def _check_echoes(self) -> None:
        """What is shown as the site's is the site's: no own scan is out of sight before the base holds it."""
        if self.base_past != self.world.centre.past:
            return
        cursor = self.ledger.site.feed_cursor
        leads_on = cursor is None or self.world.centre.has_cursor(self.identity.site, cursor)
        promise(leads_on, f"{self.label}: its base is of the centre's present past, and its cursor {cursor} is not")
        counted = self.world.centre.counted(self.identity.site, self.ledger.site.feed_n)
        for (event,) in self.ledger._connection.execute(ECHOED):
            held = bytes.fromhex(event.replace("-", "")) in counted
            promise(held, f"{self.label}: {event} is taken for the site's, and its base does not hold it")

    def _check_watermarks(self) -> bool:
        """Whether all of them were told since the centre was last put back."""
        centre, site, fresh = self.world.centre, self.identity.site, True
        for epoch in self.books.epochs():
            promise(0 <= epoch.safe <= epoch.acked <= epoch.end <= epoch.last, f"{self.label}: odd watermark: {epoch}")
            if not epoch.acked:
                continue
            name = f"{self.label}, epoch {epoch.no}"
            if self.told.get(epoch.no) == centre.past:
                held = centre.holds(site, epoch.id, epoch.acked, self.books.link(epoch.no, epoch.acked))
                promise(held, f"{name}: told as sent up to {epoch.acked}, and the centre does not have it")
            else:
                fresh = False
            if epoch.safe:
                safe = (site, epoch.id, epoch.safe, self.books.link(epoch.no, epoch.safe)) in centre.safe
                promise(safe, f"{name}: told as safe up to {epoch.safe}, and no backup has it")
        return fresh

    def look_at_quiet(self, body: bytes) -> None:
        """A push says until when no fact is unsent: that must be so at the time it is made."""
        push = json.loads(body)
        if push["quiet_until"] is None or any(past != self.world.centre.past for past in self.told.values()):
            return
        (no,) = [epoch.no for epoch in self.books.epochs() if epoch.id == push["epoch"]["id"]]
        last = push["start_seq"] - 1 + len(push["entries"])
        sent = {row[0] for row in self.ledger._connection.execute(EVENTS_OF_EPOCH, (no, last) * 2)}
        held = self.world.centre.events(self.identity.site)
        for fact in self.facts:
            early = fact.event_time < push["quiet_until"] and fact.event_id not in sent and fact.key not in held
            promise(not early, f"{self.label}: says that it is quiet, and {fact.event_id} is unsent")


ECHOED: Final = (
    "SELECT event_id FROM entry WHERE position IN (SELECT position FROM echo) AND position NOT IN (SELECT r.position "
    "FROM reissue r LEFT JOIN watermark w ON w.epoch_no = r.epoch_no WHERE r.seq > coalesce(w.acked, 0))"
)
"""What is under way once more, after a cut, is in sight again as soon as it has come."""

EVENTS_OF_EPOCH: Final = (
    "SELECT event_id FROM entry WHERE epoch_no = ? AND seq <= ? UNION "
    "SELECT e.event_id FROM reissue r JOIN entry e ON e.position = r.position WHERE r.epoch_no = ? AND r.seq <= ?"
)
