from __future__ import annotations

from dataclasses import replace

from scanner_app.phrases import Phrases, phrases_of
from scanner_app.terminal.view import HealthRow, HistoryRow, KeyHint, Mark, MenuEntry, Room, View
from screens.keys_line import keys_rows, standing_rows
from screens.lines import Role, Row
from screens.rooms import item_rows, list_rows, prompt_rows
from screens.words import Words, words_of
from tests.screens.views import (
    DELIVERIES,
    FOUND,
    HEALTH,
    HELP,
    HISTORY,
    LOOK_UP,
    MENU,
    PIN,
    RECEIVING,
    TYPING,
    TYPING_LONG,
    WORK_KEYS,
)

WORDS = Words()
EMPTY = replace(HELP, notes=())


def texts(rows: tuple[Row, ...]) -> list[str]:
    return [row.text.rstrip(" ") for row in rows]


def listed(view: View, width: int, rows_free: int = 20) -> list[str]:
    return texts(list_rows(view, WORDS, width, rows_free))


# --- the prompt ------------------------------------------------------------------------------------------------------


def test_the_sentence_stands_over_the_large_word() -> None:
    rows = texts(prompt_rows(RECEIVING, 40, big=True))
    assert rows[0] == " scan pallet, case or item"
    assert len(rows) == 4
    assert set("".join(rows[1:])) <= set("█▀▄ ")


def test_the_verb_stands_before_a_sentence_that_lacks_it() -> None:
    asks = replace(RECEIVING, verb="TYPE", subtitle="how many?")
    assert texts(prompt_rows(asks, 40, big=True))[0] == " TYPE  how many?"
    assert texts(prompt_rows(asks, 17, big=True))[0] == " TYPE  how many?"
    assert texts(prompt_rows(asks, 16, big=True))[0] == " how many?"
    assert texts(prompt_rows(replace(asks, subtitle=""), 40, big=True))[0] == " TYPE"


def test_without_room_the_word_is_bold_beside_its_verb() -> None:
    assert texts(prompt_rows(RECEIVING, 26, big=False)) == [" scan pallet, case or", " item", "  I T E M"]
    apart = replace(RECEIVING, verb="SCAN", subtitle="case or item")
    assert texts(prompt_rows(apart, 26, big=False)) == [" case or item", " SCAN  I T E M"]
    same = replace(apart, subtitle="scan item")
    assert texts(prompt_rows(same, 26, big=False)) == [" SCAN  I T E M"]
    assert texts(prompt_rows(replace(same, verb=""), 26, big=False)) == [" scan item", "  I T E M"]


def test_a_word_too_long_or_strange_for_the_font_is_bold_and_whole() -> None:
    long = replace(RECEIVING, giant="QUARANTINE-CAGE-NORTH")
    assert texts(prompt_rows(long, 40, big=True))[1:] == ["  QUARANTINE-CAGE-NORTH"]
    strange = replace(RECEIVING, giant="bin 4a", verb="")
    assert texts(prompt_rows(strange, 40, big=True)) == ["  b i n   4 a"]


def test_without_a_word_only_the_sentence_is_said() -> None:
    assert texts(prompt_rows(replace(RECEIVING, giant=""), 40, big=True)) == [" scan pallet, case or item"]


def test_lists_and_menus_have_no_large_word_but_typing_always_shows() -> None:
    assert prompt_rows(MENU, 40, big=True) == ()
    assert prompt_rows(HISTORY, 40, big=True) == ()
    assert prompt_rows(replace(RECEIVING, menu=MENU.menu), 40, big=True) == ()
    assert texts(prompt_rows(replace(MENU, entering="1"), 40, big=False))[-1] == "  1_"


def test_what_is_typed_is_large_while_it_fits_and_a_pin_is_dots() -> None:
    typed = texts(prompt_rows(TYPING, 40, big=True))
    assert typed[0] == " TYPE  how many is the next scan?"
    assert len(typed) == 4
    dots = "\n".join(texts(prompt_rows(PIN, 40, big=True)))
    assert dots.count("████") == 3
    assert texts(prompt_rows(PIN, 40, big=False))[-1] == "  •••_"
    assert "123" not in dots


def test_an_answered_look_up_keeps_its_question_short() -> None:
    assert texts(prompt_rows(FOUND, 40, big=True)) == [" scan any code"]
    assert len(prompt_rows(LOOK_UP, 40, big=True)) == 4


def test_an_answer_is_a_list_of_whole_lines() -> None:
    rows = listed(FOUND, 26)
    assert rows[0] == " EXPIRED 2026-11-10: 1"
    assert list_rows(FOUND, WORDS, 26, 0)[0].spans[-1].role is Role.STRONG
    begin = rows.index(" 11-02 09:31 received Ana")
    assert rows[begin + 1 : begin + 4] == ["   Moreno: Meridian", "   Pharma Logistics >", "   DOCK-2"]
    assert item_rows(FOUND, 26, product_rows=2, lines_max=1) == ()


def test_long_typing_shows_its_end_in_a_field() -> None:
    field = prompt_rows(TYPING_LONG, 30, big=True)[-2]
    assert field.text == "  …1)09521234543213(10)A12B_ "
    assert field.spans[-1].role is Role.FIELD
    nothing = replace(TYPING, subtitle="", entering="x" * 50)
    assert texts(prompt_rows(nothing, 40, big=True))[0] == " TYPE  NUMBER"


# --- what was scanned ------------------------------------------------------------------------------------------------


def test_the_product_stands_out_and_has_two_rows_at_most() -> None:
    long = replace(RECEIVING, lines=("Insulem rapid 100 IU/ml solution for injection, 5 pens of 3 ml", "LOT A"))
    rows = item_rows(long, 30, product_rows=2, lines_max=9)
    assert [row.spans[-1].role for row in rows] == [Role.STRONG, Role.STRONG, Role.PLAIN]
    assert texts(item_rows(long, 30, product_rows=1, lines_max=2)) == [" Insulem rapid 100 IU/ml…", " LOT A"]
    assert texts(item_rows(RECEIVING, 40, product_rows=2, lines_max=1)) == [" Amoxidem 500 mg caps, 100"]
    assert item_rows(replace(RECEIVING, lines=()), 40, product_rows=2, lines_max=9) == ()


# --- lists -----------------------------------------------------------------------------------------------------------


def test_a_menu_stands_in_columns_with_air_where_there_is_room() -> None:
    roomy = listed(MENU, 80, 20)
    assert roomy[0] == "  1  RECEIVE          4 open, 1 late"
    assert roomy[1] == ""
    assert len(roomy) == 13
    assert listed(MENU, 80, 12)[1] == "  2  PUT AWAY         7 units in DOCK-2"


def test_a_narrow_menu_says_what_waits_below_the_name_or_in_whole_parts() -> None:
    assert listed(MENU, 30, 20)[:3] == ["  1  RECEIVE", "     4 open, 1 late", "  2  PUT AWAY"]
    assert listed(MENU, 26, 7)[:3] == ["  1  RECEIVE  4 open", "  2  PUT AWAY", "  3  OPENING BALANCE"]
    assert listed(MENU, 26, 8) == listed(MENU, 26, 7), "never the first ones alone"
    assert listed(DELIVERIES, 26, 7)[:2] == ["  1  PO-2001  60 of 472", "  2  ASN-1003  0 of 20"]


def test_history_is_one_row_a_scan_where_it_fits() -> None:
    wide = listed(HISTORY, 80)
    assert len(wide) == len(HISTORY.history)
    assert wide[0].startswith(" 14:07 OK   Amoxidem 500 mg A12B")
    assert wide[0].index("saved") == wide[2].index("already done")


def test_history_breaks_between_what_and_result() -> None:
    row = replace(HISTORY, history=(HistoryRow("14:07", Mark.STOP, "Amoxidem 500 mg B77", "wrong lot, ASN says A12B"),))
    assert listed(row, 40) == [" 14:07 STOP Amoxidem 500 mg B77", "       wrong lot, ASN says A12B"]
    assert listed(row, 30) == [" 14:07 STOP wrong lot, ASN", "            says A12B", "   Amoxidem 500 mg B77"]
    bare = replace(HISTORY, history=(HistoryRow("14:07", Mark.STOP, "", "x" * 40),))
    assert listed(bare, 40)[0] == " 14:07 STOP"


def test_health_tells_the_remedy_below() -> None:
    rows = listed(HEALTH, 80)
    assert rows[1] == "  STOP   Scanner  ttyACM0 unplugged 3 min ago"
    assert rows[2] == "         ► plug it in; it comes back by itself"
    narrow = listed(replace(HEALTH, health=(HealthRow("Disk", Mark.ASK, "410 MiB free", "make room on it"),)), 20)
    assert narrow == [
        "  CHECK  Disk",
        "         410 MiB",
        "         free",
        "         ► make",
        "           room on",
        "           it",
    ]


def test_notes_hang_behind_their_first_column_and_keep_blank_rows() -> None:
    notes = ("Scan.", "", "F4   skip this line; it becomes a follow-up", "  indented words")
    assert listed(replace(EMPTY, notes=notes), 30) == [
        " Scan.",
        "",
        " F4   skip this line; it",
        "      becomes a follow-up",
        "   indented words",
    ]


# --- the foot --------------------------------------------------------------------------------------------------------


def test_keys_lose_their_labels_before_a_key_is_lost() -> None:
    assert texts(keys_rows(WORK_KEYS, 26, 1)) == [" F1 F2 F4 F5 F6 F7 F8 F10"]
    assert texts(keys_rows(WORK_KEYS, 26, 2)) == [" F1 Help  F2 Undo  F4 Next", " F5 History F6 F7 F8 F10"]
    assert texts(keys_rows(WORK_KEYS, 30, 2)) == [" F1 Help  F2 Undo  F4 Next", " F5 History  F6 Type F7 F8 F10"]
    assert len(keys_rows(WORK_KEYS, 40, 3)) == 3
    assert texts(keys_rows(WORK_KEYS, 12, 2)) == [" F1 F2 F4 F5", " F6 F7 F8", " F10"]
    assert keys_rows((), 40, 2) == ()


def test_keys_stand_in_columns_where_that_takes_no_more_rows() -> None:
    assert texts(keys_rows(WORK_KEYS, 40, 3))[:2] == [
        " F1 Help     F2 Undo     F4 Next",
        " F5 History  F6 Type     F7 Damaged",
    ]
    uneven = (KeyHint("F1", "a"), KeyHint("F2", "a very long label"), KeyHint("F3", "b"), KeyHint("F4", "c"))
    assert texts(keys_rows(uneven, 40, 2)) == [" F1 a  F2 a very long label  F3 b  F4 c"]


def test_what_waits_and_a_scanner_that_is_not_well_are_always_told() -> None:
    waiting = replace(RECEIVING, meter=replace(RECEIVING.meter, scans=144, waiting=2))
    assert texts(standing_rows(waiting, WORDS, 40, quiet=True)) == [" 2 waiting" + " " * 16 + "ttyACM0 ready"]
    assert texts(standing_rows(waiting, WORDS, 40, quiet=False)) == [" 2 waiting"]
    assert texts(standing_rows(waiting, WORDS, 20, quiet=True)) == [" 2 waiting"]
    broken = replace(waiting, scanner_text="no scanner: plug it in", scanner_ok=False)
    rows = standing_rows(broken, WORDS, 26, quiet=False)
    assert texts(rows) == [" 2 waiting", " ? no scanner: plug it in"]
    assert rows[1].fill is Role.ASK
    assert standing_rows(replace(RECEIVING, scanner_text=""), WORDS, 40, quiet=True) == ()


# --- words -----------------------------------------------------------------------------------------------------------


def test_words_come_from_the_phrases_where_they_have_them() -> None:
    german = Phrases("de", {"screen.meter.scans": "Scans", "screen.word.ask": "PRÜFEN"})
    words = words_of(german)
    assert (words.scans, words.ask, words.saved) == ("Scans", "PRÜFEN", "saved")
    assert words.of(Mark.ASK) == "PRÜFEN"
    english = words_of(phrases_of("en"))
    assert [english.of(mark) for mark in Mark] == ["OK", "STOP", "CHECK", "NOTE", "RECALL"]


def test_an_empty_menu_entry_is_its_name() -> None:
    only = replace(MENU, room=Room.MENU, menu=(MenuEntry("1", "LEAVE"),))
    assert listed(only, 40) == ["  1  LEAVE"]
