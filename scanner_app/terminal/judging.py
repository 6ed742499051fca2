"""One step, one commit: runs a decision inside the ledger's transaction and turns its draft into an entry.

Everything pure is handed in from here: facts from the store, ids, and the moment from the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from scanner_app.domain.entry import Entry, Knew, Origin, Stamp
from scanner_app.terminal.server_time import last_heard, latest_now
from scanner_app.workflows.step import Draft, Facts, Moment, Need, Transition, asking

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner_app.clock import Clock
    from scanner_app.config import Config
    from scanner_app.domain.entry import Raw
    from scanner_app.domain.facts import Query
    from scanner_app.domain.masters import Operator
    from scanner_app.store.inbox import Capture
    from scanner_app.store.ledger import LedgerStep, Saved, SiteMeta

ROUNDS_MAX = 200
NS_PER_MS = 1_000_000
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Context:
    """Where an entry belongs: workflow, task, document and the operator at work."""

    workflow: str | None = None
    task: str | None = None
    document: str | None = None
    operator: str | None = None


class Judge:
    """Decides and writes for one device; holds no state of the work itself."""

    def __init__(self, config: Config, clock: Clock, make_id: Callable[[], str]) -> None:
        self._config = config
        self._clock = clock
        self._zone = config.zone
        self.make_id = make_id

    def moment(self, operator: Operator | None, task: str | None, site: SiteMeta) -> Moment:
        """Now, today at the site, who and where; `today` follows the later of the device's clock and the centre's."""
        now, latest = self._clock.now(), latest_now(site, self._clock)
        return Moment(
            now_ms=round(now.timestamp() * 1000),
            today=latest.astimezone(self._zone).date(),
            operator=operator,
            read_point=self._config.device.read_point,
            task=task or "",
            cage=self._config.device.cage,
            offset=self._offset(now),
            owner=self._config.site.owner,
            site_as_of_ms=site.as_of,
            recalls_age_ms=_age_ms(site.watch_as_of, latest),
        )

    def decide(self, step: LedgerStep, decide: Callable[[Facts], Transition[S]]) -> Transition[S]:
        """Runs a decision, answering its needs from the ledger; the number of rounds is bounded."""
        answers: dict[Query, object] = {}
        for _ in range(ROUNDS_MAX):
            found = asking(decide, answers)
            if not isinstance(found, Need):
                return found
            for query in found.queries:
                answers[query] = step.answer(query)
        message = f"a decision still lacks facts after {ROUNDS_MAX} rounds"
        raise AssertionError(message)

    def write(
        self, step: LedgerStep, draft: Draft, context: Context, *,
        capture: Capture | None = None, raw: Raw | None = None,
    ) -> Saved:  # fmt: skip
        """Appends the entry of a draft. With a capture, the entry is that scan: its id, its time, its raw bytes."""
        entry = Entry(
            kind=draft.kind,
            event_id=capture.id if capture else self.make_id(),
            stamp=self._stamp(capture, step.site),
            origin=Origin(
                self._config.site.id, self._config.device.id, self._config.device.read_point, context.operator
            ),
            verdict=draft.verdict,
            workflow=context.workflow,
            task=context.task,
            document=draft.document or context.document,
            count=draft.count,
            raw=raw,
            knew=Knew(step.site.watch_cursor, step.site.feed_cursor),
            reason=draft.reason,
            note=draft.note,
            refers_to=draft.refers_to,
            postings=draft.postings,
            container_moves=draft.container_moves,
        )
        saved = step.append(entry, draft.lists)
        if capture is not None:
            step.take_capture(capture.id)
        return saved

    def _stamp(self, capture: Capture | None, site: SiteMeta) -> Stamp:
        """The capture's own times, or now; and when the centre last said what time it is."""
        if capture is None:
            wall_ms = round(self._clock.now().timestamp() * 1000)
            mono_ms, boot_id = self._clock.monotonic_ns() // NS_PER_MS, self._clock.boot_id
        else:
            wall_ms, mono_ms, boot_id = capture.wall_ms, capture.monotonic_ns // NS_PER_MS, capture.boot_id
        offset = self._offset(datetime.fromtimestamp(wall_ms / 1000, UTC))
        return Stamp(wall_ms, offset, mono_ms, boot_id, *last_heard(site, boot_id))

    def _offset(self, instant: datetime) -> int:
        """Minutes by which the site's local time is ahead of UTC."""
        offset = instant.astimezone(self._zone).utcoffset()
        return 0 if offset is None else round(offset.total_seconds() / 60)


def _age_ms(since_ms: int | None, latest: datetime) -> int | None:
    return None if since_ms is None else max(0, round(latest.timestamp() * 1000) - since_ms)
