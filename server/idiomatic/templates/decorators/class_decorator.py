"""Decorate classes: enter each under a name.

## Why
A decorator of classes that returns the class it was given changes nothing about it: its type, its name for `pickle`
and what `isinstance` says stay, and `type[T]` tells type checkers so. Whoever writes a class says beside it what it is
there for, and the code that picks one by name needs no list of them. Two classes with one name are a mistake that shows
when the second is imported.

## Use
```python
@registered("csv")
class CsvExport: ...


export = registry["csv"]()
```

## References
- [PEP 3129](https://peps.python.org/pep-3129/): class decorators
"""

from collections.abc import Callable
from typing import TypeVar

PREFIXES = ("classdecorator", "classdeco")
WHERE = ("module",)
TAB_STOPS = ("registered", "registry", "name")
SINCE = (3, 9)

T = TypeVar("T")

registry: dict[str, type[object]] = {}


def registered(name: str) -> Callable[[type[T]], type[T]]:
    """Enter a class into the registry.

    Args:
        name: under which it is found.

    Returns:
        A decorator that returns the class itself.

    Raises:
        ValueError: another class has that name; raised where a class is decorated.
    """

    def register(cls: type[T]) -> type[T]:
        if (other := registry.setdefault(name, cls)) is not cls:
            msg = f"{name!r} is the name of {other.__qualname__} already"
            raise ValueError(msg)
        return cls

    return register
