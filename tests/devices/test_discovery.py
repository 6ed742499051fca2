from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from serial.tools.list_ports_common import ListPortInfo

from devices.discovery import SerialCandidate, account_name, permission_problem, serial_candidates, stable_path
from devices.simulator import VirtualScanner


@pytest.fixture
def by_id(tmp_path: Path) -> Path:
    folder = tmp_path / "by-id"
    folder.mkdir()
    return folder


def port(device: str, **known: object) -> ListPortInfo:
    found = ListPortInfo(device)
    for name, value in known.items():
        setattr(found, name, value)
    return found


def test_a_scanner_is_listed_once_under_its_stable_name(by_id: Path) -> None:
    with VirtualScanner(link=by_id / "usb-Zebra_DS2208-if00") as scanner:
        device = os.path.realpath(scanner.path)
        usb = port(device, vid=0x05E0, pid=0x1701, product="DS2208", serial_number="S1", description="DS2208")
        assert serial_candidates(by_id=by_id, listed=lambda: [usb]) == [
            SerialCandidate(scanner.path, device, "Zebra DS2208", "05e0:1701", "S1")
        ]


def test_names_without_a_known_port_and_ports_without_a_name_are_listed_too(by_id: Path) -> None:
    with VirtualScanner(link=by_id / "usb-b") as one, VirtualScanner() as two:
        listed = [port(two.path, description="n/a"), port("/dev/ttyGone", description="RS-232")]
        found = serial_candidates(by_id=by_id, listed=lambda: listed)
        assert {(candidate.path, candidate.label) for candidate in found} == {
            (one.path, "usb-b"),
            (two.path, Path(two.path).name),
            ("/dev/ttyGone", "RS-232"),
        }
        assert found == sorted(found, key=lambda candidate: candidate.path)
        gone = next(candidate for candidate in found if candidate.path == "/dev/ttyGone")
        assert (gone.problem, gone.remedy) == ("/dev/ttyGone is not there.", "Plug the scanner in and switch it on.")


def test_an_unknown_maker_is_named_as_the_device_names_itself(by_id: Path) -> None:
    with VirtualScanner() as scanner:
        usb = port(scanner.path, vid=0x1234, pid=None, manufacturer="Acme", product=None, description="USB Serial")
        found = serial_candidates(by_id=by_id, listed=lambda: [usb])
        assert [(candidate.label, candidate.usb_id) for candidate in found] == [("Acme USB Serial", "1234:0000")]


def test_a_dangling_name_is_no_candidate_and_a_missing_folder_no_error(by_id: Path) -> None:
    (by_id / "usb-gone").symlink_to("/dev/nowhere")
    assert serial_candidates(by_id=by_id, listed=list) == []
    assert serial_candidates(by_id=by_id / "absent", listed=list) == []


def test_the_kernels_own_list_can_be_read(by_id: Path) -> None:
    assert all(isinstance(candidate, SerialCandidate) for candidate in serial_candidates(by_id=by_id))


def test_a_path_is_turned_into_the_first_stable_name_of_its_device(by_id: Path) -> None:
    with VirtualScanner(link=by_id / "usb-b") as scanner:
        device = os.path.realpath(scanner.path)
        assert stable_path(device, by_id=by_id) == scanner.path
        (by_id / "usb-a").symlink_to(device)
        assert stable_path(device, by_id=by_id) == str(by_id / "usb-a")
    assert stable_path("/dev/ttyS0", by_id=by_id) == "/dev/ttyS0"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a line to another group")
@pytest.mark.parametrize(
    ("group_id", "remedy"),
    [(1, "usermod -aG daemon "), (0, "chgrp dialout "), (54_321, "usermod -aG dialout ")],
)
def test_the_remedy_depends_on_the_group_of_the_line(
    group_id: int, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)  # noqa: ARG005 - root may open everything
    with VirtualScanner() as scanner:
        os.chown(scanner.path, 0, group_id)
        problem, mends = permission_problem(scanner.path)
        assert scanner.path in problem
    assert remedy in mends


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account to be refused as")
def test_an_account_outside_the_group_is_told_so() -> None:
    program = (
        "import os, sys; from devices.discovery import permission_problem\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "print(*permission_problem(sys.argv[1]))\n"
    )
    with VirtualScanner() as scanner:
        os.chown(scanner.path, 0, 1)
        Path(scanner.path).chmod(0o660)
        command = [sys.executable, "-c", program, scanner.path]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.startswith("This account is not in the group ")


def test_a_line_that_can_be_opened_has_no_problem() -> None:
    with VirtualScanner() as scanner:
        assert permission_problem(scanner.path) == ("", "")


def test_an_account_without_a_name_is_called_by_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    assert account_name()

    def nobody() -> str:
        raise KeyError(54_321)

    monkeypatch.setattr("getpass.getuser", nobody)
    assert account_name() == "USER"
