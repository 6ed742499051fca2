from __future__ import annotations

from datetime import date

import pytest

from scanner_app.domain import coupons, linters
from scanner_app.domain.linters import Linter
from scanner_app.domain.parsed_scan import ScanErrorCode as Code

TODAY = date(2026, 11, 24)
OFFER = "0614141" + "123456"


@pytest.mark.parametrize(
    ("linter", "good", "bad"),
    [
        (linters.csum, ["09506000134352"], ["09506000134353"]),
        (linters.csumalpha, ["1987654Ad4X4bL5ttr2310c2K"], ["1987654Ad4X4bL5ttr2310c2L", "2K", ""]),
        (linters.key, ["1234", "12345x"], ["123", "12x4", ""]),
        (linters.cset64_padding, ["abc", "ab", "-_AZaz09", "a==", "ab="], ["abc=", "=", "a=b", "a===", "abcde=="]),
        (linters.yyyymmdd, ["20240229"], ["20230229", "20240200"]),
        (linters.hh, ["00", "23"], ["24"]),
        (linters.mi, ["59"], ["60"]),
        (linters.ss, ["59"], ["60"]),
        (linters.hhmi, ["0000", "2359"], ["2400", "2360"]),
        (linters.iso3166, ["276", "840"], ["999", "000", "277"]),
        (linters.iso3166_or_999, ["276", "999"], ["998"]),
        (linters.iso3166alpha2, ["DE"], ["de", "XX"]),
        (linters.iso4217, ["978"], ["979x", "001"]),
        (linters.iso5218, ["0", "1", "2", "9"], ["3"]),
        (
            linters.iban,
            ["GB82WEST12345698765432", "DE89370400440532013000", "XK051212012345678906"],
            ["GB82WEST12345698765433", "XX82WEST12345698765432", "gb82west12345698765432", "GB82", "GB8"],
        ),
        (linters.pieceoftotal, ["0101", "0299"], ["0001", "0000", "0302"]),
        (linters.posinseqslash, ["1/1", "2/3", "10/12"], ["111", "3/2", "0/1", "1/0", "01/2", "1/", "/2"]),
        (linters.pcenc, ["", "abc", "%20a%Fe"], ["%", "a%2", "%zz"]),
        (linters.nonzero, ["0100"], ["0000"]),
        (linters.zero, ["0"], ["1"]),
        (linters.nozeroprefix, ["0", "10"], ["01", "00"]),
        (linters.yesno, ["0", "1"], ["2"]),
        (linters.winding, ["0", "1", "9"], ["2"]),
        (linters.hyphen, ["-"], ["+"]),
        (linters.importeridx, ["a", "Z", "0", "-", "_"], ["=", "%"]),
        (linters.mediatype, ["01", "10", "80", "99"], ["00", "11", "79"]),
        (linters.packagetype, ["PX", "200", "9", "APE"], ["px", "201x", ""]),
        (linters.latitude, ["0000000000", "1800000000"], ["1800000001"]),
        (linters.longitude, ["3600000000"], ["3600000001"]),
        (linters.hasnondigit, ["12a"], ["123"]),
        (coupons.couponposoffer, ["0" + OFFER + "0123456", "1" + OFFER + "5" + "1" * 11], []),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_linter_knows_good_from_bad(linter: Linter, good: list[str], bad: list[str]) -> None:
    assert [text for text in good if linter(text)] == []
    assert [text for text in bad if not linter(text)] == []


def test_faults_say_what_kind_they_are() -> None:
    for fault, code in (
        (linters.csum("12"), Code.BAD_CHECK_DIGIT),
        (linters.csumalpha("1987654Ad4X4bL5ttr2310c2L"), Code.BAD_CHECK_DIGIT),
        (linters.iban("GB82WEST12345698765433"), Code.BAD_CHECK_DIGIT),
        (linters.csumalpha("2K"), Code.BAD_LENGTH),
        (linters.yymmdd("260200", TODAY), Code.BAD_DATE),
        (linters.hhmi("2500"), Code.BAD_DATE),
        (linters.iso3166("000"), Code.BAD_VALUE),
        (linters.pcenc("%"), Code.BAD_CHARACTER),
    ):
        assert fault is not None
        assert fault.code is code
        assert fault.sentence


def test_a_whole_month_is_a_date_only_where_the_ai_says_so() -> None:
    assert linters.yymmd0("260200", TODAY) is None
    assert linters.yymmdd("260228", TODAY) is None
    assert linters.yymmdd("260200", TODAY)
    assert linters.yymmd0("260230", TODAY)
    assert linters.yymmdd("261301", TODAY)


PURCHASE = "11" + "11" + "0" + "123"  # save value 1, requirement 1, code 0, family 123
BARE = OFFER + PURCHASE


@pytest.mark.parametrize(
    "coupon",
    [
        BARE,
        "6" + "1" * 12 + "123456" + "5" + "12345" + "5" + "12345" + "9" + "999",
        BARE + "1" + "0" + "1" + "1" + "4" + "123" + "9",
        BARE + "1" + "3" + "1" + "1" + "4" + "123" + "0123456" + "2" + "1" + "1" + "3" + "123" + "6" + "1" * 12,
        BARE + "2" + "2" + "11" + "2" + "123" + "9",
        BARE + "3" + "270101" + "4" + "260101",
        BARE + "3" + "260101" + "4" + "260101",
        BARE + "4" + "260101",
        BARE + "5" + "0123456" + "6" + "1" + "1234567" + "9" + "0" + "2" + "7" + "1",
    ],
)
def test_coupons_that_are_as_they_should_be(coupon: str) -> None:
    assert coupons.couponcode(coupon, TODAY) is None


@pytest.mark.parametrize(
    ("coupon", "told"),
    [
        ("A", "must be digits"),
        ("7", "7 as length of the company prefix"),
        ("0", "within the company prefix"),
        ("0614141" + "12345", "within the offer code"),
        (OFFER, "within the length of the save value"),
        (OFFER + "0", "0 as length of the save value"),
        (OFFER + "6", "6 as length of the save value"),
        (OFFER + "21", "within the save value"),
        (OFFER + "11" + "0", "0 as length of the requirement"),
        (OFFER + "11" + "11" + "5", "5 as requirement code"),
        (OFFER + "11" + "11" + "0" + "12", "within the family code"),
        (BARE + "1" + "4", "4 as additional purchase rules code"),
        (BARE + "1" + "0" + "1" + "1" + "4" + "123" + "7", "7 as length of the company prefix of the second"),
        (BARE + "2" + "1" + "1" + "4" + "123" + "012345", "within the company prefix of the third"),
        (BARE + "3" + "26010", "within the expiration date"),
        (BARE + "3" + "260100", "260100 as expiration date"),
        (BARE + "4" + "261301", "261301 as start date"),
        (BARE + "3" + "260101" + "4" + "260102", "expires before it starts"),
        (BARE + "6" + "0", "0 as length of the retailer"),
        (BARE + "6" + "8", "8 as length of the retailer"),
        (BARE + "9" + "3", "3 as save value code"),
        (BARE + "9" + "0" + "3", "3 as item"),
        (BARE + "9" + "0" + "0", "within the store coupon flag"),
        (BARE + "9" + "0" + "0" + "0" + "2", "2 as don't multiply flag"),
        (BARE + "7", "goes on after"),
        (BARE + "4" + "260101" + "3" + "270101", "goes on after"),
    ],
)
def test_coupons_name_the_first_field_that_is_wrong(coupon: str, told: str) -> None:
    fault = coupons.couponcode(coupon, TODAY)

    assert fault is not None
    assert told in fault.sentence


@pytest.mark.parametrize(
    ("coupon", "told"),
    [
        ("x", "must be digits"),
        ("2", "2 as format code"),
        ("0", "within the length of the funder"),
        ("0" + OFFER, "within the length of the serial number"),
        ("0" + OFFER + "012345", "within the serial number"),
        ("0" + OFFER + "01234567", "goes on after"),
    ],
)
def test_positive_offers_name_the_first_field_that_is_wrong(coupon: str, told: str) -> None:
    fault = coupons.couponposoffer(coupon)

    assert fault is not None
    assert told in fault.sentence
