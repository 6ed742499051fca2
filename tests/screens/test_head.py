from __future__ import annotations

from dataclasses import replace

import pytest

from scanner_app.terminal.view import Link, Meter, Status
from screens.head import (
    head_rows,
    meter_row,
    progress_row,
    progress_text,
    shorter_title,
    status_row,
    stripe_row,
    title_rows,
)
from screens.lines import Role
from screens.words import Words
from tests.screens.views import ALONE, FAULT, MENU, METER, NO_CENTRE, OFFLINE, ONLINE, RECEIVING, SIGN_IN, TRAINING

WORDS = Words()


def text_of(meter: Meter, status: Status, width: int) -> str:
    return meter_row(meter, status, WORDS, width).text


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (80, " ANA  Site 1 DOCK-2" + " " * 43 + "OFFLINE 2h  14:07"),
        (40, " ANA  Site 1 DOCK-2   OFFLINE 2h  14:07"),
        (37, " ANA Site 1 DOCK-2 OFFLINE 2h  14:07"),
        (30, " ANA DOCK-2 OFFLINE 2h  14:07"),
        (26, " ANA DOCK-2    OFFLINE 2h"),
        (18, " ANA   OFFLINE 2h"),
        (14, "   OFFLINE 2h"),
        (8, " OFFLIN…"),
    ],
)
def test_the_status_line_gives_up_site_clock_and_read_point_in_this_order(width: int, line: str) -> None:
    assert status_row(OFFLINE, width).text == line


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (60, " Maximiliane von Hohenstein  Site 1 DOCK-1            09:34"),
        (42, " Maximiliane von Hohenstein DOCK-1  09:34"),
        (40, " Maximiliane von… DOCK-1          09:34"),
        (30, " Maximiliane… DOCK-1    09:34"),
        (26, " Maximilian… DOCK-1 09:34"),
        (24, " Maximiliane… DOCK-1"),
        (18, " Maximiliane…"),
    ],
)
def test_a_long_name_gives_way_to_place_and_clock(width: int, line: str) -> None:
    status = Status("Maximiliane von Hohenstein", "Site 1", "DOCK-1", Link.NO_CENTRE, "", "09:34")
    assert status_row(status, width).text.rstrip(" ") == line


def test_the_link_stands_in_the_meter_where_there_is_no_centre() -> None:
    assert "no centre" not in status_row(NO_CENTRE, 40).text
    assert text_of(ALONE, NO_CENTRE, 40) == " scans 142 = saved 142    no centre yet"
    assert text_of(ALONE, replace(NO_CENTRE, link_text="noch keine Zentrale"), 30) == " 142=142  noch keine Zentrale"
    assert text_of(ALONE, OFFLINE, 40) == " scans 142 = saved 142    no centre yet"


def test_nobody_signed_in_and_nothing_known() -> None:
    assert status_row(Status("", "", "", Link.NO_CENTRE, "", ""), 20).text.strip(" ") == ""
    assert (
        status_row(Status("", "Site 1", "DOCK-2", Link.ONLINE, "", "14:07"), 30).text == " Site 1 DOCK-2          14:07"
    )


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (40, " scans 142 = saved 142     sent 131  2h"),
        (39, " 142=142                       →131 2h"),
        (30, " 142=142              →131 2h"),
        (17, " 142=142 →131 2h"),
        (14, " 142=142 →131"),
        (10, " 142=142"),
        (5, " 142="),
    ],
)
def test_the_meters_words_fall_away_and_its_numbers_stay(width: int, line: str) -> None:
    assert text_of(METER, OFFLINE, width) == line


def test_the_meter_with_waiting_and_parked_scans() -> None:
    meter = Meter(144, 142, 2, 131, 3, "2h")
    assert text_of(meter, OFFLINE, 60) == " scans 144 = saved 142 + 2 waiting   sent 131  2h  parked 3"
    assert text_of(meter, OFFLINE, 40) == " 144=142+2                   →131 2h !3"
    assert text_of(replace(meter, parked=0), OFFLINE, 40) == " scans 144 = 142 + 2       sent 131  2h"
    assert text_of(meter, OFFLINE, 26) == " 144=142+2     →131 2h !3"
    assert text_of(meter, OFFLINE, 20) == " 144=142+2  →131 2h"
    assert text_of(Meter(144, 142, 2), NO_CENTRE, 40) == " scans 144 = 142 + 2      no centre yet"


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (40, " ■ scans 142 ≠ 140 + 1  does not add up"),
        (34, " ■ 142 ≠ 140 + 1  does not add up"),
        (32, " 142 ≠ 140 + 1  does not add up"),
        (26, " 142≠140+1 does not add up"),
        (20, " 142≠140+1 does not…"),
    ],
)
def test_a_meter_that_does_not_add_up_is_red_and_says_so(width: int, line: str) -> None:
    drawn = meter_row(Meter(142, 140, 1, 131), OFFLINE, WORDS, width)
    assert drawn.text == line
    assert drawn.fill is Role.STOP
    assert drawn.spans[-1].role is Role.STOP_WORD


def test_a_wrong_meter_without_waiting_scans() -> None:
    assert meter_row(Meter(142, 140, 0), OFFLINE, WORDS, 40).text == " ■ scans 142 ≠ 140  does not add up"


def test_the_stripe_crosses_the_screen() -> None:
    assert stripe_row("TRAINING", 20).text == "///// TRAINING /////"
    assert stripe_row("TRAINING", 8).text == "/ TRA… /"
    assert head_rows(TRAINING, WORDS, 40, merged=False)[0].fill is Role.STRIPE


def test_the_title_gives_up_the_tasks_name_and_keeps_its_document() -> None:
    assert shorter_title("RECEIVE  ASN-1001", 17) == "RECEIVE  ASN-1001"
    assert shorter_title("RECEIVE  ASN-1001", 16) == "RECEIVE ASN-1001"
    assert shorter_title("RECEIVE  ASN-1001", 12) == "ASN-1001"
    assert shorter_title("OPENING BALANCE", 10) == "OPENING…"


def test_what_can_be_done_stands_beside_a_menus_title_or_below_it() -> None:
    assert [row.text.rstrip(" ") for row in title_rows(MENU, 40, squeezed=False)] == [" MENU  choose, or scan any code"]
    assert [row.text.rstrip(" ") for row in title_rows(MENU, 30, squeezed=False)] == [
        " MENU",
        " choose, or scan any code",
    ]
    assert [row.text.rstrip(" ") for row in title_rows(MENU, 30, squeezed=True)] == [" MENU"]
    assert [row.text.rstrip(" ") for row in title_rows(RECEIVING, 40, squeezed=False)] == [" RECEIVE  ASN-1001"]
    assert title_rows(SIGN_IN, 40, squeezed=False) == ()
    assert title_rows(FAULT, 40, squeezed=False)[0].fill is Role.STOP


@pytest.mark.parametrize(
    ("done", "total", "filled"), [(0, 96, 0), (1, 96, 1), (48, 96, 14), (95, 96, 27), (96, 96, 28), (120, 96, 28)]
)
def test_the_bar_is_empty_full_or_in_between(done: int, total: int, filled: int) -> None:
    drawn = progress_row(replace(RECEIVING, done=done, total=total, progress_text="34 of 96"), 40)
    bars = {span.role: span.text for span in drawn.spans if span.role in {Role.DONE, Role.REST}}
    assert bars == {Role.DONE: "▄" * filled, Role.REST: "▄" * (28 - filled)}


def test_progress_without_a_total_or_room_has_no_bar() -> None:
    counted = replace(RECEIVING, done=17, total=None, progress_text="")
    assert progress_row(counted, 40).text == " 17"
    assert progress_text(replace(counted, total=20)) == "17/20"
    assert progress_text(replace(counted, done=None)) == ""
    assert progress_row(RECEIVING, 18).text == " 34 of 96"
    assert progress_row(replace(RECEIVING, total=0), 40).text == " 34 of 96"


def test_a_squeezed_head_has_title_and_progress_on_one_row() -> None:
    assert head_rows(RECEIVING, WORDS, 30, merged=True)[-1].text == " RECEIVE  ASN-1001   34 of 96"
    assert head_rows(RECEIVING, WORDS, 24, merged=True)[-1].text == " ASN-1001      34 of 96"
    assert head_rows(RECEIVING, WORDS, 9, merged=True)[-1].text == " 34 of…"
    assert len(head_rows(MENU, WORDS, 30, merged=True)) == 3


def test_online_says_so() -> None:
    assert "online" in status_row(ONLINE, 26).text
