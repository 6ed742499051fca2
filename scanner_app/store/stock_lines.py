"""On-hand lines as `scanner stock` prints them: the place at the top, the container, recalled and expired derived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scanner_app.domain.masters import Watch
from scanner_app.domain.rules import RECALL, expired, touches
from scanner_app.domain.stock import Status, is_container
from scanner_app.store.columns import day_of
from scanner_app.store.places import location_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from datetime import date

LINES = (
    "SELECT place, gtin, lot, expiry, status, owner, quantity FROM on_hand WHERE (?1 IS NULL OR gtin = ?1) "
    "AND (?2 IS NULL OR lot = ?2) AND (?3 IS NULL OR status = ?3) AND (?4 IS NULL OR owner = ?4) "
    "ORDER BY gtin, lot, expiry, status, owner, place"
)
SERIALS = (
    "SELECT serial FROM unit WHERE gtin = ? AND lot = ? AND expiry = ? AND status = ? AND owner = ? AND place = ? "
    "ORDER BY serial"
)
RECALLS = "SELECT id, kind, gtin, lot, serial, reason FROM watch WHERE gtin = ? AND kind = ?"
NAME = "SELECT name, strength FROM item WHERE gtin = ?"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of `scanner stock`; None: any. `near_expiry_days`: expires within so many days of `today`, or has."""

    gtin: str | None = None
    lot: str | None = None
    serial: str | None = None
    status: str | None = None
    owner: str | None = None
    location: str | None = None
    near_expiry_days: int | None = None


@dataclass(frozen=True, slots=True)
class OnHandLine:
    """One line; `location` is the place at the top, `container` the innermost container or None."""

    location: str
    container: str | None
    owner: str
    gtin: str
    name: str
    lot: str | None
    expiry: date | None
    status: Status
    quantity: int
    recalled: bool
    expired: bool
    serials: tuple[str, ...]


def on_hand_lines(connection: sqlite3.Connection, wanted: Wanted, today: date) -> Iterator[OnHandLine]:
    """The lines that the filters leave, by place, item, lot; serials are those that stand there by number."""
    rows = connection.execute(LINES, (wanted.gtin, wanted.lot, wanted.status, wanted.owner)).fetchall()
    lines = (_line(connection, row, today) for row in rows)
    yield from sorted(
        (line for line in lines if _is_wanted(line, wanted, today)),
        key=lambda line: (line.location, line.container or "", line.gtin, line.lot or "", str(line.expiry)),
    )


def _line(connection: sqlite3.Connection, row: tuple[str, str, str, str, str, str, int], today: date) -> OnHandLine:
    place, gtin, lot, expiry_text, status, owner, quantity = row
    expiry = day_of(expiry_text)
    serials = tuple(serial for (serial,) in connection.execute(SERIALS, (gtin, lot, expiry_text, status, owner, place)))
    item = connection.execute(NAME, (gtin,)).fetchone()
    return OnHandLine(
        location=location_of(connection, place),
        container=place if is_container(place) else None,
        owner=owner,
        gtin=gtin,
        name="" if item is None else f"{item[0]} {item[1]}".rstrip(" "),
        lot=lot or None,
        expiry=expiry,
        status=Status(status),
        quantity=quantity,
        recalled=_is_recalled(connection, gtin, lot or None, serials),
        expired=expired(expiry, today),
        serials=serials,
    )


def _is_recalled(connection: sqlite3.Connection, gtin: str, lot: str | None, serials: tuple[str, ...]) -> bool:
    """Whether a recall names the lot, the item, or one of the serials of the line."""
    recalls = [
        Watch(row[0], row[1], row[2], row[3] or None, row[4] or None, row[5])
        for row in connection.execute(RECALLS, (gtin, RECALL))
    ]
    return any(touches(watch, gtin, lot, serial) for watch in recalls for serial in (None, *serials))


def _is_wanted(line: OnHandLine, wanted: Wanted, today: date) -> bool:
    if wanted.location is not None and wanted.location not in {line.location, line.container}:
        return False
    if wanted.serial is not None and wanted.serial not in line.serials:
        return False
    if wanted.near_expiry_days is not None:
        return line.expiry is not None and (line.expiry - today).days <= wanted.near_expiry_days
    return line.quantity != 0
