"""What every test may rely on: shared test data or a stated skip, repeatable Hypothesis runs, and no real home."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
SYSTEM_TESTS = ROOT / "tests" / "system"

# Examples follow from the test alone, so that a run repeats; `--hypothesis-profile=seek` looks for new ones.
# Loaded machines are slow at random: elapsed time is never what a property test judges.
_ANY_SPEED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("repeatable", _ANY_SPEED, derandomize=True, max_examples=100)
settings.register_profile("seek", _ANY_SPEED, max_examples=5_000)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The top of the project."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of extra test data: SCANNER_TEST_DATA, else ../shared/data; the test is skipped where it is absent."""
    folder = Path(os.environ.get("SCANNER_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "README.md").is_file():
        pytest.skip(f"no shared test data at {folder}: set SCANNER_TEST_DATA to the folder that holds it")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _no_real_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep every test, and every command it starts, away from the tester's own home, settings and colours."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if (name.startswith("SCANNER_") and name != "SCANNER_TEST_DATA") or name in {"NO_COLOR", "FORCE_COLOR"}:
                patch.delenv(name)
        home = tmp_path_factory.mktemp("xdg")
        for name in ("CONFIG", "DATA", "STATE", "CACHE"):
            patch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
        patch.setenv("TEXTUAL_DISABLE_KITTY_KEY", "1")
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what reads shared data, so that coverage can be measured without it."""
    for item in items:
        if "shared_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.shared)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave tests/system out unless it is named: it kills processes and needs programs beside Python."""
    if collection_path != SYSTEM_TESTS:
        return None
    named = [Path(argument.split("::", 1)[0]).resolve() for argument in config.args]
    return True if not any(path.is_relative_to(SYSTEM_TESTS) for path in named) else None
