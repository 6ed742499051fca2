"""Follow-ups: every exception makes a task for somebody (floor.md rule 12), derived from accepted entries alone.

One pure function; the store projects what it gives. Refusals make none: nothing happened, and the worker was told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import Accepted, Outcome, Refusal
from scanner_app.domain.stock import case_place

if TYPE_CHECKING:
    from scanner_app.domain.entry import Entry
    from scanner_app.domain.stock import Posting

REASONS = frozenset({"DAMAGED", "LOGGER_ALARM", "HELD_IN_CAGE", "LEFT_ON_DOCK"})
"""Reasons of accepted entries after which somebody must look at the goods."""

LOT_SUBJECT = "lot:"
ITEM_SUBJECT = "gtin:"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What somebody must see to. `code` is the cause: a refusal, a reason, or the outcome of a close.

    `subject` is a container or unit by its place id (`sscc:…`, `sgtin:<gtin>:<serial>`), `lot:<gtin>:<lot>`,
    `gtin:<gtin>`, or the document's id.
    """

    code: str
    subject: str
    document: str | None


def follow_up_of(entry: Entry) -> FollowUp | None:
    """The follow-up of an accepted entry with a cause, or of a document that closed with a difference; else None."""
    code = _cause(entry)
    return None if code is None else FollowUp(code, _subject(entry), entry.document)


def _cause(entry: Entry) -> str | None:
    """What was overridden, what a close found, or the reason given."""
    verdict = entry.verdict
    if not isinstance(verdict, Accepted):
        return None
    if entry.kind is EntryKind.DOCUMENT_CLOSED:
        return None if verdict.outcome is Outcome.OK else verdict.outcome.value
    overrode = verdict.parameters.get("overrode")
    if isinstance(overrode, str):
        return overrode
    if verdict.outcome is Outcome.EXTRA:
        return Refusal.OVER_QUANTITY.value
    return entry.reason if entry.reason in REASONS else None


def _subject(entry: Entry) -> str:
    """What the follow-up is about: the goods posted, the container moved, or what the verdict names.

    Goods that were taken out of a container come before it: its move only says that it was opened.
    """
    if entry.postings:
        return _goods(entry, entry.postings[-1])
    moved = [move.container for move in entry.container_moves if move.from_parent != move.to_parent]
    if moved:
        return moved[-1]
    gtin, scanned = entry.verdict.parameters.get("gtin"), entry.verdict.parameters.get("scanned")
    if isinstance(gtin, str):
        return ITEM_SUBJECT + gtin
    return scanned if isinstance(scanned, str) else entry.document or ""


def _goods(entry: Entry, posting: Posting) -> str:
    """The container that goods came in, where they were posted into one that moved; else the unit, lot or item."""
    if any(move.container == posting.to_place and move.from_parent != move.to_parent for move in entry.container_moves):
        return posting.to_place
    key = posting.key
    if key.serial is not None:
        return case_place(key.gtin, key.serial)
    return f"{LOT_SUBJECT}{key.gtin}:{key.lot}" if key.lot is not None else ITEM_SUBJECT + key.gtin
