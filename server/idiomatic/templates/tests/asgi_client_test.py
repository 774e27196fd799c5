"""An asynchronous test of an application, without a server.

## Why
Requests go straight into the application: no port, no thread, and an exception in it fails the test with its own
traceback. The transport of httpx starts nothing by itself, so that the lifespan is entered here, as a server would. It
is a block in the test and not a fixture: both ends of it have to be in one task, or a task group in the lifespan fails.

## Use
`app` is the application, imported or made in the test.

## References
- [HTTPX: ASGI transport](https://www.python-httpx.org/advanced/transports/#asgi-transport)
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

PREFIXES = ("asgi", "asgiclient", "asgitest")
WHERE = ("test module",)
TAB_STOPS = ("test_the_api_is_described", "client_of", "app")
REQUIRES = ("fastapi>=0.95", "httpx>=0.24", "pytest-asyncio>=0.23")
REUSES = ("app",)
SINCE = (3, 9)


app = FastAPI()


# template: begin
@asynccontextmanager
async def client_of(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Send requests to an application, between its start and its end."""
    async with application.router.lifespan_context(application) as state:

        async def started(scope: Scope, receive: Receive, send: Send) -> None:
            await application({**scope, "state": dict(state or {})}, receive, send)

        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(started),
            base_url="http://test",
        ) as client:
            yield client


@pytest.mark.asyncio
async def test_the_api_is_described() -> None:
    """Whoever uses it can look it up."""
    async with client_of(app) as client:
        response = await client.get("/openapi.json")
    assert response.status_code == 200
    assert "paths" in response.json()


# template: end
