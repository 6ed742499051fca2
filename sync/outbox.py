"""What the engine must know of the ledger: a port, so that it needs neither store nor file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.wire import Scope


@dataclass(frozen=True, slots=True)
class EpochState:
    """An epoch of this device's ledger. `end`: the last sequence that is to be sent, less than `last` where it was cut.

    `present`: entries are appended to it; it is not cut.
    """

    no: int
    id: str
    last: int
    end: int
    acked: int
    safe: int
    present: bool


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
