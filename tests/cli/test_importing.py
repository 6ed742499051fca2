"""`scanner import`, on a real home: all of a file or nothing, and an entry that tells of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from scanner_app.cli.main import main
from scanner_app.domain.facts import DocumentOf, OperatorOf, PlaceOf, WatchesOn
from scanner_app.store.ledger import Ledger

if TYPE_CHECKING:
    from pathlib import Path

ITEM = "09521001000017"
ITEMS = f"gtin,name,storage_class\n{ITEM},Amoxidem,ambient\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("SCANNER_HOME", str(folder))
    assert main(["init", "--device", "D1"]) == 0
    return folder


def import_text(home: Path, kind: str, text: str, *options: str) -> int:
    path = home.parent / f"{kind}.txt"
    path.write_text(text, "utf-8")
    return main(["import", kind, str(path), *options])


def opened(home: Path) -> Ledger:
    return Ledger.open(home / "ledger.db", "D1", lambda: bytes(16))


def test_a_site_is_imported_file_by_file(home: Path) -> None:
    assert import_text(home, "items", ITEMS) == 0
    assert import_text(home, "locations", "code,kind,storage_class\nA-1,storage,ambient\n") == 0
    assert import_text(home, "operators", "id,name,role,token,pin\nUSR-1,Ana,operator,tok,1234\n") == 0
    assert import_text(home, "watches", f"id,kind,gtin,lot,reason\nR,recall,{ITEM},C90,sterility\n") == 0
    document = {"id": "PO-1", "kind": "po", "partner": "B", "lines": [{"gtin": ITEM, "lot": "L", "quantity": 5}]}
    assert import_text(home, "documents", json.dumps(document)) == 0
    ledger = opened(home)
    person = ledger.answer(OperatorOf("USR-1"))
    assert getattr(person, "verifier", "").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert ledger.answer(PlaceOf("A-1")) is not None
    assert ledger.answer(DocumentOf("PO-1")) is not None
    assert ledger.answer(WatchesOn(ITEM, "C90", None)) != ()
    assert ledger.counters().entries == 5
    ledger.close()


def test_a_bad_row_imports_nothing_and_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert import_text(home, "items", ITEMS + f"{ITEM[:-1]}0,Bad,ambient\n") == 1
    said = capsys.readouterr().err
    assert "row 2, gtin: " in said
    assert "nothing was imported" in said
    ledger = opened(home)
    assert ledger.counters().entries == 0
    ledger.close()


def test_a_document_of_unknown_items_or_one_that_is_there_is_refused(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.dumps({"id": "PO-1", "kind": "po", "partner": "B", "lines": [{"gtin": ITEM, "quantity": 5}]})
    assert import_text(home, "documents", document) == 1
    assert f"no item {ITEM}" in capsys.readouterr().err
    assert import_text(home, "items", ITEMS) == 0
    assert import_text(home, "documents", document) == 0
    assert import_text(home, "documents", document) == 1
    assert "PO-1 is there already" in capsys.readouterr().err


def test_a_dry_run_writes_nothing(home: Path) -> None:
    assert import_text(home, "items", ITEMS, "--dry-run") == 0
    ledger = opened(home)
    assert ledger.counters().entries == 0
    ledger.close()


@pytest.mark.parametrize("text", ["3", "[3]", "{", '{"documents": 3}'])
def test_a_file_that_is_none_is_refused_with_its_reason(home: Path, text: str) -> None:
    assert import_text(home, "documents", text) == 1


def test_a_file_that_cannot_be_read_is_a_usage_error(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "items", str(home / "none.csv")]) == 2
    (home / "bytes.csv").write_bytes(b"\xff\xfe")
    assert main(["import", "items", str(home / "bytes.csv")]) == 2
    assert "IMPORT_UNREADABLE" in capsys.readouterr().err
