"""Member lists: chunks checked against their hashes and digest, and read once they are whole."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from scanner_app.domain.lists import CHUNK_MEMBERS_MAX, LIST_LABEL, MEMBERS_MAX
from sync.wire import PUSH_BYTES_MAX, is_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from server.database import Session
    from sync.wire import Chunk

CHUNKS_MAX: Final = -(-MEMBERS_MAX // CHUNK_MEMBERS_MAX)

ADD: Final = (
    "INSERT INTO list_chunk (site_id, digest, n, chunks, bytes) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (site_id, digest, n) DO NOTHING"
)
CHUNKS: Final = "SELECT bytes, chunks FROM list_chunk WHERE site_id = ? AND digest = ? ORDER BY n"
COUNT: Final = "SELECT count(*), max(chunks) FROM list_chunk WHERE site_id = ? AND digest = ?"
ADD_ABSENT: Final = (
    "INSERT INTO absent_list (site_id, digest, device) VALUES (?, ?, ?) "
    "ON CONFLICT (site_id, digest, device) DO NOTHING"
)
IS_ABSENT: Final = "SELECT 1 FROM absent_list WHERE site_id = ? AND digest = ? AND device = ?"


def is_chunk(chunk: Chunk) -> bool:
    """Whether a chunk is what its hashes and its digest say."""
    if not 0 <= chunk.n < len(chunk.hashes) <= CHUNKS_MAX or len(chunk.content) > PUSH_BYTES_MAX:
        return False
    if not all(is_hash(each) for each in chunk.hashes):
        return False
    outer = hashlib.sha256(LIST_LABEL + b"".join(bytes.fromhex(each) for each in chunk.hashes))
    return outer.hexdigest() == chunk.digest and hashlib.sha256(chunk.content).hexdigest() == chunk.hashes[chunk.n]


def add_chunks(session: Session, site: str, chunks: Iterable[Chunk]) -> None:
    """Keeps checked chunks."""
    session.many(ADD, [(site, each.digest, each.n, len(each.hashes), each.content) for each in chunks])


def chunks_of(session: Session, site: str, digest: str) -> list[bytes] | None:
    """The chunks of a list in order; None while it is not whole."""
    rows = session.all(CHUNKS, (site, digest))
    return [row[0] for row in rows] if rows and len(rows) == rows[0][1] else None


def is_whole(session: Session, site: str, digest: str) -> bool:
    """Whether every chunk of a list is there."""
    row = session.one(COUNT, (site, digest))
    return row is not None and row[0] > 0 and row[0] == row[1]


def add_absent(session: Session, site: str, device: str, digests: Iterable[str]) -> None:
    """A device's word that it does not have these lists."""
    session.many(ADD_ABSENT, [(site, digest, device) for digest in digests if is_hash(digest)])


def is_absent(session: Session, site: str, device: str, digest: str) -> bool:
    """Whether the device has said so."""
    return session.one(IS_ABSENT, (site, digest, device)) is not None


def wire_chunks(contents: list[bytes]) -> Iterator[tuple[int, tuple[str, ...], bytes]]:
    """Number, hashes of all, and content of each chunk, as the feed sends them."""
    hashes = tuple(hashlib.sha256(content).hexdigest() for content in contents)
    for n, content in enumerate(contents):
        yield n, hashes, content
