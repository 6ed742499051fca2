"""Rows of a feed for the tests of the store, numbered from 1 on, and a ledger that takes them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from scanner_app.domain.entry import Entry, EntryKind, Origin, Stamp, encode_entry
from scanner_app.domain.feed import FedChunk, FedEntry, FedRecord, Scope, Standing
from scanner_app.domain.feed_records import bodies_of
from scanner_app.domain.lists import encode_list
from scanner_app.domain.refusals import Accepted
from scanner_app.store.ledger import PageEnd
from tests.store.ledgers import START_MS, Writer, scanned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanner_app.domain.facts import Query
    from scanner_app.domain.feed import FedRow
    from scanner_app.domain.lists import MemberList
    from scanner_app.domain.refusals import Verdict
    from scanner_app.domain.site_records import SiteRecords
    from scanner_app.domain.stock import ContainerMove, Posting
    from scanner_app.store.ledger import Applied, Ledger

OTHER_DEVICE = "HANDHELD-2"
EPOCH = "ee" * 16


@dataclass
class Site:
    """A writer of one device, and the feed that it gets."""

    writer: Writer
    number: int = 0
    others: int = 0

    @property
    def ledger(self) -> Ledger:
        return self.writer.ledger

    # Rows.

    def next(self) -> int:
        self.number += 1
        return self.number

    def row(
        self, entry: Entry, standing: Standing = Standing.PROJECTED, content: bytes | None = None, device: str = "",
    ) -> FedEntry:  # fmt: skip
        n = self.next()
        stored = encode_entry(entry) if content is None else content
        return FedEntry(n, device or entry.origin.device, EPOCH, n, standing, START_MS, stored)

    def record(self, kind: str, record: str, body: dict[str, Any] | None) -> FedRecord:
        return FedRecord(self.next(), kind, record, body)

    def records(self, records: SiteRecords) -> list[FedRecord]:
        return [self.record(*each) for each in bodies_of(records)]

    def others_entry(
        self, *postings: Posting, moves: Sequence[ContainerMove] = (), kind: EntryKind = EntryKind.MOVED,
        document: str | None = None, refers_to: str | None = None, verdict: Verdict | None = None,
        reason: str | None = None, lists: tuple[str, ...] = (),
    ) -> Entry:  # fmt: skip
        """The next entry of another device."""
        self.others += 1
        n = self.others
        return Entry(
            kind=kind, event_id=f"other-{n:06}", stamp=Stamp(START_MS + n * 1000, 0, n, "boot-2"),
            origin=Origin("SITE-1", OTHER_DEVICE, "DOCK-2", "USR-2"), verdict=verdict or Accepted(), task="task-9",
            document=document, raw=scanned("y"), reason=reason, refers_to=refers_to, postings=postings,
            container_moves=tuple(moves), lists=lists,
        )  # fmt: skip

    def others_row(self, *postings: Posting, **told: Any) -> FedEntry:  # noqa: ANN401 - as others_entry
        return self.row(self.others_entry(*postings, **told))

    # Pages.

    def take(self, *rows: FedRow, total: str | None = None, scope: Scope = Scope.FEED) -> Applied:
        """One page up to the last of the rows."""
        return self.ledger.apply_page(rows, PageEnd(scope, f"cursor-{self.number}", START_MS + self.number, total))

    def echo(self, *entries: Entry) -> Applied:
        return self.take(*(self.row(entry) for entry in entries))

    # What is there.

    def ask(self, query: Query) -> Any:  # noqa: ANN401 - the answers have a type for each query
        return self.ledger.answer(query)

    def rows_of(self, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
        return self.ledger._connection.execute(sql, arguments).fetchall()

    def count(self, table: str) -> int:
        return int(self.rows_of(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 - named by the test


def chunks_of(members: MemberList) -> tuple[str, list[FedChunk]]:
    """A member list as it travels."""
    digest, chunks = encode_list(members)
    hashes = tuple(sha256(chunk).hexdigest() for chunk in chunks)
    return digest, [FedChunk(digest, hashes, n, chunk) for n, chunk in enumerate(chunks)]


def of_later_schema(entry: Entry) -> bytes:
    """The entry as a later program would write it."""
    return json.dumps({**json.loads(encode_entry(entry)), "v": 9}).encode()


def forged(chunk: FedChunk) -> FedChunk:
    return replace(chunk, content=chunk.content.replace(b"S", b"Z"))
