"""Full-jitter backoff: the longer nothing works, the rarer and the more scattered the tries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

BASE_MS: Final = 500
CAP_MS: Final = 60_000


@dataclass(slots=True)
class Backoff:
    """The wait before the next try; `failures` in a row so far."""

    source: Random
    failures: int = 0

    def failed(self, retry_after_ms: int | None = None) -> int:
        """Milliseconds to wait after one more failure: anything up to a bound that doubles; at least what was asked."""
        self.failures += 1
        bound = min(CAP_MS, BASE_MS << min(self.failures - 1, 10))
        return max(retry_after_ms or 0, self.source.randrange(bound // 10, bound + 1))

    def worked(self) -> None:
        """Begins anew."""
        self.failures = 0
