"""From the work to what is shown: every code becomes a sentence in the operator's language, here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scanner_app.errors import ProgramError
from scanner_app.phrases import printable
from scanner_app.terminal.keys import OVERLAYS
from scanner_app.terminal.linked import centre_rows, link_of, oldest_unsent
from scanner_app.terminal.lists import follow_up_list, health_list, help_list, history_list, scan_in_words
from scanner_app.terminal.telling import panel_of, phrases_for, sentence
from scanner_app.terminal.view import (
    HealthRow,
    HistoryRow,
    KeyHint,
    Mark,
    MenuEntry,
    Meter,
    Panel,
    Room,
    Status,
    View,
)
from scanner_app.workflows.step import Command, Tone

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

    from scanner_app.clock import Clock
    from scanner_app.config import Config
    from scanner_app.domain.refusals import Parameters
    from scanner_app.errors import ScannerError
    from scanner_app.phrases import Phrases
    from scanner_app.terminal.front import Front
    from scanner_app.workflows.step import Line
    from sync.driver import SyncState

CHOOSING = frozenset({Room.MENU, Room.TASK})
"""Rooms in which digits choose."""
HISTORY_ROWS = 20
NS_PER_MS = 1_000_000
RESTART_ROWS = 3


@dataclass(frozen=True, slots=True)
class ScannerText:
    """What the status says of the scanners: a phrase and whether all is well."""

    line: Line
    ok: bool


class Presenter:
    """Makes a View of a Front. Reads the ledger only for the lists, when a list is what is shown.

    `stripe` says what stands across the screen always, None for nothing.
    """

    def __init__(
        self, config: Config, clock: Clock, scanner_text: Callable[[], ScannerText],
        stripe: Callable[[Front], Line] | None,
    ) -> None:  # fmt: skip
        self._config = config
        self._clock = clock
        self._zone: ZoneInfo = config.zone
        self._scanner_text = scanner_text
        self._stripe = stripe
        self._phrases = phrases_for(config)
        self._user = ""
        self._across = ""

    def phrases(self, front: Front) -> Phrases:
        """The phrases of whoever is signed in, else of the device."""
        operator = front.desk.operator
        self._user = "" if operator is None else printable(operator.name)
        language = self._config.screen.language if operator is None else operator.language
        if language != self._phrases.language:
            self._phrases = phrases_for(self._config, language)
        return self._phrases

    def view(self, front: Front) -> View:
        """Everything a screen shows now."""
        if front.shown.fault is not None:
            return self._stopped_view(front, front.shown.fault)
        say = self.phrases(front)
        room = front.room
        prompt = front.desk.prompt
        task = front.desk.work.task
        progress = task.progress if task is not None and room is Room.TASK else None
        done, total = (None, None) if progress is None else (progress.done, progress.total)
        scanner = self._scanner_text()
        overlaid = room in OVERLAYS
        asks = say.say(prompt.code, prompt.parameters)
        quiet = overlaid or room is Room.MENU
        keys = self._keys(front, say)
        return View(
            room=room,
            status=self._status(front, say),
            meter=self._meter(front, say),
            title=self._title(front, say),
            subtitle=self._subtitle(front, say),
            verb="" if quiet else asks,
            giant="" if quiet else _giant(say, prompt.noun),
            done=done,
            total=total,
            progress_text=_progress_text(say, done, total),
            lines=() if overlaid else self._lines(front, say),
            panel=None if overlaid else self._panel(front, say),
            keys=keys,
            paging=_paging(front, say, keys),
            notice=say.say("screen.leaving") if front.leaving else "",
            scanner_text=say.say(scanner.line.code, scanner.line.parameters),
            scanner_ok=scanner.ok,
            blocking=front.recall and not overlaid,
            entering=None if overlaid else self._entering(front),
            secret=front.typing_secret,
            stripe=self._stripe_text(front, say),
            menu=_menu(front, say) if room in CHOOSING else (),
            history=self._history(front, say),
            health=self._health(front, say),
            notes=self._notes(front, say),
        )

    def _stopped_view(self, front: Front, fault: ScannerError) -> View:
        """What stands while nothing can be taken; made of what is in memory alone, since the ledger may be at fault."""
        say, scanner = self._phrases, self._scanner_text()
        return View(
            room=Room.FAULT,
            status=self._status(front, say),
            meter=self._meter(front, say),
            title=say.say(f"screen.title.{Room.FAULT.value}"),
            subtitle="",
            verb="",
            giant="",
            panel=_fault_panel(fault, say),
            keys=self._keys(front, say),
            notice=say.say("screen.leaving") if front.leaving else "",
            scanner_text=say.say(scanner.line.code, scanner.line.parameters),
            scanner_ok=scanner.ok,
            stripe=self._across,
        )

    def _entering(self, front: Front) -> str | None:
        entering = front.shown.entering
        if entering is None:
            return "" if front.typing_secret else None
        return printable(entering)

    def _clock_text(self, at_ms: int) -> str:
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(self._zone).strftime("%H:%M")

    def _mono_ms(self) -> int:
        return self._clock.monotonic_ns() // NS_PER_MS

    def _now_ms(self) -> int:
        return round(self._clock.now().timestamp() * 1000)

    def _status(self, front: Front, say: Phrases) -> Status:
        link, link_text = link_of(_state(front), self._mono_ms(), say)
        return Status(
            user=self._user,
            site=self._config.site.name,
            read_point=self._config.device.read_point,
            link=link,
            link_text=link_text,
            clock=self._clock_text(self._now_ms()),
        )

    def _stripe_text(self, front: Front, say: Phrases) -> str:
        if self._stripe is not None:
            line = self._stripe(front)
            self._across = say.say(line.code, line.parameters)
        return self._across

    def _meter(self, front: Front, say: Phrases) -> Meter:
        counters = front.ledger.counters()
        scans, saved, waiting = front.shown.captured, counters.scans_saved, front.shown.waiting
        if front.sync is None:
            return Meter(scans, saved, waiting)
        is_stopped = front.shown.fault is not None
        age = "" if is_stopped else oldest_unsent(front.ledger, self._now_ms(), say)
        return Meter(scans, saved, waiting, counters.scans_sent, counters.parked, age)

    def _title(self, front: Front, say: Phrases) -> str:
        room = front.room
        task = front.desk.work.task
        if room is Room.TASK and task is not None:
            name = say.say(f"screen.title.{task.workflow.name}")
            return f"{name}  {printable(task.row.document)}" if task.row.document else name
        if room is Room.MENU and front.shown.deliveries:
            return say.say("screen.title.receiving")
        return say.say(f"screen.title.{room.value}")

    def _subtitle(self, front: Front, say: Phrases) -> str:
        if front.room is not Room.MENU:
            return ""
        prompt = front.desk.prompt
        if front.shown.deliveries:
            return say.say("prompt.menu.deliveries")
        return say.say(prompt.code, prompt.parameters)

    def _lines(self, front: Front, say: Phrases) -> tuple[str, ...]:
        """What was scanned: while a recall stands, always the goods that it is about."""
        told = front.shown.alarm if front.recall else front.shown.told
        return () if told is None else tuple(say.say(line.code, line.parameters) for line in told.lines)

    def _panel(self, front: Front, say: Phrases) -> Panel | None:
        if front.recall:
            return self._recall_panel(front, say)
        return None if front.shown.told is None else panel_of(front.shown.told, say, self._told_clock(front))

    def _told_clock(self, front: Front) -> str:
        """When the last result came; nothing where the status line says the same."""
        came = self._clock_text(front.shown.told_ms)
        return "" if came == self._clock_text(self._now_ms()) else came

    def _recall_panel(self, front: Front, say: Phrases) -> Panel:
        """The recall until it is answered, and in it what was refused meanwhile. A restart knows only its question."""
        alarm, told = front.shown.alarm, front.shown.told
        standing = front.desk.work.recall
        parameters = {} if standing is None else standing.parameters
        headline = say.say("screen.recall.standing", parameters) if alarm is None else sentence(alarm, say)
        more: tuple[str, ...] = ()
        if told is not None and told is not alarm and told.tone is Tone.BAD:
            what = scan_in_words(told.scanned, say)
            refused: Parameters = {"word": say.say("screen.word.stop"), "what": what, "why": sentence(told, say)}
            more = (say.say("screen.recall.refused" if what else "screen.recall.not_now", refused),)
        return Panel(Mark.RECALL, say.say("screen.word.recall"), headline, more)

    def _keys(self, front: Front, say: Phrases) -> tuple[KeyHint, ...]:
        """The keys that work now, in the order of their numbers. Undo is shown where it would find something."""
        hints = [
            KeyHint(front.key_of(action), say.say(label))
            for action, label in front.actions.items()
            if action != "undo" or front.desk.undoable
        ]
        if front.room is Room.ENQUIRY and Command.WHY in front.desk.prompt.commands:
            hints.append(KeyHint("Enter", say.say("command.WHY")))
        return tuple(sorted(hints, key=lambda hint: hint.order))

    def _history(self, front: Front, say: Phrases) -> tuple[HistoryRow, ...]:
        """The last scans: all of them in the history room, three after a restart, none otherwise."""
        if front.room is Room.HISTORY:
            return history_list(front, say, self._clock_text, HISTORY_ROWS)
        restarted = front.room is Room.TASK and front.shown.told is None and not front.shown.menu
        return history_list(front, say, self._clock_text, RESTART_ROWS) if restarted else ()

    def _health(self, front: Front, say: Phrases) -> tuple[HealthRow, ...]:
        if front.room is not Room.HEALTH:
            return ()
        centre = centre_rows(front.ledger, _state(front), self._mono_ms(), self._now_ms(), say)
        return health_list(front.ledger, self._clock.now(), self._scanner_text(), centre, say)

    def _notes(self, front: Front, say: Phrases) -> tuple[str, ...]:
        if front.room is Room.HELP:
            return help_list(front, say)
        if front.room is Room.PARKED:
            return follow_up_list(front.ledger, self._clock.now().astimezone(self._zone).date(), say)
        return ()


def _state(front: Front) -> SyncState | None:
    return None if front.sync is None else front.sync.state


def _fault_panel(fault: ScannerError, say: Phrases) -> Panel:
    """What keeps the work from going on, and what to do; a fault of the program's own has an id to report."""
    if isinstance(fault, ProgramError):
        headline = say.say("screen.fault.program", {"fault": fault.fault})
        return Panel(Mark.STOP, say.say("screen.word.stop"), headline, (say.say("screen.fault.remedy"),))
    headline = say.say("refusal.LEDGER_STOPPED", {"cause": fault.message})
    return Panel(Mark.STOP, say.say("screen.word.stop"), headline, (printable(fault.remedy),))


def _paging(front: Front, say: Phrases, keys: tuple[KeyHint, ...]) -> KeyHint | None:
    """The key for next turns pages where it has no other use."""
    hint = KeyHint(front.key_of("skip"), say.say("screen.key.page"))
    return None if any(shown.key == hint.key for shown in keys) else hint


def _giant(say: Phrases, noun: str) -> str:
    """The giant word; a noun without a phrase is itself what is large: a bin, a number."""
    return say.say(f"noun.{noun}") if say.has(f"noun.{noun}") else printable(noun)


def _progress_text(say: Phrases, done: int | None, total: int | None) -> str:
    if done is None:
        return ""
    code = "screen.progress" if total else "screen.done"
    return say.say(code, {"done": done, "total": total})


def _menu(front: Front, say: Phrases) -> tuple[MenuEntry, ...]:
    return tuple(
        MenuEntry(
            choice.digit,
            say.say(choice.name.code, choice.name.parameters),
            "" if choice.detail is None else say.say(choice.detail.code, choice.detail.parameters),
        )
        for choice in front.shown.menu
    )
