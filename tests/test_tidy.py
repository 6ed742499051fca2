"""House rules that no linter knows: sizes, names, separators kept, pinned requirements, and nothing left unfinished."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scanner_app.domain.refusals import Outcome, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("scanner_app", "devices", "sync", "screens", "server")
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
COMPOSITION_ROOT = ROOT / "scanner_app" / "bootstrap"

# Where characters of a scan pass through: Python takes 0x1C to 0x1F for white space, so a bare strip() eats separators.
SCAN_PATHS = (
    "devices",
    "screens",
    "scanner_app/domain",
    "scanner_app/workflows",
    "scanner_app/intake",
    "scanner_app/terminal",
)
WHITE_SPACE_CALLS = frozenset({"split", "rsplit", "strip", "lstrip", "rstrip", "splitlines"})

# Folders of tests/ that mirror no package: what they test is the whole.
WHOLE = frozenset({"simulation", "system", "vm", "browser", "data", "bench", "docs", "scripts", "linked"})
NAMES_THAT_SAY_NOTHING = frozenset({"util", "utils", "helper", "helpers", "manager", "handler", "data", "info"})
TEXT_SUFFIXES = frozenset(
    {".py", ".md", ".toml", ".txt", ".in", ".sh", ".sql", ".tcss", ".json", ".csv", ".yaml", ".yml"}
)
TEXT_NAMES = frozenset({"Makefile", ".gitignore", "run"})


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def python_files(*folders: str) -> list[Path]:
    """The Python files under these folders of the project, or the one module of that name."""
    found: list[Path] = []
    for folder in folders:
        found += sorted((ROOT / folder).rglob("*.py")) if (ROOT / folder).is_dir() else []
        found += [ROOT / f"{folder}.py"] if (ROOT / f"{folder}.py").is_file() else []
    return [path for path in found if "__pycache__" not in path.parts]


PRODUCT = python_files(*PACKAGES)
CHECKED = [*PRODUCT, *python_files("scripts", "docs")]
EVERYWHERE = [*CHECKED, *python_files("tests", "bench")]


@cache
def text_files() -> list[Path]:
    """Every text file a clone holds: what set-up and tests make is left out, generated pictures too."""
    made = {"__pycache__", "__snapshots__", "build", "dist", "htmlcov"}
    found = []
    for top in sorted(ROOT.iterdir()):
        if top.is_dir() and ((top.name.startswith(".") and top.name != ".ci") or top.name in made):
            continue
        found += [top] if top.is_file() else sorted(path for path in top.rglob("*") if path.is_file())
    return [
        path
        for path in found
        if (path.suffix in TEXT_SUFFIXES or path.name in TEXT_NAMES)
        and not made.intersection(path.relative_to(ROOT).parts)
        and not any(part.startswith(".") and part != ".ci" for part in path.relative_to(ROOT).parts[:-1])
        and ".egg-info" not in path.as_posix()
        and relative(path) != "coverage.json"
    ]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def lines_matching(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    return [
        f"{relative(path)}:{number}: {line.strip()[:100]}"
        for path in paths
        for number, line in enumerate(path.read_text("utf-8").split("\n"), 1)
        if pattern.search(line)
    ]


def none_of(found: list[str]) -> None:
    """Every finding in one message: a list in an assertion shows only its first."""
    assert not found, "\n" + "\n".join(found)


# --- sizes -----------------------------------------------------------------------------------------------------------


def is_composition_root(path: Path) -> bool:
    return path == COMPOSITION_ROOT.with_suffix(".py") or path.is_relative_to(COMPOSITION_ROOT)


def test_no_file_is_longer_than_a_reader_holds_in_mind() -> None:
    lengths = {relative(path): path.read_text("utf-8").count("\n") for path in CHECKED if not is_composition_root(path)}
    none_of([f"{name}: {length} lines" for name, length in lengths.items() if length > FILE_LINES_MAX])


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{relative(path)}:{function.lineno}: {function.name} has {length} lines"
        for path in CHECKED
        if not is_composition_root(path)
        for function in functions_of(path)
        if (length := (function.end_lineno or function.lineno) - function.lineno + 1) > FUNCTION_LINES_MAX
    ]
    none_of(long)


# --- names -----------------------------------------------------------------------------------------------------------


def words_of(name: str) -> list[str]:
    """The words of a snake_case or CamelCase name, lower case."""
    return [word.lower() for part in name.split("_") for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", part)]


def is_a_code(name: str) -> bool:
    """Whether a name is one of the closed table's codes (NO_DATA): the norm's word stands above the house's taste."""
    return name.strip("_").upper() in {*Refusal.__members__, *Outcome.__members__}


def named_badly(path: Path) -> Iterator[str]:
    """Modules and classes that hold a word that says nothing; functions that end with one, variables that are one."""
    if NAMES_THAT_SAY_NOTHING.intersection(words_of(path.stem)):
        yield relative(path)
    for node in ast.walk(tree_of(path)):
        match node:
            case ast.ClassDef(name=name) if NAMES_THAT_SAY_NOTHING.intersection(words_of(name)):
                yield f"{relative(path)}:{node.lineno}: class {name}"
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if (
                (words := words_of(name)) and words[-1] in NAMES_THAT_SAY_NOTHING and not is_a_code(name)
            ):
                yield f"{relative(path)}:{node.lineno}: def {name}"
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) if name in NAMES_THAT_SAY_NOTHING:
                yield f"{relative(path)}:{node.lineno}: {name}"
            case _:
                pass


def test_names_say_what_a_thing_is() -> None:
    none_of([name for path in CHECKED for name in named_badly(path)])


def test_the_folders_of_tests_mirror_the_packages() -> None:
    mirrored = {path.name for name in PACKAGES for path in [ROOT / name, *(ROOT / name).glob("*/")]} | WHOLE
    none_of(
        [
            path.name
            for path in sorted((ROOT / "tests").glob("*/"))
            if path.name.strip("_") == path.name and path.name not in mirrored
        ]
    )


def test_test_files_are_named_so_that_they_run() -> None:
    """A file with tests in it that pytest does not collect would be green for ever."""
    silent = [
        relative(path)
        for path in python_files("tests")
        if not path.name.startswith("test_")
        and any(function.name.startswith("test_") for function in functions_of(path))
    ]
    none_of(silent)


# --- scans keep their separators -------------------------------------------------------------------------------------


def bare_white_space_calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Calls such as `.strip()` and `.split(None)` that take 0x1C to 0x1F for white space, and `\\s` in a pattern."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="splitlines")):
                yield node.lineno, ".splitlines"
            case ast.Call(func=ast.Attribute(attr=attr), args=[] | [ast.Constant(value=None), *_]) if (
                attr in WHITE_SPACE_CALLS
                and not any(
                    word.arg in {"sep", "chars"}
                    and not (isinstance(word.value, ast.Constant) and word.value.value is None)
                    for word in node.keywords
                )
            ):
                yield node.lineno, f".{attr}"
            case ast.Call(func=ast.Attribute(attr="isspace")):
                yield node.lineno, ".isspace"
            case ast.Constant(value=str(text)) if r"\s" in text and "\n" not in text:
                yield node.lineno, r"\s"
            case _:
                pass


@pytest.mark.parametrize(
    "source",
    [
        "x.strip()",
        "x.lstrip()",
        "x.rstrip(None)",
        "x.split()",
        "x.split(None, 1)",
        "x.split(maxsplit=1)",
        "x.split(sep=None)",
        "x.rsplit()",
        "x.splitlines()",
        "x.splitlines(True)",
        "x.isspace()",
        r're.compile(r"\s+")',
    ],
)
def test_the_check_for_bare_white_space_sees_it(source: str) -> None:
    assert len(list(bare_white_space_calls(ast.parse(source)))) == 1


@pytest.mark.parametrize("source", ['x.strip(" ")', 'x.split(sep=" ")', 'x.split("\\x1d", 1)', 'x.rstrip("\\r\\n")'])
def test_the_check_for_bare_white_space_lets_explicit_characters_pass(source: str) -> None:
    assert list(bare_white_space_calls(ast.parse(source))) == []


def test_nothing_on_the_way_of_a_scan_takes_a_separator_for_white_space() -> None:
    none_of(
        [
            f"{relative(path)}:{line}: {call}"
            for path in python_files(*SCAN_PATHS)
            for line, call in bare_white_space_calls(tree_of(path))
        ]
    )


# --- purity ----------------------------------------------------------------------------------------------------------


def test_domain_and_workflows_ask_neither_clock_nor_disk() -> None:
    """What imports cannot show: `datetime.now`, `date.today` and the built-in `open`."""
    asked = [
        f"{relative(path)}:{node.lineno}: {ast.unparse(node.func)}"
        for path in python_files("scanner_app/domain", "scanner_app/workflows")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Attribute) and node.func.attr in {"now", "today", "utcnow"})
            or (isinstance(node.func, ast.Name) and node.func.id in {"open", "input", "print"})
        )
    ]
    none_of(asked)


def test_every_module_of_the_core_has_a_layer() -> None:
    """import-linter lets a module that no layer names import what it likes."""
    layers = next(c["layers"] for c in project()["tool"]["importlinter"]["contracts"] if c["id"] == "layers")
    placed = set(re.findall(r"scanner_app\.(\w+)", " ".join(layers)))
    modules = {
        path.stem
        for path in (ROOT / "scanner_app").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    none_of(sorted(modules - placed - {"__init__"}))


# --- nothing unfinished, nothing unexplained -------------------------------------------------------------------------


def test_nothing_is_left_unfinished() -> None:
    marks = "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "Not" + "ImplementedError"))
    none_of(lines_matching(re.compile(rf"\b({marks})\b"), text_files()))


def test_every_exception_from_a_rule_gives_its_reason() -> None:
    """`noqa: CODE - why`, `type: ignore[code] # why` and the same for coverage; never a bare one."""
    noqa = r"#\s*noqa(?!: [A-Z]+\d+(, ?[A-Z]+\d+)* (-|–) \S)"
    ignore = r"#\s*type:\s*ignore(?!\[[a-z, -]+\]\s+# \S)"
    pragma = r"#\s*pragma: no (cover|branch)(?! - \S)"
    everywhere = [path for path in EVERYWHERE if path != Path(__file__)]
    none_of(lines_matching(re.compile(f"{noqa}|{pragma}"), everywhere))
    # A test that hands over the wrong type on purpose says so by its name.
    none_of(lines_matching(re.compile(ignore), [*CHECKED, *python_files("bench")]))


def test_every_rule_that_ruff_leaves_out_has_its_reason() -> None:
    section = (
        (ROOT / "pyproject.toml")
        .read_text("utf-8")
        .split("[tool.ruff.lint]")[1]
        .split("[tool.ruff.lint.pydocstyle]")[0]
    )
    left_out = [line for line in section.split("\n") if re.match(r'^ {4}"[A-Z]+\d*",', line)]
    assert len(left_out) > 10
    none_of([line for line in left_out if not re.search(r"# \w", line)])


def test_no_file_names_a_registry_or_one_machine() -> None:
    hosts = ("py" + "pi.org", "python" + "hosted", "registry." + "npmjs", "--" + "index-url", "extra-" + "index")
    places = ("/wo" + "rk/", "/ro" + "ot/", "/home/" + r"(?!<)[a-z]")
    none_of(lines_matching(re.compile("|".join((*map(re.escape, hosts), *places))), text_files()))


def test_nothing_but_text_of_our_own_is_kept() -> None:
    """No lock file, no built thing, no cache: requirements/ is the only list of versions."""
    refused = {".lock", ".pyc", ".whl", ".db", ".sqlite", ".so"}
    none_of([relative(path) for path in ROOT.glob("*") if path.suffix in refused or "lock." in path.name])


# --- requirements ----------------------------------------------------------------------------------------------------

REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)")


def blocks_of(path: Path) -> list[str]:
    """The requirements of a compiled list, each with its continuation lines."""
    joined = path.read_text("utf-8").replace("\\\n", " ")
    return [line for line in joined.split("\n") if line.strip() and not line.startswith("#")]


def sources_of(path: Path) -> list[str]:
    """The requirements of a `.in` list, without notes and references to other lists."""
    lines = [line.strip() for line in path.read_text("utf-8").split("\n")]
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def name_of(requirement: str) -> str:
    return re.split(r"[\s\[;=<>~!]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def test_every_list_is_compiled_from_its_source() -> None:
    assert [path.stem for path in REQUIREMENTS] == sorted(path.stem for path in (ROOT / "requirements").glob("*.in"))
    for path in REQUIREMENTS:
        wanted = {name_of(line) for line in sources_of(path.with_suffix(".in"))}
        assert wanted - {name_of(block) for block in blocks_of(path)} == set(), path.name


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_is_pinned_with_a_hash(path: Path) -> None:
    blocks = blocks_of(path)
    assert blocks
    none_of([block[:60] for block in blocks if not PINNED.match(block) or "--hash=sha256:" not in block])


def test_lists_that_are_installed_together_agree() -> None:
    pins: dict[str, set[str]] = {}
    for path in REQUIREMENTS:
        for block in blocks_of(path):
            if found := PINNED.match(block):
                pins.setdefault(found[1], set()).add(found[2])
    assert {name: versions for name, versions in pins.items() if len(versions) > 1} == {}


def test_the_package_asks_for_what_the_lists_pin() -> None:
    described = project()["project"]
    groups = {"base": described["dependencies"], **described["optional-dependencies"]}
    for group, wanted in groups.items():
        listed = ROOT / "requirements" / f"{group}.in"
        pinned = {name_of(line) for line in sources_of(listed)} if listed.exists() else set()
        assert {name_of(requirement) for requirement in wanted} == pinned, group


@pytest.mark.parametrize("name", ["textual", "pytest-textual-snapshot"])
def test_what_draws_the_screen_is_pinned_where_people_read_it(name: str) -> None:
    lines = [
        line for path in (ROOT / "requirements").glob("*.in") for line in sources_of(path) if name_of(line) == name
    ]
    assert [bool(PINNED.match(line)) for line in lines] == [True]


def test_every_library_has_its_reason() -> None:
    """docs/decisions names each library: of the handheld, of its extras, of the centre and of development."""
    told = "".join(path.read_text("utf-8") for path in (ROOT / "docs" / "decisions").glob("*.md"))
    lists = ("base", "image", "server", "dev", "build")
    wanted = [line for name in lists for line in sources_of(ROOT / "requirements" / f"{name}.in")]
    none_of([name_of(line) for line in wanted if f"`{name_of(line)}`" not in told])


# --- documents -------------------------------------------------------------------------------------------------------


def test_decisions_are_numbered_and_dated() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [path.name[:4] for path in records] == [f"{number:04}" for number in range(1, len(records) + 1)]
    for path in records:
        assert re.search(r"^Date: \d{4}-\d\d-\d\d$", path.read_text("utf-8"), re.MULTILINE), path.name


def test_the_changelog_has_a_place_for_what_comes() -> None:
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")
