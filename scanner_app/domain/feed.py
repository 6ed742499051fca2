"""What the centre's feed brings to a device, and what a device's outbox offers it, as plain values.

Both the wire and the store speak of them; neither knows the other (docs/decisions/0002).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner_app.domain.feed_records import Body


ROWS_WHILE_SCANNING = 100
"""The most rows of a page to ask for while somebody scans. A page is one commit, and a scan may have to wait for it:
about 5 ms for so many, 25 ms for the 500 that a page may hold."""


class Scope(StrEnum):
    """The two scopes of the feed: recall and watch lines, and everything else."""

    WATCH = "watch"
    FEED = "feed"


class Standing(StrEnum):
    """What the centre made of an entry: counted, counted before under its event id, or stored without counting."""

    PROJECTED = "projected"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class FedEntry:
    """An entry of any device at number `n` of the site; `content` is its exact stored bytes."""

    n: int
    device: str
    epoch: str
    seq: int
    standing: Standing
    record_time: int
    content: bytes


@dataclass(frozen=True, slots=True)
class FedRecord:
    """The state of a record at number `n`; `body` None: it is gone."""

    n: int
    kind: str
    id: str
    body: Body | None


@dataclass(frozen=True, slots=True)
class FedChunk:
    """Chunk `n` of a member list that a later entry names; `hashes` are the SHA-256 (hex) of all its chunks."""

    digest: str
    hashes: tuple[str, ...]
    n: int
    content: bytes


FedRow = FedEntry | FedRecord | FedChunk


@dataclass(frozen=True, slots=True)
class EpochState:
    """An epoch of a device's ledger. `end`: the last sequence that is to be sent, less than `last` where it was cut.

    `present`: entries are appended to it. `id` is hexadecimal.
    """

    no: int
    id: str
    last: int
    end: int
    acked: int
    safe: int
    present: bool


@dataclass(frozen=True, slots=True)
class EpochHeader:
    """What an epoch's genesis is made of, all in hexadecimal: a reader of its entries can verify every link."""

    id: str
    device: str
    parent_epoch: str
    parent_seq: int
    parent_hash: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries of one epoch from `start` on, each its exact stored bytes, and the links (hex) before and after them.

    `last`: the sequence after the batch, `start` - 1 where it is empty. `lists`: digests of the member lists that the
    entries name, in their order.
    """

    epoch: EpochHeader
    start: int
    prev_hash: str
    entries: tuple[bytes, ...]
    last: int
    last_hash: str
    lists: tuple[str, ...]
