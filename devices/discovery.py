"""Which serial lines may be scanners, under which stable name, and whether this account may open them."""

from __future__ import annotations

import getpass
import grp
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from serial.tools.list_ports_common import ListPortInfo

BY_ID: Final = Path("/dev/serial/by-id")
"""Where udev keeps a name for each line that stays the same in any socket and after every start."""

CANDIDATES_MAX: Final = 256

_MAKERS: Final = {0x05E0: "Zebra", 0x0C2E: "Honeywell", 0x05F9: "Datalogic", 0x1EAB: "Newland"}  # USB vendor ids


@dataclass(frozen=True, slots=True)
class SerialCandidate:
    """One line: `path` is the name to configure, `device` the kernel's own of today, `label` what it is.

    `usb_id` is `vendor:product` in hexadecimal, or empty. `problem` and `remedy` are empty where the line can be used.
    """

    path: str
    device: str
    label: str
    usb_id: str = ""
    serial_number: str = ""
    problem: str = ""
    remedy: str = ""


def serial_candidates(
    *, by_id: Path = BY_ID, listed: Callable[[], Iterable[ListPortInfo]] | None = None
) -> list[SerialCandidate]:
    """Give what is plugged in, sorted by path; at most `CANDIDATES_MAX`.

    `listed` gives the ports the kernel knows (pyserial's list by default, imported here); names in `by_id` whose
    device is not among them are given too.
    """
    names = _names_by_device(by_id)
    ports = {os.path.realpath(port.device): port for port in (listed or _comports)()}
    found = [_candidate(device, names.get(device, device), ports.get(device)) for device in {*ports, *names}]
    return sorted(found, key=lambda candidate: candidate.path)[:CANDIDATES_MAX]


def stable_path(path: str, *, by_id: Path = BY_ID) -> str:
    """Give the name under `by_id` that means the same device, or `path` itself where there is none."""
    return _names_by_device(by_id).get(os.path.realpath(path), path)


def permission_problem(path: str) -> tuple[str, str]:
    """Give what keeps this account from opening `path`, and the command that mends it; else two empty texts."""
    if os.access(path, os.R_OK | os.W_OK):
        return "", ""
    try:
        group = grp.getgrgid(os.stat(path).st_gid).gr_name  # noqa: PTH116 - one call for a plain text path
    except FileNotFoundError:
        return f"{path} is not there.", "Plug the scanner in and switch it on."
    except KeyError:
        group = "dialout"
    if group == "root":  # a member of root would be root's equal: the rule that gives the line to dialout is missing
        return f"{path} belongs to root alone.", f"Run `sudo chgrp dialout {path} && sudo chmod g+rw {path}`."
    remedy = f"Run `sudo usermod -aG {group} {account_name()}`, then sign in to the system again."
    return f"This account is not in the group {group} that may open {path}.", remedy


def account_name() -> str:
    """Give the name of this account, or `USER` where the system has none for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "USER"


def _comports() -> Iterable[ListPortInfo]:
    """Ask pyserial, which is imported only here."""
    from serial.tools import list_ports  # noqa: PLC0415 - only where ports are listed

    return list_ports.comports()


def _names_by_device(by_id: Path) -> dict[str, str]:
    """Give the stable name of each device; the first in the alphabet where there are several."""
    try:
        links = sorted(by_id.iterdir(), reverse=True)
    except OSError:
        return {}
    return {os.path.realpath(link): str(link) for link in links if link.exists()}


def _candidate(device: str, path: str, port: ListPortInfo | None) -> SerialCandidate:
    """Say what is known of one line."""
    problem, remedy = permission_problem(path)
    if port is None or port.vid is None:
        described = Path(path).name if port is None or port.description in (None, "n/a") else str(port.description)
        return SerialCandidate(path, device, described, problem=problem, remedy=remedy)
    maker = _MAKERS.get(port.vid) or port.manufacturer or ""
    label = " ".join(part for part in (maker, port.product or port.description) if part)
    usb_id = f"{port.vid:04x}:{port.pid or 0:04x}"
    return SerialCandidate(path, device, label, usb_id, port.serial_number or "", problem, remedy)
