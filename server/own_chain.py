"""The centre's own entries: one chain a site, in the same form as any device's, signed at its head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.domain.entry import Entry, EntryKind, Origin, Stamp, chain_hash, encode_entry, genesis
from server.chains import EntryRow, EpochRow, append, entry_hash, find_epoch, put_epoch
from server.strict import id_bytes
from server.writing import centre_device
from sync.wire import Standing, signed_bytes

if TYPE_CHECKING:
    from scanner_app.domain.entry import Parent
    from scanner_app.domain.refusals import Accepted
    from server.writing import Writing

BOOT: str = "centre"


def open_own_epoch(writing: Writing, epoch: bytes, parent: Parent) -> None:
    """Begins the chain that the centre's entries of this site go on from now on."""
    device = centre_device(writing.site)
    start = genesis(device, epoch, parent)
    row = EpochRow(
        writing.site, epoch, device, device, parent.epoch, parent.seq, parent.hash, start, 0, start, 0, 0, b"", b""
    )
    put_epoch(writing.session, _signed(writing, row))
    writing.set_own_epoch(epoch)


def own_entry(writing: Writing, kind: EntryKind, verdict: Accepted, **more: str | None) -> Entry:
    """An entry of the centre's at this moment; nothing is written yet.

    `more`: operator, reason, note, refers_to, document.
    """
    now_ms = writing.now_ms
    return Entry(
        kind=kind,
        event_id=writing.means.new_id(),
        stamp=Stamp(now_ms, writing.offset_minutes(), now_ms, BOOT, now_ms, now_ms),
        origin=Origin(writing.site, centre_device(writing.site), None, more.get("operator")),
        verdict=verdict,
        document=more.get("document"),
        reason=more.get("reason"),
        note=more.get("note"),
        refers_to=more.get("refers_to"),
    )


def write_own(writing: Writing, entry: Entry) -> Entry:
    """Appends an entry to the centre's own chain; its effects are the caller's, where it has any."""
    epoch = find_epoch(writing.session, writing.site, writing.own_epoch)
    assert epoch is not None
    stored = encode_entry(entry)
    seq = epoch.seq + 1
    link = chain_hash(epoch.hash, seq, stored)
    number, feed_link = writing.give_number(entry_hash(epoch.epoch, seq, link, Standing.PROJECTED))
    append(
        writing.session,
        [
            EntryRow(
                writing.site, number, feed_link, epoch.epoch, seq, link, id_bytes(entry.event_id),
                Standing.PROJECTED.value, writing.now_ms, stored,
            )
        ],
    )  # fmt: skip
    put_epoch(writing.session, _signed(writing, epoch._replace(seq=seq, hash=link)))
    return entry


def _signed(writing: Writing, epoch: EpochRow) -> EpochRow:
    key = writing.means.key
    signature = key.sign(signed_bytes(epoch.epoch, epoch.seq, epoch.hash))
    return epoch._replace(signed_seq=epoch.seq, signature=signature, signer=key.public)
