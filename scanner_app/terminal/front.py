"""The front of the headless terminal: keys, menus and typing by hand, on top of the desk.

Everything here runs on the ledger thread, one happening after the other, so that there is nothing to lock. Keys are
those of config.toml's [keys]; digits choose only on menus; typed text never goes to a focused widget.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from scanner_app.domain.facts import DocumentSummary, RecentScans
from scanner_app.intake import RawScan, keyed_digits, typed_scan, went_on
from scanner_app.terminal.cards import HELP_SHOWN
from scanner_app.terminal.counts import counts_due
from scanner_app.terminal.desk import Desk, Told
from scanner_app.terminal.keys import OVERLAYS, WAYS_OF_KEY, Standing, actions_at
from scanner_app.terminal.menus import (
    Choice,
    Waiting,
    document_choices,
    main_choices,
    offered,
    recall_choices,
    task_choices,
)
from scanner_app.terminal.quick_digits import Asked
from scanner_app.terminal.shown import Results, Shown
from scanner_app.terminal.view import Room
from scanner_app.workflows.step import Command, Commanded, Line, Tone
from sync.link import LinkState, Override

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner_app.clock import Clock
    from scanner_app.config import KeysTable
    from scanner_app.domain.facts import SummaryFact
    from scanner_app.errors import ScannerError
    from scanner_app.store.inbox import Capture
    from scanner_app.store.ledger import Ledger
    from scanner_app.terminal.keys import Actions
    from scanner_app.terminal.linked import Sync
    from scanner_app.workflows.step import Prompt

TYPED_LENGTH_MAX = 120
LINE_ENDS = "\r\n"
"""What a text that is pasted as typing may end with; Enter is a key of its own."""
NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
LEAVE_WITHIN_NS = 2 * NS_PER_S
"""How long the first Ctrl-C waits for the second one, which ends the program."""


class Front:
    """Keys and typing of one terminal. `publish` is called after each step, on the ledger thread."""

    def __init__(
        self, make_desk: Callable[[Ledger], Desk], clock: Clock, keys: KeysTable, idle_lock_s: int,
        publish: Callable[[Front], None], tell: Callable[[Told], None],
    ) -> None:  # fmt: skip
        self.submit: Callable[[RawScan], object] = _nowhere
        self.retry: Callable[[], None] = _nothing
        self.sync: Sync | None = None
        self._make_desk = make_desk
        self._clock = clock
        self._keys = keys
        self._actions = {self.key_of(name): name for name in keys.__slots__}
        self._idle_lock_ns = idle_lock_s * NS_PER_S
        self._publish = publish
        self._tell = tell
        self._touched_ns = clock.monotonic_ns()
        self._results = Results()
        self.shown = Shown()
        self.prompt_shown_ns = clock.monotonic_ns()
        self.blocking_since_ns: int | None = None
        self._blocking: Prompt | None = None
        self.ledger: Ledger
        self.desk: Desk

    # Driven by the consumer.

    def take(self, ledger: Ledger) -> None:
        """Takes up the work that the ledger holds: at the start, and after a fault was mended."""
        self.ledger = ledger
        self.desk = self._make_desk(ledger)
        if self._lay_switched_off():
            self.desk.lock()
        self.shown = replace(self.shown, fault=None, menu=self._menu())
        self._prompt_shown()

    def _lay_switched_off(self) -> bool:
        """Whether the last scan is longer ago than the idle time: a device that was left asks for the badge."""
        lines = self.ledger.answer(RecentScans(1))
        if not (isinstance(lines, tuple) and lines and self.desk.work.session.signing.working):
            return False
        away_ms = abs(self._clock.now().timestamp() * 1000 - lines[0].event_time)  # a clock that was lost counts too
        return bool(away_ms * NS_PER_MS >= self._idle_lock_ns)

    def scan(self, capture: Capture, *, confirms: bool) -> None:
        """One scan, judged and saved."""
        self._leave_overlays()
        self.show(self.desk.scan(capture, confirms=confirms))

    @property
    def asked(self) -> Asked:
        """What digits that come now may answer."""
        typing = self._wants_number or self.shown.entering is not None
        return Asked(pin=self.typing_secret, badge=self.beneath is Room.SIGN_IN, typing=typing)

    def is_answer(self, capture: Capture) -> bool:
        """Whether digits that came as quickly as a scan's are what a person typed: then they are no scan."""
        digits = keyed_digits(capture)
        return bool(digits) and self.asked.takes(digits)

    def answer(self, capture: Capture) -> None:
        """Digits that are an answer, as if they had been typed one by one, with the Enter behind them."""
        self._touched_ns = self._clock.monotonic_ns()
        begun = self.asked.pin or self.asked.typing
        typed = ((self.shown.entering or "") + keyed_digits(capture))[:TYPED_LENGTH_MAX]
        self.shown = replace(self.shown, entering=typed, overlay=None)
        if not (begun and went_on(capture)):
            self._enter()

    def set_aside(self, capture: Capture, fault: str) -> None:
        """A scan that the program failed at more than once, refused so that work goes on without it."""
        self._leave_overlays()
        self.show(self.desk.set_aside(capture, fault))

    def stopped(self, fault: ScannerError) -> None:
        """Nothing can be taken now: red, with the remedy, until a retry succeeds."""
        newly = self.shown.fault is None
        self.shown = replace(self.shown, fault=fault, overlay=None, entering=None, told=None)
        if newly:
            self._tell(Told(None, Tone.BAD, None, (), None))

    def started_again(self, fault: str) -> None:
        """The work is taken up after a fault of the program's own, whose id is told."""
        self.show(Told(None, Tone.BAD, Line("say.fault.started_again", {"fault": fault}), (), None))

    def idle(self) -> None:
        """A second without anything: locks the session when nobody has touched the device for the idle time."""
        signing = self.desk.work.session.signing
        if signing.working and self._clock.monotonic_ns() - self._touched_ns >= self._idle_lock_ns:
            self.desk.lock()
            self.shown = replace(self.shown, overlay=None, entering=None, told=None)
            self._close_menu()
            self._prompt_shown()

    def publish(self, captured: int, waiting: int) -> None:
        """Shows the present state."""
        self.shown = replace(self.shown, captured=captured, waiting=waiting)
        self._publish(self)

    # Keys and typing.

    @property
    def beneath(self) -> Room:
        """The room of the work, whatever is laid over it."""
        return Room.FAULT if self.shown.fault is not None else self.desk.work.session.room

    @property
    def room(self) -> Room:
        """The room that is shown."""
        beneath, overlay = self.beneath, self.shown.overlay
        may_lie_over = beneath is not Room.FAULT and (beneath is not Room.SIGN_IN or overlay is Room.HELP)
        return overlay if overlay is not None and may_lie_over else beneath

    @property
    def recall(self) -> bool:
        """Whether a recall waits for its answer in the task that is shown."""
        return self.beneath is Room.TASK and self.desk.work.recall is not None

    @property
    def actions(self) -> Actions:
        """What has a key now, and the phrase of its label."""
        return self._actions_of(overlaid=self.room in OVERLAYS)

    @property
    def actions_beneath(self) -> Actions:
        """What has a key where the work stands, whatever is laid over it: help tells of these."""
        return self._actions_of(overlaid=False)

    def _actions_of(self, *, overlaid: bool) -> Actions:
        return actions_at(
            Standing(
                self.beneath, self.desk.prompt, overlaid=overlaid, menu_open=self._menu_closes and not overlaid,
                recall=self.recall, unlockable=self.desk.unlockable, sync=self._sync_label(overlaid=overlaid),
            )
        )  # fmt: skip

    def _sync_label(self, *, overlaid: bool) -> str:
        """What the sync key does: it hurries, on the menu always, elsewhere while there is no link.

        On the menu it shows health too, where it takes the link away or gives it back.
        """
        if self.sync is None or self.recall or self.beneath in {Room.SIGN_IN, Room.FAULT}:
            return ""
        if overlaid:
            in_health = self.room is Room.HEALTH and self.beneath is Room.MENU
            return "" if not in_health else f"screen.key.{'go_online' if self._kept_offline else 'stay_offline'}"
        away = self.sync.state.link is LinkState.OFFLINE and not self._kept_offline
        return "screen.key.sync" if away or self.beneath is Room.MENU else ""

    @property
    def _kept_offline(self) -> bool:
        return self.sync is not None and self.sync.state.override is Override.OFFLINE

    def _sync_key(self, sync: Sync) -> None:
        if self.room is Room.HEALTH:
            sync.stay_offline(offline=not self._kept_offline)
            return
        sync.hurry()
        if self.beneath is Room.MENU:
            self._lay_over(Room.HEALTH)

    def key_of(self, action: str) -> str:
        """The key that an action has in the configuration, as it is shown."""
        return str(getattr(self._keys, action)).upper()

    @property
    def leaving(self) -> bool:
        """Whether another Ctrl-C would end the program."""
        asked_ns = self.shown.leaving_ns
        return asked_ns is not None and self._clock.monotonic_ns() - asked_ns <= LEAVE_WITHIN_NS

    def ask_to_leave(self) -> None:
        """Ctrl-C came once: the screen says that once more ends the program."""
        self.shown = replace(self.shown, leaving_ns=self._clock.monotonic_ns())

    @property
    def typing_secret(self) -> bool:
        """Whether what is typed is a PIN."""
        return self.desk.work.session.signing.asked is not None

    def press(self, key: str) -> None:
        """A key by name: F1 … F12, escape, enter, backspace. Keys that mean nothing now do nothing."""
        self._touched_ns = self._clock.monotonic_ns()
        if key == "enter":
            self._enter()
        elif key == "backspace":
            self._erase()
        elif len(key) == 1:
            self.type_text(key)
        else:
            action = "back" if key == "escape" else self._actions.get(key.upper())
            if action is not None:
                self._act(action)

    def type_text(self, text: str) -> None:
        """Characters typed by hand: to the PIN, to the entry that F6 opened, to a number asked for, or to a menu."""
        self._touched_ns = self._clock.monotonic_ns()
        text = text.rstrip(LINE_ENDS)
        if self.shown.entering is not None or self.typing_secret or self._starts_number(text):
            typed = ((self.shown.entering or "") + text)[:TYPED_LENGTH_MAX]
            self.shown = replace(self.shown, entering=typed, overlay=None)
        elif self.shown.menu and self.room in {Room.MENU, Room.TASK}:
            self._choose(text)

    @property
    def _wants_number(self) -> bool:
        return self.beneath is Room.TASK and not self.shown.menu and self.desk.prompt.wants_number

    def _starts_number(self, text: str) -> bool:
        return self.room is Room.TASK and self._wants_number and text.isdigit()

    def _enter(self) -> None:
        entering = self.shown.entering
        if entering is None:
            if self.room is Room.ENQUIRY and Command.WHY in self.desk.prompt.commands:
                self.show(self.desk.command(Commanded(Command.WHY)))
            return
        self.shown = replace(self.shown, entering=None)
        if not entering:
            return
        if self.typing_secret:
            self.show(self.desk.pin(entering))
        elif self.room is Room.SIGN_IN and entering.isdigit():
            # Somebody's PIN, most likely: it must not get into the ledger as a scan.
            self.show(Told(None, Tone.ATTENTION, Line("say.signing.badge_wanted"), (), None))
        elif self.desk.prompt.wants_number and entering.isascii() and entering.isdigit():
            self.show(self.desk.typed(entering))
        else:
            self._typed_scan(entering)

    def _typed_scan(self, text: str) -> None:
        """A code typed by hand: a scan like any other, marked manual."""
        now_ms = round(self._clock.now().timestamp() * 1000)
        self.submit(typed_scan(text, self._clock.monotonic_ns(), now_ms))

    def _erase(self) -> None:
        if self.shown.entering is not None:
            self.shown = replace(self.shown, entering=self.shown.entering[:-1])

    # What keys do.

    def _act(self, action: str) -> None:
        if self.shown.fault is not None:
            self.retry()
        elif action == "back":
            self._back()
        elif action not in self.actions:
            return
        elif action in WAYS_OF_KEY:
            self._command_key(action)
        elif action == "enter":
            self.shown = replace(self.shown, entering="", overlay=None)
        elif action == "look_up":
            self._open("enquiry", None)
        elif action == "menu":
            self._menu_key()
        elif action == "sync" and self.sync is not None:
            self._sync_key(self.sync)
        elif action in {"history", "help"}:
            self._lay_over(Room(action))

    def _command_key(self, action: str) -> None:
        """Undo, damaged or short, and the one key for next: what the prompt offers of them."""
        command = offered(WAYS_OF_KEY[action], self.desk.prompt.commands)
        if command is not None:
            self.show(self.desk.command(Commanded(command)))

    def _back(self) -> None:
        """One step back: typing, overlay, menu, then the work's own BACK, then the look-up or the task.

        A recall is no step: it is answered, never left.
        """
        shown = self.shown
        if shown.entering is not None:
            self.shown = replace(shown, entering=None)
        elif shown.overlay is not None:
            self._leave_overlays()
        elif self._menu_closes:
            self._close_menu()
        elif self.recall:
            return
        elif Command.BACK in self.desk.prompt.commands:
            self.show(self.desk.command(Commanded(Command.BACK)))
        elif self.desk.unlockable:
            self.show(self.desk.lock())
        elif self.room in {Room.ENQUIRY, Room.TASK}:
            self._leave()
        elif self.room is Room.MENU:
            self.shown = replace(shown, menu=self._menu(), told=None)

    @property
    def _menu_closes(self) -> bool:
        """Whether a menu is open that is not the main one."""
        return bool(self.shown.menu) and (self.beneath is not Room.MENU or self.shown.deliveries)

    def _close_menu(self) -> None:
        self.shown = replace(self.shown, menu=self._menu(), deliveries=False)

    def leave_all(self) -> None:
        """To the main menu, from wherever the worker stands; nothing is lost."""
        self._leave_overlays()
        while self.desk.work.session.room in {Room.TASK, Room.ENQUIRY}:
            self._leave()

    def _leave(self) -> None:
        self.desk.leave()
        self.shown = replace(self.shown, menu=self._menu(), told=None, deliveries=False)
        self._prompt_shown()

    def _menu_key(self) -> None:
        """On a task: its commands and the way out, and once more away with them. A look-up is left for them."""
        self._leave_overlays()
        if self.room is Room.ENQUIRY:
            self._leave()
        if self.room is not Room.TASK:
            return
        if self.shown.menu:
            self._close_menu()
        else:
            choices = recall_choices() if self.recall else task_choices(self.desk.prompt.commands)
            self.shown = replace(self.shown, menu=choices)

    def _choose(self, text: str) -> None:
        chosen = next((choice for choice in self.shown.menu if choice.digit == text), None)
        if chosen is None:
            return
        if chosen.action == "documents":
            choices = document_choices(self.ledger.documents_open(), int(chosen.argument or 0), self._summary_of)
            self.shown = replace(self.shown, menu=choices, deliveries=True, told=None)
        elif chosen.action == "room" and chosen.argument is not None:
            self._lay_over(Room(chosen.argument))
        elif chosen.action == "open" and chosen.argument is not None:
            self._open(chosen.argument, None)
        elif chosen.action == "receive":
            self._open("receiving", chosen.argument)
        elif chosen.action == "command" and chosen.argument is not None:
            self.show(self.desk.command(Commanded(Command(chosen.argument))))
        elif chosen.action == "leave":
            self._leave()
        elif chosen.action == "sign_out":
            self.show(self.desk.sign_out())

    def _summary_of(self, document: str) -> SummaryFact | None:
        return cast("SummaryFact | None", self.ledger.answer(DocumentSummary(document)))

    def _open(self, workflow: str, document: str | None) -> None:
        self._leave_overlays()
        self.show(self.desk.open(workflow, document))

    def _lay_over(self, room: Room) -> None:
        self.shown = replace(self.shown, overlay=None if self.shown.overlay is room else room, entering=None)

    def _leave_overlays(self) -> None:
        self.shown = replace(self.shown, overlay=None)

    def _menu(self) -> tuple[Choice, ...]:
        """The main menu where it is what is shown; no menu elsewhere."""
        if self.desk.work.session.room is not Room.MENU:
            return ()
        tasks = self.ledger.open_tasks()
        due = counts_due(self.ledger, tasks)
        to_resolve = len(self.ledger.follow_ups_open()) + len(self.ledger.flags_open()) + len(due)
        waiting = Waiting(self.ledger.documents_open(), tasks, to_resolve)
        return main_choices(self.desk.operator, waiting)

    def refresh(self) -> None:
        """The centre brought something: the menu tells of it; what is open stays."""
        if self.shown.menu and self.beneath is Room.MENU and not self.shown.deliveries:
            self.shown = replace(self.shown, menu=self._menu())

    def show(self, told: Told) -> None:
        """The commit has returned: show the result, sound it, and note when the next prompt was shown."""
        self._touched_ns = self._clock.monotonic_ns()
        self._results.add(told)
        self.shown = replace(
            self.shown, told=told, told_ms=round(self._clock.now().timestamp() * 1000), alarm=self._alarm(told),
            menu=self._menu(), deliveries=False, entering=None, leaving_ns=None,
        )  # fmt: skip
        self._prompt_shown()
        self._tell(told)
        if told.say is not None and told.say.code == HELP_SHOWN:
            self._lay_over(Room.HELP)

    def _alarm(self, told: Told) -> Told | None:
        """What the recall that stands began with; it stays while a PIN is asked in between."""
        if self.desk.work.recall is None:
            return None
        return told if told.tone is Tone.RECALL else self.shown.alarm

    def told_of(self, event_id: str) -> Told | None:
        """What was shown and heard when this entry was made; None for older ones and those of an earlier run."""
        return self._results.of(event_id)

    def _prompt_shown(self) -> None:
        """Notes when. A question that stands already is no new one: its answer may come right after a wrong scan."""
        self.prompt_shown_ns = self._clock.monotonic_ns()
        prompt = self.desk.prompt
        blocking = prompt if prompt.blocking and self.desk.work.session.signing.working else None
        if blocking != self._blocking:
            self._blocking = blocking
            self.blocking_since_ns = None if blocking is None else self.prompt_shown_ns


def _nowhere(raw: RawScan) -> None:
    """Until the terminal is wired, typed scans go nowhere."""


def _nothing() -> None:
    """Until the terminal is wired, there is nothing to try again."""
