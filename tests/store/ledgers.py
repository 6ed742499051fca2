"""Real ledgers in real files for the tests of the store, and the entries that go into them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import TYPE_CHECKING

from scanner_app.domain.entry import Entry, EntryKind, Origin, Raw, Stamp
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.stock import SUPPLIER, ContainerMove, Posting, Seal, Status, StockKey, case_place, sscc_place
from scanner_app.store.ledger import Ledger, Saved

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from scanner_app.domain.lists import MemberList
    from scanner_app.domain.refusals import Verdict

DEVICE = "HANDHELD-1"
OTHER_EPOCH = bytes(range(16, 32))
START_MS = 1_795_334_400_000
EXPIRY = date(2027, 5, 31)
GTIN = "09521001000017"
OTHER = "09521001000024"
CASE_GTIN = "19521001000014"
PALLET = sscc_place("095210010000040013")
CASE = case_place(CASE_GTIN, "C1")

_EPOCHS = count(1)


def make_epoch() -> bytes:
    return next(_EPOCHS).to_bytes(16, "big")


def open_ledger(path: Path, device: str = DEVICE) -> Ledger:
    return Ledger.open(path, device, make_epoch)


def key(
    serial: str | None = None, lot: str | None = "L1", expiry: date | None = EXPIRY, *,
    gtin: str = GTIN, status: Status = Status.AVAILABLE, owner: str = "own",
) -> StockKey:  # fmt: skip
    return StockKey(owner, gtin, lot, expiry, serial, status)


def received(what: StockKey, place: str = "DOCK-1", quantity: int = 1, *, inferred: bool = False) -> Posting:
    return Posting(what, quantity, SUPPLIER, place, inferred)


def moved(container: str, from_parent: str, to_parent: str, seal: Seal = Seal.SEALED) -> ContainerMove:
    return ContainerMove(container, from_parent, to_parent, seal)


def scanned(text: str, method: str = "scanned") -> Raw:
    return Raw(text.encode(), None, "dock", "commissioned", method)


@dataclass
class Writer:
    """Appends entries one commit each; event ids, times and the operator follow from how many there were."""

    ledger: Ledger
    written: list[Saved] = field(default_factory=list)

    def entry(
        self, kind: EntryKind = EntryKind.RECEIVED, postings: Sequence[Posting] = (),
        moves: Sequence[ContainerMove] = (), *, verdict: Verdict | None = None, raw: Raw | None = None,
        document: str | None = None, task: str | None = "task-1", operator: str | None = "USR-1",
        refers_to: str | None = None, reason: str | None = None,
    ) -> Entry:  # fmt: skip
        n = len(self.written) + 1
        return Entry(
            kind=kind, event_id=f"event-{n:06}", stamp=Stamp(START_MS + n * 1000, 60, n * 1000, "boot"),
            origin=Origin("SITE-1", DEVICE, "DOCK-1", operator), verdict=verdict or Accepted(),
            workflow="receiving", task=task, document=document, raw=raw, refers_to=refers_to, reason=reason,
            postings=tuple(postings), container_moves=tuple(moves),
        )  # fmt: skip

    def append(self, entry: Entry, lists: Sequence[MemberList] = ()) -> Saved:
        with self.ledger.step() as step:
            saved = step.append(entry, lists)
        self.written.append(saved)
        return saved

    def post(self, *postings: Posting, kind: EntryKind = EntryKind.RECEIVED, document: str | None = None) -> Saved:
        return self.append(self.entry(kind, postings, raw=scanned("x"), document=document))

    def move(self, *moves: ContainerMove, kind: EntryKind = EntryKind.RECEIVED, document: str | None = None) -> Saved:
        return self.append(self.entry(kind, moves=moves, raw=scanned("x"), document=document))
