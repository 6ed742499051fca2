r"""Frame to `RawScan`: text, symbology identifier and separator. Pure; it understands nothing of what was scanned.

>>> from devices.scan import Ending
>>> frame = Frame(b"]d2010950600013435210A1|21X", Ending.TERMINATOR, cut=False, last_ns=5)
>>> decode(frame, ScannerProfile("old", separator="|"), source="serial:/dev/ttyS0", wall_ms=9).text
']d2010950600013435210A1\x1d21X'
"""

from __future__ import annotations

from typing import Final

from devices.framing import Frame
from devices.profile import ScannerProfile
from devices.scan import GROUP_SEPARATOR, SYMBOLOGY_LENGTH, Method, RawScan, symbology_of, text_of

UNEXPECTED_SEPARATOR: Final = "\u241d"
"""SYMBOL FOR GROUP SEPARATOR: a real GS from a device whose profile says that it sends something else instead.

The two together would be a union of mappings, which could split data wrongly; the symbol is no GS1 character, so the
scan is refused, and says why.
"""


def decode(
    frame: Frame, profile: ScannerProfile, *, source: str, wall_ms: int, method: Method = Method.SCANNED
) -> RawScan:
    """Give the scan in `frame`; `source` is the stable name of the channel, `wall_ms` UTC since 1970.

    A frame without the prefix or suffix of its profile has lost bytes: it is marked as cut and left as it came.
    """
    whole = text_of(frame.payload)
    inner = _without_affixes(whole, profile)
    text = whole if inner is None else inner
    symbology = symbology_of(text)
    if profile.separator != GROUP_SEPARATOR:
        text = _with_separators(text, profile.separator, head_length=SYMBOLOGY_LENGTH if symbology else 0)
    return RawScan(
        payload=frame.payload,
        text=text,
        symbology=symbology,
        source=source,
        profile=profile.name,
        commissioned=profile.commissioned,
        method=method,
        monotonic_ns=frame.last_ns,
        wall_ms=wall_ms,
        ended_by=frame.ended_by,
        cut=frame.cut or inner is None,
    )


def _without_affixes(text: str, profile: ScannerProfile) -> str | None:
    """Take prefix and suffix off, or give None where one of them is missing."""
    prefix, suffix = profile.prefix, profile.suffix
    if len(text) < len(prefix) + len(suffix) or not text.startswith(prefix) or not text.endswith(suffix):
        return None
    return text[len(prefix) : len(text) - len(suffix)]


def _with_separators(text: str, separator: str, *, head_length: int) -> str:
    """Turn the separator of the profile into GS behind the symbology identifier, whose flag may look like one."""
    head, body = text[:head_length], text[head_length:]
    return head + body.replace(GROUP_SEPARATOR, UNEXPECTED_SEPARATOR).replace(separator, GROUP_SEPARATOR)
