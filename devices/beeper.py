"""Sounds of the outcome: one port, and an adapter for the terminal's bell, for a sound device, and for silence.

Each tone can be told apart by ear alone: good is one short high beep, bad two low ones, attention rises, a tick is a
click, done falls into place, and recall is like nothing else.
"""

from __future__ import annotations

import array
import collections
import enum
import io
import math
import os
import shutil
import subprocess
import sys
import threading
import wave
from collections.abc import Callable
from typing import Final, Protocol

from devices.source import DeviceMissing

QUEUE_TONES_MAX: Final = 8
"""Tones that wait for their turn; beyond it the oldest is dropped, because the newest outcome is the one to hear."""

PLAY_SECONDS_MAX: Final = 3.0
"""After this a player that hangs is killed; the longest tone takes about one second."""

CLOSE_SECONDS_MAX: Final = PLAY_SECONDS_MAX + 1.0
SAMPLES_PER_SECOND: Final = 22_050

PLAYERS: Final = (("pw-play",), ("paplay",), ("aplay", "-q"))
"""Programs that play a WAV file, in the order of preference."""

_EDGE_SECONDS: Final = 0.004  # fades both ends of a note, which would click otherwise
_VOLUME: Final = 0.8 * 32_767


class Tone(enum.StrEnum):
    """What the worker is to understand without looking."""

    GOOD = "good"  # saved
    BAD = "bad"  # refused, nothing changed
    ATTENTION = "attention"  # saved, but look at the screen
    TICK = "tick"  # the lot or the expiry changed
    RECALL = "recall"  # this must not go anywhere
    DONE = "done"  # the task is complete
    NEUTRAL = "neutral"  # known already, nothing changed


NOTES: Final[dict[Tone, tuple[tuple[int, int], ...]]] = {
    Tone.GOOD: ((2400, 90),),
    Tone.BAD: ((300, 180), (0, 80), (300, 180)),
    Tone.ATTENTION: ((700, 90), (1000, 90), (1400, 140)),
    Tone.TICK: ((1800, 15),),
    Tone.RECALL: ((1000, 150), (500, 150), (1000, 150), (500, 150), (1000, 150), (500, 150)),
    Tone.DONE: ((1200, 80), (0, 30), (1600, 80), (0, 30), (2000, 160)),
    Tone.NEUTRAL: ((900, 60),),
}
"""Each tone as (hertz, milliseconds); 0 hertz is a pause."""


class BeeperError(ValueError):
    """A beeper that does not exist was chosen; `code` is stable, the text names the setting."""

    code = "BEEPER_UNKNOWN"


class Beeper(Protocol):
    """Makes a tone heard; never waits for it and never fails the caller."""

    def play(self, tone: Tone) -> None:
        """Sound the tone after those that still wait."""

    def close(self) -> None:
        """Let the waiting tones finish, within a bound, and give everything back. Nothing is played afterwards."""


class SilentBeeper:
    """Plays nothing: for silent mode and for runs without a person."""

    def play(self, tone: Tone) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class _QueuedBeeper:
    """Plays tones one after the other on a thread of its own."""

    def __init__(self, perform: Callable[[Tone], None], name: str) -> None:
        """Take the callable that sounds one tone and returns when it is over."""
        self._perform = perform
        self._waiting: collections.deque[Tone] = collections.deque(maxlen=QUEUE_TONES_MAX)
        self._changed = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._name = name

    def play(self, tone: Tone) -> None:
        """Queue the tone; the thread is made with the first one."""
        with self._changed:
            if self._closing:
                return
            self._waiting.append(tone)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Let what waits finish, for at most `CLOSE_SECONDS_MAX`."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS_MAX)

    def _run(self) -> None:
        """Perform tones until closed and empty."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                tone = self._waiting.popleft()
            self._perform(tone)


class TerminalBell(_QueuedBeeper):
    """Beeps through the terminal: a BEL for each note, with pitch and length where it is the Linux console.

    `write` is called on the thread of the beeper, once for each beep, with a text that goes to the terminal as it is.
    `rest` waits between two beeps (seconds), so that a terminal does not merge them.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        console: bool = False,
        rest: Callable[[float], object] | None = None,
    ) -> None:
        """Write through `write`; `console` says that the terminal is the Linux console (TERM=linux)."""
        super().__init__(self._beep, "terminal-bell")
        self._write = write
        self._console = console
        self._rest = rest or threading.Event().wait

    def _beep(self, tone: Tone) -> None:
        """Sound each note in its time."""
        for hertz, length_ms in NOTES[tone]:
            if hertz:
                self._write(f"\x1b[10;{hertz}]\x1b[11;{length_ms}]\a" if self._console else "\a")
            self._rest(length_ms / 1000)


class SoundDevice(_QueuedBeeper):
    """Plays through a sound device by a player program, from memory, without a file on the disk.

    `problem` says why the last tone was not heard, and is empty otherwise: the health screen shows it.
    """

    def __init__(self, player: tuple[str, ...]) -> None:
        """Take the command and its options; the name of the file is added to it."""
        super().__init__(self._sound, "sound-device")
        self._player = player
        self._files: dict[Tone, int] = {}
        self.problem = ""

    def close(self) -> None:
        """Finish playing and free the tones."""
        super().close()
        if self._thread is None or not self._thread.is_alive():
            for descriptor in self._files.values():
                os.close(descriptor)
            self._files.clear()

    def _sound(self, tone: Tone) -> None:
        """Run the player once and note how it ended."""
        descriptor = self._file(tone)
        command = [*self._player, f"/dev/fd/{descriptor}"]
        try:
            ended = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(descriptor,),
                timeout=PLAY_SECONDS_MAX,
                check=False,
            )
        except subprocess.TimeoutExpired:
            self.problem = f"{self._player[0]} did not finish within {PLAY_SECONDS_MAX:g} s."
        except OSError as error:
            self.problem = f"{self._player[0]} can't be run ({error.strerror})."
        else:
            self.problem = f"{self._player[0]} failed with status {ended.returncode}." if ended.returncode else ""

    def _file(self, tone: Tone) -> int:
        """Give the file in memory that holds the tone, made when it is first heard."""
        if tone not in self._files:
            descriptor = os.memfd_create(f"tone-{tone}", os.MFD_CLOEXEC)
            self._files[tone] = descriptor
            os.write(descriptor, tone_wav(tone))
        return self._files[tone]


def tone_wav(tone: Tone) -> bytes:
    """Give the tone as a WAV file: one channel, 16 bits, `SAMPLES_PER_SECOND`."""
    samples = array.array("h")
    for hertz, length_ms in NOTES[tone]:
        samples.extend(_note(hertz, length_ms))
    if sys.byteorder == "big":
        samples.byteswap()
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(SAMPLES_PER_SECOND)
        wav.writeframes(samples.tobytes())
    return file.getvalue()


def _note(hertz: int, length_ms: int) -> list[int]:
    """Give the samples of one note, faded at both ends."""
    count = SAMPLES_PER_SECOND * length_ms // 1000
    edge = _EDGE_SECONDS * SAMPLES_PER_SECOND
    turn = 2 * math.pi * hertz / SAMPLES_PER_SECOND
    return [
        int(_VOLUME * min(1.0, index / edge, (count - index) / edge) * math.sin(turn * index)) for index in range(count)
    ]


def found_player(find: Callable[[str], str | None] = shutil.which) -> tuple[str, ...] | None:
    """Give the first player that is installed, as a command, or None."""
    for program, *options in PLAYERS:
        path = find(program)
        if path is not None:
            return (path, *options)
    return None


BEEPERS: Final = ("auto", "sound", "bell", "silent")
"""What the configuration may name: `auto` is the sound device where a player is installed, else the bell."""


def choose_beeper(
    name: str,
    *,
    write: Callable[[str], None],
    console: bool = False,
    find: Callable[[str], str | None] = shutil.which,
) -> Beeper:
    """Give the beeper `name` of `BEEPERS`; `write` and `console` are those of `TerminalBell`.

    Raises `BeeperError` for another name, and `DeviceMissing` where `sound` is asked for and no player is installed.
    """
    if name not in BEEPERS:
        message = f"beeper: {name!r} is not one of {', '.join(BEEPERS)}"
        raise BeeperError(message)
    if name == "silent":
        return SilentBeeper()
    player = None if name == "bell" else found_player(find)
    if player is not None:
        return SoundDevice(player)
    if name == "sound":
        detail = "No program that plays sounds is installed."
        remedy = 'Install alsa-utils (it brings aplay), or set the beeper to "bell".'
        raise DeviceMissing(detail, remedy)
    return TerminalBell(write, console=console)
