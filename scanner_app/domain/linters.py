"""Linters: what the content of an element string's component must satisfy beyond its characters and length.

A linter takes the component and gives None, or the Fault it found. The names are those of the GS1 syntax rules that the
AI table quotes; each says what it asks for. Components reach a linter with their characters already checked (digits for
numeric ones). A dated linter also takes today's date, for the century rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Final, NamedTuple

from scanner_app.domain.code_lists import AIDC_MEDIA, COUNTRIES, COUNTRY_LETTERS, CURRENCIES, PACKAGE_TYPES
from scanner_app.domain.dates import from_yymmdd, from_yyyymmdd
from scanner_app.domain.keys import CSET82, check_digit, has_check_digit
from scanner_app.domain.parsed_scan import ScanErrorCode

COMPANY_PREFIX_DIGITS_MIN: Final = 4
HOURS: Final = 24
SIXTIETHS: Final = 60
NO_COUNTRY: Final = "999"
LATITUDE_MAX: Final = 1_800_000_000
LONGITUDE_MAX: Final = 3_600_000_000
PADDED_GROUP: Final = 3
CHECK_PAIR: Final = 2
IBAN_COUNTRIES_BEYOND_ISO: Final = frozenset({"XK"})

IMPORTER_INDICES: Final = frozenset("-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")

CHECK_PAIR_CHARACTERS: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CHECK_PAIR_PRIMES: Final = (
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83,
)  # fmt: skip
CHECK_PAIR_MODULUS: Final = 1021
CHECK_PAIR_VALUES: Final = {character: value for value, character in enumerate(sorted(CSET82))}

_PERCENT_FAULT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{1,30}")
_BASE64: Final = re.compile(r"[0-9A-Za-z_-]+(={0,2})")
_POSITION: Final = re.compile(r"([0-9]+)/([0-9]+)")


class Fault(NamedTuple):
    """What is wrong with a value: the stable code and a sentence without subject."""

    code: ScanErrorCode
    sentence: str


Linter = Callable[[str], Fault | None]
DatedLinter = Callable[[str, date], Fault | None]


def _fault(sentence: str, code: ScanErrorCode = ScanErrorCode.BAD_VALUE) -> Fault:
    """A fault; without a code it is a value outside its list or range."""
    return Fault(code, sentence)


def csum(digits: str) -> Fault | None:
    """The last digit is the check digit of the others (section 7.9.1)."""
    if has_check_digit(digits):
        return None
    return _fault(f"ends in {digits[-1]}, the check digit is {check_digit(digits[:-1])}", ScanErrorCode.BAD_CHECK_DIGIT)


def csumalpha(text: str) -> Fault | None:
    """The last two characters are the check character pair of the others (section 7.9.5)."""
    if len(text) <= CHECK_PAIR:
        return _fault("is too short for a check character pair", ScanErrorCode.BAD_LENGTH)
    pair = check_pair(text[:-CHECK_PAIR])
    if text[-CHECK_PAIR:] == pair:
        return None
    return _fault(f"ends in {text[-2:]}, the check characters are {pair}", ScanErrorCode.BAD_CHECK_DIGIT)


def check_pair(text: str) -> str:
    """The check character pair for 1 to 23 characters of set 82 (section 7.9.5)."""
    weighted = zip(reversed(text), CHECK_PAIR_PRIMES, strict=False)
    first, second = divmod(sum(CHECK_PAIR_VALUES[char] * prime for char, prime in weighted) % CHECK_PAIR_MODULUS, 32)
    return CHECK_PAIR_CHARACTERS[first] + CHECK_PAIR_CHARACTERS[second]


def key(text: str) -> Fault | None:
    """The value begins with a GS1 Company Prefix: at least four digits."""
    prefix = text[:COMPANY_PREFIX_DIGITS_MIN]
    if len(prefix) < COMPANY_PREFIX_DIGITS_MIN:
        return _fault("is too short to hold a GS1 Company Prefix", ScanErrorCode.BAD_LENGTH)
    if prefix.isdigit():
        return None
    return _fault("does not begin with a GS1 Company Prefix")


def cset64_padding(text: str) -> Fault | None:
    """File-safe base64: `=` only at the end, one or two, and then a length that GS1's syntax rules divide by three."""
    found = _BASE64.fullmatch(text)
    if found and (not found[1] or len(text) % PADDED_GROUP == 0):
        return None
    return _fault("has = where base64 has none", ScanErrorCode.BAD_CHARACTER)


def yymmdd(text: str, today: date) -> Fault | None:
    """A day of the calendar, YYMMDD."""
    if text[4:] != "00" and from_yymmdd(text, today):
        return None
    return _fault(f"is no date: {text}", ScanErrorCode.BAD_DATE)


def yymmd0(text: str, today: date) -> Fault | None:
    """A day of the calendar, YYMMDD, or a whole month with day 00."""
    if from_yymmdd(text, today):
        return None
    return _fault(f"is no date: {text}", ScanErrorCode.BAD_DATE)


def yyyymmdd(text: str) -> Fault | None:
    """A day of the calendar, YYYYMMDD."""
    if text[6:] != "00" and from_yyyymmdd(text):
        return None
    return _fault(f"is no date: {text}", ScanErrorCode.BAD_DATE)


def hh(text: str) -> Fault | None:
    """An hour, 00 to 23."""
    return None if int(text) < HOURS else _fault(f"has no such hour: {text}", ScanErrorCode.BAD_DATE)


def mi(text: str) -> Fault | None:
    """A minute, 00 to 59."""
    return None if int(text) < SIXTIETHS else _fault(f"has no such minute: {text}", ScanErrorCode.BAD_DATE)


def ss(text: str) -> Fault | None:
    """A second, 00 to 59."""
    return None if int(text) < SIXTIETHS else _fault(f"has no such second: {text}", ScanErrorCode.BAD_DATE)


def hhmi(text: str) -> Fault | None:
    """A time of day, HHMM."""
    return hh(text[:2]) or mi(text[2:])


def iso3166(text: str) -> Fault | None:
    """A country by its three digits (ISO 3166-1)."""
    return None if text in COUNTRIES else _fault(f"has no such country (ISO 3166): {text}")


def iso3166_or_999(text: str) -> Fault | None:
    """A country by its three digits, or 999 for more than one (ISO 3166-1)."""
    return None if text == NO_COUNTRY else iso3166(text)


def iso3166alpha2(text: str) -> Fault | None:
    """A country by its two letters (ISO 3166-1)."""
    return None if text in COUNTRY_LETTERS else _fault(f"has no such country (ISO 3166): {text}")


def iso4217(text: str) -> Fault | None:
    """A currency by its three digits (ISO 4217)."""
    return None if text in CURRENCIES else _fault(f"has no such currency (ISO 4217): {text}")


def iso5218(text: str) -> Fault | None:
    """Sex by its digit (ISO/IEC 5218): 0 not known, 1 male, 2 female, 9 not applicable."""
    return None if text in {"0", "1", "2", "9"} else _fault("must be 0, 1, 2 or 9 (ISO/IEC 5218)")


def iban(text: str) -> Fault | None:
    """An international bank account number (ISO 13616): country, check digits modulo 97, account."""
    if not _IBAN.fullmatch(text):
        return _fault("is no IBAN: a country, two digits and 1 to 30 letters and digits")
    if text[:2] not in COUNTRY_LETTERS and text[:2] not in IBAN_COUNTRIES_BEYOND_ISO:
        return _fault(f"is no IBAN: no such country, {text[:2]}")
    number = "".join(str(int(char, 36)) for char in text[4:] + text[:4])
    return None if int(number) % 97 == 1 else _fault("has wrong IBAN check digits", ScanErrorCode.BAD_CHECK_DIGIT)


def pieceoftotal(text: str) -> Fault | None:
    """The number of a piece and of all pieces, two digits each: 0102 is the first of two."""
    piece, total = int(text[:2]), int(text[2:])
    return None if 1 <= piece <= total else _fault(f"cannot be piece {piece} of {total}")


def posinseqslash(text: str) -> Fault | None:
    """A position and the last one with a slash between: 1/3."""
    found = _POSITION.fullmatch(text)
    if not found:
        return _fault("must read <position>/<last>, such as 1/3", ScanErrorCode.BAD_FORMAT)
    if found[1].startswith("0") or found[2].startswith("0") or int(found[1]) > int(found[2]):
        return _fault(f"cannot be position {found[1]} of {found[2]}")
    return None


def pcenc(text: str) -> Fault | None:
    """Percent signs only before two hexadecimal digits (RFC 3986, section 2.1)."""
    if not _PERCENT_FAULT.search(text):
        return None
    return _fault("has % without two hexadecimal digits", ScanErrorCode.BAD_CHARACTER)


def nonzero(text: str) -> Fault | None:
    """A number other than zero."""
    return None if text.strip("0") else _fault("must not be zero")


def zero(text: str) -> Fault | None:
    """Zero."""
    return _fault("must begin with 0") if text.strip("0") else None


def nozeroprefix(text: str) -> Fault | None:
    """A number without zeros before it; zero itself is 0."""
    return _fault("must not begin with 0") if text.startswith("0") and text != "0" else None


def yesno(text: str) -> Fault | None:
    """0 for no, 1 for yes."""
    return None if text in {"0", "1"} else _fault("must be 0 or 1")


def winding(text: str) -> Fault | None:
    """The winding of a roll: 0 face out, 1 face in, 9 undefined."""
    return None if text in {"0", "1", "9"} else _fault("must be 0, 1 or 9")


def hyphen(text: str) -> Fault | None:
    """A hyphen, the minus sign of a temperature."""
    return None if text == "-" else _fault("may end in - alone", ScanErrorCode.BAD_CHARACTER)


def importeridx(text: str) -> Fault | None:
    """An importer index: a letter, a digit, a hyphen or an underscore (EU 2018/574)."""
    return None if text in IMPORTER_INDICES else _fault("has no such importer index", ScanErrorCode.BAD_CHARACTER)


def mediatype(text: str) -> Fault | None:
    """An AIDC media type, 01 to 10 or 80 to 99."""
    return None if text in AIDC_MEDIA else _fault(f"has no such AIDC media type: {text}")


def packagetype(text: str) -> Fault | None:
    """A type of package of UN/ECE Recommendation 21 with GS1's additions."""
    return None if text in PACKAGE_TYPES else _fault(f"has no such package type: {text}")


def latitude(text: str) -> Fault | None:
    """Degrees north of the south pole, times ten million."""
    return None if int(text) <= LATITUDE_MAX else _fault("has a latitude beyond the pole")


def longitude(text: str) -> Fault | None:
    """Degrees east of Greenwich, times ten million."""
    return None if int(text) <= LONGITUDE_MAX else _fault("has a longitude beyond the full circle")


def hasnondigit(text: str) -> Fault | None:
    """At least one character that is no digit."""
    return _fault("must hold a character that is no digit") if text.isdigit() else None
