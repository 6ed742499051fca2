"""Sentences: every code is said, nothing a scan holds reaches the screen raw, and no template breaks."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app import phrases as package
from scanner_app.domain.refusals import Outcome, Refusal
from scanner_app.languages import LANGUAGES
from scanner_app.phrases import VALUE_LENGTH_MAX, Phrases, phrases_of, printable
from scanner_app.phrases.en import SENTENCES
from scanner_app.workflows.step import Command

PANEL_WIDTH = 2 * 38
ENGLISH = phrases_of("en")


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_each_template_can_be_filled(code: str) -> None:
    fields = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(SENTENCES[code])]

    assert all(
        name is None or (name.isidentifier() and not spec and not conversion) for name, spec, conversion in fields
    )
    assert ENGLISH.say(code, {name: "x" for name, _, _ in fields if name}).count("?") == SENTENCES[code].count("?")


@pytest.mark.parametrize(
    "code",
    [
        *(f"refusal.{refusal}" for refusal in Refusal),
        *(f"outcome.{outcome}" for outcome in Outcome),
        *(f"command.{command}" for command in Command),
    ],
)
def test_each_code_of_the_core_has_a_sentence(code: str) -> None:
    assert ENGLISH.has(code)


@pytest.mark.parametrize(
    "code", sorted(code for code in SENTENCES if code.startswith(("say.", "refusal.", "outcome.")))
)
def test_a_result_fits_two_lines_of_the_panel(code: str) -> None:
    """With its parameters as long as an item's name."""
    fields = [name for _, name, _, _ in Formatter().parse(SENTENCES[code]) if name]
    words = sum(len(text) for text, _, _, _ in Formatter().parse(SENTENCES[code]))

    assert words + 10 * len(fields) <= PANEL_WIDTH


@given(st.text())
def test_printable_text_cannot_steer_a_terminal(text: str) -> None:
    shown = printable(text)

    assert len(shown) == len(text)
    assert all(unicodedata.category(character)[0] != "C" for character in shown)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [("A12B", "A12B"), ("\x1d", "␝"), ("\x1b[2J", "␛[2J"), ("\x7f", "␡"), ("\u202e", "�"), ("\x9b", "�"), ("é", "é")],
)
def test_control_characters_show_as_their_pictures(raw: str, shown: str) -> None:
    assert printable(raw) == shown


def test_values_are_made_safe_and_short() -> None:
    phrases = Phrases("en", {"say": "this is {lot}, {number}, {unknown}, {none}"})

    said = phrases.say("say", {"lot": "\x1b" * 99, "number": 7, "none": None})

    assert said == f"this is {'␛' * (VALUE_LENGTH_MAX - 1)}…, 7, ?, ?"
    assert phrases.say("say") == "this is ?, ?, ?, ?"
    assert phrases.say("say", {"lot": "\x1b" * 99}, whole=True) == f"this is {'␛' * 99}, ?, ?, ?"


def test_a_code_without_a_sentence_is_shown_as_itself() -> None:
    assert ENGLISH.say("say.nothing", {"x": "{y}"}) == "say.nothing"
    assert not ENGLISH.has("say.nothing")


def test_a_value_is_never_a_template() -> None:
    assert ENGLISH.say("refusal.UNKNOWN_ITEM", {"gtin": "{0.__class__} {gtin}"}) == "unknown item {0.__class__} {gtin}"


def test_another_language_falls_back_to_english() -> None:
    assert {path.stem for path in Path(package.__file__).parent.glob("[a-z]*.py")} == set(LANGUAGES)
    assert phrases_of("xx").language == "en"
