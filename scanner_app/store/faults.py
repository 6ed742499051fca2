"""What SQLite and the file system say when they fail, as one sentence and one remedy each."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scanner_app.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DISK_FULL = "DISK_FULL"
READ_ONLY = "READ_ONLY"
CORRUPT = "CORRUPT"
LEDGER_IN_USE = "LEDGER_IN_USE"
NEWER_SCHEMA = "NEWER_SCHEMA"
NO_LEDGER = "NO_LEDGER"
NOT_OPENABLE = "NOT_OPENABLE"
DISK_FAULT = "DISK_FAULT"
OTHER_DEVICE = "OTHER_DEVICE"
BAD_BACKUP = "BAD_BACKUP"
BAD_SNAPSHOT = "BAD_SNAPSHOT"
INCONSISTENT = "INCONSISTENT"

PRIMARY_CODE_MASK = 0xFF
"""The low byte of an extended result code is its primary code (sqlite.org, Result and Error Codes)."""

SENTENCES = {
    DISK_FULL: ("The disk is full: {path} cannot grow.", "Free some space; nothing saved before is lost."),
    READ_ONLY: ("{path} can be read but not written.", "Make the file and its folder writable for this user."),
    CORRUPT: (
        "{path} is damaged or no ledger ({cause}).",
        "Keep the file as it is and run `scanner ledger verify`; then `scanner ledger restore` from a backup.",
    ),
    LEDGER_IN_USE: ("{path} is in use by another program.", "Close the other program, then try again."),
    NO_LEDGER: ("There is no ledger at {path}.", "Run `scanner init` first."),
    NOT_OPENABLE: ("{path} cannot be opened ({cause}).", "Check that the folder exists and this user may write there."),
    DISK_FAULT: (
        "The disk failed while reading or writing {path} ({cause}).",
        "Stop scanning, check the storage, then start again; what was confirmed before is kept.",
    ),
    INCONSISTENT: ("{path} refused a change ({cause}).", "Run `scanner ledger verify` and report what it prints."),
}
BY_RESULT_CODE = {
    sqlite3.SQLITE_FULL: DISK_FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_PERM: READ_ONLY,
    sqlite3.SQLITE_AUTH: READ_ONLY,
    sqlite3.SQLITE_CORRUPT: CORRUPT,
    sqlite3.SQLITE_NOTADB: CORRUPT,
    sqlite3.SQLITE_FORMAT: CORRUPT,
    sqlite3.SQLITE_BUSY: LEDGER_IN_USE,
    sqlite3.SQLITE_LOCKED: LEDGER_IN_USE,
    sqlite3.SQLITE_PROTOCOL: LEDGER_IN_USE,
    sqlite3.SQLITE_CANTOPEN: NOT_OPENABLE,
    sqlite3.SQLITE_IOERR: DISK_FAULT,
    sqlite3.SQLITE_NOMEM: DISK_FAULT,
}
BY_ERRNO = {
    errno.ENOSPC: DISK_FULL,
    errno.EDQUOT: DISK_FULL,
    errno.EFBIG: DISK_FULL,
    errno.EROFS: READ_ONLY,
    errno.EACCES: READ_ONLY,
    errno.EPERM: READ_ONLY,
    errno.ENOENT: NOT_OPENABLE,
    errno.ENOTDIR: NOT_OPENABLE,
    errno.EISDIR: NOT_OPENABLE,
}
RETRYABLE = frozenset({DISK_FULL, LEDGER_IN_USE})
"""Faults that pass once somebody has acted; after any other the ledger must be opened anew."""


def store_error(code: str, path: Path, cause: object = "") -> StoreError:
    """The error of a code in `SENTENCES`, about one file."""
    sentence, remedy = SENTENCES[code]
    return StoreError(code, sentence.format(path=path, cause=cause), remedy=remedy, retryable=code in RETRYABLE)


def fault_of(fault: sqlite3.Error | OSError | UnicodeDecodeError, path: Path) -> StoreError:
    """What a fault of SQLite or of the file system comes to; SQLite's own words may be damaged text."""
    if isinstance(fault, UnicodeDecodeError):
        return store_error(CORRUPT, path, "its text is no UTF-8")
    if isinstance(fault, OSError):
        return store_error(BY_ERRNO.get(fault.errno or 0, DISK_FAULT), path, fault.strerror or fault)
    result = getattr(fault, "sqlite_errorcode", None)
    if result is None:
        return store_error(INCONSISTENT, path, fault)
    return store_error(BY_RESULT_CODE.get(result & PRIMARY_CODE_MASK, INCONSISTENT), path, fault)


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Within it, what SQLite cannot read, or reads though nobody can have written it, leaves as a StoreError.

    Faults of the system pass: they may be those of whoever reads the answer.
    """
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as fault:
        raise fault_of(fault, path) from fault
    except (ValueError, TypeError, KeyError) as fault:
        raise store_error(CORRUPT, path, f"{type(fault).__name__} where an entry or a record should be") from fault


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Within it, every fault of SQLite or the file system leaves as a StoreError about `path`."""
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeDecodeError) as fault:
        raise fault_of(fault, path) from fault
