"""Snapshots: a site's stock and records at one number, as a SQLite file (docs/contract/snapshot.sql), zstd.

Built beside the writer from one read snapshot, kept by number, and made anew when the feed has moved on too far; what
has come since is on the feed.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import time
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import zstandard

from server.database import uri_of
from server.feed import cursor_text
from server.strict import id_text
from sync.wire import Standing

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

ROWS_BEHIND_MAX: Final = 2_000
KEPT_S: Final = 300.0
LEVEL: Final = 3
CHUNK_BYTES: Final = 1024 * 1024
SUFFIX: Final = ".db.zst"

SITE: Final = "SELECT number, link, site_sum FROM centre.site WHERE site_id = ?"
COPIED: Final = {
    "on_hand": ("place, gtin, lot, expiry, status, owner, quantity", "place, gtin, lot, expiry, status, owner", ""),
    "unit": ("gtin, serial, owner, lot, expiry, status, place, document, inferred", "gtin, serial", ""),
    "container": ("id, parent, seal, document", "id", ""),
    "document_progress": (
        "document, gtin, lot, expiry, status, quantity", "document, gtin, lot, expiry, status", "AND quantity <> 0",
    ),
    "document_closed": ("id", "id", ""),
    "follow_up": ("event_id, code, subject, document, closed_by", "event_id", ""),
    "record": ("kind, id, body", "kind, id", "AND body <> ''"),
}  # fmt: skip
"""Table → its columns, their order, and which rows."""

VECTOR: Final = (
    "INSERT INTO vector SELECT lower(hex(epoch)), chain_device, seq, lower(hex(hash)) FROM centre.epoch "
    "WHERE site_id = ? AND seq > 0"
)
QUARANTINED: Final = (
    "SELECT DISTINCT e.event_id FROM centre.quarantine q JOIN centre.entry e ON e.site_id = q.site_id AND e.n = q.n "
    "WHERE q.site_id = ? AND length(e.event_id) = 16 AND NOT EXISTS (SELECT 1 FROM centre.entry p "
    "WHERE p.site_id = e.site_id AND p.event_id = e.event_id AND p.standing = ?)"
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot on the disk. `sha256` and `length` are of the unpacked file; the packed one has its own length."""

    path: Path
    number: int
    etag: str
    sha256: str
    length: int
    packed_length: int
    made_at: float


def schema() -> str:
    """The tables of a snapshot, as the contract has them."""
    return (files("server") / "schema" / "snapshot.sql").read_text("utf-8")


def build(database: Path, site: str, target: Path, made_ms: int) -> int:
    """Writes the snapshot of a site as it is now to a new file; the number it is of. KeyError for no such site."""
    connection = sqlite3.connect(uri_of(target, "rwc"), uri=True, isolation_level=None)
    try:
        for pragma in ("page_size=4096", "journal_mode=OFF", "synchronous=OFF"):
            connection.execute(f"PRAGMA {pragma}")
        connection.executescript(schema())
        connection.execute("ATTACH ? AS centre", (uri_of(database, "ro"),))
        connection.execute("BEGIN")
        row = connection.execute(SITE, (site,)).fetchone()
        if row is None:
            raise KeyError(site)
        number, link, total = row
        connection.execute(VECTOR, (site,))
        for table, (columns, order, where) in COPIED.items():
            rows = f"SELECT {columns} FROM centre.{table} WHERE site_id = ? {where} ORDER BY {order}"  # noqa: S608 - our own words
            connection.execute(f"INSERT INTO {table} {rows}", (site,))
        found = connection.execute(QUARANTINED, (site, Standing.PROJECTED.value))
        quarantined = sorted((id_text(event_id),) for (event_id,) in found)
        connection.executemany("INSERT INTO quarantined VALUES (?)", quarantined)
        cursor = cursor_text(number, link)
        meta = {
            "schema": "1", "site": site, "cursor": cursor, "watch": cursor, "number": str(number),
            "made_ms": str(made_ms), "sum": total,
        }  # fmt: skip
        connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        connection.execute("COMMIT")
    finally:
        connection.close()
    return int(number)


def pack(source: Path, target: Path) -> tuple[str, int]:
    """Compresses a file; SHA-256 (hex) and length of what went in."""
    digest = hashlib.sha256()
    length = 0
    with (
        source.open("rb") as given,
        target.open("wb") as out,
        zstandard.ZstdCompressor(level=LEVEL).stream_writer(out) as writer,
    ):
        while block := given.read(CHUNK_BYTES):
            digest.update(block)
            length += len(block)
            writer.write(block)
    return digest.hexdigest(), length


class Snapshots:
    """The newest snapshot of each site; one is made at a time."""

    def __init__(self, database: Path, folder: Path, executor: Executor, now_ms: Callable[[], int]) -> None:
        self._database = database
        self._folder = folder
        self._executor = executor
        self._now_ms = now_ms
        self._kept: dict[str, Snapshot] = {}
        self._making: dict[str, asyncio.Future[Snapshot]] = {}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._empty()

    def _empty(self) -> None:
        for left in self._folder.iterdir():
            left.unlink()

    async def newest(self, site: str, number: int, watched: int = 0) -> Snapshot:
        """A snapshot that is not far behind `number`, made if need be; several who ask wait for the same one.

        `watched`: the number of the last recall or watch line, which no snapshot may lack: a device that loads it knew
        of that line perhaps already, and must not forget it until the next page.
        """
        kept = self._kept.get(site)
        if kept is not None and kept.number >= watched and self._is_fresh(kept, number):
            return kept
        making = self._making.get(site)
        if making is None:
            loop = asyncio.get_running_loop()
            making = loop.run_in_executor(self._executor, self._make, site)
            self._making[site] = making
            making.add_done_callback(lambda done: self._made(site, done))
        return await asyncio.shield(making)

    @staticmethod
    def _is_fresh(kept: Snapshot, number: int) -> bool:
        return kept.number == number or (
            number - kept.number <= ROWS_BEHIND_MAX and time.monotonic() - kept.made_at <= KEPT_S
        )

    def _made(self, site: str, done: asyncio.Future[Snapshot]) -> None:
        del self._making[site]
        if done.cancelled() or done.exception() is not None:
            return
        former = self._kept.get(site)
        self._kept[site] = done.result()
        if former is not None and former.path != done.result().path:
            former.path.unlink(missing_ok=True)

    def _make(self, site: str) -> Snapshot:
        name = hashlib.sha256(site.encode()).hexdigest()[:16]
        plain = self._folder / f"{name}.db.part"
        plain.unlink(missing_ok=True)
        try:
            number = build(self._database, site, plain, self._now_ms())
            path = self._folder / f"{name}-{number}{SUFFIX}"
            part = path.with_suffix(".part")
            sha256, length = pack(plain, part)
            part.replace(path)
        finally:
            plain.unlink(missing_ok=True)
        etag = f'"{sha256[:32]}"'
        return Snapshot(path, number, etag, sha256, length, path.stat().st_size, time.monotonic())

    def close(self) -> None:
        """Forgets them all."""
        self._empty()
        self._folder.rmdir()
