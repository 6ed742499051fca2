"""The real centre on a disk of its own: what it answers as bytes, and all that may become of its machine."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.feed_records import WATCH, bodies_of
from scanner_app.domain.masters import Item, StorageClass, Watch
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.site_records import SiteRecords
from server import feed, snapshot
from server.backup import back_up, restore
from server.books import Books
from server.books import Failed as WorkFailed
from server.database import Session, open_reader
from server.imports import put_records
from server.ingest import take_push
from server.own_chain import own_entry, write_own
from server.problems import ProblemError
from server.pushes import prepare
from server.records import drop_tombstones
from server.safety import heads_in, mark_safe
from server.writing import Means
from sync.exchange import Failed, Failure
from sync.transport import BY_STATUS, SERVER_ERROR
from sync.wire import Fork, Scope
from tests.server.handhelds import CENTRE_KEY, GTIN, OTHER_GTIN
from tests.simulation.disks import content_of, fresh_centre
from tests.simulation.promises import promise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from random import Random

    from server.pushes import Identity, Prepared
    from server.writing import Writing
    from sync.wire import PushAnswer

RECALLS: Final = (
    Watch("RCL-1", "recall", OTHER_GTIN, "C90", None, "sterility"),
    Watch("RCL-2", "recall", GTIN, "Q7", None, "leaflet"),
    Watch("WTC-1", "watch", GTIN, None, "S3", "theft"),
)
LINK_OF: Final = "SELECT hash FROM entry WHERE site_id = ? AND epoch = ? AND seq = ?"
COUNTED_UP_TO: Final = "SELECT event_id FROM entry WHERE site_id = ? AND n <= ? AND standing = 'projected'"
EVENTS: Final = "SELECT event_id FROM entry WHERE site_id = ?"


class Fate(Enum):
    """What becomes of the centre while it does a work."""

    WELL = auto()
    BEFORE_COMMIT = auto()
    """It falls over with everything done and nothing committed."""


class FellOverError(BaseException):
    """The centre's process ended; nothing catches it."""


class Copy(NamedTuple):
    """An older state of the centre that may come back: of a verified backup the file, of a standby its bytes."""

    path: Path | None
    content: bytes


@dataclass(slots=True)
class Centre:
    """One centre with its sites. `past`: how often an older state was put in its place."""

    folder: Path
    source: Random
    now_ms: Callable[[], int]
    new_id: Callable[[], str]
    past: int = 0
    books: Books = field(init=False)
    backups: list[Copy] = field(default_factory=list)
    safe: set[tuple[str, str, int, str]] = field(default_factory=set)
    """Site, epoch, sequence and link of all that some verified backup has held."""
    standby: Copy | None = None
    forked: dict[str, int] = field(default_factory=dict)
    """Site → in which past a fork was last answered."""
    digests: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each site's snapshot, as its answer names it."""
    _numbers: dict[str, int] = field(default_factory=dict)
    _snapshots: dict[str, bytes] = field(default_factory=dict)
    _files: int = 0

    def __post_init__(self) -> None:
        self.path.write_bytes(fresh_centre())
        self.open()

    @property
    def path(self) -> Path:
        """The database."""
        return self.folder / "centre.db"

    @property
    def means(self) -> Means:
        """Clock, ids and key."""
        return Means(self.now_ms, self.new_id, CENTRE_KEY)

    @property
    def session(self) -> Session:
        """For questions."""
        return self.books.database.session

    def open(self) -> None:
        """Its process starts."""
        self.books = Books.open(self.path, self.means)

    def restart(self) -> None:
        """Its process ends, and another one starts."""
        self.books.close()
        self._snapshots.clear()
        self.open()

    # What devices ask.

    def push(self, identity: Identity, body: bytes, fate: Fate = Fate.WELL, beside: Sequence[Prepared] = ()) -> bytes:
        """A push, with others in the same commit. Raises ProblemError and FellOverError; any other is a finding."""
        prepared = prepare(identity, body)
        works: list[Callable[[Writing], PushAnswer]] = [partial(_taken, prepared=each) for each in (*beside, prepared)]
        if fate is Fate.BEFORE_COMMIT:
            try:
                self.books.write(identity.site, [*works, _fall_over])
            except FellOverError:
                self.restart()
                raise
        for answer in self.books.write(identity.site, works):
            if isinstance(answer, WorkFailed):
                raise answer.fault
            if isinstance(answer, Fork):
                self.forked[identity.site] = self.past
        self.look_at_numbers()
        return msgspec.json.encode(answer)

    def heads(self, identity: Identity) -> bytes:
        """What it has of a device."""
        return msgspec.json.encode(feed.heads(self.session, identity.site, identity.device, self.now_ms()))

    def page(self, identity: Identity, asked: dict[str, str], rows_max: int) -> bytes:
        """A page of the feed, at most of so many rows."""
        limit = min(int(asked["limit"]), rows_max)
        scope = Scope(asked["scope"])
        self.session.run("BEGIN")
        try:
            answer = feed.page(self.session, identity.site, scope, asked["cursor"], limit, self.now_ms())
        finally:
            self.session.run("COMMIT")
        return msgspec.json.encode(answer)

    def snapshot(self, site: str, *, anew: bool) -> bytes:
        """A packed snapshot; one that was made before is given again unless `anew`."""
        if anew or site not in self._snapshots:
            plain, packed = self.folder / "snapshot.db", self.folder / "snapshot.db.zst"
            plain.unlink(missing_ok=True)
            snapshot.build(self.path, site, plain, self.now_ms())
            self.digests[site], _ = snapshot.pack(plain, packed)
            self._snapshots[site] = packed.read_bytes()
        return self._snapshots[site]

    # What becomes of it.

    def back_up(self) -> None:
        """A verified backup, after which what it holds is safe."""
        self._files += 1
        copy = self.folder / f"backup-{self._files}.db"
        back_up(self.path, copy)
        with closing(open_reader(copy)) as connection:
            heads = heads_in(Session(connection))
            for site, epoch, seq, link in connection.execute("SELECT site_id, epoch, seq, hash FROM entry"):
                self.safe.add((site, epoch.hex(), seq, link.hex()))
        for site, chains in heads.items():
            safe = {bytes.fromhex(epoch): (seq, bytes.fromhex(link)) for epoch, (seq, link) in chains.items()}
            self.books.do(site, partial(mark_safe, heads=safe))
        self.backups = [*self.backups[-1:], Copy(copy, b"")]

    def follow(self) -> None:
        """The standby catches up."""
        self.standby = Copy(None, content_of(self.books))

    def restore(self) -> str:
        """An older state in its place: a backup by the command, or the disk of a standby that lags."""
        copies = [copy for copy in (*self.backups, self.standby) if copy is not None]
        if not copies:
            return "nothing"
        copy = self.source.choice(copies)
        self.books.close()
        if copy.path is not None:
            self._files += 1
            aside = restore(copy.path, self.path, self.means, str(self._files))
            if aside is not None:
                aside.unlink()
        else:
            for suffix in ("-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            self.path.write_bytes(copy.content)
        self.past += 1
        self._snapshots.clear()
        self._numbers.clear()
        self.open()
        return "a standby" if copy.path is None else "a backup"

    def look_at_numbers(self) -> None:
        """A number that was given is never taken back."""
        for site, number in self.books.numbers.items():
            promise(number >= self._numbers.get(site, 0), f"{site}: its feed goes back to {number}")
            self._numbers[site] = number

    # What the office does.

    def keep_records(self, site: str) -> str:
        """A master record, a recall or a policy more, changed or less; rarely what was deleted is forgotten too."""
        kept = self.source.choice(OFFICE)
        self.books.do(site, partial(kept, number=self.source.randrange(2)))
        return kept.__name__.strip("_")

    # What it holds.

    def holds(self, site: str, epoch: str, seq: int, link: str) -> bool:
        """Whether this link is of its own chain."""
        row = self.session.one(LINK_OF, (site, bytes.fromhex(epoch), seq))
        return not seq or (row is not None and row[0].hex() == link)

    def has_cursor(self, site: str, cursor: str) -> bool:
        """Whether it is of this past."""
        given = feed.read_cursor(cursor)
        assert given is not None
        return given[1] == feed._link_at(self.session, site, feed.head_of(self.session, site), given[0])

    def counted(self, site: str, number: int) -> set[bytes]:
        """The events that are counted up to a number of the feed."""
        return {row[0] for row in self.session.all(COUNTED_UP_TO, (site, number))}

    def events(self, site: str) -> set[bytes]:
        """The events of all entries, whatever their standing."""
        return {row[0] for row in self.session.all(EVENTS, (site,)) if row[0]}


def refusal_of(problem: ProblemError) -> Failed:
    """What a device makes of a problem (sync.transport)."""
    status, wait_s = problem.kind.status, problem.kind.retry_after_s
    failure = BY_STATUS.get(status, Failure.BROKEN if status >= SERVER_ERROR else Failure.REFUSED)
    return Failed(failure, None if wait_s is None else wait_s * 1000, problem.code)


def _taken(writing: Writing, prepared: Prepared) -> PushAnswer:
    return take_push(writing, prepared)


def _fall_over(_: Writing) -> PushAnswer:
    raise FellOverError


def _name_item(writing: Writing, number: int) -> None:
    item = Item(GTIN, "Amoxidem", f"strength {number}", StorageClass.AMBIENT)
    put_records(writing, SiteRecords(items=(item,)))


def _recall(writing: Writing, number: int) -> None:
    put_records(writing, SiteRecords(watches=(RECALLS[number],)))
    write_own(writing, own_entry(writing, EntryKind.RECALL, Accepted()))


def _end_recall(writing: Writing, number: int) -> None:
    for _, record, _ in bodies_of(SiteRecords(watches=(RECALLS[number],))):
        writing.put(WATCH, record, None)


def _set_policy(writing: Writing, number: int) -> None:
    writing.put("policy", f"policy-{number}", {"name": f"policy-{number}", "value": writing.now_ms % 7})


def _end_policy(writing: Writing, number: int) -> None:
    writing.put("policy", f"policy-{number}", None)


def _prune(writing: Writing, number: int) -> None:
    _end_policy(writing, number)
    drop_tombstones(writing.session, writing.site, writing.now_ms + 1)


OFFICE: Final = (_name_item, _recall, _recall, _end_recall, _set_policy, _set_policy, _end_policy, _prune, _prune)
"""What the office does, each as often as it stands here."""
