"""Leases: tasks and ranges of SSCCs, each for one incarnation of a device's ledger (docs/decisions/0005, Leases).

A serial reference is given once. A centre that was restored does not know what it gave since the copy was made; so what
may have been given at any moment is bounded by the time alone, and a restored centre goes on above that bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from scanner_app.domain.entry import NO_EPOCH, EntryKind
from scanner_app.domain.keys import SSCC_DIGITS, is_digits
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.site_state import REFERENCE_DIGITS, SSCC_LEASE
from scanner_app.domain.stock import SSCC_PLACE
from scanner_app.errors import ConfigError
from server.chains import find_epoch
from server.own_chain import own_entry, write_own
from server.records import LEASE, POLICY, SETTING, TASK, decode_body, find_record
from server.registry import DAY_MS
from server.strict import read_entry
from sync.wire import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.lists import MemberList
    from scanner_app.domain.refusals import Parameters
    from server.chains import EpochRow
    from server.database import Session
    from server.writing import Writing

TASK_LEASE: Final = "task"
RANGE: Final = 100
"""Serial references of a range, where no policy says otherwise."""
LEFT_MIN: Final = 20
"""A device with fewer left gets a new range, where no policy says otherwise."""
TASK_MINUTES: Final = 480
"""How long a task is leased, where neither the command nor a policy says otherwise."""

AT_ONCE: Final = 10
"""One of so many of a prefix's serial references may be given from the first moment on."""
SPACE_DAYS: Final = 3650
"""The rest becomes free evenly over so many days."""
PREFIX_DIGITS: Final = range(5, 15)
"""Digits of a prefix: an extension digit and a company prefix at least, and room for serial references."""
LEVELS_MAX: Final = 1000
ROTATED: Final = "rotated"
"""What parameter `epoch` of an epoch's first entry, of kind `device`, says where the ledger was rotated."""

EXPIRED: Final = "EXPIRED"
NEW_EPOCH: Final = "NEW_EPOCH"
LOST: Final = "LOST"
WITHDRAWN: Final = "WITHDRAWN"

COLUMNS: Final = "id, kind, device, epoch, subject, until, first, last, used, ended"
ADD: Final = (
    "INSERT INTO lease (site_id, id, kind, device, epoch, subject, until, first, last, used, ended) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')"
)
FIND: Final = f"SELECT {COLUMNS} FROM lease WHERE site_id = ? AND id = ?"  # noqa: S608 - our own words
ALL: Final = f"SELECT {COLUMNS} FROM lease WHERE site_id = ? ORDER BY id"  # noqa: S608 - our own words
OF_DEVICE: Final = f"SELECT {COLUMNS} FROM lease WHERE site_id = ? AND device = ? AND ended = '' ORDER BY id"  # noqa: S608 - our own words
OF_SUBJECT: Final = f"SELECT {COLUMNS} FROM lease WHERE site_id = ? AND subject = ? AND ended = '' ORDER BY id"  # noqa: S608 - our own words
OVER: Final = f"SELECT {COLUMNS} FROM lease WHERE site_id = ? AND ended = '' AND until < ? ORDER BY id"  # noqa: S608 - our own words
END: Final = "UPDATE lease SET ended = ? WHERE site_id = ? AND id = ?"
RENEW: Final = "UPDATE lease SET until = ? WHERE site_id = ? AND id = ?"
CARRY: Final = "UPDATE lease SET epoch = ? WHERE site_id = ? AND id = ?"
USE: Final = (
    "UPDATE lease SET used = ? WHERE site_id = ? AND kind = 'sscc' AND subject = ? AND first <= ? AND last >= ? "
    "AND used < ?"
)
SPACES: Final = "SELECT prefix, next, since_ms, active FROM sscc_space WHERE site_id = ? ORDER BY prefix"
ALL_SPACES: Final = "SELECT site_id, prefix FROM sscc_space ORDER BY site_id, prefix"
ADD_SPACE: Final = (
    "INSERT INTO sscc_space (site_id, prefix, next, since_ms, active) VALUES (?, ?, ?, ?, 1) "
    "ON CONFLICT (site_id, prefix) DO UPDATE SET active = 1"
)
REST: Final = "UPDATE sscc_space SET active = 0 WHERE site_id = ? AND prefix <> ?"
SET_NEXT: Final = "UPDATE sscc_space SET next = ? WHERE site_id = ? AND prefix = ?"
HOLDER: Final = "SELECT epoch FROM lease_holder WHERE site_id = ? AND device = ?"
SET_HOLDER: Final = (
    "INSERT INTO lease_holder (site_id, device, epoch) VALUES (?, ?, ?) "
    "ON CONFLICT (site_id, device) DO UPDATE SET epoch = excluded.epoch"
)
FIRST_ENTRY: Final = "SELECT bytes FROM entry WHERE site_id = ? AND epoch = ? AND seq = 1 AND standing = ?"
LAST_RECORDED: Final = "SELECT record_ms FROM entry WHERE site_id = ? ORDER BY n DESC LIMIT 1"


class LeaseRow(NamedTuple):
    """A row of table lease."""

    id: str
    kind: str
    device: str
    epoch: str
    subject: str
    until: int | None
    first: int
    last: int
    used: int
    ended: str


class Space(NamedTuple):
    """The serial references under a prefix; `next` is given next, `active`: ranges are cut from it."""

    prefix: str
    next: int
    since_ms: int
    active: int

    def bound(self, now_ms: int) -> int:
        """What may have been given at this moment at most: a serial reference below it."""
        return bound(self.prefix, now_ms - self.since_ms)


def bound(prefix: str, age_ms: int) -> int:
    """The bound on serial references under a prefix, so long after the first: it grows with the time alone."""
    size: int = 10 ** (REFERENCE_DIGITS - len(prefix))
    at_once = size // AT_ONCE
    grown: int = (size - at_once) * max(age_ms, 0) // (SPACE_DAYS * DAY_MS)
    return min(size, at_once + grown)


# --- prefixes ---------------------------------------------------------------------------------------------------------


def spaces(session: Session, site: str) -> list[Space]:
    """The prefixes of a site."""
    return [Space(*row) for row in session.all(SPACES, (site,))]


def set_prefix(writing: Writing, prefix: str) -> None:
    """Cuts ranges from this prefix from now on. Raises ConfigError BAD_PREFIX, or PREFIX_TAKEN by another one."""
    if not is_digits(prefix) or len(prefix) not in PREFIX_DIGITS:
        message = f"{prefix!r}: extension digit and company prefix, {PREFIX_DIGITS[0]} to {PREFIX_DIGITS[-1]} digits."
        raise ConfigError("BAD_PREFIX", message)
    for site, other in writing.session.all(ALL_SPACES):
        same = (site, other) == (writing.site, prefix)
        if not same and (prefix.startswith(other) or other.startswith(prefix)):
            remedy = "Use another extension digit, or further digits that no other site begins with."
            raise ConfigError("PREFIX_TAKEN", f"{prefix}: site {site} gives numbers under {other}.", remedy=remedy)
    since_ms = _born_ms(writing)
    first = bound(prefix, writing.now_ms - since_ms) if _was_restored(writing) else 1
    writing.session.run(ADD_SPACE, (writing.site, prefix, first, since_ms))
    writing.session.run(REST, (writing.site, prefix))


def _born_ms(writing: Writing) -> int:
    """When the site was made, the same in every copy of the books."""
    record = find_record(writing.session, writing.site, SETTING, "site_name")
    return writing.now_ms if record is None else record.made_ms


def _was_restored(writing: Writing) -> bool:
    """Whether the books were restored once, so that they may not tell of all that was given."""
    own = find_epoch(writing.session, writing.site, writing.own_epoch)
    return own is not None and own.parent_epoch != NO_EPOCH


def go_on_above(writing: Writing) -> None:
    """After a restore: goes on above all that may have been given since the copy was made."""
    row = writing.session.one(LAST_RECORDED, (writing.site,))
    now_ms = max(writing.now_ms, 0 if row is None else row[0])
    for space in spaces(writing.session, writing.site):
        writing.session.run(SET_NEXT, (max(space.next, space.bound(now_ms)), writing.site, space.prefix))


# --- granting and ending ----------------------------------------------------------------------------------------------


def grant_range(writing: Writing, device: str, epoch: bytes, count: int) -> str | None:
    """Leases a range of so many SSCCs to an incarnation; its id, None where there is no prefix or no number left."""
    space = next((each for each in spaces(writing.session, writing.site) if each.active), None)
    if space is None or space.next + count > space.bound(writing.now_ms):
        return None
    writing.session.run(SET_NEXT, (space.next + count, writing.site, space.prefix))
    first, last = space.next, space.next + count - 1
    row = LeaseRow(writing.means.new_id(), SSCC_LEASE, device, epoch.hex(), space.prefix, None, first, last, first, "")
    return _grant(writing, row)


def grant_task(writing: Writing, task: str, device: str, epoch: bytes, until_ms: int) -> str | None:
    """Leases a task until a time; the same device's is renewed. Its id; None where another device has it."""
    end_expired(writing)
    held = [LeaseRow(*row) for row in writing.session.all(OF_SUBJECT, (writing.site, task))]
    held = [lease for lease in held if lease.kind == TASK_LEASE]
    if any(lease.device != device for lease in held):
        return None
    if held:
        writing.session.run(RENEW, (until_ms, writing.site, held[0].id))
        renewed = held[0]._replace(until=until_ms)
        _tell(writing, renewed)
        _put(writing, renewed)
        lease = renewed.id
    else:
        row = LeaseRow(writing.means.new_id(), TASK_LEASE, device, epoch.hex(), task, until_ms, 0, 0, 0, "")
        lease = _grant(writing, row)
    _hold(writing, task, device, until_ms)
    return lease


def _grant(writing: Writing, row: LeaseRow) -> str:
    _tell(writing, row)
    writing.session.run(ADD, (writing.site, *row[:-1]))
    _put(writing, row)
    return row.id


def _tell(writing: Writing, lease: LeaseRow, ended: str | None = None) -> None:
    """The entry of the site's own chain that grants a lease, or ends it."""
    told: Parameters = {
        "lease": lease.id, "kind": lease.kind, "device": lease.device, "epoch": lease.epoch, "subject": lease.subject,
        "until": lease.until, "first": lease.first, "last": lease.last, "ended": ended,
    }  # fmt: skip
    write_own(writing, own_entry(writing, EntryKind.LEASED, Accepted(parameters=told)))


def _put(writing: Writing, lease: LeaseRow) -> None:
    body = {
        "id": lease.id, "kind": lease.kind, "device": lease.device, "epoch": lease.epoch, "subject": lease.subject,
        "until": lease.until, "first": lease.first, "last": lease.last,
    }  # fmt: skip
    writing.put(LEASE, lease.id, body)


def end_lease(writing: Writing, lease: LeaseRow, why: str) -> None:
    """Ends a lease: its device forgets it, its numbers are never given again, its task is free."""
    _tell(writing, lease, why)
    writing.session.run(END, (why, writing.site, lease.id))
    writing.put(LEASE, lease.id, None)
    if lease.kind == TASK_LEASE:
        _hold(writing, lease.subject, None, None)


def end_by_id(writing: Writing, lease: str) -> bool:
    """Ends an open lease; False where there is none of that id."""
    row = writing.session.one(FIND, (writing.site, lease))
    if row is None or LeaseRow(*row).ended:
        return False
    end_lease(writing, LeaseRow(*row), WITHDRAWN)
    return True


def end_of_device(writing: Writing, device: str) -> None:
    """Ends all that a device holds: it is lost."""
    for row in writing.session.all(OF_DEVICE, (writing.site, device)):
        end_lease(writing, LeaseRow(*row), LOST)


def end_expired(writing: Writing) -> None:
    """Ends the leases whose time is over."""
    for row in writing.session.all(OVER, (writing.site, writing.now_ms)):
        end_lease(writing, LeaseRow(*row), EXPIRED)


def _hold(writing: Writing, task: str, device: str | None, until_ms: int | None) -> None:
    """The task's record names its holder; a task that is done or cancelled stays so."""
    record = find_record(writing.session, writing.site, TASK, task)
    body: dict[str, Any] = {"id": task, "kind": "", "document": None, "state": "open"}
    if record is not None and record.body:
        body = decode_body(record.body)
    if body.get("state") in {"open", "claimed"}:
        body["state"] = "open" if device is None else "claimed"
    writing.put(TASK, task, {**body, "holder": device, "until": until_ms})


def leases(session: Session, site: str, *, ended: bool = False) -> Iterator[LeaseRow]:
    """The leases of a site, oldest first; `ended`: those that are over too."""
    found = (LeaseRow(*row) for row in session.all(ALL, (site,)))
    return (row for row in found if ended or not row.ended)


# --- at ingest --------------------------------------------------------------------------------------------------------


def note_used(writing: Writing, entries: Iterable[Entry], lists: Mapping[str, MemberList]) -> None:
    """Entries were counted: which serial references they show as used."""
    highest: dict[tuple[str, int], int] = {}
    known: list[Space] | None = None
    for entry in entries:
        moves = [*entry.container_moves, *(each for digest in entry.lists for each in lists[digest].container_moves)]
        for move in moves:
            digits = move.container.removeprefix(SSCC_PLACE)
            if digits == move.container or not is_digits(digits) or len(digits) != SSCC_DIGITS:
                continue
            known = spaces(writing.session, writing.site) if known is None else known
            for space in known:
                if digits.startswith(space.prefix):
                    reference = int(digits[len(space.prefix) : REFERENCE_DIGITS])
                    highest[space.prefix, reference] = reference + 1
    for (prefix, reference), used in sorted(highest.items()):
        writing.session.run(USE, (used, writing.site, prefix, reference, reference, used))


def top_up(writing: Writing, chain: EpochRow, *, is_new: bool) -> None:
    """A device was there: its leases follow the incarnation it is in now, and it gets a range where few are left."""
    end_expired(writing)
    holder = holder_of(writing.session, writing.site, chain.device)
    if holder != chain.epoch:
        if holder is not None and not _succeeds(writing, chain, holder, is_new=is_new):
            return
        writing.session.run(SET_HOLDER, (writing.site, chain.device, chain.epoch))
        _follow(writing, chain, holder)
    if not any(space.active for space in spaces(writing.session, writing.site)):
        return
    held = [LeaseRow(*row) for row in writing.session.all(OF_DEVICE, (writing.site, chain.device))]
    left = sum(lease.last - lease.used + 1 for lease in held if lease.kind == SSCC_LEASE)
    if left < policy(writing, "sscc_left", LEFT_MIN):
        grant_range(writing, chain.device, chain.epoch, max(policy(writing, "sscc_range", RANGE), 1))


def holder_of(session: Session, site: str, device: str) -> bytes | None:
    """The incarnation of a device's ledger that may hold leases; None for a device that has sent nothing yet."""
    row = session.one(HOLDER, (site, device))
    return None if row is None else bytes(row[0])


def policy(writing: Writing, name: str, default: int) -> int:
    """A policy of the site."""
    record = find_record(writing.session, writing.site, POLICY, name)
    return default if record is None or not record.body else int(decode_body(record.body)["value"])


def _succeeds(writing: Writing, chain: EpochRow, holder: bytes, *, is_new: bool) -> bool:
    """Whether an epoch comes after the one that holds leases: it descends from it, or nobody has seen it before."""
    parent = chain.parent_epoch
    for _ in range(LEVELS_MAX):
        if parent == holder:
            return True
        found = find_epoch(writing.session, writing.site, parent)
        if found is None:
            break
        parent = found.parent_epoch
    return is_new and not _is_within(writing, holder, chain.epoch)


def _is_within(writing: Writing, epoch: bytes, ancestor: bytes) -> bool:
    """Whether an epoch descends from another one."""
    for _ in range(LEVELS_MAX):
        found = find_epoch(writing.session, writing.site, epoch)
        if found is None:
            return False
        epoch = found.parent_epoch
        if epoch == ancestor:
            return True
    return False


def _follow(writing: Writing, chain: EpochRow, former: bytes | None) -> None:
    """A rotation keeps leases. After a restore or fork the ranges are over, and tasks are leased anew."""
    kept = former is not None and _is_rotated(writing, chain, former)
    for row in writing.session.all(OF_DEVICE, (writing.site, chain.device)):
        lease = LeaseRow(*row)
        if kept:
            writing.session.run(CARRY, (chain.epoch.hex(), writing.site, lease.id))
            carried = lease._replace(epoch=chain.epoch.hex())
            _tell(writing, carried)
            _put(writing, carried)
            continue
        end_lease(writing, lease, NEW_EPOCH)
        if lease.kind == TASK_LEASE and lease.until is not None:
            grant_task(writing, lease.subject, chain.device, chain.epoch, lease.until)


def _is_rotated(writing: Writing, chain: EpochRow, former: bytes) -> bool:
    """Whether an epoch says that it goes on from the other one's end, and the centre has that one to its end."""
    before = find_epoch(writing.session, writing.site, former)
    row = writing.session.one(FIRST_ENTRY, (writing.site, chain.epoch, Standing.PROJECTED.value))
    entry = None if row is None else read_entry(row[0]).entry
    return (
        before is not None
        and (chain.parent_epoch, chain.parent_seq, chain.parent_hash) == (former, before.seq, before.hash)
        and entry is not None
        and entry.kind is EntryKind.DEVICE
        and entry.verdict.parameters.get("epoch") == ROTATED
    )
