"""The rules of the conversation with the centre: what an answer does, and what is asked next."""

from __future__ import annotations

import pytest

from sync.engine import HEADS_EVERY_MS, LOOK_JITTER_MS, LOOK_MS, SNAPSHOT_PAUSE_MS, TURNED_AWAY_MS
from sync.exchange import (
    ApplyPage,
    AskHeads,
    AskPage,
    AskSnapshot,
    AskToken,
    CutEpoch,
    Failed,
    Failure,
    KeepToken,
    LoadSnapshot,
    Notice,
    NoticeCode,
    OpenEpoch,
    Outcome,
    Request,
    SendLists,
    SendPush,
    ServerTime,
    SetWatermark,
    SnapshotTaken,
    Wait,
)
from sync.link import LinkState, Override
from sync.pushing import LISTS_TRIES
from sync.wire import ENTRIES_MAX, Scope, TokenAnswer
from tests.sync.talking import SERVER_TIME, Talk

WATCH, FEED = AskPage(Scope.WATCH, "1.a"), AskPage(Scope.FEED, "1.a")
FORKED, RESTORED = Notice(NoticeCode.FORKED), Notice(NoticeCode.RESTORED)
TOO_MUCH = (Failure.TIMED_OUT, Failure.GARBLED, Failure.TOO_LARGE, Failure.BUSY, Failure.BROKEN)
LOST = Failed(Failure.UNREACHABLE)


def push(start: int, entries_max: int = ENTRIES_MAX, *, no: int = 1) -> SendPush:
    return SendPush(no, start, entries_max)


# --- what is asked, and in which order -------------------------------------------------------------------------------


def test_at_start_the_heads_come_first_then_watch_lines_then_pushes_and_the_feed() -> None:
    talk = Talk(entries=3, synced=False)
    talk.ledger.cursors = dict.fromkeys(Scope, "1.a")

    assert talk.settle() == [AskHeads(), WATCH, push(1), FEED]


def test_a_device_that_was_never_synced_takes_a_snapshot_and_pushes_meanwhile() -> None:
    talk = Talk(entries=3, synced=False)

    assert talk.settle() == [
        AskHeads(),
        push(1),
        AskSnapshot(),
        AskPage(Scope.WATCH, "9.a"),
        AskPage(Scope.FEED, "9.a"),
    ]


def test_with_nothing_to_do_it_waits_for_the_next_look() -> None:
    talk = Talk()
    asked = talk.next()

    assert isinstance(asked, Wait)
    assert talk.now_ms < asked.until_ms <= talk.now_ms + LOOK_MS


def test_a_look_asks_both_scopes_and_lets_the_centre_hear_of_us_once() -> None:
    talk = Talk(entries=3, acked=3)
    for _ in range(3):
        talk.later(LOOK_MS + LOOK_JITTER_MS)
        assert talk.settle() == [WATCH, FEED, push(4, 0)]


def test_a_push_is_a_heartbeat_too() -> None:
    talk = Talk(entries=3, acked=2)
    talk.later(LOOK_MS + LOOK_JITTER_MS)

    assert talk.settle() == [WATCH, FEED, push(3)]


def test_a_commit_is_pushed_at_once() -> None:
    talk = Talk(entries=3, acked=3)
    talk.scan()

    assert talk.next() == push(4)


def test_the_heads_are_asked_again_from_time_to_time() -> None:
    talk = Talk()
    talk.later(HEADS_EVERY_MS)

    assert talk.next() == AskHeads()


def test_pushes_and_the_feed_take_turns() -> None:
    talk = Talk(entries=5000)
    seen = []
    for _ in range(6):
        talk.engine.hint()
        request = talk.ask()
        seen.append(type(request) if isinstance(request, SendPush) else request)
        talk.answer(request, talk.fine(request))

    assert seen == [WATCH, FEED, WATCH, SendPush, WATCH, FEED]


def test_more_hints_than_answers_do_not_starve_a_push() -> None:
    talk = Talk(entries=1)
    seen = []
    for _ in range(4):
        talk.engine.hint()
        request = talk.ask()
        talk.engine.hint()
        seen.append(request)
        talk.answer(request, talk.fine(request))

    assert seen == [WATCH, FEED, WATCH, push(1)]


def test_a_hint_while_a_page_is_on_its_way_is_not_lost() -> None:
    talk = Talk()
    talk.engine.hint()
    request = talk.ask()
    talk.engine.hint()
    talk.answer(request, talk.page(Scope.WATCH, "1.a"))

    assert talk.settle() == [FEED, WATCH]


def test_former_epochs_are_pushed_first() -> None:
    talk = Talk(entries=2, acked=1)
    talk.ledger.open()
    talk.scan()

    assert talk.settle() == [push(2), push(1, no=2)]


# --- acknowledgements ------------------------------------------------------------------------------------------------


def test_an_acknowledgement_raises_the_watermark() -> None:
    talk = Talk(entries=5, acked=2)

    assert talk.turn(talk.ack(4, safe=2)) == (push(3), (SetWatermark(1, 4, 2),), push(5))


def test_an_acknowledgement_that_changes_nothing_costs_no_commit() -> None:
    talk = Talk(entries=5, acked=5)
    talk.later(LOOK_MS + LOOK_JITTER_MS)
    requests = [talk.ask()]
    for answer in (talk.page(Scope.WATCH, "1.a"), talk.page(Scope.FEED, "1.a")):
        talk.answer(requests[-1], answer)
        requests.append(talk.ask())

    assert requests[-1] == push(6, 0)
    assert talk.answer(requests[-1], talk.ack(5)) == ()
    assert isinstance(talk.next(), Wait)


def test_a_centre_that_was_restored_gets_the_rest_again() -> None:
    talk = Talk(entries=6, acked=5)

    assert talk.turn(talk.ack(2, safe=2)) == (push(6), (SetWatermark(1, 2, 2),), push(3))


def test_safe_is_never_more_than_acknowledged() -> None:
    talk = Talk(entries=6, acked=5)

    assert talk.turn(talk.ack(2, safe=9))[1] == (SetWatermark(1, 2, 2),)


def test_a_gap_is_filled_from_its_start() -> None:
    talk = Talk(entries=6, acked=5)

    assert talk.turn(talk.gap(0)) == (push(6), (SetWatermark(1, 0, 0),), push(1))


def test_the_servers_time_comes_first_with_every_answer_but_a_file() -> None:
    talk = Talk(entries=6, acked=5)
    request = talk.ask()
    effects = talk.engine.done(request, talk.ack(6), talk.now_ms, talk.ledger)
    assert effects == (ServerTime(SERVER_TIME), SetWatermark(1, 6, 0))

    talk.engine.sum_differs()
    assert talk.engine.done(talk.ask(), SnapshotTaken(), talk.now_ms, talk.ledger)[0] == LoadSnapshot()


# --- doubt: links that are not ours, or that we cannot compare -------------------------------------------------------


def test_with_another_link_at_its_end_the_centre_holds_nothing_until_it_says_where_the_chains_part() -> None:
    talk = Talk(entries=6, acked=3)

    assert talk.turn(talk.ack(5, link="ff")) == (push(4), (SetWatermark(1, 0, 0),), push(6, 0))
    request, effects, following = talk.turn(talk.fork(5, 4, 3, 1, 0, other=(5, 4)))
    assert (request, effects) == (push(6, 0), (SetWatermark(1, 3, 0), CutEpoch(1, 3), FORKED))
    assert isinstance(following, Wait)
    talk.later(500)
    assert talk.next() == push(1, no=2)


def test_more_than_we_have_opens_an_epoch_and_asks_for_our_own_end() -> None:
    """The device was restored, or has a twin: what it has not sent must not be taken for sent."""
    talk = Talk(entries=6, acked=3)
    request, effects, _ = talk.turn(talk.ack(9))
    talk.later(500)

    assert (request, effects, talk.next()) == (push(4), (OpenEpoch(1), RESTORED), push(7, 0))


def test_our_own_end_in_a_longer_chain_is_all_of_ours() -> None:
    talk = Talk(entries=6, acked=3)
    talk.turn(talk.ack(9))
    talk.later(500)

    assert talk.turn(talk.ack(9, safe=4))[:2] == (push(7, 0), (SetWatermark(1, 6, 4),))


def test_another_end_in_a_longer_chain_is_cut() -> None:
    talk = Talk(entries=6, acked=3)
    talk.turn(talk.ack(9))
    talk.later(500)

    request, effects, _ = talk.turn(talk.fork(9, 8, 7, 5, 1, 0, other=(5,)))
    assert (request, effects) == (push(7, 0), (SetWatermark(1, 1, 0), CutEpoch(1, 1), FORKED))
    talk.later(1_000)
    assert talk.next() == push(1, no=2)


def test_a_heartbeat_that_is_acknowledged_beyond_our_end_has_shown_our_end() -> None:
    talk = Talk(entries=6, acked=6)
    talk.later(LOOK_MS + LOOK_JITTER_MS)
    for scope in (Scope.WATCH, Scope.FEED):
        talk.turn(talk.page(scope, "1.a"))

    assert talk.turn(talk.ack(9, safe=6))[:2] == (push(7, 0), (SetWatermark(1, 6, 6), OpenEpoch(1), RESTORED))


def test_a_gap_beyond_our_end_has_shown_nothing() -> None:
    talk = Talk(entries=6, acked=6)
    talk.later(LOOK_MS + LOOK_JITTER_MS)
    for scope in (Scope.WATCH, Scope.FEED):
        talk.turn(talk.page(scope, "1.a"))

    assert talk.turn(talk.gap(9))[1] == (OpenEpoch(1), RESTORED)


def test_a_longer_chain_that_has_our_link_needs_no_question() -> None:
    """An epoch that was cut keeps its links beyond the cut."""
    talk = Talk(entries=6, acked=6)
    talk.ledger.open()
    talk.ledger.segments[0].end = 4
    talk.ledger.segments[0].acked = 3

    assert talk.turn(talk.ack(5))[1:] == ((SetWatermark(1, 4, 0),), Wait(talk.now_ms + LOOK_MS))


def test_a_doubt_asks_for_the_end_of_an_epoch_that_was_cut() -> None:
    talk = Talk(entries=6, acked=6)
    talk.ledger.open()
    talk.ledger.segments[0].end = 4
    talk.ledger.segments[0].acked = 3

    assert talk.turn(talk.ack(9))[1:] == ((), push(5, 0))


def test_another_link_at_our_own_end_is_a_doubt_even_where_the_centre_says_that_it_compared() -> None:
    talk = Talk(entries=6, acked=6)
    talk.later(LOOK_MS + LOOK_JITTER_MS)
    request = talk.ask_for(SendPush)

    assert (request, talk.answer(request, talk.ack(6, link="ff"))) == (push(7, 0), (SetWatermark(1, 0, 0),))
    assert talk.next() == push(7, 0)


def test_nothing_is_compared_where_the_centre_has_nothing() -> None:
    talk = Talk(entries=3, acked=2)

    assert talk.turn(talk.ack(0, link="00"))[1:] == ((SetWatermark(1, 0, 0),), push(1))


# --- heads -----------------------------------------------------------------------------------------------------------


def test_heads_set_every_watermark() -> None:
    talk = Talk(entries=6, acked=2)
    talk.ledger.open()
    talk.scan()
    talk.ledger.open()
    talk.ledger.present.acked = 0
    talk.later(HEADS_EVERY_MS)
    request, effects, following = talk.turn(talk.heads(talk.head(6, 4), talk.head(1, no=2)))

    assert (request, effects) == (AskHeads(), (SetWatermark(1, 6, 4), SetWatermark(2, 1, 0)))
    assert following == WATCH


def test_of_an_epoch_that_is_not_named_the_centre_has_nothing() -> None:
    talk = Talk(entries=6, acked=6)
    talk.ledger.open()
    talk.later(HEADS_EVERY_MS)
    other = talk.head(1)

    assert talk.turn(talk.heads(type(other)("ee" * 16, 3, "ff", 0)))[1] == (SetWatermark(1, 0, 0),)


def test_a_head_beyond_our_end_is_not_taken_for_ours() -> None:
    talk = Talk(entries=6, acked=2)
    talk.later(HEADS_EVERY_MS)
    effects = talk.turn(talk.heads(talk.head(9, 9)))[1]
    talk.later(500)

    assert effects == (OpenEpoch(1), RESTORED)
    assert talk.ask_for(SendPush) == push(7, 0)


def test_a_head_that_is_not_ours_is_asked_for_and_one_that_is_ends_the_doubt() -> None:
    talk = Talk(entries=6, acked=2)
    talk.later(HEADS_EVERY_MS)
    assert talk.turn(talk.heads(talk.head(4, link="ff")))[1] == (SetWatermark(1, 0, 0),)
    assert talk.ask_for(SendPush) == push(5, 0)
    talk.later(HEADS_EVERY_MS)

    assert talk.turn(talk.heads(talk.head(4)))[:2] == (AskHeads(), (SetWatermark(1, 4, 0),))
    assert talk.ask_for(SendPush) == push(5)


# --- forks -----------------------------------------------------------------------------------------------------------


def test_a_fork_is_cut_after_the_last_link_that_both_have() -> None:
    talk = Talk(entries=9, acked=6)
    request, effects, _ = talk.turn(talk.fork(12, 11, 10, 8, 4, 0, other=(8,)))

    assert (request, effects) == (push(7), (SetWatermark(1, 4, 0), CutEpoch(1, 4), FORKED))
    assert [len(one.events) for one in talk.ledger.segments] == [9, 5]


def test_a_fork_with_nothing_in_common_is_cut_at_the_start() -> None:
    talk = Talk(entries=3, acked=1)

    assert talk.turn(talk.fork(2, 1, 0, other=(2, 1, 0)))[1] == (SetWatermark(1, 0, 0), CutEpoch(1, 0), FORKED)


def test_a_fork_that_knows_our_end_cuts_nothing() -> None:
    talk = Talk(entries=3, acked=1)

    assert talk.turn(talk.fork(5, 4, 3, 0))[1] == (SetWatermark(1, 3, 0),)


def test_a_fork_of_an_epoch_that_was_cut_may_cut_lower() -> None:
    talk = Talk(entries=6, acked=2)
    talk.ledger.cut(talk.ledger.present, 4)

    assert talk.turn(talk.fork(4, 3, 2, 0, other=(4, 3)))[:2] == (push(3), (CutEpoch(1, 2), FORKED))


# --- lists -----------------------------------------------------------------------------------------------------------


def test_lists_that_are_wanted_are_sent_before_their_entry() -> None:
    talk = Talk(entries=5, acked=2)
    lists = SendLists(1, 4, ("d", "e"))

    assert talk.turn(talk.lists(3, "d", "e")) == (push(3), (SetWatermark(1, 3, 0),), lists)
    assert talk.turn(talk.ack(3)) == (lists, (), push(4))


@pytest.mark.parametrize("answer", ["ack", "lists"])
def test_lists_that_the_centre_goes_on_asking_for_are_absent_in_the_end(answer: str) -> None:
    talk = Talk(entries=3, acked=2)
    absent = []
    for _ in range(LISTS_TRIES + 1):
        if isinstance(request := talk.ask_for(SendPush | SendLists), SendPush):
            talk.answer(request, talk.lists(2, "d"))
            request = talk.ask_for(SendLists)
        assert isinstance(request, SendLists)
        absent.append(request.absent)
        talk.answer(request, talk.ack(2) if answer == "ack" else talk.lists(2, "d"))

    assert absent == [False] * LISTS_TRIES + [True]


def test_lists_that_did_not_get_through_were_not_sent() -> None:
    talk = Talk(entries=3, acked=2)
    for _ in range(2 * LISTS_TRIES):
        talk.answer(talk.ask_for(SendPush), talk.lists(2, "d"))
        request = talk.ask_for(SendLists)
        assert request == SendLists(1, 3, ("d",))
        talk.answer(request, Failed(Failure.TOO_LARGE))


def test_other_lists_are_counted_anew() -> None:
    talk = Talk(entries=9, acked=2)
    for seq in range(2, 8):
        talk.turn(talk.lists(seq, "d"))
        request, _, _ = talk.turn(talk.ack(seq))
        assert request == SendLists(1, seq + 1, ("d",))


def test_lists_of_an_entry_that_we_do_not_have_are_not_sent() -> None:
    talk = Talk(entries=3, acked=2)

    assert talk.turn(talk.lists(3, "d"))[1] == (SetWatermark(1, 3, 0),)
    assert isinstance(talk.next(), Wait)


def test_lists_on_a_chain_that_is_not_ours_are_not_sent() -> None:
    talk = Talk(entries=4, acked=2)
    answer = talk.lists(3, "d")

    assert talk.turn(type(answer)("lists", answer.epoch, 3, "ff", ("d",), SERVER_TIME))[2] == push(4, 0)


def test_heads_that_end_elsewhere_forget_what_was_wanted() -> None:
    talk = Talk(entries=3, acked=2)
    talk.turn(talk.lists(2, "d"))
    talk.later(HEADS_EVERY_MS)
    talk.turn(talk.heads(talk.head(1)))

    assert talk.ask_for(SendPush | SendLists) == push(2)


def test_where_something_always_fails_between_lists_are_sent_all_the_same() -> None:
    """After a failure heads are asked, which say nothing new: what was wanted before it still is."""
    talk = Talk(entries=3, acked=2)
    talk.turn(talk.lists(2, "d"))
    lists = talk.ask_for(SendLists)
    talk.answer(lists, Failed(Failure.TIMED_OUT))
    talk.later(HEADS_EVERY_MS)
    talk.answer(talk.ask_for(AskHeads), talk.heads())

    assert talk.ask_for(SendPush | SendLists) == lists


# --- answers that are none -------------------------------------------------------------------------------------------


def test_a_late_answer_means_nothing() -> None:
    talk = Talk(entries=3)
    request, late = talk.ask(), talk.ack(3)
    talk.answer(request, LOST)

    assert talk.answer(request, late) == ()
    talk.later(60_000)
    assert talk.ask() == AskHeads()
    assert talk.answer(request, late) == ()
    assert talk.answer(AskHeads(), talk.heads(talk.head(1))) == (SetWatermark(1, 1, 0),)


def test_the_second_of_two_answers_means_nothing() -> None:
    talk = Talk(entries=3)
    request, answer = talk.ask(), talk.ack(3)

    assert [talk.answer(request, answer), talk.answer(request, talk.ack(1))] == [(SetWatermark(1, 3, 0),), ()]


def test_an_answer_about_another_epoch_is_garbled() -> None:
    talk = Talk(entries=3)
    request, effects, following = talk.turn(talk.ack(3, epoch="ee" * 16))

    assert (request, effects) == (push(1), ())
    assert isinstance(following, Wait)
    talk.later(60_000)
    assert talk.ask() == AskHeads()


def test_an_answer_about_an_epoch_that_is_gone_means_nothing() -> None:
    talk = Talk(entries=3)
    request, answer = talk.ask(), talk.ack(3)
    talk.ledger.segments = []

    assert talk.answer(request, answer) == ()


def asking(talk: Talk, kind: str) -> Request:
    """A request of each kind, in the air."""
    match kind:
        case "heads":
            talk.later(HEADS_EVERY_MS)
        case "watch":
            talk.engine.hint()
        case "snapshot":
            talk.engine.sum_differs()
        case "token":
            talk.ledger.token_due = 0
        case _:
            talk.scan()
    return talk.ask()


@pytest.mark.parametrize("kind", ["heads", "watch", "snapshot", "token", "push"])
def test_an_answer_to_something_else_is_garbled_and_asked_for_again(kind: str) -> None:
    talk = Talk()
    request = asking(talk, kind)
    every: dict[str, Outcome] = {
        "heads": talk.heads(),
        "watch": talk.page(Scope.WATCH, "1.a"),
        "feed": talk.page(Scope.FEED, "1.a"),
        "snapshot": SnapshotTaken(),
        "token": TokenAnswer("t", 0, SERVER_TIME),
        "push": talk.ack(0),
    }
    for name, wrong in every.items():
        if name != kind:
            assert talk.answer(request, wrong) == ()
            assert isinstance(talk.next(), Wait)
            if (again := talk.ask_for(type(request))) == FEED:
                talk.answer(again, talk.fine(again))
                again = talk.ask_for(type(request))
            request = again


# --- pages and snapshots ---------------------------------------------------------------------------------------------


def test_a_page_is_applied_and_more_is_asked_for_at_once() -> None:
    talk = Talk()
    talk.engine.hint()
    first, second = talk.page(Scope.WATCH, "2.b", more=True), talk.page(Scope.WATCH, "3.c")

    assert talk.turn(first) == (WATCH, (ApplyPage(first),), FEED)
    talk.turn(talk.page(Scope.FEED, "1.a"))
    assert talk.turn(second)[:2] == (AskPage(Scope.WATCH, "2.b"), (ApplyPage(second),))
    assert isinstance(talk.next(), Wait)


def test_more_after_the_same_cursor_is_not_asked_for_at_once() -> None:
    talk = Talk()
    talk.engine.hint()
    talk.turn(talk.page(Scope.WATCH, "1.a", more=True))
    talk.turn(talk.page(Scope.FEED, "1.a", more=True))

    assert isinstance(talk.next(), Wait)


def test_a_page_that_the_store_does_not_take_is_not_fetched_at_once_again() -> None:
    talk = Talk()
    talk.engine.hint()
    for _ in range(2):
        request = talk.ask()
        assert request == WATCH
        talk.engine.done(request, talk.page(Scope.WATCH, "2.b", more=True), talk.now_ms, talk.ledger)
        talk.turn(talk.page(Scope.FEED, "1.a")) if talk.next() == FEED else None

    assert isinstance(talk.next(), Wait)


def test_after_a_snapshot_the_same_cursor_may_lead_further() -> None:
    talk = Talk()
    asked = []
    for _ in range(2):
        talk.engine.sum_differs()
        talk.answer(talk.ask_for(AskSnapshot), SnapshotTaken())
        talk.answer(talk.ask(), talk.page(Scope.WATCH, "10.b", more=True))
        talk.answer(talk.ask(), talk.page(Scope.FEED, "9.a"))
        asked.append(talk.ask())
        talk.answer(asked[-1], talk.page(Scope.WATCH, "10.b"))

    assert asked == [AskPage(Scope.WATCH, "10.b")] * 2


def test_a_page_that_fails_is_asked_for_again_before_the_next_look() -> None:
    talk = Talk()
    talk.engine.hint()
    talk.turn(Failed(Failure.REFUSED))
    talk.engine.hurry()
    talk.settle()
    talk.engine.hint()
    assert talk.turn(Failed(Failure.TOO_LARGE)) == (WATCH, (), FEED)
    talk.turn(talk.page(Scope.FEED, "1.a"))
    talk.later(1_000)

    assert talk.next() == WATCH


def test_a_page_after_another_cursor_is_not_applied() -> None:
    talk = Talk()
    talk.engine.hint()
    request = talk.ask()
    talk.ledger.cursors[Scope.WATCH] = "5.e"

    assert talk.answer(request, talk.page(Scope.WATCH, "2.b")) == ()
    talk.turn(talk.page(Scope.FEED, "1.a"))
    assert talk.next() == AskPage(Scope.WATCH, "5.e")


@pytest.mark.parametrize("scope", Scope)
def test_a_cursor_that_leads_nowhere_takes_a_snapshot(scope: Scope) -> None:
    talk = Talk()
    talk.engine.hint()
    while (request := talk.ask()) != AskPage(scope, "1.a"):
        talk.answer(request, talk.fine(request))

    assert talk.answer(request, talk.snapshot_due()) == ()
    assert talk.turn(SnapshotTaken()) == (AskSnapshot(), (LoadSnapshot(),), AskPage(Scope.WATCH, "9.a"))


def test_a_base_that_differs_is_fetched_anew() -> None:
    talk = Talk()
    talk.engine.sum_differs()

    assert talk.turn(SnapshotTaken())[:2] == (AskSnapshot(), (LoadSnapshot(),))


@pytest.mark.parametrize("cause", ["sum", "cursor"])
def test_a_second_snapshot_that_leads_nowhere_is_said_and_the_third_has_time(cause: str) -> None:
    talk = Talk(entries=1)
    loads, notices, snapshots = [], [], 0
    for _ in range(400):
        if cause == "sum":
            talk.engine.sum_differs()
        asked = talk.next()
        if isinstance(asked, Wait):
            talk.now_ms = min(asked.until_ms, talk.now_ms + LOOK_MS)
            continue
        refuse = cause == "cursor" and isinstance(asked, AskPage)
        effects = talk.answer(asked, talk.snapshot_due() if refuse else talk.fine(asked))
        if LoadSnapshot() in effects:
            loads.append(talk.now_ms)
        notices += [effect for effect in effects if isinstance(effect, Notice)]
        snapshots += isinstance(asked, AskSnapshot)

    assert len(loads) > 3
    assert all(later - former >= SNAPSHOT_PAUSE_MS for former, later in zip(loads[1::2], loads[2::2], strict=False))
    assert set(notices) == {Notice(NoticeCode.SNAPSHOT_LOOP)}
    assert talk.ledger.present.acked == 1


def test_while_no_snapshot_can_be_had_watch_lines_and_pushes_go_on() -> None:
    talk = Talk(entries=1)
    talk.engine.sum_differs()
    talk.engine.hint()
    seen = []
    for _ in range(6):
        asked = talk.next()
        seen.append(type(asked))
        if not isinstance(asked, Wait):
            talk.answer(asked, Failed(Failure.REFUSED) if isinstance(asked, AskSnapshot) else talk.fine(asked))

    assert seen == [AskPage, AskSnapshot, SendPush, AskPage, Wait, Wait]


def test_while_no_snapshot_can_be_had_a_base_that_differs_is_kept_up_with_the_feed() -> None:
    talk = Talk()
    for _ in range(2):
        talk.engine.sum_differs()
        talk.answer(talk.ask_for(AskSnapshot), SnapshotTaken())
    talk.settle()
    talk.engine.sum_differs()
    talk.later(LOOK_MS + LOOK_JITTER_MS)

    assert talk.settle() == [AskPage(Scope.WATCH, "9.a"), AskPage(Scope.FEED, "9.a"), push(1, 0)]


def test_while_no_snapshot_can_be_had_a_feed_that_leads_nowhere_is_not_asked() -> None:
    talk = Talk()
    for _ in range(2):
        talk.engine.sum_differs()
        talk.answer(talk.ask_for(AskSnapshot), SnapshotTaken())
    talk.answer(talk.ask_for(AskPage), talk.snapshot_due())
    talk.later(LOOK_MS + LOOK_JITTER_MS)

    assert talk.settle() == [AskPage(Scope.WATCH, "9.a"), push(1, 0)]


# --- the token -------------------------------------------------------------------------------------------------------


def test_a_token_that_is_due_is_rotated_before_other_work() -> None:
    talk = Talk(entries=5000)
    talk.ledger.token_due = 1
    assert talk.next() == push(1)
    talk.ledger.token_due = 0
    answer = TokenAnswer("t", 0, SERVER_TIME)

    assert talk.turn(answer) == (AskToken(), (KeepToken(answer),), push(1))


def test_a_token_whose_date_does_not_move_is_not_rotated_all_the_time() -> None:
    talk = Talk()
    talk.ledger.token_due = 0
    talk.engine.done(talk.ask(), TokenAnswer("t", 0, SERVER_TIME), talk.now_ms, talk.ledger)

    assert isinstance(talk.next(), Wait)
    talk.later(TURNED_AWAY_MS)
    assert AskToken() in talk.settle()


# --- how much at once ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", TOO_MUCH)
def test_what_may_have_been_too_much_is_halved_and_grows_again_with_what_goes_through(failure: Failure) -> None:
    talk = Talk(entries=5000)
    talk.turn(Failed(failure))
    sizes = []
    while talk.ledger.present.acked < 4000:
        talk.later(100_000)
        request = talk.ask()
        sizes += [request.entries_max] if isinstance(request, SendPush) else []
        talk.answer(request, talk.fine(request))

    assert sizes[:4] == [250, 313, 392, 491]
    assert set(sizes[4:]) == {ENTRIES_MAX}


def test_a_gap_is_no_reason_for_more_at_once() -> None:
    talk = Talk(entries=5000, acked=900)
    talk.turn(Failed(Failure.TOO_LARGE))
    request = talk.ask_for(SendPush)

    assert (request, talk.answer(request, talk.gap(300))) == (push(901, 250), (SetWatermark(1, 300, 0),))
    assert talk.ask_for(SendPush) == push(301, 250)


def test_lists_that_fail_say_nothing_about_how_much() -> None:
    talk = Talk(entries=5000, acked=2)
    talk.turn(talk.lists(2, "d"))
    talk.answer(talk.ask_for(SendLists), Failed(Failure.TIMED_OUT))
    talk.answer(talk.ask_for(SendLists), talk.ack(2))

    assert talk.ask_for(SendPush) == push(3)


@pytest.mark.parametrize("failure", [failure for failure in Failure if failure not in TOO_MUCH])
def test_other_failures_say_nothing_about_how_much(failure: Failure) -> None:
    talk = Talk(entries=5000)
    talk.turn(Failed(failure))
    talk.later(TURNED_AWAY_MS)

    assert talk.ask_for(SendPush) == push(1)


def test_what_other_requests_come_to_says_nothing_about_how_much() -> None:
    talk = Talk(entries=3, acked=3)
    talk.later(LOOK_MS + LOOK_JITTER_MS)
    for _ in range(3):
        talk.turn(Failed(Failure.TOO_LARGE))
    talk.scan()
    talk.later(60_000)
    talk.engine.hurry()

    assert push(4) in talk.settle()


def test_one_entry_is_always_tried() -> None:
    talk = Talk(entries=5000)
    for _ in range(12):
        talk.answer(talk.ask_for(SendPush), Failed(Failure.TOO_LARGE))
        talk.later(100_000)

    assert talk.ask_for(SendPush) == push(1, 1)


def test_a_batch_that_always_times_out_shrinks_although_the_heads_get_through() -> None:
    talk = Talk(entries=500)
    for _ in range(200):
        asked = talk.next()
        if isinstance(asked, Wait):
            talk.now_ms = asked.until_ms
        elif isinstance(asked, SendPush) and asked.entries_max > 20:
            talk.later(20_000)
            talk.answer(asked, Failed(Failure.TIMED_OUT))
        else:
            talk.answer(asked, talk.fine(asked))

    assert talk.ledger.present.acked == 500


# --- the worker's word, and time -------------------------------------------------------------------------------------


def test_offline_by_the_workers_word_nothing_is_asked() -> None:
    talk = Talk(entries=3)
    request = talk.ask()
    talk.engine.set_override(Override.OFFLINE, talk.now_ms)
    assert talk.answer(request, talk.ack(1)) == (SetWatermark(1, 1, 0),)
    assert (talk.next(), talk.engine.link.state) == (Wait(talk.now_ms + LOOK_MS), LinkState.OFFLINE)
    talk.later(3_600_000)
    assert isinstance(talk.next(), Wait)

    talk.engine.set_override(Override.AUTOMATIC, talk.now_ms)
    assert talk.settle() == [AskHeads(), WATCH, FEED, push(2)]
    assert talk.engine.link.state is LinkState.ONLINE


def test_automatic_again_by_the_workers_word_ends_every_pause() -> None:
    talk = Talk(entries=3)
    request = talk.ask()
    talk.engine.set_override(Override.OFFLINE, talk.now_ms)
    talk.answer(request, Failed(Failure.TURNED_AWAY))
    assert isinstance(talk.next(), Wait)
    talk.engine.set_override(Override.AUTOMATIC, talk.now_ms)

    assert talk.next() == AskHeads()


def test_a_centre_that_refuses_is_there() -> None:
    talk = Talk(entries=3)
    for outcome in (LOST, LOST, LOST, Failed(Failure.REFUSED), Failed(Failure.TURNED_AWAY)):
        talk.engine.hurry()
        talk.turn(outcome)

    assert talk.engine.link.state is LinkState.ONLINE


def test_hurrying_tries_everything_at_once_and_forgets_no_failure() -> None:
    talk = Talk(entries=3)
    for _ in range(9):
        talk.engine.hurry()
        assert talk.turn(LOST)[0] == AskHeads()
    waited = talk.next()

    assert isinstance(waited, Wait)
    assert waited.until_ms - talk.now_ms > 5_000
    talk.engine.hurry()
    assert talk.settle() == [AskHeads(), WATCH, FEED, push(1)]


def test_a_clock_that_goes_back_holds_up_nothing() -> None:
    talk = Talk(entries=3)
    talk.engine.sum_differs()
    talk.turn(Failed(Failure.TURNED_AWAY))
    assert isinstance(talk.next(), Wait)
    talk.now_ms = 5

    assert talk.settle()[:3] == [AskHeads(), WATCH, push(1)]


def test_the_link_follows_from_what_is_answered() -> None:
    talk = Talk(entries=3)
    states = []
    for outcome in (LOST, LOST, LOST):
        talk.turn(outcome)
        states.append(talk.engine.link.state)
        talk.later(70_000)
        talk.engine.hurry()

    assert states == [LinkState.ONLINE, LinkState.OFFLINE, LinkState.OFFLINE]
    talk.settle()
    assert talk.engine.link.state is LinkState.ONLINE


def test_silence_shows_while_nothing_is_asked() -> None:
    talk = Talk(entries=3)
    talk.turn(Failed(Failure.BROKEN, retry_after_ms=600_000))
    states = [talk.engine.link.state]
    talk.later(30_000)
    asked = talk.next()
    states.append(talk.engine.link.state)

    assert isinstance(asked, Wait)
    assert states == [LinkState.ONLINE, LinkState.OFFLINE]
