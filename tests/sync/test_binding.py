"""What binds a home to a centre: written whole or not at all, for its owner alone, and read with suspicion."""

from __future__ import annotations

import errno
import json
import os
import stat
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from scanner_app.config import Config
from scanner_app.errors import ConfigError, SyncError
from sync import binding as b

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BOUND = b.Binding("https://centre.example", "HT-7", "OSL", "Oslo “Øst”", "Europe/Oslo", "ab" * 32)
TOKEN = b.Token("the-token_that.nobody~sees", 1_800_000_000_000)
KEY = bytes(range(32))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert b.read_binding(home) is None
    assert b.ca_path(home) is None
    b.keep_binding(home, BOUND)
    b.keep_token(home, TOKEN)
    b.keep_device_key(home, KEY)
    b.keep_ca(home, "PEM")
    assert b.read_binding(home) == BOUND
    assert b.read_token(home) == TOKEN
    assert b.read_device_key(home) == KEY
    ca = b.ca_path(home)
    assert ca is not None
    assert ca.read_text() == "PEM"


def test_all_of_it_is_its_owners_alone_whatever_the_mask(tmp_path: Path) -> None:
    home = tmp_path / "home"
    former = os.umask(0)
    try:
        b.keep_binding(home, BOUND)
        b.keep_token(home, TOKEN)
    finally:
        os.umask(former)
    assert (mode(home), mode(home / "keys"), mode(home / "centre.json"), mode(home / "keys" / "token.json")) == (
        0o700, 0o700, 0o600, 0o600,
    )  # fmt: skip


def test_a_file_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader sees the former or the new one; what a crash left behind is in nobody's way."""
    b.keep_token(tmp_path, TOKEN)
    beside = tmp_path / "keys" / "token.json.new"
    beside.write_text("torn")
    beside.chmod(0o644)
    seen: list[b.Token] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        seen.append(b.read_token(tmp_path))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    later = b.Token("another", 2)
    b.keep_token(tmp_path, later)
    assert seen == [TOKEN, later]
    assert b.read_token(tmp_path) == later
    assert mode(tmp_path / "keys" / "token.json") == 0o600
    assert not beside.exists()


def test_a_link_in_its_place_is_not_written_through(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("untouched")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "token.json.new").symlink_to(elsewhere)
    b.keep_token(tmp_path, TOKEN)
    assert elsewhere.read_text() == "untouched"
    assert b.read_token(tmp_path) == TOKEN


def test_a_full_disk_leaves_the_former_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    b.keep_token(tmp_path, TOKEN)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        b.keep_token(tmp_path, b.Token("another", 2))
    assert b.read_token(tmp_path) == TOKEN


def told(read: Callable[[Path], object], home: Path, name: str) -> SyncError:
    with pytest.raises(SyncError) as caught:
        read(home)
    fault = caught.value
    assert fault.code == "BINDING_UNREADABLE"
    assert str(fault) == f"{home / name} cannot be read. Enrol this handheld again: scanner enrol URL CODE."
    return fault


WHOLE = json.dumps(asdict(BOUND))


@pytest.mark.parametrize(
    "content",
    [
        b"", WHOLE[: len(WHOLE) // 2].encode(), b"\xff\xfe", b"[]", b"null", b"{}", b'"text"',
        json.dumps(asdict(BOUND) | {"device": 7}).encode(), json.dumps(asdict(BOUND) | {"allow_http": "yes"}).encode(),
        json.dumps({name: value for name, value in asdict(BOUND).items() if name != "site"}).encode(),
    ],
)  # fmt: skip
def test_a_torn_binding_is_told_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "centre.json").write_bytes(content)
    told(b.read_binding, tmp_path, "centre.json")


def test_a_binding_of_another_version_is_read(tmp_path: Path) -> None:
    """Fields that may be missing may be missing, those of a later program are passed over."""
    written = asdict(BOUND) | {"region": "north"}
    del written["allow_http"]
    (tmp_path / "centre.json").write_text(json.dumps(written))
    assert b.read_binding(tmp_path) == BOUND


def test_a_binding_that_was_changed_by_hand_sends_no_token_in_clear(tmp_path: Path) -> None:
    b.keep_binding(tmp_path, replace(BOUND, url="http://centre.example"))
    with pytest.raises(ConfigError, match="in clear"):
        b.read_binding(tmp_path)
    b.keep_binding(tmp_path, replace(BOUND, url="http://centre.example", allow_http=True))
    assert b.read_binding(tmp_path) is not None


@pytest.mark.parametrize(
    "content",
    [
        b"", b'{"token": "secr', b"[]", b"\xff", b"{}", b'{"token": "secret"}', b'{"token": null, "until_ms": 1}',
        b'{"token": "secret", "until_ms": "1"}', b'{"token": "secret", "until_ms": true}',
        b'{"token": "secret\\r\\nx", "until_ms": 1}', b'{"token": "", "until_ms": 1}',
        '{"token": "secret☃", "until_ms": 1}'.encode(),
    ],
)  # fmt: skip
def test_a_torn_token_is_told_without_its_content(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "token.json").write_bytes(content)
    fault = told(b.read_token, tmp_path, "keys/token.json")
    assert fault.__cause__ is None
    assert fault.__suppress_context__ or fault.__context__ is None


@pytest.mark.parametrize("content", [b"", b"00ff", b"zz" * 32, KEY.hex().encode() + b"00", b"\xff"])
def test_a_torn_key_is_told_without_its_content(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "device.key").write_bytes(content)
    fault = told(b.read_device_key, tmp_path, "keys/device.key")
    assert fault.__cause__ is None


def test_keys_that_are_not_there_are_told(tmp_path: Path) -> None:
    told(b.read_token, tmp_path, "keys/token.json")
    told(b.read_device_key, tmp_path, "keys/device.key")


def test_a_token_shows_itself_to_nobody() -> None:
    assert TOKEN.text not in repr(TOKEN)
    assert TOKEN.text not in f"{TOKEN}"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://centre.example", "https://centre.example"),
        ("https://centre.example:8700/", "https://centre.example:8700"),
        ("https://centre.example/scanner//", "https://centre.example/scanner"),
        ("HTTPS://Centre.Example", "HTTPS://Centre.Example"),
        ("https://[fd00::7]:8700", "https://[fd00::7]:8700"),
        ("http://127.0.0.1:8700", "http://127.0.0.1:8700"),
        ("http://localhost", "http://localhost"),
        ("http://[::1]:8700", "http://[::1]:8700"),
    ],
)
def test_an_address_is_taken(text: str, url: str) -> None:
    assert b.checked_url(text, allow_http=False) == url


@pytest.mark.parametrize("text", ["http://centre.example", "http://10.0.0.7:8700", "http://127.0.0.1.example"])
def test_plain_http_is_refused_unless_it_is_allowed_by_name(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        b.checked_url(text, allow_http=False)
    assert (caught.value.code, "--allow-http" in str(caught.value)) == ("HTTP_REFUSED", True)
    assert b.checked_url(text, allow_http=True) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "centre.example", "ftp://centre.example", "https://", "https:///x", "https://[::1", "https://h:99999",
        "https://h:x", "https://h:0", "https://h?q=1", "https://h#f", "https://ana:secret@h", "https://:secret@h",
        "https://h\n.evil", "https://h /x", "https://h\\@evil", "https://h\x00", "http://127.0.0.1\t.example",
        "https://127.0.0.1?", "https://h#",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        b.checked_url(text, allow_http=True)
    assert caught.value.code == "URL_INVALID"
    assert "secret" not in str(caught.value)


def test_the_configuration_takes_the_names_that_the_centre_gave() -> None:
    config = Config()
    assert b.bound(config, None) is config
    bound = b.bound(config, BOUND)
    assert (bound.device.id, bound.site.id, bound.site.name) == ("HT-7", "OSL", BOUND.site_name)
