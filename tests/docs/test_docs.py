"""What the documents show is run: the files to import, the commands and the lines of a replay."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scanner_app.cli.main import main
from scanner_app.cli.replay_lines import checked_line
from scanner_app.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
EXAMPLES = DOCS / "examples"
SHOWN_FILE = re.compile(r"\[([\w.]+)\]\(examples/\1\):\n\n```\w+\n(.*?)```", re.DOTALL)
SHELL_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
PARSE_EXAMPLE = re.compile(r"^printf .*\| (?:\.venv/bin/)?scanner parse.*$", re.MULTILINE)
REPLAY_CELL = re.compile(r"^\| (`\{.*?) \| ", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")
NOW = "2026-11-22"
SIGN_IN = {"sign_in": "USR-1042.7Kq2Wv9RtX4mBz8N", "pin": "2468"}
PALLET = "]C100095210010000090018"


def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def commands_in(name: str, beginning: str) -> list[list[str]]:
    """The `scanner` commands of the shell blocks of a document that begin so, as arguments."""
    lines = [
        line.removeprefix(".venv/bin/") for block in SHELL_BLOCK.findall(text_of(name)) for line in block.split("\n")
    ]
    return [line.split(" ")[1:] for line in lines if line.startswith(beginning)]


@pytest.fixture
def ask(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., list[Any]]:
    monkeypatch.setenv("SCANNER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(ROOT)

    def run(*arguments: str) -> list[Any]:
        capsys.readouterr()
        assert main(list(arguments)) == 0, capsys.readouterr().err
        return [json.loads(line) for line in capsys.readouterr().out.split("\n") if line]

    return run


def test_every_example_is_shown_as_it_is() -> None:
    shown = dict(SHOWN_FILE.findall(text_of("docs/import.md")))
    assert set(shown) == {path.name for path in EXAMPLES.iterdir()}
    assert shown == {path.name: path.read_text("utf-8") for path in EXAMPLES.iterdir()}


@pytest.mark.parametrize("options", [["--device", "D1"], ["--demo", "--now", NOW]], ids=["own", "demonstration"])
def test_the_examples_can_be_imported_and_worked_with(
    options: list[str], ask: Callable[..., list[Any]], tmp_path: Path
) -> None:
    ask("init", *options)
    imports = commands_in("docs/import.md", "scanner import ")
    assert len(imports) == 6
    for command in imports:
        ask(*command)
    lines = [SIGN_IN, {"open": "receiving", "document": "ASN-2001"}, {"scan": PALLET}]
    (tmp_path / "lines").write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    steps = ask("replay", str(tmp_path / "lines"), "--now", NOW)
    assert [step["outcome"] for step in steps] == ["OK", "OK", "MATCHED"]


def test_a_delivery_may_come_as_csv(ask: Callable[..., list[Any]]) -> None:
    ask("init")
    ask("import", "items", str(EXAMPLES / "items.csv"))
    ask("import", "documents", str(EXAMPLES / "asn.csv"), "--dry-run")
    ask("import", "documents", str(EXAMPLES / "asn.json"))


def test_a_home_is_made_as_the_readme_says(ask: Callable[..., list[Any]]) -> None:
    commands = [*commands_in("README.md", "scanner init"), *commands_in("README.md", "scanner import")]
    assert len(commands) == 5
    for command in commands:
        ask(*command)
    ask("doctor", "--json")


@pytest.mark.parametrize(
    "example", [found for name in ("README.md", "docs/commands.md") for found in PARSE_EXAMPLE.findall(text_of(name))]
)
def test_a_scan_is_parsed_as_it_is_shown(example: str) -> None:
    program = f"{Path(sys.executable).parent / 'scanner'} parse"
    command = re.sub(r"(\.venv/bin/)?scanner parse", program, example)
    ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["kind"] == "gs1"


def test_every_documented_line_of_a_replay_can_be_read() -> None:
    page = text_of("docs/commands.md")
    lines = [code for cell in REPLAY_CELL.findall(page) for code in CODE.findall(cell)]
    assert len(lines) > 10
    for line in lines:
        checked_line(json.loads(line), 1)


def test_what_is_documented_as_not_there_yet_says_so() -> None:
    not_yet = text_of("docs/commands.md").split("Not to be played yet:")[1].split("\n\n")[0]
    lines = [code for code in CODE.findall(not_yet) if code.startswith("{")]
    assert len(lines) == 2
    for line in lines:
        with pytest.raises(ConfigError, match=r"^line 7: .* yet\."):
            checked_line(json.loads(line.replace("[…]", "[]")), 7)
