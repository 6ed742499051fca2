"""One site's writing transaction: its counter, its chains, its records, and the caches that live as long as the writer.

Everything that changes a site goes through a Writing, which holds the site's row: numbers are given inside the
transaction, so that no reader ever misses one (docs/decisions/0005, The feed is one counter a site).
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from scanner_app.domain.site_sum import exchanged
from server.faults import ServerError
from server.knowledge import Knowledge
from server.records import RecordRow, encode_body, find_record, put_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from zoneinfo import ZoneInfo

    from server.database import Session
    from server.signing import CentreKey

LINK_BYTES: Final = 16
CENTRE: Final = "centre:"
"""What the device id of a site's own chain begins with."""

LOAD: Final = "SELECT number, link, site_sum, own_epoch FROM site WHERE site_id = ?"
SET_OWN_EPOCH: Final = "UPDATE site SET own_epoch = ? WHERE site_id = ?"
SAVE: Final = "UPDATE site SET number = ?, link = ?, site_sum = ? WHERE site_id = ?"


@dataclass(frozen=True, slots=True)
class Means:
    """What is handed in: the clock (UTC ms), UUIDv7 texts, the centre's key, and each site's time zone."""

    now_ms: Callable[[], int]
    new_id: Callable[[], str]
    key: CentreKey


def centre_device(site: str) -> str:
    """The device id of a site's own chain."""
    return CENTRE + site


def next_link(link: bytes, number: int, row_hash: bytes) -> bytes:
    """The link of the feed after a number."""
    return hashlib.sha256(link + number.to_bytes(8, "big") + row_hash).digest()[:LINK_BYTES]


def record_hash(kind: str, record: str, body: str) -> bytes:
    """What a record's row adds to the feed's chain."""
    return hashlib.sha256(b"\x1f".join((b"record", kind.encode(), record.encode(), body.encode()))).digest()


class Mark(NamedTuple):
    """What is kept in memory of a transaction, for a savepoint."""

    number: int
    link: bytes
    total: int


class Writing:
    """One transaction about one site; made by Books alone. `now_ms` is the same for all of it."""

    def __init__(self, session: Session, site: str, means: Means, knowledge: dict[str, Knowledge]) -> None:
        row = session.one(LOAD, (site,))
        if row is None:
            raise ServerError(
                "UNKNOWN_SITE", f"There is no site {site}.", remedy="`scanner-server init --site` makes one."
            )
        self.session = session
        self.site = site
        self.means = means
        self.now_ms = means.now_ms()
        self.number: int = row[0]
        self.link: bytes = row[1]
        self.total = int(row[2], 16)
        self.own_epoch: bytes = row[3]
        self._started = self._mark()
        self._knowledge = knowledge
        self._depth = 0

    def _mark(self) -> Mark:
        return Mark(self.number, self.link, self.total)

    @property
    def knows(self) -> Knowledge:
        """The site's master records, as far as judging needs them."""
        known = self._knowledge.get(self.site)
        if known is None:
            known = self._knowledge[self.site] = Knowledge.load(self.session, self.site)
        return known

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return self.knows.zone

    def offset_minutes(self) -> int:
        """Minutes by which the site's local time is ahead of UTC now."""
        offset = datetime.fromtimestamp(self.now_ms / 1000, UTC).astimezone(self.zone).utcoffset()
        return 0 if offset is None else round(offset.total_seconds() / 60)

    def set_own_epoch(self, epoch: bytes) -> None:
        """The chain that the centre's own entries go on from now on."""
        self.own_epoch = epoch
        self.session.run(SET_OWN_EPOCH, (epoch, self.site))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What is within it happens whole or not at all."""
        mark, name = self._mark(), f"part{self._depth:d}"
        self._depth += 1
        self.session.run(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            self.number, self.link, self.total = mark
            self._knowledge.pop(self.site, None)
            self.session.run(f"ROLLBACK TO {name}")
            raise
        finally:
            self._depth -= 1
            self.session.run(f"RELEASE {name}")

    def give_number(self, row_hash: bytes) -> tuple[int, bytes]:
        """The next number of the site, and the feed's link after it."""
        self.number += 1
        self.link = next_link(self.link, self.number, row_hash)
        return self.number, self.link

    def exchange(self, old: int, new: int) -> None:
        """Keeps the checksum of the site's stock in step with one row."""
        self.total = exchanged(self.total, old=old, new=new)

    def put(self, kind: str, record: str, body: Mapping[str, object] | None) -> bool:
        """Writes a record's new state; None takes it away. False where nothing changed."""
        text = "" if body is None else encode_body(body)
        former = find_record(self.session, self.site, kind, record)
        if (former is None and not text) or (former is not None and former.body == text):
            return False
        row_hash = record_hash(kind, record, text)
        number, link = self.give_number(row_hash)
        made_ms = self.now_ms if former is None or not former.body else former.made_ms
        row = RecordRow(self.site, kind, record, number, link, row_hash, made_ms, self.now_ms, text)
        put_row(self.session, row, former)
        if self.site in self._knowledge:
            self._knowledge[self.site].put(row)
        return True

    def save(self) -> None:
        """Writes the site's row, if it changed."""
        if self._mark() != self._started:
            self.session.run(SAVE, (self.number, self.link, f"{self.total:016x}", self.site))
