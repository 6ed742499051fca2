"""Whole pages: they always fit, and what falls away does so in the order that was promised."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.terminal.view import (
    HealthRow,
    HistoryRow,
    KeyHint,
    Link,
    Mark,
    MenuEntry,
    Meter,
    Panel,
    Room,
    Status,
    View,
)
from screens.lines import Role
from screens.page import Page, lay_out
from screens.rooms import list_rows
from screens.words import Words
from tests.screens.views import (
    FOUND,
    HEALTH,
    HISTORY,
    LEAVING,
    LOOK_UP,
    MENU,
    PIN,
    RECALL,
    RECEIVING,
    SIGN_IN,
    SIZES,
    TRAINING,
    VIEWS,
    WRONG_LOT,
)

WORDS = Words()


def page(view: View, width: int, height: int, offset: int = 0) -> Page:
    return lay_out(view, WORDS, width, height, offset)


def said(view: View, width: int, height: int) -> str:
    return " ".join(" ".join(row.text.split()) for row in page(view, width, height).rows)


TEXT = st.text(max_size=50)
NUMBER = st.integers(min_value=0, max_value=10**7)
MARKS = st.sampled_from(list(Mark))
ANY_VIEW = st.builds(
    View,
    room=st.sampled_from(list(Room)),
    status=st.builds(Status, TEXT, TEXT, TEXT, st.sampled_from(list(Link)), TEXT, TEXT),
    meter=st.builds(Meter, NUMBER, NUMBER, NUMBER, st.none() | NUMBER, NUMBER, TEXT),
    title=TEXT,
    subtitle=TEXT,
    verb=TEXT,
    giant=TEXT,
    done=st.none() | NUMBER,
    total=st.none() | NUMBER,
    progress_text=TEXT,
    lines=st.lists(TEXT, max_size=5).map(tuple),
    panel=st.none() | st.builds(Panel, MARKS, TEXT, TEXT, st.lists(TEXT, max_size=3).map(tuple), TEXT, TEXT),
    keys=st.lists(st.builds(KeyHint, TEXT, TEXT), max_size=9).map(tuple),
    scanner_text=TEXT,
    scanner_ok=st.booleans(),
    blocking=st.booleans(),
    entering=st.none() | TEXT,
    secret=st.booleans(),
    stripe=TEXT,
    menu=st.lists(st.builds(MenuEntry, TEXT, TEXT, TEXT), max_size=4).map(tuple),
    history=st.lists(st.builds(HistoryRow, TEXT, MARKS, TEXT, TEXT), max_size=4).map(tuple),
    health=st.lists(st.builds(HealthRow, TEXT, MARKS, TEXT, TEXT), max_size=4).map(tuple),
    notes=st.lists(TEXT, max_size=4).map(tuple),
)


@given(ANY_VIEW, st.integers(min_value=0, max_value=90), st.integers(min_value=0, max_value=30), st.integers(-5, 500))
def test_any_view_makes_a_page_of_exactly_the_screens_size(view: View, width: int, height: int, offset: int) -> None:
    laid = page(view, width, height, offset)
    assert len(laid.rows) == (height if width else 0)
    assert all(row.width == width and row.text.isprintable() for row in laid.rows)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", VIEWS)
def test_each_page_says_what_must_be_known(name: str, size: tuple[int, int]) -> None:
    view = VIEWS[name]
    text = said(view, *size)
    for hint in view.keys:
        assert hint.key in text
    assert str(view.meter.scans) in text
    if view.panel is not None:
        for sentence in (view.panel.word, view.panel.headline, *view.panel.more):
            assert " ".join(sentence.split()) in text
    if view.stripe:
        assert view.stripe in text
    if view.subtitle and view.room is Room.TASK:
        assert view.subtitle in text
    for word in ("LOT ", "EXP "):
        value = next((part for line in view.lines if word in line for part in [line.split(word)[1].split()[0]]), None)
        assert value is None or f"{word}{value}" in text


def test_the_panel_stands_on_the_foot_and_blank_rows_above_it() -> None:
    rows = [row.text.rstrip(" ") for row in page(replace(RECEIVING, keys=()), 40, 24).rows]
    assert rows[-1].endswith("ttyACM0 ready")
    assert rows[-2] == "▀" * 40
    assert rows[-6] == "▄" * 40
    assert rows[-7] == ""


def test_air_and_ornament_go_before_words() -> None:
    rows = page(WRONG_LOT, 40, 20).rows
    assert rows[-1].text.startswith(" F8 Look up  F10 Menu")
    assert not any(row.text.startswith("▀▀") for row in rows)
    assert any(row.text.startswith("▄▄") for row in rows)


def test_the_word_is_large_from_thirty_columns_on_and_eighteen_rows() -> None:
    def is_large(view: View, width: int, height: int) -> bool:
        return any(span.role is Role.GIANT for row in page(view, width, height).rows for span in row.spans)

    assert is_large(RECEIVING, 30, 20)
    assert not is_large(RECEIVING, 29, 20)
    assert not is_large(RECEIVING, 40, 17)
    assert is_large(LOOK_UP, 40, 20)
    assert not is_large(FOUND, 40, 20), "the answer needs the room"


def test_the_order_of_what_falls_away_when_rows_are_short() -> None:
    seen = [said(RECEIVING, 40, height) for height in range(24, 8, -1)]

    def last(words: str) -> int:
        return max((index for index, text in enumerate(seen) if words in text), default=-1)

    assert last("ttyACM0 ready") < last("█▀") < last("OK saved")
    assert last("CASE (00)") < last("EXP 2027-05-31")
    assert "F10" in seen[-1]
    assert "34 of 96" in seen[-1]


def test_a_list_scrolls_within_what_there_is() -> None:
    first = page(HISTORY, 40, 20)
    assert first.offset == 0
    assert first.below > 0
    assert f"F4 ▼ {first.below}" in said(HISTORY, 40, 20)
    last = page(HISTORY, 40, 20, 999)
    assert last.below == 0
    assert last.offset == first.below
    assert page(HISTORY, 40, 20, -3).offset == 0
    middle = page(HISTORY, 40, 20, 3)
    assert any("F4 ▲ 3  ▼" in row.text for row in middle.rows)
    assert "F4 Page" in said(HISTORY, 40, 20)
    own = replace(HISTORY, keys=(KeyHint("F4", "Next"),), paging=None)
    assert "F4 ▼" not in said(own, 40, 20)
    assert "▼" in said(own, 40, 20)


@pytest.mark.parametrize("size", SIZES)
def test_nothing_of_an_answer_is_lost_between_its_pages(size: tuple[int, int]) -> None:
    whole = {row.text.strip(" ") for row in list_rows(FOUND, WORDS, size[0] - 2 * (size[0] >= 60), 0)}
    seen: set[str] = set()
    offset, below = 0, 1
    while below:
        laid = page(FOUND, *size, offset)
        seen |= {row.text.strip(" ") for row in laid.rows}
        offset, below = laid.offset + laid.list_rows, laid.below
    assert {text for text in whole if text not in seen} == set() or size[0] >= 60
    assert "Enter" in said(FOUND, *size)


def test_an_answer_takes_the_rows_there_are() -> None:
    rows = [row.text.strip(" ") for row in page(FOUND, 26, 16).rows]
    assert "" not in rows
    assert [text for text in rows if text.startswith(("B-04-2", "LOT"))] == [
        "B-04-2  available",
        "LOT A12B  EXP 2026-11-10",
    ]


@pytest.mark.parametrize("size", SIZES)
def test_what_must_be_said_for_a_moment_stands_above_the_keys(size: tuple[int, int]) -> None:
    rows = [row.text.strip(" ") for row in page(LEAVING, *size).rows]
    at = rows.index("Ctrl-C again ends")
    assert all(text.startswith("F") for text in rows[at + 1 :] if text)
    assert "Ctrl-C" not in said(MENU, *size)


@pytest.mark.parametrize("digits", range(7))
def test_a_pin_does_not_move_while_it_grows(digits: int) -> None:
    rows = [row.text for row in page(replace(PIN, entering="1" * digits), 80, 24).rows]
    first = next(text for text in rows if text.strip(" ").startswith("Ana Duarte"))
    dots = [text for text in rows if "▄▄▄▄ " in text and len(text.strip(" ")) < 60]
    assert {len(text) - len(text.lstrip(" ")) for text in (first, *dots)} == {len(first) - len(first.lstrip(" "))}


def test_a_list_that_fits_is_whole() -> None:
    assert page(HISTORY, 80, 40).below == 0
    assert "F4" not in said(HISTORY, 80, 40)
    assert all(entry.name in said(MENU, 26, 16) for entry in MENU.menu)


def test_sign_in_stands_in_the_middle() -> None:
    rows = [row.text for row in page(SIGN_IN, 80, 24).rows]
    first = next(index for index, text in enumerate(rows) if "▀" in text)
    assert 8 <= first <= 12
    left = min(len(text) - len(text.lstrip(" ")) for text in rows[first : first + 3])
    right = min(len(text) - len(text.rstrip(" ")) for text in rows[first : first + 3])
    assert abs(left - right) <= 2


def test_a_blocking_panel_is_the_whole_screen_and_one_without_a_panel_is_not() -> None:
    assert {row.fill for row in page(RECALL, 40, 20).rows} == {Role.RECALL}
    assert Role.RECALL not in {row.fill for row in page(replace(RECALL, panel=None), 40, 20).rows}


def test_the_stripe_is_always_first() -> None:
    for width, height in SIZES:
        assert page(TRAINING, width, height).rows[0].fill is Role.STRIPE


def test_a_small_screen_keeps_keys_and_panel_to_the_last() -> None:
    assert "F10" in said(RECEIVING, 26, 6)
    assert "OK saved" in said(RECEIVING, 26, 6)
    assert "F3" in said(HEALTH, 26, 6)
