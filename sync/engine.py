"""What to say to the centre next, and what its answers mean: a pure state machine (docs/decisions/0005).

    request = engine.next(now_ms, outbox)     # one of the Request types, or Wait
    effects = engine.done(request, outcome, now_ms, outbox)

The driver performs requests and effects; the engine never does I/O, reads no clock, and draws chance from the source it
is given. It is level-triggered: whatever was lost on the way, the next look at the outbox finds it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from sync.backoff import Backoff
from sync.exchange import (
    ANSWERED,
    TRANSIENT,
    ApplyPage,
    AskHeads,
    AskPage,
    AskSnapshot,
    AskToken,
    CutEpoch,
    Failed,
    Failure,
    KeepToken,
    LoadSnapshot,
    Notice,
    NoticeCode,
    OpenEpoch,
    SendLists,
    SendPush,
    ServerTime,
    SetWatermark,
    SnapshotTaken,
    Wait,
)
from sync.link import Link, Override
from sync.wire import ENTRIES_MAX, Ack, Fork, Gap, Heads, ListsWanted, Page, Scope, SnapshotDue, TokenAnswer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from sync.exchange import Answer, Asked, Effect, Outcome, Request

LOOK_MS: Final = 15_000
LOOK_JITTER_MS: Final = 3_000
"""How often the feed is asked and the centre hears of us while nothing happens."""

HEADS_EVERY_MS: Final = 10 * 60_000
TURNED_AWAY_MS: Final = 15 * 60_000
"""How long a device whose identity or version was refused waits before it asks again."""

SNAPSHOTS_MAX: Final = 2
SNAPSHOT_PAUSE_MS: Final = 10 * 60_000
"""The loop breaker: so many snapshots in a row that led nowhere, then so long a pause."""


@dataclass(frozen=True, slots=True)
class EpochState:
    """An epoch of this device's ledger. `end`: the last sequence that is to be sent, less than `last` where it was cut.

    `present`: entries are appended to it.
    """

    no: int
    id: str
    last: int
    end: int
    acked: int
    safe: int
    present: bool


class Outbox(Protocol):
    """What the store tells the engine; reading it changes nothing."""

    def epochs(self) -> Sequence[EpochState]:
        """All epochs that the centre may still have to hear of, oldest first."""

    def link(self, no: int, seq: int) -> str:
        """The link after sequence `seq` of an epoch (hex; its genesis for 0)."""

    def cursor(self, scope: Scope) -> str | None:
        """How far a scope of the feed was applied; None: never."""

    def token_due_ms(self) -> int | None:
        """Milliseconds until the token should be rotated; None: never."""


@dataclass(slots=True)
class Engine:
    """The state of the conversation. Times are monotonic milliseconds."""

    source: Random
    link: Link = field(default_factory=Link)
    entries_max: int = ENTRIES_MAX
    _not_before_ms: int = 0
    _look_ms: int = 0
    _heads_ms: int | None = None
    _due: set[Scope] = field(default_factory=lambda: set(Scope))
    _snapshot_due: bool = False
    _snapshots: int = 0
    _snapshot_not_before_ms: int = 0
    _wanted: SendLists | None = None
    _pulled_last: bool = True
    _doubted: frozenset[int] = frozenset()
    """Epochs whose last acknowledged link is not our own: a push tells where they part."""
    _backoff: Backoff = field(init=False)

    def __post_init__(self) -> None:
        """The backoff draws from the same source."""
        self._backoff = Backoff(self.source)

    # What happens around it.

    def hint(self) -> None:
        """The stream says that there is more."""
        self._due = set(Scope)

    def hurry(self) -> None:
        """The worker or a network change asks to try at once."""
        self._not_before_ms = 0
        self._backoff.worked()
        self.hint()

    def set_override(self, override: Override, now_ms: int) -> None:
        """Stays offline until said otherwise, or goes on by itself."""
        self.link.set_override(override, now_ms)
        if override is Override.AUTOMATIC:
            self.hurry()

    def sum_differs(self) -> None:
        """The base is not what the centre's is: it is fetched anew."""
        self._snapshot_due = True

    # What to do.

    def next(self, now_ms: int, outbox: Outbox) -> Asked:
        """The one next request."""
        if self.link.override is Override.OFFLINE:
            return Wait(now_ms + LOOK_MS)
        if now_ms < self._not_before_ms:
            return Wait(self._not_before_ms)
        if self._heads_ms is None or now_ms - self._heads_ms >= HEADS_EVERY_MS:
            return AskHeads()
        if self._wanted is not None:
            return self._wanted
        if now_ms >= self._look_ms:
            self._due = set(Scope)
        return self._work(now_ms, outbox) or self._idle(now_ms, outbox)

    def _work(self, now_ms: int, outbox: Outbox) -> Request | None:
        """A push or a pull, in turns while there is enough of both; watch lines before all else."""
        pull = self._pull(now_ms, outbox)
        if isinstance(pull, AskPage) and pull.scope is Scope.WATCH:
            return pull
        push = self._push(outbox)
        return (push or pull) if self._pulled_last else (pull or push)

    def _push(self, outbox: Outbox) -> SendPush | None:
        for epoch in outbox.epochs():
            if epoch.acked < epoch.end or epoch.no in self._doubted:
                return SendPush(epoch.no, epoch.acked + 1, self.entries_max)
        return None

    def _pull(self, now_ms: int, outbox: Outbox) -> AskPage | AskSnapshot | None:
        """The watch lines, then a snapshot where one is due, then the feed."""
        watch, feed = outbox.cursor(Scope.WATCH), outbox.cursor(Scope.FEED)
        if Scope.WATCH in self._due and watch is not None:
            return AskPage(Scope.WATCH, watch)
        if self._snapshot_due or feed is None or watch is None:
            return AskSnapshot() if now_ms >= self._snapshot_not_before_ms else None
        return AskPage(Scope.FEED, feed) if Scope.FEED in self._due else None

    def _idle(self, now_ms: int, outbox: Outbox) -> Asked:
        """A rotation of the token, a heartbeat when it is time, or nothing."""
        token_due_ms = outbox.token_due_ms()
        if token_due_ms is not None and token_due_ms <= 0:
            return AskToken()
        if now_ms >= self._look_ms:
            self._look_ms = now_ms + LOOK_MS + self.source.randrange(LOOK_JITTER_MS)
            present = [epoch for epoch in outbox.epochs() if epoch.present]
            if present:
                return SendPush(present[0].no, present[0].acked + 1, 0)
        return Wait(self._look_ms)

    # What it came to.

    def done(self, request: Request, outcome: Outcome, now_ms: int, outbox: Outbox) -> tuple[Effect, ...]:
        """What an outcome means. An answer about something the outbox no longer knows means nothing."""
        if isinstance(outcome, Failed):
            return self._failed(outcome, now_ms)
        self.link.worked(now_ms)
        self._backoff.worked()
        self.entries_max = min(ENTRIES_MAX, self.entries_max * 2)
        self._pulled_last = isinstance(request, AskPage | AskSnapshot)
        effects = self._answered(outcome, now_ms, outbox)
        if isinstance(outcome, SnapshotTaken | TokenAnswer):
            return effects
        return (ServerTime(outcome.server_time), *effects)

    def _failed(self, failed: Failed, now_ms: int) -> tuple[Effect, ...]:
        if failed.failure in ANSWERED:
            self.link.worked(now_ms)
        else:
            self.link.failed(now_ms)
            self._heads_ms = None
        if failed.failure is not Failure.UNREACHABLE:
            self.entries_max = max(1, self.entries_max // 2)
        wait_ms = self._backoff.failed(failed.retry_after_ms)
        if failed.failure in TRANSIENT:
            self._not_before_ms = now_ms + wait_ms
            return ()
        self._not_before_ms = now_ms + max(wait_ms, TURNED_AWAY_MS)
        return (Notice(NoticeCode(failed.failure.value), failed.code),)

    def _answered(self, answer: Answer, now_ms: int, outbox: Outbox) -> tuple[Effect, ...]:
        match answer:
            case Heads():
                return self._heads(answer, now_ms, outbox)
            case Ack() | Gap():
                self._wanted = None
                return self._acked(answer.epoch, answer.seq, answer.hash, answer.safe_seq, outbox)
            case Fork():
                return self._forked(answer, outbox)
            case ListsWanted():
                return self._lists_wanted(answer, outbox)
            case _:
                return self._about_feed(answer, now_ms)

    def _about_feed(self, answer: Page | SnapshotDue | SnapshotTaken | TokenAnswer, now_ms: int) -> tuple[Effect, ...]:
        match answer:
            case Page():
                return self._page(answer)
            case SnapshotDue():
                self._snapshot_due = True
                return ()
            case SnapshotTaken():
                return self._snapshot(now_ms)
            case TokenAnswer():
                return (KeepToken(answer),)

    def _heads(self, heads: Heads, now_ms: int, outbox: Outbox) -> tuple[Effect, ...]:
        """Every watermark anew: a centre that was restored has less, and gets the rest again."""
        self._heads_ms = now_ms
        self._wanted = None
        known = {head.epoch: head for head in heads.epochs}
        effects: list[Effect] = []
        for epoch in outbox.epochs():
            head = known.get(epoch.id)
            if head is None:
                effects.append(SetWatermark(epoch.no, 0, 0))
            else:
                effects += self._acked(epoch.id, head.seq, head.hash, head.safe_seq, outbox)
        return tuple(effects)

    def _acked(self, epoch_id: str, seq: int, link: str, safe: int, outbox: Outbox) -> tuple[Effect, ...]:
        epoch = _epoch_of(epoch_id, outbox)
        if epoch is None:
            return ()
        if seq > epoch.last and epoch.present:
            return SetWatermark(epoch.no, epoch.last, min(safe, epoch.last)), OpenEpoch(epoch.no), _RESTORED
        if seq > epoch.end:
            return (SetWatermark(epoch.no, epoch.end, min(safe, epoch.end)),)
        if outbox.link(epoch.no, seq) != link:
            self._doubted |= {epoch.no}
            return (SetWatermark(epoch.no, seq, 0),)
        self._doubted -= {epoch.no}
        return (SetWatermark(epoch.no, seq, min(safe, seq)),)

    def _forked(self, fork: Fork, outbox: Outbox) -> tuple[Effect, ...]:
        """Cut after the last link that both have; where that is our own end, the answer was an old one."""
        self._wanted = None
        epoch = _epoch_of(fork.epoch, outbox)
        if epoch is None:
            return ()
        self._doubted -= {epoch.no}
        common = [
            link.seq for link in fork.known if link.seq <= epoch.end and outbox.link(epoch.no, link.seq) == link.hash
        ]
        cut = max(common, default=0)
        if cut == epoch.end:
            return (SetWatermark(epoch.no, cut, min(epoch.safe, cut)),)
        return SetWatermark(epoch.no, cut, min(epoch.safe, cut)), CutEpoch(epoch.no, cut), _FORKED

    def _lists_wanted(self, wanted: ListsWanted, outbox: Outbox) -> tuple[Effect, ...]:
        epoch = _epoch_of(wanted.epoch, outbox)
        if epoch is None or wanted.seq > epoch.end:
            self._wanted = None
            return ()
        self._wanted = SendLists(epoch.no, wanted.seq + 1, wanted.digests)
        return self._acked(wanted.epoch, wanted.seq, wanted.hash, epoch.safe, outbox)

    def _page(self, page: Page) -> tuple[Effect, ...]:
        if not page.more:
            self._due.discard(page.scope)
        if page.scope is Scope.FEED and not self._snapshot_due:
            self._snapshots = 0
        return (ApplyPage(page),)

    def _snapshot(self, now_ms: int) -> tuple[Effect, ...]:
        """Loaded; one that leads to yet another is counted."""
        self._snapshot_due = False
        self._due = set(Scope)
        self._snapshots += 1
        if self._snapshots < SNAPSHOTS_MAX:
            return (LoadSnapshot(),)
        self._snapshots = 0
        self._snapshot_not_before_ms = now_ms + SNAPSHOT_PAUSE_MS
        return LoadSnapshot(), Notice(NoticeCode.SNAPSHOT_LOOP)


_FORKED: Final = Notice(NoticeCode.FORKED)
_RESTORED: Final = Notice(NoticeCode.RESTORED)


def _epoch_of(epoch_id: str, outbox: Outbox) -> EpochState | None:
    return next((epoch for epoch in outbox.epochs() if epoch.id == epoch_id), None)
