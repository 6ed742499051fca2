"""Receiving, each refusal: told in its precedence, with words and tone, posting nothing; and what confirming it does.

The table of cases is checked against the table of refusals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.follow_ups import FollowUp, follow_up_of
from scanner_app.domain.refusals import Refusal
from scanner_app.domain.stock import (
    CUSTOMER,
    DESTROYED,
    LOSS,
    SUPPLIER,
    TRANSIT,
    ContainerDelta,
    Seal,
    Status,
    UnitDelta,
)
from scanner_app.workflows.local_time import HOUR_MS
from scanner_app.workflows.receiving_state import Asked, Condition
from scanner_app.workflows.step import Command, Line
from tests.workflows.delivery import (
    AMOX,
    COLD_PALLET,
    GOOD,
    INSULIN,
    MIXED,
    NAMED_CASE,
    NORTAVEL,
    OTHER_DATE,
    OTHER_PALLET,
    PAIN,
    PALLET,
    PAST,
    STRAY,
    SYRUP,
    UNKNOWN,
    VITAMIN,
    Desk,
    box,
    case_gtin,
    label,
    pack,
    said,
)

Preparing = Callable[[Desk], object]


def nothing(_: Desk) -> None:
    return


def at(location: str, serial: str = "L0", status: Status = Status.AVAILABLE) -> Preparing:
    """A unit that our ledger knows elsewhere."""

    def prepare(desk: Desk) -> None:
        desk.ledger.units[AMOX.gtin, serial] = UnitDelta(
            AMOX.gtin, serial, "own", "A12B", GOOD, status, location, "ASN-0", inferred=False
        )

    return prepare


def container_at(location: str, container: str = PALLET) -> Preparing:
    def prepare(desk: Desk) -> None:
        desk.ledger.containers[container] = ContainerDelta(container, location, Seal.SEALED, "ASN-0")

    return prepare


def listed(kind: str, lot: str | None = None, serial: str | None = None) -> Preparing:
    return lambda desk: desk.watch(kind, AMOX, lot, serial)


def by_an_old_list(desk: Desk) -> None:
    """The centre wants lists of recalls of the last day; ours is of the day before."""
    desk.ledger.policies["recall_list_hours"] = 24
    desk.moment = replace(desk.moment, recalls_age_ms=25 * HOUR_MS)


def expiring(container: str | None) -> Preparing:
    """The document's units of a container (or loose ones) expired yesterday."""

    def prepare(desk: Desk) -> None:
        units = desk.ledger.units_of["ASN-1"]
        desk.ledger.units_of["ASN-1"] = [
            replace(unit, expiry=PAST) if unit.parent == container else unit for unit in units
        ]

    return prepare


def closed(document: str) -> Preparing:
    def prepare(desk: Desk) -> None:
        desk.ledger.documents[document] = replace(desk.ledger.documents[document], closed=True)

    return prepare


def on_record(item_gtin: str, lot: str) -> Preparing:
    return lambda desk: desk.ledger.dates.update({(item_gtin, lot): (OTHER_DATE,)})


def filled(times: int) -> Preparing:
    def prepare(desk: Desk) -> None:
        desk.command(Command.QUANTITY, times)
        desk.scan(pack(PAIN, lot="P55"))

    return prepare


@dataclass(frozen=True)
class Case:
    """A scan that is refused, and what the same code again comes to: (outcome, status), or None for nothing."""

    name: str
    refusal: Refusal
    text: str
    confirmed: tuple[str, Status] | None
    document: str | None = "ASN-1"
    prepare: Preparing = nothing
    tone: str = "bad"


R = Refusal
HELD, SUSPECT, QUARANTINED = Status.HELD, Status.SUSPECT, Status.QUARANTINED
CASES = (
    Case("plain text", R.BAD_FORMAT, "hello", None),
    Case("hibc", R.BAD_FORMAT, "]C0+A123BJC5D6E71G", None),
    Case("unknown item", R.UNKNOWN_ITEM, label(UNKNOWN, "1", None, None), None),
    Case("unknown place", R.UNKNOWN_PLACE, "]Q1LOC-NOWHERE", None),
    Case("unknown document", R.UNKNOWN_DOCUMENT, "]Q1DOC-NOTHING", None),
    Case("closed meanwhile", R.DOCUMENT_CLOSED, pack(AMOX, "L0"), None, prepare=closed("ASN-1")),
    Case("pallet, closed meanwhile", R.DOCUMENT_CLOSED, box(PALLET), None, prepare=closed("ASN-1")),
    Case("quantity, closed meanwhile", R.DOCUMENT_CLOSED, pack(PAIN, lot="P55"), None, "PO-1", closed("PO-1")),
    Case("recalled lot", R.RECALLED, pack(AMOX, "L0"), None, prepare=listed("recall", "A12B"), tone="recall"),
    Case("recalled item", R.RECALLED, pack(AMOX, "L0"), None, prepare=listed("recall"), tone="recall"),
    Case("recalled lot told by the document", R.RECALLED, pack(AMOX, "L0", None), None, "ASN-1",
         listed("recall", "A12B"), "recall"),
    Case("recalled in the pallet", R.RECALLED, box(PALLET), None, prepare=listed("recall", "A12B"), tone="recall"),
    Case("recalled serial in the pallet", R.RECALLED, box(PALLET), None, prepare=listed("recall", None, "A2"),
         tone="recall"),
    Case("recalled quantity", R.RECALLED, pack(PAIN, lot="P55"), None, "PO-1",
         lambda desk: desk.watch("recall", PAIN, "P55"), "recall"),
    Case("watch-listed", R.WATCH_LISTED, pack(AMOX, "L0"), ("CONFIRMED", QUARANTINED), prepare=listed("watch_list")),
    Case("watch-listed in the pallet", R.WATCH_LISTED, box(PALLET), ("CONFIRMED", QUARANTINED),
         prepare=listed("watch_list", None, "B1")),
    Case("suspect", R.SUSPECT, pack(AMOX, "L0"), ("CONFIRMED", SUSPECT), prepare=listed("suspect", None, "L0")),
    Case("expired", R.EXPIRED, pack(AMOX, "L0", expiry=PAST), ("CONFIRMED", HELD)),
    Case("expired by the document", R.EXPIRED, pack(AMOX, "L0", expiry=None), ("CONFIRMED", HELD), "ASN-1",
         expiring(None)),
    Case("expired in the pallet", R.EXPIRED, box(MIXED), ("CONFIRMED", HELD), "ASN-1", expiring(MIXED)),
    Case("destroyed", R.DESTROYED, pack(AMOX, "L0"), ("CONFIRMED", SUSPECT), prepare=at(DESTROYED)),
    Case("sold", R.ALREADY_OUT, pack(AMOX, "L0"), ("CONFIRMED", SUSPECT), prepare=at(CUSTOMER)),
    Case("lost", R.ALREADY_OUT, pack(AMOX, "L0"), ("CONFIRMED", SUSPECT), prepare=at(LOSS)),
    Case("pallet sold", R.ALREADY_OUT, box(PALLET), ("CONFIRMED", SUSPECT), prepare=container_at(CUSTOMER)),
    Case("here from another", R.ALREADY_RECEIVED, pack(AMOX, "L0"), None, prepare=at("B-04-2")),
    Case("held here", R.ON_HOLD, pack(AMOX, "L0"), None, prepare=at("CAGE", status=HELD)),
    Case("damaged here", R.ON_HOLD, pack(AMOX, "L0"), None, prepare=at("CAGE", status=Status.DAMAGED)),
    Case("pallet here from another", R.ALREADY_RECEIVED, box(PALLET), None, prepare=container_at("B-04-2")),
    Case("scanned", R.ALREADY_SCANNED, pack(AMOX, "L0"), None, "ASN-1", lambda desk: desk.scan(pack(AMOX, "L0")),
         "neutral"),
    Case("pallet scanned", R.ALREADY_SCANNED, box(PALLET), None, "ASN-1", lambda desk: desk.scan(box(PALLET)),
         "neutral"),
    Case("scanned, blind", R.ALREADY_SCANNED, pack(VITAMIN, "V1"), None, None,
         lambda desk: desk.scan(pack(VITAMIN, "V1")), "neutral"),
    Case("unit of another document", R.IN_OTHER_DOCUMENT, pack(NORTAVEL, "N1", "N31"), ("CONFIRMED", HELD)),
    Case("pallet of another document", R.IN_OTHER_DOCUMENT, box(OTHER_PALLET), ("CONFIRMED", HELD)),
    Case("unit of a document, blind", R.IN_OTHER_DOCUMENT, pack(AMOX, "L0"), ("CONFIRMED", HELD), None),
    Case("item of another document", R.IN_OTHER_DOCUMENT, pack(SYRUP, lot="S1"), ("CONFIRMED", HELD), "ASN-1"),
    Case("item of a document, blind", R.IN_OTHER_DOCUMENT, pack(SYRUP, lot="S1"), ("CONFIRMED", HELD), None),
    Case("unit of an item of another document", R.IN_OTHER_DOCUMENT, pack(INSULIN, "X", "F03"), ("CONFIRMED", HELD),
         "PO-1", lambda desk: desk.command(Command.LOGGER_OK)),
    Case("item on no document", R.NOT_ON_DOCUMENT, pack(VITAMIN, "X"), ("CONFIRMED", HELD), "ASN-1", closed("PO-1")),
    Case("case of an item on no document", R.NOT_ON_DOCUMENT, label(case_gtin(VITAMIN), "K", None, None),
         ("CONFIRMED", HELD)),
    Case("quantity on no document", R.NOT_ON_DOCUMENT, pack(PAIN, lot="P9"), ("CONFIRMED", HELD), "ASN-1",
         closed("PO-1")),
    Case("unit that nothing names", R.NO_DATA, pack(AMOX, "X"), ("CONFIRMED", HELD)),
    Case("unit that only a closed one names", R.NO_DATA, pack(NORTAVEL, "N1", "N31"), ("CONFIRMED", HELD), "ASN-1",
         closed("ASN-2")),
    Case("pallet that nothing names", R.NO_DATA, box(STRAY), ("CONFIRMED", HELD)),
    Case("case that nothing names", R.NO_DATA, label(case_gtin(AMOX), "K", None, None), ("CONFIRMED", HELD)),
    Case("pallet, blind", R.NO_DATA, box(STRAY), ("CONFIRMED", HELD), None),
    Case("item that nothing names, blind", R.NO_DATA, pack(SYRUP, lot="S1"), ("CONFIRMED", HELD), None,
         closed("PO-1")),
    Case("old list, a unit", R.RECALL_LIST_TOO_OLD, pack(AMOX, "L0"), None, prepare=by_an_old_list),
    Case("old list, a pallet", R.RECALL_LIST_TOO_OLD, box(PALLET), None, prepare=by_an_old_list),
    Case("old list, by lines", R.RECALL_LIST_TOO_OLD, pack(PAIN, lot="P55"), None, "PO-1", by_an_old_list),
    Case("wrong lot of a unit", R.LOT_MISMATCH, pack(AMOX, "L0", "B77"), ("CONFIRMED", HELD)),
    Case("wrong lot of a case", R.LOT_MISMATCH, label(NAMED_CASE[6:20], "C-77", "B77", None), ("CONFIRMED", HELD)),
    Case("lot on no line", R.LOT_MISMATCH, pack(PAIN, lot="B77"), ("CONFIRMED", HELD), "PO-1"),
    Case("wrong expiry of a unit", R.EXPIRY_MISMATCH, pack(AMOX, "L0", expiry=OTHER_DATE), ("CONFIRMED", HELD)),
    Case("wrong expiry of a case", R.EXPIRY_MISMATCH, label(NAMED_CASE[6:20], "C-77", None, OTHER_DATE),
         ("CONFIRMED", HELD)),
    Case("another expiry of the lot on record", R.EXPIRY_MISMATCH, pack(AMOX, "L0"), ("CONFIRMED", HELD), "ASN-1",
         on_record(AMOX.gtin, "A12B")),
    Case("another expiry on the line", R.EXPIRY_MISMATCH, pack(PAIN, lot="P55", expiry=OTHER_DATE),
         ("CONFIRMED", HELD), "PO-1"),
    Case("another expiry on record, blind", R.EXPIRY_MISMATCH, pack(VITAMIN, "V", "V1"), ("CONFIRMED", HELD), None,
         on_record(VITAMIN.gtin, "V1")),
    Case("not the dock", R.WRONG_PLACE, "]Q1LOC-B-04-2", None),
    Case("cold unit", R.CONDITION_MISSING, pack(INSULIN, "I9", "F03"), None, "ASN-COLD"),
    Case("cold pallet", R.CONDITION_MISSING, box(COLD_PALLET), None, "ASN-COLD"),
    Case("case without serial", R.WRONG_LEVEL, label(case_gtin(AMOX), None, "A12B", GOOD), None),
    Case("serialised case on lines", R.WRONG_LEVEL, label(case_gtin(AMOX), "K", None, None), None, "PO-1"),
    Case("pallet on lines", R.WRONG_LEVEL, box(STRAY), None, "PO-1"),
    Case("all are in", R.OVER_QUANTITY, pack(PAIN, lot="P55"), ("EXTRA", HELD), "PO-1", filled(20)),
)  # fmt: skip
IDS = [case.name for case in CASES]

ELSEWHERE = {
    R.ANSWER_FIRST: "test_receiving_commands",
    R.NOT_UNDOABLE: "test_undo",
}
NOT_OF_A_SCAN_IN_RECEIVING = {
    R.LEDGER_STOPPED, R.UNREADABLE, R.SECOND_CHANNEL, R.UNTRUSTED_SCANNER, R.NOT_SIGNED_IN, R.WRONG_PIN, R.LOCKED_OUT,
    R.NOT_PERMITTED, R.BAD_CHECK_DIGIT, R.UNKNOWN_BADGE, R.TASK_LEASED,  # before a scan comes to the workflow
    R.RESERVED, R.WRONG_STORAGE_CLASS, R.CONTAINER_DOUBTFUL, R.NOT_FIRST_EXPIRED, R.SHELF_LIFE_TOO_SHORT,
    R.LICENCE_INVALID, R.TI_MISSING, R.NO_SSCC_LEFT, R.SECOND_PERSON_NEEDED, R.REASON_NEEDED,  # of stock that is ours
    R.VOIDED,  # known once documents come from partners
}  # fmt: skip


def begun(case: Case) -> Desk:
    desk = Desk().open(case.document)
    case.prepare(desk)
    return desk


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_refusal_is_told_and_posts_nothing(case: Case) -> None:
    desk = begun(case)
    stock, units = dict(+desk.ledger.on_hand), dict(desk.ledger.units)
    before = desk.state

    refused = desk.scan(case.text)

    assert said(refused) == (case.refusal.value, None, case.tone)
    assert refused.draft is not None
    assert (refused.draft.kind, refused.draft.document) == (EntryKind.REFUSED, case.document)
    assert (dict(+desk.ledger.on_hand), desk.ledger.units) == (stock, units)
    assert replace(refused.state, pending=None) == replace(before, pending=None)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_same_code_again_puts_goods_that_lie_there_into_the_cage(case: Case) -> None:
    desk = begun(case)
    desk.scan(case.text)
    pending = desk.state.pending
    asks = pending is not None and pending.asked is Asked.AGAIN

    assert asks == (case.confirmed is not None or case.refusal is Refusal.UNKNOWN_ITEM)
    if case.confirmed is None:
        return
    again = desk.scan(case.text)
    outcome, status = case.confirmed
    assert again.draft is not None
    assert said(again) == (outcome, case.refusal.value, "attention")
    assert again.state.pending is None
    posted = [*again.draft.postings, *(posting for members in again.draft.lists for posting in members.postings)]
    assert {posting.key.status for posting in posted} <= {status}
    ends = {desk.ledger.location(posting.to_place) for posting in posted}
    ends |= {desk.ledger.location(move.container) for move in again.draft.container_moves if move.to_parent == "CAGE"}
    assert ends == {"CAGE"}


@pytest.mark.parametrize("case", [case for case in CASES if case.confirmed is not None], ids=lambda case: case.name)
def test_a_bounced_second_read_confirms_nothing(case: Case) -> None:
    desk = begun(case)
    asked = desk.scan(case.text).state

    bounced = desk.scan(case.text, confirms=False)

    assert said(bounced) == ("ALREADY_SCANNED", None, "neutral")
    assert bounced.say is not None
    assert bounced.say.code == "say.receiving.too_soon"
    assert bounced.state == asked


@pytest.mark.parametrize("confirms", [True, False])
@pytest.mark.parametrize("text", [pack(INSULIN, "I9", "F03"), box(COLD_PALLET)])
def test_cold_goods_scanned_again_still_want_the_loggers_result(text: str, *, confirms: bool) -> None:
    desk = Desk().open("ASN-COLD")
    asked = desk.scan(text)

    again = desk.scan(text, confirms=confirms)

    assert said(again) == said(asked) == ("CONDITION_MISSING", None, "bad")
    assert again.state == asked.state
    assert not desk.ledger.containers
    assert not +desk.ledger.on_hand


@pytest.mark.parametrize("text", [pack(INSULIN, "I9", "F03"), box(COLD_PALLET)])
def test_cold_goods_without_a_logger_are_held_by_a_card(text: str) -> None:
    desk = Desk().open("ASN-COLD")
    desk.scan(text)
    prompt = desk.workflow.prompt(desk.state)

    held = desk.command(Command.QUARANTINE)

    assert (prompt.noun, Command.QUARANTINE in prompt.commands) == ("LOGGER", True)
    assert said(held) == ("CONFIRMED", "CONDITION_MISSING", "attention")
    assert {unit.status for unit in desk.ledger.units.values()} == {HELD}
    assert follow_up_of(desk.ledger.entries[-1]) == FollowUp(
        "CONDITION_MISSING", COLD_PALLET if text == box(COLD_PALLET) else f"sgtin:{INSULIN.gtin}:I9", "ASN-COLD"
    )


def test_the_loggers_card_says_what_to_scan_again() -> None:
    for card, code, tone in (
        (Command.LOGGER_OK, "say.receiving.condition_ok", "good"),
        (Command.LOGGER_ALARM, "say.receiving.condition_alarm", "attention"),
    ):
        desk = Desk().open("ASN-COLD")
        assert desk.command(card).say == Line(code)
        waiting = Desk().open("ASN-COLD")
        waiting.scan(pack(INSULIN, "I9", "F03"))
        answered = waiting.command(card)
        assert (answered.say, answered.tone.value) == (Line(f"{code}_again", {"scanned": "I9"}), tone)
        assert answered.state.pending is None


def test_a_serial_that_is_on_hold_here_may_be_on_a_second_pack() -> None:
    desk = Desk().open("ASN-1")
    at("CAGE", status=HELD)(desk)
    refused = desk.scan(pack(AMOX, "L0"))

    second = desk.command(Command.SECOND_PACK)

    assert refused.draft is not None
    assert refused.draft.verdict.parameters == {
        "scanned": "L0", "item": "Amoxidem", "status": "held", "place": "CAGE"
    }  # fmt: skip
    assert said(second) == ("CONFIRMED", "SUSPECT", "attention")


def test_what_this_task_put_into_the_cage_is_simply_done() -> None:
    desk = Desk().open("ASN-1")
    for _ in range(2):
        desk.scan(pack(AMOX, "L0", "B77"))

    assert said(desk.scan(pack(AMOX, "L0", "B77"))) == ("ALREADY_SCANNED", None, "neutral")


def test_what_was_inferred_and_held_is_on_hold() -> None:
    desk = Desk().open("ASN-COLD")
    desk.command(Command.LOGGER_OK)
    desk.scan(box(COLD_PALLET))
    desk.command(Command.LOGGER_ALARM)
    desk.command(Command.ACCEPT_REST)

    assert said(desk.scan(pack(INSULIN, "I0", "F03"))) == ("ON_HOLD", None, "bad")


def test_each_refusal_of_the_table_is_covered_or_named_as_another_parts() -> None:
    covered = {case.refusal for case in CASES}

    assert covered.isdisjoint(NOT_OF_A_SCAN_IN_RECEIVING)
    assert covered | set(ELSEWHERE) | NOT_OF_A_SCAN_IN_RECEIVING == set(Refusal)


def test_the_first_of_the_table_is_told_when_several_apply() -> None:
    desk = Desk().open("ASN-1").watch("watch_list", AMOX)

    assert said(desk.scan(pack(AMOX, "X", "B77", PAST))) == ("WATCH_LISTED", None, "bad")
    desk.ledger.watches.clear()
    assert said(desk.scan(pack(AMOX, "X", "B77", PAST))) == ("EXPIRED", None, "bad")
    assert said(desk.scan(pack(AMOX, "X", "B77"))) == ("NO_DATA", None, "bad")
    assert said(desk.scan(pack(AMOX, "L0", "B77", OTHER_DATE))) == ("LOT_MISMATCH", None, "bad")


def test_what_was_not_told_is_not_confirmed() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(pack(AMOX, "L0", "B77"))
    desk.watch("watch_list", AMOX)

    changed = desk.scan(pack(AMOX, "L0", "B77"))

    assert said(changed) == ("WATCH_LISTED", None, "bad")
    assert not +desk.ledger.on_hand


def test_a_refusal_that_no_longer_applies_lets_the_goods_in() -> None:
    desk = Desk().open("ASN-1").watch("watch_list", AMOX)
    desk.scan(pack(AMOX, "L0"))
    desk.ledger.watches.clear()

    assert said(desk.scan(pack(AMOX, "L0"))) == ("MATCHED", None, "good")


def test_another_scan_in_between_forgets_the_question() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(pack(AMOX, "L0", "B77"))
    desk.scan(pack(AMOX, "L1"))

    assert said(desk.scan(pack(AMOX, "L0", "B77"))) == ("LOT_MISMATCH", None, "bad")


@pytest.mark.parametrize(
    ("scan", "document", "watch", "say"),
    [
        (pack(AMOX, "L0"), None, None, "say.receiving.in_other_blind"),
        (pack(AMOX, "L0"), "ASN-1", ("recall", None), None),
        (box(PALLET), "ASN-1", ("recall", "A12B"), None),
        (pack(AMOX, "L0"), "ASN-1", ("recall", "A12B"), None),
    ],
)
def test_sentences_fit_what_is_known(
    scan: str, document: str | None, watch: tuple[str, str | None] | None, say: str | None
) -> None:
    desk = Desk().open(document)
    if watch is not None:
        desk.watch(watch[0], AMOX, watch[1])

    refused = desk.scan(scan)

    assert (None if refused.say is None else refused.say.code) == say


def test_a_recalled_unit_of_unknown_lot_is_told_by_its_item() -> None:
    desk = Desk().open("ASN-1").watch("recall", AMOX)
    desk.ledger.units_of["ASN-1"] = [replace(unit, lot=None) for unit in desk.ledger.units_of["ASN-1"]]

    refused = desk.scan(pack(AMOX, "L0", lot=None))

    assert refused.say is not None
    assert refused.say.code == "say.receiving.recalled_item"
    assert refused.lines[-1] == Line("line.receiving.known_here", {"quantity": 0})


def test_already_scanned_tells_when() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(pack(AMOX, "L0"))
    at_once = desk.scan(pack(AMOX, "L0"))
    at(DESTROYED)(desk)
    at("B-04-2", "L1")(desk)

    unknown = desk.scan(pack(AMOX, "L1"))

    assert at_once.say == Line("say.receiving.already_scanned", {"scanned": "L0", "place": "DOCK-1", "at": "01:26"})
    assert unknown.say is None


def test_goods_that_went_back_to_the_supplier_may_come_again() -> None:
    desk = Desk().open("ASN-1")
    at(SUPPLIER)(desk)
    container_at(SUPPLIER)(desk)

    assert said(desk.scan(pack(AMOX, "L0"))) == ("MATCHED", None, "good")
    assert said(desk.scan(box(PALLET))) == ("MATCHED", None, "good")


def test_goods_in_transit_between_own_sites_leave_transit_when_they_are_caged() -> None:
    desk = Desk().open("ASN-1")
    at(TRANSIT)(desk)
    desk.ledger.on_hand[TRANSIT, "own", AMOX.gtin, "A12B", GOOD, Status.AVAILABLE] = 1
    desk.scan(pack(AMOX, "L0"))

    caged = desk.scan(pack(AMOX, "L0"))

    assert said(caged) == ("CONFIRMED", "ALREADY_OUT", "attention")
    assert +desk.ledger.on_hand == {("CAGE", "own", AMOX.gtin, "A12B", GOOD, Status.SUSPECT): 1}


def test_an_inferred_unit_was_not_scanned() -> None:
    desk = Desk().open("ASN-1")
    desk.scan(box(PALLET))
    desk.command(Command.ACCEPT_REST)

    assert said(desk.scan(pack(AMOX, "A0"))) == ("ALREADY_RECEIVED", None, "bad")


def test_uncovered_goods_that_a_serialised_document_does_not_name_need_no_data() -> None:
    desk = Desk().open("ASN-1")
    desk.ledger.levels[AMOX.gtin] = replace(desk.ledger.levels[AMOX.gtin], item=replace(AMOX, covered=False))

    taken = desk.scan(pack(AMOX, "X"))

    assert said(taken) == ("MATCHED", None, "good")
    assert taken.state.done == 0


def test_more_than_is_left_is_split_between_dock_and_cage() -> None:
    desk = Desk().open("PO-1")
    filled(18)(desk)
    desk.command(Command.QUANTITY, 5)

    refused = desk.scan(pack(PAIN, lot="P55"))
    split = desk.scan(pack(PAIN, lot="P55"))

    assert said(refused) == ("OVER_QUANTITY", None, "bad")
    assert refused.say == Line(
        "say.receiving.over_part",
        {"scanned": "Painaway", "item": "Painaway", "expected": 20, "remaining": 2, "quantity": 5},
    )
    assert said(split) == ("EXTRA", "OVER_QUANTITY", "attention")
    assert split.say is not None
    assert (split.say.code, split.state.done) == ("say.receiving.extra_part", 20)
    on_hand = {(place, status): number for (place, *_, status), number in (+desk.ledger.on_hand).items()}
    assert on_hand == {("DOCK-1", Status.AVAILABLE): 20, ("CAGE", HELD): 3}


def test_an_alarm_holds_what_is_extra_too() -> None:
    desk = Desk().open("ASN-COLD")
    desk.scan(pack(INSULIN, "I9", "F03"))
    assert desk.workflow.prompt(desk.state).noun == "LOGGER"

    desk.command(Command.LOGGER_ALARM)
    alarmed = desk.scan(pack(INSULIN, "I9", "F03"))
    unnamed = desk.scan(pack(INSULIN, "X", "F03"))
    confirmed = desk.scan(pack(INSULIN, "X", "F03"))

    assert alarmed.state.condition is Condition.ALARM
    assert said(alarmed) == ("MATCHED", None, "attention")
    assert alarmed.say is not None
    assert alarmed.say.code == "say.receiving.logger_alarm"
    assert said(unnamed) == ("NO_DATA", None, "bad")
    assert confirmed.draft is not None
    assert confirmed.draft.reason == "LOGGER_ALARM"
    assert [unit.status for unit in desk.ledger.units.values()] == [HELD, HELD]
