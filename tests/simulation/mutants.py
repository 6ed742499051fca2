"""Deliberate faults, each a small change of the real code: a simulation that lets one pass would prove nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from unittest import mock

from scanner_app.bootstrap import syncing
from scanner_app.domain.feed import Standing
from scanner_app.domain.lists import MemberList
from scanner_app.store import echoes, ledger, records, site, snapshot
from scanner_app.store import feed as device_feed
from server import chains, feed, ingest, pushes
from server import records as centre_records
from server.books import Books
from server.problems import ProblemError
from sync.engine import Engine
from sync.wire import Ack, Page
from tests.simulation import centre, disks
from tests.simulation.world import Result, run
from tests.sync import mutants as engines

if TYPE_CHECKING:
    from collections.abc import Iterator

Patch = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True)
class Mutant:
    """A fault: what is done to the code, or another engine; of push, pull, lists or snapshot.

    `heals`: why no promise is broken by it.
    """

    name: str
    about: str
    patch: Patch | None = None
    engine: type[Engine] | None = None
    heals: str = ""


MUTANTS: list[Mutant] = []


def mutant(about: str) -> Callable[[Callable[[], Iterator[None]]], None]:
    """Lists a fault."""

    def listed(patch: Callable[[], Iterator[None]]) -> None:
        MUTANTS.append(Mutant(patch.__name__, about, contextmanager(patch)))

    return listed


# Push, at the centre.


@mutant("push")
def answers_before_the_commit() -> Iterator[None]:
    """Now and then what was answered is not on the disk."""
    whole, times = Books.write, iter(range(10**9))

    def write(self: Books, site_id: str, works: Any) -> Any:  # noqa: ANN401 - as Books.write
        if next(times) % 4:
            return whole(self, site_id, works)
        return _not_committed(self, site_id, works, whole)

    with mock.patch.object(Books, "write", write):
        yield


def _not_committed(books: Books, site_id: str, works: Any, write: Any) -> Any:  # noqa: ANN401 - as Books.write
    """Does the works, keeps their results and rolls back."""
    kept = []

    def keep(work: Any) -> Any:  # noqa: ANN401 - a work of any result
        def done(writing: Any) -> None:  # noqa: ANN401 - a Writing
            kept.append(work(writing))

        return done

    def fall_over(_: Any) -> None:  # noqa: ANN401 - a Writing
        raise centre.FellOverError

    try:
        write(books, site_id, [*map(keep, works), fall_over])
    except centre.FellOverError:
        books.numbers.pop(site_id, None)
    return kept


@mutant("push")
def takes_a_repeated_request_for_done() -> Iterator[None]:
    """By a memory of requests, whatever became of the first of them."""
    seen: set[tuple[str, int, int]] = set()
    whole = ingest.take_push

    def take_push(writing: Any, push: Any) -> Any:  # noqa: ANN401 - as take_push
        told = push.push
        asked = (told.epoch.id, told.start_seq, len(told.entries))
        if told.entries and asked in seen:
            return Ack("ack", told.epoch.id, push.last, push.head.hex(), 0, writing.now_ms)
        answer = whole(writing, push)
        if isinstance(answer, Ack):
            seen.add(asked)
        return answer

    with mock.patch.object(centre, "take_push", take_push):
        yield


@mutant("push")
def passes_over_gaps() -> Iterator[None]:
    """A push that starts too late is appended where it says."""
    whole = ingest.take_push

    def take_push(writing: Any, push: Any) -> Any:  # noqa: ANN401 - as take_push
        def find_epoch(*asked: Any) -> Any:  # noqa: ANN401 - as find_epoch
            row = found(*asked)
            start = push.push.start_seq
            if row is not None and start > row.seq + 1:
                return row._replace(seq=start - 1, hash=push.before)
            return row

        with mock.patch.object(ingest, "find_epoch", find_epoch):
            return whole(writing, push)

    found = chains.find_epoch
    with mock.patch.object(centre, "take_push", take_push):
        yield


@mutant("push")
def compares_no_links() -> Iterator[None]:
    """A sequence is a sequence."""
    with mock.patch.object(ingest, "_differs", return_value=False):
        yield


@mutant("push")
def counts_what_comes_twice() -> Iterator[None]:
    """What of a push is there already is folded once more."""
    whole = ingest._Taking.take

    def take(self: Any, first: int) -> None:  # noqa: ANN401 - a _Taking
        whole(self, first)
        again = [read.entry for read in self.push.reads[: max(first, 0)] if read.entry and not read.entry.lists]
        ingest._Judging(self.writing, self.push.identity.device, {}).count(again)

    with mock.patch.object(ingest._Taking, "take", take):
        yield


@mutant("push")
def knows_no_event_ids() -> Iterator[None]:
    """A fact counts as often as it comes in another epoch."""
    with mock.patch.object(ingest._Judging, "_is_counted", return_value=False):
        yield


@mutant("push")
def refuses_what_it_cannot_read() -> Iterator[None]:
    """One bad entry, and the whole push is an error."""
    whole = pushes.prepare

    def prepare(*asked: Any) -> Any:  # noqa: ANN401 - as prepare
        prepared = whole(*asked)
        if any(read.entry is None for read in prepared.reads):
            raise ProblemError("MALFORMED", "an entry")
        return prepared

    with mock.patch.object(centre, "prepare", prepare):
        yield


@mutant("push")
def passes_over_what_it_cannot_read() -> Iterator[None]:
    """A bad entry is left out of the books, and acknowledged."""
    whole = ingest._Taking._append

    def append(self: Any, rows: Any) -> None:  # noqa: ANN401 - as _append
        whole(self, [row for row in rows if row[3] is None])

    with mock.patch.object(ingest._Taking, "_append", append):
        yield


@mutant("push")
def calls_everything_safe() -> Iterator[None]:
    """What is acknowledged may be forgotten, backup or not."""
    whole = ingest._Taking.answer

    def answer(self: Any) -> Any:  # noqa: ANN401 - a _Taking
        told = whole(self)
        return replace(told, safe_seq=told.seq) if isinstance(told, Ack) else told

    with mock.patch.object(ingest._Taking, "answer", answer):
        yield


MUTANTS.extend([
    Mutant("drops_what_is_refused", "push", engine=engines.DropsWhatIsRefused),
    Mutant("forgets_former_epochs", "push", engine=engines.MUTANTS["SendsThePresentOnly"]),
    Mutant("never_lowers_a_watermark", "push", engine=engines.MUTANTS["NeverLowers"]),
    Mutant("never_cuts", "push", engine=engines.MUTANTS["NeverCuts"]),
    Mutant("takes_a_twins_entries_for_its_own", "push", engine=engines.MUTANTS["BelievesWhatLiesBeyond"]),
    Mutant(
        "asks_heads_once", "push", engine=engines.AsksHeadsOnce,
        heals="each push, and each heartbeat, tells as well where the centre's chain ends",
    ),
])  # fmt: skip


# Pull.


@mutant("pull")
def tells_a_cursor_past_its_rows() -> Iterator[None]:
    """A page that is cut says that it was the last."""
    whole = feed.page

    def page(session: Any, site_id: str, *asked: Any) -> Any:  # noqa: ANN401 - as page
        answer = whole(session, site_id, *asked)
        if isinstance(answer, Page) and answer.more:
            return replace(answer, cursor=feed.head_of(session, site_id).cursor, more=False)
        return answer

    with mock.patch.object(feed, "page", page):
        yield


@mutant("pull")
def believes_any_cursor() -> Iterator[None]:
    """A number is a number, from whatever past."""
    whole = feed.page

    def page(session: Any, site_id: str, scope: Any, cursor: str, *asked: Any) -> Any:  # noqa: ANN401 - as page
        head, given = feed.head_of(session, site_id), feed.read_cursor(cursor)
        number = min(0 if given is None else given[0], head.number)
        link = feed._link_at(session, site_id, head, number)
        return whole(session, site_id, scope, feed.cursor_text(number, link or b""), *asked)

    with mock.patch.object(feed, "page", page):
        yield


@mutant("pull")
def forgets_its_cursor() -> Iterator[None]:
    """Now and then the rows of a page are on the disk and its cursor is not."""
    whole, times = site.write_meta, iter(range(10**9))

    def write_meta(cursor: Any, meta: Any) -> None:  # noqa: ANN401 - as write_meta
        if next(times) % 2:
            whole(cursor, replace(meta, site_sum=meta.site_sum))
        else:
            cursor.execute("UPDATE site_meta SET site_sum = ?", (f"{meta.site_sum:016x}",))

    with mock.patch.object(site, "write_meta", write_meta):
        yield


@mutant("pull")
def keeps_its_own_beside_the_echo() -> Iterator[None]:
    """What the base brings back stays in the overlay too."""
    with mock.patch.object(device_feed._Changes, "_take_echo", return_value=None):
        yield


@mutant("pull")
def counts_duplicates() -> Iterator[None]:
    """A row is a row, whatever the centre made of it."""
    whole = device_feed._read_entry

    def read_entry(row: Any, lists: Any) -> Any:  # noqa: ANN401 - as _read_entry
        counted = row.standing is Standing.DUPLICATE
        return whole(replace(row, standing=Standing.PROJECTED) if counted else row, lists)

    with mock.patch.object(device_feed, "_read_entry", read_entry):
        yield


@mutant("pull")
def gives_up_what_was_not_counted() -> Iterator[None]:
    """An own entry that the centre quarantined is taken for known."""
    whole = device_feed._read_entry

    def read_entry(row: Any, lists: Any) -> Any:  # noqa: ANN401 - as _read_entry
        known = row.standing is Standing.QUARANTINED
        return whole(replace(row, standing=Standing.DUPLICATE) if known else row, lists)

    with mock.patch.object(device_feed, "_read_entry", read_entry):
        yield


@mutant("pull")
def keeps_what_was_deleted() -> Iterator[None]:
    """A tombstone is passed over."""
    with mock.patch.object(records, "_delete", return_value=None):
        yield


@mutant("pull")
def forgets_tombstones_silently() -> Iterator[None]:
    """Those who have not heard of a deletion are not sent for a snapshot."""
    raised = "UPDATE site SET floor = min(floor, ?) WHERE site_id = ? AND floor < ?"
    with mock.patch.object(centre_records, "RAISE_FLOOR", raised):
        yield


MUTANTS.extend([
    Mutant("takes_no_snapshot", "pull", engine=engines.TakesNoSnapshot),
    Mutant("trusts_its_base", "pull", engine=engines.TrustsItsBase),
    Mutant("never_pulls", "pull", engine=engines.NeverPulls),
])  # fmt: skip


# Lists.

MUTANTS.extend([
    Mutant("sends_no_lists", "lists", engine=engines.MUTANTS["SendsNoLists"]),
    Mutant(
        "sends_lists_for_ever", "lists", engine=engines.MUTANTS["SendsListsForEver"],
        heals="the centre takes a bad chunk for the word that the list is lacking",
    ),
])  # fmt: skip


@mutant("lists")
def counts_without_the_list() -> Iterator[None]:
    """A list that is missing is an empty one."""
    whole = ingest._Judging._load_lists

    def load_lists(self: Any, entry: Any) -> None:  # noqa: ANN401 - as _load_lists
        try:
            whole(self, entry)
        except (ingest.ListsMissingError, ingest.UnfitError):
            self.lists |= {digest: MemberList() for digest in entry.lists if digest not in self.lists}

    with mock.patch.object(ingest._Judging, "_load_lists", load_lists):
        yield


@mutant("lists")
def pages_without_lists() -> Iterator[None]:
    """Entries come without what they name."""
    with mock.patch.object(feed, "_lists_before", return_value=()):
        yield


@mutant("lists")
def believes_any_chunk() -> Iterator[None]:
    """What is spoilt is kept as it is, by the centre."""
    with mock.patch.object(pushes, "is_chunk", return_value=True):
        yield


@mutant("lists")
def never_judges_again() -> Iterator[None]:
    """An entry whose list has come stays where it is."""
    with mock.patch.object(ingest, "judge_waiting", return_value=None):
        yield


# Snapshots.


@mutant("snapshot")
def believes_a_vector_without_its_links() -> Iterator[None]:
    """A sequence is a sequence: of a twin's chain too."""
    with mock.patch.object(snapshot, "_covered", lambda _, chain, seq, __: min(seq, chain.end)):
        yield


@mutant("snapshot")
def never_learns_what_the_base_holds() -> Iterator[None]:
    """What was open when a snapshot was loaded stays open."""
    with mock.patch.object(ledger, "echo_held", return_value=None), mock.patch.object(echoes, "fold_overlay"):
        yield


@mutant("snapshot")
def forgets_what_was_not_sent() -> Iterator[None]:
    """A snapshot is all there is."""

    def fold_overlay(_: Any, target: Any) -> None:  # noqa: ANN401 - as fold_overlay
        for table in ("on_hand", "unit", "container", "document_progress", "closing", "follow_up"):
            target.execute(f"DELETE FROM {table}")  # noqa: S608 - one of the names above

    with mock.patch.object(snapshot, "fold_overlay", fold_overlay):
        yield


@mutant("snapshot")
def never_goes_back() -> Iterator[None]:
    """A snapshot that is older than the base leaves the cursor where it is."""
    whole = site.write_meta
    copied = snapshot.copy_snapshot

    def copy_snapshot(cursor: Any, meta: Any) -> Any:  # noqa: ANN401 - as copy_snapshot
        taken = copied(cursor, meta)
        if taken.feed_n < meta.feed_n:
            taken = replace(taken, feed_n=meta.feed_n, feed_cursor=meta.feed_cursor)
            whole(cursor, taken)
        return taken

    with mock.patch.object(snapshot, "copy_snapshot", copy_snapshot):
        yield


@mutant("snapshot")
def takes_the_uncounted_for_counted() -> Iterator[None]:
    """The list of what was quarantined is not looked at."""
    with mock.patch.object(snapshot, "UNCOVER", "SELECT 1"):
        yield


@mutant("snapshot")
def keeps_old_echoes() -> Iterator[None]:
    """What an older snapshot does not hold is still called known."""
    with mock.patch.object(snapshot, "UNECHO", "SELECT 1"):
        yield


@mutant("snapshot")
def loads_without_a_look() -> Iterator[None]:
    """A file is loaded as it comes."""
    with mock.patch.object(syncing, "check_snapshot", return_value=None):
        yield


def caught(fault: Mutant, seeds: int) -> Result | None:
    """The first of so many seeds that finds it; None: none of them does."""
    for made_before in (disks.fresh_centre, disks.fresh_ledger, disks.fresh_scratch):
        made_before()
    for seed in range(seeds):
        with nullcontext() if fault.patch is None else fault.patch():
            result = run(seed, fault.engine or Engine)
        if result.finding is not None:
            return result
    return None
