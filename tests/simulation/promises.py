"""A promise that is looked at, and the finding where it does not hold."""

from __future__ import annotations


class BrokenPromiseError(AssertionError):
    """A promise that does not hold."""


def promise(holds: bool, sentence: str) -> None:  # noqa: FBT001 - read as an assertion
    """Raises what would be a finding."""
    if not holds:
        raise BrokenPromiseError(sentence)
