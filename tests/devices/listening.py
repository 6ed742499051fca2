"""What a source delivers and says, collected so that a test can wait for it without sleeping."""

from __future__ import annotations

import threading
from collections.abc import Callable

from devices.scan import RawScan
from devices.source import SourceState, SourceStatus

PATIENCE_S = 10.0


class Listener:
    """The two callables a source is started with."""

    def __init__(self) -> None:
        self.scans: list[RawScan] = []
        self.statuses: list[SourceStatus] = []
        self._changed = threading.Condition()

    def deliver(self, scan: RawScan) -> None:
        with self._changed:
            self.scans.append(scan)
            self._changed.notify_all()

    def changed(self, status: SourceStatus) -> None:
        with self._changed:
            self.statuses.append(status)
            self._changed.notify_all()

    def until(self, true: Callable[[], bool], what: str) -> None:
        with self._changed:
            assert self._changed.wait_for(true, PATIENCE_S), f"no {what}: {self.statuses[-3:]} {len(self.scans)} scans"

    def await_scans(self, count: int) -> list[RawScan]:
        self.until(lambda: len(self.scans) >= count, f"{count} scans")
        return self.scans

    def await_state(self, state: SourceState, times: int = 1) -> SourceStatus:
        def matching() -> list[SourceStatus]:
            return [status for status in self.statuses if status.state is state]

        self.until(lambda: len(matching()) >= times, f"{state} x {times}")
        return matching()[-1]
