"""The demonstration home, made once, and a worker on a copy of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.terminal.floor import Worker, make_demo_home

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo_home(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def worker(demo_home: Path, tmp_path: Path) -> Iterator[Worker]:
    at_work = Worker(demo_home, tmp_path / "home")
    yield at_work
    at_work.ledger.close()
