"""`verify`: every chain, the feed's own chain, and every projection rebuilt from the entries and compared.

It reads one snapshot through a read-only connection, also while the centre runs; what it rebuilds lies in a scratch
file.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from scanner_app.domain.entry import EntryKind, Parent, chain_hash, genesis
from scanner_app.domain.site_sum import CONTAINER, LINE, UNIT, exchanged, row_sum
from server.chains import EpochRow, entry_hash
from server.database import Session, open_reader, open_scratch
from server.faults import fault_of
from server.fold import Fold
from server.records import decode_body
from server.signing import is_signed
from server.strict import read_entry
from server.trail import lists_of
from server.writing import next_link, record_hash
from sync.wire import Standing, signed_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scanner_app.domain.entry import Entry
    from server.database import Row

FINDINGS_MAX: Final = 20
BATCH: Final = 500
SITES: Final = "SELECT site_id, number, link, link0, site_sum FROM site ORDER BY site_id"
EPOCHS: Final = (
    "SELECT site_id, epoch, device, chain_device, parent_epoch, parent_seq, parent_hash, genesis, seq, hash, safe_seq, "
    "signed_seq, signature, signer FROM epoch WHERE site_id = ? ORDER BY epoch"
)
CHAIN: Final = "SELECT seq, hash, bytes FROM entry WHERE site_id = ? AND epoch = ? ORDER BY seq"
NUMBERED_ENTRIES: Final = "SELECT n, link, epoch, seq, hash, standing FROM entry WHERE site_id = ? ORDER BY n"
NUMBERED_RECORDS: Final = "SELECT n, link, row_hash, kind, id, body FROM record WHERE site_id = ? ORDER BY n"
PAST_NUMBERS: Final = "SELECT n, link, row_hash FROM past_number WHERE site_id = ? ORDER BY n"
PROJECTED: Final = (
    "SELECT e.bytes, c.device FROM entry e JOIN epoch c ON c.site_id = e.site_id AND c.epoch = e.epoch "
    "WHERE e.site_id = ? AND e.standing = ? ORDER BY e.n"
)
COUNTS: Final = (
    "SELECT c.id, c.place, c.state, coalesce(r.body, '') FROM count c LEFT JOIN record r "
    "ON r.site_id = c.site_id AND r.kind = 'count' AND r.id = c.id WHERE c.site_id = ? ORDER BY c.id"
)
COUNT_ENTRIES: Final = "SELECT count, event_id FROM count_entry WHERE site_id = ?"
MAYBE_COUNTED: Final = (
    "SELECT event_id, bytes FROM entry WHERE site_id = ? AND standing = ? "
    "AND instr(bytes, CAST('\"count\":null' AS BLOB)) = 0"
)
SPACES: Final = "SELECT prefix, next FROM sscc_space WHERE site_id = ?"
RANGES: Final = "SELECT id, subject, first, last FROM lease WHERE site_id = ? AND kind = 'sscc' ORDER BY subject, first"
LEASES: Final = (
    "SELECT l.id, l.ended, coalesce(r.body, '') FROM lease l LEFT JOIN record r "
    "ON r.site_id = l.site_id AND r.kind = 'lease' AND r.id = l.id WHERE l.site_id = ? ORDER BY l.id"
)
COMPARED: Final = {
    "on hand": (
        "SELECT place, gtin, lot, expiry, status, owner, quantity FROM on_hand WHERE site_id = ? "
        "ORDER BY place, gtin, lot, expiry, status, owner"
    ),
    "unit": (
        "SELECT gtin, serial, owner, lot, expiry, status, place, document, inferred FROM unit WHERE site_id = ? "
        "ORDER BY gtin, serial"
    ),
    "container": "SELECT id, parent, seal, document FROM container WHERE site_id = ? ORDER BY id",
    "document progress": (
        "SELECT document, gtin, lot, expiry, status, quantity FROM document_progress WHERE site_id = ? "
        "AND quantity <> 0 ORDER BY document, gtin, lot, expiry, status"
    ),
    "closed document": "SELECT id, device FROM document_closed WHERE site_id = ? ORDER BY id",
    "follow-up": (
        "SELECT event_id, code, subject, document, closed_by FROM follow_up WHERE site_id = ? ORDER BY event_id"
    ),
    "flag": "SELECT id, code, severity, subject, closed_by FROM flag WHERE site_id = ? ORDER BY id",
}
ADD_FLAG: Final = "INSERT INTO flag (site_id, id, code, severity, subject, closed_by) VALUES (?, ?, ?, ?, ?, '')"
CLOSE_FLAG: Final = "UPDATE flag SET closed_by = ? WHERE site_id = ? AND id = ? AND closed_by = ''"


@dataclass(slots=True)
class Verification:
    """What was looked at, and what does not hold."""

    sites: int = 0
    chains: int = 0
    entries: int = 0
    findings: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.findings

    def found(self, sentence: str) -> None:
        """Notes what does not hold; of very much, the first."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(sentence)


def verify(path: Path) -> Verification:
    """Verifies a centre's database. Raises ServerError where there is none, or one of another version."""
    told = Verification()
    with closing(open_reader(path)) as connection:
        session = Session(connection)
        try:
            session.run("BEGIN")
            for row in session.all("PRAGMA integrity_check(10)"):
                if row[0] != "ok":
                    told.found(f"database: {row[0]}")
            for site, *rest in session.all(SITES):
                told.sites += 1
                _verify_site(session, site, rest, told)
        except sqlite3.Error as fault:
            told.found(fault_of(fault, path).message)
    return told


def _verify_site(session: Session, site: str, row: list[Any], told: Verification) -> None:
    number, link, link0, total = row
    for found in session.all(EPOCHS, (site,)):
        told.chains += 1
        _verify_chain(session, EpochRow(*found), told)
    _verify_feed(session, site, (number, link, link0), told)
    if _sum_of(session, site) != int(total, 16):
        told.found(f"{site}: the checksum is not that of the stock")
    _verify_projections(session, site, told)
    _verify_counts(session, site, told)
    _verify_leases(session, site, told)


def _verify_chain(session: Session, chain: EpochRow, told: Verification) -> None:
    """Genesis, every link, the head, and the signature over the signed head."""
    name = f"{chain.site}, epoch {chain.epoch.hex()}"
    parent = Parent(chain.parent_epoch, chain.parent_seq, chain.parent_hash)
    link = genesis(chain.chain_device, chain.epoch, parent)
    if link != chain.genesis:
        told.found(f"{name}: its genesis is not that of its device and parent")
    signed = link if chain.signed_seq == 0 else b""
    last = 0
    for seq, kept, stored in session.each(CHAIN, (chain.site, chain.epoch)):
        link = chain_hash(link, seq, stored)
        if seq != last + 1 or link != kept:
            told.found(f"{name}: entry {seq} does not follow {last}, or its bytes do not match its hash")
            return
        last = seq
        signed = link if seq == chain.signed_seq else signed
        told.entries += 1
    if (last, link) != (chain.seq, chain.hash) or chain.safe_seq > chain.seq:
        told.found(f"{name}: its head is not its last entry")
    if chain.signature and not is_signed(
        chain.signer, chain.signature, signed_bytes(chain.epoch, chain.signed_seq, signed)
    ):
        told.found(f"{name}: its head is not signed by its key")


def _verify_feed(session: Session, site: str, head: tuple[int, bytes, bytes], told: Verification) -> None:
    """Each number once, each link from the one before it."""
    number, link = 0, head[2]
    for n, kept, row_hash in _numbered(session, site, told):
        link = next_link(link, n, row_hash)
        if n != number + 1 or link != kept:
            told.found(f"{site}: number {n} of the feed does not follow {number}, or its row was changed")
            return
        number = n
    if (number, link) != head[:2]:
        told.found(f"{site}: the feed ends at {number}, not at {head[0]}")


def _numbered(session: Session, site: str, told: Verification) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, link and row hash of everything that has or had a number."""
    entries = (
        (n, link, entry_hash(epoch, seq, chained, Standing(standing)))
        for n, link, epoch, seq, chained, standing in session.each(NUMBERED_ENTRIES, (site,))
    )
    past: Iterator[tuple[int, bytes, bytes]] = ((row[0], row[1], row[2]) for row in session.each(PAST_NUMBERS, (site,)))
    return merge(entries, _records(session, site, told), past, key=itemgetter(0))


def _records(session: Session, site: str, told: Verification) -> Iterator[tuple[int, bytes, bytes]]:
    for n, link, row_hash, kind, record, body in session.each(NUMBERED_RECORDS, (site,)):
        if record_hash(kind, record, body) != row_hash:
            told.found(f"{site}: {kind} {record} was changed")
        yield n, link, row_hash


def _sum_of(session: Session, site: str) -> int:
    total = 0
    for row in session.each(COMPARED["on hand"], (site,)):
        total = exchanged(total, new=row_sum(LINE, *row))
    for row in session.each(COMPARED["unit"], (site,)):
        total = exchanged(total, new=row_sum(UNIT, *row[:7]))
    for row in session.each(COMPARED["container"], (site,)):
        total = exchanged(total, new=row_sum(CONTAINER, *row[:3]))
    return total


def _verify_projections(session: Session, site: str, told: Verification) -> None:
    """All projected entries once more into scratch tables, in the feed's order."""
    with closing(open_scratch(("0002_stock",))) as connection:
        scratch = Session(connection)
        scratch.run("BEGIN")
        rows = session.each(PROJECTED, (site, Standing.PROJECTED.value))
        try:
            while batch := list(islice(rows, BATCH)):
                _fold(session, scratch, site, batch)
        except (ValueError, KeyError, AssertionError, sqlite3.Error) as fault:
            told.found(f"{site}: a projected entry cannot be folded: {fault}")
            return
        for name, sql in COMPARED.items():
            kept, rebuilt = session.each(sql, (site,)), scratch.each(sql, (site,))
            difference = _first_difference(kept, rebuilt)
            if difference is not None:
                told.found(f"{site}, {name}: the database holds {difference[0]}, its entries make {difference[1]}")


def _verify_counts(session: Session, site: str, told: Verification) -> None:
    """Each count is told as it stands, each entry that bears a count's id is known as one of it."""
    for count, place, state, text in session.each(COUNTS, (site,)):
        body = decode_body(text) if text else {}
        if (body.get("place"), body.get("state")) != (place, state):
            told.found(f"{site}: count {count} is {state}, and is told as {body.get('state')}")
    known = {(count, event_id) for count, event_id in session.each(COUNT_ENTRIES, (site,))}
    for event_id, stored in session.each(MAYBE_COUNTED, (site, Standing.PROJECTED.value)):
        entry = read_entry(stored).entry
        if entry is not None and entry.count is not None and (entry.count, event_id) not in known:
            told.found(f"{site}: an entry of count {entry.count} is not known as one of it")


def _verify_leases(session: Session, site: str, told: Verification) -> None:
    """No serial reference is in two ranges or still to be given; what is open is told, and what is over is not."""
    next_of: dict[str, int] = dict(session.all(SPACES, (site,)))
    subject, end = "", 0
    for lease, of_subject, first, last in session.each(RANGES, (site,)):
        end = end if of_subject == subject else 0
        if not end < first <= last < next_of.get(of_subject, 0):
            told.found(f"{site}: lease {lease} is about numbers of another one, or about such as were not given")
        subject, end = of_subject, last
    for lease, ended, text in session.each(LEASES, (site,)):
        if bool(text) == bool(ended):
            told.found(f"{site}: lease {lease} is {ended or 'open'}, and is not told so")


def _fold(session: Session, scratch: Session, site: str, batch: list[Row]) -> None:
    fold = Fold(scratch, site)
    for stored, device in batch:
        entry = read_entry(stored).entry
        assert entry is not None
        fold.add(entry, dict(zip(entry.lists, lists_of(session, site, entry), strict=True)), device)
        _fold_flag(scratch, site, entry)
    fold.write()


def _fold_flag(scratch: Session, site: str, entry: Entry) -> None:
    """What an entry of the centre's own chain did to flags."""
    told = entry.verdict.parameters
    if entry.kind is EntryKind.CASE and "flag" in told:
        scratch.run(ADD_FLAG, (site, entry.event_id, told["flag"], told["severity"], told["subject"]))
    elif entry.kind is EntryKind.RESOLVED:
        scratch.run(CLOSE_FLAG, (entry.event_id, site, entry.refers_to))


def _first_difference(kept: Iterator[Row], rebuilt: Iterator[Row]) -> tuple[object, object] | None:
    while True:
        found, wanted = next(kept, None), next(rebuilt, None)
        if found != wanted:
            return found or "no more rows", wanted or "no more rows"
        if found is None:
            return None
