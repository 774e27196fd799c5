"""The templates for tests: each is put into a project of its own, in which pytest is run."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI, Request
from hypothesis import Phase, seed, settings
from idiomatic.templates.ports.repository_protocol import Repository
from idiomatic.templates.tests.asgi_client_test import client_of
from idiomatic.templates.tests.repository_fake import FakeOrderRepository, Order

from tests.templates.inserting import inserted

pytest_plugins = ("pytester",)

HERE = sys.version_info[:2]

Run = Callable[..., pytest.RunResult]


# Only the plugins that are needed are used in a run: each imports them anew.
ASYNCIO = ("-p", "pytest_asyncio.plugin", "-o", "asyncio_default_fixture_loop_scope=function")
BENCHMARK = ("-p", "pytest_benchmark.plugin", "--benchmark-max-time=0.01", "--benchmark-min-rounds=2")


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run pytest in this process, on files that are given as `name=code`."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    # The pytest in this one is nobody's worker: nothing else runs beside its benchmarks.
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)

    def run(*options: str, **files: str) -> pytest.RunResult:
        if files:
            pytester.makepyfile(**files)
        return pytester.runpytest_inprocess("-v", "-p", "no:cacheprovider", *options)

    return run


def conftest(name: str, head: str = '"""What the tests share."""\n') -> str:
    return inserted(name, f"{head}\nx|\n", HERE, "conftest.py")


def module(name: str, head: str = '"""Tests."""\n') -> str:
    return inserted(name, f"{head}\nx|\n", HERE, "test_it.py")


# -- fixture ----------------------------------------------------------------------------------------------------------

CONNECTIONS = """
import sqlite3

import pytest

seen = []


def test_fails(connection):
    connection.execute("INSERT INTO orders (name) VALUES ('tea')")
    connection.commit()
    seen.append(connection)
    raise KeyError("while it is open")


def test_is_closed(connection):
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        seen[0].execute("SELECT 1")
    assert connection.execute("SELECT * FROM orders").fetchall() == []
"""


def test_a_fixture_cleans_up_after_a_failing_test(run: Run) -> None:
    done = run(conftest=conftest("fixture"), test_it=CONNECTIONS)
    done.assert_outcomes(failed=1, passed=1)
    done.stdout.fnmatch_lines(["*::test_fails FAILED*", "*::test_is_closed PASSED*", "*KeyError: 'while it is open'*"])


def test_a_fixture_cleans_up_if_it_cannot_be_made(run: Run) -> None:
    broken = conftest("fixture").replace("CREATE TABLE", "MAKE NO TABLE")
    noting = """
opened = []
connect = sqlite3.connect


def noted(*arguments):
    opened.append(connect(*arguments))
    return opened[-1]


@pytest.fixture(autouse=True)
def note(monkeypatch):
    monkeypatch.setattr(sqlite3, "connect", noted)
    return opened
"""
    test = """
import sqlite3

import pytest


def test_has_none(connection): ...


def test_it_is_closed(note):
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        note[0].execute("SELECT 1")
"""
    run(conftest=broken + noting, test_it=test).assert_outcomes(errors=1, passed=1)


# -- async-fixture ----------------------------------------------------------------------------------------------------

TASKS = """
import asyncio

import pytest

ended = []
tasks = []


async def serve(name):
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0)
        ended.append(name)


@pytest.mark.asyncio
async def test_fails(background):
    tasks.append(background(serve("one")))
    tasks.append(background(serve("two")))
    await asyncio.sleep(0)
    raise KeyError("while they run")


def test_they_have_ended():
    assert ended == ["one", "two"]
    assert all(task.cancelled() for task in tasks)


@pytest.mark.asyncio
async def test_notices(background):
    async def fail():
        raise LookupError("beside the test")

    background(fail())
    background(serve("three"))
    await asyncio.sleep(0)


def test_the_third_has_ended():
    assert ended == ["one", "two", "three"]


@pytest.mark.asyncio
async def test_needs_none(background): ...
"""


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_what_runs_beside_a_test_ends_with_it(run: Run, mode: str) -> None:
    done = run(*ASYNCIO, f"--asyncio-mode={mode}", conftest=conftest("async-fixture"), test_it=TASKS)
    done.assert_outcomes(failed=1, passed=4, errors=1)
    done.stdout.fnmatch_lines(["*ERROR at teardown of test_notices*", "*tasks beside the test failed*"])
    done.stdout.fnmatch_lines(["*LookupError: beside the test*"])


# -- parametrised-test ------------------------------------------------------------------------------------------------


def test_each_case_has_a_name(run: Run) -> None:
    done = run(test_it=module("parametrised-test"))
    done.assert_outcomes(passed=4)
    assert re.findall(r"test_words\[([\w-]+)\] PASSED", done.stdout.str()) == [
        "nothing",
        "one-word",
        "two-spaces",
        "line-break",
    ]
    run("-k", "two-spaces").assert_outcomes(passed=1, deselected=3)


def test_only_the_case_that_is_broken_fails(run: Run) -> None:
    done = run(test_it=module("parametrised-test").replace("text.split()", 'text.strip().split(" ")'))
    done.assert_outcomes(failed=2, passed=2)
    assert re.findall(r"test_words\[([\w-]+)\] FAILED", done.stdout.str()) == ["nothing", "two-spaces"]


# -- property-test ----------------------------------------------------------------------------------------------------


def properties(broken: str) -> Any:
    """The test, with something else instead of what is written, and few examples."""
    namespace: dict[str, Any] = {"__name__": "test_it"}
    code = module("property-test")
    assert "json.dumps(value)" in code
    exec(compile(code.replace("json.dumps(value)", broken), "test_it.py", "exec", dont_inherit=True), namespace)
    few = settings(max_examples=30, phases=[Phase.explicit, Phase.generate], database=None, deadline=None)
    return few(namespace["test_what_is_written_is_read_again"])


def test_the_property_holds() -> None:
    tried: list[object] = []
    test = properties("json.dumps(tried.append(value) or value)")
    test.hypothesis.inner_test.__globals__["tried"] = tried
    seed(0)(test)()
    assert {"": [1e308, -0.0]} in tried
    assert len(tried) > 30
    assert len({type(value) for value in tried}) > 3


@pytest.mark.parametrize("broken", ["json.dumps(value).lower()", "json.dumps(value or None)", "json.dumps(str(value))"])
def test_what_breaks_the_property_is_found(broken: str) -> None:
    with pytest.raises((AssertionError, ExceptionGroup, ValueError)):
        seed(0)(properties(broken))()


# -- asgi-client-test -------------------------------------------------------------------------------------------------


def test_it_runs_as_it_is_inserted(run: Run) -> None:
    run(*ASYNCIO, test_it=module("asgi-client-test")).assert_outcomes(passed=1)


def test_an_application_that_is_imported_is_used(run: Run) -> None:
    code = module("asgi-client-test", '"""Tests."""\n\nfrom shop import app\n')
    assert "FastAPI()" not in code
    shop = 'from fastapi import FastAPI\n\napp = FastAPI(title="shop")\n'
    code = code.replace("    assert", '    assert response.json()["info"]["title"] == "shop"\n    assert', 1)
    run(*ASYNCIO, test_it=code, shop=shop).assert_outcomes(passed=1)


async def test_the_lifespan_is_entered_and_left_in_one_task() -> None:
    happened: list[str] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, str]]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(asyncio.sleep(60))
            happened.append("started")
            try:
                yield {"greeting": "hello"}
            finally:
                task.cancel()
        happened.append("ended")

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def greet(request: Request) -> str:
        happened.append("asked")
        return str(request.state.greeting)

    @app.get("/broken")
    async def broken() -> None:
        raise KeyError("broken")

    async with client_of(app) as client:
        assert (await client.get("/")).json() == "hello"
        with pytest.raises(KeyError, match="broken"):
            await client.get("/broken")
    assert happened == ["started", "asked", "ended"]


# -- event-loop-factory -----------------------------------------------------------------------------------------------

LOOPS = """
import asyncio

import pytest


@pytest.mark.asyncio
async def test_both():
    assert isinstance(asyncio.get_running_loop(), asyncio.AbstractEventLoop)


@pytest.mark.asyncio(loop_factories=["selector"])
async def test_one():
    assert isinstance(asyncio.get_running_loop(), asyncio.SelectorEventLoop)


def test_none(): ...
"""


def test_each_test_runs_on_each_loop(run: Run) -> None:
    done = run(*ASYNCIO, "-W", "error", conftest=conftest("event-loop-factory"), test_it=LOOPS)
    done.assert_outcomes(passed=4)
    assert re.findall(r"::(\S+) PASSED", done.stdout.str()) == [
        "test_both[default]",
        "test_both[selector]",
        "test_one",
        "test_none",
    ]


def test_the_factory_makes_the_loop(run: Run) -> None:
    own = conftest("event-loop-factory").replace(
        '"selector": asyncio.SelectorEventLoop', '"own": type("OwnLoop", (asyncio.SelectorEventLoop,), {})'
    )
    code = LOOPS.replace("selector", "own").replace("SelectorEventLoop)", "AbstractEventLoop)")
    code = code.replace(
        "async def test_one():\n", "async def test_one():\n    print(type(asyncio.get_running_loop()))\n"
    )
    done = run(*ASYNCIO, "-s", conftest=own, test_it=code)
    done.assert_outcomes(passed=4)
    done.stdout.fnmatch_lines(["*conftest.OwnLoop*"])


# -- database-session -------------------------------------------------------------------------------------------------

MODELS = """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase): ...


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
"""

SESSIONS = """
import pytest
from models import Order
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

pytestmark = pytest.mark.asyncio


async def references(session):
    return list(await session.scalars(select(Order.reference)))


async def test_commits_and_fails(session):
    session.add(Order(reference="A-1"))
    await session.commit()
    assert await references(session) == ["A-1"]
    raise KeyError("after the commit")


async def test_nothing_is_left(session):
    assert await references(session) == []


async def test_rolls_back_only_what_is_not_committed(session):
    session.add(Order(reference="A-1"))
    await session.commit()
    session.add(Order(reference="A-2"))
    await session.flush()
    await session.rollback()
    assert await references(session) == ["A-1"]


async def test_goes_on_after_an_error(session):
    session.add(Order(reference="A-1"))
    await session.commit()
    session.add(Order(reference="A-1"))
    with pytest.raises(IntegrityError):
        await session.commit()
    await session.rollback()
    session.add(Order(reference="A-2"))
    await session.commit()
    assert await references(session) == ["A-1", "A-2"]


async def test_still_nothing_is_left(session, engine):
    assert await references(session) == []
    async with engine.connect() as other:
        assert list(await other.execute(select(Order))) == []
"""


def test_of_what_a_test_commits_nothing_is_left(run: Run) -> None:
    code = conftest("database-session", '"""What the tests share."""\n\nfrom models import Base\n')
    assert "class Base" not in code
    done = run(*ASYNCIO, "-W", "error", models=MODELS, conftest=code, test_it=SESSIONS)
    done.assert_outcomes(failed=1, passed=4)
    done.stdout.fnmatch_lines(["*::test_commits_and_fails FAILED*", "*KeyError: 'after the commit'*"])


@pytest.mark.skipif(HERE >= (3, 16), reason="the driver begins by itself")
def test_without_what_is_for_sqlite_something_is_left(run: Run) -> None:
    code = conftest("database-session", '"""What the tests share."""\n\nfrom models import Base\n')
    code = re.sub(r"    # Only for SQLite.*?(?=    async def create_tables)", "", code, flags=re.DOTALL)
    assert "event" in code
    assert "BEGIN" not in code
    assert run(*ASYNCIO, models=MODELS, conftest=code, test_it=SESSIONS).parseoutcomes()["failed"] > 1


# -- repository-fake --------------------------------------------------------------------------------------------------

ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))


async def test_a_fake_keeps_copies() -> None:
    # A type checker says that it is one.
    orders: Repository[Order] = FakeOrderRepository()
    order = Order(ONE, "tea")
    await orders.save(order)
    order.name = "milk"
    assert await orders.get(ONE) == Order(ONE, "tea")
    found = await orders.get(ONE)
    assert found is not None
    found.name = "milk"
    assert await orders.get(ONE) == Order(ONE, "tea")
    await orders.save(found)
    assert await orders.get(ONE) == Order(ONE, "milk")
    for _ in range(2):
        await orders.remove(ONE)
    assert await orders.get(ONE) is None


async def test_a_fake_has_pages() -> None:
    orders = FakeOrderRepository()
    for key in (THREE, ONE, TWO):
        await orders.save(Order(key, str(key.int)))
    assert [order.name for order in await orders.page()] == ["1", "2", "3"]
    assert [order.name for order in await orders.page(limit=2)] == ["1", "2"]
    assert [order.name for order in await orders.page(after=TWO)] == ["3"]


async def test_a_fake_fails_when_it_is_told_to() -> None:
    orders = FakeOrderRepository()
    order = Order(ONE, "tea")
    await orders.save(order)
    orders.error = TimeoutError("no database")
    for call in (orders.get(ONE), orders.save(order), orders.remove(ONE), orders.page()):
        with pytest.raises(TimeoutError, match="no database"):
            await call
    orders.error = None
    assert await orders.get(ONE) == order


def test_each_test_has_a_fake_of_its_own(run: Run) -> None:
    head = '"""What the tests share."""\n\nfrom dataclasses import dataclass\nfrom uuid import UUID\n'
    code = conftest("repository-fake", f"{head}\n\n@dataclass\nclass Customer:\n    id: UUID\n    name: str\n\n")
    assert "Order" not in code
    test = """
from uuid import UUID

import pytest
from conftest import Customer


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["Ada", "Grace"])
async def test_it(customers, name):
    assert customers.by_id == {}
    await customers.save(Customer(UUID(int=1), name))
    assert (await customers.get(UUID(int=1))).name == name
"""
    run(*ASYNCIO, conftest=code, test_it=test).assert_outcomes(passed=2)


# -- benchmark --------------------------------------------------------------------------------------------------------


def test_a_benchmark_measures_and_checks(run: Run) -> None:
    done = run(*BENCHMARK, test_it=module("benchmark"))
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["*benchmark: 1 tests*", "Name (time in *", "test_sorting *"])
    wrong = module("benchmark").replace("benchmark(sorted", "benchmark(list")
    run(*BENCHMARK, test_it=wrong).assert_outcomes(failed=1)
