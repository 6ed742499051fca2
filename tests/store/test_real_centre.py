"""The store between the real engine and the real centre, without a network: both hold the same stock in the end."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from scanner_app.bootstrap.syncing import fed
from scanner_app.domain import facts as f
from scanner_app.domain.lists import MemberList
from scanner_app.domain.stock import SUPPLIER, ContainerMove, Posting, Seal
from scanner_app.store.ledger import Ledger, PageEnd
from scanner_app.store.snapshot import check_snapshot
from scanner_app.store.verify import verify
from server import feed, snapshot
from server.ingest import take_push
from server.pushes import prepare
from sync import exchange, wire
from sync.engine import Engine
from tests.server.handhelds import GTIN, SITE, Handheld, new_books, stock_key
from tests.store.ledgers import make_epoch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner_app.domain.entry import Entry
    from server.books import Books
    from sync.exchange import Effect, Outcome, Request

PALLET = "sscc:095210010000040013"
ROUNDS_MAX = 500
PAUSE_MS = 5_000
"""What is waited for within one sync: the pause after a cut, not the next look."""


@dataclass
class Device:
    """A ledger with its engine, and the centre as if there were no network between."""

    name: str
    folder: Path
    books: Books
    page_rows: int = 7
    now_ms: int = 0
    loaded: int = 0
    notices: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.maker = Handheld(self.name)
        self.engine = Engine(Random(self.name))
        self.ledger = Ledger.open(self.path, self.name, make_epoch)

    @property
    def path(self) -> Path:
        return self.folder / "ledger.db"

    # What the engine asks of the store.

    def epochs(self) -> Any:  # noqa: ANN401 - as the engine's port says
        return self.ledger.outbox.epochs()

    def link(self, no: int, seq: int) -> str:
        return self.ledger.outbox.link_at(no, seq).hex()

    def cursor(self, scope: wire.Scope) -> str | None:
        return self.ledger.site.cursor(scope)

    def token_due_ms(self) -> int | None:
        return None

    # Work.

    def write(self, *postings: Posting, lists: tuple[MemberList, ...] = (), **more: Any) -> Entry:  # noqa: ANN401 - any field
        entry = self.maker.entry(*postings, **more)
        with self.ledger.step() as step:
            step.append(entry, lists)
        return entry

    def sync(self) -> None:
        """Until there is nothing to do but wait for the next look."""
        self.engine.hurry()
        for _ in range(ROUNDS_MAX):
            asked = self.engine.next(self.now_ms, self)
            if isinstance(asked, exchange.Wait):
                if asked.until_ms - self.now_ms > PAUSE_MS:
                    return
                self.now_ms = asked.until_ms
                continue
            self.now_ms += 1
            for effect in self.engine.done(asked, self.perform(asked), self.now_ms, self):
                self.apply(effect)
        raise AssertionError("it does not come to rest")

    def perform(self, asked: Request) -> Outcome:
        session = self.books.database.session
        match asked:
            case exchange.AskHeads():
                return feed.heads(session, SITE, self.name, self.now_ms)
            case exchange.SendPush(no, start, entries_max):
                return self.push(no, start, entries_max, ())
            case exchange.SendLists(no, start, digests):
                return self.push(no, start, 0, digests)
            case exchange.AskPage(scope, cursor):
                return feed.page(session, SITE, scope, cursor, self.page_rows, self.now_ms)
            case exchange.AskSnapshot():
                self.snapshot.unlink(missing_ok=True)
                snapshot.build(self.books.path, SITE, self.snapshot, self.now_ms)
                return exchange.SnapshotTaken()
            case _:
                raise AssertionError(asked)

    @property
    def snapshot(self) -> Path:
        return self.folder / "snapshot.db"

    def push(self, no: int, start: int, entries_max: int, digests: tuple[str, ...]) -> wire.PushAnswer:
        batch = self.ledger.outbox.batch(no, start, entries_max, wire.PUSH_BYTES_MAX)
        chunks = {digest: self.ledger.outbox.chunks_of(digest) for digest in digests}
        last = bytes.fromhex(batch.epoch.id), batch.last, bytes.fromhex(batch.last_hash)
        push = wire.Push(
            proto=1, schema=1, device=self.name, epoch=wire.Epoch(**{name: getattr(batch.epoch, name) for name in (
                "id", "device", "parent_epoch", "parent_seq", "parent_hash",
            )}), start_seq=start, prev_hash=batch.prev_hash, entries=batch.entries,
            chain_sig=self.maker.key.sign(wire.signed_bytes(*last)),
            lists=tuple(
                wire.Chunk(digest, tuple(hashlib.sha256(each).hexdigest() for each in stored), n, content)
                for digest, stored in chunks.items()
                for n, content in enumerate(stored)
            ),
            absent=tuple(digest for digest, stored in chunks.items() if not stored),
        )  # fmt: skip
        prepared = prepare(replace(self.maker.identity, device=self.name), wire.write(push))
        return self.books.do(SITE, lambda writing: take_push(writing, prepared))

    def apply(self, effect: Effect) -> None:
        match effect:
            case exchange.SetWatermark(no, acked, safe):
                self.ledger.set_watermark(no, acked, safe)
            case exchange.CutEpoch(no, seq):
                self.ledger.cut_epoch(no, seq, make_epoch())
            case exchange.OpenEpoch():
                self.ledger.open_epoch(make_epoch())
            case exchange.ApplyPage(page):
                end = PageEnd(page.scope, page.cursor, page.server_time, page.site_sum)
                if self.ledger.apply_page(list(map(fed, page.rows)), end).sum_differs:
                    self.engine.sum_differs()
            case exchange.LoadSnapshot():
                check_snapshot(self.snapshot)
                self.ledger.load_snapshot(self.snapshot)
                self.loaded += 1
            case exchange.Notice(code):
                self.notices.append(code.value)
            case _:
                pass

    def image_put_back(self, image: Path) -> None:
        self.ledger.close()
        shutil.copyfile(image, self.path)
        self.ledger = Ledger.open(self.path, self.name, make_epoch)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = new_books(tmp_path / "centre.db")
    yield opened
    opened.close()


@pytest.fixture
def pair(tmp_path: Path, books: Books) -> Iterator[tuple[Device, Device]]:
    """Two devices; in the end they and the centre hold the same, and everything verifies."""
    devices = Device("A", tmp_path / "A", books), Device("B", tmp_path / "B", books, page_rows=1)
    yield devices
    for _ in range(2):
        for device in devices:
            device.sync()
    total = feed.head_of(books.database.session, SITE).site_sum
    for device in devices:
        assert f"{device.ledger.site.site_sum:016x}" == total
        assert device.ledger.counters().scans_sent == device.ledger.counters().scans_saved
        assert [epoch.end - epoch.acked for epoch in device.epochs()] == [0] * len(device.epochs())
        assert device.ledger._connection.execute("SELECT count(*) FROM on_hand").fetchone() == (0,)
        device.ledger.close()
        assert verify(device.path).findings == ()


def quantities(device: Device) -> dict[str, int]:
    lines = device.ledger.answer(f.StockOf(GTIN))
    assert isinstance(lines, tuple)
    return {line.place: line.quantity for line in lines}


def received(serial: str | None, quantity: int = 1, to: str = "DOCK-1") -> Posting:
    return Posting(stock_key(serial), quantity, SUPPLIER, to)


def test_two_devices_and_their_centre_hold_the_same(pair: tuple[Device, Device]) -> None:
    first, second = pair
    first.write(received("S1"))
    first.write(received(None, 9), document="ASN-1")
    first.sync()
    second.sync()
    assert quantities(second) == quantities(first) == {"DOCK-1": 10}
    assert (first.loaded, second.loaded) == (1, 1)
    assert [each.code for each in (second.ledger.answer(f.PlaceOf("DOCK-1")),)] == ["DOCK-1"]  # type: ignore[attr-defined] # a Place
    second.write(Posting(stock_key("S1"), 1, "DOCK-1", "A-01-1"))
    second.sync()
    first.sync()
    assert quantities(first) == {"DOCK-1": 9, "A-01-1": 1}
    summary = first.ledger.answer(f.DocumentSummary("ASN-1"))
    assert isinstance(summary, f.SummaryFact)
    assert (summary.expected, summary.received) == (100, 9)
    assert (first.loaded, second.loaded) == (1, 1)


def test_a_pallet_with_its_list_reaches_the_other(pair: tuple[Device, Device]) -> None:
    first, second = pair
    members = MemberList(
        tuple(received(f"S{n}", to=PALLET) for n in range(700)),
        (ContainerMove(PALLET, SUPPLIER, "DOCK-1", Seal.SEALED),),
    )
    first.write(lists=(members,))
    second.sync()
    first.sync()
    second.sync()
    assert quantities(second) == {PALLET: 700}


def test_a_list_that_is_gone_leaves_its_entry_with_its_device(pair: tuple[Device, Device]) -> None:
    """What the centre cannot count stays where it was scanned, and is told as parked, until the list comes."""
    first, second = pair
    members = MemberList((received("S1"), received("S2")))
    first.write(lists=(members,))
    first.write(received("S3"))
    whole = first.ledger.outbox.chunks_of
    first.ledger.outbox.chunks_of = lambda _digest: []  # type: ignore[method-assign,assignment] # a disk that lost them
    first.sync()
    second.sync()
    first.sync()
    assert (quantities(first), quantities(second)) == ({"DOCK-1": 3}, {"DOCK-1": 1})
    assert first.ledger.counters().parked == 1
    first.ledger.outbox.chunks_of = whole  # type: ignore[method-assign] # found again
    digest = first.ledger.outbox.batch(1, 1, 1, 1 << 20).lists
    first.push(1, 3, 0, digest)
    first.sync()
    second.sync()
    assert (quantities(first), quantities(second)) == ({"DOCK-1": 3}, {"DOCK-1": 3})
    assert first.ledger.counters().parked == 0


@pytest.mark.parametrize(("after", "told"), [(0, ["restored"]), (1, ["restored", "forked"]), (3, ["forked"])])
def test_a_disk_that_was_put_back_loses_nothing(
    pair: tuple[Device, Device], tmp_path: Path, after: int, told: list[str]
) -> None:
    """The centre's head tells a shorter chain at once; one as long is told by its link."""
    first, second = pair
    first.write(received("S1"))
    first.sync()
    first.ledger.checkpoint_when_idle()
    first.ledger.close()
    shutil.copyfile(first.path, tmp_path / "image.db")
    first.ledger = Ledger.open(first.path, "A", make_epoch)
    first.write(received("S2"))
    first.write(received("S3"))
    first.sync()
    first.image_put_back(tmp_path / "image.db")
    for number in range(after):
        first.write(received(f"T{number}"))
    first.sync()
    second.sync()
    first.sync()
    assert quantities(first) == quantities(second) == {"DOCK-1": 3 + after}
    assert first.notices == told


def test_a_handheld_that_is_enrolled_under_another_name_loses_nothing(pair: tuple[Device, Device]) -> None:
    """What it had written before stands in a chain of its former name, which it still sends."""
    first, second = pair
    second.ledger.close()
    second.ledger = Ledger.open(second.folder / "other.db", "STANDALONE", make_epoch)
    second.maker.name = "STANDALONE"
    second.write(received("S1"))
    second.write(received("S2"))
    second.ledger.open_epoch(make_epoch(), "B")
    second.maker.name = "B"
    second.write(received("S3"))
    second.sync()
    first.sync()
    assert quantities(first) == quantities(second) == {"DOCK-1": 3}
    second.ledger.close()
    assert verify(second.folder / "other.db").findings == ()
    second.ledger = Ledger.open(second.folder / "other.db", "B", make_epoch)
    second.path.unlink()
    second.ledger.close()
    shutil.copyfile(second.folder / "other.db", second.path)
    second.ledger = Ledger.open(second.path, "B", make_epoch)
