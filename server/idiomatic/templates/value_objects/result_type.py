"""A result that is either a value or an error, and says so in its type.

## Why
An exception is easily forgotten, since no signature tells of it. Where failing is nothing special (a form that is
filled in, a line of a file), a function can return `Ok` or `Err`: nobody gets at the value without having thought of
the error. `assert_never` makes the type checker prove that a `match` leaves nothing out.

## Use
```python
def parsed_port(text: str) -> Result[int, str]:
    return Ok(int(text)) if text.isdecimal() else Err(f"not a port: {text!r}")


match parsed_port(text):
    case Ok(port):
        listen(port)
    case Err(message):
        print(message)
```
"""

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar, assert_never

PREFIXES = ("result", "okerr")
WHERE = ("module",)
TAB_STOPS = ("Ok", "Err", "Result", "value_or")
SINCE = (3, 11)

T = TypeVar("T")
E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Ok(Generic[T]):
    """It went well.

    Attributes:
        value: what came of it.
    """

    value: T


@dataclass(frozen=True, slots=True)
class Err(Generic[E]):
    """It did not.

    Attributes:
        error: why.
    """

    error: E


Result: TypeAlias = Ok[T] | Err[E]
"""A value, or why there is none."""


def value_or(result: Result[T, E], default: T) -> T:
    """The value of a result, or another one if there is none."""
    match result:
        case Ok(value):
            return value
        case Err():
            return default
        case _:
            assert_never(result)
