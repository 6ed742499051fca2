"""Frozen dataclasses as JSON and back, strictly: what types and bounds their annotations name is looked at.

Known are dataclasses, unions of them by the literal of their field `type`, `None`, `tuple[T, ...]`, `dict[str, T]` (T
may be `Any`), literals, StrEnums, `bytes` (base64), `str`, `bool` and `int`; of the last and of `str` also what is
`Annotated` with a bound of this module.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import math
import re
import types
import typing
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

INT_MAX: Final = (1 << 63) - 1
"""Whole numbers are what every database holds: 63 bits and a sign."""

DEPTH_MAX: Final = 16
"""How deep objects and arrays of any shape may lie in each other."""

SHOWN_MAX: Final = 40
"""Characters of a wrong value that an error shows."""

M = TypeVar("M")
_HEX: Final = re.compile(r"[0-9a-f]+")
_KNOWN: Final[dict[Any, dict[str, tuple[Any, bool]]]] = {}


class WireError(ValueError):
    """Bytes that are not the message they should be; the sentence names the field."""


@dataclass(frozen=True, slots=True)
class Between:
    """The bounds of a number, both of them allowed."""

    low: int
    high: int

    def holds(self, value: int) -> bool:
        """Whether the number is within them."""
        return self.low <= value <= self.high

    def __str__(self) -> str:
        """As an error says it."""
        return f"a whole number from {self.low} to {self.high}"


@dataclass(frozen=True, slots=True)
class Hex:
    """So many hexadecimal digits, small ones."""

    digits: int

    def holds(self, value: str) -> bool:
        """Whether the text is that."""
        return len(value) == self.digits and _HEX.fullmatch(value) is not None

    def __str__(self) -> str:
        """As an error says it."""
        return f"{self.digits} small hexadecimal digits"


def write(message: object) -> bytes:
    """A message as UTF-8 JSON."""
    return json.dumps(_plain(message), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def read(kind: type[M] | types.UnionType, body: bytes) -> M:
    """The message in a body; of a union the member that its `type` names. Raises WireError, and nothing else."""
    try:
        value = json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as fault:
        raise WireError(f"not JSON: {fault}") from fault
    return typing.cast("M", _read(kind, value, "message"))


def _plain(value: Any) -> Any:  # noqa: ANN401 - walks any message
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(getattr(value, name)) for name in fields_of(type(value))}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, tuple):
        return [_plain(member) for member in value]
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def fields_of(kind: Any) -> dict[str, tuple[Any, bool]]:  # noqa: ANN401 - a message's class
    """The fields of a message: each one's type, and whether it may be missing; worked out once a class."""
    known = _KNOWN.get(kind)
    if known is None:
        known = _KNOWN[kind] = _worked_out(kind)
    return known


def _worked_out(kind: Any) -> dict[str, tuple[Any, bool]]:  # noqa: ANN401 - as above
    hints = typing.get_type_hints(kind, include_extras=True)
    return {
        field.name: (
            hints[field.name],
            field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING,
        )
        for field in dataclasses.fields(kind)
    }


def _read(kind: Any, value: Any, place: str) -> Any:  # noqa: ANN401 - walks type annotations
    if dataclasses.is_dataclass(kind):
        return _read_object(typing.cast("type", kind), value, place)
    return _BY_ORIGIN.get(typing.get_origin(kind), _read_scalar)(kind, value, place)


def _read_object(kind: type[Any], value: Any, place: str) -> Any:  # noqa: ANN401 - as above
    if not isinstance(value, dict):
        raise WireError(f"{place}: an object is wanted")
    given = {}
    for name, (wanted, optional) in fields_of(kind).items():
        if name in value:
            given[name] = _read(wanted, value[name], f"{place}.{name}")
        elif not optional:
            raise WireError(f"{place}.{name}: missing")
    return kind(**given)


def _read_union(kind: Any, value: Any, place: str) -> Any:  # noqa: ANN401 - as above
    """None where it may be, the message whose `type` it bears, or the plain type it is of."""
    members = typing.get_args(kind)
    if value is None and types.NoneType in members:
        return None
    tagged = {
        typing.get_args(fields_of(member)["type"][0])[0]: member
        for member in members
        if dataclasses.is_dataclass(member)
    }
    if tagged:
        tag = value.get("type") if isinstance(value, dict) else None
        if not isinstance(tag, str) or tag not in tagged:
            raise WireError(f"{place}.type: one of {', '.join(tagged)} is wanted")
        return _read(tagged[tag], value, place)
    plain = [member for member in members if member is not types.NoneType]
    return _read(type(value) if type(value) in plain else plain[0], value, place)


def _read_bounded(kind: Any, value: Any, place: str) -> Any:  # noqa: ANN401 - as above
    bare, bound = typing.get_args(kind)
    given = _read(bare, value, place)
    if not bound.holds(given):
        raise WireError(f"{place}: {bound} is wanted")
    return given


def _read_array(kind: Any, value: Any, place: str) -> tuple[Any, ...]:  # noqa: ANN401 - as above
    if not isinstance(value, list):
        raise WireError(f"{place}: an array is wanted")
    member = typing.get_args(kind)[0]
    return tuple(_read(member, each, f"{place}[{n}]") for n, each in enumerate(value))


def _read_open(kind: Any, value: Any, place: str) -> dict[str, Any]:  # noqa: ANN401 - as above
    """An object whose names others know."""
    if not isinstance(value, dict):
        raise WireError(f"{place}: an object is wanted")
    member = typing.get_args(kind)[1]
    for name, each in value.items():
        _storable(name, place)
        if member is Any:
            _look_into(each, place, DEPTH_MAX)
        else:
            _read(member, each, f"{place}.{_shown(name)}")
    return value


def _look_into(value: Any, place: str, depth: int) -> None:  # noqa: ANN401 - JSON of any shape
    match value:
        case dict() | list() if not depth:
            raise WireError(f"{place}: too deep")
        case dict():
            for name, member in value.items():
                _storable(name, place)
                _look_into(member, place, depth - 1)
        case list():
            for member in value:
                _look_into(member, place, depth - 1)
        case _:
            _storable(value, place)


def _read_literal(kind: Any, value: Any, place: str) -> Any:  # noqa: ANN401 - as above
    if value not in typing.get_args(kind):
        raise WireError(f"{place}: {_shown(value)} is not known")
    return value


def _read_scalar(kind: Any, value: Any, place: str) -> Any:  # noqa: ANN401 - as above
    if kind is bytes:
        try:
            return base64.b64decode(value, validate=True)
        except (TypeError, ValueError) as fault:
            raise WireError(f"{place}: base64 is wanted") from fault
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        try:
            return kind(value)
        except ValueError as fault:
            raise WireError(f"{place}: {_shown(value)} is not known") from fault
    if type(value) is not kind:
        raise WireError(f"{place}: {kind.__name__} is wanted")
    return _storable(value, place)


def _storable(value: Any, place: str) -> Any:  # noqa: ANN401 - a JSON scalar
    """A scalar that databases and UTF-8 have room for: no half of a surrogate pair, no number without end."""
    match value:
        case str():
            try:
                value.encode()
            except UnicodeEncodeError as fault:
                raise WireError(f"{place}: text is wanted") from fault
        case int() if not -INT_MAX - 1 <= value <= INT_MAX:
            raise WireError(f"{place}: a number out of bounds")
        case float() if not math.isfinite(value):
            raise WireError(f"{place}: a number out of bounds")
        case _:
            pass
    return value


def _shown(value: Any) -> str:  # noqa: ANN401 - as above
    """A value in an error's sentence: never all of a long one."""
    shown = repr(value)
    return shown if len(shown) <= SHOWN_MAX else f"{shown[:SHOWN_MAX]}…"


_BY_ORIGIN: Final[dict[Any, Callable[[Any, Any, str], Any]]] = {
    typing.Union: _read_union,
    types.UnionType: _read_union,
    Annotated: _read_bounded,
    tuple: _read_array,
    dict: _read_open,
    typing.Literal: _read_literal,
}
