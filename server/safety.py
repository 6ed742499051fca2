"""Safe: what stands in a verified backup too. A device may forget only that (sync.md, Promises)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from server.chains import find_epoch, link_at, put_epoch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from server.database import Session
    from server.writing import Writing

HEADS: Final = "SELECT site_id, epoch, seq, hash FROM epoch ORDER BY site_id, epoch"


def heads_in(session: Session) -> dict[str, dict[str, tuple[int, str]]]:
    """Site → epoch (hex) → last sequence and link of every chain in a database."""
    found: dict[str, dict[str, tuple[int, str]]] = {}
    for site, epoch, seq, link in session.each(HEADS):
        found.setdefault(site, {})[epoch.hex()] = (seq, link.hex())
    return found


def mark_safe(writing: Writing, heads: Mapping[bytes, tuple[int, bytes]]) -> int:
    """Moves `safe` of each chain that goes on from what the backup holds; how many moved."""
    moved = 0
    for epoch, (seq, link) in heads.items():
        chain = find_epoch(writing.session, writing.site, epoch)
        if chain is not None and chain.safe_seq < seq <= chain.seq and link_at(writing.session, chain, seq) == link:
            put_epoch(writing.session, chain._replace(safe_seq=seq))
            moved += 1
    return moved
