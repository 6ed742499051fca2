"""Time, handed in: the only place that reads a clock.

Instants are aware UTC, elapsed time is monotonic nanoseconds. Replays and demonstrations use a SettableClock.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")
NS_PER_MS = 1_000_000
NS_PER_US = 1_000


class Clock(Protocol):
    """What the product asks of time."""

    @property
    def boot_id(self) -> str:
        """Identifies the run of the machine in which monotonic stamps are comparable."""

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""

    def monotonic_ns(self) -> int:
        """Elapsed time in nanoseconds since an arbitrary start; never goes back."""


class SystemClock:
    """The machine's own clocks."""

    def __init__(self) -> None:
        self._boot_id = BOOT_ID_FILE.read_text("ascii").rstrip("\n") if BOOT_ID_FILE.exists() else "no-boot-id"

    @property
    def boot_id(self) -> str:
        """The kernel's boot id."""
        return self._boot_id

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""
        return datetime.now(UTC)

    def monotonic_ns(self) -> int:
        """time.monotonic_ns()."""
        return time.monotonic_ns()


@dataclass(slots=True)
class SettableClock:
    """A clock that stands still until it is told: replays, demonstrations and tests.

    `advance` and `move_to` move wall and monotonic time together; `set` the wall alone, as an operator or NTP would.
    """

    wall: datetime
    elapsed_ns: int = 0
    boot_id: str = "replay"

    def now(self) -> datetime:
        """The wall time last set."""
        return self.wall

    def monotonic_ns(self) -> int:
        """The elapsed time so far."""
        return self.elapsed_ns

    def advance(self, ms: int) -> None:
        """Moves both clocks on by `ms` milliseconds, ms ≥ 0."""
        self.wall += timedelta(milliseconds=ms)
        self.elapsed_ns += ms * NS_PER_MS

    def move_to(self, wall: datetime) -> None:
        """Lets time pass until an aware instant; into the past only the wall clock goes, as `set` has it."""
        passed = wall - self.wall
        self.set(wall)
        if passed > timedelta():
            self.elapsed_ns += passed // timedelta(microseconds=1) * NS_PER_US

    def set(self, wall: datetime) -> None:
        """Sets the wall clock to an aware instant; elapsed time goes on by a millisecond."""
        self.wall = wall.astimezone(UTC)
        self.elapsed_ns += NS_PER_MS


class OffsetClock:
    """The machine's clocks with the wall moved so that it started at `start`: `run --now` and the demonstration."""

    def __init__(self, start: datetime, base: Clock | None = None) -> None:
        self._base = base or SystemClock()
        self._shift = start.astimezone(UTC) - self._base.now()

    @property
    def boot_id(self) -> str:
        """The base clock's boot id."""
        return self._base.boot_id

    def now(self) -> datetime:
        """The shifted wall clock, aware, UTC."""
        return self._base.now() + self._shift

    def monotonic_ns(self) -> int:
        """The base clock's elapsed time."""
        return self._base.monotonic_ns()
