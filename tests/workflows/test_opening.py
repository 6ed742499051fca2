"""Opening balance: a place, then what lies in it; what is here already posts nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import Refusal, Refused
from scanner_app.domain.stock import ADJUSTMENT, CUSTOMER, DESTROYED, TRANSIT, Posting, Status, StockKey
from scanner_app.workflows.opening import Opening
from scanner_app.workflows.opening_posting import PROVENANCE
from scanner_app.workflows.opening_state import OpeningState, Running
from scanner_app.workflows.saving import load_state, save_state
from scanner_app.workflows.step import Command, Progress
from tests.workflows.delivery import (
    AMOX,
    ANA,
    GOOD,
    INSULIN,
    NAMED_CASE,
    OTHER_DATE,
    PAIN,
    PALLET,
    PAST,
    SWABS,
    SYRUP,
    UNKNOWN,
    box,
    case_gtin,
    label,
    pack,
)
from tests.workflows.floor import MOMENT, VAULTINE, Bench, floor, some, told, unit

if TYPE_CHECKING:
    from datetime import date

    from scanner_app.domain.masters import Item, Operator
    from scanner_app.workflows.step import Draft

BIN, BIN_2, COLD_BIN, VAULT, CAGE = (f"LOC-{code}" for code in ("A-01-1", "A-01-2", "C-01-1", "V-01-1", "CAGE"))


def bench(*postings: Posting) -> Bench:
    return Bench(Opening(), floor().seed(*postings) if postings else floor())


def draft_of(at: Bench) -> Draft:
    assert at.last.draft is not None
    return at.last.draft


# Who may.


@pytest.mark.parametrize(
    ("operator", "verdict"),
    [
        (None, Refused(Refusal.NOT_SIGNED_IN)),
        (ANA, Refused(Refusal.NOT_PERMITTED, {"operator": "Ana", "role": "supervisor", "action": "opening"})),
    ],
)
def test_it_needs_a_supervisor(operator: Operator | None, verdict: Refused) -> None:
    at = Bench(Opening(), floor(), replace(MOMENT, operator=operator))
    assert draft_of(at).verdict == verdict
    assert at.last.tone.value == "bad"


def test_an_operator_who_takes_over_counts_nothing_in() -> None:
    at = bench()
    at.scan(BIN)
    at.moment = replace(MOMENT, operator=ANA)
    assert told(at.scan(pack(AMOX, "S1"))) == ("NOT_PERMITTED", "bad")
    assert at.state == OpeningState("A-01-1")


def test_a_supervisor_begins_with_the_place() -> None:
    at = bench()
    assert (at.last.draft, at.prompt, at.last.progress) == (None, "prompt.opening.place", Progress(0, None))


# Golden path.


def test_a_unit_becomes_stock_where_it_lies() -> None:
    at = bench()
    at.scan(BIN)
    assert (draft_of(at).kind, at.say, at.prompt) == (EntryKind.NOTED, "say.opening.at_place", "prompt.opening.goods")
    at.scan(pack(AMOX, "S1"))
    draft = draft_of(at)
    key = StockKey("own", AMOX.gtin, "A12B", GOOD, "S1", Status.AVAILABLE)
    assert draft.kind is EntryKind.OPENING_BALANCE
    assert draft.postings == (Posting(key, 1, ADJUSTMENT, "A-01-1"),)
    assert draft.note == PROVENANCE
    assert (told(at.last), at.last.progress) == (("OK", "good"), Progress(1, None))
    assert at.state.running == Running(AMOX.gtin, "A12B", GOOD, 1)


def test_the_place_stays_until_another_is_scanned() -> None:
    at = bench()
    at.scans(BIN, pack(AMOX, "S1"), pack(AMOX, "S2"), BIN_2, pack(AMOX, "S3"))
    line = ("Amoxidem", "A12B", Status.AVAILABLE)
    assert at.ledger.ours == {("A-01-1", *line): 2, ("A-01-2", *line): 1}
    assert at.state.running == Running(AMOX.gtin, "A12B", GOOD, 1)


def test_goods_without_serials_count_by_card_and_by_typed_number() -> None:
    at = bench()
    at.scans(BIN, pack(PAIN, None, "P55"))
    at.command(Command.QUANTITY, 10)
    assert at.prompt == "prompt.opening.times"
    at.scan(pack(PAIN, None, "P55"))
    at.command(Command.QUANTITY)
    assert at.prompt == "prompt.opening.number"
    at.type("25")
    at.scan(label(case_gtin(PAIN), None, "P55", GOOD))
    assert draft_of(at).postings[0].quantity == 100
    assert at.state == OpeningState("A-01-1", 111, running=Running(PAIN.gtin, "P55", GOOD, 111))


@pytest.mark.parametrize(
    ("first", "second", "tone"),
    [
        (pack(AMOX, "S1"), pack(AMOX, "S2"), "good"),
        (pack(AMOX, "S1"), pack(AMOX, "S2", "B77"), "tick"),
        (pack(PAIN, None, "P55"), pack(PAIN, None, "P55"), "good"),
        (pack(PAIN, None, "P55"), pack(PAIN, None, "P56"), "tick"),
        (pack(AMOX, "S1"), pack(PAIN, None, "P55"), "good"),
        (pack(SWABS, None, None, None), pack(SWABS, None, None, OTHER_DATE), "tick"),
    ],
)
def test_another_lot_or_expiry_of_the_item_ticks(first: str, second: str, tone: str) -> None:
    at = bench()
    at.scans(BIN, first, second)
    assert told(at.last) == ("OK", tone)


# Labels.


def test_a_spread_label_is_asked_for_and_completed() -> None:
    at = bench()
    at.scans(BIN, label(PAIN.gtin, None, None, None))
    assert (at.prompt, told(at.last)) == ("prompt.opening.missing_lot", ("OK", "attention"))
    at.scan(label(None, None, "P55", GOOD))
    assert told(at.last) == ("OK", "good")
    at.scan(label(None, "S1", "A12B", None))
    assert at.prompt == "prompt.opening.missing_gtin"
    at.scan(label(AMOX.gtin, None, None, None))
    assert draft_of(at).postings[0].key.serial == "S1"


def test_a_lot_on_record_is_taken_from_plain_text() -> None:
    at = bench(some(SYRUP, 3, lot="S7"))
    at.scans(BIN, label(SYRUP.gtin, None, None, None), "S7")
    assert told(at.last) == ("OK", "good")


def test_a_new_lot_in_plain_text_is_taken_when_it_comes_again() -> None:
    at = bench()
    at.scans(BIN, label(PAIN.gtin, None, None, None), "P99")
    assert (told(at.last), at.say) == (("OK", "attention"), "say.opening.plain_lot")
    assert (at.prompt, at.ledger.ours) == ("prompt.opening.lot_again", {})
    at.scan("P98")
    assert (at.state.part.text, at.prompt) == ("P98", "prompt.opening.lot_again")
    at.scan("P98", confirms=False)
    assert at.ledger.ours == {}
    at.scan("P98")
    assert draft_of(at).postings[0].key.lot == "P98"


# What is refused.


@pytest.mark.parametrize(
    ("text", "refusal", "say"),
    [
        (box(PALLET), "WRONG_LEVEL", "say.opening.scan_inside"),
        (box(NAMED_CASE), "WRONG_LEVEL", "say.opening.scan_inside"),
        ("DOC-ASN-1", "WRONG_LEVEL", "say.opening.document"),
        (label(case_gtin(AMOX), None, None, None), "WRONG_LEVEL", "say.opening.each_serial"),
        (label(UNKNOWN, "S1", None, None), "UNKNOWN_ITEM", ""),
        ("LOC-NOWHERE", "UNKNOWN_PLACE", ""),
        ("rubbish", "BAD_FORMAT", ""),
    ],
)
def test_what_is_no_goods_of_ours_posts_nothing(text: str, refusal: str, say: str) -> None:
    at = bench()
    at.scans(BIN, text)
    assert (told(at.last), at.say) == ((refusal, "bad"), say)
    assert at.state == OpeningState("A-01-1")


def test_goods_before_a_place_wait() -> None:
    at = bench()
    assert told(at.scan(pack(AMOX, "S1"))) == ("ANSWER_FIRST", "bad")
    assert at.say == "say.opening.place_first"


@pytest.mark.parametrize(
    ("standing", "verdict"),
    [
        ("A-01-1", ("ALREADY_SCANNED", "neutral")),
        ("A-01-2", ("ALREADY_RECEIVED", "bad")),
        (TRANSIT, ("ALREADY_RECEIVED", "bad")),
        (CUSTOMER, ("ALREADY_OUT", "bad")),
        (DESTROYED, ("DESTROYED", "bad")),
    ],
)
def test_a_unit_on_record_is_told_with_its_place(standing: str, verdict: tuple[str, str]) -> None:
    here = unit(AMOX, "S1")
    at = bench(here)
    at.ledger.seed(Posting(here.key, 1, "DOCK-1", standing))
    at.scans(BIN, pack(AMOX, "S1"))
    assert told(at.last) == verdict
    if verdict[0].startswith("ALREADY_") and verdict[0] != "ALREADY_OUT":
        assert draft_of(at).verdict.parameters["place"] == standing


def test_a_unit_that_was_taken_back_can_be_scanned_again() -> None:
    at = bench()
    at.scans(BIN, pack(AMOX, "S1"))
    at.undo()
    assert told(at.scan(pack(AMOX, "S1"))) == ("OK", "good")


@pytest.mark.parametrize(
    ("item", "place", "fits"),
    [(AMOX, COLD_BIN, False), (INSULIN, BIN, False), (INSULIN, COLD_BIN, True), (VAULTINE, VAULT, True)],
)
def test_the_storage_class_is_enforced(item: Item, place: str, *, fits: bool) -> None:
    at = bench()
    at.scans(place, pack(item, "S1"))
    assert told(at.last)[0] == ("OK" if fits else "WRONG_STORAGE_CLASS")


@pytest.mark.parametrize(
    ("kind", "expiry", "refusal", "tone", "status"),
    [
        ("recall", GOOD, "RECALLED", "recall", Status.QUARANTINED),
        ("watch_list", GOOD, "WATCH_LISTED", "bad", Status.QUARANTINED),
        ("suspect", GOOD, "SUSPECT", "bad", Status.SUSPECT),
        (None, PAST, "EXPIRED", "bad", Status.HELD),
        (None, OTHER_DATE, "EXPIRY_MISMATCH", "bad", Status.HELD),
        (None, GOOD, None, None, Status.HELD),
    ],
)
def test_what_is_not_good_is_counted_in_a_cage_alone(
    kind: str | None, expiry: date, refusal: str | None, tone: str | None, status: Status
) -> None:
    at = bench()
    if kind is not None:
        at.ledger.watched(kind, AMOX, "A12B")
    at.scan(BIN)
    if refusal is not None:
        assert told(at.scan(pack(AMOX, "S1", expiry=expiry))) == (refusal, tone)
    at.scans(CAGE, pack(AMOX, "S1", expiry=expiry))
    assert (told(at.last), at.say) == (("OK", "attention"), "say.opening.posted_apart")
    assert draft_of(at).postings[0].key.status is status


def test_the_same_lot_with_another_expiry_is_a_conflict() -> None:
    at = bench(some(PAIN, 3))
    at.scans(BIN, pack(PAIN, None, "P55", OTHER_DATE))
    assert told(at.last) == ("EXPIRY_MISMATCH", "bad")


def test_a_place_that_was_taken_from_the_masters_takes_nothing() -> None:
    at = bench()
    at.scan(BIN)
    del at.ledger.places["A-01-1"]
    assert told(at.scan(pack(AMOX, "S1"))) == ("UNKNOWN_PLACE", "bad")


# Commands, undo, battery pull.


def test_undo_takes_back_half_a_label_and_then_the_posting() -> None:
    at = bench()
    at.command(Command.QUANTITY, 5)
    at.scans(BIN, pack(PAIN, None, "P55"), pack(AMOX, "S1"), label(PAIN.gtin, None, None, None))
    at.undo()
    assert (at.state.part, at.last.draft, at.say) == (None, None, "say.opening.part_forgotten")
    at.undo()
    assert (draft_of(at).kind, at.last.progress) == (EntryKind.CORRECTED, Progress(5, None))
    at.undo()
    assert (at.ledger.ours, at.state) == ({}, OpeningState("A-01-1"))
    assert told(at.undo())[0] == "NOT_UNDOABLE"


def test_undone_without_a_fact_counts_nothing_back() -> None:
    at = bench()
    at.scans(BIN, pack(AMOX, "S1"))
    nobody = replace(MOMENT, operator=None)
    found = at.ledger.decide(lambda facts: replace(at.last, state=at.workflow.undone(at.state, facts, nobody)))
    assert found.state.done == 1


def test_back_forgets_what_was_begun_and_done_ends() -> None:
    at = bench()
    at.command(Command.QUANTITY, 7)
    at.scans(BIN, label(PAIN.gtin, None, None, None))
    at.command(Command.BACK)
    assert at.state == OpeningState("A-01-1")
    at.command(Command.DONE)
    assert (at.last.finished, at.last.draft, at.last.tone.value) == (True, None, "done")


@pytest.mark.parametrize("number", [0, 100_000, 10**100])
def test_a_card_sets_no_number_that_no_scan_may_count_for(number: int) -> None:
    at = bench()
    at.command(Command.QUANTITY, number)
    assert (at.say, at.state.times, at.last.tone.value) == ("say.number_wanted", 1, "bad")


def test_a_number_is_typed_in_answer_alone() -> None:
    at = bench()
    at.type("12")
    assert at.state == OpeningState()
    at.command(Command.QUANTITY)
    at.type("twelve")
    assert (at.say, at.state.asks_number) == ("say.number_wanted", True)
    at.type("12")
    assert (at.state.times, at.state.asks_number) == (12, False)


@pytest.mark.parametrize("command", [Command.SKIP, Command.DAMAGED, Command.WHY])
def test_other_commands_do_nothing_here(command: Command) -> None:
    at = bench()
    at.command(command)
    assert (at.state, at.last.draft) == (OpeningState(), None)


def test_a_battery_pull_keeps_place_and_half_a_label() -> None:
    at = bench()
    at.scans(BIN, pack(AMOX, "S1"), label(PAIN.gtin, None, None, None), "P99")
    restored = load_state(OpeningState, json.loads(json.dumps(save_state(at.state))))
    assert restored == at.state
    assert at.workflow.prompt(restored) == at.workflow.prompt(at.state)


SCANS = st.sampled_from([
    BIN, BIN_2, COLD_BIN, CAGE, "LOC-NOWHERE", "rubbish", "P55", box(PALLET), pack(AMOX, "S1"), pack(AMOX, "S2", "B77"),
    pack(INSULIN, "I1", "F03"), pack(PAIN, None, "P55"), pack(PAIN, None, "P55", OTHER_DATE),
    label(PAIN.gtin, None, None, None), label(None, None, "P55", GOOD), pack(SWABS, None, None, None),
])  # fmt: skip


@given(st.lists(st.one_of(SCANS, SCANS, st.sampled_from(list(Command)), st.integers(1, 12)), max_size=25))
def test_whatever_happens_the_count_is_what_was_posted(shift: list[object]) -> None:
    at = bench()
    for happening in shift:
        if isinstance(happening, Command):
            at.undo() if happening is Command.UNDO else at.command(happening)
        elif isinstance(happening, int):
            at.command(Command.QUANTITY, happening)
        else:
            at.scan(str(happening))
        assert sum(at.ledger.ours.values()) == at.state.done
    for place, item, _, status in at.ledger.ours:
        assert (status is Status.HELD) == (place == "CAGE")
        assert place in {"CAGE", "C-01-1"} if item == "Insulora" else place != "C-01-1"
