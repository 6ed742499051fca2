"""What a scan that moved nothing was of: the trail leads to look-ups, refusals, counts and scans in hand too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from scanner_app.domain.counting import count_fact_of
from scanner_app.domain.scan import ParsedScan
from scanner_app.domain.typed_entry import read_kept

if TYPE_CHECKING:
    from scanner_app.domain.entry import Entry


class Mention(NamedTuple):
    """The keys that a scan names; '' for what it does not name."""

    gtin: str
    lot: str
    serial: str
    sscc: str


def mention_of(entry: Entry) -> Mention | None:
    """What the scan of an entry without movements names; None where it has movements, no scan, or names no goods.

    Of what was counted, the whole label: it may have stood in several symbols.
    """
    counted = count_fact_of(entry)
    if counted is not None:
        return Mention(counted.batch.gtin, counted.batch.lot, counted.serial, "") if counted.batch.gtin else None
    if entry.raw is None or entry.postings or entry.container_moves or entry.lists:
        return None
    day = datetime.fromtimestamp(entry.stamp.event_time / 1000, UTC).date()
    scan = read_kept(entry.raw, day)
    if not isinstance(scan, ParsedScan):
        return None
    found = Mention(_text(scan.gtin), _text(scan.lot), _text(scan.serial), _text(scan.sscc))
    return found if found.sscc or (found.gtin and (found.lot or found.serial)) else None


def _text(key: object) -> str:
    return "" if key is None else str(key)
