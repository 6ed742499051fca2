"""Ingest: what each answer means, that nothing counts twice, and that nothing of an entry stops it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from scanner_app.domain.entry import EntryKind, Parent
from scanner_app.domain.lists import MemberList, encode_list, list_digest
from scanner_app.domain.refusals import Refusal, Refused
from scanner_app.domain.stock import SUPPLIER, ContainerMove, Posting, Seal
from server import ingest
from server.books import Failed
from server.fold import Fold
from server.ingest import take_push
from server.problems import ProblemError
from server.registry import ACTIVE, PUT_DEVICE
from server.verify import verify
from sync import wire
from tests.server.handhelds import GTIN, LOT, SITE, START_MS, Handheld, received, stock_key

if TYPE_CHECKING:
    from server.books import Books


def rows(books: Books, sql: str, *values: object) -> list[tuple[object, ...]]:
    return books.database.session.all(sql, values)


def on_hand(books: Books) -> dict[str, int]:
    found = rows(books, "SELECT place, sum(quantity) FROM on_hand GROUP BY place ORDER BY place")
    return {str(place): int(str(quantity)) for place, quantity in found}


def standings(books: Books) -> list[str]:
    return [
        str(row[0])
        for row in rows(books, "SELECT standing FROM entry WHERE epoch <> (SELECT own_epoch FROM site) ORDER BY n")
    ]


def ack(answer: wire.PushAnswer) -> wire.Ack:
    assert isinstance(answer, wire.Ack), answer
    return answer


def test_entries_are_stored_byte_for_byte_and_counted(books: Books, handheld: Handheld) -> None:
    handheld.receive("S1", "S2", "S3")

    answer = ack(handheld.send(books))

    assert (answer.seq, answer.hash, answer.safe_seq) == (3, handheld.links[3].hex(), 0)
    assert [row[0] for row in rows(books, "SELECT bytes FROM entry ORDER BY n")] == handheld.entries
    assert on_hand(books) == {"DOCK-1": 3}
    assert rows(books, "SELECT serial, place FROM unit ORDER BY serial") == [
        ("S1", "DOCK-1"),
        ("S2", "DOCK-1"),
        ("S3", "DOCK-1"),
    ]
    assert verify(books.path).ok


def test_what_comes_again_counts_once(books: Books, handheld: Handheld) -> None:
    handheld.receive("S1", "S2", "S3")
    handheld.send(books, 1, 2)
    number = books.numbers[SITE]

    assert ack(handheld.send(books, 1, 2)).seq == 2
    assert ack(handheld.send(books, 2, 2)).seq == 2
    assert books.numbers[SITE] == number
    assert ack(handheld.send(books, 1, 3)).seq == 3
    assert on_hand(books) == {"DOCK-1": 3}


def test_a_gap_tells_where_the_centre_ends(books: Books, handheld: Handheld) -> None:
    handheld.receive("S1", "S2", "S3")
    handheld.send(books, 1, 1)

    answer = handheld.send(books, 3)

    assert isinstance(answer, wire.Gap)
    assert (answer.seq, answer.hash) == (1, handheld.links[1].hex())


def test_a_heartbeat_of_a_new_epoch_stores_nothing(books: Books, handheld: Handheld) -> None:
    number = books.numbers[SITE]

    assert ack(handheld.send(books)).seq == 0
    assert books.numbers[SITE] == number
    assert len(rows(books, "SELECT 1 FROM epoch")) == 1


def test_chains_that_part_are_a_fork_with_what_the_centre_has(books: Books, handheld: Handheld) -> None:
    handheld.receive(*(f"S{n}" for n in range(20)))
    handheld.send(books)
    clone = Handheld("A", key=handheld.key, entries=handheld.entries[:12], links=handheld.links[:13])
    clone.receive(*(f"C{n}" for n in range(12)))

    answer = clone.send(books, 13)

    assert isinstance(answer, wire.Fork)
    assert [link.seq for link in answer.known] == [20, 19, 18, 16, 12, 4, 0]
    assert all(link.hash == handheld.links[link.seq].hex() for link in answer.known)
    assert len(rows(books, "SELECT 1 FROM entry WHERE bytes = ?", clone.entries[12])) == 0
    assert rows(books, "SELECT code, severity FROM flag") == [("FORK", "high")]
    assert isinstance(clone.send(books, 21), wire.Fork), "past the head with another link before it"
    assert len(rows(books, "SELECT 1 FROM flag")) == 1


def test_another_genesis_under_the_same_epoch_is_a_fork(books: Books, handheld: Handheld) -> None:
    handheld.receive("S1")
    handheld.send(books)
    other = Handheld("A", key=handheld.key, parent=Parent(b"\x09" * 16, 3, b"\x08" * 32))
    other.receive("S2")

    answer = other.send(books)

    assert isinstance(answer, wire.Fork)
    assert [link.seq for link in answer.known] == [0]


def test_an_epoch_of_another_device_is_cut_at_its_beginning_and_told(books: Books, handheld: Handheld) -> None:
    """It re-issues all of it in an epoch of its own, so that nothing is lost and nobody extends another's chain."""
    handheld.receive("S1", "S2")
    handheld.send(books)
    heir = Handheld("B", chain_device="A", entries=handheld.entries, links=handheld.links)
    heir.receive("S3")

    answer = heir.send(books)

    assert isinstance(answer, wire.Fork)
    assert answer.known == (wire.Link(0, handheld.links[0].hex()),)
    again = Handheld("B", key=heir.key, epoch=b"\x02" * 16)
    for stored in heir.entries:
        again.write(stored)
    assert ack(again.send(books)).seq == 3
    assert standings(books) == ["projected", "projected", "duplicate", "duplicate", "projected"]
    assert on_hand(books) == {"DOCK-1": 3}
    assert verify(books.path).ok


def test_the_same_event_with_other_bytes_is_not_counted_and_flagged(books: Books, handheld: Handheld) -> None:
    handheld.receive("S1", "S2")
    handheld.send(books)
    other = Handheld("B", epoch=b"\x02" * 16)
    taken = handheld.ids
    assert taken is not None
    event_id = rows(books, "SELECT lower(hex(event_id)) FROM entry ORDER BY n")[0][0]
    text = str(event_id)
    same_id = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    other.write(other.entry(received("S9"), event_id=same_id))

    answer = ack(other.send(books))

    assert [flag.code for flag in answer.flags] == ["FORK"]
    assert on_hand(books) == {"DOCK-1": 2}
    assert standings(books)[-1] == "duplicate"


def test_the_same_event_twice_in_one_push_counts_once(books: Books, handheld: Handheld) -> None:
    entry = handheld.entry(received("S1"))
    handheld.write(entry)
    handheld.write(entry)

    handheld.send(books)

    assert standings(books) == ["projected", "duplicate"]
    assert on_hand(books) == {"DOCK-1": 1}


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"no json",
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"v":2}',
        b'{"event_id":"' + b"x" * 1000 + b'"}',
        b"{" + b" " * 70_000 + b"}",
    ],
)
def test_what_is_no_entry_is_stored_and_the_watermark_moves_on(books: Books, handheld: Handheld, stored: bytes) -> None:
    handheld.receive("S1")
    handheld.write(stored)
    handheld.receive("S2")

    answer = ack(handheld.send(books))

    assert answer.seq == 3
    assert standings(books) == ["projected", "quarantined", "projected"]
    assert rows(books, "SELECT bytes FROM entry WHERE standing = 'quarantined'") == [(stored,)]
    assert rows(books, "SELECT why <> '' FROM quarantine") == [(1,)]
    assert on_hand(books) == {"DOCK-1": 2}
    assert verify(books.path).ok


def test_a_refusal_that_posts_is_quarantined(books: Books, handheld: Handheld) -> None:
    handheld.write(handheld.entry(received("S1"), verdict=Refused(Refusal.EXPIRED)))

    handheld.send(books)

    assert standings(books) == ["quarantined"]
    assert on_hand(books) == {}


def test_an_entry_of_another_site_of_this_centre_is_quarantined(books: Books, handheld: Handheld) -> None:
    books.make_site("BGO", "Bergen", "Europe/Oslo")
    handheld.write(handheld.entry(received("S1"), of_site="BGO"))
    handheld.write(handheld.entry(received("S2"), of_site="SITE-1"))

    handheld.send(books)

    assert standings(books) == ["quarantined", "projected"]


# --- member lists ----------------------------------------------------------------------------------------------------

PALLET = "sscc:095210010000040013"


def test_an_entry_waits_for_its_list_and_what_came_before_it_is_taken(books: Books, handheld: Handheld) -> None:
    handheld.receive("S1")
    digest = handheld.receive_list([f"L{n}" for n in range(1200)], PALLET)
    handheld.receive("S2")

    answer = handheld.send(books)

    assert isinstance(answer, wire.ListsWanted)
    assert (answer.seq, answer.hash, answer.digests) == (1, handheld.links[1].hex(), (digest,))
    chunks = handheld.chunks(digest)
    assert len(chunks) == 3
    assert ack(handheld.send(books, 2, 1, lists=chunks[:2])).seq == 1
    assert isinstance(handheld.send(books, 2), wire.ListsWanted)
    assert ack(handheld.send(books, 2, 1, lists=chunks[2:])).seq == 1
    assert ack(handheld.send(books, 2)).seq == 3
    assert on_hand(books) == {"DOCK-1": 2, PALLET: 1200}
    assert verify(books.path).ok


def test_a_list_that_is_absent_quarantines_and_heals_when_it_comes(books: Books, handheld: Handheld) -> None:
    digest = handheld.receive_list(["L1", "L2"], PALLET)
    handheld.send(books, 1, 0, absent=(digest,))

    assert ack(handheld.send(books)).seq == 1
    assert standings(books) == ["quarantined"]
    before = books.numbers[SITE]
    assert ack(handheld.send(books, 2, 1, lists=handheld.chunks(digest))).seq == 1
    assert standings(books) == ["projected"]
    assert rows(books, "SELECT n FROM entry WHERE epoch = ?", handheld.epoch) == [(before + 1,)]
    assert rows(books, "SELECT count(*) FROM quarantine") == [(0,)]
    assert on_hand(books) == {PALLET: 2}
    assert verify(books.path).ok


def test_an_entry_that_lacks_two_lists_heals_with_the_last_of_them(books: Books, handheld: Handheld) -> None:
    first, first_chunks = encode_list(MemberList((received("L1", to=PALLET),)))
    second, second_chunks = encode_list(MemberList((received("L2", to=PALLET),)))
    handheld.lists |= {first: first_chunks, second: second_chunks}
    handheld.write(handheld.entry(lists=(first, second)))
    handheld.send(books, 1, 0, absent=(first, second))
    handheld.send(books)

    handheld.send(books, 2, 1, lists=handheld.chunks(first))
    assert standings(books) == ["quarantined"]
    handheld.send(books, 2, 1, lists=handheld.chunks(second))
    assert standings(books) == ["projected"]
    assert on_hand(books) == {PALLET: 2}


def test_what_one_device_lacks_does_not_spoil_anothers_list(books: Books, handheld: Handheld) -> None:
    digest = handheld.receive_list(["L1"], PALLET)
    other = Handheld("B", epoch=b"\x02" * 16)
    other.send(books, 1, 0, absent=(digest,))

    assert isinstance(handheld.send(books), wire.ListsWanted)


@pytest.mark.parametrize("change", ["content", "hashes", "digest", "n", "many"])
def test_a_chunk_that_does_not_match_counts_as_absent(books: Books, handheld: Handheld, change: str) -> None:
    """An answer that refuses it would stop the device for ever; a lie hurts its own entry alone."""
    digest = handheld.receive_list(["L1", "L2"], PALLET)
    (chunk,) = handheld.chunks(digest)
    bad = {
        "content": replace(chunk, content=chunk.content + b" "),
        "hashes": replace(chunk, hashes=("0" * 64,)),
        "digest": replace(chunk, digest="0" * 64),
        "n": replace(chunk, n=1),
        "many": replace(chunk, hashes=chunk.hashes * 21),
    }[change]

    ack(handheld.send(books, 1, 0, lists=(bad,)))
    answer = handheld.send(books)

    assert isinstance(answer, wire.ListsWanted) if change == "digest" else ack(answer).seq == 1
    assert rows(books, "SELECT count(*) FROM list_chunk") == [(0,)]


def test_a_list_that_holds_no_members_quarantines_its_entry(books: Books, handheld: Handheld) -> None:
    digest, chunks = encode_list(MemberList((received("L1"),)))
    spoilt = [chunks[0].replace(b'"quantity":1', b'"quantity":-1')]
    digest = list_digest(spoilt)
    handheld.lists[digest] = spoilt
    handheld.write(handheld.entry(lists=(digest,)))

    handheld.send(books, 1, 0, lists=handheld.chunks(digest))

    assert ack(handheld.send(books)).seq == 1
    assert standings(books) == ["quarantined"]


def test_a_push_whose_lists_are_too_much_at_once_is_taken_in_parts(
    books: Books, handheld: Handheld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same long list named by each of many entries would hold the writer for minutes."""
    monkeypatch.setattr(ingest, "MEMBERS_A_PUSH_MAX", 5)
    digest = handheld.receive_list(["L1", "L2"], PALLET)
    for _ in range(4):
        handheld.write(handheld.entry(lists=(digest,)))
    handheld.send(books, 1, 0, lists=handheld.chunks(digest))

    assert [ack(handheld.send(books, start)).seq for start in (1, 3, 5)] == [2, 4, 5]
    assert verify(books.path).ok


# --- before the transaction ------------------------------------------------------------------------------------------


def refused(handheld: Handheld, push: wire.Push) -> str:
    with pytest.raises(ProblemError) as caught:
        handheld.prepared(push)
    return caught.value.code


def test_a_forged_signature_is_refused(handheld: Handheld) -> None:
    handheld.receive("S1", "S2")
    push = handheld.push()

    assert refused(handheld, replace(push, chain_sig=b"\0" * 64)) == "BAD_SIGNATURE"
    assert refused(handheld, replace(push, entries=push.entries[:1])) == "BAD_SIGNATURE"
    assert refused(handheld, replace(push, prev_hash="0" * 64)) == "BAD_SIGNATURE"
    assert refused(Handheld("A"), push) == "BAD_SIGNATURE"


def test_a_push_of_another_device_is_refused(handheld: Handheld) -> None:
    assert refused(handheld, handheld.push(device="B")) == "FOREIGN_DEVICE"


@pytest.mark.parametrize(
    "change",
    [
        {"start_seq": 0},
        {"prev_hash": "x"},
        {"quiet_until": -1},
        {"health": {"x": "y" * 300}},
        {"health": {str(n): n for n in range(40)}},
        {"cursor": "y" * 300},
        {"absent": ("0" * 64,) * 2000},
    ],
)
def test_fields_out_of_bounds_are_malformed(handheld: Handheld, change: dict[str, object]) -> None:
    assert refused(handheld, replace(handheld.push(), **change)) == "MALFORMED"  # type: ignore[arg-type]


def test_too_much_at_once_is_refused_but_one_always_fits(handheld: Handheld) -> None:
    for _ in range(501):
        handheld.write(b"{}")
    assert refused(handheld, handheld.push()) == "TOO_LARGE"
    big = Handheld("A", key=handheld.key)
    big.write(b"x" * 300_000)
    assert handheld.prepared(big.push()).last == 1
    big.write(b"x")
    assert refused(handheld, big.push()) == "TOO_LARGE"


def test_another_version_is_told_before_anything_else(handheld: Handheld) -> None:
    assert refused(handheld, handheld.push(proto=9)) == "OTHER_VERSION"


# --- many at once ----------------------------------------------------------------------------------------------------


def test_many_pushes_share_a_commit_and_one_that_fails_takes_nothing_with_it(books: Books, handheld: Handheld) -> None:
    other = Handheld("B", epoch=b"\x02" * 16)
    handheld.receive("S1")
    other.receive("S2")
    first, second = handheld.prepared(handheld.push()), other.prepared(other.push())

    def broken(writing: object) -> None:
        raise RuntimeError(writing)

    results = books.write(
        SITE, [lambda writing: take_push(writing, first), broken, lambda writing: take_push(writing, second)]
    )

    assert [type(result) for result in results] == [wire.Ack, Failed, wire.Ack]
    assert on_hand(books) == {"DOCK-1": 2}
    assert verify(books.path).ok


def test_an_entry_that_breaks_the_fold_is_quarantined_and_the_others_are_taken(
    books: Books, handheld: Handheld, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = Fold.add

    def breaking(fold: Fold, entry: object, *more: object) -> None:
        if "S2" in repr(entry):
            raise ZeroDivisionError
        add(fold, entry, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(Fold, "add", breaking)
    handheld.receive("S1", "S2", "S3")

    answer = ack(handheld.send(books))

    assert answer.seq == 3
    assert standings(books) == ["projected", "quarantined", "projected"]
    assert on_hand(books) == {"DOCK-1": 2}
    assert verify(books.path).ok


def test_closing_and_opening_a_document_and_what_is_left_to_do_are_projected(books: Books, handheld: Handheld) -> None:
    handheld.write(handheld.entry(received("S1", 1), reason="DAMAGED", document="ASN-1"))
    handheld.write(handheld.entry(kind=EntryKind.DOCUMENT_CLOSED, document="ASN-1"))
    handheld.send(books)
    assert rows(books, "SELECT id, device FROM document_closed") == [("ASN-1", "A")]
    assert rows(books, "SELECT code, closed_by FROM follow_up") == [("DAMAGED", "")]
    assert rows(books, "SELECT quantity FROM document_progress") == [(1,)]
    event_id = str(rows(books, "SELECT event_id FROM follow_up")[0][0])
    back = Posting(stock_key("S1"), 1, "DOCK-1", SUPPLIER)
    handheld.write(handheld.entry(back, kind=EntryKind.CORRECTED, refers_to=event_id, document="ASN-1"))
    handheld.write(handheld.entry(kind=EntryKind.DOCUMENT_OPENED, document="ASN-1"))

    handheld.send(books, 3)

    assert rows(books, "SELECT count(*) FROM document_closed") == [(0,)]
    assert rows(books, "SELECT closed_by <> '' FROM follow_up") == [(1,)]
    assert on_hand(books) == {}
    assert verify(books.path).ok


def test_containers_keep_the_document_that_brought_them(books: Books, handheld: Handheld) -> None:
    handheld.write(
        handheld.entry(document="ASN-1", container_moves=(ContainerMove(PALLET, SUPPLIER, "DOCK-1", Seal.SEALED),))
    )
    handheld.write(handheld.entry(container_moves=(ContainerMove(PALLET, "DOCK-1", "A-01-1", Seal.OPEN),)))

    handheld.send(books)

    assert rows(books, "SELECT id, parent, seal, document FROM container") == [(PALLET, "A-01-1", "open", "ASN-1")]
    assert verify(books.path).ok


def test_a_device_is_seen_but_a_replay_tells_nothing(books: Books, handheld: Handheld) -> None:
    row = (SITE, "A", handheld.identity.public_key, ACTIVE, "1", START_MS, START_MS)
    books.do(SITE, lambda writing: writing.session.run(PUT_DEVICE, row))
    handheld.receive("S1")
    handheld.send(books, quiet_until=10)
    handheld.receive("S2")
    handheld.send(books, 2, quiet_until=20, health={"battery": 50})
    handheld.send(books, 1, 1, quiet_until=10)

    assert rows(books, "SELECT quiet_until, health FROM device") == [(20, '{"battery":50}')]


def test_the_stock_of_a_lot_is_one_line(books: Books, handheld: Handheld) -> None:
    handheld.write(handheld.entry(received(None, 40)))
    handheld.write(handheld.entry(Posting(stock_key(), 15, "DOCK-1", "A-01-1"), kind=EntryKind.PUT_AWAY))

    handheld.send(books)

    assert rows(books, "SELECT place, gtin, lot, quantity FROM on_hand ORDER BY place") == [
        ("A-01-1", GTIN, LOT, 15),
        ("DOCK-1", GTIN, LOT, 25),
    ]
