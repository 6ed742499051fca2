"""The messages between handheld and centre, as values, and their JSON (docs/contract/openapi.yaml).

Bytes travel as base64, hashes and epoch ids as hexadecimal, times as UTC milliseconds. Reading is strict: a wrong type,
a missing field or a number out of bounds raises WireError and nothing else. Fields with a default may be missing and
unknown ones are passed over, so that either side may be a version older.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import re
import types
import typing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

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
HASH_HEX: Final = 64
EPOCH_HEX: Final = 32
U63: Final = 1 << 63

M = TypeVar("M")
_HEX: Final = re.compile(r"[0-9a-f]+")
_KNOWN: Final[dict[Any, dict[str, tuple[Any, bool]]]] = {}


class WireError(ValueError):
    """Bytes that are not the message they should be; the sentence names the field."""


class Scope(StrEnum):
    """The two scopes of the feed: recall and watch lines, and everything else."""

    WATCH = "watch"
    FEED = "feed"


class Standing(StrEnum):
    """What the centre made of an entry."""

    PROJECTED = "projected"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Epoch:
    """One incarnation of a ledger: its id (hex), the device id its genesis was made with, and where it continues."""

    id: str
    device: str
    parent_epoch: str
    parent_seq: int
    parent_hash: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Chunk `n` of a member list; `hashes` are the SHA-256 of all its chunks, from which its digest follows."""

    digest: str
    hashes: tuple[str, ...]
    n: int
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
    start_seq: int
    prev_hash: str
    entries: tuple[bytes, ...]
    chain_sig: bytes
    lists: tuple[Chunk, ...] = ()
    absent: tuple[str, ...] = ()
    quiet_until: int | None = None
    cursor: str | None = None
    health: dict[str, str | int | bool | None] = dataclasses.field(default_factory=dict)
    """What the fleet page shows: program version, battery, scanners, free disk."""


@dataclass(frozen=True, slots=True)
class Flagged:
    """A doubt of the centre about an entry of this push."""

    event_id: str
    code: str
    severity: str


@dataclass(frozen=True, slots=True)
class Ack:
    """Committed up to `seq`, whose link is `hash`; `safe_seq` stands on a second disk too. May be lower than before."""

    type: typing.Literal["ack"]
    epoch: str
    seq: int
    hash: str
    safe_seq: int
    server_time: int
    flags: tuple[Flagged, ...] = ()
    proto_min: int = PROTO_MIN
    proto_max: int = PROTO


@dataclass(frozen=True, slots=True)
class Gap:
    """`start_seq` is past what the centre has: it ends at `seq`."""

    type: typing.Literal["gap"]
    epoch: str
    seq: int
    hash: str
    safe_seq: int
    server_time: int


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a chain."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Fork:
    """The chains differ. `known`: links of the centre's chain, the head first, further and further back, 0 last."""

    type: typing.Literal["fork"]
    epoch: str
    known: tuple[Link, ...]
    server_time: int


@dataclass(frozen=True, slots=True)
class ListsWanted:
    """Committed up to `seq`; the entry after it names lists that the centre lacks."""

    type: typing.Literal["lists"]
    epoch: str
    seq: int
    hash: str
    digests: tuple[str, ...]
    server_time: int


PushAnswer = Ack | Gap | Fork | ListsWanted


@dataclass(frozen=True, slots=True)
class EpochHead:
    """What the centre holds of an epoch of this device."""

    epoch: str
    seq: int
    hash: str
    safe_seq: int


@dataclass(frozen=True, slots=True)
class Heads:
    """All epochs of the asking device, and where the feeds end (their cursors)."""

    device: str
    epochs: tuple[EpochHead, ...]
    feed: str
    watch: str
    server_time: int


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry of any device at number `n` of the site. Its lists come before it, on this page or an earlier one."""

    type: typing.Literal["entry"]
    n: int
    device: str
    epoch: str
    seq: int
    standing: Standing
    record_time: int
    content: bytes


@dataclass(frozen=True, slots=True)
class RecordRow:
    """The state of a record at number `n`; `body` None: it is gone. Each kind's fields: docs/contract/records.md."""

    type: typing.Literal["record"]
    n: int
    kind: str
    id: str
    body: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class ListRow:
    """One chunk of a member list that a later entry names; it has no number and moves no cursor."""

    type: typing.Literal["list"]
    chunk: Chunk


Row = EntryRow | RecordRow | ListRow


@dataclass(frozen=True, slots=True)
class Page:
    """Rows after the cursor that was asked with; `cursor` after the last of them. `more`: ask again at once.

    `site_sum` (hex) is the checksum of the site's stock at this cursor; given where the page reaches the end.
    """

    type: typing.Literal["page"]
    scope: Scope
    cursor: str
    more: bool
    rows: tuple[Row, ...]
    server_time: int
    site_sum: str | None = None


@dataclass(frozen=True, slots=True)
class SnapshotDue:
    """The cursor leads nowhere (another past, or older than what is kept): take a snapshot."""

    type: typing.Literal["snapshot"]
    reason: str
    server_time: int


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
    token_until: int
    centre_key: bytes
    server_time: int


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A new bearer token; the former one works until this one was used, at most a day."""

    token: str
    token_until: int
    server_time: int


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


# JSON, strictly.


def write(message: object) -> bytes:
    """A message as UTF-8 JSON."""
    return json.dumps(_plain(message), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def read(kind: type[M] | types.UnionType, body: bytes) -> M:
    """The message in a body; of a union the member that its `type` names. Raises WireError."""
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as fault:
        raise WireError(f"not JSON: {fault}") from fault
    return typing.cast("M", _read(kind, value, "message"))


def _plain(value: Any) -> Any:  # noqa: ANN401 - walks any message
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(getattr(value, name)) for name in _fields(type(value))}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, tuple):
        return [_plain(member) for member in value]
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _fields(kind: Any) -> dict[str, tuple[Any, bool]]:  # noqa: ANN401 - a message's class
    """Each field's type and whether it may be missing; worked out once a class."""
    known = _KNOWN.get(kind)
    if known is None:
        known = _KNOWN[kind] = _fields_of(kind)
    return known


def _fields_of(kind: Any) -> dict[str, tuple[Any, bool]]:  # noqa: ANN401 - as above
    hints = typing.get_type_hints(kind)
    return {
        field.name: (
            hints[field.name],
            field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING,
        )
        for field in dataclasses.fields(kind)
    }


def _read(kind: Any, value: Any, place: str) -> Any:  # noqa: ANN401 - walks type annotations
    if dataclasses.is_dataclass(kind):
        return _read_object(typing.cast("type", kind), value, place)
    origin = typing.get_origin(kind)
    if origin in {typing.Union, types.UnionType}:
        return _read_union(typing.get_args(kind), value, place)
    if origin is tuple:
        if not isinstance(value, list):
            raise WireError(f"{place}: an array is wanted")
        return tuple(_read(typing.get_args(kind)[0], each, f"{place}[{n}]") for n, each in enumerate(value))
    if origin is dict:
        if not isinstance(value, dict):
            raise WireError(f"{place}: an object is wanted")
        return value
    if origin is typing.Literal:
        if value not in typing.get_args(kind):
            raise WireError(f"{place}: {value!r} is not known")
        return value
    return _read_scalar(kind, value, place)


def _read_object(kind: type[Any], value: Any, place: str) -> Any:  # noqa: ANN401 - as above
    if not isinstance(value, dict):
        raise WireError(f"{place}: an object is wanted")
    given = {}
    for name, (wanted, optional) in _fields(kind).items():
        if name in value:
            given[name] = _read(wanted, value[name], f"{place}.{name}")
        elif not optional:
            raise WireError(f"{place}.{name}: missing")
    return kind(**given)


def _read_union(members: tuple[Any, ...], value: Any, place: str) -> Any:  # noqa: ANN401 - as above
    """None where it may be, the message whose `type` it bears, or the one plain type."""
    if value is None and types.NoneType in members:
        return None
    tagged = {
        typing.get_args(_fields(member)["type"][0])[0]: member for member in members if dataclasses.is_dataclass(member)
    }
    if tagged:
        tag = value.get("type") if isinstance(value, dict) else None
        if not isinstance(tag, str) or tag not in tagged:
            raise WireError(f"{place}.type: one of {', '.join(tagged)} is wanted")
        return _read(tagged[tag], value, place)
    (wanted,) = (member for member in members if member is not types.NoneType)
    return _read(wanted, value, place)


def _read_scalar(kind: Any, value: Any, place: str) -> Any:  # noqa: ANN401 - as above
    if kind is bytes:
        try:
            return base64.b64decode(value, validate=True)
        except (TypeError, ValueError, binascii.Error) as fault:
            raise WireError(f"{place}: base64 is wanted") from fault
    if kind is int:
        if type(value) is not int or not -U63 <= value < U63:
            raise WireError(f"{place}: a whole number is wanted")
        return value
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        try:
            return kind(value)
        except ValueError as fault:
            raise WireError(f"{place}: {value!r} is not known") from fault
    if type(value) is not kind:
        raise WireError(f"{place}: {kind.__name__} is wanted")
    return value


def is_hash(text: str) -> bool:
    """Whether the text is a SHA-256 in small hexadecimal digits."""
    return len(text) == HASH_HEX and _HEX.fullmatch(text) is not None


def is_epoch(text: str) -> bool:
    """Whether the text is an epoch's id in small hexadecimal digits."""
    return len(text) == EPOCH_HEX and _HEX.fullmatch(text) is not None
