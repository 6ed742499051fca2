"""Engines with one deliberate fault each: a simulation that lets one of them pass would prove nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sync.engine import Engine
from sync.exchange import Failed, Failure, SendLists, SendPush, SetWatermark
from sync.pushing import LISTS_TRIES, Pushing
from sync.wire import Ack, EpochHead, Fork, Gap, Heads, ListsWanted, Page, SnapshotDue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.exchange import Answer, Asked, AskPage, AskSnapshot, Effect, Outcome, Request
    from sync.outbox import EpochState, Outbox
    from sync.wire import PushAnswer

Effects = tuple["Effect", ...]


class BelievesWhatLiesBeyond(Pushing):
    """More than we have means that it has all of ours: a clone's entries are taken for our own."""

    def _held(
        self,
        epoch: EpochState,
        head: Ack | Gap | ListsWanted | EpochHead,
        safe: int,
        outbox: Outbox,
        compared: int = -1,
    ) -> Effects:
        return super()._held(epoch, head, safe, outbox, max(compared, epoch.end))


class ComparesNoLink(Pushing):
    """A sequence is a sequence."""

    def _held(
        self,
        epoch: EpochState,
        head: Ack | Gap | ListsWanted | EpochHead,
        safe: int,
        outbox: Outbox,
        compared: int = -1,
    ) -> Effects:
        ours = replace(head, hash=outbox.link(epoch.no, head.seq)) if 0 < head.seq <= epoch.last else head
        return super()._held(epoch, ours, safe, outbox, compared)


class NeverLowers(Pushing):
    """What was acknowledged once stays so."""

    def _held(
        self,
        epoch: EpochState,
        head: Ack | Gap | ListsWanted | EpochHead,
        safe: int,
        outbox: Outbox,
        compared: int = -1,
    ) -> Effects:
        effects = super()._held(epoch, head, safe, outbox, compared)
        return tuple(one for one in effects if not (isinstance(one, SetWatermark) and one.acked < epoch.acked))


class CutsTooHigh(Pushing):
    """Cuts where the centre's chain ends, without a look at the links."""

    def _forked(self, epoch: EpochState, fork: Fork, outbox: Outbox) -> Effects:
        known = tuple(
            replace(link, hash=outbox.link(epoch.no, link.seq)) if 0 < link.seq <= epoch.last else link
            for link in fork.known
        )
        return super()._forked(epoch, replace(fork, known=known), outbox)


class NeverCuts(Pushing):
    """Pushes on where the chains have parted."""

    def _forked(self, epoch: EpochState, fork: Fork, outbox: Outbox) -> Effects:
        super()._forked(epoch, fork, outbox)
        return ()


class OverlooksWhatIsMissing(Pushing):
    """An epoch that the centre does not name keeps its watermark."""

    def heads(self, heads: Heads, outbox: Outbox) -> Effects:
        named = {head.epoch for head in heads.epochs}
        unnamed = tuple(
            EpochHead(epoch.id, epoch.acked, outbox.link(epoch.no, epoch.acked), epoch.safe)
            for epoch in outbox.epochs()
            if epoch.id not in named and epoch.acked
        )
        return super().heads(replace(heads, epochs=heads.epochs + unnamed), outbox)


class SendsThePresentOnly(Pushing):
    """What was left in former epochs is forgotten."""

    def wishes(self, outbox: Outbox) -> Iterator[SendPush | SendLists]:
        present = {epoch.no for epoch in outbox.epochs() if epoch.present}
        return (wish for wish in super().wishes(outbox) if wish.no in present)


class NeverSendsLess(Pushing):
    """What is too large is sent again as it is."""

    def failed(self, request: SendPush | SendLists, failure: Failure) -> None:
        before = self.entries_max
        super().failed(request, failure)
        self.entries_max = before


class SendsNoLists(Pushing):
    """The entry is pushed again without the list it names."""

    def _want(self, epoch: EpochState, wanted: ListsWanted) -> None:
        pass


class SendsListsForEver(Pushing):
    """A list that the centre has no use for stops the device."""

    def _times_sent(self, lists: SendLists) -> int:
        return min(super()._times_sent(lists), LISTS_TRIES - 1)


class LeavesDoubts(Pushing):
    """Never asks whether the chain is ours."""

    def wishes(self, outbox: Outbox) -> Iterator[SendPush | SendLists]:
        self._doubts.clear()
        return super().wishes(outbox)


class PassesOverGaps(Pushing):
    """A gap is an answer like any other."""

    def answered(
        self, request: SendPush | SendLists, answer: PushAnswer, now_ms: int, outbox: Outbox
    ) -> Effects | None:
        return () if isinstance(answer, Gap) else super().answered(request, answer, now_ms, outbox)


def sending(pushing: type[Pushing]) -> type[Engine]:
    """An engine with this half that sends."""

    class Sending(Engine):
        def __post_init__(self, entries_max: int) -> None:
            super().__post_init__(entries_max)
            self._pushing = pushing(self._pauses, entries_max)

    return Sending


class LooksForEver(Engine):
    """The time of a look that is due stays due: the watch lines are asked again and again."""

    def _look(self, now_ms: int) -> None:
        super()._look(now_ms)
        self._look_ms = now_ms


class TakesAnyAnswer(Engine):
    """A late answer is as good as the one that is waited for."""

    def done(self, request: Request, outcome: Outcome, now_ms: int, outbox: Outbox) -> Effects:
        self._asked = request
        return super().done(request, outcome, now_ms, outbox)


class AppliesAnyPage(TakesAnyAnswer):
    """The same for pages that follow another cursor."""

    def _page(self, request: AskPage, page: Page, outbox: Outbox) -> Effects:
        return super()._page(replace(request, cursor=outbox.cursor(request.scope) or ""), page, outbox)


class AsksHeadsOnce(Engine):
    """What the centre has lost since is never found out."""

    def _failed(self, request: Request, failed: Failed, now_ms: int) -> Effects:
        before = self._heads_ms
        effects = super()._failed(request, failed, now_ms)
        self._heads_ms = before
        return effects

    def hurry(self) -> None:
        before = self._heads_ms
        super().hurry()
        self._heads_ms = before

    def next(self, now_ms: int, outbox: Outbox) -> Asked:
        self._heads_ms = self._heads_ms and now_ms
        return super().next(now_ms, outbox)


class TakesNoSnapshot(Engine):
    """Asks the feed again when it is told to take a snapshot."""

    def _answered(self, request: Request, answer: Answer, now_ms: int, outbox: Outbox) -> Effects | None:
        effects = super()._answered(request, answer, now_ms, outbox)
        if isinstance(answer, SnapshotDue):
            self._leads_nowhere = False
        return effects


class TrustsItsBase(Engine):
    """A checksum that differs is no reason to fetch the base anew."""

    def sum_differs(self) -> None:
        pass


class DropsWhatIsRefused(Engine):
    """A push that is refused is taken off the queue, as public scanner apps do."""

    def _failed(self, request: Request, failed: Failed, now_ms: int) -> Effects:
        effects = super()._failed(request, failed, now_ms)
        if failed.failure is Failure.REFUSED and isinstance(request, SendPush) and request.entries_max:
            return (*effects, SetWatermark(request.no, request.start, 0))
        return effects


class StopsWhereItIsRefused(Engine):
    """A request that is refused is never made again, as public sync engines do."""

    def _failed(self, request: Request, failed: Failed, now_ms: int) -> Effects:
        effects = super()._failed(request, failed, now_ms)
        if failed.failure is Failure.REFUSED and isinstance(request, SendPush):
            self._pauses.rest(request.no, now_ms + 10**9)
        return effects


class NeverPulls(Engine):
    """Pushes, and nothing else."""

    def _feed(self, now_ms: int, outbox: Outbox) -> Iterator[AskPage | AskSnapshot]:
        super()._feed(now_ms, outbox)
        yield from ()


HALVES = (
    BelievesWhatLiesBeyond, ComparesNoLink, NeverLowers, CutsTooHigh, NeverCuts, OverlooksWhatIsMissing,
    SendsThePresentOnly, NeverSendsLess, SendsNoLists, SendsListsForEver, LeavesDoubts, PassesOverGaps,
)  # fmt: skip
WHOLES = (
    LooksForEver, TakesAnyAnswer, AppliesAnyPage, AsksHeadsOnce, TakesNoSnapshot, TrustsItsBase, DropsWhatIsRefused,
    StopsWhereItIsRefused, NeverPulls,
)  # fmt: skip
MUTANTS: dict[str, type[Engine]] = {half.__name__: sending(half) for half in HALVES}
MUTANTS |= {engine.__name__: engine for engine in WHOLES}
