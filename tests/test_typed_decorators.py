"""`untyped-decorator` and `missing-wraps` together make an old decorator one that `mypy --strict` sees through.

What is decorated keeps its parameters and its result, or gets those that the decorator gives it: mypy is asked with
`reveal_type`.
"""

from __future__ import annotations

import re
import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from idiomatic.core import bulk, draft
from idiomatic.core.writing.type_parameters import Annotations
from mypy import api

from tests.engine import analyse

if TYPE_CHECKING:
    from pathlib import Path

    from idiomatic.core.analysis.code import Version

TYPED = "(a: int, b: str =) -> float"


@dataclass(frozen=True)
class Old:
    """An old decorator.

    Attributes:
        name: of the case.
        text: the decorator; the name it is used by is `decorate`.
        reveals: what mypy sees in `@decorate def function(a: int, b: str = "") -> float`.
        use: what stands behind the `@`.
        is_async: whether it is used on an `async def`.
    """

    name: str
    text: str
    reveals: str = f"def {TYPED}"
    use: str = "decorate"
    is_async: bool = False


ASYNC = "def (a: int, b: str =) -> typing.Coroutine[Any, Any, float]"
OLD = [
    Old(
        "untyped",
        """
        def decorate(func):
            def wrapper(*args, **kwargs):
                print(func.__name__, args, f"{kwargs!r}")
                return func(*args, **kwargs)
            return wrapper
        """,
    ),
    Old(
        "any",
        """
        def decorate(func: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(func)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                result = func(*args, **kwargs)
                print(result)
                return result
            return wrapper
        """,
    ),
    Old(
        "bare callable",
        """
        def decorate(func: Callable) -> Callable:
            def wrapper(*args, **kwargs):
                if not args:
                    raise ValueError
                return func(*args, **kwargs)
            return wrapper
        """,
    ),
    Old(
        "own type variable",
        """
        def decorate(func: Callable[..., T]) -> Callable[..., T]:
            def wrapper(*args: Any, **kwargs: Any) -> T:
                return func(*args, **kwargs)
            return wrapper
        """,
    ),
    Old(
        "parameters",
        """
        def decorate(times, delay=0.5, errors=OSError, *, name: str = "", level=None):
            def decorator(func):
                def wrapper(*args, **kwargs):
                    for _ in range(times):
                        try:
                            return func(*args, **kwargs)
                        except errors:
                            time.sleep(delay)
                    return func(*args, **kwargs)
                return wrapper
            return decorator
        """,
        use="decorate(3)",
    ),
    Old(
        "method as decorator",
        """
        class Registry:
            def decorate(self, func):
                def wrapper(*args, **kwargs):
                    return func(*args, **kwargs)
                return wrapper
        """,
        use="Registry().decorate",
    ),
    Old(
        "class with parameters",
        """
        class decorate:
            def __init__(self, level: int) -> None:
                self.level = level

            def __call__(self, func):
                def wrapper(*args, **kwargs):
                    print(self.level)
                    return func(*args, **kwargs)
                return wrapper
        """,
        use="decorate(3)",
    ),
    Old(
        "async",
        """
        def decorate(func):
            async def wrapper(*args, **kwargs):
                async with asyncio.timeout(3):
                    return await func(*args, **kwargs)
            return wrapper
        """,
        ASYNC,
        is_async=True,
    ),
    Old(
        "async with parameters and wait_for",
        """
        def decorate(seconds):
            def decorator(coro):
                async def wrapper(*args, **kwargs):
                    return await asyncio.wait_for(coro(*args, **kwargs), seconds)
                return wrapper
            return decorator
        """,
        ASYNC,
        use="decorate(3)",
        is_async=True,
    ),
    Old(
        "awaitable annotated",
        """
        def decorate(func: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
            async def wrapper(*args: Any, **kwargs: Any) -> T:
                return await func(*args, **kwargs)
            return wrapper
        """,
        ASYNC,
        is_async=True,
    ),
    Old(
        "plain function in a thread",
        """
        def decorate(func):
            async def wrapper(*args, **kwargs):
                return await asyncio.to_thread(func, *args, **kwargs)
            return wrapper
        """,
        ASYNC,
    ),
    Old(
        "coroutine function run",
        """
        def decorate(func):
            def wrapper(*args, **kwargs):
                return asyncio.run(func(*args, **kwargs))
            return wrapper
        """,
        is_async=True,
    ),
    Old(
        "none besides",
        """
        def decorate(func):
            def wrapper(*args, **kwargs):
                try:
                    return func(*args, **kwargs)
                except OSError:
                    return None
            return wrapper
        """,
        "def (a: int, b: str =) -> float | None",
    ),
    Old(
        "nothing",
        """
        def decorate(func):
            def wrapper(*args, **kwargs):
                func(*args, **kwargs)
            return wrapper
        """,
        "def (a: int, b: str =)",
    ),
    Old(
        "something else",
        """
        def render(value: object) -> str:
            return f"<{value}>"

        def decorate(func):
            def wrapper(*args, **kwargs):
                result = func(*args, **kwargs)
                print(result)
                return render(3) if result is None else "x"
            return wrapper
        """,
        "def (a: int, b: str =) -> str",
    ),
    Old(
        "generator",
        """
        def decorate(func):
            def wrapper(*args, **kwargs):
                for item in func(*args, **kwargs):
                    print(item)
                    yield item
            return wrapper

        @decorate
        def function(a: int, b: str = "") -> list[float]:
            return []
        """,
        "def (a: int, b: str =) -> typing.Iterator[float]",
    ),
    Old(
        "method",
        """
        def decorate(method):
            def wrapper(self, *args, **kwargs):
                return method(self, *args, **kwargs)
            return wrapper

        class Owner:
            @decorate
            def method(self, a: int, b: str = "") -> float:
                return 0.0

        function = Owner().method
        """,
    ),
    Old(
        "method that looks at its object",
        """
        def decorate(method):
            def wrapper(self, *args, **kwargs):
                self.connect()
                return method(self, *args, **kwargs)
            return wrapper

        class Owner:
            def connect(self) -> None: ...

            @decorate
            def method(self, a: int, b: str = "") -> float:
                return 0.0

        function = Owner().method
        """,
    ),
    Old(
        "argument added",
        """
        def decorate(func):
            def wrapper(*args, **kwargs):
                with open("log") as log:
                    return func(log, *args, **kwargs)
            return wrapper

        @decorate
        def function(log: Any, a: int, b: str = "") -> float:
            return 0.0
        """,
    ),
    Old(
        "argument taken away",
        """
        def decorate(func):
            def wrapper(request: bytes, *args, **kwargs):
                print(request)
                return func(*args, **kwargs)
            return wrapper
        """,
        f"def (bytes, {TYPED[1:]}",
    ),
    Old(
        "a long signature",
        """
        def decorate(function_that_is_decorated, *, prefix_of_all_messages="", suffix_of_all_messages=""):
            async def wrapper(*args, **kwargs):
                print(prefix_of_all_messages, suffix_of_all_messages)
                return await function_that_is_decorated(*args, **kwargs)
            return wrapper
        """,
        ASYNC,
        is_async=True,
    ),
    Old(
        "undecorated on some paths",
        """
        def decorate(func):
            if not __debug__:
                return func

            def wrapper(*args, **kwargs):
                while True:
                    try:
                        return func(*args, **kwargs)
                    except OSError:
                        time.sleep(1)
            return wrapper
        """,
    ),
]

HEAD = """\
import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

"""
T = 'T = TypeVar("T")\n\n'
FUNCTION = """

@{use}
{kind} function(a: int, b: str = "") -> float:
    return 0.0
"""


def after(text: str, *rules: str, target: Version) -> str:
    analysed = analyse(text, *rules, target=target)
    for _, fixed in bulk.fix_all(analysed, unsafe=True):
        analysed = fixed
    return analysed.module.document.text


@pytest.fixture
def newest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write what this Python may not be able to read."""
    monkeypatch.setattr(sys.modules[Annotations.__module__], "own_version", lambda: (3, 13))
    monkeypatch.setattr(draft, "_check", lambda _: None)


@pytest.mark.usefixtures("newest")
@pytest.mark.parametrize("target", [(3, 11), (3, 12)], ids=["3.11", "3.12"])
def test_decorators_are_typed(target: Version, tmp_path: Path) -> None:
    texts: list[str] = []
    for number, old in enumerate(OLD):
        text = HEAD + (T if "T]" in old.text else "") + textwrap.dedent(old.text).strip() + "\n"
        # What we can't read is not looked at again.
        text = after(after(text, "missing-wraps", target=target), "untyped-decorator", target=target)
        if not re.search(r"def function\(|function = ", text):
            text += FUNCTION.format(use=old.use, kind="async def" if old.is_async else "def")
        texts.append(f"{text}\n\nreveal_type(function)\n")
        (tmp_path / f"old_{number}.py").write_text(texts[-1], "utf-8")
    version = ".".join(map(str, target))
    options = ["--strict", f"--python-version={version}", "--config-file=", f"--cache-dir={tmp_path}/cache"]
    out, err, _ = api.run([*options, str(tmp_path)])
    assert not err
    for number, (old, text) in enumerate(zip(OLD, texts, strict=True)):
        said = re.findall(rf"old_{number}\.py:\d+: (\w+): (.*)", out)
        assert said == [("note", f'Revealed type is "{old.reveals}"')], f"{old.name}: {said}\n{text}"
        is_new = "[**P" in text
        assert is_new == (target >= (3, 12) and "T]" not in old.text), text
        assert is_new or text.count('ParamSpec("P")') == 1
        assert len(max(text.splitlines(), key=len)) <= 100
