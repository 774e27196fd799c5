"""Do something with a resource that is closed afterwards.

## Why
However the block ends, the resource is closed: normally, with an exception, or with a `return`. An object that has a
`close()` but no `with` of its own gets one from `contextlib.closing`.

## Use
Anywhere, or around lines that are selected.

## References
- [The with statement](https://docs.python.org/3/reference/compound_stmts.html#the-with-statement)
"""

from collections.abc import Iterator
from contextlib import contextmanager

PREFIXES = ("withblock",)
WHERE = ("module", "function", "async function")
TAB_STOPS = ("open_resource", "resource", "use")
SINCE = (3, 8)

log: list[str] = []


@contextmanager
def open_resource() -> Iterator[str]:
    """What is opened."""
    log.append("opened")
    try:
        yield "resource"
    finally:
        log.append("closed")


def use(resource: str) -> None:
    """What is done with it."""
    log.append(f"{resource} used")


def main() -> None:
    """What the template is inserted into."""
    # template: begin
    with open_resource() as resource:
        # template: selection
        use(resource)
        # template: end selection
    # template: end
