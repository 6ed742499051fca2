from __future__ import annotations

import fcntl
import io
import os
import select
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.profile import VIRTUAL
from devices.serial_port import SerialSource
from devices.simulator import ReaderAbsentError, ScanFileError, VirtualScanner, _is_exclusive, run_simulator, scans_of
from devices.source import SourceState
from tests.devices.listening import PATIENCE_S, Listener


def read_all(path: str, length: int) -> bytes:
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        arrived = b""
        while len(arrived) < length:
            assert select.select([descriptor], [], [], PATIENCE_S)[0], f"only {arrived!r} came"
            arrived += os.read(descriptor, length)
        return arrived
    finally:
        os.close(descriptor)


def test_what_is_scanned_arrives_raw_and_is_not_echoed() -> None:
    with VirtualScanner(terminator=b"\r\n") as scanner:
        scanner.scan("]d210A1\x1d21X\x03\x04")
        assert read_all(scanner.path, 15) == b"]d210A1\x1d21X\x03\x04\r\n"
        with pytest.raises(BlockingIOError):
            os.read(scanner._controller, 1)


def test_what_nobody_has_read_is_counted_and_waits() -> None:
    with VirtualScanner() as scanner:
        scanner.scan("A" * 10)
        deadline = time.monotonic() + PATIENCE_S
        while scanner.unread() < 11 and time.monotonic() < deadline:
            pass
        assert scanner.unread() == 11
        assert read_all(scanner.path, 11) == b"A" * 10 + b"\r"
        assert scanner.unread() == 0


def test_a_full_line_without_reader_is_an_error_of_its_own() -> None:
    with VirtualScanner() as scanner, pytest.raises(ReaderAbsentError, match="nobody reads"):
        scanner.send(b"x" * 200_000, patience_s=0.01)


def test_a_full_line_ends_when_it_is_told_to_stop() -> None:
    stop = threading.Event()
    stop.set()
    with VirtualScanner() as scanner, pytest.raises(ReaderAbsentError):
        scanner.send(b"x" * 200_000, patience_s=float("inf"), stop=stop)


def test_an_unplugged_scanner_cannot_scan_and_comes_back_behind_its_link(tmp_path: Path) -> None:
    link = tmp_path / "scanner"
    with VirtualScanner(link=link) as scanner:
        assert (scanner.path, scanner.plugged) == (str(link), True)
        scanner.plug()  # plugged in already
        scanner.unplug()
        scanner.unplug()
        assert (scanner.plugged, link.is_symlink(), scanner.free_stale_lock()) == (False, False, False)
        with pytest.raises(ReaderAbsentError, match="unplugged"):
            scanner.scan("A")
        scanner.plug()
        scanner.scan("B")
        assert read_all(str(link), 2) == b"B\r"
    assert not link.is_symlink()


def test_an_old_link_is_replaced_and_one_of_another_scanner_left(tmp_path: Path) -> None:
    link = tmp_path / "scanner"
    link.symlink_to("/nowhere")
    with VirtualScanner(link=link) as first:
        assert link.exists()
        with VirtualScanner(link=link) as second:
            first.unplug()
            assert str(link.readlink()) == second._terminal_path


def test_a_file_in_place_of_the_link_is_never_replaced(tmp_path: Path) -> None:
    link = tmp_path / "ledger"
    link.write_text("precious")
    with pytest.raises(FileExistsError):
        VirtualScanner(link=link)
    assert link.read_text() == "precious"


def test_the_mark_of_a_killed_reader_is_taken_back_and_that_of_a_living_one_left() -> None:
    with VirtualScanner() as scanner:
        assert not scanner.free_stale_lock()
        source, listener = SerialSource(scanner.path, VIRTUAL), Listener()
        source.start(listener.deliver, listener.changed)
        listener.await_state(SourceState.READY)
        assert not scanner.free_stale_lock()
        assert _is_exclusive(scanner._terminal)
        assert source.stop()
        fcntl.ioctl(scanner._terminal, 0x540C)  # TIOCEXCL, and nobody there
        assert scanner.free_stale_lock()
        assert not _is_exclusive(scanner._terminal)


def test_each_form_of_a_line_gives_its_scan() -> None:
    lines = [
        r'"]d210A1\u001d21X"' + "\n",
        '{"scan": "]C1\\u001d", "source": "dock"}\r\n',
        "\n",
        "  \t\n",
        r"]d210A1\u001d21X\u001D",
        "10A1<GS>21X",
        "10A1\x1d21X \x1c\n",
        "10A1\x1d\n",
    ]
    assert list(scans_of(lines)) == [
        "]d210A1\x1d21X",
        "]C1\x1d",
        "]d210A1\x1d21X\x1d",
        "10A1\x1d21X",
        "10A1\x1d21X \x1c",
        "10A1\x1d",
    ]


def test_a_file_is_split_at_line_ends_alone() -> None:
    assert list(scans_of(io.StringIO("A\x1dB\x1c\nC\x0b\x85\n"))) == ["A\x1dB\x1c", "C\x0b\x85"]


@pytest.mark.parametrize("line", ['"open', "{", '{"scan": 5}', '{"code": "x"}', "{[", '{"a":' * 5000])
def test_a_line_without_a_scan_is_named(line: str) -> None:
    with pytest.raises(ScanFileError, match=r"^line 2: ") as caught:
        list(scans_of(["good\n", line]))
    assert (caught.value.line, caught.value.code) == (2, "SCAN_FILE_INVALID")


@given(st.lists(st.text(alphabet='{}[]":\\u0013dscan<GS>\x1d\ud800é ', max_size=30), max_size=4))
def test_any_lines_give_scans_or_name_one(lines: list[str]) -> None:
    try:
        scans = list(scans_of(lines))
    except ScanFileError as error:
        assert 1 <= error.line <= len(lines)  # noqa: PT017 - either outcome is right
    else:
        assert len(scans) <= len(lines)


def test_a_file_is_played_to_a_reader_in_order_at_the_set_rate(tmp_path: Path) -> None:
    link = tmp_path / "scanner"
    source, listener = SerialSource(str(link), VIRTUAL), Listener()
    source.start(listener.deliver, listener.changed)
    said: list[str] = []
    began = time.monotonic()
    sent = run_simulator((f"scan {number}" for number in range(11)), say=said.append, per_second=100, link=link)
    took_s = time.monotonic() - began
    assert [scan.text for scan in listener.await_scans(11)] == [f"scan {number}" for number in range(11)]
    assert source.stop()
    assert (sent, said) == (11, [str(link)])
    assert took_s >= 0.1


def test_it_stays_until_it_is_stopped(tmp_path: Path) -> None:
    stop, said, sent = threading.Event(), threading.Event(), []
    link = tmp_path / "scanner"

    def play() -> None:
        sent.append(run_simulator(["A"], say=lambda path: said.set(), link=link, stop=stop, stay=True))  # noqa: ARG005 - the signature is given

    thread = threading.Thread(target=play)
    thread.start()
    assert said.wait(PATIENCE_S)
    assert read_all(str(link), 2) == b"A\r"
    assert thread.is_alive()
    stop.set()
    thread.join(PATIENCE_S)
    assert (sent, thread.is_alive(), link.is_symlink()) == ([1], False, False)


@pytest.mark.parametrize("per_second", [0.0, 0.001])
def test_it_stops_in_the_middle_of_a_file_nobody_reads(per_second: float) -> None:
    stop = threading.Event()
    lines = ["x" * 4000] * 100

    def say(path: str) -> None:
        assert path.startswith("/dev/")
        threading.Timer(0.1, stop.set).start()

    assert run_simulator(lines, say=say, per_second=per_second, stop=stop) < 100


@pytest.mark.parametrize("per_second", [-1, 1001, float("nan")])
def test_a_rate_out_of_range_is_refused(per_second: float) -> None:
    with pytest.raises(ValueError, match="per_second"):
        run_simulator([], say=print, per_second=per_second)
