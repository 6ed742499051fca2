"""A running centre, and handhelds that are enrolled at it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from server.control import ask
from server.settings import Settings
from server.signing import make_key
from tests.server.conftest import Running, serving
from tests.server.handhelds import SITE, Handheld, new_books

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Centre:
    """A centre in a thread, over real sockets."""

    running: Running

    @property
    def url(self) -> str:
        return self.running.url

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def told(self, command: str, **arguments: str) -> dict[str, object]:
        """What `scanner-server COMMAND` does while the centre runs."""
        return ask(self.running.settings.socket_path, command, arguments)

    def code(self, device: str) -> str:
        return str(self.told("enrol-code", device=device, site=SITE)["code"])

    def token(self, handheld: Handheld) -> str:
        """Enrols it."""
        return self.running.enrol(handheld, self.code(handheld.name))["authorization"].removeprefix("Bearer ")


def settings_of(home: Path, certificate: Path | None = None, key: Path | None = None) -> Settings:
    """A new centre with one site."""
    settings = Settings(home, home / "centre.db", "127.0.0.1", 0, certificate, key)
    make_key(settings.key_path)
    new_books(settings.database).close()
    return settings


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    for running in serving(settings_of(tmp_path / "centre")):
        yield Centre(running)
