"""Messages survive the wire; what is none leaves `read` as a WireError that names the field, and as nothing else."""

from __future__ import annotations

import dataclasses
import json
import math
import types
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.codec import DEPTH_MAX, INT_MAX, SHOWN_MAX
from sync.wire import (
    MILLIS_MAX,
    Ack,
    Chunk,
    EnrolAnswer,
    EnrolRequest,
    EntryRow,
    Epoch,
    EpochHead,
    Flagged,
    Fork,
    Gap,
    Heads,
    Link,
    ListRow,
    ListsWanted,
    Page,
    Problem,
    PullAnswer,
    Push,
    PushAnswer,
    RecordRow,
    Scope,
    SnapshotDue,
    Standing,
    TokenAnswer,
    WireError,
    fields_of,
    is_epoch,
    is_hash,
    read,
    signed_bytes,
    write,
)

# --- messages of every kind ------------------------------------------------------------------------------------------

texts = st.text(st.characters(codec="utf-8"), max_size=8)
seqs = st.integers(0, INT_MAX)
millis = st.integers(0, MILLIS_MAX)
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
epoch_ids = st.text("0123456789abcdef", min_size=32, max_size=32)
contents = st.binary(max_size=12)
scalars = st.none() | st.booleans() | st.integers(-INT_MAX - 1, INT_MAX) | texts
anything = st.recursive(
    scalars | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def many(of: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, max_size=3).map(tuple)


chunks = st.builds(Chunk, hashes, many(hashes), seqs, contents)
rows = (
    st.builds(EntryRow, st.just("entry"), seqs, texts, epoch_ids, seqs, st.sampled_from(Standing), millis, contents)
    | st.builds(
        RecordRow, st.just("record"), seqs, texts, texts, st.none() | st.dictionaries(texts, anything, max_size=3)
    )
    | st.builds(ListRow, st.just("list"), chunks)
)
acks = st.builds(
    Ack, st.just("ack"), epoch_ids, seqs, hashes, seqs, millis, many(st.builds(Flagged, texts, texts, texts)),
    st.integers(1, 9), st.integers(1, 9),
)  # fmt: skip
gaps = st.builds(Gap, st.just("gap"), epoch_ids, seqs, hashes, seqs, millis)
forks = st.builds(Fork, st.just("fork"), epoch_ids, many(st.builds(Link, seqs, hashes)), millis)
lists_wanted = st.builds(ListsWanted, st.just("lists"), epoch_ids, seqs, hashes, many(hashes), millis)
pages = st.builds(
    Page, st.just("page"), st.sampled_from(Scope), texts, st.booleans(), many(rows), millis, st.none() | texts
)
snapshots_due = st.builds(SnapshotDue, st.just("snapshot"), texts, millis)
pushes = st.builds(
    Push, st.integers(1, 9), st.integers(1, 9), texts,
    st.builds(Epoch, epoch_ids, texts, epoch_ids, seqs, hashes),
    st.integers(1, INT_MAX), hashes, many(contents), contents, many(chunks), many(hashes), st.none() | millis,
    st.none() | texts, st.dictionaries(texts, scalars, max_size=3),
)  # fmt: skip
heads = st.builds(Heads, texts, many(st.builds(EpochHead, epoch_ids, seqs, hashes, seqs)), texts, texts, millis)

EVERY: dict[str, tuple[type[Any] | types.UnionType, st.SearchStrategy[Any]]] = {
    "push": (Push, pushes),
    "ack": (PushAnswer, acks),
    "gap": (PushAnswer, gaps),
    "fork": (PushAnswer, forks),
    "lists": (PushAnswer, lists_wanted),
    "heads": (Heads, heads),
    "page": (PullAnswer, pages),
    "snapshot": (PullAnswer, snapshots_due),
    "enrol": (EnrolRequest, st.builds(EnrolRequest, st.integers(1, 9), texts, contents, texts)),
    "enrolled": (
        EnrolAnswer,
        st.builds(EnrolAnswer, texts, texts, texts, texts, texts, millis, contents, millis),
    ),
    "token": (TokenAnswer, st.builds(TokenAnswer, texts, millis, millis)),
    "problem": (Problem, st.builds(Problem, texts, texts, st.integers(100, 599), texts, texts)),
}
ALL = st.one_of([st.tuples(st.just(kind), messages) for kind, messages in EVERY.values()])


@pytest.mark.parametrize("name", EVERY)
@given(choice=st.data())
def test_what_is_written_is_read_again(name: str, choice: st.DataObject) -> None:
    kind, messages = EVERY[name]
    message = choice.draw(messages)

    assert read(kind, write(message)) == message


# --- small ones to spoil ---------------------------------------------------------------------------------------------

A64, A32 = "a" * 64, "a" * 32
ACK = {"type": "ack", "epoch": A32, "seq": 3, "hash": A64, "safe_seq": 0, "server_time": 5}
PAGE = {"type": "page", "scope": "feed", "cursor": "1.a", "more": False, "rows": [], "server_time": 5}
RECORD = {"type": "record", "n": 1, "kind": "item", "id": "X", "body": {}}
PUSH = {
    "proto": 1, "schema": 1, "device": "D", "start_seq": 1, "prev_hash": A64, "entries": ["AAE="], "chain_sig": "",
    "epoch": {"id": A32, "device": "D", "parent_epoch": A32, "parent_seq": 0, "parent_hash": A64},
}  # fmt: skip


def body(message: object) -> bytes:
    return json.dumps(message).encode()


def refused(kind: type[Any] | types.UnionType, message: bytes) -> str:
    with pytest.raises(WireError) as found:
        read(kind, message)
    return str(found.value)


def test_a_message_that_is_asked_for_by_itself_bears_its_own_type() -> None:
    assert refused(Ack, body({**ACK, "type": "gap"})) == "message.type: 'gap' is not known"


def test_only_what_has_a_default_may_be_missing() -> None:
    read_ack: PushAnswer = read(PushAnswer, body(ACK))

    assert read_ack == Ack("ack", A32, 3, A64, 0, 5, (), 1, 1)
    assert read(Push, body(PUSH)).health == {}
    for name in ACK:
        message = body({key: value for key, value in ACK.items() if key != name})
        assert refused(PushAnswer, message).startswith(f"message.{name}:")


def test_what_a_newer_version_adds_is_passed_over() -> None:
    newer = {**PUSH, "battery": {"percent": [1, 2]}, "epoch": {**PUSH["epoch"], "signer": 7}}  # type: ignore[dict-item]

    assert read(Push, body(newer)) == read(Push, body(PUSH))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"seq": -1}, "message.seq"),
        ({"seq": INT_MAX + 1}, "message.seq"),
        ({"seq": True}, "message.seq"),
        ({"seq": 3.0}, "message.seq"),
        ({"seq": "3"}, "message.seq"),
        ({"seq": None}, "message.seq"),
        ({"safe_seq": -1}, "message.safe_seq"),
        ({"server_time": MILLIS_MAX + 1}, "message.server_time"),
        ({"server_time": -1}, "message.server_time"),
        ({"hash": "A" * 64}, "message.hash"),
        ({"hash": "a" * 63}, "message.hash"),
        ({"hash": "a" * 63 + "\n"}, "message.hash"),
        ({"hash": ["a"] * 64}, "message.hash"),
        ({"epoch": A64}, "message.epoch"),
        ({"flags": {}}, "message.flags"),
        ({"flags": [{"event_id": "e", "code": "c"}]}, "message.flags[0].severity"),
        ({"flags": [3]}, "message.flags[0]"),
        ({"flags": [{"event_id": "\ud800", "code": "c", "severity": "s"}]}, "message.flags[0].event_id"),
        ({"type": "nack"}, "message.type"),
        ({"type": ["ack"]}, "message.type"),
        ({"type": None}, "message.type"),
    ],
)
def test_a_wrong_answer_names_its_field(change: dict[str, object], place: str) -> None:
    assert refused(PushAnswer, body({**ACK, **change})).startswith(f"{place}:")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"start_seq": 0}, "message.start_seq"),
        ({"entries": ["AAE"]}, "message.entries[0]"),
        ({"entries": ["AA\nE="]}, "message.entries[0]"),
        ({"entries": ["ä"]}, "message.entries[0]"),
        ({"entries": [3]}, "message.entries[0]"),
        ({"entries": [None]}, "message.entries[0]"),
        ({"entries": "AAE="}, "message.entries"),
        ({"absent": ["x"]}, "message.absent[0]"),
        ({"quiet_until": "now"}, "message.quiet_until"),
        ({"cursor": 3}, "message.cursor"),
        ({"health": []}, "message.health"),
        ({"health": {"free": [1]}}, "message.health.'free'"),
        ({"health": {"free": 1.5}}, "message.health.'free'"),
        ({"health": {"\udfff": 1}}, "message.health"),
        ({"epoch": "x"}, "message.epoch"),
    ],
)
def test_a_wrong_push_names_its_field(change: dict[str, object], place: str) -> None:
    assert refused(Push, body({**PUSH, **change})).startswith(f"{place}:")


def nested(depth: int) -> object:
    value: object = {}
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"scope": "stock"}, "message.scope"),
        ({"scope": ["feed"]}, "message.scope"),
        ({"more": 1}, "message.more"),
        ({"rows": [{**RECORD, "type": "ack"}]}, "message.rows[0].type"),
        ({"rows": [{**RECORD, "body": []}]}, "message.rows[0].body"),
        ({"rows": [{**RECORD, "body": {"note": "\ud800"}}]}, "message.rows[0].body"),
        ({"rows": [{**RECORD, "body": {"deep": [{"\ud800": 1}]}}]}, "message.rows[0].body"),
        ({"rows": [{**RECORD, "body": {"quantity": 1 << 64}}]}, "message.rows[0].body"),
        ({"rows": [{**RECORD, "body": {"quantity": -(1 << 64)}}]}, "message.rows[0].body"),
        ({"rows": [{**RECORD, "body": {"deep": nested(DEPTH_MAX)}}]}, "message.rows[0].body"),
    ],
)
def test_a_wrong_page_names_its_field(change: dict[str, object], place: str) -> None:
    assert refused(PullAnswer, body({**PAGE, **change})).startswith(f"{place}:")


def test_a_number_without_end_is_refused_however_it_is_written() -> None:
    page = body({**PAGE, "rows": [{**RECORD, "body": {"quantity": 7}}]})

    for number in (b"1e999", b"-1e999", b"NaN", b"Infinity", b"9" * 5000):
        refused(PullAnswer, page.replace(b": 7}", b": " + number + b"}"))
    kept: PullAnswer = read(PullAnswer, page.replace(b": 7}", b": 1.5}"))
    assert isinstance(kept, Page)
    assert isinstance(kept.rows[0], RecordRow)
    assert kept.rows[0].body == {"quantity": 1.5}


def test_a_body_may_be_as_deep_as_the_bound() -> None:
    deep: PullAnswer = read(PullAnswer, body({**PAGE, "rows": [{**RECORD, "body": {"deep": nested(DEPTH_MAX - 1)}}]}))

    assert isinstance(deep, Page)


def test_a_record_that_is_gone_has_no_body() -> None:
    gone: PullAnswer = read(PullAnswer, body({**PAGE, "rows": [{**RECORD, "body": None}]}))

    assert isinstance(gone, Page)
    assert gone.rows == (RecordRow("record", 1, "item", "X", None),)


@pytest.mark.parametrize(
    "message",
    [
        b"", b"[]", b"null", b"3", b'"ack"', b"{", b'{"type": "ack"', b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}",
        b'{"type": "\xff"}', b"[" * 100_000, b'{"a":' * 100_000, body(ACK).decode().encode("utf-16"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", EVERY)
def test_bytes_that_are_no_message_are_a_wire_error(name: str, message: bytes) -> None:
    refused(EVERY[name][0], message)


@given(message=st.binary(max_size=64), choice=st.data())
def test_no_bytes_raise_anything_else(message: bytes, choice: st.DataObject) -> None:
    kind, _ = choice.draw(st.sampled_from(list(EVERY.values())))
    refused(kind, message)


strange = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.sampled_from(["ack", "\ud800"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


def spoilt(value: object, choice: st.DataObject) -> object:
    """The same JSON with something else in one place of it."""
    if isinstance(value, dict | list) and value and choice.draw(st.booleans()):
        if isinstance(value, list):
            return [spoilt(value[0], choice), *value[1:]]
        name = choice.draw(st.sampled_from(sorted(value)))
        return {**value, name: spoilt(value[name], choice)}
    return choice.draw(strange)


@given(one=ALL, choice=st.data())
def test_a_spoilt_message_is_another_message_or_a_wire_error(one: tuple[Any, Any], choice: st.DataObject) -> None:
    kind, message = one
    try:
        given_back = read(kind, json.dumps(spoilt(json.loads(write(message)), choice)).encode())
    except WireError:
        return
    assert read(kind, write(given_back)) == given_back


@given(one=ALL)
def test_what_is_written_is_json_that_others_read(one: tuple[Any, Any]) -> None:
    _, message = one
    written = json.loads(write(message).decode("utf-8"))

    assert set(written) == set(fields_of(type(message))) == {field.name for field in dataclasses.fields(message)}


def test_what_is_no_json_is_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        write(RecordRow("record", 1, "item", "X", {"quantity": math.inf}))


def test_an_error_never_shows_all_of_a_long_value() -> None:
    assert len(refused(PullAnswer, body({**PAGE, "scope": "x" * 100_000}))) < SHOWN_MAX + 60
    assert len(refused(Push, body({**PUSH, "health": {"x" * 100_000: []}}))) < SHOWN_MAX + 60


def test_hashes_and_epochs_are_known_by_their_digits() -> None:
    assert (is_hash(A64), is_hash(A64 + "a"), is_hash("g" * 64), is_hash("")) == (True, False, False, False)
    assert (is_epoch(A32), is_epoch(A64), is_epoch("A" * 32)) == (True, False, False)


def test_the_signed_bytes_are_label_epoch_sequence_and_link() -> None:
    assert signed_bytes(b"\1" * 16, 258, b"\2" * 32) == b"scanner-push/1" + b"\1" * 16 + bytes(6) + b"\1\2" + b"\2" * 32
