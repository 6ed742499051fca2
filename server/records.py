"""Records: rows of state in the feed, each at the number of its last change (docs/contract/records.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from server.database import Session

FLAG: Final = "flag"
COUNT: Final = "count"
LEASE: Final = "lease"
TASK: Final = "task"
POLICY: Final = "policy"
SETTING: Final = "setting"
TOMBSTONE: Final = ""

FIND: Final = (
    "SELECT site_id, kind, id, n, link, row_hash, made_ms, changed_ms, body FROM record "
    "WHERE site_id = ? AND kind = ? AND id = ?"
)
OF_KIND: Final = (
    "SELECT site_id, kind, id, n, link, row_hash, made_ms, changed_ms, body FROM record "
    "WHERE site_id = ? AND kind = ? AND body <> '' ORDER BY id"
)
PUT: Final = (
    "INSERT INTO record (site_id, kind, id, n, link, row_hash, made_ms, changed_ms, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site_id, kind, id) DO UPDATE SET n = excluded.n, "
    "link = excluded.link, row_hash = excluded.row_hash, made_ms = excluded.made_ms, "
    "changed_ms = excluded.changed_ms, body = excluded.body"
)
KEEP_NUMBER: Final = "INSERT INTO past_number (site_id, n, link, row_hash) VALUES (?, ?, ?, ?)"
OLD_TOMBSTONES: Final = (
    "SELECT kind, id, n, link, row_hash FROM record WHERE site_id = ? AND body = '' AND changed_ms < ?"
)
DROP: Final = "DELETE FROM record WHERE site_id = ? AND kind = ? AND id = ?"
RAISE_FLOOR: Final = "UPDATE site SET floor = ? WHERE site_id = ? AND floor < ?"

Body = dict[str, Any]


class RecordRow(NamedTuple):
    """A row of table record; `body` is JSON, '' for a tombstone."""

    site: str
    kind: str
    id: str
    n: int
    link: bytes
    row_hash: bytes
    made_ms: int
    changed_ms: int
    body: str


def encode_body(body: Mapping[str, object]) -> str:
    """A body as it is stored and sent."""
    return msgspec.json.encode(body).decode()


def decode_body(text: str) -> Body:
    """The body in stored text."""
    return cast("Body", msgspec.json.decode(text))


def find_record(session: Session, site: str, kind: str, record: str) -> RecordRow | None:
    """A record's row, tombstones too; None where there never was one."""
    row = session.one(FIND, (site, kind, record))
    return None if row is None else RecordRow(*row)


def records_of_kind(session: Session, site: str, kind: str) -> Iterator[RecordRow]:
    """All records of a kind that are there, by id."""
    return (RecordRow(*row) for row in session.each(OF_KIND, (site, kind)))


def put_row(session: Session, row: RecordRow, former: RecordRow | None) -> None:
    """Writes the row; the number it stood at keeps its link."""
    if former is not None:
        session.run(KEEP_NUMBER, (former.site, former.n, former.link, former.row_hash))
    session.run(PUT, row)


def drop_tombstones(session: Session, site: str, before_ms: int) -> int:
    """Forgets tombstones that are older; cursors from before the last of them take a snapshot from now on."""
    rows = session.all(OLD_TOMBSTONES, (site, before_ms))
    for kind, record, n, link, row_hash in rows:
        session.run(KEEP_NUMBER, (site, n, link, row_hash))
        session.run(DROP, (site, kind, record))
    if rows:
        floor = max(row[2] for row in rows)
        session.run(RAISE_FLOOR, (floor, site, floor))
    return len(rows)
