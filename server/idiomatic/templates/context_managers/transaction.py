"""A transaction for the length of an `async with` block: all of it, or nothing.

## Why
If the block ends normally, the transaction is committed; however else it ends, it is rolled back. However else includes
that the task was cancelled, by a time limit or because the program stops: a cancellation is a `BaseException`, and what
catches only `Exception` leaves the transaction open, with its locks. The commit stands inside the `try`, because one
that fails has to be rolled back too. What became of a commit that was interrupted only the database knows.

Every connection with the two methods will do: one of `aiosqlite` or `psycopg`, or an `AsyncSession` of SQLAlchemy,
which has `begin()` for it as well.

## Use
```python
async with transaction(connection):
    await connection.execute("UPDATE accounts SET balance = balance - 5 WHERE id = 1")
    await connection.execute("UPDATE accounts SET balance = balance + 5 WHERE id = 2")
```

## References
- [PEP 249](https://peps.python.org/pep-0249/#commit): `commit` and `rollback`
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

PREFIXES = ("transaction",)
WHERE = ("module",)
TAB_STOPS = ("transaction", "connection")
SINCE = (3, 9)


class Transactional(Protocol):
    """What a transaction can be made on."""

    async def commit(self) -> None:
        """Keep what was done."""

    async def rollback(self) -> None:
        """Undo what was done."""


@asynccontextmanager
async def transaction(connection: Transactional) -> AsyncIterator[None]:
    """Commit at the end of an `async with` block, or roll back.

    Args:
        connection: what is used in the block, and by nobody else meanwhile.
    """
    try:
        yield
        await connection.commit()
    except BaseException:
        await connection.rollback()
        raise
