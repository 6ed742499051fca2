"""Every sentence an operator reads, keyed by code, a file per language; the core speaks in codes and parameters."""

from __future__ import annotations

import unicodedata
from importlib import import_module
from typing import TYPE_CHECKING

from scanner_app.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scanner_app.domain.refusals import Parameters

VALUE_LENGTH_MAX = 60
CONTROL_PICTURES = 0x2400
DELETE_PICTURE = "\u2421"


def printable(text: str) -> str:
    """Text that is safe on any terminal: control characters as their pictures (GS as ␝), formatting ones as `�`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_printable_character(character) for character in text)


def _printable_character(character: str) -> str:
    code = ord(character)
    if code < ord(" "):
        return chr(CONTROL_PICTURES + code)
    if character == "\x7f":
        return DELETE_PICTURE
    return "\ufffd" if unicodedata.category(character)[0] == "C" else character


class Phrases:
    """The sentences of one language. `say("refusal.EXPIRED", {...})` fills a template; an unknown code shows itself."""

    def __init__(self, language: str, sentences: Mapping[str, str]) -> None:
        self.language = language
        self._sentences = sentences

    def say(self, code: str, parameters: Parameters | None = None, *, whole: bool = False) -> str:
        """The sentence of a code. Missing parameters show as `?`; values are made printable and cut at 60 places.

        `whole`: they are not cut. A screen has no room for long values; a command's answer has.
        """
        template = self._sentences.get(code, code)
        if not parameters and "{" not in template:
            return template
        return template.format_map(_Values(parameters or {}, whole=whole))

    def has(self, code: str) -> bool:
        """Whether the language has a sentence for this code."""
        return code in self._sentences


class _Values(dict[str, object]):
    """Parameters as a template sees them."""

    def __init__(self, parameters: Parameters, *, whole: bool) -> None:
        super().__init__({name: _value(value, whole=whole) for name, value in parameters.items()})

    def __missing__(self, key: str) -> str:
        return "?"


def _value(value: str | int | None, *, whole: bool) -> str | int:
    if value is None:
        return "?"
    if isinstance(value, int):
        return value
    shown = printable(value)
    return shown if whole or len(shown) <= VALUE_LENGTH_MAX else shown[: VALUE_LENGTH_MAX - 1] + "…"


def phrases_of(language: str) -> Phrases:
    """The sentences of a language; English where the language has no file."""
    chosen = language if language in LANGUAGES else "en"
    module = import_module(f"scanner_app.phrases.{chosen}")
    return Phrases(chosen, module.SENTENCES)
