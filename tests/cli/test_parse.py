from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.bootstrap.scanners import scan_of_plain_line
from scanner_app.cli.parse import run_parse
from scanner_app.domain.scan import Kind, LabelPrefixes, ScanErrorCode

TODAY = date(2026, 11, 24)
SCHEMA = json.loads(
    (Path(__file__).resolve().parents[2] / "docs" / "contract" / "parse-line.schema.json").read_text("utf-8")
)
PACK = "]d20109506000134352172712001" + "0A\x1d21B"


def run(*lines: str, labels: LabelPrefixes | None = None) -> tuple[int, list[dict[str, Any]]]:
    written: list[str] = []
    code = run_parse(lines, written.append, TODAY, labels or LabelPrefixes())
    assert all(line.endswith("\n") and line.isascii() for line in written)
    parsed = [json.loads(line) for line in written]
    for line in parsed:
        jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(line)
    return code, parsed


def test_a_pack_is_printed_as_the_contract_says() -> None:
    code, lines = run(json.dumps(PACK) + "\n")

    assert code == 0
    assert lines == [
        {
            "ok": True,
            "kind": "gs1",
            "symbology": "]d2",
            "elements": [["01", "09506000134352"], ["17", "271200"], ["10", "A"], ["21", "B"]],
            "gtin": "09506000134352",
            "serial": "B",
            "lot": "A",
            "expiry": "2027-12-31",
            "sscc": None,
            "gln": None,
            "quantity": None,
            "content_gtin": None,
            "code": None,
            "warnings": ["DAY_00: The expiry names no day; 2027-12-31, the last of the month, is meant."],
            "error": None,
        }
    ]


def test_a_refused_scan_has_the_same_keys_and_its_error() -> None:
    code, lines = run(json.dumps({"scan": "]d20109506000134353"}))

    assert code == 1
    assert lines[0]["ok"] is False
    assert lines[0].keys() == run(json.dumps(PACK))[1][0].keys()
    assert lines[0]["symbology"] == "]d2"
    assert lines[0]["error"] == {
        "code": "BAD_CHECK_DIGIT",
        "ai": "01",
        "offset": 3,
        "message": "(01) GTIN ends in 3, the check digit is 2.",
    }


def test_one_refused_scan_among_good_ones_makes_exit_1() -> None:
    code, lines = run('"LOC-A1"\n', "\n", " \t\r\n", '"]d2"\n', '{"scan": "DOC-1", "source": "serial"}\n')

    assert code == 1
    assert [line["ok"] for line in lines] == [True, False, True]
    assert [line["code"] for line in lines] == ["A1", None, "1"]


@pytest.mark.parametrize("line", ["foo", "12", "null", "[]", '{"scan": 12}', "{}", '"', "\x00", "[" * 100_000, "é"])
def test_a_line_that_holds_no_scan_is_told(line: str) -> None:
    code, lines = run(line)

    assert code == 1
    assert lines[0]["error"]["code"] == "UNREADABLE"
    assert "--raw" in lines[0]["error"]["message"]
    assert '{"scan": ' in lines[0]["error"]["message"]


@pytest.mark.parametrize(
    ("line", "lot"),
    [
        ("]d2010950600013435210A<GS>21B", "A"),
        (r"]d2010950600013435210A\u001d21B", "A"),
        (r'"]d2010950600013435210A\u001d21B"', "A"),
        (r'{"scan": "]d2010950600013435210A\u001d21B"}', "A"),
        ('{"scan": 3}', None),
        ('"', None),
    ],
)
def test_plain_lines_are_read_as_the_simulator_reads_them(line: str, lot: str | None) -> None:
    written: list[str] = []
    code = run_parse([f"{line}\r\n"], written.append, TODAY, read=scan_of_plain_line)
    assert code == (1 if lot is None else 0)
    assert json.loads(written[0])["lot"] == lot


def test_no_input_is_no_output() -> None:
    assert run() == (0, [])


def test_a_badge_keeps_its_code() -> None:
    _, lines = run('"USR-1042.token"')

    assert lines[0]["kind"] == "badge"
    assert "1042" not in json.dumps(lines)


def test_labels_are_those_of_the_site() -> None:
    assert run('"P:A1"', labels=LabelPrefixes(location="P:"))[1][0]["kind"] == "location"


def test_the_schema_names_every_kind_and_code() -> None:
    error = SCHEMA["properties"]["error"]["anyOf"][1]["properties"]["code"]["enum"]

    assert SCHEMA["properties"]["kind"]["enum"] == [kind.value for kind in Kind]
    assert sorted(error) == sorted(code.value for code in ScanErrorCode)


@given(st.lists(st.text(), max_size=3))
def test_any_scan_gives_a_line_of_the_contract(scans: list[str]) -> None:
    code, lines = run(*[json.dumps(scan) for scan in scans])

    assert len(lines) == len(scans)
    assert code == (0 if all(line["ok"] for line in lines) else 1)
    assert all(line["error"]["offset"] <= len(scan) for line, scan in zip(lines, scans, strict=True) if line["error"])


@given(st.text())
def test_any_line_is_answered_or_passed_over(line: str) -> None:
    _, lines = run(line)

    assert len(lines) <= 1
