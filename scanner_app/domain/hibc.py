"""HIBC supplier labels: `+`, labeller, product, unit of measure; lot, serial, expiry, quantity behind a slash or alone.

ANSI/HIBC 2, Supplier Labeling Standard. Elements are named LIC, PCN, UOM, LOT, SERIAL, EXPIRY, MFD and QTY.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from scanner_app.domain.dates import from_yyddd, from_yymmdd, from_yyyymmdd
from scanner_app.domain.element_strings import day_00
from scanner_app.domain.keys import KeyFormatError, Lot, Serial
from scanner_app.domain.parsed_scan import Kind, ParsedScan, ScanError, ScanErrorCode

FLAG: Final = "+"
ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
"""The characters of Code 39; the check character is the sum of their places modulo their number."""

QUANTITY_DIGITS: Final = {"8": 2, "9": 5}
"""How many digits of quantity follow these marks."""

_ALLOWED: Final = re.compile(r"[-. $/+%0-9A-Z]+")
_PRIMARY: Final = re.compile(r"([A-Z][0-9A-Z]{3})([0-9A-Z]{1,18})([0-9])")
_SHAPE: Final = re.compile(r"[A-Z][0-9A-Z]{5}|[$]|[0-9]{5}")
_QUANTITY: Final = re.compile(r"8([0-9]{2})|9([0-9]{5})")
_DATED: Final = re.compile(
    r"(?P<mmyy>[01][0-9]{3})|2(?P<mmddyy>[0-9]{6})|3(?P<yymmdd>[0-9]{6})|4(?P<yymmddhh>[0-9]{8})|5(?P<yyjjj>[0-9]{5})"
    r"|6(?P<yyjjjhh>[0-9]{7})|7(?P<none>)"
)
_JULIAN: Final = re.compile(r"([0-9]{5})(.*)")
_SUPPLEMENT: Final = re.compile(r"(14D|16D|S|Q)(.+)")


@dataclass(slots=True)
class _Label:
    """What has been read of a label so far."""

    elements: list[tuple[str, str]] = field(default_factory=list)
    lot: Lot | None = None
    serial: Serial | None = None
    expiry: date | None = None
    quantity: int | None = None
    warnings: list[str] = field(default_factory=list)


class _BadLabelError(ValueError):
    """A part that does not read."""

    def __init__(self, message: str, code: ScanErrorCode = ScanErrorCode.BAD_FORMAT) -> None:
        super().__init__(message)
        self.code = code


def read(text: str, symbology: str | None, today: date) -> ParsedScan | ScanError | None:
    """The HIBC label of a scan that begins with its flag and has its shape; None if it does not."""
    start = len(symbology or "")
    if not text.startswith(FLAG, start) or not _SHAPE.match(text, start + 1) or not _ALLOWED.fullmatch(text, start):
        return None
    content, given = text[start:-1], text[-1]
    expected = check_character(content)
    if given != expected:
        if text[start + 1].isdigit():
            return None
        message = f"The HIBC label ends in {given}, its check character is {expected}."
        return ScanError(ScanErrorCode.BAD_CHECK_DIGIT, None, start, message)
    label = _Label()
    try:
        _read_label(label, content[1:], today)
    except _BadLabelError as bad:
        return ScanError(bad.code, None, start, str(bad))
    return ParsedScan(
        Kind.HIBC,
        text,
        symbology,
        elements=tuple(label.elements),
        lot=label.lot,
        serial=label.serial,
        expiry=label.expiry,
        quantity=label.quantity,
        warnings=tuple(label.warnings),
    )


def check_character(text: str) -> str:
    """The check character for text of the alphabet."""
    return ALPHABET[sum(map(ALPHABET.index, text)) % len(ALPHABET)]


def _read_label(label: _Label, content: str, today: date) -> None:
    """A primary label, a secondary one, or both with a slash between; `content` is without flag and check character."""
    head, *rest = content.split("/")
    if head[:1].isalpha():
        found = _PRIMARY.fullmatch(head)
        if not found:
            raise _BadLabelError("An HIBC label needs four characters of labeller, a product code and a unit digit.")
        label.elements.extend(zip(("LIC", "PCN", "UOM"), found.groups(), strict=True))
        if rest:
            _read_secondary(label, rest.pop(0), today)
    else:
        # A label of its own ends in a link character, the check character of the primary label it belongs to.
        if not rest:
            head = head[:-1]
        else:
            rest[-1] = rest[-1][:-1]
        _read_secondary(label, head, today)
    for part in rest:
        _read_supplement(label, part)


def _read_secondary(label: _Label, content: str, today: date) -> None:
    """Lot or serial, with a date and a quantity before it where the marks say so."""
    body = content.removeprefix("$$+").removeprefix("$$").removeprefix("$+").removeprefix("$")
    mark = content[: len(content) - len(body)]
    if mark.startswith("$$"):
        body = _read_dated(label, _read_quantity(label, body), today)
    elif not mark:
        found = _JULIAN.fullmatch(content)
        if not found:
            _read_supplement(label, content)
            return
        _set_expiry(label, found[1], from_yyddd(found[1], today))
        body = found[2]
    if body:
        _set_key(label, "SERIAL" if mark.endswith("+") else "LOT", body)


def _read_quantity(label: _Label, body: str) -> str:
    """Takes a quantity in two or five digits from the head; gives the rest."""
    found = _QUANTITY.match(body)
    if not found:
        return body
    _set_quantity(label, found[1] or found[2])
    return body[found.end() :]


def _read_dated(label: _Label, body: str, today: date) -> str:
    """Takes the expiry from the head, in the form its first digit tells; gives the rest."""
    found = _DATED.match(body)
    if not found:
        if body[:1].isdigit():
            raise _BadLabelError(f"The expiry {body[:9]!r} does not read.", ScanErrorCode.BAD_DATE)
        return body
    form, digits = found.lastgroup, found[found.lastgroup or 0]
    if form == "mmyy":
        expiry = from_yymmdd(digits[2:] + digits[:2] + "00", today)
        label.warnings.extend([day_00(expiry)] if expiry else [])
        _set_expiry(label, digits, expiry)
    elif form == "mmddyy":
        _set_expiry(label, digits, from_yymmdd(digits[4:] + digits[:4], today))
    elif form in {"yymmdd", "yymmddhh"}:
        _set_expiry(label, digits, from_yymmdd(digits[:6], today))
    elif form in {"yyjjj", "yyjjjhh"}:
        _set_expiry(label, digits, from_yyddd(digits[:5], today))
    return body[found.end() :]


def _read_supplement(label: _Label, part: str) -> None:
    """A part with a data identifier of its own; others are kept as they are."""
    if not part:
        raise _BadLabelError("A part of the HIBC label is empty.")
    found = _SUPPLEMENT.fullmatch(part)
    if not found:
        label.elements.append(("OTHER", part))
        return
    name, value = found.groups()
    if name == "S":
        _set_key(label, "SERIAL", value)
    elif name == "Q":
        _set_quantity(label, value)
    elif name == "14D":
        _set_expiry(label, value, from_yyyymmdd(value))
    else:
        label.elements.append(("MFD", value))


def _set_key(label: _Label, name: str, value: str) -> None:
    """Puts lot or serial in its place."""
    try:
        if name == "LOT":
            label.lot = Lot.of(value)
        else:
            label.serial = Serial.of(value)
    except KeyFormatError as bad:
        raise _BadLabelError(bad.message) from bad
    label.elements.append((name, value))


def _set_quantity(label: _Label, digits: str) -> None:
    """Puts the quantity in its place."""
    if not digits.isdigit() or len(digits) > QUANTITY_DIGITS["9"]:
        raise _BadLabelError(f"The quantity {digits!r} does not read.")
    label.quantity = int(digits)
    label.elements.append(("QTY", digits))


def _set_expiry(label: _Label, digits: str, expiry: date | None) -> None:
    """Puts the expiry in its place."""
    if expiry is None:
        raise _BadLabelError(f"The expiry {digits} is no date.", ScanErrorCode.BAD_DATE)
    label.expiry = expiry
    label.elements.append(("EXPIRY", digits))
