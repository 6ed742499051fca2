"""The closed table of outcomes and its precedence."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.refusals import PRECEDENCE, Accepted, Outcome, Refusal, Refused, first_refusal

REFUSALS = st.lists(st.builds(Refused, st.sampled_from(Refusal)))


@given(REFUSALS)
def test_the_first_of_the_table_is_told(found: list[Refused]) -> None:
    first = first_refusal(found)

    assert (first is None) == (not found)
    assert first is None or all(PRECEDENCE[first.refusal] <= PRECEDENCE[other.refusal] for other in found)


def test_of_equals_the_first_found_is_told() -> None:
    found = [Refused(Refusal.EXPIRED, {"expiry": "a"}), Refused(Refusal.EXPIRED, {"expiry": "b"})]

    assert first_refusal(found) is found[0]


def test_recalls_come_before_expiry_before_documents_before_quantities() -> None:
    order = [
        Refusal.LEDGER_STOPPED, Refusal.ANSWER_FIRST, Refusal.BAD_FORMAT, Refusal.UNKNOWN_ITEM, Refusal.RECALLED,
        Refusal.WATCH_LISTED, Refusal.EXPIRED, Refusal.ALREADY_SCANNED, Refusal.IN_OTHER_DOCUMENT,
        Refusal.NOT_ON_DOCUMENT, Refusal.NO_DATA, Refusal.LOT_MISMATCH, Refusal.EXPIRY_MISMATCH, Refusal.OVER_QUANTITY,
        Refusal.NOT_UNDOABLE,
    ]  # fmt: skip

    assert all(PRECEDENCE[before] < PRECEDENCE[after] for before, after in pairwise(order))


def test_verdicts_do_not_share_their_parameters() -> None:
    one, other = Accepted(), Accepted()
    one.parameters["x"] = 1

    assert other == Accepted(Outcome.OK, {})
    assert Refused(Refusal.EXPIRED).parameters == {}
