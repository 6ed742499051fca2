"""Devices with the real engine, a centre, and all that goes wrong between them: one seed is one run.

`python -m tests.sync.world 123` plays seed 123 again and says what happens; `python -m tests.sync.world 5000 90000`
looks for seeds that find something.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Final

from sync.backoff import RETRY_AFTER_MAX_MS
from sync.engine import HEADS_EVERY_MS, Engine
from sync.exchange import (
    AskHeads,
    AskPage,
    AskSnapshot,
    AskToken,
    Failed,
    Failure,
    LoadSnapshot,
    SendLists,
    SendPush,
    SnapshotTaken,
    Wait,
)
from sync.wire import (
    Ack,
    EntryRow,
    EpochHead,
    Fork,
    Gap,
    Heads,
    Link,
    ListsWanted,
    Page,
    Scope,
    SnapshotDue,
    Standing,
    TokenAnswer,
)
from tests.sync.ledger import Base, Ledger, link_of

if TYPE_CHECKING:
    from sync.exchange import Outcome, Request
    from sync.wire import PushAnswer

POST_MAX: Final = 6
"""Entries that the driver's byte bound lets into one push."""

PAGE_MAX: Final = 7
ROUND_TRIP_MS: Final = 20
QUIET_REQUESTS_MAX: Final = 1_500
CALM_MS: Final = RETRY_AFTER_MAX_MS + HEADS_EVERY_MS
"""Pauses are over then, and the heads are due."""

QUIET_MS_MAX: Final = 3 * 3_600_000


class BrokenPromiseError(AssertionError):
    """A promise that does not hold."""


def promise(holds: bool, sentence: str) -> None:  # noqa: FBT001 - read as an assertion
    """Raises what would be a finding."""
    if not holds:
        raise BrokenPromiseError(sentence)


def names_a_list(event: int) -> bool:
    """Some entries name a member list; of those the device lacks some, and the centre believes some never."""
    return event % 7 == 0


def is_absent(event: int) -> bool:
    """A list that the device does not have."""
    return event % 21 == 0


def is_spoilt(event: int) -> bool:
    """A list whose chunks the centre has no use for."""
    return event % 35 == 0


def scope_of(event: int) -> Scope:
    """Where its row is told: some are watch lines."""
    return Scope.WATCH if event % 5 == 0 else Scope.FEED


def sum_of(rows: dict[int, int]) -> str:
    """A checksum of number → event."""
    return str(sum(hash(row) for row in rows.items()))


@dataclass(slots=True)
class Chain:
    """What the centre has of an epoch."""

    links: list[str]
    events: list[int] = field(default_factory=list)

    def copy(self) -> Chain:
        """As it is now."""
        return Chain(list(self.links), list(self.events))


@dataclass(frozen=True, slots=True)
class Post:
    """A push as it lies in the network."""

    epoch: str
    genesis: str
    start: int
    prev: str
    events: tuple[int, ...]
    lists: frozenset[int] = frozenset()
    absent: frozenset[int] = frozenset()


@dataclass(slots=True)
class Centre:
    """Chains, each fact once, the feed as numbered rows, and a backup. Lists are named by their entry's event."""

    most: int
    """Entries in one push; more is too large."""
    chains: dict[str, Chain] = field(default_factory=dict)
    rows: list[tuple[str, int, int, bool]] = field(default_factory=list)
    """Epoch, sequence, event, and whether it counted: row n stands at n - 1."""
    links: list[str] = field(default_factory=lambda: ["0"])
    facts: set[int] = field(default_factory=set)
    lists: set[int] = field(default_factory=set)
    restores: int = 0

    def copy(self) -> Centre:
        """A backup."""
        chains = {epoch: chain.copy() for epoch, chain in self.chains.items()}
        return Centre(
            self.most, chains, list(self.rows), list(self.links), set(self.facts), set(self.lists), self.restores
        )

    def push(self, post: Post, safe: Centre) -> PushAnswer | Failed:
        """One push in one transaction."""
        if len(post.events) > self.most:
            return Failed(Failure.TOO_LARGE)
        chain = self.chains.get(post.epoch) or Chain([post.genesis])
        head = len(chain.events)
        safe_seq = len(safe.chains[post.epoch].events) if post.epoch in safe.chains else 0
        if post.start > head + 1:
            return Gap("gap", post.epoch, head, chain.links[head], safe_seq, 0)
        if chain.links[post.start - 1] != post.prev:
            return self._fork(post.epoch, chain)
        self.lists |= {event for event in post.lists if not is_spoilt(event)} | post.absent
        for seq, event in enumerate(post.events, post.start):
            link = link_of(chain.links[seq - 1], event)
            if seq <= len(chain.events):
                if chain.links[seq] != link:
                    return self._fork(post.epoch, chain)
            elif names_a_list(event) and event not in self.lists:
                return ListsWanted("lists", post.epoch, seq - 1, chain.links[seq - 1], (str(event),), 0)
            else:
                self.chains[post.epoch] = chain
                chain.links.append(link)
                chain.events.append(event)
                self._row(post.epoch, seq, event)
        head = len(chain.events)
        return Ack("ack", post.epoch, head, chain.links[head], safe_seq, 0)

    def _fork(self, epoch: str, chain: Chain) -> Fork:
        head, back, known = len(chain.events), 0, [0]
        while back < head:
            known.append(head - back)
            back = back * 2 or 1
        return Fork("fork", epoch, tuple(Link(seq, chain.links[seq]) for seq in sorted(known, reverse=True)), 0)

    def _row(self, epoch: str, seq: int, event: int) -> None:
        self.rows.append((epoch, seq, event, event not in self.facts))
        self.links.append(link_of(self.links[-1], event))
        self.facts.add(event)

    def holds(self, epoch: str, links: list[str], seq: int) -> bool:
        """Whether a chain with these links is the centre's own up to an entry."""
        chain = self.chains.get(epoch)
        return not seq or (chain is not None and seq < len(chain.links) and chain.links[seq] == links[seq])

    def heads(self, safe: Centre) -> Heads:
        """Every chain: a device looks for its own."""
        heads = tuple(
            EpochHead(
                epoch,
                len(chain.events),
                chain.links[-1],
                len(safe.chains[epoch].events) if epoch in safe.chains else 0,
            )
            for epoch, chain in self.chains.items()
        )
        return Heads("D", heads, self.cursor(), self.cursor(), 0)

    def cursor(self) -> str:
        """Where the feed ends."""
        return f"{len(self.rows)}.{self.links[-1]}"

    def pull(self, scope: Scope, cursor: str) -> Page | SnapshotDue:
        """Rows after a cursor."""
        at, link = cursor.split(".")
        start = int(at)
        if start > len(self.rows) or self.links[start] != link:
            return SnapshotDue("snapshot", "another past", 0)
        found: list[EntryRow] = []
        n = start
        while n < len(self.rows) and len(found) < PAGE_MAX:
            epoch, seq, event, counted = self.rows[n]
            n += 1
            if scope_of(event) is scope:
                standing = Standing.PROJECTED if counted else Standing.DUPLICATE
                found.append(EntryRow("entry", n, "D", epoch, seq, standing, 0, event.to_bytes(4, "big")))
        more = n < len(self.rows)
        return Page("page", scope, f"{n}.{self.links[n]}", more, tuple(found), 0, None if more else self.sum())

    def base(self) -> Base:
        """All rows."""
        return {(scope_of(row[2]), n): row[2] for n, row in enumerate(self.rows, 1)}

    def sum(self) -> str:
        """The checksum of all rows."""
        return sum_of({n: row[2] for n, row in enumerate(self.rows, 1)})


@dataclass(slots=True)
class Device:
    """A handheld: its disk and its running program."""

    name: str
    ledger: Ledger
    engine: Engine
    image: Ledger
    snapshot: tuple[Base, str] | None = None


@dataclass(frozen=True, slots=True)
class Weather:
    """How often what goes wrong."""

    drop: float
    late: float
    twice: float
    crash: float
    refuse: float
    backup: float
    restore_device: float
    restore_centre: float
    clone: float
    spoil: float

    @classmethod
    def of(cls, source: Random) -> Weather:
        """Of each kind none, a little or a lot."""
        pick = source.choice
        return cls(
            pick((0, 0.1, 0.4)), pick((0, 0.1, 0.3)), pick((0, 0.1, 0.3)), pick((0, 0.05, 0.2)), pick((0, 0.05, 0.2)),
            pick((0.03, 0.1)), pick((0, 0.01, 0.04)), pick((0, 0.01, 0.04)), pick((0, 0.01)), pick((0, 0.01)),
        )  # fmt: skip


CALM: Final = Weather(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


class World:
    """One run."""

    def __init__(self, seed: int, engine: type[Engine] = Engine, *, telling: bool = False) -> None:
        """Everything follows from the seed, and from which engine it is."""
        self.source = Random(seed)
        self.made_by = engine
        self.telling = telling
        self.now_ms = self.source.randrange(10_000_000)
        self.weather = Weather.of(self.source)
        self.centre = Centre(self.source.choice((1, 3, 500)))
        self.backup = self.centre.copy()
        self.events = self.requests = 0
        self.late: list[tuple[Device, Request, Post | None, Outcome | None]] = []
        self.devices: list[Device] = []
        for number in range(self.source.choice((1, 1, 2, 3))):
            ledger = Ledger(Random(self.source.getrandbits(60)))
            self.devices.append(Device(f"device {number}", ledger, self.new_engine(), ledger.copy()))

    def new_engine(self) -> Engine:
        """A program that has just been started."""
        return self.made_by(Random(self.source.getrandbits(60)), entries_max=self.source.choice((2, 500)))

    def tell(self, *words: object) -> None:
        """What happens, for a reader."""
        if self.telling:
            sys.stdout.write(f"{self.now_ms:>9} {' '.join(map(str, words))}\n")

    # --- what happens

    def play(self, steps: int = 80) -> None:
        """Raises BrokenPromiseError where a promise does not hold."""
        for _ in range(steps):
            self.now_ms += self.source.choice((1, 50, 2_000, 20_000))
            self.happen()
            self.step(self.source.choice(self.devices))
            self.check()
        self.be_quiet()

    def happen(self) -> None:
        """Scans, and what nobody hopes for."""
        chance, weather = self.source.random, self.weather
        device = self.source.choice(self.devices)
        for _ in range(self.source.choice((0, 0, 0, 0, 1, 1, 5))):
            self.events += 1
            device.ledger.append(self.events)
        if chance() < 0.05:
            device.image = device.ledger.copy()
        if chance() < weather.backup:
            self.backup = self.centre.copy()
        if chance() < weather.restore_device:
            self.restore(device)
        if chance() < weather.restore_centre:
            self.restore_centre()
        if chance() < weather.clone and len(self.devices) < 4:
            self.clone(device)
        if chance() < weather.spoil and device.ledger.base:
            self.tell(device.name, "loses a row of its base")
            del device.ledger.base[max(device.ledger.base)]
        if chance() < 0.1:
            self.source.choice((device.engine.hint, device.engine.hurry))()
        while self.late and chance() < 0.3:
            self.arrive_late()

    def restore(self, device: Device) -> None:
        """An old image of the whole disk, which goes on as if nothing were; or the command's way, in a new epoch."""
        device.ledger = device.image.copy()
        by_command = self.source.random() < 0.5
        if by_command:
            device.ledger.open()
        self.restart(device)
        self.tell(device.name, "restored", "by command" if by_command else "from an image of its disk")

    def restore_centre(self) -> None:
        """The centre from its last backup: what came after it is only on the devices."""
        self.tell("the centre restored from its backup")
        restores = self.centre.restores + 1
        self.centre = self.backup.copy()
        self.centre.restores = self.backup.restores = restores

    def clone(self, device: Device) -> None:
        """Two devices with one identity and one epoch."""
        twin = device.ledger.copy()
        twin.source = Random(self.source.getrandbits(60))
        self.devices.append(Device(f"device {len(self.devices)}", twin, self.new_engine(), twin.copy()))
        self.tell(device.name, "is cloned as", self.devices[-1].name)

    def restart(self, device: Device) -> None:
        """The program ends in the middle of anything."""
        device.engine = self.new_engine()
        device.snapshot = None

    def arrive_late(self) -> None:
        """A request that its sender gave up reaches the centre, or an answer reaches who asked for something else."""
        device, request, post, answer = self.late.pop(self.source.randrange(len(self.late)))
        if post is not None:
            answer = self.centre.push(post, self.backup)
        if answer is not None and self.source.random() < 0.7:
            self.tell(device.name, "late answer", request, answer)
            self.finish(device, request, answer, self.centre.restores)

    # --- one request

    def step(self, device: Device) -> int:
        """Asks the engine and does what it says; gives the time of the next step."""
        request = device.engine.next(self.now_ms, device.ledger)
        if isinstance(request, Wait):
            promise(request.until_ms > self.now_ms, "waits for the past")
            return request.until_ms
        outcome = self.perform(device, request)
        self.tell(device.name, request, "->", outcome)
        self.finish(device, request, outcome, self.centre.restores)
        self.requests += 1
        return self.now_ms + ROUND_TRIP_MS

    def finish(self, device: Device, request: Request, outcome: Outcome, told: int) -> None:
        """The effects, as far as the program lives to perform them."""
        for effect in device.engine.done(request, outcome, self.now_ms, device.ledger):
            if self.source.random() < self.weather.crash / 4:
                self.tell(device.name, "ends before", effect)
                return self.restart(device)
            held = device.snapshot is not None or not isinstance(effect, LoadSnapshot)
            promise(held, "loads a snapshot that was not fetched")
            device.ledger.perform(effect, told, device.snapshot)
            self.tell(device.name, effect)
        if isinstance(outcome, Page) and outcome.site_sum is not None and self.differs(device, outcome):
            device.engine.sum_differs()
        return None

    def differs(self, device: Device, page: Page) -> bool:
        """Whether the base is not what it should be, where both scopes stand where the page's sum was taken."""
        rows = {n: event for (_, n), event in device.ledger.base.items()}
        return all(device.ledger.cursor(scope) == page.cursor for scope in Scope) and sum_of(rows) != page.site_sum

    def perform(self, device: Device, request: Request) -> Outcome:
        """The request through the weather."""
        chance, weather = self.source.random, self.weather
        post = self.post_of(device, request) if isinstance(request, SendPush | SendLists) else None
        if chance() < weather.drop:
            return Failed(self.source.choice((Failure.UNREACHABLE, Failure.TIMED_OUT, Failure.GARBLED)))
        if chance() < weather.refuse:
            return Failed(self.source.choice(list(Failure)), self.source.choice((None, 1_000, 10**12)))
        if chance() < weather.late:
            self.late.append((device, request, post, None if post else self.answer(device, request, post)))
            return Failed(Failure.TIMED_OUT)
        first = self.answer(device, request, post)
        answer = self.answer(device, request, post) if chance() < weather.twice else first
        if chance() < weather.drop:
            self.late.append((device, request, None, first))
            return Failed(Failure.TIMED_OUT)
        return answer

    def post_of(self, device: Device, request: SendPush | SendLists) -> Post:
        """What the driver makes of a request."""
        segment = device.ledger.segments[request.no - 1]
        promise(0 < request.start <= len(segment.links), "a push from beyond the ledger")
        prev = segment.links[request.start - 1]
        if isinstance(request, SendPush):
            stop = min(request.start - 1 + min(request.entries_max, POST_MAX), segment.last)
            events = tuple(segment.events[request.start - 1 : stop])
            return Post(segment.id, segment.links[0], request.start, prev, events)
        lists = frozenset(map(int, request.digests))
        absent = frozenset(event for event in lists if request.absent or is_absent(event))
        return Post(segment.id, segment.links[0], request.start, prev, (), lists - absent, absent)

    def answer(self, device: Device, request: Request, post: Post | None) -> Outcome:
        """What the centre says, unless it falls over before the commit or after it."""
        if self.source.random() < self.weather.crash:
            return Failed(Failure.BROKEN)
        answer = self.said(device, request, post)
        return Failed(Failure.BROKEN) if self.source.random() < self.weather.crash else answer

    def said(self, device: Device, request: Request, post: Post | None) -> Outcome:
        """What the centre says."""
        match request:
            case SendPush() | SendLists():
                assert post is not None
                return self.centre.push(post, self.backup)
            case AskHeads():
                return self.centre.heads(self.backup)
            case AskPage(scope, cursor):
                return self.centre.pull(scope, cursor)
            case AskSnapshot():
                device.snapshot = (self.centre.base(), self.centre.cursor())
                return SnapshotTaken()
            case AskToken():
                return TokenAnswer("t", 0, 0)

    # --- what must hold

    def check(self) -> None:
        """What is said to be held is held, unless the centre was restored since it said so."""
        for device in self.devices:
            for segment in device.ledger.segments:
                if segment.told == self.centre.restores:
                    held = self.centre.holds(segment.id, segment.links, segment.acked)
                    promise(held, f"{device.name}: the watermark of epoch {segment.no} is above what the centre holds")
                held = self.backup.holds(segment.id, segment.links, segment.safe)
                promise(held, f"{device.name}: what is safe of epoch {segment.no} is in no backup")

    def be_quiet(self) -> None:
        """The weather turns fine: everything drains, soon and without a storm of requests."""
        self.tell("quiet")
        if self.weather.restore_centre:
            self.restore_centre()
        self.weather = CALM
        while self.late:
            self.arrive_late()
        self.drain()
        self.now_ms += CALM_MS
        self.drain()
        for device in self.devices:
            for segment in device.ledger.segments:
                for event in segment.events:
                    promise(event in self.centre.facts, f"event {event} of {device.name} is lost")

    def drain(self) -> None:
        """Until every device waits, has sent all, and has all there is."""
        asked, self.requests, end_ms = -1, 0, self.now_ms + QUIET_MS_MAX
        due_ms = [self.now_ms] * len(self.devices)
        while asked != self.requests or not self.is_drained():
            self.now_ms, asked = min(due_ms), self.requests
            for number, device in enumerate(self.devices):
                if due_ms[number] <= self.now_ms:
                    due_ms[number] = self.step(device)
            if asked != self.requests:
                self.check()
            promise(self.requests < QUIET_REQUESTS_MAX, "asks and asks, and does not get further")
            promise(self.now_ms < end_ms, "does not drain")

    def is_drained(self) -> bool:
        """Whether every device has sent all, knows it, and has all there is."""
        cursor = self.centre.cursor()
        at_head = all(
            all(segment.acked == segment.last for segment in device.ledger.segments)
            and all(device.ledger.cursor(scope) == cursor for scope in Scope)
            for device in self.devices
        )
        return at_head and all(device.ledger.base == self.centre.base() for device in self.devices)


def finding(seed: int, engine: type[Engine] = Engine, *, telling: bool = False) -> str | None:
    """What is wrong with a run; None: nothing."""
    try:
        World(seed, engine, telling=telling).play()
    except AssertionError as fault:
        return str(fault) or type(fault).__name__
    return None


def hunt(first: int, end: int) -> None:
    """Writes down every seed in a range that finds something."""
    for seed in range(first, end):
        if found := finding(seed):
            sys.stdout.write(f"{seed}: {found}\n")


if __name__ == "__main__" and len(sys.argv) > 2:
    hunt(int(sys.argv[1]), int(sys.argv[2]))
elif __name__ == "__main__":
    sys.stdout.write(f"{finding(int(sys.argv[1]), telling=True) or 'every promise holds'}\n")
