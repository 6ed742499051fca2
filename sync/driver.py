"""Does what the engine decides: one request at a time, then its effects, on a thread of its own.

    driver = Driver(engine, books, post, identity, clock)
    driver.start()                    # a thread that talks, and one that listens to the event stream
    driver.committed()                # after each commit, from any thread
    driver.stop()

`turn` is one round without any thread: what `scanner sync`, a replay and the simulation use.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from sync.asking import Asking, Books, Identity, Post, Sending
from sync.backoff import Backoff
from sync.exchange import ApplyPage, Failed, Notice, NoticeCode, Wait, part_of
from sync.link import LinkState, Override

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from sync.engine import Engine
    from sync.exchange import Effect, Request

__all__ = ["Books", "Driver", "Identity", "Post", "Sending", "SyncState"]

STREAM_LASTED_MS: Final = 30_000
"""A stream that ended sooner did not work: the next one is opened later, and not by all devices at once."""

AFTER_FAULT_S: Final = 5.0
"""How long a thread rests whose round failed by itself (the ledger stopped): neither commit nor stream wakes it."""

CURED_BY_ANY_ANSWER: Final = frozenset({NoticeCode.TURNED_AWAY, NoticeCode.OTHER_VERSION})
CURED_BY_A_SUM: Final = frozenset({NoticeCode.SUM_DIFFERS, NoticeCode.SNAPSHOT_LOOP})
STREAM_PATH: Final = "/v1/stream"
MORE: Final = "more"


@dataclass(frozen=True, slots=True)
class SyncState:
    """What the screen says of it. `since_ms` is monotonic. `trouble`: why the last request came to nothing."""

    link: LinkState = LinkState.OFFLINE
    since_ms: int = 0
    override: Override = Override.AUTOMATIC
    notice: NoticeCode | None = None
    told: str = ""
    trouble: Failed | None = None


@dataclass(slots=True)
class _Said:
    """What was said from other threads since the last round."""

    woken: bool = False
    hinted: bool = False
    hurried: bool = False
    override: Override | None = None

    @property
    def anything(self) -> bool:
        return self.woken or self.hinted or self.hurried or self.override is not None


@dataclass(slots=True)
class Driver:
    """One device's conversation with its centre. `turn` is for one thread; the rest may be called from any.

    `changed`, `failed` and `ended` are called on its threads and raise nothing: a new state; a fault of a round, which
    is tried again; the last call on the thread that reads the books. `hang_up` ends the requests in the air.
    """

    engine: Engine
    books: Books
    post: Post
    identity: Identity
    now_ms: Callable[[], int]
    state: SyncState = field(default_factory=SyncState)
    changed: Callable[[SyncState], None] = lambda _: None
    failed: Callable[[Exception], None] = lambda _: None
    hang_up: Callable[[], None] = lambda: None
    ended: Callable[[], None] = lambda: None
    _published: SyncState = field(default_factory=SyncState)
    _refused: Hashable = None
    """What the notice REFUSED is about."""
    _turn: threading.Condition = field(default_factory=threading.Condition)
    _said: _Said = field(default_factory=_Said)
    _stopping: bool = False
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        """What is known before the first answer, which may take its time: that there is none, and since when."""
        self.state = self._linked()

    # From any thread.

    def start(self, listen: Callable[[Callable[[str, str], None], Callable[[], bool]], Failed] | None = None) -> None:
        """Talks on a thread, and listens to the stream on another where there is one."""
        self._threads = [threading.Thread(target=self._talk, name="sync", daemon=True)]
        if listen is not None:
            self._threads.append(threading.Thread(target=self._listen, args=(listen,), name="stream", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Ends both threads; a request in the air is given up, and a later driver asks again. False: not in time."""
        with self._turn:
            self._stopping = True
            self._turn.notify_all()
        self.hang_up()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def committed(self) -> None:
        """Something was written: there may be something to send."""
        with self._turn:
            self._said.woken = True
            self._turn.notify_all()

    def hinted(self) -> None:
        """The centre has something new."""
        with self._turn:
            self._said.hinted = True
            self._turn.notify_all()

    def hurry(self) -> None:
        """Try now."""
        with self._turn:
            self._said.hurried = True
            self._turn.notify_all()

    def set_override(self, override: Override) -> None:
        """Stays offline until said otherwise, or goes on by itself."""
        with self._turn:
            self._said.override = override
            self._turn.notify_all()

    # On the driver's thread.

    def _talk(self) -> None:
        try:
            while not self._stopping:
                try:
                    until_ms = self.turn()
                except Exception as fault:  # noqa: BLE001 - told, and tried again: the scan path never hears of it
                    self._rest_after(fault)
                else:
                    self._wait(until_ms)
        finally:
            self.ended()

    def _wait(self, until_ms: int | None) -> None:
        if until_ms is None:
            return
        with self._turn:
            self._turn.wait_for(lambda: self._said.anything or self._stopping, max(0, until_ms - self.now_ms()) / 1000)

    def _rest_after(self, fault: Exception) -> None:
        if self._stopping:
            return
        self.failed(fault)
        with self._turn:
            self._turn.wait_for(lambda: self._said.hurried or self._stopping, AFTER_FAULT_S)

    def turn(self) -> int | None:
        """One round: at most one request and its effects. Until when there is nothing to do, or None: go on at once."""
        self._heed()
        try:
            return self._round()
        finally:
            self._publish()

    def _heed(self) -> None:
        """What was said from other threads since the last round."""
        with self._turn:
            said, self._said = self._said, _Said()
        if said.hinted:
            self.engine.hint()
        if said.hurried:
            self.engine.hurry()
        if said.override is not None:
            self.engine.set_override(said.override, self.now_ms())

    def _round(self) -> int | None:
        asked = self.engine.next(self.now_ms(), self.books)
        if isinstance(asked, Wait):
            return asked.until_ms
        outcome = Asking(self.books, self.post, self.identity, self.now_ms).ask(asked)
        if not isinstance(outcome, Failed):
            self._answered(asked)
        elif not self._stopping:
            self.state = replace(self.state, trouble=outcome)
        now_ms = self.now_ms()
        for effect in self.engine.done(asked, outcome, now_ms, self.books):
            self._take(effect, asked, now_ms)
        return None

    def _answered(self, asked: Request) -> None:
        """An answer is the end of what stood in its way."""
        self.state = replace(self.state, trouble=None)
        about_it = self.state.notice is NoticeCode.REFUSED and self._refused == part_of(asked)
        if about_it or self.state.notice in CURED_BY_ANY_ANSWER:
            self.state = replace(self.state, notice=None, told="")

    def _take(self, effect: Effect, asked: Request, now_ms: int) -> None:
        if isinstance(effect, Notice):
            self._refused = part_of(asked)
            self.state = replace(self.state, notice=effect.code, told=effect.told)
        elif not self.books.perform(effect, now_ms):
            self.engine.sum_differs()
            self.state = replace(self.state, notice=NoticeCode.SUM_DIFFERS, told="")
        elif isinstance(effect, ApplyPage) and effect.page.site_sum and self.state.notice in CURED_BY_A_SUM:
            self.state = replace(self.state, notice=None, told="")

    def _publish(self) -> None:
        self.state = self._linked()
        if self.state != self._published:
            self._published = self.state
            self.changed(self.state)
            with self._turn:
                self._turn.notify_all()

    def _linked(self) -> SyncState:
        link = self.engine.link
        return replace(self.state, link=link.state, since_ms=link.since_ms, override=link.override)

    # The stream.

    def _listen(self, listen: Callable[[Callable[[str, str], None], Callable[[], bool]], Failed]) -> None:
        """Hears that there is more; where the stream ends it is opened again, never in a hurry."""
        backoff = Backoff(self.engine.source)
        while self._wait_for_link():
            opened_ms = self.now_ms()
            try:
                failed = listen(self._hear, lambda: self._stopping or self._is_offline)
            except Exception as fault:  # noqa: BLE001 - as in `_talk`
                self._rest_after(fault)
                continue
            if self.now_ms() - opened_ms >= STREAM_LASTED_MS:
                backoff.worked()
            pause_ms = backoff.failed(failed.retry_after_ms)
            with self._turn:
                self._turn.wait_for(lambda: self._stopping, pause_ms / 1000)

    def _hear(self, event: str, _: str) -> None:
        if event == MORE:
            self.hinted()

    @property
    def _is_offline(self) -> bool:
        return self.state.link is LinkState.OFFLINE

    def _wait_for_link(self) -> bool:
        """Until there is a link: nobody listens into nothing, nor where the worker said offline. False: stopping."""
        with self._turn:
            self._turn.wait_for(lambda: self._stopping or not self._is_offline)
        return not self._stopping
