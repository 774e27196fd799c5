"""A database session for a test, of which nothing is left after it.

## Why
The tables are made once. Each test is inside a transaction that is rolled back, which is faster than to empty the
tables and cannot forget one. The code under test may commit as it likes: its transactions are savepoints in the outer
one. Nothing is shared between event loops: `NullPool` keeps no connection, and each test has a loop of its own.

## Use
```python
async def test_an_order_is_kept(session: AsyncSession) -> None:
    session.add(Order(reference="A-1"))
    await session.commit()
    assert (await session.scalars(select(Order))).one().reference == "A-1"
```

## References
- [Joining a session into an external transaction](https://docs.sqlalchemy.org/en/20/orm/session_transaction.html#joining-a-session-into-an-external-transaction-such-as-for-test-suites)
- [SQLite: savepoints and transactions](https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#serializable-isolation-savepoints-transactional-ddl)
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import Connection, NullPool, event
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase

PREFIXES = ("dbsession", "sessionfixture", "databasesession")
WHERE = ("conftest", "test module")
TAB_STOPS = ("engine", "session")
REQUIRES = ("sqlalchemy[asyncio]>=2.0", "aiosqlite>=0.19", "pytest-asyncio>=0.23")
REUSES = ("Base",)
SINCE = (3, 9)


class Base(DeclarativeBase):
    """What the tables are declared on."""


# template: begin
@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncEngine:
    """A database with all tables and nothing in them."""
    path = tmp_path_factory.mktemp("database") / "test.db"
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", poolclass=NullPool)

    # Only for SQLite: its driver begins too late for savepoints.
    @event.listens_for(engine.sync_engine, "connect")
    def leave_it_to_sqlalchemy(
        connection: AsyncAdapt_aiosqlite_connection,
        _: object,
    ) -> None:
        connection.isolation_level = None

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    async def create_tables() -> None:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)

    asyncio.run(create_tables())
    return engine


@pytest_asyncio.fixture
async def session(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A session whose changes are undone after the test, even what it committed."""
    async with engine.connect() as connection:
        outer = await connection.begin()
        try:
            async with AsyncSession(
                connection,
                join_transaction_mode="create_savepoint",
                expire_on_commit=False,
            ) as session:
                yield session
        finally:
            await outer.rollback()


# template: end
