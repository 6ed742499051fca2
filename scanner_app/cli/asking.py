"""What the commands that only read share: the ledger opened read-only beside the terminal, and the day at the site."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from scanner_app.errors import ConfigError
from scanner_app.phrases import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from scanner_app.bootstrap import Station
    from scanner_app.store.database import Connection


@contextmanager
def reading(station: Station) -> Iterator[Connection]:
    """A read-only connection to the station's ledger. Raises StoreError where there is none or it cannot be read."""
    from scanner_app.store.database import connect_reader  # noqa: PLC0415 - loaded when it is used
    from scanner_app.store.faults import damage_told  # noqa: PLC0415 - loaded when it is used
    from scanner_app.store.schema import check_readable  # noqa: PLC0415 - loaded when it is used

    path = station.home.ledger_path
    connection = connect_reader(path)
    try:
        check_readable(connection, path)
        with damage_told(path):
            yield connection
    finally:
        connection.close()


def site_day(station: Station) -> date:
    """Today at the site, by the station's clock."""
    return station.clock.now().astimezone(station.config.zone).date()


def check_texts(*texts: str | None) -> None:
    """Raises ConfigError for an option whose bytes are no UTF-8: no label bears it, and no table can hold it."""
    for text in texts:
        if text is not None and any("\ud800" <= character <= "\udfff" for character in text):
            raise ConfigError("USAGE", f"{printable(text)} is no UTF-8 text.")
