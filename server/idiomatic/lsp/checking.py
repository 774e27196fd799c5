"""Whether what a client sent is what the protocol says."""

from __future__ import annotations

import typing
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, NotRequired, Union

from idiomatic.lsp.types import NOT_NEGATIVE


def fault(value: object, kind: Any, place: str = "params") -> str | None:
    """What is wrong with a value that should be of a type of `idiomatic.lsp.types`; `None` if nothing is.

    Members that the type does not have are left alone. One that is not required may be null: many clients say so that
    there is none.
    """
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if typing.is_typeddict(kind):
        return _object_fault(value, kind, place)
    if kind is Any:
        return None
    if origin is Annotated:
        found = fault(value, args[0], place)
        is_negative = found is None and NOT_NEGATIVE in args[1:] and typing.cast("int", value) < 0
        return f"{place} is negative" if is_negative else found
    if origin is Literal:
        return None if value in args else f"{place} is none of {', '.join(map(repr, args))}"
    if origin in {Union, UnionType}:
        faults = [fault(value, each, place) for each in args]
        return None if None in faults else faults[0]
    if origin is dict:
        return None if isinstance(value, dict) else f"{place} is no object"
    if origin is not None:
        if not isinstance(value, list):
            return f"{place} is no list"
        return next(filter(None, (fault(each, args[0], f"{place}[{index}]") for index, each in enumerate(value))), None)
    # A boolean of JSON is no number, one of Python is.
    is_right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    return None if is_right else f"{place} is no {_NAMES[kind]}"


_NAMES: dict[Any, str] = {int: "integer", str: "string", bool: "boolean", type(None): "null"}


def _object_fault(value: object, kind: Any, place: str) -> str | None:
    if not isinstance(value, dict):
        return f"{place} is no object"
    for name, member, is_required in _members(kind):
        if (given := value.get(name)) is None and not is_required:
            continue
        if name not in value:
            return f"{place} has no `{name}`"
        if (found := fault(given, member, f"{place}.{name}")) is not None:
            return found
    return None


@cache
def _members(kind: Any) -> tuple[tuple[str, Any, bool], ...]:
    """The members of an object: names, types, whether they have to be there."""
    found: list[tuple[str, Any, bool]] = []
    for name, hint in typing.get_type_hints(kind, include_extras=True).items():
        is_required = typing.get_origin(hint) is not NotRequired
        found.append((name, hint if is_required else typing.get_args(hint)[0], is_required))
    return tuple(found)
