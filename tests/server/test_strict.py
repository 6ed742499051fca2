"""Strict reading: what the centre projects, a device decodes to the same; nothing makes it raise."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.entry import EntryFormatError, Raw, decode_entry, encode_entry
from scanner_app.domain.lists import ListFormatError, MemberList, decode_list, encode_list, list_digest
from scanner_app.domain.refusals import Accepted, Outcome, Refusal, Refused
from scanner_app.domain.stock import SUPPLIER, ContainerMove, Posting, Seal
from server.strict import LISTS_MAX, id_bytes, id_text, read_entry, read_list
from tests.server.handhelds import Handheld, received, stock_key

HANDHELD = Handheld()
MOVE = ContainerMove("sscc:095210010000040013", SUPPLIER, "DOCK-1", Seal.SEALED)
GOOD = encode_entry(
    HANDHELD.entry(
        received("S1"),
        Posting(stock_key(None, lot=None, expiry=None), 3, "DOCK-1", "A-01-1"),
        container_moves=(MOVE,),
        raw=Raw(b"]d2\x1d", "]d2", "serial", "scanner", "scanned"),
        verdict=Accepted(Outcome.CONFIRMED, {"overrode": "NO_DATA", "count": 2, "none": None}),
        reason="DAMAGED",
        note="a note",
    )
)

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["\ud800", "\x00", "", -1, 2**63, 2**200, float("nan"), "9999-99-99", "x" * 200]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def paths(value: Any, before: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:  # noqa: ANN401 - any JSON
    """Every place in a JSON value."""
    found = [before]
    if isinstance(value, dict):
        found += [path for key, each in value.items() for path in paths(each, (*before, key))]
    if isinstance(value, list):
        found += [path for number, each in enumerate(value) for path in paths(each, (*before, number))]
    return found


def put(value: Any, path: tuple[str | int, ...], new: Any) -> Any:  # noqa: ANN401 - any JSON
    """The value with something else at a place."""
    if not path:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(copy[path[0]], path[1:], new)
    return copy


PATHS = paths(json.loads(GOOD))


def test_a_good_entry_is_read_as_a_device_reads_it() -> None:
    found = read_entry(GOOD)
    assert found.entry == decode_entry(GOOD)
    assert id_text(found.event_id) == decode_entry(GOOD).event_id
    assert id_bytes(id_text(found.event_id)) == found.event_id


def agrees(stored: bytes) -> None:
    """Whatever is projected decodes on a device to an equal entry; whatever a device cannot read is not projected."""
    found = read_entry(stored)
    if found.entry is None:
        assert found.why.isascii()
        return
    assert found.entry == decode_entry(stored)


@given(st.sampled_from(PATHS), ANYTHING)
def test_an_entry_with_anything_anywhere_agrees(path: tuple[str | int, ...], value: object) -> None:
    agrees(json.dumps(put(json.loads(GOOD), path, value)).encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=200))
def test_any_bytes_agree(stored: bytes) -> None:
    agrees(stored)


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=4))
def test_an_entry_with_some_bytes_overwritten_agrees(at: int, some: bytes) -> None:
    agrees(GOOD[:at] + some + GOOD[at + len(some) :])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("postings", 0, "quantity"), 0),
        (("postings", 0, "quantity"), -1),
        (("postings", 0, "quantity"), 2),
        (("postings", 1, "quantity"), 10**9 + 1),
        (("postings", 1, "quantity"), 1.0),
        (("postings", 1, "quantity"), "1"),
        (("postings", 0, "to"), SUPPLIER),
        (("postings", 0, "key", "lot"), ""),
        (("postings", 0, "key", "serial"), ""),
        (("postings", 0, "key", "lot"), "x" * 129),
        (("postings", 0, "key", "lot"), "x\x00"),
        (("postings", 0, "key", "expiry"), "20270531"),
        (("postings", 0, "key", "expiry"), "2027-02-30"),
        (("postings", 0, "key", "status"), "sold"),
        (("container_moves", 0, "to_parent"), MOVE.container),
        (("container_moves", 0, "seal"), "shut"),
        (("lists",), ["x"]),
        (("lists",), ["0" * 64] * (LISTS_MAX + 1)),
        (("event_id",), "x"),
        (("event_id",), "01A1EE56-0001-7000-8000-01D000000001"),
        (("event_time",), -1),
        (("event_time",), 10**18),
        (("kind",), "sold"),
        (("v",), 2),
        (("verdict",), {"parameters": {}}),
        (("verdict",), {"outcome": "OK", "refusal": "EXPIRED", "parameters": {}}),
        (("raw", "bytes"), "no base64"),
    ],
)
def test_what_is_out_of_bounds_is_not_projected(path: tuple[str | int, ...], value: object) -> None:
    found = read_entry(json.dumps(put(json.loads(GOOD), path, value)).encode())
    assert found.entry is None
    assert found.why
    assert bool(found.event_id) == (path != ("event_id",))


def test_unknown_fields_and_too_many_bytes_are_not_projected() -> None:
    given_entry = json.loads(GOOD)
    assert read_entry(json.dumps({**given_entry, "more": 1}).encode()).entry is None
    assert read_entry(GOOD + b" " * 66_000).entry is None
    assert read_entry(GOOD + b" " * 66_000).event_id == read_entry(GOOD).event_id


def test_a_refusal_is_read_as_one() -> None:
    stored = encode_entry(HANDHELD.entry(verdict=Refused(Refusal.EXPIRED, {"expiry": "2020-01-01"})))
    assert read_entry(stored).entry == decode_entry(stored)


MEMBERS = MemberList((received("S1"), received(None, 4)), (MOVE,))


def test_a_list_is_read_as_a_device_reads_it() -> None:
    digest, chunks = encode_list(MEMBERS)
    assert read_list(digest, chunks) == decode_list(digest, chunks) == MEMBERS


def lists_agree(chunks: list[bytes]) -> None:
    digest = list_digest(chunks)
    try:
        found = read_list(digest, chunks)
    except ListFormatError:
        return
    assert found == decode_list(digest, chunks)


LIST_PATHS = paths(json.loads(encode_list(MEMBERS)[1][0]))


@given(st.sampled_from(LIST_PATHS), ANYTHING)
def test_a_list_with_anything_anywhere_agrees(path: tuple[str | int, ...], value: object) -> None:
    chunk = json.loads(encode_list(MEMBERS)[1][0])
    lists_agree([json.dumps(put(chunk, path, value)).encode("utf-8", "surrogatepass")])


def test_lists_have_their_bounds() -> None:
    member = json.loads(encode_list(MEMBERS)[1][0])[1]
    full = json.dumps([member] * 500).encode()
    with pytest.raises(ListFormatError, match="over"):
        read_list(list_digest([full] * 21), [full] * 21)
    too_many = json.dumps([member] * 501).encode()
    with pytest.raises(ListFormatError):
        read_list(list_digest([too_many]), [too_many])
    with pytest.raises(ListFormatError, match="digest"):
        read_list("0" * 64, [full])
    neither = b'[{"move":null}]'
    with pytest.raises(ListFormatError):
        read_list(list_digest([neither]), [neither])
    with pytest.raises(ListFormatError, match="a move or a posting"):
        read_list(list_digest([b"[{}]"]), [b"[{}]"])


def test_a_device_cannot_decode_what_the_tests_call_unreadable() -> None:
    with pytest.raises(EntryFormatError):
        decode_entry(b"{}")
