"""The centre's time as this device knows it: what it last said, carried on by elapsed time.

A handheld whose battery was empty may start years ago. Whether goods have expired follows the later of the two clocks
(model.md, Rules that touch every workflow); entries keep both, so that doubts can be judged later.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner_app.clock import Clock
    from scanner_app.store.site import SiteMeta

NS_PER_MS = 1_000_000


def last_heard(site: SiteMeta, boot_id: str) -> tuple[int | None, int | None]:
    """The last (server time, monotonic ms) pair; no monotonic stamp of another run of the machine."""
    return site.server_time, site.server_mono_ms if site.server_boot_id == boot_id else None


def server_now(site: SiteMeta, clock: Clock) -> datetime | None:
    """The centre's time now, or at least: after a restart, time that passed while switched off is not known."""
    server_ms, mono_ms = last_heard(site, clock.boot_id)
    if server_ms is None:
        return None
    passed_ms = 0 if mono_ms is None else max(0, clock.monotonic_ns() // NS_PER_MS - mono_ms)
    return datetime.fromtimestamp(server_ms / 1000, UTC) + timedelta(milliseconds=passed_ms)


def latest_now(site: SiteMeta, clock: Clock) -> datetime:
    """The later of the device's time and the centre's."""
    now, heard = clock.now(), server_now(site, clock)
    return now if heard is None else max(now, heard)
