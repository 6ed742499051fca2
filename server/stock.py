"""On-hand lines of a site, as `report on-hand` and `scanner stock` print them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from scanner_app.domain.feed_records import ITEM, WATCH, record_of
from scanner_app.domain.masters import Item, Watch
from scanner_app.domain.rules import RECALL, expired
from scanner_app.domain.stock import NOT_OURS, is_container
from server.records import decode_body, records_of_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from server.database import Session

LEVELS_MAX: Final = 16
"""Containers within containers; further down nothing is looked up, so that no ring of them holds anybody up."""

LINES: Final = (
    "SELECT place, gtin, lot, expiry, status, owner, quantity FROM on_hand WHERE site_id = ? "
    "ORDER BY place, gtin, lot, expiry, status, owner"
)
PARENT: Final = "SELECT parent FROM container WHERE site_id = ? AND id = ?"
UNIT: Final = "SELECT place, gtin, lot, expiry, status, owner FROM unit WHERE site_id = ? AND gtin = ? AND serial = ?"


def location_of(session: Session, site: str, place: str) -> str:
    """The place at the top that a container stands in; a place itself."""
    for _ in range(LEVELS_MAX):
        if not is_container(place):
            return place
        row = session.one(PARENT, (site, place))
        if row is None:
            return place
        place = row[0]
    return place


def on_hand(
    session: Session, site: str, today: date, as_of: str, gtin: str | None = None
) -> Iterator[dict[str, object]]:
    """The lines of the contract, of all items or one; what stands in a container that has left is left out."""
    names = {row.id: _name(record_of(ITEM, decode_body(row.body))) for row in records_of_kind(session, site, ITEM)}
    recalled_lots, recalled_lines = _recalled(session, site)
    locations: dict[str, str] = {}
    for row in session.each(LINES, (site,)):
        place, of_gtin, lot, day, status, owner, quantity = row
        if place not in locations:
            locations[place] = location_of(session, site, place)
        if locations[place] in NOT_OURS or gtin not in {None, of_gtin}:
            continue
        recalled = bool(recalled_lots & {(of_gtin, ""), (of_gtin, lot)}) or row[:6] in recalled_lines
        yield {
            "location": locations[place], "owner": owner, "gtin": of_gtin, "name": names.get(of_gtin, ""),
            "lot": lot or None, "expiry": day or None, "status": status, "quantity": quantity, "unit": "base",
            "recalled": recalled, "expired": expired(date.fromisoformat(day) if day else None, today),
            "container": place if is_container(place) else None, "as_of": as_of,
        }  # fmt: skip


def _name(item: object) -> str:
    return f"{item.name} {item.strength}".rstrip(" ") if isinstance(item, Item) else ""


def _recalled(session: Session, site: str) -> tuple[set[tuple[str, str]], set[tuple[str, ...]]]:
    """Items and lots that recalls name, and the lines that hold a unit that one names."""
    lots: set[tuple[str, str]] = set()
    lines: set[tuple[str, ...]] = set()
    for row in records_of_kind(session, site, WATCH):
        watch = record_of(WATCH, decode_body(row.body))
        if not isinstance(watch, Watch) or watch.kind != RECALL:
            continue
        if watch.serial is None:
            lots.add((watch.gtin, watch.lot or ""))
        else:
            found = session.one(UNIT, (site, watch.gtin, watch.serial))
            lines |= set() if found is None else {found}
    return lots, lines
