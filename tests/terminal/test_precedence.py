"""What is told first: the closed table's order holds for scans, cards and typed codes alike, wherever one stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from devices.scan import PAYLOAD_BYTES_MAX, WEDGE, scan_of_text
from scanner_app.domain.refusals import PRECEDENCE, Refusal, Refused
from scanner_app.terminal.channels import SAME_SCAN_WITHIN_MS
from tests.terminal.floor import (
    ANA,
    TOM,
    Worker,
    badge_scan,
    command_scan,
    document_scan,
    entries_of,
    expected_scan,
    place_scan,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner_app.terminal.desk import Told

R = Refusal
GOOD = "]d20109521002000214"
BAD_CHECK = "]d20109521002000215"
BAD_FORMAT = "]d2XX"
CUT = "]d2" + "0" * (PAYLOAD_BYTES_MAX + 1)
UNKNOWN_CARD = command_scan("BOOM")


def signed_out(worker: Worker) -> None:
    assert worker.view().giant == "BADGE"


def pin_asked(worker: Worker) -> None:
    worker.scan(badge_scan(worker.site.operator(ANA)))


def on_the_menu(worker: Worker) -> None:
    worker.sign_in()


def locked(worker: Worker) -> None:
    worker.sign_in()
    worker.clock.advance(11 * 60 * 1000)
    worker.front.idle()


def locked_and_restarted(worker: Worker) -> None:
    locked(worker)
    worker.pull_the_battery()


def receiving(worker: Worker) -> None:
    worker.sign_in()
    worker.scan(document_scan("ASN-1002"))


def recalled(worker: Worker) -> None:
    receiving(worker)
    unit = next(unit for unit in worker.site.document("ASN-1002").units if unit.lot == "C90")
    worker.scan(expected_scan(unit))
    assert worker.view().blocking


def closing(worker: Worker) -> None:
    receiving(worker)
    worker.scan(command_scan("DONE"))


def taken_over_from_a_supervisor(worker: Worker) -> None:
    worker.sign_in(TOM)
    worker.scan(command_scan("OPENING"))
    worker.scan(place_scan("A-01-1"))
    worker.sign_in(ANA)


@dataclass(frozen=True)
class Case:
    """Where the worker stands, what is scanned, and what is told first."""

    stands: Callable[[Worker], None]
    scan: str
    told: Refusal


CASES = (
    Case(signed_out, GOOD, R.NOT_SIGNED_IN),
    Case(signed_out, BAD_CHECK, R.NOT_SIGNED_IN),
    Case(signed_out, BAD_FORMAT, R.NOT_SIGNED_IN),
    Case(signed_out, UNKNOWN_CARD, R.NOT_SIGNED_IN),
    Case(signed_out, CUT, R.UNREADABLE),
    Case(pin_asked, GOOD, R.ANSWER_FIRST),
    Case(pin_asked, BAD_CHECK, R.ANSWER_FIRST),
    Case(pin_asked, CUT, R.ANSWER_FIRST),
    Case(pin_asked, command_scan("UNDO"), R.ANSWER_FIRST),
    Case(locked, BAD_CHECK, R.ANSWER_FIRST),
    Case(locked_and_restarted, BAD_CHECK, R.NOT_SIGNED_IN),
    Case(locked_and_restarted, CUT, R.UNREADABLE),
    Case(on_the_menu, BAD_CHECK, R.BAD_CHECK_DIGIT),
    Case(on_the_menu, UNKNOWN_CARD, R.BAD_FORMAT),
    Case(on_the_menu, CUT, R.UNREADABLE),
    Case(receiving, BAD_CHECK, R.BAD_CHECK_DIGIT),
    Case(receiving, command_scan("QTY0"), R.BAD_FORMAT),
    Case(receiving, command_scan("QTY100000"), R.BAD_FORMAT),
    Case(receiving, command_scan("QTY" + "9" * 100), R.BAD_FORMAT),
    Case(recalled, GOOD, R.ANSWER_FIRST),
    Case(recalled, BAD_CHECK, R.ANSWER_FIRST),
    Case(recalled, CUT, R.ANSWER_FIRST),
    Case(recalled, UNKNOWN_CARD, R.ANSWER_FIRST),
    Case(recalled, command_scan("PUTAWAY"), R.ANSWER_FIRST),
    Case(recalled, command_scan("SIGN_OUT"), R.ANSWER_FIRST),
    Case(recalled, command_scan("UNDO"), R.ANSWER_FIRST),
    Case(recalled, command_scan("DONE"), R.ANSWER_FIRST),
    Case(recalled, command_scan("QTY0"), R.ANSWER_FIRST),
    Case(closing, BAD_CHECK, R.ANSWER_FIRST),
    Case(closing, command_scan("LOOKUP"), R.ANSWER_FIRST),
    Case(closing, command_scan("UNDO"), R.ANSWER_FIRST),
    Case(taken_over_from_a_supervisor, GOOD, R.NOT_PERMITTED),
    Case(taken_over_from_a_supervisor, BAD_CHECK, R.NOT_PERMITTED),
    Case(taken_over_from_a_supervisor, CUT, R.UNREADABLE),
    Case(taken_over_from_a_supervisor, command_scan("OPENING"), R.NOT_PERMITTED),
)


def refusal(told: Told) -> Refusal:
    assert isinstance(told.verdict, Refused), told
    return told.verdict.refusal


def entries(worker: Worker) -> int:
    return worker.ledger.counters().entries


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.stands.__name__} {case.scan[:24]}")
def test_the_first_of_the_table_is_told_and_kept(worker: Worker, case: Case) -> None:
    case.stands(worker)
    before = entries(worker)
    worker.scan(case.scan)
    assert refusal(worker.heard[-1]) is case.told
    assert entries(worker) == before + 1
    assert worker.heard[-1].entry_id is not None


@pytest.mark.parametrize(
    ("stands", "typed", "told"),
    [
        (on_the_menu, "(01)09521002000215", R.BAD_CHECK_DIGIT),
        (recalled, "(01)09521002000215", R.ANSWER_FIRST),
        (recalled, "cmd-putaway", R.ANSWER_FIRST),
        (signed_out, "(01)09521002000215", R.NOT_SIGNED_IN),
        (receiving, "cmd-qty0", R.BAD_FORMAT),
    ],
)
def test_what_is_typed_is_told_like_a_scan(
    worker: Worker, stands: Callable[[Worker], None], typed: str, told: Refusal
) -> None:
    stands(worker)
    worker.press("F6")
    worker.type(typed)
    worker.press("enter")
    assert refusal(worker.heard[-1]) is told


@pytest.mark.parametrize(
    ("code", "told"), [("DONE", R.ANSWER_FIRST), ("RECEIVE", R.ANSWER_FIRST), ("BOOM", R.ANSWER_FIRST)]
)
def test_a_command_by_name_is_told_like_its_card(worker: Worker, code: str, told: Refusal) -> None:
    recalled(worker)
    assert refusal(worker.front.desk.card(code)) is told
    assert refusal(worker.front.desk.open("putaway")) is told


def test_nothing_opens_while_the_screen_is_locked(worker: Worker) -> None:
    locked_and_restarted(worker)
    assert refusal(worker.front.desk.open("putaway")) is R.NOT_SIGNED_IN
    assert refusal(worker.front.desk.card("UNDO")) is R.NOT_SIGNED_IN


def test_a_number_out_of_bounds_says_which_there_are(worker: Worker) -> None:
    receiving(worker)
    view = worker.scan(command_scan("QTY0"))
    assert view.panel is not None
    assert view.panel.headline == "a number from 1 to 99999"


def test_a_colleague_may_leave_a_task_that_is_not_theirs_by_a_card(worker: Worker) -> None:
    taken_over_from_a_supervisor(worker)
    assert worker.scan(command_scan("PUTAWAY")).title == "PUT AWAY"


def test_the_card_to_sign_out(worker: Worker) -> None:
    receiving(worker)
    assert worker.scan(command_scan("SIGN_OUT")).giant == "BADGE"


def test_no_key_looks_up_while_a_close_is_asked(worker: Worker) -> None:
    closing(worker)
    before = worker.view()
    assert "F8" not in {hint.key for hint in before.keys}
    assert worker.press("F8") == before


# One scan by two channels.


def by(worker: Worker, source: str, text: str, after_ms: int) -> Told:
    """A scan of that source, so long after what came last."""
    worker.clock.advance(after_ms)
    wall_ms = round(worker.clock.now().timestamp() * 1000)
    worker._submit(scan_of_text(text, source=source, monotonic_ns=worker.clock.monotonic_ns(), wall_ms=wall_ms))
    return worker.heard[-1]


PORT = "serial:/dev/serial/by-id/scanner"


def test_one_scan_by_two_channels_is_taken_once_and_told(worker: Worker) -> None:
    receiving(worker)
    unit = next(unit for unit in worker.site.document("ASN-1002").units if unit.lot == "N31")
    by(worker, PORT, expected_scan(unit), 1000)
    assert worker.view().done == 1
    before = entries(worker)
    twice = by(worker, WEDGE, expected_scan(unit), SAME_SCAN_WITHIN_MS)
    assert twice.verdict == Refused(R.SECOND_CHANNEL, {"source": WEDGE, "other": PORT})
    assert entries(worker) == before + 1
    assert worker.view().done == 1
    told = worker.view().panel
    assert told is not None
    assert told.headline == f"came twice: {WEDGE} and {PORT}"


def test_two_scanners_may_read_one_label_one_after_the_other(worker: Worker) -> None:
    worker.sign_in()
    by(worker, PORT, place_scan("A-01-1"), 1000)
    assert not isinstance(by(worker, WEDGE, place_scan("A-01-1"), SAME_SCAN_WITHIN_MS + 1).verdict, Refused)
    assert not isinstance(by(worker, WEDGE, place_scan("A-01-1"), 1).verdict, Refused)
    assert not isinstance(by(worker, "other", place_scan("A-01-2"), 1).verdict, Refused)


def test_a_second_channel_is_told_in_its_precedence(worker: Worker) -> None:
    assert PRECEDENCE[R.ANSWER_FIRST] < PRECEDENCE[R.UNREADABLE] < PRECEDENCE[R.SECOND_CHANNEL]
    by(worker, PORT, GOOD, 1000)
    assert refusal(by(worker, WEDGE, GOOD, 5)) is R.SECOND_CHANNEL
    by(worker, PORT, CUT, 1000)
    assert refusal(by(worker, WEDGE, CUT, 5)) is R.UNREADABLE
    badge = badge_scan(worker.site.operator(ANA))
    by(worker, PORT, badge, 1000)
    assert refusal(by(worker, WEDGE, badge, 5)) is R.SECOND_CHANNEL
    assert worker.view().giant == "PIN"
    by(worker, PORT, GOOD, 1000)
    assert refusal(by(worker, WEDGE, GOOD, 5)) is R.ANSWER_FIRST


def test_no_scan_that_was_told_twice_tells_a_token(worker: Worker) -> None:
    badge = badge_scan(worker.site.operator(ANA))
    token = badge.partition(".")[2].encode()
    by(worker, PORT, badge, 1000)
    by(worker, WEDGE, badge, 5)
    raws = [entry.raw for entry in entries_of(worker.ledger)]
    assert [raw.payload.partition(b"#")[0] for raw in raws if raw is not None] == [ANA.encode()] * 2
    assert all(raw is None or token not in raw.payload for raw in raws)
