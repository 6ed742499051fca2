"""The serial source on real pseudo-terminals: nothing is faked but the end the scanner would be at."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.profile import VIRTUAL, ScannerProfile
from devices.reconnect import Backoff
from devices.scan import Ending, RawScan
from devices.serial_port import SerialSource, _errno_of, _explained, opened
from devices.simulator import ReaderAbsentError, VirtualScanner
from devices.source import (
    DeviceAbsent,
    DeviceBusy,
    DeviceDenied,
    DeviceUnfit,
    ScanSource,
    SourceState,
    SourceStatus,
)
from tests.devices.listening import PATIENCE_S, Listener

QUICK = Backoff(first_ms=1, limit_ms=5, least_ms=1)
TIOCGEXCL = 0x80045440


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[VirtualScanner]:
    with VirtualScanner(link=tmp_path / "usb-scanner") as plugged:
        yield plugged


Start = Callable[..., tuple[SerialSource, Listener]]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[SerialSource] = []

    def begin(path: str, profile: ScannerProfile = VIRTUAL) -> tuple[SerialSource, Listener]:
        source, listener = SerialSource(path, profile, backoff=QUICK), Listener()
        source.start(listener.deliver, listener.changed)
        started.append(source)
        return source, listener

    yield begin
    ended = [source.stop() for source in started]
    assert all(ended)


def texts(scans: list[RawScan]) -> list[str]:
    return [scan.text for scan in scans]


def test_a_scan_arrives_with_every_fact(scanner: VirtualScanner, start: Start) -> None:
    source, listener = start(scanner.path)
    listener.await_state(SourceState.READY)
    scanner.scan("]d2010950600013435210A1\x1d21X")
    scan = listener.await_scans(1)[0]
    assert (scan.payload, scan.symbology) == (b"]d2010950600013435210A1\x1d21X", "]d2")
    assert (scan.source, scan.profile, scan.commissioned) == (f"serial:{scanner.path}", "virtual", True)
    assert (scan.ended_by, scan.cut) == (Ending.TERMINATOR, False)
    assert scan.monotonic_ns > 0
    assert scan.wall_ms > 1_700_000_000_000
    port: ScanSource = source
    assert port.name == scan.source


def test_the_stamps_are_those_handed_in(scanner: VirtualScanner) -> None:
    source = SerialSource(scanner.path, name="virtual", monotonic_ns=lambda: 5, wall_ns=lambda: 7_900_000)
    listener = Listener()
    source.start(listener.deliver, listener.changed)
    scanner.scan("A")
    scan = listener.await_scans(1)[0]
    assert (scan.monotonic_ns, scan.wall_ms, scan.source, scan.commissioned) == (5, 7, "virtual", False)
    assert source.stop()


def test_a_frame_may_come_in_single_bytes(scanner: VirtualScanner, start: Start) -> None:
    _, listener = start(scanner.path)
    listener.await_state(SourceState.READY)
    for byte in b"]d210A1\x1d21X\r\n]C1B\r":
        scanner.send(bytes([byte]))
    assert texts(listener.await_scans(2)) == ["]d210A1\x1d21X", "]C1B"]


def test_a_burst_of_500_frames_arrives_whole_and_in_order(scanner: VirtualScanner, start: Start) -> None:
    _, listener = start(scanner.path)
    sent = [f"]d2010950600013435217261231{number:06d}\x1d10LOT{number % 7}" for number in range(500)]
    for text in sent:
        scanner.scan(text)
    assert texts(listener.await_scans(500)) == sent
    assert not any(scan.cut for scan in listener.scans)
    assert [scan.monotonic_ns for scan in listener.scans] == sorted(scan.monotonic_ns for scan in listener.scans)


def test_what_was_sent_before_the_line_was_opened_is_kept(scanner: VirtualScanner, start: Start) -> None:
    scanner.scan("early")
    _, listener = start(scanner.path)
    assert texts(listener.await_scans(1)) == ["early"]


def test_without_a_terminator_the_idle_gap_ends_a_scan(scanner: VirtualScanner, start: Start) -> None:
    _, listener = start(scanner.path, ScannerProfile("bare", terminators=(), idle_gap_ms=20))
    listener.await_state(SourceState.READY)
    scanner.send(b"]d210A1")
    scan = listener.await_scans(1)[0]
    assert (scan.text, scan.ended_by, scan.cut) == ("]d210A1", Ending.IDLE, False)


def test_unplugged_in_mid_scan_the_half_is_delivered_as_cut_and_the_scanner_found_again(
    scanner: VirtualScanner, start: Start
) -> None:
    _, listener = start(scanner.path)
    listener.await_state(SourceState.READY)
    scanner.send(b"one\r]d201095")  # one write is one read: with the first scan the half of the second is there
    listener.await_scans(1)
    scanner.unplug()
    lost = listener.await_state(SourceState.LOST)
    assert (lost.code, "unplugged" in lost.detail) == ("DEVICE_ABSENT", True)
    assert lost.remedy.startswith("Plug the scanner in")
    scanner.plug()
    scanner.scan("two")  # sent before the line is open again
    listener.await_state(SourceState.READY, times=2)
    found = [(scan.text, scan.cut, scan.ended_by) for scan in listener.await_scans(3)]
    assert found == [
        ("one", False, Ending.TERMINATOR),
        ("]d201095", True, Ending.IDLE),
        ("two", False, Ending.TERMINATOR),
    ]


def test_unplugged_again_and_again_nothing_is_lost_or_invented(scanner: VirtualScanner, start: Start) -> None:
    _, listener = start(scanner.path)
    sent: list[str] = []
    for turn in range(30):
        for number in range(5):
            sent.append(f"]d2010950600013435221{turn:03d}{number}")
            scanner.scan(sent[-1])
        listener.await_scans(len(sent))  # a terminal that is closed takes what was not read with it
        scanner.unplug()
        scanner.plug()
    assert texts(listener.scans) == sent
    assert not any(scan.cut for scan in listener.scans)


def test_a_scanner_that_is_not_there_yet_is_found_when_it_comes(tmp_path: Path, start: Start) -> None:
    link = tmp_path / "usb-scanner"
    _, listener = start(str(link))
    assert listener.await_state(SourceState.LOST).code == "DEVICE_ABSENT"
    with VirtualScanner(link=link) as scanner:
        scanner.scan("late")
        assert texts(listener.await_scans(1)) == ["late"]
        assert [status.state for status in listener.statuses] == [
            SourceState.OPENING,
            SourceState.LOST,
            SourceState.READY,
        ]


def test_a_second_reader_is_refused_and_takes_over_when_the_first_stops(scanner: VirtualScanner, start: Start) -> None:
    first, heard_first = start(scanner.path)
    heard_first.await_state(SourceState.READY)
    _, heard_second = start(scanner.path)
    busy = heard_second.await_state(SourceState.BUSY)
    assert (busy.code, "another program" in busy.detail, "fuser" in busy.remedy) == ("DEVICE_BUSY", True, True)
    assert first.stop()
    heard_second.await_state(SourceState.READY)
    scanner.scan("A")
    assert texts(heard_second.await_scans(1)) == ["A"]
    assert heard_first.scans == []


def test_the_line_is_locked_in_both_ways_while_it_is_open_and_free_afterwards(scanner: VirtualScanner) -> None:
    def is_exclusive() -> bool:
        mark = bytearray(4)
        fcntl.ioctl(scanner._terminal, TIOCGEXCL, mark)
        return bool(struct.unpack("i", mark)[0])

    with opened(scanner.path, 9600):
        assert is_exclusive()
        with pytest.raises(BlockingIOError):
            fcntl.flock(scanner._terminal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(DeviceBusy), opened(scanner.path, 9600):
            pass
    assert not is_exclusive()
    fcntl.flock(scanner._terminal, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account to be refused as")
def test_another_account_is_denied_with_the_command_that_mends_it(scanner: VirtualScanner) -> None:
    Path(scanner.path).resolve().chmod(stat.S_IRUSR | stat.S_IWUSR)
    program = (
        "import os, sys; from devices.serial_port import opened; import devices.source, serial\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "try:\n    opened(sys.argv[1], 9600).__enter__()\n"
        "except devices.source.DeviceDenied as error: print(error.code, error.retryable, error.remedy)\n"
    )
    device = str(Path(scanner.path).resolve())
    ended = subprocess.run([sys.executable, "-c", program, device], capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("DEVICE_DENIED True Run `sudo usermod -aG dialout ")


@pytest.mark.parametrize("kind", ["file", "folder", "null"])
def test_what_is_no_serial_line_stops_the_source_with_a_remedy(kind: str, tmp_path: Path, start: Start) -> None:
    path = {"file": tmp_path / "file", "folder": tmp_path, "null": Path("/dev/null")}[kind]
    if kind == "file":
        path.touch()
    source, listener = start(str(path))
    stopped = listener.await_state(SourceState.STOPPED)
    assert (stopped.code, "scanner devices list" in stopped.remedy) == ("DEVICE_UNFIT", True)
    assert source.status == stopped
    assert SourceState.LOST not in [status.state for status in listener.statuses]


def test_stop_delivers_what_was_sent_and_says_what_was_cut(scanner: VirtualScanner) -> None:
    source, listener = SerialSource(scanner.path, VIRTUAL), Listener()
    inside = threading.Event()

    def slow(scan: RawScan) -> None:
        inside.set()
        assert source._stopping.wait(PATIENCE_S)
        listener.deliver(scan)

    source.start(slow, listener.changed)
    scanner.scan("first")
    assert inside.wait(PATIENCE_S)
    scanner.send(b"second\rhalf")
    assert source.stop()
    assert [(scan.text, scan.cut) for scan in listener.scans] == [("first", False), ("second", False), ("half", True)]
    assert listener.statuses[-1] == SourceStatus(source.name, SourceState.STOPPED)


def test_stop_says_when_a_callable_holds_the_thread(scanner: VirtualScanner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.serial_port.STOP_SECONDS_MAX", 0.05)
    inside, go_on = threading.Event(), threading.Event()
    source = SerialSource(scanner.path, VIRTUAL)

    def held(scan: RawScan) -> None:
        del scan
        inside.set()
        go_on.wait(PATIENCE_S)

    source.start(held, lambda status: None)  # noqa: ARG005 - states do not matter here
    scanner.scan("A")
    assert inside.wait(PATIENCE_S)
    assert not source.stop()
    go_on.set()
    monkeypatch.setattr("devices.serial_port.STOP_SECONDS_MAX", PATIENCE_S)
    assert source.stop()


def test_stop_ends_a_stream_that_never_ends(scanner: VirtualScanner, start: Start) -> None:
    source, listener = start(scanner.path)
    done = threading.Event()

    def flood() -> None:
        with contextlib.suppress(ReaderAbsentError):  # the line is full once nobody reads it any more
            while not done.is_set():
                scanner.send(b"x" * 4000 + b"\r", stop=done)

    writer = threading.Thread(target=flood)
    writer.start()
    listener.await_scans(3)
    assert source.stop()
    count = len(listener.scans)
    done.set()
    writer.join(PATIENCE_S)
    assert len(listener.scans) == count


def test_stop_ends_the_wait_for_a_scanner_and_may_be_repeated(tmp_path: Path) -> None:
    source, listener = SerialSource(str(tmp_path / "absent"), backoff=Backoff(10_000, 10_000, 10_000)), Listener()
    source.start(listener.deliver, listener.changed)
    listener.await_state(SourceState.LOST)
    assert source.stop()
    assert source.stop()
    assert listener.statuses[-1].state is SourceState.STOPPED


def test_a_source_is_started_once() -> None:
    listener = Listener()
    never = SerialSource("/dev/absent")
    assert never.stop()
    with pytest.raises(RuntimeError, match="started before"):
        never.start(listener.deliver, listener.changed)


def test_a_listener_that_fails_ends_the_source_loudly(scanner: VirtualScanner, monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda failure: failures.append(failure.exc_type))
    listener = Listener()

    def failing(scan: RawScan) -> None:
        raise AssertionError(scan)

    source = SerialSource(scanner.path, VIRTUAL)
    source.start(failing, listener.changed)
    scanner.scan("A")
    listener.await_state(SourceState.STOPPED)
    assert source.stop()
    assert failures == [AssertionError]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(garbage=st.binary(max_size=3000))
def test_garbage_never_harms_the_scan_that_follows(scanner: VirtualScanner, garbage: bytes) -> None:
    source, listener = SerialSource(scanner.path, VIRTUAL, backoff=QUICK), Listener()
    source.start(listener.deliver, listener.changed)
    scanner.send(garbage + b"\r")
    scanner.scan("]d2good")
    listener.until(lambda: bool(listener.scans) and listener.scans[-1].text == "]d2good", "good scan")
    assert source.stop()
    got = b"\r".join(scan.payload for scan in listener.scans[:-1])
    for drop in b"\x00\x02":
        garbage = garbage.replace(bytes([drop]), b"")
    for end in b"\n\t\x03":
        garbage = garbage.replace(bytes([end]), b"\r")
    assert got == b"\r".join(part for part in garbage.split(b"\r") if part)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (FileNotFoundError(2, "no such file"), DeviceAbsent),
        (OSError(5, "input/output error"), DeviceAbsent),
        (OSError(19, "no such device"), DeviceAbsent),
        (OSError(16, "busy"), DeviceBusy),
        (PermissionError(13, "denied"), DeviceDenied),
        (OSError(25, "not a typewriter"), DeviceUnfit),
        (termios.error(22, "invalid argument"), DeviceUnfit),
        (ValueError("invalid baud rate"), DeviceUnfit),
        (OSError("without a number"), DeviceAbsent),
    ],
)
def test_each_way_opening_fails_has_its_state(error: Exception, kind: type[Exception]) -> None:
    explained = _explained(error, "/dev/ttyACM0")
    assert type(explained) is kind
    assert "/dev/ttyACM0" in explained.detail
    assert explained.remedy.endswith(".")
    assert explained.retryable == (kind is not DeviceUnfit)


def test_the_number_of_a_wrapped_error_is_found() -> None:
    wrapping = OSError("Could not configure port")  # pyserial's, which has no number of its own
    wrapping.__context__ = termios.error(5, "Input/output error")
    assert _errno_of(wrapping) == 5
    assert _errno_of(None) is None


def test_a_read_that_fails_means_that_the_device_is_gone(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(DeviceAbsent, match="unplugged"):
        SerialSource("/dev/ttyACM0")._take(folder)
    os.close(folder)


def test_a_line_that_cannot_be_marked_as_exclusive_is_not_kept_open(
    scanner: VirtualScanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(descriptor: int, request: int) -> int:
        raise OSError(5, f"{descriptor} {request}")

    with monkeypatch.context() as patch:
        patch.setattr("fcntl.ioctl", gone)
        patch.setattr("serial.Serial._update_dtr_state", lambda port: None)  # noqa: ARG005 - it asks by ioctl too
        patch.setattr("serial.Serial._update_rts_state", lambda port: None)  # noqa: ARG005 - the signature is given
        with pytest.raises(DeviceAbsent), opened(scanner.path, 9600):
            pass
    fcntl.flock(scanner._terminal, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_another_bit_rate_is_set_on_the_line(scanner: VirtualScanner) -> None:
    with opened(scanner.path, 115_200) as fd:
        attributes = termios.tcgetattr(fd)
        assert attributes[4] == attributes[5] == termios.B115200
        assert not attributes[3] & (termios.ECHO | termios.ICANON)
