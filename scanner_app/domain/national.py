"""National codes in Code 39: the German PZN and the Italian pharmacode (Code 32).

Neither is a GTIN; which item they stand for is looked up in master data.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from scanner_app.domain.parsed_scan import Kind, ParsedScan, ScanError, ScanErrorCode

PZN_DIGITS: Final = 8
PZN_MODULUS: Final = 11
CODE_32_ALPHABET: Final = "0123456789BCDFGHJKLMNPQRSTUVWXYZ"
CODE_32_DIGITS: Final = 9
CODE_39_FLAG: Final = "A"

_PZN: Final = re.compile(r"-([0-9]{7,8})")
_CODE_32: Final = re.compile(r"[0-9B-DF-HJ-NP-TV-Z]{6}")
_CODE_32_DECODED: Final = re.compile(r"A([0-9]{9})")


def read(text: str, symbology: str | None, today: date) -> ParsedScan | ScanError | None:  # noqa: ARG001 - as its kin
    """The PZN or pharmacode of a scan; None if it is neither.

    A PZN begins with a hyphen. A pharmacode is six characters in a symbol known to be Code 39, or, from scanners that
    decode it, A and nine digits.
    """
    if symbology is not None and symbology[1] != CODE_39_FLAG:
        return None
    start = len(symbology or "")
    if found := _PZN.fullmatch(text, start):
        return _pzn(text, symbology, found[1])
    if found := _CODE_32_DECODED.fullmatch(text, start):
        digits = found[1]
    elif symbology and _CODE_32.fullmatch(text, start):
        digits = _code_32_digits(text[start:])
    else:
        return None
    if len(digits) == CODE_32_DIGITS and code_32_check_digit(digits[:-1]) == digits[-1]:
        return ParsedScan(Kind.NATIONAL, text, symbology, elements=(("CODE32", digits),))
    return None


def pzn_check_digit(digits: str) -> str | None:
    """The check digit for six or seven digits, weighted so that the seventh counts seven; None if there is none.

    A remainder of ten is not allowed: such numbers are not issued (IFA).
    """
    padded = digits.zfill(PZN_DIGITS - 1)
    remainder = sum(int(digit) * weight for weight, digit in enumerate(padded, start=1)) % PZN_MODULUS
    return str(remainder) if remainder < PZN_MODULUS - 1 else None


def code_32_check_digit(digits: str) -> str:
    """The check digit for eight digits: every second one doubled and cast out (Ministero della Sanità)."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[1::2])
    return str((sum(map(int, digits[::2])) + sum(doubled)) % 10)


def _pzn(text: str, symbology: str | None, digits: str) -> ParsedScan | ScanError:
    """A PZN, seven digits being an old one without its zero."""
    expected = pzn_check_digit(digits[:-1])
    if expected != digits[-1]:
        ending = f"PZN {digits} ends in {digits[-1]}, the check digit is {expected}."
        message = ending if expected else f"No PZN {digits} can exist."
        return ScanError(ScanErrorCode.BAD_CHECK_DIGIT, None, len(symbology or ""), message)
    return ParsedScan(Kind.NATIONAL, text, symbology, elements=(("PZN", digits.zfill(PZN_DIGITS)),))


def _code_32_digits(characters: str) -> str:
    """The digits that six characters to the base of 32 stand for, zeros before them."""
    value = 0
    for character in characters:
        value = value * len(CODE_32_ALPHABET) + CODE_32_ALPHABET.index(character)
    return str(value).zfill(CODE_32_DIGITS)
