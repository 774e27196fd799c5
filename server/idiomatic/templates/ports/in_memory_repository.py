"""A repository without a database, for tests.

## Why
A test with a real database is slow, one with a mock proves that methods were called. This one keeps what it is given,
as the real one would. As there, copies go in and come out: a change to an object is only kept if it is saved, so that
a test fails where the program forgets to. Without the copies it would pass.

## Use
```python
orders = InMemoryOrderRepository([order])
await cancel(orders, order.id)
assert await orders.get(order.id) == replace(order, status="cancelled")
```
"""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from uuid import UUID

PREFIXES = ("inmemory", "fakerepository")
WHERE = ("module",)
TAB_STOPS = ("InMemoryOrderRepository",)
SINCE = (3, 10)
SUBJECT = "Order"


@dataclass
class Order:
    """What the template is about."""

    id: UUID
    lines: list[str] = field(default_factory=list)


# template: begin
class InMemoryOrderRepository:
    """Keeps orders in a dictionary, for tests.

    What goes in and what comes out are copies, as with a database.
    """

    def __init__(self, orders: Iterable[Order] = ()) -> None:
        """Begin with some.

        Args:
            orders: what is there from the beginning.
        """
        self._by_id = {order.id: deepcopy(order) for order in orders}

    async def get(self, order_id: UUID) -> Order | None:
        """The one with an identifier; `None` if there is none."""
        return deepcopy(self._by_id.get(order_id))

    async def save(self, order: Order) -> None:
        """Keep one as it is now, whether it is new or not."""
        self._by_id[order.id] = deepcopy(order)

    async def remove(self, order_id: UUID) -> None:
        """Keep one no longer; nothing happens if it is not there."""
        self._by_id.pop(order_id, None)

    async def page(
        self,
        after: UUID | None = None,
        limit: int = 100,
    ) -> Sequence[Order]:
        """Some of them, sorted by their identifiers.

        Args:
            after: the last identifier of the page before; `None` for the first page.
            limit: how many at most.
        """
        ids = sorted(each for each in self._by_id if after is None or each > after)
        return [deepcopy(self._by_id[each]) for each in ids[:limit]]


# template: end
