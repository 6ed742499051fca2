"""What this device knows of the site: how far the feed was applied, and its pages into the base."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scanner_app.domain.feed import Scope
from scanner_app.store import parking
from scanner_app.store.feed import Applied, apply_rows, keep_chunks, read_page
from scanner_app.store.site_movements import drop_oldest

if TYPE_CHECKING:
    import sqlite3

    from scanner_app.store.feed import ReadPage

META = (
    "SELECT feed_cursor, feed_n, watch_cursor, watch_n, as_of, watch_as_of, site_sum, server_time, "
    "server_mono_ms, server_boot_id "
    "FROM site_meta"
)
SET_META = (
    "UPDATE site_meta SET feed_cursor = ?, feed_n = ?, watch_cursor = ?, watch_n = ?, as_of = ?, watch_as_of = ?, "
    "site_sum = ?, server_time = ?, server_mono_ms = ?, server_boot_id = ?"
)


@dataclass(frozen=True, slots=True)
class SiteMeta:
    """How far each scope of the feed was applied: its cursor, and the number of its last row.

    `as_of`: the centre's time (UTC ms) when the base was last known to be whole; `watch_as_of`: when the recall and
    watch lines were. `site_sum`: the base's checksum. The last three: when the centre last said what time it is, and
    the device's own clock then.
    """

    feed_cursor: str | None = None
    feed_n: int = 0
    watch_cursor: str | None = None
    watch_n: int = 0
    as_of: int | None = None
    watch_as_of: int | None = None
    site_sum: int = 0
    server_time: int | None = None
    server_mono_ms: int | None = None
    server_boot_id: str | None = None

    def cursor(self, scope: Scope) -> str | None:
        """How far a scope was applied; None: never."""
        return self.watch_cursor if scope is Scope.WATCH else self.feed_cursor

    def number(self, scope: Scope) -> int:
        """The number of the last row of a scope."""
        return self.watch_n if scope is Scope.WATCH else self.feed_n

    def moved(self, scope: Scope, cursor: str, number: int) -> SiteMeta:
        """After a page of a scope."""
        if scope is Scope.WATCH:
            return replace(self, watch_cursor=cursor, watch_n=number)
        return replace(self, feed_cursor=cursor, feed_n=number)


@dataclass(frozen=True, slots=True)
class PageEnd:
    """What a page says of itself. `site_sum` (hex): the centre's checksum there, where the page reaches the end.

    `whole`: nothing of the scope comes after it yet.
    """

    scope: Scope
    cursor: str
    server_time: int
    site_sum: str | None = None
    whole: bool = False


def read_meta(connection: sqlite3.Connection) -> SiteMeta:
    """What is kept."""
    feed_cursor, feed_n, watch_cursor, watch_n, as_of, watch_as_of, total, *clock = connection.execute(META).fetchone()
    return SiteMeta(feed_cursor, feed_n, watch_cursor, watch_n, as_of, watch_as_of, int(total, 16), *clock)


def write_meta(cursor: sqlite3.Cursor, meta: SiteMeta) -> None:
    """Keeps it."""
    cursor.execute(
        SET_META,
        (
            meta.feed_cursor, meta.feed_n, meta.watch_cursor, meta.watch_n, meta.as_of, meta.watch_as_of,
            f"{meta.site_sum:016x}", meta.server_time, meta.server_mono_ms, meta.server_boot_id,
        ),
    )  # fmt: skip


def apply_page(cursor: sqlite3.Cursor, page: ReadPage, end: PageEnd, meta: SiteMeta) -> tuple[Applied, SiteMeta]:
    """A page into the base. Rows that were applied before change nothing; the cursor moves in any case."""
    number = meta.number(end.scope)
    rows = [each for each in page.rows if each.row.n > number]
    applied, total = Applied(), meta.site_sum
    if rows:
        applied, total = apply_rows(cursor, rows, total)
        number = max(each.row.n for each in rows)
        drop_oldest(cursor)
    keep_chunks(cursor, page)
    meta = replace(meta.moved(end.scope, end.cursor, number), site_sum=total)
    if end.whole and end.scope is Scope.WATCH:
        meta = replace(meta, watch_as_of=end.server_time)
    if end.site_sum is not None:
        meta = replace(meta, as_of=end.server_time)
        applied = replace(applied, sum_differs=end.site_sum != f"{total:016x}")
    write_meta(cursor, meta)
    return applied, meta


def try_parked(cursor: sqlite3.Cursor, meta: SiteMeta) -> tuple[Applied, SiteMeta]:
    """Rows that could not be applied, once more: a later program may read them. Those it cannot stay."""
    rows = parking.rows_to_try(cursor.connection)
    if not rows:
        return Applied(), meta
    cursor.execute(parking.DROP_TO_TRY)
    applied, total = apply_rows(cursor, read_page(rows, cursor.connection).rows, meta.site_sum)
    meta = replace(meta, site_sum=total)
    write_meta(cursor, meta)
    return applied, meta
