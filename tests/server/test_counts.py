"""Counts at the centre: the verdict on a closed count, what changes it, and what a decision does to the stock."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from scanner_app.domain.entry import EntryKind, Parent, Stamp, decode_entry
from scanner_app.domain.masters import Item, Operator, Role, StorageClass
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.site_records import SiteRecords
from scanner_app.domain.stock import CUSTOMER, LOSS, SUPPLIER, ContainerMove, Posting, Seal, Status
from scanner_app.errors import ConfigError
from server import counts as judging
from server import registry
from server.commands import set_device
from server.count_decisions import approve, counts, reject, write_off
from server.exceptions import exceptions
from server.imports import put_records
from server.records import COUNT, POLICY, decode_body, find_record
from server.verify import verify
from sync import wire
from tests.server.handhelds import EXPIRY, GTIN, LOT, OTHER_GTIN, SITE, START_MS, Handheld, received, stock_key

if TYPE_CHECKING:
    from server.books import Books

PLACE = "A-01-1"
MINUTE = 60_000
OPENED_MS = START_MS - 600 * MINUTE
CLOSED_MS = START_MS - 590 * MINUTE
BEFORE_MS = OPENED_MS - 60 * MINUTE
TOM, SEB = "USR-1004", "USR-1005"
SEBS = Operator(SEB, "Seb  moreno", Role.SUPERVISOR, "no verifier")
ANAS_OTHER_BADGE = Operator("USR-1009", "ANA MORENO", Role.SUPERVISOR, "no verifier")


@pytest.fixture
def counter(books: Books) -> Handheld:
    """The device that counts, enrolled; the site has a serialised item and one that is not."""
    items = (Item(OTHER_GTIN, "Calmera", "5 mg", StorageClass.AMBIENT, serialised=False),)
    books.do(SITE, lambda writing: put_records(writing, SiteRecords(items=items, operators=(SEBS, ANAS_OTHER_BADGE))))
    return enrolled(books, Handheld("A"))


@pytest.fixture
def other(books: Books) -> Handheld:
    """Another device of the site, enrolled."""
    return enrolled(books, Handheld("B", epoch=b"\x02" * 16))


def enrolled(books: Books, device: Handheld) -> Handheld:
    code = books.do(SITE, lambda writing: registry.make_code(writing, device.name))
    asked = wire.EnrolRequest(1, code, device.identity.public_key, "test")
    books.do(SITE, lambda writing: registry.enrol(writing, asked))
    return device


def put(device: Handheld, quantity: int, at_ms: int = BEFORE_MS, **more: Any) -> None:  # noqa: ANN401 - any field of a key
    """So many of the item that has no serials come to the place."""
    device.write(device.entry(received(None, quantity, gtin=OTHER_GTIN, to=PLACE, **more), at_ms=at_ms))


def put_units(device: Handheld, *serials: str, at_ms: int = BEFORE_MS, to: str = PLACE) -> None:
    for serial in serials:
        device.write(device.entry(received(serial, to=to), at_ms=at_ms))


def take(device: Handheld, quantity: int, at_ms: int) -> None:
    """So many go from the place to another one."""
    posting = Posting(stock_key(gtin=OTHER_GTIN), quantity, PLACE, "B-01-1")
    device.write(device.entry(posting, kind=EntryKind.MOVED, at_ms=at_ms))


def scan(device: Handheld, kind: EntryKind, count: str, at_ms: int, **told: Any) -> Any:  # noqa: ANN401 - any parameter
    place, operator = told.pop("place", PLACE), told.pop("operator", "USR-1001")
    entry = device.entry(
        kind=kind, count=count, at_ms=at_ms, operator=operator, verdict=Accepted(parameters={"place": place, **told})
    )
    return device.write(entry)


def count_place(
    device: Handheld,
    quantity: int = 0,
    serials: tuple[str, ...] = (),
    count: str = "C1",
    later_ms: int = 0,
    **more: Any,  # noqa: ANN401 - as above
) -> None:
    """A whole count: opened, so many of the loose item and these units seen, closed."""
    scan(device, EntryKind.COUNT_OPENED, count, OPENED_MS + later_ms, **more)
    label = {"lot": LOT, "expiry": EXPIRY.isoformat()}
    if quantity:
        told = {"gtin": OTHER_GTIN, "quantity": quantity, **label, **more}
        scan(device, EntryKind.COUNTED, count, OPENED_MS + later_ms + 1000, **told)
    for serial in serials:
        told = {"gtin": GTIN, "serial": serial, "quantity": 1, **label, **more}
        scan(device, EntryKind.COUNTED, count, OPENED_MS + later_ms + 2000, **told)
    scan(device, EntryKind.COUNT_CLOSED, count, CLOSED_MS + later_ms, **more)


def send(books: Books, device: Handheld, **more: Any) -> wire.Ack:  # noqa: ANN401 - any field of a push
    """Pushes what is new, and says that nothing older is left."""
    more.setdefault("quiet_until", START_MS)
    epoch = books.database.session.one("SELECT seq FROM epoch WHERE epoch = ?", (device.epoch,))
    answer = device.send(books, 1 if epoch is None else epoch[0] + 1, **more)
    assert isinstance(answer, wire.Ack), answer
    return answer


def record(books: Books, count: str = "C1") -> dict[str, Any]:
    found = find_record(books.database.session, SITE, COUNT, count)
    assert found is not None
    return decode_body(found.body)


def state(books: Books, count: str = "C1") -> str:
    return str(record(books, count)["state"])


def stock(books: Books, place: str = PLACE) -> dict[tuple[str, str], int]:
    """Item and status → quantity at a place."""
    rows = books.database.session.all(
        "SELECT gtin, status, sum(quantity) FROM on_hand WHERE place = ? GROUP BY gtin, status", (place,)
    )
    return {(gtin, status): quantity for gtin, status, quantity in rows if quantity}


def unit(books: Books, serial: str) -> tuple[str, str]:
    row = books.database.session.one("SELECT place, status FROM unit WHERE serial = ?", (serial,))
    assert row is not None
    return row[0], row[1]


def flags(books: Books) -> list[tuple[str, str]]:
    return [(each.code, each.subject) for each in exceptions(books.database.session, SITE)]


def decide(books: Books, decision: Any, count: str = "C1", by: str = TOM) -> Any:  # noqa: ANN401 - one of three functions
    return books.do(SITE, lambda writing: decision(writing, count, by, "looked twice"))


def holds(books: Books) -> bool:
    found = verify(books.path)
    assert found.ok, found.findings
    return True


# --- the verdict ------------------------------------------------------------------------------------------------------


def test_a_count_that_finds_what_the_ledger_says_agrees(books: Books, counter: Handheld) -> None:
    put(counter, 40)
    put_units(counter, "S1", "S2")
    count_place(counter, 40, ("S1", "S2"))
    send(books, counter)

    told = record(books)
    assert (told["state"], told["differences"], told["operators"]) == ("agrees", 0, ["USR-1001"])
    assert (told["place"], told["opened_ms"], told["closed_ms"]) == (PLACE, OPENED_MS, CLOSED_MS)
    assert list(counts(books.database.session, SITE)) == []
    assert decide(books, approve) == "agrees"
    assert holds(books)


def test_an_open_count_is_none_yet_and_may_come_in_many_pushes(books: Books, counter: Handheld) -> None:
    put(counter, 40)
    count_place(counter, 40)
    for number in range(1, len(counter.entries) + 1):
        assert find_record(books.database.session, SITE, COUNT, "C1") is None
        counter.send(books, number, number)
    assert state(books) == "agrees"


def test_a_verdict_is_provisional_until_every_active_device_has_spoken(
    books: Books, counter: Handheld, other: Handheld
) -> None:
    put(counter, 40)
    count_place(counter, 38)
    send(books, counter)
    assert state(books) == "provisional"
    assert decide(books, approve) == "provisional"

    send(books, other, quiet_until=CLOSED_MS)
    assert state(books) == "provisional", "within clock doubt"
    send(books, other)
    assert state(books) == "variance"
    (line,) = record(books)["lines"]
    assert (line["gtin"], line["lot"], line["expected"], line["counted"]) == (OTHER_GTIN, LOT, 40, 38)


@pytest.mark.parametrize("how", ["lost", "away"])
def test_a_device_that_is_lost_or_long_away_is_awaited_no_longer(
    books: Books, counter: Handheld, other: Handheld, how: str
) -> None:
    put(counter, 40)
    count_place(counter, 38)
    send(books, counter)
    assert other.name == "B"
    if how == "lost":
        set_device(books, {"action": "lost", "name": "B", "site": None})
    else:
        books.do(SITE, lambda writing: writing.put(POLICY, "active_days", {"name": "active_days", "value": 1}))
        books.means.now_ms.ms += 2 * registry.DAY_MS  # type: ignore[attr-defined] # the tests' clock
        send(books, counter)
    assert state(books) == "variance"


def test_a_move_of_another_within_the_window_asks_for_a_recount_which_takes_its_place(
    books: Books, counter: Handheld, other: Handheld
) -> None:
    put(counter, 40)
    count_place(counter, 38)
    send(books, counter)
    take(other, 2, OPENED_MS + MINUTE)
    send(books, other)

    assert state(books) == "recount"
    assert record(books)["moves"] == [decode_entry(other.entries[0]).event_id]
    assert flags(books) == [("COUNT_STALE", "count:C1")]
    assert decide(books, approve) == "recount"

    count_place(counter, 38, count="C2", later_ms=20 * MINUTE)
    send(books, counter)
    assert (state(books), state(books, "C2")) == ("recounted", "agrees")
    assert flags(books) == []
    assert holds(books)


def test_a_late_earlier_move_changes_a_verdict_that_is_not_decided(
    books: Books, counter: Handheld, other: Handheld
) -> None:
    put(counter, 40)
    count_place(counter, 38)
    send(books, counter)
    take(other, 2, BEFORE_MS + MINUTE)
    send(books, other)
    assert state(books) == "agrees"


def test_an_older_count_that_comes_late_changes_nothing(books: Books, counter: Handheld, other: Handheld) -> None:
    put(counter, 40)
    count_place(counter, 40, count="C2", later_ms=30 * MINUTE)
    send(books, counter)
    count_place(other, 12, count="C1")
    send(books, other)
    assert (state(books, "C1"), state(books, "C2")) == ("recounted", "agrees")


def test_what_was_corrected_on_the_device_is_left_out_in_any_order(books: Books, counter: Handheld) -> None:
    put(counter, 40)
    scan(counter, EntryKind.COUNT_OPENED, "C1", OPENED_MS)
    label = {"gtin": OTHER_GTIN, "lot": LOT, "expiry": EXPIRY.isoformat()}
    wrong = scan(counter, EntryKind.COUNTED, "C1", OPENED_MS + 1000, quantity=400, **label)
    counter.write(counter.entry(kind=EntryKind.CORRECTED, count="C1", refers_to=wrong.event_id, at_ms=OPENED_MS + 2000))
    scan(counter, EntryKind.COUNTED, "C1", OPENED_MS + 3000, quantity=40, **label)
    scan(counter, EntryKind.COUNT_CLOSED, "C1", CLOSED_MS)
    send(books, counter)
    assert state(books) == "agrees"


def test_own_moves_are_ordered_by_the_chain_through_its_epochs_whatever_the_clock_says(
    books: Books, counter: Handheld
) -> None:
    put(counter, 40, at_ms=START_MS)
    send(books, counter)
    parent = Parent(counter.epoch, 1, counter.links[1])
    later = replace(counter, epoch=b"\x03" * 16, parent=parent, entries=[], links=[])
    take(later, 5, START_MS)
    count_place(later, 35)
    take(later, 5, BEFORE_MS)
    send(books, later)
    assert state(books) == "agrees"


def test_a_clock_that_is_wrong_is_corrected_by_what_is_known_of_it(
    books: Books, counter: Handheld, other: Handheld
) -> None:
    """The other device's clock is a day ahead; one of its moves was made after a restart, without the centre's time."""
    put(counter, 40)
    count_place(counter, 38)
    send(books, counter)
    day, at_ms = 86_400_000, OPENED_MS - 30 * MINUTE
    for stamp in (
        Stamp(at_ms + day - 1000, 60, 20_000, "boot", at_ms - 1000, 20_000),
        Stamp(at_ms + day, 60, 5, "later boot"),
    ):
        posting = Posting(stock_key(gtin=OTHER_GTIN), 1, PLACE, "B-01-1")
        other.write(other.entry(posting, kind=EntryKind.MOVED, stamp=stamp))
    books.means.now_ms.ms += 2 * day  # type: ignore[attr-defined] # the tests' clock
    send(books, other)
    assert state(books) == "agrees"


def test_moves_of_lists_count_too(books: Books, counter: Handheld) -> None:
    digest = counter.receive_list(["L1", "L2"], PLACE, at_ms=BEFORE_MS)
    count_place(counter, 0, ("L1",))
    counter.send(books, lists=counter.chunks(digest), quiet_until=START_MS)
    assert record(books)["missing"] == [[GTIN, "L2"]]


def test_a_verdict_that_fails_holds_up_no_entry(
    books: Books, counter: Handheld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("broken")

    monkeypatch.setattr(judging, "read_facts", broken)
    put(counter, 40)
    count_place(counter, 38)
    assert send(books, counter).seq == len(counter.entries)
    assert stock(books) == {(OTHER_GTIN, "available"): 40}
    monkeypatch.undo()
    take(counter, 1, START_MS)
    put(counter, 1, BEFORE_MS)
    scan(counter, EntryKind.NOTED, "C1", START_MS)
    send(books, counter)
    assert state(books) == "variance"


# --- decisions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("counted", [38, 40, 45])
def test_an_approved_variance_is_an_entry_that_makes_the_stock_what_was_seen(
    books: Books, counter: Handheld, counted: int
) -> None:
    put(counter, 30)
    put(counter, 11, owner="other")
    count_place(counter, counted)
    send(books, counter)

    assert decide(books, approve) == "approved"

    assert stock(books) == {(OTHER_GTIN, "available"): counted}
    decided = record(books)["decided"]
    assert (decided["by"], decided["how"], decided["reason"]) == (TOM, "APPROVED", "looked twice")
    own = books.database.session.all("SELECT bytes FROM entry WHERE epoch IN (SELECT own_epoch FROM site)")
    entry = decode_entry(own[-1][0])
    assert (entry.kind, entry.event_id, entry.count) == (EntryKind.ADJUSTED, decided["event_id"], "C1")
    assert entry.refers_to == decode_entry(counter.entries[-1]).event_id
    assert entry.origin.operator == TOM
    assert decide(books, approve) == "approved", "once is enough"
    assert stock(books) == {(OTHER_GTIN, "available"): counted}
    assert holds(books)


def test_a_later_count_after_an_approval_agrees(books: Books, counter: Handheld, other: Handheld) -> None:
    put(counter, 40)
    count_place(counter, 38)
    send(books, counter)
    send(books, other)
    decide(books, approve)
    count_place(other, 38, count="C2", later_ms=30 * MINUTE)
    send(books, other)
    assert state(books, "C2") == "agrees"


def test_more_was_taken_since_than_there_is_and_it_is_said(books: Books, counter: Handheld) -> None:
    put(counter, 10)
    count_place(counter, 4)
    take(counter, 9, START_MS)
    send(books, counter)
    decide(books, approve)
    assert stock(books) == {(OTHER_GTIN, "available"): -5}
    assert [code for code, _ in flags(books)] == ["NEGATIVE"]
    assert holds(books)


@pytest.mark.parametrize(
    ("gtin", "place", "there", "status"),
    [
        (OTHER_GTIN, PLACE, None, "available"),
        (OTHER_GTIN, PLACE, Status.QUARANTINED, "quarantined"),
        (OTHER_GTIN, "CAGE", None, "held"),
        (GTIN, PLACE, None, "held"),
        ("09521002000214", PLACE, None, "held"),
    ],
)
def test_what_is_too_many_becomes_what_stands_there_or_is_held(
    books: Books, counter: Handheld, gtin: str, place: str, there: Status | None, status: str
) -> None:
    if there is not None:
        put(counter, 5, status=there)
    label = {"gtin": gtin, "lot": LOT, "expiry": EXPIRY.isoformat(), "quantity": 7, "place": place}
    scan(counter, EntryKind.COUNT_OPENED, "C1", OPENED_MS, place=place)
    scan(counter, EntryKind.COUNTED, "C1", OPENED_MS + 1, **label)
    scan(counter, EntryKind.COUNT_CLOSED, "C1", CLOSED_MS, place=place)
    send(books, counter)
    decide(books, approve)
    assert stock(books, place) == {(gtin, status): 7}


def test_a_missing_unit_is_held_until_it_is_found_or_written_off(books: Books, counter: Handheld) -> None:
    put_units(counter, "S1", "S2", "S3")
    count_place(counter, 0, ("S1",))
    send(books, counter)
    assert record(books)["missing"] == [[GTIN, "S2"], [GTIN, "S3"]]
    assert decide(books, write_off) == ("variance", 0)

    decide(books, approve)

    assert stock(books) == {(GTIN, "available"): 1, (GTIN, "held"): 2}
    assert unit(books, "S2") == (PLACE, "held")
    assert [each["id"] for each in counts(books.database.session, SITE)] == ["C1"], "still to be searched for"
    found = Posting(stock_key("S3", status=Status.HELD), 1, PLACE, "B-01-1")
    counter.write(counter.entry(found, kind=EntryKind.MOVED, at_ms=START_MS))
    send(books, counter)
    assert decide(books, write_off, by=SEB) == ("approved", 1)
    assert (unit(books, "S2"), unit(books, "S3")) == ((LOSS, "held"), ("B-01-1", "held"))
    assert stock(books) == {(GTIN, "available"): 1}
    assert list(counts(books.database.session, SITE)) == []
    assert decide(books, write_off) == ("approved", 0)
    assert holds(books)


def test_a_unit_too_many_comes_in_held_from_where_the_ledger_has_it(books: Books, counter: Handheld) -> None:
    put_units(counter, "ELSEWHERE", to="B-01-1")
    put_units(counter, "SOLD")
    sold = Posting(stock_key("SOLD"), 1, PLACE, CUSTOMER)
    counter.write(counter.entry(sold, kind=EntryKind.SHIPPED, at_ms=BEFORE_MS + 1))
    pallet = "sscc:095210010000040013"
    digest = counter.receive_list(["PACKED"], pallet, at_ms=BEFORE_MS)
    counter.write(counter.entry(received("LATER", to="DOCK-1"), at_ms=BEFORE_MS))
    count_place(counter, 0, ("ELSEWHERE", "SOLD", "NEW", "LATER", "PACKED"))
    counter.write(counter.entry(Posting(stock_key("LATER"), 1, "DOCK-1", PLACE), kind=EntryKind.MOVED, at_ms=START_MS))
    moved = ContainerMove(pallet, "DOCK-1", PLACE, Seal.SEALED)
    counter.write(counter.entry(kind=EntryKind.MOVED, container_moves=(moved,), at_ms=BEFORE_MS))
    counter.send(books, lists=counter.chunks(digest), quiet_until=START_MS)
    decide(books, approve)

    assert unit(books, "ELSEWHERE") == (PLACE, "held")
    assert unit(books, "SOLD") == (PLACE, "held")
    assert unit(books, "NEW") == (PLACE, "held")
    assert unit(books, "PACKED") == (pallet, "available"), "what stands in a pallet of the place is there"
    assert unit(books, "LATER") == (PLACE, "available"), "it came by a move since"
    assert stock(books, "B-01-1") == {}
    assert holds(books)


def test_who_counted_does_not_decide_nor_by_another_badge(books: Books, counter: Handheld) -> None:
    put(counter, 40)
    count_place(counter, 38)
    send(books, counter)
    for decision, by in itertools.product((approve, reject, write_off), ("USR-1001", "USR-1009")):
        with pytest.raises(ConfigError) as caught:
            decide(books, decision, by=by)
        assert caught.value.code == "SAME_PERSON"
    assert state(books) == "variance"
    assert decide(books, approve, by=SEB) == "approved", "another Moreno is another person"


def test_a_rejection_is_an_entry_and_leaves_the_stock(books: Books, counter: Handheld, other: Handheld) -> None:
    put(counter, 40)
    count_place(counter, 38)
    take(other, 2, OPENED_MS + MINUTE)
    send(books, counter)
    send(books, other)
    assert flags(books) == [("COUNT_STALE", "count:C1")]

    assert decide(books, reject) == "rejected"

    assert stock(books) == {(OTHER_GTIN, "available"): 38}
    own = books.database.session.all("SELECT bytes FROM entry WHERE epoch IN (SELECT own_epoch FROM site)")
    kinds = [decode_entry(row[0]).kind for row in own]
    assert EntryKind.RESOLVED in kinds
    assert EntryKind.ADJUSTED not in kinds
    assert flags(books) == []
    assert decide(books, approve) == "rejected"
    assert decide(books, reject) == "rejected"
    take(other, 2, BEFORE_MS)
    send(books, other)
    assert state(books) == "rejected"
    assert holds(books)


def test_a_count_that_nobody_knows(books: Books) -> None:
    assert [decide(books, decision, "C9") for decision in (approve, reject, write_off)] == [None, None, None]


# --- counter-proposals ------------------------------------------------------------------------------------------------


def approved_then_late(books: Books, counter: Handheld, other: Handheld) -> None:
    """A variance of -2 was approved, then another device tells that it had taken them before."""
    put(counter, 40)
    count_place(counter, 38)
    send(books, counter)
    send(books, other)
    decide(books, approve)
    assert stock(books) == {(OTHER_GTIN, "available"): 38}
    take(other, 2, BEFORE_MS + MINUTE)
    send(books, other)


def test_a_late_earlier_move_opens_a_counter_proposal_by_itself(
    books: Books, counter: Handheld, other: Handheld
) -> None:
    approved_then_late(books, counter, other)
    assert (state(books), state(books, "C1/2")) == ("countered", "variance")
    told = record(books, "C1/2")
    assert told["counters"] == "C1"
    assert [(line["gtin"], line["counted"] - line["expected"]) for line in told["lines"]] == [(OTHER_GTIN, 2)]
    assert [each["id"] for each in counts(books.database.session, SITE)] == ["C1/2"]
    with pytest.raises(ConfigError, match="same person"):
        decide(books, approve, "C1/2", by="USR-1009")

    assert decide(books, approve, "C1/2") == "approved"

    assert stock(books) == {(OTHER_GTIN, "available"): 38}
    assert (state(books), state(books, "C1/2")) == ("countered", "approved")
    take(other, 1, BEFORE_MS + 2 * MINUTE)
    send(books, other)
    assert state(books, "C1/3") == "variance", "and so again"
    assert holds(books)


def test_a_counter_proposal_that_was_rejected_is_not_made_again_but_a_new_one_is(
    books: Books, counter: Handheld, other: Handheld
) -> None:
    approved_then_late(books, counter, other)
    assert decide(books, reject, "C1/2") == "rejected"
    assert state(books) == "approved"
    take(other, 1, START_MS)
    put(other, 1, START_MS)
    scan(counter, EntryKind.NOTED, "C1", START_MS)
    send(books, other)
    send(books, counter)
    assert state(books) == "approved"
    take(other, 1, BEFORE_MS + 2 * MINUTE)
    send(books, other)
    assert (state(books), state(books, "C1/3")) == ("countered", "variance")


def test_a_counter_proposal_is_withdrawn_when_a_still_later_entry_makes_it_void(
    books: Books, counter: Handheld, other: Handheld
) -> None:
    approved_then_late(books, counter, other)
    back = Posting(stock_key(gtin=OTHER_GTIN), 2, "B-01-1", PLACE)
    other.write(other.entry(back, kind=EntryKind.MOVED, at_ms=BEFORE_MS + 2 * MINUTE))
    send(books, other)
    assert (state(books), state(books, "C1/2")) == ("approved", "withdrawn")


def test_a_later_count_of_the_place_ends_a_counter_proposal(books: Books, counter: Handheld, other: Handheld) -> None:
    approved_then_late(books, counter, other)
    count_place(counter, 38, count="C2", later_ms=30 * MINUTE)
    send(books, counter)
    assert (state(books), state(books, "C1/2")) == ("approved", "recounted")
    assert state(books, "C2") == "variance", "the ledger has 36"
    assert decide(books, approve, "C2") == "approved"
    assert stock(books) == {(OTHER_GTIN, "available"): 38}
    assert holds(books)


def test_a_counter_proposal_takes_no_counts_name_and_no_device_another_ones_count(
    books: Books, counter: Handheld, other: Handheld
) -> None:
    count_place(other, 5, count="C1/2", place="B-01-1")
    send(books, other)
    approved_then_late(books, counter, other)
    assert (state(books, "C1/2"), state(books, "C1/3")) == ("variance", "variance")
    for count in ("C1", "C1/3"):
        count_place(other, 99, count=count)
    send(books, other)
    assert record(books)["device"] == "A"
    assert record(books, "C1/3")["lines"][0]["counted"] == 2


def test_units_go_back_to_what_they_were_but_stand_where_they_were_moved_to(
    books: Books, counter: Handheld, other: Handheld
) -> None:
    put_units(counter, "S1", "S2")
    put_units(counter, "S3", to="B-01-1")
    count_place(counter, 0, ("S1", "S3"))
    send(books, counter)
    send(books, other)
    decide(books, approve)
    assert (unit(books, "S2"), unit(books, "S3")) == ((PLACE, "held"), (PLACE, "held"))
    for serial, from_place, to_place in (("S2", PLACE, "DOCK-1"), ("S3", "B-01-1", PLACE)):
        posting = Posting(stock_key(serial), 1, from_place, to_place)
        other.write(other.entry(posting, kind=EntryKind.MOVED, at_ms=BEFORE_MS + MINUTE))
    send(books, other)
    assert record(books, "C1/2")["back"] == [[GTIN, "S2"], [GTIN, "S3"]]

    decide(books, approve, "C1/2")

    assert (unit(books, "S2"), unit(books, "S3")) == (("DOCK-1", "available"), (PLACE, "available"))
    assert stock(books) == {(GTIN, "available"): 2}
    assert stock(books, "DOCK-1") == {(GTIN, "available"): 1}
    assert stock(books, "B-01-1") == {}
    assert holds(books)


def test_a_written_off_unit_that_had_left_before_comes_back(books: Books, counter: Handheld, other: Handheld) -> None:
    put_units(counter, "S1")
    count_place(counter)
    send(books, counter)
    send(books, other)
    decide(books, approve)
    decide(books, write_off)
    assert unit(books, "S1") == (LOSS, "held")
    other.write(other.entry(Posting(stock_key("S1"), 1, PLACE, SUPPLIER), kind=EntryKind.RETURNED, at_ms=BEFORE_MS + 1))
    send(books, other)
    decide(books, approve, "C1/2")
    assert unit(books, "S1") == (SUPPLIER, "available")
    assert stock(books) == {}
    assert holds(books)


def test_very_many_units_are_adjusted_by_entries_of_bounded_length(books: Books, counter: Handheld) -> None:
    put_units(counter, *(f"S{number}" for number in range(130)))
    count_place(counter)
    send(books, counter)
    decide(books, approve)
    assert stock(books) == {(GTIN, "held"): 130}
    sizes = [
        len(decode_entry(row[0]).postings)
        for row in books.database.session.all("SELECT bytes FROM entry WHERE epoch IN (SELECT own_epoch FROM site)")
        if decode_entry(row[0]).kind is EntryKind.ADJUSTED
    ]
    assert sizes == [100, 100, 60]
    assert len(record(books)["missing"]) == 130
    assert holds(books)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_comes_late_the_place_holds_what_was_seen_and_what_came_after(
    books: Books, counter: Handheld, other: Handheld, seed: int
) -> None:
    """Moves of another device before and after a count arrive at any time, between decisions too."""
    order = random.Random(seed)
    seen = order.randrange(60)
    put(counter, 50)
    count_place(counter, seen)
    after = 0
    for _ in range(order.randrange(1, 9)):
        quantity, earlier = order.randrange(1, 5), order.random() < 0.6
        come, at_ms = order.random() < 0.5, BEFORE_MS + MINUTE if earlier else START_MS - MINUTE
        put(other, quantity, at_ms) if come else take(other, quantity, at_ms)
        after += 0 if earlier else quantity if come else -quantity
    pushes = [counter, *[other] * len(other.entries)]
    order.shuffle(pushes)
    told = 0
    for device in pushes:
        if device is counter:
            send(books, counter)
        else:
            told += 1
            other.send(books, told, told, quiet_until=START_MS)
        for waiting in list(counts(books.database.session, SITE)):
            if order.random() < 0.7:
                decide(books, approve, waiting["id"])
    for waiting in list(counts(books.database.session, SITE)):
        assert decide(books, approve, waiting["id"]) == "approved"

    assert list(counts(books.database.session, SITE)) == []
    assert sum(stock(books).values()) == seen + after
    assert holds(books)
