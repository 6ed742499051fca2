"""PINs: argon2id over PIN ‖ token, at the least cost of the usual recommendation (model.md, Sign-in)."""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def make_verifier(secret: str) -> str:
    """The verifier of PIN ‖ token, in PHC form."""
    return HASHER.hash(secret)


def is_verified(verifier: str, secret: str) -> bool:
    """Whether PIN ‖ token is what the verifier was made of."""
    try:
        return HASHER.verify(verifier, secret)
    except (VerificationError, InvalidHashError):
        return False
