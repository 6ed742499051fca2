"""The port every scanner is plugged into: a source delivers `RawScan`s and says in which state its device is."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from devices.scan import RawScan


class SourceState(enum.StrEnum):
    """Where a source stands; the status line shows it."""

    OPENING = "opening"  # started, and nothing is known of the device yet
    READY = "ready"  # open: what the device sends is delivered
    LOST = "lost"  # no such device now, unplugged or not plugged in yet; opened by itself as soon as it is there
    BUSY = "busy"  # another program has it; tried again by itself
    DENIED = "denied"  # this account may not open it; tried again by itself, since udev grants rights a moment later
    STOPPED = "stopped"  # ended: by `stop`, or because trying again can't help; only a new start changes that


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A state with its reason: `code` is stable, `detail` says what happened, `remedy` what a person can do."""

    source: str
    state: SourceState
    code: str = ""
    detail: str = ""
    remedy: str = ""


class DeviceError(Exception):
    """Something is wrong with a device. `retryable` says whether the same attempt can succeed later by itself."""

    code = "DEVICE"
    retryable = False
    state = SourceState.STOPPED

    def __init__(self, detail: str, remedy: str) -> None:
        """Keep what happened and what a person can do about it, a sentence each."""
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy


class DeviceAbsent(DeviceError):  # noqa: N818 - the name is what the status line says
    """There is no such device now."""

    code = "DEVICE_ABSENT"
    retryable = True
    state = SourceState.LOST


class DeviceBusy(DeviceError):  # noqa: N818 - as above
    """Another program holds the device."""

    code = "DEVICE_BUSY"
    retryable = True
    state = SourceState.BUSY


class DeviceDenied(DeviceError):  # noqa: N818 - as above
    """This account has no right to open the device."""

    code = "DEVICE_DENIED"
    retryable = True
    state = SourceState.DENIED


class DeviceUnfit(DeviceError):  # noqa: N818 - as above
    """What stands at that path is no scanner port, or refuses these settings: trying again can't help."""

    code = "DEVICE_UNFIT"


class DeviceMissing(DeviceError):  # noqa: N818 - as above
    """A program or library that the choice in the configuration needs is not installed."""

    code = "DEVICE_MISSING"


Deliver = Callable[[RawScan], None]
Changed = Callable[[SourceStatus], None]


class ScanSource(Protocol):
    """A scanner, whatever its transport.

    Both callables are called on a thread of the source, one call at a time: they must be quick or bounded in what
    they wait for, because the device is not read meanwhile. Nothing is delivered after `stop` has returned True.
    """

    @property
    def name(self) -> str:
        """Give the stable name of the channel, as it stands in `RawScan.source`."""

    def start(self, deliver: Deliver, changed: Changed) -> None:
        """Begin to read; errors of the device become states, never exceptions. Once for each source."""

    def stop(self) -> bool:
        """End reading within a bounded time; False if a callable still holds the thread."""
