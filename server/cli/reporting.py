"""`scanner-server report`: on hand, a trace, the exceptions, all counts, or the leases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from scanner_app.domain.feed_records import LEVEL, record_of
from scanner_app.domain.keys import Gtin, KeyFormatError, Sscc
from scanner_app.domain.site_records import LevelRecord
from scanner_app.domain.stock import case_place, sscc_place
from server.cli.answers import DONE, NO, print_json, print_table, reading, say, settings_of
from server.cli.counting import list_counts
from server.cli.deciding import list_exceptions
from server.cli.leasing import list_leases
from server.commands import usage
from server.records import decode_body, records_of_kind
from server.stock import on_hand
from server.tracing import Subject, Tracer

if TYPE_CHECKING:
    import argparse

    from server.database import Session

SITES = "SELECT site_id, time_zone FROM site ORDER BY site_id"


def add_arguments(parser: argparse.ArgumentParser, _: str) -> None:
    """Which report, about what, in which form."""
    parser.add_argument("report", choices=("on-hand", "trace", "exceptions", "counts", "leases"), help="what to tell")
    parser.add_argument("--site", metavar="ID", help="one site of several")
    parser.add_argument("--gtin", metavar="GTIN", help="of an item; a trace: with --serial or --lot")
    parser.add_argument("--serial", metavar="SERIAL", help="trace: one unit or serialised case")
    parser.add_argument("--lot", metavar="LOT", help="trace: a lot, as on the label")
    parser.add_argument("--sscc", metavar="SSCC", help="trace: a logistic unit")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")
    parser.add_argument("--all", action="store_true", help="exceptions, counts, leases: those that are over too")


def run(options: argparse.Namespace) -> int:
    """Exit 0, also for an empty answer; 1 for a trace of what is not known at all."""
    listing = {"exceptions": list_exceptions, "counts": list_counts, "leases": list_leases}.get(options.report)
    if listing is not None:
        return listing(options)
    with reading(settings_of(options)) as session:
        sites = [(site, zone) for site, zone in session.all(SITES) if options.site in {None, site}]
        if not sites:
            raise usage(f"There is no site {options.site or 'yet'}.")
        return _on_hand(session, sites, options) if options.report == "on-hand" else _trace(session, sites, options)


def _on_hand(session: Session, sites: list[tuple[str, str]], options: argparse.Namespace) -> int:
    gtin = None if options.gtin is None else _gtin(options.gtin)
    rows: list[tuple[object, ...]] = [("site", "place", "item", "lot", "expiry", "status", "quantity")]
    for site, zone in sites:
        now = datetime.now(UTC).astimezone(ZoneInfo(zone))
        for line in on_hand(session, site, now.date(), now.isoformat(timespec="seconds"), gtin):
            if options.json:
                print_json({"site": site, **line})
            else:
                words = [str(line["status"]), *(word for word in ("recalled", "expired") if line[word])]
                what = line["name"] or line["gtin"]
                lot, expiry = line["lot"] or "?", line["expiry"] or "?"
                rows.append((site, line["location"], what, lot, expiry, ", ".join(words), line["quantity"]))
    if not options.json:
        print_table(rows)
    return DONE


def _trace(session: Session, sites: list[tuple[str, str]], options: argparse.Namespace) -> int:
    known = False
    rows: list[tuple[object, ...]] = [("time", "site", "kind", "from", "to", "quantity", "operator", "device")]
    for site, _ in sites:
        for subject in _subjects(session, site, options):
            lines = Tracer(session, site).lines(subject)
            if lines is None:
                continue
            known = True
            for line in lines:
                if options.json:
                    print_json({"site": site, **line})
                else:
                    told = (line["event_time"], site, line["kind"], line["from"], line["to"], line["quantity"])
                    rows.append((*told, line["operator"], line["device"]))
            break
    if not known:
        say("nothing is known of that.")
        return NO
    if not options.json:
        print_table(rows)
    return DONE


def _subjects(session: Session, site: str, options: argparse.Namespace) -> list[Subject]:
    """What is asked: an SSCC, a unit or serialised case, or a lot of the base item; the first that is known counts."""
    if options.sscc is not None and options.gtin is None:
        try:
            return [Subject(container=sscc_place(str(Sscc.of(options.sscc))))]
        except KeyFormatError as fault:
            raise usage(f"--sscc: {fault}") from None
    if options.gtin is None or (options.serial is None) == (options.lot is None):
        raise usage("Name --gtin with --serial, --gtin with --lot, or --sscc.")
    gtin = _gtin(options.gtin)
    base = _base_of(session, site, gtin)
    if options.lot is not None:
        return [Subject(base, lot=options.lot)]
    case = Subject(container=case_place(gtin, options.serial))
    return [Subject(gtin, serial=options.serial), case] if base == gtin else [case]


def _base_of(session: Session, site: str, gtin: str) -> str:
    """The item that a level stands for; the GTIN itself where it is none."""
    for row in records_of_kind(session, site, LEVEL):
        level = record_of(LEVEL, decode_body(row.body))
        if isinstance(level, LevelRecord) and level.gtin == gtin:
            return level.item
    return gtin


def _gtin(text: str) -> str:
    try:
        return str(Gtin.of(text))
    except KeyFormatError as fault:
        raise usage(f"--gtin: {fault}") from None
