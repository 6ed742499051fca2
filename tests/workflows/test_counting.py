"""Counting: a place, what lies in it, the place again. Nothing is posted, and nothing says what there should be."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.counting import QUANTITY_MAX, Batch, Count, count_fact_of, counts_of
from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import PRECEDENCE, Refusal
from scanner_app.domain.stock import Status
from scanner_app.workflows.counting import Counting
from scanner_app.workflows.counting_state import LOTS_MAX, CountingState, Tally
from scanner_app.workflows.saving import load_state, save_state
from scanner_app.workflows.spread_labels import UNASKED_MAX
from scanner_app.workflows.step import Command, Progress
from tests.workflows.delivery import (
    AMOX,
    ANA,
    GOOD,
    GS,
    OTHER_DATE,
    PAIN,
    PALLET,
    PAST,
    SWABS,
    UNKNOWN,
    box,
    case_gtin,
    label,
    pack,
)
from tests.workflows.floor import MOMENT, Bench, floor, some, told, unit

if TYPE_CHECKING:
    from scanner_app.domain.stock import Posting
    from scanner_app.workflows.step import Draft

BIN, BIN_2 = "LOC-A-01-1", "LOC-A-01-2"
PLACE, COUNT = "A-01-1", "task-1.1"
P55 = Batch(PAIN.gtin, "P55", GOOD.isoformat())


def bench(*postings: Posting) -> Bench:
    return Bench(Counting(), floor().seed(*postings) if postings else floor())


def at_bin(*postings: Posting) -> Bench:
    at = bench(*postings)
    at.scan(BIN)
    return at


def draft_of(at: Bench) -> Draft:
    assert at.last.draft is not None
    return at.last.draft


def counts(at: Bench) -> tuple[Count, ...]:
    """The counts as anybody derives them from the entries."""
    return counts_of((seq, seq * 1000, entry) for seq, entry in enumerate(at.ledger.entries, start=1))


def seen(at: Bench) -> list[tuple[str, str, int]]:
    """What the only count holds: lot, serial, base units."""
    [count] = counts(at)
    return [(one.batch.lot, one.serial, one.quantity) for one in count.seen]


# Golden path.


def test_a_task_begins_with_the_place() -> None:
    at = bench()

    assert (at.last.draft, at.prompt, at.say) == (None, "prompt.counting.place", "say.counting.begun")
    assert at.last.progress == Progress(0, None)


def test_a_place_opens_a_count_and_stands_large() -> None:
    at = at_bin()

    draft = draft_of(at)
    assert (draft.kind, draft.count, draft.verdict.parameters) == (EntryKind.COUNT_OPENED, COUNT, {"place": PLACE})
    assert (at.say, at.last.tone.value, at.prompt) == ("say.counting.opened", "tick", "prompt.counting.first")
    assert at.workflow.prompt(at.state).noun == PLACE


def test_a_unit_is_counted_and_nothing_is_posted() -> None:
    at = at_bin(unit(AMOX, "S1", PLACE))
    before = at.ledger.ours
    at.scan(pack(AMOX, "S1"))

    draft = draft_of(at)
    assert (draft.kind, draft.count, draft.postings, draft.container_moves) == (EntryKind.COUNTED, COUNT, (), ())
    assert draft.verdict.parameters == {
        "place": PLACE, "gtin": AMOX.gtin, "lot": "A12B", "expiry": GOOD.isoformat(), "serial": "S1", "quantity": 1,
        "item": "Amoxidem", "scanned": "S1",
    }  # fmt: skip
    assert (told(at.last), at.say) == (("OK", "good"), "say.counting.counted")
    assert (at.prompt, at.last.progress) == ("prompt.counting.goods", Progress(1, None))
    assert at.ledger.ours == before


def test_the_place_again_closes_the_count() -> None:
    at = at_bin()
    at.scans(pack(AMOX, "S1"), pack(AMOX, "S2", "B77", OTHER_DATE), pack(PAIN, None, "P55"), BIN)

    draft = draft_of(at)
    assert (draft.kind, draft.count) == (EntryKind.COUNT_CLOSED, COUNT)
    assert draft.verdict.parameters == {"place": PLACE, "scans": 3, "lots": 3, "quantity": 3}
    assert (at.say, at.last.tone.value, at.prompt) == ("say.counting.closed", "done", "prompt.counting.place")
    assert at.state == CountingState(1, closed=PLACE)
    assert not at.last.finished
    assert seen(at) == [("A12B", "S1", 1), ("B77", "S2", 1), ("P55", "", 1)]


def test_the_next_place_is_a_count_of_its_own() -> None:
    at = at_bin()
    at.scans(pack(AMOX, "S1"), BIN, BIN_2, pack(AMOX, "S1"), BIN_2)

    assert [(count.id, count.place) for count in counts(at)] == [("task-1.1", PLACE), ("task-1.2", "A-01-2")]
    assert [len(count.seen) for count in counts(at)] == [1, 1]


def test_the_same_place_can_be_counted_anew() -> None:
    at = at_bin()
    at.scans(pack(AMOX, "S1"), BIN, BIN, pack(AMOX, "S1"), BIN)

    assert [len(count.seen) for count in counts(at)] == [1, 1]


def test_done_ends_the_task_once_no_count_is_open() -> None:
    at = at_bin()
    at.command(Command.DONE)
    assert (at.say, at.last.tone.value, at.last.finished) == ("say.counting.still_open", "attention", False)

    at.scans(pack(AMOX, "S1"), BIN)
    at.command(Command.DONE)
    assert (at.say, at.last.tone.value, at.last.finished) == ("say.counting.done", "done", True)


def test_done_says_what_was_read_by_half() -> None:
    at = bench()
    at.scan(f"]d221S7{GS}")
    at.command(Command.DONE)

    assert at.last.finished
    assert at.last.lines[0].code == "line.forgotten"


# Blind.


@pytest.mark.parametrize("scan", [pack(AMOX, "S1"), pack(PAIN, None, "P55"), BIN, BIN_2, box(PALLET)])
def test_nothing_that_is_said_depends_on_what_the_ledger_holds(scan: str) -> None:
    """Whether all, nothing or something else should be there."""
    said = set()
    for postings in (
        (),
        (unit(AMOX, "S1", PLACE), some(PAIN, 40, PLACE)),
        (unit(AMOX, "S1", "A-01-2", "B77", OTHER_DATE, Status.HELD), some(PAIN, 3, "A-01-2"), some(SWABS, 9, PLACE)),
    ):
        at = at_bin(*postings)
        at.scan(scan)
        said.add(repr((at.last, at.workflow.prompt(at.state))))
    assert len(said) == 1


# Empty places.


def test_a_place_where_nothing_was_scanned_is_asked_for_again() -> None:
    at = at_bin()
    at.scan(BIN)
    assert (draft_of(at).kind, at.say, at.last.tone.value) == (EntryKind.NOTED, "say.counting.empty_again", "attention")
    assert (at.prompt, counts(at)) == ("prompt.counting.empty_again", ())

    at.scan(BIN)
    assert (draft_of(at).kind, at.say) == (EntryKind.COUNT_CLOSED, "say.counting.closed_empty")
    assert seen(at) == []


def test_a_bounced_second_read_says_nothing_about_a_place() -> None:
    at = at_bin()
    at.scan(BIN, confirms=False)
    at.scan(BIN, confirms=False)

    assert (at.prompt, counts(at)) == ("prompt.counting.empty_again", ())


def test_a_bounced_read_after_the_close_begins_no_count() -> None:
    at = at_bin()
    at.scans(pack(AMOX, "S1"), BIN)
    at.scan(BIN, confirms=False)

    assert (told(at.last), at.state.place) == (("ALREADY_SCANNED", "neutral"), None)
    at.scan(BIN_2, confirms=False)
    assert at.state.place == "A-01-2"


@pytest.mark.parametrize("scan", [pack(AMOX, "S1"), pack(PAIN, None, "P55")])
def test_goods_after_the_question_say_that_it_is_not_empty(scan: str) -> None:
    at = at_bin()
    at.scans(BIN, scan)

    assert at.prompt == "prompt.counting.goods"
    at.undo()
    at.scan(BIN)
    assert at.prompt == "prompt.counting.empty_again"


# Quantities.


def test_a_scan_without_serial_counts_by_its_level() -> None:
    at = at_bin()
    at.scans(pack(PAIN, None, "P55"), label(case_gtin(PAIN), None, "P55", GOOD), BIN)

    case = at.ledger.levels[case_gtin(PAIN)].factor
    assert seen(at) == [("P55", "", 1), ("P55", "", case)]


def test_numbers_come_by_card_by_key_and_typed_as_a_scan() -> None:
    at = at_bin()
    at.command(Command.QUANTITY, 10)
    assert at.prompt == "prompt.counting.times"
    at.scan(pack(PAIN, None, "P55"))
    at.command(Command.QUANTITY)
    assert at.prompt == "prompt.counting.number"
    at.type("25")
    at.scan(pack(PAIN, None, "P55"))
    noted = at.type_code("7")
    assert noted.draft is not None
    assert (noted.draft.kind, noted.draft.count) == (EntryKind.NOTED, COUNT)
    at.scans(pack(PAIN, None, "P55"), pack(PAIN, None, "P55"), BIN)

    assert [quantity for *_, quantity in seen(at)] == [10, 25, 7, 1]


def test_the_running_total_is_of_what_was_scanned() -> None:
    at = at_bin(some(PAIN, 99, PLACE))
    at.command(Command.QUANTITY, 10)
    at.scans(pack(PAIN, None, "P55"), pack(PAIN, None, "P56"), pack(PAIN, None, "P55"))

    assert (at.last.lines[-1].code, at.last.lines[-1].parameters) == (
        "line.counting.so_far", {"quantity": 11, "place": PLACE}
    )  # fmt: skip
    assert at.state.told == {"place": PLACE, "scans": 3, "lots": 2, "quantity": 12}


def test_a_change_of_lot_within_an_item_ticks() -> None:
    at = at_bin()
    tones = [at.scan(pack(PAIN, None, lot)).tone.value for lot in ("P55", "P56", "P56")]

    assert [*tones, at.scan(pack(AMOX, "S1")).tone.value] == ["good", "tick", "good", "good"]


@pytest.mark.parametrize("text", ["0", "abc", "100000"])
def test_a_number_that_no_scan_counts_for_is_asked_again(text: str) -> None:
    at = at_bin()
    at.command(Command.QUANTITY)
    at.type(text)

    assert (at.say, at.last.tone.value, at.prompt) == ("say.number_wanted", "bad", "prompt.counting.number")
    at.command(Command.BACK)
    assert at.prompt == "prompt.counting.first"


def test_text_that_answers_nothing_changes_nothing() -> None:
    at = at_bin()
    before = at.state
    assert (at.type("12").draft, at.state) == (None, before)


def test_so_many_at_once_are_asked_for_again() -> None:
    at = at_bin()
    at.command(Command.QUANTITY, UNASKED_MAX + 1)
    at.scan(pack(PAIN, None, "P55"))
    assert (told(at.last), at.say, at.prompt) == (
        ("OVER_QUANTITY", "bad"), "say.counting.so_many", "prompt.counting.many_again"
    )  # fmt: skip
    at.scan(pack(PAIN, None, "P55"), confirms=False)
    assert at.prompt == "prompt.counting.many_again"
    at.scans(pack(PAIN, None, "P55"), BIN)

    assert [quantity for *_, quantity in seen(at)] == [UNASKED_MAX + 1]


def test_so_many_of_what_is_no_longer_ours_are_none() -> None:
    at = at_bin()
    at.command(Command.QUANTITY, UNASKED_MAX + 1)
    at.scan(pack(PAIN, None, "P55"))
    del at.ledger.levels[PAIN.gtin]
    at.scan(pack(PAIN, None, "P55"))

    assert told(at.last) == ("UNKNOWN_ITEM", "bad")


def test_another_scan_drops_the_question() -> None:
    at = at_bin()
    at.command(Command.QUANTITY, UNASKED_MAX + 1)
    at.scans(pack(PAIN, None, "P55"), pack(AMOX, "S1"))

    assert at.prompt == "prompt.counting.goods"


def test_no_entry_tells_more_than_it_may() -> None:
    """The centre would take it for no count's."""
    at = at_bin()
    at.command(Command.QUANTITY, 99_999)
    huge = f"]d202{case_gtin(PAIN)}3799999999{GS}10P55"
    at.scans(huge, huge)

    assert (told(at.last), at.say) == (("OVER_QUANTITY", "bad"), "say.counting.beyond")
    assert at.last.say is not None
    assert at.last.say.parameters["most"] == QUANTITY_MAX


# Labels in several symbols.


def test_half_a_label_waits_for_the_rest() -> None:
    at = at_bin()
    at.scan(f"]d201{AMOX.gtin}10A12B")
    assert (at.say, at.prompt) == ("say.counting.part", "prompt.counting.missing_serial")
    at.scans("]d221S7", BIN)

    assert seen(at) == [("A12B", "S7", 1)]


def test_a_serial_alone_waits_for_its_item() -> None:
    at = at_bin()
    at.scan("]d221S7")
    assert at.prompt == "prompt.counting.missing_gtin"
    at.undo()
    assert (at.say, at.prompt) == ("say.counting.part_forgotten", "prompt.counting.first")


def test_a_lot_as_plain_text_is_taken_when_it_comes_again() -> None:
    at = at_bin(some(PAIN, 9, PLACE, "P55"))
    at.scan(f"]d201{PAIN.gtin}")
    assert at.prompt == "prompt.counting.missing_lot"
    at.scan("P55")
    assert (at.say, at.prompt) == ("say.counting.plain_lot", "prompt.counting.lot_again")
    at.scan("P55", confirms=False)
    assert at.prompt == "prompt.counting.lot_again"
    at.scans("P55", BIN)

    assert seen(at) == [("P55", "", 1)]


def test_the_place_forgets_half_a_label_and_says_so() -> None:
    at = at_bin()
    at.scans(pack(AMOX, "S1"), "]d221S7", BIN)

    assert at.last.lines[0].code == "line.forgotten"
    assert seen(at) == [("A12B", "S1", 1)]


# What may not be used is counted all the same.


@pytest.mark.parametrize(
    ("kind", "caution", "tone"),
    [
        ("recall", "recalled", "recall"),
        ("watch_list", "watch_listed", "attention"),
        ("suspect", "suspect", "attention"),
    ],
)
@pytest.mark.parametrize("scan", [pack(AMOX, "S1"), pack(AMOX, "S1", None, None)])
def test_recalled_goods_are_counted_and_told(kind: str, caution: str, tone: str, scan: str) -> None:
    at = at_bin(unit(AMOX, "S1", PLACE))
    at.ledger.watched(kind, AMOX, "A12B")
    at.scans(scan)

    assert (told(at.last), at.say) == (("OK", tone), f"say.counting.counted_{caution}")
    at.scan(BIN)
    assert [serial for _, serial, _ in seen(at)] == ["S1"]


@pytest.mark.parametrize("scan", [pack(AMOX, "S1", "A12B", PAST), pack(PAIN, None, "P55", PAST)])
def test_expired_goods_are_counted_and_told(scan: str) -> None:
    at = at_bin()
    at.scan(scan)

    assert (told(at.last), at.say) == (("OK", "attention"), "say.counting.counted_expired")


def test_a_unit_that_nobody_knows_is_counted_without_a_word() -> None:
    at = at_bin()
    at.scan(pack(AMOX, "S9", None, None))

    assert (told(at.last), at.say) == (("OK", "good"), "say.counting.counted")


# Refusals.


@pytest.mark.parametrize(
    ("scans", "refusal", "say", "tone"),
    [
        ((pack(AMOX, "S1"),), Refusal.ANSWER_FIRST, "say.counting.place_first", "bad"),
        ((box(PALLET),), Refusal.ANSWER_FIRST, "say.counting.place_first", "bad"),
        ((BIN, BIN_2), Refusal.ANSWER_FIRST, "say.counting.close_first", "bad"),
        ((BIN, "rubbish"), Refusal.BAD_FORMAT, "", "bad"),
        ((BIN, label(UNKNOWN, "S1", None, None)), Refusal.UNKNOWN_ITEM, "", "bad"),
        ((BIN, "LOC-NOWHERE"), Refusal.UNKNOWN_PLACE, "", "bad"),
        ((BIN, "DOC-NONE"), Refusal.UNKNOWN_DOCUMENT, "", "bad"),
        ((BIN, pack(AMOX, "S1"), pack(AMOX, "S1")), Refusal.ALREADY_SCANNED, "", "neutral"),
        ((BIN, box(PALLET)), Refusal.WRONG_LEVEL, "say.counting.scan_inside", "bad"),
        ((BIN, label(case_gtin(AMOX), "C1", None, None)), Refusal.WRONG_LEVEL, "say.counting.scan_inside", "bad"),
        ((BIN, label(case_gtin(AMOX), None, None, None)), Refusal.WRONG_LEVEL, "say.counting.each_serial", "bad"),
        ((BIN, "DOC-ASN-1"), Refusal.WRONG_LEVEL, "say.counting.document", "bad"),
    ],
)
def test_each_refusal_is_told_and_counts_nothing(scans: tuple[str, ...], refusal: Refusal, say: str, tone: str) -> None:
    at = bench()
    at.scans(*scans[:-1])
    before = at.state
    at.scan(scans[-1])

    assert (told(at.last), at.say, at.state) == ((refusal.value, tone), say, before)
    assert draft_of(at).count == before.count
    assert count_fact_of(at.ledger.entries[-1]) is None


def test_of_two_refusals_the_first_of_the_table_is_told() -> None:
    """A pallet before any place: the place is asked for first."""
    assert PRECEDENCE[Refusal.ANSWER_FIRST] < PRECEDENCE[Refusal.WRONG_LEVEL]
    at = bench()
    at.scan(box(PALLET))

    assert told(at.last) == ("ANSWER_FIRST", "bad")


@pytest.mark.parametrize("command", [Command.SKIP, Command.DAMAGED])
def test_commands_that_mean_nothing_here_say_so(command: Command) -> None:
    at = at_bin()
    assert at.command(command).draft is None
    assert at.say == "say.not_now"


# Undo.


def test_undo_takes_back_the_last_scan() -> None:
    at = at_bin()
    at.scans(pack(AMOX, "S1"), pack(AMOX, "S2"))
    at.undo()

    draft = draft_of(at)
    assert (draft.kind, draft.count, draft.reason) == (EntryKind.CORRECTED, COUNT, "did_not_occur")
    assert draft.refers_to == at.ledger.entries[-2].event_id
    assert (told(at.last), at.say, at.last.progress) == (("OK", "good"), "say.undo.counted", Progress(1, None))
    at.scans(pack(AMOX, "S2"), BIN)
    assert seen(at) == [("A12B", "S1", 1), ("A12B", "S2", 1)]


def test_undo_takes_back_a_quantity_from_its_own_lot() -> None:
    at = at_bin()
    at.command(Command.QUANTITY, 10)
    at.scans(pack(PAIN, None, "P55"), pack(PAIN, None, "P56"))
    at.undo()
    assert at.state.tallies == (Tally(P55, 1, 10),)
    at.scan(pack(PAIN, None, "P55"))
    at.undo()
    assert at.state.tallies == (Tally(P55, 1, 10),)
    at.undo()

    assert (at.state.scans, at.state.tallies, at.state.quantity) == (0, (), 0)


def test_undo_takes_back_a_count_that_was_only_begun() -> None:
    at = at_bin()
    at.undo()
    assert (at.say, at.state, at.prompt) == ("say.undo.count", CountingState(1), "prompt.counting.place")

    at.scans(BIN_2, pack(AMOX, "S1"), BIN_2)
    assert [(count.id, count.place) for count in counts(at)] == [("task-1.2", "A-01-2")]


def test_a_closed_count_stays_closed() -> None:
    at = at_bin()
    at.scans(pack(AMOX, "S1"), BIN)
    before = at.state
    at.undo()

    assert (told(at.last), at.say, at.state) == (("NOT_UNDOABLE", "bad"), "say.undo.closed", before)


def test_nobody_takes_back_what_they_counted_in_a_count_that_another_closed() -> None:
    at = at_bin()
    at.scan(pack(AMOX, "S1"))
    at.moment = replace(MOMENT, operator=ANA)
    at.scans(BIN, BIN_2)
    at.moment = MOMENT
    at.undo()

    assert (told(at.last), at.say) == (("NOT_UNDOABLE", "bad"), "say.undo.closed")
    assert seen(at) == [("A12B", "S1", 1)]


def test_nobody_takes_back_a_count_in_which_another_counted() -> None:
    at = at_bin()
    at.moment = replace(MOMENT, operator=ANA)
    at.scan(pack(AMOX, "S1"))
    at.moment = MOMENT
    at.undo()

    assert (told(at.last), at.say, at.state.place) == (("NOT_UNDOABLE", "bad"), "say.undo.counted_since", PLACE)


def test_nothing_to_take_back() -> None:
    at = bench()
    at.undo()

    assert at.say == "say.undo.nothing"


def test_nobody_is_signed_in() -> None:
    at = at_bin()
    at.moment = replace(MOMENT, operator=None)

    assert told(at.undo()) == ("NOT_SIGNED_IN", "bad")


def test_back_drops_what_was_asked() -> None:
    at = at_bin()
    at.command(Command.QUANTITY, 5)
    at.scan(f"]d201{AMOX.gtin}")
    at.command(Command.BACK)

    assert (at.last.draft, at.state.part, at.state.times) == (None, None, 1)


# States.


def test_a_state_stays_small_and_says_that_there_were_more() -> None:
    state = CountingState(1, COUNT, PLACE)
    for number in range(LOTS_MAX + 5):
        state = state.with_scan(Batch(PAIN.gtin, f"L{number}"), 2)

    assert (len(state.tallies), state.scans, state.told["lots"]) == (LOTS_MAX, LOTS_MAX + 5, f"{LOTS_MAX}+")
    forgotten = state.without_scan(Batch(PAIN.gtin, "L0"), 2)
    assert (len(forgotten.tallies), forgotten.scans) == (LOTS_MAX, LOTS_MAX + 4)


SCANS = st.sampled_from(
    [BIN, BIN_2, pack(AMOX, "S1"), pack(AMOX, "S2"), pack(PAIN, None, "P55"), "]d221S7", box(PALLET), "rubbish", "undo"]
)


@given(st.lists(st.tuples(SCANS, st.booleans()), max_size=14))
def test_whatever_is_done_state_and_entries_agree(steps: list[tuple[str, bool]]) -> None:
    """A state survives a restart; its numbers are those of the entries; no two counts are open at once."""
    at = bench()
    for text, confirms in steps:
        _ = at.undo() if text == "undo" else at.scan(text, confirms=confirms)
        saved: Any = json.loads(json.dumps(save_state(at.state)))
        assert load_state(CountingState, saved) == at.state
        _agrees(at)


def _agrees(at: Bench) -> None:
    state: CountingState = at.state
    ended = at.ledger.entries
    if state.count is not None:
        closing = Bench(Counting(), at.ledger)
        closing.last = replace(at.last, state=replace(state, scans=1, part=None, many=None))
        entries = len(at.ledger.entries)
        closing.scan(f"LOC-{state.place}")
        ended = list(at.ledger.entries)
        del at.ledger.entries[entries:]
    found = counts_of((seq, seq, entry) for seq, entry in enumerate(ended, start=1))
    if state.count is not None:
        [mine] = [count for count in found if count.id == state.count]
        assert (len(mine.seen), sum(one.quantity for one in mine.seen)) == (state.scans, state.quantity)
    for count in found:
        units = [(one.batch.gtin, one.serial) for one in count.seen if one.serial]
        assert len(units) == len(set(units))
