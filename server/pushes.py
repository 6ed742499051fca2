"""A push before the transaction: read, bounded, its links worked out and its signature checked, without the database.

What comes out depends on the bytes and the device's key alone, so that it may be done on any thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from scanner_app.domain.entry import Parent, chain_hash, genesis
from server.lists import is_chunk
from server.problems import ProblemError
from server.signing import is_signed
from server.strict import KEY_CHARACTERS_MAX, Read, read_entry
from sync.wire import (
    ENTRIES_MAX,
    PROTO,
    PROTO_MIN,
    PUSH_BYTES_MAX,
    EnrolRequest,
    Push,
    is_epoch,
    is_hash,
    signed_bytes,
)

if TYPE_CHECKING:
    from sync.wire import Chunk

M = TypeVar("M")
SEQ_MAX: Final = 1 << 62
SIGNATURE_BYTES: Final = 64
LISTS_MAX: Final = 1024
"""Chunks, and absent digests, of one push."""
HEALTH_MAX: Final = 32
TEXT_MAX: Final = 200

_PUSH: Final = msgspec.json.Decoder(Push)
_ENROL: Final = msgspec.json.Decoder(EnrolRequest)


class ProtoForm(msgspec.Struct):
    """The one field that is looked for in what cannot be read."""

    proto: int


_PROTO: Final = msgspec.json.Decoder(ProtoForm)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking, as its token says."""

    site: str
    device: str
    public_key: bytes


@dataclass(frozen=True, slots=True)
class Prepared:
    """A push that is what it says: `links` are the chain's after each entry, computed from the claimed `before`."""

    identity: Identity
    push: Push
    epoch: bytes
    parent: Parent
    genesis: bytes
    before: bytes
    links: tuple[bytes, ...]
    reads: tuple[Read, ...]
    chunks: tuple[Chunk, ...]
    absent: tuple[str, ...]

    @property
    def last(self) -> int:
        """The sequence of the last entry, or the one before `start_seq`."""
        return self.push.start_seq - 1 + len(self.links)

    @property
    def head(self) -> bytes:
        """The link after it."""
        return self.links[-1] if self.links else self.before


def prepare(identity: Identity, body: bytes) -> Prepared:
    """Reads a push. Raises ProblemError MALFORMED, OTHER_VERSION, FOREIGN_DEVICE, TOO_LARGE or BAD_SIGNATURE."""
    push = _decoded(_PUSH, body)
    _check(push)
    if push.device != identity.device:
        raise ProblemError("FOREIGN_DEVICE", f"the token is of {identity.device}")
    epoch = bytes.fromhex(push.epoch.id)
    given = push.epoch
    parent = Parent(bytes.fromhex(given.parent_epoch), given.parent_seq, bytes.fromhex(given.parent_hash))
    before = link = bytes.fromhex(push.prev_hash)
    links = []
    for seq, stored in enumerate(push.entries, push.start_seq):
        link = chain_hash(link, seq, stored)
        links.append(link)
    if not is_signed(identity.public_key, push.chain_sig, signed_bytes(epoch, push.start_seq - 1 + len(links), link)):
        raise ProblemError("BAD_SIGNATURE")
    good: list[Chunk] = []
    bad: list[str] = []
    for chunk in push.lists:
        if is_chunk(chunk):
            good.append(chunk)
        else:
            bad.append(chunk.digest)
    return Prepared(
        identity, push, epoch, parent, genesis(given.device, epoch, parent), before, tuple(links),
        tuple([read_entry(stored) for stored in push.entries]), tuple(good), (*push.absent, *bad),
    )  # fmt: skip


def read_enrol(body: bytes) -> EnrolRequest:
    """Reads an enrolment. Raises ProblemError MALFORMED or OTHER_VERSION."""
    asked = _decoded(_ENROL, body)
    _check_proto(asked.proto)
    return asked


def _decoded(decoder: msgspec.json.Decoder[M], body: bytes) -> M:
    try:
        return decoder.decode(body)
    except (ValueError, RecursionError, OverflowError) as fault:
        _check_proto(_proto_in(body))
        raise ProblemError("MALFORMED", str(fault)[:TEXT_MAX]) from None


def _proto_in(body: bytes) -> int:
    """The protocol that an unreadable message says it is of."""
    try:
        return _PROTO.decode(body).proto
    except (ValueError, RecursionError):
        return PROTO


def _check_proto(proto: int) -> None:
    if not PROTO_MIN <= proto <= PROTO:
        raise ProblemError("OTHER_VERSION", f"this centre speaks {PROTO_MIN} to {PROTO}")


def _check(push: Push) -> None:
    """The bounds and forms that types do not tell."""
    _check_proto(push.proto)
    given = push.epoch
    fine = (
        is_epoch(given.id) and is_epoch(given.parent_epoch) and is_hash(given.parent_hash) and is_hash(push.prev_hash)
        and 0 < len(given.device) <= KEY_CHARACTERS_MAX and "\0" not in given.device
        and 1 <= push.start_seq <= SEQ_MAX and 0 <= given.parent_seq <= SEQ_MAX
        and 0 <= (push.quiet_until or 0) <= SEQ_MAX and len(push.chain_sig) == SIGNATURE_BYTES
        and len(push.lists) <= LISTS_MAX and len(push.absent) <= LISTS_MAX and len(push.health) <= HEALTH_MAX
        and len(push.cursor or "") <= TEXT_MAX and all(_is_short(each) for pair in push.health.items() for each in pair)
    )  # fmt: skip
    if not fine:
        raise ProblemError("MALFORMED", "a field is out of its bounds")
    sizes = [len(each) for each in push.entries] + [len(each.content) for each in push.lists]
    if len(push.entries) > ENTRIES_MAX or (len(sizes) > 1 and sum(sizes) > PUSH_BYTES_MAX):
        raise ProblemError("TOO_LARGE", f"at most {ENTRIES_MAX} entries and {PUSH_BYTES_MAX} bytes of content")


def _is_short(value: str | int | bool | None) -> bool:  # noqa: FBT001 - any value of a health report
    if isinstance(value, str):
        return len(value) <= TEXT_MAX
    return value is None or -SEQ_MAX <= value <= SEQ_MAX
