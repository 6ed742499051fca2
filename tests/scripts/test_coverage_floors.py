"""The coverage floors fall where they should: a floor that always holds would hide every gap."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from scripts.coverage_floors import GAPS_SHOWN_MAX, files_of, judge, main

if TYPE_CHECKING:
    from pathlib import Path


def measured(*, lines: int, covered: int, branches: int = 0, taken: int = 0) -> dict[str, Any]:
    """One file of coverage's report; what is missing are its last lines and branches."""
    return {
        "summary": {
            "num_statements": lines,
            "num_branches": branches,
            "covered_lines": covered,
            "covered_branches": taken,
        },
        "missing_lines": list(range(covered + 1, lines + 1)),
        "missing_branches": [[line, -1] for line in range(taken + 1, branches + 1)],
    }


def report(**files: dict[str, Any]) -> dict[str, Any]:
    return {"meta": {"branch_coverage": True}, "files": {name.replace("__", "/"): one for name, one in files.items()}}


@pytest.mark.parametrize(
    ("name", "lines", "covered", "failures"),
    [
        ("scanner_app__store__ledger.py", 100, 90, 0),
        ("scanner_app__store__ledger.py", 100, 89, 1),
        ("scanner_app__domain__keys.py", 100, 99, 1),
        ("scanner_app__domain__keys.py", 100, 100, 0),
        ("scanner_app__workflows__inner__step.py", 100, 99, 1),
        ("devices__framing.py", 100, 99, 1),
        ("devices__framing_more.py", 100, 90, 0),
        ("sync__wire.py", 100, 99, 1),
    ],
)
def test_each_folder_has_its_floor(name: str, lines: int, covered: int, failures: int) -> None:
    found = judge(files_of(report(**{name: measured(lines=lines, covered=covered)})))
    assert len([sentence for sentence in found if not sentence.startswith(" ")]) == failures


def test_a_branch_not_taken_is_a_gap_of_its_own() -> None:
    files = files_of(report(scanner_app__domain__dates=measured(lines=10, covered=10, branches=4, taken=3)))
    assert judge(files) == ["scanner_app/domain: 92.86 % is below 100 %", "  scanner_app/domain/dates: 4->exit"]


def test_the_files_of_a_folder_stand_together() -> None:
    thin = measured(lines=10, covered=5)
    assert judge(files_of(report(screens__a=measured(lines=90, covered=90), screens__b=thin))) == []
    assert judge(files_of(report(screens__b=thin)))[0] == "screens: 50.00 % is below 90 %"


def test_a_file_without_a_test_does_not_fill_the_screen() -> None:
    (file,) = files_of(report(screens__a=measured(lines=1000, covered=0)))
    assert len(file.gaps) <= GAPS_SHOWN_MAX + len(", …")
    assert file.gaps.startswith("1, 2, 3,")
    assert file.gaps.endswith(", …")


def test_a_report_without_branches_is_refused() -> None:
    with pytest.raises(SystemExit, match="no branches"):
        files_of({"meta": {"branch_coverage": False}, "files": {}})


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({}, 1),
        ({"screens__a": measured(lines=10, covered=10)}, 0),
        ({"screens__a": measured(lines=10, covered=1)}, 1),
    ],
)
def test_the_exit_code_says_whether_all_floors_hold(tmp_path: Path, files: dict[str, Any], code: int) -> None:
    path = tmp_path / "coverage.json"
    path.write_text(json.dumps(report(**files)), "utf-8")
    assert main([str(path)]) == code
    assert main([]) == 2
