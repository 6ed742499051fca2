"""A count: what was seen in a place within a window, against what the ledger says lay there (model.md, Count).

A count is a fact; expected and variance are derived, here, by the one pure function that the centre and the simulation
use. Own moves are ordered by sequence. Another device's move at the place within the window, or within clock doubt of
it, makes the count stale: it must be done again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import Accepted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
    known = tuple(changes)
    seen = recognised(count.seen, known)
    moments = _moments(seen)
    expected: Counter[Batch] = Counter()
    standing: Counter[tuple[str, str]] = Counter()
    for change in known:
        if _is_before(change, count, moments, doubt_ms):
            expected[change.batch] += change.change
            if change.serial:
                standing[change.batch.gtin, change.serial] += change.change
    counted: Counter[Batch] = Counter()
    for one in seen:
        counted[one.batch] += one.quantity
    batches = sorted({batch for batch, number in expected.items() if number} | set(counted))
    seen_units = {(one.batch.gtin, one.serial) for one in seen if one.serial}
    expected_units = {unit for unit, number in standing.items() if number > 0}
    return CountVerdict(
        lines=tuple(CountLine(batch, expected[batch], counted[batch]) for batch in batches),
        missing=tuple(sorted(expected_units - seen_units)),
        unexpected=tuple(sorted(seen_units - expected_units)),
        stale=_stale(count, known, doubt_ms),
    )


def _stale(count: Count, changes: Iterable[Change], doubt_ms: int) -> tuple[str, ...]:
    """The other devices' entries in the window, each once."""
    others = (change for change in changes if change.device != count.device)
    return tuple(dict.fromkeys(change.event_id for change in others if in_window(change.at_ms, count, doubt_ms)))


def recognised(seen: Iterable[Seen], changes: Iterable[Change]) -> tuple[Seen, ...]:
    """What was seen, under the ledger's batch where label and ledger only differ in what one of them leaves out.

    A unit is known by its serial, other goods by item and lot. So one batch is one line.
    """
    units: dict[tuple[str, str], Batch] = {}
    dated: dict[tuple[str, str], set[Batch]] = {}
    for change in changes:
        units[change.batch.gtin, change.serial] = change.batch
        dated.setdefault((change.batch.gtin, change.batch.lot), set()).add(change.batch)

    def known(one: Seen) -> Batch:
        batch = one.batch
        if one.serial:
            candidates = {units.get((batch.gtin, one.serial), batch)}
        else:
            candidates = dated.get((batch.gtin, batch.lot), {batch})
        only = next(iter(candidates)) if len(candidates) == 1 else batch
        agrees = _agree(batch.lot, only.lot) and _agree(batch.expiry, only.expiry)
        return only if agrees else batch

    return tuple(replace(one, batch=known(one)) for one in seen)


def _agree(one: str, other: str) -> bool:
    return one == other or not (one and other)


def _moments(seen: Iterable[Seen]) -> Mapping[Batch | tuple[str, str], int]:
    """The sequence at which each unit was scanned, and each batch last: its number stands for that moment."""
    last: dict[Batch | tuple[str, str], int] = {}
    for one in seen:
        last[one.batch] = max(one.seq, last.get(one.batch, 0))
        if one.serial:
            last[one.batch.gtin, one.serial] = one.seq
    return last


def in_window(at_ms: int, count: Count, doubt_ms: int) -> bool:
    """Whether a time lies within the window or so near to it that nobody can tell."""
    return count.opened_ms - doubt_ms <= at_ms <= count.closed_ms + doubt_ms


def _is_before(change: Change, count: Count, moments: Mapping[Batch | tuple[str, str], int], doubt_ms: int) -> bool:
    """Whether the change had happened when its unit, or its batch, was counted; by the close where neither was.

    Another device's change inside the window is taken as not yet happened: the count is stale and done again anyhow.
    """
    if change.device == count.device:
        of_batch = moments.get(change.batch, count.closed_seq)
        return change.seq < moments.get((change.batch.gtin, change.serial), of_batch)
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


QUANTITY_MAX: Final = 10**9
"""More base units than one entry may tell of."""

TEXTS: Final = ("place", "gtin", "lot", "expiry", "serial")
COUNT_KINDS: Final = frozenset({EntryKind.COUNT_OPENED, EntryKind.COUNTED, EntryKind.COUNT_CLOSED})


def count_fact_of(entry: Entry) -> CountFact | None:
    """The count's fact in an entry; None for any other entry, or for parameters that are not a count's.

    A counted entry names an item and at least one base unit of it, exactly one with a serial; a place stands in all.
    """
    if entry.kind not in COUNT_KINDS or entry.count is None or not isinstance(entry.verdict, Accepted):
        return None
    told = entry.verdict.parameters
    place, gtin, lot, expiry, serial = (_text(told.get(name)) for name in TEXTS)
    quantity = 0 if told.get("quantity") is None else told["quantity"]
    if place is None or gtin is None or lot is None or expiry is None or serial is None or type(quantity) is not int:
        return None
    fact = CountFact(entry.count, entry.kind, place, Batch(gtin, lot, expiry), serial, quantity)
    return fact if _holds(fact) else None


def _text(told: object) -> str | None:
    """A told text, '' for one that is not told; None for anything that is no text."""
    if told is None:
        return ""
    return told if isinstance(told, str) else None


def _holds(fact: CountFact) -> bool:
    if not fact.place:
        return False
    if fact.kind is not EntryKind.COUNTED:
        return True
    return bool(fact.batch.gtin) and 1 <= fact.quantity <= (1 if fact.serial else QUANTITY_MAX)


class _Told(NamedTuple):
    """A fact of a count with its place in the device's order and its corrected time."""

    seq: int
    at_ms: int
    device: str
    fact: CountFact


def counts_of(placed: Iterable[tuple[int, int, Entry]]) -> tuple[Count, ...]:
    """The closed counts that entries tell, by their id; what was corrected is left out, and an open count is none yet.

    `placed`: sequence in the order of the device's own entries, corrected event time (UTC ms), and the entry, in any
    order; other entries may stand between. The `corrected` entry of a count bears its id as the others do.
    """
    in_order = sorted(placed, key=lambda each: each[0])
    taken_back = {
        (entry.count, entry.origin.device, entry.refers_to)
        for _, _, entry in in_order
        if entry.kind is EntryKind.CORRECTED and isinstance(entry.verdict, Accepted)
    }
    told: dict[str, list[_Told]] = {}
    for seq, at_ms, entry in in_order:
        fact = count_fact_of(entry)
        if fact is not None and (fact.count, entry.origin.device, entry.event_id) not in taken_back:
            told.setdefault(fact.count, []).append(_Told(seq, at_ms, entry.origin.device, fact))
    counts = (_count_of(told[count]) for count in sorted(told))
    return tuple(count for count in counts if count is not None)


def _count_of(told: Sequence[_Told]) -> Count | None:
    """One count by its facts in order; those of another device or place, or from after its close, are not of it."""
    opening = next((one for one in told if one.fact.kind is EntryKind.COUNT_OPENED), None)
    if opening is None:
        return None
    place, device = opening.fact.place, opening.device
    own = [one for one in told if (one.device, one.fact.place) == (device, place) and one.seq > opening.seq]
    closing = next((one for one in own if one.fact.kind is EntryKind.COUNT_CLOSED), None)
    if closing is None:
        return None
    within = [one for one in own if one.seq < closing.seq and one.fact.kind is EntryKind.COUNTED]
    return Count(
        opening.fact.count, place, device, opening.seq, closing.seq, opening.at_ms, closing.at_ms, _seen_in(within)
    )


def _seen_in(told: Iterable[_Told]) -> tuple[Seen, ...]:
    """What was scanned; a unit that was scanned twice is there once."""
    seen: dict[object, Seen] = {}
    for seq, _, _, fact in told:
        key = (fact.batch.gtin, fact.serial) if fact.serial else seq
        seen.setdefault(key, Seen(fact.batch, fact.serial, fact.quantity, seq))
    return tuple(seen.values())
