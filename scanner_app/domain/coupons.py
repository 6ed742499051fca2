"""The two North American coupon codes: AI 8110 and the positive offer file, AI 8112 (GS1 coupon specifications).

Both are chains of fields, many of which begin with a digit that tells their length (a variable length indicator). The
linters name the first field that is missing, cut short or out of its range.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from scanner_app.domain.dates import from_yymmdd
from scanner_app.domain.linters import Fault
from scanner_app.domain.parsed_scan import ScanErrorCode

OFFER_CODE_DIGITS: Final = 6
FAMILY_CODE_DIGITS: Final = 3
DATE_DIGITS: Final = 6
COMPANY_PREFIX_BASE: Final = 6
"""An indicator of a company prefix, a funder or a serial number counts the digits beyond six."""

ZERO_TO_SIX: Final = "0123456"
ONE_TO_FIVE: Final = "12345"
ONE_TO_SEVEN: Final = "1234567"
ANY_DIGIT: Final = "0123456789"
REQUIREMENT_CODES: Final = "012349"
SAME_COMPANY: Final = "9"
"""Stands for a company prefix that is the primary purchase's own: no digits follow."""


class _BadCouponError(ValueError):
    """A field that is not there, too short or out of its range."""

    def __init__(self, code: ScanErrorCode, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = Fault(code, sentence)


@dataclass(slots=True)
class _Fields:
    """The fields of a coupon, taken one after the other."""

    text: str
    position: int = 0

    def at_end(self) -> bool:
        """Whether all is taken."""
        return self.position == len(self.text)

    def digits(self, count: int, name: str) -> str:
        """The next `count` digits."""
        taken = self.text[self.position : self.position + count]
        if len(taken) < count:
            raise _BadCouponError(ScanErrorCode.BAD_LENGTH, f"ends within the {name}")
        self.position += count
        return taken

    def choice(self, allowed: str, name: str) -> str:
        """The next digit, which must be one of those allowed."""
        digit = self.digits(1, name)
        if digit not in allowed:
            raise _BadCouponError(ScanErrorCode.BAD_VALUE, f"has {digit} as {name}")
        return digit

    def counted(self, indicators: str, name: str, base: int = 0) -> str:
        """An indicator and as many digits as it says, beyond `base`."""
        return self.digits(base + int(self.choice(indicators, f"length of the {name}")), name)

    def optional(self, indicator: str) -> bool:
        """Whether the next optional field is the one so marked; takes the mark."""
        if self.at_end() or self.text[self.position] != indicator:
            return False
        self.position += 1
        return True

    def day(self, name: str, today: date) -> date:
        """A date, YYMMDD."""
        text = self.digits(DATE_DIGITS, name)
        found = from_yymmdd(text, today)
        if found is None or text.endswith("00"):
            raise _BadCouponError(ScanErrorCode.BAD_DATE, f"has {text} as {name}")
        return found


def couponcode(text: str, today: date) -> Fault | None:
    """A coupon (AI 8110): company, offer, value, up to three purchases, dates, serial, retailer, rules."""
    if not text.isdigit():
        return Fault(ScanErrorCode.BAD_CHARACTER, "must be digits")
    fields = _Fields(text)
    try:
        _mandatory(fields)
        _purchases(fields)
        _dates(fields, today)
        _rest(fields)
    except _BadCouponError as bad:
        return bad.fault
    return None


def couponposoffer(text: str) -> Fault | None:
    """A coupon of a positive offer file (AI 8112): format, funder, offer, serial."""
    if not text.isdigit():
        return Fault(ScanErrorCode.BAD_CHARACTER, "must be digits")
    fields = _Fields(text)
    try:
        fields.choice("01", "format code")
        fields.counted(ZERO_TO_SIX, "funder", COMPANY_PREFIX_BASE)
        fields.digits(OFFER_CODE_DIGITS, "offer code")
        fields.counted(ANY_DIGIT, "serial number", COMPANY_PREFIX_BASE)
        _end(fields)
    except _BadCouponError as bad:
        return bad.fault
    return None


def _mandatory(fields: _Fields) -> None:
    """Company, offer code, save value and the primary purchase."""
    fields.counted(ZERO_TO_SIX, "company prefix", COMPANY_PREFIX_BASE)
    fields.digits(OFFER_CODE_DIGITS, "offer code")
    fields.counted(ONE_TO_FIVE, "save value")
    _requirement(fields, "first purchase")


def _requirement(fields: _Fields, purchase: str) -> None:
    """What must be bought: how much, in which unit, of which family."""
    fields.counted(ONE_TO_FIVE, f"requirement of the {purchase}")
    fields.choice(REQUIREMENT_CODES, f"requirement code of the {purchase}")
    fields.digits(FAMILY_CODE_DIGITS, f"family code of the {purchase}")


def _company(fields: _Fields, purchase: str) -> None:
    """Whose goods, where they are not the primary company's."""
    name = f"company prefix of the {purchase}"
    indicator = fields.choice(ZERO_TO_SIX + SAME_COMPANY, f"length of the {name}")
    if indicator != SAME_COMPANY:
        fields.digits(COMPANY_PREFIX_BASE + int(indicator), name)


def _purchases(fields: _Fields) -> None:
    """The second purchase (1) and the third (2)."""
    if fields.optional("1"):
        fields.choice("0123", "additional purchase rules code")
        _requirement(fields, "second purchase")
        _company(fields, "second purchase")
    if fields.optional("2"):
        _requirement(fields, "third purchase")
        _company(fields, "third purchase")


def _dates(fields: _Fields, today: date) -> None:
    """Expiration (3) and start (4); a coupon cannot expire before it starts."""
    expiration = fields.day("expiration date", today) if fields.optional("3") else None
    start = fields.day("start date", today) if fields.optional("4") else None
    if expiration and start and expiration < start:
        raise _BadCouponError(ScanErrorCode.BAD_DATE, "expires before it starts")


def _rest(fields: _Fields) -> None:
    """Serial number (5), retailer (6), and the rules of the till (9)."""
    if fields.optional("5"):
        fields.counted(ANY_DIGIT, "serial number", COMPANY_PREFIX_BASE)
    if fields.optional("6"):
        fields.counted(ONE_TO_SEVEN, "retailer", COMPANY_PREFIX_BASE)
    if fields.optional("9"):
        fields.choice("01256", "save value code")
        fields.choice("012", "item the save value applies to")
        fields.digits(1, "store coupon flag")
        fields.choice("01", "don't multiply flag")
    _end(fields)


def _end(fields: _Fields) -> None:
    """Nothing may follow."""
    if not fields.at_end():
        raise _BadCouponError(ScanErrorCode.BAD_LENGTH, "goes on after its last field")
