from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.keys import CSET82, Gln, Gtin, KeyFormatError, Lot, Serial, Sscc, check_digit, has_check_digit

DIGITS = st.text("0123456789", min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("629104150021", "3"),  # the worked example of the General Specifications
        ("0950600013435", "2"),
        ("37610425002123456", "9"),
        ("0", "0"),
    ],
)
def test_the_check_digit_of_published_examples(digits: str, expected: str) -> None:
    assert check_digit(digits) == expected


@given(DIGITS)
def test_exactly_one_digit_is_the_check_digit(digits: str) -> None:
    assert [digit for digit in "0123456789" if has_check_digit(digits + digit)] == [check_digit(digits)]


@given(DIGITS, st.data())
def test_one_wrong_digit_is_always_found(digits: str, data: st.DataObject) -> None:
    whole = digits + check_digit(digits)
    place = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != whole[place]]))

    assert not has_check_digit(whole[:place] + other + whole[place + 1 :])


@pytest.mark.parametrize(
    ("given_text", "digits"),
    [
        ("95011015", None),
        ("96385074", "00000096385074"),
        ("614141007349", "00614141007349"),
        ("4006381333931", "04006381333931"),
        ("09506000134352", "09506000134352"),
    ],
)
def test_a_gtin_has_14_digits_however_it_is_written(given_text: str, digits: str | None) -> None:
    if digits is None:
        with pytest.raises(KeyFormatError) as raised:
            Gtin.of(given_text)
        assert raised.value.code == "BAD_CHECK_DIGIT"
    else:
        assert str(Gtin.of(given_text)) == digits


@pytest.mark.parametrize(
    "text", ["", "1", "123456789", "4006381333931x", "40063813339\uff131", "²²²²²²²²", " 96385074"]
)
def test_what_is_no_gtin_is_told(text: str) -> None:
    with pytest.raises(KeyFormatError, match="8 or 12 or 13 or 14 digits") as raised:
        Gtin.of(text)
    assert raised.value.code == "BAD_FORMAT"
    assert raised.value.message == str(raised.value)


def test_an_sscc_and_a_gln_are_checked() -> None:
    assert str(Sscc.of("376104250021234569")) == "376104250021234569"
    assert str(Gln.of("0614141000012")) == "0614141000012"
    with pytest.raises(KeyFormatError, match="ends in 0, the check digit is 9"):
        Sscc.of("376104250021234560")
    with pytest.raises(KeyFormatError, match="13 digits"):
        Gln.of("061414100001")


@pytest.mark.parametrize("kind", [Lot, Serial])
def test_lots_and_serials_hold_1_to_20_characters_of_set_82(kind: type[Lot | Serial]) -> None:
    assert str(kind.of("aB-1/" + "x" * 15)) == "aB-1/" + "x" * 15
    for text in ("", "x" * 21, "a b", "é", "a\x1d", "#"):
        with pytest.raises(KeyFormatError) as raised:
            kind.of(text)
        assert raised.value.code == "BAD_FORMAT"


def test_keys_are_compared_as_text_with_their_case() -> None:
    assert Lot.of("ab") != Lot.of("AB")
    assert Serial.of("007") != Serial.of("7")
    assert len({Gtin.of("4006381333931"), Gtin.of("04006381333931")}) == 1


def test_set_82_has_82_characters() -> None:
    assert len(CSET82) == 82
