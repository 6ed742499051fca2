from __future__ import annotations

import itertools
import json
import os
import shutil
import sys
import uuid
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.committing import commit_scan, open_ledger
from bench.growing import fill, stocked_entries
from bench.parsing import TODAY, pharma_scans
from bench.pty_screen import PtyScreen, ScreenTimeoutError, visible
from bench.scans import received_entries, task_row, unit_keys
from scanner_app.domain.entry import decode_entry, encode_entry
from scanner_app.domain.facts import StockOf, UnitOf
from scanner_app.domain.scan import ParsedScan, parse_scan


def test_the_scans_are_the_same_in_every_run_and_all_readable() -> None:
    scans = pharma_scans(200)
    assert scans == pharma_scans(200)
    assert len(set(scans)) == 200
    for scan in scans:
        parsed = parse_scan(scan, TODAY)
        assert isinstance(parsed, ParsedScan)
        assert None not in {parsed.gtin, parsed.lot, parsed.expiry, parsed.serial}


def test_entries_have_ids_of_their_own_and_are_real_ones() -> None:
    entries = list(itertools.islice(received_entries(), 100))
    assert {uuid.UUID(entry.event_id).version for entry in entries} == {7}
    assert len({entry.event_id for entry in entries}) == 100
    assert all(decode_entry(encode_entry(entry)) == entry for entry in entries)


def test_a_measured_commit_is_one_scan_saved(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger.db")
    entry = next(received_entries())
    commit_scan(ledger, entry, task_row(1))
    assert ledger.counters().scans_saved == 1
    task = ledger.task(task_row(1).id)
    assert task is not None
    assert json.loads(task.state_json)["progress"] == {"done": 1, "total": 10_000}
    ledger.close()


def test_a_filled_ledger_holds_what_is_looked_up_in_it(tmp_path: Path) -> None:
    ledger = fill(tmp_path / "ledger.db", 200)
    assert sum(len(entry.postings) for entry in stocked_entries(200)) == 200
    for key in itertools.islice(unit_keys(17), 200):
        assert ledger.answer(StockOf(key.gtin, key.lot))
        assert ledger.answer(UnitOf(key.gtin, key.serial or ""))
    ledger.close()


def test_control_sequences_are_not_visible() -> None:
    assert visible(b"\x1b[?1049h\x1b[2;1H\x1b[30;42m OK \x1b[0m\x1b]0;title\x07\x1b(B saved\r\n") == b"OKsaved"


def test_a_screen_tells_when_something_was_painted() -> None:
    program = "import sys; print('ready', flush=True); print('got ' + sys.stdin.readline(), flush=True); input()"
    with PtyScreen([sys.executable, "-c", program], os.environ) as screen:
        _, ready_ns = screen.read_until(lambda output: b"ready" in output, 20)
        screen.type(b"key\n")
        output, got_ns = screen.read_until(lambda output: b"got key" in output, 20)
        assert screen.started_ns < ready_ns < got_ns
        assert visible(output).endswith(b"gotkey")
        assert 1 < screen.resident_mib() < 200
        with pytest.raises(ScreenTimeoutError, match="not painted within"):
            screen.read_until(lambda output: b"never" in output, 0.05)


def test_the_command_prints_the_table_and_writes_the_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results.json"
    assert main(["--quick", "--only", "syncs", "--folder", str(tmp_path), "--results", str(results)]) == 0
    figure = json.loads(results.read_text("utf-8"))["figures"][0]
    assert figure["name"] == "syncs a scan, by strace"
    assert figure["met"] is (True if shutil.which("strace") else None)
    assert "goal at most 1.05 a scan" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]
