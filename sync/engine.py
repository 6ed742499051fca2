"""What to say to the centre next, and what its answers mean: a pure state machine (docs/decisions/0005).

    request = engine.next(now_ms, outbox)     # one of the Request types, or Wait
    effects = engine.done(request, outcome, now_ms, outbox)

The driver performs a request, then its effects in their order, then asks for the next; an outcome of any other request
than the one in the air means nothing. The engine never does I/O, reads no clock, draws chance from the source it is
given, and is used by one thread. It is level-triggered: what was lost on the way, the next look at the outbox finds.

What can fail by itself (each epoch, each scope, the heads, the snapshot, the token) has a backoff of its own, so that a
part that is refused holds up no other; beside them there is one for the centre as a whole.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from typing import TYPE_CHECKING, Final

from sync.backoff import Pauses
from sync.exchange import (
    ANSWERED,
    OF_THE_REQUEST,
    TRANSIENT,
    ApplyPage,
    AskHeads,
    AskPage,
    AskSnapshot,
    AskToken,
    Failed,
    Failure,
    KeepToken,
    LoadSnapshot,
    Notice,
    NoticeCode,
    SendLists,
    SendPush,
    ServerTime,
    SnapshotTaken,
    Wait,
    part_of,
)
from sync.link import Link, Override
from sync.outbox import EpochState, Outbox
from sync.pushing import CUTS, Pushing
from sync.wire import ENTRIES_MAX, Ack, Fork, Gap, Heads, ListsWanted, Page, Scope, SnapshotDue, TokenAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from sync.exchange import Answer, Asked, Effect, Outcome, Request

__all__ = ["Engine", "EpochState", "Outbox"]

LOOK_MS: Final = 15_000
LOOK_JITTER_MS: Final = 3_000
"""How often the feed is asked and the centre hears of us while nothing happens."""

HEADS_EVERY_MS: Final = 10 * 60_000
TURNED_AWAY_MS: Final = 15 * 60_000
"""How long what was refused (identity, version, a request of ours) is left alone."""

SNAPSHOT_PAUSE_MS: Final = 10 * 60_000
"""The loop breaker: two snapshots within this time, and none for as long."""

_CENTRE: Final = "centre"
"""What pauses everything."""


@dataclass(slots=True)
class Engine:
    """The state of the conversation. Times are monotonic milliseconds."""

    source: Random
    link: Link = field(default_factory=Link)
    entries_max: InitVar[int] = ENTRIES_MAX
    _asked: Request | None = None
    _now_ms: int = 0
    _look_ms: int = 0
    _heads_ms: int | None = None
    _heartbeat_due: bool = False
    _due: set[Scope] = field(default_factory=set)
    _followed: dict[Scope, str] = field(default_factory=dict)
    """The cursor that a scope's last page of rows followed."""
    _leads_nowhere: bool = False
    """A cursor of ours is none of the centre's."""
    _sum_differs: bool = False
    _snapshot_ms: int | None = None
    _snapshot_not_before_ms: int = 0
    _watched_last: bool = False
    _pushed_last: bool = False
    _pauses: Pauses = field(init=False)
    _pushing: Pushing = field(init=False)

    def __post_init__(self, entries_max: int) -> None:
        """The backoffs draw from the same source."""
        self._pauses = Pauses(self.source)
        self._pushing = Pushing(self._pauses, entries_max)

    # What happens around it.

    def hint(self) -> None:
        """The stream says that there is more."""
        self._due = set(Scope)

    def hurry(self) -> None:
        """The worker or a network change asks to try everything at once; failures so far are not forgotten."""
        self._pauses.end()
        self._heads_ms = None
        self._look_ms = self._now_ms

    def set_override(self, override: Override, now_ms: int) -> None:
        """Stays offline until said otherwise, or goes on by itself."""
        self.link.set_override(override, now_ms)
        if override is Override.AUTOMATIC:
            self.hurry()

    def sum_differs(self) -> None:
        """The base is not what the centre's is: it is fetched anew."""
        self._sum_differs = True

    @property
    def failing(self) -> bool:
        """Whether any part of the conversation failed when it was last tried."""
        return self._pauses.failing

    # What to do.

    def next(self, now_ms: int, outbox: Outbox) -> Asked:
        """The one next request, which is in the air from now on; one that was never answered is asked anew."""
        self._see_clock(now_ms)
        if isinstance(self._asked, AskPage):
            self._due.add(self._asked.scope)
        self.link.look(now_ms)
        self._asked = self._choose(now_ms, outbox)
        if isinstance(self._asked, AskPage):
            self._due.discard(self._asked.scope)
        return self._asked or self._wait(now_ms)

    def _see_clock(self, now_ms: int) -> None:
        """A clock that went back began anew: nothing waits for what it said before."""
        if now_ms < self._now_ms:
            self._pauses.end()
            self._heads_ms = self._snapshot_ms = None
            self._look_ms = self._snapshot_not_before_ms = now_ms
        self._now_ms = now_ms

    def _choose(self, now_ms: int, outbox: Outbox) -> Request | None:
        if self.link.override is Override.OFFLINE or not self._pauses.over(_CENTRE, now_ms):
            return None
        self._look(now_ms)
        return next((wish for wish in self._wishes(now_ms, outbox) if self._may(wish, now_ms)), None)

    def _look(self, now_ms: int) -> None:
        """From time to time everything is due."""
        if now_ms >= self._look_ms:
            self._look_ms = now_ms + LOOK_MS + self.source.randrange(LOOK_JITTER_MS)
            self._heartbeat_due = True
            self._due = set(Scope)

    def _wait(self, now_ms: int) -> Wait:
        """Until the next pause ends or it is time for a look, and never longer than one look is from the other."""
        ends = (now_ms + LOOK_MS, self._look_ms, self._pauses.next_end_ms(now_ms))
        return Wait(min(end for end in ends if end is not None and end > now_ms))

    def _may(self, request: Request, now_ms: int) -> bool:
        held_up = isinstance(request, SendPush | SendLists) and not self._pauses.over(CUTS, now_ms)
        return not held_up and self._pauses.over(part_of(request), now_ms)

    def _wishes(self, now_ms: int, outbox: Outbox) -> Iterator[Request]:
        """All there is to ask, in the order of asking."""
        if self._heads_ms is None or now_ms - self._heads_ms >= HEADS_EVERY_MS:
            yield AskHeads()
        token_due_ms = outbox.token_due_ms()
        if token_due_ms is not None and token_due_ms <= 0:
            yield AskToken()
        yield from self._work(now_ms, outbox)
        if self._heartbeat_due:
            yield from (SendPush(epoch.no, epoch.acked + 1, 0) for epoch in outbox.epochs() if epoch.present)

    def _work(self, now_ms: int, outbox: Outbox) -> Iterator[Request]:
        """Pushes and the feed in turns; watch lines before both, but never twice in a row while there is other work."""
        watch, feed, pushes = self._watch(outbox), self._feed(now_ms, outbox), self._pushing.wishes(outbox)
        others = (feed, pushes) if self._pushed_last else (pushes, feed)
        for wishes in (*others, watch) if self._watched_last else (watch, *others):
            yield from wishes

    def _watch(self, outbox: Outbox) -> Iterator[AskPage]:
        cursor = outbox.cursor(Scope.WATCH)
        if Scope.WATCH in self._due and cursor is not None:
            yield AskPage(Scope.WATCH, cursor)

    def _feed(self, now_ms: int, outbox: Outbox) -> Iterator[AskPage | AskSnapshot]:
        """A snapshot where one is due; the feed, unless it leads nowhere without one."""
        cursor = outbox.cursor(Scope.FEED)
        lost = cursor is None or outbox.cursor(Scope.WATCH) is None or self._leads_nowhere
        if (lost or self._sum_differs) and now_ms >= self._snapshot_not_before_ms:
            yield AskSnapshot()
        if Scope.FEED in self._due and cursor is not None and not lost:
            yield AskPage(Scope.FEED, cursor)

    # What it came to.

    def done(self, request: Request, outcome: Outcome, now_ms: int, outbox: Outbox) -> tuple[Effect, ...]:
        """What an outcome means, in effects to perform in this order."""
        if request != self._asked:
            return ()
        self._asked = None
        self._pass_turn(request)
        if isinstance(outcome, Failed):
            return self._failed(request, outcome, now_ms)
        effects = self._answered(request, outcome, now_ms, outbox)
        if effects is None:
            return self._failed(request, Failed(Failure.GARBLED), now_ms)
        self.link.worked(now_ms)
        self._pauses.worked(_CENTRE)
        return effects if isinstance(outcome, SnapshotTaken) else (ServerTime(outcome.server_time), *effects)

    def _pass_turn(self, request: Request) -> None:
        """Whatever came of it, another is next."""
        pushed = isinstance(request, SendPush | SendLists)
        if pushed or isinstance(request, AskPage | AskSnapshot):
            self._watched_last = isinstance(request, AskPage) and request.scope is Scope.WATCH
            self._pushed_last = pushed or (self._pushed_last and self._watched_last)

    def _failed(self, request: Request, failed: Failed, now_ms: int) -> tuple[Effect, ...]:
        if failed.failure in ANSWERED:
            self.link.worked(now_ms)
        else:
            self.link.failed(now_ms)
            self._heads_ms = None
        if isinstance(request, AskPage):
            self._due.add(request.scope)
        elif isinstance(request, SendPush | SendLists):
            self._pushing.failed(request, failed.failure)
        least_ms = 0 if failed.failure in TRANSIENT else TURNED_AWAY_MS
        for part in [part_of(request)] if failed.failure in OF_THE_REQUEST else [part_of(request), _CENTRE]:
            self._pauses.failed(part, now_ms, failed.retry_after_ms, least_ms=least_ms)
        return () if failed.failure in TRANSIENT else (Notice(NoticeCode(failed.failure.value), failed.code),)

    def _answered(self, request: Request, answer: Answer, now_ms: int, outbox: Outbox) -> tuple[Effect, ...] | None:
        """What an answer means; None: it is no answer to this request."""
        effects: tuple[Effect, ...]
        match (request, answer):
            case (SendPush() | SendLists(), Ack() | Gap() | Fork() | ListsWanted()):
                self._heartbeat_due = False
                return self._pushing.answered(request, answer, now_ms, outbox)
            case (AskPage(), Page()) if answer.scope is request.scope:
                effects = self._page(request, answer, outbox)
            case (AskPage(), SnapshotDue()):
                self._leads_nowhere, effects = True, ()
            case (AskHeads(), Heads()):
                self._heads_ms, effects = now_ms, self._pushing.heads(answer, outbox)
            case (AskSnapshot(), SnapshotTaken()):
                effects = self._snapshot(now_ms)
            case (AskToken(), TokenAnswer()):
                effects = (KeepToken(answer),)
            case _:
                return None
        self._pauses.worked(part_of(request))
        if isinstance(request, AskToken):  # a due date that does not move is no reason to ask at once
            self._pauses.rest(part_of(request), now_ms + TURNED_AWAY_MS)
        return effects

    def _page(self, request: AskPage, page: Page, outbox: Outbox) -> tuple[Effect, ...]:
        """More is asked for at once, unless the last page led nowhere: it would again."""
        if outbox.cursor(page.scope) != request.cursor:
            self._due.add(page.scope)
            return ()
        if page.cursor != request.cursor:
            if page.more and self._followed.get(page.scope) != request.cursor:
                self._due.add(page.scope)
            self._followed[page.scope] = request.cursor
        return (ApplyPage(page),)

    def _snapshot(self, now_ms: int) -> tuple[Effect, ...]:
        """Loaded; where one led to yet another, the next has time."""
        self._leads_nowhere = self._sum_differs = False
        self._due = set(Scope)
        self._followed.clear()
        again = self._snapshot_ms is not None and now_ms - self._snapshot_ms < SNAPSHOT_PAUSE_MS
        self._snapshot_ms = now_ms
        if not again:
            return (LoadSnapshot(),)
        self._snapshot_not_before_ms = now_ms + SNAPSHOT_PAUSE_MS
        return LoadSnapshot(), Notice(NoticeCode.SNAPSHOT_LOOP)
