"""A conversation by hand: the engine, a ledger that its effects change, and a test that speaks for the centre."""

from __future__ import annotations

import types
from random import Random

from sync.engine import Engine
from sync.exchange import (
    Asked,
    AskHeads,
    AskPage,
    AskSnapshot,
    AskToken,
    Effect,
    Outcome,
    Request,
    SendLists,
    SendPush,
    ServerTime,
    SnapshotTaken,
    Wait,
)
from sync.wire import Ack, EpochHead, Fork, Gap, Heads, Link, ListsWanted, Page, Scope, SnapshotDue, TokenAnswer
from tests.sync.ledger import Ledger

SERVER_TIME = 77


class Talk:
    """`asked` is what is in the air; effects are given without the server's time, which every answer brings."""

    def __init__(self, entries: int = 0, *, acked: int = 0, synced: bool = True) -> None:
        """A ledger of one epoch; `synced`: heads, feed and heartbeat are done, only what is pending is left."""
        self.ledger = Ledger(Random(5))
        self.engine = Engine(Random(6))
        self.now_ms = 1_000_000
        for _ in range(acked):
            self.scan()
        if synced:
            self.ledger.cursors = dict.fromkeys(Scope, "1.a")
            self.ledger.present.acked = acked
            self.settle()
        for _ in range(entries - acked):
            self.scan()

    def scan(self) -> None:
        """One more entry."""
        self.ledger.append(len(self.ledger.present.events) + 100)

    # Asking and answering.

    def next(self) -> Asked:
        """What the engine asks now."""
        return self.engine.next(self.now_ms, self.ledger)

    def ask(self) -> Request:
        """The same, where it must not wait."""
        asked = self.next()
        assert not isinstance(asked, Wait), asked
        return asked

    def answer(self, request: Request, outcome: Outcome) -> tuple[Effect, ...]:
        """The effects of an outcome, which are performed."""
        effects = self.engine.done(request, outcome, self.now_ms, self.ledger)
        for effect in effects:
            self.ledger.perform(effect, snapshot=({}, "9.a"))
        return tuple(effect for effect in effects if effect != ServerTime(SERVER_TIME))

    def turn(self, outcome: Outcome) -> tuple[Request, tuple[Effect, ...], Asked]:
        """What is asked, what the outcome does, and what is asked next."""
        request = self.ask()
        effects = self.answer(request, outcome)
        return request, effects, self.next()

    def later(self, ms: int) -> None:
        """Time passes."""
        self.now_ms += ms

    def settle(self) -> list[Request]:
        """Answers all there is as a centre that has just what it was seen to have, until the engine waits."""
        seen: list[Request] = []
        while not isinstance(request := self.next(), Wait):
            assert len(seen) < 50, seen
            seen.append(request)
            self.answer(request, self.fine(request))
        return seen

    def ask_for(self, kind: type[Request] | types.UnionType) -> Request:
        """The next request of this kind; all that comes before it is waited for and answered."""
        for _ in range(100):
            match self.next():
                case Wait(until_ms):
                    self.now_ms = until_ms
                case request if isinstance(request, kind):
                    return request
                case request:
                    self.answer(request, self.fine(request))
        raise AssertionError(kind)

    def fine(self, request: Request) -> Outcome:
        """The answer to anything, where all is well."""
        match request:
            case SendPush(no, start, entries_max):
                return self.ack(min(start - 1 + entries_max, self.ledger.segments[no - 1].last), no=no)
            case SendLists(no, start):
                return self.ack(start - 1, no=no)
            case AskHeads():
                return self.heads()
            case AskPage(scope, cursor):
                return self.page(scope, cursor)
            case AskSnapshot():
                return SnapshotTaken()
            case AskToken():
                return TokenAnswer("t", 0, SERVER_TIME)

    # What the centre says. A link is the ledger's own unless another is named.

    def link(self, seq: int, no: int = 1) -> str:
        """The ledger's own link; of what it does not have, some link."""
        links = self.ledger.segments[no - 1].links
        return links[seq] if seq < len(links) else "ff"

    def id(self, no: int = 1) -> str:
        """An epoch's id."""
        return self.ledger.segments[no - 1].id

    def ack(self, seq: int, safe: int = 0, *, no: int = 1, link: str | None = None, epoch: str | None = None) -> Ack:
        """Committed up to an entry."""
        return Ack("ack", epoch or self.id(no), seq, link or self.link(seq, no), safe, SERVER_TIME)

    def gap(self, seq: int, *, no: int = 1) -> Gap:
        """Nothing after an entry."""
        return Gap("gap", self.id(no), seq, self.link(seq, no), 0, SERVER_TIME)

    def fork(self, *known: int, other: tuple[int, ...] = (), no: int = 1) -> Fork:
        """Another chain: of these links `other` are not the ledger's."""
        links = tuple(Link(seq, "ff" if seq in other else self.link(seq, no)) for seq in known)
        return Fork("fork", self.id(no), links, SERVER_TIME)

    def lists(self, seq: int, *digests: str, no: int = 1) -> ListsWanted:
        """The entry after this one names lists."""
        return ListsWanted("lists", self.id(no), seq, self.link(seq, no), digests, SERVER_TIME)

    def heads(self, *heads: EpochHead) -> Heads:
        """These, or what the ledger takes for acknowledged."""
        own = tuple(
            EpochHead(one.id, one.acked, one.links[one.acked], one.safe) for one in self.ledger.segments if one.acked
        )
        return Heads("D", heads or own, "1.a", "1.a", SERVER_TIME)

    def head(self, seq: int, safe: int = 0, *, no: int = 1, link: str | None = None) -> EpochHead:
        """One of them."""
        return EpochHead(self.id(no), seq, link or self.link(seq, no), safe)

    def page(self, scope: Scope, cursor: str, *, more: bool = False) -> Page:
        """No rows, up to a cursor."""
        return Page("page", scope, cursor, more, (), SERVER_TIME)

    def snapshot_due(self) -> SnapshotDue:
        """The cursor is from another past."""
        return SnapshotDue("snapshot", "another past", SERVER_TIME)
