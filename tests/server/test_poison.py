"""Poison: whatever an entry, a list or a whole push holds, ingest answers, stores the bytes, and the books agree."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from scanner_app.domain.lists import list_digest
from server.feed import page
from server.problems import ProblemError
from server.pushes import prepare
from server.verify import verify
from sync import wire
from sync.wire import Scope
from tests.server.handhelds import SITE, Handheld, new_books, received
from tests.server.test_strict import ANYTHING, GOOD, PATHS, put

if TYPE_CHECKING:
    from server.books import Books

FIXED = {
    "deep lists": b"[" * 65_000,
    "deep objects": b"{" * 2_000,
    "nested": b'{"a":' * 900 + b"1" + b"}" * 900,
    "long": b"x" * 65_536,
    "zero": b"\x00",
    "null": b"null",
    "infinite": b"1e999",
    "no number": b"NaN",
    "half a pair": b'"\\ud800"',
}


def fixed(name: str) -> bytes:
    """The poison of a name: so long that it is better called by one."""
    return FIXED[name]


POISON = st.one_of(
    st.binary(max_size=80),
    st.builds(
        lambda path, value: json.dumps(put(json.loads(GOOD), path, value)).encode("utf-8", "surrogatepass"),
        st.sampled_from(PATHS),
        ANYTHING,
    ),
    st.builds(fixed, st.sampled_from(sorted(FIXED))),
)


class Poisoned(RuleBasedStateMachine):
    """Two devices push good entries, poison and lists in any order; one of them re-issues what it has."""

    @initialize()
    def start(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.books: Books = new_books(Path(self._folder.name) / "centre.db")
        self.devices = [Handheld("A"), Handheld("B", epoch=b"\x02" * 16)]
        self.acked = [0, 0]
        self.serials = 0

    @rule(which=st.integers(0, 1), poison=st.lists(POISON, min_size=1, max_size=4))
    def writes_poison(self, which: int, poison: list[bytes]) -> None:
        for each in poison:
            self.devices[which].write(each)

    @rule(which=st.integers(0, 1), many=st.integers(1, 3))
    def receives(self, which: int, many: int) -> None:
        for _ in range(many):
            self.serials += 1
            self.devices[which].receive(f"S{self.serials % 7}")

    @rule(which=st.integers(0, 1), content=POISON)
    def names_a_list(self, which: int, content: bytes) -> None:
        device = self.devices[which]
        digest = list_digest([content])
        device.lists[digest] = [content]
        device.write(device.entry(received("L1"), lists=(digest,)))

    @rule(which=st.integers(0, 1))
    def copies_an_entry_of_the_other(self, which: int) -> None:
        for stored in self.devices[1 - which].entries[-1:]:
            self.devices[which].write(stored)

    @rule(which=st.integers(0, 1), honest=st.booleans())
    def pushes(self, which: int, honest: bool) -> None:  # noqa: FBT001 - drawn by the machine
        device = self.devices[which]
        answer = device.send(self.books, self.acked[which] + 1)
        assert isinstance(answer, wire.Ack | wire.ListsWanted)
        if isinstance(answer, wire.ListsWanted):
            known = {"lists": device.chunks(*answer.digests)} if honest else {"absent": answer.digests}
            answer = device.send(self.books, answer.seq + 1, answer.seq, **known)
            assert isinstance(answer, wire.Ack)
        assert answer.seq >= self.acked[which]
        self.acked[which] = answer.seq

    @invariant()
    def every_byte_is_stored_in_its_place(self) -> None:
        session = self.books.database.session
        for device, acked in zip(self.devices, self.acked, strict=True):
            kept = session.all("SELECT bytes FROM entry WHERE epoch = ? ORDER BY seq", (device.epoch,))
            assert [row[0] for row in kept] == device.entries[:acked]

    def teardown(self) -> None:
        if not hasattr(self, "books"):
            return
        found = verify(self.books.path)
        assert found.ok, found.findings
        session = self.books.database.session
        ((link0,),) = session.all("SELECT link0 FROM site")
        answer = page(session, SITE, Scope.FEED, f"0.{link0.hex()}", 500, 0)
        wire.read(wire.Page, wire.write(answer))
        self.books.close()
        self._folder.cleanup()


Poisoned.TestCase.settings = settings(max_examples=30, stateful_step_count=12, deadline=None)
TestPoisoned = Poisoned.TestCase

HANDHELD = Handheld()
HANDHELD.receive("S1")
PUSH = json.loads(wire.write(HANDHELD.push()))


def refused(body: bytes) -> None:
    """Every push that is not right is a problem of the 400s."""
    try:
        prepare(HANDHELD.identity, body)
    except ProblemError as problem:
        assert problem.kind.status < 500  # noqa: PT017 - a push may also be right


@given(st.binary(max_size=200))
def test_any_body_is_answered(body: bytes) -> None:
    refused(body)


@given(st.sampled_from(sorted(PUSH)), ANYTHING)
def test_a_push_with_anything_in_any_field_is_answered(field: str, value: object) -> None:
    refused(json.dumps({**PUSH, field: value}).encode("utf-8", "surrogatepass"))


@given(st.sampled_from(sorted(PUSH["epoch"])), ANYTHING)
def test_a_push_with_anything_in_its_epoch_is_answered(field: str, value: object) -> None:
    given_push = {**PUSH, "epoch": {**PUSH["epoch"], field: value}}
    refused(json.dumps(given_push).encode("utf-8", "surrogatepass"))
