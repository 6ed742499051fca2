"""On-hand lines as `scanner stock` prints them: the place at the top, the container, recalled and expired derived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from scanner_app.domain.dates import day_text
from scanner_app.domain.rules import RECALL, expired
from scanner_app.domain.stock import NOT_OURS, Status, is_container
from scanner_app.store.columns import day_of
from scanner_app.store.places import location_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

LineKey = tuple[str, str, str, str, str, str]
"""place, gtin, lot, expiry, status, owner"""

LINES = (
    "SELECT place, gtin, lot, expiry, status, owner, quantity FROM stock_line WHERE (?1 IS NULL OR gtin = ?1) "
    "AND (?2 IS NULL OR lot = ?2) AND (?3 IS NULL OR status = ?3) AND (?4 IS NULL OR owner = ?4) "
    "AND (?5 IS NULL OR (expiry <> '' AND expiry <= ?5))"
)
UNITS_OF_ITEM = "SELECT serial, place, gtin, lot, expiry, status, owner FROM unit_now WHERE gtin = ? ORDER BY serial"
UNITS_WITH_SERIAL = (
    "SELECT serial, place, gtin, lot, expiry, status, owner FROM unit_now WHERE serial = ? ORDER BY gtin"
)
RECALLED_LOTS = "SELECT gtin, lot FROM watch WHERE kind = ? AND serial = ''"
RECALLED_UNITS = (
    "SELECT w.gtin, w.serial, coalesce(u.place, s.place), w.gtin, coalesce(u.lot, s.lot), "
    "coalesce(u.expiry, s.expiry), coalesce(u.status, s.status), coalesce(u.owner, s.owner) FROM watch w "
    "LEFT JOIN unit u ON u.gtin = w.gtin AND u.serial = w.serial "
    "LEFT JOIN site_unit s ON s.gtin = w.gtin AND s.serial = w.serial "
    "WHERE w.kind = ? AND w.serial <> '' AND coalesce(u.place, s.place) IS NOT NULL"
)
NAME = "SELECT name, strength FROM item WHERE gtin = ?"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of `scanner stock`; None: any. `near_expiry_days`: expires within so many days of `today`, or has.

    `location` is a place at the top or the container itself. With `serial`, only the units that bear it are counted.
    """

    gtin: str | None = None
    lot: str | None = None
    serial: str | None = None
    status: str | None = None
    owner: str | None = None
    location: str | None = None
    near_expiry_days: int | None = None


@dataclass(frozen=True, slots=True)
class OnHandLine:
    """One line; `location` is the place at the top, `container` the innermost container or None.

    `serials`: the units in it, where they were asked for.
    """

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


def on_hand_lines(
    connection: sqlite3.Connection, wanted: Wanted, today: date, *, serials: bool = False
) -> Iterator[OnHandLine]:
    """The lines that the filters leave, sorted by location, container, item, lot, expiry, status and owner.

    Zero lines do not exist. `serials` asks for the units of each line.
    """
    latest = None
    if wanted.near_expiry_days is not None:
        latest = day_text(today + timedelta(days=min(wanted.near_expiry_days, (date.max - today).days)))
    rows = connection.execute(LINES, (wanted.gtin, wanted.lot, wanted.status, wanted.owner, latest)).fetchall()
    report = _Report(connection, wanted, today, serials=serials)
    lines = [line for row in rows if (line := report.line(row[:6], row[6])) is not None]
    yield from sorted(lines, key=_order)


def _order(line: OnHandLine) -> tuple[str, ...]:
    day = day_text(line.expiry)
    return line.location, line.container or "", line.gtin, line.lot or "", day, line.status, line.owner


class _Report:
    """What is looked up once for many lines: places, names, recalls, and the units of an item."""

    def __init__(self, connection: sqlite3.Connection, wanted: Wanted, today: date, *, serials: bool) -> None:
        self._connection = connection
        self._wanted = wanted
        self._today = today
        self._serials = serials
        self._locations: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._units_of: dict[str, dict[LineKey, list[str]]] = {}
        self._bearing = None if wanted.serial is None else self._units(UNITS_WITH_SERIAL, wanted.serial)
        self._recalled_lots = set(connection.execute(RECALLED_LOTS, (RECALL,)).fetchall())
        recalled = connection.execute(RECALLED_UNITS, (RECALL,)).fetchall()
        self._recalled_units = {row[:2] for row in recalled}
        self._recalled_lines = {row[2:] for row in recalled}

    def line(self, key: LineKey, quantity: int) -> OnHandLine | None:
        """The line as it is printed; None where a filter leaves it out, or its container has left the house."""
        place, gtin, lot, expiry_text, status, owner = key
        bearing = None if self._bearing is None else self._bearing.get(key, [])
        location = self._location(place)
        if bearing == [] or location in NOT_OURS or self._wanted.location not in {None, place, location}:
            return None
        expiry = day_of(expiry_text)
        units = self._units_in(key) if bearing is None else bearing
        return OnHandLine(
            location=location,
            container=place if is_container(place) else None,
            owner=owner,
            gtin=gtin,
            name=self._name(gtin),
            lot=lot or None,
            expiry=expiry,
            status=Status(status),
            quantity=quantity if bearing is None else len(bearing),
            recalled=self._is_recalled(key, bearing),
            expired=expired(expiry, self._today),
            serials=tuple(units),
        )

    def _location(self, place: str) -> str:
        if place not in self._locations:
            self._locations[place] = location_of(self._connection, place)
        return self._locations[place]

    def _name(self, gtin: str) -> str:
        if gtin not in self._names:
            row = self._connection.execute(NAME, (gtin,)).fetchone()
            self._names[gtin] = "" if row is None else f"{row[0]} {row[1]}".rstrip(" ")
        return self._names[gtin]

    def _is_recalled(self, key: LineKey, bearing: list[str] | None) -> bool:
        """By item, by lot, or for a recalled unit in the line (where a serial is wanted: for that unit itself)."""
        gtin, lot = key[1], key[2]
        if (gtin, "") in self._recalled_lots or (gtin, lot) in self._recalled_lots:
            return True
        if bearing is not None:
            return any((gtin, serial) in self._recalled_units for serial in bearing)
        return key in self._recalled_lines

    def _units_in(self, key: LineKey) -> list[str]:
        """The serials of a line's units, if asked for; an item's units are read once for all its lines."""
        if not self._serials:
            return []
        gtin = key[1]
        if gtin not in self._units_of:
            self._units_of[gtin] = self._units(UNITS_OF_ITEM, gtin)
        return self._units_of[gtin].get(key, [])

    def _units(self, sql: str, key: str) -> dict[LineKey, list[str]]:
        units: dict[LineKey, list[str]] = {}
        for serial, place, gtin, lot, expiry, status, owner in self._connection.execute(sql, (key,)):
            units.setdefault((place, gtin, lot, expiry, status, owner), []).append(serial)
        return units
