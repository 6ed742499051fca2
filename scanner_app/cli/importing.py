"""`scanner import`: master records from CSV or JSON; a bad file changes nothing, and each bad row is named."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanner_app.domain.facts import DocumentOf, LevelOf
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
from scanner_app.domain.site_records import SiteRecords
from scanner_app.errors import ConfigError
from scanner_app.phrases import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from datetime import date

    from scanner_app.bootstrap import Station
    from scanner_app.domain.masters import Operator
    from scanner_app.store.ledger import Ledger

DONE = 0
NO = 1
FILE_BYTES_MAX = 64 * 1024 * 1024
BAD_ROWS_SHOWN = 50
LISTS = {
    "items": ("items", "levels"),
    "locations": ("locations",),
    "operators": ("operators",),
    "watches": ("watches",),
    "documents": ("documents",),
}
READERS: dict[str, Callable[[list[dict[str, str]]], Reading]] = {
    "items": read_items,
    "locations": read_locations,
    "operators": read_operators,
    "watches": read_watches,
    "documents": read_documents,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is imported, and from where."""
    parser.add_argument("kind", choices=tuple(READERS), help="what the file holds")
    parser.add_argument("file", metavar="FILE", help="CSV with a heading, or JSON (docs/import.md)")
    parser.add_argument("--dry-run", action="store_true", help="check the file and import nothing")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when all is imported, 1 when a row is bad (then nothing is), 2 when the file cannot be read."""
    from scanner_app.bootstrap import open_ledger, open_station  # noqa: PLC0415 - loaded when it is used

    content = _content_of(Path(options.file))
    reading = read(options.kind, content.decode("utf-8", "replace"))
    station = open_station(options.config)
    ledger = open_ledger(station)
    try:
        today = station.clock.now().astimezone(station.config.zone).date()
        bad = [*reading.bad, *conflicts(reading, ledger, today)]
        if bad:
            return _say_bad(options.file, bad)
        records = records_of(reading)
        if not len(records):
            return _say_bad(options.file, [BadRow(0, "file", f"holds no {options.kind}")])
        if not options.dry_run:
            _write(station, ledger, records, options.kind, content)
    finally:
        ledger.close()
    sys.stderr.write(f"scanner: {len(records)} {options.kind} {'checked' if options.dry_run else 'imported'}.\n")
    return DONE


def _content_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            message = f"{path}: over {FILE_BYTES_MAX} bytes."
            raise ConfigError("IMPORT_TOO_LARGE", message, remedy="Split the file.")
        content = path.read_bytes()
        content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        message = f"{path}: cannot be read as UTF-8 text: {fault}."
        raise ConfigError("IMPORT_UNREADABLE", message) from fault
    return content


def read(kind: str, text: str) -> Reading:
    """What a file of a kind holds; a text that begins like JSON is read as JSON."""
    try:
        as_json = text.lstrip("\ufeff \t\r\n")[:1] in {"[", "{"}
        if kind == "documents" and as_json:
            return read_documents(document_rows(_documents_in(text)))
        return READERS[kind](rows_of(text, as_json=as_json, lists=LISTS[kind]))
    except BadRowError as bad:
        return Reading(bad=[BadRow(0, bad.column, bad.problem)])


def _documents_in(text: str) -> list[dict[str, Any]]:
    try:
        given = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as fault:
        raise BadRowError("file", f"is no JSON: {fault}") from None
    if isinstance(given, dict):
        given = given.get("documents", [given])
    if not isinstance(given, list) or not all(isinstance(document, dict) for document in given):
        raise BadRowError("file", "must be a document, or a list of them")
    return given


def conflicts(reading: Reading, ledger: Ledger, today: date) -> list[BadRow]:
    """What a well-formed file still asks in vain: items nobody knows, documents that are there already."""
    known = {item.gtin for item in reading.items}
    wanted = {level.item for level in reading.levels}
    for document in reading.documents:
        wanted |= {unit.gtin for unit in document.units} | {line.gtin for line in document.lines}
    missing = [gtin for gtin in sorted(wanted - known) if ledger.answer(LevelOf(gtin, today)) is None]
    bad = [BadRow(0, "gtin", f"no item {gtin}: import items first") for gtin in missing]
    for document in reading.documents:
        if ledger.answer(DocumentOf(document.id)) is not None:
            bad.append(BadRow(0, "document", f"{document.id} is there already"))
        if document.serialised and document.lines:
            bad.append(BadRow(0, "document", f"{document.id} names units and lines: use one of both"))
    return bad


def records_of(reading: Reading) -> SiteRecords:
    """The records of a reading; verifiers are made here (argon2id, about 20 ms each)."""
    return SiteRecords(
        items=tuple(reading.items),
        levels=tuple(reading.levels),
        places=tuple(reading.places),
        operators=tuple(_with_verifier(person, secret) for person, secret in reading.operators),
        documents=tuple(reading.documents),
        watches=tuple(reading.watches),
    )


def _with_verifier(person: Operator, secret: str) -> Operator:
    if not secret:
        return person
    from scanner_app.bootstrap import make_verifier  # noqa: PLC0415 - loaded when it is used

    return replace(person, verifier=make_verifier(secret))


def _write(station: Station, ledger: Ledger, records: SiteRecords, kind: str, content: bytes) -> None:
    """The records and the entry that tells of them, in one commit."""
    from scanner_app.bootstrap import judge_of  # noqa: PLC0415 - loaded when it is used
    from scanner_app.domain.entry import EntryKind  # noqa: PLC0415 - loaded when it is used
    from scanner_app.domain.refusals import Accepted  # noqa: PLC0415 - loaded when it is used
    from scanner_app.terminal.judging import Context  # noqa: PLC0415 - loaded when it is used
    from scanner_app.workflows.step import Draft  # noqa: PLC0415 - loaded when it is used

    digest = hashlib.sha256(content).hexdigest()
    told = Accepted(parameters={"kind": kind, "records": len(records), "sha256": digest})
    with ledger.step() as step:
        step.put_records(records)
        judge_of(station).write(step, Draft(EntryKind.IMPORT, told), Context())


def _say_bad(file: str, bad: list[BadRow]) -> int:
    for row in bad[:BAD_ROWS_SHOWN]:
        place = f"row {row.row}, " if row.row else ""
        sys.stderr.write(f"{file}: {place}{row.column}: {printable(row.problem)}\n")
    left = len(bad) - BAD_ROWS_SHOWN
    more = f" {left} more are not shown." if left > 0 else ""
    sys.stderr.write(f"scanner: {len(bad)} bad rows; nothing was imported.{more}\n")
    return NO
