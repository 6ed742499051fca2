"""Handhelds as they are: a ledger in a file with a thread of its own, and a driver that talks to a centre over HTTP."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner_app.bootstrap.station import Station, new_epoch
from scanner_app.bootstrap.syncing import Keys, SiteBooks, monotonic_ms
from scanner_app.clock import SystemClock
from scanner_app.config import Config, Home
from scanner_app.domain.entry import Entry
from scanner_app.store.ledger import Ledger
from scanner_app.store.outbox import OutboxReader
from sync import wire
from sync.binding import Token, keep_device_key, keep_token
from sync.driver import Driver
from sync.engine import Engine
from sync.exchange import Failed
from sync.transport import Transport, context_of

STREAM_PATH = "/v1/stream"
TIMEOUT_S = 60.0
T = TypeVar("T")


class Handset:
    """An enrolled handheld. Without `start` it talks only in `turn`; `faults` are those of its driver's rounds."""

    def __init__(self, folder: Path, url: str, code: str) -> None:
        self.folder = folder
        self.url = url
        self.faults: list[Exception] = []
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._changed = threading.Condition()
        self.name = self._enrol(code)
        self.keys = Keys(folder, self.name)
        self.ledger = self._writing.submit(Ledger.open, folder / "ledger.db", self.name, new_epoch).result()
        station = Station(Home(folder / "config.toml", folder), Config(), SystemClock())
        self.books = SiteBooks(station, self.keys, self.on_ledger, lambda: OutboxReader.open(folder / "ledger.db"))
        self.talking, self.hearing = self.connection(), self.connection()
        self.driver = Driver(
            Engine(random.Random(self.name)), self.books, self.talking, self.keys, monotonic_ms,
            failed=self.faults.append, hang_up=self._hang_up, ended=self.books.close,
        )  # fmt: skip

    def connection(self) -> Transport:
        """One more connection of its own to the centre."""
        return Transport(self.url, self.keys.token, context_of(None))

    def _enrol(self, code: str) -> str:
        """The name that the code gives; keys are kept in the folder."""
        key = Ed25519PrivateKey.generate()
        keep_device_key(self.folder, key.private_bytes_raw())
        asked = wire.EnrolRequest(wire.PROTO, code, key.public_key().public_bytes_raw(), "bench")
        transport = Transport(self.url, str, context_of(None))
        answer = transport.post("/v1/enrol", wire.write(asked), anonymous=True)
        transport.close()
        if isinstance(answer, Failed):
            raise RuntimeError(answer)  # noqa: TRY004 - no wrong type: an answer that did not come
        enrolled = wire.read(wire.EnrolAnswer, answer)
        keep_token(self.folder, Token(enrolled.token, enrolled.token_until))
        return enrolled.device

    def _hang_up(self) -> None:
        self.talking.hang_up()
        self.hearing.hang_up()

    # The ledger.

    def on_ledger(self, run: Callable[[Ledger], T]) -> T:
        """Runs something on the ledger's thread."""
        try:
            return self._writing.submit(run, self.ledger).result()
        finally:
            with self._changed:
                self._changed.notify_all()

    def write(self, entries: Iterable[Entry]) -> None:
        """Entries, a commit each; the driver hears of it."""

        def append(ledger: Ledger, entry: Entry) -> None:
            with ledger.step() as step:
                step.append(entry)

        for entry in entries:
            self.on_ledger(lambda ledger, entry=entry: append(ledger, entry))  # type: ignore[misc] # bound for this round
            self.driver.committed()

    def wait_for(self, holds: Callable[[Ledger], bool], timeout_s: float = TIMEOUT_S) -> None:
        """Waits until something is so; looked at whenever somebody used the ledger. TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._writing.submit(holds, self.ledger).result(), timeout_s):
                raise TimeoutError(f"{self.name}: {self.driver.state}, {self.faults}")

    def wait_sent(self, timeout_s: float = TIMEOUT_S) -> None:
        """Waits until the centre has all."""
        self.wait_for(lambda ledger: all(epoch.acked >= epoch.end for epoch in ledger.outbox.epochs()), timeout_s)

    # The driver.

    def start(self) -> None:
        """Talks and listens on threads of their own."""
        self.driver.start(lambda hear, stopped: self.hearing.listen(STREAM_PATH, hear, stopped))

    def turn(self) -> None:
        """Rounds until there is nothing to do."""
        while self.driver.turn() is None:
            pass

    def close(self) -> None:
        """Ends its threads."""
        stopped = self.driver.stop()
        self.talking.close()
        self.hearing.close()
        self.books.close()
        self._writing.submit(self.ledger.close).result()
        self._writing.shutdown()
        if not stopped:
            raise TimeoutError("the driver did not stop")
