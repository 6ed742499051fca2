"""The player behind `scanner replay` and the demonstration: one line, one step on the headless terminal, no threads.

It drives the same Front and Desk as the screen; only the queue is left out, since the lines come one by one. What an
idle terminal does by itself happens where the time is moved on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scanner_app.bootstrap import Station, desk_of, instant_of, intake_of, open_ledger, station_of
from scanner_app.bootstrap.enrolling import is_invitation
from scanner_app.cli.replay_lines import NEW_PROFILE, OFFLINE, PROFILES, checked_line, refused
from scanner_app.clock import SettableClock
from scanner_app.config import Home
from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import Refused
from scanner_app.intake import RawScan, replayed_scan
from scanner_app.terminal.front import Front
from scanner_app.terminal.telling import phrases_for, sentence
from scanner_app.terminal.view import Room
from scanner_app.workflows.step import Command, Commanded

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner_app.bootstrap.syncing import Centre
    from scanner_app.cli.replay_lines import Line, ReplayLine
    from scanner_app.store.ledger import Ledger
    from scanner_app.terminal.desk import Told

STEP_MS = 1000
SETTLE_S = 20.0
SOURCE = "replay"


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

    def step(self, given: Line, number: int) -> Line | None:
        """Runs one line; its result, or None where it only sets the stage. Raises ConfigError where it cannot run."""
        return self.play(checked_line(given, number))

    def play(self, line: ReplayLine) -> Line | None:
        """Runs a checked line."""
        if line.expected is not None:
            return self._expect(line.expected, line.number)
        if "at" in line.stage:
            self._clock.move_to(instant_of(line.stage["at"], self._first.config.zone))
            for stage in self._stages.values():
                stage.idle()
        if "device" in line.stage:
            self._stage = self._stage_of(line.stage["device"], line.number)
        self._link(line)
        if line.step is None:
            self._stage.profile = line.stage.get("profile", self._stage.profile)
            return None
        self._clock.advance(STEP_MS)
        self._last = {"step": line.number, **self._stage.step(line)}
        return self._last

    def told_of_centre(self) -> str:
        """How far the first home's scans have come, after one more try; empty where it is enrolled nowhere."""
        return self._stages[""].told_of_centre()

    def _link(self, line: ReplayLine) -> None:
        """The link as the line has it; what waits is sent, and what all devices of the replay sent is fetched."""
        if "link" in line.stage:
            self._stage.link(line.stage["link"], line.number)
        if "wait_synced" in line.stage:
            within_s = line.stage["wait_synced"]
            for stage in (*self._stages.values(), self._stage):
                stage.sync(within_s, line.number)

    def _expect(self, expected: Line, number: int) -> Line | None:
        """None when the step before matches, else what differs."""
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
            if not home.config_path.exists() and not home.ledger_path.exists():
                raise refused(number, f"there is no home {folder}: make it with `SCANNER_HOME={folder} scanner init`")
            self._stages[name] = Stage(replace(station_of(home), clock=self._clock), self._clock)
        return self._stages[name]


class Stage:
    """One home being played."""

    def __init__(self, station: Station, clock: SettableClock) -> None:
        self._station = station
        self._clock = clock
        self._intake = intake_of(station)
        self._heard: list[Told] = []
        self.profile = PROFILES[0]
        self._centre: Centre | None = None
        self._scans = 0
        self._open()
        self._keep_in_touch()

    def _open(self) -> None:
        config = self._station.config
        self.ledger: Ledger = open_ledger(self._station)
        self._front = Front(
            lambda ledger: desk_of(self._station, ledger), self._clock, config.keys,
            config.screen.idle_lock_minutes * 60, _unseen, self._hear,
        )  # fmt: skip
        self._front.submit = self._scan
        self._front.take(self.ledger)
        self._scans = self._scans or self.ledger.counters().scans_saved
        self._connect()
        for capture in self.ledger.inbox():
            self._front.scan(capture, confirms=False)

    def _connect(self) -> None:
        """The conversation with the centre, where the home is enrolled at one; a restart begins it anew."""
        if self._station.binding is None:
            return
        from scanner_app.bootstrap.syncing import Centre  # noqa: PLC0415 - a home without one never loads the network

        ledger = self.ledger
        self._centre = Centre(self._station, self._station.binding, lambda run: run(ledger), lambda: ledger.outbox)
        self._front.sync = self._centre

    def _keep_in_touch(self) -> None:
        """What the running terminal does beside the work: after each step what waits is sent, as far as the link is."""
        if self._centre is not None:
            self._centre.driver.committed()
            self._centre.settle(0)
            self._front.refresh()

    def link(self, word: str, number: int) -> None:
        """Off by hand, or on again."""
        if self._centre is None:
            if word != OFFLINE:
                raise refused(number, 'link "online" needs a centre: enrol the home first')
            return
        self._centre.stay_offline(offline=word == OFFLINE)
        self._keep_in_touch()

    def sync(self, within_s: float, number: int) -> None:
        """Sends and fetches until there is nothing to do; the answer of the next step tells how it went."""
        if self._centre is None:
            raise refused(number, "wait_synced needs a centre: enrol the home first")
        self._centre.settle(within_s)
        self._front.refresh()

    def told_of_centre(self) -> str:
        """How many scans the centre has, and whether it holds the same stock."""
        if self._centre is None:
            return ""
        settled = self._centre.settle(SETTLE_S)
        counters = self.ledger.counters()
        agrees = settled and not counters.parked and counters.scans_sent == counters.scans_saved
        figures = f"scans {self._scans} = saved {counters.scans_saved}, the centre has {counters.scans_sent}"
        return f"{figures}{'; both hold the same stock' if agrees else ''}"

    def idle(self) -> None:
        """What happens by itself when time has passed: the lock, above all."""
        self._front.idle()
        self.ledger.checkpoint_when_idle()

    def close(self) -> None:
        """Ends the conversation and closes the ledger."""
        if self._centre is not None:
            self._centre.close()
        self.ledger.close()

    def _hear(self, told: Told) -> None:
        self._heard.append(told)

    def _scan(self, raw: RawScan) -> None:
        if is_invitation(raw):
            return  # a secret, and no scan: the terminal enrols by it, a replay does not
        guard_ns = self._station.config.scan.guard_ms * 1_000_000
        capture = self._intake.capture(raw)
        if self._front.is_answer(capture):
            self._front.answer(capture)
            return
        self._scans += 1
        confirms = raw.monotonic_ns >= self._front.prompt_shown_ns + guard_ns
        self._front.scan(capture, confirms=confirms)

    def step(self, line: ReplayLine) -> Line:
        """Runs one step; what it came to."""
        self._heard = []
        before = self._front.desk.prompt.code
        self._plays()[line.step or ""](line)
        self._keep_in_touch()
        return self._result(prompt_changed=self._front.desk.prompt.code != before)

    def _plays(self) -> dict[str, Callable[[ReplayLine], None]]:
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

    def _play_scan(self, line: ReplayLine) -> None:
        self._scan(self._raw(line, line.given["scan"]))

    def _raw(self, line: ReplayLine, text: str) -> RawScan:
        """A scan as the scanner of the line, or of the stage, would have delivered it."""
        commissioned = line.stage.get("profile", self.profile) != NEW_PROFILE
        wall_ms = round(self._clock.now().timestamp() * 1000)
        source = line.given.get("source", SOURCE)
        return replayed_scan(text, source, self._clock.monotonic_ns(), wall_ms, commissioned=commissioned)

    def _play_key(self, line: ReplayLine) -> None:
        key = line.given["key"]
        if len(key) == 1:
            self._front.type_text(key)
        else:
            self._front.press(key.lower() if key.lower() in {"enter", "escape", "backspace"} else key)

    def _play_command(self, line: ReplayLine) -> None:
        self._front.show(self._front.desk.card(line.given["command"].upper()))

    def _play_text(self, line: ReplayLine) -> None:
        """Typed by hand: the keys of the screen, F6 first where nothing asks for typing yet."""
        if not self._front.typing_secret:
            self._front.press(self._station.config.keys.enter)
        self._front.type_text(str(line.given["text"]))
        self._front.press("enter")

    def _play_sign_in(self, line: ReplayLine) -> None:
        self._scan(self._raw(line, line.given["sign_in"]))
        if self._front.typing_secret:
            self._clock.advance(STEP_MS)
            self._front.show(self._front.desk.pin(line.given["pin"]))

    def _play_open(self, line: ReplayLine) -> None:
        if not self._front.recall:
            self._front.leave_all()
        self._front.show(self._front.desk.open(line.given["open"], line.given.get("document")))

    def _play_second_pack(self, line: ReplayLine) -> None:  # noqa: ARG002 - every play takes its line
        self._front.show(self._front.desk.command(Commanded(Command.SECOND_PACK)))

    def _play_restart(self, line: ReplayLine) -> None:  # noqa: ARG002 - every play takes its line
        """A battery pull: nothing in memory survives; the ledger is opened anew."""
        self.close()
        self._clock.boot_id = f"{self._clock.boot_id}+"
        self._open()

    def _result(self, *, prompt_changed: bool) -> Line:
        say = phrases_for(self._station.config, self._language())
        told = self._heard[-1] if self._heard else None
        prompt = self._front.desk.prompt
        saved = self.ledger.counters().scans_saved
        shared = {"prompt": say.say(prompt.code, prompt.parameters), "prompt_code": prompt.code, "saved": saved}
        if self._centre is not None:
            counters = self.ledger.counters()
            shared |= {
                "sent": counters.scans_sent, "parked": counters.parked, "link": self._centre.state.link.value,
            }  # fmt: skip
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
            "entries": [each.entry_id for each in self._heard if each.entry_id],
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
