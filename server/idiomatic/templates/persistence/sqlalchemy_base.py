"""The base class of a database's tables, and what says when a row was written.

## Why
Constraints get names from the convention and not from the database, so that migrations can find and drop them again
wherever they run. Times have a time zone. The database sets them, whatever wrote the row, and they are read back with
the `INSERT` or `UPDATE` itself: an attribute that had to be loaded when it is used would fail under asyncio. What is
not loaded yet is awaited: `await order.awaitable_attrs.lines`.

## Use
```python
class Order(TimestampMixin, Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
```

## References
- [Naming conventions](https://docs.sqlalchemy.org/en/20/core/constraints.html#configuring-constraint-naming-conventions)
- [Preventing implicit IO under asyncio](https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html#asyncio-orm-avoid-lazyloads)
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import DateTime, MetaData, func
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

PREFIXES = ("base", "declarativebase", "sqlalchemybase")
WHERE = ("module",)
TAB_STOPS = ("Base", "TimestampMixin", "created_at", "updated_at")
REQUIRES = ("sqlalchemy[asyncio]>=2.0",)
SINCE = (3, 9)


class Base(AsyncAttrs, DeclarativeBase):
    """What the tables are declared on."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
    }


class TimestampMixin:
    """When a row was written, by the clock of the database.

    Attributes:
        created_at: when it was inserted.
        updated_at: when it was last changed.
    """

    # Read back at once: to load it later needs an `await`.
    __mapper_args__: ClassVar[dict[str, Any]] = {"eager_defaults": True}

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        server_default=func.now(),
        onupdate=func.now(),
    )
