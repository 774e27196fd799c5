"""What the program asks of the place where its objects are kept.

## Why
The domain says what it needs; which database meets that is decided elsewhere. A `Protocol` is met by every class with
these methods, so that neither the adapter nor a fake for tests has to inherit from it, and the domain imports no
library. A page has a limit: a method that gives everything works until there is much.

## Use
```python
async def rename(orders: OrderRepository, order_id: UUID, name: str) -> None:
    order = await orders.get(order_id)
    ...
```
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar
from uuid import UUID

PREFIXES = ("repository", "repositoryprotocol")
WHERE = ("module",)
TAB_STOPS = ("Repository", "OrderRepository")
SINCE = (3, 10)
SUBJECT = "Order"


class Order:
    """What the template is about."""


# template: begin
T = TypeVar("T")


class Repository(Protocol[T]):
    """Where objects of a type are kept, each under its identifier."""

    async def get(self, key: UUID, /) -> T | None:
        """The object with an identifier; `None` if there is none."""

    async def save(self, item: T, /) -> None:
        """Keep an object as it is now, whether it is new or not."""

    async def remove(self, key: UUID, /) -> None:
        """Keep an object no longer; nothing happens if it is not there."""

    async def page(
        self,
        after: UUID | None = None,
        limit: int = 100,
    ) -> Sequence[T]:
        """Some of the objects, sorted by their identifiers.

        Args:
            after: the last identifier of the page before; `None` for the first page.
            limit: how many objects at most.
        """


class OrderRepository(Repository[Order], Protocol):
    """Where orders are kept; what only they are asked for goes here."""


# template: end
