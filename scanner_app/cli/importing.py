"""`scanner import`: master records from CSV or JSON; a bad file changes nothing, and each bad row is named."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, cast

from scanner_app.cli.given import content_given, decoded
from scanner_app.cli.telling import counted
from scanner_app.domain.facts import DocumentOf, LevelOf
from scanner_app.domain.import_forms import FORMS, read_file
from scanner_app.domain.import_records import place_of_level
from scanner_app.domain.import_rows import BadRow
from scanner_app.domain.site_records import SiteRecords
from scanner_app.phrases import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from datetime import date

    from scanner_app.bootstrap import Station
    from scanner_app.domain.import_records import Reading
    from scanner_app.domain.masters import Level, Operator
    from scanner_app.store.ledger import Ledger

DONE = 0
NO = 1
UNREADABLE = "IMPORT_UNREADABLE"
BAD_ROWS_TOLD = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is imported, and from where."""
    parser.add_argument("kind", choices=tuple(FORMS), help="what the file holds")
    parser.add_argument("file", metavar="FILE", help="CSV with a heading, or JSON (docs/import.md)")
    parser.add_argument("--dry-run", action="store_true", help="check the file and import nothing")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when all is imported, 1 when a row is bad (then nothing is), 2 when the file cannot be read."""
    from scanner_app.bootstrap import open_ledger, open_station  # noqa: PLC0415 - loaded when it is used

    content = content_given(options.file, UNREADABLE)
    station = open_station(options.config)
    reading = read_file(options.kind, decoded(content, options.file, UNREADABLE), station.config.site.owner)
    ledger = open_ledger(station)
    try:
        today = station.clock.now().astimezone(station.config.zone).date()
        bad = [*reading.bad, *conflicts(reading, ledger, today, station.config.labels.badge)]
        if bad:
            return _say_bad(options.file, bad)
        records = records_of(reading)
        if not len(records):
            return _say_bad(options.file, [BadRow("", "", f"holds no {options.kind}")])
        if not options.dry_run:
            _write(station, ledger, records, options.kind, content)
    finally:
        ledger.close()
    found = ", ".join(counted(number, noun) for noun, number in records.counts().items())
    sys.stderr.write(f"scanner: {found} {'checked' if options.dry_run else 'imported'}.\n")
    return DONE


def conflicts(reading: Reading, ledger: Ledger, today: date, badge_prefix: str) -> Iterator[BadRow]:
    """What a well-formed file still asks in vain: items nobody knows, documents that are there already, odd badges."""
    known = {item.gtin for item in reading.items}
    for gtin, rows in reading.wanted.items():
        if gtin not in known and ledger.answer(LevelOf(gtin, today)) is None:
            where, column = rows[0]
            more = f" ({counted(len(rows) - 1, 'more row names', 'more rows name')} it)" if len(rows) > 1 else ""
            yield BadRow(where, column, f"no item {gtin} is known: import items first{more}")
    yield from _odd_levels(reading, ledger, today)
    for document in reading.documents:
        if ledger.answer(DocumentOf(document.id)) is not None:
            yield BadRow(reading.first["document", document.id], "document", f"{document.id} is there already")
    for person, _ in reading.operators:
        if person.id and not (person.id.startswith(badge_prefix) and "." not in person.id):
            where = reading.first["operator", person.id]
            yield BadRow(
                where, "id", f"must be what the badge says before the full stop: {badge_prefix}1042 or the like"
            )


def _odd_levels(reading: Reading, ledger: Ledger, today: date) -> Iterator[BadRow]:
    """GTINs that would stand for two things: a level's that is an item's own already, and the other way round."""
    for level in reading.levels:
        known = cast("Level | None", ledger.answer(LevelOf(level.gtin, today)))
        if known is not None and known.item.gtin == level.gtin != level.item:
            yield BadRow(place_of_level(reading, level), "gtin", f"{level.gtin} is the item {known.item.name} already")
    for item in reading.items:
        known = cast("Level | None", ledger.answer(LevelOf(item.gtin, today)))
        if known is not None and known.item.gtin != item.gtin:
            what = f"{item.gtin} is a {known.name} of {known.factor} of the item {known.item.gtin} already"
            yield BadRow(reading.first["item", item.gtin], "gtin", what)


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
    """Names each bad row with all its columns; of very many, the first hundred rows."""
    places = dict.fromkeys(problem.where for problem in bad)
    told = set(islice(places, BAD_ROWS_TOLD))
    for problem in bad:
        if problem.where in told:
            place = ", ".join(part for part in (problem.where, problem.column) if part)
            sys.stderr.write(printable(f"{file}: {place}{': ' if place else ''}{problem.problem}") + "\n")
    left = len(places) - len(told)
    if left:
        sys.stderr.write(printable(f"{file}: and {counted(left, 'more bad row')}") + "\n")
    rows = len(set(places) - {""})
    sys.stderr.write(f"scanner: {counted(rows, 'bad row') + '; ' if rows else ''}nothing was imported.\n")
    return NO
