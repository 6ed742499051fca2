"""The command line: init, replay, doctor, devices and what every command shares."""

from __future__ import annotations

import io
import json
import re
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from devices.simulator import VirtualScanner
from scanner_app.cli.doctor import Check, lines_of
from scanner_app.cli.main import COMMANDS, main
from scanner_app.config import read_config
from scanner_app.intake import RawScan, replayed_scan
from scanner_app.store.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

TODAY = "2026-11-22"
EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


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
    assert main(["doctor"]) == 0


def test_init_writes_the_explained_configuration_with_what_was_chosen(home: Path) -> None:
    device = "DOCK \"A\\1'"
    assert main(["init", "--device", device, "--site", "OSL", "--time-zone", "Europe/Oslo"]) == 0
    written = (home / "config.toml").read_text("utf-8")
    config = read_config(home / "config.toml")
    assert (config.device.id, config.site.id, config.site.time_zone) == (device, "OSL", "Europe/Oslo")
    example = EXAMPLE.read_text("utf-8").split("\n")
    differing = [line for line, other in zip(written.split("\n"), example, strict=True) if line != other]
    assert [line.partition(" = ")[0] for line in differing] == ["id", "time_zone", "id"]


def test_nothing_is_left_of_a_home_that_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCANNER_HOME", str(tmp_path / "none"))
    for options in (["--now", "noon"], ["--device", "x" * 201], ["--site", ""], ["--now", "0001-01-01"]):
        assert main(["init", *options]) == 2
    assert not (tmp_path / "none").exists()
    (tmp_path / "file").write_text("no folder", "utf-8")
    monkeypatch.setenv("SCANNER_HOME", str(tmp_path / "file" / "home"))
    assert main(["init"]) == 3
    assert "Not a directory" in capsys.readouterr().err


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
            {"at": "2026-11-22T13:05:00+01:00"},
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
            {"at": "2026-11-22T13:20:00+01:00", "scan": "LOC-A-01-1"},
        ],
        tmp_path,
        capsys,
    )
    assert code == 0
    assert [step["step"] for step in steps] == [1, 4, 5, 7, 8, 10, 11, 12, 13, 14, 15, 16, 18]
    assert len(steps[0]["entries"]) == 2  # the badge and the PIN
    assert {"step", "result", "refusal", "outcome", "say", "prompt", "entries", "saved"} <= set(steps[0])
    received = steps[2]
    assert (received["result"], len(received["entries"])) == ("accepted", 1)
    assert received["prompt"] == "scan on; 48 in sealed cases: Accept"
    assert steps[3]["result"] == "noop"
    assert home.exists()


def test_time_that_passes_in_a_replay_locks_the_screen(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--demo", "--now", TODAY]) == 0
    code, steps = played(
        [
            SIGN_IN,
            {"at": "2026-11-22T12:09:00+00:00", "scan": "LOC-A-01-1"},
            {"expect": {"result": "prompt", "refusal": None}},
            {"at": "2026-11-22T20:09:00+00:00", "scan": "LOC-A-01-1"},
            {"expect": {"result": "refused", "refusal": "ANSWER_FIRST"}},
            {"text": SIGN_IN["pin"]},
            {"expect": {"outcome": "OK"}},
            {"at": "2026-11-22T08:00:00+00:00", "scan": "LOC-A-01-1"},
            {"at": "2026-11-22T09:00:00+00:00"},
            {"restart": True},
            {"scan": "LOC-A-01-1"},
            {"expect": {"refusal": "NOT_SIGNED_IN"}},
        ],
        tmp_path,
        capsys,
    )
    assert [step for step in steps if step.get("matched") is False] == []
    assert code == 0
    assert home.exists()


def test_an_expectation_that_fails_is_exit_1(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--demo", "--now", TODAY]) == 0
    code, steps = played([SIGN_IN, {"expect": {"outcome": "EXTRA"}}], tmp_path, capsys)
    assert code == 1
    assert steps[-1] == {"step": 2, "matched": False, "expected": {"outcome": "EXTRA"}, "got": {"outcome": "OK"}}
    assert home.exists()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("3", "is no JSON object"),
        ("{", "is no JSON"),
        ("{}", "names no step"),
        ('{"dance": 1}', '"dance" is not known; known are expect, at, '),
        ('{"scan": 3}', "scan must be text, not 3"),
        ('{"scan": "x", "profile": "odd"}', "profile must be one of test, new"),
        ('{"scan": "x", "key": "F2"}', "scan and key cannot stand on one line"),
        ('{"expect": {}, "at": "2026-11-22"}', "at and expect cannot stand on one line"),
        ('{"scan": "x", "pin": "1"}', "names no step that pin belongs to"),
        ('{"source": "x"}', "names no step that source belongs to"),
        ('{"key": ""}', 'key must be text, not ""'),
        ('{"command": "jump"}', 'no command is called "jump"'),
        ('{"command": null}', "no command is called null"),
        ('{"command": "qty"}', 'no command is called "qty"'),
        ('{"text": true}', "text must be text or a whole number"),
        ('{"sign_in": "x"}', "sign_in needs a pin"),
        ('{"sign_in": "x", "pin": 1}', "pin must be text, not 1"),
        ('{"open": "picking"}', "open must be one of receiving, putaway, counting, opening, enquiry"),
        ('{"open": "receiving", "document": 1}', "document must be text"),
        ('{"restart": false}', "restart must be true"),
        ('{"expect": 3}', "expect must be an object"),
        ('{"at": "noon"}', "at: 'noon' is no date or time"),
        ('{"at": "0001-01-01"}', "is no date or time from 1971 to 9998"),
        ('{"at": 3}', "at must be text"),
        ('{"device": "B"}', "there is no home "),
        ('{"device": "../B"}', "device must be the name of a home beside the first"),
        ('{"link": "online"}', 'link "online" needs a centre: enrol the home first'),
        ('{"link": "up"}', "link must be one of offline, online"),
        ('{"wait_synced": 5}', "wait_synced needs a centre: enrol the home first"),
        ('{"wait_synced": -1}', "wait_synced must be seconds, 0 to 3600, not -1"),
        ('{"wait_synced": true}', "wait_synced must be seconds"),
        ('{"tags": ["3034"]}', "no task takes a set of RFID tags yet"),
        ('{"witness": "USR-1", "pin": "1"}', "no task asks for a second person yet"),
        (f'{{"key": "{"x" * 200}", "{"y" * 200}": 1}}', "… is not known"),
    ],
)
@pytest.mark.parametrize("by_file", [True, False], ids=["file", "stdin"])
def test_a_line_that_cannot_be_run_is_named_and_ends_the_replay(
    home: Path, tmp_path: Path, line: str, why: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], *, by_file: bool,
) -> None:  # fmt: skip
    assert main(["init"]) == 0
    text = f'{{"scan": "x"}}\n\n{line}\n{{"scan": "y"}}\n'
    (tmp_path / "lines").write_text(text, "utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    capsys.readouterr()
    assert main(["replay", str(tmp_path / "lines") if by_file else "-"]) == 2
    said = capsys.readouterr()
    assert "REPLAY_LINE: line 3: " in said.err
    assert why in said.err
    seen_when_played = "there is no home" in why or "enrol the home" in why
    played_before = 1 if not by_file or seen_when_played else 0
    assert len(said.out.split("\n")) - 1 == played_before  # of a file with a bad line nothing is played
    assert home.exists()


def test_a_profile_holds_from_its_line_on_or_for_one_scan(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commissioned: list[bool] = []

    def noted(*arguments: Any, **options: Any) -> RawScan:  # noqa: ANN401 - as replayed_scan takes them
        commissioned.append(options["commissioned"])
        return replayed_scan(*arguments, **options)

    monkeypatch.setattr("scanner_app.cli.player.replayed_scan", noted)
    assert main(["init"]) == 0
    lines = [{"scan": "1"}, {"profile": "new"}, {"scan": "2"}, {"scan": "3", "profile": "test"}, {"scan": "4"}]
    code, steps = played(lines, tmp_path, capsys)
    assert (code, len(steps)) == (0, 4)
    assert commissioned == [True, False, True, False]
    assert home.exists()


def test_a_replay_file_that_is_not_there(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    assert main(["replay", str(home / "none")]) == 2
    assert "REPLAY_UNREADABLE: There is no file " in capsys.readouterr().err


def test_a_replay_file_may_have_a_byte_order_mark_and_any_line_ends(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init"]) == 0
    (tmp_path / "lines").write_bytes(b'\xef\xbb\xbf{"scan": "x"}\r\n\r\n{"key": "F2"}')
    capsys.readouterr()
    assert main(["replay", str(tmp_path / "lines")]) == 0
    assert [json.loads(line)["step"] for line in capsys.readouterr().out.split("\n") if line] == [1, 3]
    assert home.exists()


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


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Callable[[], dict[str, Any]]:
    """What `doctor --json` says, by the name of the check."""

    def run() -> dict[str, Any]:
        capsys.readouterr()
        code = main(["doctor", "--json"])
        checks = [json.loads(line) for line in capsys.readouterr().out.split("\n") if line]
        assert all(list(each) == ["check", "ok", "text", "remedy"] for each in checks)
        assert code == (0 if all(each["ok"] for each in checks) else 1)
        return {each["check"]: each for each in checks}

    return run


def test_doctor_names_what_is_wrong_and_the_remedy(
    home: Path, check: Callable[[], dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    missing = check()["ledger"]
    assert (missing["ok"], missing["text"]) == (False, f"{home}/ledger.db is not there")
    assert missing["remedy"] == "run `scanner init`"
    assert main(["init"]) == 0
    assert all(each["remedy"] == "" for each in check().values())
    assert check()["centre"]["ok"]
    home.chmod(0o755)
    (home / "config.toml").write_text('[[scanner]]\nname = "dock"\nport = "/nowhere/at/all"\n', "utf-8")
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert f"FAIL folder: {home} 755\n     remedy: others can read it: chmod 700\n" in said
    assert (
        "FAIL scanner: dock: /nowhere/at/all is not there.\n     remedy: Plug the scanner in and switch it on.\n"
        in said
    )
    assert "ok   scanner: scanner dock not tested yet\n" in said


def test_doctor_tells_a_fault_of_the_ledger_whole(home: Path, check: Callable[[], dict[str, Any]]) -> None:
    device = "DOCK-" + "A" * 100
    assert main(["init", "--device", device]) == 0
    (home / "config.toml").write_text('[device]\nid = "OTHER"\n', "utf-8")
    told = check()["ledger"]
    assert told["text"] == f"{home}/ledger.db is the ledger of device {device}, not of OTHER."
    assert told["remedy"] == "Set [device] id back, or begin a home of its own."


def test_doctor_looks_for_the_places_that_the_configuration_names(
    home: Path, check: Callable[[], dict[str, Any]]
) -> None:
    assert main(["init", "--demo", "--now", TODAY]) == 0
    well = check()
    assert [(well[name]["ok"], well[name]["text"]) for name in ("read point", "cage")] == [
        (True, "DOCK-1"), (True, "CAGE"),
    ]  # fmt: skip
    (home / "config.toml").write_text('[device]\nid = "DEMO-1"\nread_point = "GATE"\ncage = "DOCK-1"\n', "utf-8")
    found = check()
    assert [(found[name]["ok"], found[name]["text"], found[name]["remedy"]) for name in ("read point", "cage")] == [
        (
            False, "GATE is not on the list of places",
            "set [device] read_point to a dock, or import it: scanner import locations",
        ),
        (
            False, "DOCK-1 is of the kind dock",
            "set [device] cage to a cage, or import it: scanner import locations",
        ),
    ]  # fmt: skip


def test_doctor_names_the_folder_of_the_log(home: Path, check: Callable[[], dict[str, Any]]) -> None:
    assert main(["init"]) == 0
    assert check()["log"] == {"check": "log", "ok": True, "text": str(home / "log"), "remedy": ""}
    assert check()["cage"]["text"] == "no places yet: import locations"


def test_a_ledger_in_use_is_well(home: Path, check: Callable[[], dict[str, Any]]) -> None:
    assert main(["init", "--device", "D1"]) == 0
    held = Ledger.open(home / "ledger.db", "D1", lambda: bytes(16))
    told = check()["ledger"]
    held.close()
    assert (told["ok"], told["remedy"]) == (True, "")
    assert "use" in told["text"]


def test_doctor_names_the_key_of_a_scanner_that_cannot_be_used(
    home: Path, check: Callable[[], dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init"]) == 0
    config = home / "config.toml"
    config.write_text('[[scanner]]\nport = "/dev/null"\nseparator = "%"\ncommissioned = true\n', "utf-8")
    told = check()["scanner"]
    assert told["text"].startswith(f"scanner: {config}: [scanner] separator: '%' is neither GS")
    assert told["remedy"] == "config.example.toml explains every key."
    assert capsys.readouterr().err == ""


def test_a_check_is_wrapped_to_the_terminal_and_keeps_every_word() -> None:
    check = Check("ledger", ok=False, text="/a/b/c.db is the ledger of another device", remedy="Set [device] id back.")
    assert lines_of(check, 0) == [
        "FAIL ledger: /a/b/c.db is the ledger of another device", "     remedy: Set [device] id back.",
    ]  # fmt: skip
    assert lines_of(check, 30) == [
        "FAIL ledger: /a/b/c.db is the", "     ledger of another device", "     remedy: Set [device] id", "     back.",
    ]  # fmt: skip


def test_a_broken_configuration_is_exit_2_with_its_place(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    (home / "config.toml").write_text("[site]\ncolour = 1\n", "utf-8")
    assert main(["doctor"]) == 2
    assert "[site] colour" in capsys.readouterr().err
    for arguments in (["--config", "none.toml", "ledger", "verify"], ["ledger", "verify", "--config", "none.toml"]):
        assert main(arguments) == 2
        assert "CONFIG_MISSING: none.toml: no such configuration file." in capsys.readouterr().err


def test_a_configuration_may_be_called_like_a_command(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(home.parent)
    Path("run").write_text('[device]\nid = "D7"\n', "utf-8")
    assert main(["--config", "run", "doctor", "--json"]) == 1
    assert '"text": "run"' in capsys.readouterr().out
    monkeypatch.setenv("SCANNER_CONFIG", "run")
    assert main(["stock"]) == 3
    monkeypatch.setenv("SCANNER_CONFIG", "none")
    assert main(["stock"]) == 2


@pytest.mark.parametrize(
    "arguments",
    [["stock", "--jso"], ["ledger", "verify", "--all"], ["ledger"], ["import", "things", "x"], ["devices", "fly"]],
    ids=" ".join,
)
def test_a_usage_error_names_the_help_of_its_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert re.search(rf"See `scanner {arguments[0]}( verify)? --help`\.$", capsys.readouterr().err.rstrip("\n"))


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


def test_monitoring_a_port_that_is_not_there_is_exit_3_unless_it_is_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["devices", "monitor", str(tmp_path / "port")]) == 3
    assert f"DEVICE_ABSENT: {tmp_path}/port is not there." in capsys.readouterr().err
    scanner = VirtualScanner(link=tmp_path / "port")
    with ExitStack() as plugged:

        def plug_in() -> None:
            plugged.enter_context(scanner)
            scanner.scan("LOC-1")

        later = threading.Timer(0.5, plug_in)
        later.start()
        assert main(["devices", "monitor", str(tmp_path / "port"), "--wait", "--count", "1"]) == 0
        later.join()
    assert json.loads(capsys.readouterr().out)["scan"] == "LOC-1"


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
    assert "There is no file " in capsys.readouterr().err
    assert main(["devices", "simulate", str(tmp_path / "bad"), "--rate", "-1"]) == 2
