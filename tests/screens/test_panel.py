from __future__ import annotations

from dataclasses import replace

import pytest

from scanner_app.terminal.view import Mark, Panel
from screens.alarm import alarm_rows
from screens.lines import MARKS, Row
from screens.panel import panel_rows
from screens.words import Words
from tests.screens.views import RECALL, RECALL_ANSWERS, RECALL_REFUSING, SIZES, STOPPED, TRAINING

SAVED = Panel(Mark.OK, "OK", "saved", (), "+1", "14:07")
WRONG = Panel(Mark.STOP, "STOP", "wrong lot", ("this is B77 — the ASN says A12B",), "", "14:08")


def texts(rows: tuple[Row, ...]) -> list[str]:
    return [row.text.rstrip(" ") for row in rows]


def laid(panel: Panel, width: int, rows_min: int = 1) -> list[str]:
    return texts(panel_rows(panel, width, rows_min=rows_min, edges=0, clock=True))


def test_word_headline_badge_and_clock_have_their_places() -> None:
    assert laid(SAVED, 40, 3) == [" √ OK   saved                        +1", "", " " * 34 + "14:07"]


def test_the_clock_shares_a_row_only_where_two_spaces_set_it_off() -> None:
    plain = replace(SAVED, badge="")
    assert laid(plain, 22) == [" √ OK   saved   14:07"]
    assert laid(plain, 21) == [" √ OK   saved  14:07"]
    assert laid(plain, 20) == [" √ OK   saved"]
    assert laid(SAVED, 40) == [" √ OK   saved                        +1"]
    assert texts(panel_rows(SAVED, 40, rows_min=3, edges=0, clock=False))[2] == ""


@pytest.mark.parametrize(
    ("width", "rows"),
    [
        (60, [" ■ STOP   wrong lot", "          this is B77 — the ASN says A12B             14:08"]),
        (40, [" ■ STOP   wrong lot", " this is B77 — the ASN says A12B  14:08"]),
        (30, [" ■ STOP   wrong lot", "          this is B77 — the", "          ASN says A12B"]),
        (20, [" ■ STOP   wrong lot", " this is B77 — the", " ASN says A12B"]),
    ],
)
def test_the_lines_stand_beside_the_word_or_below_it_whichever_is_shorter(width: int, rows: list[str]) -> None:
    assert laid(WRONG, width) == rows


def test_a_long_headline_goes_below_the_word_where_that_saves_rows() -> None:
    long = replace(WRONG, headline="expired 2024-01-31, today 2026-03-02", more=(), clock="")
    assert laid(long, 26) == [" ■ STOP", " expired 2024-01-31,", " today 2026-03-02"]
    assert laid(long, 40) == [" ■ STOP   expired 2024-01-31, today", "          2026-03-02"]


@pytest.mark.parametrize("mark", list(Mark))
def test_every_mark_has_its_own_colour_and_symbol_and_edges(mark: Mark) -> None:
    rows = panel_rows(replace(SAVED, mark=mark), 40, rows_min=3, edges=2, clock=True)
    roles = MARKS[mark]
    assert rows[0].text == "▄" * 40
    assert rows[0].spans[0].role is roles.edge
    assert rows[-1].text == "▀" * 40
    assert {row.fill for row in rows[1:-1]} == {roles.block}
    assert rows[1].text.startswith(f" {roles.symbol} OK")
    assert len({kind.symbol for kind in MARKS.values()}) == len({kind.block for kind in MARKS.values()}) == len(Mark)


def test_a_badge_without_room_falls_away() -> None:
    bare = replace(SAVED, headline="", clock="")
    assert laid(bare, 9) == [" √ OK +1"]
    assert laid(bare, 8) == [" √ OK"]


def test_a_recall_takes_the_whole_screen_and_says_everything() -> None:
    for width, height in ((40, 20), (30, 20), (26, 16), (80, 24)):
        assert RECALL.panel is not None
        rows = alarm_rows(RECALL, RECALL.panel, Words(), width, height)
        assert len(rows) == height
        assert {row.fill for row in rows} == {MARKS[Mark.RECALL].block}
        said = " ".join(" ".join(row.text.split()) for row in rows)
        for sentence in (
            RECALL.panel.headline,
            *RECALL.panel.more,
            RECALL.verb,
            "3 waiting",
            "F6 Type",
        ):
            assert " ".join(sentence.split()) in said


def test_an_alarm_names_what_to_scan_beside_its_verb() -> None:
    assert RECALL.panel is not None
    rows = alarm_rows(replace(RECALL, verb="SCAN", subtitle="the card"), RECALL.panel, Words(), 40, 20)
    assert texts(rows)[-4:-2] == [" the card", " SCAN  CAGE"]


def test_an_alarm_keeps_stripe_typing_and_what_is_asked() -> None:
    assert STOPPED.panel is not None
    rows = alarm_rows(replace(STOPPED, stripe="DEMO", entering="12", secret=True), STOPPED.panel, Words(), 40, 20)
    said = texts(rows)
    assert said[0].strip("/") == " DEMO "
    assert "  ••_" in said
    typed = alarm_rows(replace(STOPPED, entering="QUA"), STOPPED.panel, Words(), 40, 20)
    assert "  QUA_" in texts(typed)


def test_an_alarm_tells_what_was_refused_meanwhile_and_shows_its_answers() -> None:
    assert RECALL_ANSWERS.panel is not None
    for width, height in SIZES:
        rows = alarm_rows(RECALL_ANSWERS, RECALL_ANSWERS.panel, Words(), width, height)
        assert {row.fill for row in rows} == {MARKS[Mark.RECALL].block}
        said = texts(rows)
        assert "  1   Quarantine" in said
        assert "  2   LEAVE ON THE DOCK" in said
        together = " ".join(" ".join(said).split())
        assert " ".join(RECALL_ANSWERS.panel.more[0].split()) in together
        assert all(hint.key in together for hint in RECALL_ANSWERS.keys)
        assert RECALL_ANSWERS.lines[0] in together


def test_labels_of_keys_go_before_what_an_alarm_is_about() -> None:
    assert RECALL_REFUSING.panel is not None
    rows = texts(alarm_rows(RECALL_REFUSING, RECALL_REFUSING.panel, Words(), 26, 16))
    assert rows[-1] == " F1 Help  F6 Type F10"
    assert " 3 units of it known here" in rows


def test_an_alarm_says_that_ctrl_c_again_ends() -> None:
    leaving = replace(RECALL, notice="Ctrl-C again ends")
    assert leaving.panel is not None
    assert " Ctrl-C again ends" in texts(alarm_rows(leaving, leaving.panel, Words(), 40, 20))


def test_an_alarm_on_a_tiny_screen_keeps_its_height() -> None:
    assert RECALL.panel is not None
    for height in range(1, 12):
        assert len(alarm_rows(replace(RECALL, stripe=TRAINING.stripe), RECALL.panel, Words(), 12, height)) == height
