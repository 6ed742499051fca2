"""Handhelds that are enrolled at a real centre, and what both sides hold: read from their files, beside the programs.

with linked_home(folder, centre, "A") as scanner, Handheld(folder / "home") as handheld: ...
assert_held(home, centre)                  # what the device takes for acknowledged is in the centre's database
assert_converged(centre, [home])           # nothing lost, nothing doubled, the same stock, every check holds
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from tests.system.handheld import CONFIG, command, plugged, verified, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from devices.simulator import VirtualScanner
    from tests.centre import RunningCentre

CONVERGES_WITHIN_S = 240.0
"""A device that failed often enough waits a minute before it tries again."""

OWN = "SELECT p.id, e.seq, e.hash, e.event_id FROM entry e JOIN epoch p ON p.no = e.epoch_no ORDER BY e.position"
ACKED = "SELECT p.id, w.acked FROM watermark w JOIN epoch p ON p.no = w.epoch_no"
UNSENT = (
    "SELECT count(*) FROM entry e LEFT JOIN watermark w ON w.epoch_no = e.epoch_no WHERE e.seq > coalesce(w.acked, 0)"
)
AT_CENTRE = "SELECT epoch, seq, hash, event_id, standing FROM entry"
SCANS_SAVED = "SELECT coalesce(max(scans), 0) FROM entry"
SCANS_AT_CENTRE = (
    "SELECT count(*) FROM entry JOIN epoch USING (site_id, epoch) WHERE device = ? "
    "AND json_type(CAST(bytes AS TEXT), '$.raw') = 'object'"
)
LINES_MAX = 20
"""So many differences are told, not thousands."""


class AtCentre(NamedTuple):
    """An entry as the centre holds it."""

    epoch: bytes
    seq: int
    hash: bytes
    event_id: str
    standing: str


def read(database: Path, sql: str, *values: object) -> list[Any]:
    """Rows of a database that another process writes."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60)) as connection:
        return connection.execute(sql, values).fetchall()


def linked_home(folder: Path, centre: RunningCentre, name: str, url: str | None = None) -> VirtualScanner:
    """A home in `folder` that is enrolled under a name, at another address where there is one; its scanner, plugged."""
    folder.mkdir(exist_ok=True)
    home = folder / "home"
    for arguments in (("init",), ("enrol", url or centre.url, centre.code(name))):
        done = command(*arguments, home=home)
        assert done.returncode == 0, done.stdout + done.stderr
    (home / "config.toml").write_text(CONFIG.format(port=folder / "scanner"), "utf-8")
    return plugged(folder)


def centre_database(centre: RunningCentre) -> Path:
    return centre.home / "centre.db"


def at_centre(centre: RunningCentre) -> list[AtCentre]:
    """Every entry that the centre has, of whatever device."""
    rows = read(centre_database(centre), AT_CENTRE)
    return [
        AtCentre(epoch, seq, link, str(UUID(bytes=event)) if event else "", standing)
        for epoch, seq, link, event, standing in rows
    ]


def own_entries(home: Path) -> list[dict[str, Any]]:
    """Every entry of a device's ledger, in order."""
    return [json.loads(row[0]) for row in read(home / "ledger.db", "SELECT bytes FROM entry ORDER BY position")]


def scans_saved(home: Path) -> int:
    """How many entries with a scan a device has."""
    return int(read(home / "ledger.db", SCANS_SAVED)[0][0])


def scans_at_centre(centre: RunningCentre, name: str) -> int:
    """How many entries with a scan the centre has of a device."""
    return int(read(centre_database(centre), SCANS_AT_CENTRE, name)[0][0])


def event_ids(home: Path) -> list[str]:
    """Of every entry of a device's ledger, in order."""
    return [row[3] for row in read(home / "ledger.db", OWN)]


def assert_held(home: Path, centre: RunningCentre) -> int:
    """Every link that a device has as acknowledged is the centre's too, byte for byte; how many there are.

    The device is read first: what the centre takes meanwhile does no harm.
    """
    acked = dict(read(home / "ledger.db", ACKED))
    own = [row for row in read(home / "ledger.db", OWN) if row[1] <= acked.get(row[0], 0)]
    held = {(each.epoch, each.seq): each.hash for each in at_centre(centre)}
    missing = [(epoch.hex(), seq) for epoch, seq, link, _ in own if held.get((epoch, seq)) != link]
    assert not missing, f"{home}: acknowledged and not at the centre: {missing[:LINES_MAX]}"
    return len(own)


def is_sent(home: Path) -> bool:
    """Whether a device has sent all of it, and nothing waits in its inbox."""
    ledger = home / "ledger.db"
    waiting: int = read(ledger, UNSENT)[0][0] + read(ledger, "SELECT count(*) FROM inbox")[0][0]
    return waiting == 0


def is_settled(home: Path, centre: RunningCentre) -> bool:
    """Whether a device has sent all of it and has applied the whole feed."""
    applied: int = read(home / "ledger.db", "SELECT feed_n FROM site_meta")[0][0]
    number: int = read(centre_database(centre), "SELECT number FROM site")[0][0]
    return is_sent(home) and applied == number


def await_settled(homes: Iterable[Path], centre: RunningCentre) -> None:
    """Returns when all devices have sent and fetched everything."""
    waiting = list(homes)
    wait_until(lambda: all(is_settled(home, centre) for home in waiting), "everything sent", CONVERGES_WITHIN_S)


def json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def stock_of(home: Path, *filters: str) -> list[dict[str, Any]]:
    """What a device says is on hand, without the time of asking."""
    asked = command("stock", "--json", *filters, home=home)
    assert asked.returncode == 0, asked.stderr
    return _stock(asked.stdout)


def stock_at_centre(centre: RunningCentre) -> list[dict[str, Any]]:
    """What the centre reports as on hand, without site and time of asking."""
    return _stock(centre.command("report", "on-hand", "--json"))


def _stock(text: str) -> list[dict[str, Any]]:
    lines = [{key: line[key] for key in line if key not in {"site", "as_of"}} for line in json_lines(text)]
    return sorted(lines, key=lambda line: json.dumps(line, sort_keys=True))


def assert_converged(centre: RunningCentre, homes: Sequence[Path]) -> None:
    """Every event of every device is at the centre exactly once, all hold the same stock, and every check holds."""
    found = Counter(each.event_id for each in at_centre(centre))
    for home in homes:
        wrong = {event: found[event] for event in event_ids(home) if found[event] != 1}
        assert not wrong, f"{home}: event id: how often it is at the centre: {list(wrong.items())[:LINES_MAX]}"
        assert_held(home, centre)
        verified(home)
    told = json.loads(centre.command("verify"))
    assert told["ok"] is True, told
    expected = stock_at_centre(centre)
    for home in homes:
        stock = stock_of(home)
        assert stock == expected, [line for line in stock if line not in expected][:LINES_MAX]
