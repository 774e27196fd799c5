"""Two tables, one of which belongs to the other.

## Why
The annotations say to type checkers and to the database what a column holds: without `| None` it cannot be null. Both
sides of the relationship name each other, so that setting one sets the other. What is taken out of the list is deleted,
and with an order the database itself deletes all its lines, loaded or not; the index on the foreign key makes that
quick.

## Use
```python
query = select(Order).options(selectinload(Order.lines)).where(Order.reference == reference)
order = (await session.scalars(query)).one()
order.lines.append(OrderLine(product="tea", quantity=2))
```
Say with `selectinload` what will be needed: under asyncio nothing is loaded by merely touching it.

## References
- [Basic relationship patterns](https://docs.sqlalchemy.org/en/20/orm/basic_relationships.html#one-to-many)
"""

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

PREFIXES = ("model", "sqlalchemymodel", "relationship")
WHERE = ("module",)
TAB_STOPS = (
    "Order",
    "orders",
    "reference",
    "OrderLine",
    "order_lines",
    "lines",
    "product",
    "quantity",
)
REQUIRES = ("sqlalchemy[asyncio]>=2.0",)
REUSES = ("Base",)
SINCE = (3, 9)


class Base(AsyncAttrs, DeclarativeBase):
    """What the tables are declared on."""


class Order(Base):
    """What a customer has ordered.

    Attributes:
        id: set by the database.
        reference: what the customer knows it by.
        lines: the products, in the order in which they were added.
    """

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    lines: Mapped[list["OrderLine"]] = relationship(
        back_populates="order",
        order_by="OrderLine.id",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )


class OrderLine(Base):
    """One product of an order.

    Attributes:
        id: set by the database.
        order_id: the order it belongs to.
        order: the same, as an object.
        product: what is ordered.
        quantity: how many of it, at least one.
    """

    __tablename__ = "order_lines"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(
        ForeignKey("orders.id", ondelete="CASCADE"),
        index=True,
    )
    order: Mapped[Order] = relationship(back_populates="lines")
    product: Mapped[str] = mapped_column(String(200))
    quantity: Mapped[int] = mapped_column(default=1)
