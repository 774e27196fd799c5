"""The templates for services and clients, over transports instead of a network."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from idiomatic.templates.web import fastapi_app
from idiomatic.templates.web.fastapi_app import ClientDep, create_app, get_client
from idiomatic.templates.web.fastapi_router import OrderDraft, OrderRead, get_order_store, router
from idiomatic.templates.web.httpx_client import open_client

from tests.templates.inserting import inserted

# -- httpx-client -----------------------------------------------------------------------------------------------------


class Transport(httpx.MockTransport):
    """Answers with a function, and remembers whether it was closed."""

    def __init__(self, answer: Callable[[httpx.Request], Any]) -> None:
        super().__init__(answer)
        self.is_closed = False

    async def aclose(self) -> None:
        self.is_closed = True


async def test_requests_go_below_the_address_and_have_timeouts() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"page": request.url.params["page"]})

    async with open_client("https://api.example.org/v1", transport=Transport(answer)) as client:
        response = await client.get("/orders", params={"page": 2})
    assert response.json() == {"page": "2"}
    assert str(seen[0].url) == "https://api.example.org/v1/orders?page=2"
    assert seen[0].extensions["timeout"] == {"connect": 3.0, "read": 10.0, "write": 10.0, "pool": 5.0}


async def test_connections_are_limited() -> None:
    async with open_client("https://api.example.org") as client:
        transport: Any = client._transport
        assert (transport._pool._max_connections, transport._pool._max_keepalive_connections) == (50, 10)


async def test_an_answer_that_does_not_come_is_an_error() -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, open_client(f"http://127.0.0.1:{port}") as client:
        client.timeout = httpx.Timeout(5.0, read=0.01)
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/")


async def test_tasks_share_it() -> None:
    most = running = 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal most, running
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return httpx.Response(200, text=request.url.path)

    async with open_client("http://test", transport=Transport(answer)) as client, asyncio.TaskGroup() as group:
        tasks = [group.create_task(client.get(f"/{number}")) for number in range(5)]
    assert [task.result().text for task in tasks] == ["/0", "/1", "/2", "/3", "/4"]
    assert most > 1


@pytest.mark.parametrize("end", ["normally", "with an exception", "cancelled"])
async def test_it_is_closed_however_the_block_ends(end: str) -> None:
    transport = Transport(lambda _: httpx.Response(200))
    inside = asyncio.Event()
    clients: list[httpx.AsyncClient] = []

    async def use() -> None:
        async with open_client("http://test", transport=transport) as client:
            clients.append(client)
            inside.set()
            match end:
                case "with an exception":
                    raise KeyError(end)
                case "cancelled":
                    await asyncio.sleep(60)
                case _:
                    assert not transport.is_closed

    task = asyncio.create_task(use())
    await inside.wait()
    if end == "cancelled":
        task.cancel()
    (result,) = await asyncio.gather(task, return_exceptions=True)
    assert type(result) is {"normally": type(None), "with an exception": KeyError}.get(end, asyncio.CancelledError)
    assert transport.is_closed
    assert clients[0].is_closed


# -- fastapi-app ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application between its start and its end, as a server has it."""
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)

        transport = httpx.ASGITransport(with_state)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


def app_with_a_route(seen: list[httpx.AsyncClient]) -> FastAPI:
    app = create_app()

    @app.get("/prices")
    async def read_prices(client: ClientDep) -> int:
        seen.append(client)
        return len(seen)

    return app


async def test_the_application_says_that_it_is_well() -> None:
    async with served(create_app()) as client:
        response = await client.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_all_requests_share_one_client_that_is_closed_at_the_end() -> None:
    seen: list[httpx.AsyncClient] = []
    async with served(app_with_a_route(seen)) as client:
        for expected in (1, 2):
            assert (await client.get("/prices")).json() == expected
        assert seen[0] is seen[1]
        assert not seen[0].is_closed
    assert seen[0].is_closed


async def test_it_is_closed_when_the_server_is_cancelled() -> None:
    seen: list[httpx.AsyncClient] = []
    ready = asyncio.Event()

    async def serve() -> None:
        async with served(app_with_a_route(seen)) as client:
            await client.get("/prices")
            ready.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(serve())
    await ready.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen[0].is_closed


async def test_nothing_is_opened_before_the_server_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    class Client(httpx.AsyncClient):
        def __init__(self, **options: Any) -> None:
            made.append(self)
            super().__init__(**options)

    monkeypatch.setattr(fastapi_app.httpx, "AsyncClient", Client)  # type: ignore[attr-defined]
    app = create_app()
    assert made == []
    async with app.router.lifespan_context(app):
        assert len(made) == 1


async def test_a_test_gives_it_another_client() -> None:
    seen: list[httpx.AsyncClient] = []
    app = app_with_a_route(seen)
    async with httpx.AsyncClient() as other, served(app) as client:
        app.dependency_overrides[get_client] = lambda: other
        await client.get("/prices")
        assert seen == [other]


def test_each_application_is_its_own() -> None:
    assert create_app() is not create_app()


# -- fastapi-router ---------------------------------------------------------------------------------------------------


class Memory:
    """Orders in memory."""

    def __init__(self) -> None:
        self.orders: dict[UUID, OrderRead] = {}

    async def add(self, draft: OrderDraft) -> OrderRead:
        order = OrderRead(id=uuid4(), reference=draft.reference)
        self.orders[order.id] = order
        return order

    async def get(self, order_id: UUID) -> OrderRead | None:
        return self.orders.get(order_id)

    async def remove(self, order_id: UUID) -> None:
        self.orders.pop(order_id, None)


def shop(memory: Memory) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, object]]:
        yield {"order_store": memory}

    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    return app


async def test_an_order_is_created_read_and_deleted() -> None:
    memory = Memory()
    async with served(shop(memory)) as client:
        created = await client.post("/orders", json={"reference": "A-1", "id": "mine"})
        assert created.status_code == 201
        order_id = created.json()["id"]
        assert created.json() == {"id": str(UUID(order_id)), "reference": "A-1"}
        assert created.headers["location"] == f"http://test/orders/{order_id}"
        read = await client.get(created.headers["location"])
        assert (read.status_code, read.json()) == (200, created.json())
        for _ in range(2):
            deleted = await client.delete(f"/orders/{order_id}")
            assert (deleted.status_code, deleted.content) == (204, b"")
        gone = await client.get(f"/orders/{order_id}")
        assert (gone.status_code, gone.json()) == (404, {"detail": "There is no such order."})
    assert memory.orders == {}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/orders", {}),
        ("POST", "/orders", {"reference": ""}),
        ("POST", "/orders", {"reference": "x" * 41}),
        ("GET", "/orders/7", None),
        ("DELETE", "/orders/7", None),
    ],
)
async def test_what_makes_no_sense_is_refused(method: str, path: str, body: object) -> None:
    memory = Memory()
    async with served(shop(memory)) as client:
        assert (await client.request(method, path, json=body)).status_code == 422
    assert memory.orders == {}


async def test_nothing_leaves_that_is_not_in_the_model() -> None:
    class Secret(OrderRead):
        margin: int

    memory = Memory()
    secret = Secret(id=uuid4(), reference="A-1", margin=40)
    memory.orders[secret.id] = secret
    async with served(shop(memory)) as client:
        assert (await client.get(f"/orders/{secret.id}")).json() == {"id": str(secret.id), "reference": "A-1"}


async def test_a_test_overrides_the_store() -> None:
    other = Memory()
    app = shop(Memory())
    app.dependency_overrides[get_order_store] = lambda: other
    async with served(app) as client:
        assert (await client.post("/orders", json={"reference": "A-1"})).status_code == 201
    assert len(other.orders) == 1


def test_the_documentation_has_it_all() -> None:
    paths = shop(Memory()).openapi()["paths"]
    assert {
        (path, method): set(call["responses"]) for path, calls in paths.items() for method, call in calls.items()
    } == {
        ("/orders", "post"): {"201", "422"},
        ("/orders/{order_id}", "get"): {"200", "404", "422"},
        ("/orders/{order_id}", "delete"): {"204", "422"},
    }


def test_the_routes_are_those_of_the_users_thing() -> None:
    text = inserted("fastapi-router", "class Customer:\n    name: str\n\n\nx|\n")
    assert "order" not in text.lower()
    assert 'router = APIRouter(prefix="/customers", tags=["customers"])' in text
    assert "customer_store: CustomerStore = request.state.customer_store\n" in text
