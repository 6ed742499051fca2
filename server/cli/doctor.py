"""`scanner-server doctor`: database, disk, clock and key, each with a remedy."""

from __future__ import annotations

import shutil
import stat
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from server import registry
from server.cli.answers import DONE, NO, print_json, print_table, settings_of
from server.database import SQLITE_VERSION, Session, open_reader
from server.faults import ServerError
from server.signing import read_key

if TYPE_CHECKING:
    import argparse

    from server.settings import Settings

FREE_MIB_MIN = 1024
YEAR_MIN = 2026
OTHERS = stat.S_IRWXG | stat.S_IRWXO
LAST = "SELECT max(record_ms) FROM entry WHERE site_id = ?"
SITES = "SELECT site_id FROM site"


class Check(NamedTuple):
    """One check: what was looked at, whether it is well, what was found, and what to do."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


def judged(name: str, found: str, remedy: str, *, ok: bool) -> Check:
    """A check; what is well needs no remedy."""
    return Check(name, ok, found, "" if ok else remedy)


def add_arguments(parser: argparse.ArgumentParser, _: str) -> None:
    """The form of the answer."""
    parser.add_argument("--json", action="store_true", help="a JSON object a line")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when all is well, 1 when something is not."""
    settings = settings_of(options)
    checks = [_database(settings), _key(settings), _folder(settings), _disk(settings), _clock(settings)]
    checks.append(Check("SQLite", ok=True, found=f"{SQLITE_VERSION}, one writer"))
    if options.json:
        for check in checks:
            print_json(check._asdict())
    else:
        print_table(
            [("", "check", "found", "remedy"), *(("ok" if each.ok else "!!", *each[::2], each[3]) for each in checks)]
        )
    return DONE if all(check.ok for check in checks) else NO


def _database(settings: Settings) -> Check:
    try:
        with closing(open_reader(settings.database)) as connection:
            session = Session(connection)
            sites = session.all(SITES)
            found = f"{len(sites)} sites, {len(registry.devices(session))} devices"
            return judged("database", found, "Run `scanner-server init --site`.", ok=bool(sites))
    except ServerError as fault:
        return Check("database", ok=False, found=fault.message, remedy=fault.remedy)


def _key(settings: Settings) -> Check:
    try:
        read_key(settings.key_path)
    except ServerError as fault:
        return Check("key", ok=False, found=fault.message, remedy=fault.remedy)
    mode = settings.key_path.stat().st_mode
    return judged("key", f"{settings.key_path} {mode & 0o777:o}", "chmod 600", ok=not mode & OTHERS)


def _folder(settings: Settings) -> Check:
    if not settings.home.exists():
        return Check("folder", ok=False, found=f"{settings.home} is not there", remedy="Run `scanner-server init`.")
    mode = settings.home.stat().st_mode
    return judged("folder", f"{settings.home} {mode & 0o777:o}", "chmod 700", ok=not mode & OTHERS)


def _disk(settings: Settings) -> Check:
    folder = next(path for path in (settings.database, *settings.database.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free // (1024 * 1024)
    remedy = "Free some space: a full disk stops ingest."
    return judged("disk", f"{free} MiB free", remedy, ok=free >= FREE_MIB_MIN)


def _clock(settings: Settings) -> Check:
    """Not before the last entry that was taken, and in a year in which this program can run."""
    now = datetime.now(UTC)
    last_ms = 0
    try:
        with closing(open_reader(settings.database)) as connection:
            session = Session(connection)
            found = [session.one(LAST, site) for site in session.all(SITES)]
            last_ms = max((row[0] or 0 for row in found if row is not None), default=0)
    except ServerError:
        pass
    ok = now.year >= YEAR_MIN and now.timestamp() * 1000 >= last_ms
    return judged("clock", now.isoformat(timespec="seconds"), "Set the clock: devices measure theirs by it.", ok=ok)
