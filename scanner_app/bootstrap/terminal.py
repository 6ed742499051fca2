"""The running terminal: consumer, sources, beeper and view, behind the driver that the screens know."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from typing import TYPE_CHECKING

from devices import beeper
from devices.profile import ScannerProfile
from devices.terminal_keys import KeyPress, TerminalKeys, Verdict
from scanner_app.bootstrap.enrolling import ScannedEnrolment
from scanner_app.bootstrap.log import start_log, stop_log
from scanner_app.bootstrap.scanners import ScannerBoard, beeper_of
from scanner_app.bootstrap.station import desk_of, intake_of, open_ledger
from scanner_app.errors import ScannerError
from scanner_app.store.outbox import OutboxReader
from scanner_app.terminal.consumer import Bounds, Consumer
from scanner_app.terminal.desk import Told
from scanner_app.terminal.faults import LOG
from scanner_app.terminal.front import LEAVE_WITHIN_NS, Front
from scanner_app.terminal.presenter import Presenter
from scanner_app.terminal.view import Room
from scanner_app.workflows.step import Line
from screens.keyboard import hand_on
from sync.exchange import NoticeCode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from logging import Handler

    from devices.beeper import Beeper
    from devices.scan import RawScan
    from devices.source import SourceStatus
    from devices.terminal_keys import Heard
    from scanner_app.bootstrap.scanners import Scanner
    from scanner_app.bootstrap.station import Station
    from scanner_app.bootstrap.syncing import Centre
    from scanner_app.errors import ProgramError
    from scanner_app.terminal.view import View
    from scanner_app.workflows.step import Tone
    from sync.binding import Binding
    from sync.driver import SyncState

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
TRIGGER_KEY = "f12"
WEDGE_PROFILE = ScannerProfile("wedge")


class Terminal:
    """The running terminal: consumer, sources, beeper and view. What the Textual app drives (screens.base.Driver)."""

    def __init__(
        self, station: Station, scanners: Sequence[Scanner], stripe: Callable[[Front], Line] | None = None
    ) -> None:
        config, clock = station.config, station.clock
        self._station = station
        self._sources = [scanner.source for scanner in scanners]
        self._board = ScannerBoard(scanners)
        self._ring: Callable[[str], None] = _no_bell
        self._beeper: Beeper | None = None
        self._presenter = Presenter(config, clock, self._board.text, stripe)
        self._leave: Callable[[], object] = _nothing
        self._trigger: Callable[[Front], None] | None = None
        self._quit_asked_ns = -LEAVE_WITHIN_NS
        self._view: View | None = None
        self._callbacks: list[Callable[[], None]] = []
        self._wedge = TerminalKeys(WEDGE_PROFILE) if config.scan.wedge else None
        self._front = Front(
            lambda ledger: desk_of(station, ledger), clock, config.keys, config.screen.idle_lock_minutes * 60,
            self._publish, self._tell,
        )  # fmt: skip
        bounds = Bounds(config.scan.guard_ms, config.scan.spill_after_ms, config.scan.queue_max)
        self._consumer = Consumer(lambda: open_ledger(station), self._front, intake_of(station), clock, bounds)
        self._centre: Centre | None = None
        self._entries = 0
        self._log: Handler | None = None
        self.fault: ProgramError | None = None
        self.enrolled = False
        """Whether the home was bound to a centre meanwhile: then it is left, to begin anew under the centre's names."""
        self._invitations = ScannedEnrolment(station.home.state_folder, self._may_enrol, self._say, self._bound)
        self._consumer.died = self._died
        self._front.submit = self.submit
        self._front.retry = self._consumer.retry

    def start(self) -> None:
        """Opens the ledger, then the scanners. Raises StoreError or ConfigError."""
        self._log = start_log(self._station.home.log_folder)
        config = self._station.config
        LOG.info("started", extra={"site": config.site.id, "device": config.device.id, "pid": os.getpid()})
        console = os.environ.get("TERM") == "linux"
        self._beeper = beeper_of(self._station.config, self._ring_bell, console=console)
        self._consumer.start()
        for source in self._sources:
            source.start(self.submit, self._source_changed)
        if self._station.binding is not None:
            self._connect(self._station.binding)

    def _connect(self, binding: Binding) -> None:
        """Begins to talk to the centre, beside everything else. Raises SyncError for keys that cannot be read."""
        from scanner_app.bootstrap.syncing import Centre  # noqa: PLC0415 - a home without one never loads the network

        reader = partial(OutboxReader.open, self._station.home.ledger_path)
        centre = Centre(self._station, binding, self._consumer.call, reader)
        centre.driver.changed = self._linked
        centre.driver.failed = self._sync_failed
        centre.books.waits_since = self._consumer.waits_since
        centre.books.brought = partial(self._consumer.post, self._front.refresh)
        self._centre = self._front.sync = centre
        centre.start()

    def _linked(self, state: SyncState) -> None:
        """On the driver's thread: the word on the status line has changed."""
        notice = None if state.notice is None else state.notice.value
        LOG.info("centre", extra={"state": state.link.value, "code": notice, "cause": state.told or None})
        self._consumer.post(self._front.refresh)

    def _sync_failed(self, fault: Exception) -> None:
        """On the driver's thread: it goes on by itself, and so does the work."""
        if isinstance(fault, ScannerError):
            LOG.warning("sync failed", extra={"code": fault.code})
        else:
            LOG.error("sync failed", exc_info=fault)

    def stop(self) -> None:
        """Sources stop, the conversation and the queue end, the ledger closes, the log ends."""
        for source in self._sources:
            source.stop()
        if self._centre is not None:
            self._centre.stop()
        self._consumer.stop()
        if self._beeper is not None:
            self._beeper.close()
        LOG.info("ended", extra={"pid": os.getpid()})
        stop_log(self._log)

    def submit(self, raw: RawScan) -> None:
        """A scan from any source."""
        if self._invitations.takes(raw):
            return
        if self._centre is not None:
            self._centre.books.scanned_ms = raw.monotonic_ns // NS_PER_MS
        if not self._consumer.submit(raw) and self._beeper is not None:
            self._beeper.play(beeper.Tone.BAD)

    def _source_changed(self, status: SourceStatus) -> None:
        LOG.info("scanner", extra={"source": status.source, "state": status.state.value, "code": status.code})
        self._board.changed(status)
        self._consumer.post(_nothing)

    def _publish(self, front: Front) -> None:
        self._view = self._presenter.view(front)
        entries = front.ledger.counters().entries
        if self._centre is not None and entries != self._entries:
            self._centre.driver.committed()
        self._entries = entries
        for callback in self._callbacks:
            callback()

    def _tell(self, told: Told) -> None:
        if self._beeper is not None:
            self._beeper.play(beeper.Tone(told.tone.value))

    def _ring_bell(self, text: str) -> None:
        """On the beeper's thread: whatever writes to the terminal by then."""
        self._ring(text)

    # What the app drives.

    def view(self) -> View:
        """The latest view; there is one once `start` has returned."""
        if self._view is None:
            message = "the terminal has not been started"
            raise AssertionError(message)
        return self._view

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Calls back, on the ledger thread, after each new view."""
        self._callbacks.append(callback)

    def bell(self, ring: Callable[[str], None]) -> None:
        """How the bell's characters are written to the terminal."""
        self._ring = ring

    def key(self, name: str) -> None:
        """A key by name, in its turn among the scans. Ctrl-C twice within two seconds ends the program."""
        if name == "ctrl+c":
            self._ask_to_quit()
        else:
            self._consumer.post(lambda: self._front.press(name))

    def trigger(self, pull: Callable[[Front], None]) -> None:
        """What F12 does where there is a virtual scanner: pull its trigger, on the ledger thread in its turn."""
        self._trigger = pull

    def quitting(self, leave: Callable[[], object]) -> None:
        """How the program is left."""
        self._leave = leave

    def _died(self, fault: ProgramError) -> None:
        """The ledger thread cannot go on, nor say so on the screen: the program ends, and the command says it."""
        self.fault = fault
        self._leave()

    def _say(self, line: Line, tone: Tone) -> None:
        """Something that no scan came to, from any thread."""
        self._consumer.post(lambda: self._front.show(Told(None, tone, line, (), None)))

    def _may_enrol(self, address: str) -> Line | None:
        """Only while nobody is signed in; a home that is enrolled only where its own centre no longer lets it in."""
        if self._view is None or self._view.room is not Room.SIGN_IN:
            return Line("say.enrol.sign_out")
        if self._centre is None:
            return None
        at_home = address.startswith(self._centre.binding.url)
        turned_away = self._centre.state.notice is NoticeCode.TURNED_AWAY
        return None if at_home and turned_away else Line("say.enrol.enrolled")

    def _bound(self) -> None:
        self.enrolled = True
        self._leave()

    def _ask_to_quit(self) -> None:
        """Decided here, not in its turn: a ledger that is stuck keeps nobody from leaving."""
        now_ns = self._station.clock.monotonic_ns()
        if now_ns - self._quit_asked_ns <= LEAVE_WITHIN_NS:
            self._leave()
        self._quit_asked_ns = now_ns
        self._consumer.post(self._front.ask_to_leave)

    def type_text(self, text: str) -> None:
        """Characters typed by hand."""
        self._consumer.post(lambda: self._front.type_text(text))

    def wedge_key(self, name: str, character: str | None, now_ns: int) -> bool:
        """A key before any binding sees it: True when it belongs to a scan, or may; held-back keys are handed on."""
        pull = self._trigger
        if name == TRIGGER_KEY and pull is not None:
            self._consumer.post(lambda: pull(self._front))
            return True
        if self._wedge is None:
            return False
        heard = self._wedge.key(KeyPress(name, character), now_ns=now_ns, wall_ms=self._wall_ms())
        self._heard(heard)
        self._watch_wedge(now_ns)
        return heard.verdict is Verdict.SWALLOW

    def paste(self, text: str) -> bool:
        """A block of text handed over by the terminal: one scan or several."""
        if self._wedge is None:
            return False
        now_ns = self._station.clock.monotonic_ns()
        self._heard(self._wedge.paste(text, now_ns=now_ns, wall_ms=self._wall_ms()))
        return True

    def _watch_wedge(self, now_ns: int) -> None:
        """Looks again when the gap has passed: keys that turned out to be typing go on to the terminal."""
        if self._wedge is None or self._wedge.due_ns is None:
            return
        delay_s = max(0, self._wedge.due_ns - now_ns) / NS_PER_S
        asyncio.get_running_loop().call_later(delay_s, self._wedge_tick)

    def _wedge_tick(self) -> None:
        if self._wedge is not None:
            now_ns = self._station.clock.monotonic_ns()
            self._heard(self._wedge.tick(now_ns=now_ns, wall_ms=self._wall_ms()))

    def _heard(self, heard: Heard) -> None:
        for press in heard.released:
            hand_on(self, press.key, press.character)
        for scan in heard.scans:
            self.submit(scan)

    def _wall_ms(self) -> int:
        return round(self._station.clock.now().timestamp() * 1000)


def _nothing() -> None:
    """A job that only has the view made anew."""


def _no_bell(text: str) -> None:
    """Until a screen says how, no bell rings."""
