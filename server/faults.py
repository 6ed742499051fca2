"""What can be wrong with the centre's home and database: one exception with a stable code, a sentence and a remedy."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scanner_app.errors import ScannerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRIMARY_CODE_MASK = 0xFF
"""The low byte of an extended result code is its primary code (sqlite.org, Result and Error Codes)."""

RESULTS = {
    sqlite3.SQLITE_FULL: "DISK_FULL",
    sqlite3.SQLITE_READONLY: "READ_ONLY",
    sqlite3.SQLITE_PERM: "READ_ONLY",
    sqlite3.SQLITE_CORRUPT: "CORRUPT",
    sqlite3.SQLITE_NOTADB: "CORRUPT",
    sqlite3.SQLITE_BUSY: "IN_USE",
    sqlite3.SQLITE_LOCKED: "IN_USE",
    sqlite3.SQLITE_CANTOPEN: "NOT_OPENABLE",
    sqlite3.SQLITE_IOERR: "DISK_FAULT",
}
REMEDIES = {
    "DISK_FULL": "Free some space; what was acknowledged is kept.",
    "READ_ONLY": "Make the file and its folder writable for this user.",
    "CORRUPT": "Keep the file as it is, run `scanner-server verify`, then `scanner-server restore` from a backup.",
    "IN_USE": "Stop the other process, then try again.",
    "NOT_OPENABLE": "Check that the folder exists and this user may write there.",
    "DISK_FAULT": "Check the storage, then start again; what was acknowledged is kept.",
}


class ServerError(ScannerError):
    """The centre's database, key or address cannot be used (exit 3)."""

    family = "Server"


def fault_of(fault: sqlite3.Error | OSError, path: Path) -> ServerError:
    """What a fault of SQLite or of the file system comes to."""
    if isinstance(fault, OSError):
        return ServerError("NOT_OPENABLE", f"{path}: {fault.strerror or fault}.", remedy=REMEDIES["NOT_OPENABLE"])
    result = getattr(fault, "sqlite_errorcode", None)
    code = "INCONSISTENT" if result is None else RESULTS.get(result & PRIMARY_CODE_MASK, "INCONSISTENT")
    remedy = REMEDIES.get(code, "Run `scanner-server verify` and report what it prints.")
    return ServerError(code, f"{path}: {fault}.", remedy=remedy, retryable=code in {"DISK_FULL", "IN_USE"})


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Within it, every fault of SQLite or the file system leaves as a ServerError about `path`."""
    try:
        yield
    except (sqlite3.Error, OSError) as fault:
        raise fault_of(fault, path) from fault
