"""Task states as plain JSON objects and back: a restart shows the same prompt because it reads the very same state."""

from __future__ import annotations

import dataclasses
import types
import typing
from datetime import date
from enum import Enum
from functools import cache
from typing import Any, TypeVar

S = TypeVar("S")


class StateFormatError(ValueError):
    """A saved state that this code cannot read; the task is offered anew instead of guessed."""


def save_state(state: object) -> Any:  # noqa: ANN401 - a JSON value
    """The JSON value of a state: dataclasses become objects, tuples arrays, dates ISO text, enums their value."""
    if dataclasses.is_dataclass(state) and not isinstance(state, type):
        return {field.name: save_state(getattr(state, field.name)) for field in dataclasses.fields(state)}
    if isinstance(state, tuple):
        return [save_state(member) for member in state]
    if isinstance(state, dict):
        return {key: save_state(member) for key, member in state.items()}
    if isinstance(state, date):
        return state.isoformat()
    if isinstance(state, Enum):
        return state.value
    return state


def load_state(state_type: type[S], saved: object) -> S:
    """The state of `state_type` in a JSON value. Raises StateFormatError when it does not fit the type's fields."""
    try:
        return typing.cast("S", _load(state_type, saved))
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        message = f"not a {state_type.__name__}: {fault!r}"
        raise StateFormatError(message) from fault


@cache
def _hints(state_type: type[Any]) -> dict[str, Any]:
    """The types of a state's fields; working them out once keeps a hand full of goods quick to read back."""
    return typing.get_type_hints(state_type)


def _load(wanted: Any, saved: Any) -> Any:  # noqa: ANN401 - walks type annotations
    if dataclasses.is_dataclass(wanted):
        hints = _hints(typing.cast("type", wanted))
        fields = {
            field.name: _load(hints[field.name], saved[field.name])
            for field in dataclasses.fields(wanted)
            if field.name in saved or not _has_default(field)
        }
        return typing.cast("type", wanted)(**fields)
    origin = typing.get_origin(wanted)
    if origin in {typing.Union, types.UnionType}:
        return _load_union(typing.get_args(wanted), saved)
    if origin is tuple:
        member = typing.get_args(wanted)[0]
        return tuple(_load(member, element) for element in saved)
    if origin is dict:
        return dict(saved)
    return _load_scalar(wanted, saved)


def _has_default(field: dataclasses.Field[Any]) -> bool:
    """Whether a state that an earlier version saved may lack the field."""
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _load_scalar(wanted: Any, saved: Any) -> Any:  # noqa: ANN401 - as above
    """A date, an enum's member, or a plain value of exactly the type that belongs there."""
    if isinstance(wanted, type) and issubclass(wanted, date):
        return date.fromisoformat(saved)
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return wanted(saved)
    if not isinstance(saved, wanted):
        message = f"{saved!r} where {wanted} belongs"
        raise TypeError(message)
    return saved


def _load_union(members: tuple[Any, ...], saved: object) -> object:
    """Optional values: None, or the first member that fits."""
    if saved is None and types.NoneType in members:
        return None
    faults = []
    for member in members:
        if member is types.NoneType:
            continue
        try:
            return _load(member, saved)
        except (KeyError, TypeError, ValueError) as fault:
            faults.append(fault)
    raise TypeError(str(faults))
