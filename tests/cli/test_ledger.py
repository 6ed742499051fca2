"""`scanner ledger` and `scanner outbox` on homes that are in use, damaged or missing."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from scanner_app.cli.main import main
from scanner_app.store.ledger import Ledger
from tests.test_contract import ROOT, validator

if TYPE_CHECKING:
    from pathlib import Path

DEVICE = "DOCK-A"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("SCANNER_HOME", str(folder))
    assert main(["init", "--device", DEVICE]) == 0
    return folder


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(["ledger", *arguments])
    line: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, line


def test_verify_answers_in_the_contracts_form(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, line = answer(capsys, "verify")
    assert (code, line["ok"], line["entries"], line["first_bad"]) == (0, True, 0, None)
    assert set(line) == {"ok", "entries", "head", "first_bad"}
    assert answer(capsys, "verify", "--json") == (0, line)
    assert main(["ledger", "export", "--json"]) == 0
    validator("verify-line").validate(line)
    assert home.exists()


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + bytes(5000)])
def test_a_file_that_is_no_ledger_is_answered_with_no(
    home: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "ledger.db").write_bytes(content)
    code, line = answer(capsys, "verify")
    assert (code, line["ok"], line["entries"]) == (1, False, 0)
    validator("verify-line").validate(line)


def test_what_reads_works_while_a_terminal_holds_the_ledger(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = Ledger.open(home / "ledger.db", DEVICE, lambda: bytes(16))
    try:
        assert answer(capsys, "verify")[0] == 0
        assert main(["ledger", "backup", str(tmp_path / "copy.db")]) == 0
        assert main(["ledger", "export"]) == 0
        assert main(["stock", "--json"]) == 0
        assert main(["outbox", "--json"]) == 0
        capsys.readouterr()
        assert main(["ledger", "restore", str(tmp_path / "copy.db")]) == 3
        assert "LEDGER_IN_USE" in capsys.readouterr().err
    finally:
        held.close()
    assert main(["ledger", "restore", str(tmp_path / "copy.db")]) == 0
    assert "kept as" in capsys.readouterr().err
    assert answer(capsys, "verify")[1]["ok"]
    assert len(list(home.glob("ledger.db.before-restore-*"))) == 1


def test_a_backup_of_the_wrong_kind_cannot_be_used(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad").write_text("no ledger", "utf-8")
    for file in (str(tmp_path / "bad"), str(tmp_path / "none"), str(home / "ledger.db")):
        assert main(["ledger", "restore", file]) == 3
        assert "BAD_BACKUP" in capsys.readouterr().err
    assert main(["ledger", "backup", str(tmp_path / "bad")]) == 3
    assert answer(capsys, "verify")[0] == 0


def test_a_restore_into_a_home_without_ledger(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "backup", str(tmp_path / "copy.db")]) == 0
    (home / "ledger.db").unlink()
    assert main(["ledger", "restore", str(tmp_path / "copy.db")]) == 0
    assert "kept as" not in capsys.readouterr().err
    assert answer(capsys, "verify")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["ledger", "verify"],
        ["ledger", "export"],
        ["ledger", "backup", "x"],
        ["stock"],
        ["outbox"],
        ["trace", "--sscc", "095210010000040013"],
    ],
    ids=" ".join,
)
def test_without_a_ledger_the_remedy_is_init(
    tmp_path: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCANNER_HOME", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 3
    said = capsys.readouterr().err
    assert ("NO_LEDGER" in said, "scanner init" in said) == (True, True)
    assert list(tmp_path.iterdir()) == []


def test_a_signed_export_is_not_there_yet(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "export", "--signed", str(tmp_path / "signed")]) == 2
    assert "not there yet" in capsys.readouterr().err
    assert not (tmp_path / "signed").exists()
    assert home.exists()


def test_an_action_must_be_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["ledger"])
    assert ended.value.code == 2
    assert "ACTION" in capsys.readouterr().err
    assert home.exists()


def test_an_export_into_a_closed_pipe_ends_quietly(home: Path) -> None:
    ran = subprocess.run(
        ["bash", "-c", f"'{sys.executable}' -m scanner_app ledger export | true; echo ${{PIPESTATUS[0]}}"],
        capture_output=True, text=True, check=True, timeout=60, cwd=ROOT,
    )  # fmt: skip
    assert (ran.stdout, ran.stderr) == ("0\n", "")
    assert home.exists()


def test_the_outbox_of_a_new_home_is_empty(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["outbox", "--json"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert line == {"pending": 0, "acked": 0, "safe": 0, "parked": 0, "oldest_pending_s": None}
    validator("outbox-line").validate(line)
    assert main(["outbox"]) == 0
    assert "0 entries wait" in capsys.readouterr().out
    assert home.exists()


def test_the_schema_of_verify_refuses_a_contradiction() -> None:
    with pytest.raises(jsonschema.ValidationError):
        validator("verify-line").validate({"ok": True, "entries": 3, "head": "0" * 64, "first_bad": 2})
