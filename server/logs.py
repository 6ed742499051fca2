"""Logs: a JSON object a line on standard error; what could be a secret is taken out by its name."""

from __future__ import annotations

import logging
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

    from structlog.typing import EventDict, WrappedLogger

SECRETS: Final = frozenset({"token", "code", "pin", "authorization", "verifier", "key", "secret"})


def without_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Takes out what must not be logged, whoever tried."""
    return {name: "(secret)" if name in SECRETS else value for name, value in event.items()}


class SteadyLogger:
    """Writes lines to standard error; one that is closed or full stops nobody, least of all the writer thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def msg(self, line: str) -> None:
        """Writes a line."""
        with self._lock, suppress(OSError, ValueError):
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    def __getattr__(self, _: str) -> Callable[[str], None]:
        """A line of any level is written alike."""
        return self.msg


def set_up(level: int = logging.INFO) -> None:
    """Sends every log, other libraries' too, through one form."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_secrets,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: SteadyLogger(),
    )
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # the application logs its own faults
    logging.basicConfig(
        level=logging.WARNING, format='{"level":"%(levelname)s","event":"%(message)s"}', stream=sys.stderr
    )
