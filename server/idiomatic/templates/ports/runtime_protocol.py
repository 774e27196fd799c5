"""A protocol that `isinstance` can be asked about.

## Why
`runtime_checkable` makes `isinstance` look whether an object has the methods, whatever it inherits from. It looks at
names only: not at parameters, not at what is returned, and not whether a method is a coroutine function (`aclose` is
not `close`, but an `async def close` passes). So it is for telling apart what a type checker has looked at; it does
not validate what comes from outside. It is slower than a question about a class: do not ask in a loop that is busy.

## Use
```python
with close_all_of(connections):
    ...
```

## References
- [`typing.runtime_checkable`](https://docs.python.org/3/library/typing.html#typing.runtime_checkable)
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol, runtime_checkable

PREFIXES = ("runtimecheckable", "runtimeprotocol")
WHERE = ("module",)
TAB_STOPS = ("Closable", "close_all_of")
SINCE = (3, 10)


@runtime_checkable
class Closable(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Let go of what it holds."""


@contextmanager
def close_all_of(things: Iterable[object]) -> Iterator[None]:
    """Close what can be closed after a block, the last first.

    All are closed, also if one of them fails.
    """
    with ExitStack() as stack:
        for thing in things:
            if isinstance(thing, Closable):
                stack.callback(thing.close)
        yield
