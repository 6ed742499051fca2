"""GS1 element strings: a message of application identifiers and values, read strictly (General Specifications, 7.8).

>>> read_element_strings("0109506000134352" + "10AB" + GROUP_SEPARATOR + "21X", 0, date(2026, 11, 24)).elements
(('01', '09506000134352'), ('10', 'AB'), ('21', 'X'))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from scanner_app.domain.ai_forms import value_fault
from scanner_app.domain.ai_table import AI_LENGTH, TABLE, ApplicationIdentifier
from scanner_app.domain.dates import YYMMDD_DIGITS, from_yymmdd
from scanner_app.domain.keys import Gln, Gtin, Lot, Serial, Sscc
from scanner_app.domain.parsed_scan import Elements, Kind, ParsedScan, ScanError, ScanErrorCode

GROUP_SEPARATOR: Final = "\x1d"
"""What a scanner sends for FNC1 between element strings (General Specifications, section 7.8.6)."""

COMBINATIONS_CACHED: Final = 1024
"""Labels of a warehouse use few combinations of AIs; what is to be said of each is worked out once."""

KEYS_WITH_OPTIONAL_SERIAL: Final = {"253": 13, "255": 13, "8003": 14}
"""Keys that a digital signature (8030) asks to be serialised, with their length without a serial."""


@dataclass(frozen=True, slots=True)
class Message:
    """The element strings of a message in its order, and what is to be warned of."""

    elements: Elements
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What can be said of a combination of AIs without their values: a forbidden pair, or warnings."""

    pair: tuple[int, str] | None
    warnings: tuple[str, ...]


def read_element_strings(text: str, start: int, today: date) -> Message | ScanError:
    """The element strings from `start` to the end of `text`, or the first fault with its AI and offset.

    A separator after a fixed-length value or at the very end is tolerated; a leading one and two in a row are not.
    """
    if not text.isascii():
        return not_ascii(text)
    if fault := _separator_fault(text, start):
        return fault
    elements: list[tuple[str, str]] = []
    offsets: list[int] = []
    position, end = start, len(text)
    while position < end:
        entry = _entry_at(text, position)
        if entry is None:
            return _unknown_ai(text, position)
        begin = position + len(entry.ai)
        limit = begin + entry.fixed_length if entry.fixed_length else end
        stop = text.find(GROUP_SEPARATOR, begin, limit)
        if stop < 0:
            stop = min(limit, end)
        value = text[begin:stop]
        if fault := element_fault(entry, value, position, today):
            return fault
        elements.append((entry.ai, value))
        offsets.append(position)
        position = stop + 1 if text.startswith(GROUP_SEPARATOR, stop) else stop
    return judged(tuple(elements), offsets)


def element_fault(entry: ApplicationIdentifier, value: str, offset: int, today: date) -> ScanError | None:
    """What is wrong with one value, told with its AI and offset; None if nothing is."""
    fault = value_fault(entry.components, value, today)
    if fault is None:
        return None
    return ScanError(fault.code, entry.ai, offset, f"({entry.ai}) {entry.title} {fault.sentence}.")


def judged(elements: Elements, offsets: Sequence[int]) -> Message | ScanError:
    """The message, unless its element strings must not stand together. `offsets` are those of the AIs."""
    ais = tuple([ai for ai, _ in elements])
    judgement = _judge(ais)
    if judgement.pair:
        index, other = judgement.pair
        message = f"({ais[index]}) must not stand on one item with ({other})."
        return ScanError(ScanErrorCode.AI_CONFLICT, ais[index], offsets[index], message)
    if len(set(ais)) < len(ais) and (fault := _repeated(elements, offsets)):
        return fault
    if "8030" in ais and (fault := _unserialised(elements, offsets)):
        return fault
    return Message(elements, judgement.warnings)


def scan_of(message: Message, kind: Kind, text: str, symbology: str | None, today: date) -> ParsedScan:
    """The scan that a message makes, with its keys in their fields. The values were checked when it was read."""
    value_of = dict(message.elements).get
    item, unit, content, place = value_of("01") or value_of("03"), value_of("00"), value_of("02"), value_of("414")
    lot, serial = value_of("10"), value_of("21")
    count = value_of("30") or value_of("37")
    warnings = message.warnings
    expires = value_of("17") or (value_of("7003") or "")[:YYMMDD_DIGITS]
    expiry = from_yymmdd(expires, today) if expires else None
    if expiry and expires.endswith("00"):
        warnings = (*warnings, day_00(expiry))
    return ParsedScan(
        kind=kind,
        text=text,
        symbology=symbology,
        elements=message.elements,
        gtin=Gtin(item) if item else None,
        serial=Serial(serial) if serial else None,
        lot=Lot(lot) if lot else None,
        expiry=expiry,
        sscc=Sscc(unit) if unit else None,
        gln=Gln(place) if place else None,
        quantity=int(count) if count else None,
        content_gtin=Gtin(content) if content else None,
        warnings=warnings,
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
        entry = TABLE.get(ai)
        parts.append(ai + value + ("" if entry and entry.fixed_length else GROUP_SEPARATOR))
    return "".join(parts).removesuffix(GROUP_SEPARATOR)


def not_ascii(text: str) -> ScanError:
    """The refusal of a text that is not ASCII, at its first such character."""
    offset = next(index for index, char in enumerate(text) if not char.isascii())
    message = f"Character {text[offset]!r} cannot stand in a GS1 message."
    return ScanError(ScanErrorCode.BAD_CHARACTER, None, offset, message)


def _separator_fault(text: str, start: int) -> ScanError | None:
    """A separator at the head of the message, or two in a row."""
    if text.startswith(GROUP_SEPARATOR, start):
        return ScanError(ScanErrorCode.LEADING_SEPARATOR, None, start, "The message begins with a separator.")
    doubled = text.find(GROUP_SEPARATOR * 2, start)
    if doubled >= 0:
        return ScanError(ScanErrorCode.DOUBLE_SEPARATOR, None, doubled, "Two separators stand in a row.")
    return None


def _entry_at(text: str, position: int) -> ApplicationIdentifier | None:
    """The entry of the AI that stands at `position`; its first two digits tell its length."""
    first_two = text[position : position + 2]
    entry = TABLE.get(first_two)
    if entry is None and first_two in AI_LENGTH:
        entry = TABLE.get(text[position : position + AI_LENGTH[first_two]])
    return entry


def _unknown_ai(text: str, position: int) -> ScanError:
    """The refusal of data that no AI begins."""
    shown = text[position : position + 4]
    return ScanError(ScanErrorCode.UNKNOWN_AI, None, position, f"No application identifier begins {shown!r}.")


@lru_cache(maxsize=COMBINATIONS_CACHED)
def _judge(ais: tuple[str, ...]) -> _Judgement:
    """What is to be said of a combination of AIs."""
    present = frozenset(ais)
    for index, ai in enumerate(ais):
        if clash := TABLE[ai].excludes & present:
            return _Judgement((index, min(clash)), ())
    unmet = [TABLE[ai] for ai in dict.fromkeys(ais) if not _accompanied(TABLE[ai], present)]
    return _Judgement(None, tuple(_missing_companion(entry) for entry in unmet))


def _accompanied(entry: ApplicationIdentifier, present: frozenset[str]) -> bool:
    """Whether one of the alternatives that the AI asks for is there, or it asks for nothing."""
    return not entry.companions or any(
        all(not wanted.isdisjoint(present) for wanted in alternative) for alternative in entry.companions
    )


def _missing_companion(entry: ApplicationIdentifier) -> str:
    """The warning of an AI that stands alone; its companion may stand on another symbol of the label."""
    return f"MISSING_COMPANION: ({entry.ai}) {entry.title} stands without {entry.companions_text}."


def _repeated(elements: Elements, offsets: Sequence[int]) -> ScanError | None:
    """An AI that comes again with another value."""
    first: dict[str, str] = {}
    for (ai, value), offset in zip(elements, offsets, strict=True):
        if first.setdefault(ai, value) != value:
            return ScanError(ScanErrorCode.AI_REPEATED, ai, offset, f"({ai}) comes again with another value.")
    return None


def _unserialised(elements: Elements, offsets: Sequence[int]) -> ScanError | None:
    """A key without serial beside a digital signature, which signs one instance."""
    for (ai, value), offset in zip(elements, offsets, strict=True):
        if len(value) == KEYS_WITH_OPTIONAL_SERIAL.get(ai):
            message = f"({ai}) needs its serial component beside (8030)."
            return ScanError(ScanErrorCode.AI_CONFLICT, ai, offset, message)
    return None
