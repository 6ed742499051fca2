"""Handhelds that are enrolled at a real centre."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scanner_app.cli.main import main
from tests.centre import RunningCentre

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def made_centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    centre = RunningCentre(tmp_path_factory.mktemp("centre"))
    centre.command("init", "--demo")
    yield centre
    centre.stop()


@pytest.fixture
def centre(made_centre: RunningCentre) -> RunningCentre:
    """The centre with the demonstration site, running; a test may stop it."""
    if made_centre.process is None:
        made_centre.start()
    return made_centre


class Homes:
    """Makes homes and enrols them, each under a name of its own."""

    def __init__(self, folder: Path, centre: RunningCentre, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.centre = centre
        self._monkeypatch = monkeypatch

    def use(self, name: str) -> Path:
        """The home that commands are for from now on."""
        home = self.folder / name
        self._monkeypatch.setenv("SCANNER_HOME", str(home))
        return home

    def make(self, name: str) -> Path:
        home = self.use(name)
        assert main(["init"]) == 0
        return home

    def enrolled(self, name: str) -> Path:
        home = self.make(name)
        assert main(["enrol", self.centre.url, self.centre.code(f"{self.folder.name}-{name}")]) == 0
        return home


@pytest.fixture
def homes(tmp_path: Path, centre: RunningCentre, monkeypatch: pytest.MonkeyPatch) -> Homes:
    return Homes(tmp_path, centre, monkeypatch)
