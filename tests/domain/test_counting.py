"""A count: the window, what was seen in it, and what the ledger says lay there; by examples and by hostile entries."""

from __future__ import annotations

import random
from typing import Any

import pytest

from scanner_app.domain.counting import (
    CLOCK_DOUBT_MS,
    QUANTITY_MAX,
    Batch,
    Change,
    Count,
    CountFact,
    CountLine,
    Seen,
    count_fact_of,
    counts_of,
    in_window,
    is_settled,
    judge_count,
)
from scanner_app.domain.entry import Entry, EntryKind, Origin, Stamp
from scanner_app.domain.refusals import Accepted, Outcome, Refusal, Refused

GTIN = "09521001000116"
GLOVES = "09521001000321"
A12B = Batch(GTIN, "A12B", "2027-05-31")
B77 = Batch(GTIN, "B77", "2027-09-30")
BOX = Batch(GLOVES, "L1", "2028-01-31")
PLACE = "B-04-2"
OPENED_MS, CLOSED_MS = 10_000_000, 10_600_000
LONG_AGO = OPENED_MS - CLOCK_DOUBT_MS - 1
LATE = CLOSED_MS + CLOCK_DOUBT_MS + 1


def seen(batch: Batch = BOX, quantity: int = 1, seq: int = 110, serial: str = "") -> Seen:
    return Seen(batch, serial, quantity, seq)


def count(*scans: Seen) -> Count:
    """Opened at sequence 100, closed at 120."""
    return Count("C1", PLACE, "H-1", 100, 120, OPENED_MS, CLOSED_MS, scans)


def change(
    number: int, batch: Batch = BOX, *, seq: int = 1, at_ms: int = LONG_AGO, device: str = "H-1", serial: str = "",
    event: str = "e1",
) -> Change:  # fmt: skip
    return Change(event, device, seq, at_ms, batch, serial, number)


# What lay there.


def test_a_count_that_finds_what_the_ledger_says_agrees() -> None:
    found = judge_count(count(seen(quantity=40)), [change(50), change(-10, seq=2)])

    assert found.lines == (CountLine(BOX, 40, 40),)
    assert found.lines[0].variance == 0
    assert found.agrees
    assert not found.stale


def test_two_batches_are_two_lines_and_make_up_for_each_other_in_none() -> None:
    found = judge_count(count(seen(BOX, 3), seen(replaced("L2"), 7)), [change(5), change(5, replaced("L2"))])

    assert [line.variance for line in found.lines] == [-2, 2]
    assert not found.agrees


def test_several_scans_of_a_batch_add_up() -> None:
    found = judge_count(count(seen(quantity=3), seen(quantity=4, seq=111)), [change(7)])

    assert found.lines == (CountLine(BOX, 7, 7),)


def test_what_nobody_saw_and_what_nobody_expected_are_lines_too() -> None:
    found = judge_count(
        count(seen(replaced("L9"), 2)), [change(4), change(3, replaced("L0")), change(-3, replaced("L0"))]
    )

    assert found.lines == (CountLine(BOX, 4, 0), CountLine(replaced("L9"), 0, 2))


def test_an_empty_place_that_is_empty_by_the_ledger_agrees() -> None:
    assert judge_count(count(), []).agrees


def replaced(lot: str, expiry: str = "2028-01-31") -> Batch:
    return Batch(GLOVES, lot, expiry)


# Units by their serials.


def test_units_are_missing_and_unexpected_by_their_serials() -> None:
    there = [change(1, A12B, serial=serial) for serial in ("S1", "S2", "S3")]
    found = judge_count(
        count(seen(A12B, serial="S1"), seen(A12B, serial="X9")), [*there, change(-1, A12B, serial="S3")]
    )

    assert found.missing == ((GTIN, "S2"),)
    assert found.unexpected == ((GTIN, "X9"),)
    assert found.lines == (CountLine(A12B, 2, 2),)
    assert not found.agrees


def test_a_unit_whose_label_tells_no_lot_is_of_the_batch_on_record() -> None:
    found = judge_count(count(seen(Batch(GTIN), serial="S1")), [change(1, A12B, serial="S1")])

    assert found.lines == (CountLine(A12B, 1, 1),)


def test_a_unit_whose_label_tells_another_lot_is_told_as_the_label_says() -> None:
    found = judge_count(count(seen(B77, serial="S1")), [change(1, A12B, serial="S1")])

    assert found.lines == (CountLine(A12B, 1, 0), CountLine(B77, 0, 1))
    assert (found.missing, found.unexpected) == ((), ())
    assert not found.agrees


@pytest.mark.parametrize(("on_label", "on_record"), [("", "2028-01-31"), ("2028-01-31", ""), ("", "")])
def test_an_expiry_that_only_one_side_knows_is_no_difference(on_label: str, on_record: str) -> None:
    found = judge_count(count(seen(replaced("L1", on_label), 5)), [change(5, replaced("L1", on_record))])

    assert found.lines == (CountLine(replaced("L1", on_record), 5, 5),)


def test_an_unknown_expiry_is_not_guessed_where_the_lot_has_two() -> None:
    two = [change(2, replaced("L1", "2028-01-31")), change(3, replaced("L1", "2028-02-29"))]
    found = judge_count(count(seen(replaced("L1", ""), 5)), two)

    assert [(line.batch.expiry, line.variance) for line in found.lines] == [
        ("", 5),
        ("2028-01-31", -2),
        ("2028-02-29", -3),
    ]


# Own moves, by sequence.


@pytest.mark.parametrize(("seq", "expected"), [(99, 10), (109, 10), (110, 0), (111, 0), (121, 0)])
def test_own_moves_count_up_to_the_last_scan_of_their_batch(seq: int, expected: int) -> None:
    """The clock says nothing about them: even one that was set right in between changes nothing."""
    found = judge_count(count(seen(quantity=4, seq=105), seen(quantity=6, seq=110)), [change(10, seq=seq, at_ms=LATE)])

    assert found.lines[0].expected == expected


@pytest.mark.parametrize(("seq", "expected"), [(119, 10), (120, None), (121, None)])
def test_own_moves_of_a_batch_that_was_not_seen_count_up_to_the_close(seq: int, expected: int | None) -> None:
    found = judge_count(count(), [change(10, seq=seq)])

    assert [line.expected for line in found.lines] == ([] if expected is None else [expected])


def test_a_unit_that_was_taken_away_after_its_own_scan_was_there() -> None:
    """Others of its batch are scanned after it left."""
    moves = [change(1, A12B, serial=serial) for serial in ("S1", "S2")]
    taken = change(-1, A12B, serial="S1", seq=107)
    found = judge_count(count(seen(A12B, seq=105, serial="S1"), seen(A12B, seq=110, serial="S2")), [*moves, taken])

    assert found.agrees


# Moves of other devices, by corrected time.


@pytest.mark.parametrize(
    ("at_ms", "expected", "stale"),
    [
        (OPENED_MS - CLOCK_DOUBT_MS - 1, 10, ()),
        (OPENED_MS - CLOCK_DOUBT_MS, 0, ("moved",)),
        (OPENED_MS, 0, ("moved",)),
        (CLOSED_MS, 0, ("moved",)),
        (CLOSED_MS + CLOCK_DOUBT_MS, 0, ("moved",)),
        (CLOSED_MS + CLOCK_DOUBT_MS + 1, 0, ()),
    ],
)
def test_another_devices_move_in_the_window_or_near_it_asks_for_a_recount(
    at_ms: int, expected: int, stale: tuple[str, ...]
) -> None:
    found = judge_count(count(seen(quantity=1)), [change(10, device="H-2", seq=1, at_ms=at_ms, event="moved")])

    assert found.lines == (CountLine(BOX, expected, 1),)
    assert found.stale == stale


def test_a_move_of_several_batches_is_named_once() -> None:
    moved = [change(1, batch, device="H-2", at_ms=OPENED_MS, event="moved") for batch in (BOX, A12B)]

    assert judge_count(count(), moved).stale == ("moved",)


def test_an_earlier_move_that_becomes_known_late_changes_the_verdict() -> None:
    """What looked short was picked before, by a device that had no network."""
    known = [change(10)]
    late = change(-4, device="H-2", at_ms=LONG_AGO, event="late")
    scans = count(seen(quantity=6))

    assert judge_count(scans, known).lines[0].variance == -4
    assert judge_count(scans, [*known, late]).agrees


@pytest.mark.parametrize("doubt_ms", [0, 5_000])
def test_the_doubt_is_given(doubt_ms: int) -> None:
    assert in_window(OPENED_MS - doubt_ms, count(), doubt_ms)
    assert not in_window(OPENED_MS - doubt_ms - 1, count(), doubt_ms)
    assert in_window(CLOSED_MS + doubt_ms, count(), doubt_ms)
    assert not in_window(CLOSED_MS + doubt_ms + 1, count(), doubt_ms)


# Provisional until all have spoken.


@pytest.mark.parametrize("quiet_until", [{}, {"H-1": None}, {"H-1": None, "H-2": LATE}, {"H-2": LATE, "H-3": LATE + 1}])
def test_a_variance_is_settled_once_every_other_device_is_past_the_window(quiet_until: dict[str, int | None]) -> None:
    assert is_settled(count(), quiet_until)


@pytest.mark.parametrize("quiet_until", [{"H-1": LATE, "H-2": LATE - 1}, {"H-2": LATE, "H-3": None}])
def test_until_then_it_is_provisional(quiet_until: dict[str, int | None]) -> None:
    assert not is_settled(count(), quiet_until)


# What entries say.


def entry(
    kind: EntryKind, event: str = "e", *, count_id: str | None = "C1", device: str = "H-1",
    refers_to: str | None = None, refused: bool = False, **told: Any,  # noqa: ANN401 - hostile entries hold anything
) -> Entry:  # fmt: skip
    verdict = Refused(Refusal.ALREADY_SCANNED, told) if refused else Accepted(Outcome.OK, told)
    origin = Origin("SITE", device, None, "OP")
    return Entry(kind, event, Stamp(0, 0, 0, "b"), origin, verdict, count=count_id, refers_to=refers_to)


WHOLE: dict[str, Any] = {
    "place": PLACE,
    "gtin": GLOVES,
    "lot": "L1",
    "expiry": "2028-01-31",
    "serial": None,
    "quantity": 12,
}


def test_a_counted_entry_says_what_was_seen() -> None:
    found = count_fact_of(entry(EntryKind.COUNTED, **WHOLE, scanned="Gloves"))

    assert found == CountFact("C1", EntryKind.COUNTED, PLACE, BOX, "", 12)


def test_opening_and_closing_say_their_place() -> None:
    found = count_fact_of(entry(EntryKind.COUNT_OPENED, place=PLACE, quantity=None))

    assert found == CountFact("C1", EntryKind.COUNT_OPENED, PLACE, Batch(""), "", 0)
    assert count_fact_of(entry(EntryKind.COUNT_CLOSED, place=PLACE, quantity=0)) is not None


HOSTILE: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("place", "gtin", "lot", "expiry", "serial"), (0, 7, False, [], ["L1"], {})),
    "quantity": (0, -1, None, True, False, "", "12", 1.0, [], QUANTITY_MAX + 1),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in HOSTILE.items() for value in values])
def test_parameters_that_are_not_a_counts_say_nothing(name: str, value: object) -> None:
    assert count_fact_of(entry(EntryKind.COUNTED, **{**WHOLE, name: value})) is None


@pytest.mark.parametrize(
    "other",
    [
        entry(EntryKind.PUT_AWAY, **WHOLE),
        entry(EntryKind.COUNTED, count_id=None, **WHOLE),
        entry(EntryKind.COUNTED, refused=True, **WHOLE),
        entry(EntryKind.COUNTED, **{**WHOLE, "serial": "S1"}),
        entry(EntryKind.COUNTED, **{**WHOLE, "place": ""}),
        entry(EntryKind.COUNTED, **{**WHOLE, "gtin": None}),
        entry(EntryKind.COUNT_OPENED),
        entry(EntryKind.COUNT_CLOSED, place=PLACE, quantity="all"),
    ],
)
def test_anything_else_says_nothing(other: Entry) -> None:
    assert count_fact_of(other) is None


# From entries to counts.

OPENING = (100, OPENED_MS, entry(EntryKind.COUNT_OPENED, "open", place=PLACE))
CLOSING = (120, CLOSED_MS, entry(EntryKind.COUNT_CLOSED, "close", place=PLACE))


def counted(seq: int, **told: Any) -> tuple[int, int, Entry]:  # noqa: ANN401 - as above
    device, count_id = told.pop("device", "H-1"), told.pop("count_id", "C1")
    made = entry(EntryKind.COUNTED, f"e{seq}", device=device, count_id=count_id, **{**WHOLE, **told})
    return (seq, OPENED_MS + seq, made)


def corrected(seq: int, refers_to: str, **told: Any) -> tuple[int, int, Entry]:  # noqa: ANN401 - as above
    return (seq, OPENED_MS + seq, entry(EntryKind.CORRECTED, f"c{seq}", refers_to=refers_to, **told))


def test_the_entries_of_a_count_make_one_in_whatever_order_they_come() -> None:
    placed = [OPENING, counted(105), counted(106, serial="S1", quantity=1), counted(110, quantity=3), CLOSING]
    random.Random(7).shuffle(placed)

    scans = (seen(BOX, 12, 105), seen(BOX, 1, 106, "S1"), seen(BOX, 3, 110))
    assert counts_of(placed) == (count(*scans),)


def test_what_was_taken_back_is_not_counted() -> None:
    placed = [OPENING, counted(105), counted(106, quantity=5), corrected(107, "e106"), CLOSING]

    assert counts_of(placed) == (count(seen(BOX, 12, 105)),)


def test_a_unit_that_was_taken_back_can_be_counted_again() -> None:
    placed = [
        OPENING, counted(105, serial="S1", quantity=1), corrected(106, "e105"), counted(107, serial="S1", quantity=1),
        CLOSING,
    ]  # fmt: skip

    assert counts_of(placed) == (count(seen(BOX, 1, 107, "S1")),)


@pytest.mark.parametrize(
    "correction",
    [
        corrected(106, "e105", refused=True),
        corrected(106, "e105", count_id="C2"),
        corrected(106, "e105", count_id=None),
        corrected(106, "e105", device="H-2"),
        corrected(106, "elsewhere"),
    ],
)
def test_only_the_counter_takes_back_in_the_same_count(correction: tuple[int, int, Entry]) -> None:
    assert counts_of([OPENING, counted(105), correction, CLOSING]) == (count(seen(BOX, 12, 105)),)


@pytest.mark.parametrize(
    "placed",
    [
        [],
        [counted(105), CLOSING],
        [OPENING, counted(105)],
        [(130, *OPENING[1:]), counted(105), CLOSING],
        [OPENING, counted(105), CLOSING, corrected(121, "close")],
        [OPENING, counted(105), CLOSING, corrected(121, "open")],
        [OPENING, (120, CLOSED_MS, entry(EntryKind.COUNT_CLOSED, "close", place="B-04-3"))],
        [OPENING, (120, CLOSED_MS, entry(EntryKind.COUNT_CLOSED, "close", place=PLACE, device="H-2"))],
    ],
)
def test_a_count_without_both_ends_is_none_yet(placed: list[tuple[int, int, Entry]]) -> None:
    assert counts_of(placed) == ()


def test_what_is_not_of_the_count_is_left_out() -> None:
    foreign = [
        counted(99), counted(121), counted(106, place="B-04-3"), counted(107, device="H-2"),
        (108, 0, entry(EntryKind.PUT_AWAY)), (122, LATE, entry(EntryKind.COUNT_CLOSED, "again", place=PLACE)),
        (109, 0, entry(EntryKind.COUNT_OPENED, "again", place=PLACE)),
    ]  # fmt: skip

    assert counts_of([*foreign, OPENING, counted(105), CLOSING]) == (count(seen(BOX, 12, 105)),)


def test_a_unit_told_twice_is_there_once() -> None:
    twice = [counted(105, serial="S1", quantity=1), counted(106, serial="S1", quantity=1)]

    assert counts_of([OPENING, *twice, CLOSING]) == (count(seen(BOX, 1, 105, "S1")),)


def test_several_counts_are_told_by_their_ids() -> None:
    other = [
        (90, OPENED_MS, entry(EntryKind.COUNT_OPENED, "o", count_id="C0", place="B-04-3")),
        counted(95, count_id="C0", place="B-04-3"),
        (99, CLOSED_MS, entry(EntryKind.COUNT_CLOSED, "c", count_id="C0", place="B-04-3")),
    ]

    assert [(found.id, found.place) for found in counts_of([OPENING, CLOSING, *other])] == [
        ("C0", "B-04-3"),
        ("C1", PLACE),
    ]
