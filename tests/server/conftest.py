"""A centre's books in a real file, and a running centre on a free port."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from server.serve import run
from server.settings import Settings
from server.signing import make_key
from sync import wire
from tests.server.handhelds import SITE, Handheld, new_books

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from server.books import Books

START_S = 20


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    """A centre with one site, two items, four places and a delivery."""
    opened = new_books(tmp_path / "centre.db")
    yield opened
    opened.close()


@dataclass
class Running:
    """A centre that answers on `url`."""

    settings: Settings
    url: str
    http: httpx.Client

    def enrol(self, device: Handheld, code: str) -> dict[str, str]:
        """Enrols a device; the headers it authenticates with."""
        asked = wire.EnrolRequest(1, code, device.identity.public_key, "test")
        answer = self.http.post("/v1/enrol", content=wire.write(asked))
        assert answer.status_code == 200, answer.text
        return {"authorization": f"Bearer {answer.json()['token']}"}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A centre with the site of `books`, served by the real server in a thread of its own."""
    home = tmp_path / "home"
    settings = Settings(home, home / "centre.db", "127.0.0.1", 0)
    make_key(settings.key_path)
    new_books(settings.database).close()
    yield from serving(settings)


def serving(settings: Settings) -> Iterator[Running]:
    """Serves until the test is over."""
    told: list[str] = []
    up = threading.Event()
    stopping: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def started(url: str) -> None:
        told.append(url)
        up.set()

    async def main() -> None:
        stop = asyncio.Event()
        stopping.append((asyncio.get_running_loop(), stop))
        await run(settings, started, stop)

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    assert up.wait(START_S)
    try:
        with httpx.Client(base_url=told[0], timeout=START_S) as http:
            yield Running(settings, told[0], http)
    finally:
        loop, stop = stopping[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join()


@pytest.fixture
def handheld() -> Handheld:
    """A device of the site."""
    return Handheld("A", SITE)
