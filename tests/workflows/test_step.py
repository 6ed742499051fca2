"""The forms of a step: what is asked, in which rounds, and what refusing and noting leave behind."""

from __future__ import annotations

import pytest

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import DocumentOf, PlaceOf, Query
from scanner_app.domain.refusals import Accepted, Outcome, Refusal, Refused
from scanner_app.workflows.step import (
    Draft,
    Facts,
    Line,
    MissingFactError,
    Need,
    Tone,
    Transition,
    asking,
    note,
    refuse,
)

A, B, C = PlaceOf("A"), PlaceOf("B"), DocumentOf("C")


def test_a_fact_that_was_asked_is_given_even_when_there_is_none() -> None:
    facts = Facts({A: None, B: "b"})

    assert (facts[A], facts[B], facts.all((A, B))) == (None, "b", (None, "b"))


def test_a_fact_that_was_not_asked_is_needed() -> None:
    with pytest.raises(MissingFactError) as missing:
        Facts({})[A]

    assert (missing.value.query, missing.value.queries) == (A, (A,))


def test_facts_that_do_not_depend_on_each_other_are_asked_in_one_round() -> None:
    answers: dict[Query, object] = {B: "b"}
    rounds = []

    def decide(facts: Facts) -> Transition[tuple[object, ...]]:
        found = facts.all((A, B, C))
        return Transition((*found, facts[PlaceOf(str(found[0]))]), None, Tone.GOOD)

    while isinstance(decided := asking(decide, answers), Need):
        rounds.append(decided.queries)
        answers |= {query: f"answer {query}" for query in decided.queries}

    assert rounds == [(A, C), (PlaceOf(f"answer {A}"),)]
    assert decided.state[1] == "b"


def test_refusing_keeps_the_state_and_posts_nothing() -> None:
    refused = refuse("state", Refusal.EXPIRED, {"expiry": "x"}, lines=(Line("line.item"),), document="D")

    assert refused == Transition(
        "state", Draft(EntryKind.REFUSED, Refused(Refusal.EXPIRED, {"expiry": "x"}), document="D"), Tone.BAD,
        lines=(Line("line.item"),),
    )  # fmt: skip


def test_noting_leaves_a_trace_and_posts_nothing() -> None:
    noted = note("state", say=Line("say.x"))

    assert noted == Transition("state", Draft(EntryKind.NOTED, Accepted(Outcome.OK)), Tone.TICK, say=Line("say.x"))
