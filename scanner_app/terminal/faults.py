"""Faults of the program's own: each gets an id that the worker sees, and under it the log tells where it happened."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scanner_app.errors import ProgramError

if TYPE_CHECKING:
    from collections.abc import Callable

FAULT_ID_LENGTH = 8

LOG = logging.getLogger("scanner_app.terminal")
LOG.addHandler(logging.NullHandler())


def own_fault(fault: BaseException, make_id: Callable[[], str]) -> ProgramError:
    """The fault as it is told; the end of a new id names it."""
    known_as = make_id()[-FAULT_ID_LENGTH:].upper()
    LOG.critical("program fault", extra={"fault": known_as}, exc_info=fault)
    return ProgramError(known_as)
