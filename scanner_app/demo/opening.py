"""The demonstration's opening stock as drafts of ledger entries: what was there when the system began."""

from __future__ import annotations

from scanner_app.demo.site import DemoSite, OpeningLine
from scanner_app.domain.entry import EntryKind
from scanner_app.domain.masters import DEFAULT_OWNER
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.stock import ADJUSTMENT, ContainerMove, Posting, Seal, StockKey
from scanner_app.workflows.step import Draft

PROVENANCE = "demonstration: stock before the first shift"
"""DSCSA asks where goods came from that were here before the data did; an opening balance says so in its note."""


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
