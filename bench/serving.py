"""The centre against what SQLite itself can do: pushes over HTTP, durable when they are answered, and snapshots.

The limit of a full POST is `executemany` of the same rows, indexes included, into a file of the same kind; the limit of
a POST of one entry is a commit of one row. Client and centre share the machine's cores.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.figures import Bound, Figure, sample_of, sample_of_ns
from bench.scans import received_entries
from scanner_app.domain.entry import chain_hash, encode_entry, genesis
from server.database import open_writer, statements_of
from server.snapshot import build, pack
from sync import wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SITE = "SITE-1"
BATCH = 250
"""Entries of about 1 KB: so many fit into one push (wire.PUSH_BYTES_MAX)."""
BATCH_CONNECTIONS = 4
SINGLE_CONNECTIONS = 32
SNAPSHOT_ROWS = 1_100_000
TABLES = ("on_hand", "unit", "container", "document_progress", "record")
ROUND_BATCHES = 10
"""POSTs of one connection that are timed together, taking turns with the limit."""


@dataclass
class Device:
    """A device with its chain in memory; `body()` is its next push."""

    name: str
    seed: int
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    seq: int = 0
    token: str = ""

    def __post_init__(self) -> None:
        """A fresh chain."""
        self.epoch = os.urandom(16)
        self.link = genesis(self.name, self.epoch)
        self._entries = (encode_entry(entry) for entry in received_entries(self.seed))

    def body(self, many: int) -> bytes:
        """The next push of so many entries."""
        before = self.link.hex()
        entries = tuple(itertools.islice(self._entries, many))
        start = self.seq + 1
        for stored in entries:
            self.seq += 1
            self.link = chain_hash(self.link, self.seq, stored)
        epoch = wire.Epoch(self.epoch.hex(), self.name, "0" * 32, 0, "0" * 64)
        signature = self.key.sign(wire.signed_bytes(self.epoch, self.seq, self.link))
        return wire.write(wire.Push(1, 1, self.name, epoch, start, before, entries, signature))


@dataclass
class Centre:
    """A centre in a process of its own."""

    url: str
    home: Path

    def code(self, name: str) -> str:
        """A code that enrols a device of that name."""
        return _server(self.home, "enrol-code", "--device", name).stdout.rstrip("\n")

    def enrolled(self, names: Sequence[str]) -> list[Device]:
        """Devices with tokens."""
        devices = [Device(name, number) for number, name in enumerate(names)]
        with httpx.Client(base_url=self.url) as http:
            for device in devices:
                asked = wire.EnrolRequest(
                    1, self.code(device.name), device.key.public_key().public_bytes_raw(), "bench"
                )
                answer = http.post("/v1/enrol", content=wire.write(asked))
                if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                    raise RuntimeError("more devices than may be enrolled in a minute")
                device.token = wire.read(wire.EnrolAnswer, answer.content).token
        return devices


def _server(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments], env={**os.environ, "SCANNER_SERVER_HOME": str(home)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip


@contextmanager
def running(home: Path) -> Iterator[Centre]:
    """A centre with the demonstration site, until the end of the block."""
    _server(home, "init", "--demo", "--now", "2026-11-22")
    serving = subprocess.Popen(
        [sys.executable, "-m", "server", "serve", "--listen", "127.0.0.1:0"],
        env={**os.environ, "SCANNER_SERVER_HOME": str(home)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert serving.stdout is not None
    try:
        yield Centre(serving.stdout.readline().rstrip("\n"), home)
    finally:
        serving.terminate()
        serving.wait()


def measure_serving(folder: Path, *, quick: bool) -> list[Figure]:
    """The figures of the centre."""
    rounds = 3 if quick else 6
    with running(folder / "home") as centre:
        devices = centre.enrolled([f"BENCH-{number}" for number in range(BATCH_CONNECTIONS)])
        figures = [_batches(folder, centre, devices, rounds), _singles(folder, centre, devices, rounds)]
    return [*figures, *_snapshot(folder, SNAPSHOT_ROWS // (10 if quick else 1))]


# Full POSTs.


def _batches(folder: Path, centre: Centre, devices: list[Device], rounds: int) -> Figure:
    limit_rows = Device("LIMIT", 99)
    posted, limit = [], []
    with closing(_limit_file(folder / "limit.db")) as connection:
        for number in range(rounds + 1):
            bodies = [[device.body(BATCH) for _ in range(ROUND_BATCHES)] for device in devices]
            posted.append(asyncio.run(post_all(centre.url, devices, bodies)) // sum(map(len, bodies)))
            rows = [_rows(limit_rows, BATCH) for _ in range(ROUND_BATCHES)]
            started = time.perf_counter_ns()
            for batch in rows:
                _insert(connection, batch)
            limit.append((time.perf_counter_ns() - started) // ROUND_BATCHES)
            if number == 0:
                posted.clear()
                limit.clear()
    mine, theirs = sample_of_ns("a POST of 250, 4 connections", posted), sample_of_ns("executemany of 250 rows", limit)
    rate, limit_rate = BATCH * 1000 / mine.p50, BATCH * 1000 / theirs.p50
    note = f"{rate:,.0f} entries/s over HTTP, {limit_rate:,.0f} rows/s by executemany"
    name = "centre: durable POST of 250 / executemany"
    return Figure(name, mine.p50 / theirs.p50, "x", None, Bound.AT_MOST, (mine, theirs), note)


def _limit_file(path: Path) -> sqlite3.Connection:
    """A file with the centre's own tables and settings."""
    database = open_writer(path, create=True)
    database.lock.release()
    return database.connection


def _rows(device: Device, many: int) -> list[tuple[object, ...]]:
    """Rows of table entry."""
    body = wire.read(wire.Push, device.body(many))
    first = body.start_seq
    return [
        (SITE, seq, os.urandom(16), device.epoch, seq, os.urandom(32), os.urandom(16), "projected", 0, stored)
        for seq, stored in enumerate(body.entries, first)
    ]


def _insert(connection: sqlite3.Connection, rows: list[tuple[object, ...]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.execute("COMMIT")


# POSTs of one entry.


def _singles(folder: Path, centre: Centre, devices: list[Device], rounds: int) -> Figure:
    """Each connection pushes a chain of its own, one entry after the other."""
    limit_rows = Device("LIMIT-1", 98)
    many = 20
    posted, limit = [], []
    with closing(_limit_file(folder / "limit-1.db")) as connection:
        for number in range(rounds + 1):
            owners = list(itertools.islice(itertools.cycle(devices), SINGLE_CONNECTIONS))
            chains = [
                Device(owner.name, 1000 * number + lane + 100, owner.key, token=owner.token)
                for lane, owner in enumerate(owners)
            ]
            bodies = [[chain.body(1) for _ in range(many)] for chain in chains]
            posted.append(asyncio.run(post_all(centre.url, chains, bodies)) // (many * SINGLE_CONNECTIONS))
            rows = [_rows(limit_rows, 1) for _ in range(200)]
            started = time.perf_counter_ns()
            for batch in rows:
                _insert(connection, batch)
            limit.append((time.perf_counter_ns() - started) // len(rows))
            if number == 0:
                posted.clear()
                limit.clear()
    mine, theirs = sample_of_ns("a POST of 1, 32 connections", posted), sample_of_ns("a commit of one row", limit)
    note = f"{1000 / mine.p50:,.0f} entries/s over HTTP, {1000 / theirs.p50:,.0f} one-row commits/s"
    name = "centre: durable POST of 1 / one-row commit"
    return Figure(name, mine.p50 / theirs.p50, "x", None, Bound.AT_MOST, (mine, theirs), note)


async def post_all(url: str, devices: Sequence[Device], bodies: Sequence[Sequence[bytes]]) -> int:
    """Posts each device's bodies in order, all devices at once; nanoseconds until the last is answered."""
    host, port = url.removeprefix("http://").split(":")
    lanes = [await asyncio.open_connection(host, int(port)) for _ in devices]
    started = time.perf_counter_ns()
    sending = zip(devices, bodies, lanes, strict=True)
    await asyncio.gather(*(_post(device, own, reader, writer) for device, own, (reader, writer) in sending))
    return time.perf_counter_ns() - started


async def _post(
    device: Device, bodies: Sequence[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    for body in bodies:
        fields = ("host: x", f"authorization: Bearer {device.token}", f"content-length: {len(body)}")
        writer.write("\r\n".join(("POST /v1/push HTTP/1.1", *fields, "", "")).encode() + body)
        answered = await reader.readuntil(b"\r\n\r\n")
        length = int(answered.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        content = await reader.readexactly(length)
        if b'"type":"ack"' not in content and b"content-encoding: zstd" not in answered:
            raise RuntimeError(content.decode())
    writer.close()


# Snapshots.


def _snapshot(folder: Path, rows: int) -> list[Figure]:
    """A site of so many units: the file is built, packed, and copied into a device's tables in one transaction."""
    path = folder / "large.db"
    database = open_writer(path, create=True)
    connection = database.connection
    connection.execute("BEGIN")
    connection.execute("INSERT INTO site VALUES (?, 'x', 'UTC', ?, x'00', x'00', 0, x'00', '0', 0)", (SITE, rows))
    rest = ("2027-05-31", "available", "A-01-1", "", 0)
    units = (
        (SITE, f"{number % 400:014d}", f"{number:011d}", "own", f"L{number % 40}", *rest) for number in range(rows)
    )
    connection.executemany("INSERT INTO unit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", units)
    connection.execute("COMMIT")
    database.close()
    target, packed = folder / "snapshot.db", folder / "snapshot.zst"
    started = time.perf_counter()
    build(path, SITE, target, 0)
    built = time.perf_counter()
    pack(target, packed)
    done = time.perf_counter()
    loaded = _load(folder / "device.db", target)
    mib = packed.stat().st_size / (1024 * 1024)
    note = f"{rows:,} rows; {mib:.1f} MiB packed, {target.stat().st_size / (1024 * 1024):.0f} MiB unpacked"
    return [
        Figure("centre: snapshot built and packed", done - started, "s", None, Bound.AT_MOST,
               (sample_of("built, s", [built - started]), sample_of("packed, s", [done - built])), note),
        Figure("centre: snapshot copied into a device", loaded, "s", None, Bound.AT_MOST, (), note),
    ]  # fmt: skip


def _load(device: Path, snapshot: Path) -> float:
    """Seconds to copy it into empty tables of the same form, in one durable transaction."""
    with closing(sqlite3.connect(device, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        for statement in statements_of("snapshot"):
            connection.execute(statement)
        connection.execute("ATTACH ? AS centre", (str(snapshot),))
        started = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        for table in TABLES:
            connection.execute(f"INSERT INTO {table} SELECT * FROM centre.{table}")  # noqa: S608 - our own names
        connection.execute("COMMIT")
        return time.perf_counter() - started
