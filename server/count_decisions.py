"""Decisions on counts: approving, rejecting, writing off what was not found; each an entry with a person's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scanner_app.domain.counting import judge_count
from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import Accepted
from scanner_app.errors import ConfigError
from server.adjusting import Adjusting
from server.count_facts import read_facts
from server.counts import (
    COUNT_SUBJECT,
    OPEN,
    CountRow,
    State,
    changed,
    difference_in,
    difference_of,
    find_count,
    judge,
    note_entries,
    put_count,
)
from server.doubts import FlagCode
from server.flags import settle
from server.own_chain import own_entry, write_own
from server.records import COUNT, decode_body, records_of_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner_app.domain.entry import Entry
    from server.count_facts import Facts
    from server.database import Session
    from server.writing import Writing

APPROVED: Final = "APPROVED"
REJECTED: Final = "REJECTED"
WRITTEN_OFF: Final = "WRITTEN_OFF"


def counts(session: Session, site: str, *, closed: bool = False) -> Iterator[dict[str, Any]]:
    """The counts of a site that wait for something, by their close; `closed`: the others too."""
    bodies = [decode_body(row.body) for row in records_of_kind(session, site, COUNT)]
    for body in sorted(bodies, key=lambda body: (body["closed_ms"], body["id"])):
        if closed or body["state"] in OPEN or body.get("not_located"):
            yield {"site": site, **body}


def approve(writing: Writing, count: str, operator: str, reason: str | None) -> str | None:
    """Adjusts the stock by a settled variance; where the count stands then. None: no such count.

    Nothing is done unless it stood at `variance`. Raises ConfigError SAME_PERSON.
    """
    found = _fresh(writing, count)
    if found is None:
        return None
    row, base, facts = found
    _check_person(writing, facts, operator)
    if row.state != State.VARIANCE:
        return str(row.state)
    now = difference_of(facts, judge_count(facts.count, facts.changes))
    further, back = changed(difference_in(base.basis), now)
    adjusting = Adjusting(writing, base.id, base.place, operator, reason, facts.closed_by)
    adjusting.adjust(further, back)
    decided = _decided(writing, operator, APPROVED, reason, adjusting.entries[-1])
    missing = {"not_located": len(now.missing)}
    approved = base._replace(basis=now.text(), refused="")
    if row.countered:
        put_count(writing, row._replace(state=State.APPROVED), {"decided": decided})
        put_count(writing, approved, missing)
    else:
        put_count(writing, approved._replace(state=State.APPROVED), {"decided": decided} | missing)
    note_entries(writing, [entry for entry in adjusting.entries if entry.postings], {})
    return State.APPROVED


def reject(writing: Writing, count: str, operator: str, reason: str | None) -> str | None:
    """Leaves the stock as it is, by an entry; where the count stands then. None: no such count."""
    found = _fresh(writing, count)
    if found is None:
        return None
    row, base, facts = found
    _check_person(writing, facts, operator)
    if row.state not in OPEN:
        return str(row.state)
    told = Accepted(parameters={"count": row.id, "place": row.place, "how": REJECTED})
    plain = own_entry(
        writing, EntryKind.RESOLVED, told, operator=operator, reason=REJECTED, note=reason, refers_to=facts.closed_by
    )
    entry = write_own(writing, plain)
    put_count(
        writing, row._replace(state=State.REJECTED), {"decided": _decided(writing, operator, REJECTED, reason, entry)}
    )
    if row.countered:
        now = difference_of(facts, judge_count(facts.count, facts.changes))
        put_count(writing, base._replace(state=State.APPROVED, refused=now.text()), {})
    settle(writing, FlagCode.COUNT_STALE, COUNT_SUBJECT + row.id)
    return State.REJECTED


def write_off(writing: Writing, count: str, operator: str, reason: str | None) -> tuple[str, int] | None:
    """Posts what an approved count did not locate, and nobody has found since, to `loss`; its state, and how many."""
    found = _fresh(writing, count)
    if found is None:
        return None
    row, base, facts = found
    _check_person(writing, facts, operator)
    if base.state not in {State.APPROVED, State.COUNTERED} or row.countered:
        return str(row.state), 0
    adjusting = Adjusting(writing, base.id, base.place, operator, reason, facts.closed_by)
    units = adjusting.write_off(difference_in(base.basis).missing)
    if units:
        told = {"written_off": _decided(writing, operator, WRITTEN_OFF, reason, adjusting.entries[-1])}
        put_count(writing, base, {"not_located": 0} | told)
    return str(base.state), units


def _fresh(writing: Writing, count: str) -> tuple[CountRow, CountRow, Facts] | None:
    """A count judged by all that is known at this moment, the one it is about, and the facts of that."""
    row = find_count(writing.session, writing.site, count)
    if row is None:
        return None
    judge(writing, row.countered or row.id)
    row, base = (find_count(writing.session, writing.site, each) for each in (count, row.countered or count))
    facts = None if base is None else read_facts(writing.session, writing.site, base.id, base.device)
    return None if row is None or base is None or facts is None else (row, base, facts)


def _check_person(writing: Writing, facts: Facts, operator: str) -> None:
    """Who counted does not decide: not by a second badge either."""
    persons = {_person(writing, each) for each in facts.operators}
    if _person(writing, operator) in persons:
        message = f"--by {operator}: the same person counted."
        raise ConfigError("SAME_PERSON", message, remedy="Somebody else has to decide.")


def _person(writing: Writing, operator: str) -> str:
    """Who bears a badge: two badges in one name are one person."""
    known = writing.knows.operators.get(operator)
    return operator if known is None else " ".join(known.operator.name.casefold().split())


def _decided(writing: Writing, operator: str, how: str, reason: str | None, entry: Entry) -> dict[str, Any]:
    return {"by": operator, "how": how, "reason": reason, "at_ms": writing.now_ms, "event_id": entry.event_id}
