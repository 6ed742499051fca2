"""The composition root: the one place that knows every part and puts them together.

Exempt from the size rules for functions, not from sense: each function here builds one thing.
"""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import uuid_utils

from devices.beeper import BeeperError, Tone, choose_beeper
from devices.profile import ProfileError, ScannerProfile
from devices.scan import GROUP_SEPARATOR
from devices.source import DeviceMissing, SourceState
from devices.terminal_keys import KeyPress, TerminalKeys, Verdict
from scanner_app.clock import OffsetClock, SystemClock
from scanner_app.config import Config, find_home, read_config
from scanner_app.domain.scan import LabelPrefixes
from scanner_app.errors import ConfigError
from scanner_app.intake import Intake
from scanner_app.store.ledger import Ledger
from scanner_app.terminal.consumer import Bounds, Consumer
from scanner_app.terminal.desk import Desk
from scanner_app.terminal.front import Front
from scanner_app.terminal.judging import Judge
from scanner_app.terminal.presenter import Presenter, ScannerText
from scanner_app.workflows.step import Line
from screens.keyboard import hand_on

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from devices.beeper import Beeper
    from devices.scan import RawScan
    from devices.source import ScanSource, SourceStatus
    from devices.terminal_keys import Heard
    from scanner_app.clock import Clock
    from scanner_app.config import Home, ScannerTable
    from scanner_app.terminal.desk import Told
    from scanner_app.terminal.view import View

EPOCH_BYTES = 16
NS_PER_S = 1_000_000_000
QUIT_WITHIN_NS = 2 * NS_PER_S
TRIGGER_KEY = "f12"
WEDGE_PROFILE = ScannerProfile("wedge")


@dataclass(frozen=True, slots=True)
class Station:
    """A home, its configuration, and a clock: what every command starts from."""

    home: Home
    config: Config
    clock: Clock


def new_id() -> str:
    """A UUIDv7 (RFC 9562)."""
    return str(uuid_utils.uuid7())


def new_epoch() -> bytes:
    """16 random bytes for a ledger incarnation."""
    return os.urandom(EPOCH_BYTES)


def open_station(config_file: str | None, now: str | None = None) -> Station:
    """The home and configuration in force; `now` moves the clock. Raises ConfigError."""
    home = find_home(config_file=config_file)
    named = config_file is not None or bool(os.environ.get("SCANNER_CONFIG"))
    config = read_config(home.config_path, must_exist=named)
    return Station(home, config, clock_of(now, config.zone))


def clock_of(now: str | None, zone: ZoneInfo) -> Clock:
    """The machine's clock, or one that starts at `now`."""
    return SystemClock() if now is None else OffsetClock(instant_of(now, zone))


def instant_of(text: str, zone: ZoneInfo) -> datetime:
    """An instant from `YYYY-MM-DD` (noon at the site) or an ISO time; without an offset it is the site's time."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no date or time."
        raise ConfigError("TIME_INVALID", message, remedy="Write 2026-11-22 or 2026-11-22T10:00:00-05:00.") from None
    if "T" not in text and " " not in text:
        given = datetime.combine(given.date(), time(12))
    return (given if given.tzinfo is not None else given.replace(tzinfo=zone)).astimezone(UTC)


def open_ledger(station: Station) -> Ledger:
    """The ledger of a home, made if there is none. Raises StoreError."""
    station.home.state_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Ledger.open(station.home.ledger_path, station.config.device.id, new_epoch)


def labels_of(config: Config) -> LabelPrefixes:
    """The site's label prefixes."""
    return LabelPrefixes(
        location=config.labels.location, badge=config.labels.badge,
        command=config.labels.command, document=config.labels.document,
    )  # fmt: skip


def intake_of(station: Station) -> Intake:
    """The intake of a station."""
    promises = frozenset(table.name for table in station.config.scanner if table.require_symbology)
    return Intake(labels_of(station.config), new_id, station.clock.boot_id, promises)


def desk_of(station: Station, ledger: Ledger) -> Desk:
    """The desk over an open ledger."""
    return Desk(ledger, Judge(station.config, station.clock, new_id), intake_of(station), check_pin)


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


def profile_of(table: ScannerTable) -> ScannerProfile:
    """The device profile of a [[scanner]] block. Raises ConfigError naming the key."""
    try:
        return ScannerProfile(
            name=table.name,
            bit_rate=table.bit_rate,
            terminators=tuple(word.lower() for word in table.terminator.split(" ") if word),
            idle_gap_ms=table.idle_gap_ms,
            separator=GROUP_SEPARATOR if table.separator == "GS" else table.separator,
            prefix=table.prefix,
            suffix=table.suffix,
            require_symbology=table.require_symbology,
            commissioned=table.commissioned,
        )
    except ProfileError as fault:
        message = f"[scanner] {fault}."
        raise ConfigError("CONFIG_INVALID", message, remedy="config.example.toml explains every key.") from fault


def sources_of(station: Station) -> list[ScanSource]:
    """A serial source for each [[scanner]] block that names a port."""
    from devices.discovery import stable_path  # noqa: PLC0415 - pyserial is loaded only where a scanner is configured
    from devices.serial_port import SerialSource  # noqa: PLC0415 - loaded when it is used

    wall_ns = wall_ns_of(station.clock)
    tables = [table for table in station.config.scanner if table.port]
    return [SerialSource(stable_path(table.port), profile_of(table), wall_ns=wall_ns) for table in tables]


def wall_ns_of(clock: Clock) -> Callable[[], int]:
    """The wall clock as scanners stamp their scans: nanoseconds since 1970."""
    return lambda: round(clock.now().timestamp() * NS_PER_S)


def beeper_of(config: Config, write: Callable[[str], None], *, console: bool) -> Beeper:
    """The beeper that config.toml chooses. Raises ConfigError."""
    try:
        return choose_beeper(config.sound.adapter, write=write, console=console)
    except (BeeperError, DeviceMissing) as fault:
        raise ConfigError("SOUND_UNUSABLE", f"[sound] adapter: {fault}.", remedy="Choose bell or silent.") from fault


class ScannerBoard:
    """What is known of the scanners, for the status line; written by their threads, read by the presenter."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, SourceStatus] = {}
        self._untested: dict[str, str] = {}

    def note_untested(self, source: str, name: str) -> None:
        """This source has not passed the commissioning test: warn as long as it is used."""
        self._untested[source] = name

    def changed(self, status: SourceStatus) -> None:
        """A source changed its state."""
        with self._lock:
            self._states[status.source] = status

    def text(self) -> ScannerText:
        """The worst of the scanners' states."""
        with self._lock:
            states = dict(self._states)
        for name, status in states.items():
            if status.state is not SourceState.READY:
                parameters = {"name": name.rsplit("/", 1)[-1], "state": status.state.value}
                return ScannerText(Line("screen.scanner.state", dict(parameters)), ok=False)
        for source, name in self._untested.items():
            if source in states:
                return ScannerText(Line("screen.scanner.untested", {"name": name}), ok=False)
        if not states:
            return ScannerText(Line("screen.scanner.none"), ok=True)
        return ScannerText(Line("screen.scanner.ready"), ok=True)


class Terminal:
    """The running terminal: consumer, sources, beeper and view. What the Textual app drives (screens.base.Driver)."""

    def __init__(self, station: Station, sources: Sequence[ScanSource], stripe: Line | None = None) -> None:
        config, clock = station.config, station.clock
        self._station = station
        self._sources = sources
        self._board = ScannerBoard()
        self._ring: Callable[[str], None] = _no_bell
        self._beeper: Beeper | None = None
        self._presenter = Presenter(config, clock, self._board.text, stripe)
        self._leave: Callable[[], None] = _nothing
        self._trigger: Callable[[], None] | None = None
        self._quit_asked_ns = -QUIT_WITHIN_NS
        self._view: View | None = None
        self._callbacks: list[Callable[[], None]] = []
        self._wedge = TerminalKeys(WEDGE_PROFILE) if config.scan.wedge else None
        self._front = Front(
            lambda ledger: desk_of(station, ledger), clock, config.keys, config.screen.idle_lock_minutes * 60,
            self._publish, self._tell,
        )  # fmt: skip
        bounds = Bounds(config.scan.guard_ms, config.scan.spill_after_ms, config.scan.queue_max)
        self._consumer = Consumer(lambda: open_ledger(station), self._front, intake_of(station), clock, bounds)
        self._front.submit = self._consumer.submit
        self._front.retry = self._consumer.retry

    def start(self) -> None:
        """Opens the ledger, then the scanners. Raises StoreError or ConfigError."""
        console = os.environ.get("TERM") == "linux"
        self._beeper = beeper_of(self._station.config, self._ring_bell, console=console)
        self._consumer.start()
        for source, table in zip(self._sources, self._station.config.scanner, strict=False):
            if not table.commissioned:
                self._board.note_untested(source.name, table.name)
        for source in self._sources:
            source.start(self.submit, self._source_changed)

    def stop(self) -> None:
        """Sources stop, the queue drains, the ledger closes."""
        for source in self._sources:
            source.stop()
        self._consumer.stop()
        if self._beeper is not None:
            self._beeper.close()

    def submit(self, raw: RawScan) -> None:
        """A scan from any source."""
        if not self._consumer.submit(raw) and self._beeper is not None:
            self._beeper.play(Tone.BAD)

    def _source_changed(self, status: SourceStatus) -> None:
        self._board.changed(status)
        self._consumer.post(_nothing)

    def _publish(self, front: Front) -> None:
        self._view = self._presenter.view(front)
        for callback in self._callbacks:
            callback()

    def _tell(self, told: Told) -> None:
        if self._beeper is not None:
            self._beeper.play(Tone(told.tone.value))

    def _ring_bell(self, text: str) -> None:
        """On the beeper's thread: whatever writes to the terminal by then."""
        self._ring(text)

    # What the app drives.

    def view(self) -> View:
        """The latest view; there is one once `start` has returned."""
        if self._view is None:
            message = "the terminal has not been started"
            raise AssertionError(message)
        return self._view

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Calls back, on the ledger thread, after each new view."""
        self._callbacks.append(callback)

    def bell(self, ring: Callable[[str], None]) -> None:
        """How the bell's characters are written to the terminal."""
        self._ring = ring

    def key(self, name: str) -> None:
        """A key by name, in its turn among the scans. Ctrl-C twice within two seconds ends the program."""
        if name == "ctrl+c":
            self._ask_to_quit()
        else:
            self._consumer.post(lambda: self._front.press(name))

    def trigger(self, pull: Callable[[], None]) -> None:
        """What F12 does where there is a virtual scanner: pull its trigger."""
        self._trigger = pull

    def quitting(self, leave: Callable[[], None]) -> None:
        """How the program is left."""
        self._leave = leave

    def _ask_to_quit(self) -> None:
        now_ns = self._station.clock.monotonic_ns()
        if now_ns - self._quit_asked_ns <= QUIT_WITHIN_NS:
            self._leave()
        self._quit_asked_ns = now_ns

    def type_text(self, text: str) -> None:
        """Characters typed by hand."""
        self._consumer.post(lambda: self._front.type_text(text))

    def wedge_key(self, name: str, character: str | None, now_ns: int) -> bool:
        """A key before any binding sees it: True when it belongs to a scan, or may; held-back keys are handed on."""
        if name == TRIGGER_KEY and self._trigger is not None:
            self._trigger()
            return True
        if self._wedge is None:
            return False
        heard = self._wedge.key(KeyPress(name, character), now_ns=now_ns, wall_ms=self._wall_ms())
        self._heard(heard)
        self._watch_wedge(now_ns)
        return heard.verdict is Verdict.SWALLOW

    def paste(self, text: str) -> bool:
        """A block of text handed over by the terminal: one scan or several."""
        if self._wedge is None:
            return False
        now_ns = self._station.clock.monotonic_ns()
        self._heard(self._wedge.paste(text, now_ns=now_ns, wall_ms=self._wall_ms()))
        return True

    def _watch_wedge(self, now_ns: int) -> None:
        """Looks again when the gap has passed: keys that turned out to be typing go on to the terminal."""
        if self._wedge is None or self._wedge.due_ns is None:
            return
        delay_s = max(0, self._wedge.due_ns - now_ns) / NS_PER_S
        asyncio.get_running_loop().call_later(delay_s, self._wedge_tick)

    def _wedge_tick(self) -> None:
        if self._wedge is not None:
            now_ns = self._station.clock.monotonic_ns()
            self._heard(self._wedge.tick(now_ns=now_ns, wall_ms=self._wall_ms()))

    def _heard(self, heard: Heard) -> None:
        for press in heard.released:
            hand_on(self, press.key, press.character)
        for scan in heard.scans:
            self.submit(scan)

    def _wall_ms(self) -> int:
        return round(self._station.clock.now().timestamp() * 1000)


def _nothing() -> None:
    """A job that only has the view made anew."""


def _no_bell(text: str) -> None:
    """Until a screen says how, no bell rings."""
