"""A clock set back, a centre whose disk is full, a network that answers for it: nothing lost, and the meter true."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import urllib.request
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from scanner_app.demo.labels import place_scan
from tests.centre import RunningCentre
from tests.sync.peers import Peer, answered, answering
from tests.sync.proxy import Proxy
from tests.system.handheld import Handheld, wait_until
from tests.system.linked import (
    assert_converged,
    await_settled,
    json_lines,
    linked_home,
    own_entries,
    scans_at_centre,
    scans_saved,
)
from tests.system.test_meter import Watching
from tests.system.test_tmux import Tmux

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from devices.simulator import VirtualScanner

NAME = "A"
DISK_MIB = 24
PORTAL = answered(200, b"<!doctype html><title>Welcome</title>Accept the terms", content_type="text/html")


def scan_places(scanner: VirtualScanner, home: Path, count: int, *, done: int = 0) -> None:
    """So many labels, saved."""
    for number in range(done, done + count):
        scanner.scan(place_scan(f"A-01-{number}"))
    wait_until(lambda: scans_saved(home) == done + count, f"{done + count} scans saved")


def await_sent(centre: RunningCentre, count: int) -> None:
    wait_until(lambda: scans_at_centre(centre, NAME) == count, f"{count} scans at the centre", 240.0)


def failed_commits(centre: RunningCentre) -> float:
    """How often the centre could not write, by its own metrics."""
    with urllib.request.urlopen(f"{centre.url}/metrics", timeout=60) as answer:  # noqa: S310 - this machine's own
        found = re.search(r"^scanner_failed_commits_total ([0-9.e+]+)$", answer.read().decode(), re.MULTILINE)
    assert found is not None
    return float(found[1])


# A clock.


def test_a_clock_that_is_set_back_changes_no_order_and_loses_nothing(tmp_path: Path, centre: RunningCentre) -> None:
    home, yesterday = tmp_path / "home", (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")
    with linked_home(tmp_path, centre, NAME) as scanner:
        with Handheld(home):
            scan_places(scanner, home, 20)
            await_sent(centre, 20)
        centre.stop()
        with Tmux(home, now=yesterday) as tmux:
            scan_places(scanner, home, 20, done=20)
            tmux.shows("scans 40 = saved 40", "sent 20", "OFFLINE")
            centre.start()
            tmux.shows("sent 40")
        with Handheld(home):
            scan_places(scanner, home, 20, done=40)
            await_settled([home], centre)
    entries = own_entries(home)
    times = [entry["event_time"] for entry in entries]
    assert times[19] - times[20] > timedelta(hours=23) / timedelta(milliseconds=1), "the clock went back"
    flags = json_lines(centre.command("report", "exceptions", "--json"))
    assert [(flag["code"], flag["subject"]) for flag in flags] == [("CLOCK", f"device:{NAME}")]
    assert_converged(centre, [home])


# A disk.


@contextmanager
def filled(centre: RunningCentre) -> Iterator[None]:
    """The centre's disk is full: not a byte more."""
    ballast = centre.home / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def limited(centre: RunningCentre) -> Iterator[None]:
    """The centre may write to no file beyond its first page, as it would be at the end of a quota."""
    assert centre.process is not None
    hard = resource.prlimit(centre.process.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(centre.process.pid, resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.prlimit(centre.process.pid, resource.RLIMIT_FSIZE, (hard, hard))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own; an ordinary folder for whom may not have one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    mounts = [mount or "mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(mounts, check=False, capture_output=True).returncode == 0
    yield folder
    if mounted:
        subprocess.run([umount or "umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("full", [filled, limited])
def test_a_centre_whose_disk_is_full_takes_nothing_and_later_all(
    tmp_path: Path, disk: Path, full: Callable[[RunningCentre], AbstractContextManager[None]]
) -> None:
    home, centre = tmp_path / "home", RunningCentre(disk / "centre")
    centre.command("init", "--demo")
    centre.start()
    full = full if disk.is_mount() else limited
    try:
        with linked_home(tmp_path, centre, NAME) as scanner, Tmux(home, now="") as tmux:
            scan_places(scanner, home, 20)
            tmux.shows("online", "sent 20")
            with Watching(tmux, lambda: 320, home, centre, NAME) as watching:
                with full(centre):
                    scan_places(scanner, home, 300, done=20)
                    wait_until(lambda: failed_commits(centre) >= 3, "three commits failed", 240.0)
                    tmux.shows("scans 320 = saved 320")
                    assert scans_at_centre(centre, NAME) < 320
                tmux.shows("online", "sent 320")
                await_settled([home], centre)
            assert watching.fault is None, watching.fault
        assert_converged(centre, [home])
    finally:
        centre.stop()


# A network that lies.


def test_a_network_that_answers_for_the_centre_is_not_believed(tmp_path: Path, centre: RunningCentre) -> None:
    home = tmp_path / "home"
    with (
        Proxy("127.0.0.1", centre.port) as proxy, Peer(answering(PORTAL)) as portal,
        linked_home(tmp_path, centre, NAME, proxy.url) as scanner, Tmux(home, now="") as tmux,
    ):  # fmt: skip
        scan_places(scanner, home, 20)
        tmux.shows("online", "sent 20")
        with Watching(tmux, lambda: 120, home, centre, NAME) as watching:
            real, proxy.upstream = proxy.upstream, ("127.0.0.1", portal.port)
            proxy.cut_all()
            scan_places(scanner, home, 100, done=20)
            tmux.shows("scans 120 = saved 120", "sent 20", "OFFLINE")
            wait_until(lambda: len(portal.requests) > 3, "the portal asked")
            assert scans_at_centre(centre, NAME) == 20
            proxy.upstream = real
            proxy.cut_all()
            tmux.shows("online", "sent 120")
            await_settled([home], centre)
        assert watching.fault is None, watching.fault
    assert_converged(centre, [home])
