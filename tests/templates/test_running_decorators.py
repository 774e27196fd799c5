"""What the templates of decorators do."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import logging
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from idiomatic.templates.decorators import (
    async_retry,
    class_decorator,
    decorator,
    parameterised_decorator,
    retry,
    sync_and_async_decorator,
    timed,
)
from idiomatic.templates.decorators.cached_with_ttl import cached
from idiomatic.templates.decorators.class_decorator import registered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def divide(a: int, b: int = 1) -> float:
    """Divide them."""
    return a / b


async def divide_later(a: int, b: int = 1) -> float:
    """Divide them, later."""
    await asyncio.sleep(0)
    return a / b


class Divider:
    """An object that is called like a coroutine function."""

    async def __call__(self, a: int, b: int = 1) -> float:
        await asyncio.sleep(0)
        return a / b


def looks_like(wrapped: Callable[..., object], func: Callable[..., object]) -> bool:
    """Whether name, docstring and signature are those of the function below the decorator."""
    return (
        wrapped is not func
        and (wrapped.__name__, wrapped.__doc__) == (func.__name__, func.__doc__)
        and inspect.signature(wrapped) == inspect.signature(func)
        and inspect.iscoroutinefunction(wrapped) == inspect.iscoroutinefunction(func)
    )


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """Takes what was logged."""

    def take() -> list[str]:
        messages = [f"{record.levelname} {record.getMessage()}" for record in caplog.records]
        caplog.clear()
        return messages

    with caplog.at_level(logging.DEBUG):
        yield take


# -- decorator, parameterised-decorator -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decorate", "level"),
    [
        (decorator.logged, "DEBUG"),
        (parameterised_decorator.logged(), "DEBUG"),
        (parameterised_decorator.logged(level=logging.WARNING), "WARNING"),
        (sync_and_async_decorator.logged, "DEBUG"),
    ],
)
def test_something_is_done_around_each_call(decorate: Any, level: str, log: Callable[[], list[str]]) -> None:
    wrapped = decorate(divide)
    assert looks_like(wrapped, divide)
    assert wrapped(6, b=3) == 2
    assert log() == [f"{level} divide begins", f"{level} divide is over"]
    with pytest.raises(ZeroDivisionError):
        wrapped(6, 0)
    assert log() == [f"{level} divide begins", f"{level} divide is over"]
    assert decorate(functools.partial(divide, 6))(2) == 3
    assert log()[0].startswith(f"{level} functools.partial(<function divide")


def test_a_method_can_be_decorated() -> None:
    class Halves:
        by = 2

        @decorator.logged
        def half(self, number: int) -> float:
            return number / self.by

    assert Halves().half(6) == 3


def test_a_wrong_argument_shows_where_the_decorator_is_written() -> None:
    with pytest.raises(ValueError, match="a level of logging is needed, not 0"):
        parameterised_decorator.logged(level=0)


# -- class-decorator --------------------------------------------------------------------------------------------------


def test_classes_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_decorator, "registry", {})

    class Export:
        pass

    assert registered("csv")(Export) is Export
    assert class_decorator.registry == {"csv": Export}
    # A module that is imported again under the same object does no harm.
    registered("csv")(Export)
    with pytest.raises(ValueError, match=r"^'csv' is the name of .*Export already$"):
        registered("csv")(type("Other", (), {}))
    assert class_decorator.registry == {"csv": Export}


# -- sync-and-async-decorator, timed ----------------------------------------------------------------------------------

FOR_BOTH = pytest.mark.parametrize("decorate", [sync_and_async_decorator.logged, timed.timed])
LATER = pytest.mark.parametrize(
    ("func", "name"),
    [
        (divide_later, "divide_later"),
        (functools.partial(divide_later, b=3), "functools.partial("),
        (Divider(), "<tests.templates.test_running_decorators.Divider"),
    ],
)


@FOR_BOTH
@LATER
async def test_a_coroutine_function_is_awaited_inside(
    decorate: Any, func: Any, name: str, log: Callable[[], list[str]]
) -> None:
    wrapped = decorate(func)
    assert inspect.iscoroutinefunction(wrapped)
    coroutine = wrapped(6, b=3)
    assert log() == []
    assert await coroutine == 2
    assert name in log()[-1]
    with pytest.raises(ZeroDivisionError):
        await wrapped(6, b=0)
    assert name in log()[-1]


@FOR_BOTH
async def test_both_kinds_stay_what_they_are(decorate: Any) -> None:
    assert looks_like(decorate(divide), divide)
    assert looks_like(decorate(divide_later), divide_later)


@pytest.mark.parametrize(
    ("decorate", "last"), [(sync_and_async_decorator.logged, "is over"), (timed.timed, "took 0.000 s")]
)
async def test_a_cancelled_call_is_over_too(decorate: Any, last: str, log: Callable[[], list[str]]) -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(decorate(wait)())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log()[-1].endswith(last)


async def test_the_time_is_that_of_the_clock_for_durations(
    monkeypatch: pytest.MonkeyPatch, log: Callable[[], list[str]]
) -> None:
    seconds = iter([100.0, 101.5, 200.0, 200.25, 300.0, 302.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(seconds))
    assert timed.timed(divide)(6) == 6
    with pytest.raises(ZeroDivisionError):
        timed.timed(divide)(6, 0)
    assert await timed.timed(divide_later)(6) == 6
    assert log() == ["INFO divide took 1.500 s", "INFO divide took 0.250 s", "INFO divide_later took 2.000 s"]


# -- cached-with-ttl --------------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def counting(**options: Any) -> tuple[Any, Clock, list[object]]:
    """A cached function that counts its calls, with its clock and what it was called with."""
    clock = Clock()
    calls: list[object] = []
    numbers = count(1)

    @cached(clock=clock, **options)
    def read(*args: object, **kwargs: object) -> int | None:
        """Read it."""
        calls.append((*args, *kwargs.items()))
        return next(numbers)

    return read, clock, calls


def test_a_result_is_given_again_until_it_is_stale() -> None:
    read, clock, _ = counting(ttl=10.0)
    assert [read("a"), read("a"), read("b")] == [1, 1, 2]
    clock.now = 9.9
    assert read("a") == 1
    clock.now = 10.0
    assert [read("a"), read("a")] == [3, 3]
    clock.now = 19.9
    assert read("a") == 3
    assert read.__name__ == "read"
    assert read.__doc__ == "Read it."


def test_arguments_by_name_count() -> None:
    read, _, calls = counting(ttl=10.0)
    assert [read(a=1, b=2), read(b=2, a=1), read(("a", 1), ("b", 2))] == [1, 1, 2]
    assert len(calls) == 2
    with pytest.raises(TypeError, match="unhashable"):
        read([])


def test_no_more_are_kept_than_allowed_and_the_oldest_goes() -> None:
    read, clock, _ = counting(ttl=10.0, maxsize=2)
    for number in range(3):
        clock.now = number
        read(number)
    assert [read(1), read(2)] == [2, 3]
    assert read(0) == 4

    # What was renewed is not old any more.
    read, clock, _ = counting(ttl=10.0, maxsize=2)
    for clock.now, key in ((0, "a"), (5, "b"), (10, "a"), (11, "c")):
        read(key)
    assert read("a") == 3


def test_what_is_stale_is_not_kept() -> None:
    class Large:
        pass

    clock = Clock()
    read = cached(ttl=10.0, clock=clock)(lambda _: None)
    large = Large()
    kept = weakref.ref(large)
    read(large)
    del large
    clock.now = 9.0
    read("something else")
    gc.collect()
    assert kept() is not None
    clock.now = 10.0
    read("something else again")
    gc.collect()
    assert kept() is None


def test_none_is_a_result_and_an_error_is_none() -> None:
    clock = Clock()
    answers: Iterator[object] = iter([None, ValueError("1"), 3])

    @cached(ttl=1.0, clock=clock)
    def read() -> object:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert [read(), read()] == [None, None]
    clock.now = 1.0
    with pytest.raises(ValueError, match="1"):
        read()
    assert read() == 3


def test_a_slow_call_holds_up_no_other_thread() -> None:
    begun, go_on = threading.Event(), threading.Event()

    @cached(ttl=60.0)
    def read(key: str) -> str:
        if key == "slow":
            begun.set()
            assert go_on.wait(10)
        return key

    with ThreadPoolExecutor() as pool:
        slow = pool.submit(read, "slow")
        assert begun.wait(10)
        assert pool.submit(read, "quick").result(10) == "quick"
        go_on.set()
        assert slow.result(10) == "slow"


def test_many_threads_get_their_own_results() -> None:
    @cached(ttl=60.0, maxsize=3)
    def double(number: int) -> int:
        return 2 * number

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(double, [n % 10 for n in range(2000)])) == [2 * (n % 10) for n in range(2000)]


def test_a_cache_refuses_what_it_cannot_do() -> None:
    with pytest.raises(TypeError, match="is a coroutine function"):
        cached(ttl=1.0)(divide_later)
    with pytest.raises(ValueError, match="nothing is remembered with ttl=0 and maxsize=128"):
        cached(ttl=0)
    with pytest.raises(ValueError, match="maxsize=0"):
        cached(ttl=1.0, maxsize=0)


# -- retry, async-retry -----------------------------------------------------------------------------------------------


class Flaky:
    """Fails some times, then works; remembers how long it was waited."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.calls: list[tuple[tuple[object, ...], dict[str, object]]] = []
        self.waits: list[float] = []

    def __call__(self, *args: object, **kwargs: object) -> str:
        self.calls.append((args, kwargs))
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def sleep_async(self, seconds: float) -> None:
        self.waits.append(seconds)


class Retrying:
    """The decorator for coroutine functions or the one for functions, with both tried in the same way."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, is_async: bool) -> None:
        self.is_async = is_async
        self.monkeypatch = monkeypatch
        self.decorator: Any = async_retry.retry if is_async else retry.retry

    async def __call__(self, flaky: Flaky, *exceptions: type[Exception], **options: Any) -> str:
        if self.is_async:
            self.monkeypatch.setattr("asyncio.sleep", flaky.sleep_async)

            async def read(*args: object, **kwargs: object) -> str:
                return flaky(*args, **kwargs)

            return str(await self.decorator(*exceptions, **options)(read)(1, b=2))
        self.monkeypatch.setattr("time.sleep", flaky.sleep)
        return str(self.decorator(*exceptions, **options)(flaky)(1, b=2))


@pytest.fixture(params=[True, False], ids=["async", "sync"])
def retrying(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Retrying:
    return Retrying(monkeypatch, is_async=request.param)


async def test_retry_calls_again_until_it_works(retrying: Retrying) -> None:
    flaky = Flaky(OSError("1"), ConnectionError("2"))
    assert await retrying(flaky, OSError) == "done"
    assert flaky.calls == [((1,), {"b": 2})] * 3
    assert len(flaky.waits) == 2


async def test_retry_waits_longer_each_time_up_to_a_limit(retrying: Retrying) -> None:
    for _ in range(20):
        flaky = Flaky(*[OSError()] * 7)
        await retrying(flaky, OSError, attempts=8, base_delay=1.0, max_delay=20.0)
        assert flaky.waits[:5] == sorted(flaky.waits[:5])
        for wait, most in zip(flaky.waits, [1, 2, 4, 8, 16, 20, 20], strict=True):
            assert most / 2 <= wait <= most


async def test_retry_waits_a_little_differently_each_time(retrying: Retrying) -> None:
    waits = set()
    for _ in range(20):
        flaky = Flaky(OSError())
        await retrying(flaky, OSError, base_delay=1.0)
        waits.add(flaky.waits[0])
    assert len(waits) > 10


async def test_retry_gives_up_with_the_last_error(retrying: Retrying) -> None:
    flaky = Flaky(OSError("1"), OSError("2"), OSError("3"), OSError("4"))
    with pytest.raises(OSError, match=r"^3$") as raised:
        await retrying(flaky, OSError, attempts=3)
    assert raised.value.__context__ is None
    assert len(flaky.waits) == 2


async def test_retry_leaves_other_errors_alone(retrying: Retrying) -> None:
    flaky = Flaky(KeyError("1"))
    with pytest.raises(KeyError):
        await retrying(flaky, OSError)
    assert flaky.waits == []


@pytest.mark.parametrize("error", [asyncio.CancelledError(), KeyboardInterrupt(), SystemExit()], ids=repr)
async def test_retry_never_swallows_what_is_no_exception(retrying: Retrying, error: BaseException) -> None:
    flaky = Flaky(error)
    with pytest.raises(type(error)):
        await retrying(flaky, Exception)
    assert len(flaky.calls) == 1


async def test_retry_is_cancelled_while_it_waits() -> None:
    calls = 0

    @async_retry.retry(OSError, base_delay=60.0)
    async def fails() -> None:
        nonlocal calls
        calls += 1
        raise OSError

    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert calls == 1


@pytest.mark.parametrize(
    ("decorate", "func"), [(async_retry.retry(OSError), divide_later), (retry.retry(OSError), divide)]
)
def test_retry_keeps_name_and_signature(decorate: Any, func: Callable[..., object]) -> None:
    assert looks_like(decorate(func), func)


@pytest.mark.parametrize("decorate", [async_retry.retry, retry.retry])
def test_retry_wants_an_attempt(decorate: Any) -> None:
    with pytest.raises(ValueError, match="at least one attempt is needed, not 0"):
        decorate(OSError, attempts=0)
