"""A fixture with a repository in memory, that can also fail.

## Why
A test of what the program does needs no database, and a mock would only say which methods were called. This one keeps
what it is given; copies go in and come out, so that a change which nobody saves is not kept here either. What a
database does on a bad day is said in a line: `orders.error = TimeoutError()`. A type checker compares it with the
protocol where it is passed.

## Use
```python
async def test_a_renamed_order_is_saved(orders: FakeOrderRepository) -> None:
    await orders.save(order)
    await rename(orders, order.id, "tea")
    assert orders.by_id[order.id].name == "tea"
```

## References
- [Test doubles: fakes](https://martinfowler.com/articles/mocksArentStubs.html)
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from uuid import UUID

import pytest

PREFIXES = ("fake", "fakefixture", "repositoryfake")
WHERE = ("conftest", "test module")
TAB_STOPS = ("FakeOrderRepository",)
REQUIRES = ("pytest>=7",)
SUBJECT = "Order"
SINCE = (3, 10)


@dataclass
class Order:
    """What the template is about."""

    id: UUID
    name: str


# template: begin
@dataclass
class FakeOrderRepository:
    """Keeps orders in memory, for tests.

    Attributes:
        by_id: what is kept.
        error: what every method raises; `None`: they work.
    """

    by_id: dict[UUID, Order] = field(default_factory=dict)
    error: Exception | None = None

    async def get(self, order_id: UUID) -> Order | None:
        """The one with an identifier; `None` if there is none."""
        return deepcopy(self._orders().get(order_id))

    async def save(self, order: Order) -> None:
        """Keep one as it is now, whether it is new or not."""
        self._orders()[order.id] = deepcopy(order)

    async def remove(self, order_id: UUID) -> None:
        """Keep one no longer; nothing happens if it is not there."""
        self._orders().pop(order_id, None)

    async def page(
        self,
        after: UUID | None = None,
        limit: int = 100,
    ) -> Sequence[Order]:
        """Some of them, sorted by identifier, from behind one on."""
        found = self._orders()
        ids = sorted(each for each in found if after is None or each > after)
        return [deepcopy(found[each]) for each in ids[:limit]]

    def _orders(self) -> dict[UUID, Order]:
        if self.error is not None:
            raise self.error
        return self.by_id


@pytest.fixture
def orders() -> FakeOrderRepository:
    """A repository for one test, with nothing in it."""
    return FakeOrderRepository()


# template: end
