"""Handhelds and centres for tests: real chains, real keys, real SQLite files; clock and ids are counted."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner_app.domain.entry import Entry, EntryKind, Knew, Origin, Parent, Stamp, chain_hash, encode_entry, genesis
from scanner_app.domain.lists import MemberList, encode_list
from scanner_app.domain.masters import (
    DocumentKind,
    Item,
    Operator,
    Place,
    PlaceKind,
    Role,
    StorageClass,
    Watch,
)
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.site_records import DocumentRecord, LineRecord, SiteRecords
from scanner_app.domain.stock import SUPPLIER, ContainerMove, Posting, Seal, Status, StockKey
from server.books import Books
from server.imports import put_records
from server.ingest import take_push
from server.pushes import Identity, Prepared, prepare
from server.signing import CentreKey
from server.writing import Means
from sync import wire

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SITE = "OSL"
START_MS = 1_795_000_000_000
GTIN = "09521001000116"
OTHER_GTIN = "09521003000114"
LOT = "A12B"
EXPIRY = date(2027, 5, 31)
TOKEN = "ana"

RECORDS = SiteRecords(
    items=(
        Item(GTIN, "Amoxidem", "500 mg caps, 100", StorageClass.AMBIENT),
        Item(OTHER_GTIN, "Calmera", "5 mg tabs, 30", StorageClass.AMBIENT),
    ),
    places=(
        Place("DOCK-1", PlaceKind.DOCK, StorageClass.AMBIENT, 0),
        Place("A-01-1", PlaceKind.STORAGE, StorageClass.AMBIENT, 10),
        Place("B-01-1", PlaceKind.STORAGE, StorageClass.AMBIENT, 20),
        Place("CAGE", PlaceKind.CAGE, StorageClass.AMBIENT, 900),
    ),
    operators=(
        Operator("USR-1001", "Ana Moreno", Role.OPERATOR, "no verifier"),
        Operator("USR-1004", "Tom Okafor", Role.SUPERVISOR, "no verifier"),
    ),
    documents=(DocumentRecord("ASN-1", DocumentKind.ASN, "Meridian", lines=(LineRecord(GTIN, LOT, EXPIRY, 100),)),),
)
RECALL = Watch("RCL-1", "recall", OTHER_GTIN, "C90", None, "sterility")


@dataclass
class Clock:
    """A wall clock that moves by a millisecond a look, and when it is told."""

    ms: int = START_MS

    def __call__(self) -> int:
        self.ms += 1
        return self.ms


class Ids:
    """UUIDv7 texts, counted."""

    def __init__(self, salt: int) -> None:
        self._numbers = itertools.count(1)
        self._salt = salt

    def __call__(self) -> str:
        number = next(self._numbers)
        return f"{START_MS + number:012x}"[:8] + f"-{number & 0xFFFF:04x}-7000-8000-{self._salt:04x}{number:08x}"


CENTRE_KEY = CentreKey(bytes(range(32)))


def open_books(path: Path, clock: Clock | None = None, *, salt: int = 0xCE) -> Books:
    """The books of a centre at `path`, made if there are none."""
    return Books.open(path, Means(clock or Clock(), Ids(salt), CENTRE_KEY), create=True)


def new_books(path: Path, clock: Clock | None = None, records: SiteRecords = RECORDS) -> Books:
    """A centre with one site and its records."""
    books = open_books(path, clock)
    books.make_site(SITE, "Oslo", "Europe/Oslo")
    books.do(SITE, lambda writing: put_records(writing, records))
    return books


def stock_key(serial: str | None = None, *, gtin: str = GTIN, lot: str | None = LOT, **more: Any) -> StockKey:  # noqa: ANN401 - any field of it
    """A key of good goods; `more` changes it."""
    return replace(StockKey("own", gtin, lot, EXPIRY, serial, Status.AVAILABLE), **more)


def received(serial: str | None, quantity: int = 1, *, to: str = "DOCK-1", **more: Any) -> Posting:  # noqa: ANN401 - any field of it
    """Goods in from the supplier."""
    return Posting(stock_key(serial, **more), quantity, SUPPLIER, to)


@dataclass
class Handheld:
    """A device as the centre sees it: its ledger in memory, chained and signed."""

    name: str = "A"
    site: str = SITE
    chain_device: str = ""
    epoch: bytes = b"\x01" * 16
    parent: Parent = field(default_factory=Parent)
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    entries: list[bytes] = field(default_factory=list)
    links: list[bytes] = field(default_factory=list)
    lists: dict[str, list[bytes]] = field(default_factory=dict)
    ids: Ids | None = None

    def __post_init__(self) -> None:
        self.chain_device = self.chain_device or self.name
        self.links = self.links or [genesis(self.chain_device, self.epoch, self.parent)]
        self.ids = self.ids or Ids(sum(self.name.encode()) * 7 + self.epoch[0])

    @property
    def identity(self) -> Identity:
        return Identity(self.site, self.name, self.key.public_key().public_bytes_raw())

    def entry(self, *postings: Posting, kind: EntryKind = EntryKind.RECEIVED, **more: Any) -> Entry:  # noqa: ANN401 - any field of it
        """An entry of this device; `more` are fields of Entry, `at_ms`, `knew`, `operator`."""
        assert self.ids is not None
        at_ms = more.pop("at_ms", START_MS)
        operator = more.pop("operator", "USR-1001")
        stamp = more.pop("stamp", Stamp(at_ms, 60, at_ms - START_MS + 1_000_000, "boot"))
        return Entry(
            kind=kind,
            event_id=more.pop("event_id", None) or self.ids(),
            stamp=stamp,
            origin=Origin(more.pop("of_site", self.site), self.name, "DOCK-1", operator),
            verdict=more.pop("verdict", Accepted()),
            knew=more.pop("knew", Knew()),
            postings=postings,
            **more,
        )

    def write(self, entry: Entry | bytes) -> Entry | bytes:
        """Appends an entry, or any bytes, to the ledger."""
        stored = entry if isinstance(entry, bytes) else encode_entry(entry)
        self.entries.append(stored)
        self.links.append(chain_hash(self.links[-1], len(self.entries), stored))
        return entry

    def receive(self, *serials: str, **more: Any) -> None:  # noqa: ANN401 - any field of it
        """One received unit an entry."""
        for serial in serials:
            self.write(self.entry(received(serial), **more))

    def receive_list(self, serials: Sequence[str], container: str, **more: Any) -> str:  # noqa: ANN401 - any field of it
        """A whole container by a member list; its digest."""
        members = MemberList(
            tuple(received(serial, to=container) for serial in serials),
            (ContainerMove(container, SUPPLIER, "DOCK-1", Seal.SEALED),),
        )
        digest, chunks = encode_list(members)
        self.lists[digest] = chunks
        self.write(self.entry(lists=(digest,), **more))
        return digest

    def push(self, start: int = 1, end: int | None = None, **more: Any) -> wire.Push:  # noqa: ANN401 - any field of it
        """A push of entries `start` to `end`; `more` changes its fields (and is signed)."""
        end = len(self.entries) if end is None else end
        push = wire.Push(
            proto=1,
            schema=1,
            device=self.name,
            epoch=wire.Epoch(
                self.epoch.hex(), self.chain_device, self.parent.epoch.hex(), self.parent.seq, self.parent.hash.hex()
            ),
            start_seq=start,
            prev_hash=self.links[start - 1].hex(),
            entries=tuple(self.entries[start - 1 : end]),
            chain_sig=b"",
        )
        push = replace(push, **more)
        return replace(push, chain_sig=self.sign(push))

    def sign(self, push: wire.Push) -> bytes:
        """The signature of a push's head."""
        link = bytes.fromhex(push.prev_hash)
        for seq, stored in enumerate(push.entries, push.start_seq):
            link = chain_hash(link, seq, stored)
        last = push.start_seq - 1 + len(push.entries)
        return self.key.sign(wire.signed_bytes(bytes.fromhex(push.epoch.id), last, link))

    def chunks(self, *digests: str) -> tuple[wire.Chunk, ...]:
        """The chunks of lists as they are pushed."""

        return tuple(
            wire.Chunk(digest, tuple(hashlib.sha256(each).hexdigest() for each in self.lists[digest]), n, content)
            for digest in digests
            for n, content in enumerate(self.lists[digest])
        )

    def prepared(self, push: wire.Push) -> Prepared:
        return prepare(self.identity, wire.write(push))

    def send(self, books: Books, start: int = 1, end: int | None = None, **more: Any) -> wire.PushAnswer:  # noqa: ANN401 - any field of it
        """Pushes, and gives the answer."""
        prepared = self.prepared(self.push(start, end, **more))
        return books.do(self.site, lambda writing: take_push(writing, prepared))
