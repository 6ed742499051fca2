"""The three standard streams as commands need them: there, in UTF-8, and without a word when a reader has enough."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from scanner_app.cli.given import BYTE_ORDER_MARK

if TYPE_CHECKING:
    from collections.abc import Iterator

STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def make_streams_ready() -> None:
    """Opens a stream that was closed (`<&-`, `>&-`) on nothing, so that no file of ours gets its number.

    Output is UTF-8 whatever the locale. Half of a surrogate pair, which UTF-8 cannot hold, becomes JSON's escape of it.
    """
    for name, mode in STREAMS:
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open to the end
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def input_lines() -> Iterator[str]:
    """The lines of standard input as they come; bytes that are no UTF-8 are kept as lone surrogates."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape", newline="\n")
    for number, line in enumerate(sys.stdin):
        yield line if number else line.removeprefix(BYTE_ORDER_MARK)


def answer_line_by_line() -> None:
    """From here on each line is handed over as it is printed: the reader may be waiting for it."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)


def tell(line: str) -> None:
    """Prints a line at once. What is being done or judged goes on when the reader has enough; the rest is dropped."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        _drop_the_rest()


def deliver() -> bool:
    """Hands over what is still held back; False where it cannot be, which is said. A reader that left is no fault."""
    try:
        sys.stdout.flush()
    except OSError as fault:
        _drop_the_rest()
        if not isinstance(fault, BrokenPipeError):
            sys.stderr.write(f"scanner: {unwritten(fault)}\n")
            return False
    return True


def unwritten(fault: OSError) -> str:
    """What keeps the answer from being written."""
    return f"standard output cannot be written: {fault.strerror}."


def _drop_the_rest() -> None:
    """What cannot be written goes to nothing, so that the interpreter does not try again when it ends."""
    with suppress(OSError, ValueError), Path(os.devnull).open("w", encoding="utf-8") as nothing:
        os.dup2(nothing.fileno(), sys.stdout.fileno())
