"""The app around the sheet: where keys go, how Views come, and that nothing else can happen."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from textual import events
from textual.pilot import Pilot

from scanner_app.app import FloorScreen, ScannerApp
from scanner_app.terminal.view import KeyHint, View
from screens.sheet import Sheet
from screens.theme import THEMES, ThemeName, palette
from screens.words import Words
from tests.screens.fake_driver import FakeDriver
from tests.screens.views import FOUND, HELP, HISTORY, MENU, RECEIVING, SIGN_IN, TYPING, VIEWS

SIZE = (40, 20)


def shown(app: ScannerApp) -> str:
    return "\n".join(row.text for row in app.sheet.page.rows)


def drawn(app: ScannerApp) -> list[str]:
    """What Textual composes for the terminal, row by row."""
    return [strip.text for strip in app.screen._compositor.render_strips()]


async def press(pilot: Pilot[None], name: str, character: str | None) -> None:
    pilot.app.post_message(events.Key(name, character))
    await pilot.pause()


async def test_every_key_reaches_the_driver() -> None:
    driver = FakeDriver(RECEIVING)
    async with ScannerApp(driver).run_test(size=SIZE) as pilot:
        names = [*(f"f{number}" for number in range(1, 13)), "escape", "enter", "backspace", "ctrl+c"]
        for name in names:
            await press(pilot, name, None)
        await press(pilot, "a", "a")
        await press(pilot, "left_parenthesis", "(")
        await press(pilot, "space", " ")
        await press(pilot, "7", "7")
        assert driver.calls == [
            *(("key", f"F{number}") for number in range(1, 13)),
            *(("key", name) for name in ("escape", "enter", "backspace", "ctrl+c")),
            *(("text", text) for text in "a( 7"),
        ]
        assert len(driver.stamps) == len(names) + 4
        assert driver.stamps == sorted(driver.stamps)
        assert 0 < driver.stamps[-1] - driver.stamps[0] < 60_000_000_000


async def test_digits_choose_on_a_menu_and_are_text_while_typing() -> None:
    driver = FakeDriver(MENU)
    async with ScannerApp(driver).run_test(size=SIZE) as pilot:
        await press(pilot, "3", "3")
        await press(pilot, "x", "x")
        driver.show(replace(MENU, entering=""))
        await press(pilot, "3", "3")
        assert driver.calls == [("key", "3"), ("text", "x"), ("text", "3")]


BURST = [
    ("right_square_bracket", "]"), ("d", "d"), ("2", "2"), ("0", "0"), ("1", "1"), ("ctrl+right_square_bracket", None),
    ("ctrl+q", "\x11"), ("ctrl+c", "\x03"), ("tab", "\t"), ("ctrl+p", "\x10"), ("ctrl+z", "\x1a"), ("ctrl+d", "\x04"),
    ("shift+tab", None), ("escape", "\x1b"), ("f1", None), ("question_mark", "?"), ("super+c", None), ("enter", "\r"),
]  # fmt: skip


async def test_a_burst_triggers_nothing_at_all() -> None:
    driver = FakeDriver(RECEIVING, swallows=True)
    app = ScannerApp(driver)
    async with app.run_test(size=SIZE) as pilot:
        before = shown(app)
        for name, character in BURST:
            await press(pilot, name, character)
        assert driver.burst == BURST
        assert driver.calls == []
        assert app.is_running
        assert len(app.screen_stack) == 1
        assert app.focused is None
        assert shown(app) == before


async def test_control_keys_of_a_person_do_nothing_either() -> None:
    driver = FakeDriver(RECEIVING)
    app = ScannerApp(driver)
    async with app.run_test(size=SIZE) as pilot:
        for name, character in (
            ("ctrl+q", "\x11"),
            ("ctrl+p", "\x10"),
            ("tab", "\t"),
            ("ctrl+right_square_bracket", None),
        ):
            await press(pilot, name, character)
        assert driver.calls == []
        assert app.is_running


def test_there_are_no_bindings() -> None:
    app = ScannerApp(FakeDriver(RECEIVING))
    assert app._bindings.key_to_bindings == {}
    assert FloorScreen(app.sheet)._bindings.key_to_bindings == {}
    assert app.sheet._bindings.key_to_bindings == {}
    assert not app.sheet.can_focus


@pytest.mark.parametrize("swallows", [True, False])
async def test_a_paste_is_a_scan_or_typing(*, swallows: bool) -> None:
    driver = FakeDriver(TYPING, swallows=swallows)
    async with ScannerApp(driver).run_test(size=SIZE) as pilot:
        pilot.app.post_message(events.Paste("01\x1d10A"))
        await pilot.pause()
        assert driver.calls == [("paste" if swallows else "text", "01\x1d10A")]


async def test_a_new_view_is_drawn_in_place() -> None:
    driver = FakeDriver(RECEIVING)
    app = ScannerApp(driver)
    async with app.run_test(size=SIZE) as pilot:
        for view in VIEWS.values():
            driver.show(view)
            await pilot.pause()
            assert drawn(app) == [row.text for row in app.sheet.page.rows]
        assert len(app.screen_stack) == 1


async def test_views_from_another_thread_coalesce_and_the_latest_wins() -> None:
    driver = FakeDriver(RECEIVING)
    app = ScannerApp(driver)

    def report() -> None:
        for number in range(1000):
            driver.show(replace(RECEIVING, giant=f"X{number}"))

    async with app.run_test(size=(80, 24)) as pilot:
        taken = driver.views_taken
        reporter = threading.Thread(target=report)
        reporter.start()
        reporter.join()  # the app's loop stands still meanwhile: all that came is one message
        assert app.message_queue_size <= 2
        await pilot.pause()
        assert driver.views_taken - taken <= 2
        assert app.sheet._view.giant == "X999"


async def test_two_hundred_views_a_second_draw_the_last() -> None:
    driver = FakeDriver(RECEIVING)
    app = ScannerApp(driver)
    async with app.run_test(size=SIZE) as pilot:
        for number in range(200):
            driver.show(replace(RECEIVING, meter=replace(RECEIVING.meter, scans=number, saved=number)))
            if number % 10 == 9:
                await pilot.pause(0)
        await pilot.pause()
        assert "scans 199 = saved 199" in drawn(app)[1]


async def test_control_characters_never_reach_the_terminal() -> None:
    hostile = "\x1b[2J\x07\x9b31m\x1d\r\n\t\u202e\x00\x7f"
    view = replace(
        RECEIVING, title=hostile, subtitle=hostile, giant=hostile, lines=(hostile,), stripe=hostile,
        scanner_text=hostile, keys=(KeyHint("F1", hostile),), notes=(hostile,), progress_text=hostile,
    )  # fmt: skip
    app = ScannerApp(FakeDriver(view))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        for row in drawn(app):
            assert row.isprintable(), repr(row)
            assert len(row) == SIZE[0]


async def test_a_long_list_turns_by_its_own_keys() -> None:
    driver = FakeDriver(HISTORY)
    app = ScannerApp(driver)
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "down", None)
        assert app.sheet.page.offset == 1
        await press(pilot, "pagedown", None)
        second = app.sheet.page.offset
        assert second == min(1 + app.sheet.page.list_rows, second + app.sheet.page.below)
        await press(pilot, "up", None)
        assert app.sheet.page.offset == second - 1
        await press(pilot, "pageup", None)
        assert app.sheet.page.offset == 0
        for _ in range(20):
            await press(pilot, "pagedown", None)
        assert app.sheet.page.below == 0
        await press(pilot, "f4", None)
        assert app.sheet.page.offset == 0
        await press(pilot, "home", None)
        assert driver.calls == []
        driver.show(HELP)
        await pilot.pause()
        assert app.sheet.page.offset == 0


async def test_f4_is_the_drivers_where_it_has_a_use() -> None:
    driver = FakeDriver(replace(HISTORY, keys=(KeyHint("F4", "Next"),), paging=None))
    app = ScannerApp(driver)
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "f4", None)
        assert driver.calls == [("key", "F4")]
        assert app.sheet.page.offset == 0


async def test_pages_turn_by_the_key_that_the_view_names() -> None:
    driver = FakeDriver(replace(HISTORY, paging=KeyHint("F11", "Page")))
    app = ScannerApp(driver)
    async with app.run_test(size=SIZE) as pilot:
        assert "F11 Page" in shown(app)
        await press(pilot, "f4", None)
        assert (driver.calls, app.sheet.page.offset) == ([("key", "F4")], 0)
        await press(pilot, "f11", None)
        assert app.sheet.page.offset > 0


async def test_another_answer_begins_at_its_begin() -> None:
    driver = FakeDriver(FOUND)
    app = ScannerApp(driver)
    async with app.run_test(size=(26, 16)) as pilot:
        await press(pilot, "f4", None)
        assert app.sheet.page.offset > 0
        driver.show(replace(FOUND, meter=replace(FOUND.meter, sent=132)))
        await pilot.pause()
        assert app.sheet.page.offset > 0
        driver.show(replace(FOUND, lines=FOUND.lines[1:]))
        await pilot.pause()
        assert app.sheet.page.offset == 0


async def test_a_resize_lays_the_page_out_anew() -> None:
    app = ScannerApp(FakeDriver(RECEIVING))
    async with app.run_test(size=SIZE) as pilot:
        assert app.screen.has_class("-design")
        await pilot.resize_terminal(26, 16)
        assert [len(row) for row in drawn(app)] == [26] * 16
        assert app.screen.has_class("-usable")
        await pilot.resize_terminal(80, 24)
        assert app.screen.has_class("-comfortable")
        assert "scans 142 = saved 142" in shown(app)


async def test_dressing_changes_colours_and_words() -> None:
    app = ScannerApp(FakeDriver(SIGN_IN))
    async with app.run_test(size=SIZE) as pilot:
        app.dress(ThemeName.LIGHT, Words(scans="Scans", saved="gut"))
        await pilot.pause()
        assert app.theme == THEMES[ThemeName.LIGHT].name
        assert "Scans 142 = gut 142" in drawn(app)[1]
        app.dress(ThemeName.DARK)
        await pilot.pause()
        assert "Scans 142 = gut 142" in drawn(app)[1]


async def test_a_bell_rings_on_the_terminal_between_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    app = ScannerApp(FakeDriver(SIGN_IN))
    async with app.run_test(size=SIZE) as pilot:
        app.ring("\x07")
        await pilot.pause()
        written: list[str] = []
        assert app._driver is not None
        monkeypatch.setattr(app._driver, "write", written.append)
        monkeypatch.setattr(type(app), "is_headless", property(lambda _: False))
        threading.Thread(target=app.ring, args=("\x07\x07",)).start()
        while not written:
            await pilot.pause()
        assert written == ["\x07\x07"]


def test_a_row_beyond_the_page_is_blank() -> None:
    sheet = Sheet(RECEIVING, palette(ThemeName.DARK), Words())
    assert sheet.render_line(3).text == ""


async def test_an_unchanged_view_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    app = ScannerApp(FakeDriver(RECEIVING))
    async with app.run_test(size=SIZE):
        refreshed: list[tuple[object, ...]] = []
        monkeypatch.setattr(app.sheet, "refresh", lambda *regions: refreshed.append(regions))
        app.sheet.show(replace(RECEIVING))
        assert refreshed == []
        later: View = replace(RECEIVING, meter=replace(RECEIVING.meter, sent=132))
        app.sheet.show(later)
        assert [len(regions) for regions in refreshed] == [1]
