"""The player behind `scanner replay` and the demonstration: one line, one step on the headless terminal, no threads.

It drives the same Front and Desk as the screen; only the queue is left out, since the lines come one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scanner_app.bootstrap import Station, desk_of, instant_of, intake_of, open_ledger
from scanner_app.clock import SettableClock
from scanner_app.config import Home, read_config
from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import Refused
from scanner_app.errors import ConfigError
from scanner_app.intake import RawScan, replayed_scan
from scanner_app.phrases import phrases_of
from scanner_app.terminal.front import Front
from scanner_app.terminal.telling import sentence
from scanner_app.terminal.view import Room
from scanner_app.workflows.step import Command, Commanded

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner_app.store.ledger import Ledger
    from scanner_app.terminal.desk import Told

STEP_MS = 1000
SOURCE = "replay"
PROFILES = ("test", "new")
Line = dict[str, Any]


class Player:
    """Plays steps on one home, or on several beside each other (`{"device": "B"}`)."""

    def __init__(self, station: Station) -> None:
        if not isinstance(station.clock, SettableClock):
            message = "a replay needs a clock that can be set"
            raise TypeError(message)
        self._clock = station.clock
        self._first = station
        self._stages = {"": Stage(station, self._clock)}
        self._stage = self._stages[""]
        self._last: Line = {}

    def close(self) -> None:
        """Closes every ledger."""
        for stage in self._stages.values():
            stage.close()

    def step(self, line: Line, number: int) -> Line | None:
        """Runs one line; its result, or None for lines that only set the stage (at, device, link)."""
        if "expect" in line:
            return self._expect(line["expect"], number)
        if "device" in line and len(line) == 1:
            self._stage = self._stage_of(str(line["device"]), number)
            return None
        if "at" in line:
            self._clock.set(instant_of(str(line["at"]), self._first.config.zone))
            return None
        if "link" in line or "wait_synced" in line:
            return None
        self._clock.advance(STEP_MS)
        self._last = {"step": number, **self._stage.step(line, number)}
        return self._last

    def _expect(self, expected: object, number: int) -> Line | None:
        """None when the step before matches, else what differs."""
        if not isinstance(expected, dict):
            raise _bad(number, "expect must be an object")
        differs = {key: self._last.get(key) for key, value in expected.items() if self._last.get(key) != value}
        if not differs:
            return None
        return {"step": number, "matched": False, "expected": expected, "got": differs}

    def _stage_of(self, name: str, number: int) -> Stage:
        if name in {"", "A"}:
            return self._stages[""]
        if name not in self._stages:
            folder = self._first.home.state_folder.parent / name
            home = Home(folder / "config.toml", folder)
            if not home.config_path.exists():
                raise _bad(number, f"there is no home {folder}: make it with `scanner init`")
            self._stages[name] = Stage(Station(home, read_config(home.config_path), self._clock), self._clock)
        return self._stages[name]


class Stage:
    """One home being played."""

    def __init__(self, station: Station, clock: SettableClock) -> None:
        self._station = station
        self._clock = clock
        self._intake = intake_of(station)
        self._told: Told | None = None
        self._open()

    def _open(self) -> None:
        config = self._station.config
        self.ledger: Ledger = open_ledger(self._station)
        self._front = Front(
            lambda ledger: desk_of(self._station, ledger), self._clock, config.keys,
            config.screen.idle_lock_minutes * 60, _unseen, self._hear,
        )  # fmt: skip
        self._front.submit = self._scan
        self._front.take(self.ledger)
        for capture in self.ledger.inbox():
            self._front.scan(capture, confirms=False)

    def close(self) -> None:
        """Closes the ledger."""
        self.ledger.close()

    def _hear(self, told: Told) -> None:
        self._told = told

    def _scan(self, raw: RawScan) -> None:
        guard_ns = self._station.config.scan.guard_ms * 1_000_000
        confirms = raw.monotonic_ns >= self._front.prompt_shown_ns + guard_ns
        self._front.scan(self._intake.capture(raw), confirms=confirms)

    def step(self, line: Line, number: int) -> Line:
        """Runs one line; what it came to."""
        self._told = None
        before = self._front.desk.prompt.code
        for key, play in self._plays().items():
            if key in line:
                play(line, number)
                return self._result(prompt_changed=self._front.desk.prompt.code != before)
        raise _bad(number, f"no step is called {', '.join(sorted(line))}")

    def _plays(self) -> dict[str, Callable[[Line, int], None]]:
        return {
            "scan": self._play_scan,
            "key": self._play_key,
            "command": self._play_command,
            "text": self._play_text,
            "sign_in": self._play_sign_in,
            "open": self._play_open,
            "second_pack": self._play_second_pack,
            "restart": self._play_restart,
        }

    def _play_scan(self, line: Line, number: int) -> None:
        profile = line.get("profile", PROFILES[0])
        if not isinstance(line["scan"], str) or profile not in PROFILES:
            raise _bad(number, f"scan must be text, profile one of {', '.join(PROFILES)}")
        self._scan(self._raw(line["scan"], str(line.get("source", SOURCE)), commissioned=profile != "new"))

    def _raw(self, text: str, source: str, *, commissioned: bool = True) -> RawScan:
        wall_ms = round(self._clock.now().timestamp() * 1000)
        return replayed_scan(text, source, self._clock.monotonic_ns(), wall_ms, commissioned=commissioned)

    def _play_key(self, line: Line, number: int) -> None:  # noqa: ARG002 - every play takes the line's number
        key = str(line["key"])
        if len(key) == 1:
            self._front.type_text(key)
        else:
            self._front.press(key.lower() if key.lower() in {"enter", "escape", "backspace"} else key)

    def _play_command(self, line: Line, number: int) -> None:
        word = str(line["command"]).upper()
        digits = word.removeprefix("QTY")
        if word != digits and digits.isascii() and digits.isdigit():
            self._hear(self._front.desk.command(Commanded(Command.QUANTITY, int(digits))))
        elif word == "SIGN_OUT":
            self._hear(self._front.desk.sign_out())
        elif word in Command.__members__:
            self._hear(self._front.desk.command(Commanded(Command(word))))
        else:
            raise _bad(number, f"no command is called {line['command']}")

    def _play_text(self, line: Line, number: int) -> None:  # noqa: ARG002 - every play takes the line's number
        """Typed by hand: the keys of the screen, F6 first where nothing asks for typing yet."""
        if not self._front.typing_secret:
            self._front.press(self._station.config.keys.enter)
        self._front.type_text(str(line["text"]))
        self._front.press("enter")

    def _play_sign_in(self, line: Line, number: int) -> None:
        if not isinstance(line["sign_in"], str) or not isinstance(line.get("pin"), str):
            raise _bad(number, "sign_in and pin must be text")
        self._scan(self._raw(line["sign_in"], SOURCE))
        if self._front.typing_secret:
            self._clock.advance(STEP_MS)
            self._hear(self._front.desk.pin(line["pin"]))

    def _play_open(self, line: Line, number: int) -> None:  # noqa: ARG002 - every play takes the line's number
        document = line.get("document")
        self._front.leave_all()
        self._hear(self._front.desk.open(str(line["open"]), None if document is None else str(document)))

    def _play_second_pack(self, line: Line, number: int) -> None:  # noqa: ARG002 - every play takes the line's number
        self._hear(self._front.desk.command(Commanded(Command.SECOND_PACK)))

    def _play_restart(self, line: Line, number: int) -> None:  # noqa: ARG002 - every play takes the line's number
        """A battery pull: nothing in memory survives; the ledger is opened anew."""
        self.ledger.close()
        self._clock.boot_id = f"{self._clock.boot_id}+"
        self._open()

    def _result(self, *, prompt_changed: bool) -> Line:
        say = phrases_of(self._language())
        told = self._told
        prompt = self._front.desk.prompt
        saved = self.ledger.counters().scans_saved
        shared = {"prompt": say.say(prompt.code, prompt.parameters), "prompt_code": prompt.code, "saved": saved}
        if told is None or (told.verdict is None and told.say is None):
            result = "prompt" if prompt_changed else "noop"
            return {"result": result, "refusal": None, "outcome": None, "say": "", "entries": [], **shared}
        verdict = told.verdict
        refused = isinstance(verdict, Refused)
        asked = told.kind is EntryKind.NOTED and prompt_changed
        result = "refused" if refused else "prompt" if verdict is None or asked else "accepted"
        return {
            "result": result,
            "refusal": verdict.refusal.value if isinstance(verdict, Refused) else None,
            "outcome": None if verdict is None or isinstance(verdict, Refused) else verdict.outcome.value,
            "say": sentence(told, say),
            "lines": [say.say(line.code, line.parameters) for line in told.lines],
            "entries": [told.entry_id] if told.entry_id else [],
            **shared,
        }

    def _language(self) -> str:
        operator = self._front.desk.operator
        return self._station.config.screen.language if operator is None else operator.language

    @property
    def room(self) -> Room:
        """Where the worker stands."""
        return self._front.room


def _unseen(front: Front) -> None:
    """Nobody watches a replay."""


def _bad(number: int, why: str) -> ConfigError:
    return ConfigError("REPLAY_LINE", f"line {number}: {why}.")
