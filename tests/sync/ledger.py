"""A device's ledger in memory, as the engine sees it: epochs with their links, cuts and watermarks, cursors and a base.

Entries are numbers (their event ids), links are made of them; nothing else of an entry matters to the protocol.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from sync.engine import EpochState
from sync.exchange import ApplyPage, CutEpoch, KeepToken, LoadSnapshot, Notice, OpenEpoch, ServerTime, SetWatermark
from sync.wire import EntryRow, Scope

if TYPE_CHECKING:
    from random import Random

    from sync.exchange import Effect

Base = dict[tuple[Scope, int], int]
"""Scope and number → event."""

LINK_BITS: Final = (1 << 61) - 1


def link_of(previous: str, event: int) -> str:
    """The link after an entry: whatever came before it is part of it."""
    return format(hash((int(previous, 16), event)) & LINK_BITS, "x")


@dataclass(slots=True)
class Segment:
    """One epoch: `links[n]` stands after entry n, and links[0] is its genesis."""

    no: int
    id: str
    links: list[str]
    events: list[int]
    end: int | None = None
    """Where it was cut, or closed; None: entries are appended to it."""
    acked: int = 0
    safe: int = 0
    told: int = 0
    """How often the centre had been restored when it said so."""

    @property
    def last(self) -> int:
        """The last sequence that is to be sent."""
        return len(self.events) if self.end is None else self.end

    def state(self) -> EpochState:
        """As the engine sees it."""
        return EpochState(self.no, self.id, len(self.events), self.last, self.acked, self.safe, self.end is None)

    def copy(self) -> Segment:
        """As it is now."""
        return replace(self, links=list(self.links), events=list(self.events))


@dataclass(slots=True)
class Ledger:
    """The outbox port and the effects on it; what no store may do is asserted."""

    source: Random
    segments: list[Segment] = field(default_factory=list)
    cursors: dict[Scope, str] = field(default_factory=dict)
    base: Base = field(default_factory=dict)
    """What the feed brought. A scope may still hold another past of the centre while the other holds the new one."""
    token_due: int | None = None
    notices: list[Notice] = field(default_factory=list)

    def __post_init__(self) -> None:
        """A ledger without an epoch gets its first."""
        if not self.segments:
            self.open()

    def copy(self) -> Ledger:
        """An image of the disk."""
        return Ledger(
            self.source, [one.copy() for one in self.segments], dict(self.cursors), dict(self.base), self.token_due
        )

    @property
    def present(self) -> Segment:
        """The epoch that entries are appended to."""
        return self.segments[-1]

    def open(self) -> None:
        """A new epoch; the former one is closed where it ends."""
        for segment in self.segments:
            segment.end = segment.last
        number = self.source.getrandbits(60)
        self.segments.append(Segment(len(self.segments) + 1, format(number, "032x"), [format(number, "x")], []))

    def append(self, event: int) -> None:
        """An entry, as a scan makes it."""
        self.present.links.append(link_of(self.present.links[-1], event))
        self.present.events.append(event)

    # The port.

    def epochs(self) -> list[EpochState]:
        """All of them, oldest first."""
        return [segment.state() for segment in self.segments]

    def link(self, no: int, seq: int) -> str:
        """The link after an entry."""
        assert 0 < seq <= len(self.segments[no - 1].events)
        return self.segments[no - 1].links[seq]

    def cursor(self, scope: Scope) -> str | None:
        """How far the feed was applied."""
        return self.cursors.get(scope)

    def token_due_ms(self) -> int | None:
        """When the token is due."""
        return self.token_due

    # The effects.

    def perform(self, effect: Effect, told: int = 0, snapshot: tuple[Base, str] | None = None) -> None:
        """What the ledger thread does for an effect; each is one commit."""
        match effect:
            case SetWatermark(no, acked, safe):
                segment = self.segments[no - 1]
                assert 0 <= safe <= acked <= segment.last
                segment.acked, segment.safe, segment.told = acked, safe, told
            case CutEpoch(no, seq):
                self.cut(self.segments[no - 1], seq)
            case OpenEpoch(no):
                if self.present.no == no:
                    self.open()
            case ApplyPage(page):
                for row in page.rows:
                    assert isinstance(row, EntryRow)
                    assert (page.scope, row.n) not in self.base, f"row {row.n} comes twice"
                    self.base[page.scope, row.n] = int.from_bytes(row.content, "big")
                self.cursors[page.scope] = page.cursor
            case LoadSnapshot():
                assert snapshot is not None
                self.base, cursor = dict(snapshot[0]), snapshot[1]
                self.cursors = dict.fromkeys(Scope, cursor)
            case KeepToken():
                self.token_due = None
            case Notice():
                self.notices.append(effect)
            case ServerTime():
                pass

    def cut(self, segment: Segment, seq: int) -> None:
        """Closes an epoch after an entry; what it had after it is issued again, with the same event ids."""
        assert segment.acked <= seq < segment.last
        tail = segment.events[seq : segment.last]
        if segment is self.present:
            self.open()
        segment.end = seq
        for event in tail:
            self.append(event)
