from __future__ import annotations

import io
import sys
import threading
import wave
from pathlib import Path

import pytest

from devices.beeper import (
    BEEPERS,
    NOTES,
    QUEUE_TONES_MAX,
    SAMPLES_PER_SECOND,
    BeeperError,
    SilentBeeper,
    SoundDevice,
    TerminalBell,
    Tone,
    choose_beeper,
    found_player,
    tone_wav,
)
from devices.source import DeviceMissing


def player(tmp_path: Path, body: str) -> tuple[str, ...]:
    program = tmp_path / "player.py"
    program.write_text(f"import sys, pathlib\nsound = pathlib.Path(sys.argv[-1])\n{body}\n", encoding="utf-8")
    return (sys.executable, str(program))


def rung(tones: list[Tone], *, console: bool = False) -> tuple[list[str], list[float]]:
    written: list[str] = []
    rests: list[float] = []
    bell = TerminalBell(written.append, console=console, rest=rests.append)
    for tone in tones:
        bell.play(tone)
    bell.close()
    return written, rests


def test_the_bell_rings_once_for_each_note() -> None:
    assert rung([Tone.GOOD]) == (["\a"], [0.09])
    assert rung([Tone.BAD]) == (["\a", "\a"], [0.18, 0.08, 0.18])
    assert len(rung([Tone.RECALL])[0]) == 6


def test_the_linux_console_is_given_pitch_and_length() -> None:
    assert rung([Tone.TICK], console=True)[0] == ["\x1b[10;1800]\x1b[11;15]\a"]


def test_tones_are_heard_in_order_and_none_after_closing() -> None:
    written: list[str] = []
    bell = TerminalBell(written.append, console=True, rest=lambda seconds: None)  # noqa: ARG005 - the signature is given
    bell.play(Tone.GOOD)
    bell.play(Tone.TICK)
    bell.close()
    bell.play(Tone.BAD)
    bell.close()
    assert written == ["\x1b[10;2400]\x1b[11;90]\a", "\x1b[10;1800]\x1b[11;15]\a"]


def test_a_bell_that_was_never_rung_closes() -> None:
    assert rung([]) == ([], [])


def test_play_never_waits_and_keeps_the_newest_tones() -> None:
    inside, go_on = threading.Event(), threading.Event()
    written: list[str] = []

    def held(text: str) -> None:
        inside.set()
        assert go_on.wait(10)
        written.append(text)

    bell = TerminalBell(held, console=True, rest=lambda seconds: None)  # noqa: ARG005 - the signature is given
    bell.play(Tone.TICK)
    assert inside.wait(10)
    for _ in range(QUEUE_TONES_MAX):
        bell.play(Tone.NEUTRAL)
    bell.play(Tone.GOOD)
    go_on.set()
    bell.close()
    assert len(written) == 1 + QUEUE_TONES_MAX
    assert "2400" in written[-1]


def test_every_tone_sounds_different() -> None:
    assert set(NOTES) == set(Tone)
    assert len(set(NOTES.values())) == len(Tone)


@pytest.mark.parametrize("tone", Tone)
def test_a_tone_is_a_wav_file_of_its_length(tone: Tone) -> None:
    with wave.open(io.BytesIO(tone_wav(tone))) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (1, 2, SAMPLES_PER_SECOND)
        length_ms = sum(length for _, length in NOTES[tone])
        assert abs(wav.getnframes() - SAMPLES_PER_SECOND * length_ms / 1000) < len(NOTES[tone])
        samples = memoryview(wav.readframes(wav.getnframes())).cast("h")
        assert max(samples) > 10_000
        assert abs(samples[0]) + abs(samples[-1]) < 3000


def test_the_player_is_given_the_sound_from_memory(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    sound = SoundDevice(player(tmp_path, f"open({str(heard)!r}, 'ab').write(sound.read_bytes())"))
    sound.play(Tone.GOOD)
    sound.play(Tone.BAD)
    sound.play(Tone.GOOD)
    sound.close()
    assert heard.read_bytes() == tone_wav(Tone.GOOD) + tone_wav(Tone.BAD) + tone_wav(Tone.GOOD)
    assert sound.problem == ""
    assert sound._files == {}


def test_a_player_that_fails_is_named_until_the_next_tone_is_heard(tmp_path: Path) -> None:
    sound = SoundDevice(player(tmp_path, "sys.exit(4)"))
    sound.play(Tone.GOOD)
    sound.close()
    assert sound.problem == f"{sys.executable} failed with status 4."


def test_a_player_that_is_gone_is_named() -> None:
    sound = SoundDevice(("/absent/aplay", "-q"))
    sound.play(Tone.GOOD)
    sound.close()
    assert sound.problem.startswith("/absent/aplay can't be run")


def test_a_player_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.beeper.PLAY_SECONDS_MAX", 0.2)
    sound = SoundDevice(player(tmp_path, "sys.stdin.close(); import threading; threading.Event().wait()"))
    sound.play(Tone.GOOD)
    sound.close()
    assert "did not finish" in sound.problem


def test_a_name_chooses_its_beeper() -> None:
    def found(program: str) -> str | None:
        return f"/usr/bin/{program}" if program == "aplay" else None

    def nothing(program: str) -> str | None:
        del program
        return None

    kinds = {name: type(choose_beeper(name, write=print, find=found)) for name in BEEPERS}
    assert kinds == {"auto": SoundDevice, "sound": SoundDevice, "bell": TerminalBell, "silent": SilentBeeper}
    assert type(choose_beeper("auto", write=print, find=nothing)) is TerminalBell
    assert found_player(found) == ("/usr/bin/aplay", "-q")
    with pytest.raises(DeviceMissing) as missing:
        choose_beeper("sound", write=print, find=nothing)
    assert ("alsa-utils" in missing.value.remedy, missing.value.retryable) == (True, False)
    with pytest.raises(BeeperError, match=r"^beeper: 'loud' is not one of auto, sound, bell, silent"):
        choose_beeper("loud", write=print)


def test_silence_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    beeper = choose_beeper("silent", write=print)
    for tone in Tone:
        beeper.play(tone)
    beeper.close()
    assert capfd.readouterr() == ("", "")
