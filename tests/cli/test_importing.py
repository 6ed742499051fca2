"""`scanner import`, on a real home: all of a file or nothing, and an entry that tells of it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from scanner_app.cli.given import BYTES_MAX
from scanner_app.cli.importing import BAD_ROWS_TOLD
from scanner_app.cli.main import main
from scanner_app.domain.facts import DocumentOf, OperatorOf, PlaceOf, WatchesOn
from scanner_app.store.ledger import Ledger

if TYPE_CHECKING:
    from pathlib import Path

ITEM = "09521001000116"
ITEMS = f"gtin,name,storage_class\n{ITEM},Amoxidem,ambient\n"
OPERATORS = "id,name,role,token,pin\nUSR-1,Ana,operator,9q5ZE4C4v4b2XT4J,1234\n"


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


def entries(home: Path) -> int:
    ledger = opened(home)
    found = ledger.counters().entries
    ledger.close()
    return found


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines of standard error, without the folder that the file is in."""
    return [line.rpartition("/")[2] for line in capsys.readouterr().err.split("\n") if line]


def test_a_site_is_imported_file_by_file(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    case = f"19521001000113,,,{ITEM},12\n"
    assert import_text(home, "items", f"gtin,name,storage_class,item,factor\n{ITEM},A,ambient,,\n{case}") == 0
    assert import_text(home, "locations", "code,kind,storage_class\nA-1,storage,ambient\nA-2,dock,cold\n") == 0
    assert import_text(home, "operators", OPERATORS) == 0
    assert import_text(home, "watches", f"id,kind,gtin,lot,reason\nR,recall,{ITEM},C90,sterility\n") == 0
    document = {"id": "PO-1", "kind": "po", "partner": "B", "lines": [{"gtin": ITEM, "lot": "L", "quantity": 5}]}
    assert import_text(home, "documents", json.dumps(document)) == 0
    assert told(capsys) == [
        "scanner: 1 item, 1 level imported.", "scanner: 2 locations imported.", "scanner: 1 operator imported.",
        "scanner: 1 watch-list line imported.", "scanner: 1 document imported.",
    ]  # fmt: skip
    ledger = opened(home)
    person = ledger.answer(OperatorOf("USR-1"))
    assert getattr(person, "verifier", "").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert ledger.answer(PlaceOf("A-1")) is not None
    assert ledger.answer(DocumentOf("PO-1")) is not None
    assert ledger.answer(WatchesOn(ITEM, "C90", None)) != ()
    assert ledger.counters().entries == 5
    ledger.close()


def test_a_bad_row_imports_nothing_and_every_cell_of_it_is_named(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert import_text(home, "items", ITEMS + f"{ITEM[:-1]}0,,warm\n") == 1
    row = "items.txt: line 3 (09521001000110)"
    assert told(capsys) == [
        f"{row}, gtin: A GTIN 09521001000110 ends in 0, the check digit is 6",
        f"{row}, name: is empty",
        f"{row}, storage_class: 'warm' is none of ambient, cold, frozen, controlled, hazardous",
        "scanner: 1 bad row; nothing was imported.",
    ]
    assert entries(home) == 0


def test_a_file_that_is_wrong_as_a_whole_is_told_in_one_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert import_text(home, "locations", "code;kind;storage_class\nA;dock;cold\n") == 1
    assert import_text(home, "locations", "[]") == 1
    assert import_text(home, "locations", "code,kind,storage_class\n\n") == 1
    assert told(capsys) == [
        "locations.txt: line 1: no column code, kind, storage_class; is it separated by ;? Separate cells by commas",
        "scanner: 1 bad row; nothing was imported.",
        *["locations.txt: holds no locations", "scanner: nothing was imported."] * 2,
    ]


def test_of_very_many_bad_rows_the_first_hundred_are_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    rows = "".join(f"A-{number},shelf,warm\n" for number in range(BAD_ROWS_TOLD + 2))
    assert import_text(home, "locations", f"code,kind,storage_class\n{rows}") == 1
    said = told(capsys)
    assert len(said) == 2 * BAD_ROWS_TOLD + 2
    assert said[-2:] == ["locations.txt: and 2 more bad rows", "scanner: 102 bad rows; nothing was imported."]


def test_a_document_of_unknown_items_or_one_that_is_there_is_refused_with_its_row(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    lines = [{"gtin": ITEM, "quantity": 5}, {"gtin": ITEM, "quantity": 6}]
    document = json.dumps({"id": "PO-1", "kind": "po", "partner": "B", "lines": lines})
    assert import_text(home, "documents", document) == 1
    assert import_text(home, "items", ITEMS) == 0
    assert import_text(home, "documents", document) == 0
    assert import_text(home, "documents", document) == 1
    missing = f"no item {ITEM} is known: import items first (1 more row names it)"
    assert told(capsys) == [
        f"documents.txt: lines 1, line 1 (PO-1), gtin: {missing}", "scanner: 1 bad row; nothing was imported.",
        "scanner: 1 item imported.", "scanner: 1 document imported.",
        "documents.txt: line 1 (PO-1), document: PO-1 is there already", "scanner: 1 bad row; nothing was imported.",
    ]  # fmt: skip


def test_a_level_of_an_unknown_item_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert import_text(home, "items", f"gtin,item,factor\n19521001000113,{ITEM},12\n") == 1
    assert f"line 2 (19521001000113), item: no item {ITEM} is known" in capsys.readouterr().err


@pytest.mark.parametrize("badge", ["1042", "usr-1", "USR-1.2"])
def test_an_operator_no_badge_can_name_is_refused(home: Path, badge: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert import_text(home, "operators", OPERATORS.replace("USR-1,", f"{badge},")) == 1
    assert f"line 2 ({badge}), id: must be what the badge says" in capsys.readouterr().err


CASE = "19521001000113"
LEVEL = f"gtin,name,storage_class,item,factor\n{CASE},case,,{ITEM},12\n"


def test_a_gtin_that_stands_for_something_already_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert import_text(home, "items", ITEMS) == 0
    assert import_text(home, "items", LEVEL) == 0
    capsys.readouterr()
    assert import_text(home, "items", ITEMS.replace(ITEM, CASE)) == 1
    assert import_text(home, "items", ITEMS.replace(ITEM, "09521006000210")) == 0
    assert import_text(home, "items", LEVEL.replace(CASE, "09521006000210")) == 1
    assert import_text(home, "items", LEVEL) == 0
    assert [line for line in told(capsys) if line.startswith("items")] == [
        f"items.txt: line 2 ({CASE}), gtin: {CASE} is a case of 12 of the item {ITEM} already",
        "items.txt: line 2 (09521006000210), gtin: 09521006000210 is the item Amoxidem already",
    ]


def test_a_document_without_an_owner_is_the_sites(home: Path) -> None:
    config = home / "config.toml"
    config.write_text(config.read_text("utf-8").replace('owner = "own"', 'owner = "acme"'), "utf-8")
    assert import_text(home, "items", ITEMS) == 0
    document = {"id": "PO-1", "kind": "po", "partner": "B", "lines": [{"gtin": ITEM, "lot": "L", "quantity": 5}]}
    assert import_text(home, "documents", json.dumps(document)) == 0
    ledger = opened(home)
    assert getattr(ledger.answer(DocumentOf("PO-1")), "owner", "") == "acme"
    ledger.close()


def test_a_dry_run_writes_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert import_text(home, "items", ITEMS, "--dry-run") == 0
    assert "1 item checked" in capsys.readouterr().err
    assert entries(home) == 0


def test_a_file_that_cannot_be_read_is_a_usage_error(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "bytes.csv").write_bytes(b"gtin,name\n\xff\xfe")
    os.mkfifo(home / "pipe")
    for name, why in (
        ("none.csv", "There is no file "),
        ("bytes.csv", "line 2 is no UTF-8 text (byte 0xff). Save the file as UTF-8."),
        (".", "cannot be read: Is a directory."),
        ("a\0b", "is no file name"),
        ("/dev/zero", "cannot be read: it is no regular file."),
        (str(home / "pipe"), "cannot be read: it is no regular file."),
    ):
        capsys.readouterr()
        assert main(["import", "items", str(home / name)]) == 2
        said = capsys.readouterr().err
        assert said.startswith("scanner: IMPORT_UNREADABLE: ")
        assert why in said
        assert "Errno" not in said


def test_a_file_that_is_too_large_is_not_read(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (home / "large.csv").open("wb") as large:
        large.truncate(BYTES_MAX + 1)
    assert main(["import", "items", str(home / "large.csv")]) == 2
    assert "Split the file." in capsys.readouterr().err
