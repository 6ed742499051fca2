"""The command line: init, replay, doctor, devices and what every command shares."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from devices.simulator import VirtualScanner
from scanner_app.cli.main import COMMANDS, main

if TYPE_CHECKING:
    from pathlib import Path

TODAY = "2026-11-22"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("SCANNER_HOME", str(folder))
    return folder


def test_without_a_command_the_help_is_shown_and_the_exit_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    said = capsys.readouterr().err
    assert all(command in said for command in COMMANDS)


def test_the_screen_without_a_terminal_is_one_sentence_and_exit_3(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run"]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "scanner: NO_TERMINAL: the screen needs a terminal. "
        "`scanner replay` drives it without one, `scanner run --demo` plays its shift.\n"
    )
    assert not home.exists()


def test_an_unknown_command_names_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fly"])
    assert ended.value.code == 2
    assert "scanner --help" in capsys.readouterr().err


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"scanner {command}" in capsys.readouterr().out


def test_init_makes_a_home_that_only_its_owner_can_read(home: Path) -> None:
    assert main(["init", "--device", "DOCK-A", "--site", "OSL", "--time-zone", "Europe/Oslo"]) == 0
    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / "config.toml").stat().st_mode & 0o777 == 0o600
    assert (home / "ledger.db").stat().st_mode & 0o777 == 0o600
    text = (home / "config.toml").read_text("utf-8")
    assert 'time_zone = "Europe/Oslo"' in text
    assert main(["doctor"]) == 0


def test_init_refuses_a_home_that_is_there_and_an_unknown_zone(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--time-zone", "Mars/Base"]) == 2
    assert not home.exists()
    assert main(["init"]) == 0
    assert main(["init"]) == 2
    assert "HOME_EXISTS" in capsys.readouterr().err


def played(lines: list[dict[str, Any]], folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[Any]]:
    path = folder / "lines.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n", "utf-8")
    capsys.readouterr()
    code = main(["replay", str(path), "--now", TODAY])
    return code, [json.loads(line) for line in capsys.readouterr().out.split("\n") if line]


SIGN_IN = {"sign_in": "USR-1001.9q5ZE4C4v4b2XT4J", "pin": "2468"}


def test_replay_drives_the_terminal(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--demo", "--now", TODAY]) == 0
    code, steps = played(
        [
            SIGN_IN,
            {"expect": {"result": "accepted", "outcome": "OK"}},
            {"at": "2026-11-22T14:00:00+01:00"},
            {"open": "receiving", "document": "ASN-1001"},
            {"scan": "]C100095210010000040013", "source": "virtual"},
            {"expect": {"outcome": "MATCHED", "refusal": None}},
            {"restart": True},
            {"scan": "]C100095210010000040013", "profile": "new"},
            {"expect": {"refusal": "ALREADY_SCANNED", "saved": 3}},
            {"second_pack": True},
            {"key": "F10"},
            {"key": "9"},
            {"key": "F3"},
            {"text": "LOC-A-01-1"},
            {"command": "qty5"},
            {"command": "sign_out"},
            {"link": "offline"},
        ],
        tmp_path,
        capsys,
    )
    assert code == 0
    assert [step["step"] for step in steps] == [1, 4, 5, 7, 8, 10, 11, 12, 13, 14, 15, 16]
    assert {"step", "result", "refusal", "outcome", "say", "prompt", "entries", "saved"} <= set(steps[0])
    received = steps[2]
    assert (received["result"], len(received["entries"])) == ("accepted", 1)
    assert received["prompt"] == "scan pallet, case or item"
    assert steps[3]["result"] == "noop"
    assert home.exists()


def test_an_expectation_that_fails_is_exit_1(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--demo", "--now", TODAY]) == 0
    code, steps = played([SIGN_IN, {"expect": {"outcome": "EXTRA"}}], tmp_path, capsys)
    assert code == 1
    assert steps[-1] == {"step": 2, "matched": False, "expected": {"outcome": "EXTRA"}, "got": {"outcome": "OK"}}
    assert home.exists()


@pytest.mark.parametrize(
    "line",
    [
        '{"dance": 1}', "3", "{", '{"scan": 3}', '{"scan": "x", "profile": "odd"}', '{"command": "jump"}',
        '{"sign_in": "x"}', '{"expect": 3}', '{"at": "noon"}', '{"device": "B"}',
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_run_is_named(
    home: Path, tmp_path: Path, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init"]) == 0
    path = tmp_path / "lines.jsonl"
    path.write_text(f"\n{line}\n", "utf-8")
    assert main(["replay", str(path)]) == 2
    said = capsys.readouterr().err
    assert "line 2" in said or "noon" in said
    assert home.exists()


def test_a_replay_file_that_is_not_there(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    assert main(["replay", str(home / "none")]) == 2
    assert "REPLAY_UNREADABLE" in capsys.readouterr().err


def test_two_devices_beside_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("A", "B"):
        monkeypatch.setenv("SCANNER_HOME", str(tmp_path / name))
        assert main(["init", "--device", name]) == 0
    monkeypatch.setenv("SCANNER_HOME", str(tmp_path / "A"))
    lines: list[dict[str, Any]] = [
        {"scan": "LOC-1"}, {"device": "B"}, {"scan": "LOC-1"}, {"scan": "LOC-2"}, {"device": "A"}, {"scan": "LOC-3"},
    ]  # fmt: skip
    code, steps = played(lines, tmp_path, capsys)
    assert code == 0
    assert [step["saved"] for step in steps] == [1, 1, 2, 2]


def test_doctor_names_what_is_wrong_and_the_remedy(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 1
    checks = [json.loads(line) for line in capsys.readouterr().out.split("\n") if line]
    ledger = next(check for check in checks if check["check"] == "ledger")
    assert (ledger["ok"], ledger["remedy"]) == (False, "run `scanner init`")
    assert main(["init"]) == 0
    home.chmod(0o755)
    (home / "config.toml").write_text('[[scanner]]\nname = "dock"\nport = "/nowhere/at/all"\n', "utf-8")
    os.environ.pop("SCANNER_CONFIG", None)
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "chmod 700" in said
    assert "FAIL scanner: dock /nowhere/at/all" in said
    assert "not tested yet" in said


def test_a_broken_configuration_is_exit_2_with_its_place(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    (home / "config.toml").write_text("[site]\ncolour = 1\n", "utf-8")
    assert main(["doctor"]) == 2
    assert "[site] colour" in capsys.readouterr().err
    assert main(["--config", str(home / "none.toml"), "doctor"]) == 2
    assert "CONFIG_MISSING" in capsys.readouterr().err


def test_a_ledger_that_is_in_use_is_exit_3(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init"]) == 0
    (home / "config.toml").write_text('[device]\nid = "OTHER"\n', "utf-8")
    lines = home / "lines"
    lines.write_text('{"scan": "x"}\n', "utf-8")
    assert main(["replay", str(lines)]) == 3
    assert "OTHER_DEVICE" in capsys.readouterr().err


def test_listing_devices_is_an_answer_even_without_any(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices", "list", "--json"]) == 0
    assert all(json.loads(line)["path"] for line in capsys.readouterr().out.split("\n") if line)
    assert main(["devices", "list"]) == 0


def test_monitor_prints_what_a_scanner_sends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with VirtualScanner(link=tmp_path / "port") as scanner:
        sender = threading.Timer(0.3, scanner.send, [b"]d201095\x1d21X\rsecond\r"])
        sender.start()
        assert main(["devices", "monitor", str(tmp_path / "port"), "--count", "2"]) == 0
        sender.join()
    first, second = (json.loads(line) for line in capsys.readouterr().out.split("\n") if line)
    assert (first["scan"], first["symbology"], first["cut"]) == ("]d201095\x1d21X", "]d2", False)
    assert bytes.fromhex(second["bytes"]) == b"second"


def test_monitoring_what_is_no_port_is_exit_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plain").write_text("no port", "utf-8")
    assert main(["devices", "monitor", str(tmp_path / "plain")]) == 3
    assert main(["devices", "monitor", str(tmp_path / "plain"), "--bit-rate", "3"]) == 2
    assert "bit_rate" in capsys.readouterr().err


def test_simulating_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad").write_text('{"scan": 3}\n', "utf-8")
    assert main(["devices", "simulate", str(tmp_path / "bad"), "--rate", "0"]) == 2
    assert "line 1" in capsys.readouterr().err
    assert main(["devices", "simulate", str(tmp_path / "none")]) == 2
    assert main(["devices", "simulate", str(tmp_path / "bad"), "--rate", "-1"]) == 2
