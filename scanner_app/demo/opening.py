"""The demonstration's opening stock: what was there when the system began, as drafts or as the entries themselves.

`opening_entries` gives the very same bytes on one day wherever it is called: handhelds and a centre that were made with
`--demo` then hold the same facts, counted once (docs/decisions/0005).
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, time

from scanner_app.demo.site import DemoSite, OpeningLine
from scanner_app.domain.entry import Entry, EntryKind, Origin, Stamp
from scanner_app.domain.masters import DEFAULT_OWNER
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.stock import ADJUSTMENT, ContainerMove, Posting, Seal, StockKey
from scanner_app.workflows.step import Draft

PROVENANCE = "demonstration: stock before the first shift"
"""DSCSA asks where goods came from that were here before the data did; an opening balance says so in its note."""

ORIGIN = "DEMO"
"""Site and device of the fixed entries, wherever they are written."""

ID_LABEL = b"scanner-demo/1"
OPENING_AT = time(6)
"""When they were made, on the demonstration's day, UTC."""


def opening_entries(site: DemoSite) -> tuple[Entry, ...]:
    """The opening balance as entries with fixed times and event ids, an entry for each line, in order."""
    at_ms = round(datetime.combine(site.today, OPENING_AT, UTC).timestamp() * 1000)
    return tuple(_entry(draft, number, at_ms) for number, draft in enumerate(opening_drafts(site), start=1))


def _entry(draft: Draft, number: int, at_ms: int) -> Entry:
    return Entry(
        kind=draft.kind,
        event_id=_event_id(at_ms, number),
        stamp=Stamp(at_ms, 0, number, ORIGIN),
        origin=Origin(ORIGIN, ORIGIN, None, None),
        verdict=draft.verdict,
        workflow="opening",
        note=draft.note,
        postings=draft.postings,
        container_moves=draft.container_moves,
    )


def _event_id(at_ms: int, number: int) -> str:
    """A UUIDv7 (RFC 9562) whose random bits follow from the day and the line."""
    random = hashlib.sha256(ID_LABEL + at_ms.to_bytes(8, "big") + number.to_bytes(4, "big")).digest()
    digits = bytearray(at_ms.to_bytes(6, "big") + random[:10])
    digits[6] = digits[6] & 0x0F | 0x70
    digits[8] = digits[8] & 0x3F | 0x80
    text = digits.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def opening_drafts(site: DemoSite) -> tuple[Draft, ...]:
    """An `opening_balance` draft for each line: from `adjustment` into its place or container, in order."""
    return tuple(_draft(line) for line in site.opening)


def _draft(line: OpeningLine) -> Draft:
    """The container arrives first, sealed; then its content, or the goods themselves."""
    moves = () if line.container is None else (ContainerMove(line.container, ADJUSTMENT, line.place, Seal.SEALED),)
    return Draft(
        EntryKind.OPENING_BALANCE,
        Accepted(),
        note=PROVENANCE,
        postings=_postings(line),
        container_moves=moves,
    )


def _postings(line: OpeningLine) -> tuple[Posting, ...]:
    """One posting for each serial, or one for the whole quantity."""
    to_place = line.container or line.place
    if not line.serials:
        return (Posting(_key(line, None), line.quantity, ADJUSTMENT, to_place),)
    return tuple(Posting(_key(line, serial), 1, ADJUSTMENT, to_place) for serial in line.serials)


def _key(line: OpeningLine, serial: str | None) -> StockKey:
    return StockKey(DEFAULT_OWNER, line.gtin, line.lot, line.expiry, serial, line.status)
