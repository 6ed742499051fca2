"""Copies of a ledger in use, and their way back: a copy counts only when it verifies; nothing is ever overwritten."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from scanner_app.errors import StoreError
from scanner_app.store.chain import open_epoch, read_head
from scanner_app.store.database import connect_copy, connect_reader, connect_writer, take_lock
from scanner_app.store.faults import BAD_BACKUP, translated
from scanner_app.store.verify import Verification, verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAGES_A_STEP = 1024
PART_SUFFIX = ".part"


def back_up(ledger: Path, copy: Path) -> Verification:
    """A verified copy of the ledger at `copy`, made while it may be in use. Raises StoreError; then there is no copy.

    The copy is written beside its name, synced, verified and renamed, and the folder is synced.
    """
    if copy.exists():
        message = f"{copy} is there already."
        raise StoreError(BAD_BACKUP, message, remedy="Name another file; a backup is never overwritten.")
    part = copy.with_name(copy.name + PART_SUFFIX)
    part.unlink(missing_ok=True)
    try:
        with translated(copy):
            source, target = connect_reader(ledger), connect_copy(part)
            try:
                source.backup(target, pages=PAGES_A_STEP)
            finally:
                target.close()
                source.close()
        found = _verified(part)
        with translated(copy):
            _sync(part)
            part.rename(copy)
            _sync(copy.parent)
    finally:
        part.unlink(missing_ok=True)
    return found


def restore(copy: Path, ledger: Path, make_epoch: Callable[[], bytes], stamp: str) -> Path | None:
    """Puts a verified copy in the ledger's place and begins a new epoch of the chain in it.

    Entries made after the copy may exist elsewhere, so the chain goes on under a new epoch whose parent is the copy's
    head. The former ledger is kept beside it, named by `stamp`; its path, or None without one. Raises StoreError:
    BAD_BACKUP for a copy that does not verify, LEDGER_IN_USE while a terminal runs.
    """
    _verified(copy)
    part = ledger.with_name(ledger.name + PART_SUFFIX)
    lock = take_lock(ledger)
    try:
        with translated(ledger):
            shutil.copyfile(copy, part)
            _sync(part)
            kept = _keep_aside(ledger, stamp)
            part.rename(ledger)
            ledger.chmod(0o600)
            _sync(ledger.parent)
    finally:
        lock.release()
    database = connect_writer(ledger)
    try:
        with translated(ledger):
            head = read_head(database.connection)
            if head is not None:
                open_epoch(database.connection, head.device, make_epoch(), head)
    finally:
        database.close()
    return kept


def _verified(copy: Path) -> Verification:
    found = verify(copy)
    if not found.ok:
        message = f"{copy} does not verify: {found.findings[0]}."
        raise StoreError(BAD_BACKUP, message, remedy="Take another backup; this one is not used.")
    return found


def _keep_aside(ledger: Path, stamp: str) -> Path | None:
    """Moves the former ledger and what belongs to it out of the way."""
    if not ledger.exists():
        return None
    kept = ledger.with_name(f"{ledger.name}.before-restore-{stamp}")
    for suffix in ("-wal", "-shm", ""):
        part = ledger.with_name(ledger.name + suffix)
        if part.exists():
            part.rename(kept.with_name(kept.name + suffix))
    return kept


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
