"""What the templates of concurrency do that run as long as the program."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
from typing import TYPE_CHECKING

import pytest
from idiomatic.templates.concurrency import periodic_task
from idiomatic.templates.concurrency.async_service import Service, ServiceStatus
from idiomatic.templates.concurrency.task_manager import TaskManager

from tests.templates.cancelling import cancelled_at_each_await

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AsyncExitStack


# -- task-manager -----------------------------------------------------------------------------------------------------


async def test_tasks_are_cancelled_and_awaited_on_shutdown() -> None:
    events: list[str] = []

    async def work(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.001)
            events.append(f"{name} cleaned up")

    async with TaskManager() as tasks:
        spawned = [tasks.spawn(work(name), name=name) for name in ("a", "b")]
        assert [task.get_name() for task in spawned] == ["a", "b"]
        await asyncio.sleep(0)
    assert sorted(events) == ["a cleaned up", "b cleaned up"]
    assert all(task.cancelled() for task in spawned)


async def test_a_task_is_held_until_it_is_done() -> None:
    tasks = TaskManager()
    done: list[int] = []

    async def work() -> int:
        # Nothing but the task itself holds the future it waits for.
        await asyncio.get_running_loop().create_future()
        return 1

    tasks.spawn(work())
    await asyncio.sleep(0)
    gc.collect()
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 2

    async def quick() -> int:
        done.append(1)
        return 1

    assert await tasks.spawn(quick()) == 1
    await tasks.shutdown()
    await asyncio.sleep(0)
    assert vars(tasks)["_tasks"] == set()
    assert done == [1]


async def test_a_failure_is_logged_at_once_and_concerns_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise KeyError("gone")

    async def work() -> str:
        await asyncio.sleep(0.001)
        return "done"

    async with TaskManager() as tasks:
        tasks.spawn(fail(), name="mail for 7")
        other = tasks.spawn(work())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert caplog.messages == ["mail for 7 failed"]
        assert caplog.records[0].exc_info is not None
        assert isinstance(caplog.records[0].exc_info[1], KeyError)
        assert await other == "done"


async def test_a_failure_while_cleaning_up_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("cannot flush")

    async with TaskManager() as tasks:
        tasks.spawn(work(), name="writer")
        await asyncio.sleep(0)
    assert caplog.messages == ["writer failed"]


async def test_nothing_is_started_after_the_shutdown() -> None:
    async def work() -> None:
        pytest.fail("it was started")

    tasks = TaskManager()
    await tasks.shutdown()
    await tasks.shutdown()
    coroutine = work()
    with pytest.raises(RuntimeError, match="no task is started after the shutdown"):
        tasks.spawn(coroutine)
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED


async def test_a_task_that_does_not_end_is_named(caplog: pytest.LogCaptureFixture) -> None:
    end = asyncio.Event()

    async def stubborn() -> None:
        while not end.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await end.wait()

    tasks = TaskManager()
    task = tasks.spawn(stubborn(), name="stubborn")
    await asyncio.sleep(0)
    await tasks.shutdown(grace=0.01)
    assert caplog.messages == ["stubborn did not end in 0.01 s"]
    end.set()
    await task


async def test_a_task_may_shut_down_the_others_and_itself_goes_on() -> None:
    events: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            events.append("cleaned up")

    async def ends_all(tasks: TaskManager) -> None:
        await tasks.shutdown()
        events.append("went on")

    tasks = TaskManager()
    tasks.spawn(wait())
    await asyncio.sleep(0)
    await tasks.spawn(ends_all(tasks))
    assert events == ["cleaned up", "went on"]


async def test_a_shutdown_that_is_cancelled_has_cancelled_the_tasks() -> None:
    started: list[asyncio.Task[None]] = []

    async def wait() -> None:
        await asyncio.Event().wait()

    async def program() -> None:
        async with TaskManager() as tasks:
            started.append(tasks.spawn(wait()))
            await asyncio.sleep(0)

    async for task in cancelled_at_each_await(program):
        assert task.cancelled()
    await asyncio.wait(started)
    assert all(task.cancelled() for task in started)


# -- async-service ----------------------------------------------------------------------------------------------------


class Recorded(Service):
    """A service that says what happens to it, and can fail."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []
        self.open = 0
        self.fail_on = ""
        self.go_on = asyncio.Event()

    @contextlib.asynccontextmanager
    async def resource(self, name: str) -> AsyncIterator[None]:
        await asyncio.sleep(0)
        if self.fail_on == name:
            raise OSError(name)
        self.events.append(f"{name} opened")
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1
            self.events.append(f"{name} closed")
            await asyncio.sleep(0)

    async def _open(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self.resource("a"))
        await stack.enter_async_context(self.resource("b"))

    async def _work(self) -> None:
        self.open += 1
        try:
            await self.go_on.wait()
            raise KeyError("lost")
        finally:
            self.open -= 1
            self.events.append("work ended")


async def test_a_service_is_started_and_stopped() -> None:
    service = Recorded()
    assert str(service.status) == "stopped"
    async with service:
        assert str(service.status) == "running"
        await asyncio.sleep(0)
        assert service.events == ["a opened", "b opened"]
    assert str(service.status) == "stopped"
    assert service.events == ["a opened", "b opened", "work ended", "b closed", "a closed"]


async def test_starting_and_stopping_twice_is_once() -> None:
    service = Recorded()
    await service.stop()
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(service.start())
    await asyncio.sleep(0)
    assert service.events == ["a opened", "b opened"]
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(service.stop())
    assert service.events == ["a opened", "b opened", "work ended", "b closed", "a closed"]
    await service.start()
    assert str(service.status) == "running"
    await service.stop()
    assert service.open == 0


async def test_a_start_that_fails_closes_what_it_opened() -> None:
    service = Recorded()
    service.fail_on = "b"
    with pytest.raises(OSError, match="b"):
        await service.start()
    assert service.events == ["a opened", "a closed"]
    assert str(service.status) == "stopped"
    service.fail_on = ""
    await service.start()
    assert str(service.status) == "running"
    await service.stop()


async def test_a_service_is_closed_wherever_it_is_cancelled() -> None:
    services: list[Recorded] = []

    async def program() -> None:
        services.append(Recorded())
        async with services[-1]:
            await asyncio.sleep(0)

    statuses = set()
    async for task in cancelled_at_each_await(program):
        assert task.cancelled()
        # Where the stop itself was cancelled, the work may need a moment to end.
        await asyncio.sleep(0)
        assert services[-1].open == 0
        statuses.add(services[-1].status)
    assert statuses == {ServiceStatus.STOPPED}
    assert len(services) > 5


async def test_work_that_fails_shows_and_can_be_started_again(caplog: pytest.LogCaptureFixture) -> None:
    service = Recorded()
    await service.start()
    service.go_on.set()
    for _ in range(3):
        await asyncio.sleep(0)
    assert str(service.status) == "failed"
    assert caplog.messages == ["the service failed"]
    service.go_on.clear()
    service.events.clear()
    await service.start()
    assert service.events == ["b closed", "a closed", "a opened", "b opened"]
    assert str(service.status) == "running"
    await service.stop()
    assert service.open == 0


async def test_the_service_as_it_is_inserted() -> None:
    async with Service() as service:
        await asyncio.sleep(0)
        assert str(service.status) == "running"
    assert str(service.status) == "stopped"


# -- periodic-task ----------------------------------------------------------------------------------------------------


class Times:
    """A clock of the loop that only moves when somebody sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.calls: list[float] = []
        monkeypatch.setattr("asyncio.sleep", self.sleep)
        monkeypatch.setattr("asyncio.get_running_loop", lambda: self)

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        if len(self.calls) >= 5:
            raise asyncio.CancelledError
        self.now += seconds


@pytest.mark.parametrize(
    ("durations", "expected"),
    [
        pytest.param([0, 0, 0, 0, 0], [0, 10, 20, 30, 40], id="at once"),
        pytest.param([3, 9, 1, 0, 0], [0, 10, 20, 30, 40], id="no drift"),
        pytest.param([25, 0, 0, 0, 0], [0, 30, 40, 50, 60], id="missed times are left out"),
        pytest.param([10, 0, 30.5, 0, 0], [0, 20, 30, 70, 80], id="exactly as long as the interval"),
    ],
)
async def test_it_is_called_at_fixed_times(
    durations: list[float], expected: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        times = Times(patched)

        async def action() -> None:
            times.calls.append(times.now - 1000)
            times.now += durations[len(times.calls) - 1]

        with pytest.raises(asyncio.CancelledError):
            await periodic_task.every(10.0, action)
    assert times.calls == pytest.approx(expected)


async def test_a_run_that_fails_is_logged_and_the_next_one_comes(caplog: pytest.LogCaptureFixture) -> None:
    calls = 0
    third = asyncio.Event()

    async def refresh() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            third.set()
        raise OSError(calls)

    task = asyncio.create_task(periodic_task.every(0.001, refresh))
    async with asyncio.timeout(5):
        await third.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert "refresh" in caplog.messages[0]
    assert "failed, and is called again in time" in caplog.messages[0]
    assert len(caplog.records) >= 3


async def test_it_is_cancelled_in_the_action_and_between() -> None:
    waiting = asyncio.Event()

    async def wait() -> None:
        waiting.set()
        await asyncio.Event().wait()

    async def nothing() -> None:
        waiting.set()

    for action in (wait, nothing):
        waiting.clear()
        task = asyncio.create_task(periodic_task.every(60.0, action))
        await waiting.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
    with pytest.raises(ValueError, match="an interval is more than 0 s"):
        await periodic_task.every(0, nothing)
