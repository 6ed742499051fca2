"""A count: what was seen in a place within a window, against what the ledger says lay there (model.md, Count).

A count is a fact; expected and variance are derived, here, by the one pure function that the centre and the simulation
use. Own moves are ordered by sequence. Another device's move at the place within the window, or within clock doubt of
it, makes the count stale: it must be done again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import Accepted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scanner_app.domain.entry import Entry

CLOCK_DOUBT_MS: Final = 120_000
"""How far two devices' corrected clocks are taken to differ at most."""


@dataclass(frozen=True, slots=True, order=True)
class Batch:
    """Item, lot and expiry: what a count tells apart. '' is unknown; owner and status cannot be seen."""

    gtin: str
    lot: str = ""
    expiry: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """One scan of a count: so many base units, or one unit by its serial ('' for none)."""

    batch: Batch
    serial: str
    quantity: int
    seq: int


@dataclass(frozen=True, slots=True)
class Count:
    """A count as its device told it: the window by its own sequence and by the corrected clock, and what was seen."""

    id: str
    place: str
    device: str
    opened_seq: int
    closed_seq: int
    opened_ms: int
    closed_ms: int
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What an entry did to a batch, or to one unit, at the counted place; `seq` orders the counter's own."""

    event_id: str
    device: str
    seq: int
    at_ms: int
    batch: Batch
    serial: str
    change: int


@dataclass(frozen=True, slots=True)
class CountLine:
    """Base units of a batch: what the ledger expects at the moment it was counted, and what was seen."""

    batch: Batch
    expected: int
    counted: int

    @property
    def variance(self) -> int:
        """Seen less expected."""
        return self.counted - self.expected


@dataclass(frozen=True, slots=True)
class CountVerdict:
    """What a count comes to. `stale`: event ids of other devices' moves that ask for a recount.

    `missing` and `unexpected` are units by item and serial; `lines` are all batches expected or seen, in order.
    """

    lines: tuple[CountLine, ...]
    missing: tuple[tuple[str, str], ...]
    unexpected: tuple[tuple[str, str], ...]
    stale: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether all is as the ledger says."""
        return not (self.missing or self.unexpected or any(line.variance for line in self.lines))


def judge_count(count: Count, changes: Iterable[Change], doubt_ms: int = CLOCK_DOUBT_MS) -> CountVerdict:
    """The verdict on a count by every change at its place that is known now; a later one may change it."""
    counted_until = _last_scans(count)
    expected = Counter[Batch]()
    standing: Counter[tuple[str, str]] = Counter()
    stale: dict[str, None] = {}
    for change in changes:
        if change.device != count.device and in_window(change.at_ms, count, doubt_ms):
            stale[change.event_id] = None
        if _is_before(change, count, counted_until, doubt_ms):
            expected[change.batch] += change.change
            if change.serial:
                standing[change.batch.gtin, change.serial] += change.change
    counted = Counter[Batch]()
    for seen in count.seen:
        counted[seen.batch] += seen.quantity
    batches = sorted({batch for batch, number in expected.items() if number} | set(counted))
    seen_units = {(seen.batch.gtin, seen.serial) for seen in count.seen if seen.serial}
    expected_units = {unit for unit, number in standing.items() if number > 0}
    return CountVerdict(
        lines=tuple(CountLine(batch, expected[batch], counted[batch]) for batch in batches),
        missing=tuple(sorted(expected_units - seen_units)),
        unexpected=tuple(sorted(seen_units - expected_units)),
        stale=tuple(stale),
    )


def _last_scans(count: Count) -> Mapping[Batch, int]:
    """The sequence at which each batch was last scanned: its number stands for that moment."""
    last: dict[Batch, int] = {}
    for seen in count.seen:
        last[seen.batch] = max(seen.seq, last.get(seen.batch, 0))
    return last


def in_window(at_ms: int, count: Count, doubt_ms: int) -> bool:
    """Whether a time lies within the window or so near to it that nobody can tell."""
    return count.opened_ms - doubt_ms <= at_ms <= count.closed_ms + doubt_ms


def _is_before(change: Change, count: Count, counted_until: Mapping[Batch, int], doubt_ms: int) -> bool:
    """Whether the change had happened when its batch was counted.

    Another device's change inside the window is taken as not yet happened: the count is stale and done again anyhow.
    """
    if change.device == count.device:
        return change.seq < counted_until.get(change.batch, count.closed_seq)
    return change.at_ms < count.opened_ms - doubt_ms


def is_settled(count: Count, quiet_until: Mapping[str, int | None], doubt_ms: int = CLOCK_DOUBT_MS) -> bool:
    """Whether every active device has said that it has no unsent fact of before the window's end.

    `quiet_until`: by device, None for one that has said nothing. Until then a variance is provisional.
    """
    until = count.closed_ms + doubt_ms
    return all(quiet is not None and quiet > until for device, quiet in quiet_until.items() if device != count.device)


@dataclass(frozen=True, slots=True)
class CountFact:
    """What an entry of a count says, from its verdict's parameters (workflows.counting writes them)."""

    count: str
    kind: EntryKind
    place: str
    batch: Batch
    serial: str
    quantity: int


COUNT_KINDS: Final = frozenset({EntryKind.COUNT_OPENED, EntryKind.COUNTED, EntryKind.COUNT_CLOSED})


def count_fact_of(entry: Entry) -> CountFact | None:
    """The count's fact in an entry; None for any other entry, or for parameters that are not a count's."""
    if entry.kind not in COUNT_KINDS or entry.count is None or not isinstance(entry.verdict, Accepted):
        return None
    told = entry.verdict.parameters
    texts = [told.get(name) or "" for name in ("place", "gtin", "lot", "expiry", "serial")]
    quantity = told.get("quantity") or 0
    if not all(isinstance(text, str) for text in texts) or not isinstance(quantity, int) or quantity < 0:
        return None
    place, gtin, lot, expiry, serial = (str(text) for text in texts)
    return CountFact(entry.count, entry.kind, place, Batch(gtin, lot, expiry), serial, quantity)
