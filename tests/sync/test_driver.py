"""The driver with ledger and network given by hand: what it asks, what it does with each answer, and how it ends."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from scanner_app.domain.feed import ROWS_WHILE_SCANNING, EpochState
from scanner_app.errors import StoreError
from sync import driver as driving
from sync import wire
from sync.asking import SCANNING_MS
from sync.driver import Driver, Sending, SyncState
from sync.engine import Engine
from sync.exchange import (
    ApplyPage,
    CutEpoch,
    Failed,
    Failure,
    KeepToken,
    LoadSnapshot,
    NoticeCode,
    ServerTime,
    SetWatermark,
)
from sync.link import Link, LinkState, Override

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sync.exchange import Effect

EPOCH = wire.Epoch("01" * 16, "A", "00" * 16, 0, "00" * 32)
LIST = "ab" * 32
OTHER_LIST = "cd" * 32
TIME = 77
PATIENCE_S = 20.0


def link_of(seq: int) -> str:
    return f"{seq:064x}"


@dataclass
class FakeBooks:
    """A ledger of one epoch; effects are kept, those that the engine asks about done."""

    entries: int = 0
    acked: int = 0
    cursors: dict[wire.Scope, str | None] = field(default_factory=lambda: dict.fromkeys(wire.Scope, "1.a"))
    effects: list[Effect] = field(default_factory=list)
    lists: dict[str, list[bytes]] = field(default_factory=dict)
    scanned_ms: int = -SCANNING_MS
    token_due: int | None = None
    sums_agree: bool = True
    fault: Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def epochs(self) -> list[EpochState]:
        return [EpochState(1, EPOCH.id, self.entries, self.entries, self.acked, self.acked, present=True)]

    def link(self, no: int, seq: int) -> str:
        assert no == 1
        return link_of(seq)

    def cursor(self, scope: wire.Scope) -> str | None:
        return self.cursors[scope]

    def token_due_ms(self) -> int | None:
        return self.token_due

    def sending(self, no: int, start: int, entries_max: int, bytes_max: int) -> Sending:
        assert (no, bytes_max in {0, wire.PUSH_BYTES_MAX}) == (1, True)
        last = min(self.entries, start - 1 + entries_max)
        content = tuple(f"entry {seq}".encode() for seq in range(start, last + 1))
        return Sending(EPOCH, start, link_of(start - 1), content, last, link_of(last))

    def chunks_of(self, digest: str) -> Sequence[bytes]:
        return self.lists.get(digest, [])

    def quiet_until(self, no: int, seq: int) -> int:
        return 1000 * no + seq

    def health(self) -> dict[str, str | int | bool | None]:
        return {"version": "1"}

    def last_scan_ms(self) -> int:
        return self.scanned_ms

    def snapshot_path(self) -> Path:
        return Path("/nowhere/snapshot.db")

    def perform(self, effect: Effect, now_ms: int) -> bool:
        assert now_ms > 0
        if self.fault is not None and not isinstance(effect, ServerTime):
            raise self.fault
        self.effects.append(effect)
        if isinstance(effect, SetWatermark):
            self.acked = effect.acked
        elif isinstance(effect, ApplyPage):
            self.cursors[effect.page.scope] = effect.page.cursor
            self.done.set()
            return self.sums_agree
        return True


@dataclass
class FakePost:
    """Answers by path, each once, the last one for ever; what was asked is kept."""

    answers: dict[str, deque[Any]] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    heard: threading.Event = field(default_factory=threading.Event)

    def answer(self, path: str, *answers: object) -> None:
        self.answers[path] = deque(answers)

    def _next(self, path: str, content: Any) -> Any:  # noqa: ANN401 - whatever was given
        self.asked.append((path, content))
        self.heard.set()
        left = self.answers.get(path)
        found = Failed(Failure.UNREACHABLE) if not left else left.popleft() if len(left) > 1 else left[0]
        if callable(found):
            found = found(content)
        return found if isinstance(found, (bytes, Failed)) else wire.write(found)

    def post(self, path: str, body: bytes) -> bytes | Failed:
        return self._next(path, body)  # type: ignore[no-any-return]

    def get(self, path: str, parameters: dict[str, str] | None = None) -> bytes | Failed:
        return self._next(path, parameters)  # type: ignore[no-any-return]

    def fetch(self, path: str, into: Path) -> object | Failed:
        self.asked.append((path, into))
        found: object | Failed = self.answers[path][0]
        return found

    def pushes(self) -> list[wire.Push]:
        return [wire.read(wire.Push, body) for path, body in self.asked if path == "/v1/push"]


@dataclass
class FakeIdentity:
    device: str = "A"

    def sign(self, message: bytes) -> bytes:
        return b"signed " + message


def ack_all(body: bytes) -> wire.Ack:
    push = wire.read(wire.Push, body)
    seq = push.start_seq - 1 + len(push.entries)
    return wire.Ack("ack", EPOCH.id, seq, link_of(seq), seq, TIME)


def heads(seq: int = 0) -> wire.Heads:
    return wire.Heads("A", (wire.EpochHead(EPOCH.id, seq, link_of(seq), seq),), "1.a", "1.a", TIME)


def page(parameters: dict[str, str], site_sum: str | None = "00") -> wire.Page:
    return wire.Page(
        "page", wire.Scope(parameters["scope"]), "2.b", more=False, rows=(), server_time=TIME, site_sum=site_sum
    )


@dataclass
class Drive:
    """A driver without threads, and the time."""

    books: FakeBooks = field(default_factory=FakeBooks)
    post: FakePost = field(default_factory=FakePost)
    states: list[SyncState] = field(default_factory=list)
    now: int = 1_000_000

    def __post_init__(self) -> None:
        self.post.answer("/v1/heads", heads(self.books.acked))
        self.post.answer("/v1/pull", page)
        self.post.answer("/v1/push", ack_all)
        self.driver = Driver(
            Engine(Random(3)), self.books, self.post, FakeIdentity(), self.tick, changed=self.states.append
        )

    def tick(self) -> int:
        self.now += 1
        return self.now

    def settle(self) -> int:
        """Until there is nothing to do; until when."""
        for _ in range(200):
            until_ms = self.driver.turn()
            if until_ms is not None:
                return until_ms
        raise AssertionError("it does not come to rest")

    def later(self, ms: int = 20 * 60_000) -> None:
        self.now += ms
        self.settle()

    @property
    def state(self) -> SyncState:
        return self.driver.state


# --- requests --------------------------------------------------------------------------------------------------------


def test_entries_go_out_signed_with_what_the_centre_wants_to_know() -> None:
    drive = Drive(FakeBooks(entries=2))
    drive.settle()
    push = drive.post.pushes()[0]
    assert push == wire.Push(
        proto=1, schema=1, device="A", epoch=EPOCH, start_seq=1, prev_hash=link_of(0), entries=(b"entry 1", b"entry 2"),
        chain_sig=b"signed " + wire.signed_bytes(bytes.fromhex(EPOCH.id), 2, bytes.fromhex(link_of(2))),
        quiet_until=1002, cursor=push.cursor, health={"version": "1"},
    )  # fmt: skip
    assert push.cursor in {"1.a", "2.b"}
    assert drive.books.acked == 2
    assert (drive.state.link, drive.state.trouble) == (LinkState.ONLINE, None)
    assert ServerTime(TIME) in drive.books.effects


def test_before_the_first_answer_it_is_offline_since_it_began_and_no_longer() -> None:
    engine = Engine(Random(3), Link(since_ms=5_000))
    driver = Driver(engine, FakeBooks(), FakePost(), FakeIdentity(), lambda: 5_000)
    assert (driver.state.link, driver.state.since_ms) == (LinkState.OFFLINE, 5_000)


@pytest.mark.parametrize(("since_ms", "limit"), [(10, ROWS_WHILE_SCANNING), (SCANNING_MS + 100, wire.ROWS_MAX)])
def test_pages_are_small_while_somebody_scans(since_ms: int, limit: int) -> None:
    drive = Drive()
    drive.books.scanned_ms = drive.now - since_ms
    drive.settle()
    asked = [content for path, content in drive.post.asked if path == "/v1/pull"]
    assert [(each["scope"], each["cursor"], each["limit"]) for each in asked] == [
        ("watch", "1.a", str(limit)), ("feed", "1.a", str(limit)),
    ]  # fmt: skip


def wanting(*digests: str) -> Callable[[bytes], wire.ListsWanted | wire.Ack]:
    """Asks for lists once."""
    told = list(digests)

    def answer(body: bytes) -> wire.ListsWanted | wire.Ack:
        if told and wire.read(wire.Push, body).entries:
            wanted = tuple(told)
            told.clear()
            return wire.ListsWanted("lists", EPOCH.id, 0, link_of(0), wanted, TIME)
        return ack_all(body)

    return answer


def test_lists_go_out_in_as_many_posts_as_it_takes() -> None:
    drive = Drive(FakeBooks(entries=1, lists={LIST: [b"x" * 200_000, b"y" * 200_000]}))
    drive.post.answer("/v1/push", wanting(LIST, OTHER_LIST))
    drive.settle()
    _, one, two, again = drive.post.pushes()[:4]
    assert [chunk.n for chunk in (*one.lists, *two.lists)] == [0, 1]
    assert one.lists[0].hashes == two.lists[0].hashes
    assert (one.entries, one.absent, two.absent) == ((), (), (OTHER_LIST,))
    assert (one.quiet_until, one.health) == (1000, {"version": "1"})
    assert again.entries == (b"entry 1",)


def test_lists_that_are_not_there_are_said_to_be_absent() -> None:
    drive = Drive(FakeBooks(entries=1))
    drive.post.answer("/v1/push", wanting(LIST))
    drive.settle()
    told = drive.post.pushes()[1]
    assert (told.lists, told.absent) == ((), (LIST,))


def test_lists_that_fail_on_the_way_are_not_gone_on_with() -> None:
    drive = Drive(FakeBooks(entries=1, lists={LIST: [b"x" * 200_000, b"y" * 200_000]}))
    wanted = wire.ListsWanted("lists", EPOCH.id, 0, link_of(0), (LIST,), TIME)
    drive.post.answer("/v1/push", wanted, Failed(Failure.BUSY, 1000), ack_all)
    drive.settle()
    assert [len(push.lists) for push in drive.post.pushes()] == [0, 1]


def test_a_snapshot_is_fetched_into_its_place_and_loaded() -> None:
    drive = Drive(FakeBooks(cursors=dict.fromkeys(wire.Scope)))
    drive.post.answer("/v1/snapshot", object())
    drive.driver.turn()
    drive.driver.turn()
    assert ("/v1/snapshot", Path("/nowhere/snapshot.db")) in drive.post.asked
    assert LoadSnapshot() in drive.books.effects


def test_a_snapshot_that_fails_is_trouble() -> None:
    drive = Drive(FakeBooks(cursors=dict.fromkeys(wire.Scope)))
    drive.post.answer("/v1/snapshot", Failed(Failure.BUSY, 1000, "SNAPSHOT_NOT_READY"))
    drive.settle()
    assert LoadSnapshot() not in drive.books.effects
    assert drive.state.trouble == Failed(Failure.BUSY, 1000, "SNAPSHOT_NOT_READY")


def test_a_new_token_is_kept() -> None:
    drive = Drive(FakeBooks(token_due=0))
    drive.post.answer("/v1/token", wire.TokenAnswer("new", 9, TIME))
    drive.settle()
    assert KeepToken(wire.TokenAnswer("new", 9, TIME)) in drive.books.effects
    assert [content for path, content in drive.post.asked if path == "/v1/token"] == [b"{}"]


@pytest.mark.parametrize("garbled", [b"", b"{", b"[]", b'{"type":"ack"}', b"\xff"])
def test_an_answer_that_cannot_be_read_is_garbled(garbled: bytes) -> None:
    drive = Drive()
    drive.post.answer("/v1/heads", garbled)
    drive.settle()
    assert drive.state.trouble == Failed(Failure.GARBLED)
    assert drive.books.effects == []


# --- answers ---------------------------------------------------------------------------------------------------------


def test_a_fork_cuts_and_is_told_until_something_else_is() -> None:
    drive = Drive(FakeBooks(entries=3))
    fork = wire.Fork("fork", EPOCH.id, (wire.Link(9, "ff" * 32), wire.Link(1, link_of(1))), TIME)
    drive.post.answer("/v1/push", fork, Failed(Failure.BUSY, 60_000))
    drive.settle()
    assert CutEpoch(1, 1) in drive.books.effects
    assert drive.state.notice is NoticeCode.FORKED


@pytest.mark.parametrize(
    ("failure", "notice"),
    [(Failure.TURNED_AWAY, NoticeCode.TURNED_AWAY), (Failure.OTHER_VERSION, NoticeCode.OTHER_VERSION)],
)
def test_being_turned_away_is_told_until_any_answer_comes(failure: Failure, notice: NoticeCode) -> None:
    drive = Drive(FakeBooks(entries=1))
    drive.post.answer("/v1/heads", Failed(failure, None, "REVOKED"), heads())
    drive.settle()
    assert (drive.state.notice, drive.state.told) == (notice, "REVOKED")
    assert drive.post.pushes() == []
    drive.later()
    assert (drive.state.notice, drive.state.told, drive.books.acked) == (None, "", 1)


def test_what_was_refused_stays_told_until_it_is_answered() -> None:
    """Other requests go on meanwhile; their answers say nothing of this one."""
    drive = Drive(FakeBooks(entries=1))
    drive.post.answer("/v1/push", Failed(Failure.REFUSED, None, "MALFORMED"), ack_all)
    drive.settle()
    assert (drive.state.notice, drive.state.told) == (NoticeCode.REFUSED, "MALFORMED")
    assert [effect for effect in drive.books.effects if isinstance(effect, ApplyPage)]
    drive.later()
    assert (drive.state.notice, drive.books.acked) == (None, 1)


def test_a_base_that_differs_is_told_and_fetched_anew() -> None:
    drive = Drive(FakeBooks(sums_agree=False))
    drive.post.answer("/v1/snapshot", object())
    while NoticeCode.SUM_DIFFERS not in [state.notice for state in drive.states]:
        drive.driver.turn()
    drive.books.sums_agree = True
    drive.settle()
    assert LoadSnapshot() in drive.books.effects
    assert drive.state.notice is None


def test_pages_without_a_sum_prove_nothing() -> None:
    drive = Drive(FakeBooks(sums_agree=False))
    drive.post.answer("/v1/snapshot", Failed(Failure.BUSY, 1000))
    drive.settle()
    drive.books.sums_agree = True
    drive.post.answer("/v1/pull", lambda parameters: page(parameters, None))
    drive.later()
    assert drive.state.notice is NoticeCode.SUM_DIFFERS


@pytest.mark.parametrize("failure", [Failure.UNREACHABLE, Failure.TIMED_OUT, Failure.GARBLED, Failure.BROKEN])
def test_trouble_is_told_and_over_with_the_next_answer(failure: Failure) -> None:
    drive = Drive()
    drive.post.answer("/v1/heads", Failed(failure, None, "WHY"), heads())
    drive.settle()
    assert drive.state.trouble == Failed(failure, None, "WHY")
    drive.later()
    assert drive.state.trouble is None


def test_nothing_is_told_twice() -> None:
    drive = Drive()
    drive.settle()
    told = len(drive.states)
    drive.settle()
    assert len(drive.states) == told
    assert all(first != second for first, second in zip(drive.states, drive.states[1:], strict=False))


# --- from other threads ----------------------------------------------------------------------------------------------


def test_a_word_of_the_worker_is_heeded_before_anything_is_asked() -> None:
    drive = Drive(FakeBooks(entries=1))
    drive.driver.set_override(Override.OFFLINE)
    drive.driver.hurry()
    drive.settle()
    assert drive.post.asked == []
    assert drive.state.override is Override.OFFLINE
    drive.driver.set_override(Override.AUTOMATIC)
    drive.settle()
    assert drive.books.acked == 1


def test_hurry_ends_every_pause_and_a_hint_asks_for_the_feed() -> None:
    drive = Drive()
    drive.post.answer("/v1/heads", Failed(Failure.BUSY, 900_000), heads())
    drive.settle()
    drive.driver.hurry()
    drive.settle()
    asked = len(drive.post.asked)
    assert asked > 2
    drive.driver.hinted()
    drive.settle()
    assert [path for path, _ in drive.post.asked[asked:]] == ["/v1/pull", "/v1/pull"]


def test_a_fault_of_an_effect_is_told_and_the_state_with_it() -> None:
    """The ledger cannot: the round raises, and whatever it was is asked again later."""
    drive = Drive(FakeBooks(entries=1))
    drive.books.fault = StoreError("DISK_FULL", "The disk is full.")
    raised = []
    for _ in range(6):
        try:
            drive.driver.turn()
        except StoreError as fault:
            raised.append(fault)
    assert raised
    assert drive.states[-1].link is LinkState.ONLINE
    drive.books.fault = None
    drive.later()
    assert drive.books.acked == 1


# --- on threads ------------------------------------------------------------------------------------------------------


class Threads:
    """A driver on its threads; `waits` is told of each call."""

    def __init__(self, drive: Drive, **more: Any) -> None:  # noqa: ANN401 - fields of it
        self.drive = drive
        self.faults: list[Exception] = []
        self.faulted = threading.Event()
        self.ended = threading.Event()

        def failed(fault: Exception) -> None:
            self.faults.append(fault)
            self.faulted.set()

        self.driver = replace(drive.driver, failed=failed, ended=self.ended.set, **more)


def test_a_commit_is_sent_at_once_from_any_thread() -> None:
    drive = Drive()
    pushed = threading.Event()

    def ack(body: bytes) -> wire.Ack:
        if wire.read(wire.Push, body).entries:
            pushed.set()
        return ack_all(body)

    drive.post.answer("/v1/push", ack)
    threads = Threads(drive)
    threads.driver.start()
    assert drive.books.done.wait(PATIENCE_S)
    drive.books.entries = 1
    threads.driver.committed()
    assert pushed.wait(PATIENCE_S)
    assert threads.driver.stop()
    assert threads.ended.is_set()
    assert threads.faults == []


def test_a_fault_on_the_thread_is_told_and_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driving, "AFTER_FAULT_S", 0.01)
    drive = Drive(FakeBooks(entries=1))
    drive.books.fault = ZeroDivisionError("a bug")
    threads = Threads(drive)
    threads.driver.start()
    assert threads.faulted.wait(PATIENCE_S)
    drive.books.fault = None
    drive.books.done.clear()
    threads.driver.hurry()
    assert drive.books.done.wait(PATIENCE_S)
    assert threads.driver.stop()
    assert {type(fault) for fault in threads.faults} == {ZeroDivisionError}


def test_a_fault_rests_whatever_wakes_it_but_the_worker() -> None:
    drive = Drive(FakeBooks(entries=1))
    drive.books.fault = StoreError("DISK_FULL", "The disk is full.")
    threads = Threads(drive)
    threads.driver.start()
    assert threads.faulted.wait(PATIENCE_S)
    threads.faulted.clear()
    asked = len(drive.post.asked)
    for _ in range(50):
        threads.driver.committed()
        threads.driver.hinted()
    assert not threads.faulted.wait(0.1)
    assert len(drive.post.asked) == asked
    threads.driver.hurry()
    assert threads.faulted.wait(PATIENCE_S)
    assert threads.driver.stop()


def test_stopping_gives_up_what_is_in_the_air() -> None:
    drive = Drive()
    hung_up = threading.Event()

    def hang(_: object) -> Failed:
        assert hung_up.wait(PATIENCE_S)
        return Failed(Failure.UNREACHABLE)

    drive.post.answer("/v1/heads", hang)
    threads = Threads(drive, hang_up=hung_up.set)
    threads.driver.start()
    assert drive.post.heard.wait(PATIENCE_S)
    assert threads.driver.stop(PATIENCE_S)
    assert threads.driver.state.trouble is None


def test_what_does_not_end_in_time_is_said() -> None:
    drive = Drive()
    free = threading.Event()
    drive.post.answer("/v1/heads", lambda _: free.wait(PATIENCE_S) and heads())
    threads = Threads(drive)
    threads.driver.start()
    assert drive.post.heard.wait(PATIENCE_S)
    assert not threads.driver.stop(0.01)
    free.set()
    assert threads.driver.stop(PATIENCE_S)


def test_a_fault_after_the_stop_is_nobodys() -> None:
    drive = Drive()
    free = threading.Event()

    def broken(_: object) -> bytes:
        assert free.wait(PATIENCE_S)
        raise ZeroDivisionError

    drive.post.answer("/v1/heads", broken)
    threads = Threads(drive, hang_up=free.set)
    threads.driver.start()
    assert drive.post.heard.wait(PATIENCE_S)
    assert threads.driver.stop(PATIENCE_S)
    assert threads.faults == []


def test_a_driver_that_never_started_stops() -> None:
    assert Drive().driver.stop()


@dataclass
class Stream:
    """A stream given by hand: each listening is one of the acts, the last one for ever."""

    acts: list[Callable[[Callable[[str, str], None], Callable[[], bool]], Failed]]
    opened: int = 0

    def __call__(self, hear: Callable[[str, str], None], stopped: Callable[[], bool]) -> Failed:
        self.opened += 1
        return (self.acts.pop(0) if len(self.acts) > 1 else self.acts[0])(hear, stopped)


def test_the_stream_wakes_the_driver_and_is_opened_again() -> None:
    """It ends, or fails by a fault of our own: either way it comes back, and nobody is left deaf."""
    drive = Drive()
    deaf, stay = threading.Event(), threading.Event()

    def ends(*_: object) -> Failed:
        drive.now += driving.STREAM_LASTED_MS
        return Failed(Failure.UNREACHABLE)

    def breaks(*_: object) -> Failed:
        raise ZeroDivisionError

    def speaks(hear: Callable[[str, str], None], stopped: Callable[[], bool]) -> Failed:
        deaf.set()
        assert not stopped()
        drive.books.done.clear()
        hear("", "")
        hear("more", "7")
        assert stay.wait(PATIENCE_S)
        assert stopped()
        return Failed(Failure.UNREACHABLE)

    stream = Stream([ends, breaks, speaks])
    threads = Threads(drive, hang_up=stay.set)
    threads.driver.start(stream)
    assert threads.faulted.wait(PATIENCE_S)
    threads.driver.hurry()
    assert deaf.wait(PATIENCE_S)
    assert drive.books.done.wait(PATIENCE_S)
    assert threads.driver.stop()
    assert stream.opened == 3


def test_the_stream_waits_for_a_link_and_ends_with_the_workers_word() -> None:
    drive = Drive()
    opened, over = threading.Event(), threading.Event()

    def listens(_: object, stopped: Callable[[], bool]) -> Failed:
        opened.set()
        while not stopped():
            over.wait(0.01)
        over.set()
        return Failed(Failure.UNREACHABLE)

    drive.post.answer("/v1/heads", Failed(Failure.UNREACHABLE))
    threads = Threads(drive)
    threads.driver.start(Stream([listens]))
    assert drive.post.heard.wait(PATIENCE_S)
    assert not opened.wait(0.05)
    drive.post.answer("/v1/heads", heads())
    threads.driver.hurry()
    assert opened.wait(PATIENCE_S)
    threads.driver.set_override(Override.OFFLINE)
    assert over.wait(PATIENCE_S)
    assert threads.driver.stop()
