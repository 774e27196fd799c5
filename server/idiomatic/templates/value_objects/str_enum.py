"""Strings of which there are only a few, each with a name.

## Why
A misspelt member is an `AttributeError` and a line in the editor, a misspelt string is a condition that never holds.
Members are strings: they compare equal to what is stored or sent, and are written as such. The values are spelled out
because they are in databases and in messages: a member can be renamed without changing those.

## Use
```python
status = OrderStatus(row["status"])  # a ValueError for what is none
```
"""

from enum import StrEnum, unique

PREFIXES = ("strenum",)
WHERE = ("module",)
TAB_STOPS = ("OrderStatus", "OPEN", "PAID", "is_final")
SINCE = (3, 11)
SUBJECT = "Order"


@unique
class OrderStatus(StrEnum):
    """How far one order has come."""

    OPEN = "open"
    PAID = "paid"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing comes after it."""
        return self in {OrderStatus.SHIPPED, OrderStatus.CANCELLED}
