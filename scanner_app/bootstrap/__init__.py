"""The composition root: the one package that knows every part and puts them together.

`station` makes homes, clocks, ledgers and desks; `scanners` brings in devices; `terminal` runs it all behind a screen.
"""

from __future__ import annotations

from scanner_app.bootstrap.station import (
    Station,
    clock_of,
    desk_of,
    instant_of,
    intake_of,
    judge_of,
    labels_of,
    make_verifier,
    new_id,
    open_ledger,
    open_station,
    station_of,
)

__all__ = [
    "Station",
    "clock_of",
    "desk_of",
    "instant_of",
    "intake_of",
    "judge_of",
    "labels_of",
    "make_verifier",
    "new_id",
    "open_ledger",
    "open_station",
    "station_of",
]
