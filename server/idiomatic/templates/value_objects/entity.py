"""An entity: it stays the same while what it holds changes, and knows when it last did.

## Why
A customer who gets a new name is the same customer: entities are equal if their `id` is, whatever else they hold, and
their hash never changes, so that they can be in sets. A generated `__eq__` would compare all fields and leave no hash.
Times are in UTC and know it: they can be compared with those of every server. The clock is a parameter, so that a test
decides what time it is.

## Use
```python
customer = Customer.new("Ada", clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
```
What is read from a database goes through the constructor, which takes all fields as they were stored.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from uuid import UUID, uuid4

PREFIXES = ("entity",)
WHERE = ("module",)
TAB_STOPS = ("Customer", "name", "rename")
SINCE = (3, 11)


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


@dataclass(eq=False, kw_only=True, slots=True)
class Customer:
    """Somebody who buys.

    Attributes:
        id: who it is; never changes, and alone decides about equality.
        name: what to call them.
        created_at: when it came into being, in UTC.
        updated_at: when it was changed last, in UTC.

    Raises:
        ValueError: a time is not in UTC.
    """

    id: UUID
    name: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def new(cls, name: str, *, clock: Callable[[], datetime] = utc_now) -> Self:
        """One that has not been there before.

        Args:
            name: what to call them.
            clock: gives the time, in UTC.
        """
        now = clock()
        return cls(id=uuid4(), name=name, created_at=now, updated_at=now)

    def __post_init__(self) -> None:
        """Let in no time of which it is unclear when that was."""
        for time in (self.created_at, self.updated_at):
            if time.utcoffset() != timedelta(0):
                msg = f"not a time in UTC: {time!r}"
                raise ValueError(msg)

    def rename(self, name: str, *, clock: Callable[[], datetime] = utc_now) -> None:
        """Change the name.

        Args:
            name: what to call them from now on.
            clock: gives the time, in UTC.
        """
        self.name = name
        self.updated_at = clock()

    def __eq__(self, other: object) -> bool:
        """Whether it is the same one, in whatever state."""
        if not isinstance(other, Customer):
            return NotImplemented
        return self.id == other.id

    def __hash__(self) -> int:
        """A hash that stays when the rest changes."""
        return hash(self.id)
