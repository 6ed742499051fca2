"""Hold coverage to its floors, folder by folder: `coverage_floors.py coverage.json`; exit 1 names what is missing.

Lines and branches count alike, as in coverage's own total. What `FULL` names needs every line and every branch; the
files of any other folder together need `FLOOR_PERCENT`.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

FULL: Final = (
    "scanner_app/domain",
    "scanner_app/workflows",
    "devices/framing.py",
    "devices/decode.py",
    "sync/backoff.py",
    "sync/codec.py",
    "sync/engine.py",
    "sync/exchange.py",
    "sync/link.py",
    "sync/outbox.py",
    "sync/pushing.py",
    "sync/wire.py",
)
"""Decisions and codecs: a rule that no test takes is a rule nobody knows."""

FLOOR_PERCENT: Final = 90.0

GAPS_SHOWN_MAX: Final = 200
"""Characters of a file's gaps that are printed: a file without any test would fill the screen."""


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """One file: what there is to cover, what was, and where the rest stands."""

    path: str
    wanted: int
    covered: int
    missing_lines: tuple[int, ...]
    missing_branches: tuple[tuple[int, int], ...]

    @property
    def folder(self) -> str:
        """The group the file is judged in: its folder, or for FULL the entry that names it."""
        named = [entry for entry in FULL if self.path == entry or self.path.startswith(f"{entry}/")]
        return named[0] if named else str(PurePosixPath(self.path).parent)

    @property
    def gaps(self) -> str:
        """The first missing lines and branches, as `12, 30->33`."""
        lines = [str(line) for line in self.missing_lines]
        branches = [f"{start}->{'exit' if end < 0 else end}" for start, end in self.missing_branches]
        every = ", ".join(lines + branches)
        return every if len(every) <= GAPS_SHOWN_MAX else every[:GAPS_SHOWN_MAX].rpartition(",")[0] + ", …"


def files_of(report: dict[str, Any]) -> list[FileCoverage]:
    """Read coverage's JSON report, made with branches."""
    if not report["meta"]["branch_coverage"]:
        sys.exit("coverage_floors: the report has no branches; run coverage with branch = true.")
    return [
        FileCoverage(
            path=path,
            wanted=one["summary"]["num_statements"] + one["summary"]["num_branches"],
            covered=one["summary"]["covered_lines"] + one["summary"]["covered_branches"],
            missing_lines=tuple(one["missing_lines"]),
            missing_branches=tuple((start, end) for start, end in one["missing_branches"]),
        )
        for path, one in sorted(report["files"].items())
    ]


def judge(files: list[FileCoverage]) -> list[str]:
    """Print a line for each folder; give a sentence for each floor that does not hold."""
    folders: dict[str, list[FileCoverage]] = defaultdict(list)
    for file in files:
        folders[file.folder].append(file)
    failures = []
    for folder, members in sorted(folders.items()):
        wanted = sum(member.wanted for member in members)
        covered = sum(member.covered for member in members)
        percent = 100.0 * covered / wanted if wanted else 100.0
        floor = 100.0 if folder in FULL else FLOOR_PERCENT
        holds = covered == wanted if folder in FULL else percent >= floor
        print(f"{'ok  ' if holds else 'LOW '} {percent:6.2f} %  (floor {floor:3.0f} %)  {folder}")
        if not holds:
            failures.append(f"{folder}: {percent:.2f} % is below {floor:.0f} %")
            failures += [f"  {member.path}: {member.gaps}" for member in members if member.covered < member.wanted]
    return failures


def main(arguments: list[str]) -> int:
    """Judge the report named on the command line: 0 every floor holds, 1 one does not, 2 usage."""
    if len(arguments) != 1:
        print(__doc__)
        return 2
    files = files_of(json.loads(Path(arguments[0]).read_text("utf-8")))
    if not files:
        print("coverage_floors: nothing was measured.")
        return 1
    failures = judge(files)
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
