"""What a step came to, as the panel and the history tell it: mark, sentence, badge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.domain.refusals import Accepted, Refused
from scanner_app.phrases import phrases_of
from scanner_app.terminal.view import Mark, Panel
from scanner_app.workflows.step import Tone

if TYPE_CHECKING:
    from scanner_app.config import Config
    from scanner_app.phrases import Phrases
    from scanner_app.terminal.desk import Told

MARK_OF_TONE = {
    Tone.GOOD: Mark.OK,
    Tone.BAD: Mark.STOP,
    Tone.ATTENTION: Mark.ASK,
    Tone.TICK: Mark.OK,
    Tone.RECALL: Mark.RECALL,
    Tone.DONE: Mark.OK,
    Tone.NEUTRAL: Mark.INFO,
}


def phrases_for(config: Config, language: str | None = None) -> Phrases:
    """The phrases of a language, by default the device's; they name cards and keys as the configuration does."""
    always = {
        "card": config.labels.command,
        "typing_key": config.keys.enter.upper(),
        "sync_key": config.keys.sync.upper(),
    }
    return phrases_of(language or config.screen.language, always)


def mark_of(told: Told) -> Mark:
    """How a step speaks; a refusal never says OK."""
    mark = MARK_OF_TONE[told.tone]
    return Mark.STOP if isinstance(told.verdict, Refused) and mark is Mark.OK else mark


def panel_of(told: Told, say: Phrases, clock: str) -> Panel | None:
    """The result panel of a step; None where nothing is to be said. `clock`: when it came, where that must be told."""
    if told.verdict is None and told.say is None:
        return None
    mark = mark_of(told)
    badge = f"+{told.units}" if told.units and isinstance(told.verdict, Accepted) else ""
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
