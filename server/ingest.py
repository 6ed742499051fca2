"""Ingest: one push within one transaction (sync.md, Push; docs/decisions/0005, What the centre keeps).

Lock the chain → check where the push stands → append the exact bytes → judge → fold into stock → flags → answer. There
is no answer that refuses an entry: what cannot be read or believed is stored, quarantined, and the watermark moves on.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from scanner_app.domain.lists import MEMBERS_MAX, ListFormatError
from server.chains import (
    EntryRow,
    EpochRow,
    append,
    entry_hash,
    find_epoch,
    known_seqs,
    link_at,
    put_epoch,
    same_events,
)
from server.counts import note_entries, note_quiet
from server.doubts import DOUBTS, EPOCH_SUBJECT, Doubt, FlagCode, Severity, judge
from server.flags import below_zero, open_flag
from server.fold import Fold
from server.leases import note_used, top_up
from server.lists import add_absent, add_chunks, chunks_of, is_absent, is_whole
from server.registry import note_seen
from server.strict import Read, id_text, read_entry, read_list
from sync.wire import Ack, Flagged, Fork, Gap, Link, ListsWanted, Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanner_app.domain.entry import Entry
    from scanner_app.domain.lists import MemberList
    from scanner_app.domain.refusals import Parameters
    from scanner_app.domain.stock import Posting
    from server.pushes import Prepared
    from server.writing import Writing
    from sync.wire import PushAnswer

log = structlog.get_logger()
MEMBERS_A_PUSH_MAX: Final = 20_000
"""List members that one push may count; the entries after them are left for the next one."""
LIST_BYTES_MAX: Final = 8 * 1024 * 1024
"""Bytes and members of all lists of one entry: a page of the feed carries them whole."""
NO_EVENT: Final = ""

ADD_QUARANTINE: Final = "INSERT INTO quarantine (site_id, n, digest, why) VALUES (?, ?, ?, ?)"
WAITING: Final = (
    "SELECT e.site_id, e.n, e.link, e.epoch, e.seq, e.hash, e.event_id, e.standing, e.record_ms, e.bytes "
    "FROM quarantine q JOIN entry e ON e.site_id = q.site_id AND e.n = q.n WHERE q.site_id = ? AND q.digest = ? "
    "ORDER BY e.n"
)
WAIT_FOR: Final = "UPDATE quarantine SET digest = ? WHERE site_id = ? AND n = ?"
DROP_QUARANTINE: Final = "DELETE FROM quarantine WHERE site_id = ? AND n = ?"
KEEP_NUMBER: Final = "INSERT INTO past_number (site_id, n, link, row_hash) VALUES (?, ?, ?, ?)"
RENUMBER: Final = "UPDATE entry SET n = ?, link = ?, standing = ? WHERE site_id = ? AND epoch = ? AND seq = ?"


class UnfitError(Exception):
    """An entry that cannot be projected; `digest`: the list it waits for, or ''."""

    def __init__(self, why: str, digest: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.digest = digest


class ListsMissingError(Exception):
    """An entry names lists that the centre lacks and that the device may have."""

    def __init__(self, digests: tuple[str, ...]) -> None:
        super().__init__(digests)
        self.digests = digests


def take_push(writing: Writing, push: Prepared) -> PushAnswer:
    """Takes what is new of a push; its answer is true once the transaction is committed."""
    session, site = writing.session, writing.site
    chain = find_epoch(session, site, push.epoch) or _new_chain(site, push)
    if chain.device != push.identity.device or chain.genesis != push.genesis:
        return _forked(writing, push, chain, (Link(0, chain.genesis.hex()),))
    if push.push.start_seq > chain.seq + 1:
        return Gap("gap", push.push.epoch.id, chain.seq, chain.hash.hex(), chain.safe_seq, writing.now_ms)
    if _differs(writing, push, chain):
        known = tuple(Link(seq, link_at(session, chain, seq).hex()) for seq in known_seqs(chain.seq))
        return _forked(writing, push, chain, known)
    completed = _take_lists(writing, push)
    taken = _Taking(writing, push, chain)
    taken.take(chain.seq + 1 - push.push.start_seq)
    for digest in completed:
        judge_waiting(writing, digest)
    note_seen(session, push, writing.now_ms, current=taken.chain.seq >= push.last >= chain.seq)
    note_quiet(writing)
    if taken.chain.seq:
        _lease(writing, taken.chain, is_new=chain.seq == 0)
    return taken.answer()


def _lease(writing: Writing, chain: EpochRow, *, is_new: bool) -> None:
    """What the device may use from now on; whatever goes wrong with it, the push is taken."""
    try:
        with writing.savepoint():
            top_up(writing, chain, is_new=is_new)
    except sqlite3.OperationalError:
        raise
    except Exception:
        log.exception("leases are as they were", site=writing.site)


def _new_chain(site: str, push: Prepared) -> EpochRow:
    """The chain of an epoch that the centre has nothing of; it is written with its first entry."""
    parent, start = push.parent, push.genesis
    return EpochRow(
        site, push.epoch, push.identity.device, push.push.epoch.device, parent.epoch, parent.seq, parent.hash,
        start, 0, start, 0, 0, b"", b"",
    )  # fmt: skip


def _differs(writing: Writing, push: Prepared, chain: EpochRow) -> bool:
    """Whether the chains part before, or within what both have: equal links there mean that all before are equal."""
    start = push.push.start_seq
    common = min(chain.seq, push.last)
    theirs = push.before if common < start else push.links[common - start]
    return push.before != link_at(writing.session, chain, start - 1) or theirs != link_at(
        writing.session, chain, common
    )


def _forked(writing: Writing, push: Prepared, chain: EpochRow, known: tuple[Link, ...]) -> Fork:
    """Two branches of one chain, or a chain of another device: said, and nothing of the push is stored."""
    told: Parameters = {"device": push.identity.device, "other": chain.device}
    doubt = Doubt(FlagCode.FORK, Severity.HIGH, f"{EPOCH_SUBJECT}{push.push.epoch.id}:{push.identity.device}", told)
    open_flag(writing, doubt, event_id=NO_EVENT, device=push.identity.device)
    return Fork("fork", push.push.epoch.id, known, writing.now_ms)


def _take_lists(writing: Writing, push: Prepared) -> list[str]:
    """Keeps the chunks; the lists that are whole now and were not before."""
    session, site = writing.session, writing.site
    digests = sorted({chunk.digest for chunk in push.chunks})
    before = {digest for digest in digests if is_whole(session, site, digest)}
    add_chunks(session, site, push.chunks)
    if push.absent:
        add_absent(session, site, push.identity.device, push.absent)
    return [digest for digest in digests if digest not in before and is_whole(session, site, digest)]


@dataclass(slots=True)
class _Taking:
    """The entries of one push on their way into chain, feed and stock."""

    writing: Writing
    push: Prepared
    chain: EpochRow
    flags: list[Flagged] = field(default_factory=list)
    wanted: tuple[str, ...] = ()
    members: int = 0

    def take(self, first: int) -> None:
        """Appends the entries from index `first` on. If one of them breaks the whole, they are taken one by one."""
        new = range(first, len(self.push.links))
        if not new:
            return
        start = self.chain
        try:
            with self.writing.savepoint():
                self._take(new)
        except sqlite3.OperationalError:
            raise
        except Exception:  # noqa: BLE001 - whatever an entry does to us: it is stored, and the others are taken
            self.chain, self.flags, self.wanted, self.members = start, [], (), 0
            self._take_singly(new)

    def _take_singly(self, new: Sequence[int]) -> None:
        for index in new:
            start = self.chain
            try:
                with self.writing.savepoint():
                    self._take([index])
            except sqlite3.OperationalError:
                raise
            except Exception as fault:  # noqa: BLE001 - as above; this is the one
                self.chain = start
                read = self.push.reads[index]
                self._append([(index, Standing.QUARANTINED, read.event_id, UnfitError(type(fault).__name__))])
            if self.wanted or self.members > MEMBERS_A_PUSH_MAX:
                return

    def _take(self, new: Sequence[int]) -> None:
        """Judges, appends and folds, up to the first entry whose lists are missing, or to the bound on members."""
        event_ids = [self.push.reads[index].event_id for index in new]
        known = same_events(self.writing.session, self.writing.site, event_ids)
        judging = _Judging(self.writing, self.push.identity.device, known)
        rows = []
        counted = []
        for index in new:
            read = self.push.reads[index]
            try:
                standing, fault = judging.judge(read, self.push.push.entries[index])
            except ListsMissingError as missing:
                self.wanted = missing.digests
                break
            rows.append((index, standing, read.event_id, fault))
            if standing is Standing.PROJECTED and read.entry is not None:
                counted.append(read.entry)
                self.members += sum(len(judging.lists[digest]) for digest in read.entry.lists)
            if self.members > MEMBERS_A_PUSH_MAX:
                break
        self._append(rows)
        self.flags += judging.count(counted)

    def _append(self, rows: list[tuple[int, Standing, bytes, UnfitError | None]]) -> None:
        """Writes the entries at the next numbers, and the chain's new head."""
        if not rows:
            return
        writing, epoch = self.writing, self.chain.epoch
        entries = []
        for index, standing, event_id, fault in rows:
            seq, link = self.push.push.start_seq + index, self.push.links[index]
            number, feed_link = writing.give_number(entry_hash(epoch, seq, link, standing))
            stored = self.push.push.entries[index]
            entries.append(
                EntryRow(
                    writing.site, number, feed_link, epoch, seq, link, event_id, str(standing), writing.now_ms, stored
                )
            )
            if fault is not None:
                writing.session.run(ADD_QUARANTINE, (writing.site, number, fault.digest, fault.why))
        append(writing.session, entries)
        last = entries[-1]
        self.chain = self.chain._replace(seq=last.seq, hash=last.hash)
        if last.seq == self.push.last:
            identity = self.push.identity
            self.chain = self.chain._replace(
                signed_seq=last.seq, signature=self.push.push.chain_sig, signer=identity.public_key
            )
        put_epoch(writing.session, self.chain)

    def answer(self) -> PushAnswer:
        """How far the chain has come, and what the device should know."""
        chain, epoch, now_ms = self.chain, self.push.push.epoch.id, self.writing.now_ms
        if self.wanted:
            return ListsWanted("lists", epoch, chain.seq, chain.hash.hex(), self.wanted, now_ms)
        return Ack("ack", epoch, chain.seq, chain.hash.hex(), chain.safe_seq, now_ms, tuple(self.flags))


@dataclass(slots=True)
class _Judging:
    """Judges entries in order, then counts those that stand."""

    writing: Writing
    device: str
    known: dict[bytes, list[tuple[str, bytes]]]
    """Event id → standing and bytes of the entries that have it already."""
    lists: dict[str, MemberList] = field(default_factory=dict)
    _counted: dict[bytes, bytes] = field(default_factory=dict)
    """Event id → bytes of what this very push counts."""
    _forks: list[str] = field(default_factory=list)

    def judge(self, read: Read, stored: bytes) -> tuple[Standing, UnfitError | None]:
        """What an entry comes to. Raises ListsMissingError."""
        try:
            entry = self._readable(read)
            duplicate = self._is_counted(read.event_id, stored)
            if not duplicate:
                self._load_lists(entry)
        except UnfitError as fault:
            return Standing.QUARANTINED, fault
        if duplicate:
            return Standing.DUPLICATE, None
        self._counted[read.event_id] = stored
        return Standing.PROJECTED, None

    def _readable(self, read: Read) -> Entry:
        if read.entry is None:
            raise UnfitError(read.why)
        if read.entry.origin.site in self.writing.knows.other_sites:
            raise UnfitError(f"of site {read.entry.origin.site}")
        return read.entry

    def _is_counted(self, event_id: bytes, stored: bytes) -> bool:
        """Whether the same event was counted before; other bytes under its id are a fork."""
        known = self.known.get(event_id, ())
        others = [content for _, content in known]
        if event_id in self._counted:
            others.append(self._counted[event_id])
        if any(content != stored for content in others):
            self._forks.append(id_text(event_id))
        return event_id in self._counted or any(standing == Standing.PROJECTED for standing, _ in known)

    def _load_lists(self, entry: Entry) -> None:
        """Reads the lists that an entry names."""
        missing = []
        size = 0
        for digest in entry.lists:
            if digest in self.lists:
                continue
            chunks = chunks_of(self.writing.session, self.writing.site, digest)
            if chunks is None:
                missing.append(digest)
                continue
            size += sum(map(len, chunks))
            if size > LIST_BYTES_MAX:
                raise UnfitError(f"lists of over {LIST_BYTES_MAX} bytes")
            try:
                self.lists[digest] = read_list(digest, chunks)
            except ListFormatError as fault:
                raise UnfitError(str(fault)) from None
        if missing:
            if any(is_absent(self.writing.session, self.writing.site, self.device, digest) for digest in missing):
                raise UnfitError("a list that it names is absent", missing[0])
            raise ListsMissingError(tuple(dict.fromkeys(missing)))
        if sum(len(self.lists[digest]) for digest in entry.lists) > MEMBERS_MAX:
            raise UnfitError(f"over {MEMBERS_MAX} members")

    def count(self, entries: Sequence[Entry]) -> list[Flagged]:
        """Folds the entries into stock and opens what flags they give; those flags."""
        writing = self.writing
        fold = Fold(writing.session, writing.site, writing.exchange)
        fold.fetch_units(entries, self.lists)
        found: list[tuple[Entry, Doubt]] = []
        for entry in entries:
            found += [(entry, doubt) for doubt in self._doubts(entry, fold)]
            fold.add(entry, self.lists, self.device)
        changed = fold.write()
        flagged = []
        told: set[tuple[str, str, str]] = set()
        for entry, doubt in found:
            same = (str(doubt.code), doubt.subject, str(doubt.severity))
            if same not in told:
                told.add(same)
                open_flag(writing, doubt, event_id=entry.event_id, device=self.device, document=entry.document)
            flagged.append(Flagged(entry.event_id, str(doubt.code), str(doubt.severity)))
        for event_id in self._forks:
            doubt = Doubt(FlagCode.FORK, Severity.HIGH, f"event:{event_id}", {"device": self.device, "other": ""})
            open_flag(writing, doubt, event_id=event_id, device=self.device)
            flagged.append(Flagged(event_id, str(doubt.code), str(doubt.severity)))
        flagged += below_zero(writing, changed, self.device)
        note_used(writing, entries, self.lists)
        note_entries(writing, entries, self.lists)
        return flagged

    def _doubts(self, entry: Entry, fold: Fold) -> list[Doubt]:
        postings: Sequence[Posting] = entry.postings
        if entry.lists:
            postings = [*postings, *(each for digest in entry.lists for each in self.lists[digest].postings)]
        judged = judge(entry, postings, self.device, (self.writing.knows, fold), self.writing.now_ms)
        return [doubt for doubts in DOUBTS for doubt in doubts(judged)]


def judge_waiting(writing: Writing, digest: str) -> None:
    """Judges once more what was quarantined for want of a list that has come: it gets a later number."""
    for found in writing.session.all(WAITING, (writing.site, digest)):
        row = EntryRow(*found)
        try:
            with writing.savepoint():
                _judge_again(writing, row, digest)
        except sqlite3.OperationalError:
            raise
        except Exception:
            log.exception("an entry stays quarantined", site=row.site, number=row.n)


def _judge_again(writing: Writing, row: EntryRow, digest: str) -> None:
    chain = find_epoch(writing.session, writing.site, row.epoch)
    assert chain is not None
    read = read_entry(row.bytes)
    judging = _Judging(writing, chain.device, same_events(writing.session, writing.site, [read.event_id]))
    try:
        standing, fault = judging.judge(read, row.bytes)
    except ListsMissingError as missing:
        standing, fault = Standing.QUARANTINED, UnfitError("a list that it names is absent", missing.digests[0])
    if fault is not None or read.entry is None:
        waits_for = "" if fault is None or fault.digest == digest else fault.digest
        writing.session.run(WAIT_FOR, (waits_for, row.site, row.n))
        return
    old_hash = entry_hash(row.epoch, row.seq, row.hash, Standing.QUARANTINED)
    number, link = writing.give_number(entry_hash(row.epoch, row.seq, row.hash, standing))
    writing.session.run(KEEP_NUMBER, (row.site, row.n, row.link, old_hash))
    writing.session.run(RENUMBER, (number, link, standing.value, row.site, row.epoch, row.seq))
    writing.session.run(DROP_QUARANTINE, (row.site, row.n))
    if standing is Standing.PROJECTED:
        judging.count([read.entry])
