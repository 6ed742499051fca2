"""Member lists: content-addressed, chunked, bounded, and refused when anything about them was changed."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.lists import (
    CHUNK_MEMBERS_MAX,
    MEMBERS_MAX,
    ListFormatError,
    MemberList,
    decode_list,
    encode_list,
    list_digest,
)
from scanner_app.domain.stock import SUPPLIER, ContainerMove, Posting, Seal, Status, StockKey


def units(number: int) -> tuple[Posting, ...]:
    return tuple(
        Posting(StockKey("own", "g", "L", None, f"S{n}", Status.AVAILABLE), 1, SUPPLIER, "sscc:1", inferred=True)
        for n in range(number)
    )


MOVE = ContainerMove("sscc:2", SUPPLIER, "sscc:1", Seal.SEALED, inferred=True)


@pytest.mark.parametrize("number", [0, 1, CHUNK_MEMBERS_MAX - 1, CHUNK_MEMBERS_MAX, CHUNK_MEMBERS_MAX + 1, 1_234])
def test_a_list_comes_back_from_its_chunks(number: int) -> None:
    members = MemberList(units(number), (MOVE,))

    digest, chunks = encode_list(members)

    assert decode_list(digest, chunks) == members
    assert len(members) == number + 1
    assert [len(json.loads(chunk)) for chunk in chunks[:-1]] == [CHUNK_MEMBERS_MAX] * (len(chunks) - 1)


def test_an_empty_list_is_one_empty_chunk() -> None:
    digest, chunks = encode_list(MemberList())

    assert chunks == [b"[]"]
    assert digest == hashlib.sha256(b"scanner-list/1" + hashlib.sha256(b"[]").digest()).hexdigest()


def test_a_list_has_a_bound() -> None:
    full = units(MEMBERS_MAX)

    assert len(encode_list(MemberList(full))[1]) == MEMBERS_MAX // CHUNK_MEMBERS_MAX
    with pytest.raises(ListFormatError, match="10001 members; at most 10000"):
        encode_list(MemberList(full, (MOVE,)))


def test_containers_stand_before_what_they_hold() -> None:
    _, chunks = encode_list(MemberList(units(1), (MOVE,)))

    assert [next(iter(member)) for member in json.loads(chunks[0])] == ["move", "posting"]


@given(st.integers(0, 3), st.integers(0, 40), st.integers(1, 255))
def test_a_changed_byte_is_found(chunk: int, at: int, by: int) -> None:
    digest, chunks = encode_list(MemberList(units(1_600)))
    broken = bytearray(chunks[chunk])
    broken[at] ^= by
    chunks[chunk] = bytes(broken)

    with pytest.raises(ListFormatError, match="does not match its digest"):
        decode_list(digest, chunks)


def test_order_and_number_of_chunks_count() -> None:
    digest, chunks = encode_list(MemberList(units(1_600)))

    for other in (chunks[::-1], chunks[1:], [*chunks, b"[]"]):
        with pytest.raises(ListFormatError, match="does not match its digest"):
            decode_list(digest, other)


@pytest.mark.parametrize("chunk", [b"", b"7", b"{", b'[{"posting":{}}]', b'[{"move":{}}]', b"\xff"])
def test_chunks_that_are_no_members_are_refused(chunk: bytes) -> None:
    with pytest.raises(ListFormatError, match="holds no members"):
        decode_list(list_digest([chunk]), [chunk])
