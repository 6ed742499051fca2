"""The whole ledger as lines: epochs, links that were issued again, and each entry's exact bytes after its lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.domain.entry import decode_entry

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

EPOCHS = "SELECT no, id, device, parent_epoch, parent_seq, parent_hash, genesis FROM epoch ORDER BY no"
ISSUED_AGAIN = (
    "SELECT r.epoch_no, r.seq, r.hash, e.epoch_no, e.seq FROM reissue r JOIN entry e ON e.position = r.position "
    "ORDER BY r.epoch_no, r.seq"
)
ENTRIES = "SELECT epoch_no, seq, hash, bytes FROM entry ORDER BY position"
CHUNKS = "SELECT n, bytes FROM list_chunk WHERE digest = ? ORDER BY n"
ExportLine = dict[str, str | int | bytes]


def exported_lines(connection: sqlite3.Connection) -> Iterator[ExportLine]:
    """Lines of type epoch, reissue, list and entry, in an order in which they can be taken in again.

    A reissue line says which sequence of an earlier epoch a first link of an epoch repeats; its bytes are that entry's.
    """
    for number, epoch, device, parent_epoch, parent_seq, parent_hash, first_hash in connection.execute(EPOCHS):
        yield {
            "type": "epoch", "no": number, "epoch": epoch, "device": device, "parent_epoch": parent_epoch,
            "parent_seq": parent_seq, "parent_hash": parent_hash, "genesis": first_hash,
        }  # fmt: skip
    for epoch_no, seq, link, of_epoch_no, of_seq in connection.execute(ISSUED_AGAIN):
        yield {
            "type": "reissue", "epoch_no": epoch_no, "seq": seq, "hash": link, "of_epoch_no": of_epoch_no,
            "of_seq": of_seq,
        }  # fmt: skip
    told: set[str] = set()
    for epoch_no, seq, entry_hash, stored in connection.execute(ENTRIES):
        for digest in decode_entry(stored).lists:
            if digest not in told:
                told.add(digest)
                for n, chunk in connection.execute(CHUNKS, (digest,)):
                    yield {"type": "list", "digest": digest, "n": n, "bytes": chunk}
        yield {"type": "entry", "epoch_no": epoch_no, "seq": seq, "hash": entry_hash, "bytes": stored}
