"""Check that what the documents point at exists: files behind links, make targets, commands of `scanner` and options.

Prints a line for each finding and exits 1 if there is one. Links to other sites are not fetched.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
LINK: Final = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCED: Final = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE: Final = re.compile(r"`([^`\n]+)`")
COMMAND: Final = re.compile(
    r"(?:^(?:\$ )?|\| )(?:\.venv/bin/)?(make|scanner-server|scanner) ([a-z][a-z-]*)(?: ([a-z]+)\b)?([^\n|]*)",
    re.MULTILINE,
)
LEFT_OPEN: Final = re.compile(r"^@[A-Z]+@$", re.MULTILINE)
OPTION: Final = re.compile(r"--[a-z][a-z-]*")
PROGRAMS: Final = ("scanner", "scanner-server")
COMMON_OPTIONS: Final = frozenset({"--config", "--database"})


def documents() -> list[Path]:
    """The Markdown files of the project."""
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def make_targets() -> set[str]:
    """The targets the Makefile documents."""
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@cache
def help_of(program: str, *words: str) -> str:
    """What `PROGRAM … --help` says; empty where there is no such command or action."""
    helped = subprocess.run(
        [Path(sys.executable).parent / program, *words, "--help"], capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    return helped.stdout


def commands_of(program: str) -> set[str]:
    """The words `PROGRAM --help` knows, read from the installed command."""
    return set(re.findall(r"[a-z][a-z-]+", help_of(program)))


def dead_links(document: Path, text: str) -> list[str]:
    """Relative links of a document that lead to no file."""
    targets = [target.split("#", 1)[0] for target in LINK.findall(text)]
    local = [target for target in targets if target and "://" not in target and not target.startswith("mailto:")]
    return [
        f"{document.relative_to(ROOT)}: no such file: {target}"
        for target in local
        if not (document.parent / target).exists()
    ]


def left_open(document: Path, text: str) -> list[str]:
    """Places that were to be filled with figures."""
    return [f"{document.relative_to(ROOT)}: {place} was never filled in" for place in LEFT_OPEN.findall(text)]


def unknown_commands(document: Path, text: str, known: dict[str, set[str]]) -> list[str]:
    """Commands and options in code spans and blocks that neither the Makefile nor the program knows."""
    code = "\n".join(FENCED.findall(text) + INLINE.findall(FENCED.sub("", text)))
    findings = []
    for program, word, action, rest in COMMAND.findall(code):
        if word not in known[program]:
            findings.append(f"{program} {word}")
        elif program in PROGRAMS:
            helped = help_of(program, word) + (help_of(program, word, action) if action else "")
            options = set(OPTION.findall(helped)) | COMMON_OPTIONS
            findings += [f"{program} {word} {option}" for option in OPTION.findall(rest) if option not in options]
    return [f"{document.relative_to(ROOT)}: unknown command: {finding}" for finding in findings]


def main() -> int:
    """Check every document: 0 all is well, 1 something is named that is not there."""
    known = {"make": make_targets(), **{name: commands_of(name) for name in PROGRAMS}}
    findings = []
    for document in documents():
        text = document.read_text("utf-8")
        findings += dead_links(document, text) + left_open(document, text) + unknown_commands(document, text, known)
    for finding in findings:
        print(finding)
    print(f"{len(documents())} documents, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
