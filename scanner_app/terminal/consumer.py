"""The running terminal: one thread owns the ledger, takes scans and keys in order, and tells results after commits.

Scanners deliver from their own threads through `submit`, which only queues. A scan that has waited longer than the
spill time, or would overflow the queue, is written to the inbox by a group commit, so that a battery pull loses none.
While a decision is asked for, scans captured before the question was shown wait; keys and later scans go through.

Nothing ends this thread in silence. When the ledger fails, or the program itself, what was captured stays in its order,
new scans are refused aloud, and the work is taken up from the ledger: after its own faults at most a few times by
itself. A scan at which the program fails again is set aside by a refusal, so that it stands in nobody's way.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from scanner_app.errors import ProgramError, ScannerError, StoreError
from scanner_app.intake import keyed_digits
from scanner_app.store.faults import INCONSISTENT
from scanner_app.terminal.faults import LOG, own_fault
from scanner_app.terminal.waiting import Job, WaitingLine, WaitingScan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from scanner_app.clock import Clock
    from scanner_app.intake import Intake, RawScan
    from scanner_app.store.inbox import Capture
    from scanner_app.store.ledger import Ledger
    from scanner_app.terminal.front import Front

Given = TypeVar("Given")
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
TICK_S = 1.0
RETRY_AFTER_NS = 5 * NS_PER_S
RESTART_AFTER_NS = 2 * NS_PER_S
"""How long a fault of the program's own stands on the screen before the work is taken up again."""
RESTARTS_MAX = 3
"""So often in a row by itself; then a key must ask for it."""
FAILURES_MAX = 2
"""A scan that the program failed at so often is set aside."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The consumer's named bounds: milliseconds and counts (config.toml, [scan])."""

    guard_ms: int
    spill_after_ms: int
    queue_max: int


class Consumer:
    """The ledger thread. `start` raises what opening the ledger raised; `stop` drains what is queued and closes it.

    `died` is called, on its thread, if even the fault cannot be shown: then the program must end.
    """

    def __init__(
        self, open_ledger: Callable[[], Ledger], front: Front, intake: Intake, clock: Clock, bounds: Bounds
    ) -> None:
        self.died: Callable[[ProgramError], object] = _nobody
        self._open_ledger = open_ledger
        self._front = front
        self._intake = intake
        self._clock = clock
        self._bounds = bounds
        self._line = WaitingLine(bounds.queue_max)
        self._started: Future[None] = Future()
        self._fault: ScannerError | None = None
        self._fault_at_ns = 0
        self._last_fault = ""
        self._must_open = False
        self._restarts = 0
        self._judging: WaitingScan | None = None
        self._saved_before = 0
        self._counting = threading.Lock()
        self._captured = 0
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._ledger: Ledger

    # From any thread.

    def start(self) -> None:
        """Opens the ledger on its thread and returns when it is ready."""
        self._thread.start()
        self._started.result()

    def submit(self, raw: RawScan) -> bool:
        """Queues a scan; False while nothing can be taken and the scan is refused aloud (LEDGER_STOPPED)."""
        with self._counting:
            if self._fault is not None:
                self._line.put(Job(self._refuse_stopped))
                return False
            self._captured += 1
            self._line.put(WaitingScan(self._intake.capture(raw)))
            return True

    def post(self, run: Callable[[], object]) -> None:
        """Queues a job for the ledger thread."""
        self._line.put(Job(run))

    def waits_since(self) -> int | None:
        """The wall time (ms) of the oldest capture that stands in memory alone; None where none does."""
        return self._line.unsaved_since()

    def call(self, run: Callable[[Ledger], Given], timeout_s: float = 60.0) -> Given:
        """Runs something on the ledger thread in its turn, waits for it, and gives what it gave or raises its fault."""
        done: Future[Given] = Future()

        def job() -> None:
            try:
                done.set_result(run(self._ledger))
            except Exception as fault:  # noqa: BLE001 - it is the caller's, whatever it is
                done.set_exception(fault)

        self.post(job)
        return done.result(timeout_s)

    def stop(self, timeout_s: float = 10.0) -> None:
        """Drains the queue (spilling what cannot be judged now), closes the ledger and joins the thread."""
        self._line.end()
        self._thread.join(timeout_s)

    # On the ledger thread.

    def _run(self) -> None:
        try:
            self._begin()
        except BaseException as fault:  # noqa: BLE001 - handed to the thread that called start()
            self._started.set_exception(fault)
            return
        self._started.set_result(None)
        try:
            while self._round():
                pass
        except BaseException as fault:  # noqa: BLE001 - whatever it is, the program must not go on as if all were well
            with self._counting:
                self._fault = died_of = own_fault(fault, self._intake.make_id)
            self.died(died_of)
        self._close()

    def _begin(self) -> None:
        self._ledger = self._open_ledger()
        try:
            self._front.take(self._ledger)
            self._load_inbox()
            self._captured = self._ledger.counters().scans_saved + self._ledger.counters().waiting
            self._show()
        except BaseException:
            self._close()
            raise

    def _round(self) -> bool:
        """One turn: spill what waits too long, then one scan or job; False when it is time to close."""
        goes_on = True
        try:
            self._spill_late()
            chosen = self._line.next_of(self._may_be_judged, TICK_S)
            if chosen is not None:
                self._do(chosen)
            elif self._line.ending:
                goes_on = False
            else:
                self._idle()
        except Exception as fault:  # noqa: BLE001 - whatever it is, the ledger thread outlives it
            self._stop_scanning(fault)
        self._publish()
        return goes_on

    def _may_be_judged(self, waiting: WaitingScan) -> bool:
        """Not while the ledger is stopped, nor before older scans that only the inbox holds, nor before an answer."""
        if self._fault is not None or (self._line.more_in_inbox and not waiting.spilled):
            return False
        shown_ns = self._front.blocking_since_ns
        return shown_ns is None or self._confirms(waiting, shown_ns)

    def _confirms(self, waiting: WaitingScan, shown_ns: int) -> bool:
        """Whether a scan was captured after the present prompt was shown, plus the guard time (floor.md rule 10)."""
        if waiting.restored:
            return False
        return waiting.capture.monotonic_ns >= shown_ns + self._bounds.guard_ms * NS_PER_MS

    def _do(self, chosen: WaitingScan | Job) -> None:
        if isinstance(chosen, Job):
            chosen.run()
            return
        self._judging, self._saved_before = chosen, self._ledger.counters().scans_saved
        if not chosen.spilled and self._front.is_answer(chosen.capture):
            self._typed(chosen.capture)
        else:
            self._judge(chosen)
        self._judging = None

    def _typed(self, capture: Capture) -> None:
        """Digits that a person typed as quickly as a scanner does: no scan, and never to be tried again."""
        self._judging = None
        with self._counting:
            self._captured -= 1
        self._front.answer(capture)

    def _judge(self, chosen: WaitingScan) -> None:
        if chosen.failures < FAILURES_MAX:
            confirms = self._confirms(chosen, self._front.prompt_shown_ns)
            self._front.scan(chosen.capture, confirms=confirms)
        else:
            self._front.set_aside(chosen.capture, self._last_fault)
        self._restarts = 0
        if self._line.more_in_inbox:
            self._load_inbox()

    # Waiting scans and the inbox.

    def _spill_late(self) -> None:
        """Group commit of everything that waits, once one has waited too long or the queue is full."""
        if self._fault is None:
            fresh = list(self._spillable())
            if fresh and (self._is_late(fresh) or self._line.ending or self._line.more_in_inbox):
                self._spill(fresh)

    def _is_late(self, fresh: list[WaitingScan]) -> bool:
        waited_ns = self._clock.monotonic_ns() - fresh[0].capture.monotonic_ns
        return waited_ns >= self._bounds.spill_after_ms * NS_PER_MS or len(fresh) >= self._bounds.queue_max

    def _spillable(self) -> Iterator[WaitingScan]:
        """What is not in the inbox yet, but for digits that may turn out to be somebody's PIN: no file holds one."""
        earlier: list[WaitingScan | Job] = []
        for item in self._line.items():
            if isinstance(item, WaitingScan) and not item.spilled and not self._may_be_pin(item, earlier):
                yield item
            earlier.append(item)

    def _may_be_pin(self, scan: WaitingScan, earlier: Sequence[WaitingScan | Job]) -> bool:
        return bool(keyed_digits(scan.capture)) and self._may_answer_after(earlier)

    def _may_answer_after(self, earlier: Sequence[WaitingScan | Job]) -> bool:
        """Whether digits answer something now, or may once these have come: a key or a badge is among them."""
        return self._front.asked.anything or any(
            isinstance(item, Job) or self._intake.bears_badge(item.capture) for item in earlier
        )

    def _spill(self, fresh: list[WaitingScan]) -> None:
        self._ledger.spill([self._intake.kept(item.capture) for item in fresh])
        for item in fresh:
            item.spilled = True
        self._line.leave_in_inbox(fresh)

    def _load_inbox(self) -> None:
        """Takes up the oldest scans of the inbox; those of an earlier run never confirm anything."""
        if not any(item.spilled for item in self._line.scans()):
            self._line.take_up(self._ledger.inbox(), restored=not self._started.done())

    # Faults.

    def _stop_scanning(self, fault: Exception) -> None:
        """Nothing more is taken until a retry succeeds; a scan that was being judged is the next one again."""
        found = fault if isinstance(fault, StoreError) else own_fault(fault, self._intake.make_id)
        is_own = isinstance(found, ProgramError)
        self._must_open = self._must_open or is_own or not found.retryable
        self._last_fault = found.fault if isinstance(found, ProgramError) else found.code
        self._put_back(is_scans_own=is_own or found.code == INCONSISTENT)
        if self._fault is None or self._fault.code != found.code:
            LOG.error("stopped", extra={"code": found.code, "cause": found.message})
        with self._counting:
            self._fault = found
        self._fault_at_ns = self._clock.monotonic_ns()
        if is_own:
            with suppress(Exception):  # the ledger may be at fault as well: then all stays in memory, in its order
                self._spill(list(self._spillable()))
        self._front.stopped(found)

    def _put_back(self, *, is_scans_own: bool) -> None:
        """A scan that was being judged, unless it was saved before the fault. `is_scans_own`: it may be to blame."""
        scan, self._judging = self._judging, None
        if scan is not None and self._ledger.counters().scans_saved == self._saved_before:
            scan.failures += is_scans_own
            self._line.put_back(scan)

    def _refuse_stopped(self) -> None:
        """A scan came while the ledger is stopped: said aloud, and not counted as captured."""
        if self._fault is not None:
            self._front.stopped(self._fault)

    def retry(self) -> None:
        """Tries to take up the work after a fault; on the ledger thread. Raises what keeps it from that.

        A ledger that stopped, or may be in an odd state, is opened anew.
        """
        fault = self._fault
        if fault is None:
            return
        self._fault_at_ns = self._clock.monotonic_ns()
        self._restarts += isinstance(fault, ProgramError)
        if self._must_open:
            self._ledger.close()
            self._ledger = self._open_ledger()
            self._must_open = False
        self._front.take(self._ledger)
        with self._counting:
            self._fault = None
        LOG.warning("taken up again", extra={"code": fault.code})
        if isinstance(fault, ProgramError):
            self._front.started_again(fault.fault)

    def _idle(self) -> None:
        """Nothing waits: checkpoint, idle lock, and a retry of a stopped ledger now and then."""
        if self._fault is None:
            self._front.idle()
            self._ledger.checkpoint_when_idle()
        elif self._may_retry(self._fault):
            self.retry()

    def _may_retry(self, fault: ScannerError) -> bool:
        """Whether it is time to try again without being asked."""
        waited_ns = self._clock.monotonic_ns() - self._fault_at_ns
        if isinstance(fault, ProgramError):
            return self._restarts < RESTARTS_MAX and waited_ns >= RESTART_AFTER_NS
        return waited_ns >= RETRY_AFTER_NS

    # What is shown.

    def _publish(self) -> None:
        """Shows the present state; where that fails, the fault, for which nothing is read."""
        try:
            self._show()
        except Exception as fault:  # noqa: BLE001 - the screen must never stay as it was
            self._stop_scanning(fault)
            self._show()

    def _show(self) -> None:
        """Captured scans are counted here, saved ones by the ledger."""
        with self._counting:
            captured = self._captured
            waiting = [item.spilled for item in self._line.scans()]
        only_in_inbox = self._ledger.counters().waiting - sum(waiting) if self._line.more_in_inbox else 0
        self._front.publish(captured, len(waiting) + only_in_inbox)

    def _close(self) -> None:
        try:
            self._ledger.close()
        except StoreError as fault:
            LOG.exception("not closed in order", extra={"code": fault.code, "cause": fault.message})


def _nobody(fault: ProgramError) -> None:
    """Until the terminal is wired, nobody is told."""
