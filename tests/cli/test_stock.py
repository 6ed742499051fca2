"""`scanner stock` and `scanner trace`: every form of the question, and lines that keep to their schemas."""

from __future__ import annotations

import io
import json
import re
import shutil
import sqlite3
import sys
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len

from scanner_app.cli.main import main
from scanner_app.demo.shift import shift_lines
from scanner_app.demo.site import DemoSite, load_demo
from tests.terminal.floor import TODAY, make_demo_home
from tests.test_contract import validator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = TODAY.isoformat()


@pytest.fixture(scope="module")
def after_shift(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration home after its shift."""
    folder = make_demo_home(tmp_path_factory.mktemp("shift"))
    lines = folder / "shift.jsonl"
    lines.write_text("\n".join(shift_lines(load_demo(TODAY))), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCANNER_HOME", str(folder))
        patch.setattr(sys, "stdout", told := io.StringIO())
        assert main(["replay", str(lines), "--now", NOW]) == 0
    (folder / "told.jsonl").write_text(told.getvalue(), "utf-8")
    return folder


def test_every_step_of_the_shift_keeps_to_its_schema(after_shift: Path) -> None:
    steps = [json.loads(line) for line in (after_shift / "told.jsonl").read_text("utf-8").split("\n") if line]
    assert len(steps) > 20
    for step in steps:
        validator("replay-line").validate(step)


@pytest.fixture
def ask(
    after_shift: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., list[dict[str, Any]]]:
    home = tmp_path / "home"
    shutil.copytree(after_shift, home)
    monkeypatch.setenv("SCANNER_HOME", str(home))

    def run(*arguments: str, code: int = 0) -> list[dict[str, Any]]:
        capsys.readouterr()
        assert main([*arguments, "--json"]) == code
        lines = [json.loads(line) for line in capsys.readouterr().out.split("\n") if line]
        form = validator("stock-line" if arguments[0] == "stock" else "trace-line")
        for line in lines:
            form.validate(line)
        return lines

    return run


@pytest.fixture(scope="module")
def site() -> DemoSite:
    return load_demo(TODAY)


def test_every_line_of_the_stock_keeps_to_its_schema(ask: Callable[..., list[dict[str, Any]]]) -> None:
    lines = ask("stock", "--serials", "--now", NOW)
    assert len(lines) > 30
    keys = [
        tuple(str(line[name] or "") for name in ("location", "container", "gtin", "lot", "expiry")) for line in lines
    ]
    assert keys == sorted(keys)
    assert all(line["as_of"].startswith(f"{NOW}T12:00:00") for line in lines)
    assert all(len(line["serials"]) in {0, line["quantity"]} for line in lines)
    assert any(line["container"] and line["serials"] for line in lines)
    without = ask("stock", "--now", NOW)
    assert [{**line, "serials": None} for line in lines] == [{**line, "serials": None} for line in without]
    assert not any("serials" in line for line in without)


def test_a_case_is_asked_for_by_its_own_gtin(ask: Callable[..., list[dict[str, Any]]], site: DemoSite) -> None:
    case = next(level for level in site.levels if level.factor > 1 and ask("stock", "--gtin", level.item))
    assert ask("stock", "--gtin", case.gtin, "--now", NOW) == ask("stock", "--gtin", case.item, "--now", NOW) != []


def test_a_place_is_named_by_code_label_or_container(ask: Callable[..., list[dict[str, Any]]], site: DemoSite) -> None:
    by_code = ask("stock", "--location", "B-04-2", "--now", NOW)
    assert by_code == ask("stock", "--location", "LOC-B-04-2", "--now", NOW) != []
    pallet = site.document("ASN-1001").containers[0].id
    by_id = ask("stock", "--location", pallet, "--now", NOW)
    assert ask("stock", "--location", pallet.removeprefix("sscc:"), "--now", NOW) == by_id


@pytest.mark.parametrize(
    "arguments",
    [
        ["stock", "--status", "expired"],
        ["stock", "--gtin", "95210123"],
        ["stock", "--lot", "\udcff"],
        ["stock", "--now", "soon"],
        ["trace", "--gtin", "09521002000214", "--lot", "\udcff"],
        ["trace", "--gtin", "09521002000214", "--serial", "a", "--lot", "b"],
        ["trace"],
        ["trace", "--serial", "a"],
        ["trace", "--sscc", "095210010000040013", "--gtin", "09521002000214", "--lot", "N31"],
    ],
)
def test_a_question_that_cannot_be_asked_is_exit_2(
    arguments: list[str], ask: Callable[..., list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(*arguments, code=2) == []
    main(arguments)
    said = capsys.readouterr().err
    assert said.startswith("scanner: ")
    assert said.isprintable() or said.rstrip("\n").isprintable()


@pytest.mark.parametrize("days", ["-1", "x", "1.5", "²", ""])
def test_days_are_a_whole_number(days: str, ask: Callable[..., list[dict[str, Any]]]) -> None:
    with pytest.raises(SystemExit) as ended:
        ask("stock", "--near-expiry", days)
    assert ended.value.code == 2


def test_any_number_of_days(ask: Callable[..., list[dict[str, Any]]]) -> None:
    assert len(ask("stock", "--near-expiry", "9" * 40)) == sum(line["expiry"] is not None for line in ask("stock"))


def test_lines_are_ascii_so_that_any_locale_prints_them(
    ask: Callable[..., list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    ask("stock")
    main(["stock", "--json", "--serials"])
    assert capsys.readouterr().out.isascii()


def test_every_unit_of_the_stock_has_a_trace(ask: Callable[..., list[dict[str, Any]]]) -> None:
    lines = [line for line in ask("stock", "--serials") if line["serials"]]
    for line in lines[:12]:
        trace = ask("trace", "--gtin", line["gtin"], "--serial", line["serials"][0])
        posted = [step for step in trace if step["kind"] != "refused"]
        assert posted[-1]["to"] in {line["location"], line["container"]}
        assert [step["seq"] for step in trace] == sorted(step["seq"] for step in trace)


def test_a_unit_that_is_expected_but_never_came_has_an_empty_trace(
    ask: Callable[..., list[dict[str, Any]]], site: DemoSite
) -> None:
    expected = [unit for document in site.documents for unit in document.units]
    came = [bool(ask("trace", "--gtin", unit.gtin, "--serial", unit.serial)) for unit in expected[::5]]
    assert set(came) == {True, False}
    assert ask("trace", "--gtin", expected[0].gtin, "--serial", "nobody", code=1) == []


def test_traces_in_words(
    ask: Callable[..., list[dict[str, Any]]], site: DemoSite, capsys: pytest.CaptureFixture[str]
) -> None:
    pallet = site.document("ASN-1001").containers[0].id.removeprefix("sscc:")
    wanted = ask("trace", "--sscc", pallet)
    assert main(["trace", "--sscc", pallet]) == 0
    heading, *words = capsys.readouterr().out.rstrip("\n").split("\n")
    assert len(words) == len(wanted)
    column = heading.index("to  ")
    assert [line[column:].partition(" ")[0] for line in words] == [str(step["to"] or "") for step in wanted]
    assert "None" not in "".join(words)


def test_a_refused_scan_says_why_in_its_trace(
    ask: Callable[..., list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    steps = ask("trace", "--gtin", "09521003000114", "--lot", "C90")
    assert [step["refusal"] for step in steps] == [None, "RECALLED", None]
    assert main(["trace", "--gtin", "9521003000114", "--lot", "C90"]) == 0
    (refused,) = [line for line in capsys.readouterr().out.split("\n") if " refused " in line]
    assert refused.endswith("RECALL lot C90 Cardizol: do not use")


def test_what_only_a_document_names_and_what_nothing_names_is_told_apart(
    ask: Callable[..., list[dict[str, Any]]], site: DemoSite, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = [unit for document in site.documents for unit in document.units]
    never = next(unit for unit in expected if not ask("trace", "--gtin", unit.gtin, "--serial", unit.serial))
    assert main(["trace", "--gtin", never.gtin, "--serial", never.serial]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "scanner: a document names it, but it was never scanned.\n")
    assert main(["trace", "--gtin", never.gtin, "--serial", "nobody"]) == 1
    assert capsys.readouterr().err == f"scanner: nothing is known of gtin {never.gtin} serial nobody.\n"


def test_the_table_aligns_whatever_a_name_is_made_of(
    ask: Callable[..., list[dict[str, Any]]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    items = "gtin,name,strength,storage_class\n09521001000116,阿莫西林 e\u0301,500 mg,ambient\n"
    (tmp_path / "items.csv").write_text(items, "utf-8")
    assert main(["import", "items", str(tmp_path / "items.csv")]) == 0
    ask("stock")
    assert main(["stock"]) == 0
    heading, *lines, total = capsys.readouterr().out.rstrip("\n").split("\n")
    assert {cell_len(line) for line in lines} == {cell_len(heading)}
    lots = {cell_len(line[: line.index(lot)]) for line in lines for lot in (" A12B ", " P54 ") if lot in line}
    assert len(lots) == 1
    assert re.fullmatch(r"[0-9]+ base units on [0-9]+ lines", total)
    assert main(["stock", "--lot", "P54"]) == 0
    assert capsys.readouterr().out.rstrip("\n").endswith("60 base units on 1 line")


def test_the_table_shows_serials_where_they_are_asked_for(
    ask: Callable[..., list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = ask("stock", "--lot", "N31", "--serials")
    assert main(["stock", "--lot", "N31", "--serials"]) == 0
    assert f"\n  serials: {' '.join(sorted(line['serials']))}\n" in capsys.readouterr().out
    assert main(["stock", "--lot", "N31"]) == 0
    assert "serials" not in capsys.readouterr().out


def test_goods_of_two_owners_are_not_summed(
    after_shift: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another client's goods of the same item, lot and place: a line of their own, and a column that says whose."""
    shutil.copytree(after_shift, tmp_path / "home")
    monkeypatch.setenv("SCANNER_HOME", str(tmp_path / "home"))
    ledger = sqlite3.connect(tmp_path / "home" / "ledger.db")
    ledger.execute(
        "INSERT INTO on_hand SELECT place, gtin, lot, expiry, status, 'acme', 5 FROM on_hand WHERE lot = 'P54'"
    )
    ledger.commit()
    ledger.close()
    assert main(["stock", "--lot", "P54"]) == 0
    heading, *lines, total = capsys.readouterr().out.rstrip("\n").split("\n")
    assert heading.split() == ["place", "item", "lot", "expiry", "status", "owner", "quantity"]
    assert [line.split()[-2:] for line in lines] == [["acme", "5"], ["own", "60"]]
    assert total == "65 base units on 2 lines"


@pytest.mark.parametrize("gtin", ["96385074", "012345678905", "4006381333931", "14006381333938"])
def test_a_gtin_may_have_8_12_13_or_14_digits(gtin: str, ask: Callable[..., list[dict[str, Any]]]) -> None:
    assert ask("stock", "--gtin", gtin) == []
    assert ask("trace", "--gtin", gtin, "--lot", "X", code=1) == []


@pytest.mark.parametrize(
    ("now", "as_of"),
    [
        ("2026-11-22", "2026-11-22T12:00:00+00:00"),
        ("2026-11-22T10:00", "2026-11-22T10:00:00+00:00"),
        ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00+00:00"),
        ("2026-11-22T10:00:00-05:00", "2026-11-22T15:00:00+00:00"),
    ],
)
def test_the_forms_of_now(now: str, as_of: str, ask: Callable[..., list[dict[str, Any]]]) -> None:
    assert ask("stock", "--now", now)[0]["as_of"][:16] == as_of[:16]


@pytest.mark.parametrize("now", ["noon", "", "2026-13-01", "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_told(now: str, ask: Callable[..., list[dict[str, Any]]]) -> None:
    assert ask("stock", "--now", now, code=2) == []
