"""`scanner enrol`: binds this handheld to a centre, by a code that works once or by what its QR code says."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from scanner_app.errors import ConfigError, StoreError, SyncError

if TYPE_CHECKING:
    import argparse

    from sync.enrolment import Invitation

DONE = 0
NO = 1
ANSWERS_NO = frozenset({"ENROLMENT_REFUSED", "PIN_DIFFERS"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The centre, the code, and how it is trusted."""
    parser.add_argument("url", metavar="URL", help="the centre's address, or all that its QR code says")
    parser.add_argument("code", metavar="CODE", nargs="?", help="the code of `scanner-server enrol-code`")
    parser.add_argument("--ca-pin", metavar="HEX", help="SHA-256 of the centre's own authority, where it has one")
    parser.add_argument("--allow-http", action="store_true", help="send everything in clear, where nobody can listen")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when it is bound, 1 when the centre says no, 2 for an address that is none, 3 where it is not reached."""
    from importlib.metadata import version  # noqa: PLC0415 - loaded when it is used

    from scanner_app.bootstrap import open_ledger, open_station  # noqa: PLC0415 - after the arguments are known
    from scanner_app.cli.init import Names, make_home, own_name  # noqa: PLC0415 - loaded when it is used
    from scanner_app.config import find_home  # noqa: PLC0415 - after the arguments are known
    from sync.enrolment import enrol  # noqa: PLC0415 - loads the network

    asked = _invitation(options)
    home = find_home(config_file=options.config)
    if options.config is None and not home.config_path.exists() and not home.ledger_path.exists():
        make_home(home, None, Names(own_name()), demo=False)
    station = open_station(options.config)
    open_ledger(station).close()
    try:
        binding = enrol(station.home.state_folder, asked, version("scanner-app"))
    except SyncError as fault:
        if fault.code not in ANSWERS_NO:
            raise
        sys.stderr.write(f"scanner: {fault.code}: {fault}\n")
        return NO
    print(f"enrolled as {binding.device} at {binding.site_name} ({binding.site}), {binding.url}")
    return _first_sync(options.config)


def _invitation(options: argparse.Namespace) -> Invitation:
    """What was typed, or scanned into the place of the address."""
    from sync.enrolment import Invitation, invitation_of  # noqa: PLC0415 - loads the network

    scanned = invitation_of(options.url)
    code = options.code or (scanned.code if scanned else None)
    if code is None:
        message = "there is no code."
        raise ConfigError("USAGE", message, remedy="Write `scanner enrol URL CODE`, or scan the QR code for URL.")
    url = scanned.url if scanned else options.url
    return Invitation(url, code, options.ca_pin or (scanned.pin if scanned else ""), options.allow_http)


def _first_sync(config: str | None) -> int:
    """What the site knows, at once; where that does not work now it works later, and is no fault of the enrolment."""
    from scanner_app.cli.sync import sync_once  # noqa: PLC0415 - loads the network

    try:
        told = sync_once(config)
    except (StoreError, SyncError) as fault:
        sys.stderr.write(f"scanner: {fault.code}: {fault}\n")
    else:
        print(told.sentence)
    return DONE
