"""Digits that come as quickly as a scan's, or are pasted: what is asked for says whether a person typed them."""

from __future__ import annotations

from dataclasses import dataclass

from scanner_app.domain.masters import PIN_LENGTHS
from scanner_app.domain.typed_entry import bare_key


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person may be answering: a PIN, the badge, or by typing a number or a text that was begun."""

    pin: bool
    badge: bool
    typing: bool

    @property
    def anything(self) -> bool:
        """Whether any digits may be an answer."""
        return self.pin or self.badge or self.typing

    def takes(self, digits: str) -> bool:
        """Whether these digits are the answer, and no scan.

        A PIN, whatever its length; where a badge is asked for, what has a PIN's length, since nobody else's PIN may get
        into the ledger either; in typing, what is no key.
        """
        if self.pin:
            return True
        if self.badge:
            return self.typing or len(digits) in PIN_LENGTHS
        return self.typing and bare_key(digits) is None
