"""Entries: exact bytes there and back, refused where they are no entry, chained by hashes anyone can recompute."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.entry import (
    ENTRY_BYTES_MAX,
    NO_EPOCH,
    NO_HASH,
    NO_PARENT,
    Entry,
    EntryFormatError,
    EntryKind,
    Knew,
    Origin,
    Parent,
    Raw,
    Stamp,
    chain_hash,
    decode_entry,
    encode_entry,
    genesis,
)
from scanner_app.domain.refusals import Accepted, Outcome, Refusal, Refused
from scanner_app.domain.stock import SUPPLIER, ContainerMove, Posting, Seal, Status, StockKey

FULL = Entry(
    kind=EntryKind.RECEIVED,
    event_id="018f2f3c-0000-7000-8000-000000000001",
    stamp=Stamp(1_795_480_000_000, -300, 42, "boot-1", 1_795_479_990_000, 32),
    origin=Origin("S1", "D1", "DOCK-1", "USR-1042", "USR-2001"),
    verdict=Accepted(Outcome.CONFIRMED, {"overrode": "EXPIRED", "quantity": 1, "nothing": None}),
    workflow="receiving",
    task="task-1",
    lease="lease-1",
    document="ASN-1",
    count="count-1",
    raw=Raw(b"\x1d\x00\xff]d2", "]d2", "serial:x", "zebra", "scanned"),
    knew=Knew("r-7", "f-9"),
    reason="DAMAGED",
    note="§ note",
    refers_to="018f2f3c-0000-7000-8000-000000000000",
    postings=(
        Posting(StockKey("own", "09521001000116", "00123", date(2027, 5, 31), "1E5", Status.HELD), 1, SUPPLIER, "CAGE"),
    ),
    container_moves=(ContainerMove("sscc:1", SUPPLIER, "DOCK-1", Seal.OPEN, Seal.SEALED, inferred=True),),
    lists=("ab" * 32,),
)
BARE = Entry(EntryKind.NOTED, "e1", Stamp(0, 0, 0, "b"), Origin("S1", "D1", None, None), Accepted())

TEXT = st.text(max_size=20)
MAYBE_TEXT = st.none() | TEXT
KEYS = st.builds(StockKey, TEXT, TEXT, MAYBE_TEXT, st.none() | st.dates(), MAYBE_TEXT, st.sampled_from(Status))
POSTINGS = st.builds(
    lambda key, quantity, start, inferred: Posting(
        key, 1 if key.serial is not None else quantity, start, start + "x", inferred
    ),
    KEYS, st.integers(1, 10**12), TEXT, st.booleans(),
)  # fmt: skip
MOVES = st.builds(ContainerMove, TEXT, TEXT, TEXT, st.sampled_from(Seal), st.sampled_from(Seal), st.booleans())
PARAMETERS = st.dictionaries(TEXT, st.none() | st.integers(-(2**53), 2**53) | TEXT, max_size=4)
VERDICTS = st.builds(Accepted, st.sampled_from(Outcome), PARAMETERS) | st.builds(
    Refused, st.sampled_from(Refusal), PARAMETERS
)
MS = st.integers(0, 2**48)
ENTRIES = st.builds(
    Entry,
    kind=st.sampled_from(EntryKind),
    event_id=TEXT,
    stamp=st.builds(Stamp, MS, st.integers(-840, 840), MS, TEXT, st.none() | MS, st.none() | MS),
    origin=st.builds(Origin, TEXT, TEXT, MAYBE_TEXT, MAYBE_TEXT, MAYBE_TEXT),
    verdict=VERDICTS,
    workflow=MAYBE_TEXT,
    task=MAYBE_TEXT,
    lease=MAYBE_TEXT,
    document=MAYBE_TEXT,
    count=MAYBE_TEXT,
    raw=st.none() | st.builds(Raw, st.binary(max_size=60), MAYBE_TEXT, TEXT, TEXT, TEXT),
    knew=st.builds(Knew, MAYBE_TEXT, MAYBE_TEXT),
    reason=MAYBE_TEXT,
    note=MAYBE_TEXT,
    refers_to=MAYBE_TEXT,
    postings=st.lists(POSTINGS, max_size=3).map(tuple),
    container_moves=st.lists(MOVES, max_size=3).map(tuple),
    lists=st.lists(TEXT, max_size=2).map(tuple),
)


@given(ENTRIES)
def test_an_entry_comes_back_from_its_bytes_and_gives_the_same_bytes(entry: Entry) -> None:
    stored = encode_entry(entry)

    assert decode_entry(stored) == entry
    assert encode_entry(decode_entry(stored)) == stored


@pytest.mark.parametrize("entry", [FULL, BARE, replace(BARE, verdict=Refused(Refusal.EXPIRED, {"expiry": "x"}))])
def test_full_and_bare_entries_come_back(entry: Entry) -> None:
    assert decode_entry(encode_entry(entry)) == entry


def test_the_fields_stand_in_the_order_of_the_contract() -> None:
    written = json.loads(encode_entry(FULL))

    assert list(written) == [
        "v", "kind", "event_id", "event_time", "offset", "mono_ms", "boot_id", "server_time", "server_mono_ms", "site",
        "device", "read_point", "operator", "witness", "workflow", "task", "lease", "document", "count", "raw",
        "verdict", "knew", "reason", "note", "refers_to", "postings", "container_moves", "lists",
    ]  # fmt: skip
    assert written["raw"] == {
        "bytes": "HQD/XWQy", "symbology": "]d2", "source": "serial:x", "profile": "zebra", "method": "scanned",
    }  # fmt: skip
    assert written["postings"] == [
        {
            "key": {
                "owner": "own", "gtin": "09521001000116", "lot": "00123", "expiry": "2027-05-31", "serial": "1E5",
                "status": "held",
            },
            "quantity": 1, "from": "supplier", "to": "CAGE", "inferred": False,
        }
    ]  # fmt: skip
    assert written["verdict"] == {
        "outcome": "CONFIRMED", "parameters": {"overrode": "EXPIRED", "quantity": 1, "nothing": None},
    }  # fmt: skip


def test_bytes_are_utf_8_without_white_space() -> None:
    stored = encode_entry(BARE)

    assert stored.startswith(b'{"v":1,"kind":"noted",')
    assert "§ note".encode() in encode_entry(FULL)


def test_an_entry_has_a_bound() -> None:
    room = ENTRY_BYTES_MAX - len(encode_entry(replace(BARE, note="")))

    assert len(encode_entry(replace(BARE, note="x" * room))) == ENTRY_BYTES_MAX
    with pytest.raises(EntryFormatError, match="65537 bytes; at most 65536"):
        encode_entry(replace(BARE, note="x" * (room + 1)))


def changed(**fields: object) -> bytes:
    return json.dumps({**json.loads(encode_entry(FULL)), **fields}).encode()


@pytest.mark.parametrize(
    "stored",
    [
        b"", b"{", b"[]", b"7", b"null", b"\xff", b"[" * 100_000,
        changed(v=2), changed(kind="guessed"), changed(verdict={"outcome": "FINE", "parameters": {}}),
        changed(verdict={"refusal": "NO", "parameters": {}}), changed(verdict={"outcome": "OK"}),
        changed(raw={"bytes": "!"}), changed(knew=None), changed(postings=[{"key": {}}]), changed(postings=7),
        changed(container_moves=[{}]),
        changed(
            postings=[
                {
                    "key": {"owner": "o", "gtin": "g", "lot": None, "expiry": None, "serial": "s", "status": "held"},
                    "quantity": 2, "from": "a", "to": "b", "inferred": False,
                }
            ]
        ),
    ],
)  # fmt: skip
def test_what_is_no_entry_is_refused_with_one_error(stored: bytes) -> None:
    with pytest.raises(EntryFormatError):
        decode_entry(stored)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(stored: bytes) -> None:
    with pytest.raises(EntryFormatError):
        decode_entry(stored)


def test_the_first_hash_names_device_epoch_and_parent() -> None:
    epoch, parent = bytes(range(16)), Parent(b"p" * 16, 7, b"h" * 32)
    spelled_out = b"scanner-ledger/1" + b"\x00\x03D\xc3\xa4" + epoch + b"p" * 16 + b"\0" * 7 + b"\x07" + b"h" * 32

    assert genesis("Dä", epoch, parent) == hashlib.sha256(spelled_out).digest()
    assert genesis("D1", epoch) == genesis("D1", epoch, NO_PARENT)
    assert Parent(NO_EPOCH, 0, NO_HASH) == NO_PARENT


def test_each_hash_names_the_one_before_it_its_place_and_its_bytes() -> None:
    spelled_out = b"h" * 32 + b"\0" * 6 + b"\x01\x02" + b"{}"

    assert chain_hash(b"h" * 32, 258, b"{}") == hashlib.sha256(spelled_out).digest()
