"""Commands on a ledger of which a page was overwritten: one sentence that says so, exit 3, and no traceback."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from scanner_app.cli.main import main
from scanner_app.store.database import PAGE_BYTES

if TYPE_CHECKING:
    from pathlib import Path

TODAY = "2026-11-22"
SSCC = "095210010000040013"
STOCK = ["stock", "--now", TODAY]


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.setenv("SCANNER_HOME", str(tmp_path / "home"))
    assert main(["init", "--demo", "--now", TODAY]) == 0
    (tmp_path / "scan").write_text(json.dumps({"scan": f"]C100{SSCC}"}), "utf-8")
    assert main(["replay", str(tmp_path / "scan"), "--now", TODAY]) == 0
    capsys.readouterr()
    return tmp_path / "home" / "ledger.db"


def overwrite(ledger: Path, table: str, garbage: bytes) -> None:
    """The table's first page."""
    with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
    connection.close()
    with ledger.open("r+b") as file:
        file.seek((root - 1) * PAGE_BYTES)
        file.write((garbage * PAGE_BYTES)[:PAGE_BYTES])


@pytest.mark.parametrize(
    ("table", "command"),
    [
        ("on_hand", [*STOCK, "--json"]),
        ("on_hand", STOCK),
        ("item", [*STOCK, "--json"]),
        ("entry", ["trace", "--sscc", SSCC, "--json"]),
        ("entry", ["ledger", "export"]),
        ("entry", ["outbox", "--json"]),
        ("entry", ["outbox"]),
        ("item_level", [*STOCK, "--gtin", "9521001000116"]),
    ],
)
@pytest.mark.parametrize("garbage", [b"\xa5", b"\0"], ids=["noise", "zeros"])
def test_a_damaged_page_is_one_sentence_and_exit_3(
    ledger: Path, table: str, command: list[str], garbage: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    overwrite(ledger, table, garbage)
    assert main(command) == 3
    said = capsys.readouterr().err
    assert said.startswith(f"scanner: CORRUPT: {ledger} is damaged or no ledger (")
    assert "scanner ledger restore" in said
    assert said.count("\n") == 1


def test_a_value_that_nobody_can_have_written_is_damage_too(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(ledger) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE on_hand SET expiry = 'tomorrow' WHERE expiry IS NOT NULL AND expiry <> ''")
    connection.close()
    assert main(STOCK) == 3
    assert "scanner: CORRUPT: " in capsys.readouterr().err


def test_names_that_are_no_text_are_damage(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """SQLite quotes the name in its message, which then is no UTF-8 either."""
    content = ledger.read_bytes()
    ledger.write_bytes(content.replace(b"CREATE TABLE item (", b"CREATE TABLE it\xf9m (", 1))
    for command in (STOCK, ["outbox"], ["ledger", "export"]):
        assert main(command) == 3
        assert "scanner: CORRUPT: " in capsys.readouterr().err
