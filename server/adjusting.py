"""What an approved count does to the stock: entries of kind `adjusted` on the site's own chain (model.md, Count).

Whatever a unit's adjustment is, it ends where the ledger has the unit, so that it never hides a later move. No serial
becomes available by it: one that is not there is held in its place until it is found or written off, one that is too
many comes in held.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Final

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.feed_records import ITEM
from scanner_app.domain.masters import DEFAULT_OWNER
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.stock import ADJUSTMENT, CONVERSION, LOSS, NOT_OURS, Posting, Status, StockKey
from server.chains import EntryRow
from server.count_facts import OF_COUNT
from server.flags import below_zero
from server.fold import Fold
from server.own_chain import own_entry, write_own
from server.records import decode_body, find_record
from server.stock import location_of
from server.strict import id_bytes, read_entry
from server.writing import centre_device
from sync.wire import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scanner_app.domain.counting import Batch
    from scanner_app.domain.entry import Entry
    from server.counts import Difference, Unit
    from server.fold import UnitRow
    from server.writing import Writing

POSTINGS_MAX: Final = 100
"""Postings of one entry, so that it stays small."""

LINES: Final = (
    "SELECT owner, status, quantity FROM on_hand WHERE site_id = ? AND place = ? AND gtin = ? AND lot = ? "
    "AND expiry = ? ORDER BY CASE status WHEN 'available' THEN 0 ELSE 1 END, owner, status"
)
ADD_ENTRY: Final = (
    "INSERT INTO count_entry (site_id, count, event_id) VALUES (?, ?, ?) "
    "ON CONFLICT (site_id, count, event_id) DO NOTHING"
)

Step = list[Posting]
"""Postings that belong together."""


@dataclass(slots=True)
class Adjusting:
    """The adjustment of one count at one place, by one decision."""

    writing: Writing
    count: str
    place: str
    operator: str
    reason: str | None
    closed_by: str
    entries: list[Entry] = field(default_factory=list)
    """What was written."""

    def adjust(self, further: Difference, back: Difference) -> None:
        """Takes back what no longer holds, adjusts units, then loose quantities; at least one entry tells of it."""
        fold = self._fold()
        self._write(fold, [self._taken_back(fold, unit) for unit in (*back.missing, *back.surplus)])
        self._write(fold, [self._held(fold, unit) for unit in further.missing])
        self._write(fold, [self._brought_in(fold, unit, batch) for unit, batch in further.surplus.items()])
        self._finish(fold)
        fold = self._fold()
        self._write(fold, [self._loose(batch, change) for batch, change in further.loose.items()])
        self._finish(fold)
        if not self.entries:
            self._append([])

    def write_off(self, units: Iterable[Unit]) -> int:
        """Posts units that are still not located to `loss`; how many there were."""
        fold = self._fold()
        steps = []
        for gtin, serial in units:
            unit = fold.unit(gtin, serial)
            if unit is not None and unit.place == self.place and unit.status == Status.HELD:
                steps.append([Posting(_key(gtin, serial, unit), 1, self.place, LOSS)])
        self._write(fold, steps)
        self._finish(fold)
        return len(steps)

    # Units.

    def _held(self, fold: Fold, unit: Unit) -> Step:
        """Not located: it may not be picked, and stands where it was until somebody finds it or writes it off."""
        row = fold.unit(*unit)
        if row is None or row.place != self.place or row.status == Status.HELD:
            return []
        return list(_through(_key(*unit, row), self.place, replace(_key(*unit, row), status=Status.HELD), self.place))

    def _brought_in(self, fold: Fold, unit: Unit, batch: Batch) -> Step:
        """Too many: held, from where the ledger has it, else from `adjustment`; what came since is left alone."""
        row = fold.unit(*unit)
        if row is None:
            key = StockKey(self._owner(batch), unit[0], batch.lot or None, _day(batch.expiry), unit[1], Status.HELD)
            return [Posting(key, 1, ADJUSTMENT, self.place)]
        if self.place in {row.place, location_of(self.writing.session, self.writing.site, row.place)}:
            return []
        held = replace(_key(*unit, row), status=Status.HELD)
        if row.place in NOT_OURS:
            return [Posting(held, 1, row.place, self.place)]
        return list(_through(_key(*unit, row), row.place, held, self.place))

    def _taken_back(self, fold: Fold, unit: Unit) -> Step:
        """The opposite of all that this count did to a unit, and the unit again where the ledger has it now."""
        row = fold.unit(*unit)
        done = [posting for posting in self._done() if (posting.key.gtin, posting.key.serial) == unit]
        if row is None or not done:
            return []
        step = [posting.negated() for posting in reversed(done)]
        left = done[-1]
        if (row.place, row.status) != (left.to_place, left.key.status):
            now = _key(*unit, row)
            step += _through(now, row.place, now, row.place)
        return step

    def _done(self) -> Iterator[Posting]:
        """What this count has posted so far."""
        writing = self.writing
        for found in writing.session.all(OF_COUNT, (writing.site, self.count, Standing.PROJECTED.value)):
            entry = read_entry(EntryRow(*found).bytes).entry
            if entry is not None and entry.kind is EntryKind.ADJUSTED and entry.origin.device == self._device():
                yield from entry.postings

    # Loose quantities.

    def _loose(self, batch: Batch, change: int) -> Step:
        lines = self._lines(batch)
        if change > 0:
            status = self._status_of(batch, [Status(status) for _, status, _ in lines])
            return [Posting(self._loose_key(batch, self._owner(batch), status), change, ADJUSTMENT, self.place)]
        step, left = [], -change
        for owner, has, quantity in lines:
            taken = min(left, quantity)
            if taken > 0:
                step.append(Posting(self._loose_key(batch, owner, Status(has)), taken, self.place, ADJUSTMENT))
                left -= taken
        if left:
            key = self._loose_key(batch, self._owner(batch), Status.AVAILABLE)
            step.append(Posting(key, left, self.place, ADJUSTMENT))
        return step

    def _lines(self, batch: Batch) -> list[tuple[str, str, int]]:
        where = (self.writing.site, self.place, batch.gtin, batch.lot, batch.expiry)
        return [(owner, status, quantity) for owner, status, quantity in self.writing.session.all(LINES, where)]

    def _owner(self, batch: Batch) -> str:
        """Whose goods of this batch stand there; the site's own where nobody's do."""
        lines = self._lines(batch)
        return lines[0][0] if lines else DEFAULT_OWNER

    def _status_of(self, batch: Batch, there: list[Status]) -> Status:
        """Of what is too many: as the goods of its batch that stand there; held where that could free something."""
        record = find_record(self.writing.session, self.writing.site, ITEM, batch.gtin)
        item = decode_body(record.body) if record is not None and record.body else None
        if item is None or item["serialised"] or self.place in self.writing.knows.cages:
            return Status.HELD
        return there[0] if len(set(there)) == 1 else Status.AVAILABLE if not there else Status.HELD

    @staticmethod
    def _loose_key(batch: Batch, owner: str, status: Status) -> StockKey:
        return StockKey(owner, batch.gtin, batch.lot or None, _day(batch.expiry), None, status)

    # Entries.

    def _fold(self) -> Fold:
        return Fold(self.writing.session, self.writing.site, self.writing.exchange)

    def _write(self, fold: Fold, steps: Iterable[Step]) -> None:
        """Writes steps as entries of bounded length, and folds them."""
        part: Step = []
        for step in steps:
            if part and len(part) + len(step) > POSTINGS_MAX:
                fold.add(self._append(part), {}, self._device())
                part = []
            part = part + step
        if part:
            fold.add(self._append(part), {}, self._device())

    def _append(self, postings: Step) -> Entry:
        told = Accepted(parameters={"count": self.count, "place": self.place})
        plain = own_entry(
            self.writing, EntryKind.ADJUSTED, told, operator=self.operator, note=self.reason, refers_to=self.closed_by
        )
        entry = write_own(self.writing, replace(plain, count=self.count, postings=tuple(postings)))
        self.writing.session.run(ADD_ENTRY, (self.writing.site, self.count, id_bytes(entry.event_id)))
        self.entries.append(entry)
        return entry

    def _finish(self, fold: Fold) -> None:
        below_zero(self.writing, fold.write(), self._device())

    def _device(self) -> str:
        return centre_device(self.writing.site)


def _key(gtin: str, serial: str, unit: UnitRow) -> StockKey:
    """The key that a unit has by the ledger."""
    return StockKey(unit.owner, gtin, unit.lot or None, _day(unit.expiry), serial, Status(unit.status))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _through(key: StockKey, from_place: str, becomes: StockKey, to_place: str) -> Iterator[Posting]:
    """A change of key, by way of `conversion`."""
    yield Posting(key, 1, from_place, CONVERSION)
    yield Posting(becomes, 1, CONVERSION, to_place)
