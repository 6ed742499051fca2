"""The messages between handheld and centre, as values, and their JSON (docs/contract/openapi.yaml).

Bytes travel as base64, hashes and epoch ids as hexadecimal, times as UTC milliseconds. Reading is strict: a wrong type,
a missing field, a number out of bounds, or text that no database or file could take raises WireError and nothing else.
Fields with a default may be missing and unknown ones are passed over, so that either side may be a version older.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from scanner_app.domain.feed import Scope, Standing
from sync.codec import INT_MAX, Between, Hex, WireError, fields_of, read, write

__all__ = ["Scope", "Standing", "WireError", "fields_of", "read", "write"]

PROTO: Final = 1
PROTO_MIN: Final = 1
"""Protocol versions that this code speaks, the newest and the oldest."""

SCHEMA: Final = 1
"""The newest schema of entries that this code writes."""

ENTRIES_MAX: Final = 500
PUSH_BYTES_MAX: Final = 256 * 1024
"""The bounds of one push: entries, and bytes of entries and chunks before base64. One entry or chunk always fits."""

BODY_BYTES_MAX: Final = 1024 * 1024
"""The longest body of a request, unpacked; what is longer is refused with 413 before it is read whole."""

ROWS_MAX: Final = 500
PAGE_BYTES_MAX: Final = 512 * 1024
"""The bounds of one page of the feed; one row always fits."""

PUSH_LABEL: Final = b"scanner-push/1"
MILLIS_MAX: Final = 253_402_300_799_999
"""The end of the year 9999: what is later is no date."""

HASH: Final = Hex(64)
EPOCH: Final = Hex(32)

Seq = Annotated[int, Between(0, INT_MAX)]
Millis = Annotated[int, Between(0, MILLIS_MAX)]
Hash = Annotated[str, HASH]
EpochId = Annotated[str, EPOCH]


@dataclass(frozen=True, slots=True)
class Epoch:
    """One incarnation of a ledger: its id (hex), the device id its genesis was made with, and where it continues."""

    id: EpochId
    device: str
    parent_epoch: EpochId
    parent_seq: Seq
    parent_hash: Hash


@dataclass(frozen=True, slots=True)
class Chunk:
    """Chunk `n` of a member list; `hashes` are the SHA-256 of all its chunks, from which its digest follows."""

    digest: Hash
    hashes: tuple[Hash, ...]
    n: Seq
    content: bytes


@dataclass(frozen=True, slots=True)
class Push:
    """Entries of one epoch from `start_seq` on, each its exact stored bytes; none: a heartbeat.

    `prev_hash`: the link before the first. `quiet_until`: the device has no unsent fact of before this time.
    `absent`: lists that entries name and that this device does not have. `chain_sig`: see `signed_bytes`.
    """

    proto: int
    schema: int
    device: str
    epoch: Epoch
    start_seq: Annotated[int, Between(1, INT_MAX)]
    prev_hash: Hash
    entries: tuple[bytes, ...]
    chain_sig: bytes
    lists: tuple[Chunk, ...] = ()
    absent: tuple[Hash, ...] = ()
    quiet_until: Millis | None = None
    cursor: str | None = None
    health: dict[str, str | int | bool | None] = dataclasses.field(default_factory=dict)
    """What the fleet page shows: names and values of the device's own, such as its program version and read point."""


@dataclass(frozen=True, slots=True)
class Flagged:
    """A doubt of the centre about an entry of this push."""

    event_id: str
    code: str
    severity: str


@dataclass(frozen=True, slots=True)
class Ack:
    """Committed up to `seq`, whose link is `hash`; `safe_seq` stands on a second disk too. May be lower than before.

    It says that `prev_hash` and every entry of the push that the centre had already are its own too.
    """

    type: Literal["ack"]
    epoch: EpochId
    seq: Seq
    hash: Hash
    safe_seq: Seq
    server_time: Millis
    flags: tuple[Flagged, ...] = ()
    proto_min: int = PROTO_MIN
    proto_max: int = PROTO


@dataclass(frozen=True, slots=True)
class Gap:
    """`start_seq` is past what the centre has: it ends at `seq` (0, and the genesis, where it has nothing)."""

    type: Literal["gap"]
    epoch: EpochId
    seq: Seq
    hash: Hash
    safe_seq: Seq
    server_time: Millis


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a chain."""

    seq: Seq
    hash: Hash


@dataclass(frozen=True, slots=True)
class Fork:
    """The chains differ. `known`: links of the centre's chain, the head first, further and further back, 0 last."""

    type: Literal["fork"]
    epoch: EpochId
    known: tuple[Link, ...]
    server_time: Millis


@dataclass(frozen=True, slots=True)
class ListsWanted:
    """Committed up to `seq`; the entry after it names lists that the centre lacks."""

    type: Literal["lists"]
    epoch: EpochId
    seq: Seq
    hash: Hash
    digests: tuple[Hash, ...]
    server_time: Millis


PushAnswer = Ack | Gap | Fork | ListsWanted


@dataclass(frozen=True, slots=True)
class EpochHead:
    """What the centre holds of an epoch of this device."""

    epoch: EpochId
    seq: Seq
    hash: Hash
    safe_seq: Seq


@dataclass(frozen=True, slots=True)
class Heads:
    """All epochs of the asking device, and where the feeds end (their cursors)."""

    device: str
    epochs: tuple[EpochHead, ...]
    feed: str
    watch: str
    server_time: Millis


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry of any device at number `n` of the site. Its lists come before it, on this page or an earlier one."""

    type: Literal["entry"]
    n: Seq
    device: str
    epoch: EpochId
    seq: Seq
    standing: Standing
    record_time: Millis
    content: bytes


@dataclass(frozen=True, slots=True)
class RecordRow:
    """The state of a record at number `n`; `body` None: it is gone. Each kind's fields: docs/contract/records.md."""

    type: Literal["record"]
    n: Seq
    kind: str
    id: str
    body: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class ListRow:
    """One chunk of a member list that a later entry names; it has no number and moves no cursor."""

    type: Literal["list"]
    chunk: Chunk


Row = EntryRow | RecordRow | ListRow


@dataclass(frozen=True, slots=True)
class Page:
    """Rows after the cursor that was asked with; `cursor` after the last of them. `more`: ask again at once.

    `site_sum` (hex) is the checksum of the site's stock at this cursor; given where the page reaches the end.
    """

    type: Literal["page"]
    scope: Scope
    cursor: str
    more: bool
    rows: tuple[Row, ...]
    server_time: Millis
    site_sum: str | None = None


@dataclass(frozen=True, slots=True)
class SnapshotDue:
    """The cursor leads nowhere (another past, or older than what is kept): take a snapshot."""

    type: Literal["snapshot"]
    reason: str
    server_time: Millis


PullAnswer = Page | SnapshotDue


@dataclass(frozen=True, slots=True)
class EnrolRequest:
    """`code` once; `public_key`: Ed25519, 32 bytes."""

    proto: int
    code: str
    public_key: bytes
    version: str


@dataclass(frozen=True, slots=True)
class EnrolAnswer:
    """The device's name and site at the centre, its bearer token, and the key the centre signs with."""

    device: str
    site: str
    site_name: str
    time_zone: str
    token: str
    token_until: Millis
    centre_key: bytes
    server_time: Millis


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A new bearer token; the former one works until this one was used."""

    token: str
    token_until: Millis
    server_time: Millis


@dataclass(frozen=True, slots=True)
class Problem:
    """RFC 9457: what is wrong, with a stable `code`."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""


def signed_bytes(epoch_id: bytes, seq: int, link: bytes) -> bytes:
    """What a push's `chain_sig` signs: label, epoch id (16), the last sequence (u64 BE) and link (32) after it."""
    return PUSH_LABEL + epoch_id + seq.to_bytes(8, "big") + link


def is_hash(text: str) -> bool:
    """Whether the text is a SHA-256 in small hexadecimal digits."""
    return HASH.holds(text)


def is_epoch(text: str) -> bool:
    """Whether the text is an epoch's id in small hexadecimal digits."""
    return EPOCH.holds(text)
