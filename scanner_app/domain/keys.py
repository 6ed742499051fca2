"""Keys as value types: what identifies a trade item, a logistic unit, a place, a batch and an instance.

Keys are text, case-sensitive and never numbers. `Gtin.of(text)` checks; the plain constructor `Gtin(digits)` trusts its
caller, for values that were checked before.

>>> str(Gtin.of("4006381333931"))
'04006381333931'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

GTIN_LENGTHS: Final = frozenset({8, 12, 13, 14})
"""GTIN-8, GTIN-12, GTIN-13 and GTIN-14 (GS1 General Specifications, section 1.3)."""

GTIN_DIGITS: Final = 14
SSCC_DIGITS: Final = 18
GLN_DIGITS: Final = 13
SERIAL_CHARACTERS_MAX: Final = 20
"""The longest lot (AI 10) and serial (AI 21)."""

CSET82: Final = frozenset("!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
"""The GS1 AI encodable character set 82 (General Specifications, section 7.11)."""


class KeyFormatError(ValueError):
    """Text that is not the key it should be; `code` is BAD_FORMAT or BAD_CHECK_DIGIT."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def is_digits(text: str) -> bool:
    """Whether the text is one or more of the ASCII digits; Unicode has others."""
    return text.isdigit() and text.isascii()


def has_check_digit(digits: str) -> bool:
    """Whether the last of these ASCII digits is their check digit (GS1 General Specifications, section 7.9)."""
    codes = digits.encode("ascii")
    length = len(codes)
    # A digit's code is 48 more than the digit: 8 and, where the digit counts three times, another 6 modulo 10.
    return (sum(codes) + 2 * sum(codes[-2::-2]) - 8 * length - 6 * (length // 2)) % 10 == 0


def check_digit(digits: str) -> str:
    """The check digit to be put after these ASCII digits (GS1 General Specifications, section 7.9)."""
    return next(digit for digit in "0123456789" if has_check_digit(digits + digit))


def _checked(text: str, lengths: frozenset[int], name: str) -> str:
    """The text itself when it is digits of such a length with a good check digit; else KeyFormatError."""
    if len(text) not in lengths or not is_digits(text):
        wanted = " or ".join(str(length) for length in sorted(lengths))
        raise KeyFormatError("BAD_FORMAT", f"{name} needs {wanted} digits, not {text!r}.")
    if not has_check_digit(text):
        message = f"{name} {text} ends in {text[-1]}, the check digit is {check_digit(text[:-1])}."
        raise KeyFormatError("BAD_CHECK_DIGIT", message)
    return text


def _characters(text: str, name: str) -> str:
    """The text itself when it is 1 to 20 characters of set 82; else KeyFormatError."""
    if not 1 <= len(text) <= SERIAL_CHARACTERS_MAX or not CSET82.issuperset(text):
        raise KeyFormatError("BAD_FORMAT", f"{name} needs 1 to 20 characters of GS1 set 82, not {text!r}.")
    return text


@dataclass(frozen=True, slots=True)
class Gtin:
    """A trade item at one pack level (AI 01): always 14 digits, shorter GTINs with zeros before them."""

    digits: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Takes 8, 12, 13 or 14 digits; KeyFormatError if it is something else or the check digit is wrong."""
        return cls(_checked(text, GTIN_LENGTHS, "A GTIN").zfill(GTIN_DIGITS))

    def __str__(self) -> str:
        """The 14 digits."""
        return self.digits


@dataclass(frozen=True, slots=True)
class Sscc:
    """A logistic unit (AI 00): 18 digits."""

    digits: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Takes 18 digits; KeyFormatError if it is something else or the check digit is wrong."""
        return cls(_checked(text, frozenset({SSCC_DIGITS}), "An SSCC"))

    def __str__(self) -> str:
        """The 18 digits."""
        return self.digits


@dataclass(frozen=True, slots=True)
class Gln:
    """A party or place (AI 410 to 417): 13 digits."""

    digits: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Takes 13 digits; KeyFormatError if it is something else or the check digit is wrong."""
        return cls(_checked(text, frozenset({GLN_DIGITS}), "A GLN"))

    def __str__(self) -> str:
        """The 13 digits."""
        return self.digits


@dataclass(frozen=True, slots=True)
class Lot:
    """A batch or lot number (AI 10): 1 to 20 characters of set 82, compared exactly."""

    text: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Takes 1 to 20 characters of set 82; KeyFormatError if it is something else."""
        return cls(_characters(text, "A lot"))

    def __str__(self) -> str:
        """The characters as they stand on the label."""
        return self.text


@dataclass(frozen=True, slots=True)
class Serial:
    """A serial number (AI 21): 1 to 20 characters of set 82, compared exactly."""

    text: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Takes 1 to 20 characters of set 82; KeyFormatError if it is something else."""
        return cls(_characters(text, "A serial number"))

    def __str__(self) -> str:
        """The characters as they stand on the label."""
        return self.text
