"""A function whose result depends, in its type too, on how it is called.

## Why
One signature for both calls would have to promise `T | D | None`, and every caller would have to look which one it is.
Overloads say what each call gives, so that `first(names)` is a `str` and `first(names, None)` a `str | None`. The
default is not `None` but a value of its own, of an enumeration with one member: `None` may well be meant, and type
checkers understand `is` only with enumerations.

## References
- [`typing.overload`](https://docs.python.org/3/library/typing.html#typing.overload)
"""

from collections.abc import Iterable
from enum import Enum
from typing import Final, TypeVar, overload

PREFIXES = ("overload",)
WHERE = ("module",)
TAB_STOPS = ("first", "items", "default")
SINCE = (3, 10)

T = TypeVar("T")
D = TypeVar("D")


class _Missing(Enum):
    TOKEN = "missing"


MISSING: Final = _Missing.TOKEN
"""Stands for an argument that was not given."""


@overload
def first(items: Iterable[T]) -> T: ...


@overload
def first(items: Iterable[T], default: D) -> T | D: ...


def first(items: Iterable[T], default: D | _Missing = MISSING) -> T | D:
    """The first of some items.

    Args:
        items: of which one is taken.
        default: what to return if there are none.

    Raises:
        LookupError: there are none, and no default.
    """
    for item in items:
        return item
    if default is MISSING:
        msg = "there are no items"
        raise LookupError(msg)
    return default
