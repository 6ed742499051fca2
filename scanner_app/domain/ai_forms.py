"""The form of an application identifier's data: its components, and how a value is checked against them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Final

from scanner_app.domain import coupons, linters
from scanner_app.domain.keys import CSET82
from scanner_app.domain.linters import DatedLinter, Fault, Linter
from scanner_app.domain.parsed_scan import ScanErrorCode


class Characters(StrEnum):
    """The character sets of components, by the letters of the General Specifications."""

    DIGITS = "N"
    CSET82 = "X"
    CSET39 = "Y"
    CSET64 = "Z"


IN_SET: Final[dict[Characters, Callable[[str], bool]]] = {
    Characters.DIGITS: str.isdigit,  # of ASCII text
    Characters.CSET82: CSET82.issuperset,
    Characters.CSET39: frozenset("#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ").issuperset,
    Characters.CSET64: frozenset("-0123456789=ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz").issuperset,
}

SET_NAME: Final = {
    Characters.DIGITS: "digits",
    Characters.CSET82: "characters of GS1 set 82",
    Characters.CSET39: "characters of GS1 set 39",
    Characters.CSET64: "characters of GS1 set 64",
}

LINTERS: Final[dict[str, Linter]] = {
    linter.__name__: linter
    for linter in (
        linters.csum, linters.csumalpha, linters.cset64_padding, linters.hasnondigit, linters.hh, linters.hhmi,
        linters.hyphen, linters.iban, linters.importeridx, linters.iso3166, linters.iso3166_or_999,
        linters.iso3166alpha2, linters.iso4217, linters.iso5218, linters.key, linters.latitude, linters.longitude,
        linters.mediatype, linters.mi, linters.nonzero, linters.nozeroprefix, linters.packagetype, linters.pcenc,
        linters.pieceoftotal, linters.posinseqslash, linters.ss, linters.winding, linters.yesno, linters.yyyymmdd,
        linters.zero, coupons.couponposoffer,
    )
}  # fmt: skip

DATED_LINTERS: Final[dict[str, DatedLinter]] = {
    linter.__name__: linter for linter in (linters.yymmdd, linters.yymmd0, coupons.couponcode)
}

Check = Callable[[str, date], Fault | None]
"""Gives what is wrong with a value of ASCII characters, or None; the date is today's."""

_COMPONENT: Final = re.compile(r"(\[?)([NXYZ])(?:([0-9]+)|\.\.([0-9]+))\]?((?:,[a-z0-9_]+)*)")


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a value: `shortest` to `longest` characters of one set, and what they must satisfy."""

    characters: Characters
    in_set: Callable[[str], bool]
    shortest: int
    longest: int
    optional: bool
    linters: tuple[Linter, ...]
    dated: tuple[DatedLinter, ...]


def read_form(form: str) -> tuple[Component, ...]:
    """The components of a form as the General Specifications write it, with the linters of each after commas.

    `N13,csum [X..17]` is 13 digits, the last a check digit, and then up to 17 characters or none.
    """
    return tuple(_component(part) for part in form.split(" "))


def _component(part: str) -> Component:
    """One component; a form that does not read is our own mistake."""
    found = _COMPONENT.fullmatch(part)
    assert found, part
    optional, characters, fixed, longest, names = found.groups()
    listed = names.split(",")[1:]
    return Component(
        characters=Characters(characters),
        in_set=IN_SET[Characters(characters)],
        shortest=int(fixed) if fixed else 1,
        longest=int(fixed or longest),
        optional=bool(optional),
        linters=tuple(LINTERS[name] for name in listed if name in LINTERS),
        dated=tuple(DATED_LINTERS[name] for name in listed if name not in LINTERS),
    )


def checker(components: tuple[Component, ...]) -> Check:
    """The function that checks a value against these components: a quick one for the many that have only one."""
    if len(components) > 1:
        return partial(_fault_of_parts, components)
    only = components[0]
    shortest, longest, in_set, simple, dated = only.shortest, only.longest, only.in_set, only.linters, only.dated

    def check(value: str, today: date) -> Fault | None:
        """What is wrong with a value of one component, or None."""
        if not (shortest <= len(value) <= longest and in_set(value)):
            return _fault_of_parts(components, value, today)
        for linter in simple:
            if fault := linter(value):
                return fault
        for dated_linter in dated:
            if fault := dated_linter(value, today):
                return fault
        return None

    return check


def _fault_of_parts(components: tuple[Component, ...], value: str, today: date) -> Fault | None:
    """What is wrong with a value, component by component, or None."""
    position = 0
    for component in components:
        text = value[position : position + component.longest]
        if not text and component.optional:
            return None
        if len(text) < component.shortest:
            return Fault(ScanErrorCode.BAD_LENGTH, _too_short(value))
        if fault := _fault_of_part(component, text, today):
            return fault
        position += len(text)
    if position < len(value):
        return Fault(ScanErrorCode.BAD_LENGTH, f"is too long: {len(value)} characters, at most {position}")
    return None


def _fault_of_part(component: Component, text: str, today: date) -> Fault | None:
    """What is wrong with the text of one component, whose length is right, or None."""
    if not component.in_set(text):
        return Fault(ScanErrorCode.BAD_CHARACTER, f"must be {SET_NAME[component.characters]}")
    for linter in component.linters:
        if fault := linter(text):
            return fault
    for dated in component.dated:
        if fault := dated(text, today):
            return fault
    return None


def _too_short(value: str) -> str:
    """How a value that ends early is told."""
    return f"is too short: {len(value)} characters" if value else "is empty"
