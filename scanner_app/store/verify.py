"""`verify`: the ledger's own chains and lists, its overlay rebuilt and compared, and the checksum of the site's stock.

It reads a snapshot through a read-only connection, also while the scanner runs, and goes through the entries once, in
order; nothing is kept of them but the scratch projections.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scanner_app.domain.entry import NO_HASH
from scanner_app.errors import StoreError
from scanner_app.store.base import sum_of_rows
from scanner_app.store.database import connect_reader
from scanner_app.store.epochs import chains
from scanner_app.store.faults import CORRUPT, fault_of
from scanner_app.store.rebuilding import Rebuilding
from scanner_app.store.schema import check_readable, missing_triggers
from scanner_app.store.site import read_meta
from scanner_app.store.walking import UNFIT, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FINDINGS_MAX = 20
INTEGRITY = "PRAGMA integrity_check(10)"
LOOSE_LINK = "SELECT epoch_no FROM reissue WHERE epoch_no NOT IN (SELECT no FROM epoch) LIMIT 1"
WRONGLY_CLOSED = (
    "SELECT id, closed FROM document d WHERE closed <> coalesce("
    "(SELECT closed FROM closing c WHERE c.document = d.id ORDER BY position DESC LIMIT 1), "
    "(SELECT closed FROM site_closed s WHERE s.document = d.id), 0) ORDER BY id LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found. `entries`: how many hold, from the first on; `head`: the last one's hash (hex).

    `first_bad` is the position of the first entry that does not hold, counted over all epochs in the file; None when
    none is bad, also where something else is (`findings` says what).
    """

    ok: bool
    entries: int
    head: str
    first_bad: int | None
    findings: tuple[str, ...]


@dataclass(slots=True)
class _Report:
    """What was found so far."""

    entries: int = 0
    head: bytes = NO_HASH
    first_bad: int | None = None
    findings: list[str] = field(default_factory=list)


def verify(path: Path) -> Verification:
    """Verifies a ledger file. Raises StoreError where there is none (NO_LEDGER) or a later program's (NEWER_SCHEMA)."""
    report = _Report()
    try:
        connection = connect_reader(path)
        try:
            _verify(connection, path, report)
        finally:
            connection.close()
    except sqlite3.Error as fault:
        report.findings.append(fault_of(fault, path).message)
    except StoreError as fault:
        if fault.code != CORRUPT:
            raise
        report.findings.append(fault.message)
    findings = tuple(report.findings[:FINDINGS_MAX])
    return Verification(not findings, report.entries, report.head.hex(), report.first_bad, findings)


def _verify(connection: sqlite3.Connection, path: Path, report: _Report) -> None:
    check_readable(connection, path)
    report.findings += [f"trigger {name} is missing" for name in missing_triggers(connection, path)]
    connection.execute("BEGIN")
    rebuilding = Rebuilding(connection)
    try:
        if _hold_all(connection, report, rebuilding):
            report.findings += rebuilding.differences()
            report.findings += _about_the_site(connection)
    finally:
        rebuilding.close()
    report.findings += [row[0] for row in connection.execute(INTEGRITY) if row[0] != "ok"]


def _hold_all(connection: sqlite3.Connection, report: _Report, rebuilding: Rebuilding) -> bool:
    """Whether every entry holds, up to the first that does not; whatever cannot be read does not."""
    walk = Walk(connection)
    try:
        for position, entry, lists in walk.entries():
            rebuilding.add(position, entry, lists)
    except UNFIT as fault:
        report.first_bad = walk.position + 1
        report.findings.append(f"entry {report.first_bad}: {fault}")
    report.entries, report.head = walk.position, walk.head
    return report.first_bad is None


def _about_the_site(connection: sqlite3.Connection) -> Iterator[str]:
    """One sentence for each thing that stands beside the chains and does not agree with itself."""
    kept, summed = read_meta(connection).site_sum, sum_of_rows(connection)
    if kept != summed:
        yield f"site stock: its checksum is kept as {kept:016x}, its rows make {summed:016x}"
    for chain in chains(connection):
        if not 0 <= chain.safe <= chain.acked <= chain.end:
            yield f"watermark: epoch {chain.no} ends at {chain.end} and is kept as sent up to {chain.acked}"
    for (number,) in connection.execute(LOOSE_LINK):
        yield f"link: there is no epoch {number} that it could belong to"
    for document, closed in connection.execute(WRONGLY_CLOSED):
        told = "closed" if closed else "open"
        yield f"document: {document} is kept as {told}, and what is known of it says otherwise"
