"""A device of another make, whose chain holds whatever bytes: poison for the centre and for all who read the feed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from scanner_app.domain.entry import ENTRY_BYTES_MAX, encode_entry
from server.problems import ProblemError
from sync import wire
from tests.server.handhelds import Handheld, received
from tests.simulation.device import key_of
from tests.simulation.promises import promise

if TYPE_CHECKING:
    from random import Random

    from tests.simulation.world import World

PUSHES_MAX: Final = 50


@dataclass
class Stranger:
    """Writes and pushes by itself, without a ledger."""

    world: World
    source: Random
    site: str

    def __post_init__(self) -> None:
        self.handheld = Handheld("STRANGER", site=self.site, epoch=b"\x5a" * 16, key=key_of("STRANGER"))

    def write(self) -> str:
        """One more entry that nobody should be harmed by; what kind it was."""
        kinds = (
            self._noise, self._no_entry, self._later_schema, self._unknown_kind, self._unbalanced, self._huge,
            self._absent_list, self._of_another_site, self._same_event, self._strange_text, self._deep, self._good,
        )  # fmt: skip
        kind = self.source.choice(kinds)
        self.handheld.write(kind())
        return kind.__name__.strip("_")

    def _changed(self, **more: Any) -> bytes:  # noqa: ANN401 - any field of an entry's object
        told = json.loads(self._good())
        return json.dumps({**told, **more}, ensure_ascii=False).encode()

    def _good(self) -> bytes:
        serial = f"S{self.source.randrange(6)}"
        entry = self.handheld.entry(received(serial), event_id=self.world.new_id())
        return encode_entry(entry)

    def _noise(self) -> bytes:
        return self.source.randbytes(self.source.choice((0, 1, 300)))

    def _no_entry(self) -> bytes:
        return self.source.choice((b"{", b"[]", b"{}", b"null", b'{"v":1,"event_id":"x"}', b"1e999"))

    def _later_schema(self) -> bytes:
        return self._changed(v=2)

    def _unknown_kind(self) -> bytes:
        return self._changed(kind="teleported")

    def _unbalanced(self) -> bytes:
        posting = json.loads(self._good())["postings"][0]
        wrong = self.source.choice(({"quantity": -5}, {"quantity": 0}, {"quantity": 1.5}, {"to": posting["from"]}))
        return self._changed(postings=[{**posting, **wrong}])

    def _huge(self) -> bytes:
        return self._changed(note="x" * ENTRY_BYTES_MAX)

    def _absent_list(self) -> bytes:
        return self._changed(lists=[self.source.randbytes(32).hex()])

    def _of_another_site(self) -> bytes:
        event = self.world.some_event()
        more = {} if event is None or self.source.random() < 0.5 else {"event_id": event}
        return self._changed(site=self.world.other_site(self.site), **more)

    def _same_event(self) -> bytes:
        """Other bytes under the id of an event that some device has made."""
        event = self.world.some_event()
        return self._good() if event is None else self._changed(event_id=event)

    def _strange_text(self) -> bytes:
        return self._changed(note=self.source.choice(("\0", "é" * 70, "\U0001f4a9", "\u202e")), operator="\0")

    def _deep(self) -> bytes:
        return b'{"v":' + b"[" * 5_000 + b"]" * 5_000 + b"}"

    def push(self) -> bool:
        """Sends what the centre does not have; whether there was anything."""
        identity, centre = self.handheld.identity, self.world.centre
        start = self.known_seq() + 1
        if start > len(self.handheld.entries):
            return False
        push = self.handheld.push(start, self.source.choice((start, None)))
        try:
            answer: Any = wire.read(wire.PushAnswer, centre.push(identity, wire.write(push)))
            if isinstance(answer, wire.ListsWanted):
                absent = self.handheld.push(answer.seq + 1, answer.seq, absent=answer.digests)
                centre.push(identity, wire.write(absent))
        except ProblemError as problem:
            promise(problem.code == "TOO_LARGE", f"a push of a stranger's is refused: {problem.code}")
            centre.push(identity, wire.write(self.handheld.push(start, start)))
        return True

    def known_seq(self) -> int:
        """How far the centre has its chain."""
        heads = wire.read(wire.Heads, self.world.centre.heads(self.handheld.identity)).epochs
        return next((head.seq for head in heads if head.epoch == self.handheld.epoch.hex()), 0)

    def meddle(self) -> None:
        """Sends a list of somebody else's, as it is or spoilt: that is good for its entry, or nothing at all."""
        found = self.world.some_list(self.site)
        if found is None:
            return
        digest, chunks = found
        hashes = tuple(hashlib.sha256(chunk).hexdigest() for chunk in chunks)
        good = self.source.random() < 0.5
        sent = [chunk if good else chunk[:-1] + b"?" for chunk in chunks]
        lists = tuple(wire.Chunk(digest, hashes, n, content) for n, content in enumerate(sent))
        if sum(map(len, sent)) < wire.PUSH_BYTES_MAX:
            seq = self.known_seq()
            self.world.centre.push(self.handheld.identity, wire.write(self.handheld.push(seq + 1, seq, lists=lists)))

    def push_all(self) -> None:
        """Everything, in calm weather."""
        for _ in range(PUSHES_MAX):
            if not self.push():
                return
        promise(holds=False, sentence="a stranger's chain never gets through")
