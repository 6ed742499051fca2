"""Badges as the ledger may keep them: whatever may be a token is hashed, and no goods are touched."""

from __future__ import annotations

import hashlib
import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.domain.badges import bears_badge, is_masked, token_hash, without_token

DAY = date(2026, 11, 24)
TOKEN = "7Kq2Wv9RtX4mBz8N"
BADGE = f"USR-1042.{TOKEN}"
MASKED = re.compile(r"#[0-9a-f]{16}$")


def kept(text: str) -> str:
    return without_token(text, "USR-", DAY)


def test_a_badge_keeps_who_it_is() -> None:
    assert (
        kept(BADGE) == f"USR-1042#{hashlib.sha256(TOKEN.encode()).hexdigest()[:16]}" == f"USR-1042#{token_hash(TOKEN)}"
    )


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"{BADGE}\x1d", "USR-1042"),
        (f" {BADGE}", " USR-1042"),
        (f"usr-1042.{TOKEN}", "usr-1042"),
        (f"uSR-1042.{TOKEN.swapcase()}", "uSR-1042"),
        (f"noise{BADGE}", "noiseUSR-1042"),
        (f"]d2{BADGE}", "]d2USR-1042"),
        (f"]C1{BADGE}", "]C1USR-1042"),
        (f"USR-1042:{TOKEN}", "USR-1042"),
        (f"USR-1042 {TOKEN}!", "USR-1042"),
        (f"LOC-{BADGE}", "LOC-USR-1042"),
        (f"USR-1042.{TOKEN}\n{BADGE}", "USR-1042"),
    ],
)
def test_what_may_be_one_is_masked_wherever_it_stands(text: str, left: str) -> None:
    assert bears_badge(text, "USR-", DAY)
    assert MASKED.sub("", kept(text)) == left
    assert TOKEN not in kept(text)
    assert kept(kept(text)) == kept(text)
    assert is_masked(kept(text))


@pytest.mark.parametrize(
    "text",
    [
        "USR-1042", "USR-", "LOC-A-01-1", "", "]d20109521001000116",
        "]d2010952100100011610USR-1.2\x1d21X", "https://id.gs1.org/01/09521001000116/10/USR-1.ABC",
        "USR-1042-short", f"USR-1042#{'0' * 16}",
    ],
)  # fmt: skip
def test_what_is_none_stays_as_it_is(text: str) -> None:
    assert not bears_badge(text, "USR-", DAY)
    assert kept(text) == text


def test_the_prefix_is_the_sites_own() -> None:
    assert without_token(f"P.7.{TOKEN}", "P.", DAY) == f"P.7#{token_hash(TOKEN)}"
    assert without_token(BADGE, "P.", DAY) == BADGE


@given(st.text(max_size=8), st.text(max_size=8))
def test_no_noise_around_a_badge_saves_its_token(before: str, after: str) -> None:
    text = before + BADGE + after
    assert TOKEN not in kept(text)
