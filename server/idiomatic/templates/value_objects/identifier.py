"""An identifier with a type of its own, and a UUID inside.

## Why
Who mixes up an order and a customer hears of it from the type checker, not from a customer. Text becomes an identifier
in one place, `from_string`, so that what is passed around is always valid. Two identifiers are equal if they are of
the same type and stand for the same thing; both can be keys of a dictionary.

## Use
```python
order_id = OrderId.from_string(request.path_params["order_id"])
```
From Python 3.14, `uuid.uuid7` gives identifiers that sort by the time they were made, which suits indexes of databases.
"""

from dataclasses import dataclass
from typing import Self
from uuid import UUID, uuid4

PREFIXES = ("identifier", "uuidid")
WHERE = ("module",)
TAB_STOPS = ("OrderId", "value")
SINCE = (3, 11)
SUBJECT = "Order"


@dataclass(frozen=True, slots=True)
class OrderId:
    """Identifies one order.

    Attributes:
        value: the UUID inside.
    """

    value: UUID

    @classmethod
    def new(cls) -> Self:
        """One that nothing has yet."""
        return cls(uuid4())

    @classmethod
    def from_string(cls, text: str) -> Self:
        """The identifier in a text, such as `str` makes of it.

        Args:
            text: a UUID, with or without hyphens.

        Raises:
            ValueError: it is none.
        """
        try:
            return cls(UUID(text))
        except ValueError:
            msg = f"not an identifier: {text!r}"
            raise ValueError(msg) from None

    def __str__(self) -> str:
        """The UUID with hyphens, in lower case."""
        return str(self.value)
