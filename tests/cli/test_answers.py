"""The commands that answer from a ledger: stock, trace, ledger, outbox, parse, and the demonstration itself."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scanner_app.cli.init import Names, make_home
from scanner_app.cli.main import main
from scanner_app.config import Home
from scanner_app.demo.shift import shift_lines
from scanner_app.demo.site import load_demo
from tests.terminal.floor import TODAY

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = TODAY.isoformat()
VERIFIER = Path(__file__).parent.parent.parent / "docs" / "verify_ledger.py"


@pytest.fixture(scope="session")
def worked_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration home after its shift."""
    folder = tmp_path_factory.mktemp("worked")
    make_home(Home(folder / "config.toml", folder), NOW, Names(), demo=True)
    lines = folder / "shift.jsonl"
    lines.write_text("\n".join(shift_lines(load_demo(TODAY))), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCANNER_HOME", str(folder))
        patch.setattr(sys, "stdout", io.StringIO())
        assert main(["replay", str(lines), "--now", NOW]) == 0
    return folder


@pytest.fixture
def home(worked_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    shutil.copytree(worked_home, folder)
    monkeypatch.setenv("SCANNER_HOME", str(folder))
    return folder


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[Any]]:
    """Runs a command that must answer with JSON lines."""

    def run(*arguments: str, code: int = 0) -> list[Any]:
        capsys.readouterr()
        assert main(list(arguments)) == code
        return [json.loads(line) for line in capsys.readouterr().out.split("\n") if line]

    return run


KEYS = {
    *("location", "owner", "gtin", "lot", "expiry", "status", "quantity", "unit", "recalled", "expired"),
    *("container", "as_of"),
}
TRACE_KEYS = {
    *(
        "seq",
        "id",
        "event_time",
        "kind",
        "operator",
        "device",
        "from",
        "to",
        "quantity",
        "document",
        "reason",
        "method",
    ),
}


def test_stock_lines_have_the_contracts_form(home: Path, ask: Callable[..., list[Any]]) -> None:
    lines = ask("stock", "--json", "--now", NOW)
    assert len(lines) > 40
    assert all(set(line) >= KEYS and line["quantity"] > 0 and line["unit"] == "base" for line in lines)
    assert home.exists()


@pytest.mark.parametrize(
    ("filters", "places", "quantity"),
    [
        (("--lot", "A12B"), {"B-04-2"}, 48),
        (("--location", "B-04-3"), {"B-04-3"}, 48),
        (("--status", "quarantined"), {"CAGE"}, 1),
        (("--lot", "1E5"), {"A-03-2"}, 4),
        (("--lot", "a1B"), {"A-03-3"}, 4),
        (("--owner", "nobody"), set(), 0),
        (("--gtin", "9521002000214", "--lot", "N31"), {"A-01-2"}, 3),
    ],
)
def test_stock_filters(
    home: Path, ask: Callable[..., list[Any]], filters: tuple[str, ...], places: set[str], quantity: int
) -> None:
    lines = ask("stock", "--json", "--now", NOW, *filters)
    assert {line["location"] for line in lines} == places
    assert sum(line["quantity"] for line in lines) == quantity
    assert home.exists()


def test_stock_says_recalled_expired_and_near_expiry(home: Path, ask: Callable[..., list[Any]]) -> None:
    lines = ask("stock", "--json", "--now", NOW)
    assert {line["lot"] for line in lines if line["recalled"]} == {"C90"}
    assert {line["lot"] for line in lines if line["expired"]} == {"ST9"}
    near = ask("stock", "--json", "--now", NOW, "--near-expiry", "30")
    assert {line["lot"] for line in near} == {"ST9", "A11Z", "P54"}
    later = ask("stock", "--json", "--now", "2027-01-01", "--lot", "A11Z")
    assert [line["expired"] for line in later] == [True]
    assert home.exists()


def test_stock_with_serials_and_by_serial(home: Path, ask: Callable[..., list[Any]]) -> None:
    (line,) = ask("stock", "--json", "--now", NOW, "--lot", "N31", "--serials")
    assert len(line["serials"]) == 3
    (found,) = ask("stock", "--json", "--now", NOW, "--serial", line["serials"][0])
    assert found["location"] == "A-01-2"
    assert home.exists()


def test_stock_as_a_table(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stock", "--now", NOW]) == 0
    said = capsys.readouterr().out
    assert said.startswith("place")
    assert "available, recalled" in said
    assert "base units on" in said
    assert main(["stock", "--gtin", "123"]) == 2
    assert home.exists()


def test_a_unit_inferred_with_its_pallet_is_traced_through_it(home: Path, ask: Callable[..., list[Any]]) -> None:
    unit = load_demo(TODAY).document("ASN-1001").units[0]
    received, put_away = ask("trace", "--gtin", unit.gtin, "--serial", unit.serial, "--json")[-2:]
    assert (received["kind"], received["method"]) == ("received", "inferred")
    assert (put_away["kind"], put_away["to"]) == ("put_away", "B-04-2")
    assert set(received) >= TRACE_KEYS
    assert home.exists()


def test_traces_of_a_pallet_a_case_and_a_lot(home: Path, ask: Callable[..., list[Any]]) -> None:
    asn = load_demo(TODAY).document("ASN-1001")
    pallet = asn.containers[0].id.removeprefix("sscc:")
    way = ask("trace", "--sscc", pallet, "--json")
    assert [(line["kind"], line["to"], line["method"]) for line in way if line["from"] != "supplier"] == [
        ("refused", None, "scanned"), ("noted", None, "scanned"), ("put_away", "B-04-2", "scanned"),
    ]  # fmt: skip
    assert way[0]["to"] == "DOCK-1"
    assert {line["to"] for line in way[1:] if line["from"] == "supplier"} == {f"sscc:{pallet}"}
    case = next(c.id for c in load_demo(TODAY).document("ASN-1002").containers if c.id.startswith("sgtin:"))
    _, gtin, serial = case.split(":")
    assert ask("trace", "--gtin", gtin, "--serial", serial, "--json")[0]["kind"] == "received"
    lot = ask("trace", "--gtin", asn.units[0].gtin, "--lot", asn.units[0].lot, "--json")
    assert len(lot) >= 1
    assert home.exists()


def test_what_is_not_known_is_exit_1_and_what_is_not_named_2(
    home: Path, ask: Callable[..., list[Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask("trace", "--gtin", "09521002000214", "--serial", "nobody", "--json", code=1) == []
    assert main(["trace", "--gtin", "09521002000214"]) == 2
    assert main(["trace", "--sscc", "12"]) == 2
    assert main(["trace", "--gtin", "09521002000214", "--lot", "N31"]) == 0
    assert "received" in capsys.readouterr().out
    assert home.exists()


def test_verify_holds_and_finds_a_changed_byte(home: Path, ask: Callable[..., list[Any]]) -> None:
    (found,) = ask("ledger", "verify")
    assert set(found) >= {"ok", "entries", "head", "first_bad"}
    assert (found["ok"], found["first_bad"]) == (True, None)
    assert found["entries"] > 90
    change(
        home,
        "UPDATE entry SET bytes = CAST(replace(CAST(bytes AS TEXT), 'DOCK-1', 'DOCK-9') AS BLOB) WHERE position = 60",
    )
    (broken,) = ask("ledger", "verify", code=1)
    assert (broken["ok"], broken["first_bad"]) == (False, 60)
    ran = subprocess.run([sys.executable, VERIFIER, home / "ledger.db"], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert json.loads(ran.stdout.split("\n")[0])["first_bad"] == 60


def change(home: Path, statement: str) -> None:
    """What a forger with the file in hand would do: take the triggers away, change a row, put them back."""
    ledger = sqlite3.connect(home / "ledger.db", isolation_level=None)
    triggers = ledger.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        ledger.execute(f"DROP TRIGGER {name}")
    assert ledger.execute(statement).rowcount >= 1
    for _, text in triggers:
        ledger.execute(text)
    ledger.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE on_hand SET quantity = quantity + 1 WHERE lot = 'A12B'",
        "UPDATE unit SET place = 'A-06-4' WHERE serial = (SELECT min(serial) FROM unit)",
        "DELETE FROM container",
        "DELETE FROM entry WHERE position = 70",
    ],
)
def test_verify_finds_a_changed_projection_or_a_missing_entry(
    home: Path, ask: Callable[..., list[Any]], statement: str
) -> None:
    change(home, statement)
    (found,) = ask("ledger", "verify", code=1)
    assert found["ok"] is False


def test_a_backup_restores_into_a_new_epoch(home: Path, tmp_path: Path, ask: Callable[..., list[Any]]) -> None:
    before = ask("ledger", "verify")[0]
    copy = tmp_path / "copy.db"
    assert main(["ledger", "backup", str(copy)]) == 0
    assert main(["ledger", "backup", str(copy)]) == 3
    assert main(["ledger", "restore", str(copy)]) == 0
    assert any("before-restore" in path.name for path in home.iterdir())
    after = ask("ledger", "verify")[0]
    assert (after["ok"], after["entries"]) == (True, before["entries"])
    assert after["head"] != before["head"]
    lines = tmp_path / "more.jsonl"
    lines.write_text('{"scan": "LOC-1"}\n', "utf-8")
    assert main(["replay", str(lines), "--now", NOW]) == 0
    assert ask("ledger", "verify")[0]["entries"] == before["entries"] + 1


def test_a_damaged_backup_is_not_restored(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(b"no ledger at all" * 100)
    assert main(["ledger", "restore", str(copy)]) == 3
    assert "BAD_BACKUP" in capsys.readouterr().err
    assert main(["ledger", "verify"]) == 0
    assert home.exists()


def test_export_gives_every_entry_and_its_lists(home: Path, ask: Callable[..., list[Any]]) -> None:
    lines = ask("ledger", "export")
    kinds = [line["type"] for line in lines]
    assert kinds[0] == "epoch"
    assert kinds.count("entry") == ask("ledger", "verify")[0]["entries"]
    assert "list" in kinds
    assert main(["ledger", "export", "--signed", "x"]) == 2
    assert home.exists()


def test_the_outbox_holds_everything_until_there_is_a_centre(home: Path, ask: Callable[..., list[Any]]) -> None:
    (found,) = ask("outbox", "--json")
    assert found["pending"] > 90
    assert (found["acked"], found["safe"], found["parked"]) == (0, 0, 0)
    assert main(["outbox"]) == 0
    assert home.exists()


def test_reading_without_a_ledger_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCANNER_HOME", str(tmp_path / "none"))
    for command in (["stock"], ["trace", "--sscc", "095210010000040013"], ["outbox"], ["ledger", "verify"]):
        assert main(command) == 3
        assert "scanner init" in capsys.readouterr().err


def test_parsing_standard_input(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCANNER_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "stdin", io.StringIO('"]d20109506000134352"\n{"scan": "LOC-A"}\n'))
    assert main(["parse", "--now", NOW]) == 0
    assert [json.loads(line)["kind"] for line in capsys.readouterr().out.split("\n") if line] == ["gs1", "location"]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\ufeff]d2010950600013435210A1<GS>21X\r\n"))
    assert main(["parse", "--raw", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["serial"] == "X"
    monkeypatch.setattr(sys, "stdin", io.StringIO('"]d20109506000134353"\n'))
    assert main(["parse"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "BAD_CHECK_DIGIT"


def test_the_demonstration_without_a_screen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    for now in (NOW, "2027-02-28"):
        assert main(["run", "--demo", "--now", now]) == 0
        said = capsys.readouterr().out
        assert "differs" not in said
        assert "base units on" in said
