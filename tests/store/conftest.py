"""A ledger in a folder of its own, and what writes into it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from scanner_app.errors import StoreError
from tests.store.ledgers import Writer, open_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scanner_app.store.ledger import Ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    opened = open_ledger(path)
    yield opened
    with suppress(StoreError, ValueError, OSError):
        opened.close()


@pytest.fixture
def writer(ledger: Ledger) -> Writer:
    return Writer(ledger)
