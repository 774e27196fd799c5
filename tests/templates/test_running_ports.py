"""What the templates of ports do when they are run."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import assert_type
from uuid import UUID, uuid4

import pytest
from idiomatic.templates.ports import in_memory_repository as memory
from idiomatic.templates.ports import sqlalchemy_repository as database
from idiomatic.templates.ports.abstract_base_class import Storage
from idiomatic.templates.ports.repository_protocol import Order, Repository
from idiomatic.templates.ports.runtime_protocol import Closable, close_all_of
from idiomatic.templates.ports.unit_of_work import UnitOfWork
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from tests.templates.inserting import inserted, run

HERE = sys.version_info[:2]
IDS = [UUID(int=number) for number in range(5)]

# -- in-memory-repository ---------------------------------------------------------------------------------------------


async def test_what_is_saved_is_there() -> None:
    orders = memory.InMemoryOrderRepository([memory.Order(IDS[0])])
    assert await orders.get(IDS[0]) == memory.Order(IDS[0])
    assert await orders.get(IDS[1]) is None
    await orders.save(memory.Order(IDS[1]))
    await orders.save(memory.Order(IDS[1], ["tea"]))
    assert await orders.page() == [memory.Order(IDS[0]), memory.Order(IDS[1], ["tea"])]
    await orders.remove(IDS[0])
    await orders.remove(IDS[0])
    assert await orders.page() == [memory.Order(IDS[1], ["tea"])]


async def test_copies_go_in_and_out() -> None:
    first, second = memory.Order(IDS[0], ["tea"]), memory.Order(IDS[1], ["tea"])
    orders = memory.InMemoryOrderRepository([first])
    await orders.save(second)
    first.lines.append("cake")
    second.lines.append("cake")
    for order_id in IDS[:2]:
        found = await orders.get(order_id)
        assert found is not None
        assert found.lines == ["tea"]
        found.lines.append("cake")
    for found in await orders.page():
        assert found.lines == ["tea"]
        found.lines.append("cake")
    assert [order.lines for order in await orders.page()] == [["tea"], ["tea"]]


async def test_pages_in_memory() -> None:
    orders = memory.InMemoryOrderRepository(memory.Order(each) for each in reversed(IDS))
    assert [order.id for order in await orders.page(limit=2)] == IDS[:2]
    assert [order.id for order in await orders.page(IDS[1], limit=2)] == IDS[2:4]
    assert [order.id for order in await orders.page(IDS[3], limit=2)] == IDS[4:]
    assert await orders.page(IDS[4]) == []


async def test_it_is_a_repository_for_type_checkers_too() -> None:
    orders: Repository[memory.Order] = memory.InMemoryOrderRepository([memory.Order(IDS[0])])
    others: Repository[Order] = memory.InMemoryOrderRepository()  # type: ignore[assignment]
    assert_type(await orders.get(IDS[0]), memory.Order | None)
    assert_type(await orders.page(), Sequence[memory.Order])
    assert await others.page() == []


async def test_it_keeps_what_is_defined_above_it() -> None:
    names = run("in-memory-repository", inserted("entity", "x|\n", HERE) + "\n\nx|\n")
    ada = names["Customer"].new("Ada")
    customers = names["InMemoryCustomerRepository"]([ada])
    ada.rename("Augusta")
    assert [each.name for each in await customers.page()] == ["Ada"]
    await customers.save(ada)
    assert (await customers.get(ada.id)).name == "Augusta"


# -- sqlalchemy-repository --------------------------------------------------------------------------------------------


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'orders.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(database.Base.metadata.create_all)
    yield engine
    await engine.dispose()


@asynccontextmanager
async def repository(engine: AsyncEngine) -> AsyncIterator[database.SqlAlchemyOrderRepository]:
    """A repository in a transaction of its own."""
    async with AsyncSession(engine) as session, session.begin():
        yield database.SqlAlchemyOrderRepository(session)


async def notes(engine: AsyncEngine) -> list[str]:
    """What is in the database, for another session."""
    async with repository(engine) as orders:
        return [order.note for order in await orders.page()]


async def test_what_is_saved_is_in_the_database(engine: AsyncEngine) -> None:
    async with repository(engine) as orders:
        await orders.save(database.Order(id=IDS[0], note="new"))
        assert await orders.get(IDS[1]) is None
    async with repository(engine) as orders:
        found = await orders.get(IDS[0])
        assert found is not None
        assert found.note == "new"
    async with repository(engine) as orders:
        await orders.save(database.Order(id=IDS[0], note="changed"))
    assert await notes(engine) == ["changed"]
    for _ in range(2):
        async with repository(engine) as orders:
            await orders.remove(IDS[0])
    assert await notes(engine) == []


async def test_an_object_that_was_read_and_changed_is_saved(engine: AsyncEngine) -> None:
    async with repository(engine) as orders:
        await orders.save(database.Order(id=IDS[0], note="new"))
    async with repository(engine) as orders:
        found = await orders.get(IDS[0])
        assert found is not None
        found.note = "changed"
        await orders.save(found)
    assert await notes(engine) == ["changed"]


async def test_pages_of_the_database(engine: AsyncEngine) -> None:
    async with repository(engine) as orders:
        for each in reversed(IDS):
            await orders.save(database.Order(id=each, note=""))
    async with repository(engine) as orders:
        assert [order.id for order in await orders.page(limit=2)] == IDS[:2]
        assert [order.id for order in await orders.page(IDS[1], limit=2)] == IDS[2:4]
        assert [order.id for order in await orders.page(IDS[3], limit=2)] == IDS[4:]
        assert await orders.page(IDS[4]) == []


async def test_identifiers_need_not_be_in_order(engine: AsyncEngine) -> None:
    ids = sorted(uuid4() for _ in range(20))
    async with repository(engine) as orders:
        for each in reversed(ids):
            await orders.save(database.Order(id=each, note=""))
    async with repository(engine) as orders:
        assert [order.id for order in await orders.page(ids[4], limit=3)] == ids[5:8]


async def test_the_repository_leaves_the_transaction_alone(engine: AsyncEngine) -> None:
    async def fail() -> None:
        async with repository(engine) as orders:
            await orders.save(database.Order(id=IDS[0], note="new"))
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    async with AsyncSession(engine) as session:
        await database.SqlAlchemyOrderRepository(session).save(database.Order(id=IDS[1], note="never committed"))
    assert await notes(engine) == []


# -- unit-of-work -----------------------------------------------------------------------------------------------------


class Recorder:
    """A session that writes down what is asked of it."""

    def __init__(self, *failing: str) -> None:
        self.failing = failing
        self.calls: list[str] = []

    async def _call(self, name: str) -> None:
        self.calls.append(name)
        await asyncio.sleep(0)
        if name in self.failing:
            raise OSError(name)

    async def commit(self) -> None:
        await self._call("commit")

    async def rollback(self) -> None:
        await self._call("rollback")

    async def close(self) -> None:
        await self._call("close")


async def test_a_unit_of_work_is_committed() -> None:
    session = Recorder()
    async with UnitOfWork(lambda: session) as work:
        assert work.session is session
        assert session.calls == []
    assert session.calls == ["commit", "close"]


async def test_a_unit_of_work_is_rolled_back_after_an_error() -> None:
    session = Recorder()
    with pytest.raises(KeyError):
        async with UnitOfWork(lambda: session):
            raise KeyError
    assert session.calls == ["rollback", "close"]


async def test_a_unit_of_work_is_rolled_back_when_cancelled() -> None:
    session = Recorder()
    inside = asyncio.Event()

    async def work() -> None:
        async with UnitOfWork(lambda: session):
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert session.calls == ["rollback", "close"]


async def test_a_commit_that_is_cancelled_is_rolled_back() -> None:
    class Slow(Recorder):
        async def commit(self) -> None:
            self.calls.append("commit")
            begun.set()
            await asyncio.Event().wait()

    begun = asyncio.Event()
    session = Slow()

    async def work() -> None:
        async with UnitOfWork(lambda: session):
            pass

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert session.calls == ["commit", "rollback", "close"]


@pytest.mark.parametrize(
    ("failing", "calls"), [("commit", ["commit", "rollback", "close"]), ("close", ["commit", "close"])]
)
async def test_a_unit_of_work_that_cannot_end_well(failing: str, calls: list[str]) -> None:
    session = Recorder(failing)
    with pytest.raises(OSError, match=failing):
        async with UnitOfWork(lambda: session):
            pass
    assert session.calls == calls


async def test_a_session_is_closed_also_if_it_cannot_be_rolled_back() -> None:
    session = Recorder("rollback")
    with pytest.raises(OSError, match="rollback") as raised:
        async with UnitOfWork(lambda: session):
            raise KeyError
    assert isinstance(raised.value.__context__, KeyError)
    assert session.calls == ["rollback", "close"]


async def test_a_unit_of_work_is_entered_once_at_a_time() -> None:
    sessions = [Recorder(), Recorder()]
    opened = iter(sessions)
    work = UnitOfWork(lambda: next(opened))
    with pytest.raises(RuntimeError, match="only in the block"):
        _ = work.session
    async with work:
        with pytest.raises(RuntimeError, match="in use"):
            await work.__aenter__()
    async with work:
        assert work.session is sessions[1]
    assert [session.calls for session in sessions] == [["commit", "close"]] * 2


async def test_a_unit_of_work_with_a_database(engine: AsyncEngine) -> None:
    work = UnitOfWork(async_sessionmaker(engine))

    async def save(number: int, after: Callable[[AsyncSession], Awaitable[object]]) -> None:
        async with work:
            orders = database.SqlAlchemyOrderRepository(work.session)
            await orders.save(database.Order(id=IDS[number], note=str(number)))
            await after(work.session)

    async def fail(session: AsyncSession) -> None:
        await session.flush()
        raise KeyError

    async def hang(session: AsyncSession) -> None:
        await session.flush()
        await asyncio.Event().wait()

    await save(0, AsyncSession.flush)
    with pytest.raises(KeyError):
        await save(1, fail)
    with pytest.raises(asyncio.TimeoutError):
        async with asyncio.timeout(0.05):
            await save(2, hang)
    with pytest.raises(IntegrityError):
        await save(3, lambda session: session.execute(text("INSERT INTO orders SELECT * FROM orders")))
    assert await notes(engine) == ["0"]


# -- runtime-protocol -------------------------------------------------------------------------------------------------


class Thing:
    def __init__(self, name: str, closed: list[str], *, fails: bool = False) -> None:
        self.name = name
        self.closed = closed
        self.fails = fails

    def close(self) -> None:
        self.closed.append(self.name)
        if self.fails:
            raise OSError(self.name)


def test_isinstance_looks_for_the_methods() -> None:
    assert isinstance(Thing("", []), Closable)
    assert not isinstance("", Closable)


def test_isinstance_looks_at_names_only() -> None:
    class Wrong:
        async def close(self, code: int) -> None: ...

    thing: object = Wrong()
    assert isinstance(thing, Closable)


def test_all_are_closed_the_last_first() -> None:
    closed: list[str] = []
    with close_all_of([Thing("a", closed), object(), Thing("b", closed)]):
        assert closed == []
    assert closed == ["b", "a"]


def test_all_are_closed_also_if_one_fails() -> None:
    closed: list[str] = []
    with pytest.raises(OSError, match="b"), close_all_of([Thing("a", closed), Thing("b", closed, fails=True)]):
        pass
    assert closed == ["b", "a"]
    with pytest.raises(KeyError), close_all_of([Thing("c", closed)]):
        raise KeyError
    assert closed == ["b", "a", "c"]


# -- abstract-base-class ----------------------------------------------------------------------------------------------


def test_what_is_missing_is_said() -> None:
    class Half(Storage):
        def read(self, name: str) -> bytes:
            return b""

    with pytest.raises(TypeError, match=r"abstract class Half .*location.*write"):
        Half()  # type: ignore[abstract]


def test_what_is_shared_is_there() -> None:
    class Dictionary(Storage):
        location = "in memory"

        def __init__(self) -> None:
            self.contents: dict[str, bytes] = {}

        def read(self, name: str) -> bytes:
            return self.contents[name]

        def write(self, name: str, content: bytes) -> None:
            self.contents[name] = content

    storage = Dictionary()
    storage.write("a", b"1")
    storage.copy("a", "b")
    assert storage.contents == {"a": b"1", "b": b"1"}
    assert repr(storage) == "<Dictionary in memory>"
    with pytest.raises(KeyError):
        storage.copy("c", "d")
    assert "d" not in storage.contents
