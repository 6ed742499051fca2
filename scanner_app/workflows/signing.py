"""The session's sign-in: badge, then PIN; idle lock; take-over with a trace (model.md, Sign-in; floor.md rule 27).

The token never passes through here. A badge reads `USR-1042.<token>`: `badge_of` gives the terminal both halves, and
only the operator's id goes into states, drafts and parameters. The terminal keeps the token in memory beside `asked`;
when a PIN is typed it reads the verifier from OperatorOf(asked), has argon2id(PIN ‖ token) checked outside, forgets the
PIN and hands in PinChecked. While somebody is signed in it may keep that token, so that an idle lock asks for the PIN
alone; after a restart it holds none, says so in LockDue, and the badge is asked for first.

Entries: a badge that asks for a PIN is `noted`, a right PIN is `signed_in` (parameter `took_over`: whose session ended,
or `unlocked`), a wrong one `refused`. The operator of a `signed_in` entry is the one in the state after the step.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import OperatorOf
from scanner_app.domain.refusals import Accepted, Outcome, Refusal
from scanner_app.domain.scan import Kind
from scanner_app.workflows.goods import scan_named
from scanner_app.workflows.local_time import local_clock
from scanner_app.workflows.step import Command, Commanded, Draft, Line, Prompt, Scanned, Tone, Transition, note, refuse

if TYPE_CHECKING:
    from scanner_app.domain.masters import Operator
    from scanner_app.domain.refusals import Parameters
    from scanner_app.domain.scan import ParsedScan
    from scanner_app.workflows.step import Facts, Happening, Moment

TRIES_MAX = 5
LOCKOUT_MS = 5 * 60 * 1000
TRACKED_MAX = 200
"""Operators whose wrong PINs are remembered at once; beyond it the longest remembered one is forgotten."""


@dataclass(frozen=True, slots=True)
class Badge:
    """A badge's two halves; the token is left out of every printed form."""

    operator: str
    token: str = field(repr=False)


def badge_of(parsed: ParsedScan) -> Badge:
    """The operator's id (`USR-1042`) and the token of a badge scan; the token is empty where the badge has none."""
    operator, _, token = parsed.text[len(parsed.symbology or "") :].partition(".")
    return Badge(operator, token)


@dataclass(frozen=True, slots=True)
class PinChecked:
    """The PIN typed for the operator in `asked` was checked against the verifier, outside."""

    correct: bool


@dataclass(frozen=True, slots=True)
class LockDue:
    """The device was idle too long, or has just started. `token_held`: the PIN alone can be checked."""

    token_held: bool


@dataclass(frozen=True, slots=True)
class SignOutAsked:
    """The operator leaves."""


SigningHappening = PinChecked | LockDue | SignOutAsked


@dataclass(frozen=True, slots=True)
class Tries:
    """Wrong PINs in a row of one operator, and until when (UTC ms) the badge is locked; 0: it is not."""

    operator: str
    wrong: int
    locked_until_ms: int = 0


@dataclass(frozen=True, slots=True)
class SigningState:
    """Whose session it is (also while `locked`), whose PIN is asked, and the wrong tries so far."""

    operator: str | None = None
    name: str | None = None
    locked: bool = False
    asked: str | None = None
    asked_name: str | None = None
    tries: tuple[Tries, ...] = ()

    @property
    def working(self) -> bool:
        """Whether somebody is signed in, the device is not locked, and no PIN is waited for."""
        return self.operator is not None and not self.locked and self.asked is None


SIGNED_OUT = SigningState()


class Signing:
    """The machine of the sign-in; one session a device."""

    name = "signing"
    state_type = SigningState

    def open(self, document: str | None, facts: Facts, moment: Moment) -> Transition[SigningState]:  # noqa: ARG002 - the form of every workflow
        """Nobody signed in, no wrong tries."""
        return Transition(SIGNED_OUT, None, Tone.NEUTRAL)

    def step(
        self, state: SigningState, happening: Happening | SigningHappening, facts: Facts, moment: Moment
    ) -> Transition[SigningState]:
        """What a badge, a checked PIN, the lock or a key comes to; scans of goods are not for the sign-in."""
        match happening:
            case Scanned(parsed=parsed):
                return _scanned(state, parsed, facts, moment)
            case PinChecked(correct=correct) if state.asked is not None:
                return _pin(state, state.asked, facts, moment, correct=correct)
            case LockDue(token_held=token_held):
                return _lock(state, token_held=token_held)
            case SignOutAsked() if state.operator is not None:
                return _sign_out(state)
            case Commanded(command=command):
                return _commanded(state, command)
            case _:
                return Transition(state, None, Tone.NEUTRAL)

    def prompt(self, state: SigningState) -> Prompt:
        """BADGE, or PIN of the one whose badge was scanned; blocking, because nothing else may happen before."""
        if state.asked is not None:
            code = "prompt.signing.pin_locked" if state.asked == state.operator else "prompt.signing.pin"
            parameters: Parameters = {"name": state.asked_name}
            return Prompt(code, "PIN", parameters, (Command.BACK,), blocking=True, wants_number=True)
        if state.operator is None:
            return Prompt("prompt.signing.badge", "BADGE", blocking=True)
        if state.locked:
            return Prompt("prompt.signing.badge_locked", "BADGE", {"name": state.name}, blocking=True)
        return Prompt("prompt.signing.working", "TASK", {"name": state.name})

    def undone(self, state: SigningState, facts: Facts, moment: Moment) -> SigningState:  # noqa: ARG002 - the form of every workflow
        """The same state: signing in and out is not undone."""
        return state


SIGNING = Signing()


def _commanded(state: SigningState, command: Command) -> Transition[SigningState]:
    """BACK asks for another badge; nothing else is for the sign-in."""
    if command is Command.BACK or state.working:
        return Transition(_asking_nobody(state), None, Tone.NEUTRAL)
    return _first_sign_in(state, command.value)


def _asking_nobody(state: SigningState) -> SigningState:
    return replace(state, asked=None, asked_name=None)


def _scanned(state: SigningState, parsed: ParsedScan, facts: Facts, moment: Moment) -> Transition[SigningState]:
    """A badge asks for its PIN. Any other scan is refused until somebody is signed in and no PIN is waited for."""
    if parsed.kind is Kind.BADGE:
        return _badge(state, badge_of(parsed).operator, facts, moment)
    return note(state, tone=Tone.NEUTRAL) if state.working else _first_sign_in(state, scan_named(parsed))


def _first_sign_in(state: SigningState, scanned: str) -> Transition[SigningState]:
    """ANSWER_FIRST while a PIN is waited for, else NOT_SIGNED_IN."""
    asked = state.asked is not None
    named: Parameters = {"scanned": scanned, "question": "PIN" if asked else "BADGE"}
    say = Line("say.signing.pin_first" if asked else "say.signing.badge_first", named)
    return replace(refuse(state, Refusal.ANSWER_FIRST if asked else Refusal.NOT_SIGNED_IN, named), say=say)


def _badge(state: SigningState, badge: str, facts: Facts, moment: Moment) -> Transition[SigningState]:
    """Asks for the PIN of a known badge; one's own badge while signed in is only noted."""
    person: Operator | None = facts[OperatorOf(badge)]
    if person is None or not person.active:
        return refuse(state, Refusal.UNKNOWN_BADGE, {"badge": badge})
    until_ms = _locked_until(state, badge, moment)
    if until_ms is not None:
        return _locked_out(state, until_ms, moment)
    if state.operator == badge and not state.locked:
        say = Line("say.signing.already", {"name": person.name})
        return note(_asking_nobody(state), say=say, tone=Tone.NEUTRAL)
    asked = replace(state, asked=badge, asked_name=person.name)
    return note(asked, say=Line("say.signing.pin", {"name": person.name}))


def _locked_until(state: SigningState, operator: str, moment: Moment) -> int | None:
    """The end of a lock-out that still runs. One further away than its whole length was set by another clock: ended."""
    for tries in state.tries:
        if tries.operator == operator and 0 < tries.locked_until_ms - moment.now_ms <= LOCKOUT_MS:
            return tries.locked_until_ms
    return None


def _locked_out(state: SigningState, until_ms: int, moment: Moment) -> Transition[SigningState]:
    return refuse(state, Refusal.LOCKED_OUT, {"until": local_clock(until_ms, moment.offset), "until_ms": until_ms})


def _pin(state: SigningState, asked: str, facts: Facts, moment: Moment, *, correct: bool) -> Transition[SigningState]:
    """Signs in, unlocks or takes over; a wrong PIN counts, the fifth locks the badge."""
    person: Operator | None = facts[OperatorOf(asked)]
    if person is None or not person.active:
        return refuse(_asking_nobody(state), Refusal.UNKNOWN_BADGE, {"badge": asked})
    if not correct:
        return _wrong_pin(state, asked, moment)
    signed_in = SigningState(asked, person.name, tries=_without(state.tries, asked))
    parameters, code = _signed_in_as(state, asked, person.name)
    draft = Draft(EntryKind.SIGNED_IN, Accepted(Outcome.OK, parameters))
    return Transition(signed_in, draft, Tone.GOOD, say=Line(code, parameters))


def _signed_in_as(state: SigningState, asked: str, name: str) -> tuple[Parameters, str]:
    """What the entry says of a sign-in, and its sentence: plain, unlocked, or in place of another."""
    if state.operator is None:
        return {"name": name}, "say.signing.signed_in"
    if state.operator == asked:
        return {"name": name, "unlocked": asked}, "say.signing.unlocked"
    return {"name": name, "took_over": state.operator, "former": state.name}, "say.signing.took_over"


def _wrong_pin(state: SigningState, asked: str, moment: Moment) -> Transition[SigningState]:
    """WRONG_PIN with the tries left; at the last one the badge is locked and asked for anew."""
    wrong = 1 + sum(tries.wrong for tries in state.tries if tries.operator == asked)
    left = TRIES_MAX - wrong
    if left > 0:
        counted = replace(state, tries=_remembering(state.tries, Tries(asked, wrong)))
        return refuse(counted, Refusal.WRONG_PIN, {"left": left})
    until_ms = moment.now_ms + LOCKOUT_MS
    locked = replace(_asking_nobody(state), tries=_remembering(state.tries, Tries(asked, 0, until_ms)))
    refused = refuse(locked, Refusal.WRONG_PIN, {"left": 0, "until_ms": until_ms})
    return replace(refused, say=Line("say.signing.now_locked", {"until": local_clock(until_ms, moment.offset)}))


def _without(tries: tuple[Tries, ...], operator: str) -> tuple[Tries, ...]:
    return tuple(one for one in tries if one.operator != operator)


def _remembering(tries: tuple[Tries, ...], latest: Tries) -> tuple[Tries, ...]:
    """The tries with an operator's latest; bounded, the oldest falls away."""
    return (*_without(tries, latest.operator), latest)[-TRACKED_MAX:]


def _lock(state: SigningState, *, token_held: bool) -> Transition[SigningState]:
    """Locks the session, which stays; where the token is held the PIN alone is asked. A PIN half asked is dropped."""
    idle = _asking_nobody(state)
    if state.operator is None:
        return Transition(idle, None, Tone.NEUTRAL)
    locked = replace(idle, locked=True)
    if token_held:
        locked = replace(locked, asked=state.operator, asked_name=state.name)
    return Transition(locked, None, Tone.NEUTRAL, say=Line("say.signing.locked", {"name": state.name}))


def _sign_out(state: SigningState) -> Transition[SigningState]:
    draft = Draft(EntryKind.SIGNED_OUT, Accepted(Outcome.OK, {"name": state.name}))
    say = Line("say.signing.signed_out", {"name": state.name})
    return Transition(SigningState(tries=state.tries), draft, Tone.DONE, say=say)
