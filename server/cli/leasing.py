"""`scanner-server lease`: ranges of SSCCs and tasks, each for one handheld."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from scanner_app.domain.site_state import SSCC_LEASE
from server.cli.answers import DONE, NO, perform, print_json, print_table, reading, say, settings_of
from server.cli.deciding import SITES
from server.cli.devices import instant
from server.commands import usage
from server.leases import RANGE, leases

if TYPE_CHECKING:
    import argparse

    from server.leases import LeaseRow

COUNT_MAX: Final = 10_000
WORDS: Final = {"sscc": ("DEVICE",), "task": ("TASK", "DEVICE"), "end": ("ID",), "prefix": ("DIGITS",), "list": ()}
"""What each action is given."""
REFUSED: Final = {
    "sscc": "no prefix is set, or no number is free now: `scanner-server lease prefix DIGITS`.",
    "task": "another device has this task until its lease is over.",
    "end": "there is no such lease.",
}


def add_arguments(parser: argparse.ArgumentParser, _: str) -> None:
    """What is leased, to whom, and for how long."""
    parser.add_argument("action", choices=tuple(WORDS), help="what to do")
    parser.add_argument(
        "words", nargs="*", metavar="WORD", help="sscc DEVICE | task TASK DEVICE | end ID | prefix DIGITS"
    )
    parser.add_argument("--count", metavar="N", type=int, default=RANGE, help=f"sscc: how many; default {RANGE}")
    parser.add_argument("--until", metavar="T", help="task: ISO 8601 with an offset; default: policy task_minutes")
    parser.add_argument("--all", action="store_true", help="list: those that are over too")
    parser.add_argument("--site", metavar="ID", help="the site, where there are several")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when it is done, 1 when it cannot be."""
    action, wanted = options.action, WORDS[options.action]
    if len(options.words) != len(wanted):
        raise usage(f"lease {action}: name {' '.join(wanted) or 'nothing more'}.")
    if action == "list":
        return list_leases(options)
    if not 1 <= options.count <= COUNT_MAX:
        raise usage(f"--count {options.count}: 1 to {COUNT_MAX}.")
    named = {"DEVICE": "device", "TASK": "task", "ID": "lease", "DIGITS": "prefix"}
    given: dict[str, Any] = {named[word]: text for word, text in zip(wanted, options.words, strict=True)}
    given |= {"action": action, "site": options.site, "count": options.count, "until_ms": _until_ms(options.until)}
    done = perform(settings_of(options), "lease", given)
    if options.json:
        print_json(done)
    elif done["done"] and "device" in done:
        print(done["lease"])
    if not done["done"]:
        say(REFUSED[action])
    return DONE if done["done"] else NO


def _until_ms(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        until = None
    if until is None or until.tzinfo is None:
        raise usage(f"--until {text}: write a time with its offset, such as 2026-11-27T18:00:00+01:00.")
    return int(until.timestamp() * 1000)


def list_leases(options: argparse.Namespace) -> int:
    """Those that are open, oldest first."""
    with reading(settings_of(options)) as session:
        sites = [site for (site,) in session.all(SITES) if options.site in {None, site}]
        found = [(site, each) for site in sites for each in leases(session, site, ended=options.all)]
    if options.json:
        for site, each in found:
            print_json({
                "id": each.id, "site": site, "kind": each.kind, "device": each.device, "epoch": each.epoch,
                "subject": each.subject, "until": None if each.until is None else instant(each.until),
                "first": each.first, "last": each.last, "left": _left(each), "ended": each.ended or None,
            })  # fmt: skip
        return DONE
    heading = ("id", "site", "kind", "device", "subject", "range", "left", "until", "ended")
    rows = [
        (
            each.id, site, each.kind, each.device, each.subject,
            f"{each.first}-{each.last}" if each.kind == SSCC_LEASE else "", _left(each),
            "" if each.until is None else instant(each.until), each.ended,
        )
        for site, each in found
    ]  # fmt: skip
    print_table([heading, *rows])
    return DONE


def _left(lease: LeaseRow) -> int | None:
    """Serial references that no entry has shown as used."""
    return lease.last - lease.used + 1 if lease.kind == SSCC_LEASE else None
