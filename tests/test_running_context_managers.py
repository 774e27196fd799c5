"""What the idioms about context managers claim, by running the code before and after them."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine import fixed

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

WHATS = ("success", "failure", "cancellation", "timeout")
"""What may become of the body of a context manager."""


def defined(source: str, name: str = "f") -> Any:
    """What a module of that source defines."""
    namespace: dict[str, Any] = {}
    exec(compile(source, "f.py", "exec"), namespace)
    return namespace[name]


async def happen(what: str) -> None:
    """A body that succeeds, fails, or waits until it is cancelled or runs out of time."""
    match what:
        case "success":
            await asyncio.sleep(0)
        case "failure":
            raise LookupError("failure")
        case _:
            await asyncio.sleep(10)


async def outcome(work: Coroutine[Any, Any, object], what: str) -> object:
    """What work gives, or the name of what it raises, if that becomes of its body."""
    task = asyncio.create_task(work)
    for _ in range(50):
        await asyncio.sleep(0)
    if what == "cancellation":
        task.cancel()
    try:
        async with asyncio.timeout(0.01):
            return await task
    except BaseException as error:
        return type(error).__name__


# -- open-without-with ------------------------------------------------------------------------------------------------

OPENED = {
    "closed further down": """
def f(path, seen, use):
    file = open(path)
    seen.append(file.name)
    text = use(file.read())
    file.close()
    return text, file.closed
""",
    "tried": """
def f(path, seen, use):
    try:
        file = open(path)
    except FileNotFoundError:
        return None
    seen.append(file.name)
    text = use(file.read())
    file.close()
    return text, file.closed
""",
    "in a loop": """
def f(path, seen, use):
    found = []
    for number in range(3):
        file = open(path)
        found.append(use(file.read()))
        file.close()
        if number:
            break
    return found, file.closed
""",
}


@pytest.mark.parametrize("name", OPENED)
def test_a_file_is_closed_where_it_was(name: str, tmp_path: Path) -> None:
    verdict, after = fixed(OPENED[name], "open-without-with")
    assert (verdict, "with " in after) == ("safe", True)
    (tmp_path / "a").write_text("text", "utf-8")
    for path in (tmp_path / "a", tmp_path / "none"):
        results: list[object] = []
        for source in (OPENED[name], after):
            try:
                results.append(defined(source)(path, [], str.upper))
            except FileNotFoundError as error:
                results.append(str(error))
        assert results[0] == results[1]


@pytest.mark.parametrize("name", OPENED)
def test_a_file_is_closed_on_failure_too(name: str, tmp_path: Path) -> None:
    after = fixed(OPENED[name], "open-without-with")[1]
    (tmp_path / "a").write_text("text", "utf-8")

    def fail(text: str) -> str:
        raise LookupError(text)

    with pytest.raises(LookupError) as caught:
        defined(after)(tmp_path / "a", [], fail)
    [inside] = [entry for entry in caught.traceback if entry.name == "f"]
    assert inside.frame.f_locals["file"].closed


# -- unprotected-yield ------------------------------------------------------------------------------------------------

UNPROTECTED = """
import contextlib


@contextlib.asynccontextmanager
async def f(events):
    events.append("acquire")
    yield "thing"
    events.append("commit")
    await release(events)


async def release(events):
    events.append("release")
"""


async def entered(source: str, what: str, name: str = "f", events: list[str] | None = None) -> list[str]:
    """What happens with a context manager whose body succeeds, fails, is cancelled or runs out of time."""
    events = [] if events is None else events

    async def work() -> None:
        async with defined(source, name)(events) as thing:
            events.append(f"body of {thing}")
            await happen(what)

    ended = await outcome(work(), what)
    return events if ended is None else [*events, str(ended)]


@pytest.mark.parametrize("what", WHATS)
def test_a_yield_is_protected(what: str) -> None:
    verdict, after = fixed(UNPROTECTED, "unprotected-yield")
    assert verdict == "unsafe"
    before_events, after_events = (asyncio.run(entered(source, what)) for source in (UNPROTECTED, after))
    error = {"failure": "LookupError", "cancellation": "CancelledError", "timeout": "TimeoutError"}
    if what == "success":
        assert before_events == after_events == ["acquire", "body of thing", "commit", "release"]
    else:
        assert before_events == ["acquire", "body of thing", error[what]]
        assert after_events == ["acquire", "body of thing", "release", error[what]]


# -- lifecycle-to-async-context-manager -------------------------------------------------------------------------------

LIFECYCLE = """
class f:
    def __init__(self, events):
        self.events = events

    async def start(self):
        self.events.append("start")

    def __str__(self):
        return "thing"

    async def stop(self):
        self.events.append("stop")
"""


@pytest.mark.parametrize(("action", "name"), [(0, "f"), (1, "running_f")])
@pytest.mark.parametrize("what", WHATS)
def test_a_lifecycle_ends_on_every_path(what: str, action: int, name: str) -> None:
    verdict, after = fixed(LIFECYCLE, "lifecycle-to-async-context-manager", action)
    assert verdict == "safe"
    events = asyncio.run(entered(after, what, name))
    error = {"failure": ["LookupError"], "cancellation": ["CancelledError"], "timeout": ["TimeoutError"]}
    assert events == ["start", "body of thing", "stop", *error.get(what, [])]


# -- extract-context-manager ------------------------------------------------------------------------------------------

EXTRACTED = """
import asyncio


class Session:
    def __init__(self, events):
        self.events = events

    def __getattr__(self, event):
        async def happens():
            await asyncio.sleep(0)
            self.events.append(event)
        return happens


async def f(events, body, early):
    session = Session(events)
    await session.begin()
    for number in range(2):
        HEAD
        try:
            if early == "return":
                return number
            if early == "break":
                break
            await body()
            await session.commit()
        except HANDLER:
            await session.rollback()
            raise
        finally:
            await session.end()
            await session.close()
    return "end"
"""


async def run(source: str, what: str, early: str) -> list[object]:
    events: list[object] = []

    ended = await outcome(defined(source)(events, partial(happen, what), early), what)
    return [*events, ended]


@pytest.mark.parametrize("early", ["no", "return", "break"])
@pytest.mark.parametrize("what", WHATS)
def test_an_extracted_context_manager_does_the_same(what: str, early: str) -> None:
    source = EXTRACTED.replace("HEAD", "session.round = number\n        await session.lock()")
    for handler in ("BaseException", "LookupError"):
        before = source.replace("HANDLER", handler)
        verdict, after = fixed(before, "extract-context-manager")
        assert (verdict, "async with managed_" in after) == ("unsafe", True)
        assert asyncio.run(run(before, what, early)) == asyncio.run(run(after, what, early))


@pytest.mark.parametrize("what", WHATS)
def test_an_extracted_handler_also_rolls_back_when_cancelled(what: str) -> None:
    before = EXTRACTED.replace("HEAD", "await session.lock()").replace("HANDLER", "Exception")
    after = fixed(before, "extract-context-manager")[1]
    old, new = (asyncio.run(run(source, what, "no")) for source in (before, after))
    assert [event for event in new if event != "rollback"] == [event for event in old if event != "rollback"]
    assert ("rollback" in new) == (what != "success")


@pytest.mark.parametrize("what", WHATS)
def test_the_second_action_leaves_the_handler_as_it_is(what: str) -> None:
    before = EXTRACTED.replace("HEAD", "await session.lock()").replace("HANDLER", "Exception")
    after = fixed(before, "extract-context-manager", 1)[1]
    assert asyncio.run(run(before, what, "no")) == asyncio.run(run(after, what, "no"))


# -- class-to-context-manager -----------------------------------------------------------------------------------------

CLASS = """
import asyncio


class f:
    def __init__(self, events):
        self.events = events
        events.append("init")

    async def __aenter__(self):
        await asyncio.sleep(0)
        self.events.append("enter")
        return self.thing(self.events)

    async def __aexit__(self, *exc_info):
        self.events.append("exit")
        await asyncio.sleep(0)
        self.events.append("left")
""".replace("self.thing(self.events)", "make(self.events)")


@pytest.mark.parametrize("enters", [True, False])
@pytest.mark.parametrize("what", WHATS)
def test_a_function_does_what_the_class_did(what: str, enters: bool) -> None:
    make = "\n\ndef make(events):\n    " + ("return 'thing'" if enters else "return events.none") + "\n"
    verdict, after = fixed(CLASS + make, "class-to-context-manager")
    assert (verdict, "class" in after) == ("unsafe", False)
    before_events, after_events = (asyncio.run(entered(source, what)) for source in (CLASS + make, after))
    assert before_events == after_events
    assert ("left" in after_events) == enters


# -- client-per-request -----------------------------------------------------------------------------------------------

BUILT = """
import httpx


def f(urls):
    found = []
    for url in urls:
        if not url:
            continue
        try:
            with httpx.Client(timeout=3) as client:
                found.append(client.get(url))
        except LookupError:
            found.append(None)
        if url == "last":
            break
    else:
        found.append("all")
    return found
"""


@pytest.mark.parametrize("urls", [[], ["a", "", "b"], ["a", "broken", "b"], ["a", "last", "b"]])
def test_one_client_does_what_several_did(urls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Client] = []

    class Client(contextlib.AbstractContextManager["Client"]):
        def __init__(self, timeout: int) -> None:
            self.is_open = True
            built.append(self)

        def get(self, url: str) -> str:
            assert self.is_open
            if url == "broken":
                raise LookupError(url)
            return url.upper()

        def __exit__(self, *exc_info: object) -> None:
            self.is_open = False

    monkeypatch.setitem(sys.modules, "httpx", SimpleNamespace(Client=Client))
    verdict, after = fixed(BUILT, "client-per-request")
    assert verdict == "unsafe"
    expected = defined(BUILT)(urls)
    built.clear()
    assert defined(after)(urls) == expected
    assert [client.is_open for client in built] == [False]
