"""Scanners: from the configuration to sources, from their states to the status line, and for the commands."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devices.beeper import BeeperError, choose_beeper
from devices.profile import ProfileError, ScannerProfile
from devices.scan import GROUP_SEPARATOR, RawScan
from devices.source import DeviceMissing, ScanSource, SourceState, SourceStatus
from scanner_app.errors import ConfigError, DeviceError
from scanner_app.terminal.presenter import ScannerText
from scanner_app.workflows.step import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from devices.beeper import Beeper
    from devices.discovery import SerialCandidate
    from devices.simulator import VirtualScanner
    from scanner_app.bootstrap.station import Station
    from scanner_app.clock import Clock
    from scanner_app.config import Config, ScannerTable

__all__ = ["RawScan", "ScanSource", "SourceStatus"]

NS_PER_S = 1_000_000_000
TRIGGER_PATIENCE_S = 0.2
"""The trigger is pulled on the ledger thread, which must not stand still."""


def profile_of(table: ScannerTable, origin: str = "config.toml") -> ScannerProfile:
    """The device profile of a [[scanner]] block of the file `origin`. Raises ConfigError naming file and key."""
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
        message = f"{origin}: [scanner] {fault}."
        raise ConfigError("CONFIG_INVALID", message, remedy="config.example.toml explains every key.") from fault


@dataclass(frozen=True, slots=True)
class Scanner:
    """A source and the name that a person knows it by; `tested`: it has passed the commissioning test."""

    source: ScanSource
    name: str
    tested: bool


def scanners_of(station: Station) -> list[Scanner]:
    """A serial source for each [[scanner]] block that names a port."""
    from devices.discovery import stable_path  # noqa: PLC0415 - pyserial is loaded only where a scanner is configured
    from devices.serial_port import SerialSource  # noqa: PLC0415 - loaded when it is used

    wall_ns = wall_ns_of(station.clock)

    def scanner_of(table: ScannerTable) -> Scanner:
        source = SerialSource(stable_path(table.port), profile_of(table, station.config.origin), wall_ns=wall_ns)
        return Scanner(source, table.name, tested=table.commissioned)

    return [scanner_of(table) for table in station.config.scanner if table.port]


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
    """What is known of the scanners, for the status line; written by their threads, read by the presenter.

    An untested scanner is warned of as long as it is used.
    """

    def __init__(self, scanners: Sequence[Scanner]) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, SourceStatus] = {}
        self._names = {scanner.source.name: scanner.name for scanner in scanners}
        self._untested = [scanner.source.name for scanner in scanners if not scanner.tested]

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
                parameters = {"name": self._names.get(name, name), "state": status.state.value}
                return ScannerText(Line("screen.scanner.state", dict(parameters)), ok=False)
        for source in self._untested:
            if source in states:
                return ScannerText(Line("screen.scanner.untested", {"name": self._names[source]}), ok=False)
        if not states:
            return ScannerText(Line("screen.scanner.none"), ok=True)
        return ScannerText(Line("screen.scanner.ready"), ok=True)


def serial_ports() -> list[SerialCandidate]:
    """The serial ports that may be scanners."""
    from devices.discovery import serial_candidates  # noqa: PLC0415 - loads pyserial

    return serial_candidates()


def port_problem(path: str) -> tuple[str, str]:
    """What keeps this account from opening a port, and the remedy; two empty texts where nothing does."""
    from devices.discovery import permission_problem  # noqa: PLC0415 - loads pyserial

    return permission_problem(path)


def watch_port(
    port: str, bit_rate: int, deliver: Callable[[RawScan], None], changed: Callable[[SourceStatus], None]
) -> ScanSource:
    """A started source on a port, outside any home: what `devices monitor` prints. Raises ConfigError."""
    from devices.serial_port import SerialSource  # noqa: PLC0415 - loads pyserial

    try:
        profile = ScannerProfile("monitor", bit_rate=bit_rate)
    except ProfileError as fault:
        raise ConfigError("USAGE", f"{fault}.") from fault
    source = SerialSource(port, profile)
    source.start(deliver, changed)
    return source


def scan_of_plain_line(text: str) -> str | None:
    """The scan on a line as `devices simulate` takes it, without its line end; None where there is none."""
    from devices.simulator import ScanFileError, scan_of_line  # noqa: PLC0415 - loaded when it is used

    try:
        return scan_of_line(text, 1)
    except ScanFileError:
        return None


def simulate(
    lines: Iterable[str], say: Callable[[str], None], *, per_second: float, link: Path | None, stay: bool
) -> int:
    """Plays lines as a virtual scanner; how many. Raises ConfigError for a line that is no scan, DeviceError."""
    from devices.simulator import ScanFileError, run_simulator  # noqa: PLC0415 - loaded when it is used

    try:
        return run_simulator(lines, say=say, per_second=per_second, link=link, stay=stay)
    except (ScanFileError, ValueError) as fault:
        raise ConfigError("SIMULATOR", f"cannot simulate: {fault}.") from fault
    except OSError as fault:
        raise DeviceError("SIMULATOR", f"cannot simulate: {fault}.") from fault


@contextmanager
def virtual_scanner(station: Station) -> Iterator[tuple[VirtualScanner, Scanner]]:
    """A virtual scanner and what reads it, for the demonstration; it counts as commissioned."""
    from devices.serial_port import SerialSource  # noqa: PLC0415 - loads pyserial
    from devices.simulator import VirtualScanner  # noqa: PLC0415 - loaded when it is used

    with VirtualScanner() as scanner:
        profile = ScannerProfile("virtual", commissioned=True)
        source = SerialSource(scanner.path, profile, wall_ns=wall_ns_of(station.clock))
        yield scanner, Scanner(source, profile.name, tested=True)


def pull_trigger(scanner: VirtualScanner, label: str) -> None:
    """The virtual scanner reads a label; nothing happens where nobody takes it in time."""
    from devices.simulator import ReaderAbsentError  # noqa: PLC0415 - loaded when it is used

    with suppress(ReaderAbsentError):
        scanner.scan(label, patience_s=TRIGGER_PATIENCE_S)
