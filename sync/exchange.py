"""What passes between engine and driver: requests to perform, what came of them, and effects on the store."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sync.wire import Ack, Fork, Gap, Heads, ListsWanted, Page, Scope, SnapshotDue, TokenAnswer

if TYPE_CHECKING:
    from collections.abc import Hashable

# Requests.


@dataclass(frozen=True, slots=True)
class AskHeads:
    """GET /v1/heads."""


@dataclass(frozen=True, slots=True)
class SendPush:
    """POST /v1/push of at most `entries_max` entries of an epoch from `start` on.

    0: none of them, only the link before `start`: a heartbeat, or the question whether the centre's chain has it too.
    """

    no: int
    start: int
    entries_max: int


@dataclass(frozen=True, slots=True)
class SendLists:
    """POST /v1/push without entries, with the chunks of these lists, or the word that they are absent.

    In as many posts as the bounds ask for; the outcome is the last one's, or the first that failed. `absent`: the
    centre had no use for the chunks, so that none is sent again: the entry is stored without its list.
    """

    no: int
    start: int
    digests: tuple[str, ...]
    absent: bool = False


@dataclass(frozen=True, slots=True)
class AskPage:
    """GET /v1/pull."""

    scope: Scope
    cursor: str


@dataclass(frozen=True, slots=True)
class AskSnapshot:
    """GET /v1/snapshot."""


@dataclass(frozen=True, slots=True)
class AskToken:
    """POST /v1/token."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing until `until_ms`, a commit, the stream, or a word of the worker's."""

    until_ms: int


Request = AskHeads | SendPush | SendLists | AskPage | AskSnapshot | AskToken
Asked = Request | Wait


def part_of(request: Request) -> Hashable:
    """What fails by itself: an epoch, a scope, or one kind of request."""
    if isinstance(request, SendPush | SendLists):
        return request.no
    return request.scope if isinstance(request, AskPage) else type(request).__name__


# Outcomes.


class Failure(StrEnum):
    """Why there is no answer."""

    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    GARBLED = "garbled"
    """What came is not the message it should be."""
    TOO_LARGE = "too_large"
    BUSY = "busy"
    BROKEN = "broken"
    """5xx."""
    TURNED_AWAY = "turned_away"
    """401 or 403: revoked, expired."""
    OTHER_VERSION = "other_version"
    """409: protocol too old or too new."""
    REFUSED = "refused"
    """Any other 4xx: our own fault. Nothing is deleted; it is said and tried again, rarely."""


TRANSIENT: Final = frozenset({
    Failure.UNREACHABLE, Failure.TIMED_OUT, Failure.GARBLED, Failure.TOO_LARGE, Failure.BUSY, Failure.BROKEN,
})  # fmt: skip
ANSWERED: Final = frozenset({
    Failure.TOO_LARGE, Failure.BUSY, Failure.TURNED_AWAY, Failure.OTHER_VERSION, Failure.REFUSED,
})  # fmt: skip
"""Failures that show that the centre is there."""

OF_THE_REQUEST: Final = frozenset({Failure.TOO_LARGE, Failure.REFUSED})
"""Failures that say nothing about any other request."""


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer. `code`: the problem's code, where there is one."""

    failure: Failure
    retry_after_ms: int | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class SnapshotTaken:
    """A snapshot was fetched and checked; the driver holds the file."""


Answer = Heads | Ack | Gap | Fork | ListsWanted | Page | SnapshotDue | SnapshotTaken | TokenAnswer
Outcome = Answer | Failed


# Effects.


@dataclass(frozen=True, slots=True)
class SetWatermark:
    """The centre has an epoch up to `acked`, and up to `safe` on a second disk; either may be lower than before."""

    no: int
    acked: int
    safe: int


@dataclass(frozen=True, slots=True)
class CutEpoch:
    """The centre's chain of this epoch goes another way after `seq`: our tail is re-issued elsewhere.

    An epoch that was cut before may be cut again, lower: what stood in between is re-issued then.
    """

    no: int
    seq: int


@dataclass(frozen=True, slots=True)
class OpenEpoch:
    """The centre knows more of the present epoch than we do: we were restored. A new one before the next scan.

    Nothing is cut: whether the centre has what we hold of the old one is asked of it.
    """

    no: int


@dataclass(frozen=True, slots=True)
class ApplyPage:
    """Rows into the base, with their cursor."""

    page: Page


@dataclass(frozen=True, slots=True)
class LoadSnapshot:
    """The fetched file into the base."""


@dataclass(frozen=True, slots=True)
class KeepToken:
    """The rotated token."""

    answer: TokenAnswer


class NoticeCode(StrEnum):
    """What a person should know; the worker goes on in any case."""

    TURNED_AWAY = "turned_away"
    OTHER_VERSION = "other_version"
    REFUSED = "refused"
    FORKED = "forked"
    RESTORED = "restored"
    SNAPSHOT_LOOP = "snapshot_loop"
    SUM_DIFFERS = "sum_differs"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell; `told` what the centre said."""

    code: NoticeCode
    told: str = ""


@dataclass(frozen=True, slots=True)
class ServerTime:
    """What the centre's clock said when it answered."""

    server_time: int


Effect = SetWatermark | CutEpoch | OpenEpoch | ApplyPage | LoadSnapshot | KeepToken | Notice | ServerTime
