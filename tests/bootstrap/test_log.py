"""The log: JSON lines in bounded files that only their owner reads, and nothing in them of what was scanned."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from scanner_app.bootstrap import log as logs
from scanner_app.bootstrap.log import FILES_MAX, LOG_NAME, start_log, stop_log
from scanner_app.terminal.faults import LOG, own_fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KNOWN: dict[str, str] = {}
SECRET = "]d2010952100200021421SERIAL"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    lines = start_log(tmp_path / "log")
    assert lines is not None
    yield tmp_path / "log"
    stop_log(lines)


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / LOG_NAME).read_text("utf-8").split("\n") if line]


def fails_at(scan: str) -> None:
    try:
        KNOWN[scan]
    except KeyError:
        assert scan == "", scan


def test_an_event_is_a_json_line_with_its_particulars_and_no_others(folder: Path) -> None:
    LOG.info("scanner", extra={"source": "serial:/dev/ttyACM0", "state": "ready", "scan": SECRET})
    (line,) = lines_of(folder)
    assert set(line) == {"time", "level", "event", "source", "state"}
    assert (line["level"], line["event"], line["state"]) == ("info", "scanner", "ready")
    assert line["time"].endswith("+00:00")


def test_a_fault_is_told_by_its_id_and_place_and_never_by_its_words(folder: Path) -> None:
    with pytest.raises(AssertionError) as fault:
        fails_at(SECRET)
    told = own_fault(fault.value, lambda: "0199-abcdef01")
    (line,) = lines_of(folder)
    assert (line["fault"], told.fault, line["level"]) == ("ABCDEF01", "ABCDEF01", "critical")
    raised = line["raised"]
    assert [each for each in raised if not each.startswith("  ")] == ["AssertionError", "KeyError"]
    assert any("fails_at" in each and __file__ in each for each in raised)
    assert SECRET not in json.dumps(line)


def test_only_its_owner_reads_it(folder: Path) -> None:
    LOG.info("x")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / LOG_NAME).stat().st_mode & 0o777 == 0o600


def test_it_is_rotated_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "FILE_BYTES_MAX", 300)
    lines = start_log(tmp_path)
    for _ in range(100):
        LOG.info("scanner", extra={"source": "s" * 40})
    stop_log(lines)
    files = sorted(tmp_path.iterdir())
    assert len(files) == FILES_MAX
    assert all(file.stat().st_size <= 300 and file.stat().st_mode & 0o777 == 0o600 for file in files)
    assert all(json.loads(line) for file in files for line in file.read_text("utf-8").split("\n") if line)


def test_a_log_that_cannot_be_written_stops_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder", "utf-8")
    assert start_log(tmp_path / "file" / "log") is None
    stop_log(None)
    lines = start_log(tmp_path / "log")
    assert lines is not None
    with monkeypatch.context() as patch:
        patch.setattr(lines, "shouldRollover", lambda _: (tmp_path / "none" / "x").stat())
        LOG.info("scanner")
    stop_log(lines)
    assert capfd.readouterr() == ("", "")


def test_without_it_nothing_is_said_anywhere(capfd: pytest.CaptureFixture[str]) -> None:
    LOG.error("stopped")
    assert capfd.readouterr() == ("", "")
