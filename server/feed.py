"""The feed as it is read: pages after a cursor, in two scopes over one counter (docs/decisions/0005).

A cursor is `number.link`: the number in decimal digits, the link in hexadecimal; opaque to devices. One whose link is
not the centre's own comes from another past.
"""

from __future__ import annotations

from heapq import merge
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from scanner_app.domain.feed_records import WATCH
from server.chains import line_of
from server.lists import chunks_of, wire_chunks
from server.records import decode_body
from server.strict import read_entry
from server.writing import LINK_BYTES
from sync.wire import (
    PAGE_BYTES_MAX,
    ROWS_MAX,
    Chunk,
    EntryRow,
    EpochHead,
    Heads,
    ListRow,
    Page,
    RecordRow,
    Scope,
    SnapshotDue,
    Standing,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from server.database import Session
    from sync.wire import PullAnswer, Row

NUMBER_DIGITS_MAX: Final = 18
ROW_BYTES: Final = 160
"""What a row takes beside its content, roughly."""

HEAD: Final = "SELECT number, link, link0, floor, site_sum FROM site WHERE site_id = ?"
LINK: Final = (
    "SELECT link FROM entry WHERE site_id = ? AND n = ? UNION ALL SELECT link FROM record WHERE site_id = ? AND n = ? "
    "UNION ALL SELECT link FROM past_number WHERE site_id = ? AND n = ?"
)
ENTRIES: Final = (
    "SELECT e.n, c.chain_device, e.epoch, e.seq, e.standing, e.record_ms, e.bytes FROM entry e "
    "JOIN epoch c ON c.site_id = e.site_id AND c.epoch = e.epoch WHERE e.site_id = ? AND e.n > ? ORDER BY e.n"
)
RECORDS: Final = "SELECT n, kind, id, body FROM record WHERE site_id = ? AND n > ? AND kind <> ? ORDER BY n"
WATCHED: Final = "SELECT coalesce(max(n), 0) FROM record WHERE site_id = ? AND kind = ?"
WATCHES: Final = "SELECT n, kind, id, body FROM record WHERE site_id = ? AND n > ? AND kind = ? ORDER BY n"


class Head(NamedTuple):
    """Where a site's feed ends."""

    number: int
    link: bytes
    link0: bytes
    floor: int
    site_sum: str

    @property
    def cursor(self) -> str:
        """The cursor after everything."""
        return cursor_text(self.number, self.link)


def cursor_text(number: int, link: bytes) -> str:
    """A cursor."""
    return f"{number}.{link.hex()}"


def read_cursor(text: str) -> tuple[int, bytes] | None:
    """Number and link of a cursor; None for what is none."""
    digits, _, link = text.partition(".")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= NUMBER_DIGITS_MAX and len(link) == LINK_BYTES * 2):
        return None
    try:
        return int(digits), bytes.fromhex(link)
    except ValueError:
        return None


def head_of(session: Session, site: str) -> Head:
    """Where the feed ends. KeyError for an unknown site."""
    row = session.one(HEAD, (site,))
    if row is None:
        raise KeyError(site)
    return Head(*row)


def watched_to(session: Session, site: str) -> int:
    """The number of the last recall or watch line; 0 where there is none."""
    return int(session.all(WATCHED, (site, WATCH))[0][0])


def heads(session: Session, site: str, device: str, now_ms: int) -> Heads:
    """What the centre has of a device, and where the feeds end."""
    cursor = head_of(session, site).cursor
    epochs = tuple(
        EpochHead(row.epoch.hex(), row.seq, row.hash.hex(), row.safe_seq) for row in line_of(session, site, device)
    )
    return Heads(device, epochs, cursor, cursor, now_ms)


def page(session: Session, site: str, scope: Scope, cursor: str, limit: int, now_ms: int) -> PullAnswer:
    """The rows after a cursor, at most `limit`; within one read snapshot."""
    head = head_of(session, site)
    start = read_cursor(cursor)
    if start is None:
        return SnapshotDue("snapshot", "NO_CURSOR", now_ms)
    number, link = start
    if number < head.floor:
        return SnapshotDue("snapshot", "TOO_OLD", now_ms)
    if link != _link_at(session, site, head, number):
        return SnapshotDue("snapshot", "OTHER_PAST", now_ms)
    found = _numbered(session, site, scope, number)
    rows, last = _rows_within(session, site, found, min(limit, ROWS_MAX))
    if last is not None:
        after = _link_at(session, site, head, last)
        assert after is not None
        return Page("page", scope, cursor_text(last, after), more=True, rows=tuple(rows), server_time=now_ms)
    total = head.site_sum if scope is Scope.FEED else None
    return Page("page", scope, head.cursor, more=False, rows=tuple(rows), server_time=now_ms, site_sum=total)


def _link_at(session: Session, site: str, head: Head, number: int) -> bytes | None:
    """The centre's own link after a number; None past its end."""
    if number == 0:
        return head.link0
    if number == head.number:
        return head.link
    row = session.one(LINK, (site, number) * 3)
    return None if row is None else row[0]


def _rows_within(
    session: Session, site: str, found: Iterator[EntryRow | RecordRow], limit: int
) -> tuple[list[Row], int | None]:
    """Rows up to the bounds of a page, lists before the entry that names them; one row always fits.

    With the number of the last of them, where there are more; None where these are all.
    """
    rows: list[Row] = []
    sent: set[str] = set()
    size, last = 0, None
    for counted, row in enumerate(found):
        added = [*_lists_before(session, site, row, sent), row]
        size += sum(_size(each) for each in added)
        if counted and (counted >= limit or size > PAGE_BYTES_MAX):
            return rows, last
        rows += added
        last = row.n
    return rows, None


def _numbered(session: Session, site: str, scope: Scope, number: int) -> Iterator[EntryRow | RecordRow]:
    """The rows after a number."""
    if scope is Scope.WATCH:
        return (_record(row) for row in session.each(WATCHES, (site, number, WATCH)))
    entries = session.each(ENTRIES, (site, number))
    records = session.each(RECORDS, (site, number, WATCH))
    both = merge(
        ((row[0], _entry, row) for row in entries), ((row[0], _record, row) for row in records), key=itemgetter(0)
    )
    return (make(row) for _, make, row in both)


def _entry(row: tuple[Any, ...]) -> EntryRow | RecordRow:
    n, device, epoch, seq, standing, record_ms, content = row
    return EntryRow("entry", n, device, epoch.hex(), seq, Standing(standing), record_ms, content)


def _record(row: tuple[Any, ...]) -> EntryRow | RecordRow:
    n, kind, record, body = row
    return RecordRow("record", n, kind, record, decode_body(body) if body else None)


def _lists_before(session: Session, site: str, row: EntryRow | RecordRow, sent: set[str]) -> Iterator[ListRow]:
    """The lists that a projected entry names and this page has not brought yet."""
    if not isinstance(row, EntryRow) or row.standing is not Standing.PROJECTED or NO_LISTS in row.content:
        return
    entry = read_entry(row.content).entry
    for digest in () if entry is None else entry.lists:
        contents = None if digest in sent else chunks_of(session, site, digest)
        sent.add(digest)
        for n, hashes, content in wire_chunks(contents or []):
            yield ListRow("list", Chunk(digest, hashes, n, content))


NO_LISTS: Final = b'"lists":[]'
"""What an encoded entry without lists holds: a quick look before it is decoded."""


def _size(row: Row) -> int:
    if isinstance(row, EntryRow):
        return len(row.content) * 4 // 3 + ROW_BYTES
    if isinstance(row, ListRow):
        return len(row.chunk.content) * 4 // 3 + ROW_BYTES
    return len(str(row.body)) + ROW_BYTES
