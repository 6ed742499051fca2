"""The table of application identifiers: format, fixed length, data title, linters and companions of each.

>>> TABLE["17"].title, TABLE["17"].fixed_length
('USE BY or EXPIRY', 6)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scanner_app.domain.ai_forms import Check, checker, read_form
from scanner_app.domain.ai_rows import Row, rows

FIXED_LENGTH_STARTS: Final = frozenset(
    ["00", "01", "02", "03", "11", "12", "13", "15", "16", "17", "20", "31", "32", "33", "34", "35", "36", "41"]
)
"""AIs beginning so have a predefined length and need no separator after them (General Specifications, 7.8.5)."""

NOT_IN_LINK_QUERY: Final = frozenset(
    (
        *("03", "21", "22", "235", "254", "7040", "7041", "8011", "8014", "8019", "8020"),
        *("8040", "8041", "8042", "8043", "8200"),
    )
)
"""AIs that cannot be an attribute in the query of a Digital Link."""

LINK_KEYS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "00": (),
    "01": (("22", "10", "21"), ("235",)),
    "253": (),
    "255": (),
    "401": (),
    "402": (),
    "414": (("254",), ("7040",)),
    "415": (("8020",),),
    "417": (("7040",),),
    "8003": (),
    "8004": (("7040",),),
    "8006": (("22", "10", "21"),),
    "8010": (("8011",),),
    "8013": (),
    "8017": (("8019",),),
    "8018": (("8019",),),
}
"""Primary keys of a Digital Link, each with its qualifiers in order, in one alternative or more."""

Companions = tuple[tuple[frozenset[str], ...], ...]
"""Alternatives; of each, one AI of every set must be there."""


@dataclass(frozen=True, slots=True)
class ApplicationIdentifier:
    """One AI. `fixed_length` counts the characters of a value that needs no separator after it, 0 for all others."""

    ai: str
    title: str
    form: str
    check: Check
    fixed_length: int
    companions: Companions
    companions_text: str
    excludes: frozenset[str]
    in_link_query: bool


def _matching(pattern: str) -> frozenset[str]:
    """The AIs that a pattern stands for; n is any digit."""
    start = pattern.rstrip("n")
    if start == pattern:
        return frozenset((pattern,))
    return frozenset(ai for ai in ROWS if len(ai) == len(pattern) and ai.startswith(start))


def _entry(row: Row) -> ApplicationIdentifier:
    """The entry of a row."""
    ai, title, form, needs, excludes = row
    components = read_form(form)
    alternatives = [alternative for alternative in needs.split(" ") if alternative]
    forbidden = [_matching(pattern) for pattern in excludes.split(" ") if pattern]
    return ApplicationIdentifier(
        ai=ai,
        title=title,
        form=form,
        check=checker(components),
        fixed_length=sum(part.longest for part in components) if ai[:2] in FIXED_LENGTH_STARTS else 0,
        companions=tuple(
            tuple(_matching(pattern) for pattern in alternative.split("+")) for alternative in alternatives
        ),
        companions_text=" or ".join(
            " with ".join(f"({pattern})" for pattern in alternative.split("+")) for alternative in alternatives
        ),
        excludes=frozenset[str]().union(*forbidden) - {ai},
        in_link_query=ai not in NOT_IN_LINK_QUERY,
    )


class _Table(dict[str, ApplicationIdentifier]):
    """Entries by AI, each made when it is first asked for: start-up pays for none of the 541."""

    def __missing__(self, ai: str) -> ApplicationIdentifier:
        """Makes the entry of an AI; KeyError if there is no such AI."""
        entry = self[ai] = _entry(ROWS[ai])
        return entry


ROWS: Final = {row[0]: row for row in rows()}
"""What is listed of every application identifier; whether an AI is known is asked here."""

TABLE: Final = _Table()
"""Every application identifier by its digits: `TABLE[ai]`, for an AI that is in ROWS."""

AI_LENGTH: Final = {ai[:2]: len(ai) for ai in ROWS}
"""The length of an AI by its first two digits (General Specifications, figure 7.8.1-1)."""


def find_ai(beginning: str) -> ApplicationIdentifier | None:
    """The entry of the AI that these two to four characters begin with; None if none does."""
    ai = beginning[: AI_LENGTH.get(beginning[:2], 0)]
    return TABLE[ai] if ai in ROWS else None
