"""The one value every scanner delivers, whatever its transport: a `RawScan`.

>>> scan = scan_of_text("]d20109506000134352", source="replay", monotonic_ns=1, wall_ms=2)
>>> scan.symbology, scan.payload
(']d2', b']d20109506000134352')
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final

GROUP_SEPARATOR: Final = "\x1d"
"""FNC1 as transmitted between element strings (GS1 General Specifications, section 7.8)."""

PAYLOAD_BYTES_MAX: Final = 4096
"""The longest frame that is kept: DataMatrix ends at 2335 and QR at 4296 characters, of which GS1 uses far fewer."""

WEDGE: Final = "wedge"
"""The source of what a scanner, or a person, typed into the terminal or pasted there as a block."""

SYMBOLOGY_LENGTH: Final = 3
"""Flag character, code character and modifier of a symbology identifier (ISO/IEC 15424)."""

_SYMBOLOGY: Final = re.compile(r"\][A-Za-z][0-9A-Za-z]")


class Method(enum.StrEnum):
    """How the characters came to be known; the ledger keeps it with the raw scan."""

    SCANNED = "scanned"  # read by a device
    MANUAL = "manual"  # typed by a person
    RECOVERED = "recovered"  # a lost separator was put back, and a second scan confirmed it
    RFID = "rfid"  # read from a tag


class Ending(enum.StrEnum):
    """What told that the scan was complete."""

    TERMINATOR = "terminator"  # the suffix the profile names, or Enter or Tab from keys
    IDLE = "idle"  # nothing more came: the device sends no terminator, or it was lost
    PASTED = "pasted"  # a terminal handed over a block of text at once


@dataclass(frozen=True, slots=True)
class RawScan:
    """One scan as the device sent it, not yet judged.

    `payload` holds the exact bytes of the frame without terminator, STX and NUL, at most `PAYLOAD_BYTES_MAX` of them.
    `text` is the payload decoded, with the profile's separator turned into GS and its prefix and suffix taken off;
    the symbology identifier still stands at its head. `symbology` is that identifier (`]d2`), or None.
    `source` is the stable name of the channel: `serial:/dev/serial/by-id/…`, `wedge`, `virtual`, `keyboard`.
    `profile` names the device profile, and `commissioned` says whether that device has proven that it delivers what
    was printed. `monotonic_ns` and `wall_ms` (UTC, since 1970) are taken when the last byte arrived.
    `cut` means that bytes are known to be missing: it must be refused as unreadable, never understood.
    """

    payload: bytes
    text: str
    symbology: str | None
    source: str
    profile: str
    commissioned: bool
    method: Method
    monotonic_ns: int
    wall_ms: int
    ended_by: Ending
    cut: bool


def symbology_of(text: str) -> str | None:
    """Give the symbology identifier at the head of `text` exactly as it stands there, wrong case included, or None."""
    found = _SYMBOLOGY.match(text)
    return found.group() if found else None


def text_of(payload: bytes) -> str:
    """Decode the bytes of a scan: as UTF-8 where all of them are valid, else each byte as one Latin-1 character."""
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return payload.decode("latin-1")


def scan_of_text(  # noqa: PLR0913 - each argument is one fact of the scan
    text: str,
    *,
    source: str,
    monotonic_ns: int,
    wall_ms: int,
    profile: str = "text",
    commissioned: bool = True,
    method: Method = Method.SCANNED,
    ended_by: Ending = Ending.TERMINATOR,
) -> RawScan:
    """Make a scan of characters that are already known: a replayed line, or one typed by hand.

    Characters no scanner can send (lone surrogates) come back as the Latin-1 reading of their bytes, so that the text
    can always be stored; a text of more than `PAYLOAD_BYTES_MAX` bytes is marked as cut.
    """
    encoded = text.encode("utf-8", "surrogatepass")
    payload = encoded[:PAYLOAD_BYTES_MAX]
    decoded = text_of(payload)
    return RawScan(
        payload=payload,
        text=decoded,
        symbology=symbology_of(decoded),
        source=source,
        profile=profile,
        commissioned=commissioned,
        method=method,
        monotonic_ns=monotonic_ns,
        wall_ms=wall_ms,
        ended_by=ended_by,
        cut=len(encoded) > PAYLOAD_BYTES_MAX,
    )
