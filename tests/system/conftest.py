"""A centre of its own for every test that needs one: the demonstration site, at the machine's own time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from scanner_app.demo.site import DemoSite, load_demo
from tests.centre import RunningCentre

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    """A running centre; a test may stop and start it."""
    centre = RunningCentre(tmp_path_factory.mktemp("centre"))
    centre.command("init", "--demo")
    centre.start()
    yield centre
    centre.stop()


@pytest.fixture
def demo() -> DemoSite:
    """The centre's site, whose labels are dated from today."""
    return load_demo(datetime.now(UTC).date())
