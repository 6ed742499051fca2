"""Badges as the ledger may keep them: who it is, and a hash where the token stood, which would sign anybody in.

A badge that is not read as one, by a wrong case, a stray separator or noise around it, still tells its token. So what
looks like one is masked wherever it stands, but not within the symbols of goods: those say what they are.

>>> without_token("USR-1042.7Kq2Wv9RtX4mBz8N", "USR-", date(2026, 11, 24))
'USR-1042#37d8d5862cf8d6e8'
"""

from __future__ import annotations

import hashlib
import re
from datetime import date
from functools import lru_cache
from typing import Final

from scanner_app.domain.parsed_scan import Kind, ParsedScan
from scanner_app.domain.scan import parse_scan

TOKEN_HASH_LENGTH: Final = 16
TOKEN_LENGTH_MIN: Final = 16
"""So many characters behind a badge's id are taken for its token where the full stop between them is garbled."""

NAMES_GOODS: Final = frozenset({
    Kind.GS1, Kind.DIGITAL_LINK, Kind.GTIN, Kind.SSCC, Kind.EPC, Kind.ISO15434, Kind.HIBC, Kind.NATIONAL,
})  # fmt: skip
"""Carriers that say themselves what they hold; a lot in them may begin as a badge does."""

_MASKED: Final = re.compile(rf".*#[0-9a-f]{{{TOKEN_HASH_LENGTH}}}", re.DOTALL)


def is_masked(text: str) -> bool:
    """Whether this is a badge whose token has been taken out already."""
    return _MASKED.fullmatch(text) is not None


def bears_badge(text: str, prefix: str, day: date) -> bool:
    """Whether a scan holds what looks like a badge with its token. `day`: for the century rule of other symbols."""
    if prefix.lower() not in text.lower() or is_masked(text) or _badge_in(prefix).search(text) is None:
        return False
    parsed = parse_scan(text, day)
    return not (isinstance(parsed, ParsedScan) and parsed.kind in NAMES_GOODS)


def without_token(text: str, prefix: str, day: date) -> str:
    """The scan with a hash in place of all that may be a badge's token; the scan itself where it holds none."""
    return _badge_in(prefix).sub(_masked, text) if bears_badge(text, prefix, day) else text


def token_hash(token: str) -> str:
    """What stands in the ledger for a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()[:TOKEN_HASH_LENGTH]


@lru_cache(maxsize=4)
def _badge_in(prefix: str) -> re.Pattern[str]:
    """A badge in any case: an id, and its token after a full stop, or so much that it must be one after anything."""
    plain = re.escape(prefix)
    garbled = rf"({plain}[A-Za-z0-9]*)([^A-Za-z0-9][A-Za-z0-9_-]{{{TOKEN_LENGTH_MIN},}}.*)"
    return re.compile(rf"({plain}[^.]*)\.(.+)|{garbled}", re.IGNORECASE | re.DOTALL)


def _masked(found: re.Match[str]) -> str:
    badge, token, garbled_badge, garbled_token = found.groups()
    return f"{badge or garbled_badge}#{token_hash(token or garbled_token)}"
