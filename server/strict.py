"""Strict reading of entries and member lists: what the centre projects, every device can decode to the same values.

Stricter than `domain.entry.decode_entry`: types, bounds and unknown fields are looked at (docs/contract/
entry.schema.json). Whatever does not pass is stored all the same and quarantined; no bytes make this module raise.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final, NamedTuple

import msgspec

from scanner_app.domain.entry import ENTRY_BYTES_MAX, SCHEMA, Entry, EntryKind, Knew, Origin, Raw, Stamp
from scanner_app.domain.lists import CHUNK_MEMBERS_MAX, MEMBERS_MAX, ListFormatError, MemberList, list_digest
from scanner_app.domain.refusals import Accepted, Outcome, Refusal, Refused
from scanner_app.domain.stock import ContainerMove, Posting, Seal, Status, StockKey

UUID_TEXT: Final = r"\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z"
HASH_TEXT: Final = r"\A[0-9a-f]{64}\Z"
KEY_CHARACTERS_MAX: Final = 128
QUANTITY_MAX: Final = 10**9
"""Base units of one posting: sums of any number of them stay within 63 bits."""
NUMBER_MAX: Final = 1 << 53
TIME_MAX: Final = 253_402_300_799_000
"""The last second of the year 9999, in UTC milliseconds."""
LISTS_MAX: Final = 16
"""Member lists that one entry may name."""

ZERO: Final = b"\\u0000"
"""The one way to write the character 0 in JSON; no text that is kept may hold it (not every database takes it)."""

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=KEY_CHARACTERS_MAX)]
Number = Annotated[int, msgspec.Meta(ge=-NUMBER_MAX, le=NUMBER_MAX)]
Instant = Annotated[int, msgspec.Meta(ge=0, le=TIME_MAX)]
EventId = Annotated[str, msgspec.Meta(pattern=UUID_TEXT)]


class KeyForm(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The key of a posting."""

    owner: Key
    gtin: Key
    lot: Key | None
    expiry: dt.date | None
    serial: Key | None
    status: Status


class PostingForm(
    msgspec.Struct, forbid_unknown_fields=True, rename={"from_place": "from", "to_place": "to"}, gc=False
):
    """A posting."""

    key: KeyForm
    quantity: Annotated[int, msgspec.Meta(ge=1, le=QUANTITY_MAX)]
    from_place: Key
    to_place: Key
    inferred: bool

    def value(self) -> Posting:
        """As the domain knows it. Raises ValueError where it moves nothing or many of one serial."""
        key = self.key
        return Posting(
            StockKey(key.owner, key.gtin, key.lot, key.expiry, key.serial, key.status),
            self.quantity, self.from_place, self.to_place, self.inferred,
        )  # fmt: skip


class MoveForm(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A container posting."""

    container: Key
    from_parent: Key
    to_parent: Key
    seal: Seal
    seal_before: Seal
    inferred: bool

    def value(self) -> ContainerMove:
        """As the domain knows it. Raises ValueError for a container within itself."""
        if self.container in {self.from_parent, self.to_parent}:
            raise ValueError("a container within itself")
        return ContainerMove(
            self.container, self.from_parent, self.to_parent, self.seal, self.seal_before, self.inferred
        )


class VerdictForm(msgspec.Struct, forbid_unknown_fields=True):
    """An outcome or a refusal, with its parameters."""

    parameters: dict[str, str | int | bool | None]
    outcome: Outcome | msgspec.UnsetType = msgspec.UNSET
    refusal: Refusal | msgspec.UnsetType = msgspec.UNSET

    def value(self) -> Accepted | Refused:
        """As the domain knows it. Raises ValueError unless it is exactly one of both."""
        if isinstance(self.refusal, Refusal) and not isinstance(self.outcome, Outcome):
            return Refused(self.refusal, self.parameters)
        if isinstance(self.outcome, Outcome) and not isinstance(self.refusal, Refusal):
            return Accepted(self.outcome, self.parameters)
        raise ValueError("a verdict is an outcome or a refusal")


class RawForm(msgspec.Struct, forbid_unknown_fields=True, rename={"payload": "bytes"}):
    """The scan."""

    payload: bytes
    symbology: str | None
    source: str
    profile: str
    method: str


class KnewForm(msgspec.Struct, forbid_unknown_fields=True):
    """What the device knew."""

    recall_cursor: str | None
    feed_cursor: str | None


class EntryForm(msgspec.Struct, forbid_unknown_fields=True):
    """An entry of schema 1."""

    v: Annotated[int, msgspec.Meta(ge=SCHEMA, le=SCHEMA)]
    kind: EntryKind
    event_id: EventId
    event_time: Instant
    offset: Annotated[int, msgspec.Meta(ge=-1440, le=1440)]
    mono_ms: Number
    boot_id: str
    server_time: Instant | None
    server_mono_ms: Number | None
    site: Key
    device: Key
    read_point: Key | None
    operator: Key | None
    witness: Key | None
    workflow: Key | None
    task: Key | None
    lease: Key | None
    document: Key | None
    count: Key | None
    raw: RawForm | None
    verdict: VerdictForm
    knew: KnewForm
    reason: str | None
    note: str | None
    refers_to: str | None
    postings: list[PostingForm]
    container_moves: list[MoveForm]
    lists: Annotated[list[Annotated[str, msgspec.Meta(pattern=HASH_TEXT)]], msgspec.Meta(max_length=LISTS_MAX)]

    def value(self) -> Entry:
        """As the domain knows it. Raises ValueError where it is unbalanced."""
        verdict = self.verdict.value()
        if isinstance(verdict, Refused) and (self.postings or self.container_moves or self.lists):
            raise ValueError("a refusal posts nothing")
        raw, knew = self.raw, self.knew
        # By position, in the order of Entry's fields: one is made for every entry that comes.
        return Entry(
            self.kind, self.event_id,
            Stamp(self.event_time, self.offset, self.mono_ms, self.boot_id, self.server_time, self.server_mono_ms),
            Origin(self.site, self.device, self.read_point, self.operator, self.witness),
            verdict, self.workflow, self.task, self.lease, self.document, self.count,
            None if raw is None else Raw(raw.payload, raw.symbology, raw.source, raw.profile, raw.method),
            Knew(knew.recall_cursor, knew.feed_cursor), self.reason, self.note, self.refers_to,
            tuple([posting.value() for posting in self.postings]),
            tuple([move.value() for move in self.container_moves]), tuple(self.lists),
        )  # fmt: skip


class MemberForm(msgspec.Struct, forbid_unknown_fields=True):
    """A member of a list: one of both."""

    move: MoveForm | msgspec.UnsetType = msgspec.UNSET
    posting: PostingForm | msgspec.UnsetType = msgspec.UNSET


class IdForm(msgspec.Struct):
    """The one field that is looked for in what is no entry."""

    event_id: EventId


Members = Annotated[list[MemberForm], msgspec.Meta(max_length=CHUNK_MEMBERS_MAX)]
_ENTRY: Final = msgspec.json.Decoder(EntryForm)
_ID: Final = msgspec.json.Decoder(IdForm)
_MEMBERS: Final = msgspec.json.Decoder(Members)


class Read(NamedTuple):
    """An entry as it was read. `event_id`: the 16 bytes of its UUID, empty where none can be found.

    `entry` is None where it cannot be projected; `why` says why not.
    """

    event_id: bytes
    entry: Entry | None
    why: str = ""


def read_entry(stored: bytes) -> Read:
    """What exact bytes say; never raises."""
    try:
        if len(stored) > ENTRY_BYTES_MAX or ZERO in stored:
            return Read(_id_in(stored), None, f"{len(stored)} bytes, or the character 0 in it")
        entry = _ENTRY.decode(stored).value()
    except (ValueError, RecursionError, OverflowError) as fault:
        return Read(_id_in(stored), None, _sentence(fault))
    return Read(id_bytes(entry.event_id), entry)


def _sentence(fault: Exception) -> str:
    return str(fault).encode("ascii", "replace").decode("ascii")[:200]


def id_bytes(event_id: str) -> bytes:
    """The 16 bytes of a UUID's text."""
    return bytes.fromhex(event_id.replace("-", ""))


def id_text(event_id: bytes) -> str:
    """A UUID's text from its 16 bytes."""
    digits = event_id.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _id_in(stored: bytes) -> bytes:
    """The event id of what is no entry, if it has one."""
    try:
        return id_bytes(_ID.decode(stored).event_id)
    except (ValueError, RecursionError):
        return b""


def read_list(digest: str, chunks: list[bytes]) -> MemberList:
    """The list in its chunks. Raises ListFormatError for anything that is none."""
    if list_digest(chunks) != digest:
        raise ListFormatError(f"list {digest[:12]} does not match its digest")
    moves: list[ContainerMove] = []
    postings: list[Posting] = []
    try:
        for chunk in chunks:
            if ZERO in chunk:
                raise ListFormatError(f"list {digest[:12]}: the character 0 in it")
            for member in _MEMBERS.decode(chunk):
                if isinstance(member.move, MoveForm) and not isinstance(member.posting, PostingForm):
                    moves.append(member.move.value())
                elif isinstance(member.posting, PostingForm) and not isinstance(member.move, MoveForm):
                    postings.append(member.posting.value())
                else:
                    raise ListFormatError(f"list {digest[:12]}: a member is a move or a posting")
    except (ValueError, RecursionError) as fault:
        raise ListFormatError(f"list {digest[:12]}: {_sentence(fault)}") from fault
    if len(moves) + len(postings) > MEMBERS_MAX:
        raise ListFormatError(f"list {digest[:12]}: over {MEMBERS_MAX} members")
    return MemberList(tuple(postings), tuple(moves))
