"""Proof that nothing was changed: every link of the chain, and the projections rebuilt from the entries and compared.

Reads the file only, entry by entry, so that it runs beside the terminal and in any ledger. docs/verify_ledger.py does
the same without this product.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING

from scanner_app.domain.entry import Entry, EntryFormatError, Parent, chain_hash, decode_entry, genesis
from scanner_app.domain.lists import ListFormatError, MemberList, decode_list
from scanner_app.domain.stock import effects
from scanner_app.errors import StoreError
from scanner_app.store.database import connect_reader, connect_scratch
from scanner_app.store.faults import translated
from scanner_app.store.projection import apply_deltas
from scanner_app.store.schema import check_readable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FINDINGS_MAX = 20
EPOCHS = "SELECT no, id, device, parent_epoch, parent_seq, parent_hash, genesis, before FROM epoch ORDER BY no"
ENTRIES = "SELECT position, epoch_no, seq, event_id, kind, scans, hash, bytes FROM entry ORDER BY position"
CHUNKS = "SELECT bytes FROM list_chunk WHERE digest = ? ORDER BY n"
PROJECTIONS = ("on_hand", "unit", "container", "document_progress")
DIFFERS = {
    table: (
        f"SELECT count(*) FROM (SELECT * FROM main.{table} EXCEPT SELECT * FROM real.{table})",  # noqa: S608 - our own names
        f"SELECT count(*) FROM (SELECT * FROM real.{table} EXCEPT SELECT * FROM main.{table})",  # noqa: S608 - our own names
    )
    for table in PROJECTIONS
}


@dataclass(slots=True)
class Verification:
    """What was found. `head`: the last good hash (hex); `first_bad`: the first entry that is not right."""

    entries: int = 0
    head: str = ""
    first_bad: int | None = None
    findings: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.findings

    def find(self, what: str, position: int | None = None) -> None:
        """Notes a fault; the first 20 are kept in words."""
        if position is not None and self.first_bad is None:
            self.first_bad = position
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(what)


def verify(path: Path) -> Verification:
    """Checks the ledger at `path`. A file that is no readable ledger gives its reason as a finding.

    Raises StoreError NO_LEDGER where there is none.
    """
    found = Verification()
    ledger = connect_reader(path)
    try:
        check_readable(ledger, path)
        with translated(path):
            _check_pages(ledger, found)
            ledger.execute("BEGIN")
            _check_chain(ledger, path, found)
    except StoreError as fault:
        found.find(fault.message, found.entries + 1)
    finally:
        ledger.close()
    return found


def _check_pages(ledger: sqlite3.Connection, found: Verification) -> None:
    """SQLite's own check of its pages and indexes."""
    for (said,) in ledger.execute("PRAGMA quick_check(5)"):
        if said != "ok":
            found.find(f"pages: {said}")


def _check_chain(ledger: sqlite3.Connection, path: Path, found: Verification) -> None:
    """Every epoch and entry in order, projected into a scratch database as they are read; then the comparison."""
    scratch = connect_scratch(path)
    try:
        scratch.executescript((files("scanner_app.store") / "migrations" / "0002_stock.sql").read_text("utf-8"))
        scratch.execute("BEGIN")
        for position, entry in _entries(ledger, found):
            _project(ledger, scratch, position, entry, found)
        if found.first_bad is None:
            _compare(scratch, found)
    finally:
        scratch.close()


def _entries(ledger: sqlite3.Connection, found: Verification) -> Iterator[tuple[int, Entry]]:
    """The entries whose link holds, until the first that does not."""
    epochs = {row[0]: row for row in ledger.execute(EPOCHS)}
    heads: dict[int, tuple[int, bytes]] = {}
    for number, (_, epoch, device, parent_epoch, parent_seq, parent_hash, first_hash, _) in epochs.items():
        if genesis(device, epoch, Parent(parent_epoch, parent_seq, parent_hash)) != first_hash:
            found.find(f"epoch {number}: its genesis does not follow from what it says", 0)
        heads[number] = (0, first_hash)
        found.head = first_hash.hex()
    scans = 0
    for expected, row in enumerate(ledger.execute(ENTRIES), start=1):
        position, epoch_no, seq, event_id, kind, scan_count, stored_hash, stored = row
        last_seq, previous = heads.get(epoch_no, (0, b""))
        if position != expected or seq != last_seq + 1 or chain_hash(previous, seq, stored) != stored_hash:
            found.find(f"entry {position}: the chain is broken here", position)
            return
        try:
            entry = decode_entry(stored)
        except EntryFormatError as fault:
            found.find(f"entry {position}: {fault}", position)
            return
        scans += entry.raw is not None
        if (event_id, kind, scan_count) != (entry.event_id, entry.kind.value, scans):
            found.find(f"entry {position}: its columns do not repeat its bytes", position)
            return
        heads[epoch_no] = (seq, stored_hash)
        found.entries, found.head = expected, stored_hash.hex()
        yield position, entry


def _project(
    ledger: sqlite3.Connection, scratch: sqlite3.Connection, position: int, entry: Entry, found: Verification
) -> None:
    """The entry's effects in the scratch database; a list that is missing or changed is a fault of its entry."""
    try:
        lists = {digest: _list(ledger, digest) for digest in entry.lists}
    except ListFormatError as fault:
        found.find(f"entry {position}: {fault}", position)
        return
    apply_deltas(scratch, position, effects(entry, lists))


def _list(ledger: sqlite3.Connection, digest: str) -> MemberList:
    return decode_list(digest, [row[0] for row in ledger.execute(CHUNKS, (digest,))])


def _compare(scratch: sqlite3.Connection, found: Verification) -> None:
    """Whether the projections are what the entries come to, no line more and none less."""
    for table, (missing, surplus) in DIFFERS.items():
        lacking = scratch.execute(missing).fetchone()[0]
        too_many = scratch.execute(surplus).fetchone()[0]
        if lacking or too_many:
            found.find(f"{table}: {lacking} lines are missing or different, {too_many} do not follow from the entries")


def outbox_of(connection: sqlite3.Connection) -> tuple[int, int | None]:
    """How many entries nobody else has (all, until there is a centre), and the event time of the oldest (ms)."""
    pending = connection.execute("SELECT count(*) FROM entry").fetchone()[0]
    first = connection.execute("SELECT bytes FROM entry ORDER BY position LIMIT 1").fetchone()
    return pending, None if first is None else decode_entry(first[0]).stamp.event_time
