"""A hang-up or a request to end (SIGHUP, SIGTERM) ends a command in order: what it opened is closed."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENDING = (signal.SIGHUP, signal.SIGTERM)
BY_SIGNAL = 128
"""A shell's exit code of a program that a signal ended is this and the signal's number."""


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Within it either signal unwinds the command like an exception; one that was ignored (nohup) stays so."""
    former = {number: signal.getsignal(number) for number in ENDING}
    _on_signals(_end)
    try:
        yield
    finally:
        for number, does in former.items():
            signal.signal(number, does)


def leave_by(leave: Callable[[], bool]) -> None:
    """From here on either signal calls `leave`; where that cannot leave yet (False), it unwinds the command."""

    def ask(number: int, frame: object) -> None:
        if not leave():
            _end(number, frame)

    _on_signals(ask)


def go_on() -> None:
    """From here on neither signal interrupts: what ends is ending already."""
    _on_signals(signal.SIG_IGN)


def _on_signals(does: Callable[[int, object], None] | signal.Handlers) -> None:
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, does)


def _end(number: int, frame: object) -> NoReturn:
    del frame
    go_on()
    raise SystemExit(BY_SIGNAL + number)
