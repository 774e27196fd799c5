"""A repository in a database, with SQLAlchemy's asynchronous session.

## Why
Queries have one place, and the rest of the program sees objects. The repository does not commit: only the caller knows
what belongs together, and ends the transaction around it. Pages continue after the last identifier (a condition that an
index answers), not at an offset, for which the database would read and drop all rows before.

## Use
```python
async with AsyncSession(engine) as session, session.begin():
    orders = SqlAlchemyOrderRepository(session)
    await orders.save(order)
```

## References
- [Asynchronous I/O](https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html)
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

PREFIXES = ("sqlalchemyrepository", "sqlrepository")
WHERE = ("module",)
TAB_STOPS = ("SqlAlchemyOrderRepository",)
SINCE = (3, 10)
REQUIRES = ("sqlalchemy[asyncio]>=2.0",)
SUBJECT = "Order"


class Base(DeclarativeBase):
    """The models of this program."""


class Order(Base):
    """What the template is about."""

    __tablename__ = "orders"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    note: Mapped[str]


# template: begin
class SqlAlchemyOrderRepository:
    """Keeps orders in a database.

    It leaves the transaction to whoever opened the session.
    """

    def __init__(self, session: AsyncSession) -> None:
        """Work in a session.

        Args:
            session: what queries go through; the caller commits and closes it.
        """
        self._session = session

    async def get(self, order_id: UUID) -> Order | None:
        """The one with an identifier; `None` if there is none."""
        return await self._session.get(Order, order_id)

    async def save(self, order: Order) -> None:
        """Keep one as it is now, whether it is new or not."""
        await self._session.merge(order)

    async def remove(self, order_id: UUID) -> None:
        """Keep one no longer; nothing happens if it is not there."""
        await self._session.execute(delete(Order).where(Order.id == order_id))

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
        orders = select(Order).order_by(Order.id).limit(limit)
        if after is not None:
            orders = orders.where(Order.id > after)
        return (await self._session.scalars(orders)).all()


# template: end
