"""`scanner-server counts`: what counts found different, and the decision on it by somebody who did not count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server.cli.answers import DONE, NO, perform, print_json, print_table, reading, say, settings_of
from server.cli.deciding import SITES, signed
from server.commands import usage
from server.count_decisions import counts

if TYPE_CHECKING:
    import argparse

TOLD = {
    "provisional": "a handheld may still have a move of before its end",
    "recount": "goods of the place were moved meanwhile: count again",
    "recounted": "a later count of the place stands in its stead",
    "agrees": "it agrees: there is nothing to approve",
}
"""Why a count cannot be decided now."""


def add_arguments(parser: argparse.ArgumentParser, _: str) -> None:
    """Which count, by whom, and why."""
    parser.add_argument(
        "action", nargs="?", choices=("list", "approve", "reject"), default="list", help="default: list"
    )
    parser.add_argument("id", nargs="?", metavar="ID", help="the count")
    parser.add_argument("--by", metavar="OPERATOR", help="USR-…, or the whole badge text; not who counted")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, in a few words")
    parser.add_argument("--loss", action="store_true", help="approve: write off what was searched for and not found")
    parser.add_argument("--all", action="store_true", help="list: decided ones too")
    parser.add_argument("--site", metavar="ID", help="the site, where there are several")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when it is done, 1 for a count that is not there or cannot be decided now."""
    return list_counts(options) if options.action == "list" else _decide(options)


def _decide(options: argparse.Namespace) -> int:
    missing = [flag for flag, given in (("ID", options.id), ("--by", options.by)) if not given]
    if missing or (options.loss and options.action == "reject"):
        told = f"name {', '.join(missing)}" if missing else "--loss goes with approve"
        raise usage(f"counts {options.action}: {told}.")
    action = "loss" if options.loss else options.action
    done = perform(settings_of(options), "decide-count", {"id": options.id, "action": action, **signed(options)})
    if options.json:
        print_json(done)
    say(_sentence(done, options.id))
    return DONE if done["done"] else NO


def _sentence(done: dict[str, Any], count: str) -> str:
    state = done["state"]
    if state is None:
        return f"there is no count {count}."
    if "units" in done:
        return f"{done['units']} units of {count} written off." if done["done"] else f"{count}: nothing to write off."
    return f"{count} is {state}." if done["done"] else f"{count} is {state}: {TOLD.get(state, 'it is decided')}."


def list_counts(options: argparse.Namespace) -> int:
    """Those that wait for something, by their close."""
    with reading(settings_of(options)) as session:
        sites = [site for (site,) in session.all(SITES) if options.site in {None, site}]
        found = [each for site in sites for each in counts(session, site, closed=options.all)]
    if options.json:
        for each in found:
            print_json(each)
    else:
        heading = ("id", "site", "place", "state", "differences", "counted by")
        rows = [
            (each["id"], each["site"], each["place"], each["state"], each["differences"], ", ".join(each["operators"]))
            for each in found
        ]
        print_table([heading, *rows])
    return DONE
