"""A FastAPI application with what all its requests share.

## Why
What is opened when the server starts is closed when it stops, in the reverse order and on every path, and nothing is
opened when modules are imported. A function that needs the client says so in its parameters, and a test gives it
another with `app.dependency_overrides`. The application is made by a function, so that each test can have its own.

## Use
`uvicorn --factory shop.app:create_app`, and in a function of a router:
```python
@router.get("/prices")
async def read_prices(client: ClientDep) -> Prices: ...
```
Two things to open are two items of the `async with`.

## References
- [FastAPI: lifespan events](https://fastapi.tiangolo.com/advanced/events/)
- [Starlette: lifespan state](https://www.starlette.io/lifespan/#lifespan-state)
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, Request

PREFIXES = ("fastapi", "fastapiapp", "lifespan", "createapp")
WHERE = ("module",)
TAB_STOPS = ("shop", "create_app", "client", "ClientDep")
REQUIRES = ("fastapi>=0.95", "httpx>=0.24")
SINCE = (3, 9)


class State(TypedDict):
    """What all requests share.

    Attributes:
        client: for requests to other services.
    """

    client: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    """Open what all requests share, and close it when the server stops."""
    async with httpx.AsyncClient(timeout=10.0) as client:
        yield {"client": client}


def get_client(request: Request) -> httpx.AsyncClient:
    """The client that all requests share."""
    client: httpx.AsyncClient = request.state.client
    return client


ClientDep = Annotated[httpx.AsyncClient, Depends(get_client)]


def create_app() -> FastAPI:
    """The application; it opens nothing before the server starts it."""
    app = FastAPI(title="shop", lifespan=lifespan)

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Tell whoever watches that requests are answered."""
        return {"status": "ok"}

    return app
