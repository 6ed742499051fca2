"""A trace at the centre: every projected entry about a unit, a lot or a container, oldest first, by all devices.

What stands in a container moves with it: a unit's and a lot's trace holds the moves of the containers that they stood
in at the time, from the container's receipt on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final, NamedTuple

from scanner_app.domain.feed_records import DOCUMENT_PART
from scanner_app.domain.stock import CONVERSION, SUPPLIER, case_place, is_container
from server.chains import AT_NUMBER, EntryRow
from server.records import decode_body, records_of_kind
from server.stock import LEVELS_MAX
from server.strict import read_entry
from server.trail import lists_of, lot_subject, numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.stock import ContainerMove, Posting
    from server.database import Session

END: Final = 1 << 62


class Step(NamedTuple):
    """One step: the entry's number, a quantity (None: a container), and whether it was inferred."""

    n: int
    from_place: str
    to_place: str
    quantity: int | None
    inferred: bool


@dataclass(frozen=True, slots=True)
class Found:
    """An entry with all its members."""

    entry: Entry
    postings: tuple[Posting, ...]
    moves: tuple[ContainerMove, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is traced: a unit (gtin, serial), a lot (gtin, lot) or a container."""

    gtin: str = ""
    serial: str | None = None
    lot: str | None = None
    container: str | None = None

    def key(self) -> str:
        """Its word in the trail."""
        if self.container is not None:
            return self.container
        return case_place(self.gtin, self.serial) if self.serial is not None else lot_subject(self.gtin, self.lot or "")


@dataclass(slots=True)
class Tracer:
    """Walks the trail of one site."""

    session: Session
    site: str
    _entries: dict[int, Found] = field(default_factory=dict)
    _moves: dict[str, list[tuple[int, ContainerMove]]] = field(default_factory=dict)

    def lines(self, subject: Subject) -> list[dict[str, object]] | None:
        """The lines of the contract; `seq` is the site's number. None: nothing ever named it."""
        numbers = numbers_of(self.session, self.site, subject.key())
        own = list(self._own(subject, numbers))
        known = {step.n for step in own}
        around = self._around_lot(own) if self._is_lot(subject) else self._around_one(subject, own)
        steps = own + [step for step in set(around) if step.n not in known]
        silent = set(numbers) - {step.n for step in steps}
        steps += [Step(n, "", "", None, inferred=False) for n in silent if not self._found(n).postings]
        if not steps and not self._is_named(subject):
            return None
        by_number: dict[int, list[Step]] = {}
        for step in steps:
            by_number.setdefault(step.n, []).append(step)
        return [self._line(step) for n in sorted(by_number) for step in _by_places(n, by_number[n])]

    @staticmethod
    def _is_lot(subject: Subject) -> bool:
        return subject.container is None and subject.serial is None

    def _found(self, n: int) -> Found:
        if n not in self._entries:
            row = self.session.one(AT_NUMBER, (self.site, n))
            entry = read_entry(EntryRow(*row).bytes).entry if row is not None else None
            assert entry is not None
            lists = lists_of(self.session, self.site, entry)
            postings = (*entry.postings, *(each for part in lists for each in part.postings))
            moves = (*entry.container_moves, *(each for part in lists for each in part.container_moves))
            self._entries[n] = Found(entry, postings, moves)
        return self._entries[n]

    def _own(self, subject: Subject, numbers: Iterable[int]) -> Iterator[Step]:
        """The steps of the subject itself, in order."""
        for n in numbers:
            found = self._found(n)
            for posting in found.postings:
                key = posting.key
                goods = (key.gtin, key.serial) == (subject.gtin, subject.serial) or (
                    subject.serial is None and (key.gtin, key.lot or "") == (subject.gtin, subject.lot)
                )
                within = subject.container in {posting.from_place, posting.to_place}
                if within if subject.container is not None else goods:
                    yield Step(n, posting.from_place, posting.to_place, posting.quantity, posting.inferred)
            for move in found.moves:
                if subject.container is not None and subject.container in {
                    move.container, move.from_parent, move.to_parent,
                }:  # fmt: skip
                    yield Step(n, move.from_parent, move.to_parent, None, move.inferred)

    def _around_one(self, subject: Subject, own: list[Step]) -> Iterator[Step]:
        """The containers around a unit or container."""
        if subject.container is not None:
            yield from self._around(subject.container, -1, END, own_moves=False)
            return
        for step, until in zip(own, [*(later.n for later in own[1:]), END], strict=False):
            yield from self._around(step.to_place, step.n, until)
            if step.from_place == SUPPLIER:
                yield from self._around(step.to_place, self._before_receipt(step.to_place, step.n), step.n)

    def _around_lot(self, own: list[Step]) -> Iterator[Step]:
        """The containers that some of a lot stood in, while it did."""
        quantities: dict[str, int] = {}
        since: dict[str, int] = {}
        for step in own:
            if is_container(step.to_place):
                start = self._before_receipt(step.to_place, step.n) if step.from_place == SUPPLIER else step.n
                since[step.to_place] = min(start, since.get(step.to_place, start))
                quantities[step.to_place] = quantities.get(step.to_place, 0) + (step.quantity or 0)
            if step.from_place in since:
                quantities[step.from_place] -= step.quantity or 0
                if quantities[step.from_place] <= 0:
                    yield from self._around(step.from_place, since.pop(step.from_place), step.n)
        for container, start in since.items():
            yield from self._around(container, start, END)

    def _moves_of(self, container: str) -> list[tuple[int, ContainerMove]]:
        if container not in self._moves:
            self._moves[container] = [
                (n, move)
                for n in numbers_of(self.session, self.site, container)
                for move in self._found(n).moves
                if move.container == container
            ]
        return self._moves[container]

    def _around(self, place: str, since: int, until: int, depth: int = 0, *, own_moves: bool = True) -> Iterator[Step]:
        """The moves of a container, and of those around it, after `since` and before `until`."""
        if not is_container(place) or depth == LEVELS_MAX:
            return
        parent, start = "", since
        for n, move in self._moves_of(place):
            if n > until:
                break
            if n > since:
                came_in_within = move.to_parent if move.from_parent == SUPPLIER else parent
                yield from self._around(came_in_within, start, n, depth + 1)
                if n < until and own_moves and move.from_parent != move.to_parent:
                    yield Step(n, move.from_parent, move.to_parent, None, move.inferred)
                start = n
            if n < until:
                parent = move.to_parent
        yield from self._around(parent, start, until, depth + 1)

    def _before_receipt(self, container: str, n: int, depth: int = 0) -> int:
        """The number just before the container, or what it came in within, was received; `n` where it never was."""
        receipts = [(at, move) for at, move in self._moves_of(container) if at <= n and move.from_parent == SUPPLIER]
        if not receipts:
            return n
        at, move = receipts[-1]
        if is_container(move.to_parent) and depth < LEVELS_MAX:
            return min(at - 1, self._before_receipt(move.to_parent, at, depth + 1))
        return at - 1

    def _line(self, step: Step) -> dict[str, object]:
        entry = self._found(step.n).entry
        zone = timezone(timedelta(minutes=entry.stamp.offset))
        at = datetime.fromtimestamp(entry.stamp.event_time / 1000, UTC).astimezone(zone)
        method = "manual" if entry.raw is None else entry.raw.method
        return {
            "seq": step.n, "id": entry.event_id, "event_time": at.isoformat(timespec="milliseconds"),
            "kind": entry.kind.value, "operator": entry.origin.operator, "device": entry.origin.device,
            "from": step.from_place or None, "to": step.to_place or None, "quantity": step.quantity,
            "document": entry.document, "reason": entry.reason, "method": "inferred" if step.inferred else method,
        }  # fmt: skip

    def _is_named(self, subject: Subject) -> bool:
        """Whether a document names it."""
        for row in records_of_kind(self.session, self.site, DOCUMENT_PART):
            body = decode_body(row.body)
            if subject.container is not None:
                named = any(each[0] == subject.container for each in body["containers"])
            elif subject.serial is not None:
                named = any(each[:2] == [subject.gtin, subject.serial] for each in body["units"])
            else:
                named = any([each[1], each[2]] == [subject.gtin, subject.lot] for each in body["lines"])
            if named:
                return True
        return False


def _by_places(n: int, steps: list[Step]) -> list[Step]:
    """One step of an entry for each pair of places; the way through `conversion` shows only its ends."""
    sums: dict[tuple[str, str, bool], int | None] = {}
    for step in steps:
        places = (step.from_place, step.to_place, step.inferred)
        former = sums.get(places)
        sums[places] = former if step.quantity is None else step.quantity + (former or 0)
    found = [Step(n, *places[:2], quantity, places[2]) for places, quantity in sums.items()]
    into = [step for step in found if step.to_place == CONVERSION]
    out = [step for step in found if step.from_place == CONVERSION]
    if len(found) == len(into) + len(out) and len(into) == len(out) == 1 and into[0].quantity == out[0].quantity:
        return [out[0]._replace(from_place=into[0].from_place)]
    return found
