"""On which event loops the asynchronous tests run.

## Why
A program does not always run on the loop that the tests have: uvloop in production, or on Windows the selector loop
that some database drivers need. With two names here each test runs once on each, and its name says on which it failed.
A factory takes the place of an event-loop policy: policies are deprecated from Python 3.14 on, factories work with
every version.

## Use
In `conftest.py`. For uvloop the second line is `"uvloop": uvloop.new_event_loop`. A test that is for one of them only
has the marker `@pytest.mark.asyncio(loop_factories=["selector"])`.

## References
- [pytest-asyncio: hooks](https://pytest-asyncio.readthedocs.io/en/stable/reference/hooks.html)
- [asyncio: policies](https://docs.python.org/3/library/asyncio-policy.html)
"""

import asyncio
from collections.abc import Callable, Mapping

PREFIXES = ("eventloop", "eventlooppolicy", "loopfactory")
WHERE = ("conftest",)
TAB_STOPS = ("selector",)
REQUIRES = ("pytest-asyncio>=1.4",)
SINCE = (3, 10)


LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def pytest_asyncio_loop_factories() -> Mapping[str, LoopFactory]:
    """Name what makes the event loops; each test runs on each of them."""
    return {
        "default": asyncio.new_event_loop,
        "selector": asyncio.SelectorEventLoop,
    }
