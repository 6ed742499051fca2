"""Flags: opened and closed by entries of the site's own chain, and told to every device as records (sync.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.feed_records import compound
from scanner_app.domain.refusals import Accepted
from server.doubts import LINE_SUBJECT, Doubt, FlagCode, Severity
from server.own_chain import own_entry, write_own
from server.records import FLAG, decode_body, find_record
from sync.wire import Flagged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanner_app.domain.refusals import Parameters
    from server.fold import LineChange
    from server.writing import Writing

SETTLED: Final = "SETTLED"
"""How a flag closed that late entries or records settled by themselves."""

NEGATIVE_FLAGS_MAX: Final = 200
"""Lines below zero that one push may open flags for."""

FIND_OPEN: Final = "SELECT id, severity FROM flag WHERE site_id = ? AND code = ? AND subject = ? AND closed_by = ''"
ADD: Final = "INSERT INTO flag (site_id, id, code, severity, subject, closed_by) VALUES (?, ?, ?, ?, ?, '')"
CLOSE: Final = "UPDATE flag SET closed_by = ? WHERE site_id = ? AND id = ? AND closed_by = ''"


def open_flag(writing: Writing, doubt: Doubt, *, event_id: str, device: str, document: str | None = None) -> bool:
    """Opens a flag unless one of the same code, subject and severity is open; whether it did."""
    known = writing.session.all(FIND_OPEN, (writing.site, doubt.code.value, doubt.subject))
    if any(severity == doubt.severity for _, severity in known):
        return False
    told = {**doubt.parameters, "flag": doubt.code.value, "severity": doubt.severity.value, "subject": doubt.subject}
    refers_to = event_id or None
    case = own_entry(writing, EntryKind.CASE, Accepted(parameters=told), refers_to=refers_to, document=document)
    entry = write_own(writing, case)
    row = (writing.site, entry.event_id, doubt.code.value, doubt.severity.value, doubt.subject)
    writing.session.run(ADD, row)
    body = {
        "id": entry.event_id, "code": doubt.code.value, "severity": doubt.severity.value, "subject": doubt.subject,
        "event_id": refers_to, "device": device, "document": document, "parameters": doubt.parameters,
        "opened_ms": writing.now_ms, "closed": None,
    }  # fmt: skip
    writing.put(FLAG, entry.event_id, body)
    return True


def close_flag(
    writing: Writing, flag: str, how: str, *, operator: str | None = None, reason: str | None = None
) -> bool:
    """Closes an open flag by an entry; False where there is none of that id, or it is closed."""
    row = find_record(writing.session, writing.site, FLAG, flag)
    if row is None:
        return False
    body = decode_body(row.body)
    if body["closed"] is not None:
        return False
    told = {"flag": body["code"], "subject": body["subject"], "how": how}
    entry = write_own(
        writing,
        own_entry(
            writing, EntryKind.RESOLVED, Accepted(parameters=told), operator=operator, reason=how, note=reason,
            refers_to=flag,
        ),
    )  # fmt: skip
    writing.session.run(CLOSE, (entry.event_id, writing.site, flag))
    closed = {"by": operator, "how": how, "reason": reason, "at_ms": writing.now_ms, "event_id": entry.event_id}
    writing.put(FLAG, flag, {**body, "closed": closed})
    return True


def settle(writing: Writing, code: FlagCode, subject: str) -> None:
    """Closes what is open on a subject, because what was doubted has come true."""
    for flag, _ in writing.session.all(FIND_OPEN, (writing.site, code.value, subject)):
        close_flag(writing, flag, SETTLED)


def below_zero(writing: Writing, changed: Sequence[LineChange], device: str) -> list[Flagged]:
    """Opens NEGATIVE for lines that came below zero, and closes it for those that came back."""
    flagged: list[Flagged] = []
    for key, before, after, event_id in changed:
        subject = LINE_SUBJECT + compound(*key)
        if after < 0 and len(flagged) < NEGATIVE_FLAGS_MAX:
            told: Parameters = {"place": key[0], "gtin": key[1], "lot": key[2] or None, "quantity": after}
            doubt = Doubt(FlagCode.NEGATIVE, Severity.MEDIUM, subject, told)
            if open_flag(writing, doubt, event_id=event_id, device=device):
                flagged.append(Flagged(event_id, str(doubt.code), str(doubt.severity)))
        elif before < 0 <= after:
            settle(writing, FlagCode.NEGATIVE, subject)
    return flagged
