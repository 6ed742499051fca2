"""Each room at each of the four sizes, as the real app draws it; `--snapshot-update` accepts what it draws now."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scanner_app.app import ScannerApp
from screens.theme import ThemeName
from tests.screens.fake_driver import FakeDriver
from tests.screens.views import SIZES, VIEWS

SnapCompare = Callable[..., bool]

ROOMS = (
    "sign_in", "pin", "menu", "deliveries", "leaving", "receiving", "wrong_lot", "recall", "recall_refusing",
    "recall_answers", "blind", "found", "history", "health", "help", "parked", "fault",
)  # fmt: skip


def size_name(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


@pytest.mark.parametrize("size", SIZES, ids=size_name)
@pytest.mark.parametrize("room", ROOMS)
def test_room(snap_compare: SnapCompare, room: str, size: tuple[int, int]) -> None:
    assert snap_compare(ScannerApp(FakeDriver(VIEWS[room])), terminal_size=size)


@pytest.mark.parametrize("room", ["receiving", "menu"])
def test_light_room(snap_compare: SnapCompare, room: str) -> None:
    assert snap_compare(ScannerApp(FakeDriver(VIEWS[room]), theme=ThemeName.LIGHT), terminal_size=SIZES[0])
