"""A station: a home, its configuration and a clock, and what is made of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

import uuid_utils

from scanner_app.clock import OffsetClock, SystemClock
from scanner_app.config import find_home, home_config
from scanner_app.domain.scan import LabelPrefixes
from scanner_app.errors import ConfigError
from scanner_app.intake import Intake
from scanner_app.store.ledger import Ledger
from scanner_app.terminal.desk import Desk
from scanner_app.terminal.judging import Judge
from sync.binding import bound, read_binding

if TYPE_CHECKING:
    from datetime import tzinfo

    from scanner_app.clock import Clock
    from scanner_app.config import Config, Home
    from sync.binding import Binding

EPOCH_BYTES = 16
YEAR_MIN = 1971
YEAR_MAX = 9998
"""Times count from 1970 in the ledger; a day is left on either side for time zones and for what a replay adds."""


@dataclass(frozen=True, slots=True)
class Station:
    """A home, its configuration, and a clock: what every command starts from."""

    home: Home
    config: Config
    clock: Clock
    binding: Binding | None = None
    """The centre that the home is enrolled at."""


def new_id() -> str:
    """A UUIDv7 (RFC 9562)."""
    return str(uuid_utils.uuid7())


def new_epoch() -> bytes:
    """16 random bytes for a ledger incarnation."""
    return os.urandom(EPOCH_BYTES)


def open_station(config_file: str | None, now: str | None = None) -> Station:
    """The home and configuration in force; `now` moves the clock. Raises ConfigError."""
    return station_of(find_home(config_file=config_file), config_file, now)


def station_of(home: Home, config_file: str | None = None, now: str | None = None) -> Station:
    """A home as it is configured, under the names that its centre gave. Raises ConfigError or SyncError."""
    binding = read_binding(home.state_folder)
    config = bound(home_config(home, config_file), binding)
    return Station(home, config, clock_of(now, config.zone), binding)


def clock_of(now: str | None, zone: tzinfo) -> Clock:
    """The machine's clock, or one that starts at `now`."""
    return SystemClock() if now is None else OffsetClock(instant_of(now, zone))


def instant_of(text: str, zone: tzinfo) -> datetime:
    """An instant from `YYYY-MM-DD` (noon at the site) or an ISO time; without an offset it is the site's time.

    Raises ConfigError for what is none, and for years that no clock of ours can come to.
    """
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        given = None
    if given is None or not YEAR_MIN <= given.year <= YEAR_MAX:
        message = f"{text!r} is no date or time from {YEAR_MIN} to {YEAR_MAX}."
        raise ConfigError("TIME_INVALID", message, remedy="Write 2026-11-22 or 2026-11-22T10:00:00-05:00.")
    if "T" not in text and " " not in text:
        given = datetime.combine(given.date(), time(12))
    return (given if given.tzinfo is not None else given.replace(tzinfo=zone)).astimezone(UTC)


def open_ledger(station: Station) -> Ledger:
    """The ledger of a home, made if there is none; under the name of its enrolment. Raises StoreError."""
    station.home.state_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    bound_to = station.binding
    centre = None if bound_to is None else f"{bound_to.centre_key}/{bound_to.site}"
    return Ledger.open(station.home.ledger_path, station.config.device.id, new_epoch, centre)


def labels_of(config: Config) -> LabelPrefixes:
    """The site's label prefixes."""
    return LabelPrefixes(
        location=config.labels.location, badge=config.labels.badge,
        command=config.labels.command, document=config.labels.document,
    )  # fmt: skip


def intake_of(station: Station) -> Intake:
    """The intake of a station."""
    promises = frozenset(table.name for table in station.config.scanner if table.port and table.require_symbology)
    return Intake(labels_of(station.config), new_id, station.clock.boot_id, promises)


def desk_of(station: Station, ledger: Ledger) -> Desk:
    """The desk over an open ledger."""
    return Desk(ledger, judge_of(station), intake_of(station), check_pin)


def judge_of(station: Station) -> Judge:
    """What writes this station's entries."""
    return Judge(station.config, station.clock, new_id)


def check_pin(verifier: str, pin: str, token: str) -> bool:
    """Whether argon2id(PIN ‖ token) is what the verifier holds. Slow by design: never inside a transaction."""
    from argon2 import PasswordHasher  # noqa: PLC0415 - loaded at the first sign-in, after the first paint
    from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415 - loaded when it is used

    try:
        return PasswordHasher().verify(verifier, pin + token)
    except (VerificationError, InvalidHashError):
        return False


def make_verifier(secret: str) -> str:
    """The verifier of PIN ‖ token: argon2id, 19 MiB, t=2, p=1, in PHC form."""
    from argon2 import PasswordHasher  # noqa: PLC0415 - loaded when it is used

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1).hash(secret)
