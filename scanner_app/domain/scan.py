"""From the text of a scan to what it says: the one door to everything that understands carriers and their syntaxes.

>>> parsed = parse_scan("]d20109506000134352", date(2026, 11, 24))
>>> parsed.kind.value, str(parsed.gtin)
('gs1', '09506000134352')
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from scanner_app.domain import hibc, iso15434, national
from scanner_app.domain.digital_link import is_link, read_digital_link
from scanner_app.domain.element_strings import GROUP_SEPARATOR, read_element_strings, scan_of
from scanner_app.domain.keys import (
    GTIN_DIGITS,
    GTIN_LENGTHS,
    SSCC_DIGITS,
    Gtin,
    Sscc,
    check_digit,
    has_check_digit,
    is_digits,
)
from scanner_app.domain.parsed_scan import Elements, Kind, ParsedScan, ScanError, ScanErrorCode

__all__ = [
    "DEFAULT_LABELS", "Elements", "Kind", "LabelPrefixes", "ParsedScan", "ScanError", "ScanErrorCode", "parse_scan",
    "symbology_of",
]  # fmt: skip

SYMBOLOGY_CHARACTERS: Final = 3

GS1_CARRIERS: Final = frozenset(["]C1", "]e0", "]e1", "]e2", "]d2", "]d8", "]Q3", "]J1"])
"""GS1-128, DataBar and composite, DataMatrix, DMRE, QR Code and DotCode with FNC1 in first place (ISO/IEC 15424)."""

EAN_DIGITS: Final = {"]E0": 13, "]E4": 8}
"""EAN-13, UPC-A and UPC-E as 13 digits, EAN-8 as 8 (ISO/IEC 15420)."""

EAN_ADD_ON: Final = "]E3"
ADD_ON_LENGTHS: Final = frozenset({15, 18})
"""A 13-digit symbol with the two or five digits of its add-on."""

ITF_CHECKED: Final = "]I1"
ITF_UNCHECKED: Final = "]I0"
COMPOSITE_MARK: Final = "|]e0"
"""Joins the linear symbol of a composite and its 2D component."""

INVERTED_FLAGS: Final = frozenset("Dqcjailfg")
"""Letters that no symbology has (or none in use), and that Caps Lock makes of those of symbologies in use."""

LABEL_CHARACTERS_MAX: Final = 128
NO_SYMBOLOGY: Final = "NO_SYMBOLOGY_ID: The data looks like GS1 element strings, but nothing says so: turn AIM ID on."

_SYMBOLOGY: Final = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_WRONG_LAYOUT: Final = re.compile(
    r"[+$*^\u00a8\u00b4](?:[de][0-9]|[CJQ][0-9](?=0[0-3][0-9]{14})|[EI][0-4](?=[0-9]{8,14}$))"
)
"""A symbology identifier whose ] was typed for another keyboard layout, and the head of what it announces.

In place of ] stands what its key gives on German, Italian and Spanish (+), French ($), Dutch (*), Portuguese (acute)
and Nordic keyboards (diaeresis or ^).
"""

_LABEL: Final = re.compile(r"[ -~]+")


@dataclass(frozen=True, slots=True)
class LabelPrefixes:
    """How the site's own labels begin. No prefix may be empty or the beginning of another."""

    location: str = "LOC-"
    badge: str = "USR-"
    command: str = "CMD-"
    document: str = "DOC-"


DEFAULT_LABELS: Final = LabelPrefixes()


def parse_scan(text: str, today: date, labels: LabelPrefixes = DEFAULT_LABELS) -> ParsedScan | ScanError:
    """What a scan says, or why it cannot be understood; never raises.

    `text` is the scan with its symbology identifier where the scanner sends one, and GS (0x1D) as it was sent. `today`
    is for the century rule alone. Without an identifier nothing is taken for element strings: only bare keys, links,
    carriers that name themselves and the site's own labels are.
    """
    symbology = text[:SYMBOLOGY_CHARACTERS]
    if symbology in GS1_CARRIERS:
        return _gs1(text, symbology, SYMBOLOGY_CHARACTERS, today)
    if not text:
        return ScanError(ScanErrorCode.EMPTY, None, 0, "The scan is empty.")
    if text.startswith("]"):
        return _with_symbology(text, symbology, today, labels)
    return _without_symbology(text, today, labels)


def symbology_of(text: str) -> str | None:
    """The symbology identifier at the head of a scan exactly as it stands there, or None."""
    found = _SYMBOLOGY.match(text)
    return found[0] if found else None


def _gs1(text: str, symbology: str, start: int, today: date) -> ParsedScan | ScanError:
    """A GS1 symbol: element strings from `start` on."""
    if len(text) == start:
        return ScanError(ScanErrorCode.EMPTY, None, start, "The symbol holds no data.")
    message = read_element_strings(text, start, today)
    if isinstance(message, ScanError):
        return message
    return scan_of(message, Kind.GS1, text, symbology, today)


def _with_symbology(text: str, symbology: str, today: date, labels: LabelPrefixes) -> ParsedScan | ScanError:
    """A symbol whose carrier does not say GS1."""
    if not symbology_of(text):
        return ScanError(ScanErrorCode.BAD_SYMBOLOGY, None, 0, "The symbology identifier after ] is incomplete.")
    if symbology[1] in INVERTED_FLAGS:
        message = f"{symbology} is {symbology.swapcase()} with capitals and small letters exchanged: Caps Lock is on."
        return ScanError(ScanErrorCode.INVERTED_CASE, None, 0, message)
    if symbology in EAN_DIGITS:
        return _ean(text, symbology, today)
    if gtin := _promised_gtin(text, symbology):
        return _checked_gtin(text, symbology, gtin)
    return _plain(text, symbology, today, labels) or ParsedScan(Kind.UNKNOWN, text, symbology)


def _promised_gtin(text: str, symbology: str) -> str | None:
    """The digits of an ITF-14, or of an EAN-13 in front of its add-on; None for any other symbol."""
    content = text[SYMBOLOGY_CHARACTERS:]
    if not is_digits(content):
        return None
    if symbology == EAN_ADD_ON and len(content) in ADD_ON_LENGTHS:
        return content[: EAN_DIGITS["]E0"]]
    if len(content) == GTIN_DIGITS and (
        symbology == ITF_CHECKED or (symbology == ITF_UNCHECKED and has_check_digit(content))
    ):
        return content
    return None


def _ean(text: str, symbology: str, today: date) -> ParsedScan | ScanError:
    """An EAN/UPC symbol, alone or with the 2D component of a composite behind it."""
    primary, mark, _ = text.partition(COMPOSITE_MARK)
    digits = primary[SYMBOLOGY_CHARACTERS:]
    if fault := _ean_fault(digits, symbology):
        return fault
    linear = _checked_gtin(text, symbology, digits)
    if isinstance(linear, ScanError) or not mark:
        return linear
    component = _gs1(text, symbology, len(primary) + len(mark), today)
    if isinstance(component, ScanError) or component.gtin:
        return component
    return replace(component, gtin=linear.gtin)


def _ean_fault(digits: str, symbology: str) -> ScanError | None:
    """What is wrong with the data of an EAN/UPC symbol but for its check digit."""
    wanted = EAN_DIGITS[symbology]
    if not digits:
        return ScanError(ScanErrorCode.EMPTY, None, SYMBOLOGY_CHARACTERS, "The symbol holds no data.")
    if not is_digits(digits):
        message = "An EAN/UPC symbol holds digits alone."
        return ScanError(ScanErrorCode.BAD_CHARACTER, None, SYMBOLOGY_CHARACTERS, message)
    if len(digits) != wanted:
        message = f"{symbology} needs {wanted} digits, not {len(digits)}."
        return ScanError(ScanErrorCode.BAD_LENGTH, None, SYMBOLOGY_CHARACTERS, message)
    return None


def _checked_gtin(text: str, symbology: str | None, digits: str) -> ParsedScan | ScanError:
    """A GTIN from a carrier that promises one."""
    if not has_check_digit(digits):
        message = f"GTIN {digits} ends in {digits[-1]}, the check digit is {check_digit(digits[:-1])}."
        return ScanError(ScanErrorCode.BAD_CHECK_DIGIT, None, len(symbology or ""), message)
    return ParsedScan(Kind.GTIN, text, symbology, gtin=Gtin(digits.zfill(GTIN_DIGITS)))


def _plain(text: str, symbology: str | None, today: date, labels: LabelPrefixes) -> ParsedScan | ScanError | None:
    """Data that names itself: our own labels, links, and the syntaxes of other bodies; None if it is none of them."""
    start = len(symbology or "")
    own = _own_label(text, symbology, labels)
    if own is not None:
        return own
    if is_link(text, start):
        message = read_digital_link(text, start, today)
        if isinstance(message, ScanError):
            return message
        return scan_of(message, Kind.DIGITAL_LINK, text, symbology, today)
    for read in (iso15434.read, hibc.read, national.read):
        found = read(text, symbology, today)
        if found is not None:
            return found
    return None


def _without_symbology(text: str, today: date, labels: LabelPrefixes) -> ParsedScan | ScanError:
    """A scan from a scanner that sends no identifier, or what a person typed."""
    if _WRONG_LAYOUT.match(text):
        message = f"{text[0]} stands where ] was sent: scanner and host use different keyboard layouts."
        return ScanError(ScanErrorCode.WRONG_LAYOUT, None, 0, message)
    return _plain(text, None, today, labels) or _bare(text)


def _bare(text: str) -> ParsedScan:
    """Digits that are a GTIN or an SSCC by length and check digit; anything else stays unknown."""
    if is_digits(text) and has_check_digit(text):
        if len(text) in GTIN_LENGTHS:
            return ParsedScan(Kind.GTIN, text, gtin=Gtin(text.zfill(GTIN_DIGITS)))
        if len(text) == SSCC_DIGITS:
            return ParsedScan(Kind.SSCC, text, sscc=Sscc(text))
    if GROUP_SEPARATOR in text:
        return ParsedScan(Kind.UNKNOWN, text, warnings=(NO_SYMBOLOGY,))
    return ParsedScan(Kind.UNKNOWN, text)


def _own_label(text: str, symbology: str | None, labels: LabelPrefixes) -> ParsedScan | ScanError | None:
    """One of the site's own labels: a prefix and a code of printable ASCII; None if no prefix fits."""
    start = len(symbology or "")
    for kind, prefix in (
        (Kind.LOCATION, labels.location),
        (Kind.BADGE, labels.badge),
        (Kind.COMMAND, labels.command),
        (Kind.DOCUMENT, labels.document),
    ):
        if text.startswith(prefix, start):
            code = text[start + len(prefix) :]
            if len(code) <= LABEL_CHARACTERS_MAX and _LABEL.fullmatch(code):
                return ParsedScan(kind, text, symbology, code=code)
            message = f"A {kind.value} label needs 1 to {LABEL_CHARACTERS_MAX} printable characters after {prefix}."
            return ScanError(ScanErrorCode.BAD_FORMAT, None, start, message)
    return None
