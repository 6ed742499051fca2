"""What is said of the centre: the word on the status line, the meter's other half, the rows of health.

The words are the link's own, decided with hysteresis (sync.link); what the centre said of this device stands before
them, since nobody can help the worker as long as nobody reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from scanner_app.terminal.health import HealthLine
from scanner_app.terminal.view import Link
from scanner_app.workflows.step import Line

if TYPE_CHECKING:
    from scanner_app.domain.refusals import Parameters
    from scanner_app.phrases import Phrases
    from scanner_app.store.ledger import Ledger
    from sync.driver import SyncState

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
NOBODY_CAN_SEND = frozenset({"turned_away", "other_version"})
"""Notices that stand on the status line in the place of the link: nothing is sent until somebody acts."""


class Sync(Protocol):
    """The conversation with the centre, as keys reach it and the screen shows it."""

    @property
    def state(self) -> SyncState:
        """How it stands."""

    def hurry(self) -> None:
        """Try now."""

    def stay_offline(self, *, offline: bool) -> None:
        """The worker's own word over the link."""


def age_text(age_ms: int, say: Phrases) -> str:
    """An age in one number: 5m, 2h, 3d."""
    for unit, length_ms in (("d", DAY_MS), ("h", HOUR_MS)):
        if age_ms >= length_ms:
            return say.say(f"screen.age.{unit}", {"number": age_ms // length_ms})
    return say.say("screen.age.m", {"number": max(0, age_ms) // MINUTE_MS})


def link_of(state: SyncState | None, mono_ms: int, say: Phrases) -> tuple[Link, str]:
    """The link and its word; offline and degraded with their age from one minute on."""
    if state is None:
        return Link.NO_CENTRE, say.say("screen.link.no_centre")
    link = Link(state.link.value)
    notice = "" if state.notice is None else state.notice.value
    if notice in NOBODY_CAN_SEND:
        return Link.OFFLINE, say.say(f"screen.link.{notice}")
    word = say.say(f"screen.link.{link.value}")
    age_ms = mono_ms - state.since_ms
    aged = link is not Link.ONLINE and age_ms >= MINUTE_MS
    return link, f"{word} {age_text(age_ms, say)}" if aged else word


def oldest_unsent(ledger: Ledger, now_ms: int, say: Phrases) -> str:
    """How long the oldest entry has waited for the centre; empty under a minute."""
    pending, oldest_ms = ledger.outbox.outbox()
    waited_ms = 0 if not pending or oldest_ms is None else now_ms - oldest_ms
    return age_text(waited_ms, say) if waited_ms >= MINUTE_MS else ""


def centre_rows(ledger: Ledger, state: SyncState | None, mono_ms: int, now_ms: int, say: Phrases) -> list[HealthLine]:
    """What health tells: the link, what was sent, and how old what the site says is."""
    if state is None:
        return []
    _, word = link_of(state, mono_ms, say)
    override = state.override.value == Link.OFFLINE.value
    notice = "" if state.notice is None else state.notice.value
    remedy = f"screen.notice.{notice}" if notice else "screen.health.centre.by_hand" if override else None
    counters = ledger.counters()
    sent: Parameters = {
        "sent": counters.scans_sent, "saved": counters.scans_saved, "safe": counters.scans_safe,
        "age": oldest_unsent(ledger, now_ms, say), "parked": counters.parked,
    }  # fmt: skip
    waits = counters.scans_sent < counters.scans_saved
    told = "all" if not waits else "some" if sent["age"] else "new"
    as_of = ledger.site.as_of
    age_ms = None if as_of is None else now_ms - as_of
    fetched = "never" if age_ms is None else "old" if age_ms >= MINUTE_MS else "new"
    site: Parameters = {"age": age_text(age_ms or 0, say)}
    return [
        HealthLine("screen.health.centre", not notice, _plain(word), remedy),
        HealthLine("screen.health.sent", ok=True, text=Line(f"screen.health.sent.{told}", sent)),
        HealthLine(
            "screen.health.parked", not counters.parked, Line("screen.health.parked.text", sent),
            "screen.health.parked.remedy" if counters.parked else None,
        ),
        HealthLine("screen.health.site", ok=True, text=Line(f"screen.health.site.{fetched}", site)),
    ]  # fmt: skip


def _plain(text: str) -> Line:
    parameters: Parameters = {"text": text}
    return Line("screen.plain", parameters)
