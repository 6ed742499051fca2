"""The golden ledger, written by the store itself: the same bytes and hashes, also where its chain was cut."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from scanner_app.domain.entry import Parent, chain_hash, decode_entry, genesis
from scanner_app.domain.lists import decode_list
from scanner_app.store.database import connect_reader
from scanner_app.store.export import exported_lines
from scanner_app.store.ledger import Ledger
from scanner_app.store.verify import verify
from tests.store.test_verify import run_alone, verified_alone

if TYPE_CHECKING:
    from scanner_app.domain.entry import Entry
    from scanner_app.domain.lists import MemberList

GOLDEN = Path(__file__).resolve().parents[2] / "docs" / "contract" / "golden"
VECTORS: dict[str, Any] = json.loads((GOLDEN / "vectors.json").read_text("utf-8"))
FORKED: dict[str, Any] = json.loads((GOLDEN / "forked.json").read_text("utf-8"))
CUT = (2, 1)
"""The golden ledger's second epoch is cut after its first entry."""


def told(path: Path) -> list[dict[str, Any]]:
    """The lines of an export as they are printed."""
    connection = connect_reader(path)
    try:
        return [
            {key: base64.b64encode(each).decode() if isinstance(each, bytes) else each for key, each in line.items()}
            for line in exported_lines(connection)
        ]
    finally:
        connection.close()


def golden_lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (GOLDEN / name).read_text("utf-8").split("\n") if line]


def forked_ledger(path: Path) -> Ledger:
    """The golden ledger, cut, and one entry more."""
    epochs = [bytes.fromhex(each["epoch"]) for each in VECTORS["genesis"]]
    lists = {each["digest"]: decode_list(each["digest"], [each["chunk"].encode()]) for each in VECTORS["lists"]}
    ledger = Ledger.open(path, VECTORS["device"], lambda: epochs[0])
    for vector in VECTORS["entries"]:
        if ledger.head[0] != epochs[vector["epoch"] - 1]:
            ledger.open_epoch(epochs[1])
        append(ledger, decode_entry(vector["bytes"].encode()), lists)
    ledger.cut_epoch(*CUT, bytes.fromhex(FORKED["epoch"]))
    append(ledger, decode_entry(FORKED["bytes"].encode()), lists)
    return ledger


def append(ledger: Ledger, entry: Entry, lists: dict[str, MemberList]) -> None:
    with ledger.step() as step:
        step.append(entry, [lists[digest] for digest in entry.lists])


def test_the_golden_ledger_goes_on_after_a_cut(tmp_path: Path) -> None:
    ledger = forked_ledger(tmp_path / "ledger.db")
    epoch, seq, head = ledger.head
    ledger.close()
    assert (epoch.hex(), seq, head.hex()) == (FORKED["epoch"], 2, FORKED["hash"])
    assert told(tmp_path / "ledger.db") == golden_lines("forked.jsonl")
    found = verify(tmp_path / "ledger.db")
    assert (found.ok, found.entries, found.head, found.findings) == (True, 9, FORKED["hash"], ())
    answer = {"ok": True, "entries": 9, "head": FORKED["hash"], "first_bad": None}
    assert verified_alone(tmp_path / "ledger.db") == verified_alone(GOLDEN / "forked.jsonl") == answer


def test_its_links_follow_from_the_rules_alone() -> None:
    """By hand: the genesis of the third epoch, the second entry of the second one again, and the new entry."""
    kept, again = (vector for vector in VECTORS["entries"] if vector["epoch"] == CUT[0])
    parent = Parent(bytes.fromhex(VECTORS["genesis"][1]["epoch"]), 1, bytes.fromhex(kept["hash"]))
    first = genesis(VECTORS["device"], bytes.fromhex(FORKED["epoch"]), parent)
    assert first.hex() == FORKED["genesis"]
    link = chain_hash(first, 1, again["bytes"].encode())
    assert link.hex() == FORKED["reissued_hash"]
    assert chain_hash(link, 2, FORKED["bytes"].encode()).hex() == FORKED["hash"]


@pytest.mark.parametrize(
    ("number", "change", "said"),
    [
        (3, {"hash": base64.b64encode(bytes(32)).decode()}, "the bytes of sequence 1 do not match"),
        (3, {"of_seq": 1}, "the bytes of sequence 1 do not match"),
        (3, {"of_epoch_no": 9}, "the bytes of sequence 1 do not match"),
        (3, {"seq": 2}, "sequence 2 of epoch 3 does not follow 0"),
        (3, {"epoch_no": 4}, "sequence 2 of epoch 3 does not follow 0"),
        (2, {"parent_seq": 2}, "epoch 3 does not continue an earlier one"),
        (2, {"parent_seq": 99}, "epoch 3 does not continue an earlier one"),
        (2, {"parent_epoch": base64.b64encode(bytes(16)).decode()}, "epoch 3 does not continue an earlier one"),
    ],
)
def test_what_was_changed_of_a_cut_is_found_alone(
    tmp_path: Path, number: int, change: dict[str, Any], said: str
) -> None:
    lines = golden_lines("forked.jsonl")
    validator = jsonschema.Draft202012Validator(json.loads((GOLDEN.parent / "export-line.schema.json").read_text()))
    for line in lines:
        validator.validate(line)
    lines[number] |= change
    path = tmp_path / "export.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    answer, told = run_alone(path)
    assert (answer["ok"], answer["first_bad"]) == (False, 9)
    assert said in told
