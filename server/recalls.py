"""A recall: an entry on the site's chain and watch lines, which reach every device before all else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.feed_records import WATCH, watch_body, watch_id
from scanner_app.domain.masters import Watch
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.rules import RECALL
from server.own_chain import own_entry, write_own

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanner_app.domain.refusals import Parameters
    from server.writing import Writing

REASON_MAX = 80


def open_recall(
    writing: Writing, gtin: str, lot: str | None, serials: Sequence[str], reason: str, operator: str
) -> tuple[str, int]:
    """Opens a recall of a lot, or of serials; its id (the entry's) and how many lines it has."""
    told: Parameters = {"gtin": gtin, "lot": lot, "serials": len(serials)}
    entry = own_entry(writing, EntryKind.RECALL, Accepted(parameters=told), operator=operator, note=reason)
    recall = entry.event_id
    write_own(writing, entry)
    lines = [Watch(recall, RECALL, gtin, lot, None, reason)] if lot is not None else []
    lines += [Watch(recall, RECALL, gtin, None, serial, reason) for serial in serials]
    for watch in lines:
        writing.put(WATCH, watch_id(watch), watch_body(watch))
    return recall, len(lines)
