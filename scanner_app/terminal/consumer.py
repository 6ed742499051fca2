"""The running terminal: one thread owns the ledger, takes scans and keys in order, and tells results after commits.

Scanners deliver from their own threads through `submit`, which only queues. A scan that has waited longer than the
spill time, or would overflow the queue, is written to the inbox by a group commit, so that a battery pull loses none.
While a decision is asked for, scans captured before the question was shown wait; keys and later scans go through.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from scanner_app.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner_app.clock import Clock
    from scanner_app.intake import Intake, RawScan
    from scanner_app.store.inbox import Capture
    from scanner_app.store.ledger import Ledger
    from scanner_app.terminal.front import Front

NS_PER_MS = 1_000_000
TICK_S = 1.0
RETRY_AFTER_NS = 5_000_000_000
T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Waiting:
    """A captured scan in the queue. `restored`: it comes from the inbox of an earlier run and never confirms."""

    capture: Capture
    spilled: bool = False
    restored: bool = False


@dataclass(slots=True, eq=False)
class Job:
    """Something else to do on the ledger thread, in its turn: a key, a typed text, a request."""

    run: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The consumer's named bounds: milliseconds and counts (config.toml, [scan])."""

    guard_ms: int
    spill_after_ms: int
    queue_max: int


class Consumer:
    """The ledger thread. `start` raises what opening the ledger raised; `stop` drains what is queued and closes it."""

    def __init__(
        self, open_ledger: Callable[[], Ledger], front: Front, intake: Intake, clock: Clock, bounds: Bounds
    ) -> None:
        self._open_ledger = open_ledger
        self._front = front
        self._intake = intake
        self._clock = clock
        self._bounds = bounds
        self._turn = threading.Condition()
        self._queue: deque[Waiting | Job] = deque()
        self._stopping = False
        self._more_in_inbox = False
        self._started: Future[None] = Future()
        self._fault: StoreError | None = None
        self._fault_at_ns = 0
        self._captured = 0
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._ledger: Ledger

    # From any thread.

    def start(self) -> None:
        """Opens the ledger on its thread and returns when it is ready."""
        self._thread.start()
        self._started.result()

    def submit(self, raw: RawScan) -> bool:
        """Queues a scan; False when the ledger is stopped and the scan is refused aloud (LEDGER_STOPPED)."""
        with self._turn:
            if self._fault is not None:
                self._queue.append(Job(self._refuse_stopped))
                self._turn.notify()
                return False
            self._queue.append(Waiting(self._intake.capture(raw)))
            self._captured += 1
            self._turn.notify()
            return True

    def post(self, run: Callable[[], None]) -> None:
        """Queues a job for the ledger thread."""
        with self._turn:
            self._queue.append(Job(run))
            self._turn.notify()

    def ask(self, run: Callable[[], T]) -> Future[T]:
        """Queues a job whose result is wanted."""
        answer: Future[T] = Future()

        def job() -> None:
            try:
                answer.set_result(run())
            except StoreError as fault:
                answer.set_exception(fault)
                raise

        self.post(job)
        return answer

    def stop(self, timeout_s: float = 10.0) -> None:
        """Drains the queue (spilling what cannot be judged now), closes the ledger and joins the thread."""
        with self._turn:
            self._stopping = True
            self._turn.notify()
        self._thread.join(timeout_s)

    # On the ledger thread.

    def _run(self) -> None:
        try:
            self._ledger = self._open_ledger()
            self._front.take(self._ledger)
        except BaseException as fault:  # noqa: BLE001 - handed to the thread that called start()
            self._started.set_exception(fault)
            return
        with self._turn:
            self._load_inbox()
            self._captured = self._ledger.counters().scans_saved + self._ledger.counters().waiting
        self._publish()
        self._started.set_result(None)
        while self._round():
            pass
        self._close()

    def _round(self) -> bool:
        """One turn: spill what waits too long, then one scan or job; False when it is time to close."""
        chosen = None
        try:
            self._spill_late()
            chosen = self._wait_for_one()
            if chosen is not None:
                self._do(chosen)
        except StoreError as fault:
            self._stop_scanning(fault, chosen)
        if chosen is None:
            if self._stopping:
                return False
            self._idle()
        self._publish()
        return True

    def _wait_for_one(self) -> Waiting | Job | None:
        with self._turn:
            chosen = self._choose()
            if chosen is None and not self._stopping:
                self._turn.wait(TICK_S)
                chosen = self._choose()
            return chosen

    def _choose(self) -> Waiting | Job | None:
        """The next in order. While a decision is asked for, scans captured before it was shown are passed over."""
        for item in self._queue:
            if isinstance(item, Job) or self._may_be_judged(item):
                self._queue.remove(item)
                return item
        return None

    def _may_be_judged(self, waiting: Waiting) -> bool:
        """Not while the ledger is stopped, nor before older scans that only the inbox holds, nor before an answer."""
        if self._fault is not None or (self._more_in_inbox and not waiting.spilled):
            return False
        shown_ns = self._front.blocking_since_ns
        return shown_ns is None or self._confirms(waiting, shown_ns)

    def _confirms(self, waiting: Waiting, shown_ns: int) -> bool:
        """Whether a scan was captured after the present prompt was shown, plus the guard time (floor.md rule 10)."""
        if waiting.restored:
            return False
        return waiting.capture.monotonic_ns >= shown_ns + self._bounds.guard_ms * NS_PER_MS

    def _do(self, chosen: Waiting | Job) -> None:
        if isinstance(chosen, Job):
            chosen.run()
            return
        confirms = self._confirms(chosen, self._front.prompt_shown_ns)
        self._front.scan(chosen.capture, confirms=confirms)
        if self._more_in_inbox:
            with self._turn:
                self._load_inbox()

    def _spill_late(self) -> None:
        """Group commit of everything that waits, once one has waited too long or the queue is full."""
        if self._fault is not None:
            return
        with self._turn:
            fresh = [item for item in self._queue if isinstance(item, Waiting) and not item.spilled]
        if not fresh:
            return
        waited_ns = self._clock.monotonic_ns() - fresh[0].capture.monotonic_ns
        late = waited_ns >= self._bounds.spill_after_ms * NS_PER_MS
        if not (late or self._stopping or self._more_in_inbox or len(fresh) >= self._bounds.queue_max):
            return
        self._ledger.spill([item.capture for item in fresh])
        for item in fresh:
            item.spilled = True
        with self._turn:
            self._leave_in_inbox(fresh)

    def _leave_in_inbox(self, just_spilled: list[Waiting]) -> None:
        """Keeps at most `queue_max` scans in memory, the oldest; the others stay in the inbox until there is room."""
        if self._more_in_inbox:
            left = just_spilled
        else:
            scans = [item for item in self._queue if isinstance(item, Waiting)]
            left = [item for item in scans[self._bounds.queue_max :] if item.spilled]
        for item in left:
            self._queue.remove(item)
        self._more_in_inbox = self._more_in_inbox or bool(left)

    def _load_inbox(self) -> None:
        """Takes up the oldest scans of the inbox; those of an earlier run never confirm anything."""
        if any(isinstance(item, Waiting) for item in self._queue):
            return
        captures = self._ledger.inbox()
        self._more_in_inbox = len(captures) > self._bounds.queue_max
        before = not self._started.done()
        restored = [Waiting(capture, spilled=True, restored=before) for capture in captures[: self._bounds.queue_max]]
        self._queue.extendleft(reversed(restored))

    def _stop_scanning(self, fault: StoreError, chosen: Waiting | Job | None) -> None:
        """A commit failed: nothing more is taken until a retry succeeds; what was captured stays queued."""
        with self._turn:
            if isinstance(chosen, Waiting):
                self._queue.appendleft(chosen)
            self._fault = fault
            self._fault_at_ns = self._clock.monotonic_ns()
        self._front.stopped(fault)

    def _refuse_stopped(self) -> None:
        """A scan came while the ledger is stopped: said aloud, and not counted as captured."""
        if self._fault is not None:
            self._front.stopped(self._fault)

    def retry(self) -> None:
        """Tries to take up scanning after a fault; on the ledger thread. A ledger that stopped is opened anew."""
        if self._fault is None:
            return
        self._fault_at_ns = self._clock.monotonic_ns()
        try:
            if self._ledger.stopped is not None:
                self._ledger.close()
                self._ledger = self._open_ledger()
            self._front.take(self._ledger)
        except StoreError as fault:
            self._front.stopped(fault)
            return
        self._fault = None

    def _idle(self) -> None:
        """Nothing waits: checkpoint, idle lock, and a retry of a stopped ledger now and then."""
        if self._fault is not None:
            if self._clock.monotonic_ns() - self._fault_at_ns >= RETRY_AFTER_NS:
                self.retry()
            return
        try:
            self._front.idle()
            self._ledger.checkpoint_when_idle()
        except StoreError as fault:
            self._stop_scanning(fault, None)

    def _publish(self) -> None:
        """Shows the present state: captured scans are counted here, saved ones by the ledger."""
        with self._turn:
            captured = self._captured
            waiting = sum(isinstance(item, Waiting) for item in self._queue)
            spilled = sum(isinstance(item, Waiting) and item.spilled for item in self._queue)
        if self._more_in_inbox:
            waiting += self._ledger.counters().waiting - spilled
        self._front.publish(captured, waiting)

    def _close(self) -> None:
        self._ledger.close()
