from __future__ import annotations

from datetime import date

import pytest

from scanner_app.domain.ai_table import AI_LENGTH, LINK_KEYS, NOT_IN_LINK_QUERY, ROWS, TABLE, find_ai

TODAY = date(2026, 11, 24)


def test_every_ai_has_an_entry_and_its_length_follows_from_its_first_two_digits() -> None:
    assert len(ROWS) == 541
    for ai in ROWS:
        entry = TABLE[ai]
        assert entry.ai == ai
        assert entry.title
        assert AI_LENGTH[ai[:2]] == len(ai)
        assert find_ai(ai + "1234"[len(ai) :]) is entry


@pytest.mark.parametrize("text", ["", "0", "04", "05", "3", "3106", "3999", "5", "7260", "8101", "A", "0A", "4340"])
def test_what_no_ai_begins_is_not_found(text: str) -> None:
    assert find_ai(text) is None


def test_an_unknown_ai_has_no_entry() -> None:
    with pytest.raises(KeyError):
        TABLE["04"]


@pytest.mark.parametrize(
    ("ai", "title", "form", "fixed_length"),
    [
        ("00", "SSCC", "N18,csum", 18),
        ("01", "GTIN", "N14,csum", 14),
        ("03", "MTO GTIN", "N14,csum", 14),
        ("10", "BATCH/LOT", "X..20", 0),
        ("17", "USE BY or EXPIRY", "N6,yymmd0", 6),
        ("20", "VARIANT", "N2", 2),
        ("3103", "NET WEIGHT (kg)", "N6", 6),
        ("3372", "KG PER m²", "N6", 6),
        ("3922", "PRICE", "N..15", 0),
        ("414", "LOC No.", "N13,csum,key", 13),
        ("402", "GSIN", "N17,csum,key", 0),
        ("4319", "RTN TO PHONE", "X..30", 0),
        ("716", "NHRN AIC", "X..20", 0),
        ("7041", "UFRGT UNIT TYPE", "X..4,packagetype", 0),
        ("8014", "MUDI", "X..25,csumalpha,key,hasnondigit", 0),
        ("8200", "PRODUCT URL", "X..70", 0),
    ],
)
def test_entries_by_example(ai: str, title: str, form: str, fixed_length: int) -> None:
    entry = TABLE[ai]

    assert (entry.title, entry.form, entry.fixed_length) == (title, form, fixed_length)


def test_exclusions_hold_all_that_a_pattern_stands_for_but_the_ai_itself() -> None:
    assert TABLE["3103"].excludes == {"3100", "3101", "3102", "3104", "3105"}
    assert TABLE["01"].excludes == {"255", "37"}
    assert {"3910", "3919", "3940", "8111"} <= TABLE["3900"].excludes
    assert not TABLE["10"].excludes


def test_link_keys_and_their_qualifiers_are_in_the_table() -> None:
    for key, alternatives in LINK_KEYS.items():
        assert key in ROWS
        for qualifiers in alternatives:
            assert set(qualifiers) <= set(ROWS)
    assert set(ROWS) >= NOT_IN_LINK_QUERY


@pytest.mark.parametrize(
    ("ai", "good", "bad"),
    [
        ("8001", ["12341234512398"], ["00001234512398", "12341234512328", "1234123451239"]),
        ("8003", ["09506000134352"], ["19506000134352", "09506000134353"]),
        ("8006", ["095060001343520102"], ["095060001343520302", "095060001343530102"]),
        ("8008", ["26123123", "2612312359", "261231235959"], ["261231", "26123124", "2612312360", "261231235960"]),
        ("8008", [], ["2612312", "261231235", "2612312359591", "26133123"]),
        ("8010", ["9506000#-/A1"], ["9506000a", "950", "950A"]),
        ("8026", ["095060001343520202"], ["095060001343520002"]),
        ("8030", ["DIGSIG-_", "AB="], ["DIG+SIG", "DIGSIG=", "x" * 91]),
        ("253", ["9506000134352", "9506000134352ab"], ["950600013435", "9506000134353", "9506000134352" + "x" * 18]),
        ("255", ["9506000134352123456789012"], ["9506000134352A", "95060001343521234567890123"]),
        ("421", ["276A", "276123456789"], ["276", "999A", "2761234567890"]),
        ("423", ["276", "276840", "276840208752372"], ["27", "2768", "276999", "276840208752372276"]),
        ("4307", ["DE"], ["D", "DEU", "XX"]),
        ("4309", ["18000000003600000000"], ["1800000000360000000", "18000000013600000000"]),
        ("4324", ["2612312359", "2612002359"], ["2612312360", "261231"]),
        ("4330", ["001234", "001234-"], ["00123", "001234+", "001234--"]),
        ("7003", ["2612312359"], ["2612002359", "2612312400"]),
        ("7007", ["261231", "261231270101"], ["2612", "261231270132", "26123127010"]),
        ("7011", ["261231", "2612311200"], ["2612311299"]),
        ("7030", ["276x", "999x"], ["276", "998x"]),
        ("7040", ["1ABa", "1AB-"], ["AABa", "1AB=", "1AB"]),
        ("7041", ["PX", "8"], ["P!"]),
        ("7230", ["EMx"], ["EM", "E"]),
        ("7241", ["01"], ["00"]),
        ("7250", ["19991231"], ["19991300"]),
        ("7251", ["199912312359"], ["199912312460"]),
        ("7252", ["9"], ["5"]),
        ("7258", ["1/3"], ["4/3", "1/30"]),
        ("8013", ["1987654Ad4X4bL5ttr2310c2K"], ["1987654Ad4X4bL5ttr2310c2L"]),
        ("8014", [], ["1987654Ad4X4bL5ttr2310c2L"]),
        ("8043", ["1" * 18, "1" * 20], ["1" * 17, "1" * 21]),
        ("3912", ["9781"], ["978", "0010", "978" + "1" * 16]),
        ("20", ["00"], ["0", "000", "0A"]),
    ],
)
def test_values_are_checked_component_by_component(ai: str, good: list[str], bad: list[str]) -> None:
    assert [value for value in good if TABLE[ai].check(value, TODAY)] == []
    assert [value for value in bad if not TABLE[ai].check(value, TODAY)] == []
