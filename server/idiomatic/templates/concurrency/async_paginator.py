"""All items of a list that comes in pages, one after the other.

## Why
Whoever wants the items does not have to know of pages and cursors, and the next page is fetched only when the last item
of this one was taken: who stops early saves the rest. A loop that stops early leaves the generator in the middle of its
work; `contextlib.aclosing` closes it at once, where otherwise the garbage collector does so some time later, in another
task.

## Use
```python
async with aclosing(paginate(list_orders)) as orders:
    async for order in orders:
        if order.is_open:
            break
```

## References
- [contextlib.aclosing](https://docs.python.org/3/library/contextlib.html#contextlib.aclosing)
- [PEP 525](https://peps.python.org/pep-0525/): asynchronous generators
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

PREFIXES = ("paginate", "pages")
WHERE = ("module",)
TAB_STOPS = ("paginate", "Page", "fetch", "cursor")
SINCE = (3, 10)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list.

    Attributes:
        items: what is on it, maybe nothing.
        next_cursor: what to ask for the next page with; `None` on the last one.
    """

    items: Sequence[T]
    next_cursor: str | None


async def paginate(
    fetch: Callable[[str | None], Awaitable[Page[T]]],
) -> AsyncGenerator[T, None]:
    """Fetch pages one after the other, each when it is needed.

    Args:
        fetch: gets the page of a cursor; that of `None` is the first.

    Yields:
        The items of all pages in order.
    """
    cursor = None
    while True:
        page = await fetch(cursor)
        for item in page.items:
            yield item
        cursor = page.next_cursor
        if cursor is None:
            return
