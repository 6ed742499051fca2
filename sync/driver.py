"""Does what the engine decides: one request at a time, then its effects, on a thread of its own.

    driver = Driver(engine, books, post, identity, clock)
    driver.start()                    # a thread that talks, and one that listens to the event stream
    driver.committed()                # after each commit, from any thread
    driver.stop()

`turn` is one round without any thread: what `scanner sync`, a replay and the simulation use.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from sync.exchange import (
    AskHeads,
    AskPage,
    AskSnapshot,
    AskToken,
    Failed,
    Failure,
    Notice,
    NoticeCode,
    SendLists,
    SendPush,
    SnapshotTaken,
    Wait,
)
from sync.link import LinkState, Override
from sync.outbox import Outbox
from sync.wire import (
    PROTO,
    PUSH_BYTES_MAX,
    ROWS_MAX,
    SCHEMA,
    Chunk,
    Epoch,
    Fork,
    Heads,
    PullAnswer,
    Push,
    PushAnswer,
    TokenAnswer,
    WireError,
    read,
    signed_bytes,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sync.engine import Engine
    from sync.exchange import Effect, Outcome, Request

ROWS_WHILE_SCANNING: Final = 50
"""Rows of a page while somebody scans: a scan never waits for more than the commit of one page."""

SCANNING_MS: Final = 3_000
STREAM_AGAIN_S: Final = 5.0
ROUND_AFTER_FAULT_MS: Final = 5_000
"""How long a round that failed by itself (the ledger stopped) is left alone."""

CURED_BY_AN_ANSWER: Final = frozenset({NoticeCode.TURNED_AWAY, NoticeCode.OTHER_VERSION, NoticeCode.REFUSED})
STREAM_PATH: Final = "/v1/stream"
MORE: Final = "more"


@dataclass(frozen=True, slots=True)
class Sending:
    """Entries of one epoch as the ledger gives them: the link before them, their exact bytes, the link after them."""

    epoch: Epoch
    start: int
    prev_hash: str
    entries: tuple[bytes, ...]
    last: int
    last_hash: str


class Books(Outbox, Protocol):
    """The ledger as the driver needs it. Reading is for the driver's thread; `perform` waits for the ledger's own."""

    def sending(self, no: int, start: int, entries_max: int, bytes_max: int) -> Sending:
        """Entries of an epoch from a sequence on; none for `entries_max` 0."""

    def chunks_of(self, digest: str) -> Sequence[bytes]:
        """The chunks of a member list; none where it is not there."""

    def quiet_until(self, no: int, seq: int) -> int:
        """The time before which no fact is unsent once the centre has this epoch up to `seq`."""

    def health(self) -> dict[str, str | int | bool | None]:
        """What the fleet page shows of this device."""

    def last_scan_ms(self) -> int:
        """Monotonic milliseconds of the last scan."""

    def snapshot_path(self) -> Path:
        """Where a fetched snapshot is put."""

    def perform(self, effect: Effect, now_ms: int) -> bool:
        """Takes an effect into the ledger, or keeps it; False: a page's checksum is not the base's.

        Raises ScannerError where the ledger cannot; the effect is then as if it had never been.
        """


class Post(Protocol):
    """How messages get to the centre (sync.transport; a network that misbehaves in the simulation)."""

    def post(self, path: str, body: bytes) -> bytes | Failed:
        """The answer's body."""

    def get(self, path: str, parameters: dict[str, str] | None = None) -> bytes | Failed:
        """The answer's body."""

    def fetch(self, path: str, into: Path) -> object | Failed:
        """A file, fetched and checked."""


class Identity(Protocol):
    """Who this device is at the centre."""

    @property
    def device(self) -> str:
        """Its name there."""

    def sign(self, message: bytes) -> bytes:
        """Its signature (Ed25519)."""


@dataclass(frozen=True, slots=True)
class SyncState:
    """What the screen says of it. `since_ms` is monotonic."""

    link: LinkState = LinkState.OFFLINE
    since_ms: int = 0
    override: Override = Override.AUTOMATIC
    notice: NoticeCode | None = None
    told: str = ""


@dataclass(slots=True)
class Driver:
    """One device's conversation with its centre. `turn` is for one thread; the rest may be called from any."""

    engine: Engine
    books: Books
    post: Post
    identity: Identity
    now_ms: Callable[[], int]
    state: SyncState = field(default_factory=SyncState)
    changed: Callable[[SyncState], None] = lambda _: None
    failed: Callable[[Exception], None] = lambda _: None
    _published: SyncState = field(default_factory=SyncState)
    _turn: threading.Condition = field(default_factory=threading.Condition)
    _woken: bool = False
    _hinted: bool = False
    _hurried: bool = False
    _override: Override | None = None
    _stopping: bool = False
    _threads: list[threading.Thread] = field(default_factory=list)

    # From any thread.

    def start(self, listen: Callable[[Callable[[str, str], None], Callable[[], bool]], Failed] | None = None) -> None:
        """Talks on a thread, and listens to the stream on another where there is one."""
        self._threads = [threading.Thread(target=self._talk, name="sync", daemon=True)]
        if listen is not None:
            self._threads.append(threading.Thread(target=self._listen, args=(listen,), name="stream", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """No further request; one that is under way ends by itself."""
        self._wake("_stopping")
        self._threads[0].join(timeout_s)

    def committed(self) -> None:
        """Something was written: there may be something to send."""
        self._wake("_woken")

    def hurry(self) -> None:
        """Try now."""
        self._wake("_hurried")

    def set_override(self, override: Override) -> None:
        """Stays offline until said otherwise, or goes on by itself."""
        with self._turn:
            self._override = override
        self._wake("_woken")

    def _wake(self, what: str) -> None:
        with self._turn:
            setattr(self, what, True)
            self._turn.notify_all()

    # On the driver's thread.

    def _talk(self) -> None:
        while not self._stopping:
            try:
                until_ms = self.turn()
            except Exception as fault:  # noqa: BLE001 - told, and tried again: the scan path never hears of it
                self.failed(fault)
                until_ms = self.now_ms() + ROUND_AFTER_FAULT_MS
            if until_ms is not None:
                self._wait(until_ms)

    def _wait(self, until_ms: int) -> None:
        with self._turn:
            if not (self._woken or self._hinted or self._hurried or self._stopping):
                self._turn.wait(max(0, until_ms - self.now_ms()) / 1000)

    def turn(self) -> int | None:
        """One round: at most one request and its effects. Until when there is nothing to do, or None: go on at once."""
        self._heed()
        now_ms = self.now_ms()
        asked = self.engine.next(now_ms, self.books)
        if isinstance(asked, Wait):
            self._publish()
            return asked.until_ms
        outcome = self._ask(asked)
        if not isinstance(outcome, Failed) and self.state.notice in CURED_BY_AN_ANSWER:
            self.state = replace(self.state, notice=None, told="")
        now_ms = self.now_ms()
        for effect in self.engine.done(asked, outcome, now_ms, self.books):
            self._take(effect, now_ms)
        self._publish()
        return None

    def _heed(self) -> None:
        """What was said from other threads since the last round."""
        with self._turn:
            hinted, hurried, override = self._hinted, self._hurried, self._override
            self._woken = self._hinted = self._hurried = False
            self._override = None
        if hinted:
            self.engine.hint()
        if hurried:
            self.engine.hurry()
        if override is not None:
            self.engine.set_override(override, self.now_ms())

    def _take(self, effect: Effect, now_ms: int) -> None:
        if isinstance(effect, Notice):
            self.state = replace(self.state, notice=effect.code, told=effect.told)
        elif not self.books.perform(effect, now_ms):
            self.engine.sum_differs()

    def _publish(self) -> None:
        link = self.engine.link
        self.state = replace(self.state, link=link.state, since_ms=link.since_ms, override=link.override)
        if self.state != self._published:
            self._published = self.state
            self.changed(self.state)

    # Requests.

    def _ask(self, request: Request) -> Outcome:
        """Performs a request; an answer that cannot be read is Failed(GARBLED)."""
        try:
            match request:
                case SendPush():
                    return self._push(request)
                case SendLists():
                    return self._lists(request)
                case AskSnapshot():
                    fetched = self.post.fetch("/v1/snapshot", self.books.snapshot_path())
                    return fetched if isinstance(fetched, Failed) else SnapshotTaken()
                case _:
                    return self._asked(request)
        except WireError:
            return Failed(Failure.GARBLED)

    def _asked(self, request: AskHeads | AskPage | AskToken) -> Outcome:
        match request:
            case AskHeads():
                return _read(Heads, self.post.get("/v1/heads"))
            case AskPage():
                return _read(PullAnswer, self.post.get("/v1/pull", self._wanted(request)))
            case AskToken():
                return _read(TokenAnswer, self.post.post("/v1/token", b"{}"))

    def _wanted(self, request: AskPage) -> dict[str, str]:
        scanning = self.now_ms() - self.books.last_scan_ms() < SCANNING_MS
        limit = ROWS_WHILE_SCANNING if scanning else ROWS_MAX
        return {"scope": request.scope.value, "cursor": request.cursor, "limit": str(limit)}

    def _push(self, request: SendPush) -> Outcome:
        sending = self.books.sending(request.no, request.start, request.entries_max, PUSH_BYTES_MAX)
        push = self._message(sending)
        quiet = self.books.quiet_until(request.no, sending.last)
        return self._sent(replace(push, quiet_until=quiet, health=self.books.health()))

    def _lists(self, request: SendLists) -> Outcome:
        """In as many posts as the bounds ask for; lists that are not there are said to be absent in the last one."""
        push = self._message(self.books.sending(request.no, request.start, 0, 0))
        lists = {} if request.absent else {digest: self.books.chunks_of(digest) for digest in request.digests}
        chunks = [chunk for digest, stored in lists.items() for chunk in _chunks(digest, stored)]
        absent = tuple(digest for digest in request.digests if not lists.get(digest))
        posts = [replace(push, lists=group) for group in _grouped(chunks)] or [push]
        posts[-1] = replace(posts[-1], absent=absent)
        outcome: Outcome = Failed(Failure.GARBLED)
        for each in posts:
            outcome = self._sent(each)
            if isinstance(outcome, Failed | Fork):
                break
        return outcome

    def _message(self, sending: Sending) -> Push:
        signature = self.identity.sign(
            signed_bytes(bytes.fromhex(sending.epoch.id), sending.last, bytes.fromhex(sending.last_hash))
        )
        return Push(
            proto=PROTO, schema=SCHEMA, device=self.identity.device, epoch=sending.epoch, start_seq=sending.start,
            prev_hash=sending.prev_hash, entries=sending.entries, chain_sig=signature,
        )  # fmt: skip

    def _sent(self, push: Push) -> Outcome:
        return _read(PushAnswer, self.post.post("/v1/push", write(push)))

    # The stream.

    def _listen(self, listen: Callable[[Callable[[str, str], None], Callable[[], bool]], Failed]) -> None:
        """Hears that there is more; where the stream ends it is opened again, never in a hurry."""

        def hear(event: str, _: str) -> None:
            if event == MORE:
                self._wake("_hinted")

        while not self._stopping:
            if self.state.link is not LinkState.OFFLINE:
                listen(hear, lambda: self._stopping)
            with self._turn:
                self._turn.wait_for(lambda: self._stopping, STREAM_AGAIN_S)


def _read(kind: Any, body: bytes | Failed) -> Outcome:  # noqa: ANN401 - a message's class, or a union of them
    """The message in a body; WireError where it is none."""
    return body if isinstance(body, Failed) else cast("Outcome", read(kind, body))


def _chunks(digest: str, stored: Sequence[bytes]) -> list[Chunk]:
    """The chunks of one list as they travel: each names the hashes of all."""
    hashes = tuple(hashlib.sha256(chunk).hexdigest() for chunk in stored)
    return [Chunk(digest, hashes, n, chunk) for n, chunk in enumerate(stored)]


def _grouped(chunks: Sequence[Chunk]) -> list[tuple[Chunk, ...]]:
    """Chunks as posts may carry them; one always fits."""
    groups: list[list[Chunk]] = []
    size = 0
    for chunk in chunks:
        size += len(chunk.content)
        if not groups or size > PUSH_BYTES_MAX:
            groups.append([])
            size = len(chunk.content)
        groups[-1].append(chunk)
    return [tuple(group) for group in groups]
