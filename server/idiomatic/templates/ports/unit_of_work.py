"""A unit of work: what is done in its block is done as a whole, or not at all.

## Why
Nobody has to remember to commit, and nothing is half done: an error rolls everything back, and so does a cancellation
(which is no `Exception`, so that `except Exception` would miss it) and a commit that fails. The session is closed on
every path. What the unit needs of a session is a protocol, so that a test can do without a database.

## Use
```python
open_session = async_sessionmaker(engine, expire_on_commit=False)
async with UnitOfWork(open_session) as work:
    orders = SqlAlchemyOrderRepository(work.session)
    await orders.save(order)
```
"""

from collections.abc import Callable
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

PREFIXES = ("unitofwork", "uow")
WHERE = ("module",)
TAB_STOPS = ("UnitOfWork", "Session", "open_session")
SINCE = (3, 11)


class Session(Protocol):
    """What a unit of work needs of a session; SQLAlchemy's `AsyncSession` is one."""

    async def commit(self) -> None:
        """Make all changes permanent."""

    async def rollback(self) -> None:
        """Undo all changes."""

    async def close(self) -> None:
        """Give back what the session holds."""


S = TypeVar("S", bound=Session)


class UnitOfWork(Generic[S]):
    """Does what happens in its `async with` block as a whole, or not at all.

    Args:
        open_session: gives a new session, for one block.
    """

    def __init__(self, open_session: Callable[[], S]) -> None:
        """Make one that can be entered, again and again but not twice at a time."""
        self._open_session = open_session
        self._session: S | None = None

    @property
    def session(self) -> S:
        """What to work with in the block.

        Raises:
            RuntimeError: there is no block.
        """
        if self._session is None:
            msg = "a unit of work has its session only in the block"
            raise RuntimeError(msg)
        return self._session

    async def __aenter__(self) -> Self:
        """Open a session.

        Raises:
            RuntimeError: another block has not ended yet.
        """
        if self._session is not None:
            msg = "this unit of work is in use"
            raise RuntimeError(msg)
        self._session = self._open_session()
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Commit, or roll back after an error or a cancellation; then close."""
        session = self.session
        self._session = None
        try:
            if error_type is not None:
                await session.rollback()
            else:
                await _commit(session)
        finally:
            await session.close()


async def _commit(session: Session) -> None:
    try:
        await session.commit()
    except BaseException:  # a cancellation, too
        await session.rollback()
        raise
