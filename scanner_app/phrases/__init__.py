"""Every sentence an operator reads, keyed by code; the core speaks in codes and parameters.

A language has a file of its own (`en`), which takes in those that begin with its name (`en_counting`).

A word that follows a number stands in all its forms: `{left} {left:try|tries} left`. How many forms there are, and
which of them a number asks for, each language says for itself (`form_of` in its file).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from scanner_app.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner_app.domain.refusals import Parameters

VALUE_LENGTH_MAX = 60
CONTROL_PICTURES = 0x2400
DELETE_PICTURE = "\u2421"
FORMS_BETWEEN = "|"
"""Parts the forms of a word that follows a number."""


ALWAYS: Mapping[str, str] = {"card": "CMD-", "typing_key": "F6", "sync_key": "F9"}
"""What any template may name: what command cards begin with, and the key for typing; here as they are by default."""


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


def one_or_other(number: int) -> int:
    """The form of a word after a number in the languages that have two: the first for 1, the second for all others."""
    return 0 if number == 1 else 1


class Phrases:
    """The sentences of one language. `say("refusal.EXPIRED", {...})` fills a template; an unknown code shows itself.

    `form_of` gives the place among a word's forms that a number asks for. `always`: what any template may name.
    """

    def __init__(
        self,
        language: str,
        sentences: Mapping[str, str],
        form_of: Callable[[int], int] = one_or_other,
        always: Mapping[str, str] = ALWAYS,
    ) -> None:
        self.language = language
        self._sentences = sentences
        self._form_of = form_of
        self._always = {name: _Value(printable(value)) for name, value in always.items()}

    def say(self, code: str, parameters: Parameters | None = None, *, whole: bool = False) -> str:
        """The sentence of a code. Missing parameters show as `?`; values are made printable and cut at 60 places.

        `whole`: they are not cut. A screen has no room for long values; a command's answer has.
        """
        template = self._sentences.get(code, code)
        if not parameters and "{" not in template:
            return template
        shown = {name: self._value(value, whole=whole) for name, value in (parameters or {}).items()}
        return template.format_map(_Values({**self._always, **shown}))

    def has(self, code: str) -> bool:
        """Whether the language has a sentence for this code."""
        return code in self._sentences

    def _value(self, value: str | int | None, *, whole: bool) -> _Value:
        """A parameter as a template sees it."""
        if value is None:
            return UNKNOWN
        if isinstance(value, int):
            return _Value(str(value), self._form_of(value))
        shown = printable(value)
        return _Value(shown if whole or len(shown) <= VALUE_LENGTH_MAX else shown[: VALUE_LENGTH_MAX - 1] + "…")


@dataclass(frozen=True, slots=True)
class _Value:
    """What stands in a field of a template: the value itself, or a word in the form that it asks for."""

    text: str
    form: int = -1
    """The place among a word's forms; of what is no number, the last."""

    def __format__(self, forms: str) -> str:
        return forms.split(FORMS_BETWEEN)[self.form] if forms else self.text


UNKNOWN = _Value("?")


class _Values(dict[str, _Value]):
    """Parameters as a template sees them."""

    def __missing__(self, key: str) -> _Value:
        return UNKNOWN


def phrases_of(language: str, always: Mapping[str, str] = ALWAYS) -> Phrases:
    """The sentences of a language; English where the language has no file. `always`: as in `Phrases`."""
    chosen = language if language in LANGUAGES else "en"
    module = import_module(f"scanner_app.phrases.{chosen}")
    return Phrases(chosen, module.SENTENCES, module.form_of, always)
