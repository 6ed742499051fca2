"""The cells of one imported row as values. What is wrong is noted and a stand-in given, so that a row is told whole."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

from scanner_app.domain.import_rows import BadRow, shown
from scanner_app.domain.keys import SSCC_DIGITS, Gtin, KeyFormatError, Lot, Serial, Sscc, is_digits
from scanner_app.domain.masters import PIN_LENGTHS
from scanner_app.domain.stock import CASE_PLACE, SSCC_PLACE, case_place, sscc_place
from scanner_app.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner_app.domain.import_rows import Row

TEXT_MAX: Final = 80
VERIFIER_MAX: Final = 200
QUANTITY_MAX: Final = 1_000_000
QUANTITY_DIGITS_MAX: Final = 7
TRUE: Final = frozenset({"yes", "true", "1"})
FALSE: Final = frozenset({"no", "false", "0"})
PIN: Final = re.compile(f"[0-9]{{{PIN_LENGTHS.start},{PIN_LENGTHS.stop - 1}}}")
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
VERIFIER_BEGINNING: Final = "$argon2id$"

E = TypeVar("E", bound=StrEnum)


class Cells:
    """Reads one row; `bad` holds what is wrong with it so far."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self.where = row.where
        self.bad: list[BadRow] = []

    def refuse(self, column: str, problem: str) -> None:
        """Notes that a cell cannot be used."""
        self.bad.append(BadRow(self.where, column, problem))

    def once(self, places: dict[tuple[str, ...], str], column: str, *key: str) -> None:
        """Notes a key that stands in the file already; `places` keeps where each stood first. Wrong keys are empty."""
        if all(key) and places.setdefault(key, self.where) != self.where:
            self.refuse(column, f"{key[-1]} stands on {places[key]} already")

    def has(self, column: str) -> bool:
        """Whether the cell is filled."""
        return self.raw(column) != ""

    def raw(self, column: str) -> str:
        """The cell as it is."""
        return self._row.cells.get(column, "")

    def text(self, column: str) -> str:
        """Printable text; empty is wrong."""
        if not self.has(column):
            self.refuse(column, "is empty")
        return self.optional(column) or ""

    def optional(self, column: str, length_max: int = TEXT_MAX) -> str | None:
        """Printable text; None where the cell is empty."""
        found = self.raw(column)
        if len(found) <= length_max and found.isprintable():
            return found or None
        self.refuse(column, f"must be printable and at most {length_max} characters")
        return None

    def gtin(self, column: str) -> str:
        """The GTIN-14 of 8, 12, 13 or 14 digits."""
        return self._key(column, Gtin.of) if self.has(column) else self.text(column)

    def lot(self) -> str | None:
        """A lot as on the label; None where it is not said."""
        return self._key("lot", Lot.of) if self.has("lot") else None

    def serial(self) -> str | None:
        """A serial as on the label; None where there is none."""
        return self._key("serial", Serial.of) if self.has("serial") else None

    def container(self, column: str) -> str | None:
        """The place id of a container: an SSCC or `<case GTIN>:<serial>`, with or without the prefix of place ids."""
        return self._key(column, container_id) if self.has(column) else None

    def _key(self, column: str, read: Callable[[str], object]) -> str:
        """A key; empty where it is wrong."""
        found = self.optional(column)
        try:
            return "" if found is None else str(read(found))
        except KeyFormatError as fault:
            self.refuse(column, str(fault).rstrip("."))
            return ""

    def day(self, column: str) -> date | None:
        """A date; None where it is not said."""
        found = self.raw(column)
        try:
            return date.fromisoformat(found) if found else None
        except ValueError:
            self.refuse(column, f"{shown(found)} is no date: write 2027-05-31")
            return None

    def count(self, column: str, least: int = 1) -> int:
        """A whole number from `least` to a million."""
        found = self.raw(column)
        if is_digits(found) and len(found) <= QUANTITY_DIGITS_MAX and least <= int(found) <= QUANTITY_MAX:
            return int(found)
        self.refuse(column, f"{shown(found)} is no whole number from {least} to {QUANTITY_MAX}")
        return least

    def flag(self, column: str, *, default: bool = True) -> bool:
        """Yes or no; the default where the cell is empty."""
        found = self.raw(column).lower()
        if found and found not in TRUE | FALSE:
            self.refuse(column, f"{shown(found)} is neither yes nor no")
        return found in TRUE if found else default

    def one_of(self, column: str, words: tuple[str, ...]) -> str:
        """One of some words; the first of them where the cell is wrong."""
        found = self.raw(column)
        if found in words:
            return found
        self.refuse(column, f"{shown(found)} is none of {', '.join(words)}" if found else "is empty")
        return words[0]

    def word(self, column: str, words: type[E]) -> E:
        """A member of a closed set."""
        return words(self.one_of(column, tuple(word.value for word in words)))

    def language(self) -> str:
        """A language that sentences exist for; English where the cell is empty."""
        found = self.optional("language") or "en"
        if found not in LANGUAGES:
            self.refuse("language", f"{shown(found)} is none of {', '.join(LANGUAGES)}")
        return found

    def secret(self) -> tuple[str, str]:
        """A verifier and, where one is still to be made, the text to make it of (PIN ‖ token)."""
        verifier = self.optional("verifier", VERIFIER_MAX) or ""
        if self.has("verifier"):
            if not verifier.startswith(VERIFIER_BEGINNING):
                self.refuse("verifier", f"must begin with {VERIFIER_BEGINNING}")
            if self.has("pin") or self.has("token"):
                self.refuse("verifier", "stands instead of pin and token, not beside them")
            return verifier, ""
        pin = self._secret_part("pin", PIN, f"must be {PIN_LENGTHS.start} to {PIN_LENGTHS.stop - 1} digits")
        token = self._secret_part("token", TOKEN, "must be 16 to 64 letters (a to z), digits, - or _")
        return "", pin + token

    def _secret_part(self, column: str, pattern: re.Pattern[str], rule: str) -> str:
        """A cell that no sentence may repeat."""
        found = self.raw(column)
        if not pattern.fullmatch(found):
            self.refuse(column, rule if found else f"is empty: it {rule}")
        return found


def container_id(text: str) -> str:
    """The place id of a container. Raises KeyFormatError."""
    plain = text.removeprefix(SSCC_PLACE).removeprefix(CASE_PLACE)
    if len(plain) == SSCC_DIGITS and is_digits(plain):
        return sscc_place(str(Sscc.of(plain)))
    gtin, colon, serial = plain.partition(":")
    if colon:
        return case_place(str(Gtin.of(gtin)), str(Serial.of(serial)))
    raise KeyFormatError("BAD_FORMAT", f"{shown(text)} is no SSCC of 18 digits and no case as GTIN:serial")
