"""What waits for the ledger thread: captured scans and other jobs, in their order, and which of them comes next."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from scanner_app.store.inbox import Capture


@dataclass(slots=True, eq=False)
class WaitingScan:
    """A captured scan in the queue. `restored`: it comes from the inbox of an earlier run and never confirms.

    `failures`: how often the program itself failed at it.
    """

    capture: Capture
    spilled: bool = False
    restored: bool = False
    failures: int = 0


@dataclass(slots=True, eq=False)
class Job:
    """Something else to do on the ledger thread, in its turn: a key, a typed text, a request."""

    run: Callable[[], object]


class WaitingLine:
    """The queue of one ledger thread, filled from any thread. At most `length_max` scans stay in memory.

    `more_in_inbox`: the inbox holds scans that come before those which are not in it yet.
    """

    def __init__(self, length_max: int) -> None:
        self._turn = threading.Condition()
        self._queue: deque[WaitingScan | Job] = deque()
        self._length_max = length_max
        self._chosen: WaitingScan | Job | None = None
        """What the ledger thread is at; its scan is not saved yet."""
        self.more_in_inbox = False
        self.ending = False

    # From any thread.

    def put(self, item: WaitingScan | Job) -> None:
        """Adds something at the end."""
        with self._turn:
            self._queue.append(item)
            self._turn.notify()

    def end(self) -> None:
        """From here on nobody waits for more."""
        with self._turn:
            self.ending = True
            self._turn.notify()

    def unsaved_since(self) -> int | None:
        """The wall time (ms) of the oldest capture that stands in memory alone; None where none does."""
        with self._turn:
            fresh = [
                item for item in (*self._queue, self._chosen) if isinstance(item, WaitingScan) and not item.spilled
            ]
        return min((item.capture.wall_ms for item in fresh), default=None)

    # On the ledger thread.

    def put_back(self, scan: WaitingScan) -> None:
        """A scan that could not be judged is the next one again."""
        with self._turn:
            self._queue.appendleft(scan)

    def next_of(self, may_come: Callable[[WaitingScan], bool], patience_s: float) -> WaitingScan | Job | None:
        """The first job, or scan that may come now; the others keep their order. None when there is none in time."""
        with self._turn:
            self._chosen = None
            chosen = self._first(may_come)
            if chosen is None and not self.ending:
                self._turn.wait(patience_s)
                chosen = self._first(may_come)
            return chosen

    def _first(self, may_come: Callable[[WaitingScan], bool]) -> WaitingScan | Job | None:
        for item in self._queue:
            if isinstance(item, Job) or may_come(item):
                self._queue.remove(item)
                self._chosen = item
                return item
        return None

    def items(self) -> Sequence[WaitingScan | Job]:
        """All that waits now, in order."""
        with self._turn:
            return tuple(self._queue)

    def scans(self) -> Iterator[WaitingScan]:
        """The scans that wait now, in order."""
        return (item for item in self.items() if isinstance(item, WaitingScan))

    def leave_in_inbox(self, just_spilled: Sequence[WaitingScan]) -> None:
        """Keeps the oldest scans in memory; the others stay in the inbox until there is room."""
        with self._turn:
            if self.more_in_inbox:
                left = list(just_spilled)
            else:
                scans = [item for item in self._queue if isinstance(item, WaitingScan)]
                left = [scan for scan in scans[self._length_max :] if scan.spilled]
            for scan in left:
                self._queue.remove(scan)
            self.more_in_inbox = self.more_in_inbox or bool(left)

    def take_up(self, captures: Sequence[Capture], *, restored: bool) -> None:
        """Takes the oldest scans of the inbox to the head of the queue, as many as it holds."""
        with self._turn:
            self.more_in_inbox = len(captures) > self._length_max
            scans = [WaitingScan(each, spilled=True, restored=restored) for each in captures[: self._length_max]]
            self._queue.extendleft(reversed(scans))
