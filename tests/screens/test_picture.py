from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from scanner_app.app import ScannerApp
from screens.picture import render_svg
from screens.theme import ThemeName
from tests.screens.fake_driver import FakeDriver
from tests.screens.views import RECEIVING, SIZES, VIEWS

SVG = "{http://www.w3.org/2000/svg}"


def words_in(svg: str) -> list[str]:
    return [str(element.text) for element in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 - our own picture


@pytest.mark.parametrize("theme", list(ThemeName))
@pytest.mark.parametrize("size", SIZES)
async def test_a_picture_says_what_the_app_says(theme: ThemeName, size: tuple[int, int]) -> None:
    app = ScannerApp(FakeDriver(RECEIVING), theme=theme)
    async with app.run_test(size=size):
        blocks = str.maketrans("█▀▄", "   ")
        shown = " ".join(row.text.translate(blocks) for row in app.sheet.page.rows).split()
        air = app.size.width - app.sheet.size.width
        assert words_in(render_svg(RECEIVING, size[0] - air, size[1], theme)) == shown


def test_a_picture_stands_alone_and_is_as_large_as_its_screen() -> None:
    svg = render_svg(RECEIVING, 40, 20, ThemeName.DARK)
    top = ET.fromstring(svg)  # noqa: S314 - our own picture
    assert (top.get("width"), top.get("height")) == ("428", "428")
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    assert "href" not in svg


def test_every_view_makes_a_picture_whatever_it_says() -> None:
    for view in VIEWS.values():
        assert words_in(render_svg(view, 40, 20, ThemeName.DARK))
    hostile = replace(RECEIVING, lines=("<b>&\"'\x1b[2J",))
    assert "<b>&\"'␛[2J" in words_in(render_svg(hostile, 40, 20, ThemeName.DARK))
