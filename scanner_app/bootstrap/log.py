"""The log: one JSON object a line in the home's log folder, in few files of bounded size.

It tells what the program did, never what was scanned or typed: an event's words are fixed, its particulars are those
named here and no others, and of an exception only its type and where it was raised, since its message may quote a scan.
A log that cannot be written stops nothing.
"""

from __future__ import annotations

import json
import logging
import os
import traceback
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import TextIOWrapper
    from pathlib import Path

LOG_NAME: Final = "scanner.log"
LOGGER: Final = "scanner_app"
FILE_BYTES_MAX: Final = 1024 * 1024
FILES_MAX: Final = 5
"""The file that is written and the four before it."""

PARTICULARS: Final = ("fault", "code", "cause", "source", "state", "site", "device", "pid")
OWNER_FOLDER: Final = 0o700
OWNER_FILE: Final = 0o600
FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
FRAMES_MAX: Final = 40


def start_log(folder: Path) -> logging.Handler | None:
    """Has events written to the folder, which is made; None where it cannot be. Ended by `stop_log`."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=OWNER_FOLDER)
        lines = LogLines(folder / LOG_NAME)
    except OSError:
        return None
    logger = logging.getLogger(LOGGER)
    logger.addHandler(lines)
    logger.setLevel(logging.INFO)
    return lines


def stop_log(lines: logging.Handler | None) -> None:
    """Writes no more."""
    if lines is not None:
        logging.getLogger(LOGGER).removeHandler(lines)
        lines.close()


class LogLines(RotatingFileHandler):
    """The files of the log, readable for their owner alone."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=FILE_BYTES_MAX, backupCount=FILES_MAX - 1, encoding="utf-8")
        self.setFormatter(JsonLine())

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, FLAGS, OWNER_FILE)
        return open(descriptor, "a", encoding="utf-8")  # noqa: PTH123 - a descriptor, which no path is

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is the library's
        """A full disk is told by the ledger; the log has nowhere to say it."""


class JsonLine(logging.Formatter):
    """An event as a JSON object: time (UTC), level, event, its particulars, and of an exception where it was raised."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told: dict[str, object] = {"time": time, "level": record.levelname.lower(), "event": record.msg}
        told.update((name, getattr(record, name)) for name in PARTICULARS if hasattr(record, name))
        fault = record.exc_info[1] if record.exc_info else None
        if fault is not None:
            told["raised"] = list(_raised(fault))
        return json.dumps(told, ensure_ascii=False, default=str)


def _raised(fault: BaseException) -> Iterator[str]:
    """The exception and those behind it, the first cause last: each by its type, then its frames, innermost first."""
    seen: set[int] = set()
    behind: BaseException | None = fault
    while behind is not None and id(behind) not in seen:
        seen.add(id(behind))
        yield type(behind).__name__
        frames = traceback.extract_tb(behind.__traceback__)[-FRAMES_MAX:]
        yield from (f"  {frame.filename}:{frame.lineno} {frame.name}: {frame.line}" for frame in reversed(frames))
        behind = behind.__cause__ or behind.__context__
