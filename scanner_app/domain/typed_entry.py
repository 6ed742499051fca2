"""What a person types off a label that no scanner reads: the human readable interpretation, bare keys, own labels.

Brackets tell where an application identifier stands, so that nothing has to be guessed; everything else is as strict as
in a symbol. Scans never come this way: what a scanner sends is read by `domain.scan` alone.

>>> from datetime import date
>>> typed = read_typed("(01)09506000134352(10)AB(21)X", date(2026, 11, 24))
>>> str(typed.gtin), str(typed.lot), str(typed.serial)
('09506000134352', 'AB', 'X')
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

from scanner_app.domain.ai_table import ROWS, TABLE
from scanner_app.domain.element_strings import Clash, judge, not_ascii, scan_of, value_error
from scanner_app.domain.keys import (
    GTIN_DIGITS,
    GTIN_LENGTHS,
    SSCC_DIGITS,
    Gtin,
    KeyFormatError,
    Sscc,
    has_check_digit,
    is_digits,
)
from scanner_app.domain.parsed_scan import Kind, ParsedScan, ScanError, ScanErrorCode
from scanner_app.domain.scan import DEFAULT_LABELS, LabelPrefixes, parse_scan

if TYPE_CHECKING:
    from scanner_app.domain.entry import Raw

SPACE: Final = " "
"""Stands between the groups of what is printed; no application identifier's value may hold one."""

SSCC_AI: Final = "00"
GTIN_AI: Final = "01"
KEY_DIGITS_MIN: Final = min(GTIN_LENGTHS)
"""Fewer digits are no key, whatever they are."""

MANUAL: Final = "manual"
"""The method of an entry's scan that was typed by hand."""

NO_KEY: Final = "BAD_LENGTH"

_BRACKETED: Final = re.compile(r"\(([0-9]{2,4})\)")


def read_typed(text: str, today: date, labels: LabelPrefixes = DEFAULT_LABELS) -> ParsedScan | ScanError:
    """What a typed text says, or why it cannot be understood; never raises.

    In brackets: element strings. Digits: a key, also with its identifier (00 or 01) before it and with spaces between
    its groups. The prefixes of own labels may be typed in small letters, command cards wholly. Else as a scan is read.
    """
    typed = text.strip(SPACE)
    if typed.startswith("("):
        read = _interpretation(typed, today)
    else:
        read = bare_key(typed.replace(SPACE, "")) or parse_scan(_own_label(typed, labels), today, labels)
    return read if isinstance(read, ScanError) else replace(read, typed=True)


def read_kept(raw: Raw, today: date) -> ParsedScan | ScanError:
    """What a scan says that the ledger keeps, by the way that it came: typed by hand or read."""
    text = raw.payload.decode("utf-8", "replace")
    return read_typed(text, today) if raw.method == MANUAL else parse_scan(text, today)


def _interpretation(text: str, today: date) -> ParsedScan | ScanError:
    """The human readable interpretation (General Specifications, section 4.14): each identifier in brackets."""
    if not text.isascii():
        return not_ascii(text)
    heads = list(_BRACKETED.finditer(text))
    if not heads or heads[0].start():
        message = "After ( come 2 to 4 digits of an application identifier and then )."
        return ScanError(ScanErrorCode.BAD_FORMAT, None, 0, message)
    ends = [*(head.start() for head in heads[1:]), len(text)]
    elements: list[tuple[str, str]] = []
    for head, end in zip(heads, ends, strict=True):
        ai, value = head[1], text[head.end() : end].replace(SPACE, "")
        if ai not in ROWS:
            return ScanError(ScanErrorCode.UNKNOWN_AI, None, head.start(), f"No application identifier is ({ai}).")
        if fault := TABLE[ai].check(value, today):
            return value_error(TABLE[ai], fault, head.start())
        elements.append((ai, value))
    judged = judge(elements)
    if isinstance(judged, Clash):
        return ScanError(judged.code, elements[judged.at][0], heads[judged.at].start(), judged.message)
    return scan_of(judged, Kind.GS1, text, None, today)


def bare_key(digits: str) -> ParsedScan | None:
    """An SSCC or a GTIN in digits alone, its identifier before it or not; None where they are neither."""
    if not is_digits(digits):
        return None
    unit, item = _after(digits, SSCC_AI, SSCC_DIGITS), _after(digits, GTIN_AI, GTIN_DIGITS)
    if len(unit) == SSCC_DIGITS and has_check_digit(unit):
        return ParsedScan(Kind.SSCC, digits, sscc=Sscc(unit))
    if len(item) in GTIN_LENGTHS and has_check_digit(item):
        return ParsedScan(Kind.GTIN, digits, gtin=Gtin(item.zfill(GTIN_DIGITS)))
    return None


def _after(digits: str, ai: str, length: int) -> str:
    """The digits without the identifier before them, where they are long enough to have one."""
    return digits.removeprefix(ai) if len(digits) == len(ai) + length else digits


def key_fault(text: str) -> KeyFormatError | None:
    """Why typed digits are no SSCC and no GTIN: their number or their check digit. None for what is no such attempt."""
    digits = text.replace(SPACE, "")
    if not is_digits(digits) or len(digits) < KEY_DIGITS_MIN:
        return None
    unit, item = _after(digits, SSCC_AI, SSCC_DIGITS), _after(digits, GTIN_AI, GTIN_DIGITS)
    try:
        if len(unit) == SSCC_DIGITS:
            Sscc.of(unit)
        elif len(item) in GTIN_LENGTHS:
            Gtin.of(item)
        else:
            return KeyFormatError(NO_KEY, f"{len(digits)} digits: an SSCC has 18, a GTIN 8, 12, 13 or 14.")
    except KeyFormatError as fault:
        return fault
    return None


def _own_label(text: str, labels: LabelPrefixes) -> str:
    """The text with the prefix of an own label as it is printed; of a command card all of it in capitals."""
    for prefix in (labels.location, labels.badge, labels.command, labels.document):
        code = text[len(prefix) :]
        if text[: len(prefix)].lower() == prefix.lower():
            return prefix + (code.upper() if prefix == labels.command else code)
    return text
