"""Imported files as rows: where each stands as an editor shows it, and nothing passed over in silence."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.import_forms import FORMS, read_file
from scanner_app.domain.import_json import json_rows
from scanner_app.domain.import_rows import (
    SHOWN_MAX,
    BadFileError,
    BadRow,
    Form,
    Row,
    csv_rows,
    is_json,
    plain_text,
    shown,
)

FORM = Form(columns=("a", "b", "c"), key="a", needed=("a",), lists=("things", "others"), spared={"c": ("b",)})


def csv(text: str) -> list[Row]:
    rows = csv_rows(plain_text(text), FORM)
    assert rows.bad == []
    return rows.good


def refusal(text: str, form: Form = FORM) -> BadRow:
    with pytest.raises(BadFileError) as refused:
        (json_rows if is_json(text) else csv_rows)(plain_text(text), form)
    return refused.value.bad


def test_a_row_is_named_by_the_line_it_begins_on() -> None:
    text = '\ufeff\r\na, b ,c\r\n"x\r\ny",1,2\r\n\r\n , ,\r\nz,3\r\r,,4'
    assert csv(text) == [
        Row("line 3", {"a": "x\ny", "b": "1", "c": "2"}),
        Row("line 7 (z)", {"a": "z", "b": "3"}),
        Row("line 9", {"a": "", "b": "", "c": "4"}),
    ]


def test_columns_without_a_name_may_be_there_while_they_are_empty() -> None:
    assert csv("a,b,,\n1,2,,\n") == [Row("line 2 (1)", {"a": "1", "b": "2"})]


def test_cells_beyond_the_heading_are_a_comma_that_was_not_quoted() -> None:
    rows = csv_rows("a,b\nx,500 mg, 100\n1,2\n", FORM)
    assert rows.good == [Row("line 3 (1)", {"a": "1", "b": "2"})]
    problem = "has 3 cells, the heading has 2: put a cell that holds a comma in quotes"
    assert rows.bad == [BadRow("line 2 (x)", "", problem)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a;b;c\n1;2;3\n", "no column a, b; is it separated by ;? Separate cells by commas"),
        ("a\tc\n", "no column a, b; is it separated by tabs? Separate cells by commas"),
        ("aa,b\n", "no column a; 'aa' is not known; known are a, b, c"),
        ("a\n", "no column b"),
        ("a,c,d,a\n", "'d' is not known; known are a, b, c; 'a' stands there twice"),
    ],
)
def test_a_heading_that_does_not_fit_is_told_once(text: str, problem: str) -> None:
    assert refusal(text) == BadRow("line 1", "", problem)


def test_a_column_may_stand_in_for_others() -> None:
    assert csv("a,c\n1,2\n") == [Row("line 2 (1)", {"a": "1", "c": "2"})]


@pytest.mark.parametrize("text", ["", "\n\n", " , ,\n"])
def test_an_empty_file_is_told_what_its_heading_may_be(text: str) -> None:
    assert refusal(text) == BadRow("", "", "is empty: its first line must name columns, of a, b, c")


@pytest.mark.parametrize(
    ("text", "where", "problem"),
    [
        ('a,b\n1,"x\ny\n', "line 2", "is no CSV: a cell in quotes has no end"),
        ('a,b\n1,2\n1,"x"y\n', "line 3", "is no CSV: text follows the end of a cell in quotes"),
        (f"a,b\n1,{'x' * 200_000}\n", "line 2", "is no CSV: field larger than field limit"),
        ("a,b\n1,\0\n", "line 2", "holds a NUL character: save the file as UTF-8 text"),
    ],
)
def test_what_is_no_csv_is_named_by_its_line(text: str, where: str, problem: str) -> None:
    bad = refusal(text)
    assert (bad.where, bad.column) == (where, "")
    assert bad.problem.startswith(problem)


def test_json_rows_are_named_by_their_number_and_line() -> None:
    text = '[\n{"a": 1, "b": null,\n "c": true},\n\n {"b": " x { \\" "}]'
    assert json_rows(text, FORM).good == [
        Row("things 1, line 2 (1)", {"a": "1", "b": "", "c": "true"}),
        Row("things 2, line 5", {"b": 'x { "'}),
    ]


def test_json_may_be_an_object_of_lists_or_one_object() -> None:
    both = '{"others": {"a": 2},\n "things": [{"a": 1}]}'
    assert [row.where for row in json_rows(both, FORM).good] == ["things 1, line 2 (1)", "others 1, line 1 (2)"]
    assert json_rows('\n{"a": "x"}', FORM).good == [Row("line 2 (x)", {"a": "x"})]
    assert json_rows("{}", FORM).good == []


def test_what_is_no_field_is_named_and_the_rest_is_read() -> None:
    rows = json_rows('[{"a": "x", "d": 1, "b": [2]}]', FORM)
    assert rows.good == [Row("things 1, line 1 (x)", {"a": "x", "b": "…"})]
    assert rows.bad == [
        BadRow("things 1, line 1 (x)", "", "'d' is not known; known are a, b, c"),
        BadRow("things 1, line 1 (x)", "b", "must be text, a number, true or false"),
    ]


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("{\n'a': 1}", BadRow("line 2", "", "is no JSON: Expecting property name enclosed in double quotes")),
        ("[3]", BadRow("", "", "things 1 is 3, not an object")),
        ("[" * 900 + "]" * 900, BadRow("", "", "things 1 is a list, not an object")),
        ('{"thing": []}', BadRow("", "", "'thing' is not known; known are things, others, or the a of one object")),
        ('[{"a": 1, "a": 2}]', BadRow("", "", "is no JSON: 'a' is named twice in one object")),
    ],
)
def test_what_is_no_json_of_rows_is_refused(text: str, bad: BadRow) -> None:
    assert refusal(text) == bad


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_json_that_is_too_deep_is_refused(text: str) -> None:
    assert refusal(text).problem.startswith("is no JSON: ")


def test_what_is_meant_as_json() -> None:
    assert is_json(" \n[")
    assert is_json("{")
    assert not is_json("gtin,name")
    assert not is_json("")


def test_values_are_shown_short() -> None:
    assert shown("x") == "'x'"
    assert len(shown("x" * 99)) == SHOWN_MAX


@pytest.mark.parametrize("long", ["x" * (SHOWN_MAX + 1), "a\x1b[2J"])
def test_a_place_names_only_what_can_be_read(long: str) -> None:
    assert json_rows(json.dumps([{"a": long}]), FORM).good[0].where == "things 1, line 1"


@given(st.sampled_from(["", "[", "{", '{"items": ']), st.text(max_size=200), st.sampled_from(sorted(FORMS)))
def test_no_text_raises_anything_but_its_own_error(beginning: str, text: str, kind: str) -> None:
    reading = read_file(kind, beginning + text)
    assert all(bad.where.isprintable() and bad.problem for bad in reading.bad)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("{"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), JSON, max_size=3), min_size=1, max_size=5))
def test_every_object_has_the_line_it_begins_on(objects: list[dict[str, object]]) -> None:
    text = "[\n" + ",\n".join(json.dumps(each, ensure_ascii=False) for each in objects) + "]"
    where = [row.where.partition(" (")[0] for row in json_rows(text, FORM).good]
    assert where == [f"things {number}, line {number + 1}" for number in range(1, len(objects) + 1)]
