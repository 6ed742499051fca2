"""From the work to what is shown: every code becomes a sentence in the operator's language, here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from scanner_app.domain.facts import RecentScans
from scanner_app.domain.refusals import Accepted, Refusal, Refused
from scanner_app.domain.scan import Kind, ScanError, parse_scan
from scanner_app.phrases import phrases_of, printable
from scanner_app.terminal.front import OVERLAYS
from scanner_app.terminal.health import health_rows
from scanner_app.terminal.menus import AMISS, NEXT, offered
from scanner_app.terminal.view import (
    HealthRow,
    HistoryRow,
    KeyHint,
    Link,
    Mark,
    MenuEntry,
    Meter,
    Panel,
    Room,
    Status,
    View,
)
from scanner_app.workflows.step import Command, Line, Tone

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

    from scanner_app.clock import Clock
    from scanner_app.config import Config
    from scanner_app.domain.facts import HistoryLine
    from scanner_app.phrases import Phrases
    from scanner_app.terminal.desk import Told
    from scanner_app.terminal.front import Front

HISTORY_ROWS = 20
HISTORY_DAY = date(2026, 1, 1)
"""The century rule needs a day; what history shows of a scan holds no date."""

SSCC_SHOWN = 4
SEPARATOR_PICTURE = "\u241d"
GROUP_SEPARATOR = "\x1d"
RESTART_ROWS = 3
MARK_OF_TONE = {
    Tone.GOOD: Mark.OK,
    Tone.BAD: Mark.STOP,
    Tone.ATTENTION: Mark.ASK,
    Tone.TICK: Mark.OK,
    Tone.RECALL: Mark.RECALL,
    Tone.DONE: Mark.OK,
    Tone.NEUTRAL: Mark.INFO,
}
WAYS_OF_KEY = {"undo": (Command.UNDO,), "back": (Command.BACK,), "skip": NEXT, "damaged": AMISS}


@dataclass(frozen=True, slots=True)
class ScannerText:
    """What the status says of the scanners: a phrase and whether all is well."""

    line: Line
    ok: bool


class Presenter:
    """Makes a View of a Front. Reads the ledger for history alone, when history is what is shown."""

    def __init__(
        self, config: Config, clock: Clock, scanner_text: Callable[[], ScannerText], stripe: Line | None
    ) -> None:
        self._config = config
        self._clock = clock
        self._zone: ZoneInfo = config.zone
        self._scanner_text = scanner_text
        self._stripe = stripe
        self._phrases = phrases_of(config.screen.language)

    def phrases(self, front: Front) -> Phrases:
        """The phrases of whoever is signed in, else of the device."""
        operator = front.desk.operator
        language = self._config.screen.language if operator is None else operator.language
        if language != self._phrases.language:
            self._phrases = phrases_of(language)
        return self._phrases

    def view(self, front: Front) -> View:
        """Everything a screen shows now."""
        say = self.phrases(front)
        room = front.room
        prompt = front.desk.prompt
        task = front.desk.work.task
        progress = task.progress if task is not None and room is Room.TASK else None
        scanner = self._scanner_text()
        total = None if progress is None else progress.total
        told = front.shown.told
        overlaid = room in OVERLAYS
        quiet = overlaid or room is Room.MENU
        return View(
            room=room,
            status=self._status(front, say),
            meter=self._meter(front),
            title=self._title(front, say),
            subtitle=say.say(prompt.code, prompt.parameters) if room is Room.MENU else "",
            verb="" if quiet else say.say(prompt.code, prompt.parameters),
            giant="" if quiet else _giant(say, prompt.noun),
            done=None if progress is None else progress.done,
            total=total,
            progress_text=_progress_text(say, None if progress is None else progress.done, total),
            lines=() if told is None or overlaid else tuple(say.say(line.code, line.parameters) for line in told.lines),
            panel=None if overlaid else self._panel(front, say),
            keys=self._keys(front, say),
            scanner_text=say.say(scanner.line.code, scanner.line.parameters),
            scanner_ok=scanner.ok,
            blocking=prompt.blocking and room is Room.TASK and told is not None and told.tone is Tone.RECALL,
            entering=self._entering(front),
            secret=front.typing_secret,
            stripe="" if self._stripe is None else say.say(self._stripe.code, self._stripe.parameters),
            menu=_menu(front, say),
            history=self._history(front, say),
            health=self._health(front, say),
            notes=self._notes(front, say),
        )

    def _entering(self, front: Front) -> str | None:
        entering = front.shown.entering
        if entering is None:
            return "" if front.typing_secret else None
        return printable(entering)

    def _clock_text(self, at_ms: int) -> str:
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(self._zone).strftime("%H:%M")

    def _status(self, front: Front, say: Phrases) -> Status:
        operator = front.desk.operator
        now_ms = round(self._clock.now().timestamp() * 1000)
        return Status(
            user="" if operator is None else printable(operator.name),
            site=self._config.site.name,
            read_point=self._config.device.read_point,
            link=Link.NO_CENTRE,
            link_text=say.say("screen.link.no_centre"),
            clock=self._clock_text(now_ms),
        )

    def _meter(self, front: Front) -> Meter:
        return Meter(
            scans=front.shown.captured,
            saved=front.ledger.counters().scans_saved,
            waiting=front.shown.waiting,
        )

    def _title(self, front: Front, say: Phrases) -> str:
        room = front.room
        task = front.desk.work.task
        if room is Room.TASK and task is not None:
            name = say.say(f"screen.title.{task.workflow.name}")
            return f"{name}  {printable(task.row.document)}" if task.row.document else name
        return say.say(f"screen.title.{room.value}")

    def _panel(self, front: Front, say: Phrases) -> Panel | None:
        if front.shown.fault is not None:
            fault = front.shown.fault
            headline = say.say("refusal.LEDGER_STOPPED", {"cause": fault.message})
            return Panel(Mark.STOP, say.say("screen.word.stop"), headline, (printable(fault.remedy),))
        if front.shown.told is None:
            return None
        return panel_of(front.shown.told, say, self._clock_text(round(self._clock.now().timestamp() * 1000)))

    def _keys(self, front: Front, say: Phrases) -> tuple[KeyHint, ...]:
        """The keys that work now, in the order of their numbers."""
        if front.room is Room.FAULT:
            return (KeyHint(front.keys.sync, say.say("screen.key.retry")),)
        if front.room is Room.SIGN_IN:
            return ()
        hints = {front.keys.help: say.say("screen.key.help")}
        if front.room in {Room.TASK, Room.ENQUIRY}:
            for action, ways in WAYS_OF_KEY.items():
                command = offered(ways, front.desk.prompt.commands)
                if command is not None:
                    hints[getattr(front.keys, action)] = say.say(f"command.{command.value}")
        others = ["history", "enter", "look_up"]
        if front.room is not Room.MENU:
            others.append("menu")
            hints.setdefault(front.keys.back, say.say("command.BACK"))
        for action in others:
            hints.setdefault(getattr(front.keys, action), say.say(f"screen.key.{action}"))
        return tuple(KeyHint(key, hints[key]) for key in sorted(hints, key=_key_order))

    def _history(self, front: Front, say: Phrases) -> tuple[HistoryRow, ...]:
        """The last scans: all of them in the history room, three after a restart, none otherwise."""
        restarted = front.room is Room.TASK and front.shown.told is None
        if front.room is not Room.HISTORY and not restarted:
            return ()
        lines = front.ledger.answer(RecentScans(HISTORY_ROWS if front.room is Room.HISTORY else RESTART_ROWS))
        if not isinstance(lines, tuple):
            return ()
        return tuple(self._history_row(line, say) for line in lines)

    def _history_row(self, line: HistoryLine, say: Phrases) -> HistoryRow:
        mark = Mark.OK if line.accepted else Mark.STOP
        if line.code == Refusal.RECALLED.value:
            mark = Mark.RECALL
        elif line.code == Refusal.ALREADY_SCANNED.value or line.kind == "noted":
            mark = Mark.INFO
        family = "outcome" if line.accepted else "refusal"
        result = say.say(f"{family}.{line.code}", line.parameters)
        return HistoryRow(self._clock_text(line.event_time), mark, _short(line.scanned, say), result)

    def _health(self, front: Front, say: Phrases) -> tuple[HealthRow, ...]:
        if front.room is not Room.HEALTH:
            return ()
        scanner = self._scanner_text()
        rows = [
            HealthRow(
                say.say("screen.health.scanner"), Mark.OK if scanner.ok else Mark.ASK,
                say.say(scanner.line.code, scanner.line.parameters),
            ),
        ]  # fmt: skip
        for row in health_rows(front.ledger, self._clock.now()):
            name, text = say.say(row.name), say.say(row.text.code, row.text.parameters)
            remedy = "" if row.remedy is None else say.say(row.remedy)
            rows.append(HealthRow(name, Mark.OK if row.ok else Mark.STOP, text, remedy))
        return tuple(rows)

    def _notes(self, front: Front, say: Phrases) -> tuple[str, ...]:
        if front.room is Room.HELP:
            return _help(front, say)
        if front.room is Room.PARKED:
            rows = front.ledger.follow_ups_open()
            lines = [
                say.say(f"follow_up.{row.code}", {"subject": row.subject, "document": row.document}) for row in rows
            ]
            return tuple(lines or [say.say("screen.parked.none")])
        return ()


def _short(scanned: str, say: Phrases) -> str:
    """A scan in a few words: the pallet's last digits, the serial, the lot, or the text itself."""
    parsed = parse_scan(scanned.replace(SEPARATOR_PICTURE, GROUP_SEPARATOR), HISTORY_DAY)
    if isinstance(parsed, ScanError):
        return printable(scanned)
    if parsed.kind is Kind.BADGE:
        return printable(scanned.partition("#")[0])
    if parsed.code is not None:
        return printable(parsed.code)
    if parsed.sscc is not None:
        return say.say("screen.scan.sscc", {"last": str(parsed.sscc)[-SSCC_SHOWN:]})
    keys = ((parsed.serial, "screen.scan.serial"), (parsed.lot, "screen.scan.lot"), (parsed.gtin, "screen.plain"))
    code, text = next(((code, str(key)) for key, code in keys if key is not None), ("screen.plain", scanned))
    return say.say(code, {"text": text})


def _key_order(key: str) -> tuple[int, str]:
    digits = key[1:]
    return (int(digits), "") if key[:1] == "F" and digits.isdigit() else (99, key)


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


def _help(front: Front, say: Phrases) -> tuple[str, ...]:
    """The prompt in full, then what each key does."""
    prompt = front.desk.prompt
    keys = [
        say.say("screen.help.key", {"key": getattr(front.keys, name), "does": say.say(f"screen.help.{name}")})
        for name in ("undo", "back", "skip", "history", "enter", "damaged", "look_up", "menu")
    ]
    return (say.say(prompt.code, prompt.parameters), "", *keys)


def panel_of(told: Told, say: Phrases, clock: str) -> Panel | None:
    """The result panel of a step; None where nothing is to be said."""
    verdict = told.verdict
    if verdict is None and told.say is None:
        return None
    mark = MARK_OF_TONE[told.tone]
    if isinstance(verdict, Refused) and mark is Mark.OK:
        mark = Mark.STOP
    badge = f"+{told.units}" if told.units and isinstance(verdict, Accepted) else ""
    return Panel(mark, say.say(f"screen.word.{mark.value}"), sentence(told, say), (), badge, clock)


def sentence(told: Told, say: Phrases) -> str:
    """What a step came to, in one sentence."""
    if told.say is not None:
        return say.say(told.say.code, told.say.parameters)
    if isinstance(told.verdict, Refused):
        return say.say(f"refusal.{told.verdict.refusal.value}", told.verdict.parameters)
    if told.verdict is not None:
        return say.say(f"outcome.{told.verdict.outcome.value}", told.verdict.parameters)
    return ""
