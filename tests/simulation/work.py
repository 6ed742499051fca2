"""What workers do: entries of many kinds about few goods, so that devices often speak of the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from scanner_app.domain.entry import Entry, EntryKind, Knew, Origin, Raw, Stamp
from scanner_app.domain.lists import CHUNK_MEMBERS_MAX, MemberList
from scanner_app.domain.refusals import Accepted, Outcome, Refusal, Refused
from scanner_app.domain.stock import ADJUSTMENT, CUSTOMER, SUPPLIER, ContainerMove, Posting, Seal, Status, sscc_place
from tests.server.handhelds import GTIN, OTHER_GTIN, stock_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from scanner_app.domain.stock import StockKey

PLACES: Final = ("DOCK-1", "A-01-1", "B-01-1", "CAGE", "Z-99-9")
"""The last one is in no record."""
PALLETS: Final = tuple(sscc_place(f"0952101000004001{n:02}") for n in range(3))
SERIALS: Final = tuple(f"S{n}" for n in range(6))
DOCUMENTS: Final = (None, "ASN-1", "ASN-1", "PO-2")
MEMBERS: Final = (1, 2, 2, 5, 5)
BEYOND_BELIEF: Final = 10**9 + 1
"""A quantity that the device takes and the centre does not."""

Lists = tuple[MemberList, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """When and where a worker does something, and what the device knows then."""

    stamp: Stamp
    site: str
    device: str
    knew: Knew
    written: tuple[Entry, ...]
    """The device's own last entries."""


@dataclass(slots=True)
class Work:
    """A worker's steps, drawn from a source. `doubted`: the events that the centre will not count."""

    source: Random
    doubted: set[str]

    def step(self, moment: Moment) -> tuple[Entry, Lists]:
        """The next entry, and the member lists that it names."""
        acts: tuple[tuple[int, Callable[[Moment], tuple[Entry, Lists]]], ...] = (
            (30, self.receive), (20, self.move), (10, self.pick), (10, self.receive_pallet), (8, self.move_pallet),
            (8, self.correct), (5, self.count), (5, self.open_or_close), (3, self.refuse), (3, self.note),
            (1, self.exaggerate),
        )  # fmt: skip
        (act,) = self.source.choices([act for _, act in acts], [weight for weight, _ in acts])
        return act(moment)

    def new_id(self) -> str:
        """A UUIDv7's text."""
        digits = f"{self.source.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-7{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"

    def entry(
        self, moment: Moment, kind: EntryKind, *postings: Posting, moves: tuple[ContainerMove, ...] = (),
        document: str | None = None, reason: str | None = None, refers_to: str | None = None, scanned: bool = True,
    ) -> Entry:  # fmt: skip
        """An accepted entry."""
        return Entry(
            kind=kind, event_id=self.new_id(), stamp=moment.stamp,
            origin=Origin(moment.site, moment.device, "DOCK-1", self.source.choice(("USR-1001", "USR-1004", "USR-9"))),
            verdict=Accepted(), workflow="receiving", document=document, knew=moment.knew, reason=reason,
            raw=Raw(b"x", "]d2", "dock", "commissioned", "scanned") if scanned else None, refers_to=refers_to,
            postings=postings, container_moves=moves,
        )  # fmt: skip

    def unit(self) -> StockKey:
        """One of the few serialised units."""
        status = Status.HELD if self.source.random() < 0.1 else Status.AVAILABLE
        return stock_key(self.source.choice(SERIALS), lot=self.source.choice(("A12B", "A12B", "Q7")), status=status)

    def goods(self) -> StockKey:
        """Goods without serial."""
        return stock_key(gtin=self.source.choice((GTIN, OTHER_GTIN)), lot=self.source.choice((None, "L1", "C90")))

    def receive(self, moment: Moment) -> tuple[Entry, Lists]:
        """A unit or some goods; sometimes damaged, which leaves a follow-up."""
        to, document = self.source.choice((*PLACES[:3], PALLETS[0])), self.source.choice(DOCUMENTS)
        serialised = self.source.random() < 0.6
        key = self.unit() if serialised else self.goods()
        posting = Posting(key, 1 if serialised else self.source.randint(1, 9), SUPPLIER, to)
        reason = self.source.choice((None, None, "DAMAGED"))
        return self.entry(moment, EntryKind.RECEIVED, posting, document=document, reason=reason), ()

    def move(self, moment: Moment) -> tuple[Entry, Lists]:
        """From one place to another, whether it is there or not."""
        start, end = self.source.sample((*PLACES, *PALLETS[:2]), 2)
        if self.source.random() < 0.5:
            return self.entry(moment, EntryKind.MOVED, Posting(self.unit(), 1, start, end)), ()
        goods = Posting(self.goods(), self.source.randint(1, 5), start, end)
        unit = Posting(self.unit(), 1, start, end)
        return self.entry(moment, EntryKind.MOVED, goods, unit), ()

    def pick(self, moment: Moment) -> tuple[Entry, Lists]:
        """Out to the customer, also below zero."""
        goods = Posting(self.goods(), self.source.randint(1, 5), self.source.choice(PLACES[:2]), CUSTOMER)
        return self.entry(moment, EntryKind.SHIPPED, goods, document=self.source.choice(DOCUMENTS)), ()

    def receive_pallet(self, moment: Moment) -> tuple[Entry, Lists]:
        """A container with its content by one or two member lists; rarely a long one of several chunks."""
        pallet = self.source.choice(PALLETS)
        many = CHUNK_MEMBERS_MAX + 5 if self.source.random() < 0.02 else self.source.choice(MEMBERS)
        goods = [Posting(self.unit(), 1, SUPPLIER, pallet, inferred=n > 0) for n in range(min(many, len(SERIALS)))]
        goods += [Posting(stock_key(f"M{n}"), 1, SUPPLIER, pallet) for n in range(many - len(goods))]
        stands = ContainerMove(pallet, SUPPLIER, self.source.choice(PLACES), Seal.SEALED)
        lists: Lists = (MemberList(tuple(goods), (stands,)),)
        if self.source.random() < 0.2:
            lists += (MemberList((Posting(self.goods(), 3, SUPPLIER, pallet),)),)
        return self.entry(moment, EntryKind.RECEIVED, document=self.source.choice(DOCUMENTS)), lists

    def move_pallet(self, moment: Moment) -> tuple[Entry, Lists]:
        """A container to a place or into another one, sealed or opened."""
        start, end = self.source.sample((*PLACES, PALLETS[2]), 2)
        seal = self.source.choice(tuple(Seal))
        step = ContainerMove(self.source.choice(PALLETS[:2]), start, end, seal, self.source.choice(tuple(Seal)))
        return self.entry(moment, EntryKind.MOVED, moves=(step,)), ()

    def correct(self, moment: Moment) -> tuple[Entry, Lists]:
        """Takes an own entry back."""
        if not moment.written:
            return self.receive(moment)
        former = self.source.choice(moment.written)
        postings = tuple(posting.negated() for posting in reversed(former.postings))
        moves = tuple(step.negated() for step in reversed(former.container_moves))
        correction = self.entry(
            moment, EntryKind.CORRECTED, *postings, moves=moves, document=former.document, refers_to=former.event_id
        )
        if former.event_id in self.doubted and postings:
            self.doubted.add(correction.event_id)
        return correction, ()

    def count(self, moment: Moment) -> tuple[Entry, Lists]:
        """A count's result as an adjustment."""
        more = Posting(self.goods(), self.source.randint(1, 4), ADJUSTMENT, self.source.choice(PLACES))
        found = more if self.source.random() < 0.5 else more.negated()
        return self.entry(moment, EntryKind.ADJUSTED, found, reason="COUNTED"), ()

    def open_or_close(self, moment: Moment) -> tuple[Entry, Lists]:
        """A document opened or closed."""
        kind = self.source.choice((EntryKind.DOCUMENT_OPENED, EntryKind.DOCUMENT_CLOSED))
        outcome = Outcome.SHORT if kind is EntryKind.DOCUMENT_CLOSED else Outcome.OK
        entry = self.entry(moment, kind, document=self.source.choice(DOCUMENTS[1:]), scanned=False)
        return replace(entry, verdict=Accepted(outcome)), ()

    def refuse(self, moment: Moment) -> tuple[Entry, Lists]:
        """A scan that was refused."""
        entry = self.entry(moment, EntryKind.REFUSED)
        return replace(entry, verdict=Refused(Refusal.UNKNOWN_ITEM)), ()

    def note(self, moment: Moment) -> tuple[Entry, Lists]:
        """Something that is no scan."""
        return self.entry(moment, EntryKind.NOTED, scanned=False), ()

    def exaggerate(self, moment: Moment) -> tuple[Entry, Lists]:
        """What the device can hold and the centre does not believe."""
        entry = self.entry(moment, EntryKind.RECEIVED, Posting(self.goods(), BEYOND_BELIEF, SUPPLIER, "DOCK-1"))
        self.doubted.add(entry.event_id)
        return entry, ()
