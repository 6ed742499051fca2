"""ISO/IEC 15434 messages: format 06 (data identifiers, as on German packs with a PPN) and 05 (application identifiers).

`[)>` RS `06` GS field GS field … RS EOT. The separators are data of the symbol here and need no FNC1; the last two are
often cut off by scanners and may be missing. Fields of other formats are not looked into.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Final

from scanner_app.domain.dates import from_yymmdd, from_yyyymmdd
from scanner_app.domain.element_strings import GROUP_SEPARATOR, day_00, read_element_strings, scan_of
from scanner_app.domain.keys import Gtin, KeyFormatError, Lot, Serial, is_digits
from scanner_app.domain.parsed_scan import Kind, ParsedScan, ScanError, ScanErrorCode

MESSAGE_HEADER: Final = "[)>"
RECORD_SEPARATOR: Final = "\x1e"
END_OF_TRANSMISSION: Final = "\x04"
APPLICATION_IDENTIFIERS: Final = "05"
DATA_IDENTIFIERS: Final = "06"

GTIN_FIELD: Final = "8P"
PPN_FIELD: Final = "9N"
LOT_FIELD: Final = "1T"
SERIAL_FIELD: Final = "S"
EXPIRY_FIELDS: Final = ("D", "14D")
QUANTITY_FIELD: Final = "Q"
QUANTITY_DIGITS_MAX: Final = 8

_ENVELOPE: Final = re.compile(r"([0-9]{2})\x1d(.*)", re.DOTALL)
_FIELD: Final = re.compile(r"([0-9]{0,3}[A-Z])(.+)", re.DOTALL)
_PPN: Final = re.compile(r"[0-9A-Z]{4,20}[0-9]{2}")
PPN_MODULUS: Final = 97


def read(text: str, symbology: str | None, today: date) -> ParsedScan | ScanError | None:
    """The message of a scan that begins with its header; None if it does not."""
    start = len(symbology or "")
    if not text.startswith(MESSAGE_HEADER, start):
        return None
    head = start + len(MESSAGE_HEADER)
    end = len(text.removesuffix(END_OF_TRANSMISSION).removesuffix(RECORD_SEPARATOR))
    envelope = _ENVELOPE.fullmatch(text, head + 1, end) if text.startswith(RECORD_SEPARATOR, head) else None
    if envelope is None or RECORD_SEPARATOR in envelope[2]:
        return _bad("An ISO 15434 message needs one envelope: RS, two digits, GS, fields.", start)
    if envelope[1] == DATA_IDENTIFIERS:
        return _data_identifiers(text, symbology, envelope.start(2), end, today)
    if envelope[1] == APPLICATION_IDENTIFIERS:
        return _application_identifiers(text, symbology, envelope.start(2), end, today)
    return ParsedScan(Kind.ISO15434, text, symbology)


def ppn_check_digits(text: str) -> str:
    """The two check digits of a Pharmacy Product Number: ASCII values weighted from 2 on, modulo 97 (IFA)."""
    return f"{sum(ord(char) * weight for weight, char in enumerate(text, start=2)) % PPN_MODULUS:02}"


def _bad(
    message: str, offset: int, field: str | None = None, code: ScanErrorCode = ScanErrorCode.BAD_FORMAT
) -> ScanError:
    """The refusal of a message at one of its fields."""
    return ScanError(code, field, offset, message)


def _application_identifiers(
    text: str, symbology: str | None, start: int, end: int, today: date
) -> ParsedScan | ScanError:
    """Format 05: GS1 element strings."""
    message = read_element_strings(text[:end], start, today)
    if isinstance(message, ScanError):
        return message
    return scan_of(message, Kind.ISO15434, text, symbology, today)


def _data_identifiers(text: str, symbology: str | None, start: int, end: int, today: date) -> ParsedScan | ScanError:
    """Format 06: fields that begin with a data identifier (ANSI MH10.8.2)."""
    fields: dict[str, str] = {}
    parsed = ParsedScan(Kind.ISO15434, text, symbology)
    offset = start
    for field in text[start:end].removesuffix(GROUP_SEPARATOR).split(GROUP_SEPARATOR):
        found = _FIELD.fullmatch(field)
        if not found:
            return _bad(f"No data identifier begins {field[:4]!r}.", offset)
        name, value = found.groups()
        if fields.setdefault(name, value) != value:
            return _bad(f"({name}) comes again with another value.", offset, name, ScanErrorCode.AI_REPEATED)
        understood = _with_field(parsed, name, value, offset, today)
        if isinstance(understood, ScanError):
            return understood
        parsed = understood
        offset += len(field) + 1
    return replace(parsed, elements=tuple(fields.items()))


def _with_field(parsed: ParsedScan, name: str, value: str, offset: int, today: date) -> ParsedScan | ScanError:
    """The scan with one more field in its place; fields that mean nothing here only stand among the elements."""
    if name in EXPIRY_FIELDS:
        return _with_expiry(parsed, name, value, offset, today)
    if name == QUANTITY_FIELD and len(value) <= QUANTITY_DIGITS_MAX and is_digits(value):
        return replace(parsed, quantity=int(value))
    try:
        return _with_key(parsed, name, value)
    except KeyFormatError as bad:
        return _bad(f"({name}) {bad.message}", offset, name, ScanErrorCode(bad.code))


def _with_key(parsed: ParsedScan, name: str, value: str) -> ParsedScan:
    """The scan with one more key, if the field holds one; KeyFormatError if the key is not as it should be."""
    if name == GTIN_FIELD:
        return replace(parsed, gtin=Gtin.of(value))
    if name == LOT_FIELD:
        return replace(parsed, lot=Lot.of(value))
    if name == SERIAL_FIELD:
        return replace(parsed, serial=Serial.of(value))
    if name == PPN_FIELD:
        _check_ppn(value)
    return parsed


def _check_ppn(value: str) -> None:
    """KeyFormatError for what is no Pharmacy Product Number."""
    if not _PPN.fullmatch(value):
        raise KeyFormatError("BAD_FORMAT", f"A PPN needs letters and digits and two check digits, not {value!r}.")
    expected = ppn_check_digits(value[:-2])
    if value[-2:] != expected:
        message = f"PPN {value} ends in {value[-2:]}, the check digits are {expected}."
        raise KeyFormatError("BAD_CHECK_DIGIT", message)


def _with_expiry(parsed: ParsedScan, name: str, value: str, offset: int, today: date) -> ParsedScan | ScanError:
    """The scan with its expiry: YYMMDD, or YYYYMMDD behind 14D; day 00 is the last of the month."""
    expiry = from_yymmdd(value, today) if name == EXPIRY_FIELDS[0] else from_yyyymmdd(value)
    if expiry is None:
        return _bad(f"({name}) {value!r} is no date.", offset, name, ScanErrorCode.BAD_DATE)
    warnings = (day_00(expiry),) if value.endswith("00") else ()
    return replace(parsed, expiry=expiry, warnings=parsed.warnings + warnings)
