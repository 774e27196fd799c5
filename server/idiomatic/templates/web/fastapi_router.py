"""The routes for one kind of thing, with what goes in and what comes out.

## Why
The models of what comes in and what goes out are separate: a client cannot set an `id`, and nothing leaves that is not
named in the model. Return types are what the documentation shows and what answers are checked against. What the
functions need comes in as a parameter and is a protocol: a test overrides `get_order_store` with something in memory.
The status codes say what happened: 201 with the address of what is new, 204 without a body, 404.

## Use
```python
app.include_router(router)
app.dependency_overrides[get_order_store] = lambda: store  # in a test
```
The lifespan of the application yields `{"order_store": ...}`.

## References
- [FastAPI: response models](https://fastapi.tiangolo.com/tutorial/response-model/)
- [FastAPI: sharing `Annotated` dependencies](https://fastapi.tiangolo.com/tutorial/dependencies/#share-annotated-dependencies)
"""

from typing import Annotated, Protocol
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request, Response, status
from pydantic import BaseModel, Field

PREFIXES = ("router", "apirouter", "crud")
WHERE = ("module",)
TAB_STOPS = ("reference", "router")
REQUIRES = ("fastapi>=0.95",)
SUBJECT = "Order"
SINCE = (3, 10)


class OrderDraft(BaseModel):
    """What a client says of a new order."""

    reference: Annotated[str, Field(min_length=1, max_length=40)]


class OrderRead(BaseModel):
    """What a client is told of an order."""

    id: UUID
    reference: str


class OrderStore(Protocol):
    """Where the orders are."""

    async def add(self, draft: OrderDraft) -> OrderRead:
        """Keep a new one."""

    async def get(self, order_id: UUID) -> OrderRead | None:
        """The one with that id, if there is one."""

    async def remove(self, order_id: UUID) -> None:
        """Keep none with that id."""


def get_order_store(request: Request) -> OrderStore:
    """Where the orders are."""
    order_store: OrderStore = request.state.order_store
    return order_store


OrderStoreDep = Annotated[OrderStore, Depends(get_order_store)]

router = APIRouter(prefix="/orders", tags=["orders"])


@router.post("", status_code=status.HTTP_201_CREATED)
async def create_order(
    draft: OrderDraft,
    store: OrderStoreDep,
    request: Request,
    response: Response,
) -> OrderRead:
    """Keep a new order; the header `Location` says where it is."""
    order = await store.add(draft)
    location = request.url_for("read_order", order_id=order.id)
    response.headers["Location"] = str(location)
    return order


@router.get("/{order_id}", responses={404: {"description": "There is none."}})
async def read_order(order_id: UUID, store: OrderStoreDep) -> OrderRead:
    """The order with that id."""
    order = await store.get(order_id)
    if order is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such order.")
    return order


@router.delete("/{order_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_order(order_id: UUID, store: OrderStoreDep) -> None:
    """Remove the order with that id; that there is none is fine, too."""
    await store.remove(order_id)
