"""The templates for SQLAlchemy, on SQLite."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
import pytest_asyncio
from fastapi import Depends, FastAPI, HTTPException
from idiomatic.templates.persistence.get_session import SessionDep, get_session
from idiomatic.templates.persistence.session_factory import open_database
from idiomatic.templates.persistence.sqlalchemy_base import Base, TimestampMixin
from idiomatic.templates.persistence.sqlalchemy_model import Base as ModelBase
from idiomatic.templates.persistence.sqlalchemy_model import Order, OrderLine
from sqlalchemy import CheckConstraint, ForeignKey, event, func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

Sessions = async_sessionmaker[AsyncSession]


class Author(TimestampMixin, Base):
    __tablename__ = "authors"
    __table_args__ = (CheckConstraint("length(name) > 0", name="named"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    born: Mapped[datetime | None]
    books: Mapped[list["Book"]] = relationship(back_populates="author")


class Book(Base):
    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"), index=True)
    author: Mapped[Author] = relationship(back_populates="books")


@pytest_asyncio.fixture
async def sessions(tmp_path: Path) -> AsyncIterator[Sessions]:
    """Sessions on an empty database with all tables."""
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/test.db") as made:
        event.listen(
            engine(made).sync_engine,
            "connect",
            lambda connection, _: connection.execute("PRAGMA foreign_keys = ON"),
        )
        async with engine(made).begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
            await connection.run_sync(ModelBase.metadata.create_all)
        yield made


def engine(sessions: Sessions) -> AsyncEngine:
    found = sessions.kw["bind"]
    assert isinstance(found, AsyncEngine)
    return found


def in_use(sessions: Sessions) -> int:
    """How many connections are not in the pool."""
    pool: Any = engine(sessions).pool
    return int(pool.checkedout())


# -- sqlalchemy-base --------------------------------------------------------------------------------------------------


def test_constraints_have_names_of_ours() -> None:
    names = {str(each.name) for table in (Author.__table__, Book.__table__) for each in table.constraints}  # type: ignore[attr-defined]
    assert names == {
        "pk_authors",
        "uq_authors_name",
        "ck_authors_named",
        "pk_books",
        "fk_books_author_id_authors",
    }
    assert {str(index.name) for index in Book.__table__.indexes} == {"ix_books_author_id"}  # type: ignore[attr-defined]


def test_times_have_a_zone() -> None:
    columns = Author.__table__.columns
    assert [columns[name].type.timezone for name in ("born", "created_at", "updated_at")] == [True] * 3  # type: ignore[attr-defined]
    assert [columns[name].nullable for name in ("born", "created_at", "updated_at")] == [True, False, False]


async def test_the_database_says_when_a_row_was_written(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        ada = Author(name="Ada")
        session.add(ada)
        await session.flush()
        # Attributes that were not read back with the `INSERT` would raise MissingGreenlet here.
        created = ada.created_at
        assert abs(created.replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(seconds=5)
        assert ada.updated_at == created
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    async with sessions.begin() as session:
        await session.execute(update(Author).values(created_at=long_ago, updated_at=long_ago))
    async with sessions.begin() as session:
        ada = (await session.scalars(select(Author))).one()
        assert ada.updated_at.year == ada.created_at.year == 2001
        ada.name = "Ada Lovelace"
        await session.flush()
        assert (ada.created_at.year, ada.updated_at.year) == (2001, created.year)


async def test_a_bulk_update_sets_the_time_too(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(Author(name="Ada", updated_at=datetime(2001, 1, 1, tzinfo=UTC)))
    async with sessions.begin() as session:
        await session.execute(update(Author).values(name="Grace"))
    async with sessions() as session:
        assert (await session.scalars(select(Author))).one().updated_at.year > 2001


async def test_what_is_not_loaded_can_be_awaited(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(Author(name="Ada", books=[Book(), Book()]))
    async with sessions() as session:
        ada = (await session.scalars(select(Author))).one()
        assert len(await ada.awaitable_attrs.books) == 2


# -- sqlalchemy-model -------------------------------------------------------------------------------------------------


async def stored(sessions: Sessions) -> Order:
    """The only order, as another session reads it."""
    async with sessions() as session:
        return (await session.scalars(select(Order).options(selectinload(Order.lines)))).one()


async def test_an_order_has_its_lines_in_order(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(Order(reference="A-1", lines=[OrderLine(product=each) for each in ("tea", "cups", "milk")]))
    async with sessions.begin() as session:
        order = (await session.scalars(select(Order).options(selectinload(Order.lines)))).one()
        assert {line.order for line in order.lines} == {order}
        order.lines.append(OrderLine(product="spoon", quantity=6))
    order = await stored(sessions)
    assert [(line.product, line.quantity) for line in order.lines] == [
        ("tea", 1),
        ("cups", 1),
        ("milk", 1),
        ("spoon", 6),
    ]
    assert {line.order_id for line in order.lines} == {order.id}


def test_each_side_sets_the_other() -> None:
    order = Order(reference="A-1")
    line = OrderLine(product="tea", order=order)
    assert order.lines == [line]
    other = OrderLine(product="milk")
    order.lines.append(other)
    assert other.order is order


async def test_what_is_taken_out_is_deleted(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(order := Order(reference="A-1", lines=[OrderLine(product="tea"), OrderLine(product="milk")]))
    async with sessions.begin() as session:
        session.add(order)
        del order.lines[0]
    assert [line.product for line in (await stored(sessions)).lines] == ["milk"]
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(OrderLine)) == 1


async def test_the_database_deletes_lines_that_were_not_loaded(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(Order(reference="A-1", lines=[OrderLine(product="tea"), OrderLine(product="milk")]))
    statements: list[str] = []
    async with sessions.begin() as session:
        order = (await session.scalars(select(Order))).one()
        event.listen(
            engine(sessions).sync_engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2])
        )
        await session.delete(order)
    assert [each.split()[:3] for each in statements] == [["DELETE", "FROM", "orders"]]
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(OrderLine)) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda: Order(reference="A-1"), id="not-unique"),
        pytest.param(Order, id="without-a-reference"),
        pytest.param(lambda: OrderLine(product="tea"), id="without-an-order"),
        pytest.param(lambda: OrderLine(product="tea", order_id=99), id="of-no-order"),
        pytest.param(lambda: OrderLine(product="tea", order_id=1, quantity=0), id="none-of-it"),
    ],
)
async def test_the_database_takes_nothing_wrong(sessions: Sessions, wrong: Any) -> None:
    async with sessions.begin() as session:
        session.add(Order(reference="A-1"))
    async with sessions() as session:
        session.add(wrong())
        with pytest.raises(IntegrityError):
            await session.commit()


# -- session-factory --------------------------------------------------------------------------------------------------


async def test_objects_can_be_read_after_the_commit(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(order := Order(reference="A-1"))
    assert order.id == 1
    assert order.reference == "A-1"


async def test_an_exception_rolls_back(sessions: Sessions) -> None:
    async def fail() -> None:
        async with sessions.begin() as session:
            session.add(Order(reference="A-1"))
            await session.flush()
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert await count(sessions) == 0


async def count(sessions: Sessions) -> int:
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(Order)) or 0


@pytest.mark.parametrize("end", ["normally", "with an exception", "cancelled"])
async def test_the_pool_is_closed_however_the_block_ends(tmp_path: Path, end: str) -> None:
    seen: list[Sessions] = []
    closed: list[object] = []
    opened = asyncio.Event()

    async def use() -> None:
        async with open_database(f"sqlite+aiosqlite:///{tmp_path}/test.db") as made:
            seen.append(made)
            event.listen(engine(made).sync_engine, "close", lambda connection, _: closed.append(connection))
            async with made() as session:
                await session.execute(text("select 1"))
            assert not closed, "it goes back to the pool"
            opened.set()
            if end == "with an exception":
                raise KeyError(end)
            if end == "cancelled":
                await asyncio.sleep(60)

    task = asyncio.create_task(use())
    await opened.wait()
    if end == "cancelled":
        task.cancel()
    (result,) = await asyncio.gather(task, return_exceptions=True)
    assert type(result) is {"normally": type(None), "with an exception": KeyError}.get(end, asyncio.CancelledError)
    assert len(closed) == 1


async def test_the_first_session_connects_not_the_block(tmp_path: Path) -> None:
    # A connection that fails would end the test before aiosqlite's thread: it is told to stop, and not waited for.
    database = tmp_path / "test.db"
    async with open_database(f"sqlite+aiosqlite:///{database}") as made:
        assert not database.exists()
        async with made() as session:
            await session.execute(text("select 1"))
        assert database.exists()


# -- get-session ------------------------------------------------------------------------------------------------------


class Requests:
    """An application with the dependency, and what its requests meet."""

    def __init__(self, sessions: Sessions, dependency: Any = SessionDep) -> None:
        self.sessions = sessions
        self.inside = asyncio.Event()
        self.go_on = asyncio.Event()
        app = FastAPI()

        @app.post("/orders/{end}", status_code=201)
        async def place(end: str, session: dependency) -> dict[str, int | None]:
            session.add(order := Order(reference=end))
            if end != "unflushed":
                await session.flush()
            self.inside.set()
            match end:
                case "fails":
                    raise KeyError(end)
                case "refused":
                    raise HTTPException(409, "no")
                case "waits":
                    await self.go_on.wait()
                case _:
                    pass
            return {"id": order.id}

        async def with_state(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": {"sessions": sessions}}, receive, self.sending(send))

        self.transport = httpx.ASGITransport(with_state, raise_app_exceptions=False)
        self.stored_when_answered: list[int] = []

    def sending(self, send: Any) -> Any:
        async def note(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.stored_when_answered.append(await count(self.sessions))
            await send(message)

        return note

    async def post(self, end: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=self.transport, base_url="http://test") as client:
            return await client.post(f"/orders/{end}")


async def test_a_request_that_succeeds_is_committed_before_its_answer(sessions: Sessions) -> None:
    requests = Requests(sessions)
    response = await requests.post("fine")
    assert (response.status_code, response.json()) == (201, {"id": 1})
    assert await count(sessions) == 1
    assert requests.stored_when_answered == [1]
    assert in_use(sessions) == 0


async def test_without_the_scope_the_answer_would_be_too_early(sessions: Sessions) -> None:
    requests = Requests(sessions, Annotated[AsyncSession, Depends(get_session)])
    assert (await requests.post("fine")).status_code == 201
    assert requests.stored_when_answered == [0]


@pytest.mark.parametrize(("end", "status"), [("fails", 500), ("refused", 409)])
async def test_a_request_that_fails_is_rolled_back(sessions: Sessions, end: str, status: int) -> None:
    assert (await Requests(sessions).post(end)).status_code == status
    assert await count(sessions) == 0
    assert in_use(sessions) == 0


async def test_nobody_is_told_of_what_the_database_refused(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(Order(reference="unflushed"))
    assert (await Requests(sessions).post("unflushed")).status_code == 500
    assert await count(sessions) == 1
    assert in_use(sessions) == 0


async def test_a_request_that_is_cancelled_is_rolled_back(sessions: Sessions) -> None:
    requests = Requests(sessions)
    task = asyncio.create_task(requests.post("waits"))
    await requests.inside.wait()
    assert in_use(sessions) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert in_use(sessions) == 0
    assert await count(sessions) == 0
    # The lock on the file is gone as well.
    assert (await Requests(sessions).post("fine")).status_code == 201


async def test_cancelled_twice_it_is_rolled_back_all_the_same(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending, go_on = asyncio.Event(), asyncio.Event()
    rollback = AsyncSession.close

    async def slow(self: AsyncSession) -> None:
        ending.set()
        await go_on.wait()
        await rollback(self)

    requests = Requests(sessions)
    task = asyncio.create_task(requests.post("waits"))
    await requests.inside.wait()
    monkeypatch.setattr(AsyncSession, "close", slow)
    task.cancel()
    await ending.wait()
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    monkeypatch.undo()
    assert in_use(sessions) == 0
    assert await count(sessions) == 0


async def test_each_request_has_a_session_of_its_own(sessions: Sessions) -> None:
    seen: list[AsyncSession] = []
    app = FastAPI()

    async def again(session: SessionDep) -> AsyncSession:
        return session

    @app.get("/")
    async def read(session: SessionDep, same: Annotated[AsyncSession, Depends(again, scope="function")]) -> None:
        assert session is same
        seen.append(session)

    @asynccontextmanager
    async def client() -> AsyncIterator[httpx.AsyncClient]:
        async def with_state(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": {"sessions": sessions}}, receive, send)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(with_state), base_url="http://test") as made:
            yield made

    async with client() as made:
        for _ in range(2):
            assert (await made.get("/")).status_code == 200
    assert len(set(seen)) == 2
