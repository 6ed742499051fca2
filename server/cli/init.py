"""`scanner-server init` and `migrate`: home, key, database and sites."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from server.books import Books
from server.centre import means_of
from server.cli.answers import DONE, say, settings_of
from server.commands import usage
from server.demonstration import load_demonstration
from server.signing import OWNER_FOLDER, make_key
from server.strict import KEY_CHARACTERS_MAX

if TYPE_CHECKING:
    import argparse

DEFAULT_SITE = "SITE-1"


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """--demo, --now, and what makes a site."""
    if command == "migrate":
        return
    parser.add_argument("--demo", action="store_true", help="put the demonstration site into it")
    parser.add_argument("--now", metavar="DATE", help="the day from which the demonstration counts expiry dates")
    parser.add_argument("--site", metavar="ID", default=DEFAULT_SITE, help="the site's id (again: one more site)")
    parser.add_argument("--name", metavar="NAME", help="the site's name")
    parser.add_argument("--time-zone", metavar="ZONE", default="UTC", help="the site's time zone, such as Europe/Oslo")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when it is there; 3 when the site was there already, or the database cannot be used."""
    settings = settings_of(options)
    if options.command == "migrate":
        Books.open(settings.database, means_of(settings)).close()
        say(f"{settings.database} has this program's schema.")
        return DONE
    site, name, zone = options.site, options.name or ("Demo" if options.demo else options.site), options.time_zone
    _check(site, name, zone)
    today = _day(options.now, zone)
    for folder in (settings.home, settings.database.parent):
        folder.mkdir(parents=True, exist_ok=True, mode=OWNER_FOLDER)
    make_key(settings.key_path)
    with closing(Books.open(settings.database, means_of(settings), create=True)) as books:
        books.make_site(site, name, zone)
        if options.demo:
            books.do(site, lambda writing: load_demonstration(writing, today))
    say(f"database in {settings.database}, key in {settings.key_path}, site {site}.")
    return DONE


def _check(site: str, name: str, zone: str) -> None:
    for flag, text in (("--site", site), ("--name", name)):
        if not (0 < len(text) <= KEY_CHARACTERS_MAX and text.isprintable()):
            raise usage(f"{flag} {text!r}: 1 to {KEY_CHARACTERS_MAX} printable characters.")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise usage(f"--time-zone {zone}: no known time zone.") from None


def _day(text: str | None, zone: str) -> date:
    try:
        return datetime.now(UTC).astimezone(ZoneInfo(zone)).date() if text is None else date.fromisoformat(text[:10])
    except ValueError:
        raise usage(f"--now {text}: no date; write 2026-11-22.") from None
