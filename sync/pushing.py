"""The engine's half that sends: what of each epoch is pushed next, and what an answer says that the centre holds.

A watermark is only ever raised to a link that the centre has shown to be our own too. Where its last link lies beyond
our end or is not ours, the epoch is in doubt, and a push without entries asks for the link that matters.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from sync.exchange import (
    TRANSIENT,
    CutEpoch,
    Failure,
    Notice,
    NoticeCode,
    OpenEpoch,
    SendLists,
    SendPush,
    SetWatermark,
)
from sync.wire import ENTRIES_MAX, Ack, EpochHead, Fork, Gap, Heads, ListsWanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.backoff import Pauses
    from sync.exchange import Effect
    from sync.outbox import EpochState, Outbox
    from sync.wire import PushAnswer

ROUNDS_FREE: Final = 2
"""Pushes of an epoch in a row that may start no later than the one before, at once: a gap, lists. More become rarer."""

CUTS_MAX: Final = 3
"""New epochs in a row without an entry acknowledged in between, then a long pause: the centre believes none of them."""

CUTS_PAUSE_MS: Final = 15 * 60_000

LISTS_TRIES: Final = 3
"""How often lists are sent that the centre goes on asking for; then they are absent."""

CUTS: Final = "cuts"
"""What pauses all pushes: epochs opened one after the other."""


@dataclass(slots=True)
class Pushing:
    """What is open about each epoch. Times are monotonic milliseconds."""

    pauses: Pauses
    entries_max: int
    _doubts: dict[int, int] = field(default_factory=dict)
    """Epochs of which it is open whether the centre's chain is ours, and the sequence whose link it is asked for."""
    _wanted: dict[int, SendLists] = field(default_factory=dict)
    _sent: dict[int, tuple[SendLists, int]] = field(default_factory=dict)
    """The lists that an epoch sent last, and how often."""
    _starts: dict[int, int] = field(default_factory=dict)
    """Where the last push of an epoch started that was answered."""

    def wishes(self, outbox: Outbox) -> Iterator[SendPush | SendLists]:
        """What is to be sent, at most one request an epoch, the oldest epoch first."""
        for epoch in outbox.epochs():
            if epoch.no in self._wanted:
                yield self._wanted[epoch.no]
            elif epoch.no in self._doubts:
                yield SendPush(epoch.no, self._doubts[epoch.no] + 1, 0)
            elif epoch.acked < epoch.end:
                yield SendPush(epoch.no, epoch.acked + 1, self.entries_max)

    def failed(self, request: SendPush | SendLists, failure: Failure) -> None:
        """Less at once, where that may have been the cause. Lists that a bad network kept back stay wanted."""
        if failure not in TRANSIENT - {Failure.TOO_LARGE}:
            self._wanted.pop(request.no, None)
        if _entries(request) and failure in TRANSIENT - {Failure.UNREACHABLE}:
            self.entries_max = max(1, self.entries_max // 2)

    def heads(self, heads: Heads, outbox: Outbox) -> tuple[Effect, ...]:
        """Every watermark anew: a centre that was restored has less, and gets the rest again.

        Lists stay wanted where its chain ends just before the entry that names them: heads are asked after every
        failure, and on a network where something always fails no list would ever be sent.
        """
        known = {head.epoch: head for head in heads.epochs}
        effects: tuple[Effect, ...] = ()
        for epoch in outbox.epochs():
            head = known.get(epoch.id) or EpochHead(epoch.id, 0, "", 0)
            if epoch.no in self._wanted and self._wanted[epoch.no].start != head.seq + 1:
                del self._wanted[epoch.no]
            effects += self._held(epoch, head, head.safe_seq, outbox)
        return effects

    def answered(
        self, request: SendPush | SendLists, answer: PushAnswer, now_ms: int, outbox: Outbox
    ) -> tuple[Effect, ...] | None:
        """What an answer means; None: it is about another epoch, and no answer to this request."""
        epoch = next((epoch for epoch in outbox.epochs() if epoch.no == request.no), None)
        if epoch is None:
            return ()
        if answer.epoch != epoch.id:
            return None
        self._wanted.pop(epoch.no, None)
        if isinstance(request, SendLists):
            lists = replace(request, absent=False)
            self._sent[epoch.no] = (lists, self._times_sent(lists) + 1)
        effects = self._about(epoch, request, answer, outbox)
        self._judge_start(request, now_ms)
        if not self._rest_after_new_epochs(effects, now_ms) and _got_through(request, effects):
            self.entries_max = min(ENTRIES_MAX, self.entries_max + 1 + self.entries_max // 4)
            self.pauses.worked(CUTS)
        return effects

    def _about(
        self, epoch: EpochState, request: SendPush | SendLists, answer: PushAnswer, outbox: Outbox
    ) -> tuple[Effect, ...]:
        match answer:
            case Ack():
                return self._held(epoch, answer, answer.safe_seq, outbox, compared=request.start - 1)
            case Gap():
                return self._held(epoch, answer, answer.safe_seq, outbox)
            case Fork():
                return self._forked(epoch, answer, outbox)
            case _:
                effects = self._held(epoch, answer, epoch.safe, outbox)
                self._want(epoch, answer)
                return effects

    def _held(
        self,
        epoch: EpochState,
        head: Ack | Gap | ListsWanted | EpochHead,
        safe: int,
        outbox: Outbox,
        compared: int = -1,
    ) -> tuple[Effect, ...]:
        """The centre's chain of an epoch ends at `head`; up to `compared` it has found it to be ours.

        In doubt nothing is taken for held: with another link than ours at its end, the centre may have none of our
        entries; with more than we have, what it was seen to hold before stays.
        """
        opened = (OpenEpoch(epoch.no), _RESTORED) if epoch.present and head.seq > epoch.last else ()
        ours = head.seq == 0 or (head.seq <= epoch.last and outbox.link(epoch.no, head.seq) == head.hash)
        if ours or (head.seq > epoch.end and compared >= epoch.end):
            self._doubts.pop(epoch.no, None)
            return *_watermark(epoch, min(head.seq, epoch.end), safe), *opened
        self._doubts[epoch.no] = min(head.seq, epoch.end)
        return opened if head.seq > epoch.end else _watermark(epoch, 0, 0)

    def _forked(self, epoch: EpochState, fork: Fork, outbox: Outbox) -> tuple[Effect, ...]:
        """Cut after the last link that both have; where that is our own end, there is nothing to cut."""
        self._doubts.pop(epoch.no, None)
        known = [link for link in fork.known if 0 < link.seq <= epoch.last]
        common = [link.seq for link in known if outbox.link(epoch.no, link.seq) == link.hash]
        cut = min(max(common, default=0), epoch.end)
        if cut == epoch.end:
            return _watermark(epoch, cut, epoch.safe)
        return *_watermark(epoch, cut, epoch.safe), CutEpoch(epoch.no, cut), _FORKED

    def _want(self, epoch: EpochState, wanted: ListsWanted) -> None:
        """The lists are sent next; those that were sent in vain too often are absent."""
        if wanted.seq >= epoch.end or epoch.no in self._doubts:
            return
        lists = SendLists(epoch.no, wanted.seq + 1, wanted.digests)
        self._wanted[epoch.no] = replace(lists, absent=self._times_sent(lists) >= LISTS_TRIES)

    def _times_sent(self, lists: SendLists) -> int:
        """How often these lists were sent, and the centre answered."""
        last, times = self._sent.get(lists.no, (None, 0))
        return times if last == lists else 0

    def _judge_start(self, request: SendPush | SendLists, now_ms: int) -> None:
        """Pushes of an epoch get further each time; where they do not, they become rarer."""
        if request == SendPush(request.no, request.start, 0) and request.no not in self._doubts:
            self.pauses.worked(request.no)
            return
        if request.start > self._starts.get(request.no, 0):
            self.pauses.worked(request.no)
        else:
            self.pauses.failed(request.no, now_ms, free=ROUNDS_FREE)
        self._starts[request.no] = request.start

    def _rest_after_new_epochs(self, effects: tuple[Effect, ...], now_ms: int) -> bool:
        """A centre that takes no epoch for what it is would have us open one after the other."""
        opened = any(isinstance(effect, CutEpoch | OpenEpoch) for effect in effects)
        if opened:
            least_ms = CUTS_PAUSE_MS if self.pauses.failures(CUTS) >= CUTS_MAX else 0
            self.pauses.failed(CUTS, now_ms, least_ms=least_ms)
        return opened


_FORKED: Final = Notice(NoticeCode.FORKED)
_RESTORED: Final = Notice(NoticeCode.RESTORED)


def _entries(request: SendPush | SendLists) -> int:
    """How many entries it may hold."""
    return request.entries_max if isinstance(request, SendPush) else 0


def _got_through(request: SendPush | SendLists, effects: tuple[Effect, ...]) -> bool:
    """Whether entries did."""
    return any(isinstance(effect, SetWatermark) and effect.acked >= request.start for effect in effects)


def _watermark(epoch: EpochState, acked: int, safe: int) -> tuple[Effect, ...]:
    """None where it stands there already: a commit for nothing would be in a scan's way."""
    safe = min(safe, acked)
    return () if (acked, safe) == (epoch.acked, epoch.safe) else (SetWatermark(epoch.no, acked, safe),)
