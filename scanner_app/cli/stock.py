"""`scanner stock`: what is on hand, where, which lot, until when."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from scanner_app.cli.asking import check_texts, reading, site_day
from scanner_app.cli.telling import aligned, counted
from scanner_app.domain.facts import LevelOf
from scanner_app.domain.keys import SSCC_DIGITS, Gtin, KeyFormatError, is_digits
from scanner_app.domain.stock import Status, sscc_place
from scanner_app.errors import ConfigError
from scanner_app.phrases import printable
from scanner_app.store.knowledge import answer
from scanner_app.store.stock_lines import Wanted, on_hand_lines

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from scanner_app.bootstrap import Station
    from scanner_app.domain.masters import Level
    from scanner_app.store.stock_lines import OnHandLine

DONE = 0
DAYS_DIGITS_MAX = 9
OWNER = "owner"
COLUMNS = ("place", "item", "lot", "expiry", "status", OWNER, "quantity")
"""The owner is shown only where there are several."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The filters and forms of the contract."""
    parser.add_argument("--owner", metavar="ID", help="whose goods")
    parser.add_argument("--gtin", metavar="GTIN", help="of this item (8, 12, 13 or 14 digits)")
    parser.add_argument("--lot", metavar="LOT", help="of this lot, as on the label")
    parser.add_argument("--serial", metavar="SERIAL", help="where this serial stands")
    parser.add_argument("--location", metavar="PLACE", help="in this place, or in this container (SSCC, sgtin:…)")
    parser.add_argument("--status", metavar="STATUS", help=f"one of {', '.join(Status)}")
    parser.add_argument("--near-expiry", metavar="DAYS", type=days_of, help="expires within so many days, or has")
    parser.add_argument("--serials", action="store_true", help="with the serials of each line")
    parser.add_argument("--now", metavar="T", help="date or time to judge expiry by (default: now)")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")


def run(options: argparse.Namespace) -> int:
    """Exit 0, also for an empty answer."""
    from scanner_app.bootstrap import open_station  # noqa: PLC0415 - loaded when it is used

    check_texts(options.owner, options.lot, options.serial, options.location)
    if options.status not in {None, *Status}:
        raise ConfigError("USAGE", f"--status {printable(options.status)} is none of {', '.join(Status)}.")
    station = open_station(options.config, options.now)
    wanted = Wanted(
        gtin=None if options.gtin is None else _base_of(station, gtin_of(options.gtin)), lot=options.lot,
        serial=options.serial, status=options.status, owner=options.owner,
        location=None if options.location is None else place_of(station, options.location),
        near_expiry_days=options.near_expiry,
    )  # fmt: skip
    if options.json:
        _print_json(station, wanted, serials=options.serials)
    else:
        print_stock(station, print, wanted, serials=options.serials)
    return DONE


def gtin_of(text: str) -> str:
    """The GTIN-14 of an option. Raises ConfigError."""
    try:
        return str(Gtin.of(text))
    except KeyFormatError as fault:
        raise ConfigError("USAGE", f"--gtin {printable(text)}: {fault}") from None


def days_of(text: str) -> int:
    """A number of days, none of them negative. Raises ValueError, which argparse tells."""
    if not is_digits(text):
        raise ValueError(text)
    return int(text[:DAYS_DIGITS_MAX])


def _base_of(station: Station, gtin: str) -> str:
    """The item that a case's GTIN stands for today; the GTIN itself where it is no level."""
    with reading(station) as connection:
        level = cast("Level | None", answer(connection, LevelOf(gtin, site_day(station))))
    return gtin if level is None else level.item.gtin


def place_of(station: Station, text: str) -> str:
    """The place that is meant: its code, with or without the label's prefix, or a container by id or SSCC."""
    if is_digits(text) and len(text) == SSCC_DIGITS:
        return sscc_place(text)
    return text.removeprefix(station.config.labels.location)


def _print_json(station: Station, wanted: Wanted, *, serials: bool) -> None:
    as_of = station.clock.now().astimezone(station.config.zone).isoformat(timespec="seconds")
    with reading(station) as connection:
        for line in on_hand_lines(connection, wanted, site_day(station), serials=serials):
            row: dict[str, object] = {
                "location": line.location, "owner": line.owner, "gtin": line.gtin, "name": line.name, "lot": line.lot,
                "expiry": None if line.expiry is None else line.expiry.isoformat(), "status": line.status.value,
                "quantity": line.quantity, "unit": "base", "recalled": line.recalled, "expired": line.expired,
                "container": line.container,
            }  # fmt: skip
            if serials:
                row["serials"] = list(line.serials)
            print(json.dumps({**row, "as_of": as_of}))


def print_stock(
    station: Station, write: Callable[[str], None], wanted: Wanted | None = None, *, serials: bool = False
) -> None:
    """A table for people; lines of one place, item, lot, expiry, status and owner are summed over their containers."""
    with reading(station) as connection:
        lines = list(on_hand_lines(connection, wanted or Wanted(), site_day(station), serials=serials))
    sums: dict[tuple[str, ...], int] = {}
    units: dict[tuple[str, ...], list[str]] = {}
    for line in lines:
        key = _cells(line)
        sums[key] = sums.get(key, 0) + line.quantity
        units.setdefault(key, []).extend(line.serials)
    shown = list(COLUMNS) if len({line.owner for line in lines}) > 1 else [name for name in COLUMNS if name != OWNER]
    rows = [dict(zip(COLUMNS, (*key, str(quantity)), strict=True)) for key, quantity in sums.items()]
    heading, *told = aligned([shown, *([row[name] for name in shown] for row in rows)], right={len(shown) - 1})
    write(heading)
    for line_told, bearing in zip(told, units.values(), strict=True):
        write(line_told)
        if bearing:
            write(f"  serials: {printable(' '.join(sorted(bearing)))}")
    write(f"{counted(sum(sums.values()), 'base unit')} on {counted(len(sums), 'line')}")


def _cells(line: OnHandLine) -> tuple[str, ...]:
    """What stands in the columns of a line, but its quantity."""
    return line.location, line.name or line.gtin, line.lot or "?", str(line.expiry or "?"), _status(line), line.owner


def _status(line: OnHandLine) -> str:
    """The posted status, and what is derived: recalled, expired."""
    derived = [word for word, holds in (("recalled", line.recalled), ("expired", line.expired)) if holds]
    return ", ".join([line.status.value, *derived])
