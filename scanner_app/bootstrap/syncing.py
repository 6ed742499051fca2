"""One home's conversation with its centre: the store behind the driver's ports, keys, connections and threads.

centre = Centre(station, binding, on_ledger, reader)
centre.start()            # talks on a thread of its own; or centre.turn() for one round without any
centre.stop()
"""

from __future__ import annotations

import random
import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner_app.bootstrap.station import new_epoch
from scanner_app.clock import SystemClock
from scanner_app.domain.feed import FedChunk, FedEntry, FedRecord
from scanner_app.store.ledger import PageEnd
from scanner_app.store.snapshot import check_snapshot
from sync.binding import Token, ca_path, keep_token, read_device_key, read_token
from sync.driver import STREAM_PATH, Driver, Sending, SyncState
from sync.engine import Engine
from sync.exchange import (
    ApplyPage,
    CutEpoch,
    Failed,
    KeepToken,
    LoadSnapshot,
    NoticeCode,
    OpenEpoch,
    ServerTime,
    SetWatermark,
)
from sync.link import FAILURES_TO_OFFLINE, Link, LinkState, Override
from sync.transport import Fetched, Transport, connected, context_of
from sync.wire import EntryRow, Epoch, ListRow, RecordRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from scanner_app.bootstrap.station import Station
    from scanner_app.domain.feed import EpochState, FedRow, Scope
    from scanner_app.store.ledger import Ledger
    from scanner_app.store.outbox import OutboxReader
    from sync.binding import Binding
    from sync.exchange import Effect
    from sync.wire import Page, Row, TokenAnswer

NS_PER_MS = 1_000_000
DAY_MS = 24 * 60 * 60 * 1000
ROTATE_BEFORE_MS = 30 * DAY_MS
"""A token is good for sixty days and is rotated in the middle of them."""

KEEP_TIME_EVERY_MS = 10 * 60_000
CLOCKS_APART_MS = 5_000
"""What the centre's clock says is written down from time to time, and when it and ours part by so much."""

PAUSE_MS = 5_000
"""What is waited for within one settling: a pause after a failure, not the next look."""

UNSETTLED = frozenset(NoticeCode) - {NoticeCode.FORKED, NoticeCode.RESTORED}
"""What the centre said that leaves something to be done; a fork is mended by the time that it is told."""

SNAPSHOT_NAME = "snapshot.db"
T = TypeVar("T")
Answered = TypeVar("Answered", bound="bytes | Fetched | Failed")


def _nothing() -> None:
    """Until somebody wants to hear."""


def _nobody_waits() -> int | None:
    """Where scans come one by one none waits."""


class OnLedger(Protocol):
    """Runs something on the ledger's thread, waits for it and gives what it gave, or raises what it raised."""

    def __call__(self, run: Callable[[Ledger], T], /) -> T:
        """Raises ScannerError where the ledger cannot."""


def fed(row: Row) -> FedRow:
    """A row of the wire as the store takes it."""
    match row:
        case EntryRow():
            return FedEntry(row.n, row.device, row.epoch, row.seq, row.standing, row.record_time, row.content)
        case RecordRow():
            return FedRecord(row.n, row.kind, row.id, row.body)
        case ListRow(_, chunk):
            return FedChunk(chunk.digest, chunk.hashes, chunk.n, chunk.content)


def monotonic_ms() -> int:
    """The machine's elapsed time: a replay moves its own clock, the network's goes on."""
    return time.monotonic_ns() // NS_PER_MS


class Keys:
    """What proves who this device is: its key, and its token, which the centre changes now and then."""

    def __init__(self, home: Path, device: str) -> None:
        """Raises SyncError BINDING_UNREADABLE."""
        self.device = device
        self._home = home
        self._key = Ed25519PrivateKey.from_private_bytes(read_device_key(home))
        self._token = read_token(home)

    def sign(self, message: bytes) -> bytes:
        """Ed25519 over a message."""
        return self._key.sign(message)

    def token(self) -> str:
        """The bearer token in force."""
        return self._token.text

    @property
    def until_ms(self) -> int:
        """Until when it is good, UTC."""
        return self._token.until_ms

    def keep(self, answer: TokenAnswer) -> None:
        """On the disk before it is used: the former one works until then."""
        token = Token(answer.token, answer.token_until)
        keep_token(self._home, token)
        self._token = token


class SiteBooks:
    """The ledger as the driver needs it: read through a reader of the driver's thread, written on the ledger's own."""

    def __init__(
        self, station: Station, keys: Keys, on_ledger: OnLedger, open_reader: Callable[[], OutboxReader]
    ) -> None:
        self._station = station
        self._keys = keys
        self._on_ledger = on_ledger
        self._open_reader = open_reader
        self._opened: OutboxReader | None = None
        self._kept_time_ms: int | None = None
        self._apart_ms = 0
        self.scanned_ms = 0
        """Monotonic milliseconds of the last scan."""
        self.waits_since: Callable[[], int | None] = _nobody_waits
        """The wall time (ms) of the oldest capture that stands in memory alone; None where none does."""
        self.brought: Callable[[], None] = _nothing
        """Called when the centre has brought something, on the driver's thread."""

    @property
    def _reader(self) -> OutboxReader:
        if self._opened is None:
            reader = self._open_reader()
            try:
                self._on_ledger(lambda ledger: ledger.try_parked())
            except BaseException:
                reader.close()
                raise
            self._opened = reader
        return self._opened

    # What the engine asks.

    def epochs(self) -> Sequence[EpochState]:
        """All epochs, oldest first."""
        return self._reader.epochs()

    def link(self, no: int, seq: int) -> str:
        """The link after a sequence of an epoch, hexadecimal."""
        return self._reader.link_at(no, seq).hex()

    def cursor(self, scope: Scope) -> str | None:
        """How far a scope of the feed was applied."""
        return self._reader.site().cursor(scope)

    def token_due_ms(self) -> int:
        """Until the token should be rotated."""
        return self._keys.until_ms - ROTATE_BEFORE_MS - round(time.time() * 1000)

    # What the driver asks.

    def sending(self, no: int, start: int, entries_max: int, bytes_max: int) -> Sending:
        """Entries of an epoch from a sequence on."""
        batch = self._reader.batch(no, start, entries_max, bytes_max)
        header = batch.epoch
        epoch = Epoch(header.id, header.device, header.parent_epoch, header.parent_seq, header.parent_hash)
        return Sending(epoch, start, batch.prev_hash, batch.entries, batch.last, batch.last_hash)

    def chunks_of(self, digest: str) -> Sequence[bytes]:
        """The chunks of one of our member lists."""
        return self._reader.chunks_of(digest)

    def quiet_until(self, no: int, seq: int) -> int:
        """The time before which no fact is unsent once the centre has the epoch up to `seq`."""
        waits_ms = self.waits_since()
        quiet_ms = self._reader.quiet_until(self._wall_ms(), no, seq)
        return quiet_ms if waits_ms is None else min(quiet_ms, waits_ms)

    def health(self) -> dict[str, str | int | bool | None]:
        """What the fleet page shows of this device."""
        return {"version": version("scanner-app"), "read_point": self._station.config.device.read_point}

    def last_scan_ms(self) -> int:
        """Monotonic milliseconds of the last scan."""
        return self.scanned_ms

    @property
    def whole(self) -> bool:
        """Whether the site's data has been fetched at all."""
        site = self._reader.site()
        return site.feed_cursor is not None and site.watch_cursor is not None

    def snapshot_path(self) -> Path:
        """Where a fetched snapshot is put."""
        return self._station.home.state_folder / SNAPSHOT_NAME

    def perform(self, effect: Effect, now_ms: int) -> bool:
        """Takes an effect into the ledger, or keeps it; False: a page's checksum is not the base's."""
        match effect:
            case SetWatermark(no, acked, safe):
                self._on_ledger(lambda ledger: ledger.set_watermark(no, acked, safe))
            case CutEpoch(no, seq):
                self._on_ledger(lambda ledger: ledger.cut_epoch(no, seq, new_epoch()))
            case OpenEpoch():
                self._on_ledger(lambda ledger: ledger.open_epoch(new_epoch()))
            case ApplyPage(page):
                return self._apply(page)
            case LoadSnapshot():
                self._load()
            case ServerTime(server_time):
                self._hear_time(server_time, now_ms)
            case KeepToken(answer):
                self._keys.keep(answer)
            case _:
                pass
        return True

    def _apply(self, page: Page) -> bool:
        read = self._reader.read_page([fed(row) for row in page.rows])
        end = PageEnd(page.scope, page.cursor, self._heard(page.server_time), page.site_sum, not page.more)
        applied = self._on_ledger(lambda ledger: ledger.apply_page(read, end))
        if page.rows:
            self.brought()
        return not applied.sum_differs

    def _load(self) -> None:
        path = self.snapshot_path()
        try:
            check_snapshot(path)
            self._on_ledger(lambda ledger: ledger.load_snapshot(path))
        finally:
            path.unlink(missing_ok=True)
        self.brought()

    # Time.

    def _wall_ms(self) -> int:
        return round(self._station.clock.now().timestamp() * 1000)

    def _heard(self, server_time: int) -> int:
        """What the centre's clock would say if it were moved as ours is: by `--now`, or in a replay."""
        clock = self._station.clock
        return (
            server_time if isinstance(clock, SystemClock) else server_time + self._wall_ms() - round(time.time() * 1000)
        )

    def _hear_time(self, server_time: int, now_ms: int) -> None:
        """Writes it down, though not each time: it is a commit of its own."""
        heard = self._heard(server_time)
        apart_ms = heard - self._wall_ms()
        due = self._kept_time_ms is None or now_ms - self._kept_time_ms >= KEEP_TIME_EVERY_MS
        if due or abs(apart_ms - self._apart_ms) >= CLOCKS_APART_MS:
            clock = self._station.clock
            mono_ms, boot_id = clock.monotonic_ns() // NS_PER_MS, clock.boot_id
            self._on_ledger(lambda ledger: ledger.set_server_time(heard, mono_ms, boot_id))
            self._kept_time_ms, self._apart_ms = now_ms, apart_ms

    def close(self) -> None:
        """Lets go of the reader; on the driver's thread."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None


class Watched:
    """A transport of which it is known whether the last request failed, and how many did in a row."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.failures = 0

    def _saw(self, answer: Answered) -> Answered:
        self.failures = self.failures + 1 if isinstance(answer, Failed) else 0
        return answer

    def post(self, path: str, body: bytes) -> bytes | Failed:
        """The answer's body."""
        return self._saw(self._transport.post(path, body))

    def get(self, path: str, parameters: dict[str, str] | None = None) -> bytes | Failed:
        """The answer's body."""
        return self._saw(self._transport.get(path, parameters))

    def fetch(self, path: str, into: Path) -> Fetched | Failed:
        """A file, fetched and checked."""
        return self._saw(self._transport.fetch(path, into))


class Centre:
    """A home's centre: the driver with everything it needs. What keys and screen know of it: terminal.linked.Sync."""

    def __init__(
        self, station: Station, binding: Binding, on_ledger: OnLedger, open_reader: Callable[[], OutboxReader]
    ) -> None:
        """Raises SyncError for keys that cannot be read."""
        home = station.home.state_folder
        self.binding = binding
        self._keys = Keys(home, binding.device)
        self._verify = context_of(ca_path(home))
        self.books = SiteBooks(station, self._keys, on_ledger, open_reader)
        self._talking = self._connection()
        self._post = Watched(self._talking)
        self._hearing: Transport | None = None
        engine = Engine(random.SystemRandom(), Link(since_ms=monotonic_ms()))
        self.driver = Driver(engine, self.books, self._post, self._keys, monotonic_ms)
        self.driver.hang_up, self.driver.ended = self._hang_up, self.books.close

    @property
    def state(self) -> SyncState:
        """How the conversation stands."""
        return self.driver.state

    def hurry(self) -> None:
        """Try now."""
        self.driver.hurry()

    def stay_offline(self, *, offline: bool) -> None:
        """The worker's own word over the link."""
        self.driver.set_override(Override.OFFLINE if offline else Override.AUTOMATIC)

    def _connection(self) -> Transport:
        return Transport(self.binding.url, self._keys.token, self._verify)

    def start(self) -> None:
        """Talks and listens on threads of their own."""
        self._hearing = self._connection()
        self.driver.start(self._listen)

    def _listen(self, hear: Callable[[str, str], None], stopped: Callable[[], bool]) -> Failed:
        assert self._hearing is not None, "the stream is heard once it was started"
        return self._hearing.listen(STREAM_PATH, hear, stopped)

    def _hang_up(self) -> None:
        """Whatever is in the air comes to nothing at once."""
        self._talking.hang_up()
        if self._hearing is not None:
            self._hearing.hang_up()

    def settle(self, within_s: float) -> bool:
        """Rounds on this thread until there is nothing to do; False where that cannot be, or not within so long.

        With no time at all nothing is hurried: what is due is done, and what failed keeps its pause.
        """
        if within_s > 0:
            self.driver.hurry()
        end_ms = monotonic_ms() + round(within_s * 1000)
        while True:
            until_ms, now_ms = self.driver.turn(), monotonic_ms()
            if until_ms is None:
                continue
            if now_ms >= end_ms or until_ms - now_ms > PAUSE_MS or self._post.failures >= FAILURES_TO_OFFLINE:
                break
            time.sleep(max(0, until_ms - now_ms) / 1000)
        state = self.driver.state
        return (
            not self.driver.engine.failing and state.link is not LinkState.OFFLINE and state.notice not in UNSETTLED
            and self.books.whole
        )  # fmt: skip

    def stop(self) -> None:
        """Ends both threads; a request in the air ends by itself."""
        self.driver.stop()
        self.close()

    def close(self) -> None:
        """Ends the connections, where no thread was started or all have ended."""
        if self._hearing is not None:
            self._hearing.close()
        self._talking.close()


def reach(home: Path, binding: Binding) -> Failed | None:
    """Asks the centre for our heads, once; None: it knows us. Raises SyncError for keys that cannot be read."""
    keys = Keys(home, binding.device)
    with connected(binding.url, keys.token, ca_path(home)) as transport:
        answer = transport.get("/v1/heads")
    return answer if isinstance(answer, Failed) else None
