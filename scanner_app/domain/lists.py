"""Member lists: what is many, beside the entry that names it (model.md, Member lists).

A list is immutable and content-addressed: its digest is computed over its chunks, and an entry carries only the digest.
At most 10,000 members, chunks of at most 500, so that a pallet of thousands is one step and the entry stays small.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scanner_app.domain.entry import container_move_object, container_move_of, posting_object, posting_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanner_app.domain.stock import ContainerMove, Posting

MEMBERS_MAX = 10_000
CHUNK_MEMBERS_MAX = 500
LIST_LABEL = b"scanner-list/1"


class ListFormatError(ValueError):
    """Chunks that are no member list, or a list over its bound."""


@dataclass(frozen=True, slots=True)
class MemberList:
    """The members of one step: container moves first, then stock postings, each with `inferred` for itself."""

    postings: tuple[Posting, ...] = ()
    container_moves: tuple[ContainerMove, ...] = ()

    def __len__(self) -> int:
        """The number of members."""
        return len(self.postings) + len(self.container_moves)


def encode_list(members: MemberList) -> tuple[str, list[bytes]]:
    """The list's digest (hex) and its chunks, in order. Raises ListFormatError over 10,000 members."""
    if len(members) > MEMBERS_MAX:
        message = f"a list of {len(members)} members; at most {MEMBERS_MAX}"
        raise ListFormatError(message)
    objects = [{"move": container_move_object(move)} for move in members.container_moves]
    objects += [{"posting": posting_object(posting)} for posting in members.postings]
    starts = range(0, max(len(objects), 1), CHUNK_MEMBERS_MAX)
    chunks = [_chunk(objects[start : start + CHUNK_MEMBERS_MAX]) for start in starts]
    return list_digest(chunks), chunks


def _chunk(objects: list[dict[str, dict[str, object]]]) -> bytes:
    return json.dumps(objects, ensure_ascii=False, separators=(",", ":")).encode()


def list_digest(chunks: Sequence[bytes]) -> str:
    """The address of a list: SHA-256 over a label and each chunk's SHA-256, as hex."""
    outer = hashlib.sha256(LIST_LABEL)
    for chunk in chunks:
        outer.update(hashlib.sha256(chunk).digest())
    return outer.hexdigest()


def decode_list(digest: str, chunks: Sequence[bytes]) -> MemberList:
    """The list in its chunks. Raises ListFormatError when the digest differs or the chunks are no list."""
    if list_digest(chunks) != digest:
        message = f"list {digest[:12]} does not match its digest"
        raise ListFormatError(message)
    try:
        objects = [member for chunk in chunks for member in json.loads(chunk)]
        moves = tuple(container_move_of(member["move"]) for member in objects if "move" in member)
        postings = tuple(posting_of(member["posting"]) for member in objects if "move" not in member)
    except (KeyError, TypeError, ValueError, RecursionError) as fault:
        message = f"list {digest[:12]} holds no members: {fault!r}"
        raise ListFormatError(message) from fault
    return MemberList(postings, moves)
