"""What must hold when all has come to rest: nothing lost, nothing twice, one view of the site, every chain whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from scanner_app.domain.stock import NOT_COME, NOT_OURS, OUTSIDE, SUPPLIER, case_place
from scanner_app.store.verify import verify as verify_ledger
from server import feed
from server.lists import is_whole
from server.strict import id_text, read_entry
from server.trail import lists_of
from server.verify import verify as verify_centre
from tests.simulation.promises import promise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scanner_app.domain.stock import Posting
    from tests.simulation.device import Device
    from tests.simulation.world import World

VIEWS: Final = {
    "on hand": (
        "SELECT place, gtin, lot, expiry, status, owner, quantity FROM site_on_hand ORDER BY 1, 2, 3, 4, 5, 6",
        ("SELECT place, gtin, lot, expiry, status, owner, quantity FROM on_hand WHERE site_id = ? "
         "ORDER BY 1, 2, 3, 4, 5, 6"),
    ),
    "units": (
        ("SELECT gtin, serial, owner, lot, expiry, status, place, coalesce(document, ''), inferred FROM site_unit "
         "ORDER BY 1, 2"),
        ("SELECT gtin, serial, owner, lot, expiry, status, place, document, inferred FROM unit WHERE site_id = ? "
         "ORDER BY 1, 2"),
    ),
    "containers": (
        "SELECT id, parent, seal, coalesce(document, '') FROM site_container ORDER BY 1",
        "SELECT id, parent, seal, document FROM container WHERE site_id = ? ORDER BY 1",
    ),
    "progress": (
        "SELECT document, gtin, lot, expiry, status, quantity FROM site_progress ORDER BY 1, 2, 3, 4, 5",
        ("SELECT document, gtin, lot, expiry, status, quantity FROM document_progress WHERE site_id = ? "
         "AND quantity <> 0 ORDER BY 1, 2, 3, 4, 5"),
    ),
    "closed documents": (
        "SELECT document FROM site_closed WHERE closed ORDER BY 1",
        "SELECT id FROM document_closed WHERE site_id = ? ORDER BY 1",
    ),
    "follow-ups": (
        (
            "SELECT event_id, code, subject, coalesce(document, ''), coalesce(closed_by, '') FROM site_follow_up "
            "ORDER BY 1"
        ),
        "SELECT event_id, code, subject, document, closed_by FROM follow_up WHERE site_id = ? ORDER BY 1",
    ),
    "open flags": (
        "SELECT id, code, severity, subject FROM flag ORDER BY 1",
        "SELECT id, code, severity, subject FROM flag WHERE site_id = ? AND closed_by = '' ORDER BY 1",
    ),
    "items": (
        "SELECT gtin FROM item ORDER BY 1",
        "SELECT id FROM record WHERE site_id = ? AND kind = 'item' AND body <> '' ORDER BY 1",
    ),
    "watch lines": (
        "SELECT count(*) FROM watch",
        "SELECT count(*) FROM record WHERE site_id = ? AND kind = 'watch' AND body <> ''",
    ),
    "policies": (
        "SELECT id, body FROM record WHERE kind = 'policy' ORDER BY 1",
        "SELECT id, body FROM record WHERE site_id = ? AND kind = 'policy' AND body <> '' ORDER BY 1",
    ),
}  # fmt: skip
"""What a device knows of the site, and what the centre does."""

OVERLAY: Final = {
    "on hand": "SELECT 1 FROM on_hand", "units": "SELECT 1 FROM unit", "containers": "SELECT 1 FROM container",
    "progress": "SELECT 1 FROM document_progress", "closing": "SELECT 1 FROM closing",
    "follow-ups": "SELECT 1 FROM follow_up",
}  # fmt: skip
COUNTED: Final = "SELECT event_id, count(*) FROM entry WHERE site_id = ? AND standing = 'projected' GROUP BY event_id"
STORED: Final = "SELECT standing, event_id, bytes FROM entry WHERE site_id = ? ORDER BY n"
WAITING: Final = "SELECT digest FROM quarantine WHERE site_id = ? AND digest <> ''"
FLAGS: Final = "SELECT code, severity, subject, closed_by FROM flag WHERE site_id = ?"
BELOW_ZERO: Final = "SELECT count(*) FROM on_hand WHERE site_id = ? AND quantity < 0"
UNECHOED: Final = "SELECT event_id FROM entry WHERE position NOT IN (SELECT position FROM echo) ORDER BY 1"


def look_at(world: World) -> None:
    """Raises BrokenPromiseError where a promise does not hold."""
    for site in world.sites:
        _counts_once(world, site)
        _flags_are_right(world, site)
    _only_replaced_disks_lost(world)
    for device in world.devices:
        _holds_the_site(world, device)
        found = verify_ledger(device.path)
        promise(found.ok, f"{device.label} does not verify: {found.findings}")
    verified = verify_centre(world.centre.path)
    promise(verified.ok, f"the centre does not verify: {verified.findings}")
    world.figures["entries at the centre"] += verified.entries


def _counts_once(world: World, site: str) -> None:
    """What stands on any disk is at the centre, counted once, unless it could not be believed."""
    session = world.centre.session
    counted: dict[bytes, int] = dict(session.all(COUNTED, (site,)))
    twice = [id_text(event) for event, times in counted.items() if times > 1]
    promise(not twice, f"{site}: counted more than once: {twice}")
    held = world.centre.events(site)
    waiting = [digest for (digest,) in session.all(WAITING, (site,)) if is_whole(session, site, digest)]
    promise(not waiting, f"{site}: an entry waits for a list that is there: {waiting}")
    for device in world.devices:
        if device.identity.site != site:
            continue
        for fact in device.facts:
            promise(fact.key in held, f"{fact.event_id} of {device.label} is lost")
            doubted = fact.event_id in world.doubted or fact.event_id in _with_doubtful_lists(world, device)
            promise(fact.key in counted or doubted, f"{fact.event_id} of {device.label} is not counted")


def _with_doubtful_lists(world: World, device: Device) -> set[str]:
    """Events that name a list that somebody lost."""
    if not world.doubtful_lists:
        return set()
    rows = device.ledger._connection.execute("SELECT event_id, bytes FROM entry")
    return {event for event, stored in rows if world.doubtful_lists & set(json.loads(stored)["lists"])}


def _only_replaced_disks_lost(world: World) -> None:
    """What the centre has not must have been on a disk alone that was put away."""
    held = set().union(*(world.centre.events(site) for site in world.sites))
    lost = {event for event in world.events if bytes.fromhex(event.replace("-", "")) not in held}
    world.figures["lost with a disk"] += len(lost)
    promise(lost <= world.replaced, f"lost without a disk put away: {sorted(lost - world.replaced)}")


def _flags_are_right(world: World, site: str) -> None:
    """Serials that came twice, forks, and stock below zero are told, and nothing else is called so."""
    session = world.centre.session
    flags = session.all(FLAGS, (site,))
    twice, elsewhere = _in_two_places(world, site)
    for severity, wanted in (("high", twice), ("medium", elsewhere)):
        told = {subject for code, grave, subject, _ in flags if (code, grave) == ("DUP_SERIAL", severity)}
        promise(told == wanted, f"{site}: told as in two places {sorted(told)}, in two places {sorted(wanted)}")
    if world.centre.forked.get(site) == world.centre.past:
        promise(any(code == "FORK" for code, *_ in flags), f"{site}: a fork that nobody is told of")
    below = session.all(BELOW_ZERO, (site,))[0][0]
    open_now = sum(code == "NEGATIVE" and not closed for code, *_, closed in flags)
    promise(open_now == below, f"{site}: {below} lines below zero, {open_now} flags of it")


def _in_two_places(world: World, site: str) -> tuple[set[str], set[str]]:
    """The units that were received while they were here or had left us, and those that were moved from elsewhere.

    By the feed's own order; the first of an entry stands for all of its.
    """
    session = world.centre.session
    stands: dict[str, str] = {}
    twice: set[str] = set()
    elsewhere: set[str] = set()
    for standing, _, stored in session.all(STORED, (site,)):
        entry = read_entry(stored).entry if standing == "projected" else None
        if entry is None:
            continue
        postings = [*entry.postings]
        for members in lists_of(session, site, entry):
            postings += members.postings
        units = [
            (case_place(posting.key.gtin, posting.key.serial), posting)
            for posting in postings
            if posting.key.serial is not None
        ]
        twice.update(list(_received_again(units, stands))[:1])
        elsewhere.update(list(_taken_from_elsewhere(units, stands))[:1])
        stands.update((unit, posting.to_place) for unit, posting in units)
    return twice, elsewhere


def _received_again(units: Sequence[tuple[str, Posting]], stands: Mapping[str, str]) -> Iterator[str]:
    for unit, posting in units:
        comes = posting.from_place in NOT_COME and posting.to_place not in NOT_OURS
        if comes and stands.get(unit, SUPPLIER) not in NOT_COME:
            yield unit


def _taken_from_elsewhere(units: Sequence[tuple[str, Posting]], stands: Mapping[str, str]) -> Iterator[str]:
    for unit, posting in dict(reversed(units)).items():
        stood = stands.get(unit, SUPPLIER)
        if posting.from_place not in OUTSIDE and stood not in {posting.from_place, *NOT_COME}:
            yield unit


def _holds_the_site(world: World, device: Device) -> None:
    """The device's view of the site is the centre's, and its overlay holds only what the centre did not count.

    What it did not believe may be counted by a stranger's entry under the same id: then either is right.
    """
    connection, session, site = device.ledger._connection, world.centre.session, device.identity.site
    for name, (here, there) in VIEWS.items():
        mine, theirs = connection.execute(here).fetchall(), session.all(there, (site,))
        if name == "policies":
            mine, theirs = _read(mine), _read(theirs)
        promise(mine == theirs, f"{device.label}, {name}: {_difference(mine, theirs)}")
    total = feed.head_of(session, site).site_sum
    promise(f"{device.ledger.site.site_sum:016x}" == total, f"{device.label}: another checksum")
    counted: dict[bytes, int] = dict(session.all(COUNTED, (site,)))
    stolen = {fact.event_id for fact in device.facts if fact.key in counted and fact.event_id in world.doubted}
    uncounted = sorted(fact.event_id for fact in device.facts if fact.key not in counted)
    unechoed = [row[0] for row in connection.execute(UNECHOED) if row[0] not in stolen]
    promise(unechoed == uncounted, f"{device.label}: without an echo {unechoed}, uncounted {uncounted}")
    counters = device.ledger.counters()
    promise(
        0 <= counters.parked - len(uncounted) <= len(stolen),
        f"{device.label}: {counters.parked} parked, {len(uncounted)} uncounted",
    )
    promise(counters.scans_sent == counters.scans_saved, f"{device.label}: not all is told as sent")
    if not uncounted and not stolen:
        left = [table for table, rows in OVERLAY.items() if connection.execute(rows).fetchone()]
        promise(not left, f"{device.label}: its overlay is not empty: {left}")


def _read(rows: list[tuple[str, str]]) -> list[tuple[str, object]]:
    return [(record, json.loads(body)) for record, body in rows]


def _difference(mine: Sequence[object], theirs: Sequence[object]) -> str:
    return f"only here {[row for row in mine if row not in theirs]}, only there {[r for r in theirs if r not in mine]}"
