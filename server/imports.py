"""Imported files: read by the domain's forms, checked against what the site knows, written as records and one entry."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.feed_records import DOCUMENT, DOCUMENT_PART, ITEM, LEVEL, PLACE, bodies_of, compound
from scanner_app.domain.follow_ups import ITEM_SUBJECT
from scanner_app.domain.import_forms import (
    BadRow,
    BadRowError,
    Reading,
    document_rows,
    read_documents,
    read_items,
    read_locations,
    read_operators,
    read_watches,
    rows_of,
)
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.site_records import SiteRecords
from server.doubts import PLACE_SUBJECT, FlagCode
from server.flags import settle
from server.own_chain import own_entry, write_own
from server.passwords import make_verifier
from server.records import POLICY, decode_body, find_record, records_of_kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner_app.domain.refusals import Parameters
    from server.writing import Writing

LISTS: Final = {
    "items": ("items", "levels"), "locations": ("locations",), "operators": ("operators",), "watches": ("watches",),
    "documents": ("documents",), "policy": ("policy",),
}  # fmt: skip
READERS: Final[dict[str, Callable[[list[dict[str, str]]], Reading]]] = {
    "items": read_items, "locations": read_locations, "operators": read_operators, "watches": read_watches,
    "documents": read_documents,
}  # fmt: skip
POLICIES: Final = {
    "active_days": "days without a word after which a device no longer counts as active",
    "quiet_minutes": "minutes that a count waits for devices that are late",
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


def read_contents(kind: str, text: str) -> Contents:
    """What a file holds; verifiers of operators are made here (argon2id, about 20 ms each)."""
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    as_json = text.lstrip("\ufeff \t\r\n")[:1] in {"[", "{"}
    try:
        if kind == "policy":
            policy, bad = _read_policy(rows_of(text, as_json=as_json, lists=LISTS[kind]))
            return Contents(kind, sha256, SiteRecords(), policy, bad)
        if kind == "documents" and as_json:
            reading = read_documents(document_rows(_documents_in(text)))
        else:
            reading = READERS[kind](rows_of(text, as_json=as_json, lists=LISTS[kind]))
    except BadRowError as fault:
        return Contents(kind, sha256, SiteRecords(), (), (BadRow(0, fault.column, fault.problem),))
    return Contents(kind, sha256, _records_of(reading), (), tuple(reading.bad))


def _documents_in(text: str) -> list[dict[str, object]]:
    try:
        given = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as fault:
        raise BadRowError("file", f"is no JSON: {fault}") from None
    if isinstance(given, dict):
        given = given.get("documents", [given])
    if not isinstance(given, list) or not all(isinstance(document, dict) for document in given):
        raise BadRowError("file", "must be a document, or a list of them")
    return given


def _read_policy(rows: list[dict[str, str]]) -> tuple[tuple[tuple[str, int], ...], tuple[BadRow, ...]]:
    found, bad = [], []
    for number, row in enumerate(rows, start=1):
        name, value = row.get("name", ""), row.get("value", "")
        if name not in POLICIES:
            bad.append(BadRow(number, "name", f"{name!r} is none of {', '.join(POLICIES)}"))
        elif not (value.isascii() and value.isdigit() and len(value) <= len(str(10**6))):
            bad.append(BadRow(number, "value", f"{value!r} is no whole number"))
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
    bad = [BadRow(0, "gtin", f"no item {gtin}: import items first") for gtin in sorted(missing)]
    for document in records.documents:
        row = find_record(writing.session, writing.site, DOCUMENT, document.id)
        if row is not None and row.body:
            bad.append(BadRow(0, "document", f"{document.id} is there already"))
        if document.serialised and document.lines:
            bad.append(BadRow(0, "document", f"{document.id} names units and lines: use one of both"))
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
