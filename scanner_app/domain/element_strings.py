"""GS1 element strings: a message of application identifiers and values, read strictly (General Specifications, 7.8).

>>> read_element_strings("0109506000134352" + "10AB" + GROUP_SEPARATOR + "21X", 0, date(2026, 11, 24)).elements
(('01', '09506000134352'), ('10', 'AB'), ('21', 'X'))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from scanner_app.domain.ai_table import ROWS, TABLE, ApplicationIdentifier, find_ai
from scanner_app.domain.dates import YYMMDD_DIGITS, from_yymmdd
from scanner_app.domain.keys import Gln, Gtin, Lot, Serial, Sscc
from scanner_app.domain.linters import Fault
from scanner_app.domain.parsed_scan import Elements, Kind, ParsedScan, ScanError, ScanErrorCode, parsed_scan

GROUP_SEPARATOR: Final = "\x1d"
"""What a scanner sends for FNC1 between element strings (General Specifications, section 7.8.6)."""

COMBINATIONS_CACHED: Final = 1024
"""Labels of a warehouse use few combinations of AIs; what is to be said of each is worked out once."""

TWO_SEPARATORS: Final = GROUP_SEPARATOR * 2
DIGITAL_SIGNATURE: Final = "8030"
KEYS_WITH_OPTIONAL_SERIAL: Final = {"253": 13, "255": 13, "8003": 14}
"""Keys that a digital signature (8030) asks to be serialised, with their length without a serial."""


class Message(NamedTuple):
    """The element strings of a message in its order, and what is to be warned of."""

    elements: Elements
    warnings: tuple[str, ...]


class Clash(NamedTuple):
    """An element string, by its place in the message, that must not stand beside the others; and why."""

    at: int
    code: ScanErrorCode
    message: str


class _Judgement(NamedTuple):
    """What can be said of a combination of AIs without their values: a forbidden pair, warnings, and what is left."""

    clash: Clash | None
    warnings: tuple[str, ...]
    needs_values: bool


def read_element_strings(text: str, start: int, today: date) -> Message | ScanError:
    """The element strings from `start` to the end of `text`, or the first fault with its AI and offset.

    A separator after a fixed-length value or at the very end is tolerated; a leading one and two in a row are not.
    """
    if not text.isascii():
        return not_ascii(text)
    if text.startswith(GROUP_SEPARATOR, start) or TWO_SEPARATORS in text:
        return _separator_fault(text, start)
    elements: list[tuple[str, str]] = []
    for part in text[start:].split(GROUP_SEPARATOR):
        position, end = 0, len(part)
        while position < end:
            entry = TABLE.get(part[position : position + 2]) or find_ai(part[position : position + 4])
            if entry is None:
                return _unknown_ai(text, _offset_after(elements, text, start))
            ai, length, check = entry.ai, entry.fixed_length, entry.check
            begin = position + len(ai)
            position = begin + length if length else end
            value = part[begin:position]
            if fault := check(value, today):
                return value_error(entry, fault, _offset_after(elements, text, start))
            elements.append((ai, value))
    judged = judge(elements)
    if isinstance(judged, Clash):
        offset = _offset_after(elements[: judged.at], text, start)
        return ScanError(judged.code, elements[judged.at][0], offset, judged.message)
    return judged


def value_error(entry: ApplicationIdentifier, fault: Fault, offset: int) -> ScanError:
    """The refusal of a value, told with its AI and offset."""
    return ScanError(fault.code, entry.ai, offset, f"({entry.ai}) {entry.title} {fault.sentence}.")


def judge(elements: Sequence[tuple[str, str]]) -> Message | Clash:
    """The message of these element strings, unless some must not stand together."""
    clash, warnings, needs_values = _judge(tuple([ai for ai, _ in elements]))
    if needs_values:
        clash = _repeated(elements) or _unserialised(elements)
    return clash or Message(tuple(elements), warnings)


def scan_of(message: Message, kind: Kind, text: str, symbology: str | None, today: date) -> ParsedScan:
    """The scan that a message makes, with its keys in their fields. The values were checked when it was read."""
    elements, warnings = message
    value_of = dict(elements).get
    item, unit, content, place = value_of("01") or value_of("03"), value_of("00"), value_of("02"), value_of("414")
    lot, serial, count = value_of("10"), value_of("21"), value_of("30") or value_of("37")
    expires = value_of("17") or value_of("7003")
    expiry = from_yymmdd(expires[:YYMMDD_DIGITS], today) if expires else None
    if expiry and expires and expires[4:] == "00":
        warnings = (*warnings, day_00(expiry))
    return parsed_scan(
        kind,
        text,
        symbology,
        elements,
        Gtin(item) if item else None,
        Serial(serial) if serial else None,
        Lot(lot) if lot else None,
        expiry,
        Sscc(unit) if unit else None,
        Gln(place) if place else None,
        int(count) if count else None,
        Gtin(content) if content else None,
        warnings,
    )


def day_00(expiry: date) -> str:
    """The warning of an expiry that names a month alone."""
    return f"DAY_00: The expiry names no day; {expiry}, the last of the month, is meant."


def format_element_string(elements: Iterable[tuple[str, str]]) -> str:
    """A message of these element strings: a separator after each value that needs one, but for the last.

    It has no symbology identifier. An AI that is not in the table is taken as one of variable length.
    """
    parts: list[str] = []
    for ai, value in elements:
        fixed = ai in ROWS and TABLE[ai].fixed_length
        parts.append(ai + value + ("" if fixed else GROUP_SEPARATOR))
    return "".join(parts).removesuffix(GROUP_SEPARATOR)


def not_ascii(text: str) -> ScanError:
    """The refusal of a text that is not ASCII, at its first such character."""
    offset = next(index for index, char in enumerate(text) if not char.isascii())
    message = f"Character {text[offset]!r} cannot stand in a GS1 message."
    return ScanError(ScanErrorCode.BAD_CHARACTER, None, offset, message)


def _separator_fault(text: str, start: int) -> ScanError:
    """The refusal of a separator at the head of the message, or of two in a row."""
    if text.startswith(GROUP_SEPARATOR, start):
        return ScanError(ScanErrorCode.LEADING_SEPARATOR, None, start, "The message begins with a separator.")
    doubled = text.find(TWO_SEPARATORS, start)
    return ScanError(ScanErrorCode.DOUBLE_SEPARATOR, None, doubled, "Two separators stand in a row.")


def _unknown_ai(text: str, position: int) -> ScanError:
    """The refusal of data that no AI begins."""
    shown = text[position : position + 4]
    return ScanError(ScanErrorCode.UNKNOWN_AI, None, position, f"No application identifier begins {shown!r}.")


def _offset_after(elements: Sequence[tuple[str, str]], text: str, start: int) -> int:
    """Where the AI stands that follows these element strings."""
    offset = start
    for ai, value in elements:
        offset += len(ai) + len(value)
        offset += text.startswith(GROUP_SEPARATOR, offset)
    return offset


@lru_cache(maxsize=COMBINATIONS_CACHED)
def _judge(ais: tuple[str, ...]) -> _Judgement:
    """What is to be said of a combination of AIs."""
    present = frozenset(ais)
    for index, ai in enumerate(ais):
        if excluded := TABLE[ai].excludes & present:
            message = f"({ai}) must not stand on one item with ({min(excluded)})."
            return _Judgement(Clash(index, ScanErrorCode.AI_CONFLICT, message), (), needs_values=False)
    unmet = [TABLE[ai] for ai in dict.fromkeys(ais) if not _accompanied(TABLE[ai], present)]
    warnings = tuple(_missing_companion(entry) for entry in unmet)
    return _Judgement(None, warnings, needs_values=len(present) < len(ais) or DIGITAL_SIGNATURE in present)


def _accompanied(entry: ApplicationIdentifier, present: frozenset[str]) -> bool:
    """Whether one of the alternatives that the AI asks for is there, or it asks for nothing."""
    return not entry.companions or any(
        all(not wanted.isdisjoint(present) for wanted in alternative) for alternative in entry.companions
    )


def _missing_companion(entry: ApplicationIdentifier) -> str:
    """The warning of an AI that stands alone; its companion may stand on another symbol of the label."""
    return f"MISSING_COMPANION: ({entry.ai}) {entry.title} stands without {entry.companions_text}."


def _repeated(elements: Sequence[tuple[str, str]]) -> Clash | None:
    """An AI that comes again with another value."""
    first: dict[str, str] = {}
    for index, (ai, value) in enumerate(elements):
        if first.setdefault(ai, value) != value:
            return Clash(index, ScanErrorCode.AI_REPEATED, f"({ai}) comes again with another value.")
    return None


def _unserialised(elements: Sequence[tuple[str, str]]) -> Clash | None:
    """A key without serial beside a digital signature, which signs one instance."""
    if all(ai != DIGITAL_SIGNATURE for ai, _ in elements):
        return None
    for index, (ai, value) in enumerate(elements):
        if len(value) == KEYS_WITH_OPTIONAL_SERIAL.get(ai):
            return Clash(index, ScanErrorCode.AI_CONFLICT, f"({ai}) needs its serial component beside (8030).")
    return None
