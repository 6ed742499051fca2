"""A centre in a few lines: chains, numbers, `effects`, pages and snapshots; and what a device's driver does with it.

It stands for no code of the centre's: what the store must agree with is written here as simply as it can be.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanner_app.domain.entry import EntryKind, Parent, chain_hash, decode_entry, genesis
from scanner_app.domain.feed import FedChunk, FedEntry, FedRecord, Scope, Standing
from scanner_app.domain.follow_ups import follow_up_of
from scanner_app.domain.lists import MemberList, decode_list
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.site_sum import CONTAINER, LINE, UNIT, exchanged, row_sum
from scanner_app.domain.stock import effects
from scanner_app.store.ledger import PageEnd
from scanner_app.store.snapshot import check_snapshot
from tests.store.ledgers import make_epoch

if TYPE_CHECKING:
    from scanner_app.domain.entry import Entry
    from scanner_app.domain.feed import Batch, FedRow
    from scanner_app.store.ledger import Applied, Ledger

SNAPSHOT = Path(__file__).resolve().parents[2] / "docs" / "contract" / "snapshot.sql"
MADE_MS = 1_795_000_000_000


def day(value: Any) -> str:  # noqa: ANN401 - a date or None
    return "" if value is None else value.isoformat()


@dataclass
class Stock:
    """The fold by the shortest code there is."""

    lines: Counter[tuple[str, ...]] = field(default_factory=Counter)
    progress: Counter[tuple[str, ...]] = field(default_factory=Counter)
    units: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    containers: dict[str, tuple[str, str]] = field(default_factory=dict)
    documents: dict[Any, str | None] = field(default_factory=dict)
    """Of each unit (gtin, serial) and container, the document that brought it."""
    closed: dict[str, int] = field(default_factory=dict)
    left: dict[str, tuple[str, str, str | None]] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)

    def add(self, entry: Entry, lists: dict[str, MemberList]) -> None:
        deltas = effects(entry, lists)
        for each in deltas.quantities:
            key = (each.place, each.gtin, each.lot or "", day(each.expiry), each.status.value, each.owner)
            self.lines[key] += each.change
        for row in deltas.documents:
            self.progress[row.document, row.gtin, row.lot or "", day(row.expiry), row.status.value] += row.change
        for unit in deltas.units:
            told = (unit.owner, unit.lot or "", day(unit.expiry), unit.status.value, unit.place)
            self.units[unit.gtin, unit.serial] = told
            self._brought((unit.gtin, unit.serial), unit.document)
        for move in deltas.containers:
            self.containers[move.container] = (move.parent, move.seal.value)
            self._brought(move.container, move.document)
        self._follow(entry)

    def _brought(self, what: object, document: str | None) -> None:
        self.documents[what] = self.documents.get(what) if document is None else document

    def _follow(self, entry: Entry) -> None:
        if entry.kind is EntryKind.CORRECTED:
            if entry.refers_to in self.left:
                self.settled.add(str(entry.refers_to))
            return
        found = follow_up_of(entry)
        if found is not None:
            self.left[entry.event_id] = (found.code, found.subject, found.document)
        if isinstance(entry.verdict, Accepted) and entry.document is not None:
            if entry.kind is EntryKind.DOCUMENT_CLOSED:
                self.closed[entry.document] = 1
            elif entry.kind is EntryKind.DOCUMENT_OPENED:
                self.closed[entry.document] = 0

    @property
    def site_sum(self) -> int:
        total = 0
        for line, quantity in self.lines.items():
            total = exchanged(total, new=row_sum(LINE, *line, quantity) if quantity else 0)
        for unit, told in self.units.items():
            total = exchanged(total, new=row_sum(UNIT, *unit, *told))
        for container, stands in self.containers.items():
            total = exchanged(total, new=row_sum(CONTAINER, container, *stands))
        return total


@dataclass
class Fork:
    """The chains differ; links of the centre's, from its head back."""

    known: list[tuple[int, bytes]]


@dataclass
class Centre:
    """Chains, and what they became: one row a number, 1, 2, 3 …"""

    rows: list[FedEntry | FedRecord] = field(default_factory=list)
    chains: dict[str, list[tuple[bytes, bytes]]] = field(default_factory=dict)
    lists: dict[str, list[bytes]] = field(default_factory=dict)
    counted: set[str] = field(default_factory=set)
    doubted: set[str] = field(default_factory=set)
    """Event ids that are stored without counting them, until `release`."""
    twins: dict[bytes, bytes] = field(default_factory=dict)
    """What the centre understands by bytes that a device cannot read."""
    past: int = 0
    """Changes when the centre is restored: cursors of before lead nowhere."""

    # Taking in.

    def link(self, epoch: str, seq: int) -> bytes | None:
        chain = self.chains.get(epoch, [])
        return chain[seq][0] if seq < len(chain) else None

    def head(self, epoch: str) -> int:
        return max(len(self.chains.get(epoch, [])) - 1, 0)

    def push(self, batch: Batch) -> int | Fork:
        """The sequence it has after it, or where the chains part. Every link is verified, from the genesis on."""
        header = batch.epoch
        parent = Parent(bytes.fromhex(header.parent_epoch), header.parent_seq, bytes.fromhex(header.parent_hash))
        first = genesis(header.device, bytes.fromhex(header.id), parent)
        chain = self.chains.setdefault(header.id, [(first, b"")])
        assert chain[0][0] == first
        assert batch.start <= len(chain), "a gap"
        link, seq = bytes.fromhex(batch.prev_hash), batch.start - 1
        if chain[seq][0] != link:
            return self.fork(header.id)
        for stored in batch.entries:
            seq += 1
            link = chain_hash(link, seq, stored)
            if seq == len(chain):
                chain.append((link, stored))
                self.take(header.device, header.id, seq, stored)
            elif chain[seq][0] != link:
                return self.fork(header.id)
        assert (batch.last, bytes.fromhex(batch.last_hash)) == (seq, link)
        return len(chain) - 1

    def fork(self, epoch: str) -> Fork:
        chain = self.chains[epoch]
        head = len(chain) - 1
        back = [head, *(head - (1 << power) for power in range(head.bit_length() + 1)), 0]
        return Fork([(seq, chain[seq][0]) for seq in back if seq >= 0])

    def take(self, device: str, epoch: str, seq: int, stored: bytes) -> None:
        event_id = json.loads(stored)["event_id"]
        if event_id in self.counted:
            standing = Standing.DUPLICATE
        elif event_id in self.doubted:
            standing = Standing.QUARANTINED
        else:
            standing = Standing.PROJECTED
            self.counted.add(event_id)
        self.rows.append(FedEntry(len(self.rows) + 1, device, epoch, seq, standing, MADE_MS, stored))

    def release(self) -> None:
        """What was doubted is counted after all, each under a new number."""
        for row in list(self.rows):
            if not isinstance(row, FedEntry) or row.standing is not Standing.QUARANTINED:
                continue
            event_id = json.loads(row.content)["event_id"]
            if event_id in self.doubted and event_id not in self.counted:
                self.doubted.discard(event_id)
                self.take(row.device, row.epoch, row.seq, row.content)

    def record(self, kind: str, record: str, body: dict[str, Any] | None) -> None:
        """A record at a new number; the former row of it is gone."""
        self.rows.append(FedRecord(len(self.rows) + 1, kind, record, body))

    # Giving out.

    def entry_of(self, row: FedEntry) -> Entry:
        return decode_entry(self.twins.get(row.content, row.content))

    def members(self, entry: Entry) -> dict[str, MemberList]:
        return {digest: decode_list(digest, self.lists[digest]) for digest in entry.lists}

    def stock(self, number: int) -> Stock:
        found = Stock()
        for row in self.rows[:number]:
            if isinstance(row, FedEntry) and row.standing is Standing.PROJECTED:
                entry = self.entry_of(row)
                found.add(entry, self.members(entry))
        return found

    def known(self, number: int) -> set[str]:
        """The event ids that are counted up to a number."""
        rows = [row for row in self.rows[:number] if isinstance(row, FedEntry)]
        return {json.loads(row.content)["event_id"] for row in rows if row.standing is not Standing.QUARANTINED}

    def cursor(self, number: int) -> str:
        return f"{number}.{self.past}"

    def page(self, cursor: str, size: int) -> tuple[list[FedRow], PageEnd] | None:
        """The next rows, with the lists that they name before them; None: take a snapshot."""
        number, past = map(int, cursor.split("."))
        if past != self.past:
            return None
        rows: list[FedRow] = []
        end = min(number + size, len(self.rows))
        for row in self.rows[number:end]:
            if isinstance(row, FedEntry) and row.standing is Standing.PROJECTED and row.content not in self.twins:
                for digest in decode_entry(row.content).lists:
                    rows += self.chunks(digest)
            rows.append(row)
        total = f"{self.stock(end).site_sum:016x}" if end == len(self.rows) else None
        return rows, PageEnd(Scope.FEED, self.cursor(end), MADE_MS + end, total)

    def chunks(self, digest: str) -> list[FedChunk]:
        stored = self.lists[digest]
        hashes = tuple(hashlib.sha256(chunk).hexdigest() for chunk in stored)
        return [FedChunk(digest, hashes, n, chunk) for n, chunk in enumerate(stored)]

    def snapshot(self, path: Path) -> Path:
        """A file as docs/contract/snapshot.sql says."""
        number = len(self.rows)
        stock = self.stock(number)
        with closing(sqlite3.connect(path)) as file, file:
            file.executescript(SNAPSHOT.read_text("utf-8"))
            told = {
                "schema": "1", "site": "SITE-1", "cursor": self.cursor(number), "watch": self.cursor(number),
                "number": str(number), "made_ms": str(MADE_MS + number), "sum": f"{stock.site_sum:016x}",
            }  # fmt: skip
            file.executemany("INSERT INTO meta VALUES (?, ?)", told.items())
            file.executemany(
                "INSERT INTO vector VALUES (?, 'any', ?, ?)",
                [(epoch, len(chain) - 1, chain[-1][0].hex()) for epoch, chain in self.chains.items()],
            )
            file.executemany("INSERT INTO quarantined VALUES (?)", [(event,) for event in self.doubted - self.counted])
            self._copy(file, stock)
        return path

    def _copy(self, file: sqlite3.Connection, stock: Stock) -> None:
        lines = [(*line, quantity) for line, quantity in stock.lines.items() if quantity]
        file.executemany("INSERT INTO on_hand VALUES (?, ?, ?, ?, ?, ?, ?)", lines)
        units = [(*unit, *told, stock.documents[unit] or "", 0) for unit, told in stock.units.items()]
        file.executemany("INSERT INTO unit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", units)
        standing = [(each, *stands, stock.documents[each] or "") for each, stands in stock.containers.items()]
        file.executemany("INSERT INTO container VALUES (?, ?, ?, ?)", standing)
        progress = [(*key, quantity) for key, quantity in stock.progress.items()]
        file.executemany("INSERT INTO document_progress VALUES (?, ?, ?, ?, ?, ?)", progress)
        closed = [(document,) for document, is_closed in stock.closed.items() if is_closed]
        file.executemany("INSERT INTO document_closed VALUES (?)", closed)
        left = [
            (event, code, subject, document or "", "x" if event in stock.settled else "")
            for event, (code, subject, document) in stock.left.items()
        ]
        file.executemany("INSERT INTO follow_up VALUES (?, ?, ?, ?, ?)", left)
        records: dict[tuple[str, str], str] = {}
        for row in self.rows:
            if isinstance(row, FedRecord):
                records.pop((row.kind, row.id), None)
                if row.body is not None:
                    records[row.kind, row.id] = json.dumps(row.body)
        file.executemany("INSERT INTO record VALUES (?, ?, ?)", [(*key, body) for key, body in records.items()])


# What a driver does.


def send(ledger: Ledger, centre: Centre, entries_max: int) -> bool:
    """One push, or what its answer asks for; False where there was nothing to send."""
    for epoch in ledger.outbox.epochs():
        has = centre.head(epoch.id)
        common = min(has, epoch.end)
        known = centre.link(epoch.id, common)
        if known is not None and known != ledger.outbox.link_at(epoch.no, common):
            cut_back(ledger, epoch.no, epoch.end, centre.fork(epoch.id))
            return True
        if (epoch.acked, epoch.safe) != (common, common // 2):
            ledger.set_watermark(epoch.no, common, common // 2)
        if has > epoch.last and epoch.present:
            ledger.open_epoch(make_epoch())
            return True
    for epoch in ledger.outbox.epochs():
        if epoch.acked < epoch.end:
            push(ledger, centre, epoch.no, epoch.acked + 1, entries_max)
            return True
    return False


def push(ledger: Ledger, centre: Centre, no: int, start: int, entries_max: int) -> None:
    batch = ledger.outbox.batch(no, start, entries_max, 2_000)
    for digest in batch.lists:
        centre.lists[digest] = ledger.outbox.chunks_of(digest)
    answer = centre.push(batch)
    assert not isinstance(answer, Fork)
    ledger.set_watermark(no, answer, answer // 2)


def cut_back(ledger: Ledger, no: int, end: int, fork: Fork) -> None:
    ours = [seq for seq, link in fork.known if seq <= end and ledger.outbox.link_at(no, seq) == link]
    ledger.set_watermark(no, max(ours), 0)
    ledger.cut_epoch(no, max(ours), make_epoch())


def fetch(ledger: Ledger, centre: Centre, size: int, folder: Path) -> Applied | None:
    """The next page, or a snapshot where there is no other way; None for a snapshot."""
    cursor = ledger.site.feed_cursor
    page = None if cursor is None else centre.page(cursor, size)
    if page is None:
        load(ledger, centre.snapshot(fresh_name(folder)))
        return None
    return ledger.apply_page(page[0], page[1], cursor)


def load(ledger: Ledger, snapshot: Path) -> None:
    check_snapshot(snapshot)
    ledger.load_snapshot(snapshot)


def fresh_name(folder: Path) -> Path:
    return folder / f"snapshot-{sum(1 for _ in folder.iterdir())}.db"
