"""What binds a home to a centre: address and names in `centre.json`, secrets in `keys/`, readable by their owner alone.

Key and token are never in the ledger, a log, an export or an error.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from scanner_app.errors import ConfigError, SyncError

if TYPE_CHECKING:
    from pathlib import Path

    from scanner_app.config import Config

BINDING_NAME: Final = "centre.json"
KEYS_FOLDER: Final = "keys"
DEVICE_KEY_NAME: Final = "device.key"
TOKEN_NAME: Final = "token.json"  # noqa: S105 - the name of the file, not what is in it
CA_NAME: Final = "ca.pem"
OWNER_FILE: Final = 0o600
OWNER_FOLDER: Final = 0o700
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
PLAIN: Final = re.compile(r"[^\s@?#\\\x00-\x1f\x7f-\x9f]+")
"""An address without user, query, fragment, or what a terminal or a parser would pass over."""

IN_A_HEADER: Final = re.compile(r"[A-Za-z0-9._~+/=-]+")
"""A bearer token (RFC 6750, 2.1)."""

DEVICE_KEY_BYTES: Final = 32
TEXTS: Final = ("url", "device", "site", "site_name", "time_zone", "centre_key")


@dataclass(frozen=True, slots=True)
class Binding:
    """The centre that a home belongs to, and the names it has there. `centre_key`: Ed25519, hexadecimal."""

    url: str
    device: str
    site: str
    site_name: str
    time_zone: str
    centre_key: str
    allow_http: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """The bearer token, and until when (UTC ms) it is good."""

    text: str = field(repr=False)
    until_ms: int


def checked_url(text: str, *, allow_http: bool) -> str:
    """The centre's address without a slash at its end. Raises ConfigError for anything else than HTTPS.

    Plain HTTP is taken to this machine itself, or where `allow_http` says so. What is no address is not shown: it may
    hold a password.
    """
    parts = _parts_of(text)
    if parts is None:
        raise ConfigError("URL_INVALID", "This is no address of a centre.", remedy="Write https://HOST[:PORT].")
    if parts.scheme == "http" and not allow_http and parts.hostname not in LOOPBACK:
        message = f"{text} would send everything in clear."
        raise ConfigError("HTTP_REFUSED", message, remedy="Use https, or say --allow-http if nobody can listen.")
    return text.rstrip("/")


def _parts_of(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if is_address and PLAIN.fullmatch(text) else None


def read_binding(home: Path) -> Binding | None:
    """The binding of a home; None where it was never enrolled.

    Raises SyncError BINDING_UNREADABLE, and what `checked_url` raises where the file was changed by hand.
    """
    path = home / BINDING_NAME
    try:
        given = json.loads(path.read_text("utf-8"))
        binding = Binding(**{each.name: given[each.name] for each in fields(Binding) if each.name in given})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as fault:
        raise _unreadable(path) from fault
    if not all(isinstance(getattr(binding, name), str) for name in TEXTS) or not isinstance(binding.allow_http, bool):
        raise _unreadable(path)
    checked_url(binding.url, allow_http=binding.allow_http)
    return binding


def keep_binding(home: Path, binding: Binding) -> None:
    """Writes the binding."""
    keep(home / BINDING_NAME, json.dumps(asdict(binding), ensure_ascii=False, indent=1) + "\n")


def bound(config: Config, binding: Binding | None) -> Config:
    """The configuration with the names that the centre gave; as it is where a home is bound to none."""
    if binding is None:
        return config
    site = replace(config.site, id=binding.site, name=binding.site_name, time_zone=binding.time_zone)
    return replace(config, site=site, device=replace(config.device, id=binding.device))


def read_token(home: Path) -> Token:
    """The token in force. Raises SyncError BINDING_UNREADABLE."""
    path = home / KEYS_FOLDER / TOKEN_NAME
    try:
        given = json.loads(path.read_text("utf-8"))
        token = Token(given["token"], given["until_ms"])
    except (OSError, ValueError, TypeError, KeyError):
        raise _unreadable(path) from None
    if type(token.text) is not str or type(token.until_ms) is not int or not IN_A_HEADER.fullmatch(token.text):
        raise _unreadable(path)
    return token


def keep_token(home: Path, token: Token) -> None:
    """Writes the token in place of the former one."""
    keep(home / KEYS_FOLDER / TOKEN_NAME, json.dumps({"token": token.text, "until_ms": token.until_ms}) + "\n")


def read_device_key(home: Path) -> bytes:
    """The device's private key, 32 bytes. Raises SyncError BINDING_UNREADABLE."""
    path = home / KEYS_FOLDER / DEVICE_KEY_NAME
    try:
        key = bytes.fromhex(path.read_text("ascii"))
    except (OSError, ValueError):
        raise _unreadable(path) from None
    if len(key) != DEVICE_KEY_BYTES:
        raise _unreadable(path)
    return key


def keep_device_key(home: Path, key: bytes) -> None:
    """Writes the device's private key."""
    keep(home / KEYS_FOLDER / DEVICE_KEY_NAME, key.hex() + "\n")


def ca_path(home: Path) -> Path | None:
    """The certificate of the centre's own authority; None where the machine's authorities are asked."""
    path = home / KEYS_FOLDER / CA_NAME
    return path if path.exists() else None


def keep_ca(home: Path, pem: str) -> None:
    """Writes the certificate of the centre's own authority."""
    keep(home / KEYS_FOLDER / CA_NAME, pem)


def forget_ca(home: Path) -> None:
    """From now on the machine's authorities are asked."""
    (home / KEYS_FOLDER / CA_NAME).unlink(missing_ok=True)


def keep(path: Path, text: str) -> None:
    """Writes a file of its owner's alone, whole or not at all, and forces it to the disk."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=OWNER_FOLDER)
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_FILE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, OWNER_FILE)
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unreadable(path: Path) -> SyncError:
    message = f"{path} cannot be read."
    return SyncError("BINDING_UNREADABLE", message, remedy="Enrol this handheld again: scanner enrol URL CODE.")
