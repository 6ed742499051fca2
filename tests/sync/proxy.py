"""A TCP proxy that misbehaves as networks do, by a seed; for one upstream, HTTP/1.1 in the clear or TLS.

    with Proxy("127.0.0.1", 8700, seed=7) as proxy:
        proxy.weather = Weather(cut_after=0.2, delay_s=(0.0, 0.3))   # from now on, from any thread
        proxy.weather = CLEAN

What befalls a connection follows from the seed and its number, whatever the others do. Requests are told apart in the
clear; of TLS each piece that comes counts as one, and none is duplicated.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import socket
import struct
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import Self

PIECE_BYTES: Final = 64 * 1024
TLS_RECORDS: Final = bytes(range(20, 24))
LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
START_S: Final = 10.0
ENDING_ROUNDS = 3
CALM_S = 0.02


class Fate(StrEnum):
    """What becomes of a request."""

    PASSED = "passed"
    REFUSED = "refused"
    """Its connection is reset when it is made."""
    DROPPED = "dropped"
    """Half of the request arrives, then the connection is reset."""
    CUT_BEFORE = "cut_before"
    """Nothing of the request arrives."""
    CUT_AFTER = "cut_after"
    """The other side has answered, and nobody hears it."""
    TRUNCATED = "truncated"
    """Some bytes of the answer arrive."""
    DUPLICATED = "duplicated"
    """The request arrives once more, on a connection of its own, after it was answered."""
    SWALLOWED = "swallowed"
    """Nothing arrives on either side from now on, and the connection stays."""


@dataclass(frozen=True, slots=True)
class Weather:
    """The chances of each fate (together at most 1), the bounds of a delay, and of what a truncated answer keeps."""

    refused: float = 0.0
    dropped: float = 0.0
    cut_before: float = 0.0
    cut_after: float = 0.0
    truncated: float = 0.0
    duplicated: float = 0.0
    delay_s: tuple[float, float] = (0.0, 0.0)
    kept_bytes: tuple[int, int] = (1, 200)
    black_hole: bool = False
    """Everything that comes is swallowed; connections that saw it stay dead when it is over."""

    def fate(self, drawn: float) -> Fate:
        """What a draw from 0 to 1 means for a request."""
        for fate in (Fate.DROPPED, Fate.CUT_BEFORE, Fate.CUT_AFTER, Fate.TRUNCATED, Fate.DUPLICATED):
            chance: float = getattr(self, fate.value)
            if drawn < chance:
                return fate
            drawn -= chance
        return Fate.PASSED


CLEAN: Final = Weather()


class Proxy:
    """Listens on a free port of this machine. `weather` may be set at any time; `fates` counts what happened."""

    def __init__(self, host: str, port: int, *, seed: int = 0, weather: Weather = CLEAN) -> None:
        self.upstream = host, port
        self.seed = seed
        self.weather = weather
        self.fates = Counter[Fate]()
        self.port = 0
        self._numbers = itertools.count()
        self._tasks = set[asyncio.Task[None]]()
        self._up = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="proxy")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Listens when it returns."""
        self._thread.start()
        assert self._up.wait(START_S)
        return self

    def stop(self) -> None:
        """Ends every connection."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def cut_all(self) -> None:
        """Resets every connection there is; new ones may come."""
        self._loop.call_soon_threadsafe(self._cut_all)

    def _cut_all(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._up.set()
        await self._stopping.wait()
        server.close()
        for _ in range(ENDING_ROUNDS):  # what was accepted at the last moment comes to be a connection first
            await asyncio.sleep(CALM_S)
            self._cut_all()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A task that is ended before it has begun runs nothing, so the connection is let go of when it is done."""
        task = self._loop.create_task(self._connected(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(lambda _: reset(writer))
        task.add_done_callback(self._tasks.discard)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, asyncio.CancelledError):
            await _Connection(self, Random(f"{self.seed}/{next(self._numbers)}"), reader, writer).run()


@dataclass
class _Connection:
    proxy: Proxy
    chance: Random
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    fate: Fate = Fate.PASSED
    request: bytes = b""
    kept: int = 0
    """How much more of an answer arrives before it is truncated."""

    async def run(self) -> None:
        """Until either side ends it."""
        if self.chance.random() < self.proxy.weather.refused:
            self.tell(Fate.REFUSED)
            return
        far_reader, far = await asyncio.open_connection(*self.proxy.upstream)
        both = [asyncio.create_task(self.ask(far)), asyncio.create_task(self.answer(far_reader))]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            far.transport.abort()  # before anything is waited for, since that may be cancelled too
            await asyncio.gather(*both, return_exceptions=True)

    def tell(self, fate: Fate) -> None:
        self.fate = fate
        self.proxy.fates[fate] += 1

    @property
    def is_dark(self) -> bool:
        """In a black hole, or was."""
        if self.proxy.weather.black_hole and self.fate is not Fate.SWALLOWED:
            self.tell(Fate.SWALLOWED)
        return self.fate is Fate.SWALLOWED

    async def pause(self) -> None:
        least_s, most_s = self.proxy.weather.delay_s
        if most_s > 0:
            await asyncio.sleep(self.chance.uniform(least_s, most_s))

    async def ask(self, far: asyncio.StreamWriter) -> None:
        """Requests, one after the other, each with its fate; returns where the connection ends."""
        while request := await read_request(self.reader):
            if self.is_dark:
                continue
            await self.pause()
            self.request, self.kept = request, 0
            self.tell(self.proxy.weather.fate(self.chance.random()))
            if self.fate is Fate.CUT_BEFORE:
                return
            far.write(request[: len(request) // 2] if self.fate is Fate.DROPPED else request)
            await far.drain()
            if self.fate is Fate.DROPPED:
                return

    async def answer(self, far: asyncio.StreamReader) -> None:
        """What comes back; returns where the connection ends."""
        while piece := await far.read(PIECE_BYTES):
            if self.is_dark:
                continue
            await self.pause()
            if self.fate is Fate.CUT_AFTER:
                return
            if self.fate is Fate.TRUNCATED:
                self.kept = self.kept or self.chance.randint(*self.proxy.weather.kept_bytes)
                if len(piece) >= self.kept:
                    await self.end_with(piece[: self.kept])
                    return
                self.kept -= len(piece)
            if self.fate is Fate.DUPLICATED and self.request[:1] not in TLS_RECORDS:
                await self.replay()
            self.writer.write(piece)
            await self.writer.drain()
        while self.is_dark:
            await asyncio.Event().wait()
        await self.end_with(b"")

    async def end_with(self, last: bytes) -> None:
        """These arrive, and then the end."""
        self.writer.write(last)
        await self.writer.drain()
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()

    async def replay(self) -> None:
        """The request once more, until it is answered."""
        self.fate = Fate.PASSED
        reader, writer = await asyncio.open_connection(*self.proxy.upstream)
        try:
            writer.write(self.request)
            await reader.read(PIECE_BYTES)
        finally:
            writer.transport.abort()


def reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection at once, as a network does that forgot it; nothing happens to one that is closed."""
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """A whole HTTP request, or a piece of TLS; nothing at the end."""
    first = await reader.read(1)
    if not first or first in TLS_RECORDS:
        return first and first + await reader.read(PIECE_BYTES)
    head = first + await reader.readuntil(b"\r\n\r\n")
    found = LENGTH.search(head)
    return head + (await reader.readexactly(int(found[1])) if found else b"")
