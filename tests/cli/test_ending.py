"""SIGHUP and SIGTERM unwind a command in order, and a second one does not tear the end apart."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from scanner_app.cli.ending import ended_in_order, go_on, leave_by

if TYPE_CHECKING:
    from collections.abc import Iterator

BOTH = pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """What the tests' own process does on either signal is left as it was."""
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM)}
    yield
    assert {number: signal.getsignal(number) for number in before} == before


@BOTH
def test_a_signal_unwinds_the_command(number: signal.Signals) -> None:
    closed: list[str] = []

    def command() -> None:
        with ended_in_order():
            try:
                os.kill(os.getpid(), number)
            finally:
                os.kill(os.getpid(), number)
                closed.append("closed, though it came again")

    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code == 128 + number
    assert closed == ["closed, though it came again"]


@BOTH
def test_a_signal_asks_the_screen_to_leave(number: signal.Signals) -> None:
    asked: list[bool] = []

    def leave() -> bool:
        asked.append(True)
        return True

    with ended_in_order():
        leave_by(leave)
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        go_on()
        os.kill(os.getpid(), number)
    assert asked == [True, True]


@BOTH
def test_where_the_screen_cannot_leave_yet_the_command_is_unwound(number: signal.Signals) -> None:
    def command() -> None:
        with ended_in_order():
            leave_by(lambda: False)
            os.kill(os.getpid(), number)

    with pytest.raises(SystemExit):
        command()


def test_a_command_that_nohup_started_stays_deaf_to_the_hang_up() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_in_order():
            leave_by(lambda: False)
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
