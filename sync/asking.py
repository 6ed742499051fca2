"""Puts the engine's requests into messages, and reads what the centre answers; with the ports that this takes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from scanner_app.domain.feed import ROWS_WHILE_SCANNING
from sync.exchange import AskHeads, AskPage, AskSnapshot, AskToken, Failed, Failure, SendLists, SendPush, SnapshotTaken
from sync.outbox import Outbox
from sync.wire import (
    PROTO,
    PUSH_BYTES_MAX,
    ROWS_MAX,
    SCHEMA,
    Chunk,
    Epoch,
    Fork,
    Heads,
    PullAnswer,
    Push,
    PushAnswer,
    Scope,
    TokenAnswer,
    WireError,
    read,
    signed_bytes,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sync.exchange import Effect, Outcome, Request

SCANNING_MS: Final = 3_000
"""So long after a scan the next one is expected: a page is small then, since a scan may have to wait for its commit."""


@dataclass(frozen=True, slots=True)
class Sending:
    """Entries of one epoch as the ledger gives them: the link before them, their exact bytes, the link after them."""

    epoch: Epoch
    start: int
    prev_hash: str
    entries: tuple[bytes, ...]
    last: int
    last_hash: str


class Books(Outbox, Protocol):
    """The ledger as the driver needs it. Reading is for the driver's thread; `perform` waits for the ledger's own."""

    def sending(self, no: int, start: int, entries_max: int, bytes_max: int) -> Sending:
        """Entries of an epoch from a sequence on; none for `entries_max` 0."""

    def chunks_of(self, digest: str) -> Sequence[bytes]:
        """The chunks of a member list; none where it is not there."""

    def quiet_until(self, no: int, seq: int) -> int:
        """The time before which no fact is unsent once the centre has this epoch up to `seq`."""

    def health(self) -> dict[str, str | int | bool | None]:
        """What the fleet page shows of this device."""

    def last_scan_ms(self) -> int:
        """Monotonic milliseconds of the last scan."""

    def snapshot_path(self) -> Path:
        """Where a fetched snapshot is put."""

    def perform(self, effect: Effect, now_ms: int) -> bool:
        """Takes an effect into the ledger, or keeps it; False: a page's checksum is not the base's.

        Raises ScannerError where the ledger cannot; the effect is then as if it had never been.
        """


class Post(Protocol):
    """How messages get to the centre (sync.transport; a network that misbehaves in the simulation)."""

    def post(self, path: str, body: bytes) -> bytes | Failed:
        """The answer's body."""

    def get(self, path: str, parameters: dict[str, str] | None = None) -> bytes | Failed:
        """The answer's body."""

    def fetch(self, path: str, into: Path) -> object | Failed:
        """A file, fetched and checked."""


class Identity(Protocol):
    """Who this device is at the centre."""

    @property
    def device(self) -> str:
        """Its name there."""

    def sign(self, message: bytes) -> bytes:
        """Its signature (Ed25519)."""


@dataclass(frozen=True, slots=True)
class Asking:
    """One device's requests; for the driver's thread."""

    books: Books
    post: Post
    identity: Identity
    now_ms: Callable[[], int]

    def ask(self, request: Request) -> Outcome:
        """Performs a request; an answer that cannot be read is Failed(GARBLED)."""
        try:
            match request:
                case SendPush():
                    return self._push(request)
                case SendLists():
                    return self._lists(request)
                case AskSnapshot():
                    fetched = self.post.fetch("/v1/snapshot", self.books.snapshot_path())
                    return fetched if isinstance(fetched, Failed) else SnapshotTaken()
                case _:
                    return self._asked(request)
        except WireError:
            return Failed(Failure.GARBLED)

    def _asked(self, request: AskHeads | AskPage | AskToken) -> Outcome:
        match request:
            case AskHeads():
                return _read(Heads, self.post.get("/v1/heads"))
            case AskPage():
                return _read(PullAnswer, self.post.get("/v1/pull", self._wanted(request)))
            case AskToken():
                return _read(TokenAnswer, self.post.post("/v1/token", b"{}"))

    def _wanted(self, request: AskPage) -> dict[str, str]:
        scanning = self.now_ms() - self.books.last_scan_ms() < SCANNING_MS
        limit = ROWS_WHILE_SCANNING if scanning else ROWS_MAX
        return {"scope": request.scope.value, "cursor": request.cursor, "limit": str(limit)}

    def _push(self, request: SendPush) -> Outcome:
        return self._sent(self._message(request.no, request.start, request.entries_max, PUSH_BYTES_MAX))

    def _lists(self, request: SendLists) -> Outcome:
        """In as many posts as the bounds ask for; lists that are not there are said to be absent in the last one."""
        push = self._message(request.no, request.start, 0, 0)
        lists = {} if request.absent else {digest: self.books.chunks_of(digest) for digest in request.digests}
        chunks = [chunk for digest, stored in lists.items() for chunk in _chunks(digest, stored)]
        absent = tuple(digest for digest in request.digests if not lists.get(digest))
        posts = [replace(push, lists=group) for group in _grouped(chunks)] or [push]
        posts[-1] = replace(posts[-1], absent=absent)
        outcome: Outcome = Failed(Failure.GARBLED)
        for each in posts:
            outcome = self._sent(each)
            if isinstance(outcome, Failed | Fork):
                break
        return outcome

    def _message(self, no: int, start: int, entries_max: int, bytes_max: int) -> Push:
        """Signed, and with what the centre keeps of the last one: how the device is, and how far it has read."""
        sending = self.books.sending(no, start, entries_max, bytes_max)
        signature = self.identity.sign(
            signed_bytes(bytes.fromhex(sending.epoch.id), sending.last, bytes.fromhex(sending.last_hash))
        )
        return Push(
            proto=PROTO, schema=SCHEMA, device=self.identity.device, epoch=sending.epoch, start_seq=sending.start,
            prev_hash=sending.prev_hash, entries=sending.entries, chain_sig=signature,
            quiet_until=self.books.quiet_until(no, sending.last), cursor=self.books.cursor(Scope.FEED),
            health=self.books.health(),
        )  # fmt: skip

    def _sent(self, push: Push) -> Outcome:
        return _read(PushAnswer, self.post.post("/v1/push", write(push)))


def _read(kind: Any, body: bytes | Failed) -> Outcome:  # noqa: ANN401 - a message's class, or a union of them
    """The message in a body; WireError where it is none."""
    return body if isinstance(body, Failed) else cast("Outcome", read(kind, body))


def _chunks(digest: str, stored: Sequence[bytes]) -> list[Chunk]:
    """The chunks of one list as they travel: each names the hashes of all."""
    hashes = tuple(hashlib.sha256(chunk).hexdigest() for chunk in stored)
    return [Chunk(digest, hashes, n, chunk) for n, chunk in enumerate(stored)]


def _grouped(chunks: Sequence[Chunk]) -> list[tuple[Chunk, ...]]:
    """Chunks as posts may carry them; one always fits."""
    groups: list[list[Chunk]] = []
    size = 0
    for chunk in chunks:
        size += len(chunk.content)
        if not groups or size > PUSH_BYTES_MAX:
            groups.append([])
            size = len(chunk.content)
        groups[-1].append(chunk)
    return [tuple(group) for group in groups]
