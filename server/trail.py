"""The trail: from a unit, lot, container or place to the numbers of the entries about it, laid behind ingest.

Its rows would double what a push writes, and no push reads them; so they are laid while nobody waits. Whoever walks the
trail reads the entries after `site.trailed` itself.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Final

from scanner_app.domain.follow_ups import LOT_SUBJECT
from scanner_app.domain.scan import ParsedScan
from scanner_app.domain.stock import OUTSIDE, case_place, is_container, sscc_place
from scanner_app.domain.typed_entry import read_kept
from server.doubts import PLACE_SUBJECT
from server.lists import chunks_of
from server.strict import read_entry, read_list
from sync.wire import Standing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.lists import MemberList
    from server.database import Session
    from server.writing import Writing

TRAILED: Final = "SELECT trailed FROM site WHERE site_id = ?"
SET_TRAILED: Final = "UPDATE site SET trailed = ? WHERE site_id = ?"
NEXT: Final = "SELECT n, bytes FROM entry WHERE site_id = ? AND n > ? AND standing = ? ORDER BY n"
ADD: Final = "INSERT INTO trail (site_id, subject, n) VALUES (?, ?, ?) ON CONFLICT (site_id, subject, n) DO NOTHING"
OF_SUBJECT: Final = "SELECT n FROM trail WHERE site_id = ? AND subject = ? ORDER BY n"


def lot_subject(gtin: str, lot: str) -> str:
    """The subject of an item's lot; '' for goods of unknown lot."""
    return f"{LOT_SUBJECT}{gtin}:{lot}"


def place_subject(place: str) -> str:
    """The subject of a place that goods were posted to or from."""
    return f"{PLACE_SUBJECT}{place}"


def lists_of(session: Session, site: str, entry: Entry) -> list[MemberList]:
    """The member lists of a projected entry."""
    return [read_list(digest, chunks_of(session, site, digest) or []) for digest in entry.lists]


def subjects_of(entry: Entry, lists: list[MemberList]) -> set[str]:
    """Everything an entry is about: what it moved, or, where it moved nothing, what its scan names."""
    found: set[str] = set()
    parts: tuple[Entry | MemberList, ...] = (entry, *lists)
    for part in parts:
        for posting in part.postings:
            key = posting.key
            found.add(lot_subject(key.gtin, key.lot or ""))
            if key.serial is not None:
                found.add(case_place(key.gtin, key.serial))
            for place in (posting.from_place, posting.to_place):
                if is_container(place):
                    found.add(place)
                elif place not in OUTSIDE:
                    found.add(place_subject(place))
        for move in part.container_moves:
            found.add(move.container)
            found |= {place for place in (move.from_parent, move.to_parent) if is_container(place)}
    return found or _mentioned(entry)


def _mentioned(entry: Entry) -> set[str]:
    if entry.raw is None:
        return set()
    day = datetime.fromtimestamp(entry.stamp.event_time / 1000, UTC).date()
    scan = read_kept(entry.raw, day)
    if not isinstance(scan, ParsedScan):
        return set()
    found = set() if scan.sscc is None else {sscc_place(str(scan.sscc))}
    if scan.gtin is not None and scan.serial is not None:
        found.add(case_place(str(scan.gtin), str(scan.serial)))
    if scan.gtin is not None and scan.lot is not None:
        found.add(lot_subject(str(scan.gtin), str(scan.lot)))
    return found


def _entries_after(session: Session, site: str, number: int) -> Iterator[tuple[int, set[str]]]:
    for n, stored in session.each(NEXT, (site, number, Standing.PROJECTED.value)):
        entry = read_entry(stored).entry
        yield n, set() if entry is None else subjects_of(entry, lists_of(session, site, entry))


def lay_trail(writing: Writing, limit: int) -> int:
    """Lays the trail of at most `limit` more entries; how many there were."""
    session, site = writing.session, writing.site
    row = session.one(TRAILED, (site,))
    found = list(islice(_entries_after(session, site, 0 if row is None else row[0]), limit))
    session.many(ADD, [(site, subject, number) for number, subjects in found for subject in sorted(subjects)])
    if found:
        session.run(SET_TRAILED, (found[-1][0], site))
    return len(found)


def numbers_of(session: Session, site: str, subject: str) -> list[int]:
    """The numbers of the entries about a subject, in order: by the trail, and by the entries after it."""
    row = session.one(TRAILED, (site,))
    laid = [found[0] for found in session.all(OF_SUBJECT, (site, subject))]
    tail = _entries_after(session, site, 0 if row is None else row[0])
    return laid + [number for number, subjects in tail if subject in subjects]
