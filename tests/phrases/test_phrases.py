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
from scanner_app.phrases.en import SENTENCES, form_of
from scanner_app.workflows.step import Command
from server.doubts import FlagCode, Severity

PANEL_WIDTH = 2 * 38
ENGLISH = phrases_of("en")


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_each_template_can_be_filled(code: str) -> None:
    fields = [(name, forms, conversion) for _, name, forms, conversion in Formatter().parse(SENTENCES[code])]

    assert all(
        name is None
        or (name.isidentifier() and not conversion and (forms or "").count("|") == (form_of(2) if forms else 0))
        for name, forms, conversion in fields
    )
    assert ENGLISH.say(code, {name: "x" for name, _, _ in fields if name}).count("?") == SENTENCES[code].count("?")


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_a_word_in_several_forms_follows_its_number(code: str) -> None:
    fields = [(name, forms) for _, name, forms, _ in Formatter().parse(SENTENCES[code]) if name]
    plain = {name for name, forms in fields if not forms}

    assert {name for name, forms in fields if forms} <= plain


@pytest.mark.parametrize(
    ("left", "said"), [(0, "0 tries left"), (1, "1 try left"), (2, "2 tries left"), (None, "? tries left")]
)
def test_a_word_stands_in_the_form_that_its_number_asks_for(left: int | None, said: str) -> None:
    assert ENGLISH.say("refusal.WRONG_PIN", {"left": left}) == f"wrong PIN, {said}"
    assert Phrases("en", {"say": "{left} {left:try|tries} left"}).say("say", {"left": left}) == said


def few_or_many(number: int) -> int:
    """The forms of a language that has three: for 1, for 2 to 4, for all others (but 12 to 14)."""
    if number == 1:
        return 0
    return 1 if number % 10 in {2, 3, 4} and number % 100 not in {12, 13, 14} else 2


@pytest.mark.parametrize(("number", "word"), [(1, "próba"), (3, "próby"), (5, "prób"), (13, "prób"), (24, "próby")])
def test_a_language_has_as_many_forms_as_it_needs(number: int, word: str) -> None:
    polish = Phrases("pl", {"say": "{left} {left:próba|próby|prób}"}, few_or_many)

    assert polish.say("say", {"left": number}) == f"{number} {word}"
    assert polish.say("say") == "? prób"


@pytest.mark.parametrize(
    "code",
    [
        *(f"refusal.{refusal}" for refusal in Refusal),
        *(f"outcome.{outcome}" for outcome in Outcome),
        *(f"command.{command}" for command in Command),
        *(f"flag.{code}" for code in FlagCode),
        *(f"flag.severity.{severity}" for severity in Severity),
    ],
)
def test_each_code_of_the_core_has_a_sentence(code: str) -> None:
    assert ENGLISH.has(code)


@pytest.mark.parametrize(
    "code", sorted(code for code in SENTENCES if code.startswith(("say.", "refusal.", "outcome.", "flag.")))
)
def test_a_result_fits_two_lines_of_the_panel(code: str) -> None:
    """With its parameters as long as an item's name."""
    parts = list(Formatter().parse(SENTENCES[code]))
    words = sum(len(text) for text, _, _, _ in parts)
    forms = sum(max(map(len, forms.split("|"))) for _, _, forms, _ in parts if forms)
    fields = sum(bool(name and not forms) for _, name, forms, _ in parts)

    assert words + forms + 10 * fields <= PANEL_WIDTH


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


def test_cards_are_named_as_the_site_has_them() -> None:
    logger = "prompt.receiving.logger"
    assert ENGLISH.say(logger).startswith("scan CMD-LOGGER_OK or CMD-LOGGER_ALARM")
    own = phrases_of("en", {"card": "C:\x1b", "typing_key": "F9"})
    assert own.say(logger, {"scanned": "x"}) == "scan C:␛LOGGER_OK or C:␛LOGGER_ALARM; no logger: C:␛QUARANTINE"
    assert own.say("screen.scanner.none") == "no scanner: type (F9), or see config"


def test_a_code_without_a_sentence_is_shown_as_itself() -> None:
    assert ENGLISH.say("say.nothing", {"x": "{y}"}) == "say.nothing"
    assert not ENGLISH.has("say.nothing")


def test_a_value_is_never_a_template() -> None:
    assert ENGLISH.say("refusal.UNKNOWN_ITEM", {"gtin": "{0.__class__} {gtin}"}) == "unknown item {0.__class__} {gtin}"


def test_another_language_falls_back_to_english() -> None:
    assert {path.stem.partition("_")[0] for path in Path(package.__file__).parent.glob("[a-z]*.py")} == set(LANGUAGES)
    assert phrases_of("xx").language == "en"
