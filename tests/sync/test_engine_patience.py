"""Against a centre that refuses, lies or is not there: never a storm, never silence, and one part holds up no other."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from sync.backoff import BASE_MS, RETRY_AFTER_MAX_MS
from sync.engine import HEADS_EVERY_MS, LOOK_MS, TURNED_AWAY_MS
from sync.exchange import (
    ANSWERED,
    TRANSIENT,
    AskHeads,
    AskPage,
    AskSnapshot,
    Failed,
    Failure,
    Notice,
    NoticeCode,
    SendLists,
    SendPush,
    Wait,
)
from sync.link import LinkState
from sync.pushing import CUTS_MAX, CUTS_PAUSE_MS
from sync.wire import Scope
from tests.sync.ledger import Ledger
from tests.sync.talking import Talk

if TYPE_CHECKING:
    from collections.abc import Callable

    from sync.exchange import Outcome, Request

HOUR_MS: Final = 3_600_000
ROUND_TRIP_MS: Final = 20


def an_hour(talk: Talk, said: Callable[[Request], Outcome]) -> list[tuple[int, Request]]:
    """What is asked within an hour by a worker who goes on scanning, and when."""
    seen = []
    start_ms = talk.now_ms
    while talk.now_ms < start_ms + HOUR_MS:
        asked = talk.next()
        if isinstance(asked, Wait):
            assert talk.now_ms < asked.until_ms <= talk.now_ms + LOOK_MS
            talk.now_ms = asked.until_ms
            talk.scan()
            continue
        seen.append((talk.now_ms, asked))
        talk.later(ROUND_TRIP_MS)
        talk.answer(asked, said(asked))
        assert len(seen) < 5_000, "a storm"
    return seen


def longest_silence(talk: Talk, seen: list[tuple[int, Request]]) -> int:
    times = [when for when, _ in seen] + [talk.now_ms]
    return max(later - former for former, later in itertools.pairwise(times))


@pytest.mark.parametrize("failure", Failure)
def test_a_centre_that_fails_is_asked_ever_more_rarely_and_for_ever(failure: Failure) -> None:
    talk = Talk(entries=50)
    seen = an_hour(talk, lambda _: Failed(failure))

    assert len(seen) < (30 if failure not in TRANSIENT else 500)
    assert longest_silence(talk, seen) <= TURNED_AWAY_MS + LOOK_MS
    assert (talk.engine.link.state is LinkState.ONLINE) is (failure in ANSWERED)
    talk.later(TURNED_AWAY_MS)
    talk.engine.hurry()
    talk.settle()
    assert talk.ledger.present.acked == talk.ledger.present.last


@pytest.mark.parametrize("failure", [Failure.BUSY, Failure.BROKEN])
@pytest.mark.parametrize("asked_ms", [10**12, -5])
def test_however_long_it_is_asked_to_wait_it_comes_back(failure: Failure, asked_ms: int) -> None:
    talk = Talk(entries=50)
    seen = an_hour(talk, lambda _: Failed(failure, asked_ms))

    assert len(seen) > 3
    assert longest_silence(talk, seen) <= RETRY_AFTER_MAX_MS + 60_000 + LOOK_MS


def test_a_busy_centre_is_left_alone_as_long_as_it_asks() -> None:
    talk = Talk(entries=5)
    talk.engine.hint()
    talk.turn(Failed(Failure.BUSY, 40_000))
    talk.later(39_999)

    assert isinstance(talk.next(), Wait)
    talk.later(1 + BASE_MS)
    assert not isinstance(talk.next(), Wait)


PARTS: Final[dict[str, Callable[[Request], bool]]] = {
    "heads": lambda request: isinstance(request, AskHeads),
    "watch": lambda request: isinstance(request, AskPage) and request.scope is Scope.WATCH,
    "feed": lambda request: isinstance(request, AskPage) and request.scope is Scope.FEED,
    "push": lambda request: isinstance(request, SendPush),
    "snapshot": lambda request: isinstance(request, AskSnapshot),
}


@pytest.mark.parametrize("failure", [Failure.REFUSED, Failure.BROKEN, Failure.TIMED_OUT, Failure.TOO_LARGE])
@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_fails_holds_up_no_other_and_is_no_storm(part: str, failure: Failure) -> None:
    talk = Talk(entries=5)
    talk.engine.sum_differs()
    fails = PARTS[part]
    seen = an_hour(talk, lambda request: Failed(failure) if fails(request) else talk.fine(request))
    counted = Counter(name for _, request in seen for name, is_it in PARTS.items() if is_it(request))

    assert 3 < counted[part] < (10 if failure is Failure.REFUSED else 240)
    for other in set(PARTS) - {part, "snapshot", "heads"} - ({"feed"} if part == "snapshot" else set()):
        assert counted[other] > 100, other
    assert (talk.ledger.present.acked > 100) is (part != "push")


@pytest.mark.parametrize("part", ["watch", "push", "heads"])
def test_what_works_again_begins_with_short_waits(part: str) -> None:
    """A heartbeat is enough."""
    talk = Talk()
    talk.later(HEADS_EVERY_MS)
    kind = {"watch": AskPage, "push": SendPush, "heads": AskHeads}[part]
    for _ in range(9):
        talk.answer(talk.ask_for(kind), Failed(Failure.TOO_LARGE))
    talk.answer(again := talk.ask_for(kind), talk.fine(again))
    talk.later(HEADS_EVERY_MS)
    talk.answer(talk.ask_for(kind), Failed(Failure.TOO_LARGE))
    failed_ms = talk.now_ms
    talk.ask_for(kind)

    assert talk.now_ms - failed_ms <= BASE_MS


def test_an_epoch_that_is_refused_holds_up_no_other() -> None:
    talk = Talk(entries=5)
    talk.ledger.open()
    an_hour(
        talk,
        lambda request: (
            Failed(Failure.REFUSED) if isinstance(request, SendPush) and request.no == 1 else talk.fine(request)
        ),
    )

    assert (talk.ledger.segments[0].acked, talk.ledger.present.acked > 100) == (0, True)


@pytest.mark.parametrize("failure", [Failure.TURNED_AWAY, Failure.OTHER_VERSION])
def test_who_is_turned_away_says_so_and_waits_with_everything(failure: Failure) -> None:
    talk = Talk(entries=5)
    request, effects, following = talk.turn(Failed(failure, code="revoked"))

    assert (request, effects) == (SendPush(1, 1, 500), (Notice(NoticeCode(failure.value), "revoked"),))
    assert isinstance(following, Wait)
    talk.later(TURNED_AWAY_MS - 1)
    assert isinstance(talk.next(), Wait)
    talk.later(1)
    assert not isinstance(talk.next(), Wait)


def test_a_request_that_is_refused_is_said_and_left_alone() -> None:
    talk = Talk(entries=5)

    assert talk.turn(Failed(Failure.REFUSED, code="bad"))[1] == (Notice(NoticeCode.REFUSED, "bad"),)


# --- answers that lead nowhere ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["ack", "gap", "mismatch", "lists"])
def test_pushes_that_get_no_further_become_rarer(answer: str) -> None:
    talk = Talk(entries=5)
    answers: dict[str, Callable[[], Outcome]] = {
        "ack": lambda: talk.ack(0),
        "gap": lambda: talk.gap(0),
        "mismatch": lambda: talk.ack(1, link="ff"),
        "lists": lambda: talk.lists(0, "d"),
    }
    seen = an_hour(
        talk, lambda request: answers[answer]() if isinstance(request, SendPush | SendLists) else talk.fine(request)
    )

    pushes = [request for _, request in seen if isinstance(request, SendPush | SendLists)]
    assert 50 < len(pushes) < 400
    assert talk.ledger.present.acked == 0


def test_a_watermark_that_the_store_does_not_take_is_no_storm(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Talk(entries=5)
    monkeypatch.setattr(Ledger, "perform", lambda *_, **__: None)
    seen = an_hour(talk, talk.fine)

    assert 50 < len([request for _, request in seen if isinstance(request, SendPush)]) < 400


@pytest.mark.parametrize("lie", ["fork", "beyond"])
def test_a_centre_that_takes_no_epoch_for_what_it_is_does_not_have_us_open_one_after_the_other(lie: str) -> None:
    talk = Talk(entries=5)
    start_ms = talk.now_ms
    epochs = []

    def said(request: Request) -> Outcome:
        epochs.append((talk.now_ms - start_ms, len(talk.ledger.segments)))
        if not isinstance(request, SendPush):
            return talk.fine(request)
        no = request.no
        return talk.fork(9, 0, other=(9, 0), no=no) if lie == "fork" else talk.ack(10**6, no=no)

    an_hour(talk, said)

    assert max(many for when, many in epochs if when < CUTS_PAUSE_MS) == 1 + CUTS_MAX + 1
    assert len(talk.ledger.segments) <= 1 + CUTS_MAX + HOUR_MS // CUTS_PAUSE_MS


def test_forks_with_acknowledgements_in_between_are_no_reason_for_a_long_pause() -> None:
    talk = Talk(entries=5)
    for no in range(1, 9):
        request = talk.ask_for(SendPush)
        assert (request, talk.now_ms < 1_010_000) == (SendPush(no, 1, 500), True)
        talk.answer(request, talk.ack(2, no=no))
        talk.answer(talk.ask_for(SendPush), talk.fork(2, 1, 0, no=no))
        talk.scan()
        talk.scan()
