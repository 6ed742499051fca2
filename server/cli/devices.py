"""`scanner-server enrol-code` and `device`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from server import registry
from server.authority import authority_of
from server.cli.answers import DONE, NO, perform, print_json, print_table, reading, say, settings_of
from server.commands import usage
from server.invitation import drawn, invitation, is_address

if TYPE_CHECKING:
    import argparse

    from server.settings import Settings


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The device, its site, and the form of the answer."""
    parser.add_argument("--site", metavar="ID", help="the site, where there are several")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")
    if command == "enrol-code":
        parser.add_argument("--device", metavar="NAME", required=True, help="the name the device will have")
        parser.add_argument("--url", metavar="URL", help="the centre's address as devices reach it: draws a QR code")
        return
    parser.add_argument("action", choices=("list", "revoke", "lost"), help="what to do")
    parser.add_argument("name", nargs="?", metavar="NAME", help="the device")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when it is done, 1 for a device that is not known."""
    settings = settings_of(options)
    if options.command == "enrol-code":
        return _enrol_code(options, settings)
    if options.action == "list":
        return _list(options)
    if options.name is None:
        raise usage(f"device {options.action}: name the device.")
    done = perform(settings, "device", {"action": options.action, "name": options.name, "site": options.site})
    if not done["sites"]:
        say(f"there is no device {options.name}.")
        return NO
    say(f"{options.name} is {done['state']} at {', '.join(done['sites'])}; its token no longer works.")
    return DONE


def _enrol_code(options: argparse.Namespace, settings: Settings) -> int:
    """The code; with an address also what a handheld scans, drawn as a QR code."""
    if options.url is not None and not is_address(options.url):
        raise usage(f"--url {options.url}: write https://HOST[:PORT], as handhelds reach it.")
    with reading(settings) as session:
        active = [row for row in registry.devices(session) if row.device == options.device and row.state == "active"]
    for row in active:
        say(f"{row.device} is at work at {row.site}: whoever enrols by this code takes its place.")
    made = perform(settings, "enrol-code", {"device": options.device, "site": options.site})
    authority = authority_of(settings)
    pin = None if authority is None else authority.pin
    scanned = None if options.url is None else invitation(options.url, made["code"], pin or "")
    if options.json:
        print_json({**made, "until": instant(made["until_ms"]), "ca_pin": pin, "invitation": scanned})
        return DONE
    print(made["code"])
    for line in () if scanned is None else (scanned, "", *drawn(scanned)):
        print(line)
    return DONE


def _list(options: argparse.Namespace) -> int:
    with reading(settings_of(options)) as session:
        found = [row for row in registry.devices(session) if options.site in {None, row.site}]
    if options.json:
        for row in found:
            print_json({
                "device": row.device, "site": row.site, "state": row.state, "version": row.version,
                "enrolled": instant(row.enrolled_ms), "seen": instant(row.seen_ms),
                "quiet_until": None if row.quiet_until is None else instant(row.quiet_until),
            })  # fmt: skip
        return DONE
    heading = ("device", "site", "state", "version", "seen")
    print_table([heading, *((row.device, row.site, row.state, row.version, instant(row.seen_ms)) for row in found)])
    return DONE


def instant(ms: int) -> str:
    """A time for people and machines; a number that is none stays one."""
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return str(ms)
