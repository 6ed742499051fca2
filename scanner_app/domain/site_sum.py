"""The checksum of a site's stock: 64 bits that both sides keep in step with each commit (docs/decisions/0005).

The sum, modulo 2^64, over all rows of on-hand lines, units and containers, of the first 8 bytes of BLAKE2b of the row.
Sums do not depend on the order of rows, so one row is exchanged for another by a subtraction and an addition.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

MASK: Final = (1 << 64) - 1
SUM_BYTES: Final = 8
LINE: Final = "on_hand"
UNIT: Final = "unit"
CONTAINER: Final = "container"


def row_sum(table: str, *values: str | int) -> int:
    """One row's part of the sum; unknown values are ''.

    In this order: LINE place, gtin, lot, expiry, status, owner, quantity; UNIT gtin, serial, owner, lot, expiry,
    status, place; CONTAINER id, parent, seal.
    """
    text = "\x1f".join((table, *map(str, values)))
    return int.from_bytes(blake2b(text.encode(), digest_size=SUM_BYTES).digest(), "big")


def exchanged(total: int, *, old: int = 0, new: int = 0) -> int:
    """The sum after a row (old: its part before, 0 for none) became another one (new: its part after, 0 for none)."""
    return (total - old + new) & MASK
