"""`scanner trace`: every ledger entry about a unit, a lot or a pallet, oldest first."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, cast

from scanner_app.cli.asking import check_texts, reading, site_day
from scanner_app.cli.stock import gtin_of
from scanner_app.cli.telling import aligned
from scanner_app.domain.facts import ContainerOf, LevelOf, Movements
from scanner_app.domain.keys import KeyFormatError, Sscc
from scanner_app.domain.stock import case_place, sscc_place
from scanner_app.errors import ConfigError
from scanner_app.phrases import phrases_of, printable
from scanner_app.store.knowledge import answer
from scanner_app.store.tracing import trace_of

if TYPE_CHECKING:
    import argparse

    from scanner_app.bootstrap import Station
    from scanner_app.domain.facts import Movement
    from scanner_app.domain.masters import Level
    from scanner_app.phrases import Phrases
    from scanner_app.store.database import Connection

DONE = 0
NOT_KNOWN = 1
SUBJECT = ("gtin", "serial", "lot", "sscc")
COLUMNS = ("time", "entry", "from", "to", "quantity", "operator", "document", "method", "why")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subject, and the form of the answer."""
    parser.add_argument("--gtin", metavar="GTIN", help="with --serial or --lot")
    parser.add_argument("--serial", metavar="SERIAL", help="one unit or serialised case")
    parser.add_argument("--lot", metavar="LOT", help="a lot, as on the label")
    parser.add_argument("--sscc", metavar="SSCC", help="a logistic unit")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")


def run(options: argparse.Namespace) -> int:
    """Exit 0 with its entries (none, if documents alone name it), 1 for a key not known at all, 2 for no subject."""
    from scanner_app.bootstrap import open_station  # noqa: PLC0415 - loaded when it is used

    check_texts(options.serial, options.lot)
    station = open_station(options.config)
    with reading(station) as connection:
        found = trace_of(connection, _subject(connection, options, station))
    if found is None:
        asked = " ".join(f"{name} {value}" for name in SUBJECT if (value := getattr(options, name)) is not None)
        sys.stderr.write(f"scanner: nothing is known of {printable(asked)}.\n")
        return NOT_KNOWN
    if options.json:
        for movement in found:
            print(json.dumps(line_of(movement)))
    elif found:
        print_trace(found, phrases_of(station.config.screen.language))
    else:
        sys.stderr.write("scanner: a document names it, but it was never scanned.\n")
    return DONE


def _subject(connection: Connection, options: argparse.Namespace, station: Station) -> Movements:
    """What is asked: an SSCC, a serialised case, a unit, or a lot of the base item."""
    if options.sscc is not None:
        if (options.gtin, options.serial, options.lot) != (None, None, None):
            raise ConfigError("USAGE", "--sscc stands alone: it names the logistic unit.")
        try:
            return Movements(container=sscc_place(str(Sscc.of(options.sscc))))
        except KeyFormatError as fault:
            raise ConfigError("USAGE", f"--sscc {printable(options.sscc)}: {fault}") from None
    if options.gtin is None or (options.serial is None) == (options.lot is None):
        raise ConfigError("USAGE", "Name --gtin with --serial, --gtin with --lot, or --sscc.")
    gtin = gtin_of(options.gtin)
    level = cast("Level | None", answer(connection, LevelOf(gtin, site_day(station))))
    if options.serial is not None:
        case = case_place(gtin, options.serial)
        if (level is not None and level.factor > 1) or answer(connection, ContainerOf(case)) is not None:
            return Movements(container=case)
    return Movements(gtin=gtin if level is None else level.item.gtin, serial=options.serial, lot=options.lot)


def line_of(movement: Movement) -> dict[str, object]:
    """A trace line of the contract; times in the zone they were made in."""
    event_time = _time_of(movement).isoformat(timespec="milliseconds")
    return {
        "seq": movement.seq, "id": movement.event_id, "event_time": event_time,
        "kind": movement.kind, "operator": movement.operator, "device": movement.device,
        "from": movement.from_place or None, "to": movement.to_place or None, "quantity": movement.quantity,
        "document": movement.document, "reason": movement.reason, "method": movement.method,
        "refusal": None if movement.refused is None else movement.refused.refusal.value,
    }  # fmt: skip


def _time_of(movement: Movement) -> datetime:
    """When it happened, in the zone it happened in."""
    zone = timezone(timedelta(minutes=movement.offset))
    return datetime.fromtimestamp(movement.event_time / 1000, UTC).astimezone(zone)


def print_trace(found: list[Movement], say: Phrases) -> None:
    """A table for people; why nothing moved stands at the end of a line."""
    rows = [COLUMNS, *(_cells(movement, say) for movement in found)]
    for line in aligned(rows, right={COLUMNS.index("quantity")}):
        print(line)


def _cells(movement: Movement, say: Phrases) -> tuple[str, ...]:
    refused = movement.refused
    why = movement.reason or "" if refused is None else say.say(f"refusal.{refused.refusal.value}", refused.parameters)
    quantity = "" if movement.quantity is None else str(movement.quantity)
    return (
        _time_of(movement).isoformat(sep=" ", timespec="seconds"), movement.kind, movement.from_place or "",
        movement.to_place or "", quantity, movement.operator or "", movement.document or "", movement.method, why,
    )  # fmt: skip
