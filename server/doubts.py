"""What the centre doubts about an entry that it counted (sync.md, Conflicts): accept the fact, open a flag.

Each doubt is a function of the entry, its postings and what the centre knows; `DOUBTS` is the list of them. A doubt
that needs more than one entry (a count against moves) is judged where its facts are, and opened through server.flags.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.follow_ups import ITEM_SUBJECT, LOT_SUBJECT
from scanner_app.domain.permissions import NEEDED, permits
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.rules import RECALL, expired, touches
from scanner_app.domain.stock import (
    ADJUSTMENT,
    CONVERSION,
    DESTROYED,
    LOSS,
    NOT_COME,
    NOT_OURS,
    OUTSIDE,
    SUPPLIER,
    Status,
    case_place,
    is_container,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.refusals import Parameters
    from scanner_app.domain.stock import Posting, StockKey
    from server.fold import Fold
    from server.knowledge import Knowledge

SKEW_MS_MAX: Final = 5 * 60_000
"""How far a device's clock may be off before it is said."""

OUT_OF_USE: Final = frozenset({SUPPLIER, DESTROYED, LOSS, ADJUSTMENT, CONVERSION})
"""Where bad goods may go."""

OPERATOR_SUBJECT: Final = "operator:"
DEVICE_SUBJECT: Final = "device:"
PLACE_SUBJECT: Final = "place:"
EPOCH_SUBJECT: Final = "epoch:"
LINE_SUBJECT: Final = "line:"
TASK_SUBJECT: Final = "task:"
DOCUMENT_SUBJECT: Final = "document:"


class FlagCode(StrEnum):
    """The flags of sync.md's table."""

    DUP_SERIAL = "DUP_SERIAL"
    NEGATIVE = "NEGATIVE"
    COUNT_STALE = "COUNT_STALE"
    RECALLED_LOT = "RECALLED_LOT"
    EXPIRED = "EXPIRED"
    CLOCK = "CLOCK"
    TASK_CONFLICT = "TASK_CONFLICT"
    UNKNOWN_REF = "UNKNOWN_REF"
    FORK = "FORK"
    RIGHTS = "RIGHTS"


class Severity(StrEnum):
    """How soon somebody must look."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A flag to open: one at a time for a code, subject and severity. `parameters` fill the phrase `flag.<code>`."""

    code: FlagCode
    severity: Severity
    subject: str
    parameters: Parameters = field(default_factory=dict)


@dataclass(slots=True)
class Judged:
    """An entry as doubts look at it. `postings`: its own and those of its lists; `fold`: the stock before it.

    `at_ms`: when it happened, by the centre's time; `skew_ms`: how far the device's clock was ahead, None: not known.
    `used`: the keys of goods that it moved as good ones. One is made for every entry, so it is not frozen.
    """

    entry: Entry
    postings: Sequence[Posting]
    device: str
    knows: Knowledge
    fold: Fold
    at_ms: int
    skew_ms: int | None
    used: Sequence[StockKey]


def judge(entry: Entry, postings: Sequence[Posting], device: str, known: tuple[Knowledge, Fold], now_ms: int) -> Judged:
    """An entry at its arrival, with what is known of the site and the stock before it."""
    knows, fold = known
    at_ms, skew_ms = estimated(entry, now_ms)
    return Judged(entry, postings, device, knows, fold, at_ms, skew_ms, _used(entry, postings, knows))


def estimated(entry: Entry, record_ms: int) -> tuple[int, int | None]:
    """When an entry happened by the centre's time, and the skew of the device's clock where it can be told.

    From the last (server time, monotonic) pair of the same run; else the device's own time, though never later than
    its arrival.
    """
    stamp = entry.stamp
    if stamp.server_time is not None and stamp.server_mono_ms is not None and stamp.mono_ms >= stamp.server_mono_ms:
        at_ms = stamp.server_time + stamp.mono_ms - stamp.server_mono_ms
        return min(at_ms, record_ms), stamp.event_time - at_ms
    ahead = stamp.event_time - record_ms
    return min(stamp.event_time, record_ms), ahead if ahead > 0 else None


def duplicate_serials(judged: Judged) -> Iterator[Doubt]:
    """A unit that comes in while it is here already, or has left us: one of both may be counterfeit."""
    found = [
        (posting.key, unit)
        for posting in judged.postings
        if posting.key.serial is not None and posting.from_place in NOT_COME and posting.to_place not in NOT_OURS
        if (unit := judged.fold.unit(posting.key.gtin, posting.key.serial)) is not None and unit.place not in NOT_COME
    ]
    if found:
        key, unit = found[0]
        subject = case_place(key.gtin, key.serial or "")
        told: Parameters = {"gtin": key.gtin, "serial": key.serial, "place": unit.place, "count": len(found)}
        yield Doubt(FlagCode.DUP_SERIAL, Severity.HIGH, subject, told)


def moved_from_elsewhere(judged: Judged) -> Iterator[Doubt]:
    """A unit that was taken from where it no longer stood: two devices moved the same one, or there are two of it.

    The quantities of both places are in doubt by then: one has lost what the other one gained twice.
    """
    first: dict[tuple[str, str], Posting] = {}
    for posting in judged.postings:
        if posting.key.serial is not None:
            first.setdefault((posting.key.gtin, posting.key.serial), posting)
    found = [
        (posting, unit)
        for key, posting in first.items()
        if posting.from_place not in OUTSIDE
        and (unit := judged.fold.unit(*key)) is not None
        and unit.place not in {posting.from_place, *NOT_COME}
    ]
    if found:
        posting, unit = found[0]
        subject = case_place(posting.key.gtin, posting.key.serial or "")
        told: Parameters = {
            "gtin": posting.key.gtin, "serial": posting.key.serial, "place": unit.place, "count": len(found),
        }  # fmt: skip
        yield Doubt(FlagCode.DUP_SERIAL, Severity.MEDIUM, subject, told)


def recalled_lots(judged: Judged) -> Iterator[Doubt]:
    """Recalled goods used as good ones after the recall; graver where the device knew of it."""
    for key in judged.used:
        for known in judged.knows.watches.get(key.gtin, {}).values():
            watch = known.watch
            if (
                watch.kind != RECALL
                or judged.at_ms < known.made_ms
                or not touches(watch, key.gtin, key.lot, key.serial)
            ):
                continue
            knew = _cursor_number(judged.entry.knew.recall_cursor) >= known.n
            told: Parameters = {
                "gtin": key.gtin,
                "lot": key.lot,
                "recall": watch.id,
                "reason": watch.reason,
                "knew": knew,
            }
            severity = Severity.HIGH if knew else Severity.MEDIUM
            yield Doubt(FlagCode.RECALLED_LOT, severity, _goods(key), told)
            return


def expired_goods(judged: Judged) -> Iterator[Doubt]:
    """Goods used as good ones after their expiry date, by the site's date at the time."""
    horizon = judged.knows.day_after(judged.at_ms)
    dated = [key for key in judged.used if key.expiry is not None and key.expiry < horizon]
    if not dated:
        return
    today = datetime.fromtimestamp(judged.at_ms / 1000, UTC).astimezone(judged.knows.zone).date()
    for key in dated:
        if expired(key.expiry, today):
            told: Parameters = {"gtin": key.gtin, "lot": key.lot, "expiry": str(key.expiry), "today": str(today)}
            yield Doubt(FlagCode.EXPIRED, Severity.MEDIUM, _goods(key), told)
            return


def wrong_clock(judged: Judged) -> Iterator[Doubt]:
    """A device whose clock is off."""
    if judged.skew_ms is not None and abs(judged.skew_ms) > SKEW_MS_MAX:
        told: Parameters = {"device": judged.device, "skew_s": judged.skew_ms // 1000}
        yield Doubt(FlagCode.CLOCK, Severity.MEDIUM, DEVICE_SUBJECT + judged.device, told)


def unknown_references(judged: Judged) -> Iterator[Doubt]:
    """Items and places that no master record names: at most one of each an entry."""
    items, known = judged.knows.items, judged.knows.places
    gtin = next((posting.key.gtin for posting in judged.postings if posting.key.gtin not in items), None)
    if gtin is not None:
        yield Doubt(FlagCode.UNKNOWN_REF, Severity.LOW, ITEM_SUBJECT + gtin, {"subject": gtin})
    places = [place for posting in judged.postings for place in (posting.from_place, posting.to_place)]
    places += [place for move in judged.entry.container_moves for place in (move.from_parent, move.to_parent)]
    for place in places:
        if place not in known and not _needs_no_record(place):
            yield Doubt(FlagCode.UNKNOWN_REF, Severity.LOW, PLACE_SUBJECT + place, {"subject": place})
            return


def missing_rights(judged: Judged) -> Iterator[Doubt]:
    """An accepted step of somebody who was not known, was no longer active, or whose role did not reach."""
    entry, operator = judged.entry, judged.entry.origin.operator
    if operator is None or entry.workflow not in NEEDED or not isinstance(entry.verdict, Accepted):
        return
    told: Parameters = {"operator": operator, "action": entry.workflow}
    known = judged.knows.operators.get(operator)
    if known is None:
        yield Doubt(FlagCode.RIGHTS, Severity.HIGH, OPERATOR_SUBJECT + operator, told)
    elif known.changed_ms <= judged.at_ms:
        person = known.operator
        if not person.active or not permits(person.role, entry.workflow):
            yield Doubt(FlagCode.RIGHTS, Severity.MEDIUM, OPERATOR_SUBJECT + operator, told)


def task_conflicts(judged: Judged) -> Iterator[Doubt]:
    """A document worked on by one device after another had closed it, or a task leased to another, done or cancelled.

    No device opens a document that it knows to be closed, so that an opening tells it as well as a closing: which of
    both comes after the other's closing depends on how the devices' entries arrive.
    """
    entry = judged.entry
    if not isinstance(entry.verdict, Accepted):
        return
    if entry.kind in {EntryKind.DOCUMENT_OPENED, EntryKind.DOCUMENT_CLOSED} and entry.document is not None:
        other = judged.fold.closed_by(entry.document)
        if other not in {None, judged.device}:
            told: Parameters = {"task": entry.document, "device": other}
            yield Doubt(FlagCode.TASK_CONFLICT, Severity.MEDIUM, DOCUMENT_SUBJECT + entry.document, told)
    task = judged.knows.tasks.get(entry.task or "")
    if task is not None and task.get("holder") not in {None, "", judged.device} and not _is_over(task, judged.at_ms):
        told = {"task": entry.task, "device": str(task.get("holder"))}
        yield Doubt(FlagCode.TASK_CONFLICT, Severity.MEDIUM, f"{TASK_SUBJECT}{entry.task}", told)


def _is_over(task: Mapping[str, object], at_ms: int) -> bool:
    """Whether a task's lease was over by then."""
    until = task.get("until")
    return isinstance(until, int) and until < at_ms


DOUBTS: Final[tuple[Callable[[Judged], Iterator[Doubt]], ...]] = (
    duplicate_serials, moved_from_elsewhere, recalled_lots, expired_goods, wrong_clock, unknown_references,
    missing_rights, task_conflicts,
)  # fmt: skip

BRINGS_BACK: Final = frozenset({EntryKind.CORRECTED, EntryKind.OPENING_BALANCE})
"""Kinds that use nothing: what was is taken back, or told."""


def _used(entry: Entry, postings: Sequence[Posting], knows: Knowledge) -> Sequence[StockKey]:
    """The keys of goods that were moved as good ones; what is taken back, kept apart or sent back is not used."""
    if entry.kind in BRINGS_BACK:
        return ()
    cages = knows.cages
    return [
        posting.key
        for posting in postings
        if posting.key.status is Status.AVAILABLE
        and posting.to_place not in OUT_OF_USE
        and posting.to_place not in cages
    ]


def _goods(key: StockKey) -> str:
    """The lot, or the item where no lot is known."""
    return ITEM_SUBJECT + key.gtin if key.lot is None else f"{LOT_SUBJECT}{key.gtin}:{key.lot}"


def _needs_no_record(place: str) -> bool:
    return place in OUTSIDE or is_container(place)


def _cursor_number(cursor: str | None) -> int:
    """The number in a cursor; 0 for what is none."""
    digits = (cursor or "").partition(".")[0]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < len(str(1 << 63)) else 0
