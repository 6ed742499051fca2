"""The writer thread: takes whatever waits about one site into one commit, and answers when the commit has returned.

Requests hand in works and await futures; while one commit flushes, the next ones gather (group commit). The queue is
bounded: past it a request is answered BUSY instead of waiting.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import structlog

from server.books import Failed
from server.faults import ServerError
from server.problems import ProblemError
from server.trail import lay_trail

if TYPE_CHECKING:
    from server.books import Books
    from server.metrics import Metrics
    from server.writing import Writing

log = structlog.get_logger()
T = TypeVar("T")
WAITING_MAX: Final = 2048
"""Works that may wait."""
GROUP_MAX: Final = 256
"""Works that one commit takes."""
IDLE_S: Final = 0.5
"""How long nothing must come before the trail is laid and the WAL copied."""
TRAIL_ROWS: Final = 500
TRAIL_LAG_MAX: Final = 20_000
"""So many works behind, the trail is laid although others wait."""

Work = Callable[["Writing"], Any]


@dataclass(slots=True)
class Job:
    """A work that waits, and where its answer goes."""

    site: str
    work: Work
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class Writer:
    """The one thread that writes; `committed(site, number)` is called on it after each commit."""

    def __init__(self, books: Books, metrics: Metrics, committed: Callable[[str, int], None]) -> None:
        self._books = books
        self._metrics = metrics
        self._committed = committed
        self._jobs: queue.Queue[Job | None] = queue.Queue(WAITING_MAX)
        self._left: list[Job] = []
        self._trails: dict[str, int] = dict.fromkeys(books.sites(), 1)
        """How many works the trail of each site is behind; it is looked at once at start."""
        self._thread = threading.Thread(target=self._run, name="writer")
        metrics.waiting.set_function(self._jobs.qsize)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    async def do(self, site: str, work: Callable[[Writing], T]) -> T:
        """Does a work; returns when it is committed. Raises ProblemError BUSY or UNAVAILABLE, or what it raised."""
        loop = asyncio.get_running_loop()
        job = Job(site, work, loop, loop.create_future())
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            raise ProblemError("BUSY") from None
        return cast("T", await job.future)

    def stop(self) -> None:
        """Does what waits, then ends the thread; call it from another one, after the last `do`."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                job = self._left.pop(0) if self._left else self._jobs.get(timeout=IDLE_S)
            except queue.Empty:
                self._while_idle()
                continue
            if job is None:
                return
            self._commit(self._group(job))

    def _group(self, first: Job) -> list[Job]:
        """What waits about the first one's site, in order; others keep their turn."""
        group = [first]
        others: list[Job] = []
        for job in self._left:
            (group if job.site == first.site and len(group) < GROUP_MAX else others).append(job)
        self._left = others
        while len(group) < GROUP_MAX and len(self._left) < GROUP_MAX:
            try:
                waiting = self._jobs.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                self._jobs.put(None)
                break
            (group if waiting.site == first.site else self._left).append(waiting)
        return group

    def _commit(self, group: list[Job]) -> None:
        site = group[0].site
        started = time.perf_counter()
        try:
            results = self._books.write(site, [job.work for job in group])
        except Exception as fault:
            code = "UNAVAILABLE" if isinstance(fault, ServerError) else "INTERNAL"
            results = [Failed(ProblemError(code, getattr(fault, "code", "")))] * len(group)
            self._metrics.failed_commits.inc()
            log.exception("commit failed", site=site)
        else:
            self._metrics.commit_seconds.observe(time.perf_counter() - started)
            self._metrics.group_works.observe(len(group))
            self._committed(site, self._books.numbers[site])
            self._trails[site] = self._trails.get(site, 0) + len(group)
        for loop in {job.loop for job in group}:
            told = [(job.future, result) for job, result in zip(group, results, strict=True) if job.loop is loop]
            if not loop.is_closed():
                loop.call_soon_threadsafe(_tell, told)
        if self._trails.get(site, 0) > TRAIL_LAG_MAX:
            self._lay(site)

    def _while_idle(self) -> None:
        """Lays the trail in small steps; when it is laid, copies the WAL."""
        behind = next((site for site, lag in self._trails.items() if lag), None)
        if behind is not None:
            self._lay(behind)
            if not any(self._trails.values()):
                self._copy_wal()

    def _copy_wal(self) -> None:
        """What fails, on a full disk above all, loses nothing and is tried again after later commits."""
        try:
            self._books.database.checkpoint()
        except ServerError:
            log.exception("checkpoint failed")

    def _lay(self, site: str) -> None:
        """Lays the trail up to the end, unless something else comes; what fails is tried again after later commits."""
        while True:
            try:
                laid = self._books.do(site, lambda writing: lay_trail(writing, TRAIL_ROWS))
            except Exception:
                log.exception("trail failed", site=site)
                laid = 0
            if laid < TRAIL_ROWS:
                self._trails[site] = 0
                return
            if not self._jobs.empty():
                self._trails[site] = max(1, self._trails[site] - laid)
                return


def _tell(told: list[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, result in told:
        if future.done():
            continue
        if isinstance(result, Failed):
            future.set_exception(result.fault)
        else:
            future.set_result(result)
