"""Verify a scanner's ledger without the scanner: `python3 verify_ledger.py FILE`, with the standard library alone.

FILE is a ledger, a backup of one, or the lines that `scanner ledger export` prints; it is only read. Checked are every
epoch's genesis and parent, every entry's link, those that were issued again, gapless sequences, event ids, member lists
and the form of postings (docs/ledger.md says how they are made); of a ledger also whether its own on-hand stock is the
sum of the postings that the site does not know yet. Prints `{"ok", "entries", "head", "first_bad"}`; exit 0: all of it
holds, 1: it does not, 2: usage.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

Fields = dict[str, Any]

LABEL, LIST_LABEL, DEMO = b"scanner-ledger/1", b"scanner-list/1", "DEMO"
SQL = {
    "epoch": "SELECT no, id AS epoch, device, parent_epoch, parent_seq, parent_hash, genesis FROM epoch ORDER BY no",
    "reissue": "SELECT r.epoch_no, r.seq, r.hash, e.epoch_no AS of_epoch_no, e.seq AS of_seq FROM reissue r "
    "JOIN entry e ON e.position = r.position ORDER BY r.epoch_no, r.seq",
    "echo": "SELECT position FROM echo",
    "list": "SELECT digest, n, bytes FROM list_chunk ORDER BY digest, n",
    "entry": "SELECT epoch_no, seq, hash, bytes FROM entry ORDER BY position",
}
ON_HAND = "SELECT place, gtin, lot, expiry, status, owner, quantity FROM on_hand"
NOT_OURS = {"supplier", "customer", "loss", "destroyed", "adjustment", "conversion"}
AS_BYTES = ("epoch", "parent_epoch", "parent_hash", "genesis", "hash", "bytes")


class BrokenError(Exception):
    """Something does not follow from what stands before it."""


class UnequalError(Exception):
    """Every entry holds, but what the ledger says of its stock does not follow from them."""


def records(path: Path) -> Iterator[tuple[str, Fields]]:
    """What the file holds: epochs, chunks of lists and entries, each as `(type, fields)`."""
    with path.open("rb") as file:
        is_database = file.read(16) == b"SQLite format 3\0"
    if not is_database:
        for line in path.open("rb"):
            fields = json.loads(line)
            yield fields["type"], {k: base64.b64decode(v) if k in AS_BYTES else v for k, v in fields.items()}
        return
    connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    connection.execute("BEGIN")
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    for name, sql in SQL.items():
        for row in connection.execute(sql) if name in {*tables, "list"} else ():
            yield name, dict(row)
    yield "on_hand", {"lines": [tuple(row) for row in connection.execute(ON_HAND)]}
    connection.close()


class Verifier:
    """Takes the records in order and raises BrokenError at the first that does not hold."""

    def __init__(self) -> None:
        self.entries, self.head = 0, b""
        self.epochs: list[Fields] = []
        self.entered, self.seq = 0, 0
        self.parents: dict[tuple[bytes, int], bytes] = {}
        self.again: dict[int, list[Fields]] = {}
        self.kept: dict[tuple[int, int], bytes] = {}
        self.echoed: set[int] = set()
        self.event_ids: set[str] = set()
        self.lists: dict[str, list[bytes]] = {}
        self.stock: Counter[tuple[str, ...]] = Counter()

    def epoch(self, fields: Fields) -> None:
        """Epochs are entered when their first entry comes; each continues a link of an earlier one."""
        self.epochs.append(fields)
        self.parents[fields["parent_epoch"], fields["parent_seq"]] = b""

    def reissue(self, fields: Fields) -> None:
        """A first link of an epoch: an entry of an earlier one, whose bytes are kept when they come."""
        self.again.setdefault(fields["epoch_no"], []).append(fields)
        self.kept[fields["of_epoch_no"], fields["of_seq"]] = b""

    def enter(self, number: int) -> None:
        """Goes into the epochs up to `number`: the hash before an epoch's first entry is its genesis."""
        while self.entered < number:
            if self.entered == len(self.epochs):
                raise BrokenError(f"there is no epoch {number}")
            epoch, device = self.epochs[self.entered], self.epochs[self.entered]["device"].encode()
            parent = (epoch["parent_epoch"], epoch["parent_seq"], epoch["parent_hash"])
            if self.entered and self.parents[parent[:2]] != parent[2]:
                raise BrokenError(f"epoch {epoch['no']} does not continue an earlier one")
            before = LABEL + len(device).to_bytes(2, "big") + device + epoch["epoch"]
            genesis = hashlib.sha256(before + parent[0] + parent[1].to_bytes(8, "big") + parent[2]).digest()
            self.entered += 1
            if genesis != epoch["genesis"] or epoch["no"] != self.entered:
                raise BrokenError(f"the genesis of epoch {self.entered} is not that of its device and parent")
            self.go_on(0, genesis)
            for again in self.again.get(self.entered, []):
                self.follow(again, self.kept[again["of_epoch_no"], again["of_seq"]])
                self.go_on(again["seq"], again["hash"])

    def follow(self, fields: Fields, stored: bytes) -> None:
        """The next sequence of the epoch, and the hash that its bytes make."""
        seq = fields["seq"]
        if fields["epoch_no"] != self.entered or seq != self.seq + 1:
            raise BrokenError(f"sequence {seq} of epoch {fields['epoch_no']} does not follow {self.seq}")
        if hashlib.sha256(self.head + seq.to_bytes(8, "big") + stored).digest() != fields["hash"]:
            raise BrokenError(f"the bytes of sequence {seq} do not match its hash")

    def go_on(self, seq: int, link: bytes) -> None:
        """The chain holds so far; a link that another epoch continues is kept."""
        self.seq, self.head = seq, link
        here = (self.epochs[self.entered - 1]["epoch"], seq)
        if here in self.parents:
            self.parents[here] = link

    def members(self, digest: str) -> list[Any]:
        """The members of a list: its digest is over the label and the digest of each chunk."""
        chunks = self.lists.get(digest, [])
        hashes = b"".join(hashlib.sha256(each).digest() for each in chunks)
        if hashlib.sha256(LIST_LABEL + hashes).hexdigest() != digest:
            raise BrokenError(f"its list {digest} is missing or was changed")
        return [member for chunk in chunks for member in json.loads(chunk)]

    def post(self, posting: Fields) -> None:
        """A posting moves a whole quantity of one key from one place to another; a serial is one unit."""
        key, quantity, from_place, to_place = (posting[name] for name in ("key", "quantity", "from", "to"))
        whole = type(quantity) is int and quantity > 0 and (key["serial"] is None or quantity == 1)
        if not whole or from_place == to_place:
            raise BrokenError(f"it moves {quantity} from {from_place} to {to_place}")
        for place, change in ((from_place, -quantity), (to_place, quantity)):
            if place not in NOT_OURS and self.entries + 1 not in self.echoed:
                kind = (key["gtin"], key["lot"] or "", key["expiry"] or "", key["status"], key["owner"])
                self.stock[(place, *kind)] += change

    def on_hand(self, fields: Fields) -> None:
        """The ledger's own stock, after its last entry: every line is the sum of the postings, and none is missing."""
        self.enter(len(self.epochs))
        summed = {line: quantity for line, quantity in self.stock.items() if quantity}
        if summed != {row[:6]: row[6] for row in fields["lines"]}:
            raise UnequalError("the on-hand stock is not the sum of the postings")

    def entry(self, fields: Fields) -> None:
        """An entry: its place in the chain, then what its bytes say."""
        stored, here = fields["bytes"], (fields["epoch_no"], fields["seq"])
        if fields["epoch_no"] != self.entered:
            self.enter(fields["epoch_no"])
        self.follow(fields, stored)
        said = json.loads(stored)
        if said["event_id"] in self.event_ids or said["device"] not in {self.epochs[self.entered - 1]["device"], DEMO}:
            raise BrokenError(f"event {said['event_id']} of {said['device']} is there twice, or another device's")
        members = [member for digest in said["lists"] for member in self.members(digest)]
        for posting in [*said["postings"], *(member["posting"] for member in members if "posting" in member)]:
            self.post(posting)
        if here in self.kept:
            self.kept[here] = stored
        self.event_ids.add(said["event_id"])
        self.entries += 1
        self.go_on(fields["seq"], fields["hash"])


def main(arguments: list[str]) -> int:
    """Verifies one file and prints the answer."""
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        print(__doc__, file=sys.stderr)
        return 2
    verifier, first_bad, equal = Verifier(), None, True
    take = {"epoch": verifier.epoch, "reissue": verifier.reissue, "entry": verifier.entry, "on_hand": verifier.on_hand}
    take["list"] = lambda fields: verifier.lists.setdefault(fields["digest"], []).append(fields["bytes"])
    take["echo"] = lambda fields: verifier.echoed.add(fields["position"])
    try:
        for name, fields in records(Path(arguments[0])):
            take[name](fields)
        verifier.enter(max(len(verifier.epochs), 1))
    except UnequalError as fault:
        equal = False
        print(fault, file=sys.stderr)
    except (BrokenError, sqlite3.Error, ValueError, KeyError, TypeError, OverflowError) as fault:
        first_bad = verifier.entries + 1
        print(f"entry {first_bad}: {fault}", file=sys.stderr)
    ok = equal and first_bad is None
    print(json.dumps({"ok": ok, "entries": verifier.entries, "head": verifier.head.hex(), "first_bad": first_bad}))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
