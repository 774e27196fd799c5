"""An identifier that only the type checker tells from other numbers.

## Why
A function that takes an `OrderId` is not called with the number of a customer, or with a quantity: the type checker
sees to it. When the program runs an `OrderId` is the `int` it was made of. That costs nothing and can be stored, sent
and sorted as it is; whoever wants more than that, such as a check, takes a class.

## Use
```python
order_id = OrderId(int(row["id"]))
```
"""

from typing import NewType

PREFIXES = ("newtype",)
WHERE = ("module",)
TAB_STOPS = ("OrderId", "int")
SINCE = (3, 10)
SUBJECT = "Order"

OrderId = NewType("OrderId", int)
"""Identifies one order."""
