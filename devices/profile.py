r"""What is known of one scanner: how its frames end, what stands for GS, and whether it has proven itself.

>>> ScannerProfile("dock", terminators=("etx",)).end_bytes
b'\x03'
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from devices.scan import GROUP_SEPARATOR, PAYLOAD_BYTES_MAX

BIT_RATES: Final = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
"""What scanners offer on RS-232; USB-CDC ignores the number."""

SEPARATOR_CHARACTERS: Final = "#$@[\\]^`{|}~"
"""Printable substitutes that are no data of lots and serials: none is in GS1 character set 82.

Only `#` is in another, character set 39, which AI 8010 (component and part identifier) alone uses.
"""

SEPARATOR_TOKENS: Final = ("<GS>", "{GS}", "^]")
"""Sequences some scanners and emulators write for GS; taken as one only where the profile says so."""

IDLE_GAP_MS_MAX: Final = 10_000
AFFIX_LENGTH_MAX: Final = 32
NAME_LENGTH_MAX: Final = 64


class Terminator(enum.StrEnum):
    """What a scanner sends after a scan."""

    CR = "cr"
    LF = "lf"
    CRLF = "crlf"  # ends at either: nothing stands between the two
    TAB = "tab"
    ETX = "etx"


_END_BYTES: Final = {
    Terminator.CR: b"\r",
    Terminator.LF: b"\n",
    Terminator.CRLF: b"\r\n",
    Terminator.TAB: b"\t",
    Terminator.ETX: b"\x03",
}


class ProfileError(ValueError):
    """A profile that can't be used: `key` names the setting, `code` is stable, the text says what is allowed."""

    def __init__(self, key: str, problem: str) -> None:
        """Name the setting `key` and say what is wrong with its value."""
        super().__init__(f"{key}: {problem}")
        self.key = key
        self.code = "PROFILE_INVALID"


@dataclass(frozen=True, slots=True)
class ScannerProfile:
    """The settings of one scanner; raises `ProfileError` naming the first key that is wrong.

    `bit_rate` is in bits per second. `terminators` names what ends a frame; an empty tuple means that the device sends
    none, and that `idle_gap_ms` without a byte ends it instead. `separator` is the one thing that stands for GS: GS
    itself, a character of `SEPARATOR_CHARACTERS`, or a token of `SEPARATOR_TOKENS`. `prefix` and `suffix` are what the
    scanner adds before the symbology identifier and before the terminator; a frame without them has lost bytes.
    `require_symbology` tells intake to refuse scans without a symbology identifier. `commissioned` says that the
    scanner has read the test card right with just these settings.
    """

    name: str
    bit_rate: int = 9600
    terminators: tuple[str, ...] = (Terminator.CRLF, Terminator.TAB, Terminator.ETX)
    idle_gap_ms: int = 100
    separator: str = GROUP_SEPARATOR
    prefix: str = ""
    suffix: str = ""
    require_symbology: bool = True
    commissioned: bool = False
    payload_bytes_max: int = PAYLOAD_BYTES_MAX

    def __post_init__(self) -> None:
        """Check every setting."""
        _check_name(self.name)
        if self.bit_rate not in BIT_RATES:
            raise ProfileError("bit_rate", f"{self.bit_rate!r} is not one of {', '.join(map(str, BIT_RATES))}")
        _check_terminators(self.terminators)
        _check_range("idle_gap_ms", self.idle_gap_ms, 1, IDLE_GAP_MS_MAX)
        _check_range("payload_bytes_max", self.payload_bytes_max, 1, PAYLOAD_BYTES_MAX)
        _check_separator(self.separator)
        for key in ("prefix", "suffix"):
            _check_affix(key, getattr(self, key), self.end_bytes)
        for key in ("require_symbology", "commissioned"):
            if not isinstance(getattr(self, key), bool):
                raise ProfileError(key, f"{getattr(self, key)!r} is neither true nor false")

    @property
    def end_bytes(self) -> bytes:
        """Give the single bytes that end a frame, without repetition; empty for a device that sends none."""
        return bytes(sorted({byte for name in self.terminators for byte in _END_BYTES[Terminator(name)]}))


def _check_name(name: object) -> None:
    """Refuse a name that is empty, long or not printable: it stands in the ledger and on the screen."""
    if not isinstance(name, str) or not name or not name.isprintable() or len(name) > NAME_LENGTH_MAX:
        raise ProfileError("name", f"{name!r} is not a printable name of 1 to {NAME_LENGTH_MAX} characters")


def _check_terminators(names: object) -> None:
    """Refuse anything but a tuple of known terminators."""
    known = [terminator.value for terminator in Terminator]
    if not isinstance(names, tuple):
        raise ProfileError("terminators", f"{names!r} is not a list of {', '.join(known)}")
    for name in names:
        if name not in known:
            raise ProfileError("terminators", f"{name!r} is not one of {', '.join(known)}")


def _check_range(key: str, number: object, least: int, most: int) -> None:
    """Refuse what is no whole number between the bounds."""
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
        raise ProfileError(key, f"{number!r} is not a whole number from {least} to {most}")


def _check_separator(separator: object) -> None:
    """Refuse a separator that could be data: one mapping for each profile, never a union."""
    characters = (GROUP_SEPARATOR, *SEPARATOR_CHARACTERS, *SEPARATOR_TOKENS)
    if separator not in characters:
        allowed = " ".join((*SEPARATOR_CHARACTERS, *SEPARATOR_TOKENS))
        raise ProfileError("separator", f"{separator!r} is neither GS (\\x1d) nor one of {allowed}")


def _check_affix(key: str, affix: object, end_bytes: bytes) -> None:
    """Refuse a prefix or suffix that framing would never hand on: too long, not ASCII, or holding a terminator."""
    if not isinstance(affix, str) or not affix.isascii() or len(affix) > AFFIX_LENGTH_MAX:
        raise ProfileError(key, f"{affix!r} is not a text of at most {AFFIX_LENGTH_MAX} ASCII characters")
    taken = set(affix.encode()) & {*end_bytes, 0x00, 0x02}
    if taken:
        raise ProfileError(key, f"{affix!r} holds byte 0x{min(taken):02x}, which framing takes for itself")


VIRTUAL: Final = ScannerProfile("virtual", commissioned=True)
"""The virtual scanner and replayed scans: what is sent is known, so there is nothing to prove."""

UNPROVEN: Final = ScannerProfile("unproven")
"""A scanner nobody has commissioned yet."""
