"""The QR code of an enrolment: what is drawn is what a handheld reads."""

from __future__ import annotations

import sys

import pytest
import zxingcpp
from PIL import Image

from scanner_app.errors import ConfigError
from server.invitation import HALVES, drawn, invitation
from sync.enrolment import invitation_of

URL = "https://centre.example:8700"
SCALE = 4


def test_a_handheld_takes_the_invitation_as_it_was_written() -> None:
    found = invitation_of(invitation(f"{URL}/", "AB+/CD", "ef" * 32))
    assert found is not None
    assert (found.url, found.code, found.pin) == (f"{URL}/", "AB+/CD", "ef" * 32)
    plain = invitation_of(invitation(URL, "ABCD"))
    assert plain is not None
    assert (plain.code, plain.pin) == ("ABCD", "")


def test_what_is_drawn_is_read() -> None:
    text = invitation(URL, "ABCD-EFGH", "ef" * 32)
    modules = {drawn_as: dark for dark, drawn_as in HALVES.items()}
    rows: list[list[bool]] = []
    for line in drawn(text):
        pairs = [modules[character] for character in line]
        rows += [[above for above, _ in pairs], [below for _, below in pairs]]
    image = Image.new("L", (len(rows[0]), len(rows)), 255)
    image.putdata([0 if dark else 255 for row in rows for dark in row])
    read = zxingcpp.read_barcodes(image.resize((image.width * SCALE, image.height * SCALE), Image.Resampling.NEAREST))
    assert [found.text for found in read] == [text]


def test_an_installation_that_draws_nothing_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zxingcpp", None)
    with pytest.raises(ConfigError) as caught:
        list(drawn("x"))
    assert caught.value.code == "NO_SYMBOLS"
