"""What the engine must know of the ledger: a port, so that it needs neither store nor file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from scanner_app.domain.feed import EpochState

__all__ = ["EpochState", "Outbox"]

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.wire import Scope


class Outbox(Protocol):
    """What the store tells the engine; reading it changes nothing."""

    def epochs(self) -> Sequence[EpochState]:
        """All epochs that the centre may still have to hear of, oldest first."""

    def link(self, no: int, seq: int) -> str:
        """The link after sequence `seq` of an epoch, from 1 up to `last` (hex)."""

    def cursor(self, scope: Scope) -> str | None:
        """How far a scope of the feed was applied; None: never."""

    def token_due_ms(self) -> int | None:
        """Milliseconds until the token should be rotated; None: never."""
