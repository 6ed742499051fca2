"""The few words a screen adds to a View of its own accord: those of the meter and of the marks in lists."""

from __future__ import annotations

from dataclasses import dataclass, fields

from scanner_app.phrases import Phrases
from scanner_app.terminal.view import Mark


@dataclass(frozen=True, slots=True)
class Words:
    """In the operator's language. The meter's have codes such as `screen.meter.scans`, the marks' `screen.word.ok`."""

    scans: str = "scans"
    saved: str = "saved"
    waiting: str = "waiting"
    sent: str = "sent"
    parked: str = "parked"
    no_centre: str = "no centre yet"
    wrong: str = "does not add up"
    ok: str = "OK"
    stop: str = "STOP"
    ask: str = "CHECK"
    note: str = "NOTE"
    recall: str = "RECALL"

    def of(self, mark: Mark) -> str:
        """The word of a mark."""
        return {
            Mark.OK: self.ok,
            Mark.STOP: self.stop,
            Mark.ASK: self.ask,
            Mark.INFO: self.note,
            Mark.RECALL: self.recall,
        }[mark]


def words_of(phrases: Phrases) -> Words:
    """The words in a language; English where the language lacks one."""
    families = {name: "word" if name in set(Mark) else "meter" for name in (field.name for field in fields(Words))}
    codes = {name: f"screen.{family}.{name}" for name, family in families.items()}
    return Words(**{name: phrases.say(code) for name, code in codes.items() if phrases.has(code)})
