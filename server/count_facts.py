"""The facts of a count: its entries folded, and every change at its place that the centre knows, by corrected time.

A device's own order is the position in its chain, through all its epochs; a time is corrected by the device's clock as
it stood nearest to the entry.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from scanner_app.domain.counting import Batch, Change, counts_of
from scanner_app.domain.entry import EntryKind
from server.chains import AT_NUMBER, EntryRow, find_epoch
from server.doubts import estimated
from server.strict import read_entry
from server.trail import lists_of, numbers_of, place_subject
from server.writing import centre_device
from sync.wire import Standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scanner_app.domain.counting import Count
    from scanner_app.domain.entry import Entry
    from scanner_app.domain.stock import Posting
    from server.chains import EpochRow
    from server.database import Session

OF_COUNT: Final = (
    "SELECT e.site_id, e.n, e.link, e.epoch, e.seq, e.hash, e.event_id, e.standing, e.record_ms, e.bytes "
    "FROM count_entry k JOIN entry e ON e.site_id = k.site_id AND e.event_id = k.event_id "
    "WHERE k.site_id = ? AND k.count = ? AND e.standing = ? ORDER BY e.n"
)
CLOSED_MS: Final = "SELECT closed_ms FROM count WHERE site_id = ? AND id = ?"
LEVELS_MAX: Final = 1000
"""Epochs that are followed back to find a position."""


class Known(NamedTuple):
    """An entry that counts, with whose it is, where it stands in that device's own order, and when it came."""

    entry: Entry
    device: str
    position: int
    record_ms: int


@dataclass(frozen=True, slots=True)
class Facts:
    """A closed count, who had a hand in it, the entry that closed it, and the changes at its place."""

    count: Count
    operators: frozenset[str]
    closed_by: str
    changes: tuple[Change, ...]


def read_facts(session: Session, site: str, count: str, device: str | None) -> Facts | None:
    """The facts of a count; None while it is not closed. `device`: whose it is, where that is known already."""
    reader = _Reader(session, site)
    told = [each for each in reader.of_count(count) if device in {None, each.device}]
    clocks = _Clocks(told)
    folded = counts_of((each.position, clocks.at_ms(each), each.entry) for each in told)
    found = next((each for each in folded if each.id == count), None)
    if found is None:
        return None
    own = [each.entry for each in told if each.device == found.device]
    operators = {person for entry in own for person in (entry.origin.operator, entry.origin.witness) if person}
    closed = [entry.event_id for entry in own if entry.kind is EntryKind.COUNT_CLOSED]
    return Facts(found, frozenset(operators), closed[0], tuple(reader.changes(found)))


class _Clocks:
    """How far each device's clock was ahead, where an entry tells it."""

    def __init__(self, entries: Sequence[Known]) -> None:
        self._known: dict[str, list[tuple[int, int]]] = {}
        for each in sorted(entries, key=lambda each: each.position):
            if each.entry.stamp.server_time is not None:
                skew_ms = estimated(each.entry, each.record_ms)[1]
                if skew_ms is not None:
                    self._known.setdefault(each.device, []).append((each.position, skew_ms))

    def at_ms(self, each: Known) -> int:
        """When an entry happened by the centre's time: by its own pair, else by the clock of its nearest neighbour."""
        known = self._known.get(each.device)
        at_ms, _ = estimated(each.entry, each.record_ms)
        if each.entry.stamp.server_time is not None or not known:
            return at_ms
        after = bisect_left(known, (each.position, 0))
        near = min(known[max(after - 1, 0) : after + 1], key=lambda one: abs(one[0] - each.position))
        return min(each.entry.stamp.event_time - near[1], each.record_ms)


@dataclass(slots=True)
class _Reader:
    """Reads entries with their device and position."""

    session: Session
    site: str
    _epochs: dict[bytes, EpochRow | None] = field(default_factory=dict)
    _starts: dict[bytes, int] = field(default_factory=dict)

    def of_count(self, count: str) -> list[Known]:
        """The entries that bear the count's id, each under the device that brought it."""
        rows = self.session.all(OF_COUNT, (self.site, count, Standing.PROJECTED.value))
        return [each for row in rows if (each := self._known(EntryRow(*row))) is not None]

    def changes(self, count: Count) -> Iterator[Change]:
        """What entries did at the count's place, without its own adjustments; those of others hold from their close."""
        rows = (self.session.one(AT_NUMBER, (self.site, n)) for n in self._numbers(count.place))
        entries = [each for row in rows if row is not None and (each := self._known(EntryRow(*row))) is not None]
        clocks = _Clocks(entries)
        for each in entries:
            at_ms: int | None = clocks.at_ms(each)
            if each.entry.kind is EntryKind.ADJUSTED and each.device == centre_device(self.site):
                at_ms = self._held_at(each.entry, count)
            if at_ms is None:
                continue
            for (batch, serial), change in self._sums(each.entry, count.place).items():
                if change:
                    yield Change(each.entry.event_id, each.device, each.position, at_ms, batch, serial, change)

    def _numbers(self, place: str) -> list[int]:
        return numbers_of(self.session, self.site, place_subject(place))

    def _held_at(self, entry: Entry, count: Count) -> int | None:
        if entry.count == count.id or entry.count is None:
            return None if entry.count == count.id else entry.stamp.event_time
        row = self.session.one(CLOSED_MS, (self.site, entry.count))
        return entry.stamp.event_time if row is None else int(row[0])

    def _sums(self, entry: Entry, place: str) -> Counter[tuple[Batch, str]]:
        """What an entry changed in all: what it takes and brings at once is no change."""
        sums: Counter[tuple[Batch, str]] = Counter()
        postings: list[Posting] = list(entry.postings)
        for part in lists_of(self.session, self.site, entry):
            postings += part.postings
        for posting in postings:
            key = posting.key
            batch = Batch(key.gtin, key.lot or "", "" if key.expiry is None else key.expiry.isoformat())
            change = (posting.to_place == place) - (posting.from_place == place)
            sums[batch, key.serial or ""] += change * posting.quantity
        return sums

    def _known(self, row: EntryRow) -> Known | None:
        entry = read_entry(row.bytes).entry
        chain = self._epoch(row.epoch)
        if entry is None or chain is None:
            return None
        entry = replace(entry, origin=replace(entry.origin, device=chain.device))
        return Known(entry, chain.device, self._start(row.epoch) + row.seq, row.record_ms)

    def _epoch(self, epoch: bytes) -> EpochRow | None:
        if epoch not in self._epochs:
            self._epochs[epoch] = find_epoch(self.session, self.site, epoch)
        return self._epochs[epoch]

    def _start(self, epoch: bytes) -> int:
        """The position before the first entry of an epoch: where it left its parent."""
        way: list[EpochRow] = []
        chain = self._epoch(epoch)
        while chain is not None and chain.epoch not in self._starts and len(way) < LEVELS_MAX:
            way.append(chain)
            chain = self._epoch(chain.parent_epoch)
        start = 0 if chain is None else self._starts.get(chain.epoch, 0)
        for each in reversed(way):
            start += each.parent_seq
            self._starts[each.epoch] = start
        return self._starts.get(epoch, start)
