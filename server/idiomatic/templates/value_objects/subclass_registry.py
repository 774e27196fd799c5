"""A base class that knows its subclasses by name.

## Why
A new format is a new class and nothing else: no table to add it to, no `if` to extend. `__init_subclass__` is called
when a subclass is defined and takes arguments from its head, so that no metaclass and no decorator is needed. A name
that is taken is reported where the second class is defined, not where one of the two is missed.

## Use
```python
class CsvExporter(Exporter, name="csv"): ...


exporter = Exporter.named("csv")
```
Only classes whose module was imported are known: for what other packages bring along, use entry points. Do not add
`@dataclass(slots=True)` to a subclass: it makes a second class, and the registry holds the first.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar

PREFIXES = ("registry", "initsubclass")
WHERE = ("module",)
TAB_STOPS = ("Exporter", "export")
SINCE = (3, 10)


class Exporter(ABC):
    """Writes records in a format: that of the subclass.

    A subclass without a `name` is a base for others.
    """

    _by_name: ClassVar[dict[str, type["Exporter"]]] = {}

    def __init_subclass__(cls, *, name: str | None = None, **kwargs: object) -> None:
        """Register the subclass.

        Args:
            name: what it is asked for by.
            **kwargs: what other base classes take.

        Raises:
            ValueError: another class has the name.
        """
        super().__init_subclass__(**kwargs)
        if name is None:
            return
        if (other := Exporter._by_name.setdefault(name, cls)) is not cls:
            msg = f"{name!r} is {other.__qualname__} already, not {cls.__qualname__}"
            raise ValueError(msg)

    @staticmethod
    def named(name: str) -> "Exporter":
        """A new one of the class with a name.

        Raises:
            LookupError: no class has it.
        """
        try:
            return Exporter._by_name[name]()
        except KeyError:
            known = ", ".join(sorted(Exporter._by_name)) or "none"
            msg = f"there is no {name!r}; there are: {known}"
            raise LookupError(msg) from None

    @abstractmethod
    def export(self, records: Iterable[Mapping[str, object]]) -> str:
        """The records as text."""
