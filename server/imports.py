"""Imported files: read by the domain's forms, checked against what the site knows, written as records and one entry."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.feed_records import DOCUMENT, DOCUMENT_PART, ITEM, LEVEL, PLACE, bodies_of, compound
from scanner_app.domain.follow_ups import ITEM_SUBJECT
from scanner_app.domain.import_forms import FORMS, read_file
from scanner_app.domain.import_json import json_rows
from scanner_app.domain.import_rows import BadFileError, BadRow, Form, csv_rows, is_json, plain_text
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.site_records import SiteRecords
from server.doubts import PLACE_SUBJECT, FlagCode
from server.flags import settle
from server.own_chain import own_entry, write_own
from server.passwords import make_verifier
from server.records import POLICY, decode_body, find_record, records_of_kind

if TYPE_CHECKING:
    from scanner_app.domain.import_records import Reading
    from scanner_app.domain.refusals import Parameters
    from server.writing import Writing

POLICY_FORM: Final = Form(columns=("name", "value"), key="name", needed=("name", "value"), lists=("policy",))
KINDS: Final = (*FORMS, "policy")
"""What can be imported."""

POLICIES: Final = {
    "active_days": "days without a word after which a device no longer counts as active",
    "quiet_minutes": "minutes that a count waits for devices that are late",
    "sscc_left": "serial references left, below which a device gets a new range of SSCCs",
    "sscc_range": "SSCCs of a range",
    "task_minutes": "minutes that a task is leased",
    "recall_list_hours": "hours after which a device's recall list is too old to ship by",
}
"""Every policy there is; a value is a whole number."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file of a kind brings, and its rows that are bad."""

    kind: str
    sha256: str
    records: SiteRecords
    policy: tuple[tuple[str, int], ...]
    bad: tuple[BadRow, ...]

    def __len__(self) -> int:
        """How many records there are."""
        return len(self.records) + len(self.policy)


def read_contents(kind: str, text: str, *, partial: bool = False) -> Contents:
    """What a file holds, of one with bad rows the good ones if `partial`; verifiers of operators are made here."""
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    if kind == "policy":
        policy, bad = _read_policy(text)
        return Contents(kind, sha256, SiteRecords(), policy, bad)
    reading = read_file(kind, text)
    bad = tuple(reading.bad)
    places = {each.where for each in bad}
    if bad and partial and "" not in places:
        reading = read_file(kind, text, without=places)
    return Contents(kind, sha256, SiteRecords() if reading.bad else _records_of(reading), (), bad)


def _read_policy(text: str) -> tuple[tuple[tuple[str, int], ...], tuple[BadRow, ...]]:
    try:
        plain = plain_text(text)
        rows = json_rows(plain, POLICY_FORM) if is_json(plain) else csv_rows(plain, POLICY_FORM)
    except BadFileError as fault:
        return (), (fault.bad,)
    found, bad = [], list(rows.bad)
    for row in rows.good:
        name, value = row.cells.get("name", ""), row.cells.get("value", "")
        if name not in POLICIES:
            bad.append(BadRow(row.where, "name", f"{name!r} is none of {', '.join(POLICIES)}"))
        elif not (value.isascii() and value.isdigit() and len(value) <= len(str(10**6))):
            bad.append(BadRow(row.where, "value", f"{value!r} is no whole number"))
        else:
            found.append((name, int(value)))
    return tuple(found), tuple(bad)


def _records_of(reading: Reading) -> SiteRecords:
    return SiteRecords(
        items=tuple(reading.items),
        levels=tuple(reading.levels),
        places=tuple(reading.places),
        operators=tuple(
            replace(person, verifier=make_verifier(secret)) if secret else person
            for person, secret in reading.operators
        ),
        documents=tuple(reading.documents),
        watches=tuple(reading.watches),
    )


def conflicts(writing: Writing, records: SiteRecords) -> list[BadRow]:
    """What a well-formed file still asks in vain: items nobody knows, documents that are there already."""
    known = {item.gtin for item in records.items} | writing.knows.items
    wanted = {level.item for level in records.levels}
    for document in records.documents:
        wanted |= {unit.gtin for unit in document.units} | {line.gtin for line in document.lines}
    missing = wanted - known
    if missing:
        missing -= {decode_body(row.body)["gtin"] for row in records_of_kind(writing.session, writing.site, LEVEL)}
    bad = [BadRow("", "gtin", f"no item {gtin}: import items first") for gtin in sorted(missing)]
    for document in records.documents:
        row = find_record(writing.session, writing.site, DOCUMENT, document.id)
        if row is not None and row.body:
            bad.append(BadRow("", "document", f"{document.id} is there already"))
    return bad


def put_contents(writing: Writing, contents: Contents) -> None:
    """Writes the records and the entry that tells of the import."""
    put_records(writing, contents.records)
    for name, value in contents.policy:
        writing.put(POLICY, name, {"name": name, "value": value})
    told: Parameters = {"kind": contents.kind, "records": len(contents), "sha256": contents.sha256}
    write_own(writing, own_entry(writing, EntryKind.IMPORT, Accepted(parameters=told)))


def put_records(writing: Writing, records: SiteRecords) -> None:
    """Writes master records; doubts about items and places that nobody knew are settled."""
    for kind, record, body in bodies_of(records):
        new = writing.put(kind, record, body)
        if new and kind in {ITEM, PLACE}:
            settle(writing, FlagCode.UNKNOWN_REF, (ITEM_SUBJECT if kind == ITEM else PLACE_SUBJECT) + record)
        if kind == DOCUMENT:
            _drop_parts(writing, record, body["parts"])


def _drop_parts(writing: Writing, document: str, parts: int) -> None:
    """Takes away the parts of an earlier sending that the new one does not replace."""
    while True:
        record = compound(document, parts)
        row = find_record(writing.session, writing.site, DOCUMENT_PART, record)
        if row is None or not row.body:
            return
        writing.put(DOCUMENT_PART, record, None)
        parts += 1
