"""What `try-finally-to-with` claims, by running the code before and after it.

A safe fix does the same in every situation: the same events in the same order, the same result, the same exception. An
unsafe one does so except where its reasons say.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine import fixed

if TYPE_CHECKING:
    pass

RULE = "try-finally-to-with"


@dataclass
class World:
    """What the code under test works with: it records what happens and fails where it is told to."""

    fails: frozenset[str]
    events: list[str] = field(default_factory=list)

    def happens(self, event: str) -> None:
        self.events.append(event)
        if event in self.fails:
            raise LookupError(event)

    def make(self, name: str = "a") -> Thing:
        self.happens(f"create {name}")
        return Thing(self, name)

    async def connect(self, name: str = "a") -> Thing:
        return self.make(name)


@dataclass
class Thing:
    world: World
    name: str

    def use(self) -> str:
        self.world.happens(f"use {self.name}")
        return self.name

    async def wait(self) -> str:
        self.use()
        await asyncio.sleep(0)
        await asyncio.sleep(10 if "hang" in self.world.fails else 0)
        return self.name

    def close(self) -> None:
        self.world.happens(f"close {self.name}")

    async def aclose(self) -> None:
        await asyncio.sleep(0)
        self.close()


SITUATIONS = [
    frozenset[str](),
    *(frozenset({event}) for event in ("create a", "use a", "close a", "create b", "use b", "close b", "then")),
    frozenset({"use a", "close a"}),
    frozenset({"use b", "close b"}),
]


def outcome(source: str, fails: frozenset[str]) -> tuple[list[str], object]:
    """The events and the result or exception of `f(world)`."""
    world = World(fails)
    namespace: dict[str, Any] = {}
    exec(compile(source, "f.py", "exec"), namespace)
    result: object
    try:
        made = namespace["f"](world)
        if asyncio.iscoroutine(made):
            made = asyncio.run(made)
        elif hasattr(made, "__next__"):
            made = list(made)
        result = made
    except Exception as error:
        chain: list[object] = []
        current: BaseException | None = error
        while current is not None:
            chain.append((type(current), str(current)))
            current = current.__context__
        result = tuple(chain)
    return world.events, result


SAFE = {
    "closing": """
def f(world):
    thing = world.make()
    try:
        return thing.use()
    finally:
        thing.close()
""",
    "clauses": """
def f(world):
    thing = world.make()
    try:
        result = thing.use()
    except LookupError as error:
        world.happens("handle")
        result = str(error)
    else:
        world.happens("then")
    finally:
        thing.close()
    return result
""",
    "a clause that raises": """
def f(world):
    thing = world.make()
    try:
        result = thing.use()
    except LookupError as error:
        raise ValueError("other") from error
    finally:
        thing.close()
    return result
""",
    "generator": """
def f(world):
    thing = world.make()
    try:
        yield 1
        yield thing.use()
    finally:
        thing.close()
""",
    "in a loop": """
def f(world):
    for name in "ab":
        thing = world.make(name)
        seen = []
        try:
            seen.append(thing.use())
            if name == "a":
                continue
            break
        finally:
            thing.close()
    return seen
""",
    "a class of this file": """
class Own:
    def __init__(self, world):
        world.happens("create a")
        self.world = world

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.stop()

    def stop(self):
        self.world.happens("close a")


def f(world):
    own = Own(world)
    try:
        own.world.happens("use a")
        return own.world is world
    finally:
        own.stop()
""",
    "a class that entering starts": """
class Own:
    def __init__(self, world):
        world.happens("create a")
        self.world = world

    async def __aenter__(self):
        await self.start()
        return self

    async def __aexit__(self, *exc_info):
        await self.stop()

    async def start(self):
        self.world.happens("then")

    async def stop(self):
        self.world.happens("close a")


async def f(world):
    own = Own(world)
    await own.start()
    try:
        own.world.happens("use a")
    finally:
        await own.stop()
""",
    "aclosing": """
async def f(world):
    thing = await world.connect()
    try:
        return await thing.wait()
    finally:
        await thing.aclose()
""",
    "an asynchronous generator": """
async def numbers(world):
    try:
        for number in range(3):
            world.happens("use a")
            yield number
    finally:
        world.happens("close a")


async def f(world):
    found = numbers(world)
    try:
        async for number in found:
            return number
    finally:
        await found.aclose()
""",
}


@pytest.mark.parametrize("source", SAFE.values(), ids=SAFE.keys())
def test_safe_means_the_same_in_every_situation(source: str) -> None:
    verdict, after = fixed(source, RULE)
    assert verdict == "safe"
    assert after != source
    for fails in SITUATIONS:
        assert outcome(source, fails) == outcome(after, fails)


@pytest.mark.parametrize("name", ["aclosing", "an asynchronous generator"])
def test_closing_is_the_same_when_cancelled(name: str) -> None:
    async def cancelled(source: str) -> tuple[list[str], bool]:
        world = World(frozenset({"hang"}))
        namespace: dict[str, Any] = {}
        exec(source, namespace)
        task = asyncio.ensure_future(namespace["f"](world))
        for _ in range(3):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return world.events, task.cancelled()

    before, after = SAFE[name], fixed(SAFE[name], RULE)[1]
    assert asyncio.run(cancelled(before)) == asyncio.run(cancelled(after))


INSIDE = """
def f(world):
    try:
        thing = world.make()
        return thing.use()
    finally:
        thing.close()
"""


def test_created_inside_the_try() -> None:
    verdict, after = fixed(INSIDE, RULE)
    assert verdict == "unsafe"
    for fails in SITUATIONS:
        if fails == {"create a"}:
            events, error = outcome(INSIDE, fails)
            assert error == (
                (UnboundLocalError, "cannot access local variable 'thing' where it is not associated with a value"),
                (LookupError, "create a"),
            )
            assert outcome(after, fails) == (events, ((LookupError, "create a"),))
        else:
            assert outcome(INSIDE, fails) == outcome(after, fails)


NONE_BEFORE = """
def f(world):
    thing = None
    try:
        world.happens("then")
        thing = world.make()
        return thing.use()
    finally:
        if thing is not None:
            thing.close()
"""


def test_none_before_the_try() -> None:
    verdict, after = fixed(NONE_BEFORE, RULE)
    assert verdict == "unsafe"
    for fails in SITUATIONS:
        assert outcome(NONE_BEFORE, fails) == outcome(after, fails)


SEVERAL = """
def f(world):
    first = world.make("a")
    second = world.make("b")
    try:
        return first.use() + second.use()
    finally:
        second.close()
        first.close()
"""


def test_several() -> None:
    verdict, after = fixed(SEVERAL, RULE)
    assert verdict == "unsafe"
    for fails in SITUATIONS:
        before_events, before_result = outcome(SEVERAL, fails)
        after_events, after_result = outcome(after, fails)
        if fails & {"create b", "close b"}:
            assert after_events == [*before_events, "close a"]
        else:
            assert after_events == before_events
        assert after_result == before_result


OWN_THAT_DOES_MORE = """
class Own:
    def __init__(self, world):
        self.world = world
        world.happens("create a")

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if kind is None:
            self.world.happens("commit")
        self.close()

    def close(self):
        self.world.happens("close a")


def f(world):
    own = Own(world)
    try:
        own.world.happens("use a")
    finally:
        own.close()
"""


def test_a_class_whose_exit_does_more() -> None:
    verdict, after = fixed(OWN_THAT_DOES_MORE, RULE)
    assert verdict == "unsafe"
    assert outcome(after, frozenset())[0] == ["create a", "use a", "commit", "close a"]
    verdict, after = fixed(OWN_THAT_DOES_MORE, RULE, 1)
    assert verdict == "safe"
    for fails in SITUATIONS:
        assert outcome(OWN_THAT_DOES_MORE, fails) == outcome(after, fails)


REAL = [
    ("builtins", "open(path, 'w')", "write('a')"),
    ("io", "io.open(path, 'wb')", "write(b'a')"),
    ("gzip", "gzip.open(path, 'wb')", "write(b'a')"),
    ("zipfile", "zipfile.ZipFile(path, 'w')", "writestr('a', 'b')"),
    ("socket", "socket.socket()", "getsockname()"),
    ("mmap", "mmap.mmap(-1, 10)", "read(1)"),
    ("sqlite3", "sqlite3.connect(path)", "execute('select 1')"),
    ("shelve", "shelve.open(str(path))", "get('a')"),
    ("tempfile", "tempfile.NamedTemporaryFile()", "write(b'a')"),
    ("io", "io.StringIO()", "write('a')"),
]


@pytest.mark.parametrize(("module", "creation", "use"), REAL, ids=[creation for _, creation, _ in REAL])
def test_what_is_in_the_table_is_closed(module: str, creation: str, use: str, tmp_path: Path) -> None:
    source = (
        f"import {module}\n\n\ndef f(path, seen):\n    thing = {creation}\n    try:\n"
        f"        seen([thing])\n        thing.{use}\n    finally:\n        thing.close()\n"
    )
    verdict, after = fixed(source, RULE)
    assert verdict == "safe"
    for number, text in enumerate((source, after)):
        namespace: dict[str, Any] = {}
        exec(text, namespace)
        seen: list[Any] = []
        namespace["f"](tmp_path / str(number), seen.extend)
        with pytest.raises((ValueError, OSError, namespace[module].__dict__.get("Error", OSError))):
            eval(f"thing.{use}", {"thing": seen[0]})


def test_a_temporary_directory_is_its_name() -> None:
    source = """
import tempfile


def f(seen):
    directory = tempfile.TemporaryDirectory()
    try:
        seen(directory.name)
        return f"{directory.name}/x"
    finally:
        directory.cleanup()
"""
    verdict, after = fixed(source, RULE)
    assert verdict == "safe"
    assert "as directory:" in after
    for text in (source, after):
        namespace: dict[str, Any] = {}
        exec(text, namespace)
        seen: list[str] = []

        def look(name: str, seen: list[str] = seen) -> None:
            assert Path(name).is_dir()
            seen.append(name)

        assert namespace["f"](look) == f"{seen[0]}/x"
        assert not Path(seen[0]).exists()


def test_an_archive_without_end_marker() -> None:
    """Why writing a tar archive is unsafe, and reading one is not."""
    source = """
import tarfile


def f(path):
    archive = tarfile.open(path, "w")
    try:
        raise ValueError
    finally:
        archive.close()
"""
    verdict, after = fixed(source, RULE)
    assert verdict == "unsafe"
    with tempfile.TemporaryDirectory() as directory:
        sizes = []
        for text in (source, after):
            namespace: dict[str, Any] = {}
            exec(text, namespace)
            path = Path(directory) / "a.tar"
            with pytest.raises(ValueError, match=r"^$"):
                namespace["f"](path)
            sizes.append(path.stat().st_size)
    assert sizes[0] > sizes[1] == 0


def test_a_memoryview_is_released() -> None:
    source = """
def f(data):
    view = memoryview(data)
    try:
        return view[0]
    finally:
        view.release()
"""
    verdict, after = fixed(source, RULE)
    assert verdict == "safe"
    namespace: dict[str, Any] = {}
    exec(after, namespace)
    data = bytearray(b"ab")
    assert namespace["f"](data) == ord("a")
    data.append(0)  # it could not be resized while a view exists
    assert io.BytesIO(data).read() == b"ab\0"
