"""Counts at the centre: what each closed count comes to, judged again by every entry that may change it, and told.

A count is a fact and is never changed; what is kept here is the centre's verdict on it (docs/decisions/0005, Counts).
Of the counts of one place the newest alone is judged: a later look at the place says all that an earlier one could.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import structlog

from scanner_app.domain.counting import CLOCK_DOUBT_MS, Batch, Count, is_settled, judge_count, recognised
from scanner_app.domain.stock import OUTSIDE, is_container
from server import registry
from server.count_facts import read_facts
from server.doubts import Doubt, FlagCode, Severity, estimated
from server.flags import open_flag, settle
from server.records import COUNT, POLICY, decode_body, find_record
from server.strict import id_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scanner_app.domain.counting import CountVerdict
    from scanner_app.domain.entry import Entry
    from scanner_app.domain.lists import MemberList
    from server.count_facts import Facts
    from server.database import Session
    from server.writing import Writing

log = structlog.get_logger()

COUNT_SUBJECT: Final = "count:"
ACTIVE_DAYS: Final = 7
"""Days without a word after which a device no longer counts as active, where no policy says otherwise."""
SHOWN_MAX: Final = 200
"""Lines, units and moves of each kind that a record names; `differences` tells how many there are."""

FIND: Final = (
    "SELECT id, place, device, state, opened_ms, closed_ms, countered, basis, refused FROM count "
    "WHERE site_id = ? AND id = ?"
)
PUT: Final = (
    "INSERT INTO count (site_id, id, place, device, state, opened_ms, closed_ms, countered, basis, refused) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site_id, id) DO UPDATE SET state = excluded.state, "
    "place = excluded.place, device = excluded.device, opened_ms = excluded.opened_ms, "
    "closed_ms = excluded.closed_ms, basis = excluded.basis, refused = excluded.refused"
)
ADD_ENTRY: Final = (
    "INSERT INTO count_entry (site_id, count, event_id) VALUES (?, ?, ?) "
    "ON CONFLICT (site_id, count, event_id) DO NOTHING"
)
AT_PLACE: Final = (
    "SELECT id, place, device, state, opened_ms, closed_ms, countered, basis, refused FROM count "
    "WHERE site_id = ? AND place = ? AND closed_ms >= ? AND countered = '' ORDER BY closed_ms, id"
)
IN_STATE: Final = (
    "SELECT id, place, device, state, opened_ms, closed_ms, countered, basis, refused FROM count "
    "WHERE site_id = ? AND state = ? ORDER BY id"
)
COUNTERING: Final = (
    "SELECT id, place, device, state, opened_ms, closed_ms, countered, basis, refused FROM count "
    "WHERE site_id = ? AND countered = ? ORDER BY id"
)

Unit = tuple[str, str]
"""Item and serial."""


class State(StrEnum):
    """Where a count stands."""

    PROVISIONAL = "provisional"
    """A device may still have a move of before its end."""
    VARIANCE = "variance"
    """It differs from the ledger: approve or reject it."""
    AGREES = "agrees"
    RECOUNT = "recount"
    """Others moved goods of the place meanwhile: count again."""
    RECOUNTED = "recounted"
    """A later count of the place stands in its stead."""
    APPROVED = "approved"
    REJECTED = "rejected"
    COUNTERED = "countered"
    """Approved, and a move that came late says otherwise: a counter-proposal is open, or was approved."""
    WITHDRAWN = "withdrawn"
    """A counter-proposal that a still later entry made void."""


OPEN: Final = frozenset({State.PROVISIONAL, State.VARIANCE, State.RECOUNT})
"""States in which something is still to be done or awaited."""
JUDGED: Final = OPEN | {State.AGREES, State.APPROVED, State.COUNTERED}
"""States that a later entry may change."""


class CountRow(NamedTuple):
    """A row of table count."""

    id: str
    place: str
    device: str
    state: str
    opened_ms: int
    closed_ms: int
    countered: str = ""
    basis: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """What the stock has to be adjusted by: base units by batch, units that are not there, units that are too many."""

    loose: dict[Batch, int] = field(default_factory=dict)
    missing: dict[Unit, Batch] = field(default_factory=dict)
    surplus: dict[Unit, Batch] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.loose or self.missing or self.surplus)

    def text(self) -> str:
        """As it is kept."""
        loose = sorted([*_parts(batch), number] for batch, number in self.loose.items())
        units = [
            sorted([gtin, serial, batch.lot, batch.expiry] for (gtin, serial), batch in part.items())
            for part in (self.missing, self.surplus)
        ]
        return msgspec.json.encode([loose, *units]).decode()


def _parts(batch: Batch) -> tuple[str, str, str]:
    return batch.gtin, batch.lot, batch.expiry


def difference_in(text: str) -> Difference:
    """The difference that was kept; none for ''."""
    if not text:
        return Difference()
    loose, missing, surplus = msgspec.json.decode(text)
    units = [
        {(gtin, serial): Batch(gtin, lot, expiry) for gtin, serial, lot, expiry in part} for part in (missing, surplus)
    ]
    return Difference({Batch(*parts): number for *parts, number in loose}, *units)


def difference_of(facts: Facts, verdict: CountVerdict) -> Difference:
    """All that a verdict finds different; what its units explain is no loose quantity."""
    seen = {
        (one.batch.gtin, one.serial): one.batch for one in recognised(facts.count.seen, facts.changes) if one.serial
    }
    known = {(change.batch.gtin, change.serial): change.batch for change in facts.changes if change.serial}
    missing = {unit: known[unit] for unit in verdict.missing}
    surplus = {unit: seen[unit] for unit in verdict.unexpected}
    loose = {line.batch: line.variance for line in verdict.lines}
    for part, sign in ((missing, 1), (surplus, -1)):
        for batch in part.values():
            loose[batch] = loose.get(batch, 0) + sign
    return Difference({batch: number for batch, number in sorted(loose.items()) if number}, missing, surplus)


def find_count(session: Session, site: str, count: str) -> CountRow | None:
    """Where a count stands; None for one that was never closed."""
    row = session.one(FIND, (site, count))
    return None if row is None else CountRow(*row)


def put_count(writing: Writing, row: CountRow, body: Mapping[str, Any]) -> None:
    """Writes where a count stands, and tells it. `body`: what changed of the record."""
    writing.session.run(PUT, (writing.site, *row))
    told = body_of(writing, row.id)
    told |= {
        "id": row.id, "place": row.place, "gtin": None, "state": row.state, "opened_ms": row.opened_ms,
        "closed_ms": row.closed_ms, "device": row.device, "counters": row.countered or None, **body,
    }  # fmt: skip
    told.setdefault("decided", None)
    writing.put(COUNT, row.id, told)


def body_of(writing: Writing, count: str) -> dict[str, Any]:
    """The record of a count as it is; empty where there is none."""
    record = find_record(writing.session, writing.site, COUNT, count)
    return decode_body(record.body) if record is not None and record.body else {}


# --- what may change a verdict ----------------------------------------------------------------------------------------


def note_entries(writing: Writing, entries: Sequence[Entry], lists: Mapping[str, MemberList]) -> None:
    """Entries were counted: judges the counts that they are of, or whose place they touch in time."""
    of_counts = [entry for entry in entries if entry.count is not None]
    rows = [(writing.site, entry.count, id_bytes(entry.event_id)) for entry in of_counts]
    if rows:
        writing.session.many(ADD_ENTRY, rows)
    wanted = dict.fromkeys(entry.count or "" for entry in of_counts)
    for place, since_ms in _touched(entries, lists, writing.now_ms).items():
        for found in writing.session.all(AT_PLACE, (writing.site, place, since_ms - CLOCK_DOUBT_MS)):
            wanted[found[0]] = None
    _judge_all(writing, wanted)


def _touched(entries: Iterable[Entry], lists: Mapping[str, MemberList], now_ms: int) -> dict[str, int]:
    """The places that entries touch, and since when."""
    since: dict[str, int] = {}
    for entry in entries:
        places = {place for posting in entry.postings for place in (posting.from_place, posting.to_place)}
        for digest in entry.lists:
            for posting in lists[digest].postings:
                places |= {posting.from_place, posting.to_place}
        if places:
            at_ms = min(estimated(entry, now_ms)[0], entry.stamp.event_time)
            for place in places:
                if at_ms < since.get(place, now_ms + 1):
                    since[place] = at_ms
    return {place: at_ms for place, at_ms in since.items() if place not in OUTSIDE and not is_container(place)}


def note_quiet(writing: Writing) -> None:
    """A device told more, or is awaited no longer: judges the counts that waited for it."""
    rows = [CountRow(*row) for row in writing.session.all(IN_STATE, (writing.site, State.PROVISIONAL.value))]
    if rows:
        quiet = quiet_of(writing)
        ready = [row.countered or row.id for row in rows if is_settled(_window(row), quiet)]
        _judge_all(writing, dict.fromkeys(ready))


def _window(row: CountRow) -> Count:
    return Count(row.id, row.place, row.device, 0, 0, row.opened_ms, row.closed_ms, ())


def quiet_of(writing: Writing) -> dict[str, int | None]:
    """What each active device has said of its unsent facts: seen within the policy's days, and not declared lost."""
    policy = find_record(writing.session, writing.site, POLICY, "active_days")
    days = decode_body(policy.body)["value"] if policy is not None and policy.body else ACTIVE_DAYS
    since_ms = writing.now_ms - days * registry.DAY_MS
    return {
        row.device: row.quiet_until
        for row in registry.devices(writing.session)
        if row.site == writing.site and row.state != registry.LOST and row.seen_ms >= since_ms
    }


def _judge_all(writing: Writing, counts: Iterable[str]) -> None:
    """Judges counts, each whole or not at all: a verdict that fails holds up no entry."""
    for count in counts:
        try:
            with writing.savepoint():
                judge(writing, count)
        except sqlite3.OperationalError:
            raise
        except Exception:
            log.exception("a count is not judged", site=writing.site)


# --- the verdict ------------------------------------------------------------------------------------------------------


def judge(writing: Writing, count: str) -> None:
    """Judges a count anew by all that is known now; nothing for one that is not closed, or that is decided for good."""
    session, site = writing.session, writing.site
    former = find_count(session, site, count)
    if former is not None and (former.state not in JUDGED or former.countered):
        return
    facts = read_facts(session, site, count, None if former is None else former.device)
    if facts is None:
        return
    found = facts.count
    row = CountRow(count, found.place, found.device, State.PROVISIONAL, found.opened_ms, found.closed_ms)
    if former is not None:
        row = former._replace(place=row.place, device=row.device, opened_ms=row.opened_ms, closed_ms=row.closed_ms)
    if _is_overtaken(writing, row):
        _overtake(writing, row)
        return
    verdict = judge_count(found, facts.changes)
    difference = difference_of(facts, verdict)
    _flag_stale(writing, facts, verdict)
    if row.state in {State.APPROVED, State.COUNTERED}:
        _counter(writing, row, facts, difference)
        return
    state = _state(writing, facts, verdict)
    put_count(writing, row._replace(state=state), _told(facts, verdict, difference))


def _state(writing: Writing, facts: Facts, verdict: CountVerdict) -> State:
    if verdict.stale:
        return State.RECOUNT
    if not is_settled(facts.count, quiet_of(writing)):
        return State.PROVISIONAL
    return State.AGREES if verdict.agrees else State.VARIANCE


def _told(facts: Facts, verdict: CountVerdict, difference: Difference) -> dict[str, Any]:
    """What the record says of a verdict."""
    lines = [line for line in verdict.lines if line.variance]
    return {
        "operators": sorted(facts.operators),
        "lines": [
            {
                "gtin": line.batch.gtin, "lot": line.batch.lot or None, "expiry": line.batch.expiry or None,
                "expected": line.expected, "counted": line.counted,
            }
            for line in lines[:SHOWN_MAX]
        ],
        "missing": [list(unit) for unit in verdict.missing[:SHOWN_MAX]],
        "surplus": [list(unit) for unit in verdict.unexpected[:SHOWN_MAX]],
        "moves": list(verdict.stale[:SHOWN_MAX]),
        "differences": len(difference.loose) + len(difference.missing) + len(difference.surplus),
    }  # fmt: skip


def _flag_stale(writing: Writing, facts: Facts, verdict: CountVerdict) -> None:
    """Opens COUNT_STALE while moves of others fall into the window, and settles it when none does any more."""
    subject = COUNT_SUBJECT + facts.count.id
    if not verdict.stale:
        settle(writing, FlagCode.COUNT_STALE, subject)
        return
    told: dict[str, str | int | bool | None] = {
        "place": facts.count.place, "count": facts.count.id, "moves": len(verdict.stale), "move": verdict.stale[0],
    }  # fmt: skip
    doubt = Doubt(FlagCode.COUNT_STALE, Severity.MEDIUM, subject, told)
    open_flag(writing, doubt, event_id=facts.closed_by, device=facts.count.device)


def _is_overtaken(writing: Writing, row: CountRow) -> bool:
    """Whether a later count of the place is there; what comes first by its end overtakes what is earlier already."""
    here = [CountRow(*each) for each in writing.session.all(AT_PLACE, (writing.site, row.place, 0))]
    for each in here:
        if (each.closed_ms, each.id) < (row.closed_ms, row.id) and each.state in OPEN:
            _overtake(writing, each)
        elif (each.closed_ms, each.id) < (row.closed_ms, row.id):
            _withdraw(writing, each.id, State.RECOUNTED)
    return any((each.closed_ms, each.id) > (row.closed_ms, row.id) for each in here)


def _overtake(writing: Writing, row: CountRow) -> None:
    """A later count of the place stands in its stead; what was approved stays so."""
    settle(writing, FlagCode.COUNT_STALE, COUNT_SUBJECT + row.id)
    _withdraw(writing, row.id, State.RECOUNTED)
    if row.state in OPEN:
        put_count(writing, row._replace(state=State.RECOUNTED), {})


# --- counter-proposals ------------------------------------------------------------------------------------------------


def counters_of(session: Session, site: str, count: str) -> list[CountRow]:
    """The counter-proposals to an approved count, oldest first."""
    return [CountRow(*row) for row in session.all(COUNTERING, (site, count))]


def changed(former: Difference, now: Difference) -> tuple[Difference, Difference]:
    """From one difference to another: what is to be adjusted further, and the units whose adjustment is taken back."""
    batches = former.loose.keys() | now.loose.keys()
    loose = {batch: now.loose.get(batch, 0) - former.loose.get(batch, 0) for batch in sorted(batches)}
    further = Difference(
        {batch: number for batch, number in loose.items() if number},
        {unit: batch for unit, batch in now.missing.items() if unit not in former.missing},
        {unit: batch for unit, batch in now.surplus.items() if unit not in former.surplus},
    )
    back = Difference(
        {},
        {unit: batch for unit, batch in former.missing.items() if unit not in now.missing},
        {unit: batch for unit, batch in former.surplus.items() if unit not in now.surplus},
    )
    return further, back


def _counter(writing: Writing, row: CountRow, facts: Facts, now: Difference) -> None:
    """A count that was approved says otherwise now: proposes the opposite; withdraws it where it does no longer."""
    further, back = changed(difference_in(row.basis), now)
    if not further and not back:
        _withdraw(writing, row.id, State.WITHDRAWN)
        return
    if row.refused == now.text():
        return
    rows = counters_of(writing.session, writing.site, row.id)
    standing = next((each for each in rows if each.state in OPEN), None)
    settled = is_settled(facts.count, quiet_of(writing))
    state = State.VARIANCE if settled else State.PROVISIONAL
    counter = standing or CountRow(
        _free_id(writing, row.id, len(rows) + 2), row.place, row.device, state, row.opened_ms, row.closed_ms, row.id
    )
    put_count(writing, row._replace(state=State.COUNTERED), {})
    put_count(writing, counter._replace(state=state), {
        "operators": sorted(facts.operators),
        "lines": [
            {
                "gtin": batch.gtin, "lot": batch.lot or None, "expiry": batch.expiry or None,
                "expected": 0, "counted": number,
            }
            for batch, number in sorted(further.loose.items())[:SHOWN_MAX]
        ],
        "missing": [list(unit) for unit in sorted(further.missing)[:SHOWN_MAX]],
        "surplus": [list(unit) for unit in sorted(further.surplus)[:SHOWN_MAX]],
        "back": [list(unit) for unit in sorted({**back.missing, **back.surplus})[:SHOWN_MAX]],
        "moves": [],
        "differences": len(further.loose) + len(further.missing) + len(further.surplus) + len(back.missing)
        + len(back.surplus),
    })  # fmt: skip


def _free_id(writing: Writing, count: str, number: int) -> str:
    """An id for a counter-proposal that no count has."""
    while find_count(writing.session, writing.site, f"{count}/{number}") is not None:
        number += 1
    return f"{count}/{number}"


def _withdraw(writing: Writing, count: str, state: State) -> None:
    """Ends an open counter-proposal; the count it was about is as it was approved."""
    for counter in counters_of(writing.session, writing.site, count):
        if counter.state in OPEN:
            put_count(writing, counter._replace(state=state), {})
            row = find_count(writing.session, writing.site, count)
            assert row is not None
            put_count(writing, row._replace(state=State.APPROVED), {})
