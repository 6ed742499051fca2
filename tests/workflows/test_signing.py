from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import OperatorOf
from scanner_app.domain.masters import Operator, Role
from scanner_app.domain.refusals import Accepted, Outcome, Refusal, Refused
from scanner_app.domain.scan import Kind, ParsedScan
from scanner_app.workflows.saving import load_state, save_state
from scanner_app.workflows.signing import (
    LOCKOUT_MS,
    SIGNED_OUT,
    SIGNING,
    TRACKED_MAX,
    TRIES_MAX,
    LockDue,
    PinChecked,
    SigningHappening,
    SigningState,
    SignOutAsked,
    Tries,
    badge_of,
)
from scanner_app.workflows.step import Command, Commanded, Facts, Line, Moment, Need, Scanned, Tone, Typed, asking
from tests.workflows.sentences import unsaid_of

if TYPE_CHECKING:
    from scanner_app.domain.facts import Query
    from scanner_app.workflows.step import Happening, Transition

TOKEN = "8f3kT0ken"
NOW = 1_795_000_000_000
ANA = Operator("USR-1042", "Ana", Role.OPERATOR, "verifier-a")
LI = Operator("USR-1043", "Li", Role.OPERATOR, "verifier-l")
LEFT_US = Operator("USR-1044", "Max", Role.OPERATOR, "verifier-m", active=False)
PEOPLE: dict[Query, object] = {
    **{OperatorOf(person.id): person for person in (ANA, LI, LEFT_US)},
    OperatorOf("USR-9999"): None,
}

WORKING = SigningState("USR-1042", "Ana")
LOCKED = replace(WORKING, locked=True)
ASKED = SigningState(asked="USR-1042", asked_name="Ana")
TAKING_OVER = replace(WORKING, asked="USR-1043", asked_name="Li")
LOCKED_ASKED = replace(LOCKED, asked="USR-1042", asked_name="Ana")


def moment(now_ms: int = NOW) -> Moment:
    return Moment(now_ms, date(2026, 11, 24), None, "DOCK-2", "", "CAGE", offset=60)


def badge(operator: str, symbology: str | None = None) -> Scanned:
    return Scanned(ParsedScan(Kind.BADGE, f"{symbology or ''}{operator}.{TOKEN}", symbology, code=operator[4:]))


GOODS = Scanned(ParsedScan(Kind.GTIN, "09521001000116"))


def step(state: SigningState, happening: Happening | SigningHappening, now_ms: int = NOW) -> Transition[SigningState]:
    done = SIGNING.step(state, happening, Facts(PEOPLE), moment(now_ms))
    assert unsaid_of(done, SIGNING.prompt(done.state)) == []
    return done


def refusal(transition: Transition[SigningState]) -> Refused:
    assert transition.draft is not None
    assert transition.draft.kind is EntryKind.REFUSED
    assert isinstance(transition.draft.verdict, Refused)
    return transition.draft.verdict


def accepted(transition: Transition[SigningState], kind: EntryKind) -> Accepted:
    assert transition.draft is not None
    assert transition.draft.kind is kind
    assert isinstance(transition.draft.verdict, Accepted)
    return transition.draft.verdict


def test_a_badge_is_split_behind_its_symbology() -> None:
    found = badge_of(badge("USR-1042", "]d2").parsed)
    assert (found.operator, found.token) == ("USR-1042", TOKEN)
    assert TOKEN not in repr(found)


def test_a_badge_without_a_token_has_an_empty_one() -> None:
    found = badge_of(ParsedScan(Kind.BADGE, "USR-1042"))
    assert (found.operator, found.token) == ("USR-1042", "")


def test_it_begins_signed_out() -> None:
    opened = SIGNING.open(None, Facts({}), moment())
    assert opened.state == SIGNED_OUT
    assert opened.draft is None
    prompt = SIGNING.prompt(opened.state)
    assert (prompt.code, prompt.noun, prompt.blocking) == ("prompt.signing.badge", "BADGE", True)


def test_badge_and_pin_sign_in() -> None:
    asked = step(SIGNED_OUT, badge("USR-1042"))
    assert asked.state == ASKED
    assert asked.tone is Tone.TICK
    accepted(asked, EntryKind.NOTED)
    prompt = SIGNING.prompt(asked.state)
    assert (prompt.code, prompt.noun, prompt.parameters) == ("prompt.signing.pin", "PIN", {"name": "Ana"})
    done = step(asked.state, PinChecked(correct=True))
    assert done.state == WORKING
    assert done.state.working
    assert done.tone is Tone.GOOD
    assert accepted(done, EntryKind.SIGNED_IN) == Accepted(Outcome.OK, {"name": "Ana"})
    assert SIGNING.prompt(done.state).code == "prompt.signing.working"


@pytest.mark.parametrize("state", [SIGNED_OUT, ASKED, WORKING, LOCKED])
@pytest.mark.parametrize("unknown", ["USR-9999", "USR-1044"])
def test_unknown_and_inactive_badges_are_refused(state: SigningState, unknown: str) -> None:
    done = step(state, badge(unknown))
    assert refusal(done) == Refused(Refusal.UNKNOWN_BADGE, {"badge": unknown})
    assert done.state == state
    assert done.tone is Tone.BAD


def test_someone_made_inactive_while_the_pin_is_asked_does_not_get_in() -> None:
    done = step(SigningState(asked="USR-1044", asked_name="Max"), PinChecked(correct=True))
    assert refusal(done).refusal is Refusal.UNKNOWN_BADGE
    assert done.state == SIGNED_OUT


@pytest.mark.parametrize(
    ("state", "expected", "code", "question"),
    [
        (SIGNED_OUT, Refusal.NOT_SIGNED_IN, "say.signing.badge_first", "BADGE"),
        (ASKED, Refusal.ANSWER_FIRST, "say.signing.pin_first", "PIN"),
        (LOCKED, Refusal.NOT_SIGNED_IN, "say.signing.badge_first", "BADGE"),
        (LOCKED_ASKED, Refusal.ANSWER_FIRST, "say.signing.pin_first", "PIN"),
        (TAKING_OVER, Refusal.ANSWER_FIRST, "say.signing.pin_first", "PIN"),
    ],
)
def test_goods_wait_for_a_sign_in_and_are_named(
    state: SigningState, expected: Refusal, code: str, question: str
) -> None:
    done = step(state, GOODS)
    assert refusal(done).refusal is expected
    assert done.say == Line(code, {"scanned": "09521001000116", "question": question})
    assert done.state == state


@pytest.mark.parametrize(("state", "expected"), [(SIGNED_OUT, Refusal.NOT_SIGNED_IN), (ASKED, Refusal.ANSWER_FIRST)])
def test_a_command_waits_for_a_sign_in_as_a_scan_does(state: SigningState, expected: Refusal) -> None:
    done = step(state, Commanded(Command.UNDO))
    assert refusal(done).refusal is expected
    assert done.say is not None
    assert done.say.parameters["scanned"] == "UNDO"


def test_a_scan_that_is_not_for_the_sign_in_is_only_noted() -> None:
    done = step(WORKING, GOODS)
    accepted(done, EntryKind.NOTED)
    assert done.state == WORKING
    assert done.tone is Tone.NEUTRAL


def test_wrong_pins_count_down_and_the_last_locks_the_badge() -> None:
    state = ASKED
    for left in (4, 3, 2, 1):
        wrong = step(state, PinChecked(correct=False))
        assert refusal(wrong) == Refused(Refusal.WRONG_PIN, {"left": left})
        assert wrong.state.asked == "USR-1042"
        state = wrong.state
    last = step(state, PinChecked(correct=False))
    assert refusal(last) == Refused(Refusal.WRONG_PIN, {"left": 0, "until_ms": NOW + LOCKOUT_MS})
    assert last.say == Line("say.signing.now_locked", {"until": "12:11"})
    assert last.state.asked is None
    again = step(last.state, badge("USR-1042"), NOW + LOCKOUT_MS - 1)
    assert refusal(again) == Refused(Refusal.LOCKED_OUT, {"until": "12:11", "until_ms": NOW + LOCKOUT_MS})
    assert again.state == last.state
    other = step(last.state, badge("USR-1043"))
    assert other.state.asked == "USR-1043"
    after = step(last.state, badge("USR-1042"), NOW + LOCKOUT_MS)
    assert after.state.asked == "USR-1042"
    fresh = step(after.state, PinChecked(correct=False), NOW + LOCKOUT_MS)
    assert refusal(fresh) == Refused(Refusal.WRONG_PIN, {"left": TRIES_MAX - 1})


def test_another_badge_between_does_not_give_back_tries() -> None:
    state = step(ASKED, PinChecked(correct=False)).state
    state = step(step(state, badge("USR-1043")).state, badge("USR-1042")).state
    assert refusal(step(state, PinChecked(correct=False))).parameters == {"left": 3}


def test_a_right_pin_gives_back_the_tries_of_that_operator_alone() -> None:
    others = Tries("USR-1043", 2)
    done = step(replace(ASKED, tries=(Tries("USR-1042", 3), others)), PinChecked(correct=True))
    assert done.state.tries == (others,)


def test_a_lock_out_survives_a_restart() -> None:
    locked = replace(SIGNED_OUT, tries=(Tries("USR-1042", 0, NOW + LOCKOUT_MS),))
    restarted = load_state(SigningState, json.loads(json.dumps(save_state(locked))))
    assert refusal(step(restarted, badge("USR-1042"))).refusal is Refusal.LOCKED_OUT


def test_a_clock_set_back_a_year_locks_nobody_out_for_a_year() -> None:
    state = replace(SIGNED_OUT, tries=(Tries("USR-1042", 0, NOW + 365 * 24 * 3_600_000),))
    assert step(state, badge("USR-1042")).state.asked == "USR-1042"


def test_wrong_tries_are_remembered_of_a_bounded_number() -> None:
    many = tuple(Tries(f"USR-{number}", 1) for number in range(TRACKED_MAX))
    done = step(replace(ASKED, tries=many), PinChecked(correct=False))
    assert len(done.state.tries) == TRACKED_MAX
    assert done.state.tries[-1] == Tries("USR-1042", 1)


def test_ones_own_badge_again_is_neutral_and_drops_a_take_over() -> None:
    done = step(TAKING_OVER, badge("USR-1042"))
    assert done.state == WORKING
    assert done.tone is Tone.NEUTRAL
    accepted(done, EntryKind.NOTED)


@pytest.mark.parametrize("state", [WORKING, LOCKED, LOCKED_ASKED])
def test_another_badge_and_pin_take_over_with_a_trace(state: SigningState) -> None:
    asked = step(state, badge("USR-1043"))
    assert not asked.state.working
    assert asked.state.operator == "USR-1042"
    assert SIGNING.prompt(asked.state).code == "prompt.signing.pin"
    done = step(asked.state, PinChecked(correct=True))
    assert done.state == SigningState("USR-1043", "Li")
    assert accepted(done, EntryKind.SIGNED_IN).parameters == {
        "name": "Li", "took_over": "USR-1042", "former": "Ana",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "happening", "expected"),
    [
        (WORKING, LockDue(token_held=True), LOCKED_ASKED),
        (WORKING, LockDue(token_held=False), LOCKED),
        (TAKING_OVER, LockDue(token_held=True), LOCKED_ASKED),
        (LOCKED_ASKED, LockDue(token_held=False), LOCKED),
        (ASKED, LockDue(token_held=True), SIGNED_OUT),
        (SIGNED_OUT, LockDue(token_held=False), SIGNED_OUT),
        (ASKED, Commanded(Command.BACK), SIGNED_OUT),
        (TAKING_OVER, Commanded(Command.BACK), WORKING),
        (LOCKED_ASKED, Commanded(Command.BACK), LOCKED),
        (WORKING, Commanded(Command.UNDO), WORKING),
        (SIGNED_OUT, SignOutAsked(), SIGNED_OUT),
        (SIGNED_OUT, PinChecked(correct=True), SIGNED_OUT),
        (WORKING, PinChecked(correct=True), WORKING),
        (ASKED, Typed("2468"), ASKED),
    ],
)
def test_what_changes_no_facts_makes_no_entry(
    state: SigningState, happening: Happening | SigningHappening, expected: SigningState
) -> None:
    done = step(state, happening)
    assert done.state == expected
    assert done.draft is None
    assert done.tone is Tone.NEUTRAL


def test_the_lock_is_opened_by_the_same_operators_pin_alone() -> None:
    locked = step(WORKING, LockDue(token_held=True))
    prompt = SIGNING.prompt(locked.state)
    assert (prompt.code, prompt.noun) == ("prompt.signing.pin_locked", "PIN")
    done = step(locked.state, PinChecked(correct=True))
    assert done.state == WORKING
    assert accepted(done, EntryKind.SIGNED_IN).parameters == {"name": "Ana", "unlocked": "USR-1042"}


def test_after_a_restart_the_badge_is_asked_before_the_pin() -> None:
    restarted = step(WORKING, LockDue(token_held=False))
    prompt = SIGNING.prompt(restarted.state)
    assert (prompt.code, prompt.noun) == ("prompt.signing.badge_locked", "BADGE")
    asked = step(restarted.state, badge("USR-1042"))
    assert asked.state == LOCKED_ASKED
    assert step(asked.state, PinChecked(correct=True)).state == WORKING


@pytest.mark.parametrize("state", [WORKING, LOCKED, TAKING_OVER])
def test_signing_out_is_an_entry(state: SigningState) -> None:
    done = step(state, SignOutAsked())
    assert done.state == SIGNED_OUT
    assert accepted(done, EntryKind.SIGNED_OUT).parameters == {"name": "Ana"}
    assert done.tone is Tone.DONE


def test_signing_out_does_not_open_a_locked_badge() -> None:
    tries = (Tries("USR-1043", 0, NOW + LOCKOUT_MS),)
    assert step(replace(WORKING, tries=tries), SignOutAsked()).state.tries == tries


def test_it_asks_for_the_operator_by_id_alone() -> None:
    needed = asking(lambda facts: SIGNING.step(SIGNED_OUT, badge("USR-1042"), facts, moment()), {})
    assert needed == Need((OperatorOf("USR-1042"),))


def test_nothing_is_undone() -> None:
    assert SIGNING.undone(WORKING, Facts({}), moment()) == WORKING


happenings: st.SearchStrategy[Happening | SigningHappening] = st.one_of(
    st.sampled_from(["USR-1042", "USR-1043", "USR-1044", "USR-9999"]).map(badge),
    st.builds(PinChecked, correct=st.booleans()),
    st.builds(LockDue, token_held=st.booleans()),
    st.just(SignOutAsked()),
    st.sampled_from(list(Command)).map(Commanded),
    st.just(GOODS),
    st.text().map(Typed),
)


@given(st.lists(st.tuples(happenings, st.integers(0, LOCKOUT_MS)), max_size=40))
def test_whatever_happens_nobody_works_without_a_right_pin(
    shift: list[tuple[Happening | SigningHappening, int]],
) -> None:
    state, now_ms, proven = SIGNED_OUT, NOW, None
    for happening, later_ms in shift:
        now_ms += later_ms
        before = state
        done = step(state, happening, now_ms)
        state = done.state
        if happening == PinChecked(correct=True) and before.asked is not None:
            proven = before.asked
        assert state.operator in {None, proven}
        if isinstance(happening, Scanned):
            assert done.draft is not None
        saved = json.dumps(save_state(state))
        assert TOKEN not in saved + repr(done)
        assert load_state(SigningState, json.loads(saved)) == state
