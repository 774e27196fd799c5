"""One session and one transaction for each request, as a dependency of FastAPI.

## Why
What a request changes is committed as a whole when its function returns, and rolled back as a whole when it raises or
its task is cancelled; the connection goes back to the pool either way. `begin()` sees to the cancellation too: it ends
the transaction in a task of its own, which cancelling the request does not interrupt. With `scope="function"` that
happens before the response is sent: nobody is told that something was saved before it is.

## Use
```python
@router.post("/orders", status_code=201)
async def place_order(draft: OrderDraft, session: SessionDep) -> OrderRead:
    session.add(order := Order(reference=draft.reference))
    await session.flush()  # sends it, and sets what the database sets
    return OrderRead.model_validate(order, from_attributes=True)
```
The lifespan of the application yields `{"sessions": async_sessionmaker(...)}`.

## References
- [FastAPI: dependencies with yield](https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/)
- [SQLAlchemy: begin, commit and rollback](https://docs.sqlalchemy.org/en/20/orm/session_basics.html#framing-out-a-begin-commit-rollback-block)
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

PREFIXES = ("getsession", "sessiondep", "sessiondependency")
WHERE = ("module",)
TAB_STOPS = ("get_session", "SessionDep")
# `scope` of `Depends` is new in 0.121.
REQUIRES = ("fastapi>=0.121", "sqlalchemy[asyncio]>=2.0")
SINCE = (3, 9)


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """A session whose changes are committed if the request succeeds.

    On an exception or when the request is cancelled they are rolled back.
    """
    sessions: async_sessionmaker[AsyncSession] = request.state.sessions
    async with sessions.begin() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]
