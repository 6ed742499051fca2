"""Keys: the centre's own Ed25519 key, and the check of what devices sign."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from server.faults import ServerError, translated

if TYPE_CHECKING:
    from pathlib import Path

KEY_BYTES: Final = 32
KEYS_KEPT: Final = 20_000
OWNER_FILE: Final = 0o600
OWNER_FOLDER: Final = 0o700


class CentreKey:
    """The key the centre signs with."""

    def __init__(self, private: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(private)
        self.public: bytes = self._private.public_key().public_bytes_raw()

    def sign(self, content: bytes) -> bytes:
        """The signature of some bytes."""
        return self._private.sign(content)


def make_key(path: Path) -> None:
    """Writes a new key, readable by its owner alone; nothing where there is one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=OWNER_FOLDER)
    with translated(path):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_FILE)
        except FileExistsError:
            return
        try:
            os.write(descriptor, Ed25519PrivateKey.generate().private_bytes_raw())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_key(path: Path) -> CentreKey:
    """The centre's key. Raises ServerError NO_KEY."""
    if not path.exists():
        remedy = "Put it back from where it was kept, or run `scanner-server init` for a new one."
        raise ServerError("NO_KEY", f"The centre's key {path} is not there.", remedy=remedy)
    with translated(path):
        private = path.read_bytes()
    if len(private) != KEY_BYTES:
        raise ServerError("NO_KEY", f"{path} holds no key.", remedy="Put it back from where it was kept.")
    return CentreKey(private)


@lru_cache(maxsize=KEYS_KEPT)
def _public(key: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(key)


def is_public_key(key: bytes) -> bool:
    """Whether these bytes are an Ed25519 public key."""
    try:
        _public(key)
    except ValueError:
        return False
    return len(key) == KEY_BYTES


def is_signed(key: bytes, signature: bytes, content: bytes) -> bool:
    """Whether the key's owner signed these bytes."""
    try:
        _public(key).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True
