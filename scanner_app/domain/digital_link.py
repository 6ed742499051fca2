"""GS1 Digital Link URIs: a web address whose path and query hold element strings (GS1 Digital Link: URI syntax).

The path ends in a primary key and its qualifiers, each an AI and its value; the query may hold further AIs. All other
parts of the address, and query parameters that are not numbers, are left alone.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final, NamedTuple

from scanner_app.domain.ai_table import LINK_KEYS, ROWS, TABLE
from scanner_app.domain.element_strings import Clash, Message, judge, value_error
from scanner_app.domain.parsed_scan import ScanError, ScanErrorCode

_SCHEME: Final = re.compile(r"https?://", re.IGNORECASE)
_URI_CHARACTERS: Final = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]*")
_HOST: Final = re.compile(r"[-.0-9:A-Z\[\]_a-z~]+")
_PERCENT: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_QUERY_DELIMITERS: Final = re.compile(r"[^&;]+")


class _Part(NamedTuple):
    """An AI and its value as they stand in the address, still encoded, and where the AI stands."""

    ai: str
    value: str
    offset: int


def is_link(text: str, start: int) -> bool:
    """Whether a web address begins at `start`."""
    return _SCHEME.match(text, start) is not None


def read_digital_link(text: str, start: int, today: date) -> Message | ScanError:
    """The element strings of the address that begins at `start`, path first; or why it is no Digital Link."""
    if not _URI_CHARACTERS.fullmatch(text, start):
        return _bad("The address holds a character that must be percent-encoded.", start)
    address = _end_at(text, "#", start, len(text))
    path_end = _end_at(text, "?", start, address)
    host_start = text.find("//", start) + 2
    host_end = _end_at(text, "/", host_start, path_end)
    if not _HOST.fullmatch(text, host_start, host_end) or host_end >= path_end - 1:
        return _bad("The address needs a host and a path.", start)
    path = _path_parts(text, host_end, path_end)
    if isinstance(path, ScanError):
        return path
    query = _query_parts(text, path_end + 1, address)
    return _misplaced(path, query) or _message(path, query, today)


def _bad(message: str, offset: int, ai: str | None = None) -> ScanError:
    """The refusal of an address."""
    return ScanError(ScanErrorCode.BAD_FORMAT, ai, offset, message)


def _end_at(text: str, mark: str, start: int, end: int) -> int:
    """Where the mark stands between two offsets, else the second of them."""
    found = text.find(mark, start, end)
    return end if found < 0 else found


def _path_parts(text: str, start: int, end: int) -> list[_Part] | ScanError:
    """Primary key and qualifiers, found from the end of the path backwards to the first primary key."""
    parts: list[_Part] = []
    while True:
        value_slash = text.rfind("/", start, end)
        ai_slash = text.rfind("/", start, value_slash)
        ai = text[ai_slash + 1 : value_slash]
        if ai_slash < 0 or ai not in ROWS:
            return _bad("The path holds no GS1 key.", start)
        parts.insert(0, _Part(ai, text[value_slash + 1 : end], ai_slash + 1))
        if ai in LINK_KEYS:
            break
        end = ai_slash
    if not _is_sequence(parts[0].ai, [part.ai for part in parts[1:]]):
        return _bad(f"The path has qualifiers that do not belong to ({parts[0].ai}), or not in this order.", start)
    return parts


def _is_sequence(key: str, qualifiers: list[str]) -> bool:
    """Whether these may follow the key in this order."""
    return not qualifiers or any(
        [qualifier for qualifier in allowed if qualifier in qualifiers] == qualifiers for allowed in LINK_KEYS[key]
    )


def _query_parts(text: str, start: int, end: int) -> list[_Part]:
    """The query's parameters that are named by a number and have a value or at least its equals sign."""
    parts: list[_Part] = []
    for found in _QUERY_DELIMITERS.finditer(text, start, end):
        name, equals, value = found[0].partition("=")
        if equals and name.isdigit():
            parts.append(_Part(name, value.replace("+", " "), found.start()))
    return parts


def _misplaced(path: list[_Part], query: list[_Part]) -> ScanError | None:
    """A parameter that is no AI, that belongs in the path, or that was there before."""
    qualifiers = [part.ai for part in path[1:]]
    seen = {part.ai for part in path}
    for part in query:
        if part.ai not in ROWS:
            message = f"Parameter {part.ai} is a number, but no application identifier."
            return ScanError(ScanErrorCode.UNKNOWN_AI, None, part.offset, message)
        if part.ai in seen:
            message = f"({part.ai}) comes more than once."
            return ScanError(ScanErrorCode.AI_REPEATED, part.ai, part.offset, message)
        if not TABLE[part.ai].in_link_query or _belongs_in_path(path[0].ai, [*qualifiers, part.ai]):
            return _bad(f"({part.ai}) must not stand in the query.", part.offset, part.ai)
        seen.add(part.ai)
    return None


def _belongs_in_path(key: str, qualifiers: list[str]) -> bool:
    """Whether these qualifiers, brought into order, may follow the key."""
    return any(set(qualifiers) <= set(allowed) for allowed in LINK_KEYS[key])


def _message(path: list[_Part], query: list[_Part], today: date) -> Message | ScanError:
    """The element strings, each decoded and checked."""
    elements: list[tuple[str, str]] = []
    for part in (*path, *query):
        value = _PERCENT.sub(lambda found: chr(int(found[1], 16)), part.value)
        if not value.isascii():
            return ScanError(ScanErrorCode.BAD_CHARACTER, part.ai, part.offset, f"({part.ai}) must be ASCII.")
        if fault := TABLE[part.ai].check(value, today):
            return value_error(TABLE[part.ai], fault, part.offset)
        elements.append((part.ai, value))
    judged = judge(elements)
    if isinstance(judged, Clash):
        part = (*path, *query)[judged.at]
        return ScanError(judged.code, part.ai, part.offset, judged.message)
    return judged
